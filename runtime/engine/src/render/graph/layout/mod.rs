//! Where the nodes and arrows of a graph go.

mod dot;
mod layered;

use dagbok::visualize::RankDir;

use super::{Drawing, Edge, Node};
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
    /// Our own rows, as Graphviz would take long.
    Rows,
    /// Our own rows, as Graphviz is not installed.
    RowsWithoutGraphviz,
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

/// How many rows all arrows pass together, up to which `dot` answers within about a second; its effort grows with the
/// square of that and more.
const PASSAGES_MAX: usize = 600;

impl Layout {
    /// Places the nodes with `dot`, or in rows of our own where it is missing or would take long.
    ///
    /// Without `rankdir` the arrows run as suits the graph.
    pub(super) fn of(drawing: &Drawing, rankdir: Option<RankDir>) -> Layout {
        let mut layout = Layout::forwards(drawing, rankdir);
        match rankdir {
            Some(RankDir::BottomToTop) => {
                let height = layout.height;
                layout.move_points(|(x, y)| (x, height - y));
            }
            Some(RankDir::RightToLeft) => {
                let width = layout.width;
                layout.move_points(|(x, y)| (width - x, y));
            }
            Some(RankDir::TopToBottom | RankDir::LeftToRight) | None => {}
        }
        layout
    }

    /// A layout whose arrows run down or to the right.
    fn forwards(drawing: &Drawing, rankdir: Option<RankDir>) -> Layout {
        let sizes: Vec<Point> = drawing.nodes.iter().map(size).collect();
        let depths = depths(drawing);
        let direction = match rankdir {
            Some(RankDir::TopToBottom | RankDir::BottomToTop) => Direction::Down,
            Some(RankDir::LeftToRight | RankDir::RightToLeft) => Direction::Right,
            None => direction(&depths),
        };
        let span = |edge: &Edge| depths[edge.to].abs_diff(depths[edge.from]);
        let n_passages: usize = drawing.edges.iter().map(span).sum();
        let rows = |router| layered::layout(drawing, &sizes, direction, router);
        if n_passages > PASSAGES_MAX {
            return rows(Router::Rows);
        }
        dot::layout(drawing, &sizes, direction).unwrap_or_else(|| rows(Router::RowsWithoutGraphviz))
    }

    fn move_points(&mut self, to: impl Fn(Point) -> Point) {
        let routes = self.routes.iter_mut();
        let curves = routes.flat_map(|route| route.curve.iter_mut().chain(&mut route.label));
        for point in self.centers.iter_mut().chain(curves) {
            *point = to(*point);
        }
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

/// How far each node is from the sources; where groups feed one another, by their order.
fn depths(drawing: &Drawing) -> Vec<usize> {
    let mut depths = vec![0usize; drawing.nodes.len()];
    let mut edges: Vec<(usize, usize)> = drawing
        .edges
        .iter()
        .map(|edge| (edge.from.max(edge.to), edge.from.min(edge.to)))
        .collect();
    edges.sort_unstable();
    for (to, from) in edges {
        depths[to] = depths[to].max(depths[from] + 1);
    }
    depths
}

/// Down, unless the graph is a long thin chain, which fits a page better from left to right.
fn direction(depths: &[usize]) -> Direction {
    let n_rows = depths.iter().max().map_or(0, |last| last + 1);
    let mut widths = vec![0; n_rows];
    depths.iter().for_each(|&depth| widths[depth] += 1);
    let widest = widths.into_iter().max().unwrap_or(0);
    if n_rows > 7 && n_rows > 3 * widest {
        Direction::Right
    } else {
        Direction::Down
    }
}
