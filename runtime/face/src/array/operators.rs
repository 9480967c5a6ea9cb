//! Operators between arrays, references to arrays and numbers.

use std::ops::{Add, BitAnd, BitOr, BitXor, Div, Mul, Neg, Not, Rem, Sub};

use super::elementwise::elementwise;
use super::{Array, Ufunc};

macro_rules! binary {
    ($($operator:ident $method:ident $function:ident;)+) => {$(
        binary!(@one $operator $method $function, Array, Array);
        binary!(@one $operator $method $function, Array, &Array);
        binary!(@one $operator $method $function, &Array, Array);
        binary!(@one $operator $method $function, &Array, &Array);
        binary!(@numbers $operator $method $function;
            bool u8 u16 u32 u64 usize i8 i16 i32 i64 isize f32 f64);
    )+};
    (@numbers $operator:ident $method:ident $function:ident; $($number:ty)+) => {$(
        binary!(@one $operator $method $function, Array, $number);
        binary!(@one $operator $method $function, &Array, $number);
        binary!(@one $operator $method $function, $number, Array);
        binary!(@one $operator $method $function, $number, &Array);
    )+};
    (@one $operator:ident $method:ident $function:ident, $left:ty, $right:ty) => {
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
