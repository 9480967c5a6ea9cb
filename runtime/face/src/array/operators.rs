//! Operators between arrays, references to arrays and numbers.

use std::ops::{Add, BitAnd, BitOr, BitXor, Div, Mul, Neg, Not, Rem, Sub};

use super::elementwise::elementwise;
use super::{Array, Operand, Ufunc};

// One implementation for all right operands, so that the compiler knows the result of `x + 1.0` before it knows the type of
// `1.0`, and `(x + 1.0).sum(())` needs no annotation. On the left a literal can only be one type of each kind.
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

        binary!(@left $operator $method $function; i64, &Array);
        binary!(@left $operator $method $function; i64, Array);
        binary!(@left $operator $method $function; f64, &Array);
        binary!(@left $operator $method $function; f64, Array);
        binary!(@left $operator $method $function; bool, &Array);
        binary!(@left $operator $method $function; bool, Array);
    )+};
    (@left $operator:ident $method:ident $function:ident; $left:ty, $right:ty) => {
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
