//! A profile in words: what each layer took, the longest tasks, and the computations.

use std::cmp::Reverse;
use std::fmt::Write;

use dagbok::profile::{LayerProfile, Record, State};

use super::View;
use crate::render::format::{bytes, count, duration};
use crate::render::picture::PALETTE;
use crate::render::text::{escape, one_line, shorten_middle};

/// More rows than that are left out of a notebook's output.
pub(super) const ROWS_MAX: usize = 20;
const LONGEST: usize = 30;
const COMPUTATIONS_MAX: usize = 100;

const HEADINGS: [&str; 6] = ["tasks", "total", "mean", "longest", "results", "made in"];

/// The table by layer, its columns aligned, each line after a line break.
pub(super) fn plain(view: &View) -> String {
    if view.rows.is_empty() {
        return String::new();
    }
    let mut lines: Vec<[String; 7]> = vec![
        [
            "layer", "tasks", "total", "mean", "longest", "results", "made in",
        ]
        .map(str::to_owned),
    ];
    for row in view.rows.iter().take(ROWS_MAX) {
        let [tasks, total, mean, longest, results, site] = figures(view, row);
        let label = shorten_middle(&one_line(&row.label), 32);
        lines.push([label, tasks, total, mean, longest, results, site]);
    }
    let mut widths = [0; 7];
    for line in &lines {
        for (width, text) in widths.iter_mut().zip(line) {
            *width = (*width).max(text.chars().count());
        }
    }
    let mut plain = String::new();
    for line in &lines {
        let mut text = format!("{:width$}", line[0], width = widths[0]);
        for (column, width) in line.iter().zip(widths).skip(1).take(5) {
            let _ = write!(text, "  {column:>width$}");
        }
        let _ = write!(text, "  {}", line[6]);
        let _ = write!(plain, "\n  {}", text.trim_end());
    }
    if view.rows.len() > ROWS_MAX {
        let _ = write!(plain, "\n  … {} more", count(view.rows.len() - ROWS_MAX));
    }
    plain
}

/// The table by layer, at most `n_max` rows of it.
pub(super) fn layers(view: &View, n_max: usize) -> String {
    if view.rows.is_empty() {
        return String::new();
    }
    let mut html = head("layer", &HEADINGS);
    for row in view.rows.iter().take(n_max) {
        let _ = write!(
            html,
            "<tr><th style=\"text-align:left\" title=\"{}\"><span style=\"color:{}\" aria-hidden=\"true\">■</span> {}</th>",
            escape(&view.record.layers[row.layer].detail),
            PALETTE[view.colours[row.layer]],
            escape(&shorten_middle(&one_line(&row.label), 60))
        );
        cells(&mut html, &figures(view, row));
    }
    html.push_str("</tbody></table>");
    if view.rows.len() > n_max {
        let more = count(view.rows.len() - n_max);
        let _ = write!(html, "<div>… {more} more layers</div>");
    }
    html
}

/// Tasks, total, mean, longest, results and place of a layer.
fn figures(view: &View, row: &LayerProfile) -> [String; 6] {
    let mut tasks = count(row.n_tasks);
    if row.n_failed > 0 {
        let _ = write!(tasks, " ({} failed)", count(row.n_failed));
    }
    [
        tasks,
        duration(row.total),
        duration(row.mean),
        duration(row.longest),
        bytes(row.bytes as u128),
        view.record.layers[row.layer].site.to_string(),
    ]
}

/// The tasks that took longest.
pub(super) fn longest(view: &View) -> String {
    let record = view.record;
    let mut tasks: Vec<usize> = (0..record.tasks.len()).collect();
    tasks.sort_by_key(|idx| (Reverse(record.tasks[*idx].elapsed), *idx));
    let mut html = head(
        "task",
        &["layer", "start", "duration", "result", "thread", "ended"],
    );
    for idx in tasks.into_iter().take(LONGEST) {
        let task = &record.tasks[idx];
        let _ = write!(
            html,
            "<tr><th style=\"text-align:left\">{}</th>",
            escape(&one_line(&record.key(task)))
        );
        cells(
            &mut html,
            &[
                shorten_middle(&one_line(&view.labels[task.layer as usize]), 40),
                duration(task.start),
                duration(task.elapsed),
                bytes(task.bytes as u128),
                task.thread.to_string(),
                task.state.word().to_owned(),
            ],
        );
    }
    html.push_str("</tbody></table>");
    html
}

/// The computations one by one, where there are several or one did not end well.
pub(super) fn computations(record: &Record) -> String {
    let computations = &record.computations;
    if computations.len() < 2 && computations.iter().all(|one| one.state == State::Done) {
        return String::new();
    }
    let mut n_begun = vec![0; computations.len()];
    for task in &record.tasks {
        n_begun[task.computation as usize] += 1;
    }
    let mut html = format!(
        "<details><summary>{}</summary>{}",
        crate::render::format::counted(computations.len(), "computation"),
        head(
            "computation",
            &["within", "start", "duration", "tasks begun", "ended"]
        )
    );
    for (idx, computation) in computations.iter().enumerate().take(COMPUTATIONS_MAX) {
        let _ = write!(html, "<tr><th style=\"text-align:left\">{}</th>", idx + 1);
        cells(
            &mut html,
            &[
                computation
                    .parent
                    .map_or(String::new(), |parent| (parent + 1).to_string()),
                duration(computation.start),
                duration(computation.elapsed),
                format!("{} of {}", count(n_begun[idx]), count(computation.n_tasks)),
                computation.state.word().to_owned(),
            ],
        );
    }
    html.push_str("</tbody></table>");
    if computations.len() > COMPUTATIONS_MAX {
        let more = count(computations.len() - COMPUTATIONS_MAX);
        let _ = write!(html, "<div>… {more} more</div>");
    }
    html.push_str("</details>");
    html
}

fn head(first: &str, others: &[&str]) -> String {
    let mut html = format!("<table><thead><tr><th style=\"text-align:left\">{first}</th>");
    for heading in others {
        let _ = write!(html, "<th>{heading}</th>");
    }
    html.push_str("</tr></thead><tbody>");
    html
}

fn cells(html: &mut String, texts: &[String]) {
    for text in texts {
        let _ = write!(html, "<td>{}</td>", escape(text));
    }
    html.push_str("</tr>");
}
