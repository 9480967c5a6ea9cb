//! The chunks of an array as a picture: a bar, a grid, a box, or several of these.

use std::fmt::Write;

use crate::render::format::{counted, shape as shape_text};
use crate::render::picture::{PALETTE, Picture, Zoom};
use crate::render::text::width;

const SIDE_MAX: f64 = 130.0;
const SIDE_MIN: f64 = 14.0;
/// Lines closer than this would merge; of more, as many as fit are drawn.
const LINE_DISTANCE: f64 = 6.0;
const BAR_HEIGHT: f64 = 28.0;
const FONT_SIZE: f64 = 12.0;
const MARGIN: f64 = 14.0;
const LABEL: f64 = 20.0;
/// How far, of its length, the third axis goes to the right and up.
const SLANT: (f64, f64) = (0.55, 0.45);

/// One axis as it is drawn.
struct Side {
    /// The length of the axis; a single number has none.
    n: Option<usize>,
    length: f64,
    /// Where the chunks meet, ends included.
    cuts: Vec<f64>,
    is_thinned: bool,
}

pub(super) fn picture(shape: &[usize], chunks: &[Vec<usize>]) -> Picture {
    let mut body = String::new();
    let (mut left, mut height) = (MARGIN, 0.0f64);
    for panel in panels(shape, chunks) {
        let (panel_width, panel_height) = draw_panel(&mut body, &panel, left);
        left += panel_width + MARGIN;
        height = height.max(panel_height);
    }
    let n_chunks = chunks.iter().map(Vec::len).product();
    Picture {
        width: left,
        height: height + 2.0 * MARGIN,
        style: format!(
            "& .f{{fill:{0};fill-opacity:.2}}& .d{{fill:{0};fill-opacity:.4}}",
            PALETTE[0]
        ),
        body: format!(
            "<g transform=\"translate(0 {MARGIN})\" fill=\"currentColor\" stroke=\"currentColor\" \
             font-size=\"{FONT_SIZE}\" text-anchor=\"middle\">{body}</g>"
        ),
        label: format!(
            "Array of shape {} in {}",
            shape_text(shape),
            counted(n_chunks, "chunk")
        ),
        zoom: Zoom::Fixed,
    }
}

/// The axes in groups of at most three, the last group full.
fn panels(shape: &[usize], chunks: &[Vec<usize>]) -> Vec<Vec<Side>> {
    let longest = shape.iter().copied().max().unwrap_or(1).max(1);
    let mut sides: Vec<Side> = shape
        .iter()
        .zip(chunks)
        .map(|(&n, lengths)| side(n, longest, lengths))
        .collect();
    if sides.is_empty() {
        sides.push(Side {
            n: None,
            length: BAR_HEIGHT,
            cuts: vec![0.0, BAR_HEIGHT],
            is_thinned: false,
        });
    }
    let mut panels = Vec::new();
    let mut n_first = sides.len() % 3;
    if n_first == 0 {
        n_first = 3;
    }
    let mut rest = sides.into_iter();
    loop {
        let panel: Vec<Side> = rest.by_ref().take(n_first).collect();
        if panel.is_empty() {
            return panels;
        }
        panels.push(panel);
        n_first = 3;
    }
}

/// The longest axis takes all the room; others shrink with the logarithm, so that a thin array is still to be seen.
fn side(n: usize, longest: usize, lengths: &[usize]) -> Side {
    let ratio = longest as f64 / n.max(1) as f64;
    let length = (SIDE_MAX / (1.0 + ratio.ln())).max(SIDE_MIN);
    let n_cuts_max = (length / LINE_DISTANCE) as usize;
    let n_inner = lengths.len().saturating_sub(1);
    let is_thinned = n_inner > n_cuts_max;
    let mut cuts = vec![0.0];
    if is_thinned {
        cuts.extend((1..n_cuts_max).map(|cut| length * cut as f64 / n_cuts_max as f64));
    } else {
        let mut end = 0;
        cuts.extend(lengths[..n_inner].iter().map(|chunk| {
            end += chunk;
            length * end as f64 / n.max(1) as f64
        }));
    }
    cuts.push(length);
    Side {
        n: Some(n),
        length,
        cuts,
        is_thinned,
    }
}

