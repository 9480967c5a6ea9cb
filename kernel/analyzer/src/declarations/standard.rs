//! What is particular about declaring std: `core`, `alloc` and `std` are one crate, and the compiler knows many of its items.

use std::collections::BTreeSet;
use std::fmt::Write;

/// The macros of std, which have no bodies in metadata.
const MACROS: &str = include_str!("standard/macros.rs");

/// The preludes, and what else rustdoc does not show.
const PRELUDE: &str = include_str!("standard/prelude.rs");

/// What stands at the start of std's declarations.
pub(super) const HEADER: &str =
    "#![feature(no_core, lang_items, rustc_attrs, decl_macro, fundamental, auto_traits)]
#![no_core]
#![rustc_coherence_is_core]
";

/// The public modules whose items are stable. Others, as `arch` and `intrinsics`, are most of std's pages.
const MODULES: &[&str] = &[
    "alloc",
    "any",
    "array",
    "ascii",
    "backtrace",
    "borrow",
    "boxed",
    "cell",
    "char",
    "clone",
    "cmp",
    "collections",
    "convert",
    "default",
    "env",
    "error",
    "f32",
    "f64",
    "ffi",
    "fmt",
    "fs",
    "future",
    "hash",
    "hint",
    "io",
    "iter",
    "marker",
    "mem",
    "net",
    "num",
    "ops",
    "option",
    "os",
    "panic",
    "path",
    "pin",
    "process",
    "ptr",
    "rc",
    "result",
    "slice",
    "str",
    "string",
    "sync",
    "task",
    "thread",
    "time",
    "vec",
];

/// The types of the language that have methods.
const PRIMITIVES: &[&str] = &[
    "bool",
    "char",
    "unit",
    "pointer",
    "array",
    "slice",
    "str",
    "tuple",
    "f32",
    "f64",
    "i8",
    "i16",
    "i32",
    "i64",
    "i128",
    "u8",
    "u16",
    "u32",
    "u64",
    "u128",
    "isize",
    "usize",
    "reference",
    "fn",
    "never",
];

/// The crate for rustdoc that shows all of std.
pub(super) fn facade() -> String {
    let names: BTreeSet<&str> = MODULES.iter().copied().chain(macro_names()).collect();
    let mut source =
        "#![no_std]\n#![feature(rustdoc_internals, rustc_attrs)]\nextern crate std;\n".to_owned();
    for name in names {
        let _ = writeln!(source, "#[doc(inline)] pub use std::{name};");
    }
    for primitive in PRIMITIVES {
        let _ = writeln!(
            source,
            "#[rustc_doc_primitive = \"{primitive}\"] mod prim_{primitive} {{}}"
        );
    }
    source
}

/// The lines that declare std's macros.
pub(super) fn macros() -> impl Iterator<Item = &'static str> {
    MACROS.lines().filter(|line| !line.starts_with("//!"))
}

/// The lines of the preludes.
pub(super) fn prelude() -> impl Iterator<Item = &'static str> {
    PRELUDE.lines().filter(|line| !line.starts_with("//!"))
}

/// The names of the macros that are declared so.
pub(super) fn macro_names() -> impl Iterator<Item = &'static str> {
    macros().filter_map(macro_name)
}

/// The name of the macro whose declaration starts in this line.
pub(super) fn macro_name(line: &str) -> Option<&str> {
    let name = line.strip_prefix("macro_rules! ")?;
    Some(
        name.split(|c: char| !c.is_alphanumeric() && c != '_')
            .next()
            .unwrap_or(name),
    )
}

/// The attributes by which the compiler, and rust-analyzer, know an item of std. The path has no crate:
/// `ops::Deref`, `ops::Deref::Target`, `option::Option::Some`.
pub(super) fn attributes(path: &str) -> Option<String> {
    let lang = LANG_ITEMS
        .iter()
        .find(|(_, item)| *item == path)
        .map(|(lang, _)| format!("#[lang = \"{lang}\"]\n"));
    let extra = EXTRA
        .iter()
        .find(|(item, _)| *item == path)
        .map(|(_, attribute)| format!("{attribute}\n"));
    match (lang, extra) {
        (None, None) => None,
        (lang, extra) => Some(lang.unwrap_or_default() + &extra.unwrap_or_default()),
    }
}

/// The start of a trait whose supertraits rustdoc does not show.
pub(super) fn trait_head(path: &str) -> Option<&'static str> {
    match path {
        "marker::Sized" => Some("pub trait Sized: crate::marker::MetaSized"),
        "marker::MetaSized" => Some("pub trait MetaSized: crate::marker::PointeeSized"),
        _ => None,
    }
}

const EXTRA: &[(&str, &str)] = &[
    ("boxed::Box", "#[fundamental]"),
    ("pin::Pin", "#[fundamental]"),
    ("marker::Sized", "#[fundamental]"),
    ("ops::Fn", "#[fundamental]\n#[rustc_paren_sugar]"),
    ("ops::FnMut", "#[fundamental]\n#[rustc_paren_sugar]"),
    ("ops::FnOnce", "#[fundamental]\n#[rustc_paren_sugar]"),
    ("ops::AsyncFn", "#[fundamental]\n#[rustc_paren_sugar]"),
    ("ops::AsyncFnMut", "#[fundamental]\n#[rustc_paren_sugar]"),
    ("ops::AsyncFnOnce", "#[fundamental]\n#[rustc_paren_sugar]"),
];

