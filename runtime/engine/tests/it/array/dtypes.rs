//! The dtypes and values of NumPy 2 for every pair of dtypes.

use dagbok::array::Operand;
use dagbok::prelude::*;

use super::{check, raised};

fn ones_of(dtype: DType) -> Array {
    Array::from([1_u8, 1]).astype(dtype)
}

/// The dtypes of `operation` on every pair, a row for each left one; `-` where it is an error.
#[track_caller]
fn check_table(operation: impl Fn(Array, Array) -> Array, expected: &str) {
    let rows = expected.trim().lines();
    for (left, row) in DType::ALL.into_iter().zip(rows) {
        for (right, expected) in DType::ALL.into_iter().zip(row.split_whitespace()) {
            let result = attempt(|| operation(ones_of(left), ones_of(right)));
            let result = result.map_or("-", |array| array.dtype().name());
            assert_eq!(result, expected, "of {left} and {right}");
        }
    }
}

/// The dtypes of `operation` on each dtype.
#[track_caller]
fn check_row(operation: impl Fn(Array) -> Array, expected: &str) {
    for (dtype, expected) in DType::ALL.into_iter().zip(expected.split_whitespace()) {
        let result = attempt(|| operation(ones_of(dtype)));
        let result = result.map_or("-", |array| array.dtype().name());
        assert_eq!(result, expected, "of {dtype}");
    }
}

const PROMOTED: &str = "
        bool   u8  u16  u32  u64   i8  i16  i32  i64  f32  f64
          u8   u8  u16  u32  u64  i16  i16  i32  i64  f32  f64
         u16  u16  u16  u32  u64  i32  i32  i32  i64  f32  f64
         u32  u32  u32  u32  u64  i64  i64  i64  i64  f64  f64
         u64  u64  u64  u64  u64  f64  f64  f64  f64  f64  f64
          i8  i16  i32  i64  f64   i8  i16  i32  i64  f32  f64
         i16  i16  i32  i64  f64  i16  i16  i32  i64  f32  f64
         i32  i32  i32  i64  f64  i32  i32  i32  i64  f64  f64
         i64  i64  i64  i64  f64  i64  i64  i64  i64  f64  f64
         f32  f32  f32  f64  f64  f32  f32  f64  f64  f32  f64
         f64  f64  f64  f64  f64  f64  f64  f64  f64  f64  f64
";

