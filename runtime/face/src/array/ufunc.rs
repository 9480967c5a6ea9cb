//! Element-wise functions: their names, and NumPy's rules for the dtypes in which they compute.

use super::{DType, DTypeKind, Operand, Scalar};
use crate::{Error, ErrorKind, Result};

/// A function that works element by element, as NumPy's ufuncs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Ufunc {
    Add,
    Subtract,
    Multiply,
    Divide,
    FloorDivide,
    Remainder,
    Power,
    Maximum,
    Minimum,
    Arctan2,
    Hypot,
    BitwiseAnd,
    BitwiseOr,
    BitwiseXor,
    Equal,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    /// The first operand where it is not changed by more than a cast.
    Identity,
    Negative,
    Invert,
    Absolute,
    Sign,
    Square,
    Reciprocal,
    Sqrt,
    Exp,
    Expm1,
    Log,
    Log2,
    Log10,
    Log1p,
    Sin,
    Cos,
    Tan,
    Arcsin,
    Arccos,
    Arctan,
    Sinh,
    Cosh,
    Tanh,
    Floor,
    Ceil,
    Trunc,
    Round,
    IsNan,
    IsFinite,
    IsInf,
    /// The second operand where the first is true, else the third.
    Where,
}

/// The dtypes in which a function computes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    /// The dtype to which each operand is cast.
    pub operands: Vec<DType>,
    /// The dtype of the result.
    pub result: DType,
}

impl Ufunc {
    /// The name in graphs, which is NumPy's.
    pub fn name(self) -> &'static str {
        match self {
            Ufunc::Add => "add",
            Ufunc::Subtract => "subtract",
            Ufunc::Multiply => "multiply",
            Ufunc::Divide => "divide",
            Ufunc::FloorDivide => "floor_divide",
            Ufunc::Remainder => "remainder",
            Ufunc::Power => "power",
            Ufunc::Maximum => "maximum",
            Ufunc::Minimum => "minimum",
            Ufunc::Arctan2 => "arctan2",
            Ufunc::Hypot => "hypot",
            Ufunc::BitwiseAnd => "bitwise_and",
            Ufunc::BitwiseOr => "bitwise_or",
            Ufunc::BitwiseXor => "bitwise_xor",
            Ufunc::Equal => "equal",
            Ufunc::NotEqual => "not_equal",
            Ufunc::Less => "less",
            Ufunc::LessEqual => "less_equal",
            Ufunc::Greater => "greater",
            Ufunc::GreaterEqual => "greater_equal",
            Ufunc::Identity => "astype",
            Ufunc::Negative => "negative",
            Ufunc::Invert => "invert",
            Ufunc::Absolute => "abs",
            Ufunc::Sign => "sign",
            Ufunc::Square => "square",
            Ufunc::Reciprocal => "reciprocal",
            Ufunc::Sqrt => "sqrt",
            Ufunc::Exp => "exp",
            Ufunc::Expm1 => "expm1",
            Ufunc::Log => "log",
            Ufunc::Log2 => "log2",
            Ufunc::Log10 => "log10",
            Ufunc::Log1p => "log1p",
            Ufunc::Sin => "sin",
            Ufunc::Cos => "cos",
            Ufunc::Tan => "tan",
            Ufunc::Arcsin => "arcsin",
            Ufunc::Arccos => "arccos",
            Ufunc::Arctan => "arctan",
            Ufunc::Sinh => "sinh",
            Ufunc::Cosh => "cosh",
            Ufunc::Tanh => "tanh",
            Ufunc::Floor => "floor",
            Ufunc::Ceil => "ceil",
            Ufunc::Trunc => "trunc",
            Ufunc::Round => "round",
            Ufunc::IsNan => "isnan",
            Ufunc::IsFinite => "isfinite",
            Ufunc::IsInf => "isinf",
            Ufunc::Where => "where",
        }
    }

    /// The verb of an error message: `cannot add arrays of …`.
    pub(crate) fn verb(self) -> String {
        match self {
            Ufunc::Add | Ufunc::Subtract | Ufunc::Multiply | Ufunc::Divide => {
                self.name().to_owned()
            }
            Ufunc::Equal
            | Ufunc::NotEqual
            | Ufunc::Less
            | Ufunc::LessEqual
            | Ufunc::Greater
            | Ufunc::GreaterEqual => "compare".to_owned(),
            Ufunc::Identity => "cast".to_owned(),
            _ => format!("apply `{}` to", self.name()),
        }
    }

    fn is_comparison(self) -> bool {
        matches!(
            self,
            Ufunc::Equal
                | Ufunc::NotEqual
                | Ufunc::Less
                | Ufunc::LessEqual
                | Ufunc::Greater
                | Ufunc::GreaterEqual
        )
    }

    /// The dtypes in which the function computes `operands`.
    ///
    /// # Errors
    /// [`ErrorKind::DType`] if it does not take such operands.
    pub(crate) fn signature(self, operands: &[Operand]) -> Result<Signature> {
        if self == Ufunc::Where {
            let value = common(&operands[1..]);
            return Ok(Signature {
                operands: vec![DType::Bool, value, value],
                result: value,
            });
        }
        if self.is_comparison() {
            return Ok(comparison(operands));
        }
        let common = match self {
            Ufunc::Arctan2 | Ufunc::Hypot => common_float(operands),
            _ => common(operands),
        };
        let computed = self.computes_in(common).ok_or_else(|| {
            Error::new(
                ErrorKind::DType,
                format!(
                    "cannot {} {} of dtype `{common}`{}",
                    self.verb(),
                    if operands.len() == 1 {
                        "an array"
                    } else {
                        "arrays"
                    },
                    self.instead(common)
                ),
            )
        })?;
        let result = match self {
            Ufunc::IsNan | Ufunc::IsFinite | Ufunc::IsInf => DType::Bool,
            _ => computed,
        };
        Ok(Signature {
            operands: vec![computed; operands.len()],
            result,
        })
    }

    /// The dtype in which operands of `dtype` are computed, if they can be.
    fn computes_in(self, dtype: DType) -> Option<DType> {
        let bool_as_i8 = match dtype {
            DType::Bool => DType::I8,
            _ => dtype,
        };
        match self {
            Ufunc::Add | Ufunc::Multiply | Ufunc::Maximum | Ufunc::Minimum => Some(dtype),
            Ufunc::Absolute | Ufunc::Identity => Some(dtype),
            Ufunc::IsNan | Ufunc::IsFinite | Ufunc::IsInf => Some(dtype),
            Ufunc::Subtract | Ufunc::Negative | Ufunc::Sign => {
                (dtype != DType::Bool).then_some(dtype)
            }
            Ufunc::Divide if dtype.is_float() => Some(dtype),
            Ufunc::Divide => Some(DType::F64),
            Ufunc::FloorDivide | Ufunc::Remainder | Ufunc::Power => Some(bool_as_i8),
            Ufunc::Square | Ufunc::Reciprocal => Some(bool_as_i8),
            Ufunc::BitwiseAnd | Ufunc::BitwiseOr | Ufunc::BitwiseXor | Ufunc::Invert => {
                (!dtype.is_float()).then_some(dtype)
            }
            Ufunc::Floor | Ufunc::Ceil | Ufunc::Trunc | Ufunc::Round => Some(dtype),
            _ => Some(dtype.to_float()),
        }
    }

    /// What a person may have meant, for the end of an error message.
    fn instead(self, dtype: DType) -> &'static str {
        match self {
            Ufunc::Subtract if dtype == DType::Bool => ": use `^`",
            Ufunc::Negative if dtype == DType::Bool => ": use `!`",
            _ => "",
        }
    }
}

