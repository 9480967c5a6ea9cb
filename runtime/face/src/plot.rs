//! One-line plots.

/// A picture of data.
#[derive(Clone, Debug)]
pub struct Plot {}
