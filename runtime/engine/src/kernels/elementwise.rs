//! Element-wise functions on strips. One call a strip, one tight loop for each function and dtype.

use std::ops::{BitAnd, BitOr, BitXor, Not, Range};

use dagbok::array::{Buffer, Element, Ufunc};
use dagbok::{DType, Error, ErrorKind, Result, each_buffer};

use super::number::Number;

/// An operand of a function on a strip.
#[derive(Clone)]
pub(crate) enum Argument<'a> {
    /// These elements of a buffer.
    Slice(&'a Buffer, Range<usize>),
    /// The only element of a buffer, for all.
    One(&'a Buffer),
}

/// An [`Argument`] of known type.
#[derive(Clone, Copy)]
enum Typed<'a, T> {
    Slice(&'a [T]),
    One(T),
}

impl<'a> Argument<'a> {
    pub(crate) fn dtype(&self) -> DType {
        match self {
            Argument::Slice(buffer, _) | Argument::One(buffer) => buffer.dtype(),
        }
    }

    fn typed<T: Element>(&self) -> Typed<'a, T> {
        const PLANNED: &str = "an operand is cast to the dtype in which the function computes";
        match self {
            Argument::Slice(buffer, range) => {
                Typed::Slice(&T::slice(buffer).expect(PLANNED)[range.clone()])
            }
            Argument::One(buffer) => Typed::One(T::slice(buffer).expect(PLANNED)[0]),
        }
    }
}

/// Appends `function` of `len` elements of each argument to `out`.
///
/// # Errors
/// [`ErrorKind::Value`] for integers raised to negative powers.
pub(crate) fn apply(
    function: Ufunc,
    arguments: &[Argument<'_>],
    len: usize,
    out: &mut Buffer,
) -> Result<()> {
    let ready = Call {
        function,
        arguments,
        len,
    };
    match function {
        Ufunc::Identity => ready.cast(out),
        Ufunc::Where => ready.select(out),
        Ufunc::Equal
        | Ufunc::NotEqual
        | Ufunc::Less
        | Ufunc::LessEqual
        | Ufunc::Greater
        | Ufunc::GreaterEqual => ready.compare(vector(out)),
        _ => match arguments[0].dtype() {
            DType::Bool => ready.logic(vector(out)),
            DType::U8 => return ready.integer::<u8>(out),
            DType::U16 => return ready.integer::<u16>(out),
            DType::U32 => return ready.integer::<u32>(out),
            DType::U64 => return ready.integer::<u64>(out),
            DType::I8 => return ready.integer::<i8>(out),
            DType::I16 => return ready.integer::<i16>(out),
            DType::I32 => return ready.integer::<i32>(out),
            DType::I64 => return ready.integer::<i64>(out),
            DType::F32 => ready.float32(out),
            DType::F64 => ready.float64(out),
        },
    }
    Ok(())
}

fn vector<T: Element>(out: &mut Buffer) -> &mut Vec<T> {
    T::vector(out).expect("a result has the dtype that the function's signature says")
}

struct Call<'a> {
    function: Ufunc,
    arguments: &'a [Argument<'a>],
    len: usize,
}

