//! Expressions to polars' own.

use std::collections::HashMap;

use dagbok::frame::{
    Agg, BinaryOp, ClosedInterval, Expr, ExprOp, Function, Literal, NullBehavior, QuantileMethod,
    RollingOptionsFixedWindow, RoundMode, SortMultipleOptions, StringFunction, StrptimeOptions,
    TemporalFunction, Values,
};
use dagbok::{Error, ErrorKind, Result};
use polars::prelude as pl;
use polars::prelude::NamedFrom;

use super::dtype::{to_polars_dtype, to_unit, to_zone};
use super::from_polars_error;

/// Turns expressions into polars' own, some parts of them replaced by others.
#[derive(Default)]
pub(crate) struct Converter {
    replaced: HashMap<u64, pl::Expr>,
}

impl Converter {
    /// Puts `by` in place of every part that is equal to `part`.
    pub(crate) fn replace(&mut self, part: &Expr, by: pl::Expr) {
        self.replaced.insert(part.token(), by);
    }

    pub(crate) fn all(&self, exprs: &[Expr]) -> Result<Vec<pl::Expr>> {
        exprs.iter().map(|expr| self.convert(expr)).collect()
    }

    pub(crate) fn convert(&self, expr: &Expr) -> Result<pl::Expr> {
        if let Some(replacement) = self.replaced.get(&expr.token()) {
            return Ok(replacement.clone());
        }
        let inputs = self.all(expr.inputs())?;
        let mut rest = inputs.into_iter();
        let mut input = || rest.next().unwrap_or_else(|| pl::lit(pl::NULL));
        Ok(match expr.op() {
            ExprOp::Column(name) => pl::col(name.as_str()),
            ExprOp::All => pl::all().as_expr(),
            ExprOp::Literal(value) => literal(value),
            ExprOp::Len => pl::len(),
            ExprOp::Binary(op) => binary(*op, input(), input()),
            ExprOp::Agg(agg) => aggregation(*agg, input(), rest.next()),
            ExprOp::Function(Function::Str(string)) => string_function(string, input(), rest)?,
            ExprOp::Function(Function::Dt(temporal)) => temporal_function(temporal, input(), rest)?,
            ExprOp::Function(row_function) => function(row_function, input(), rest),
            ExprOp::Alias(name) => input().alias(name.as_str()),
            ExprOp::Cast { dtype, strict } => {
                let dtype = to_polars_dtype(dtype)?;
                match strict {
                    true => input().strict_cast(dtype),
                    false => input().cast(dtype),
                }
            }
            ExprOp::Filter => input().filter(input()),
            ExprOp::Over => {
                let function = input();
                let keys: Vec<pl::Expr> = rest.collect();
                function.over(keys).map_err(from_polars_error)?
            }
            ExprOp::Ternary => pl::when(input()).then(input()).otherwise(input()),
            ExprOp::SortBy(options) => {
                let values = input();
                let by: Vec<pl::Expr> = rest.collect();
                values.sort_by(by, sort_options(options))
            }
            ExprOp::Opaque(opaque) => {
                opaque
                    .expr
                    .downcast_ref::<pl::Expr>()
                    .cloned()
                    .ok_or_else(|| {
                        Error::new(
                            ErrorKind::Value,
                            "an opaque expression is not one of polars",
                        )
                    })?
            }
        })
    }
}

/// Polars' options of a stable sort.
pub(super) fn sort_options(options: &SortMultipleOptions) -> pl::SortMultipleOptions {
    let mut sort = pl::SortMultipleOptions::default().with_maintain_order(true);
    if !options.descending.is_empty() {
        sort = sort.with_order_descending_multi(options.descending.iter().copied());
    }
    if !options.nulls_last.is_empty() {
        sort = sort.with_nulls_last_multi(options.nulls_last.iter().copied());
    }
    sort
}

