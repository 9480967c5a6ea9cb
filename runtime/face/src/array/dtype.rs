//! The types of elements and NumPy's promotion between them.

/// The type of an array's elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DType {
    F64,
}

impl DType {
    /// The name in Rust: `f64`, `bool`.
    pub fn name(self) -> &'static str {
        "f64"
    }

    /// The bytes of one element.
    pub fn itemsize(self) -> usize {
        8
    }
}
