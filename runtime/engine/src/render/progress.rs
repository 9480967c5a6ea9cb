//! A running computation: a bar, what it has done and what is left, and a bar for each layer.
//!
//! HTML elements and attributes alone, no style sheet or colour of its own: it looks the same in a notebook that is not
//! trusted, and follows the theme. A button that cancels is put there by a script, where there is a server to ask.

use std::time::Duration;

use dagbok::display::MimeBundle;

use super::format;
use super::text::escape;
use crate::events::Outcome;
use crate::progress::{ProgressState, Row, Status, Stop, counts};

/// What is said of a computation that the person has cancelled.
const CALLED_OFF: &str = "cancelled";

/// More layers than that are summed up.
const ROWS_MAX: usize = 12;

const CANCEL: &str = include_str!("../../../../assets/cancel.js");

/// `state` as one line of text and as a small table of bars.
pub(crate) fn progress(state: &ProgressState) -> MimeBundle {
    MimeBundle::plain(text(state)).with("text/html", html(state))
}

/// `compute: 45/100 tasks, 3/30 nested ████░░░░░░ 3.2 s, ~4 s left, 120.00 MiB`
fn text(state: &ProgressState) -> String {
    const WIDTH: usize = 10;
    let (done, total) = state.counts();
    let filled = match total {
        0 => WIDTH,
        _ => (reached(state) * WIDTH as f64 / total as f64) as usize,
    };
    let bar = "█".repeat(filled) + &"░".repeat(WIDTH - filled);
    let mut parts = vec![duration(state.elapsed)];
    match state.status {
        Status::Running => parts.extend(state.left.map(|left| format!("~{} left", duration(left)))),
        Status::Ended(Outcome::Done) => {}
        Status::Ended(outcome) => parts.push(outcome_word(outcome).to_owned()),
        Status::CalledOff => parts.push(CALLED_OFF.to_owned()),
    }
    parts.push(format::bytes(bytes_shown(state) as u128));
    let nested = match counts(&state.nested) {
        (_, 0) => String::new(),
        (done, total) => format!(", {done}/{total} nested"),
    };
    let parts = parts.join(", ");
    format!("compute: {done}/{total} tasks{nested} {bar} {parts}")
}

/// How many tasks are done, with the parts of those that wait for what they have asked for.
fn reached(state: &ProgressState) -> f64 {
    let (done, total) = state.counts();
    (done as f64 + state.in_part).min(total as f64)
}

fn html(state: &ProgressState) -> String {
    let (done, total) = state.counts();
    let mut html = format!(
        "<div role=\"group\" aria-label=\"progress of compute\"><div>{}</div>{}",
        headline(state),
        bar_at(reached(state), "all tasks", done, total, "100%"),
    );
    let mut layers = format::counted(state.rows.len(), "layer");
    if !state.nested.is_empty() {
        layers.push_str(&format!(", {} nested", format::count(state.nested.len())));
    }
    let open = if state.status == Status::Running {
        " open"
    } else {
        ""
    };
    html.push_str(&format!(
        "<details{open}><summary>{layers}</summary><table>"
    ));
    let rows = all_rows(state);
    let (shown, rest) = shown_rows(&rows);
    shown.for_each(|row| html.push_str(&table_row(row)));
    if let Some(rest) = rest {
        html.push_str(&table_row(&rest));
    }
    html.push_str("</table></details>");
    if state.status == Status::Running
        && let Some(stop) = &state.stop
    {
        html.push_str(&cancel_button(stop));
    }
    html.push_str("</div>");
    html
}

/// A place for a button, and the script that puts it there.
fn cancel_button(stop: &Stop) -> String {
    let Stop {
        computation,
        kernel_id,
    } = stop;
    let script = CANCEL.trim_end();
    format!("<div></div><script>({script})({computation:?}, {kernel_id:?})</script>")
}

