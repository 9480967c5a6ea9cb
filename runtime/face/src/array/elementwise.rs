//! The one path of all element-wise functions, and the functions themselves.

use super::chunks::unify;
use super::ndarray::shape_text;
use super::{Array, ArrayNode, ArrayOp, DType, NodeInput, Operand, Scalar, Signature, Ufunc};
use crate::raise::{or_raise, raise};
use crate::{Error, ErrorKind, Name, Result, Site};

/// `function` of `operands`, which broadcast to one shape.
#[track_caller]
pub(crate) fn elementwise(function: Ufunc, operands: &[Operand]) -> Array {
    let signature = or_raise(function.signature(operands));
    with_signature(function, operands, signature)
}

#[track_caller]
fn with_signature(function: Ufunc, operands: &[Operand], signature: Signature) -> Array {
    let mut inputs = Vec::new();
    let mut nodes = Vec::new();
    for (operand, &dtype) in operands.iter().zip(&signature.operands) {
        nodes.push(match operand {
            Operand::Array(array) => {
                inputs.push(array.clone());
                NodeInput::Array(inputs.len() - 1)
            }
            Operand::Scalar(scalar) => {
                or_raise(scalar.to_buffer(dtype));
                NodeInput::Scalar(*scalar)
            }
        });
    }
    let shape = or_raise(broadcast_shapes(&inputs, function));
    let (inputs, chunks) = unify(&inputs, &shape);
    let names: Vec<&Name> = inputs.iter().map(Array::name).collect();
    Array::new(ArrayNode {
        name: Name::of(function.name(), (names, &nodes, signature.result)),
        dtype: signature.result,
        op: ArrayOp::Elementwise {
            function,
            operands: nodes,
            signature,
        },
        inputs,
        shape,
        chunks,
        site: Site::caller(),
    })
}

/// The shape to which all `inputs` broadcast.
fn broadcast_shapes(inputs: &[Array], function: Ufunc) -> Result<Vec<usize>> {
    let shapes: Vec<&[usize]> = inputs.iter().map(Array::shape).collect();
    broadcast(&shapes).ok_or_else(|| {
        let texts: Vec<String> = shapes.iter().map(|shape| shape_text(shape)).collect();
        Error::new(
            ErrorKind::Shape,
            format!(
                "cannot {} arrays of shapes {}",
                function.verb(),
                texts.join(" and ")
            ),
        )
    })
}

/// NumPy's broadcasting: shapes are aligned at their last axes, length 1 repeats.
pub(crate) fn broadcast(shapes: &[&[usize]]) -> Option<Vec<usize>> {
    let ndim = shapes.iter().map(|shape| shape.len()).max()?;
    let mut result = vec![1; ndim];
    for shape in shapes {
        let added = ndim - shape.len();
        for (axis, &len) in shape.iter().enumerate() {
            let result = &mut result[axis + added];
            if *result == 1 {
                *result = len;
            } else if len != 1 && len != *result {
                return None;
            }
        }
    }
    Some(result)
}

/// `left` where `condition` is true, else `right`, as `numpy.where`. All three broadcast.
///
/// # Panics
/// If the shapes do not fit.
///
/// ```
/// use dagbok::prelude::*;
/// # dagbok_engine::install();
///
/// let x = arange(-2..3);
/// let positive = where_(x.gt(0), &x, 0);
/// assert_eq!(positive.compute()?.to_vec::<i64>()?, [0, 0, 0, 1, 2]);
/// # Ok::<(), dagbok::Error>(())
/// ```
#[track_caller]
pub fn where_(
    condition: impl Into<Operand>,
    left: impl Into<Operand>,
    right: impl Into<Operand>,
) -> Array {
    elementwise(
        Ufunc::Where,
        &[array_of(condition.into()), left.into(), right.into()],
    )
}

/// An operand that is an array in any case.
#[track_caller]
fn array_of(operand: Operand) -> Operand {
    match operand {
        Operand::Scalar(scalar) => Operand::Array(Array::from(super::NdArray::from(scalar))),
        array => array,
    }
}

