//! Lets the analyzer find std's library beside itself or in the toolchain.

#[path = "../rpath.rs"]
mod rpath;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=../rpath.rs");
    rpath::find_libraries();
}
