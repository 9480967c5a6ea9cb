//! Macros: metadata has their patterns, but not in a form that says what they become.

/// What well-known macros become, as far as types go: a crate, a macro's name, its rules. All else about them comes from
/// their pages.
const KNOWN: &[(&str, &str, &str)] = &[
    (
        "dagbok",
        "df",
        "($($name:expr => $values:expr),* $(,)?) => { $crate::frame::Columns::default()$(.with($name, $crate::frame::Values::from($values)))*.finish() }",
    ),
    (
        "dagbok",
        "s",
        "($($index:expr $(; $step:expr)?),* $(,)?) => { &[$($crate::array::Index::from($index)$(.step_by($step))?),*] }",
    ),
    (
        "polars",
        "df",
        "($($name:expr => $values:expr),+ $(,)?) => { $crate::prelude::PolarsResult::<$crate::prelude::DataFrame>::Ok($crate::prelude::DataFrame::empty($(&$name, &$values),+)) }",
    ),
    (
        "polars",
        "polars_bail",
        "($($arg:tt)+) => { return ::core::result::Result::Err($crate::prelude::polars_err!($($arg)+)) }",
    ),
    (
        "ndarray",
        "array",
        "($([$([$($x:expr),* $(,)?]),+ $(,)?]),+ $(,)?) => { $crate::arr3(&[$([$([$($x,)*],)*],)*]) },
        ($([$($x:expr),* $(,)?]),+ $(,)?) => { $crate::arr2(&[$([$($x,)*],)*]) },
        ($($x:expr),* $(,)?) => { $crate::arr1(&[$($x),*]) }",
    ),
    (
        "serde_json",
        "json",
        "($($json:tt)+) => { $crate::Value::Null }",
    ),
    (
        "smallvec",
        "smallvec",
        "($elem:expr; $n:expr) => { $crate::SmallVec::from_elem($elem, $n) },
        ($($x:expr),* $(,)?) => { $crate::SmallVec::from_buf([$($x),*]) }",
    ),
    (
        "tokio",
        "join",
        "($($future:expr),+ $(,)?) => { ($($future.await,)+) }",
    ),
    (
        "futures",
        "join",
        "($($future:expr),+ $(,)?) => { ($($future.await,)+) }",
    ),
];

/// The arguments are used, so that what stands in them is known; the value may be anything.
const UNKNOWN: &str = "($($value:expr),* $(,)?) => { { $(let _ = &$value;)* unknown__ } },
($($key:expr => $value:expr),* $(,)?) => { { $(let _ = &$key; let _ = &$value;)* unknown__ } },
($($any:tt)*) => { unknown__ }";

/// The rules of the macro of a crate.
pub(super) fn rules(crate_name: &str, name: &str) -> &'static str {
    KNOWN
        .iter()
        .find(|(known_crate, known, _)| *known_crate == crate_name && *known == name)
        .map_or(UNKNOWN, |(_, _, rules)| rules)
}
