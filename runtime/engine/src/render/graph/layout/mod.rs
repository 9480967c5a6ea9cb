//! Where the nodes and arrows of a graph go.

mod built_in;
mod dot;

use super::{Drawing, Node};
use crate::render::text::width;

pub(super) const TITLE_SIZE: f64 = 13.0;
pub(super) const SUBTITLE_SIZE: f64 = 11.0;

/// A placed graph, in pixels, y downwards.
pub(super) struct Layout {
    pub(super) width: f64,
    pub(super) height: f64,
    /// Where the middle of each node is.
    pub(super) centers: Vec<Point>,
    pub(super) sizes: Vec<Point>,
    /// One an edge.
    pub(super) routes: Vec<Route>,
    pub(super) router: Router,
}

/// What placed the nodes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Router {
    Graphviz,
    BuiltIn,
}

/// The way of an arrow: a Bézier curve of three points a piece after the first one, and the place of its label.
#[derive(Clone, Default)]
pub(super) struct Route {
    pub(super) curve: Vec<Point>,
    pub(super) label: Option<Point>,
}

pub(super) type Point = (f64, f64);

/// Which way the arrows run.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Direction {
    Down,
    Right,
}

impl Layout {
    pub(super) fn of(drawing: &Drawing) -> Layout {
        let sizes: Vec<Point> = drawing.nodes.iter().map(size).collect();
        let direction = direction(drawing);
        dot::layout(drawing, &sizes, direction)
            .unwrap_or_else(|| built_in::layout(drawing, &sizes, direction))
    }
}

fn size(node: &Node) -> Point {
    let subtitles = node
        .subtitles
        .iter()
        .map(|subtitle| width(subtitle, SUBTITLE_SIZE));
    let text = subtitles.fold(width(&node.title, TITLE_SIZE), f64::max);
    let lines = node.subtitles.len() as f64;
    ((text + 22.0).max(46.0).ceil(), 26.0 + 14.0 * lines)
}

/// Down, unless the graph is a long thin chain, which fits a page better from left to right.
fn direction(drawing: &Drawing) -> Direction {
    let mut rank = vec![0usize; drawing.nodes.len()];
    for _ in 0..2 {
        for edge in &drawing.edges {
            rank[edge.to] = rank[edge.to].max(rank[edge.from] + 1).min(rank.len());
        }
    }
    let n_ranks = rank.iter().max().map_or(0, |last| last + 1);
    let mut widths = vec![0; n_ranks];
    rank.iter().for_each(|&rank| widths[rank] += 1);
    let widest = widths.into_iter().max().unwrap_or(0);
    if n_ranks > 7 && n_ranks > 3 * widest {
        Direction::Right
    } else {
        Direction::Down
    }
}
