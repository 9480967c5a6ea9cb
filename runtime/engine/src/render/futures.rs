//! Several futures: a bar, how many are how, a bar for each function, and what has failed first.
//!
//! As for a computation's progress, HTML elements and attributes alone.

use std::time::Duration;

use dagbok::display::MimeBundle;

use super::format;
use super::progress::{bar, duration};
use super::text::{escape, shorten};
use crate::futures::board::{Board, Row};

/// More functions than that are summed up.
const ROWS_MAX: usize = 12;
/// An error is cut to so many characters.
const ERROR_LEN_MAX: usize = 300;

/// `board` as one line of text and as a small table of bars.
pub(crate) fn bundle(board: &Board) -> MimeBundle {
    MimeBundle::plain(text(board)).with("text/html", html(board))
}

/// `futures: 3/10 done ███░░░░░░░ 2 processing, 5 pending`
fn text(board: &Board) -> String {
    const WIDTH: usize = 10;
    let sum = board.sum();
    let (done, total) = (sum.done(), sum.total());
    let filled = (done * WIDTH).checked_div(total).unwrap_or(WIDTH);
    let bar = "█".repeat(filled) + &"░".repeat(WIDTH - filled);
    let mut parts = counts(&sum, board.elapsed.is_none());
    parts.extend(board.elapsed.map(duration));
    let (done, total) = (format::count(done), format::count(total));
    let mut text = format!("futures: {done}/{total} done {bar} {}", parts.join(", "));
    if let Some(error) = &board.first_error {
        text.push_str(&format!("\n  ✗ {}", shorten(error, ERROR_LEN_MAX)));
    }
    text
}

fn html(board: &Board) -> String {
    let sum = board.sum();
    let mut html = format!(
        "<div role=\"group\" aria-label=\"progress of futures\"><div>{}</div>{}",
        headline(&sum, board.elapsed),
        bar("all futures", sum.done(), sum.total(), "100%"),
    );
    let open = if board.elapsed.is_none() { " open" } else { "" };
    let functions = format::counted(board.rows.len(), "function");
    html.push_str(&format!(
        "<details{open}><summary>{functions}</summary><table>"
    ));
    board
        .rows
        .iter()
        .take(ROWS_MAX)
        .for_each(|row| html.push_str(&table_row(row)));
    if board.rows.len() > ROWS_MAX {
        html.push_str(&table_row(&rest(&board.rows[ROWS_MAX..])));
    }
    html.push_str("</table></details>");
    if let Some(error) = &board.first_error {
        let error = escape(&shorten(error, ERROR_LEN_MAX));
        html.push_str(&format!("<div>✗ <b>first error</b> {error}</div>"));
    }
    html.push_str("</div>");
    html
}

fn headline(sum: &Row, elapsed: Option<Duration>) -> String {
    let (sign, word) = match elapsed {
        None => ("▶", "running"),
        Some(_) if sum.failed > 0 => ("✗", "failed"),
        Some(_) if sum.cancelled > 0 => ("■", "cancelled"),
        Some(_) => ("✓", "done"),
    };
    let of = format::counted(sum.total(), "future");
    let mut parts = vec![format!("{} of {of}", format::count(sum.done()))];
    let is_plain = elapsed.is_some() && sum.finished == sum.total();
    if !is_plain {
        parts.extend(counts(sum, elapsed.is_none()));
    }
    parts.extend(elapsed.map(duration));
    format!("{sign} <b>{word}</b> {}", parts.join(" · "))
}

/// `2 processing`, `5 pending` and so on; of those that are finished where that is no matter of course.
fn counts(row: &Row, is_running: bool) -> Vec<String> {
    let finished = if is_running { 0 } else { row.finished };
    let counts = [
        (row.processing, "processing"),
        (row.pending, "pending"),
        (finished, "finished"),
        (row.failed, "failed"),
        (row.cancelled, "cancelled"),
    ];
    let counts = counts.iter().filter(|(n, _)| *n > 0);
    counts
        .map(|(n, word)| format!("{} {word}", format::count(*n)))
        .collect()
}

fn rest(rows: &[Row]) -> Row {
    let sum = |count: fn(&Row) -> usize| rows.iter().map(count).sum();
    Row {
        label: format!("… {} more", format::count(rows.len())),
        pending: sum(|row| row.pending),
        processing: sum(|row| row.processing),
        finished: sum(|row| row.finished),
        failed: sum(|row| row.failed),
        cancelled: sum(|row| row.cancelled),
    }
}

