//! Records which compiler built the runtime: cells must be compiled by the very same one. Also lets both binaries find
//! their libraries beside themselves.

use std::env;
use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let rustc = env::var_os("RUSTC").expect("cargo sets RUSTC");
    let ask = |arguments: &[&str]| {
        let output = Command::new(&rustc)
            .args(arguments)
            .output()
            .expect("cargo's rustc runs");
        String::from_utf8(output.stdout).expect("rustc speaks UTF-8")
    };
    let sysroot = ask(&["--print", "sysroot"]).trim().to_owned();
    let version = ask(&["-vV"]);
    let of = |key: &str| {
        version
            .lines()
            .find_map(|line| line.strip_prefix(key))
            .expect("`rustc -vV` has all its lines")
            .trim()
            .to_owned()
    };
    let first_line = version.lines().next().expect("`rustc -vV` says something");
    println!("cargo::rustc-env=DAGBOK_SYSROOT={sysroot}");
    println!("cargo::rustc-env=DAGBOK_RUSTC_VERSION={first_line}");
    println!("cargo::rustc-env=DAGBOK_RUSTC_RELEASE={}", of("release:"));
    println!("cargo::rustc-env=DAGBOK_HOST={}", of("host:"));

    let host_libraries = format!("{sysroot}/lib/rustlib/{}/lib", of("host:"));
    for folder in ["$ORIGIN", "$ORIGIN/deps", "$ORIGIN/../lib", &host_libraries] {
        println!("cargo::rustc-link-arg=-Wl,-rpath,{folder}");
    }
}
