//! Which row a node is in, and in which order a row stands.

use super::{Point, SUBTITLE_SIZE};
use crate::render::graph::Drawing;
use crate::render::text::width;

const N_SWEEPS: usize = 12;
/// The width that an arrow takes where it passes a row.
const PASSAGE: f64 = 6.0;

/// A node, or the place where an arrow passes a row.
pub(super) struct Cell {
    pub(super) row: usize,
    pub(super) width: f64,
    /// Cells in the row above that are joined with this one.
    pub(super) above: Vec<usize>,
    pub(super) below: Vec<usize>,
}

/// The cells of a graph in rows: first all nodes, then the passages.
pub(super) struct Rows {
    pub(super) n_nodes: usize,
    pub(super) cells: Vec<Cell>,
    /// The cells of each row from left to right.
    pub(super) rows: Vec<Vec<usize>>,
    /// For each edge the cells that it goes through, downwards, both ends included.
    pub(super) paths: Vec<Vec<usize>>,
    /// Edges that run upwards, in a graph of groups that feed one another.
    pub(super) is_reversed: Vec<bool>,
    /// For each edge where it leaves and meets its nodes, in parts of their width from the middle.
    pub(super) ports: Vec<(f64, f64)>,
}

impl Rows {
    pub(super) fn of(drawing: &Drawing, sizes: &[Point], depths: &[usize]) -> Self {
        let cells = depths
            .iter()
            .zip(sizes)
            .map(|(&row, size)| Cell {
                row,
                width: size.0,
                above: Vec::new(),
                below: Vec::new(),
            })
            .collect();
        let n_rows = depths.iter().max().map_or(0, |last| last + 1);
        let mut rows = Rows {
            n_nodes: sizes.len(),
            cells,
            rows: vec![Vec::new(); n_rows],
            paths: Vec::new(),
            is_reversed: drawing
                .edges
                .iter()
                .map(|edge| edge.from > edge.to)
                .collect(),
            ports: vec![(0.0, 0.0); drawing.edges.len()],
        };
        for edge in &drawing.edges {
            let ends = (edge.from.min(edge.to), edge.from.max(edge.to));
            rows.add_path(ends, PASSAGE + width(&edge.label, SUBTITLE_SIZE));
        }
        for cell in 0..rows.cells.len() {
            let row = rows.cells[cell].row;
            rows.rows[row].push(cell);
        }
        rows
    }

    fn add_path(&mut self, (from, to): (usize, usize), width: f64) {
        let mut path = vec![from];
        for row in self.cells[from].row + 1..self.cells[to].row {
            path.push(self.cells.len());
            self.cells.push(Cell {
                row,
                width,
                above: Vec::new(),
                below: Vec::new(),
            });
        }
        path.push(to);
        for pair in path.windows(2) {
            self.cells[pair[0]].below.push(pair[1]);
            self.cells[pair[1]].above.push(pair[0]);
        }
        self.paths.push(path);
    }

    /// Sorts the rows by the mean place of their neighbours, downwards and upwards in turn, and then the ends of the
    /// arrows by where they go.
    pub(super) fn sort(&mut self) {
        let mut place: Vec<f64> = vec![0.0; self.cells.len()];
        let renumber = |row: &[usize], place: &mut [f64]| {
            let n = row.len() as f64;
            for (idx, &cell) in row.iter().enumerate() {
                place[cell] = (idx as f64 + 0.5) / n;
            }
        };
        self.rows.iter().for_each(|row| renumber(row, &mut place));
        for sweep in 0..N_SWEEPS {
            let is_down = sweep % 2 == 0;
            let n_rows = self.rows.len();
            for step in 1..n_rows {
                let idx = if is_down { step } else { n_rows - 1 - step };
                let mean = |&cell: &usize| {
                    let cell_ = &self.cells[cell];
                    let joined = if is_down { &cell_.above } else { &cell_.below };
                    match joined.len() {
                        0 => place[cell],
                        n => joined.iter().map(|&other| place[other]).sum::<f64>() / n as f64,
                    }
                };
                let mut keyed: Vec<(f64, usize)> = self.rows[idx]
                    .iter()
                    .map(|cell| (mean(cell), *cell))
                    .collect();
                keyed.sort_by(|a, b| a.0.total_cmp(&b.0));
                self.rows[idx] = keyed.into_iter().map(|(_, cell)| cell).collect();
                renumber(&self.rows[idx], &mut place);
            }
        }
        self.spread_ports(&place);
    }

    /// Arrows at one side of a node leave and meet it side by side, in the order in which they go.
    fn spread_ports(&mut self, place: &[f64]) {
        let mut leaving = vec![Vec::new(); self.cells.len()];
        let mut meeting = vec![Vec::new(); self.cells.len()];
        for (idx, path) in self.paths.iter().enumerate() {
            leaving[path[0]].push((place[path[1]], idx));
            meeting[path[path.len() - 1]].push((place[path[path.len() - 2]], idx));
        }
        for edges in leaving.iter_mut().chain(&mut meeting) {
            edges.sort_by(|a, b| a.0.total_cmp(&b.0));
        }
        for edges in &leaving {
            for (rank, &(_, idx)) in edges.iter().enumerate() {
                self.ports[idx].0 = port(rank, edges.len());
            }
        }
        for edges in &meeting {
            for (rank, &(_, idx)) in edges.iter().enumerate() {
                self.ports[idx].1 = port(rank, edges.len());
            }
        }
    }
}

fn port(rank: usize, n: usize) -> f64 {
    let spread = 0.6 * (1.0 - 1.0 / n as f64);
    match n {
        1 => 0.0,
        _ => (rank as f64 / (n - 1) as f64 - 0.5) * spread,
    }
}