#[test]
fn pairs() {
    check_table(|a, b| a + b, PROMOTED);
    check_table(|a, b| a * b, PROMOTED);
    check_table(|a, b| a.maximum(b), PROMOTED);
    check_table(|a, b| where_(Array::from([true, false]), a, b), PROMOTED);
    check_table(|a, b| concatenate(&[a, b], 0), PROMOTED);
    check_table(|a, b| a - b, &PROMOTED.replacen("bool", "-", 1));
    check_table(
        |a, b| a.floor_divide(b),
        &PROMOTED.replacen("bool", "i8", 1),
    );
    check_table(|a, b| a % b, &PROMOTED.replacen("bool", "i8", 1));
    check_table(|a, b| a.pow(b), &PROMOTED.replacen("bool", "i8", 1));
    check_table(
        |a, b| a / b,
        "
         f64  f64  f64  f64  f64  f64  f64  f64  f64  f32  f64
         f64  f64  f64  f64  f64  f64  f64  f64  f64  f32  f64
         f64  f64  f64  f64  f64  f64  f64  f64  f64  f32  f64
         f64  f64  f64  f64  f64  f64  f64  f64  f64  f64  f64
         f64  f64  f64  f64  f64  f64  f64  f64  f64  f64  f64
         f64  f64  f64  f64  f64  f64  f64  f64  f64  f32  f64
         f64  f64  f64  f64  f64  f64  f64  f64  f64  f32  f64
         f64  f64  f64  f64  f64  f64  f64  f64  f64  f64  f64
         f64  f64  f64  f64  f64  f64  f64  f64  f64  f64  f64
         f32  f32  f32  f64  f64  f32  f32  f64  f64  f32  f64
         f64  f64  f64  f64  f64  f64  f64  f64  f64  f64  f64
",
    );
    check_table(
        |a, b| a & b,
        "
        bool   u8  u16  u32  u64   i8  i16  i32  i64    -    -
          u8   u8  u16  u32  u64  i16  i16  i32  i64    -    -
         u16  u16  u16  u32  u64  i32  i32  i32  i64    -    -
         u32  u32  u32  u32  u64  i64  i64  i64  i64    -    -
         u64  u64  u64  u64  u64    -    -    -    -    -    -
          i8  i16  i32  i64    -   i8  i16  i32  i64    -    -
         i16  i16  i32  i64    -  i16  i16  i32  i64    -    -
         i32  i32  i32  i64    -  i32  i32  i32  i64    -    -
         i64  i64  i64  i64    -  i64  i64  i64  i64    -    -
           -    -    -    -    -    -    -    -    -    -    -
           -    -    -    -    -    -    -    -    -    -    -
",
    );
    check_table(
        |a, b| a.arctan2(b),
        "
         f32  f32  f32  f64  f64  f32  f32  f64  f64  f32  f64
         f32  f32  f32  f64  f64  f32  f32  f64  f64  f32  f64
         f32  f32  f32  f64  f64  f32  f32  f64  f64  f32  f64
         f64  f64  f64  f64  f64  f64  f64  f64  f64  f64  f64
         f64  f64  f64  f64  f64  f64  f64  f64  f64  f64  f64
         f32  f32  f32  f64  f64  f32  f32  f64  f64  f32  f64
         f32  f32  f32  f64  f64  f32  f32  f64  f64  f32  f64
         f64  f64  f64  f64  f64  f64  f64  f64  f64  f64  f64
         f64  f64  f64  f64  f64  f64  f64  f64  f64  f64  f64
         f32  f32  f32  f64  f64  f32  f32  f64  f64  f32  f64
         f64  f64  f64  f64  f64  f64  f64  f64  f64  f64  f64
",
    );
}

#[test]
fn single() {
    check_row(|a| -a, "- u8 u16 u32 u64 i8 i16 i32 i64 f32 f64");
    check_row(|a| !a, "bool u8 u16 u32 u64 i8 i16 i32 i64 - -");
    check_row(|a| a.abs(), "bool u8 u16 u32 u64 i8 i16 i32 i64 f32 f64");
    check_row(|a| a.sign(), "- u8 u16 u32 u64 i8 i16 i32 i64 f32 f64");
    check_row(|a| a.square(), "i8 u8 u16 u32 u64 i8 i16 i32 i64 f32 f64");
    check_row(|a| a.sqrt(), "f32 f32 f32 f64 f64 f32 f32 f64 f64 f32 f64");
    check_row(|a| a.floor(), "bool u8 u16 u32 u64 i8 i16 i32 i64 f32 f64");
    check_row(
        |a| a.isnan(),
        "bool bool bool bool bool bool bool bool bool bool bool",
    );
    check_row(|a| a.sum(()), "i64 u64 u64 u64 u64 i64 i64 i64 i64 f32 f64");
    check_row(
        |a| a.prod(()),
        "i64 u64 u64 u64 u64 i64 i64 i64 i64 f32 f64",
    );
    check_row(
        |a| a.mean(()),
        "f64 f64 f64 f64 f64 f64 f64 f64 f64 f32 f64",
    );
    check_row(|a| a.var(()), "f64 f64 f64 f64 f64 f64 f64 f64 f64 f32 f64");
    check_row(|a| a.min(()), "bool u8 u16 u32 u64 i8 i16 i32 i64 f32 f64");
    check_row(
        |a| a.argmax(()),
        "i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64",
    );
    check_row(
        |a| a.any(()),
        "bool bool bool bool bool bool bool bool bool bool bool",
    );
    check_row(|a| a + 1, "i64 u8 u16 u32 u64 i8 i16 i32 i64 f32 f64");
    check_row(|a| 1.0 + a, "f64 f64 f64 f64 f64 f64 f64 f64 f64 f32 f64");
    check_row(|a| a + true, "bool u8 u16 u32 u64 i8 i16 i32 i64 f32 f64");
    check_row(|a| a + 1_f32, "f32 f32 f32 f64 f64 f32 f32 f64 f64 f32 f64");
    check_row(|a| a + 1_u8, "u8 u8 u16 u32 u64 i16 i16 i32 i64 f32 f64");
    check_row(|a| a.dot(&a), "bool u8 u16 u32 u64 i8 i16 i32 i64 f32 f64");
}

