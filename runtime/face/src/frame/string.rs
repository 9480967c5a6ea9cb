//! Functions of strings.

use super::function::{Function, StringFunction, StrptimeOptions};
use super::{Expr, TimeUnit};

/// Functions of strings, by [`Expr::str`]. Arguments are expressions as in polars: a plain string names a column,
/// `lit("…")` is a value.
///
/// ```
/// use dagbok::prelude::*;
/// # dagbok_engine::install();
///
/// let df = df!("city" => ["Oslo", "Bergen"])?;
/// let o = df.lazy().filter(col("city").str().starts_with(lit("O"))).compute()?;
/// assert_eq!(o.item::<String>()?, "Oslo");
/// # Ok::<(), dagbok::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct StringNameSpace(pub(super) Expr);

impl StringNameSpace {
    fn apply(self, function: StringFunction, arguments: &[Expr]) -> Expr {
        self.0.apply(Function::Str(function), arguments)
    }

    /// In upper case.
    pub fn to_uppercase(self) -> Expr {
        self.apply(StringFunction::ToUppercase, &[])
    }

    /// In lower case.
    pub fn to_lowercase(self) -> Expr {
        self.apply(StringFunction::ToLowercase, &[])
    }

    /// Whether the regular expression `pat` matches; one that is none is an error if `strict`, else gives null.
    pub fn contains(self, pat: impl Into<Expr>, strict: bool) -> Expr {
        self.apply(StringFunction::Contains { strict }, &[pat.into()])
    }

    /// Whether `pat` occurs, as it is written.
    pub fn contains_literal(self, pat: impl Into<Expr>) -> Expr {
        self.apply(StringFunction::ContainsLiteral, &[pat.into()])
    }

    /// Whether the string starts with `sub`.
    pub fn starts_with(self, sub: impl Into<Expr>) -> Expr {
        self.apply(StringFunction::StartsWith, &[sub.into()])
    }

    /// Whether the string ends with `sub`.
    pub fn ends_with(self, sub: impl Into<Expr>) -> Expr {
        self.apply(StringFunction::EndsWith, &[sub.into()])
    }

    /// The number of characters.
    pub fn len_chars(self) -> Expr {
        self.apply(StringFunction::LenChars, &[])
    }

    /// The number of bytes.
    pub fn len_bytes(self) -> Expr {
        self.apply(StringFunction::LenBytes, &[])
    }

    /// The first match of `pat` replaced by `value`.
    pub fn replace(self, pat: impl Into<Expr>, value: impl Into<Expr>, literal: bool) -> Expr {
        self.apply(
            StringFunction::Replace { literal },
            &[pat.into(), value.into()],
        )
    }

    /// All matches of `pat` replaced by `value`.
    pub fn replace_all(self, pat: impl Into<Expr>, value: impl Into<Expr>, literal: bool) -> Expr {
        self.apply(
            StringFunction::ReplaceAll { literal },
            &[pat.into(), value.into()],
        )
    }

    /// Without the characters in `matches` at both ends; `lit(Literal::Null)` takes white space away.
    pub fn strip_chars(self, matches: impl Into<Expr>) -> Expr {
        self.apply(StringFunction::StripChars, &[matches.into()])
    }

    /// Without the characters in `matches` at the start.
    pub fn strip_chars_start(self, matches: impl Into<Expr>) -> Expr {
        self.apply(StringFunction::StripCharsStart, &[matches.into()])
    }

    /// Without the characters in `matches` at the end.
    pub fn strip_chars_end(self, matches: impl Into<Expr>) -> Expr {
        self.apply(StringFunction::StripCharsEnd, &[matches.into()])
    }

    /// Without `prefix`.
    pub fn strip_prefix(self, prefix: impl Into<Expr>) -> Expr {
        self.apply(StringFunction::StripPrefix, &[prefix.into()])
    }

    /// Without `suffix`.
    pub fn strip_suffix(self, suffix: impl Into<Expr>) -> Expr {
        self.apply(StringFunction::StripSuffix, &[suffix.into()])
    }

    /// `length` characters from `offset` on; a negative one counts from the end.
    pub fn slice(self, offset: impl Into<Expr>, length: impl Into<Expr>) -> Expr {
        self.apply(StringFunction::Slice, &[offset.into(), length.into()])
    }

    /// The first `n` characters.
    pub fn head(self, n: impl Into<Expr>) -> Expr {
        self.apply(StringFunction::Head, &[n.into()])
    }

    /// The last `n` characters.
    pub fn tail(self, n: impl Into<Expr>) -> Expr {
        self.apply(StringFunction::Tail, &[n.into()])
    }

    /// What group `group_index` of the regular expression `pat` matches.
    pub fn extract(self, pat: impl Into<Expr>, group_index: usize) -> Expr {
        self.apply(StringFunction::Extract { group_index }, &[pat.into()])
    }

    /// How often `pat` matches.
    pub fn count_matches(self, pat: impl Into<Expr>, literal: bool) -> Expr {
        self.apply(StringFunction::CountMatches { literal }, &[pat.into()])
    }

    /// The parts between `by`, as a list.
    pub fn split(self, by: impl Into<Expr>) -> Expr {
        self.apply(StringFunction::Split, &[by.into()])
    }

    /// The string read as a date.
    pub fn to_date(self, options: StrptimeOptions) -> Expr {
        self.apply(StringFunction::ToDate(options), &[])
    }

    /// The string read as a time of day.
    pub fn to_time(self, options: StrptimeOptions) -> Expr {
        self.apply(StringFunction::ToTime(options), &[])
    }

    /// The string read as an instant; `ambiguous` says what to do with times that occur twice, mostly `lit("raise")`.
    pub fn to_datetime(
        self,
        time_unit: Option<TimeUnit>,
        time_zone: Option<&str>,
        options: StrptimeOptions,
        ambiguous: impl Into<Expr>,
    ) -> Expr {
        let time_zone = time_zone.map(str::to_owned);
        self.apply(
            StringFunction::ToDatetime(time_unit, time_zone, options),
            &[ambiguous.into()],
        )
    }
}
