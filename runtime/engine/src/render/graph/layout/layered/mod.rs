//! Layout in rows, where Graphviz is not installed or would take long.
//!
//! After Sugiyama, Tagawa and Toda, "Methods for visual understanding of hierarchical system structures" (1981): nodes
//! go into rows below all that they take; an arrow over several rows passes an invisible node in each; rows are sorted
//! by the mean place of their neighbours; places are then moved to these means as far as the order lets them. Unlike
//! there, a row is moved by isotonic regression, which is exact and takes O(n).

mod place;
mod rows;

use self::rows::Rows;
use super::{Direction, Layout, Point, Route, Router, SUBTITLE_SIZE, depths};
use crate::render::graph::Drawing;
use crate::render::text::width;

const NODE_GAP: f64 = 18.0;
const ROW_GAP: f64 = 40.0;

/// O(s · log s) time for arrows that pass s rows in all.
pub(super) fn layout(
    drawing: &Drawing,
    sizes: &[Point],
    direction: Direction,
    router: Router,
) -> Layout {
    let flip = |(x, y): Point| match direction {
        Direction::Down => (x, y),
        Direction::Right => (y, x),
    };
    let flipped: Vec<Point> = sizes.iter().map(|&size| flip(size)).collect();
    let mut rows = Rows::of(drawing, &flipped, &depths(drawing));
    rows.sort();
    let xs = place::across(&rows);
    let (tops, heights) = down(&rows, &flipped);
    let centers: Vec<Point> = (0..sizes.len())
        .map(|node| {
            let row = rows.cells[node].row;
            flip((xs[node], tops[row] + heights[row] / 2.0))
        })
        .collect();
    let routes = drawing
        .edges
        .iter()
        .enumerate()
        .map(|(idx, edge)| {
            let curve = curve(&rows, idx, &xs, &tops, &heights, &flipped);
            let half = width(&edge.label, SUBTITLE_SIZE) / 2.0;
            let label = (half > 0.0).then(|| middle(&curve)).flatten().map(flip);
            Route {
                curve: curve.into_iter().map(flip).collect(),
                label: label.map(|(x, y)| (x + half + 7.0, y)),
            }
        })
        .collect();
    let row_ends = tops.iter().zip(&heights).map(|(top, height)| top + height);
    let cell_ends = (0..rows.cells.len()).map(|cell| xs[cell] + rows.cells[cell].width / 2.0);
    let (width, height) = flip((cell_ends.fold(0.0, f64::max), row_ends.fold(0.0, f64::max)));
    Layout {
        width,
        height,
        centers,
        sizes: sizes.to_vec(),
        routes,
        router,
    }
}

/// Where each row begins, and how high it is.
fn down(rows: &Rows, sizes: &[Point]) -> (Vec<f64>, Vec<f64>) {
    let mut heights = vec![0f64; rows.rows.len()];
    for (node, size) in sizes.iter().enumerate() {
        let row = rows.cells[node].row;
        heights[row] = heights[row].max(size.1);
    }
    let mut top = 0.0;
    let tops = heights
        .iter()
        .map(|height| {
            let start = top;
            top += height + ROW_GAP;
            start
        })
        .collect();
    (tops, heights)
}

/// The arrow of edge `idx`: from below its first node, through its invisible ones, to above its last.
fn curve(
    rows: &Rows,
    idx: usize,
    xs: &[f64],
    tops: &[f64],
    heights: &[f64],
    sizes: &[Point],
) -> Vec<Point> {
    let path = &rows.paths[idx];
    let (from, to) = (path[0], path[path.len() - 1]);
    let edge = |node: usize, side: f64| {
        let row = rows.cells[node].row;
        tops[row] + heights[row] / 2.0 + side * sizes[node].1 / 2.0
    };
    let (out, into) = rows.ports[idx];
    let mut stops = vec![(xs[from] + out * sizes[from].0, edge(from, 1.0))];
    let mut passed = from;
    for (idx, &cell) in path.iter().enumerate().take(path.len() - 1).skip(1) {
        let is_straight = [passed, path[idx + 1]]
            .iter()
            .all(|&other| (xs[other] - xs[cell]).abs() < 1.0);
        if !is_straight {
            let row = rows.cells[cell].row;
            stops.push((xs[cell], tops[row] + heights[row] / 2.0));
        }
        passed = cell;
    }
    stops.push((xs[to] + into * sizes[to].0, edge(to, -1.0)));
    let mut curve = vec![stops[0]];
    for pair in stops.windows(2) {
        let (start, end) = (pair[0], pair[1]);
        let bend = (end.1 - start.1) * 0.45;
        curve.extend([(start.0, start.1 + bend), (end.0, end.1 - bend), end]);
    }
    if rows.is_reversed[idx] {
        curve.reverse();
    }
    curve
}

/// The middle of the middle piece of a curve.
fn middle(curve: &[Point]) -> Option<Point> {
    let n_pieces = curve.len().saturating_sub(1) / 3;
    let [a, b, c, d] = *curve.get(n_pieces / 2 * 3..)?.first_chunk()?;
    let blend = |a: f64, b: f64, c: f64, d: f64| (a + 3.0 * b + 3.0 * c + d) / 8.0;
    Some((blend(a.0, b.0, c.0, d.0), blend(a.1, b.1, c.1, d.1)))
}