/// `operation` on every pair of `values`.
#[track_caller]
fn check_pairs<T: dagbok::array::Element, const N: usize>(
    values: [T; N],
    operation: impl Fn(Array, Array) -> Array,
    expected: [[T; N]; N],
) {
    let column = Array::from(values).expand_dims(1).rechunk(3);
    let row = Array::from(values).rechunk(2);
    check(&operation(column, row), expected);
}

#[test]
fn integer_arithmetic() {
    let values: [i8; 7] = [-128, -7, -1, 0, 1, 7, 127];
    check_pairs(
        values,
        |a, b| a.floor_divide(b),
        [
            [1, 18, -128, 0, -128, -19, -2],
            [0, 1, 7, 0, -7, -1, -1],
            [0, 0, 1, 0, -1, -1, -1],
            [0, 0, 0, 0, 0, 0, 0],
            [-1, -1, -1, 0, 1, 0, 0],
            [-1, -1, -7, 0, 7, 1, 0],
            [-1, -19, -127, 0, 127, 18, 1],
        ],
    );
    check_pairs(
        values,
        |a, b| a % b,
        [
            [0, -2, 0, 0, 0, 5, 126],
            [-7, 0, 0, 0, 0, 0, 120],
            [-1, -1, 0, 0, 0, 6, 126],
            [0, 0, 0, 0, 0, 0, 0],
            [-127, -6, 0, 0, 0, 1, 1],
            [-121, 0, 0, 0, 0, 0, 7],
            [-1, -6, 0, 0, 0, 1, 0],
        ],
    );
    check_pairs(
        values,
        |a, b| a + b,
        [
            [0, 121, 127, -128, -127, -121, -1],
            [121, -14, -8, -7, -6, 0, 120],
            [127, -8, -2, -1, 0, 6, 126],
            [-128, -7, -1, 0, 1, 7, 127],
            [-127, -6, 0, 1, 2, 8, -128],
            [-121, 0, 6, 7, 8, 14, -122],
            [-1, 120, 126, 127, -128, -122, -2],
        ],
    );
    check_pairs(
        values,
        |a, b| a * b,
        [
            [0, -128, -128, 0, -128, -128, -128],
            [-128, 49, 7, 0, -7, -49, -121],
            [-128, 7, 1, 0, -1, -7, -127],
            [0, 0, 0, 0, 0, 0, 0],
            [-128, -7, -1, 0, 1, 7, 127],
            [-128, -49, -7, 0, 7, 49, 121],
            [-128, -121, -127, 0, 127, 121, 1],
        ],
    );
}

