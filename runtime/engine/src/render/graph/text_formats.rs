//! A drawing in the languages of Graphviz and of Mermaid.

use std::fmt::Write;

use dagbok::visualize::RankDir;

use super::draw::MARGIN;
use super::layout::{Layout, Point};
use super::live::TaskState;
use super::measure::{Fill, SHADES};
use super::{Drawing, Node, Role};
use crate::render::picture::PALETTE;

const SHADE: &str = PALETTE[0];

/// In Graphviz's language. With a `layout`, everything has its place for `neato -n2`.
pub(super) fn dot(drawing: &Drawing, rankdir: Option<RankDir>, layout: Option<&Layout>) -> String {
    let mut dot = format!(
        "digraph {{\n  rankdir={}; bgcolor=white; margin={:.2}; fontname=\"Helvetica\"; fontsize=12; labeljust=l;\n  \
         label={};\n  node [style=\"filled\", fontname=\"Helvetica\", fontsize=11]; \
         edge [color=\"#57606a\", fontname=\"Helvetica\", fontsize=10, arrowsize=0.6];\n",
        word(rankdir.unwrap_or(RankDir::TopToBottom)),
        MARGIN / 72.0,
        quoted(&drawing.caption()),
    );
    for (idx, node) in drawing.nodes.iter().enumerate() {
        let (shape, style) = match node.role {
            Role::Source => ("octagon", "filled"),
            Role::Step => ("box", "filled,rounded"),
            Role::Result => ("box", "filled,rounded,bold"),
        };
        let peripheries = if node.role == Role::Result { 2 } else { 1 };
        let (colour, opacity) = colour(node.fill);
        let dashed = if node.fill == Fill::Unknown {
            ",dashed"
        } else {
            ""
        };
        let _ = write!(
            dot,
            "  n{idx} [label={}, tooltip={}, shape={shape}, style=\"{style}{dashed}\", peripheries={peripheries}, \
             color=\"{colour}\", fillcolor=\"{colour}{opacity:02x}\"",
            quoted(&node.lines().join("\n")),
            quoted(&node.tooltip),
        );
        if let Some(layout) = layout {
            let ((x, y), (width, height)) = (layout.centers[idx], layout.sizes[idx]);
            let _ = write!(
                dot,
                ", pos=\"{x:.1},{:.1}\", width={:.3}, height={:.3}, fixedsize=true",
                layout.height - y,
                width / 72.0,
                height / 72.0
            );
        }
        dot.push_str("];\n");
    }
    for (idx, edge) in drawing.edges.iter().enumerate() {
        let mut attributes = Vec::new();
        if !edge.label.is_empty() {
            attributes.push(format!("label={}", quoted(&edge.label)));
        }
        if let Some(layout) = layout {
            let route = &layout.routes[idx];
            attributes.extend(spline(&route.curve, layout.height));
            if let Some((x, y)) = route.label {
                attributes.push(format!("lp=\"{x:.1},{:.1}\"", layout.height - y));
            }
        }
        let attributes = match attributes.is_empty() {
            true => String::new(),
            false => format!(" [{}]", attributes.join(", ")),
        };
        let _ = writeln!(dot, "  n{} -> n{}{attributes};", edge.from, edge.to);
    }
    dot.push_str("}\n");
    dot
}

/// The way of an arrow whose tip is at the end of `curve`, which itself ends a little before it.
fn spline(curve: &[Point], height: f64) -> Option<String> {
    const TIP: f64 = 6.0;
    let [.., before, end] = *curve else {
        return None;
    };
    let (dx, dy) = (end.0 - before.0, end.1 - before.1);
    let length = dx.hypot(dy).max(1e-6);
    let neck = (end.0 - dx / length * TIP, end.1 - dy / length * TIP);
    let mut spline = format!("pos=\"e,{:.1},{:.1}", end.0, height - end.1);
    for (x, y) in curve[..curve.len() - 1].iter().chain([&neck]) {
        let _ = write!(spline, " {x:.1},{:.1}", height - y);
    }
    spline.push('"');
    Some(spline)
}

