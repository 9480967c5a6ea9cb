//! How much room text takes.

use std::time::Duration;

use super::layout::{cut, duration, last_rows, n_rows};

#[test]
fn counts_rows() {
    let check =
        |text: &str, n_expected: usize| assert_eq!(n_rows(text, 10), n_expected, "{text:?}");
    check("", 1);
    check("0123456789", 1);
    check("0123456789a", 2);
    check("a\nb\n", 3);
    check("\x1b[1;31m0123456789\x1b[0m", 1);
    check("日本語日本語", 2);
    check("日a本b語c日d本e語", 2);
    check("012345678日", 2);
    check("012345678日01234567日", 3);
    check("\tab", 1);
    check("\tabc", 2);
    check("e\u{301}e\u{301}e\u{301}e\u{301}e\u{301}e\u{301}", 1);
}

#[test]
fn keeps_the_last_rows() {
    let check = |text: &str, expected: &str| assert_eq!(last_rows(text, 10, 3), expected);
    check("a\nb\n", "a\nb\n");
    check("a\nb\nc\n", "b\nc\n");
    check("a\n0123456789abc\nc\n", "c\n");
    check(
        "0123456789012345678901234567890123456789\n",
        "0123456789012345678901234567890123456789\n",
    );
}

#[test]
fn cuts_lines() {
    let check =
        |line: &str, columns: usize, expected: &str| assert_eq!(cut(line, columns), expected);
    check("abc", 3, "abc");
    check("abcd", 3, "ab…");
    check("日本語", 5, "日本…");
    check("日本語", 4, "日…");
    check("abc", 0, "…");
}

#[test]
fn says_how_long() {
    let check = |seconds: f64, expected: &str| {
        assert_eq!(duration(Duration::from_secs_f64(seconds)), expected)
    };
    check(0.04, "0.0 s");
    check(59.94, "59.9 s");
    check(59.96, "60.0 s");
    check(60.0, "1 min 0 s");
    check(3725.0, "62 min 5 s");
}
