//! Expressions over columns: what a filter, a projection or an aggregation is made of.

use std::any::Any;
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::function::{
    Agg, BinaryOp, ClosedInterval, Function, NullBehavior, QuantileMethod,
    RollingOptionsFixedWindow, RoundMode, SortMultipleOptions,
};
use super::{DataType, DateLikeNameSpace, StringNameSpace, Values};
use crate::sealed::Sealed;

/// An expression over the columns of a frame, with polars' names, argument order and meaning.
///
/// ```
/// use dagbok::prelude::*;
/// # dagbok_engine::install();
///
/// let df = df!("city" => ["Oslo", "Bergen", "Oslo"], "rain" => [3.0, 9.5, 1.0])?;
/// let wet = df
///     .lazy()
///     .filter(col("rain").gt(2))
///     .with_columns([(col("rain") / lit(10)).alias("cm"), col("city").str().to_uppercase()])
///     .compute()?;
/// assert_eq!(wet, df!("city" => ["OSLO", "BERGEN"], "rain" => [3.0, 9.5], "cm" => [0.3, 0.95])?);
/// # Ok::<(), dagbok::Error>(())
/// ```
#[derive(Clone)]
pub struct Expr(Sealed<Arc<ExprNode>>);

/// One operation of an [`Expr`] on other expressions.
pub struct ExprNode {
    op: ExprOp,
    inputs: Vec<Expr>,
    token: u64,
    depth: u32,
}

/// What an [`ExprNode`] does with its inputs.
#[derive(Clone, Debug)]
pub enum ExprOp {
    Column(String),
    /// Every column of the frame, in order.
    All,
    Literal(Literal),
    /// The number of rows.
    Len,
    Binary(BinaryOp),
    Agg(Agg),
    Function(Function),
    Alias(String),
    Cast {
        dtype: DataType,
        strict: bool,
    },
    /// The first input where the second is true.
    Filter,
    /// The first input within the groups that the others make.
    Over,
    /// The second input where the first is true, else the third.
    Ternary,
    /// The first input sorted by the others.
    SortBy(SortMultipleOptions),
    /// An expression of polars itself.
    Opaque(Opaque),
}

/// A value written into an expression.
#[derive(Clone, Debug)]
pub enum Literal {
    Null,
    Boolean(bool),
    UInt8(u8),
    UInt16(u16),
    UInt32(u32),
    UInt64(u64),
    Int8(i8),
    Int16(i16),
    Int32(i32),
    Int64(i64),
    Float32(f32),
    Float64(f64),
    String(String),
    Values(Arc<Values>),
}

/// An expression that only the engine can look into, told from others by a number.
#[derive(Clone)]
pub struct Opaque {
    pub expr: Arc<dyn Any + Send + Sync>,
    id: u64,
}

impl Opaque {
    /// Something that no other expression is equal to.
    pub fn new(expr: Arc<dyn Any + Send + Sync>) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Opaque {
            expr,
            id: NEXT.fetch_add(1, Ordering::Relaxed),
        }
    }
}

/// The column `name`; `*` are all columns, and names such as `^rain_.*$` all that match.
pub fn col(name: impl Into<String>) -> Expr {
    column(name.into())
}

fn column(name: String) -> Expr {
    match name.as_str() {
        "*" => all(),
        _ => Expr::new(ExprOp::Column(name), Vec::new()),
    }
}

/// All columns of the frame; within an aggregation, all but the keys.
pub fn all() -> Expr {
    Expr::new(ExprOp::All, Vec::new())
}

/// A value in an expression: a number, a boolean, a string, or several of them as `lit([1, 2])`.
pub fn lit(value: impl Into<Literal>) -> Expr {
    literal(value.into())
}

fn literal(value: Literal) -> Expr {
    Expr::new(ExprOp::Literal(value), Vec::new())
}

/// The number of rows, in the column `len`.
pub fn len() -> Expr {
    Expr::new(ExprOp::Len, Vec::new())
}

/// Starts `when(condition).then(value).otherwise(other)`.
///
/// ```
/// use dagbok::prelude::*;
/// # dagbok_engine::install();
///
/// let size = when(col("n").gt(1)).then(lit("many")).otherwise(lit("one")).alias("size");
/// let df = df!("n" => [1, 2])?.lazy().select([size]).compute()?;
/// assert_eq!(df, df!("size" => ["one", "many"])?);
/// # Ok::<(), dagbok::Error>(())
/// ```
pub fn when(condition: impl Into<Expr>) -> When {
    When(pushed(Vec::new(), condition.into()))
}