fn headline(state: &ProgressState) -> String {
    let (done, total) = state.counts();
    let mut parts = vec![format!(
        "{} of {}",
        format::count(done),
        format::counted(total, "task")
    )];
    if let (done, total @ 1..) = counts(&state.nested) {
        let (done, total) = (format::count(done), format::count(total));
        parts.push(format!("{done} of {total} nested"));
    }
    parts.push(duration(state.elapsed));
    parts.extend(
        state
            .left
            .map(|left| format!("about {} left", duration(left))),
    );
    let bytes = format::bytes(bytes_shown(state) as u128);
    let (sign, word, bytes) = match state.status {
        Status::Running => (
            "▶",
            "running",
            format!("{bytes} in memory{}", on_disk(state)),
        ),
        Status::Ended(outcome) => (
            outcome_sign(outcome),
            outcome_word(outcome),
            format!("{bytes} of results"),
        ),
        Status::CalledOff => ("■", CALLED_OFF, format!("{bytes} of results")),
    };
    parts.push(bytes);
    format!("{sign} <b>{word}</b> {}", parts.join(" · "))
}

fn on_disk(state: &ProgressState) -> String {
    match state.bytes_stored {
        0 => String::new(),
        bytes => format!(", {} on disk", format::bytes(bytes as u128)),
    }
}

/// What is in memory while it runs, what was made once it is over.
fn bytes_shown(state: &ProgressState) -> usize {
    match state.status {
        Status::Running => state.bytes_held,
        Status::Ended(_) | Status::CalledOff => state.bytes_made,
    }
}

fn outcome_sign(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Done => "✓",
        Outcome::Failed => "✗",
        Outcome::Cancelled => "■",
    }
}

fn outcome_word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Done => "done",
        Outcome::Failed => "failed",
        Outcome::Cancelled => "interrupted",
    }
}

/// Those of the computation, and below them those of what its tasks have asked for.
fn all_rows(state: &ProgressState) -> Vec<Row> {
    let nested = state.nested.iter().map(|row| Row {
        label: format!("↳ {}", row.label),
        ..row.clone()
    });
    state.rows.iter().cloned().chain(nested).collect()
}

/// The rows to show one by one, and the sum of the others: where there are many, the running ones come first.
fn shown_rows(rows: &[Row]) -> (impl Iterator<Item = &Row>, Option<Row>) {
    let mut chosen: Vec<usize> = (0..rows.len()).collect();
    if rows.len() > ROWS_MAX {
        chosen.sort_by_key(|idx| {
            let row = &rows[*idx];
            (row.running == 0, row.done == row.total, *idx)
        });
    }
    let others = chosen.split_off(chosen.len().min(ROWS_MAX));
    chosen.sort_unstable();
    let rest = (!others.is_empty()).then(|| Row {
        label: format!("… {} more", format::count(others.len())),
        total: others.iter().map(|idx| rows[*idx].total).sum(),
        done: others.iter().map(|idx| rows[*idx].done).sum(),
        running: others.iter().map(|idx| rows[*idx].running).sum(),
    });
    (chosen.into_iter().map(|idx| &rows[idx]), rest)
}

fn table_row(row: &Row) -> String {
    let label = escape(&row.label);
    let running = match row.running {
        0 => String::new(),
        running => format!("{running} running"),
    };
    format!(
        "<tr><td style=\"text-align:left\">{label}</td><td>{}</td><td>{}/{}</td><td>{running}</td></tr>",
        bar(&label, row.done, row.total, "160px"),
        format::count(row.done),
        format::count(row.total),
    )
}

/// A bar; `label` is escaped already.
pub(super) fn bar(label: &str, done: usize, total: usize, width: &str) -> String {
    bar_at(done as f64, label, done, total, width)
}

/// Likewise, but filled as if `reached` were done.
fn bar_at(reached: f64, label: &str, done: usize, total: usize, width: &str) -> String {
    let max = total.max(1);
    let value = match total {
        0 => 1.0,
        _ => (reached * 100.0).round() / 100.0,
    };
    format!(
        "<progress value=\"{value}\" max=\"{max}\" aria-label=\"{label}\" style=\"width:{width}\">{done}/{total}</progress>"
    )
}

