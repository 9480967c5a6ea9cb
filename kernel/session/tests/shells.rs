//! Cells of several shells, which run at the same time.

mod support;

use std::collections::BTreeMap;

use dagbok_kernel::evaluate::{Answer, Evaluator, Shell, VariableView};
use expect_test::{Expect, expect};
use support::{Begun, Session};

/// Carries out the steps in `script`, which `|||` separates, in a new session; what each cell shows after its number.
///
/// A step begins with a word that says what to do with the code behind it:
///
/// - `N`: run it in the shell N to its end;
/// - `N&`: begin to run it there, and wait until it shows something or asks;
/// - `N~`: wait until it shows something more;
/// - `N.`: wait for the end of the cell that runs there;
/// - `N?`: the answer to what that has asked;
/// - `N/`: the shell has ended;
/// - `!`: interrupt;
/// - `look`: the variables as someone sees them who is no cell, or the one named.
#[track_caller]
fn check_shells(script: &str, expected: Expect) {
    let mut session = Session::start();
    let mut running: BTreeMap<u32, Begun> = BTreeMap::new();
    let mut shown: BTreeMap<u32, String> = BTreeMap::new();
    let mut seen = Vec::new();
    for step in script.split("|||") {
        let step = step.trim();
        let (order, code) = step.split_once(char::is_whitespace).unwrap_or((step, ""));
        let number = order.trim_end_matches(|c: char| !c.is_ascii_digit());
        let shell: u32 = number.parse().unwrap_or_default();
        match &order[number.len()..] {
            "" => {
                let begun = session.begin(Shell(shell), code);
                shown.insert(begun.number, begun.end());
            }
            "&" => {
                let begun = session.begin(Shell(shell), code);
                begun.screen.wait();
                running.insert(shell, begun);
            }
            "~" => running[&shell].screen.wait(),
            "." => {
                let begun = running.remove(&shell).expect("a cell that runs");
                shown.insert(begun.number, begun.end());
            }
            "?" => {
                let answer = Answer::Line(code.to_owned());
                running[&shell].screen.answer(answer);
            }
            "/" => session.evaluator().end_shell(Shell(shell)),
            "look" => seen.push(format!("look {code}: {}", look(session.evaluator(), code))),
            "!" => session.interrupter().interrupt(),
            other => panic!("no order `{other}`"),
        }
    }
    assert!(running.is_empty(), "some cells have not been waited for");
    for (number, text) in &mut shown {
        let late = session.late(*number);
        if !late.is_empty() {
            *text += &format!("\nlater {late}");
        }
    }
    let lines = shown.iter().filter(|(_, text)| !text.is_empty());
    let lines = lines.map(|(number, text)| format!("{number}: {text}"));
    let lines: Vec<String> = lines.chain(seen).collect();
    expected.assert_eq(&lines.join("\n"));
}

fn look(evaluator: &dyn Evaluator, name: &str) -> String {
    if !name.is_empty() {
        let shown = evaluator.variable(name);
        return shown.map_or_else(|reason| reason, |data| data["text/plain"].to_string());
    }
    let variables = evaluator.variables().unwrap();
    let lines = variables.iter().map(|variable| {
        let VariableView {
            name,
            type_name,
            value,
        } = variable;
        format!("\n{name}: {type_name} = {value}")
    });
    lines.collect()
}

/// Flags by which cells wait for one another, and a loop that waits.
const FLAGS: &str = r#"0 use std::sync::atomic::{AtomicBool, AtomicU32, Ordering}; static A: AtomicBool = AtomicBool::new(false); static B: AtomicBool = AtomicBool::new(false);
fn set(flag: &AtomicBool) { flag.store(true, Ordering::SeqCst); } fn wait(flag: &AtomicBool) { while !flag.load(Ordering::SeqCst) { std::thread::yield_now(); } }"#;

#[track_caller]
fn check_with_flags(script: &str, expected: Expect) {
    check_shells(&format!("{FLAGS} ||| {script}"), expected);
}

