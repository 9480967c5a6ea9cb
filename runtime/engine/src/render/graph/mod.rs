//! The task graph of some collections, drawn.

mod draw;
mod file;
mod groups;
mod layout;
mod live;
mod measure;
mod summary;
mod text_formats;

use std::collections::HashSet;

use dagbok::display::MimeBundle;
use dagbok::visualize::{Level, Options};

pub use self::file::file;
use self::groups::Groups;
use self::layout::{Layout, Router};
pub(crate) use self::live::{LiveView, TaskState};
use self::measure::{Fill, Measure, Scale};
use super::format::counted;
use super::picture::{PALETTE, Picture};
use super::text::{shorten, shorten_middle, with_code};
use crate::graph::{Graph, LayerKind};
use crate::planner::Plan;

const TASKS_MAX: usize = 150;
const TASK_EDGES_MAX: usize = 450;
/// As many are drawn where tasks are asked for.
const ASKED_TASKS_MAX: usize = 500;
const ASKED_EDGES_MAX: usize = 3_000;
const DRAWN_LAYERS_MAX: usize = 40;
const LISTED_LAYERS_MAX: usize = 20;

/// What is drawn: every task, or where there are too many to tell apart, every layer.
#[derive(Clone)]
struct Drawing {
    nodes: Vec<Node>,
    edges: Vec<Edge>,
    /// What the colours of nodes mean, if they are no colours of operations.
    legend: Option<Legend>,
    headline: String,
}

#[derive(Clone)]
struct Node {
    title: String,
    subtitles: Vec<String>,
    tooltip: String,
    role: Role,
    /// Nodes of one operation have one colour, or their shade tells a figure.
    fill: Fill,
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

#[derive(Clone)]
struct Edge {
    from: usize,
    to: usize,
    label: String,
}

/// What colours mean, and samples of them.
#[derive(Clone)]
struct Legend {
    text: String,
    /// Each with what is written beside it, if that is not said by `text`.
    samples: Vec<(Fill, String)>,
}

/// A drawing that has no places yet, and what is said about it.
#[derive(Clone)]
struct Sketch {
    drawing: Drawing,
    note: String,
}

/// The graph of `plan` as HTML with pan and zoom, as SVG, and as a summary in text.
///
/// Up to 150 tasks are drawn one by one, larger graphs by layers, and graphs of very many layers by groups of these.
/// Graphviz's `dot` places the nodes where it is installed and the graph is not too tangled for it, a layout of our own
/// elsewhere.
pub fn bundle(plan: &Plan) -> MimeBundle {
    bundle_with(plan, &Options::default())
}

/// Like [`bundle`], but drawn as `options` say.
pub fn bundle_with(plan: &Plan, options: &Options) -> MimeBundle {
    let graph = &plan.graph;
    if graph.is_empty() {
        return MimeBundle::plain("task graph: no tasks");
    }
    let sketch = Sketch::of(plan, options);
    let layout = sketch.layout(options);
    let listed = Groups::of(graph, LISTED_LAYERS_MAX);
    let picture = sketch.picture(&layout, &listed);
    let headline = &sketch.drawing.headline;
    let mut plain = summary::plain(headline, &listed);
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
                summary::html(headline, &sketch.note, &listed)
            ),
        )
}

/// The graph of `plan` as an SVG file.
pub fn svg(plan: &Plan, options: &Options) -> String {
    let sketch = Sketch::of(plan, options);
    let listed = Groups::of(&plan.graph, LISTED_LAYERS_MAX);
    sketch.picture(&sketch.layout(options), &listed).svg()
}

/// The graph of `plan` in Graphviz's language.
pub fn dot(plan: &Plan, options: &Options) -> String {
    text_formats::dot(&Sketch::of(plan, options).drawing, options.rankdir, None)
}

/// The graph of `plan` in Mermaid's language.
pub fn mermaid(plan: &Plan, options: &Options) -> String {
    text_formats::mermaid(&Sketch::of(plan, options).drawing, options.rankdir)
}