#[test]
fn float_arithmetic() {
    const INF: f64 = f64::INFINITY;
    const NAN: f64 = f64::NAN;
    let values = [-7.5, -0.0, 0.0, 2.0, INF, -INF, NAN];
    check_pairs(
        values,
        |a, b| a.floor_divide(b),
        [
            [1.0, INF, -INF, -4.0, -1.0, 0.0, NAN],
            [0.0, NAN, NAN, -0.0, -0.0, 0.0, NAN],
            [-0.0, NAN, NAN, 0.0, 0.0, -0.0, NAN],
            [-1.0, -INF, INF, 1.0, 0.0, -1.0, NAN],
            [NAN, -INF, INF, NAN, NAN, NAN, NAN],
            [NAN, INF, -INF, NAN, NAN, NAN, NAN],
            [NAN, NAN, NAN, NAN, NAN, NAN, NAN],
        ],
    );
    check_pairs(
        values,
        |a, b| a % b,
        [
            [-0.0, NAN, NAN, 0.5, INF, -7.5, NAN],
            [-0.0, NAN, NAN, 0.0, 0.0, -0.0, NAN],
            [-0.0, NAN, NAN, 0.0, 0.0, -0.0, NAN],
            [-5.5, NAN, NAN, 0.0, 2.0, -INF, NAN],
            [NAN, NAN, NAN, NAN, NAN, NAN, NAN],
            [NAN, NAN, NAN, NAN, NAN, NAN, NAN],
            [NAN, NAN, NAN, NAN, NAN, NAN, NAN],
        ],
    );
    check_pairs(
        values,
        |a, b| a.maximum(b),
        [
            [-7.5, -0.0, 0.0, 2.0, INF, -7.5, NAN],
            [-0.0, -0.0, 0.0, 2.0, INF, -0.0, NAN],
            [0.0, -0.0, 0.0, 2.0, INF, 0.0, NAN],
            [2.0, 2.0, 2.0, 2.0, INF, 2.0, NAN],
            [INF, INF, INF, INF, INF, INF, NAN],
            [-7.5, -0.0, 0.0, 2.0, INF, -INF, NAN],
            [NAN, NAN, NAN, NAN, NAN, NAN, NAN],
        ],
    );
    check_pairs(
        values,
        |a, b| a.minimum(b),
        [
            [-7.5, -7.5, -7.5, -7.5, -7.5, -INF, NAN],
            [-7.5, -0.0, 0.0, -0.0, -0.0, -INF, NAN],
            [-7.5, -0.0, 0.0, 0.0, 0.0, -INF, NAN],
            [-7.5, -0.0, 0.0, 2.0, 2.0, -INF, NAN],
            [-7.5, -0.0, 0.0, 2.0, INF, -INF, NAN],
            [-INF, -INF, -INF, -INF, -INF, -INF, NAN],
            [NAN, NAN, NAN, NAN, NAN, NAN, NAN],
        ],
    );
}

#[test]
fn casts() {
    let x = Array::from([-1.5, 300.7, f64::NAN, f64::INFINITY, 0.0]);
    check(&x.astype(DType::I32), [-1, 300, 0, i32::MAX, 0]);
    check(&x.astype(DType::Bool), [true, true, true, true, false]);
    check(
        &Array::from([-1_i64, 256, 511]).astype(DType::U8),
        [255_u8, 0, 255],
    );
    check(&Array::from([true, false]).astype(DType::F32), [1_f32, 0.0]);
}

#[test]
fn scalars() {
    let u8s = Array::from([1_u8, 2, 255]);
    check(&(&u8s + 1), [2_u8, 3, 0]);
    check(&u8s.lt(256), [true, true, true]);
    check(&u8s.gt(-1), [true, true, true]);
    assert_eq!(
        raised(|| &u8s + -1),
        "scalar `-1` does not fit into dtype `u8`"
    );
    let big = Array::from([u64::MAX, 5]);
    check(&big.gt(Array::from([i64::MAX, -5])), [true, true]);
    check(&Array::from([i64::MAX, -5]).lt(big), [true, true]);
    check(&(2 - Array::from([1, 2])), [1, 0]);
    check(&(Array::from([1_f32]) * 0.1), [0.1_f32]);
    check(&Array::from([true, false]).pow(2), [1_i64, 0]);
}

#[test]
fn powers() {
    let x = Array::from([2_i64, -3, 0]);
    check(&x.pow(0), [1_i64, 1, 1]);
    check(&x.pow(2), [4_i64, 9, 0]);
    check(&x.pow(-1.0), [0.5, -1.0 / 3.0, f64::INFINITY]);
    check(&Array::from([2.0, 9.0]).pow(0.5), [2.0_f64.sqrt(), 3.0]);
    check(&Array::from([3_u8]).pow(200), [161_u8]);
    assert_eq!(
        raised(|| x.pow(-1)),
        "integers cannot be raised to the negative power `-1`"
    );
    let bad = super::oracle::compute(&x.pow(Array::from([1_i64, -1, 2]))).unwrap_err();
    assert_eq!(
        bad.to_string(),
        "integers cannot be raised to negative powers"
    );
}

