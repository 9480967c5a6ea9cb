//! The picture of a profile: lanes of tasks, under them what the process used, all above one axis of time.

use std::fmt::Write;

use dagbok::profile::State;

use super::lanes::{Lane, Mark, Marked, lanes};
use super::{COLOURS, View, curves, headline};
use crate::render::format::{bytes, count, counted, duration};
use crate::render::picture::{PALETTE, Picture, Zoom};
use crate::render::text::{escape, shorten_middle, width};

pub(super) const LEFT: f64 = 92.0;
pub(super) const PLOT: f64 = 800.0;
const RIGHT: f64 = 24.0;
const TOP: f64 = 14.0;
pub(super) const TEXT: f64 = 11.0;
const GAP: f64 = 14.0;

/// A part of the picture, and where the next one goes.
pub(super) struct Part {
    pub(super) body: String,
    pub(super) bottom: f64,
}

pub(super) fn picture(view: &View) -> Picture {
    let lanes = lanes(view.record, PLOT);
    let legend = legend(view, TOP);
    let stream = stream(view, &lanes, legend.bottom + GAP);
    let curves = curves::curves(view.record, stream.bottom + GAP);
    let axis = axis(view, legend.bottom + GAP, curves.bottom);
    let body = format!(
        "<defs><pattern id=\"@hatch\" width=\"5\" height=\"5\" patternUnits=\"userSpaceOnUse\" \
         patternTransform=\"rotate(45)\"><path d=\"M0 0V5\" stroke=\"currentColor\" stroke-width=\"2.4\"/></pattern></defs>\
         {}{}{}{}",
        legend.body, axis.body, stream.body, curves.body
    );
    let layers: Vec<String> = view
        .rows
        .iter()
        .take(COLOURS)
        .map(|row| format!("{} {}", row.label, duration(row.total)))
        .collect();
    Picture {
        width: LEFT + PLOT + RIGHT,
        height: axis.bottom + 10.0,
        style: style(),
        body,
        label: format!(
            "{}. Time in tasks by layer: {}",
            headline(view.record),
            layers.join(", ")
        ),
        zoom: Zoom::Fixed,
    }
}

fn style() -> String {
    let mut style = format!(
        "& text{{font-size:{TEXT}px;fill:currentColor}}& .s{{opacity:.75}}& .e{{text-anchor:end}}& .m{{text-anchor:middle}}\
         & .on{{fill:#fff;font-size:10px}}& .g{{stroke:currentColor;stroke-opacity:.15;fill:none}}\
         & .x{{fill:url(#@hatch)}}& .l{{fill:none;stroke-width:1.4;stroke-linejoin:round}}& .a{{stroke:none;fill-opacity:.18}}"
    );
    for (idx, colour) in PALETTE.iter().enumerate() {
        let _ = write!(
            style,
            "& .c{idx}{{fill:{colour}}}& .k{idx}{{stroke:{colour}}}"
        );
    }
    style
}

/// What the colours mean.
fn legend(view: &View, top: f64) -> Part {
    let mut body = String::new();
    let (mut x, mut y) = (LEFT, top);
    let mut entry = |colour: Option<usize>, text: &str| {
        let advance = 15.0 + width(text, TEXT) + 16.0;
        if x + advance > LEFT + PLOT && x > LEFT {
            (x, y) = (LEFT, y + 17.0);
        }
        let class = colour.map_or("x".to_owned(), |colour| format!("c{colour}"));
        let _ = write!(
            body,
            "<rect class=\"{class}\" x=\"{x:.0}\" y=\"{y:.0}\" width=\"10\" height=\"10\" rx=\"2\"/>\
             <text x=\"{:.0}\" y=\"{:.0}\">{}</text>",
            x + 15.0,
            y + 9.0,
            escape(text)
        );
        x += advance;
    };
    for (colour, row) in view.rows.iter().enumerate().take(COLOURS) {
        entry(
            Some(colour),
            &format!("{} {}", shorten_middle(&row.label, 28), duration(row.total)),
        );
    }
    if view.rows.len() > COLOURS {
        let others = view.rows.len() - COLOURS;
        entry(Some(COLOURS), &format!("{} others", count(others)));
    }
    if view
        .record
        .tasks
        .iter()
        .any(|task| task.state != State::Done)
    {
        entry(None, "failed, or not ended");
    }
    Part {
        body,
        bottom: y + 10.0,
    }
}

fn stream(view: &View, lanes: &[Lane], top: f64) -> Part {
    let pitch = match lanes.len() {
        0..=16 => 20.0,
        17..=32 => 13.0,
        _ => 9.0,
    };
    let named_each = if pitch < 12.0 { 4 } else { 1 };
    let mut body = String::new();
    for (row, lane) in lanes.iter().enumerate() {
        let y = top + row as f64 * pitch;
        if row % named_each == 0 {
            let _ = write!(
                body,
                "<text class=\"s e\" x=\"{:.0}\" y=\"{:.1}\">{}</text>",
                LEFT - 8.0,
                y + pitch / 2.0 + 3.0,
                lane.label
            );
        }
        let _ = write!(
            body,
            "<path class=\"g\" d=\"M{LEFT} {:.1}h{PLOT}\"/>",
            y + pitch - 0.5
        );
        for mark in &lane.marks {
            draw(&mut body, view, mark, y, pitch - 2.0);
        }
    }
    Part {
        body,
        bottom: top + lanes.len() as f64 * pitch,
    }
}

