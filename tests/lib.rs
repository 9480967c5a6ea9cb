//! What the cross-crate tests and the benchmark of cells share.

pub mod client;
pub mod python;

use std::path::{Path, PathBuf};
use std::process::Command;

/// The top of the checkout.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("tests/ is in the checkout")
}

/// The `release` folder that this test was built into.
pub fn release_dir() -> PathBuf {
    let test = std::env::current_exe().expect("a test knows its own file");
    test.parent()
        .and_then(Path::parent)
        .expect("a test is in `release/deps`")
        .to_owned()
}

/// The `dagbok` program, built beside this test by `cargo test --release` and `cargo bench`.
///
/// # Panics
/// If it has not been built.
pub fn dagbok() -> Command {
    let program = release_dir().join("dagbok");
    assert!(
        program.exists(),
        "`{}` is missing: run `cargo build --release` first",
        program.display()
    );
    Command::new(program)
}