#[test]
fn functions() {
    let x = Array::from([-1.5, -0.5, 0.5, 2.0]).rechunk(3);
    let each = |function: fn(f64) -> f64| [-1.5, -0.5, 0.5, 2.0].map(function);
    check(&x.exp(), each(f64::exp));
    check(&x.expm1(), each(f64::exp_m1));
    check(&x.log(), each(f64::ln));
    check(&x.log2(), each(f64::log2));
    check(&x.log10(), each(f64::log10));
    check(&x.log1p(), each(f64::ln_1p));
    check(&x.sin(), each(f64::sin));
    check(&x.cos(), each(f64::cos));
    check(&x.tan(), each(f64::tan));
    check(&x.arcsin(), each(f64::asin));
    check(&x.arccos(), each(f64::acos));
    check(&x.arctan(), each(f64::atan));
    check(&x.sinh(), each(f64::sinh));
    check(&x.cosh(), each(f64::cosh));
    check(&x.tanh(), each(f64::tanh));
    check(&x.floor(), [-2.0, -1.0, 0.0, 2.0]);
    check(&x.ceil(), [-1.0, -0.0, 1.0, 2.0]);
    check(&x.trunc(), [-1.0, -0.0, 0.0, 2.0]);
    check(&x.sign(), [-1.0, -1.0, 1.0, 1.0]);
    check(&x.abs(), [1.5, 0.5, 0.5, 2.0]);
    check(&x.reciprocal(), each(f64::recip));
    check(&x.clip(-1, 1.0), [-1.0, -0.5, 0.5, 1.0]);
    check(&x.hypot(1.0), each(|x| x.hypot(1.0)));
    check(&(-&x), each(|x| -x));
    let odd = Array::from([f64::NAN, f64::INFINITY, -f64::INFINITY, 1.0]);
    check(&odd.isnan(), [true, false, false, false]);
    check(&odd.isinf(), [false, true, true, false]);
    check(&odd.isfinite(), [false, false, false, true]);
    check(&odd.sign(), [f64::NAN, 1.0, -1.0, 1.0]);
    let whole = Array::from([-2, 0, 3]);
    check(&whole.sign(), [-1, 0, 1]);
    check(&whole.reciprocal(), [0, 0, 0]);
    check(&(!whole), [1, -1, -4]);
}

#[test]
fn bitwise_and_logic() {
    let (a, b) = (
        Array::from([true, true, false]),
        Array::from([true, false, false]),
    );
    check(&(&a & &b), [true, false, false]);
    check(&(&a | &b), [true, true, false]);
    check(&(&a ^ &b), [false, true, false]);
    check(&(&a + &b), [true, true, false]);
    check(&(&a * &b), [true, false, false]);
    check(&!&a, [false, false, true]);
    check(&(Array::from([12]) & 10), [8]);
    assert_eq!(
        raised(|| &a - &b),
        "cannot subtract arrays of dtype `bool`: use `^`"
    );
    assert_eq!(
        raised(|| -&a),
        "cannot apply `negative` to an array of dtype `bool`: use `!`"
    );
    assert_eq!(
        raised(|| Array::from([1.0]) & 1),
        "cannot apply `bitwise_and` to arrays of dtype `f64`"
    );
}

#[test]
fn functions_of_floats_and_scalars() {
    check_row(
        |a| a.arctan2(1.0),
        "f64 f64 f64 f64 f64 f64 f64 f64 f64 f32 f64",
    );
    check_row(
        |a| a.arctan2(1),
        "f32 f32 f32 f64 f64 f32 f32 f64 f64 f32 f64",
    );
}

#[test]
fn operands_of_every_form() {
    let x = Array::from([1.0, 2.0]);
    let forms: [Operand; 5] = [
        Operand::from(&x),
        Operand::from(x.clone()),
        Operand::from(NdArray::from([1.0, 2.0])),
        Operand::from(1.0),
        Operand::from(true),
    ];
    for form in forms {
        assert_eq!(x.maximum(form).dtype(), DType::F64);
    }
}