impl Sketch {
    fn of(plan: &Plan, options: &Options) -> Self {
        let graph = &plan.graph;
        let measure = Measure::of(plan, options);
        let mut notes = Vec::new();
        let mut drawing = if draws_tasks(graph, options.level) {
            tasks(plan, measure.as_ref())
        } else {
            let groups = Groups::of(graph, DRAWN_LAYERS_MAX);
            notes.push(match groups.are_merged() {
                false => "One node a layer; figures on the arrows count what is passed on.",
                true => {
                    "One node for several layers of a kind; figures on the arrows count what is passed on."
                }
            });
            if options.level == Level::Tasks {
                notes.push("There are too many tasks to draw them one by one: up to 500 are.");
            }
            layers(plan, &groups, measure.as_ref())
        };
        drawing.headline = headline(graph);
        let legend = drawing
            .legend
            .iter()
            .map(|legend| format!("Colours: {}.", with_code(&legend.text)));
        let note: Vec<String> = notes.into_iter().map(str::to_owned).chain(legend).collect();
        Sketch {
            drawing,
            note: note.join(" "),
        }
    }

    fn layout(&self, options: &Options) -> Layout {
        Layout::of(&self.drawing, options.rankdir)
    }

    fn picture(&self, layout: &Layout, listed: &Groups) -> Picture {
        let mut picture = draw::picture(&self.drawing, layout);
        picture.label = format!("{}: {}", self.drawing.headline, listed.outline());
        if let Some(legend) = &self.drawing.legend {
            picture
                .label
                .push_str(&format!(". Colours: {}", legend.text));
        }
        picture
    }
}

impl Drawing {
    /// What is written below the drawing where it is on its own.
    fn caption(&self) -> String {
        match &self.legend {
            Some(legend) => format!("{}. Colours: {}", self.headline, legend.text),
            None => self.headline.clone(),
        }
    }
}

/// Whether there is a node for each task, or for each layer.
fn draws_tasks(graph: &Graph, level: Level) -> bool {
    let (tasks_max, edges_max) = match level {
        Level::Layers => return false,
        Level::Fitting => (TASKS_MAX, TASK_EDGES_MAX),
        Level::Tasks => (ASKED_TASKS_MAX, ASKED_EDGES_MAX),
    };
    let n_edges = || -> usize { graph.tasks().map(|(_, task)| task.inputs.len()).sum() };
    graph.len() <= tasks_max && n_edges() <= edges_max
}

fn headline(graph: &Graph) -> String {
    format!(
        "Task graph of {} in {}",
        counted(graph.tasks().len(), "task"),
        counted(graph.layers().len(), "layer")
    )
}

fn tasks(plan: &Plan, measure: Option<&Measure>) -> Drawing {
    let graph = &plan.graph;
    let scale = measure.map(|measure| measure.scale(graph.len(), |task| task.index()));
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
            let holds = graph.holds(id);
            let detail = holds.as_ref().unwrap_or(&layer.detail);
            Node {
                title: shorten_middle(layer.name.operation(), 22),
                subtitles: block_title(layer.kind, &task.block)
                    .into_iter()
                    .chain(holds.as_ref().map(|holds| shorten_middle(holds, 34)))
                    .chain(scale.as_ref().map(|scale| scale.text(id.index())))
                    .collect(),
                tooltip: tooltip(&graph.key(id), detail, &layer.site.to_string()),
                role: role(inputs.is_empty(), results.contains(&id.index())),
                fill: fill(scale.as_ref(), id.index(), || {
                    colours.of(layer.name.operation())
                }),
                row: rows[task.layer.index()],
            }
        })
        .collect();
    Drawing {
        nodes,
        edges,
        legend: scale.map(|scale| scale.legend()),
        headline: String::new(),
    }
}

fn layers(plan: &Plan, groups: &Groups, measure: Option<&Measure>) -> Drawing {
    let scale = measure.map(|measure| {
        measure.scale(groups.members.len(), |task| {
            groups.group_of(plan.graph.task(task).layer)
        })
    });
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
            title: shorten_middle(&group.title, 28),
            subtitles: [group.size(), shorten(&group.detail, 34)]
                .into_iter()
                .filter(|line| !line.is_empty())
                .chain(scale.as_ref().map(|scale| scale.text(idx)))
                .collect(),
            tooltip: tooltip(&group.name, &group.detail, &group.site),
            role: role(!fed.contains(&idx), results.contains(&idx)),
            fill: fill(scale.as_ref(), idx, || colours.of(&group.operation)),
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
    Drawing {
        nodes,
        edges,
        legend: scale.map(|scale| scale.legend()),
        headline: String::new(),
    }
}

fn fill(scale: Option<&Scale>, node: usize, operation: impl FnOnce() -> usize) -> Fill {
    match scale {
        Some(scale) => scale.fill(node),
        None => Fill::Operation(operation()),
    }
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
