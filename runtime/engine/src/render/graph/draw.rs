//! A placed graph as SVG.

use std::fmt::Write;

use super::layout::{Layout, Point, Route, SUBTITLE_SIZE, TITLE_SIZE};
use super::{Drawing, Node, Role};
use crate::render::picture::{PALETTE, Picture, Zoom};
use crate::render::text::escape;

const MARGIN: f64 = 16.0;

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
    Picture {
        width: (layout.width + 2.0 * MARGIN).ceil(),
        height: (layout.height + 2.0 * MARGIN).ceil(),
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
    style.push_str("& .o{fill:none;stroke-width:1}");
    style
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
    let colour = node.colour;
    let _ = match node.role {
        Role::Source => write!(
            body,
            "<path class=\"c{colour}\" d=\"M{:.1} {top:.1}h{:.1}l6 6v{:.1}l-6 6h{:.1}l-6 -6v{:.1}z\"/>",
            left + 6.0,
            width - 12.0,
            height - 12.0,
            12.0 - width,
            12.0 - height,
        ),
        Role::Step | Role::Result => write!(
            body,
            "<rect class=\"c{colour}\" x=\"{left:.1}\" y=\"{top:.1}\" width=\"{width:.0}\" height=\"{height:.0}\" \
             rx=\"{:.0}\"/>",
            (height / 2.0).min(14.0)
        ),
    };
    if node.role == Role::Result {
        let _ = write!(
            body,
            "<rect class=\"c{colour} o\" x=\"{:.1}\" y=\"{:.1}\" width=\"{:.0}\" height=\"{:.0}\" rx=\"{:.0}\"/>",
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
