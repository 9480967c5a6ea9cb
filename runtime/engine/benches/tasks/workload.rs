//! The workloads: their names, and their results by plain loops.

/// A graph of tiny tasks, in any size.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Workload {
    MapAndSum,
    Tree,
    Chain,
    Stencil,
}

/// The tasks of a row of the stencil.
pub(crate) const WIDTH: usize = 200;

/// Sums are taken modulo 2^40, so that numbers stay small in every language.
pub(crate) const MASK: i64 = (1 << 40) - 1;

impl Workload {
    pub(crate) const ALL: [Workload; 4] = [
        Workload::MapAndSum,
        Workload::Tree,
        Workload::Chain,
        Workload::Stencil,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Workload::MapAndSum => "L1",
            Workload::Tree => "L2",
            Workload::Chain => "L3",
            Workload::Stencil => "L4",
        }
    }

    pub(crate) fn description(self) -> &'static str {
        match self {
            Workload::MapAndSum => "a map and one sum: n tasks, and one that takes them all",
            Workload::Tree => "a binary tree: n/2 tasks, and n/2 that add two each",
            Workload::Chain => "a chain: n tasks, each of which takes the one before",
            Workload::Stencil => {
                "a three-point stencil: rows of 200 tasks, each of which takes three of the row before"
            }
        }
    }

    /// The microseconds that a task is asked to take, built and run.
    pub(crate) fn asked_micros(self) -> Option<f64> {
        match self {
            Workload::MapAndSum | Workload::Tree => Some(1.0),
            Workload::Chain => Some(0.3),
            Workload::Stencil => None,
        }
    }

    /// What the graph of `n` tasks computes to.
    pub(crate) fn expected(self, n: usize) -> i64 {
        let sum = |n: usize| (1..=n as i64).sum::<i64>() & MASK;
        match self {
            Workload::MapAndSum => sum(n),
            Workload::Tree => sum(n / 2),
            Workload::Chain => n as i64,
            Workload::Stencil => {
                let mut row: Vec<i64> = (1..=WIDTH as i64).collect();
                for _ in 1..n / WIDTH {
                    let cell = |x: usize| neighbours(x).iter().map(|x| row[*x]).sum::<i64>() & MASK;
                    row = (0..WIDTH).map(cell).collect();
                }
                row.iter().sum::<i64>() & MASK
            }
        }
    }
}

/// The places in the row before that place `x` of the stencil is made of.
pub(crate) fn neighbours(x: usize) -> [usize; 3] {
    [x.saturating_sub(1), x, (x + 1).min(WIDTH - 1)]
}
