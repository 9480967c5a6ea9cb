//! The types of elements and NumPy's promotion between them.

use std::fmt;

/// The type of an array's elements.
///
/// ```
/// use dagbok::DType;
///
/// assert_eq!(DType::F32.to_string(), "f32");
/// assert_eq!(DType::I64.itemsize(), 8);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DType {
    Bool,
    U8,
    U16,
    U32,
    U64,
    I8,
    I16,
    I32,
    I64,
    F32,
    F64,
}

/// What kind of numbers a dtype holds, in the order in which NumPy promotes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DTypeKind {
    Bool,
    Unsigned,
    Signed,
    Float,
}

impl DType {
    /// Every dtype.
    pub const ALL: [DType; 11] = [
        DType::Bool,
        DType::U8,
        DType::U16,
        DType::U32,
        DType::U64,
        DType::I8,
        DType::I16,
        DType::I32,
        DType::I64,
        DType::F32,
        DType::F64,
    ];

    /// The name in Rust: `f64`, `bool`.
    pub fn name(self) -> &'static str {
        match self {
            DType::Bool => "bool",
            DType::U8 => "u8",
            DType::U16 => "u16",
            DType::U32 => "u32",
            DType::U64 => "u64",
            DType::I8 => "i8",
            DType::I16 => "i16",
            DType::I32 => "i32",
            DType::I64 => "i64",
            DType::F32 => "f32",
            DType::F64 => "f64",
        }
    }

    /// The bytes of one element.
    pub fn itemsize(self) -> usize {
        match self {
            DType::Bool | DType::U8 | DType::I8 => 1,
            DType::U16 | DType::I16 => 2,
            DType::U32 | DType::I32 | DType::F32 => 4,
            DType::U64 | DType::I64 | DType::F64 => 8,
        }
    }

    /// What kind of numbers it holds.
    pub fn kind(self) -> DTypeKind {
        match self {
            DType::Bool => DTypeKind::Bool,
            DType::U8 | DType::U16 | DType::U32 | DType::U64 => DTypeKind::Unsigned,
            DType::I8 | DType::I16 | DType::I32 | DType::I64 => DTypeKind::Signed,
            DType::F32 | DType::F64 => DTypeKind::Float,
        }
    }

    /// Whether it holds floating-point numbers.
    pub fn is_float(self) -> bool {
        self.kind() == DTypeKind::Float
    }

    /// Whether it holds integers, signed or not.
    pub fn is_integer(self) -> bool {
        matches!(self.kind(), DTypeKind::Unsigned | DTypeKind::Signed)
    }

    /// The smallest dtype to which both can be cast safely, as `numpy.promote_types`.
    ///
    /// ```
    /// use dagbok::DType;
    ///
    /// assert_eq!(DType::promote(DType::I32, DType::F32), DType::F64);
    /// assert_eq!(DType::promote(DType::U8, DType::I8), DType::I16);
    /// assert_eq!(DType::promote(DType::U64, DType::I64), DType::F64);
    /// ```
    pub fn promote(left: DType, right: DType) -> DType {
        let (low, high) = if left.kind() <= right.kind() {
            (left, right)
        } else {
            (right, left)
        };
        let wider = if low.itemsize() > high.itemsize() {
            low
        } else {
            high
        };
        match (low.kind(), high.kind()) {
            (DTypeKind::Bool, _) => high,
            (DTypeKind::Unsigned, DTypeKind::Signed) => match low.itemsize() {
                1 => widest(high, DType::I16),
                2 => widest(high, DType::I32),
                4 => DType::I64,
                _ => DType::F64,
            },
            (DTypeKind::Float, DTypeKind::Float) => wider,
            (_, DTypeKind::Float) => {
                if low.itemsize() <= 2 {
                    high
                } else {
                    DType::F64
                }
            }
            _ => wider,
        }
    }

    /// Whether every value of this dtype is also one of `target`, as NumPy's `safe` casting sees it.
    pub fn casts_safely_to(self, target: DType) -> bool {
        DType::promote(self, target) == target
    }

    /// The floating-point dtype in which functions such as `sin` compute this one. Where NumPy would take `float16`
    /// (`bool`, `u8`, `i8`), it is `f32`.
    pub fn to_float(self) -> DType {
        match self {
            DType::Bool | DType::U8 | DType::I8 | DType::U16 | DType::I16 | DType::F32 => {
                DType::F32
            }
            _ => DType::F64,
        }
    }
}

fn widest(left: DType, right: DType) -> DType {
    if left.itemsize() >= right.itemsize() {
        left
    } else {
        right
    }
}

impl fmt::Display for DType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
