//! Layout by Graphviz's `dot`, which is asked for positions only; the drawing is ours.

use std::fmt::Write;

use graphviz_rust::cmd::{CommandArg, Format};

use super::{Direction, Layout, Point, Route, Router};
use crate::render::graph::Drawing;

const PIXELS_PER_INCH: f64 = 72.0;

/// The layout, or `None` where `dot` is not installed or does not do it.
pub(super) fn layout(drawing: &Drawing, sizes: &[Point], direction: Direction) -> Option<Layout> {
    let output = graphviz_rust::exec_dot(
        source(drawing, sizes, direction),
        vec![CommandArg::Format(Format::Plain)],
    )
    .ok()?;
    parse(&String::from_utf8(output).ok()?, drawing, sizes)
}

fn source(drawing: &Drawing, sizes: &[Point], direction: Direction) -> String {
    let rankdir = match direction {
        Direction::Down => "TB",
        Direction::Right => "LR",
    };
    let mut source = format!(
        "digraph {{ rankdir={rankdir}; nodesep=.22; ranksep=.42; node [shape=box, fixedsize=true, label=\"\"]; \
         edge [arrowhead=none, fontsize=12];\n"
    );
    for (idx, (width, height)) in sizes.iter().enumerate() {
        let _ = writeln!(
            source,
            "n{idx} [width={:.3}, height={:.3}];",
            width / PIXELS_PER_INCH,
            height / PIXELS_PER_INCH
        );
    }
    for edge in &drawing.edges {
        let _ = match &*edge.label {
            "" => writeln!(source, "n{} -> n{};", edge.from, edge.to),
            // As wide as the label and some room beside the arrow.
            label => writeln!(
                source,
                "n{} -> n{} [label=\"{}\"];",
                edge.from,
                edge.to,
                "0".repeat(label.len() + 2)
            ),
        };
    }
    let rows = drawing.nodes.iter().filter_map(|node| node.row).max();
    for row in 0..rows.map_or(0, |last| last + 1) {
        let _ = write!(source, "{{ rank=same;");
        for (idx, _) in drawing
            .nodes
            .iter()
            .enumerate()
            .filter(|(_, node)| node.row == Some(row))
        {
            let _ = write!(source, " n{idx};");
        }
        source.push_str(" }\n");
    }
    source.push('}');
    source
}

/// Reads `dot -Tplain`: `graph scale width height`, `node name x y …`, `edge tail head n x1 y1 … [label x y] …`, in
/// inches, y upwards.
fn parse(plain: &str, drawing: &Drawing, sizes: &[Point]) -> Option<Layout> {
    let mut layout = Layout {
        width: 0.0,
        height: 0.0,
        centers: vec![(0.0, 0.0); sizes.len()],
        sizes: sizes.to_vec(),
        routes: vec![Route::default(); drawing.edges.len()],
        router: Router::Graphviz,
    };
    for line in plain.lines() {
        let mut words = line.split_ascii_whitespace();
        match words.next()? {
            "graph" => {
                words.next()?;
                layout.width = inches(words.next()?)?;
                layout.height = inches(words.next()?)?;
            }
            "node" => {
                let node = node(words.next()?)?;
                *layout.centers.get_mut(node)? = point(&mut words, layout.height)?;
            }
            "edge" => {
                let (from, to) = (node(words.next()?)?, node(words.next()?)?);
                let edge = drawing
                    .edges
                    .iter()
                    .position(|edge| (edge.from, edge.to) == (from, to))?;
                let n_points: usize = words.next()?.parse().ok()?;
                let curve = (0..n_points)
                    .map(|_| point(&mut words, layout.height))
                    .collect::<Option<_>>()?;
                let label = match &*drawing.edges[edge].label {
                    "" => None,
                    _ => {
                        words.next()?;
                        Some(point(&mut words, layout.height)?)
                    }
                };
                layout.routes[edge] = Route { curve, label };
            }
            _ => break,
        }
    }
    Some(layout)
}

fn node(name: &str) -> Option<usize> {
    name.strip_prefix('n')?.parse().ok()
}

fn inches(word: &str) -> Option<f64> {
    Some(word.parse::<f64>().ok()? * PIXELS_PER_INCH)
}

fn point<'a>(words: &mut impl Iterator<Item = &'a str>, height: f64) -> Option<Point> {
    Some((inches(words.next()?)?, height - inches(words.next()?)?))
}