fn draw(body: &mut String, view: &View, mark: &Mark, y: f64, height: f64) {
    let x = LEFT + mark.x;
    let (layer, width, share, title, is_whole) = match &mark.what {
        Marked::Task(idx) => {
            let task = &view.record.tasks[*idx];
            let is_whole = task.state == State::Done;
            let layer = task.layer as usize;
            (
                layer,
                mark.width.max(0.4),
                1.0,
                task_title(view, *idx),
                is_whole,
            )
        }
        Marked::Bin(bin) => {
            let mut title = format!(
                "{}, {:.0} % of the time {}\n{} to {}, {:.0} % busy",
                counted(bin.n_tasks, "task"),
                bin.share * 100.0,
                view.labels[bin.layer],
                duration(bin.start),
                duration(bin.end),
                bin.busy * 100.0
            );
            if bin.n_failed > 0 {
                let _ = write!(title, "\n{} failed", count(bin.n_failed));
            }
            // Something is seen of what is hardly busy.
            let share = bin.busy.max(0.15);
            (bin.layer, mark.width, share, title, bin.n_failed == 0)
        }
    };
    let drawn = height * share;
    let place = format!(
        "x=\"{x:.1}\" y=\"{:.1}\" width=\"{width:.1}\" height=\"{drawn:.1}\"",
        y + height - drawn
    );
    let title = escape(&title);
    let colour = view.colours[layer];
    let _ = write!(
        body,
        "<rect class=\"c{colour}\" {place}><title>{title}</title></rect>"
    );
    if !is_whole {
        let _ = write!(
            body,
            "<rect class=\"x\" {place}><title>{title}</title></rect>"
        );
    }
    if let Marked::Task(_) = mark.what
        && height > 12.0
    {
        write_on(body, &view.labels[layer], x, y + height - 5.0, width);
    }
}

/// The name on a mark that is wide enough for it.
fn write_on(body: &mut String, label: &str, x: f64, y: f64, room: f64) {
    let label = shorten_middle(label, 24);
    if width(&label, 10.0) + 8.0 < room {
        let _ = write!(
            body,
            "<text class=\"on\" pointer-events=\"none\" x=\"{:.1}\" y=\"{y:.1}\">{}</text>",
            x + 4.0,
            escape(&label)
        );
    }
}

fn task_title(view: &View, idx: usize) -> String {
    let task = &view.record.tasks[idx];
    let mut title = format!(
        "{}\n{}, from {}, {}, {}",
        view.record.key(task),
        view.labels[task.layer as usize],
        duration(task.start),
        duration(task.elapsed),
        bytes(task.bytes as u128)
    );
    if task.state != State::Done {
        let _ = write!(title, ", {}", task.state.word());
    }
    title
}

/// Lines at round times from `top` to `bottom`, and the times below.
fn axis(view: &View, top: f64, bottom: f64) -> Part {
    let elapsed = view.record.elapsed.as_secs_f64();
    let step = round_step(elapsed / 7.0);
    let mut body = String::new();
    let mut tick = 0;
    while step > 0.0 && tick as f64 * step <= elapsed * 1.0001 {
        let at = tick as f64 * step;
        let x = LEFT + PLOT * at / elapsed;
        let _ = write!(
            body,
            "<path class=\"g\" d=\"M{x:.1} {top:.0}V{bottom:.0}\"/><text class=\"s m\" x=\"{x:.1}\" y=\"{:.0}\">{}</text>",
            bottom + 14.0,
            time(at, step)
        );
        tick += 1;
    }
    Part {
        body,
        bottom: bottom + 16.0,
    }
}

/// 1, 2 or 5 times a power of ten, not below `least`; 0 if there is none.
fn round_step(least: f64) -> f64 {
    if !least.is_finite() || least <= 0.0 {
        return 0.0;
    }
    let power = 10f64.powf(least.log10().floor());
    let factor = [1.0, 2.0, 5.0, 10.0].into_iter();
    let steps = factor.map(|factor| factor * power);
    steps
        .into_iter()
        .find(|step| *step >= least * 0.999)
        .unwrap_or(10.0 * power)
}

/// A time on the axis, in the unit that suits its steps.
fn time(at: f64, step: f64) -> String {
    let (factor, unit) = match step {
        ..1e-3 => (1e6, "µs"),
        1e-3..0.1 => (1e3, "ms"),
        _ => (1.0, "s"),
    };
    let decimals = if step * factor < 0.999 { 1 } else { 0 };
    format!("{:.decimals$} {unit}", at * factor)
}