fn table_row(row: &Row) -> String {
    let label = escape(&row.label);
    format!(
        "<tr><td style=\"text-align:left\">{label}</td><td>{}</td><td>{}/{}</td><td style=\"text-align:left\">{}</td></tr>",
        bar(&label, row.done(), row.total(), "160px"),
        format::count(row.done()),
        format::count(row.total()),
        counts(row, true).join(", "),
    )
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;

    /// A function's name, and how many are pending, processing, finished, failed and cancelled.
    type Figures<'a> = (&'a str, [usize; 5]);

    fn board(rows: &[Figures], first_error: Option<&str>) -> Board {
        let row = |(label, [pending, processing, finished, failed, cancelled]): &Figures| Row {
            label: (*label).to_owned(),
            pending: *pending,
            processing: *processing,
            finished: *finished,
            failed: *failed,
            cancelled: *cancelled,
        };
        let rows: Vec<Row> = rows.iter().map(row).collect();
        let is_over = rows.iter().all(|row| row.done() == row.total());
        let mut board = Board::of_rows(rows);
        board.first_error = first_error.map(str::to_owned);
        board.elapsed = is_over.then_some(Duration::from_millis(3210));
        board
    }

    fn check_text(rows: &[Figures], error: Option<&str>, expected: Expect) {
        expected.assert_eq(&text(&board(rows, error)));
    }

    #[test]
    fn one_line_of_text() {
        check_text(
            &[("inc", [5, 2, 3, 0, 0])],
            None,
            expect!["futures: 3/10 done ███░░░░░░░ 2 processing, 5 pending"],
        );
        check_text(
            &[("inc", [0, 0, 3, 0, 0]), ("add", [0, 1, 0, 1, 0])],
            Some("add-1: no"),
            expect!["futures: 4/5 done ████████░░ 1 processing, 1 failed\n  ✗ add-1: no"],
        );
        check_text(
            &[("inc", [0, 0, 3, 1, 2])],
            Some("inc-1: no"),
            expect![
                "futures: 6/6 done ██████████ 3 finished, 1 failed, 2 cancelled, 3.2 s\n  ✗ inc-1: no"
            ],
        );
        check_text(
            &[("inc", [0, 0, 1200, 0, 0])],
            None,
            expect!["futures: 1,200/1,200 done ██████████ 1,200 finished, 3.2 s"],
        );
        check_text(&[], None, expect!["futures: 0/0 done ██████████ 3.2 s"]);
    }

    fn check_html(rows: &[Figures], error: Option<&str>, expected: Expect) {
        expected.assert_eq(&html(&board(rows, error)).replace("<tr>", "\n<tr>"));
    }

    #[test]
    fn html_has_a_bar_for_each_function() {
        check_html(
            &[("inc", [5, 2, 3, 0, 0]), ("a<b", [0, 0, 1, 1, 0])],
            Some("a<b-1: x > 1"),
            expect![[r#"
            <div role="group" aria-label="progress of futures"><div>▶ <b>running</b> 5 of 12 futures · 2 processing · 5 pending · 1 failed</div><progress value="5" max="12" aria-label="all futures" style="width:100%">5/12</progress><details open><summary>2 functions</summary><table>
            <tr><td style="text-align:left">inc</td><td><progress value="3" max="10" aria-label="inc" style="width:160px">3/10</progress></td><td>3/10</td><td style="text-align:left">2 processing, 5 pending</td></tr>
            <tr><td style="text-align:left">a&lt;b</td><td><progress value="2" max="2" aria-label="a&lt;b" style="width:160px">2/2</progress></td><td>2/2</td><td style="text-align:left">1 failed</td></tr></table></details><div>✗ <b>first error</b> a&lt;b-1: x &gt; 1</div></div>"#]],
        );
        check_html(
            &[("inc", [0, 0, 2, 0, 0])],
            None,
            expect![[r#"
            <div role="group" aria-label="progress of futures"><div>✓ <b>done</b> 2 of 2 futures · 3.2 s</div><progress value="2" max="2" aria-label="all futures" style="width:100%">2/2</progress><details><summary>1 function</summary><table>
            <tr><td style="text-align:left">inc</td><td><progress value="2" max="2" aria-label="inc" style="width:160px">2/2</progress></td><td>2/2</td><td style="text-align:left"></td></tr></table></details></div>"#]],
        );
        check_html(
            &[("inc", [0, 0, 2, 0, 1])],
            None,
            expect![[r#"
            <div role="group" aria-label="progress of futures"><div>■ <b>cancelled</b> 3 of 3 futures · 2 finished · 1 cancelled · 3.2 s</div><progress value="3" max="3" aria-label="all futures" style="width:100%">3/3</progress><details><summary>1 function</summary><table>
            <tr><td style="text-align:left">inc</td><td><progress value="3" max="3" aria-label="inc" style="width:160px">3/3</progress></td><td>3/3</td><td style="text-align:left">1 cancelled</td></tr></table></details></div>"#]],
        );
    }

    #[test]
    fn many_functions_are_summed_up() {
        let names: Vec<String> = (0..20).map(|idx| format!("f{idx}")).collect();
        let rows: Vec<Figures> = names
            .iter()
            .map(|name| (&**name, [0, 1, 1, 0, 0]))
            .collect();
        let html = html(&board(&rows, None));
        assert!(
            html.contains(">… 8 more</td>")
                && html.contains(">8/16</td><td style=\"text-align:left\">8 processing</td>"),
            "{html}"
        );
        assert_eq!(html.matches("<tr>").count(), 13);
    }
}
