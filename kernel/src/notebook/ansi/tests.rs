//! Lines with control sequences, against what a terminal shows.

use expect_test::{Expect, expect};

use super::{compact, plain, settle};

fn check_settle(line: &str, expect: Expect) {
    expect.assert_eq(&settle(line).replace('\x1b', "ESC"));
}

#[test]
fn settles_lines() {
    check_settle("plain \x1b]0;kept\x07", expect!["plain ESC]0;kept\u{7}"]);
    check_settle("10 %\r20 %", expect!["20 %"]);
    check_settle("finished\rdone", expect!["doneshed"]);
    check_settle("finished\r\x1b[Kdone", expect!["done"]);
    check_settle("finished\r\x1b[2Kdone", expect!["done"]);
    check_settle("|\u{8}/\u{8}-", expect!["-"]);
    check_settle("abc\rxy\u{8}z", expect!["xzc"]);
    check_settle("\u{8}\u{8}a", expect!["a"]);
    check_settle("ab\x1b[2Kc\r", expect!["  c"]);
    check_settle(
        "\x1b[31mred\r\x1b[32mg",
        expect!["ESC[32mgESC[0;31medESC[0;32m"],
    );
    check_settle("ünï\rx", expect!["xnï"]);
}

#[test]
fn removes_control_sequences() {
    let check = |text: &str, expect: Expect| expect.assert_eq(&plain(text));
    check("\x1b[1;31mred\x1b[0m", expect!["red"]);
    check("a\x1b]0;title\x07b", expect!["ab"]);
    check("a\x1b]52;c;aGk=\x1b\\b", expect!["ab"]);
    check("a\x1bPq#0\x1b\\b", expect!["ab"]);
    check("a\x1b[2J\x1b[Hb", expect!["ab"]);
    check("a\x1b(Bb\x1b7c\x1bcd", expect!["abcd"]);
    check(
        "a\x1b]never ends\nb",
        expect![[r#"
        a
        b"#]],
    );
    check("a\x1b[31\x1b[1mb", expect!["ab"]);
    check("bell\x07 null\0 c1\u{9b}", expect!["bell null c1"]);
    check("half \x1b", expect!["half "]);
    check("tab\tstays", expect!["tab\tstays"]);
}

/// A compacted line goes on as the whole one does, wherever it is cut.
#[test]
fn compacts_without_a_trace() {
    let whole =
        "\x1b[34mstep 1\r\x1b[2Kstep\x1b[0m 22\u{8}3\rS\x1b[38;2;1;2;3mT\x1b[4:3mE\x1b[48:5:200mP";
    let expected = settle(whole);
    for (cut, _) in whole.char_indices() {
        let (head, tail) = whole.split_at(cut);
        if let Some(shorter) = compact(head) {
            assert_eq!(
                settle(&format!("{shorter}{tail}")),
                expected,
                "cut at {cut}"
            );
        }
    }
    assert_eq!(compact("no carriage return"), None);
    assert_eq!(compact(&"50 %\r".repeat(100)).as_deref(), Some("50 %\r"));
}
