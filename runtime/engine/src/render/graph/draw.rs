//! A placed graph as SVG.

use std::fmt::Write;

use super::layout::{Layout, Point, Route, SUBTITLE_SIZE, TITLE_SIZE};
use super::live::STATES;
use super::measure::{Fill, SHADES};
use super::text_formats::{class, colour};
use super::{Drawing, Legend, Node, Role};
use crate::render::picture::{PALETTE, Picture, Zoom};
use crate::render::text::{escape, width};

pub(super) const MARGIN: f64 = 16.0;
/// A legend: its height, how large each of its samples is, and the room between these.
const LEGEND_HEIGHT: f64 = 28.0;
const SAMPLE_SIZE: f64 = 16.0;
const SAMPLE_GAP: f64 = 7.0;

pub(super) fn picture(drawing: &Drawing, layout: &Layout) -> Picture {
    let mut body = format!(
        "<defs><marker id=\"@tip\" viewBox=\"0 0 8 8\" refX=\"7.5\" refY=\"4\" markerWidth=\"7\" markerHeight=\"7\" \
         orient=\"auto\"><path d=\"M0 .8 7.5 4 0 7.2z\" fill=\"currentColor\"/></marker></defs>\
         <g transform=\"translate({MARGIN} {MARGIN})\"><g fill=\"none\" stroke=\"currentColor\" opacity=\".5\" \
         class=\"e\">"
    );
    for route in &layout.routes {
        arrow(&mut body, route);
    }
    body.push_str("</g><g fill=\"currentColor\" text-anchor=\"middle\">");
    for (edge, route) in drawing.edges.iter().zip(&layout.routes) {
        if let Some((x, y)) = route.label {
            let _ = write!(
                body,
                "<text class=\"s\" x=\"{x:.0}\" y=\"{:.0}\">{}</text>",
                y + 3.5,
                edge.label
            );
        }
    }
    for (idx, node) in drawing.nodes.iter().enumerate() {
        draw_node(&mut body, node, layout.centers[idx], layout.sizes[idx]);
    }
    body.push_str("</g></g>");
    let (mut width, mut height) = (layout.width + 2.0 * MARGIN, layout.height + 2.0 * MARGIN);
    if let Some(colours) = &drawing.legend {
        width = width.max(legend(&mut body, colours, height) + MARGIN);
        height += LEGEND_HEIGHT;
    }
    Picture {
        width: width.ceil(),
        height: height.ceil(),
        style: style(),
        body,
        label: String::new(),
        zoom: Zoom::PanAndZoom,
    }
}

fn style() -> String {
    let mut style = format!(
        "& text{{font-size:{TITLE_SIZE}px}}& .s{{font-size:{SUBTITLE_SIZE}px;opacity:.75}}\
         & .e path{{marker-end:url(#@tip)}}"
    );
    for (idx, colour) in PALETTE.iter().enumerate() {
        let _ = write!(
            style,
            "& .c{idx}{{fill:{colour};fill-opacity:.16;stroke:{colour};stroke-width:1.3}}"
        );
    }
    let fills = (0..SHADES).map(Fill::Shade).chain([Fill::Unknown]);
    for fill in fills.chain(STATES.map(Fill::State)) {
        let (colour, opacity) = colour(fill);
        let _ = write!(
            style,
            "& .{}{{fill:{colour};fill-opacity:{:.2};stroke:{colour};stroke-width:1.3}}",
            class(fill),
            f64::from(opacity) / 255.0
        );
    }
    style.push_str("& .u,& .s0,& .s4,& .s5{stroke-dasharray:4 3}& .s1,& .s3{stroke-width:2.6}");
    style.push_str("& .o{fill:none;stroke-width:1}");
    style
}

