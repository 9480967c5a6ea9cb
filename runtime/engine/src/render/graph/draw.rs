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
/// A legend: its height, and how wide each of its samples is.
const LEGEND_HEIGHT: f64 = 24.0;
const SAMPLE_WIDTH: f64 = 16.0;

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
    let Legend { text, samples } = legend;
    for (idx, fill) in samples.iter().enumerate() {
        let _ = write!(
            body,
            "<rect class=\"{}\" x=\"{:.0}\" y=\"{top:.0}\" width=\"{SAMPLE_WIDTH}\" height=\"12\"/>",
            class(*fill),
            MARGIN + SAMPLE_WIDTH * idx as f64
        );
    }
    let left = MARGIN + SAMPLE_WIDTH * samples.len() as f64 + 8.0;
    let _ = write!(
        body,
        "<text class=\"s\" fill=\"currentColor\" x=\"{left:.0}\" y=\"{:.0}\">{}</text>",
        top + 10.0,
        escape(text)
    );
    left + width(text, SUBTITLE_SIZE)
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
