//! What the process used over time: processors, memory, disks.

use std::fmt::Write;
use std::time::Duration;

use dagbok::profile::{Record, Sample};

use super::stream::{LEFT, PLOT, Part, TEXT};
use crate::render::format::bytes;
use crate::render::text::width;

const HEIGHT: f64 = 46.0;
const PITCH: f64 = HEIGHT + 14.0;
/// A limit of so many times the greatest value is drawn.
const LIMIT_DRAWN: f64 = 2.0;
/// Processor time is counted in steps of 10 ms: over less than this the rate would jump.
const WINDOW: Duration = Duration::from_millis(100);

/// How lines after the first are dashed, which has a filled area below it.
const DASHES: [&str; 3] = ["", " stroke-dasharray=\"4 2\"", " stroke-dasharray=\"1 2\""];

const LIMIT_DASHES: &str = "8 3";

/// A few lines over the same time, from 0 to `greatest`.
struct Strip {
    label: &'static str,
    greatest: f64,
    unit: fn(f64) -> String,
    lines: Vec<Line>,
    /// A value that is not to be exceeded, if it is to be drawn.
    limit: Option<f64>,
}

struct Line {
    label: &'static str,
    colour: usize,
    points: Vec<Point>,
}

/// A moment in seconds and a value.
type Point = (f64, f64);

/// A strip for each thing of which something is known.
pub(super) fn curves(record: &Record, top: f64) -> Part {
    let strips = [cores(record), memory(record), disk(record)];
    let mut part = Part {
        body: String::new(),
        bottom: top,
    };
    for strip in strips.iter().flatten() {
        draw(&mut part.body, strip, record.elapsed, part.bottom);
        part.bottom += PITCH;
    }
    part.bottom -= PITCH - HEIGHT;
    part
}

fn cores(record: &Record) -> Option<Strip> {
    let points = rates(&record.samples, |sample| Some(sample.cpu?.as_secs_f64()))?;
    let line = Line {
        label: "",
        colour: 0,
        points,
    };
    Some(Strip {
        label: "CPU, cores",
        greatest: greatest(&[&line]).max(1.0).ceil(),
        unit: |cores| format!("{cores:.0}"),
        lines: vec![line],
        limit: None,
    })
}

fn memory(record: &Record) -> Option<Strip> {
    let resident: Vec<Point> = record
        .samples
        .iter()
        .filter_map(|sample| Some((sample.at.as_secs_f64(), sample.resident? as f64)))
        .collect();
    let resident = Line {
        label: "resident",
        colour: 2,
        points: resident,
    };
    let held = Line {
        label: "results",
        colour: 1,
        points: held(record),
    };
    let stored = Line {
        label: "on disk",
        colour: 4,
        points: stored(record),
    };
    let lines: Vec<Line> = [resident, held, stored]
        .into_iter()
        .filter(|line| line.points.len() > 1)
        .collect();
    let greatest = greatest(&lines.iter().collect::<Vec<_>>()).max(1.0);
    // One that is far away would press the lines flat.
    let limit = record.memory_limit.map(|limit| limit as f64);
    let limit = limit.filter(|limit| *limit <= LIMIT_DRAWN * greatest);
    (!lines.is_empty()).then(|| Strip {
        label: "memory",
        greatest: greatest.max(limit.unwrap_or(0.0)) * 1.05,
        unit: |n_bytes| bytes(n_bytes as u128),
        lines,
        limit,
    })
}

fn disk(record: &Record) -> Option<Strip> {
    let line = |label, colour, value: fn(&Sample) -> Option<u64>| {
        let points = rates(&record.samples, |sample| {
            value(sample).map(|bytes| bytes as f64)
        });
        Some(Line {
            label,
            colour,
            points: points?,
        })
    };
    let read = line("read", 5, |sample| sample.read)?;
    let written = line("written", 4, |sample| sample.written)?;
    let greatest = greatest(&[&read, &written]);
    Some(Strip {
        label: "disk, per s",
        greatest: greatest.max(1024.0) * 1.05,
        unit: |n_bytes| bytes(n_bytes as u128),
        lines: vec![read, written],
        limit: None,
    })
}

fn greatest(lines: &[&Line]) -> f64 {
    let values = lines.iter().flat_map(|line| &line.points);
    values.map(|(_, value)| *value).fold(0.0, f64::max)
}

/// How fast `total` grew up to each sample, a second, over the last 100 ms at least.
fn rates(samples: &[Sample], total: impl Fn(&Sample) -> Option<f64>) -> Option<Vec<Point>> {
    let totals: Vec<(Duration, f64)> = samples
        .iter()
        .filter_map(|sample| Some((sample.at, total(sample)?)))
        .collect();
    let mut from = 0;
    let mut rates = Vec::new();
    for (idx, (at, total)) in totals.iter().enumerate().skip(1) {
        while from + 1 < idx && *at - totals[from + 1].0 >= WINDOW {
            from += 1;
        }
        let (since, before) = totals[from];
        let seconds = (*at - since).as_secs_f64();
        if seconds > 0.0 {
            rates.push((at.as_secs_f64(), (total - before).max(0.0) / seconds));
        }
    }
    let first = rates.first()?.1;
    rates.insert(0, (totals[0].0.as_secs_f64(), first));
    Some(rates)
}

