//! The macros of std as rust-analyzer reads them: part of the text of std, without these first lines.

#[macro_export]
macro_rules! vec {
    () => { $crate::vec::Vec::new() };
    ($elem:expr; $n:expr) => { $crate::vec_from__($elem, $n) };
    ($($x:expr),+ $(,)?) => { $crate::vec_of__([$($x),+]) };
}
#[macro_export]
#[rustc_builtin_macro]
macro_rules! format_args {
    ($fmt:expr) => {{ /* compiler built-in */ }};
    ($fmt:expr, $($args:tt)*) => {{ /* compiler built-in */ }};
}
#[macro_export]
macro_rules! format {
    ($($arg:tt)*) => { $crate::fmt::format($crate::format_args!($($arg)*)) };
}
#[macro_export]
macro_rules! print {
    ($($arg:tt)*) => { $crate::printed__($crate::format_args!($($arg)*)) };
}
#[macro_export]
macro_rules! println {
    () => { $crate::print!("\n") };
    ($($arg:tt)*) => { $crate::printed__($crate::format_args!($($arg)*)) };
}
#[macro_export]
macro_rules! eprint {
    ($($arg:tt)*) => { $crate::printed__($crate::format_args!($($arg)*)) };
}
#[macro_export]
macro_rules! eprintln {
    () => { $crate::eprint!("\n") };
    ($($arg:tt)*) => { $crate::printed__($crate::format_args!($($arg)*)) };
}
#[macro_export]
macro_rules! write {
    ($dst:expr, $($arg:tt)*) => { $dst.write_fmt($crate::format_args!($($arg)*)) };
}
#[macro_export]
macro_rules! writeln {
    ($dst:expr $(,)?) => { $crate::write!($dst, "\n") };
    ($dst:expr, $($arg:tt)*) => { $dst.write_fmt($crate::format_args!($($arg)*)) };
}
#[macro_export]
macro_rules! panic {
    () => { $crate::panicked__() };
    ($($arg:tt)+) => { $crate::panicked_with__($crate::format_args!($($arg)+)) };
}
#[macro_export]
macro_rules! todo {
    () => { $crate::panicked__() };
    ($($arg:tt)+) => { $crate::panicked_with__($crate::format_args!($($arg)+)) };
}
#[macro_export]
macro_rules! unimplemented {
    () => { $crate::panicked__() };
    ($($arg:tt)+) => { $crate::panicked_with__($crate::format_args!($($arg)+)) };
}
#[macro_export]
macro_rules! unreachable {
    () => { $crate::panicked__() };
    ($($arg:tt)+) => { $crate::panicked_with__($crate::format_args!($($arg)+)) };
}
#[macro_export]
macro_rules! assert {
    ($cond:expr $(,)?) => {{ if !$cond { $crate::panicked__() } }};
    ($cond:expr, $($arg:tt)+) => {{ if !$cond { $crate::panicked_with__($crate::format_args!($($arg)+)) } }};
}
#[macro_export]
macro_rules! assert_eq {
    ($left:expr, $right:expr $(,)?) => {{ if !(*&$left == *&$right) { $crate::panicked__() } }};
    ($left:expr, $right:expr, $($arg:tt)+) => {{ if !(*&$left == *&$right) { $crate::panicked_with__($crate::format_args!($($arg)+)) } }};
}
#[macro_export]
macro_rules! assert_ne {
    ($left:expr, $right:expr $(,)?) => {{ if *&$left == *&$right { $crate::panicked__() } }};
    ($left:expr, $right:expr, $($arg:tt)+) => {{ if *&$left == *&$right { $crate::panicked_with__($crate::format_args!($($arg)+)) } }};
}
#[macro_export]
macro_rules! debug_assert {
    ($($arg:tt)*) => { $crate::assert!($($arg)*) };
}
#[macro_export]
macro_rules! debug_assert_eq {
    ($($arg:tt)*) => { $crate::assert_eq!($($arg)*) };
}
#[macro_export]
macro_rules! debug_assert_ne {
    ($($arg:tt)*) => { $crate::assert_ne!($($arg)*) };
}
#[macro_export]
macro_rules! matches {
    ($expression:expr, $pattern:pat $(if $guard:expr)? $(,)?) => { match $expression { $pattern $(if $guard)? => true, _ => false } };
}
#[macro_export]
macro_rules! dbg {
    () => { () };
    ($val:expr $(,)?) => { $val };
    ($($val:expr),+ $(,)?) => { ($($val),+,) };
}
#[macro_export]
macro_rules! thread_local {
    () => {};
    ($(#[$attr:meta])* $vis:vis static $name:ident : $t:ty = const $init:block; $($rest:tt)*) => { $(#[$attr])* $vis const $name: $crate::thread::LocalKey<$t> = { fn initial__() -> $t $init loop {} }; $crate::thread_local!($($rest)*); };
    ($(#[$attr:meta])* $vis:vis static $name:ident : $t:ty = const $init:block) => { $crate::thread_local!($(#[$attr])* $vis static $name: $t = const $init;); };
    ($(#[$attr:meta])* $vis:vis static $name:ident : $t:ty = $init:expr; $($rest:tt)*) => { $(#[$attr])* $vis const $name: $crate::thread::LocalKey<$t> = { fn initial__() -> $t { $init } loop {} }; $crate::thread_local!($($rest)*); };
    ($(#[$attr:meta])* $vis:vis static $name:ident : $t:ty = $init:expr) => { $crate::thread_local!($(#[$attr])* $vis static $name: $t = $init;); };
}
#[macro_export]
macro_rules! is_x86_feature_detected {
    ($feature:tt) => { true };
}
#[macro_export]
#[rustc_builtin_macro]
macro_rules! stringify {
    ($($t:tt)*) => { /* compiler built-in */ };
}
#[macro_export]
#[rustc_builtin_macro]
macro_rules! concat {
    ($($e:expr),* $(,)?) => {{ /* compiler built-in */ }};
}
#[macro_export]
#[rustc_builtin_macro]
macro_rules! line {
    () => { /* compiler built-in */ };
}
#[macro_export]
#[rustc_builtin_macro]
macro_rules! column {
    () => { /* compiler built-in */ };
}
#[macro_export]
#[rustc_builtin_macro]
macro_rules! file {
    () => { /* compiler built-in */ };
}
#[macro_export]
#[rustc_builtin_macro]
macro_rules! module_path {
    () => { /* compiler built-in */ };
}
#[macro_export]
#[rustc_builtin_macro]
macro_rules! cfg {
    ($($cfg:tt)*) => { /* compiler built-in */ };
}
#[macro_export]
#[rustc_builtin_macro]
macro_rules! env {
    ($name:expr $(,)?) => {{ /* compiler built-in */ }};
    ($name:expr, $error_msg:expr $(,)?) => {{ /* compiler built-in */ }};
}
#[macro_export]
#[rustc_builtin_macro]
macro_rules! option_env {
    ($name:expr $(,)?) => {{ /* compiler built-in */ }};
}
#[macro_export]
#[rustc_builtin_macro]
macro_rules! include {
    ($file:expr $(,)?) => {{ /* compiler built-in */ }};
}
#[macro_export]
#[rustc_builtin_macro]
macro_rules! include_str {
    ($file:expr $(,)?) => {{ /* compiler built-in */ }};
}
#[macro_export]
#[rustc_builtin_macro]
macro_rules! include_bytes {
    ($file:expr $(,)?) => {{ /* compiler built-in */ }};
}
#[macro_export]
#[rustc_builtin_macro]
macro_rules! compile_error {
    ($msg:expr $(,)?) => {{ /* compiler built-in */ }};
}
