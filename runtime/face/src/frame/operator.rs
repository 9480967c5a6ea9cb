//! Operators between expressions: each forwards to a method.

use std::ops::{Add, BitAnd, BitOr, BitXor, Div, Mul, Neg, Not, Rem, Sub};

use super::Expr;
use super::function::{BinaryOp, Function};

macro_rules! operators {
    ($($trait:ident $method:ident $op:ident;)*) => {$(
        impl<T: Into<Expr>> $trait<T> for Expr {
            type Output = Expr;

            fn $method(self, other: T) -> Expr {
                self.binary(BinaryOp::$op, other.into())
            }
        }
    )*};
}

operators! {
    Add add Plus;
    Sub sub Minus;
    Mul mul Multiply;
    Div div Divide;
    Rem rem Modulus;
    BitAnd bitand And;
    BitOr bitor Or;
    BitXor bitxor Xor;
}

impl Neg for Expr {
    type Output = Expr;

    fn neg(self) -> Expr {
        self.apply(Function::Negate, &[])
    }
}

impl Not for Expr {
    type Output = Expr;

    fn not(self) -> Expr {
        self.apply(Function::Not, &[])
    }
}
