//! What completion and inspection find.

/// What could stand at the cursor.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Completion {
    /// The characters that a match replaces.
    pub start: usize,
    pub end: usize,
    pub matches: Vec<Match>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Match {
    pub text: String,
    pub kind: String,
    pub signature: Option<String>,
}