/// The dtype to which all operands are promoted; scalars are weak.
fn common(operands: &[Operand]) -> DType {
    let arrays = operands.iter().filter_map(|operand| match operand {
        Operand::Array(array) => Some(array.dtype()),
        Operand::Scalar(_) => None,
    });
    let scalars = operands.iter().filter_map(|operand| match operand {
        Operand::Array(_) => None,
        Operand::Scalar(scalar) => Some(*scalar),
    });
    match arrays.reduce(DType::promote) {
        Some(arrays) => scalars.fold(arrays, |dtype, scalar| scalar.beside(dtype)),
        None => scalars
            .max_by_key(|scalar| scalar.kind())
            .map_or(DType::F64, Scalar::dtype),
    }
}

/// The dtype in which a function of floats computes all operands: each array's own, promoted.
fn common_float(operands: &[Operand]) -> DType {
    let arrays = operands.iter().filter_map(|operand| match operand {
        Operand::Array(array) => Some(array.dtype()),
        Operand::Scalar(_) => None,
    });
    let has_float = arrays.clone().any(DType::is_float);
    let beside_float = |operand: &Operand| matches!(operand, Operand::Scalar(Scalar::Float(_)));
    match arrays.map(DType::to_float).reduce(DType::promote) {
        Some(dtype) if has_float || !operands.iter().any(beside_float) => dtype,
        _ => DType::F64,
    }
}

/// Comparisons are exact: `i64` with `u64`, and integers with a scalar beyond their range.
fn comparison(operands: &[Operand]) -> Signature {
    let dtypes: Vec<DType> = match operands {
        [Operand::Array(left), Operand::Array(right)] => vec![left.dtype(), right.dtype()],
        [Operand::Array(array), Operand::Scalar(scalar)] => {
            vec![array.dtype(), beside_compared(*scalar, array.dtype())]
        }
        [Operand::Scalar(scalar), Operand::Array(array)] => {
            vec![beside_compared(*scalar, array.dtype()), array.dtype()]
        }
        _ => vec![DType::F64; operands.len()],
    };
    let exact = dtypes.contains(&DType::I64) && dtypes.contains(&DType::U64);
    let common = dtypes.iter().copied().reduce(DType::promote);
    Signature {
        operands: match common {
            Some(common) if !exact => vec![common; dtypes.len()],
            _ => dtypes,
        },
        result: DType::Bool,
    }
}

/// The dtype of a scalar that is compared with an array of `dtype`.
fn beside_compared(scalar: Scalar, dtype: DType) -> DType {
    let beside = scalar.beside(dtype);
    match (scalar, beside.kind()) {
        (Scalar::Int(_), DTypeKind::Signed | DTypeKind::Unsigned)
            if scalar.to_buffer(beside).is_err() =>
        {
            scalar.dtype()
        }
        _ => beside,
    }
}