/// The values as a series called `name`.
pub(super) fn series(name: &str, values: &Values) -> pl::Series {
    let name = name.into();
    match values {
        Values::Boolean(values) => pl::Series::new(name, values),
        Values::UInt8(values) => pl::Series::new(name, values),
        Values::UInt16(values) => pl::Series::new(name, values),
        Values::UInt32(values) => pl::Series::new(name, values),
        Values::UInt64(values) => pl::Series::new(name, values),
        Values::Int8(values) => pl::Series::new(name, values),
        Values::Int16(values) => pl::Series::new(name, values),
        Values::Int32(values) => pl::Series::new(name, values),
        Values::Int64(values) => pl::Series::new(name, values),
        Values::Float32(values) => pl::Series::new(name, values),
        Values::Float64(values) => pl::Series::new(name, values),
        Values::String(values) => pl::Series::new(name, values),
    }
}

fn literal(value: &Literal) -> pl::Expr {
    match value {
        Literal::Null => pl::lit(pl::NULL),
        Literal::Boolean(value) => pl::lit(*value),
        Literal::UInt8(value) => pl::lit(*value),
        Literal::UInt16(value) => pl::lit(*value),
        Literal::UInt32(value) => pl::lit(*value),
        Literal::UInt64(value) => pl::lit(*value),
        Literal::Int8(value) => pl::lit(*value),
        Literal::Int16(value) => pl::lit(*value),
        Literal::Int32(value) => pl::lit(*value),
        Literal::Int64(value) => pl::lit(*value),
        Literal::Float32(value) => pl::lit(*value),
        Literal::Float64(value) => pl::lit(*value),
        Literal::String(value) => pl::lit(value.as_str()),
        Literal::Values(values) => pl::lit(series("literal", values)),
    }
}

fn binary(op: BinaryOp, left: pl::Expr, right: pl::Expr) -> pl::Expr {
    match op {
        BinaryOp::Eq => left.eq(right),
        BinaryOp::NotEq => left.neq(right),
        BinaryOp::EqMissing => left.eq_missing(right),
        BinaryOp::NotEqMissing => left.neq_missing(right),
        BinaryOp::Gt => left.gt(right),
        BinaryOp::GtEq => left.gt_eq(right),
        BinaryOp::Lt => left.lt(right),
        BinaryOp::LtEq => left.lt_eq(right),
        BinaryOp::And => left.and(right),
        BinaryOp::Or => left.or(right),
        BinaryOp::Xor => left.xor(right),
        BinaryOp::Plus => left + right,
        BinaryOp::Minus => left - right,
        BinaryOp::Multiply => left * right,
        BinaryOp::Divide => left / right,
        BinaryOp::TrueDivide => left.true_div(right),
        BinaryOp::FloorDivide => left.floor_div(right),
        BinaryOp::Modulus => left % right,
    }
}

fn aggregation(agg: Agg, input: pl::Expr, argument: Option<pl::Expr>) -> pl::Expr {
    match agg {
        Agg::Sum => input.sum(),
        Agg::Mean => input.mean(),
        Agg::Min => input.min(),
        Agg::Max => input.max(),
        Agg::Median => input.median(),
        Agg::Std(ddof) => input.std(ddof),
        Agg::Var(ddof) => input.var(ddof),
        Agg::Count => input.count(),
        Agg::Len => input.len(),
        Agg::First => input.first(),
        Agg::Last => input.last(),
        Agg::NUnique => input.n_unique(),
        Agg::Product => input.product(),
        Agg::ArgMin => input.arg_min(),
        Agg::ArgMax => input.arg_max(),
        Agg::NullCount => input.null_count(),
        Agg::Implode => input.implode(true),
        Agg::Any { ignore_nulls } => input.any(ignore_nulls),
        Agg::All { ignore_nulls } => input.all(ignore_nulls),
        Agg::Quantile(method) => {
            let quantile = argument.unwrap_or_else(|| pl::lit(0.5));
            input.quantile(quantile, quantile_method(method))
        }
    }
}

fn quantile_method(method: QuantileMethod) -> pl::QuantileMethod {
    match method {
        QuantileMethod::Nearest => pl::QuantileMethod::Nearest,
        QuantileMethod::Lower => pl::QuantileMethod::Lower,
        QuantileMethod::Higher => pl::QuantileMethod::Higher,
        QuantileMethod::Midpoint => pl::QuantileMethod::Midpoint,
        QuantileMethod::Linear => pl::QuantileMethod::Linear,
        QuantileMethod::Equiprobable => pl::QuantileMethod::Equiprobable,
    }
}