/// In Mermaid's language.
pub(super) fn mermaid(drawing: &Drawing, rankdir: Option<RankDir>) -> String {
    let mut mermaid = format!(
        "---\ntitle: {}\n---\nflowchart {}\n",
        serde_json::Value::from(drawing.caption()),
        word(rankdir.unwrap_or(RankDir::TopToBottom))
    );
    let mut classes: Vec<(String, Fill)> = Vec::new();
    for (idx, node) in drawing.nodes.iter().enumerate() {
        let (open, close) = match node.role {
            Role::Source => ("{{", "}}"),
            Role::Step => ("(", ")"),
            Role::Result => ("[[", "]]"),
        };
        let class = class(node.fill);
        if classes.iter().all(|(known, _)| *known != class) {
            classes.push((class.clone(), node.fill));
        }
        let lines: Vec<String> = node.lines().iter().map(|line| entities(line)).collect();
        let _ = writeln!(
            mermaid,
            "  n{idx}{open}\"{}\"{close}:::{class}",
            lines.join("<br/>")
        );
    }
    for edge in &drawing.edges {
        let _ = match &*edge.label {
            "" => writeln!(mermaid, "  n{} --> n{}", edge.from, edge.to),
            label => writeln!(
                mermaid,
                "  n{} -->|\"{}\"| n{}",
                edge.from,
                entities(label),
                edge.to
            ),
        };
    }
    for (class, fill) in classes {
        let (colour, opacity) = colour(fill);
        let dashes = match fill {
            Fill::Unknown => ",stroke-dasharray:4 3",
            Fill::Operation(_) | Fill::Shade(_) | Fill::State(_) => "",
        };
        let _ = writeln!(
            mermaid,
            "  classDef {class} fill:{colour}{opacity:02x},stroke:{colour}{dashes}"
        );
    }
    mermaid
}

impl Node {
    fn lines(&self) -> Vec<String> {
        let subtitles = self.subtitles.iter().cloned();
        std::iter::once(self.title.clone())
            .chain(subtitles)
            .collect()
    }
}

/// The name of a class of nodes.
pub(super) fn class(fill: Fill) -> String {
    match fill {
        Fill::Operation(idx) => format!("c{idx}"),
        Fill::Shade(shade) => format!("v{shade}"),
        Fill::State(state) => format!("s{}", state as usize),
        Fill::Unknown => "u".to_owned(),
    }
}

/// The colour of lines around nodes, and how opaque it is inside, of 255.
pub(super) fn colour(fill: Fill) -> (&'static str, u8) {
    match fill {
        Fill::Operation(idx) => (PALETTE[idx], 41),
        Fill::Shade(shade) => (SHADE, (13 + 140 * shade / (SHADES - 1)) as u8),
        Fill::State(state) => state_colour(state),
        Fill::Unknown => (PALETTE[PALETTE.len() - 1], 0),
    }
}

fn state_colour(state: TaskState) -> (&'static str, u8) {
    match state {
        TaskState::Waiting => (PALETTE[7], 20),
        TaskState::Running => (PALETTE[0], 70),
        TaskState::Done => (PALETTE[2], 50),
        TaskState::Failed => (PALETTE[1], 90),
        TaskState::NotRun => (PALETTE[7], 0),
        TaskState::DoneInPart => (PALETTE[2], 20),
    }
}

pub(super) fn word(rankdir: RankDir) -> &'static str {
    match rankdir {
        RankDir::TopToBottom => "TB",
        RankDir::BottomToTop => "BT",
        RankDir::LeftToRight => "LR",
        RankDir::RightToLeft => "RL",
    }
}

/// `text` as a string of Graphviz's language.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for character in text.chars() {
        match character {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            // Names of characters, such as `&lt;`, are read as these characters.
            '&' => quoted.push_str("&amp;"),
            _ if character.is_control() => quoted.push('\u{fffd}'),
            _ => quoted.push(character),
        }
    }
    quoted.push('"');
    quoted
}

/// `text` as it may stand in a string of Mermaid's language.
fn entities(text: &str) -> String {
    let mut escaped = String::new();
    for character in text.chars() {
        match character {
            '"' | '#' | '&' | '<' | '>' | '`' | '\\' | ';' => {
                let _ = write!(escaped, "#{};", character as u32);
            }
            _ if character.is_control() => escaped.push(' '),
            _ => escaped.push(character),
        }
    }
    escaped
}
