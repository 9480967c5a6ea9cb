//! What nodes are coloured by, where it is a figure: order, age, memory or time.

use std::collections::HashMap;

use dagbok::Name;
use dagbok::profile::Record;
use dagbok::visualize::{Color, Options};

use super::Legend;
use super::live::TaskState;
use crate::graph::{Graph, TaskId};
use crate::planner::Plan;
use crate::render::format::{bytes, count, duration};

/// How many shades there are.
pub(super) const SHADES: usize = 6;

/// A figure for each task, and how it is told.
pub(super) struct Measure {
    title: &'static str,
    of_task: Vec<Option<u64>>,
    merge: fn(u64, u64) -> u64,
    text: fn(u64) -> String,
}

/// The figures of what is drawn, and their shades.
pub(super) struct Scale {
    title: &'static str,
    values: Vec<Option<u64>>,
    range: Option<(u64, u64)>,
    text: fn(u64) -> String,
}

/// How a node is filled.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Fill {
    /// One of the colours of operations.
    Operation(usize),
    /// From 0, the lightest, to [`SHADES`] - 1.
    Shade(usize),
    /// The colour of a state.
    State(TaskState),
    /// There is no figure.
    Unknown,
}

impl Measure {
    /// What `options` ask for; none where nodes are coloured by their layer.
    pub(super) fn of(plan: &Plan, options: &Options) -> Option<Self> {
        let graph = &plan.graph;
        let profile = options.profile.as_ref().map(|profile| profile.record());
        let measure = |title, of_task, merge, text| Measure {
            title,
            of_task,
            merge,
            text,
        };
        Some(match options.color {
            Color::Layer => return None,
            Color::Order => {
                let order = (0..graph.len() as u64).map(Some).collect();
                measure("order of the tasks", order, u64::min, |n| {
                    format!("#{}", count(n as usize))
                })
            }
            Color::Age => measure("age of results, in tasks", ages(plan), u64::max, |n| {
                format!("age {}", count(n as usize))
            }),
            Color::Memory => {
                let (title, sizes) = match profile {
                    Some(record) => (
                        "bytes of results",
                        measured(graph, record, |found| found.bytes),
                    ),
                    None => ("expected bytes of results", expected_bytes(graph)),
                };
                measure(title, sizes, u64::saturating_add, |n| bytes(u128::from(n)))
            }
            Color::Time => {
                let times = match profile {
                    Some(record) => measured(graph, record, |found| found.nanos),
                    None => vec![None; graph.len()],
                };
                measure("time in tasks", times, u64::saturating_add, |nanos| {
                    duration(std::time::Duration::from_nanos(nanos))
                })
            }
        })
    }

    /// The figures of nodes, each of which stands for the tasks that `node_of` sends there.
    pub(super) fn scale(&self, n_nodes: usize, node_of: impl Fn(TaskId) -> usize) -> Scale {
        let mut values: Vec<Option<u64>> = vec![None; n_nodes];
        for (idx, value) in self.of_task.iter().enumerate() {
            let node = &mut values[node_of(TaskId::new(idx))];
            *node = match (*node, *value) {
                (Some(known), Some(value)) => Some((self.merge)(known, value)),
                (known, value) => known.or(value),
            };
        }
        let known = || values.iter().flatten().copied();
        Scale {
            title: self.title,
            range: known().min().zip(known().max()),
            text: self.text,
            values,
        }
    }
}

impl Scale {
    pub(super) fn fill(&self, node: usize) -> Fill {
        match (self.values[node], self.range) {
            (Some(value), Some((least, most))) => {
                let share = (value - least) as f64 / (most - least).max(1) as f64;
                Fill::Shade(((share * SHADES as f64) as usize).min(SHADES - 1))
            }
            _ => Fill::Unknown,
        }
    }

    /// What is written on a node.
    pub(super) fn text(&self, node: usize) -> String {
        self.values[node].map_or_else(|| "not known".to_owned(), self.text)
    }

    pub(super) fn legend(&self) -> Legend {
        let sample = |fill| (fill, String::new());
        Legend {
            text: self.meaning(),
            samples: match self.range {
                Some(_) => (0..SHADES)
                    .map(|shade| sample(Fill::Shade(shade)))
                    .collect(),
                None => vec![sample(Fill::Unknown)],
            },
        }
    }

    /// `order of the tasks, from #0 to #13`
    fn meaning(&self) -> String {
        match self.range {
            Some((least, most)) => {
                let (least, most) = ((self.text)(least), (self.text)(most));
                format!("{}, from {least} (faint) to {most} (strong)", self.title)
            }
            None => format!(
                "{}: nothing is known; `.profile(&measured)` takes it from what `profile(|| …)` has measured",
                self.title
            ),
        }
    }
}

/// For each task how many tasks, itself included, run from its start until its result is free.
fn ages(plan: &Plan) -> Vec<Option<u64>> {
    let n = plan.graph.len();
    let mut last_use: Vec<usize> = (0..n).collect();
    for (id, task) in plan.graph.tasks() {
        for input in task.inputs {
            let last = &mut last_use[input.index()];
            *last = (*last).max(id.index());
        }
    }
    for output in plan.outputs.iter().flatten() {
        last_use[output.index()] = n;
    }
    let age = |(idx, last): (usize, usize)| Some((last - idx) as u64);
    last_use.into_iter().enumerate().map(age).collect()
}

fn expected_bytes(graph: &Graph) -> Vec<Option<u64>> {
    let bytes = |bytes: usize| (bytes > 0).then_some(bytes as u64);
    graph.tasks().map(|(_, task)| bytes(task.bytes)).collect()
}

/// What was measured of one task, the last time that it ran.
struct Found {
    nanos: u64,
    bytes: u64,
}

/// A figure for each task of `graph` that has run as `record` knows.
fn measured(graph: &Graph, record: &Record, figure: fn(&Found) -> u64) -> Vec<Option<u64>> {
    let mut found: HashMap<(&Name, &[u32]), Found> = HashMap::with_capacity(record.tasks.len());
    for task in &record.tasks {
        let name = &record.names[task.name as usize];
        let nanos = u64::try_from(task.elapsed.as_nanos()).unwrap_or(u64::MAX);
        let bytes = task.bytes as u64;
        found.insert(
            (name, &record.blocks[task.block.clone()]),
            Found { nanos, bytes },
        );
    }
    let of_task = graph.tasks().map(|(id, task)| {
        let name = &graph.name(id);
        found.get(&(name, &*task.block)).map(figure)
    });
    of_task.collect()
}
