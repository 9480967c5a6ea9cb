//! What expressions can do, and the options of it.

/// An operation on two expressions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BinaryOp {
    Eq,
    NotEq,
    EqMissing,
    NotEqMissing,
    Gt,
    GtEq,
    Lt,
    LtEq,
    And,
    Or,
    Xor,
    Plus,
    Minus,
    Multiply,
    Divide,
    TrueDivide,
    FloorDivide,
    Modulus,
}

impl BinaryOp {
    /// How the operation is written.
    pub fn symbol(self) -> &'static str {
        match self {
            BinaryOp::Eq => "==",
            BinaryOp::NotEq => "!=",
            BinaryOp::EqMissing => "==?",
            BinaryOp::NotEqMissing => "!=?",
            BinaryOp::Gt => ">",
            BinaryOp::GtEq => ">=",
            BinaryOp::Lt => "<",
            BinaryOp::LtEq => "<=",
            BinaryOp::And => "&",
            BinaryOp::Or => "|",
            BinaryOp::Xor => "^",
            BinaryOp::Plus => "+",
            BinaryOp::Minus => "-",
            BinaryOp::Multiply => "*",
            BinaryOp::Divide | BinaryOp::TrueDivide => "/",
            BinaryOp::FloorDivide => "//",
            BinaryOp::Modulus => "%",
        }
    }
}

/// An aggregation: many values to one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Agg {
    Sum,
    Mean,
    Min,
    Max,
    Median,
    Std(u8),
    Var(u8),
    Count,
    Len,
    First,
    Last,
    NUnique,
    Product,
    ArgMin,
    ArgMax,
    NullCount,
    Implode,
    Quantile(QuantileMethod),
    Any { ignore_nulls: bool },
    All { ignore_nulls: bool },
}

/// A function of one or more expressions.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Function {
    Not,
    Negate,
    IsNull,
    IsNotNull,
    IsNan,
    IsNotNan,
    IsFinite,
    IsInfinite,
    FillNull,
    FillNan,
    IsIn { nulls_equal: bool },
    IsBetween(ClosedInterval),
    Abs,
    Sqrt,
    Cbrt,
    Round { decimals: u32, mode: RoundMode },
    Floor,
    Ceil,
    Exp,
    Log,
    Log1p,
    Pow,
    Sin,
    Cos,
    Tan,
    Degrees,
    Radians,
    Clip,
    Shift,
    Diff(NullBehavior),
    CumSum { reverse: bool },
    CumProd { reverse: bool },
    CumMin { reverse: bool },
    CumMax { reverse: bool },
    CumCount { reverse: bool },
    RollingMean(RollingOptionsFixedWindow),
    RollingSum(RollingOptionsFixedWindow),
    RollingMin(RollingOptionsFixedWindow),
    RollingMax(RollingOptionsFixedWindow),
    RollingStd(RollingOptionsFixedWindow),
    Reverse,
    Unique,
    UniqueStable,
    DropNulls,
    DropNans,
    IsDuplicated,
    IsUnique,
    IsFirstDistinct,
    Slice,
    Str(StringFunction),
    Dt(TemporalFunction),
}

/// A function of strings.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum StringFunction {
    ToUppercase,
    ToLowercase,
    Contains { strict: bool },
    ContainsLiteral,
    StartsWith,
    EndsWith,
    LenChars,
    LenBytes,
    Replace { literal: bool },
    ReplaceAll { literal: bool },
    StripChars,
    StripCharsStart,
    StripCharsEnd,
    StripPrefix,
    StripSuffix,
    Slice,
    Head,
    Tail,
    Extract { group_index: usize },
    CountMatches { literal: bool },
    Split,
    ToDate(StrptimeOptions),
    ToTime(StrptimeOptions),
    ToDatetime(Option<super::TimeUnit>, Option<String>, StrptimeOptions),
}

/// A function of dates, times, instants and durations.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum TemporalFunction {
    Year,
    IsoYear,
    Quarter,
    Month,
    Week,
    Weekday,
    Day,
    OrdinalDay,
    Hour,
    Minute,
    Second,
    Millisecond,
    Microsecond,
    Nanosecond,
    Date,
    Time,
    IsLeapYear,
    Timestamp(super::TimeUnit),
    Truncate,
    Round,
    Strftime(String),
    ConvertTimeZone(String),
    TotalDays { fractional: bool },
    TotalHours { fractional: bool },
    TotalMinutes { fractional: bool },
    TotalSeconds { fractional: bool },
    TotalMilliseconds { fractional: bool },
}

