//! The task graph of some collections, drawn.

mod draw;
mod groups;
mod layout;
mod summary;

use std::collections::HashSet;

use dagbok::display::MimeBundle;

use self::groups::Groups;
use self::layout::{Layout, Router};
use super::format::counted;
use super::picture::{PALETTE, Zoom};
use super::text::shorten;
use crate::graph::{Graph, LayerKind};
use crate::planner::Plan;

const TASKS_MAX: usize = 150;
const TASK_EDGES_MAX: usize = 450;
const DRAWN_LAYERS_MAX: usize = 40;
const LISTED_LAYERS_MAX: usize = 20;

/// What is drawn: every task, or where there are too many to tell apart, every layer.
struct Drawing {
    nodes: Vec<Node>,
    edges: Vec<Edge>,
}

struct Node {
    title: String,
    subtitles: Vec<String>,
    tooltip: String,
    role: Role,
    /// Nodes of one operation have one colour.
    colour: usize,
    /// Nodes that stand side by side, where they can.
    row: Option<usize>,
}

/// Where a node stands in the graph; each role has a shape of its own.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    /// Takes nothing: reads or makes data.
    Source,
    Step,
    /// What was asked for.
    Result,
}

struct Edge {
    from: usize,
    to: usize,
    label: String,
}

/// The graph of `plan` as HTML with pan and zoom, as SVG, and as a summary in text.
///
/// Up to 150 tasks are drawn one by one, larger graphs by layers, and graphs of very many layers by groups of these.
/// Graphviz's `dot` places the nodes where it is installed and the graph is not too tangled for it, a layout of our own
/// elsewhere.
pub fn bundle(plan: &Plan) -> MimeBundle {
    let graph = &plan.graph;
    let groups = Groups::of(graph, DRAWN_LAYERS_MAX);
    let listed = Groups::of(graph, LISTED_LAYERS_MAX);
    if graph.tasks().len() == 0 {
        return MimeBundle::plain("task graph: no tasks");
    }
    let n_edges: usize = graph.tasks().map(|(_, task)| task.inputs.len()).sum();
    let each_task = graph.tasks().len() <= TASKS_MAX && n_edges <= TASK_EDGES_MAX;
    let drawing = if each_task {
        tasks(plan)
    } else {
        layers(plan, &groups)
    };
    let layout = Layout::of(&drawing);
    let headline = headline(graph);
    let note = match (each_task, groups.are_merged()) {
        (true, _) => String::new(),
        (false, false) => "One node a layer; figures on the arrows count what is passed on.".into(),
        (false, true) => {
            "One node for several layers of a kind; figures on the arrows count what is passed on."
                .into()
        }
    };
    let mut picture = draw::picture(&drawing, &layout);
    picture.label = format!("{headline}: {}", listed.outline());
    picture.zoom = Zoom::PanAndZoom;
    let mut plain = summary::plain(&headline, &listed);
    if layout.router == Router::RowsWithoutGraphviz {
        plain
            .push_str("\n(drawn without Graphviz: with its `dot` installed, pictures are clearer)");
    }
    MimeBundle::plain(plain)
        .with("image/svg+xml", picture.svg())
        .with(
            "text/html",
            format!(
                "{}{}",
                picture.html(),
                summary::html(&headline, &note, &listed)
            ),
        )
}

fn headline(graph: &Graph) -> String {
    format!(
        "Task graph of {} in {}",
        counted(graph.tasks().len(), "task"),
        counted(graph.layers().len(), "layer")
    )
}

fn tasks(plan: &Plan) -> Drawing {
    let graph = &plan.graph;
    let results: HashSet<usize> = plan.outputs.iter().flatten().map(|id| id.index()).collect();
    let mut colours = Colours::default();
    let rows = rows(graph);
    let mut edges = Vec::new();
    let nodes = graph
        .tasks()
        .map(|(id, task)| {
            let inputs: HashSet<_> = task.inputs.iter().map(|input| input.index()).collect();
            let mut inputs: Vec<_> = inputs.into_iter().collect();
            inputs.sort_unstable();
            edges.extend(inputs.iter().map(|&from| Edge {
                from,
                to: id.index(),
                label: String::new(),
            }));
            let layer = graph.layer(task.layer);
            Node {
                title: shorten(layer.name.operation(), 22),
                subtitles: block_title(layer.kind, &task.block).into_iter().collect(),
                tooltip: tooltip(&graph.key(id), &layer.detail, &layer.site.to_string()),
                role: role(inputs.is_empty(), results.contains(&id.index())),
                colour: colours.of(layer.name.operation()),
                row: rows[task.layer.index()],
            }
        })
        .collect();
    Drawing { nodes, edges }
}

fn layers(plan: &Plan, groups: &Groups) -> Drawing {
    let results: HashSet<usize> = plan
        .outputs
        .iter()
        .flatten()
        .map(|&id| groups.group_of(plan.graph.task(id).layer))
        .collect();
    let fed: HashSet<usize> = groups.edges.iter().map(|edge| edge.to).collect();
    let mut colours = Colours::default();
    let nodes = groups
        .members
        .iter()
        .enumerate()
        .map(|(idx, group)| Node {
            title: shorten(&group.title, 28),
            subtitles: [group.size(), shorten(&group.detail, 34)]
                .into_iter()
                .filter(|line| !line.is_empty())
                .collect(),
            tooltip: tooltip(&group.name, &group.detail, &group.site),
            role: role(!fed.contains(&idx), results.contains(&idx)),
            colour: colours.of(&group.operation),
            row: None,
        })
        .collect();
    let edges = groups
        .edges
        .iter()
        .map(|edge| Edge {
            from: edge.from,
            to: edge.to,
            label: super::format::count(edge.n_tasks),
        })
        .collect();
    Drawing { nodes, edges }
}

/// The colours of operations, in the order in which they are met.
#[derive(Default)]
struct Colours<'a>(Vec<&'a str>);

impl<'a> Colours<'a> {
    fn of(&mut self, operation: &'a str) -> usize {
        let known = self.0.iter().position(|&known| known == operation);
        let idx = known.unwrap_or_else(|| {
            self.0.push(operation);
            self.0.len() - 1
        });
        idx % PALETTE.len()
    }
}

/// For each layer the row of its tasks: its own number, unless some of its tasks take others of them.
fn rows(graph: &Graph) -> Vec<Option<usize>> {
    let mut rows: Vec<_> = (0..graph.layers().len()).map(Some).collect();
    for (_, task) in graph.tasks() {
        if task
            .inputs
            .iter()
            .any(|&input| graph.task(input).layer == task.layer)
        {
            rows[task.layer.index()] = None;
        }
    }
    rows
}

fn block_title(kind: LayerKind, block: &[u32]) -> Option<String> {
    let indices: Vec<usize> = block.iter().map(|&idx| idx as usize).collect();
    match (kind, &*indices) {
        (_, []) => None,
        (_, [idx]) => Some(idx.to_string()),
        (_, indices) => Some(super::format::shape(indices)),
    }
}

fn role(is_source: bool, is_result: bool) -> Role {
    match (is_result, is_source) {
        (true, _) => Role::Result,
        (false, true) => Role::Source,
        (false, false) => Role::Step,
    }
}

fn tooltip(name: &str, detail: &str, site: &str) -> String {
    [name, detail, site]
        .into_iter()
        .filter(|line| !line.is_empty())
        .collect::<Vec<_>>()
        .join("\n")
}