/// Samples of the colours and what they mean; returns where that ends.
fn legend(body: &mut String, legend: &Legend, top: f64) -> f64 {
    let mut left = MARGIN;
    for (fill, word) in &legend.samples {
        let _ = write!(
            body,
            "<rect class=\"{}\" x=\"{left:.0}\" y=\"{top:.0}\" width=\"{SAMPLE_SIZE}\" height=\"{SAMPLE_SIZE}\" rx=\"3\"/>",
            class(*fill),
        );
        left += SAMPLE_SIZE + SAMPLE_GAP;
        if !word.is_empty() {
            left = words(body, word, left, top) + 2.0 * SAMPLE_GAP;
        }
    }
    if legend.samples.iter().all(|(_, word)| word.is_empty()) {
        left = words(body, &legend.text.replace('`', ""), left, top);
    }
    left
}

/// Writes `text` beside a sample; returns where it ends.
fn words(body: &mut String, text: &str, left: f64, top: f64) -> f64 {
    let _ = write!(
        body,
        "<text fill=\"currentColor\" x=\"{left:.0}\" y=\"{:.0}\">{}</text>",
        top + SAMPLE_SIZE - 3.0,
        escape(text)
    );
    left + width(text, TITLE_SIZE)
}

fn arrow(body: &mut String, route: &Route) {
    let Some((start, pieces)) = route.curve.split_first() else {
        return;
    };
    let _ = write!(body, "<path d=\"M{:.0} {:.0}C", start.0, start.1);
    for (idx, (x, y)) in pieces.iter().enumerate() {
        let _ = write!(body, "{}{x:.0} {y:.0}", if idx > 0 { " " } else { "" });
    }
    body.push_str("\"/>");
}

fn draw_node(body: &mut String, node: &Node, (x, y): Point, (width, height): Point) {
    let _ = write!(body, "<g><title>{}</title>", escape(&node.tooltip));
    let (left, top) = (x - width / 2.0, y - height / 2.0);
    let class = class(node.fill);
    let _ = match node.role {
        Role::Source => write!(
            body,
            "<path class=\"{class}\" d=\"M{:.1} {top:.1}h{:.1}l6 6v{:.1}l-6 6h{:.1}l-6 -6v{:.1}z\"/>",
            left + 6.0,
            width - 12.0,
            height - 12.0,
            12.0 - width,
            12.0 - height,
        ),
        Role::Step | Role::Result => write!(
            body,
            "<rect class=\"{class}\" x=\"{left:.1}\" y=\"{top:.1}\" width=\"{width:.0}\" height=\"{height:.0}\" \
             rx=\"{:.0}\"/>",
            (height / 2.0).min(14.0)
        ),
    };
    if node.role == Role::Result {
        let _ = write!(
            body,
            "<rect class=\"{class} o\" x=\"{:.1}\" y=\"{:.1}\" width=\"{:.0}\" height=\"{:.0}\" rx=\"{:.0}\"/>",
            left - 3.0,
            top - 3.0,
            width + 6.0,
            height + 6.0,
            (height / 2.0).min(14.0) + 3.0
        );
    }
    let mut baseline = top + 17.0;
    let _ = write!(
        body,
        "<text x=\"{x:.1}\" y=\"{baseline:.1}\">{}</text>",
        escape(&node.title)
    );
    for subtitle in &node.subtitles {
        baseline += 14.0;
        let _ = write!(
            body,
            "<text class=\"s\" x=\"{x:.1}\" y=\"{baseline:.1}\">{}</text>",
            escape(subtitle)
        );
    }
    body.push_str("</g>");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_of_a_legend_stand_apart_each_with_its_word() {
        let mut body = String::new();
        let states = Legend {
            text: "all states".to_owned(),
            samples: STATES
                .map(|state| (Fill::State(state), state.word().to_owned()))
                .to_vec(),
        };
        let end = legend(&mut body, &states, 0.0);
        assert!(!body.contains("all states"));
        let mut left = 0.0;
        for (sample, state) in body.split("<rect").skip(1).zip(STATES) {
            let (_, x) = sample.split_once(" x=\"").expect("a place");
            let (x, _) = x.split_once('"').expect("its end");
            let x: f64 = x.parse().expect("a number");
            assert!(x >= left, "{body}");
            assert!(
                sample.ends_with(&format!(">{}</text>", state.word())),
                "{body}"
            );
            left = x + SAMPLE_SIZE + width(state.word(), TITLE_SIZE) + SAMPLE_GAP;
        }
        assert!(end >= left, "{body}");
    }
}