/// `Array` methods that are one function of one or two operands: what they do, and an example from which the
/// documentation's is made.
macro_rules! functions {
    (unary $($(#[$doc:meta])* $method:ident => $function:ident: $values:tt gives $type:ident $result:tt;)+) => {
        impl Array {$(
            $(#[$doc])*
            #[doc = concat!(
                "\n```\nuse dagbok::prelude::*;\n# dagbok_engine::install();\n\nlet x = Array::from(",
                stringify!($values), ").", stringify!($method), "();\nassert_eq!(x.compute()?.to_vec::<",
                stringify!($type), ">()?, ", stringify!($result), ");\n# Ok::<(), dagbok::Error>(())\n```",
            )]
            #[track_caller]
            pub fn $method(&self) -> Array {
                elementwise(Ufunc::$function, &[self.into()])
            }
        )+}
    };
    (binary $($(#[$doc:meta])* $method:ident => $function:ident: $values:tt with $other:tt gives $type:ident $result:tt;)+) => {
        impl Array {$(
            $(#[$doc])*
            #[doc = concat!(
                "\n```\nuse dagbok::prelude::*;\n# dagbok_engine::install();\n\nlet x = Array::from(",
                stringify!($values), ").", stringify!($method), "(Array::from(", stringify!($other),
                "));\nassert_eq!(x.compute()?.to_vec::<", stringify!($type), ">()?, ", stringify!($result),
                ");\n# Ok::<(), dagbok::Error>(())\n```",
            )]
            #[track_caller]
            pub fn $method(&self, other: impl Into<Operand>) -> Array {
                elementwise(Ufunc::$function, &[self.into(), other.into()])
            }
        )+}
    };
}

functions! { binary
    /// The larger of each pair; NaN where one is NaN.
    maximum => Maximum: [1, 5] with [3, 3] gives i32 [3, 5];
    /// The smaller of each pair; NaN where one is NaN.
    minimum => Minimum: [1, 5] with [3, 3] gives i32 [1, 3];
    /// The quotient rounded down, as Python's `//`. Integers divided by 0 give 0.
    floor_divide => FloorDivide: [-3, 3, 3] with [2, 2, 0] gives i32 [-2, 1, 0];
    /// The angle of each point (x of `other`, y of this) in radians.
    arctan2 => Arctan2: [0.0, 1.0] with [1.0, 0.0] gives f64 [0.0, std::f64::consts::FRAC_PI_2];
    /// The length of the hypotenuse of each pair of sides.
    hypot => Hypot: [3.0] with [4.0] gives f64 [5.0];
    /// Whether each element is greater.
    gt => Greater: [1, 2, 3] with [2, 2, 2] gives bool [false, false, true];
    /// Whether each element is greater or equal.
    ge => GreaterEqual: [1, 2, 3] with [2, 2, 2] gives bool [false, true, true];
    /// Whether each element is less.
    lt => Less: [1, 2, 3] with [2, 2, 2] gives bool [true, false, false];
    /// Whether each element is less or equal.
    le => LessEqual: [1, 2, 3] with [2, 2, 2] gives bool [true, true, false];
    /// Whether each element is equal; NaN equals nothing.
    eq => Equal: [1, 2, 3] with [2, 2, 2] gives bool [false, true, false];
    /// Whether each element is not equal.
    ne => NotEqual: [1, 2, 3] with [2, 2, 2] gives bool [true, false, true];
}

functions! { unary
    /// The absolute value. The smallest number of a signed dtype stays as it is.
    abs => Absolute: [-1, 2] gives i32 [1, 2];
    /// -1, 0 or 1; NaN for NaN.
    sign => Sign: [-3, 0, 5] gives i32 [-1, 0, 1];
    /// The square.
    square => Square: [-3, 2] gives i32 [9, 4];
    /// The square root; NaN for negative numbers.
    sqrt => Sqrt: [1, 4, 9] gives f64 [1.0, 2.0, 3.0];
    /// e to the power of each element.
    exp => Exp: [0.0, 1.0] gives f64 [1.0, std::f64::consts::E];
    /// `exp(x) - 1`, precise near 0.
    expm1 => Expm1: [0.0, 1e-20] gives f64 [0.0, 1e-20];
    /// The natural logarithm.
    log => Log: [1.0, std::f64::consts::E] gives f64 [0.0, 1.0];
    /// The logarithm to base 2.
    log2 => Log2: [1, 8] gives f64 [0.0, 3.0];
    /// The logarithm to base 10.
    log10 => Log10: [1, 1000] gives f64 [0.0, 3.0];
    /// `log(1 + x)`, precise near 0.
    log1p => Log1p: [0.0, 1e-20] gives f64 [0.0, 1e-20];
    /// The sine of radians. `bool` and integers of up to 16 bits are computed as `f32`, wider ones as `f64`.
    sin => Sin: [0.0, std::f64::consts::FRAC_PI_2] gives f64 [0.0, 1.0];
    /// The cosine of radians.
    cos => Cos: [0.0] gives f64 [1.0];
    /// The tangent of radians.
    tan => Tan: [0.0] gives f64 [0.0];
    /// The inverse sine, in radians.
    arcsin => Arcsin: [1.0] gives f64 [std::f64::consts::FRAC_PI_2];
    /// The inverse cosine, in radians.
    arccos => Arccos: [1.0] gives f64 [0.0];
    /// The inverse tangent, in radians.
    arctan => Arctan: [1.0] gives f64 [std::f64::consts::FRAC_PI_4];
    /// The hyperbolic sine.
    sinh => Sinh: [0.0] gives f64 [0.0];
    /// The hyperbolic cosine.
    cosh => Cosh: [0.0] gives f64 [1.0];
    /// The hyperbolic tangent.
    tanh => Tanh: [0.0] gives f64 [0.0];
    /// Rounded down.
    floor => Floor: [-0.5, 1.5] gives f64 [-1.0, 1.0];
    /// Rounded up.
    ceil => Ceil: [-1.5, 1.5] gives f64 [-1.0, 2.0];
    /// Cut towards zero.
    trunc => Trunc: [-1.5, 1.5] gives f64 [-1.0, 1.0];
    /// Rounded to the nearest whole number, halves to the even one.
    round => Round: [0.5, 1.5, 2.5] gives f64 [0.0, 2.0, 2.0];
    /// Whether each element is NaN.
    isnan => IsNan: [1.0, f64::NAN] gives bool [false, true];
    /// Whether each element is neither NaN nor infinite.
    isfinite => IsFinite: [1.0, f64::INFINITY] gives bool [true, false];
    /// Whether each element is infinite.
    isinf => IsInf: [1.0, f64::INFINITY] gives bool [false, true];
    /// 1 divided by each element; for integers cut towards zero, and 0 for 0.
    reciprocal => Reciprocal: [0.5, 2.0] gives f64 [2.0, 0.5];
}

impl Array {
    /// Each element to the power of `exponent`.
    ///
    /// # Panics
    /// If integers are raised to a negative whole number; an array of exponents is checked when it is computed.
    ///
    /// ```
    /// use dagbok::prelude::*;
    /// # dagbok_engine::install();
    ///
    /// assert_eq!(arange(4).pow(3).compute()?.to_vec::<i64>()?, [0, 1, 8, 27]);
    /// # Ok::<(), dagbok::Error>(())
    /// ```
    #[track_caller]
    pub fn pow(&self, exponent: impl Into<Operand>) -> Array {
        let exponent = exponent.into();
        match exponent {
            Operand::Scalar(Scalar::Int(2)) if self.dtype() != DType::Bool => self.square(),
            Operand::Scalar(Scalar::Float(2.0)) if self.dtype().is_float() => self.square(),
            Operand::Scalar(Scalar::Float(0.5)) if self.dtype().is_float() => self.sqrt(),
            Operand::Scalar(Scalar::Int(negative)) if negative < 0 && !self.dtype().is_float() => {
                raise(Error::new(
                    ErrorKind::Value,
                    format!("integers cannot be raised to the negative power `{negative}`"),
                ))
            }
            exponent => elementwise(Ufunc::Power, &[self.into(), exponent]),
        }
    }

    /// Each element, but at least `low` and at most `high`.
    ///
    /// ```
    /// use dagbok::prelude::*;
    /// # dagbok_engine::install();
    ///
    /// assert_eq!(arange(5).clip(1, 3).compute()?.to_vec::<i64>()?, [1, 1, 2, 3, 3]);
    /// # Ok::<(), dagbok::Error>(())
    /// ```
    #[track_caller]
    pub fn clip(&self, low: impl Into<Operand>, high: impl Into<Operand>) -> Array {
        self.maximum(low).minimum(high)
    }

    /// The same numbers as `dtype`: integers wrap around, floats are cut towards zero.
    ///
    /// ```
    /// use dagbok::prelude::*;
    /// # dagbok_engine::install();
    ///
    /// let x = Array::from([0.5, 1.5]).astype(DType::I64);
    /// assert_eq!(x.compute()?.to_vec::<i64>()?, [0, 1]);
    /// # Ok::<(), dagbok::Error>(())
    /// ```
    #[track_caller]
    pub fn astype(&self, dtype: DType) -> Array {
        if dtype == self.dtype() {
            return self.clone();
        }
        let signature = Signature {
            operands: vec![dtype],
            result: dtype,
        };
        with_signature(Ufunc::Identity, &[self.into()], signature)
    }
}