fn pushed(mut exprs: Vec<Expr>, expr: Expr) -> Vec<Expr> {
    exprs.push(expr);
    exprs
}

/// A condition that waits for [`then`](When::then).
#[derive(Clone, Debug)]
pub struct When(Vec<Expr>);

/// Conditions with their values, waiting for [`otherwise`](Then::otherwise) or another [`when`](Then::when).
#[derive(Clone, Debug)]
pub struct Then(Vec<Expr>);

impl When {
    /// The value where the condition is true.
    pub fn then(self, value: impl Into<Expr>) -> Then {
        Then(pushed(self.0, value.into()))
    }
}

impl Then {
    /// Another condition, for where those before are not true.
    pub fn when(self, condition: impl Into<Expr>) -> When {
        When(pushed(self.0, condition.into()))
    }

    /// The value where no condition is true.
    pub fn otherwise(self, value: impl Into<Expr>) -> Expr {
        self.or_else(value.into())
    }

    fn or_else(self, mut falsy: Expr) -> Expr {
        for pair in self.0.chunks_exact(2).rev() {
            falsy = Expr::new(
                ExprOp::Ternary,
                vec![pair[0].clone(), pair[1].clone(), falsy],
            );
        }
        falsy
    }
}

macro_rules! aggregations {
    ($($(#[$doc:meta])* $method:ident $agg:ident;)*) => {
        impl Expr {$(
            $(#[$doc])*
            pub fn $method(self) -> Expr {
                self.agg(Agg::$agg)
            }
        )*}
    };
}

macro_rules! functions {
    ($($(#[$doc:meta])* $method:ident $function:ident;)*) => {
        impl Expr {$(
            $(#[$doc])*
            pub fn $method(self) -> Expr {
                self.apply(Function::$function, &[])
            }
        )*}
    };
}

macro_rules! binaries {
    ($($(#[$doc:meta])* $method:ident $op:ident;)*) => {
        impl Expr {$(
            $(#[$doc])*
            pub fn $method(self, other: impl Into<Expr>) -> Expr {
                self.binary(BinaryOp::$op, other.into())
            }
        )*}
    };
}

aggregations! {
    /// The sum; nulls are left out, and of no values it is 0.
    sum Sum;
    /// The mean; nulls are left out, and of no values it is null.
    mean Mean;
    /// The smallest value; nulls and NaN are left out.
    min Min;
    /// The largest value; nulls and NaN are left out.
    max Max;
    /// The median; nulls are left out.
    median Median;
    /// How many values are not null.
    count Count;
    /// How many values there are, nulls included.
    len Len;
    /// The first value.
    first First;
    /// The last value.
    last Last;
    /// How many distinct values there are; null counts as one.
    n_unique NUnique;
    /// The product; nulls are left out.
    product Product;
    /// The place of the smallest value.
    arg_min ArgMin;
    /// The place of the largest value.
    arg_max ArgMax;
    /// How many values are null.
    null_count NullCount;
    /// All values as one list.
    implode Implode;
}

functions! {
    /// Whether false; of an integer, its bits inverted.
    not Not;
    /// Whether null.
    is_null IsNull;
    /// Whether not null.
    is_not_null IsNotNull;
    /// Whether NaN.
    is_nan IsNan;
    /// Whether not NaN.
    is_not_nan IsNotNan;
    /// Whether neither infinite nor NaN.
    is_finite IsFinite;
    /// Whether infinite.
    is_infinite IsInfinite;
    /// The absolute value.
    abs Abs;
    /// The square root.
    sqrt Sqrt;
    /// The cube root.
    cbrt Cbrt;
    /// The next integer below.
    floor Floor;
    /// The next integer above.
    ceil Ceil;
    /// e to the power of the value.
    exp Exp;
    /// The natural logarithm of 1 + the value.
    log1p Log1p;
    /// The sine of radians.
    sin Sin;
    /// The cosine of radians.
    cos Cos;
    /// The tangent of radians.
    tan Tan;
    /// Degrees of radians.
    degrees Degrees;
    /// Radians of degrees.
    radians Radians;
    /// The values in reverse order.
    reverse Reverse;
    /// The distinct values, in any order.
    unique Unique;
    /// The distinct values, in order of first appearance.
    unique_stable UniqueStable;
    /// The values that are not null.
    drop_nulls DropNulls;
    /// The values that are not NaN.
    drop_nans DropNans;
    /// Whether the value occurs again.
    is_duplicated IsDuplicated;
    /// Whether the value occurs once.
    is_unique IsUnique;
    /// Whether the value occurs for the first time.
    is_first_distinct IsFirstDistinct;
}

binaries! {
    /// Whether equal; null where either is.
    eq Eq;
    /// Whether not equal; null where either is.
    neq NotEq;
    /// Whether equal; null equals null.
    eq_missing EqMissing;
    /// Whether not equal; null equals null.
    neq_missing NotEqMissing;
    /// Whether greater.
    gt Gt;
    /// Whether greater or equal.
    gt_eq GtEq;
    /// Whether less.
    lt Lt;
    /// Whether less or equal.
    lt_eq LtEq;
    /// Whether both are true; of integers, bit by bit.
    and And;
    /// Whether one or both are true; of integers, bit by bit.
    or Or;
    /// Whether just one is true; of integers, bit by bit.
    xor Xor;
    /// The quotient rounded down.
    floor_div FloorDivide;
    /// The quotient as a floating-point number, also of integers.
    true_div TrueDivide;
}

impl Expr {
    /// The operation `op` on `inputs`.
    pub fn new(op: ExprOp, inputs: Vec<Expr>) -> Expr {
        let mut hasher = DefaultHasher::new();
        op.token(&mut hasher);
        inputs
            .iter()
            .for_each(|input| input.0.token.hash(&mut hasher));
        let depth = inputs.iter().map(|input| input.0.depth).max().unwrap_or(0);
        let node = Arc::new(ExprNode {
            op,
            inputs,
            token: hasher.finish(),
            depth: depth.saturating_add(1),
        });
        Expr(node.into())
    }

    /// What the expression does with its inputs.
    pub fn op(&self) -> &ExprOp {
        &self.0.op
    }

    /// What the expression is made of.
    pub fn inputs(&self) -> &[Expr] {
        &self.0.inputs
    }

    /// A number that equal expressions share.
    pub fn token(&self) -> u64 {
        self.0.token
    }

    /// How many operations are nested in each other.
    pub fn depth(&self) -> u32 {
        self.0.depth
    }

    fn with(self, op: ExprOp, mut arguments: Vec<Expr>) -> Expr {
        arguments.insert(0, self);
        Expr::new(op, arguments)
    }

    fn agg(self, agg: Agg) -> Expr {
        Expr::new(ExprOp::Agg(agg), vec![self])
    }

    pub(super) fn binary(self, op: BinaryOp, other: Expr) -> Expr {
        Expr::new(ExprOp::Binary(op), vec![self, other])
    }

    pub(super) fn apply(self, function: Function, arguments: &[Expr]) -> Expr {
        let mut inputs = Vec::with_capacity(1 + arguments.len());
        inputs.push(self);
        inputs.extend_from_slice(arguments);
        Expr::new(ExprOp::Function(function), inputs)
    }

    /// The same values in a column called `name`.
    pub fn alias(self, name: impl Into<String>) -> Expr {
        self.aliased(name.into())
    }

    fn aliased(self, name: String) -> Expr {
        Expr::new(ExprOp::Alias(name), vec![self])
    }

    /// The values as `dtype`; those that do not fit become null.
    pub fn cast(self, dtype: DataType) -> Expr {
        Expr::new(
            ExprOp::Cast {
                dtype,
                strict: false,
            },
            vec![self],
        )
    }

    /// The values as `dtype`; one that does not fit is an error.
    pub fn strict_cast(self, dtype: DataType) -> Expr {
        Expr::new(
            ExprOp::Cast {
                dtype,
                strict: true,
            },
            vec![self],
        )
    }

    /// The standard deviation with `ddof` delta degrees of freedom: 1 of a sample, 0 of a population.
    pub fn std(self, ddof: u8) -> Expr {
        self.agg(Agg::Std(ddof))
    }

    /// The variance with `ddof` delta degrees of freedom: 1 of a sample, 0 of a population.
    pub fn var(self, ddof: u8) -> Expr {
        self.agg(Agg::Var(ddof))
    }

    /// The value below which the share `quantile` of all lies.
    pub fn quantile(self, quantile: impl Into<Expr>, method: QuantileMethod) -> Expr {
        self.with(
            ExprOp::Agg(Agg::Quantile(method)),
            quantile.into().into_exprs(),
        )
    }

    /// Whether any value is true; unless `ignore_nulls`, null if none is but some are null.
    pub fn any(self, ignore_nulls: bool) -> Expr {
        self.agg(Agg::Any { ignore_nulls })
    }

    /// Whether all values are true; unless `ignore_nulls`, null if none is false but some are null.
    pub fn all(self, ignore_nulls: bool) -> Expr {
        self.agg(Agg::All { ignore_nulls })
    }

    /// `value` in place of nulls.
    pub fn fill_null(self, value: impl Into<Expr>) -> Expr {
        self.apply(Function::FillNull, &[value.into()])
    }

    /// `value` in place of NaN.
    pub fn fill_nan(self, value: impl Into<Expr>) -> Expr {
        self.apply(Function::FillNan, &[value.into()])
    }

    /// Whether the value is one of `other`: `col("k").is_in(["a", "b"], false)`. Null is one of them only if
    /// `nulls_equal` and they hold a null.
    pub fn is_in(self, other: impl Into<Literal>, nulls_equal: bool) -> Expr {
        self.apply(Function::IsIn { nulls_equal }, &[lit(other)])
    }

    /// Whether the value lies between `lower` and `upper`, with the bounds that `closed` says.
    pub fn is_between(
        self,
        lower: impl Into<Expr>,
        upper: impl Into<Expr>,
        closed: ClosedInterval,
    ) -> Expr {
        self.apply(Function::IsBetween(closed), &[lower.into(), upper.into()])
    }

    /// The value rounded to `decimals` places.
    pub fn round(self, decimals: u32, mode: RoundMode) -> Expr {
        self.apply(Function::Round { decimals, mode }, &[])
    }

    /// The logarithm to `base`.
    pub fn log(self, base: impl Into<Expr>) -> Expr {
        self.apply(Function::Log, &[base.into()])
    }

    /// The value to the power of `exponent`.
    pub fn pow(self, exponent: impl Into<Expr>) -> Expr {
        self.apply(Function::Pow, &[exponent.into()])
    }

    /// The value, or the bound that it is beyond.
    pub fn clip(self, min: impl Into<Expr>, max: impl Into<Expr>) -> Expr {
        self.apply(Function::Clip, &[min.into(), max.into()])
    }

    /// The values moved down by `n` rows, or up if negative, nulls in their place.
    pub fn shift(self, n: impl Into<Expr>) -> Expr {
        self.apply(Function::Shift, &[n.into()])
    }

    /// The difference to the value `n` rows above.
    pub fn diff(self, n: impl Into<Expr>, null_behavior: NullBehavior) -> Expr {
        self.apply(Function::Diff(null_behavior), &[n.into()])
    }

    /// The sum of all values so far, from the end if `reverse`.
    pub fn cum_sum(self, reverse: bool) -> Expr {
        self.apply(Function::CumSum { reverse }, &[])
    }

    /// The product of all values so far, from the end if `reverse`.
    pub fn cum_prod(self, reverse: bool) -> Expr {
        self.apply(Function::CumProd { reverse }, &[])
    }

    /// The smallest value so far, from the end if `reverse`.
    pub fn cum_min(self, reverse: bool) -> Expr {
        self.apply(Function::CumMin { reverse }, &[])
    }

    /// The largest value so far, from the end if `reverse`.
    pub fn cum_max(self, reverse: bool) -> Expr {
        self.apply(Function::CumMax { reverse }, &[])
    }

    /// How many values are not null so far, from the end if `reverse`.
    pub fn cum_count(self, reverse: bool) -> Expr {
        self.apply(Function::CumCount { reverse }, &[])
    }

    /// The mean of a window that moves along.
    pub fn rolling_mean(self, options: RollingOptionsFixedWindow) -> Expr {
        self.apply(Function::RollingMean(options), &[])
    }

    /// The sum of a window that moves along.
    pub fn rolling_sum(self, options: RollingOptionsFixedWindow) -> Expr {
        self.apply(Function::RollingSum(options), &[])
    }

    /// The smallest value of a window that moves along.
    pub fn rolling_min(self, options: RollingOptionsFixedWindow) -> Expr {
        self.apply(Function::RollingMin(options), &[])
    }

    /// The largest value of a window that moves along.
    pub fn rolling_max(self, options: RollingOptionsFixedWindow) -> Expr {
        self.apply(Function::RollingMax(options), &[])
    }

    /// The sample standard deviation of a window that moves along.
    pub fn rolling_std(self, options: RollingOptionsFixedWindow) -> Expr {
        self.apply(Function::RollingStd(options), &[])
    }

    /// The values where `predicate` is true; within aggregations.
    pub fn filter(self, predicate: impl Into<Expr>) -> Expr {
        self.with(ExprOp::Filter, predicate.into().into_exprs())
    }

    /// The expression within the groups that `partition_by` makes, repeated in each of their rows.
    pub fn over(self, partition_by: impl IntoExprs) -> Expr {
        self.with(ExprOp::Over, partition_by.into_exprs())
    }

    /// The values sorted.
    pub fn sort(self, options: SortMultipleOptions) -> Expr {
        let by = self.clone();
        Expr::new(ExprOp::SortBy(options), vec![self, by])
    }

    /// The values in the order that sorts `by`.
    pub fn sort_by(self, by: impl IntoExprs, options: SortMultipleOptions) -> Expr {
        self.with(ExprOp::SortBy(options), by.into_exprs())
    }

    /// `length` values from `offset` on; a negative one counts from the end.
    pub fn slice(self, offset: impl Into<Expr>, length: impl Into<Expr>) -> Expr {
        self.apply(Function::Slice, &[offset.into(), length.into()])
    }

    /// The first values, 10 by default.
    pub fn head(self, length: Option<usize>) -> Expr {
        self.slice(0, length.unwrap_or(10) as u64)
    }

    /// The last values, 10 by default.
    pub fn tail(self, length: Option<usize>) -> Expr {
        let length = length.unwrap_or(10);
        self.slice(-(length as i64), length as u64)
    }

    /// Functions of strings.
    pub fn str(self) -> StringNameSpace {
        StringNameSpace(self)
    }

    /// Functions of dates, times and durations.
    pub fn dt(self) -> DateLikeNameSpace {
        DateLikeNameSpace(self)
    }
}

impl ExprOp {
    fn token(&self, state: &mut DefaultHasher) {
        std::mem::discriminant(self).hash(state);
        match self {
            ExprOp::Column(name) | ExprOp::Alias(name) => name.hash(state),
            ExprOp::Literal(literal) => literal.token(state),
            ExprOp::Binary(op) => op.hash(state),
            ExprOp::Agg(agg) => agg.hash(state),
            ExprOp::Function(function) => function.hash(state),
            ExprOp::Cast { dtype, strict } => (dtype, strict).hash(state),
            ExprOp::SortBy(options) => options.hash(state),
            ExprOp::Opaque(opaque) => opaque.id.hash(state),
            ExprOp::All | ExprOp::Len | ExprOp::Filter | ExprOp::Over | ExprOp::Ternary => {}
        }
    }
}

impl Literal {
    fn token(&self, state: &mut DefaultHasher) {
        std::mem::discriminant(self).hash(state);
        match self {
            Literal::Null => {}
            Literal::Boolean(value) => value.hash(state),
            Literal::UInt8(value) => value.hash(state),
            Literal::UInt16(value) => value.hash(state),
            Literal::UInt32(value) => value.hash(state),
            Literal::UInt64(value) => value.hash(state),
            Literal::Int8(value) => value.hash(state),
            Literal::Int16(value) => value.hash(state),
            Literal::Int32(value) => value.hash(state),
            Literal::Int64(value) => value.hash(state),
            Literal::Float32(value) => value.to_bits().hash(state),
            Literal::Float64(value) => value.to_bits().hash(state),
            Literal::String(value) => value.hash(state),
            Literal::Values(values) => values.token(state),
        }
    }
}

/// Expressions may be thousands of operations deep, so they are dropped in a loop.
impl Drop for ExprNode {
    fn drop(&mut self) {
        let mut inputs = std::mem::take(&mut self.inputs);
        while let Some(mut input) = inputs.pop() {
            if let Some(node) = Arc::get_mut(&mut input.0) {
                inputs.append(&mut node.inputs);
            }
        }
    }
}

impl fmt::Debug for Opaque {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "polars expression {}", self.id)
    }
}

macro_rules! literals {
    ($($type:ty, $variant:ident;)*) => {$(
        impl From<$type> for Literal {
            fn from(value: $type) -> Self {
                Literal::$variant(value)
            }
        }

        impl From<$type> for Expr {
            fn from(value: $type) -> Self {
                lit(value)
            }
        }
    )*};
}

literals! {
    bool, Boolean;
    u8, UInt8;
    u16, UInt16;
    u32, UInt32;
    u64, UInt64;
    i8, Int8;
    i16, Int16;
    i32, Int32;
    i64, Int64;
    f32, Float32;
    f64, Float64;
}

impl From<&str> for Literal {
    fn from(value: &str) -> Self {
        Literal::String(value.to_owned())
    }
}

impl From<String> for Literal {
    fn from(value: String) -> Self {
        Literal::String(value)
    }
}

impl From<Values> for Literal {
    fn from(values: Values) -> Self {
        Literal::Values(Arc::new(values))
    }
}

impl<T, const N: usize> From<[T; N]> for Literal
where
    Values: From<[T; N]>,
{
    fn from(values: [T; N]) -> Self {
        Literal::from(Values::from(values))
    }
}

impl<T> From<Vec<T>> for Literal
where
    Values: From<Vec<T>>,
{
    fn from(values: Vec<T>) -> Self {
        Literal::from(Values::from(values))
    }
}

/// A string names a column, as in polars; `lit` makes it a value.
impl From<&str> for Expr {
    fn from(name: &str) -> Self {
        col(name)
    }
}

/// A string names a column, as in polars; `lit` makes it a value.
impl From<String> for Expr {
    fn from(name: String) -> Self {
        col(name)
    }
}

/// One or several expressions or names of columns: `"a"`, `col("a")`, `["a", "b"]`, `[col("a"), len()]`, a vector or a
/// slice of them.
pub trait IntoExprs {
    /// The expressions, in order.
    fn into_exprs(self) -> Vec<Expr>;
}

/// One or several names of columns: `"a"`, `["a", "b"]`, a vector or a slice of them.
pub trait IntoNames {
    /// The names, in order.
    fn into_names(self) -> Vec<String>;
}

fn copied(expressions: &[Expr]) -> Vec<Expr> {
    expressions.to_vec()
}

// What is generic here is compiled in each cell that uses it, so it forwards to what is not.
macro_rules! into_exprs {
    ($($item:ty: $all:expr;)*) => {$(
        impl IntoExprs for $item {
            fn into_exprs(self) -> Vec<Expr> {
                $all(&[self])
            }
        }

        impl<const N: usize> IntoExprs for [$item; N] {
            fn into_exprs(self) -> Vec<Expr> {
                $all(&self)
            }
        }

        impl IntoExprs for Vec<$item> {
            fn into_exprs(self) -> Vec<Expr> {
                $all(&self)
            }
        }

        impl IntoExprs for &[$item] {
            fn into_exprs(self) -> Vec<Expr> {
                $all(self)
            }
        }
    )*};
}

macro_rules! into_names {
    ($($item:ty: $all:expr;)*) => {$(
        impl IntoNames for $item {
            fn into_names(self) -> Vec<String> {
                $all(&[self])
            }
        }

        impl<const N: usize> IntoNames for [$item; N] {
            fn into_names(self) -> Vec<String> {
                $all(&self)
            }
        }

        impl IntoNames for Vec<$item> {
            fn into_names(self) -> Vec<String> {
                $all(&self)
            }
        }

        impl IntoNames for &[$item] {
            fn into_names(self) -> Vec<String> {
                $all(self)
            }
        }
    )*};
}

into_exprs! {
    Expr: copied;
    &str: columns_of_strs;
    String: columns_of_strings;
}

into_names! {
    &str: names_of_strs;
    String: <[String]>::to_vec;
}

fn columns_of_strs(names: &[&str]) -> Vec<Expr> {
    names
        .iter()
        .map(|name| column((*name).to_owned()))
        .collect()
}

fn columns_of_strings(names: &[String]) -> Vec<Expr> {
    names.iter().cloned().map(column).collect()
}

fn names_of_strs(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}
