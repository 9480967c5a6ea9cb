//! What a computation will do, as a table of a few lines.

use dagbok::display::MimeBundle;
use dagbok::explain::{Figures, Peak};

use super::TABLE_STYLE;
use super::format::{bytes, count, counted};
use super::text::{one_line, shorten_middle, with_code};

const OUTPUTS_MAX: usize = 4;

/// One line: what it is about, and what is said.
type Line = (&'static str, String);

/// `figures` as text and as a table, whose first column says what each row is about.
pub(crate) fn bundle(figures: &Figures) -> MimeBundle {
    let (title, lines) = (title(figures), lines(figures));
    MimeBundle::plain(plain(&title, &lines)).with("text/html", html(&title, &lines))
}

fn plain(title: &str, lines: &[Line]) -> String {
    let rows = lines
        .iter()
        .map(|(head, text)| format!("\n  {head:<9}{text}"));
    title.to_owned() + &rows.collect::<String>()
}

fn html(title: &str, lines: &[Line]) -> String {
    let rows = lines.iter().map(|(head, text)| {
        format!(
            "<tr><th scope=\"row\" style=\"text-align:left\">{head}</th><td style=\"text-align:left\">{}</td></tr>",
            with_code(text)
        )
    });
    format!(
        "{TABLE_STYLE}<div class=\"dagbok\"><table><caption style=\"text-align:left\">{}</caption><tbody>{}</tbody></table></div>",
        with_code(title),
        rows.collect::<String>()
    )
}

fn title(figures: &Figures) -> String {
    let outputs = figures.outputs.iter().take(OUTPUTS_MAX);
    let mut outputs: Vec<String> = outputs
        .map(|name| format!("`{}`", shorten_middle(&one_line(name), 60)))
        .collect();
    if figures.outputs.len() > OUTPUTS_MAX {
        outputs.push(format!(
            "{} more",
            count(figures.outputs.len() - OUTPUTS_MAX)
        ));
    }
    match outputs.is_empty() {
        true => "Computing nothing".to_owned(),
        false => format!("Computing {}", outputs.join(", ")),
    }
}

fn lines(figures: &Figures) -> Vec<Line> {
    let mut lines = vec![("tasks", tasks(figures))];
    if figures.bytes_read > 0 {
        lines.push((
            "reads",
            format!("{} from files, at most", size(figures.bytes_read)),
        ));
    }
    lines.push((
        "results",
        with_unknown(figures.kept.bytes, figures.kept.n_unknown),
    ));
    lines.push(("memory", peak(&figures.peak, "with 1 thread")));
    if figures.n_threads > 1 {
        let threads = format!("with {}", counted(figures.n_threads, "thread"));
        lines.push(("memory", peak(&figures.peak_in_parallel, &threads)));
    }
    lines.extend(
        figures
            .memory_limit
            .map(|bytes| ("limit", limit(figures, bytes))),
    );
    lines
}

/// `9.60 GiB for results (`memory_limit`): enough`
fn limit(figures: &Figures, limit: u64) -> String {
    let limit = u128::from(limit);
    let own = figures.peak.bytes.max(figures.peak_in_parallel.bytes) as u128;
    let with_held = own + figures.held as u128;
    let (most, beside) = match own <= limit && with_held > limit {
        true => (
            with_held,
            format!(", of which {} are taken", size(figures.held)),
        ),
        false => (own, String::new()),
    };
    let is_all_known = figures.peak.n_unknown + figures.peak_in_parallel.n_unknown == 0;
    let verdict = match (most > limit, is_all_known) {
        (true, _) => {
            let missing = bytes(most - limit);
            return format!(
                "⚠ {} for results (`memory_limit`){beside}: they are expected to need {missing} more",
                bytes(limit)
            );
        }
        (false, true) => "enough",
        (false, false) => "enough, as far as sizes are known",
    };
    format!("{} for results (`memory_limit`): {verdict}", bytes(limit))
}

/// `14 tasks in 4 layers; as written 52 in 6, of which 10 are not needed and 28 become part of others`
fn tasks(figures: &Figures) -> String {
    let Figures {
        n_tasks,
        n_layers,
        n_tasks_before,
        n_layers_before,
        n_culled,
        n_fused,
        ..
    } = figures;
    let now = format!(
        "{} in {}",
        counted(*n_tasks, "task"),
        counted(*n_layers, "layer")
    );
    let is = |n: &usize, one: &str, more: &str| match n {
        1 => format!("1 {one}"),
        n => format!("{} {more}", count(*n)),
    };
    let mut changes = Vec::new();
    if *n_culled > 0 {
        changes.push(is(n_culled, "is not needed", "are not needed"));
    }
    if *n_fused > 0 {
        changes.push(is(
            n_fused,
            "becomes part of another",
            "become part of others",
        ));
    }
    match changes.is_empty() {
        true => now,
        false => format!(
            "{now}; as written {} in {}, of which {}",
            count(*n_tasks_before),
            count(*n_layers_before),
            changes.join(" and ")
        ),
    }
}

/// `at least 2.30 MiB with 1 thread, when `('sum-9f86d081', 0)` runs, with 5 results in memory; of 3 of them the size is not known`
fn peak(peak: &Peak, threads: &str) -> String {
    let Some(key) = &peak.key else {
        return format!("nothing {threads}");
    };
    let key = shorten_middle(&one_line(&key.to_string()), 60);
    let moment = match peak.n_results {
        1 => format!("the one result then in memory is that of `{key}`"),
        n => format!("when `{key}` runs, with {} in memory", counted(n, "result")),
    };
    let (least, unknown) = match peak.n_unknown {
        0 => ("", String::new()),
        n if n == peak.n_results => {
            return format!(
                "not known {threads}: none of {} has a known size",
                counted(n, "result")
            );
        }
        n => (
            "at least ",
            format!("; of {} of them the size is not known", count(n)),
        ),
    };
    let bytes = size(peak.bytes);
    format!("{least}{bytes} {threads}, {moment}{unknown}")
}

fn with_unknown(n_bytes: usize, n_unknown: usize) -> String {
    match (n_bytes, n_unknown) {
        (0, 0) => "nothing".to_owned(),
        (_, 0) => size(n_bytes),
        (0, _) => "of a size that is not known".to_owned(),
        (_, n) => format!(
            "{}, and {} of a size that is not known",
            size(n_bytes),
            counted(n, "result")
        ),
    }
}

fn size(n_bytes: usize) -> String {
    bytes(n_bytes as u128)
}

#[cfg(test)]
mod tests {
    use dagbok::explain::Size;
    use dagbok::graph::Key;
    use expect_test::{Expect, expect};

    use super::*;

    fn figures() -> Figures {
        let peak = |bytes, n_results, n_unknown| Peak {
            bytes,
            n_results,
            n_unknown,
            key: Some(Key::from(("sum-0b", 3))),
        };
        Figures {
            outputs: vec!["sum-0b".to_owned()],
            n_tasks_before: 1052,
            n_layers_before: 6,
            n_culled: 10,
            n_fused: 1028,
            n_tasks: 14,
            n_layers: 4,
            bytes_read: 3 << 30,
            kept: Size {
                bytes: 8,
                n_unknown: 0,
            },
            peak: peak(5 << 20, 4, 0),
            peak_in_parallel: peak(40 << 20, 9, 2),
            n_threads: 8,
            memory_limit: Some(1 << 34),
            held: 0,
        }
    }

    fn check(figures: &Figures, expected: Expect) {
        let bundle = bundle(figures);
        expected.assert_eq(bundle.get("text/plain").unwrap_or_default());
    }

    #[test]
    fn all_is_said_in_a_few_lines() {
        check(
            &figures(),
            expect![[r#"
            Computing `sum-0b`
              tasks    14 tasks in 4 layers; as written 1,052 in 6, of which 10 are not needed and 1,028 become part of others
              reads    3.00 GiB from files, at most
              results  8 B
              memory   5.00 MiB with 1 thread, when `('sum-0b', 3)` runs, with 4 results in memory
              memory   at least 40.00 MiB with 8 threads, when `('sum-0b', 3)` runs, with 9 results in memory; of 2 of them the size is not known
              limit    16.00 GiB for results (`memory_limit`): enough, as far as sizes are known"#]],
        );
        check(
            &Figures {
                n_threads: 1,
                n_culled: 1,
                n_fused: 0,
                bytes_read: 0,
                memory_limit: Some(1 << 20),
                ..figures()
            },
            expect![[r#"
            Computing `sum-0b`
              tasks    14 tasks in 4 layers; as written 1,052 in 6, of which 1 is not needed
              results  8 B
              memory   5.00 MiB with 1 thread, when `('sum-0b', 3)` runs, with 4 results in memory
              limit    ⚠ 1.00 MiB for results (`memory_limit`): they are expected to need 39.00 MiB more"#]],
        );
    }

    #[test]
    fn what_is_held_already_is_counted_in() {
        let held = |held: usize, expected: &str| {
            let figures = Figures {
                memory_limit: Some(50 << 20),
                held,
                ..figures()
            };
            assert_eq!(limit(&figures, 50 << 20), expected);
        };
        held(
            10 << 20,
            "50.00 MiB for results (`memory_limit`): enough, as far as sizes are known",
        );
        held(
            11 << 20,
            "⚠ 50.00 MiB for results (`memory_limit`), of which 11.00 MiB are taken: they are expected to need 1.00 MiB more",
        );
    }

    #[test]
    fn what_is_not_known_is_said() {
        let unknown = Peak {
            bytes: 0,
            n_results: 3,
            n_unknown: 3,
            key: Some(Key::from("x")),
        };
        check(
            &Figures {
                outputs: (0..7).map(|idx| format!("a<{idx}>")).collect(),
                kept: Size {
                    bytes: 0,
                    n_unknown: 7,
                },
                peak: unknown.clone(),
                peak_in_parallel: unknown,
                memory_limit: None,
                ..figures()
            },
            expect![[r#"
            Computing `a<0>`, `a<1>`, `a<2>`, `a<3>`, 3 more
              tasks    14 tasks in 4 layers; as written 1,052 in 6, of which 10 are not needed and 1,028 become part of others
              reads    3.00 GiB from files, at most
              results  of a size that is not known
              memory   not known with 1 thread: none of 3 results has a known size
              memory   not known with 8 threads: none of 3 results has a known size"#]],
        );
        check(
            &Figures::default(),
            expect![[r#"
            Computing nothing
              tasks    0 tasks in 0 layers
              results  nothing
              memory   nothing with 1 thread"#]],
        );
    }

    #[test]
    fn html_is_a_table_with_heads_of_rows() {
        let figures = Figures {
            outputs: vec!["a<b".to_owned()],
            ..Figures::default()
        };
        let html = bundle(&figures);
        let html = html.get("text/html").unwrap_or_default();
        let (_, table) = html.split_once("</style>").unwrap_or_default();
        expect![[r#"<div class="dagbok"><table><caption style="text-align:left">Computing <code>a&lt;b</code></caption><tbody><tr><th scope="row" style="text-align:left">tasks</th><td style="text-align:left">0 tasks in 0 layers</td></tr><tr><th scope="row" style="text-align:left">results</th><td style="text-align:left">nothing</td></tr><tr><th scope="row" style="text-align:left">memory</th><td style="text-align:left">nothing with 1 thread</td></tr></tbody></table></div>"#]].assert_eq(table);
    }
}