impl Call<'_> {
    fn one<T: Element, U: Copy>(&self, out: &mut Vec<U>, function: impl Fn(T) -> U) {
        match self.arguments[0].typed::<T>() {
            Typed::Slice(values) => out.extend(values.iter().map(|&value| function(value))),
            Typed::One(value) => out.resize(out.len() + self.len, function(value)),
        }
    }

    fn two<T: Element, U: Copy>(&self, out: &mut Vec<U>, function: impl Fn(T, T) -> U) {
        match (
            self.arguments[0].typed::<T>(),
            self.arguments[1].typed::<T>(),
        ) {
            (Typed::Slice(left), Typed::Slice(right)) => {
                let pairs = left.iter().zip(right);
                out.extend(pairs.map(|(&left, &right)| function(left, right)));
            }
            (Typed::Slice(left), Typed::One(right)) => {
                out.extend(left.iter().map(|&left| function(left, right)));
            }
            (Typed::One(left), Typed::Slice(right)) => {
                out.extend(right.iter().map(|&right| function(left, right)));
            }
            (Typed::One(left), Typed::One(right)) => {
                out.resize(out.len() + self.len, function(left, right));
            }
        }
    }

    fn cast(&self, out: &mut Buffer) {
        match &self.arguments[0] {
            Argument::Slice(buffer, range) => buffer.cast_into(range.clone(), out),
            Argument::One(buffer) => {
                for _ in 0..self.len {
                    buffer.cast_into(0..1, out);
                }
            }
        }
    }

    fn select(&self, out: &mut Buffer) {
        fn select<T: Element>(call: &Call<'_>, out: &mut Vec<T>) {
            let [condition, left, right] = call.arguments else {
                unreachable!("`where` has three operands");
            };
            let at = |values: Typed<'_, T>, idx: usize| match values {
                Typed::Slice(values) => values[idx],
                Typed::One(value) => value,
            };
            let (left, right) = (left.typed::<T>(), right.typed::<T>());
            match condition.typed::<bool>() {
                Typed::Slice(conditions) => {
                    out.extend(conditions.iter().enumerate().map(|(idx, &condition)| {
                        let (left, right) = (at(left, idx), at(right, idx));
                        if condition { left } else { right }
                    }));
                }
                Typed::One(condition) => {
                    let chosen = if condition { left } else { right };
                    out.extend((0..call.len).map(|idx| at(chosen, idx)));
                }
            }
        }
        each_buffer!(out, out => select(self, out));
    }

    fn compare(&self, out: &mut Vec<bool>) {
        match (self.arguments[0].dtype(), self.arguments[1].dtype()) {
            (DType::I64, DType::U64) => self.compare_exactly::<i64, u64>(out),
            (DType::U64, DType::I64) => self.compare_exactly::<u64, i64>(out),
            (DType::Bool, _) => self.compare_as::<bool>(out),
            (DType::U8, _) => self.compare_as::<u8>(out),
            (DType::U16, _) => self.compare_as::<u16>(out),
            (DType::U32, _) => self.compare_as::<u32>(out),
            (DType::U64, _) => self.compare_as::<u64>(out),
            (DType::I8, _) => self.compare_as::<i8>(out),
            (DType::I16, _) => self.compare_as::<i16>(out),
            (DType::I32, _) => self.compare_as::<i32>(out),
            (DType::I64, _) => self.compare_as::<i64>(out),
            (DType::F32, _) => self.compare_as::<f32>(out),
            (DType::F64, _) => self.compare_as::<f64>(out),
        }
    }

    fn compare_as<T: Element + PartialOrd>(&self, out: &mut Vec<bool>) {
        match self.function {
            Ufunc::Equal => self.two::<T, _>(out, |left, right| left == right),
            Ufunc::NotEqual => self.two::<T, _>(out, |left, right| left != right),
            Ufunc::Less => self.two::<T, _>(out, |left, right| left < right),
            Ufunc::LessEqual => self.two::<T, _>(out, |left, right| left <= right),
            Ufunc::Greater => self.two::<T, _>(out, |left, right| left > right),
            Ufunc::GreaterEqual => self.two::<T, _>(out, |left, right| left >= right),
            other => unreachable!("`{}` is no comparison", other.name()),
        }
    }

    /// Numbers of two dtypes that no dtype holds both.
    fn compare_exactly<T: Element + Into<i128>, U: Element + Into<i128>>(
        &self,
        out: &mut Vec<bool>,
    ) {
        let (left, right) = (
            self.arguments[0].typed::<T>(),
            self.arguments[1].typed::<U>(),
        );
        for idx in 0..self.len {
            let left: i128 = match left {
                Typed::Slice(values) => values[idx].into(),
                Typed::One(value) => value.into(),
            };
            let right: i128 = match right {
                Typed::Slice(values) => values[idx].into(),
                Typed::One(value) => value.into(),
            };
            out.push(match self.function {
                Ufunc::Equal => left == right,
                Ufunc::NotEqual => left != right,
                Ufunc::Less => left < right,
                Ufunc::LessEqual => left <= right,
                Ufunc::Greater => left > right,
                Ufunc::GreaterEqual => left >= right,
                other => unreachable!("`{}` is no comparison", other.name()),
            });
        }
    }

    fn logic(&self, out: &mut Vec<bool>) {
        match self.function {
            Ufunc::Add | Ufunc::Maximum | Ufunc::BitwiseOr => self.two(out, bool::bitor),
            Ufunc::Multiply | Ufunc::Minimum | Ufunc::BitwiseAnd => self.two(out, bool::bitand),
            Ufunc::BitwiseXor => self.two(out, bool::bitxor),
            Ufunc::Invert => self.one(out, bool::not),
            Ufunc::IsNan | Ufunc::IsInf => self.one(out, |_: bool| false),
            Ufunc::IsFinite => self.one(out, |_: bool| true),
            _ => self.one(out, |value: bool| value),
        }
    }

    /// Functions of all numbers.
    fn number<T: Number>(&self, out: &mut Buffer) -> Handled {
        match self.function {
            Ufunc::Add => self.two(vector(out), T::add),
            Ufunc::Subtract => self.two(vector(out), T::subtract),
            Ufunc::Multiply => self.two(vector(out), T::multiply),
            Ufunc::Divide => self.two(vector(out), T::divide),
            Ufunc::FloorDivide => self.two(vector(out), T::floor_divide),
            Ufunc::Remainder => self.two(vector(out), T::remainder),
            Ufunc::Power => self.two(vector(out), T::power),
            Ufunc::Maximum => self.two(vector(out), T::maximum),
            Ufunc::Minimum => self.two(vector(out), T::minimum),
            Ufunc::Negative => self.one(vector(out), T::negative),
            Ufunc::Absolute => self.one(vector(out), T::absolute),
            Ufunc::Sign => self.one(vector(out), T::sign),
            Ufunc::Square => self.one(vector(out), |value: T| value.multiply(value)),
            Ufunc::Reciprocal => self.one(vector(out), T::reciprocal),
            Ufunc::IsNan => self.one(vector(out), |value: T| value.is_nan()),
            Ufunc::IsInf => self.one(vector(out), |value: T| value.is_infinite()),
            Ufunc::IsFinite => {
                self.one(vector(out), |value: T| {
                    !value.is_nan() && !value.is_infinite()
                });
            }
            _ => return Handled::No,
        }
        Handled::Yes
    }

    fn integer<T>(&self, out: &mut Buffer) -> Result<()>
    where
        T: Number + BitAnd<Output = T> + BitOr<Output = T> + BitXor<Output = T> + Not<Output = T>,
    {
        if self.function == Ufunc::Power {
            self.check_exponents::<T>()?;
        }
        if self.number::<T>(out) == Handled::Yes {
            return Ok(());
        }
        match self.function {
            Ufunc::BitwiseAnd => self.two(vector(out), T::bitand),
            Ufunc::BitwiseOr => self.two(vector(out), T::bitor),
            Ufunc::BitwiseXor => self.two(vector(out), T::bitxor),
            Ufunc::Invert => self.one(vector(out), T::not),
            _ => self.one(vector(out), |value: T| value),
        }
        Ok(())
    }

    fn check_exponents<T: Number>(&self) -> Result<()> {
        let bad = match self.arguments[1].typed::<T>() {
            Typed::Slice(exponents) => exponents.iter().any(|exponent| exponent.is_bad_exponent()),
            Typed::One(exponent) => exponent.is_bad_exponent(),
        };
        if bad {
            return Err(Error::new(
                ErrorKind::Value,
                "integers cannot be raised to negative powers",
            ));
        }
        Ok(())
    }
}