#[test]
fn cells_of_two_shells_run_at_the_same_time() {
    // Each waits for the other.
    check_with_flags(
        r#"0& println!("first"); wait(&A); set(&B); "from the main shell" ||| 1 println!("second"); set(&A); wait(&B); "from the other" ||| 0."#,
        expect![[r#"
            2: stdout "first\n"
            ="from the main shell"
            3: stdout "second\n"
            ="from the other""#]],
    );
    // Functions and types of both are everybody's, also those of a cell that still runs.
    check_with_flags(
        r#"0& struct P(u8); fn f(p: &P) -> u8 { p.0 } println!("runs"); wait(&A); f(&P(1)) ||| 1 fn g() -> u8 { f(&P(2)) } g() ||| 2 set(&A); g() + f(&P(3)) ||| 0."#,
        expect![[r#"
            2: stdout "runs\n"
            =1
            3: =2
            4: =5"#]],
    );
    // The thread of a shell is the same for all of its cells.
    check_shells(
        r#"0 let a = std::thread::current().id(); ||| 1 let b = std::thread::current().id(); a == b ||| 1 b == std::thread::current().id() ||| 0 a == std::thread::current().id()"#,
        expect![[r#"
            2: =false
            3: =true
            4: =true"#]],
    );
}

#[test]
fn output_reaches_the_shell_of_its_cell() {
    check_with_flags(
        r#"0& println!("a1"); wait(&A); println!("a2"); eprintln!("a3"); std::thread::spawn(|| println!("a4")).join().unwrap(); display("a5"); print!("a6"); set(&B); "a" |||
1& println!("b1"); set(&A); wait(&B); print!("b2"); eprintln!("b3"); std::thread::spawn(|| println!("b4")).join().unwrap(); display("b5"); "b" ||| 0. ||| 1."#,
        expect![[r#"
            2: stdout "a1\na2\n"
            stderr "a3\n"
            stdout "a4\n"
            display "a5"
            stdout "a6"
            ="a"
            3: stdout "b1\nb2"
            stderr "b3\n"
            stdout "b4\n"
            display "b5"
            ="b""#]],
    );
    // What child processes print is the newest cell's, and the older one's once that has ended.
    check_with_flags(
        r#"0& println!("runs"); wait(&A); std::process::Command::new("echo").arg("old").status()?; ||| 1 std::process::Command::new("echo").arg("new").status()?; ||| 1 set(&A); ||| 0."#,
        expect![[r#"
            2: stdout "runs\nold\n"
            3: stdout "new\n""#]],
    );
    check_with_flags(
        r#"0& println!("runs"); wait(&A); panic!("of a") ||| 1& println!("runs"); wait(&A); Err("of b")? ||| 2 set(&A); ||| 0. ||| 1."#,
        expect![[r#"
            2: stdout "runs\n"
            Panic: of a
             --> cell 2, line 1
              | println!("runs"); wait(&A); panic!("of a")
            3: stdout "runs\n"
            Error: of b
             --> cell 3, line 1
              | println!("runs"); wait(&A); Err("of b")?"#]],
    );
}

#[test]
fn a_variable_is_one_cells_at_a_time() {
    check_with_flags(
        r#"0 let mut v = vec![1]; let w = 5; ||| 0& println!("runs"); v.push(2); wait(&A); v.push(3); |||
1 v.len() ||| 1 println!("{v:?}"); ||| 1 v = vec![]; ||| 1 let v = 7; ||| 1 :forget v ||| 1 :vars ||| 1 w + 1 |||
1 let own = [10, 20].iter().map(|v| v + 1).sum::<i32>(); struct S { v: i32 } { let v = S { v: own }; v.v } |||
1 set(&A); ||| 0. ||| 1 v"#,
        expect![[r#"
            3: stdout "runs\n"
            4: InUse: `v` is in use by cell 3, which is still running
            5: InUse: `v` is in use by cell 3, which is still running
            6: InUse: `v` is in use by cell 3, which is still running
            7: InUse: `v` is in use by cell 3, which is still running
            8: InUse: `v` is in use by cell 3, which is still running
            9: display {"text/plain":"name   type      size  value             cell\nmut v  Vec<i32>        in use by cell 3  2\nw      i32       4 B   5                 2","text/html":"<table><thead><tr><th style=\"text-align:left\">name</th><th style=\"text-align:left\">type</th><th style=\"text-align:left\">size</th><th style=\"text-align:left\">value</th><th style=\"text-align:left\">cell</th></tr></thead><tbody><tr><td style=\"text-align:left\">mut v</td><td style=\"text-align:left\">Vec&lt;i32&gt;</td><td style=\"text-align:left\"></td><td style=\"text-align:left\">in use by cell 3</td><td style=\"text-align:left\">2</td></tr><tr><td style=\"text-align:left\">w</td><td style=\"text-align:left\">i32</td><td style=\"text-align:left\">4 B</td><td style=\"text-align:left\">5</td><td style=\"text-align:left\">2</td></tr></tbody></table>"}
            10: =6
            11: =32
            13: =[1, 2, 3]"#]],
    );
    // Types of variables that are in use stay; an `impl` is none of their business.
    check_with_flags(
        r#"0 struct T(u8); let t = T(1); ||| 0& println!("runs"); wait(&A); let n = t.0; let u = T(2); ||| 1 struct T(u16); ||| 1 impl T { fn get(&self) -> u8 { self.0 } } |||
1 set(&A); ||| 0. ||| 1 (t.get(), u.get(), n)"#,
        expect![[r#"
            3: stdout "runs\n"
            4: InUse: `t`, which is of the `T` that this cell defines anew, is in use by cell 3, which is still running
            7: =(1, 2, 1)"#]],
    );
    // A value of a type that was defined anew while its cell ran is lost.
    check_with_flags(
        r#"0 struct T(u8); ||| 0& println!("runs"); wait(&A); let u = T(2); let n = u.0; ||| 1 struct T(u16); ||| 1 set(&A); ||| 0. ||| 1 n ||| 1 u.0 ||| 1 T(300).0"#,
        expect![[r#"
            3: stdout "runs\n"
            stderr "`u` was dropped, because cell 4 defines its type `T` anew\n"
            6: =2
            7: error[E0425]: cannot find value `u` in this scope
             --> cell 7:1:1
              |
            1 | u.0
              | ^ not found in this scope
              |
              = note: `u` was dropped, because cell 4 defines its type `T` anew
            8: =300"#]],
    );
}

#[test]
fn of_two_variables_of_one_name_the_last_one_stays() {
    check_with_flags(
        r#"0& println!("runs"); wait(&A); let x = "of the first"; ||| 1& println!("runs"); wait(&B); let x = 2.5; ||| 2 set(&A); ||| 0. ||| 2 x ||| 2 set(&B); ||| 1. ||| 2 x ||| 0 x"#,
        expect![[r#"
            2: stdout "runs\n"
            3: stdout "runs\n"
            5: ="of the first"
            7: =2.5
            8: =2.5"#]],
    );
    // A cell that only uses the older one does not bring it back.
    check_with_flags(
        r#"0& println!("runs"); wait(&A); let x = "new"; ||| 1 let x = 1; ||| 1& println!("{x}"); wait(&B); ||| 2 set(&A); ||| 0. ||| 2 set(&B); ||| 1. ||| 2 x"#,
        expect![[r#"
            2: stdout "runs\n"
            4: stdout "1\n"
            7: ="new""#]],
    );
    // One that fails defines none.
    check_with_flags(
        r#"0& println!("runs"); wait(&A); panic!("early"); let x = 1; ||| 1 let x = 2; ||| 2 set(&A); ||| 0. ||| 2 x"#,
        expect![[r#"
            2: stderr "warning: unreachable statement\n --> cell 2:1:46\n  |\n1 | println!(\"runs\"); wait(&A); panic!(\"early\"); let x = 1;\n  |                             ---------------  ^^^^^^^^^^ unreachable statement\n  |                             |\n  |                             any code following this expression is unreachable\n"
            stdout "runs\n"
            Panic: early
             --> cell 2, line 1
              | println!("runs"); wait(&A); panic!("early"); let x = 1;
            5: =2"#]],
    );
}

#[test]
fn what_is_not_send_stays_in_its_shell() {
    check_shells(
        r#"0 use std::rc::Rc; struct Loud(&'static str); impl Drop for Loud { fn drop(&mut self) { println!("{} in {}", self.0, WHERE.with(|w| w.get())); } } thread_local! { static WHERE: std::cell::Cell<u32> = std::cell::Cell::new(9); } |||
0 WHERE.with(|w| w.set(0)); let r = Rc::new(Loud("dropped")); let s = Rc::clone(&r); let n = Rc::new(3); ||| 1 WHERE.with(|w| w.set(1)); ||| 1 r.0 ||| 1 [1, 2].map(|r| r + 1) ||| 1 r = s; ||| 1 :vars ||| 1 let n = 5; n ||| 1 :forget r s ||| 0 1 + 1 ||| 0 n"#,
        expect![[r#"
            2: 
            later stdout "dropped in 0\n"
            4: NotSent: `r` stays in the shell of cell 2, which made it: a `Rc<Loud>` cannot be sent from one thread to another
            5: =[2, 3]
            6: NotSent: `r` stays in the shell of cell 2, which made it: a `Rc<Loud>` cannot be sent from one thread to another
            7: display {"text/plain":"name  type      size  value             cell\nn     Rc<i32>         in another shell  2\nr     Rc<Loud>        in another shell  2\ns     Rc<Loud>        in another shell  2","text/html":"<table><thead><tr><th style=\"text-align:left\">name</th><th style=\"text-align:left\">type</th><th style=\"text-align:left\">size</th><th style=\"text-align:left\">value</th><th style=\"text-align:left\">cell</th></tr></thead><tbody><tr><td style=\"text-align:left\">n</td><td style=\"text-align:left\">Rc&lt;i32&gt;</td><td style=\"text-align:left\"></td><td style=\"text-align:left\">in another shell</td><td style=\"text-align:left\">2</td></tr><tr><td style=\"text-align:left\">r</td><td style=\"text-align:left\">Rc&lt;Loud&gt;</td><td style=\"text-align:left\"></td><td style=\"text-align:left\">in another shell</td><td style=\"text-align:left\">2</td></tr><tr><td style=\"text-align:left\">s</td><td style=\"text-align:left\">Rc&lt;Loud&gt;</td><td style=\"text-align:left\"></td><td style=\"text-align:left\">in another shell</td><td style=\"text-align:left\">2</td></tr></tbody></table>"}
            8: =5
            10: =2
            11: =5"#]],
    );
    // Its thread lives as long as that.
    check_shells(
        r#"0 fn n_threads() -> usize { let names = std::fs::read_dir("/proc/self/task").unwrap().flatten().map(|task| std::fs::read_to_string(task.path().join("comm"))); names.filter(|name| name.as_ref().is_ok_and(|name| name.trim() == "cell")).count() } |||
2 let n = 1; n_threads() ||| 2/ ||| 0 while n_threads() > 1 {} n |||
1 let r = std::rc::Rc::new(1); let v = vec![1]; ||| 1/ ||| 0 n_threads() ||| 0 v.len() ||| 0 r ||| 0 let r = 2; r"#,
        expect![[r#"
            2: =2
            3: =1
            5: =2
            6: =1
            7: NotSent: `r` stays in the shell of cell 4, which made it: a `Rc<i32>` cannot be sent from one thread to another
            8: =2"#]],
    );
}

#[test]
fn commands_that_need_all_cells_to_have_ended_say_so() {
    check_with_flags(
        r#"0& println!("runs"); wait(&A); ||| 1 :clear ||| 1 :reset ||| 1 :restore ||| 1 let x = 1; ||| 1 set(&A); ||| 0. ||| 1 :clear ||| 1 x"#,
        expect![[r#"
            2: stdout "runs\n"
            3: CommandError: `:clear` can only be done when no other cell runs, but cell 2 is still running
            4: CommandError: `:reset` can only be done when no other cell runs, but cell 2 is still running
            5: CommandError: `:restore` can only be done when no other cell runs, but cell 2 is still running
            9: error[E0425]: cannot find value `x` in this scope
             --> cell 9:1:1
              |
            1 | x
              | ^ not found in this scope
              |
              = note: `x` was dropped by `:clear`"#]],
    );
    // Others do not, and those that take long let cells run meanwhile.
    check_with_flags(
        r#"0 !rm -f $PPID.go ||| 0& !echo runs; while [ ! -e $PPID.go ]; do sleep 0.01; done; rm $PPID.go ||| 1 1 + 1 ||| 1 :type 1u8 ||| 1 !touch $PPID.go ||| 0."#,
        expect![[r#"
            3: stdout "runs\n"
            4: =2
            5: display u8"#]],
    );
}

#[test]
fn an_interrupt_stops_all_cells_that_run() {
    check_with_flags(
        r#"0 let kept = 1; ||| 0& println!("{kept}"); loop {} ||| 1& println!("b"); std::thread::sleep(std::time::Duration::from_secs(1000)); ||| 2& input("c?"); ||| ! ||| 0. ||| 1. ||| 2. ||| 1 kept"#,
        expect![[r#"
            3: stdout "1\n"
            Interrupted: the cell was interrupted; all variables are there
            4: stdout "b\n"
            Interrupted: the cell was interrupted; all variables are there
            5: input "c?"
            Interrupted: the cell was interrupted; all variables are there
            6: =1"#]],
    );
    // Those that begin afterwards are not concerned, also while one of before cannot be stopped.
    check_with_flags(
        r#"0 use std::sync::{Condvar, Mutex}; static GATE: Mutex<bool> = Mutex::new(false); static OPEN: Condvar = Condvar::new(); |||
1& println!("waits"); drop(OPEN.wait_while(GATE.lock()?, |open| !*open)?); ||| ! ||| 1~ |||
0 let mut n = 0; while n < 1000 { n += 1 } std::thread::sleep(std::time::Duration::from_millis(1)); n + delayed(1).map(|one| { for _ in 0..10 {} one + 0 }).compute()? |||
2 *GATE.lock()? = true; OPEN.notify_all(); ||| 1."#,
        expect![[r#"
            3: stdout "waits\n"
            stderr "the cell is in code that cannot be stopped; another interrupt ends the session process, and all variables with it\n"
            4: =1001"#]],
    );
    // Compiling and commands of the shell are stopped, too.
    check_with_flags(
        r#"0& println!("runs"); loop {} ||| 1& !echo runs; sleep 1000 ||| ! ||| 0. ||| 1."#,
        expect![[r#"
            2: stdout "runs\n"
            Interrupted: the cell was interrupted; all variables are there
            3: stdout "runs\n"
            Interrupted: the cell was interrupted; all variables are there"#]],
    );
}

#[test]
fn computations_of_two_cells_run_at_the_same_time() {
    check_with_flags(
        r#"0& println!("runs"); let mut n = 0; while !A.load(Ordering::SeqCst) { n += delayed(1).compute()?; } delayed(()).map(|()| println!("a's task")).compute()?; n > 0 |||
1 delayed(()).map(|()| println!("b's task")).compute()?; let sum = ones(10).sum(()).compute()?.item::<f64>()?; set(&A); sum ||| 0."#,
        expect![[r#"
            2: stdout "runs\na's task\n"
            =true
            3: stdout "b's task\n"
            =10.0"#]],
    );
    check_with_flags(
        r#"0& println!("runs"); loop { delayed(()).map(|()| std::thread::yield_now()).compute()?; } ||| 1& println!("runs"); delayed(()).map(|()| loop {}).map(|(): &()| 1).compute()? ||| ! ||| 0. ||| 1. ||| 2 delayed(5).compute()?"#,
        expect![[r#"
            2: stdout "runs\n"
            Interrupted: the cell was interrupted; all variables are there
            3: stdout "runs\n"
            Interrupted: the cell was interrupted; all variables are there
            4: =5"#]],
    );
}

#[test]
fn the_end_of_the_process_is_told_to_each_cell_once() {
    check_with_flags(
        r#"0 let x = 1; let y = 2; ||| 0& println!("{x}"); wait(&A); ||| 1& println!("runs"); wait(&A); ||| 2 std::process::abort() ||| 0. ||| 1. ||| 0 x ||| 1 :restore ||| 1 x + y"#,
        expect![[r#"
            3: stdout "1\n"
            Crash: the session process ended while cells 3, 4 and 5 were running: it was aborted (signal 6, SIGABRT)
            a new session process has started; the variables `x`, `y` are lost; functions and types are still there; `:restore` runs the earlier cells again
            4: stdout "runs\n"
            Crash: the session process ended while cells 3, 4 and 5 were running: it was aborted (signal 6, SIGABRT)
            a new session process has started; the variables `x`, `y` are lost; functions and types are still there; `:restore` runs the earlier cells again
            5: Crash: the session process ended while cells 3, 4 and 5 were running: it was aborted (signal 6, SIGABRT)
            a new session process has started; the variables `x`, `y` are lost; functions and types are still there; `:restore` runs the earlier cells again
            6: error[E0425]: cannot find value `x` in this scope
             --> cell 6:1:1
              |
            1 | x
              | ^ not found in this scope
              |
              = note: `x` was lost when the session process ended, in which cells 3, 4 and 5 were running
            7: display cells 1 and 2 ran again; cells 3, 4 and 5 had failed and are left out
            8: =3"#]],
    );
    // Whoever comes first starts the next one.
    check_with_flags(
        r#"0& println!("runs"); wait(&A); std::process::exit(3) ||| 1 let z = 1; ||| 1& println!("runs"); set(&A); loop {} ||| 1. ||| 0. ||| 2 z ||| 2 let z = 4; z"#,
        expect![[r#"
            2: stdout "runs\n"
            Crash: the session process ended while cells 2 and 4 were running: it exited with code 3
            a new session process has started; the variable `z` is lost; functions and types are still there; `:restore` runs the earlier cells again
            4: stdout "runs\n"
            Crash: the session process ended while cells 2 and 4 were running: it exited with code 3
            a new session process has started; the variable `z` is lost; functions and types are still there; `:restore` runs the earlier cells again
            5: error[E0425]: cannot find value `z` in this scope
             --> cell 5:1:1
              |
            1 | z
              | ^ not found in this scope
              |
              = note: `z` was lost when the session process ended, in which cells 2 and 4 were running
            6: =4"#]],
    );
    // By the second interrupt.
    check_with_flags(
        r#"0 unsafe extern "C" { fn pause() -> i32; } ||| 0& println!("runs"); unsafe { pause() }; ||| ! ||| 0~ ||| 1& println!("runs"); loop {} ||| ! ||| 0. ||| 1. ||| 1 6 * 7"#,
        expect![[r#"
            3: stdout "runs\n"
            stderr "the cell is in code that cannot be stopped; another interrupt ends the session process, and all variables with it\n"
            Interrupted: a cell could not be stopped, so the second interrupt ended the session process, in which cells 3 and 4 were running
            a new session process has started; there were no variables to lose; functions and types are still there; `:restore` runs the earlier cells again
            4: stdout "runs\n"
            Interrupted: a cell could not be stopped, so the second interrupt ended the session process, in which cells 3 and 4 were running
            a new session process has started; there were no variables to lose; functions and types are still there; `:restore` runs the earlier cells again
            5: =42"#]],
    );
    // What ran in other shells runs there again.
    check_shells(
        r#"0 let r = std::rc::Rc::new(1); ||| 1 let s = std::rc::Rc::new(2); ||| 2 let t = std::rc::Rc::new(3); ||| 1 std::process::abort() ||| 2/ ||| 0 :restore ||| 0 r ||| 1 s ||| 0 t"#,
        expect![[r#"
            4: Crash: cell 4 ended the session process: it was aborted (signal 6, SIGABRT)
            a new session process has started; the variables `r`, `s`, `t` are lost; functions and types are still there; `:restore` runs the earlier cells again
            5: display cells 1, 2 and 3 ran again; cell 4 had failed and is left out
            6: =1
            7: =2
            8: =3"#]],
    );
}

#[test]
fn questions_of_two_cells_go_to_their_own_front_ends() {
    check_shells(
        r#"0& input("name of a?") ||| 1& let name = input("name of b?"); name + "!" ||| 1? Berit ||| 1. ||| 0? Åse ||| 0."#,
        expect![[r#"
            1: input "name of a?"
            ="Åse"
            2: input "name of b?"
            ="Berit!""#]],
    );
    check_shells(
        r#"0& input("a?") ||| 1& println!("runs"); let mut line = String::new(); std::io::stdin().read_line(&mut line)?; line ||| 1~ ||| 0? 1 ||| 0. ||| 1? 2 ||| 1."#,
        expect![[r#"
            1: input "a?"
            ="1"
            2: stdout "runs\n"
            input ""
            ="2\n""#]],
    );
}

#[test]
fn variables_can_be_looked_at_while_cells_run() {
    check_shells(
        r#"look ||| 0 let n = 1; ||| look ||| look n ||| look m ||| look n.pow(2) ||| 0 let n = "å\u{1F600}"; let v: Vec<u8> = vec![]; ||| look ||| 0 drop(v); ||| look v ||| look"#,
        expect![[r#"
            look : 
            look : 
            n: i32 = 1
            look n: "1"
            look m: there is no variable `m`; `:vars` lists those there are
            look n.pow(2): there is no variable `n.pow(2)`; `:vars` lists those there are
            look : 
            n: &str = "å😀"
            v: Vec<u8> = []
            look v: there is no variable `v`: `v` was moved in cell 3
            look : 
            n: &str = "å😀""#]],
    );
    check_with_flags(
        r#"0 use std::rc::Rc; let rc = Rc::new(5); let s = String::from("free"); let mut used = 1; struct Opaque; let o = Opaque; let zeros = zeros([2, 2]); |||
0& println!("runs"); used += 1; wait(&A); ||| look ||| look used ||| look rc ||| look s ||| look zeros ||| 1 set(&A); ||| 0. ||| look ||| look rc ||| look o"#,
        expect![[r#"
            3: stdout "runs\n"
            look : 
            o: Opaque = 
            rc: Rc<i32> = in another shell
            s: String = "free"
            used: i32 = in use by cell 3
            zeros: Array = Array(zeros-b5a6de96e0fbd0cc, shape=(2, 2), dtype=f64, chunks=(2, 2))
            look used: InUse: `used` is in use by cell 3, which is still running
            look rc: NotSent: `rc` stays in the shell of cell 2, which made it: a `Rc<i32>` cannot be sent from one thread to another
            look s: "\"free\""
            look zeros: "Array (2, 2) of f64, 32 B\n  chunk  (2, 2), 32 B\n  graph  1 chunk in 1 layer, made by `zeros`"
            look : 
            o: Opaque = 
            rc: Rc<i32> = 5
            s: String = "free"
            used: i32 = 2
            zeros: Array = Array(zeros-b5a6de96e0fbd0cc, shape=(2, 2), dtype=f64, chunks=(2, 2))
            look rc: "5"
            look o: "a value of type `Opaque` cannot be displayed""#]],
    );
    // Neither a `Debug` that fails nor the end of the process does any harm.
    check_shells(
        r#"0 struct Loud; impl std::fmt::Debug for Loud { fn fmt(&self, _: &mut std::fmt::Formatter) -> std::fmt::Result { println!("seen"); panic!("no") } } let loud = Loud; ||| look ||| look loud |||
0 struct Last; impl std::fmt::Debug for Last { fn fmt(&self, _: &mut std::fmt::Formatter) -> std::fmt::Result { std::process::exit(3) } } let last = Last; ||| look last ||| look ||| 0 1 + 1 ||| look"#,
        expect![[r#"
            3: =2
            look : 
            loud: Loud = its `Debug` panicked: no
            look loud: Panic: no
            look last: Crash: cell 2 ended the session process: it exited with code 3
            look : 
            look : "#]],
    );
}
