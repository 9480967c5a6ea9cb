//! What was measured of computations: a picture of the threads and of what the process used, and tables.

mod curves;
mod lanes;
mod stream;
mod tables;
#[cfg(test)]
mod tests;

use std::path::Path;
use std::time::Duration;

use dagbok::display::MimeBundle;
use dagbok::profile::{LayerProfile, Record, State};
use dagbok::{Error, ErrorKind, Result};

use super::TABLE_STYLE;
use super::format::{bytes, counted, duration};
use super::picture::PALETTE;
use super::text::escape;

/// The layers that took longest have a colour of their own each; all others share the last one.
const COLOURS: usize = PALETTE.len() - 1;

const PAGE_STYLE: &str = ":root{color-scheme:light dark}body{max-width:64rem;margin:0 auto;padding:1.5rem 1rem 4rem;\
    font:15px/1.5 system-ui,-apple-system,'Segoe UI',Roboto,sans-serif;color:#1c1f24;background:#fff}\
    svg{max-width:100%;height:auto}.wide{overflow-x:auto}\
    table{font-variant-numeric:tabular-nums}h2{font-size:1.15rem;margin:1.6em 0 .5em}\
    @media(prefers-color-scheme:dark){body{color:#e3e6ea;background:#14171b}}";

/// A profile's layers, the longest first, and how they are drawn.
struct View<'a> {
    record: &'a Record,
    rows: Vec<LayerProfile>,
    /// The colour of each layer of the record.
    colours: Vec<usize>,
    labels: Vec<String>,
}

impl<'a> View<'a> {
    fn of(record: &'a Record) -> Self {
        let rows = record.table();
        let mut colours = vec![COLOURS; record.layers.len()];
        for (colour, row) in rows.iter().enumerate().take(COLOURS) {
            colours[row.layer] = colour;
        }
        View {
            record,
            rows,
            colours,
            labels: record.labels(),
        }
    }
}

/// The picture and the tables as HTML, in which nothing needs a script, and the tables as text.
pub fn bundle(record: &Record) -> MimeBundle {
    let view = View::of(record);
    let mut html = format!("{TABLE_STYLE}<div class=\"dagbok\">");
    if !record.tasks.is_empty() {
        html.push_str(&stream::picture(&view).html());
    }
    html.push_str(&format!("<p>{}</p>", escape(&headline(record))));
    html.push_str(&tables::layers(&view, tables::ROWS_MAX));
    html.push_str(&tables::computations(record));
    html.push_str("</div>");
    MimeBundle::plain(plain(&view)).with("text/html", html)
}

/// `record` in the format that `path` ends in.
///
/// # Errors
/// [`ErrorKind::Value`] if it ends in none that there is.
pub fn file(record: &Record, path: &Path) -> Result<String> {
    let ending = path.extension().unwrap_or_default().to_string_lossy();
    match ending.to_ascii_lowercase().as_str() {
        "html" | "htm" => Ok(report(record)),
        "svg" => Ok(stream::picture(&View::of(record)).svg()),
        "txt" => Ok(plain(&View::of(record)) + "\n"),
        _ => {
            let text = format!(
                "cannot write a profile to `{}`: its name has to end in `.html` for a report, `.svg` for the picture or \
                 `.txt` for the table",
                path.display()
            );
            Err(Error::new(ErrorKind::Value, text))
        }
    }
}

/// A page of its own.
fn report(record: &Record) -> String {
    let view = View::of(record);
    let measured = match record.tasks.is_empty() {
        true => String::new(),
        false => format!(
            "<div class=\"wide\">{}</div><h2>By layer</h2><div class=\"wide\">{}</div><h2>Longest tasks</h2>\
             <div class=\"wide\">{}</div>",
            stream::picture(&view).svg(),
            tables::layers(&view, usize::MAX),
            tables::longest(&view),
        ),
    };
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" \
         content=\"width=device-width\"><title>Profile</title><style>{PAGE_STYLE}</style>{TABLE_STYLE}</head>\
         <body class=\"dagbok\"><h1>Profile</h1><p>{}</p>{measured}{}</body></html>\n",
        escape(&headline(record)),
        tables::computations(record),
    )
}

fn plain(view: &View) -> String {
    let table = tables::plain(view);
    format!("{}{table}", headline(view.record))
}

/// `Profile of 12 tasks in 2 computations: 0.52 s, 2 threads 61 % busy`
fn headline(record: &Record) -> String {
    if record.computations.is_empty() {
        let elapsed = duration(record.elapsed);
        return format!("Profile: nothing was computed in {elapsed}");
    }
    let mut headline = format!(
        "Profile of {} in {}: {}",
        counted(record.tasks.len(), "task"),
        counted(record.computations.len(), "computation"),
        duration(record.elapsed),
    );
    if let Some(busy) = busy(record) {
        headline.push_str(&format!(
            ", {} {busy:.0} % busy",
            counted(record.n_threads, "thread")
        ));
    }
    match record.spilled_bytes() {
        0 => {}
        spilled => headline.push_str(&format!(", {} to the disk", bytes(spilled.into()))),
    }
    if record.cache_hits.count > 0 {
        headline.push_str(&format!(
            ", {} ({}) from the cache",
            counted(record.cache_hits.count, "result"),
            bytes(record.cache_hits.bytes as u128)
        ));
    }
    for state in [State::Failed, State::Cancelled, State::Running] {
        let of_state = |computation: &&dagbok::profile::Computation| computation.state == state;
        match record.computations.iter().filter(of_state).count() {
            0 => {}
            n => headline.push_str(&format!(", {} {}", counted(n, "computation"), state.word())),
        }
    }
    headline
}

/// The share of the threads' time that went into tasks. What tasks compute themselves is part of their own time.
fn busy(record: &Record) -> Option<f64> {
    let all = record.elapsed.as_secs_f64() * record.n_threads as f64;
    let is_outer = |task: &&dagbok::profile::TaskRecord| {
        let computation = &record.computations[task.computation as usize];
        computation.parent.is_none()
    };
    let tasks = record.tasks.iter().filter(is_outer);
    let busy: Duration = tasks.map(|task| task.elapsed).sum();
    (all > 0.0).then(|| (100.0 * busy.as_secs_f64() / all).min(100.0))
}
