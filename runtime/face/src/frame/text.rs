//! Expressions as text, for the details of a graph and for messages.

use std::fmt;

use super::expr::{ExprOp, Literal};
use super::function::{Agg, Function};
use super::{Expr, TemporalFunction};

/// Deeper parts of an expression are written as `…`.
const DEPTH_MAX: u32 = 24;

impl fmt::Debug for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write(self, f, 0)
    }
}

impl fmt::Display for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write(self, f, 0)
    }
}

fn write(expr: &Expr, f: &mut fmt::Formatter<'_>, depth: u32) -> fmt::Result {
    if depth > DEPTH_MAX {
        return f.write_str("…");
    }
    let inputs = expr.inputs();
    match expr.op() {
        ExprOp::Column(name) => f.write_str(name),
        ExprOp::All => f.write_str("all()"),
        ExprOp::Literal(literal) => write!(f, "{literal}"),
        ExprOp::Len => f.write_str("len()"),
        ExprOp::Binary(op) => {
            f.write_str(if depth > 0 { "(" } else { "" })?;
            write(&inputs[0], f, depth + 1)?;
            write!(f, " {} ", op.symbol())?;
            write(&inputs[1], f, depth + 1)?;
            f.write_str(if depth > 0 { ")" } else { "" })
        }
        ExprOp::Agg(agg) => call(f, depth, &agg_name(agg), inputs),
        ExprOp::Function(function) => call(f, depth, &function_name(function), inputs),
        ExprOp::Alias(name) => {
            write!(f, "{name}: ")?;
            write(&inputs[0], f, depth)
        }
        ExprOp::Cast { dtype, .. } => {
            write(&inputs[0], f, depth + 1)?;
            write!(f, ".cast({dtype})")
        }
        ExprOp::Filter => call(f, depth, "filter", inputs),
        ExprOp::Over => call(f, depth, "over", inputs),
        ExprOp::SortBy(_) => call(f, depth, "sort_by", inputs),
        ExprOp::Ternary => {
            for (word, input) in ["when(", ").then(", ").otherwise("].iter().zip(inputs) {
                f.write_str(word)?;
                write(input, f, depth + 1)?;
            }
            f.write_str(")")
        }
        ExprOp::Opaque(opaque) => write!(f, "{opaque:?}"),
    }
}

fn call(f: &mut fmt::Formatter<'_>, depth: u32, name: &str, inputs: &[Expr]) -> fmt::Result {
    write(&inputs[0], f, depth + 1)?;
    write!(f, ".{name}(")?;
    for (input_idx, input) in inputs[1..].iter().enumerate() {
        f.write_str(if input_idx == 0 { "" } else { ", " })?;
        write(input, f, 0)?;
    }
    f.write_str(")")
}

fn agg_name(agg: &Agg) -> String {
    match agg {
        Agg::Std(_) => "std".to_owned(),
        Agg::Var(_) => "var".to_owned(),
        Agg::Quantile(_) => "quantile".to_owned(),
        Agg::Any { .. } => "any".to_owned(),
        Agg::All { .. } => "all".to_owned(),
        Agg::NUnique => "n_unique".to_owned(),
        other => snake_case(&format!("{other:?}")),
    }
}

fn function_name(function: &Function) -> String {
    match function {
        Function::Str(function) => format!("str.{}", snake_case(&variant(function))),
        Function::Dt(TemporalFunction::Strftime(format)) => format!("dt.strftime[{format}]"),
        Function::Dt(function) => format!("dt.{}", snake_case(&variant(function))),
        function => snake_case(&variant(function)),
    }
}

/// The name of an enum's variant, without its fields.
fn variant(value: &dyn fmt::Debug) -> String {
    let mut name = format!("{value:?}");
    name.truncate(name.find([' ', '(']).unwrap_or(name.len()));
    name
}

fn snake_case(name: &str) -> String {
    let mut snake = String::with_capacity(name.len() + 4);
    for (idx, letter) in name.chars().enumerate() {
        if letter.is_uppercase() && idx > 0 {
            snake.push('_');
        }
        snake.extend(letter.to_lowercase());
    }
    snake
}

impl fmt::Display for Literal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Literal::Null => f.write_str("null"),
            Literal::Boolean(value) => write!(f, "{value}"),
            Literal::UInt8(value) => write!(f, "{value}"),
            Literal::UInt16(value) => write!(f, "{value}"),
            Literal::UInt32(value) => write!(f, "{value}"),
            Literal::UInt64(value) => write!(f, "{value}"),
            Literal::Int8(value) => write!(f, "{value}"),
            Literal::Int16(value) => write!(f, "{value}"),
            Literal::Int32(value) => write!(f, "{value}"),
            Literal::Int64(value) => write!(f, "{value}"),
            Literal::Float32(value) => write!(f, "{value:?}"),
            Literal::Float64(value) => write!(f, "{value:?}"),
            Literal::String(value) => write!(f, "{value:?}"),
            Literal::Values(values) => write!(f, "{} values", values.len()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{SortMultipleOptions, all, col, len, lit, when};
    use super::*;

    #[test]
    fn text() {
        let check = |expr: Expr, text: &str| assert_eq!(expr.to_string(), text);
        check(col("a"), "a");
        check(col("*"), "all()");
        check(col("a").gt(1), "a > 1");
        check(col("a") * 2.0 + col("b"), "(a * 2.0) + b");
        check(col("a").sum().alias("total"), "total: a.sum()");
        check((col("a") - col("a").mean()).abs(), "(a - a.mean()).abs()");
        check(
            col("s").str().starts_with(lit("x")),
            "s.str.starts_with(\"x\")",
        );
        check(col("d").dt().ordinal_day(), "d.dt.ordinal_day()");
        check(col("a").is_in([1, 2], false), "a.is_in(2 values)");
        check(col("a").sum().over(["k"]), "a.sum().over(k)");
        check(
            when(col("a").is_null()).then(0).otherwise(col("a")),
            "when(a.is_null()).then(0).otherwise(a)",
        );
        check(
            all()
                .sort_by("k", SortMultipleOptions::default())
                .n_unique(),
            "all().sort_by(k).n_unique()",
        );
        check(len(), "len()");
    }

    #[test]
    fn deep_expressions_are_cut_and_dropped() {
        let deep = (0..200_000).fold(col("a"), |expr, _| expr + 1);
        assert_eq!(deep.depth(), 200_001);
        assert!(deep.to_string().contains('…'));
    }

    #[test]
    fn equal_expressions_share_their_token() {
        let build = |n: f64| (col("a") + n).sum().alias("x").token();
        assert_eq!(build(1.0), build(1.0));
        assert_ne!(build(1.0), build(2.0));
        assert_ne!(col("a").token(), lit("a").token());
        assert_ne!((col("a") - col("b")).token(), (col("b") - col("a")).token());
    }
}