fn function(
    function: &Function,
    input: pl::Expr,
    mut rest: impl Iterator<Item = pl::Expr>,
) -> pl::Expr {
    let mut argument = || rest.next().unwrap_or_else(|| pl::lit(pl::NULL));
    match function {
        Function::Not => input.not(),
        Function::Negate => -input,
        Function::IsNull => input.is_null(),
        Function::IsNotNull => input.is_not_null(),
        Function::IsNan => input.is_nan(),
        Function::IsNotNan => input.is_not_nan(),
        Function::IsFinite => input.is_finite(),
        Function::IsInfinite => input.is_infinite(),
        Function::FillNull => input.fill_null(argument()),
        Function::FillNan => input.fill_nan(argument()),
        Function::IsIn { nulls_equal } => input.is_in(argument().implode(true), *nulls_equal),
        Function::IsBetween(closed) => {
            let closed = match closed {
                ClosedInterval::Both => pl::ClosedInterval::Both,
                ClosedInterval::Left => pl::ClosedInterval::Left,
                ClosedInterval::Right => pl::ClosedInterval::Right,
                ClosedInterval::None => pl::ClosedInterval::None,
            };
            input.is_between(argument(), argument(), closed)
        }
        Function::Abs => input.abs(),
        Function::Sqrt => input.sqrt(),
        Function::Cbrt => input.cbrt(),
        Function::Round { decimals, mode } => {
            let mode = match mode {
                RoundMode::HalfToEven => pl::RoundMode::HalfToEven,
                RoundMode::HalfAwayFromZero => pl::RoundMode::HalfAwayFromZero,
            };
            input.round(*decimals, mode)
        }
        Function::Floor => input.floor(),
        Function::Ceil => input.ceil(),
        Function::Exp => input.exp(),
        Function::Log => input.log(argument()),
        Function::Log1p => input.log1p(),
        Function::Pow => input.pow(argument()),
        Function::Sin => input.sin(),
        Function::Cos => input.cos(),
        Function::Tan => input.tan(),
        Function::Degrees => input.degrees(),
        Function::Radians => input.radians(),
        Function::Clip => input.clip(argument(), argument()),
        Function::Shift => input.shift(argument()),
        Function::Diff(nulls) => {
            let nulls = match nulls {
                NullBehavior::Drop => polars::series::ops::NullBehavior::Drop,
                NullBehavior::Ignore => polars::series::ops::NullBehavior::Ignore,
            };
            input.diff(argument(), nulls)
        }
        Function::CumSum { reverse } => input.cum_sum(*reverse),
        Function::CumProd { reverse } => input.cum_prod(*reverse),
        Function::CumMin { reverse } => input.cum_min(*reverse),
        Function::CumMax { reverse } => input.cum_max(*reverse),
        Function::CumCount { reverse } => input.cum_count(*reverse),
        Function::RollingMean(options) => input.rolling_mean(window(options)),
        Function::RollingSum(options) => input.rolling_sum(window(options)),
        Function::RollingMin(options) => input.rolling_min(window(options)),
        Function::RollingMax(options) => input.rolling_max(window(options)),
        Function::RollingStd(options) => input.rolling_std(window(options)),
        Function::Reverse => input.reverse(),
        Function::Unique => input.unique(),
        Function::UniqueStable => input.unique_stable(),
        Function::DropNulls => input.drop_nulls(),
        Function::DropNans => input.drop_nans(),
        Function::IsDuplicated => input.is_duplicated(),
        Function::IsUnique => input.is_unique(),
        Function::IsFirstDistinct => input.is_first_distinct(),
        Function::Slice => input.slice(argument(), argument()),
        Function::Str(_) | Function::Dt(_) => unreachable!("namespaces have their own functions"),
    }
}

fn window(options: &RollingOptionsFixedWindow) -> pl::RollingOptionsFixedWindow {
    pl::RollingOptionsFixedWindow {
        window_size: options.window_size,
        min_periods: options.min_periods,
        center: options.center,
        ..Default::default()
    }
}

