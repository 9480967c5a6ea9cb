//! Operators between arrays, references to arrays and numbers.
//!
//! On the right stands whatever becomes an [`Operand`]. On the left stands an array, or a number: of the two types `i64`
//! and `f64` alone, so that the compiler knows the type of `2 * &x` before it knows that of `2`, and `(2 * &x).sum(())`
//! needs no annotation.

use std::ops::{Add, BitAnd, BitOr, BitXor, Div, Mul, Neg, Not, Rem, Sub};

use super::elementwise::elementwise;
use super::{Array, Operand, Ufunc};

macro_rules! binary {
    ($($operator:ident $method:ident $function:ident;)+) => {$(
        impl<R: Into<Operand>> $operator<R> for Array {
            type Output = Array;

            #[track_caller]
            fn $method(self, right: R) -> Array {
                elementwise(Ufunc::$function, &[self.into(), right.into()])
            }
        }

        impl<R: Into<Operand>> $operator<R> for &Array {
            type Output = Array;

            #[track_caller]
            fn $method(self, right: R) -> Array {
                elementwise(Ufunc::$function, &[self.into(), right.into()])
            }
        }

        binary!(@number $operator $method $function, i64, Array);
        binary!(@number $operator $method $function, i64, &Array);
    )+};
    (@number $operator:ident $method:ident $function:ident, $left:ty, $right:ty) => {
        impl $operator<$right> for $left {
            type Output = Array;

            #[track_caller]
            fn $method(self, right: $right) -> Array {
                elementwise(Ufunc::$function, &[self.into(), right.into()])
            }
        }
    };
}

binary! {
    Add add Add;
    Sub sub Subtract;
    Mul mul Multiply;
    Div div Divide;
    Rem rem Remainder;
    BitAnd bitand BitwiseAnd;
    BitOr bitor BitwiseOr;
    BitXor bitxor BitwiseXor;
}

macro_rules! float_left {
    ($($operator:ident $method:ident $function:ident;)+) => {$(
        binary!(@number $operator $method $function, f64, Array);
        binary!(@number $operator $method $function, f64, &Array);
    )+};
}

float_left! {
    Add add Add;
    Sub sub Subtract;
    Mul mul Multiply;
    Div div Divide;
    Rem rem Remainder;
}

macro_rules! unary {
    ($($operator:ident $method:ident $function:ident, $operand:ty;)+) => {$(
        impl $operator for $operand {
            type Output = Array;

            #[track_caller]
            fn $method(self) -> Array {
                elementwise(Ufunc::$function, &[self.into()])
            }
        }
    )+};
}

unary! {
    Neg neg Negative, Array;
    Neg neg Negative, &Array;
    Not not Invert, Array;
    Not not Invert, &Array;
}
