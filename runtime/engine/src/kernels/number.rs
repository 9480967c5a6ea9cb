//! What one element does under each function, as NumPy's: integers wrap around, a division by zero gives 0.

use dagbok::array::Element;

/// A number that can be calculated with.
pub(super) trait Number: Element + PartialOrd {
    const LOWEST: Self;
    const HIGHEST: Self;

    fn add(self, other: Self) -> Self;
    fn subtract(self, other: Self) -> Self;
    fn multiply(self, other: Self) -> Self;
    fn divide(self, other: Self) -> Self;
    fn floor_divide(self, other: Self) -> Self;
    fn remainder(self, other: Self) -> Self;
    fn power(self, exponent: Self) -> Self;
    fn negative(self) -> Self;
    fn absolute(self) -> Self;
    fn sign(self) -> Self;
    fn reciprocal(self) -> Self;
    fn is_nan(self) -> bool;
    fn is_infinite(self) -> bool;
    /// Whether the number is a whole number below zero, to which no integer can be raised.
    fn is_bad_exponent(self) -> bool;

    /// The larger; NaN if one is NaN.
    #[inline]
    fn maximum(self, other: Self) -> Self {
        if self >= other || self.is_nan() {
            self
        } else {
            other
        }
    }

    /// The smaller; NaN if one is NaN.
    #[inline]
    fn minimum(self, other: Self) -> Self {
        if self <= other || self.is_nan() {
            self
        } else {
            other
        }
    }
}

macro_rules! integers {
    ($($type:ty, $is_negative:expr, $absolute:expr;)+) => {$(
        impl Number for $type {
            const LOWEST: Self = <$type>::MIN;
            const HIGHEST: Self = <$type>::MAX;

            #[inline]
            fn add(self, other: Self) -> Self {
                self.wrapping_add(other)
            }

            #[inline]
            fn subtract(self, other: Self) -> Self {
                self.wrapping_sub(other)
            }

            #[inline]
            fn multiply(self, other: Self) -> Self {
                self.wrapping_mul(other)
            }

            #[inline]
            fn divide(self, other: Self) -> Self {
                if other == 0 { 0 } else { self.wrapping_div(other) }
            }

            #[inline]
            fn floor_divide(self, other: Self) -> Self {
                if other == 0 {
                    return 0;
                }
                let quotient = self.wrapping_div(other);
                let inexact = self.wrapping_rem(other) != 0;
                let apart = $is_negative(self) != $is_negative(other);
                quotient.wrapping_sub(Self::from(inexact && apart))
            }

            #[inline]
            fn remainder(self, other: Self) -> Self {
                if other == 0 {
                    return 0;
                }
                let rest = self.wrapping_rem(other);
                if rest != 0 && $is_negative(rest) != $is_negative(other) {
                    rest.wrapping_add(other)
                } else {
                    rest
                }
            }

            #[inline]
            fn power(self, exponent: Self) -> Self {
                let (mut base, mut exponent, mut power) = (self, exponent, 1);
                while exponent > 0 {
                    if exponent & 1 == 1 {
                        power = Self::wrapping_mul(power, base);
                    }
                    base = base.wrapping_mul(base);
                    exponent >>= 1;
                }
                power
            }

            #[inline]
            fn negative(self) -> Self {
                self.wrapping_neg()
            }

            #[inline]
            fn absolute(self) -> Self {
                $absolute(self)
            }

            #[inline]
            fn sign(self) -> Self {
                if $is_negative(self) {
                    (0 as Self).wrapping_sub(1)
                } else {
                    Self::from(self > 0)
                }
            }

            #[inline]
            fn reciprocal(self) -> Self {
                if self == 0 { 0 } else { (1 as Self).wrapping_div(self) }
            }

            #[inline]
            fn is_nan(self) -> bool {
                false
            }

            #[inline]
            fn is_infinite(self) -> bool {
                false
            }

            #[inline]
            fn is_bad_exponent(self) -> bool {
                $is_negative(self)
            }
        }
    )+};
}

integers! {
    u8, |_: u8| false, |value: u8| value;
    u16, |_: u16| false, |value: u16| value;
    u32, |_: u32| false, |value: u32| value;
    u64, |_: u64| false, |value: u64| value;
    i8, |value: i8| value < 0, i8::wrapping_abs;
    i16, |value: i16| value < 0, i16::wrapping_abs;
    i32, |value: i32| value < 0, i32::wrapping_abs;
    i64, |value: i64| value < 0, i64::wrapping_abs;
}

macro_rules! floats {
    ($($type:ident)+) => {$(
        impl Number for $type {
            const LOWEST: Self = $type::NEG_INFINITY;
            const HIGHEST: Self = $type::INFINITY;

            #[inline]
            fn add(self, other: Self) -> Self {
                self + other
            }

            #[inline]
            fn subtract(self, other: Self) -> Self {
                self - other
            }

            #[inline]
            fn multiply(self, other: Self) -> Self {
                self * other
            }

            #[inline]
            fn divide(self, other: Self) -> Self {
                self / other
            }

            #[inline]
            fn floor_divide(self, other: Self) -> Self {
                if other == 0.0 {
                    return self / other;
                }
                let rest = self % other;
                let below = rest != 0.0 && (other < 0.0) != (rest < 0.0);
                let quotient = (self - rest) / other - if below { 1.0 } else { 0.0 };
                if quotient == 0.0 {
                    return (0.0 as $type).copysign(self / other);
                }
                let floor = quotient.floor();
                if quotient - floor > 0.5 { floor + 1.0 } else { floor }
            }

            #[inline]
            fn remainder(self, other: Self) -> Self {
                let rest = self % other;
                if rest == 0.0 {
                    (0.0 as $type).copysign(other)
                } else if (other < 0.0) != (rest < 0.0) {
                    rest + other
                } else {
                    rest
                }
            }

            #[inline]
            fn power(self, exponent: Self) -> Self {
                self.powf(exponent)
            }

            #[inline]
            fn negative(self) -> Self {
                -self
            }

            #[inline]
            fn absolute(self) -> Self {
                self.abs()
            }

            #[inline]
            fn sign(self) -> Self {
                if self > 0.0 {
                    1.0
                } else if self < 0.0 {
                    -1.0
                } else if self == 0.0 {
                    0.0
                } else {
                    self
                }
            }

            #[inline]
            fn reciprocal(self) -> Self {
                1.0 / self
            }

            #[inline]
            fn is_nan(self) -> bool {
                self.is_nan()
            }

            #[inline]
            fn is_infinite(self) -> bool {
                self.is_infinite()
            }

            #[inline]
            fn is_bad_exponent(self) -> bool {
                false
            }
        }
    )+};
}

floats!(f32 f64);
