//! Lets the session process find its libraries beside itself, and cells and libraries find the functions of
//! `interpose.rs` before the C library's.

#[path = "../rpath.rs"]
mod rpath;

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
    println!("cargo::rerun-if-changed=../rpath.rs");
    rpath::find_libraries();
    for name in INTERPOSED {
        println!("cargo::rustc-link-arg-bins=-Wl,--export-dynamic-symbol={name}");
    }
}