/// The bytes of all results that were in memory.
fn held(record: &Record) -> Vec<Point> {
    let mut changes: Vec<(Duration, i128)> = Vec::new();
    for task in record.tasks.iter().filter(|task| task.bytes > 0) {
        let made = task.start + task.elapsed;
        changes.push((made, task.bytes as i128));
        changes.extend(
            task.released
                .map(|at| (at.max(made), -(task.bytes as i128))),
        );
    }
    let moved = record.stored.iter();
    changes.extend(moved.map(|change| (change.at, -i128::from(change.bytes))));
    sums(record, changes)
}

/// The bytes of all results that were on the disk.
fn stored(record: &Record) -> Vec<Point> {
    let changes = record.stored.iter();
    let changes = changes.map(|change| (change.at, i128::from(change.bytes)));
    sums(record, changes.collect())
}

/// What changes add up to, wherever that is another; where it changed often, the most of each pixel.
fn sums(record: &Record, mut changes: Vec<(Duration, i128)>) -> Vec<Point> {
    changes.sort_by_key(|(at, change)| (*at, -change));
    let pixel = record.elapsed.as_secs_f64() / PLOT;
    let mut points = vec![(0.0, 0.0)];
    let mut now = 0i128;
    let mut most = (0usize, 0i128);
    for (at, change) in changes {
        let at = at.as_secs_f64();
        let column = (at / pixel.max(1e-12)) as usize;
        if column != most.0 {
            points.push((at, most.1 as f64));
            most = (column, now);
            points.push((at, now as f64));
        }
        now += change;
        most.1 = most.1.max(now);
        if let Some(last) = points.last_mut() {
            last.1 = last.1.max(most.1 as f64);
        }
    }
    if points.len() > 1 || now > 0 {
        points.push((record.elapsed.as_secs_f64(), now as f64));
    }
    points
}

fn draw(body: &mut String, strip: &Strip, elapsed: Duration, top: f64) {
    let bottom = top + HEIGHT;
    let _ = write!(
        body,
        "<path class=\"g\" d=\"M{LEFT} {bottom:.1}h{PLOT}M{LEFT} {top:.1}h{PLOT}\"/>\
         <text class=\"s e\" x=\"{:.0}\" y=\"{:.1}\">{}</text>\
         <text class=\"s e\" x=\"{:.0}\" y=\"{:.1}\">{}</text><text class=\"s e\" x=\"{:.0}\" y=\"{bottom:.1}\">0</text>",
        LEFT - 8.0,
        top + HEIGHT / 2.0 + 4.0,
        strip.label,
        LEFT - 8.0,
        top + 8.0,
        (strip.unit)(strip.greatest),
        LEFT - 8.0,
    );
    let x = |at: f64| LEFT + PLOT * (at / elapsed.as_secs_f64().max(1e-12)).clamp(0.0, 1.0);
    let y = |value: f64| bottom - HEIGHT * (value / strip.greatest).clamp(0.0, 1.0);
    for (idx, line) in strip.lines.iter().enumerate() {
        draw_line(body, strip, idx, line, (&x, &y), bottom);
        if !line.label.is_empty() {
            key(body, idx, line, top);
        }
    }
    if let Some(limit) = strip.limit {
        let text = (strip.unit)(limit);
        let words = format!("limit {text}");
        // Above the strip, where no curve gets to.
        let _ = write!(
            body,
            "<path class=\"l k7\" stroke-dasharray=\"{LIMIT_DASHES}\" d=\"M{LEFT} {:.1}h{PLOT}\"><title>memory limit: {text}</title></path>\
             <path class=\"l k7\" stroke-dasharray=\"{LIMIT_DASHES}\" d=\"M{:.0} {:.1}h19\"/>\
             <text class=\"s e\" x=\"{:.0}\" y=\"{:.1}\">{words}</text>",
            y(limit),
            LEFT + PLOT - width(&words, TEXT) - 28.0,
            top - 6.5,
            LEFT + PLOT,
            top - 3.0,
        );
    }
}

/// The line `idx` of `strip`, which ends at `bottom`; `at` are the places of moments and values.
fn draw_line(
    body: &mut String,
    strip: &Strip,
    idx: usize,
    line: &Line,
    (x, y): (&impl Fn(f64) -> f64, &impl Fn(f64) -> f64),
    bottom: f64,
) {
    let (Some(first), Some(last)) = (line.points.first(), line.points.last()) else {
        return;
    };
    let mut path = String::new();
    for (idx, (at, value)) in line.points.iter().enumerate() {
        let step = if idx == 0 { 'M' } else { 'L' };
        let _ = write!(path, "{step}{:.1} {:.1}", x(*at), y(*value));
    }
    let colour = line.colour;
    if idx == 0 {
        let _ = write!(
            body,
            "<path class=\"a c{colour}\" d=\"{path}V{bottom:.1}H{:.1}z\"/>",
            x(first.0)
        );
    }
    let name = if line.label.is_empty() {
        strip.label
    } else {
        line.label
    };
    let _ = write!(
        body,
        "<path class=\"l k{colour}\"{} d=\"{path}\"><title>{name}: {} at most, {} at the end</title></path>",
        DASHES[idx],
        (strip.unit)(greatest(&[line])),
        (strip.unit)(last.1),
    );
}

/// What the line `idx` is called.
fn key(body: &mut String, idx: usize, line: &Line, top: f64) {
    let left = LEFT + 6.0 + 84.0 * idx as f64;
    let _ = write!(
        body,
        "<path class=\"l k{}\"{} d=\"M{left:.0} {:.1}h18\"/><text class=\"s\" x=\"{:.0}\" y=\"{:.1}\">{}</text>",
        line.colour,
        DASHES[idx],
        top + 7.0,
        left + 22.0,
        top + 11.0,
        line.label
    );
}
