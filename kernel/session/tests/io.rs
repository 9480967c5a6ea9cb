//! What cells print and ask, and under which cell it is shown.

mod support;

use dagbok_kernel::evaluate::Answer;
use expect_test::expect;
use support::{Session, check_cells, check_cells_in};

#[test]
fn text_is_shown_in_the_order_in_which_it_was_printed() {
    check_cells(
        r#"print!("a"); eprint!("b"); print!("c"); eprintln!("d"); println!("e") |||
println!("before"); std::process::Command::new("sh").args(["-c", "echo child; echo wrong >&2"]).status()?.success() |||
use std::io::Write; let mut out = std::io::stdout().lock(); write!(out, "held lock ")?; display(&dagbok::display::MimeBundle::plain("shown")); writeln!(out, "on")?; |||
print!("{}", "x".repeat(10_000)); print!("\n"); println!("{}", "å".repeat(3)) ||| print!("") ||| eprint!("") ||| println!() |||
print!("\x1b[1mbold\x1b[0m") ||| std::io::stdout().write_all(&[0xff, b'a', 0xc3])? |||
unsafe extern "C" { fn puts(text: *const std::ffi::c_char) -> i32; } unsafe { puts(c"from C".as_ptr()); } println!("after C")"#,
        expect![[r#"
            1: stdout "a"
            stderr "b"
            stdout "c"
            stderr "d\n"
            stdout "e\n"
            2: stdout "before\nchild\n"
            stderr "wrong\n"
            =true
            3: stdout "held lock "
            display shown
            stdout "on\n"
            4: stdout "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\nååå\n"
            7: stdout "\n"
            8: stdout "\u{1b}[1mbold\u{1b}[0m"
            9: stdout "�a�"
            10: stdout "from C\nafter C\n""#]],
    );
}

#[test]
fn text_of_a_thread_belongs_to_the_cell_that_started_it() {
    let mut session = Session::start();
    session.show("use std::sync::mpsc::channel; use std::thread;");
    session.show(
        r#"let (go, gone) = channel::<&str>();
        thread::spawn(move || for word in gone {
            if word.starts_with('!') { eprintln!("{word}") } else if word.ends_with('\n') { print!("{word}") } else { print!("{word}") }
        });"#,
    );
    let other = session.show(
        r#"print!("one "); go.send("piece")?; thread::sleep(std::time::Duration::from_millis(30)); print!("two "); go.send("line\n")?; go.send("!error")?;
        thread::sleep(std::time::Duration::from_millis(30)); println!("three")"#,
    );
    assert_eq!(other, r#"stdout "one two three\n""#);
    assert_eq!(
        session.later(2, "error"),
        "stdout \"pieceline\\n\"\nstderr \"!error\\n\""
    );
    // Between cells, without a newline.
    session.show(r#"go.send("late piece")?;"#);
    assert_eq!(session.later(2, "piece"), r#"stdout "late piece""#);
    // A thread that such a thread starts is of the same cell.
    let (late, when) = (
        r#"let (go, gone) = channel::<()>(); "#,
        "gone.recv().unwrap();",
    );
    session.show(&format!(r#"{late} thread::spawn(|| {{ thread::spawn(move || {{ {when} println!("grandchild") }}); }});"#));
    session.show("go.send(())?;");
    assert_eq!(session.later(5, "grandchild"), r#"stdout "grandchild\n""#);
    session.show(&format!(r#"{late} thread::spawn(move || {{ {when} display(&dagbok::display::MimeBundle::plain("picture")) }});"#));
    session.show("go.send(())?;");
    assert_eq!(session.later(7, "picture"), "display picture");
    session.show(&format!(r#"{late} thread::Builder::new().name("late".into()).spawn(move || {{ {when} panic!("late") }}).unwrap();"#));
    session.show("go.send(())?;");
    assert_eq!(
        session.later(9, "panicked"),
        r#"stderr "thread `late` panicked at cell 9, line 1: late\n""#
    );
}

#[test]
fn text_of_a_pool_belongs_to_the_cell_that_computes() {
    check_cells(
        r#"#[delayed] fn speak(word: &str) -> usize { println!("{word}"); word.len() } |||
speak("first").compute()? ||| speak("second").compute()?"#,
        expect![[r#"
            2: stdout "first\n"
            =5
            3: stdout "second\n"
            =6"#]],
    );
}

#[test]
fn text_without_a_newline_is_shown_while_the_cell_runs() {
    let mut session = Session::start();
    // The interrupt comes once the text is shown.
    session.interrupt_at("waiting");
    assert_eq!(
        session.show(
            r#"print!("waiting"); loop { std::thread::sleep(std::time::Duration::from_secs(60)) }"#
        ),
        "stdout \"waiting\"\nInterrupted: the cell was interrupted; all variables are there"
    );
}

#[test]
fn many_lines_arrive_in_order() {
    let mut session = Session::start();
    let (shown, error) = session.run(
        r#"for i in 0..200_000 { println!("{i}"); } for i in 0..20_000 { eprintln!("{i}"); }"#,
    );
    assert_eq!(error, None);
    let expected = |n: u32| (0..n).map(|i| format!("{i}\\n")).collect::<String>();
    assert_eq!(shown.len(), 2);
    assert!(shown[0] == format!("stdout \"{}\"", expected(200_000)));
    assert!(shown[1] == format!("stderr \"{}\"", expected(20_000)));
}

#[test]
fn many_threads_print_whole_lines() {
    let mut session = Session::start();
    let (shown, _) = session.run(
        r#"std::thread::scope(|scope| for t in 0..8 { scope.spawn(move || for i in 0..2_000 {
            if t % 2 == 0 { println!("{t} {i}") } else { eprintln!("{t} {i}") }
        }); });"#,
    );
    let mut next = [0; 8];
    for stream in ["stdout", "stderr"] {
        let of_stream = shown.iter().filter(|shown| shown.starts_with(stream));
        let text: String = of_stream
            .filter_map(|shown| shown.split('"').nth(1))
            .collect();
        for line in text.split("\\n").filter(|line| !line.is_empty()) {
            let (thread, number) = line.split_once(' ').unwrap();
            let thread: usize = thread.parse().unwrap();
            assert_eq!(number.parse(), Ok(next[thread]), "{line}");
            next[thread] += 1;
        }
    }
    assert_eq!(next, [2_000; 8]);
}

#[test]
fn input_comes_from_the_front_end() {
    let mut session = Session::start();
    for line in ["Ada", "", "7", "8 9", "secret", "one", "two", "rest"] {
        session.answer(Answer::Line(line.to_owned()));
    }
    session.answer(Answer::End);
    session.answer(Answer::End);
    session.answer(Answer::Refused("nobody is there".to_owned()));
    session.answer(Answer::Refused("nobody is there".to_owned()));
    check_cells_in(
        &mut session,
        r#"dagbok::input("name? ") ||| input("") ||| print!("n = "); let mut line = String::new(); std::io::stdin().read_line(&mut line)?; line |||
line.clear(); std::io::stdin().read_line(&mut line)?; line.split_whitespace().map(str::parse::<u8>).collect::<Vec<_>>() |||
dagbok::password("pass: ") ||| std::io::stdin().lines().take(2).collect::<Result<Vec<_>, _>>()? ||| use std::io::Read; let mut two = [0; 2]; std::io::stdin().read_exact(&mut two)?; two |||
std::io::stdin().read_line(&mut line)? ||| input("more? ") ||| input("anyone? ") ||| std::io::stdin().read_line(&mut line)? ||| 1 + 1"#,
        expect![[r#"
            1: input "name? "
            ="Ada"
            2: input ""
            =""
            3: stdout "n = "
            input ""
            ="7\n"
            4: input ""
            =[Ok(8), Ok(9)]
            5: password "pass: "
            ="secret"
            6: input ""
            input ""
            =["one", "two"]
            7: input ""
            =[114, 101]
            8: =3
            9: input "more? "
            Panic: the input has ended
             --> cell 9, line 1
              | input("more? ")
            10: input "anyone? "
            Panic: the input has ended
             --> cell 10, line 1
              | input("anyone? ")
            11: input ""
            stderr "stdin cannot be read: nobody is there\n"
            Error: Operation not supported (os error 95)
             --> cell 11, line 1
              | std::io::stdin().read_line(&mut line)?
            12: =2"#]],
    );
}

#[test]
fn input_of_the_crate_evcxr_input() {
    let mut session = Session::start();
    session.answer(Answer::Line("Ada".to_owned()));
    session.answer(Answer::Line("x".to_owned()));
    check_cells_in(
        &mut session,
        r#"fn ask(kind: &str, prompt: &str) -> String { println!("{kind}:{prompt}"); let mut line = String::new(); std::io::stdin().read_line(&mut line).unwrap(); line } |||
ask("EVCXR_INPUT_REQUEST", "Name?") ||| ask("EVCXR_INPUT_REQUEST_PASSWORD", "Pass?") ||| println!("EVCXR_INPUT_REQUESTS")"#,
        expect![[r#"
            2: input "Name?"
            ="Ada\n"
            3: password "Pass?"
            ="x\n"
            4: stdout "EVCXR_INPUT_REQUESTS\n""#]],
    );
}

#[test]
fn only_the_running_cell_asks() {
    let mut session = Session::start();
    session.show(r#"let (go, gone) = std::sync::mpsc::channel::<()>(); std::thread::spawn(move || { gone.recv().unwrap(); println!("{:?}", std::io::stdin().read_line(&mut String::new()).is_err()); });"#);
    session.show("go.send(())?;");
    let refused = session.later(1, "true");
    assert!(
        refused.contains("stdin cannot be read: only a running cell can ask for input"),
        "{refused}"
    );
    // A question that nobody answers ends with the cell that asked it.
    let mut shown = session.show(r#"std::thread::spawn(|| println!("{:?}", std::io::stdin().read_line(&mut String::new()).is_err())); std::thread::sleep(std::time::Duration::from_millis(100));"#);
    if !shown.contains("true") {
        shown += &session.later(3, "true");
    }
    assert!(shown.contains("the cell that asked has ended"), "{shown}");
}

#[test]
fn child_processes_have_no_stdin() {
    check_cells(
        r#"std::process::Command::new("cat").status()?.success() ||| String::from_utf8(std::process::Command::new("cat").arg("-").output()?.stdout)?"#,
        expect![[r#"
            1: =true
            2: ="""#]],
    );
}

#[test]
fn stdout_can_be_redirected() {
    check_cells(
        r#"use std::os::fd::AsRawFd; unsafe extern "C" { fn dup(a: i32) -> i32; fn dup2(a: i32, b: i32) -> i32; } let path = std::env::temp_dir().join(format!("dagbok-{}", std::process::id())); |||
print!("kept "); let file = std::fs::File::create(&path)?; let saved = unsafe { dup(1) }; unsafe { dup2(file.as_raw_fd(), 1); } println!("hidden"); print!("piece"); unsafe { dup2(saved, 1); } println!("shown") |||
let text = std::fs::read_to_string(&path)?; std::fs::remove_file(&path)?; text"#,
        expect![[r#"
            2: stdout "kept shown\n"
            3: ="hidden\npiece""#]],
    );
}