/// Which bounds belong to an interval.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ClosedInterval {
    #[default]
    Both,
    Left,
    Right,
    None,
}

/// Where a half goes when rounded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum RoundMode {
    #[default]
    HalfToEven,
    HalfAwayFromZero,
}

/// Which value is a quantile that lies between two.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum QuantileMethod {
    #[default]
    Nearest,
    Lower,
    Higher,
    Midpoint,
    Linear,
    Equiprobable,
}

/// What a difference does with nulls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum NullBehavior {
    Drop,
    #[default]
    Ignore,
}

/// The window of rolling functions.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RollingOptionsFixedWindow {
    /// How many rows there are in the window.
    pub window_size: usize,
    /// How many of them must not be null for a result; as many as the window has by default.
    pub min_periods: usize,
    /// Whether the window reaches to both sides of its row, not only above.
    pub center: bool,
}

impl RollingOptionsFixedWindow {
    /// A window of `window_size` rows that ends at its row and must be full.
    pub fn new(window_size: usize) -> Self {
        RollingOptionsFixedWindow {
            window_size,
            min_periods: window_size,
            center: false,
        }
    }
}

/// How strings are read as dates and times.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct StrptimeOptions {
    /// Such as `%Y-%m-%d`; found out from the values where there is none.
    pub format: Option<String>,
    /// Whether a string that does not fit is an error; else it becomes null.
    pub strict: bool,
    /// Whether the whole string must fit.
    pub exact: bool,
    /// Whether equal strings are read once.
    pub cache: bool,
}

impl Default for StrptimeOptions {
    fn default() -> Self {
        StrptimeOptions {
            format: None,
            strict: true,
            exact: true,
            cache: true,
        }
    }
}

/// How rows are sorted.
///
/// ```
/// use dagbok::prelude::*;
/// # dagbok_engine::install();
///
/// let df = df!("k" => [Some(1), None, Some(3)])?;
/// let options = SortMultipleOptions::default().with_order_descending(true).with_nulls_last(true);
/// let sorted = df.lazy().sort(["k"], options).compute()?;
/// assert_eq!(sorted.column("k")?.to_options::<i32>()?, [Some(3), Some(1), None]);
/// # Ok::<(), dagbok::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct SortMultipleOptions {
    pub descending: Vec<bool>,
    pub nulls_last: Vec<bool>,
}

impl SortMultipleOptions {
    /// Whether the largest values come first, in all columns.
    pub fn with_order_descending(self, descending: bool) -> Self {
        self.with_order_descending_multi([descending])
    }

    /// Whether the largest values come first, one for each column.
    pub fn with_order_descending_multi(
        mut self,
        descending: impl IntoIterator<Item = bool>,
    ) -> Self {
        self.descending = descending.into_iter().collect();
        self
    }

    /// Whether nulls come last, in all columns; they come first by default.
    pub fn with_nulls_last(self, nulls_last: bool) -> Self {
        self.with_nulls_last_multi([nulls_last])
    }

    /// Whether nulls come last, one for each column.
    pub fn with_nulls_last_multi(mut self, nulls_last: impl IntoIterator<Item = bool>) -> Self {
        self.nulls_last = nulls_last.into_iter().collect();
        self
    }
}

/// Which rows a join gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum JoinType {
    /// Pairs of rows whose keys are equal.
    Inner,
    /// Pairs, and rows of the left frame without a partner.
    Left,
    /// Pairs, and rows of the right frame without a partner.
    Right,
    /// Pairs, and rows of both without a partner.
    Full,
    /// Rows of the left frame that have a partner.
    Semi,
    /// Rows of the left frame that have none.
    Anti,
    /// All pairs of rows; it takes no keys.
    Cross,
}

impl JoinType {
    /// What the join is called in messages.
    pub fn name(self) -> &'static str {
        match self {
            JoinType::Inner => "inner",
            JoinType::Left => "left",
            JoinType::Right => "right",
            JoinType::Full => "full",
            JoinType::Semi => "semi",
            JoinType::Anti => "anti",
            JoinType::Cross => "cross",
        }
    }
}

/// Which of several equal rows is kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum UniqueKeepStrategy {
    First,
    Last,
    /// None of them: only rows that occur once stay.
    None,
    #[default]
    Any,
}
