//! Lets the session process find its libraries beside itself, and cells and libraries find the functions of
//! `interpose.rs` before the C library's.

use std::env;
use std::process::Command;

/// The C library's functions that the session process defines.
const INTERPOSED: [&str; 10] = [
    "write",
    "writev",
    "read",
    "dup2",
    "nanosleep",
    "clock_nanosleep",
    "pthread_join",
    "pthread_create",
    "pthread_setname_np",
    "waitpid",
];

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
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
    for name in INTERPOSED {
        println!("cargo::rustc-link-arg-bins=-Wl,--export-dynamic-symbol={name}");
    }
}