/// `0.4 s`, `12 s`, `3 min 05 s`, `2 h 04 min`.
pub(super) fn duration(duration: Duration) -> String {
    let seconds = duration.as_secs_f64();
    if seconds < 9.95 {
        return format!("{seconds:.1} s");
    }
    let seconds = seconds.round() as u64;
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, seconds) => format!("{seconds} s"),
        (0, minutes, seconds) => format!("{minutes} min {seconds:02} s"),
        (hours, minutes, _) => format!("{hours} h {minutes:02} min"),
    }
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;

    fn state(status: Status, rows: &[(&str, usize, usize, usize)]) -> ProgressState {
        let row = |&(label, done, running, total): &(&str, _, _, _)| Row {
            label: label.to_owned(),
            total,
            done,
            running,
        };
        ProgressState {
            status,
            rows: rows.iter().map(row).collect(),
            nested: Vec::new(),
            in_part: 0.0,
            elapsed: Duration::from_millis(3210),
            left: (status == Status::Running).then(|| Duration::from_secs(125)),
            bytes_held: 120 << 20,
            bytes_stored: 0,
            bytes_made: 2 << 30,
            stop: None,
        }
    }

    fn check_text(status: Status, rows: &[(&str, usize, usize, usize)], expected: Expect) {
        expected.assert_eq(&text(&state(status, rows)));
    }

    #[test]
    fn one_line_of_text() {
        let half = [("ones", 40, 2, 50), ("sum", 5, 0, 50)];
        check_text(
            Status::Running,
            &half,
            expect!["compute: 45/100 tasks ████░░░░░░ 3.2 s, ~2 min 05 s left, 120.00 MiB"],
        );
        check_text(
            Status::Ended(Outcome::Failed),
            &half,
            expect!["compute: 45/100 tasks ████░░░░░░ 3.2 s, failed, 2.00 GiB"],
        );
        check_text(
            Status::Ended(Outcome::Cancelled),
            &half,
            expect!["compute: 45/100 tasks ████░░░░░░ 3.2 s, interrupted, 2.00 GiB"],
        );
        check_text(
            Status::CalledOff,
            &half,
            expect!["compute: 45/100 tasks ████░░░░░░ 3.2 s, cancelled, 2.00 GiB"],
        );
        check_text(
            Status::Ended(Outcome::Done),
            &[("ones", 7, 0, 7)],
            expect!["compute: 7/7 tasks ██████████ 3.2 s, 2.00 GiB"],
        );
        check_text(
            Status::Ended(Outcome::Done),
            &[],
            expect!["compute: 0/0 tasks ██████████ 3.2 s, 2.00 GiB"],
        );
    }

    #[test]
    fn html_has_a_bar_for_each_layer() {
        let state = state(Status::Running, &[("ones", 40, 2, 50), ("a<b", 0, 0, 1)]);
        expect![[r#"
            <div role="group" aria-label="progress of compute"><div>▶ <b>running</b> 40 of 51 tasks · 3.2 s · about 2 min 05 s left · 120.00 MiB in memory</div><progress value="40" max="51" aria-label="all tasks" style="width:100%">40/51</progress><details open><summary>2 layers</summary><table><tr><td style="text-align:left">ones</td><td><progress value="40" max="50" aria-label="ones" style="width:160px">40/50</progress></td><td>40/50</td><td>2 running</td></tr><tr><td style="text-align:left">a&lt;b</td><td><progress value="0" max="1" aria-label="a&lt;b" style="width:160px">0/1</progress></td><td>0/1</td><td></td></tr></table></details></div>"#]]
        .assert_eq(&html(&state));
    }

    #[test]
    fn what_tasks_compute_is_below_and_fills_the_bar() {
        let mut state = ProgressState {
            nested: state(Status::Running, &[("load", 12, 2, 30), ("sum", 0, 0, 1000)]).rows,
            in_part: 0.4321,
            ..state(Status::Running, &[("map", 0, 1, 1)])
        };
        expect![
            "compute: 0/1 tasks, 12/1030 nested ████░░░░░░ 3.2 s, ~2 min 05 s left, 120.00 MiB"
        ]
        .assert_eq(&text(&state));
        expect![[r#"
            <div role="group" aria-label="progress of compute"><div>▶ <b>running</b> 0 of 1 task · 12 of 1,030 nested · 3.2 s · about 2 min 05 s left · 120.00 MiB in memory</div><progress value="0.43" max="1" aria-label="all tasks" style="width:100%">0/1</progress><details open><summary>1 layer, 2 nested</summary><table><tr><td style="text-align:left">map</td><td><progress value="0" max="1" aria-label="map" style="width:160px">0/1</progress></td><td>0/1</td><td>1 running</td></tr><tr><td style="text-align:left">↳ load</td><td><progress value="12" max="30" aria-label="↳ load" style="width:160px">12/30</progress></td><td>12/30</td><td>2 running</td></tr><tr><td style="text-align:left">↳ sum</td><td><progress value="0" max="1000" aria-label="↳ sum" style="width:160px">0/1000</progress></td><td>0/1,000</td><td></td></tr></table></details></div>"#]]
        .assert_eq(&html(&state));
        state.in_part = 7.0;
        expect![
            "compute: 0/1 tasks, 12/1030 nested ██████████ 3.2 s, ~2 min 05 s left, 120.00 MiB"
        ]
        .assert_eq(&text(&state));
    }

    #[test]
    fn only_a_running_computation_has_a_button() {
        let has_button = |status, kernel_id: Option<&str>| {
            let stop = kernel_id.map(|kernel_id| Stop {
                computation: "7-1".to_owned(),
                kernel_id: kernel_id.to_owned(),
            });
            let state = ProgressState {
                stop,
                ..state(status, &[("ones", 1, 1, 2)])
            };
            html(&state).contains("})(\"7-1\", \"ab-1\")</script></div>")
        };
        assert!(has_button(Status::Running, Some("ab-1")));
        assert!(!has_button(Status::Running, None));
        assert!(!has_button(Status::Ended(Outcome::Cancelled), Some("ab-1")));
        assert!(!has_button(Status::CalledOff, Some("ab-1")));
    }

    #[test]
    fn many_layers_are_summed_up_around_the_running_ones() {
        let names: Vec<String> = (0..40).map(|idx| format!("layer{idx}")).collect();
        let rows: Vec<_> = names
            .iter()
            .enumerate()
            .map(|(idx, name)| match idx {
                0..20 => (name.as_str(), 9, 0, 9),
                20 | 39 => (name.as_str(), 1, 1, 9),
                _ => (name.as_str(), 0, 0, 9),
            })
            .collect();
        let state = state(Status::Running, &rows);
        let (shown, rest) = shown_rows(&state.rows);
        let labels: Vec<&str> = shown.map(|row| row.label.as_str()).collect();
        expect!["layer20 layer21 layer22 layer23 layer24 layer25 layer26 layer27 layer28 layer29 layer30 layer39"]
            .assert_eq(&labels.join(" "));
        let rest = rest.expect("there are more layers than are shown");
        assert_eq!(
            (rest.label.as_str(), rest.done, rest.total),
            ("… 28 more", 180, 252)
        );
    }

    #[test]
    fn durations() {
        let check = |seconds, expected: &str| {
            assert_eq!(duration(Duration::from_secs_f64(seconds)), expected);
        };
        check(0.04, "0.0 s");
        check(9.94, "9.9 s");
        check(9.96, "10 s");
        check(59.6, "1 min 00 s");
        check(3725.0, "1 h 02 min");
    }
}
