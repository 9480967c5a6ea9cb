//! What the macros of std call, and its preludes: part of the text of std, without these first lines.

#[doc(hidden)]
pub fn printed__(_: crate::fmt::Arguments<'_>) { loop {} }
#[doc(hidden)]
pub fn vec_of__<T, const N: usize>(_: [T; N]) -> crate::vec::Vec<T> { loop {} }
#[doc(hidden)]
pub fn vec_from__<T: crate::clone::Clone>(_: T, _: usize) -> crate::vec::Vec<T> { loop {} }
#[doc(hidden)]
pub fn panicked__() -> ! { loop {} }
#[doc(hidden)]
pub fn panicked_with__(_: crate::fmt::Arguments<'_>) -> ! { loop {} }

#[doc(hidden)]
pub mod format__ {
    #[lang = "format_argument"]
    pub struct Argument<'a> { value: &'a (), formatter: fn(&(), &mut crate::fmt::Formatter<'_>) -> crate::fmt::Result }
    impl<'a> Argument<'a> {
        pub fn new_display<T: crate::fmt::Display>(_: &'a T) -> Argument<'a> { loop {} }
        pub fn new_debug<T: crate::fmt::Debug>(_: &'a T) -> Argument<'a> { loop {} }
        pub fn new_lower_exp<T: crate::fmt::LowerExp>(_: &'a T) -> Argument<'a> { loop {} }
        pub fn new_upper_exp<T: crate::fmt::UpperExp>(_: &'a T) -> Argument<'a> { loop {} }
        pub fn new_octal<T: crate::fmt::Octal>(_: &'a T) -> Argument<'a> { loop {} }
        pub fn new_pointer<T: crate::fmt::Pointer>(_: &'a T) -> Argument<'a> { loop {} }
        pub fn new_binary<T: crate::fmt::Binary>(_: &'a T) -> Argument<'a> { loop {} }
        pub fn new_lower_hex<T: crate::fmt::LowerHex>(_: &'a T) -> Argument<'a> { loop {} }
        pub fn new_upper_hex<T: crate::fmt::UpperHex>(_: &'a T) -> Argument<'a> { loop {} }
        pub fn from_usize(_: &'a usize) -> Argument<'a> { loop {} }
    }
    impl<'a> crate::fmt::Arguments<'a> {
        #[doc(hidden)]
        pub fn new<const N: usize, const M: usize>(_: &'a [u8; N], _: &'a [Argument<'a>; M]) -> crate::fmt::Arguments<'a> { loop {} }
        #[doc(hidden)]
        pub fn from_str_nonconst(_: &'static str) -> crate::fmt::Arguments<'a> { loop {} }
    }
}

#[doc(hidden)]
pub mod derived__ {
    #[rustc_builtin_macro]
    pub macro Debug($item:item) {}
    #[rustc_builtin_macro]
    pub macro Hash($item:item) {}
}

#[doc(hidden)]
pub mod attributes__ {
    #[rustc_builtin_macro]
    pub macro derive($item:item) {}
    #[rustc_builtin_macro]
    pub macro test($item:item) {}
    #[rustc_builtin_macro]
    pub macro bench($item:item) {}
    #[rustc_builtin_macro]
    pub macro global_allocator($item:item) {}
}

/// What every module can name without a `use`.
pub mod prelude {
    pub mod v1 {
        pub use crate::marker::{Copy, Send, Sized, Sync, Unpin};
        pub use crate::ops::{AsyncFn, AsyncFnMut, AsyncFnOnce, Drop, Fn, FnMut, FnOnce};
        pub use crate::mem::{align_of, align_of_val, drop, size_of, size_of_val};
        pub use crate::boxed::Box;
        pub use crate::borrow::ToOwned;
        pub use crate::clone::Clone;
        pub use crate::cmp::{Eq, Ord, PartialEq, PartialOrd};
        pub use crate::convert::{AsMut, AsRef, From, Into};
        pub use crate::default::Default;
        pub use crate::iter::{DoubleEndedIterator, ExactSizeIterator, Extend, IntoIterator, Iterator};
        pub use crate::option::Option::{self, None, Some};
        pub use crate::result::Result::{self, Err, Ok};
        pub use crate::string::{String, ToString};
        pub use crate::vec::Vec;
        pub use crate::attributes__::{bench, derive, global_allocator, test};
        pub use crate::derived__::{Debug, Hash};
        pub use crate::{
            assert, assert_eq, assert_ne, cfg, column, compile_error, concat, dbg, debug_assert, debug_assert_eq,
            debug_assert_ne, eprint, eprintln, file, format, format_args, include, include_bytes, include_str,
            is_x86_feature_detected, line, matches, module_path, option_env, print, println, stringify, thread_local, todo,
            unimplemented, unreachable, write, writeln,
        };
        pub use self::macros_only__::{env, panic, vec};
        #[doc(hidden)]
        mod macros_only__ {
            mod env {}
            mod panic {}
            mod vec {}
            pub use crate::*;
        }
    }
    pub mod rust_2015 {
        pub use super::v1::*;
    }
    pub mod rust_2018 {
        pub use super::v1::*;
    }
    pub mod rust_2021 {
        pub use super::v1::*;
        pub use crate::convert::{TryFrom, TryInto};
        pub use crate::iter::FromIterator;
    }
    pub mod rust_2024 {
        pub use super::v1::*;
        pub use crate::convert::{TryFrom, TryInto};
        pub use crate::iter::FromIterator;
        pub use crate::future::{Future, IntoFuture};
    }
}
