//! What a value looks like: MIME bundles for notebooks, consoles and saved files. Nothing here prints.

pub(crate) mod format;
mod progress;
mod text;

pub(crate) use progress::progress;
