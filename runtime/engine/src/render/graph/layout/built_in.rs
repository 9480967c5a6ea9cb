//! Layout where Graphviz is not installed.

use layout::core::base::Orientation;
use layout::core::format::{ClipHandle, RenderBackend, Visible};
use layout::core::geometry::Point as At;
use layout::core::style::StyleAttr;
use layout::std_shapes::shapes::{Arrow, Element, ShapeKind};
use layout::topo::layout::VisualGraph;

use super::{Direction, Layout, Point, Route, Router};
use crate::render::graph::Drawing;

pub(super) fn layout(drawing: &Drawing, sizes: &[Point], direction: Direction) -> Layout {
    let orientation = match direction {
        Direction::Down => Orientation::TopToBottom,
        Direction::Right => Orientation::LeftToRight,
    };
    let mut graph = VisualGraph::new(orientation);
    let nodes: Vec<_> = sizes
        .iter()
        .map(|&(width, height)| {
            let shape = ShapeKind::new_box("");
            let size = At::new(width, height);
            graph.add_node(Element::create(
                shape,
                StyleAttr::simple(),
                orientation,
                size,
            ))
        })
        .collect();
    for (idx, edge) in drawing.edges.iter().enumerate() {
        let arrow = Arrow::simple_with_properties("", idx.to_string());
        graph.add_edge(arrow, nodes[edge.from], nodes[edge.to]);
    }
    let mut curves = Curves(vec![Vec::new(); drawing.edges.len()]);
    graph.do_it(false, false, false, &mut curves);
    let centers = nodes
        .iter()
        .map(|&node| {
            let center = graph.element(node).position().center();
            (center.x, center.y)
        })
        .collect();
    framed(drawing, centers, sizes, curves.0)
}

/// Moves everything to the origin and puts the labels in the middle of their arrows.
fn framed(
    drawing: &Drawing,
    centers: Vec<Point>,
    sizes: &[Point],
    curves: Vec<Vec<Point>>,
) -> Layout {
    let corners = centers
        .iter()
        .zip(sizes)
        .flat_map(|(&(x, y), &(width, height))| {
            [
                (x - width / 2.0, y - height / 2.0),
                (x + width / 2.0, y + height / 2.0),
            ]
        });
    let (mut low, mut high) = ((f64::MAX, f64::MAX), (f64::MIN, f64::MIN));
    for (x, y) in corners.chain(curves.iter().flatten().copied()) {
        low = (low.0.min(x), low.1.min(y));
        high = (high.0.max(x), high.1.max(y));
    }
    let shift = |(x, y): Point| (x - low.0, y - low.1);
    let routes = curves
        .into_iter()
        .zip(&drawing.edges)
        .map(|(curve, edge)| {
            let curve: Vec<Point> = curve.into_iter().map(shift).collect();
            let label = (!edge.label.is_empty()).then(|| middle(&curve)).flatten();
            Route { curve, label }
        })
        .collect();
    Layout {
        width: high.0 - low.0,
        height: high.1 - low.1,
        centers: centers.into_iter().map(shift).collect(),
        sizes: sizes.to_vec(),
        routes,
        router: Router::BuiltIn,
    }
}

fn middle(curve: &[Point]) -> Option<Point> {
    let n_pieces = curve.len().saturating_sub(1) / 3;
    let [a, b, c, d] = *curve.get(n_pieces / 2 * 3..)?.first_chunk()?;
    let blend = |a: f64, b: f64, c: f64, d: f64| (a + 3.0 * b + 3.0 * c + d) / 8.0;
    Some((blend(a.0, b.0, c.0, d.0) + 10.0, blend(a.1, b.1, c.1, d.1)))
}

/// Takes the arrows that `layout-rs` draws, each marked with its index, and nothing else.
struct Curves(Vec<Vec<Point>>);

impl RenderBackend for Curves {
    fn draw_arrow(
        &mut self,
        path: &[(At, At)],
        _dashed: bool,
        _head: (bool, bool),
        _look: &StyleAttr,
        properties: Option<String>,
        _text: &str,
    ) {
        let idx: usize = match properties.and_then(|idx| idx.parse().ok()) {
            Some(idx) if idx < self.0.len() => idx,
            _ => return,
        };
        self.0[idx] = bezier(path);
    }

    fn draw_rect(&mut self, _: At, _: At, _: &StyleAttr, _: Option<String>, _: Option<ClipHandle>) {
    }
    fn draw_line(&mut self, _: At, _: At, _: &StyleAttr, _: Option<String>) {}
    fn draw_circle(&mut self, _: At, _: At, _: &StyleAttr, _: Option<String>) {}
    fn draw_text(&mut self, _: At, _: &str, _: &StyleAttr) {}
    fn create_clip(&mut self, _: At, _: At, _: usize) -> ClipHandle {
        0
    }
}

/// The path as control points: it comes as a point and its exit, then entries and points; the exit of a point in the
/// middle mirrors its entry.
fn bezier(path: &[(At, At)]) -> Vec<Point> {
    let Some(&(start, mut exit)) = path.first() else {
        return Vec::new();
    };
    let mut curve = vec![(start.x, start.y)];
    for &(entry, point) in &path[1..] {
        curve.extend([(exit.x, exit.y), (entry.x, entry.y), (point.x, point.y)]);
        exit = At::new(2.0 * point.x - entry.x, 2.0 * point.y - entry.y);
    }
    curve
}