/// Draws one to three axes with their upper left corner at `left`; returns the size.
fn draw_panel(body: &mut String, panel: &[Side], left: f64) -> (f64, f64) {
    let fill = if panel.iter().any(|side| side.is_thinned) {
        "d"
    } else {
        "f"
    };
    match panel {
        [x] => {
            let height = BAR_HEIGHT;
            let width = labelled(x.n).max(x.length);
            let start = left + (width - x.length) / 2.0;
            face(
                body,
                fill,
                (start, 0.0),
                (1.0, 0.0),
                &x.cuts,
                (0.0, 1.0),
                &[0.0, height],
            );
            label(body, x.n, start + x.length / 2.0, height + 15.0);
            (width, height + LABEL)
        }
        [y, x] => {
            let start = left + LABEL;
            let width = LABEL + x.length.max(labelled(x.n) - LABEL);
            face(
                body,
                fill,
                (start, 0.0),
                (1.0, 0.0),
                &x.cuts,
                (0.0, 1.0),
                &y.cuts,
            );
            label(body, x.n, start + x.length / 2.0, y.length + 15.0);
            upright_label(body, y.n, left + 13.0, y.length / 2.0);
            (width, y.length + LABEL)
        }
        [z, y, x] => {
            let (right, up) = (z.length * SLANT.0, z.length * SLANT.1);
            let corner = (left + LABEL, up);
            let slope = (SLANT.0, -SLANT.1);
            let top_right = (corner.0 + x.length, up);
            face(body, fill, corner, (1.0, 0.0), &x.cuts, slope, &z.cuts);
            face(body, "d", top_right, slope, &z.cuts, (0.0, 1.0), &y.cuts);
            face(body, fill, corner, (1.0, 0.0), &x.cuts, (0.0, 1.0), &y.cuts);
            label(body, x.n, corner.0 + x.length / 2.0, up + y.length + 15.0);
            upright_label(body, y.n, left + 13.0, up + y.length / 2.0);
            let depth = (
                top_right.0 + right / 2.0 + 7.0,
                up + y.length - up / 2.0 + 10.0,
            );
            let _ = write!(
                body,
                "<text stroke=\"none\" text-anchor=\"start\" x=\"{:.1}\" y=\"{:.1}\">{}</text>",
                depth.0,
                depth.1,
                text(z.n)
            );
            let depth_end = depth.0 - left + labelled(z.n);
            (
                (LABEL + x.length + right).max(depth_end),
                up + y.length + LABEL,
            )
        }
        _ => (0.0, 0.0),
    }
}

/// A parallelogram spanned by the directions `u` and `v`, cut by lines along both.
fn face(
    body: &mut String,
    fill: &str,
    corner: (f64, f64),
    u: (f64, f64),
    u_cuts: &[f64],
    v: (f64, f64),
    v_cuts: &[f64],
) {
    let at = |along_u: f64, along_v: f64| {
        (
            corner.0 + u.0 * along_u + v.0 * along_v,
            corner.1 + u.1 * along_u + v.1 * along_v,
        )
    };
    let (u_end, v_end) = (u_cuts[u_cuts.len() - 1], v_cuts[v_cuts.len() - 1]);
    let outline = [
        at(0.0, 0.0),
        at(u_end, 0.0),
        at(u_end, v_end),
        at(0.0, v_end),
    ]
    .map(|(x, y)| format!("{x:.1} {y:.1}"))
    .join("L");
    let _ = write!(
        body,
        "<path class=\"{fill}\" stroke-width=\"1.4\" stroke-linejoin=\"round\" d=\"M{outline}z\"/>"
    );
    let mut lines = String::new();
    let mut line = |from: (f64, f64), to: (f64, f64)| {
        let _ = write!(
            lines,
            "M{:.1} {:.1}L{:.1} {:.1}",
            from.0, from.1, to.0, to.1
        );
    };
    for &cut in &u_cuts[1..u_cuts.len() - 1] {
        line(at(cut, 0.0), at(cut, v_end));
    }
    for &cut in &v_cuts[1..v_cuts.len() - 1] {
        line(at(0.0, cut), at(u_end, cut));
    }
    if !lines.is_empty() {
        let _ = write!(
            body,
            "<path fill=\"none\" stroke-width=\".8\" opacity=\".7\" d=\"{lines}\"/>"
        );
    }
}

fn text(n: Option<usize>) -> String {
    n.map(|n| n.to_string()).unwrap_or_default()
}

fn labelled(n: Option<usize>) -> f64 {
    width(&text(n), FONT_SIZE)
}

fn label(body: &mut String, n: Option<usize>, x: f64, y: f64) {
    let _ = write!(
        body,
        "<text stroke=\"none\" x=\"{x:.1}\" y=\"{y:.1}\">{}</text>",
        text(n)
    );
}

fn upright_label(body: &mut String, n: Option<usize>, x: f64, y: f64) {
    let _ = write!(
        body,
        "<text stroke=\"none\" transform=\"translate({x:.1} {y:.1}) rotate(-90)\">{}</text>",
        text(n)
    );
}