fn string_function(
    function: &StringFunction,
    input: pl::Expr,
    mut rest: impl Iterator<Item = pl::Expr>,
) -> Result<pl::Expr> {
    let mut argument = || rest.next().unwrap_or_else(|| pl::lit(pl::NULL));
    let input = input.str();
    Ok(match function {
        StringFunction::ToUppercase => input.to_uppercase(),
        StringFunction::ToLowercase => input.to_lowercase(),
        StringFunction::Contains { strict } => input.contains(argument(), *strict),
        StringFunction::ContainsLiteral => input.contains_literal(argument()),
        StringFunction::StartsWith => input.starts_with(argument()),
        StringFunction::EndsWith => input.ends_with(argument()),
        StringFunction::LenChars => input.len_chars(),
        StringFunction::LenBytes => input.len_bytes(),
        StringFunction::Replace { literal } => input.replace(argument(), argument(), *literal),
        StringFunction::ReplaceAll { literal } => {
            input.replace_all(argument(), argument(), *literal)
        }
        StringFunction::StripChars => input.strip_chars(argument()),
        StringFunction::StripCharsStart => input.strip_chars_start(argument()),
        StringFunction::StripCharsEnd => input.strip_chars_end(argument()),
        StringFunction::StripPrefix => input.strip_prefix(argument()),
        StringFunction::StripSuffix => input.strip_suffix(argument()),
        StringFunction::Slice => input.slice(argument(), argument()),
        StringFunction::Head => input.head(argument()),
        StringFunction::Tail => input.tail(argument()),
        StringFunction::Extract { group_index } => input.extract(argument(), *group_index),
        StringFunction::CountMatches { literal } => input.count_matches(argument(), *literal),
        StringFunction::Split => input.split(argument()),
        StringFunction::ToDate(options) => input.to_date(strptime(options)),
        StringFunction::ToTime(options) => input.to_time(strptime(options)),
        StringFunction::ToDatetime(unit, zone, options) => input.to_datetime(
            unit.map(to_unit),
            zone.as_deref().map(to_zone).transpose()?,
            strptime(options),
            argument(),
        ),
    })
}

fn strptime(options: &StrptimeOptions) -> pl::StrptimeOptions {
    pl::StrptimeOptions {
        format: options.format.as_deref().map(Into::into),
        strict: options.strict,
        exact: options.exact,
        cache: options.cache,
    }
}

fn temporal_function(
    function: &TemporalFunction,
    input: pl::Expr,
    mut rest: impl Iterator<Item = pl::Expr>,
) -> Result<pl::Expr> {
    let mut argument = || rest.next().unwrap_or_else(|| pl::lit(pl::NULL));
    let input = input.dt();
    Ok(match function {
        TemporalFunction::Year => input.year(),
        TemporalFunction::IsoYear => input.iso_year(),
        TemporalFunction::Quarter => input.quarter(),
        TemporalFunction::Month => input.month(),
        TemporalFunction::Week => input.week(),
        TemporalFunction::Weekday => input.weekday(),
        TemporalFunction::Day => input.day(),
        TemporalFunction::OrdinalDay => input.ordinal_day(),
        TemporalFunction::Hour => input.hour(),
        TemporalFunction::Minute => input.minute(),
        TemporalFunction::Second => input.second(),
        TemporalFunction::Millisecond => input.millisecond(),
        TemporalFunction::Microsecond => input.microsecond(),
        TemporalFunction::Nanosecond => input.nanosecond(),
        TemporalFunction::Date => input.date(),
        TemporalFunction::Time => input.time(),
        TemporalFunction::IsLeapYear => input.is_leap_year(),
        TemporalFunction::Timestamp(unit) => input.timestamp(to_unit(*unit)),
        TemporalFunction::Truncate => input.truncate(argument()),
        TemporalFunction::Round => input.round(argument()),
        TemporalFunction::Strftime(format) => input.strftime(format),
        TemporalFunction::ConvertTimeZone(zone) => input.convert_time_zone(to_zone(zone)?),
        TemporalFunction::TotalDays { fractional } => input.total_days(*fractional),
        TemporalFunction::TotalHours { fractional } => input.total_hours(*fractional),
        TemporalFunction::TotalMinutes { fractional } => input.total_minutes(*fractional),
        TemporalFunction::TotalSeconds { fractional } => input.total_seconds(*fractional),
        TemporalFunction::TotalMilliseconds { fractional } => input.total_milliseconds(*fractional),
    })
}