#[derive(PartialEq, Eq)]
enum Handled {
    Yes,
    No,
}

macro_rules! float_functions {
    ($($method:ident $type:ident;)+) => {
        impl Call<'_> {$(
            fn $method(&self, out: &mut Buffer) {
                if self.number::<$type>(out) == Handled::Yes {
                    return;
                }
                let out = vector::<$type>(out);
                match self.function {
                    Ufunc::Arctan2 => self.two(out, $type::atan2),
                    Ufunc::Hypot => self.two(out, $type::hypot),
                    Ufunc::Sqrt => self.one(out, $type::sqrt),
                    Ufunc::Exp => self.one(out, $type::exp),
                    Ufunc::Expm1 => self.one(out, $type::exp_m1),
                    Ufunc::Log => self.one(out, $type::ln),
                    Ufunc::Log2 => self.one(out, $type::log2),
                    Ufunc::Log10 => self.one(out, $type::log10),
                    Ufunc::Log1p => self.one(out, $type::ln_1p),
                    Ufunc::Sin => self.one(out, $type::sin),
                    Ufunc::Cos => self.one(out, $type::cos),
                    Ufunc::Tan => self.one(out, $type::tan),
                    Ufunc::Arcsin => self.one(out, $type::asin),
                    Ufunc::Arccos => self.one(out, $type::acos),
                    Ufunc::Arctan => self.one(out, $type::atan),
                    Ufunc::Sinh => self.one(out, $type::sinh),
                    Ufunc::Cosh => self.one(out, $type::cosh),
                    Ufunc::Tanh => self.one(out, $type::tanh),
                    Ufunc::Floor => self.one(out, $type::floor),
                    Ufunc::Ceil => self.one(out, $type::ceil),
                    Ufunc::Trunc => self.one(out, $type::trunc),
                    Ufunc::Round => self.one(out, $type::round_ties_even),
                    other => unreachable!("`{}` does not compute in floats", other.name()),
                }
            }
        )+}
    };
}

float_functions! {
    float32 f32;
    float64 f64;
}
