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
    let names: Vec<&str> = inputs.iter().map(|input| input.name().as_str()).collect();
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

/// `Array` methods that are one function of one or two operands: a line of documentation and an example each.
macro_rules! functions {
    (unary $($(#[$doc:meta])* $method:ident => $function:ident;)+) => {
        impl Array {$(
            $(#[$doc])*
            #[track_caller]
            pub fn $method(&self) -> Array {
                elementwise(Ufunc::$function, &[self.into()])
            }
        )+}
    };
    (binary $($(#[$doc:meta])* $method:ident => $function:ident;)+) => {
        impl Array {$(
            $(#[$doc])*
            #[track_caller]
            pub fn $method(&self, other: impl Into<Operand>) -> Array {
                elementwise(Ufunc::$function, &[self.into(), other.into()])
            }
        )+}
    };
}

functions! { binary
    /// The larger of each pair; NaN where one is NaN.
    ///
    /// ```
    /// use dagbok::prelude::*;
    /// # dagbok_engine::install();
    ///
    /// assert_eq!(arange(4).maximum(2).compute()?.to_vec::<i64>()?, [2, 2, 2, 3]);
    /// # Ok::<(), dagbok::Error>(())
    /// ```
    maximum => Maximum;
    /// The smaller of each pair; NaN where one is NaN.
    minimum => Minimum;
    /// The quotient rounded down, as Python's `//`. Integers divided by 0 give 0.
    ///
    /// ```
    /// use dagbok::prelude::*;
    /// # dagbok_engine::install();
    ///
    /// assert_eq!(arange(-3..3).floor_divide(2).compute()?.to_vec::<i64>()?, [-2, -1, -1, 0, 0, 1]);
    /// # Ok::<(), dagbok::Error>(())
    /// ```
    floor_divide => FloorDivide;
    /// The angle of each point (x of `other`, y of this) in radians.
    arctan2 => Arctan2;
    /// The length of the hypotenuse of each pair of sides.
    hypot => Hypot;
    /// Whether each element is greater.
    ///
    /// ```
    /// use dagbok::prelude::*;
    /// # dagbok_engine::install();
    ///
    /// assert_eq!(arange(3).gt(1).compute()?.to_vec::<bool>()?, [false, false, true]);
    /// # Ok::<(), dagbok::Error>(())
    /// ```
    gt => Greater;
    /// Whether each element is greater or equal.
    ge => GreaterEqual;
    /// Whether each element is less.
    lt => Less;
    /// Whether each element is less or equal.
    le => LessEqual;
    /// Whether each element is equal; NaN equals nothing.
    eq => Equal;
    /// Whether each element is not equal.
    ne => NotEqual;
}

functions! { unary
    /// The absolute value. The smallest number of a signed dtype stays as it is.
    ///
    /// ```
    /// use dagbok::prelude::*;
    /// # dagbok_engine::install();
    ///
    /// assert_eq!(arange(-1..2).abs().compute()?.to_vec::<i64>()?, [1, 0, 1]);
    /// # Ok::<(), dagbok::Error>(())
    /// ```
    abs => Absolute;
    /// -1, 0 or 1; NaN for NaN.
    sign => Sign;
    /// The square.
    square => Square;
    /// The square root; NaN for negative numbers.
    ///
    /// ```
    /// use dagbok::prelude::*;
    /// # dagbok_engine::install();
    ///
    /// let roots = Array::from([1, 4, 9]).sqrt();
    /// assert_eq!(roots.compute()?.to_vec::<f64>()?, [1.0, 2.0, 3.0]);
    /// # Ok::<(), dagbok::Error>(())
    /// ```
    sqrt => Sqrt;
    /// e to the power of each element.
    exp => Exp;
    /// `exp(x) - 1`, precise near 0.
    expm1 => Expm1;
    /// The natural logarithm.
    log => Log;
    /// The logarithm to base 2.
    log2 => Log2;
    /// The logarithm to base 10.
    log10 => Log10;
    /// `log(1 + x)`, precise near 0.
    log1p => Log1p;
    /// The sine of radians. Integers of up to 16 bits are computed as `f32`, wider ones as `f64`.
    sin => Sin;
    /// The cosine of radians.
    cos => Cos;
    /// The tangent of radians.
    tan => Tan;
    /// The inverse sine, in radians.
    arcsin => Arcsin;
    /// The inverse cosine, in radians.
    arccos => Arccos;
    /// The inverse tangent, in radians.
    arctan => Arctan;
    /// The hyperbolic sine.
    sinh => Sinh;
    /// The hyperbolic cosine.
    cosh => Cosh;
    /// The hyperbolic tangent.
    tanh => Tanh;
    /// Rounded down.
    floor => Floor;
    /// Rounded up.
    ceil => Ceil;
    /// Cut towards zero.
    trunc => Trunc;
    /// Rounded to the nearest whole number, halves to the even one.
    ///
    /// ```
    /// use dagbok::prelude::*;
    /// # dagbok_engine::install();
    ///
    /// let x = Array::from([0.5, 1.5, 2.5]).round();
    /// assert_eq!(x.compute()?.to_vec::<f64>()?, [0.0, 2.0, 2.0]);
    /// # Ok::<(), dagbok::Error>(())
    /// ```
    round => Round;
    /// Whether each element is NaN.
    isnan => IsNan;
    /// Whether each element is neither NaN nor infinite.
    isfinite => IsFinite;
    /// Whether each element is infinite.
    isinf => IsInf;
    /// 1 divided by each element; for integers cut towards zero, and 0 for 0.
    reciprocal => Reciprocal;
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
