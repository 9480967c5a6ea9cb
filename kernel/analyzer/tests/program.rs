//! The program as the kernel starts it; what it answers is tested with sessions, in `kernel/session/tests/analysis.rs`.

use std::io::Write;
use std::process::{Command, Stdio};

/// What the program does that reads `input`.
fn check(input: &str, is_success: bool, log: &str) {
    let mut program = Command::new(env!("CARGO_BIN_EXE_dagbok-analyzer"))
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = program.stdin.take().unwrap();
    stdin.write_all(input.as_bytes()).unwrap();
    drop(stdin);
    let output = program.wait_with_output().unwrap();
    let written = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.success(), is_success, "{written}");
    assert!(written.contains(log), "{written}");
}

#[test]
fn it_ends_with_its_input() {
    check("", true, "");
    check("\n", false, "the first line is no settings");
    check("{}\n", false, "missing field");
    check("å", false, "the first line is no settings");
}
