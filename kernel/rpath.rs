//! For build scripts: programs and cells find the libraries that they share.

use std::env;
use std::process::Command;

/// Lets what is linked find its libraries beside itself, and std's in the toolchain.
pub(crate) fn find_libraries() {
    let rustc = env::var_os("RUSTC").expect("cargo sets RUSTC");
    let host = env::var("HOST").expect("cargo sets HOST");
    let output = Command::new(rustc)
        .args(["--print", "sysroot"])
        .output()
        .expect("cargo's rustc runs");
    let sysroot = String::from_utf8(output.stdout).expect("rustc speaks UTF-8");
    let standard = format!("{}/lib/rustlib/{host}/lib", sysroot.trim());
    for folder in ["$ORIGIN", "$ORIGIN/deps", "$ORIGIN/../lib", &standard] {
        println!("cargo::rustc-link-arg=-Wl,-rpath,{folder}");
    }
}