const LANG_ITEMS: &[(&str, &str)] = &[
    ("sized", "marker::Sized"),
    ("meta_sized", "marker::MetaSized"),
    ("pointee_sized", "marker::PointeeSized"),
    ("unsize", "marker::Unsize"),
    ("copy", "marker::Copy"),
    ("clone", "clone::Clone"),
    ("sync", "marker::Sync"),
    ("unpin", "marker::Unpin"),
    ("destruct", "marker::Destruct"),
    ("discriminant_kind", "marker::DiscriminantKind"),
    ("tuple_trait", "marker::Tuple"),
    ("fn_ptr_trait", "marker::FnPtr"),
    ("phantom_data", "marker::PhantomData"),
    ("pointee_trait", "ptr::Pointee"),
    ("metadata_type", "ptr::Pointee::Metadata"),
    ("dyn_metadata", "ptr::DynMetadata"),
    ("drop", "ops::Drop"),
    ("coerce_unsized", "ops::CoerceUnsized"),
    ("dispatch_from_dyn", "ops::DispatchFromDyn"),
    ("add", "ops::Add"),
    ("sub", "ops::Sub"),
    ("mul", "ops::Mul"),
    ("div", "ops::Div"),
    ("rem", "ops::Rem"),
    ("neg", "ops::Neg"),
    ("not", "ops::Not"),
    ("bitxor", "ops::BitXor"),
    ("bitand", "ops::BitAnd"),
    ("bitor", "ops::BitOr"),
    ("shl", "ops::Shl"),
    ("shr", "ops::Shr"),
    ("add_assign", "ops::AddAssign"),
    ("sub_assign", "ops::SubAssign"),
    ("mul_assign", "ops::MulAssign"),
    ("div_assign", "ops::DivAssign"),
    ("rem_assign", "ops::RemAssign"),
    ("bitxor_assign", "ops::BitXorAssign"),
    ("bitand_assign", "ops::BitAndAssign"),
    ("bitor_assign", "ops::BitOrAssign"),
    ("shl_assign", "ops::ShlAssign"),
    ("shr_assign", "ops::ShrAssign"),
    ("index", "ops::Index"),
    ("index_mut", "ops::IndexMut"),
    ("deref", "ops::Deref"),
    ("deref_mut", "ops::DerefMut"),
    ("deref_target", "ops::Deref::Target"),
    ("deref_pure", "ops::DerefPure"),
    ("receiver", "ops::Receiver"),
    ("receiver_target", "ops::Receiver::Target"),
    ("fn", "ops::Fn"),
    ("fn_mut", "ops::FnMut"),
    ("fn_once", "ops::FnOnce"),
    ("fn_once_output", "ops::FnOnce::Output"),
    ("async_fn", "ops::AsyncFn"),
    ("async_fn_mut", "ops::AsyncFnMut"),
    ("async_fn_once", "ops::AsyncFnOnce"),
    ("async_fn_once_output", "ops::AsyncFnOnce::Output"),
    ("call_once_future", "ops::AsyncFnOnce::CallOnceFuture"),
    ("call_ref_future", "ops::AsyncFnMut::CallRefFuture"),
    ("coroutine", "ops::Coroutine"),
    ("coroutine_state", "ops::CoroutineState"),
    ("coroutine_return", "ops::Coroutine::Return"),
    ("coroutine_yield", "ops::Coroutine::Yield"),
    ("Try", "ops::Try"),
    ("branch", "ops::Try::branch"),
    ("from_output", "ops::Try::from_output"),
    ("from_residual", "ops::FromResidual::from_residual"),
    ("Continue", "ops::ControlFlow::Continue"),
    ("Break", "ops::ControlFlow::Break"),
    ("RangeFull", "ops::RangeFull"),
    ("Range", "ops::Range"),
    ("RangeFrom", "ops::RangeFrom"),
    ("RangeTo", "ops::RangeTo"),
    ("RangeInclusive", "ops::RangeInclusive"),
    ("range_inclusive_new", "ops::RangeInclusive::new"),
    ("RangeToInclusive", "ops::RangeToInclusive"),
    ("eq", "cmp::PartialEq"),
    ("partial_ord", "cmp::PartialOrd"),
    ("Ordering", "cmp::Ordering"),
    ("unsafe_cell", "cell::UnsafeCell"),
    ("manually_drop", "mem::ManuallyDrop"),
    ("maybe_uninit", "mem::MaybeUninit"),
    ("c_void", "ffi::c_void"),
    ("CStr", "ffi::CStr"),
    ("CStr", "ffi::c_str::CStr"),
    ("future_trait", "future::Future"),
    ("future_output", "future::Future::Output"),
    ("poll", "future::Future::poll"),
    ("into_future", "future::IntoFuture::into_future"),
    ("Poll", "task::Poll"),
    ("Ready", "task::Poll::Ready"),
    ("Pending", "task::Poll::Pending"),
    ("Context", "task::Context"),
    ("pin", "pin::Pin"),
    ("new_unchecked", "pin::Pin::new_unchecked"),
    ("Option", "option::Option"),
    ("Some", "option::Option::Some"),
    ("None", "option::Option::None"),
    ("Ok", "result::Result::Ok"),
    ("Err", "result::Result::Err"),
    ("iterator", "iter::Iterator"),
    ("next", "iter::Iterator::next"),
    ("into_iter", "iter::IntoIterator::into_iter"),
    ("fused_iterator", "iter::FusedIterator"),
    ("owned_box", "boxed::Box"),
    ("alloc_layout", "alloc::Layout"),
    ("String", "string::String"),
    ("format_arguments", "fmt::Arguments"),
    ("termination", "process::Termination"),
    ("panic_location", "panic::Location"),
    ("drop_in_place", "ptr::drop_in_place"),
];
