//! Futures in cells: they live from cell to cell, print where they were submitted, and show what becomes of them.

mod support;

use expect_test::expect;
use support::{Session, check_cells};

#[test]
fn futures_live_from_cell_to_cell() {
    check_cells(
        r#"let (go, gone) = std::sync::mpsc::channel::<i64>(); let slow = try_submit(move || gone.recv()); ||| slow.status() |||
        let doubled = slow.map(|x| x * 2); doubled.status() ||| go.send(21)?; doubled.result()? ||| (&slow).await? + doubled.await? |||
        let words = submit_map(|n| "ab".repeat(n), 1..3); ||| gather(&words)? |||
        #[delayed] fn join(words: &[String]) -> String { words.concat() } join(&words).submit().result()? |||
        submit(|| println!("from a task")).result()? ||| let failed = try_submit(|| "x".parse::<u8>()); failed.exception()?.is_some() |||
        for future in as_completed(words) { println!("{}", future.result()?.len()); break; }"#,
        expect![[r#"
            2: =Processing
            3: =Pending
            4: =42
            5: =63
            7: =["ab", "abab"]
            8: ="ababab"
            9: stdout "from a task\n"
            10: =true
            11: stdout "2\n""#]],
    );
}

#[test]
fn errors_of_the_synchronous_scheduler_name_lines_of_cells() {
    check_cells(
        r#"Config::set("scheduler", "synchronous")?; ||| fn half(x: i32) -> i32 { 1 / x } #[delayed] fn bad(x: i32) -> i32 {
half(x) } |||
let error = bad(0).compute().unwrap_err(); println!("{}", error.to_string().lines().take(2).collect::<Vec<_>>().join("|"));"#,
        expect![[r#"
            3: stdout "`bad` failed: panicked at cell 2, line 1: attempt to divide by zero|  called from cell 2, line 2\n""#]],
    );
}

#[test]
fn a_callback_that_panics_is_told_of() {
    check_cells(
        r#"Config::set("threads", 1)?; ||| 
let (tell, told) = std::sync::mpsc::channel(); let future = submit(|| 1);
future.on_done(|_| panic!("lost")); future.on_done(move |_| tell.send(2).unwrap()); told.recv()?"#,
        expect![[r#"
            2: stderr "a callback of a future panicked: lost\n"
            =2"#]],
    );
}

#[test]
fn an_interrupt_ends_the_wait_and_not_the_future() {
    let mut session = Session::start();
    session.show(
        "let (go, gone) = std::sync::mpsc::channel::<i64>(); let slow = try_submit(move || gone.recv());",
    );
    for code in [
        r#"println!("started"); slow.result()?"#,
        r#"println!("started"); gather([&slow])?"#,
        r#"println!("started"); (&slow).await?"#,
        r#"println!("started"); for future in as_completed([slow.clone()]) { future.result()?; }"#,
        r#"println!("started"); slow.delayed().map(|x| x + 1).compute()?"#,
    ] {
        session.interrupt_at("started");
        let shown = session.show(code);
        assert!(shown.contains("Interrupted: "), "{code}: {shown}");
        assert_eq!(session.show("slow.status()"), "=Processing", "{code}");
    }
    assert_eq!(session.show("go.send(7)?; slow.result()?"), "=7");
}

/// So many sleepers would keep all threads busy for a long time.
#[test]
fn cancelled_sleepers_give_their_threads_back() {
    let mut session = Session::start();
    session.show(
        "let sleepers = submit_map(|_| std::thread::sleep(std::time::Duration::from_secs(1000)), 0..64);",
    );
    let shown = session.show(
        "for sleeper in &sleepers { sleeper.cancel(); } (submit(|| 1).result()?, sleepers[0].status())",
    );
    assert_eq!(shown, "=(1, Cancelled)");
}

#[test]
fn a_future_shows_what_becomes_of_it() {
    let mut session = Session::start();
    session.show("let (go, gone) = std::sync::mpsc::channel::<i64>(); let slow = try_submit(move || gone.recv()).map(|x| x + 1);");
    let shown = session.show("slow");
    assert!(
        shown.starts_with("display ") && shown.contains("… pending"),
        "{shown}"
    );
    session.show("go.send(1)?; slow.result()?");
    assert!(session.later(2, "finished").contains("update "));
    let shown = session.show("display(&slow);");
    assert!(
        shown.starts_with("display ") && shown.contains("✓ finished"),
        "{shown}"
    );
}
