//! Cells that end the session process, each in its own way; the next cell runs.

mod support;

use expect_test::expect;
use support::{Session, check_cells};

#[test]
fn signals() {
    check_cells(
        r#"unsafe { *(8 as *mut u8) = 1 } ||| std::process::abort() ||| unsafe { core::arch::asm!("ud2") } |||
unsafe { core::arch::asm!("xor ecx, ecx", "xor edx, edx", "mov eax, 1", "div ecx", out("eax") _, out("ecx") _, out("edx") _) } |||
unsafe extern "C" { fn kill(pid: i32, signal: i32) -> i32; } fn signal(n: i32) { unsafe { kill(std::process::id() as i32, n); } loop { std::thread::park() } } |||
signal(15) ||| signal(9) ||| signal(34) ||| 1 + 1"#,
        expect![[r#"
            1: Crash: cell 1 ended the session process: a segmentation fault (signal 11, SIGSEGV)
            a new session process has started; there were no variables to lose; functions and types are still there; `:restore` runs the earlier cells again
            2: Crash: cell 2 ended the session process: it was aborted (signal 6, SIGABRT)
            a new session process has started; there were no variables to lose; functions and types are still there; `:restore` runs the earlier cells again
            3: Crash: cell 3 ended the session process: an illegal instruction (signal 4, SIGILL)
            a new session process has started; there were no variables to lose; functions and types are still there; `:restore` runs the earlier cells again
            4: Crash: cell 4 ended the session process: an arithmetic fault (signal 8, SIGFPE)
            a new session process has started; there were no variables to lose; functions and types are still there; `:restore` runs the earlier cells again
            6: Crash: cell 6 ended the session process: it was terminated from outside (signal 15, SIGTERM)
            a new session process has started; there were no variables to lose; functions and types are still there; `:restore` runs the earlier cells again
            7: Crash: cell 7 ended the session process: it was killed from outside, which the system does for want of memory (signal 9, SIGKILL)
            a new session process has started; there were no variables to lose; functions and types are still there; `:restore` runs the earlier cells again
            8: Crash: cell 8 ended the session process: signal 34
            a new session process has started; there were no variables to lose; functions and types are still there; `:restore` runs the earlier cells again
            9: =2"#]],
    );
}

#[test]
fn exits() {
    check_cells(
        r#"print!("last words"); std::process::exit(3) ||| std::process::exit(0) |||
std::thread::spawn(|| { std::process::exit(4); }); loop { std::thread::park() } ||| 1 + 1"#,
        expect![[r#"
            1: stdout "last words"
            Crash: cell 1 ended the session process: it exited with code 3
            a new session process has started; there were no variables to lose; functions and types are still there; `:restore` runs the earlier cells again
            2: Crash: cell 2 ended the session process: it exited with code 0
            a new session process has started; there were no variables to lose; functions and types are still there; `:restore` runs the earlier cells again
            3: Crash: cell 3 ended the session process: it exited with code 4
            a new session process has started; there were no variables to lose; functions and types are still there; `:restore` runs the earlier cells again
            4: =2"#]],
    );
}

#[test]
fn what_was_printed_before_is_shown() {
    check_cells(
        r#"println!("line"); print!("piece"); std::process::abort() ||| eprint!("error"); print!("piece"); unsafe { *(8 as *mut u8) = 1 } |||
unsafe extern "C" { fn kill(pid: i32, signal: i32) -> i32; } for i in 0..3 { println!("{i}"); } print!("piece"); unsafe { kill(std::process::id() as i32, 9); } ||| 1"#,
        expect![[r#"
            1: stdout "line\npiece"
            Crash: cell 1 ended the session process: it was aborted (signal 6, SIGABRT)
            a new session process has started; there were no variables to lose; functions and types are still there; `:restore` runs the earlier cells again
            2: stderr "error"
            stdout "piece"
            Crash: cell 2 ended the session process: a segmentation fault (signal 11, SIGSEGV)
            a new session process has started; there were no variables to lose; functions and types are still there; `:restore` runs the earlier cells again
            3: stdout "0\n1\n2\npiece"
            Crash: cell 3 ended the session process: it was killed from outside, which the system does for want of memory (signal 9, SIGKILL)
            a new session process has started; there were no variables to lose; functions and types are still there; `:restore` runs the earlier cells again
            4: =1"#]],
    );
}

#[test]
fn stacks_that_overflow() {
    check_cells(
        r#"fn deep(n: u64) -> u64 { if n == u64::MAX { 0 } else { 1 + deep(std::hint::black_box(n + 1)) } } |||
print!("before "); deep(0) ||| std::thread::spawn(|| deep(0)).join().unwrap() ||| 1 + 1"#,
        expect![[r#"
            2: stdout "before "
            Crash: cell 2 ended the session process: the stack overflowed, as endless recursion makes it
            a new session process has started; there were no variables to lose; functions and types are still there; `:restore` runs the earlier cells again
            3: Crash: cell 3 ended the session process: the stack overflowed, as endless recursion makes it
            a new session process has started; there were no variables to lose; functions and types are still there; `:restore` runs the earlier cells again
            4: =2"#]],
    );
}

#[test]
fn a_stack_that_overflows_in_the_middle_of_printing() {
    let mut session = Session::start();
    let (_, error) = session.run(
        "fn noisy(n: u64) -> u64 { print!(\".\"); 1 + noisy(std::hint::black_box(n + 1)) } noisy(0)",
    );
    assert_eq!(
        error.map(|error| error.value).as_deref(),
        Some(
            "cell 1 ended the session process: the stack overflowed, as endless recursion makes it"
        )
    );
    assert_eq!(session.show("1"), "=1");
}

#[test]
fn stacks_that_overflow_in_the_allocator() {
    let mut session = Session::start();
    for cell in [
        "fn texts(n: u64) -> u64 { let s = n.to_string(); texts(std::hint::black_box(n + 1)) + s.len() as u64 } texts(0)",
        "fn lists(n: u64) -> u64 { let v = vec![n; 300]; lists(std::hint::black_box(n + 1)) + v.len() as u64 } lists(0)",
    ] {
        let (_, error) = session.run(cell);
        let value = error.map(|error| error.value).unwrap_or_default();
        assert!(
            value.ends_with("the stack overflowed, as endless recursion makes it"),
            "{value}"
        );
    }
    assert_eq!(session.show("1"), "=1");
}

#[test]
fn memory_that_there_is_not() {
    let mut session = Session::start();
    let (shown, error) = session.run("let v: Vec<u8> = Vec::with_capacity(1 << 60);");
    let sentence = "memory allocation of 1152921504606846976 bytes failed";
    assert!(
        shown[0].starts_with(&format!("stderr \"{sentence}")),
        "{shown:?}"
    );
    assert_eq!(
        error.map(|error| error.value),
        Some(format!(
            "cell 1 ended the session process: out of memory: {sentence} (signal 6, SIGABRT)"
        ))
    );
    assert_eq!(session.show("1"), "=1");
}

#[test]
fn panics_that_cannot_unwind() {
    check_cells(
        r#"extern "C" fn callback() { panic!("in a callback") } callback() |||
struct Bomb; impl Drop for Bomb { fn drop(&mut self) { panic!("in a drop") } } |||
drop(Bomb); ||| let _bomb = Bomb; panic!("first") |||
let kept = Bomb; ||| let kept = 1; ||| kept"#,
        expect![[r#"
            1: stderr "thread caused non-unwinding panic. aborting.\n"
            Crash: cell 1 ended the session process: it was aborted (signal 6, SIGABRT)
            panicked at cell 1, line 1: in a callback
            panicked: panic in a function that cannot unwind
            a new session process has started; there were no variables to lose; functions and types are still there; `:restore` runs the earlier cells again
            3: Panic: in a drop
             --> cell 2, line 1
              | struct Bomb; impl Drop for Bomb { fn drop(&mut self) { panic!("in a drop") } }
             called from cell 3
            4: stderr "thread caused non-unwinding panic. aborting.\n"
            Crash: cell 4 ended the session process: it was aborted (signal 6, SIGABRT)
            panicked at cell 4, line 1: first
            panicked at cell 2, line 1: in a drop
            panicked: panic in a destructor during cleanup
            a new session process has started; there were no variables to lose; functions and types are still there; `:restore` runs the earlier cells again
            6: Panic: in a drop
             --> cell 2, line 1
              | struct Bomb; impl Drop for Bomb { fn drop(&mut self) { panic!("in a drop") } }
             called from cell 6
            7: =1"#]],
    );
}

#[test]
fn a_thread_that_crashes_after_its_cell() {
    let mut session = Session::start();
    session.show(r#"let x = 1; std::thread::spawn(|| { std::thread::sleep(std::time::Duration::from_millis(50)); println!("bye"); std::process::abort() });"#);
    session.later(1, "bye");
    // The process is about to end, or has ended.
    let first = session.show("2 + 2");
    assert!(first.contains("session process"), "{first}");
    let lost = session.show("x");
    assert!(lost.contains("`x` was lost when"), "{lost}");
    assert_eq!(session.show("2 + 2"), "=4");
}
