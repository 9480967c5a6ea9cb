//! A graph seen from further away: its layers, and where there are very many, groups of layers.

use std::collections::{BTreeMap, HashMap};

use crate::graph::{Graph, LayerId};
use crate::render::format::{count, counted};

/// The layers of a graph, merged until there are few enough to look at.
pub(super) struct Groups {
    pub(super) members: Vec<Group>,
    pub(super) edges: Vec<GroupEdge>,
    group_of: Vec<usize>,
}

pub(super) struct Group {
    /// The operation, or the first and last of several; with a few characters of its token where it occurs twice.
    pub(super) title: String,
    pub(super) operation: String,
    /// The layer's name, or that of the last of several.
    pub(super) name: String,
    pub(super) detail: String,
    pub(super) site: String,
    pub(super) kind: &'static str,
    pub(super) n_layers: usize,
    pub(super) n_tasks: usize,
}

/// How many results of one group another one takes.
pub(super) struct GroupEdge {
    pub(super) from: usize,
    pub(super) to: usize,
    pub(super) n_tasks: usize,
}

impl Groups {
    /// The layers of `graph`, in at most `n_max` groups.
    pub(super) fn of(graph: &Graph, n_max: usize) -> Self {
        let mut group_of: Vec<usize> = (0..graph.layers().len()).collect();
        let mut n_groups = group_of.len();
        for merge in [merge_twins, merge_chains] {
            if n_groups > n_max {
                let merged = merge(graph, &group_of);
                n_groups = renumber(&mut group_of, &merged);
            }
        }
        if n_groups > n_max {
            let merged = merge_oldest(&group_of, n_groups - (n_max - 1));
            n_groups = renumber(&mut group_of, &merged);
        }
        let mut layers_of = vec![Vec::new(); n_groups];
        for (id, _) in graph.layers() {
            layers_of[group_of[id.index()]].push(id);
        }
        let mut n_tasks = vec![0; n_groups];
        for (_, task) in graph.tasks() {
            n_tasks[group_of[task.layer.index()]] += 1;
        }
        let members = layers_of
            .iter()
            .zip(n_tasks)
            .map(|(layers, n_tasks)| Group::of(graph, layers, n_tasks))
            .collect();
        let edges = edges(graph, &group_of)
            .into_iter()
            .map(|((from, to), n_tasks)| GroupEdge { from, to, n_tasks })
            .collect();
        let mut groups = Groups {
            members,
            edges,
            group_of,
        };
        groups.tell_apart();
        groups
    }

    pub(super) fn group_of(&self, layer: LayerId) -> usize {
        self.group_of[layer.index()]
    }

    pub(super) fn are_merged(&self) -> bool {
        self.members.iter().any(|group| group.n_layers > 1)
    }

    /// The groups whose results `group` takes.
    pub(super) fn inputs(&self, group: usize) -> impl Iterator<Item = &Group> {
        self.edges
            .iter()
            .filter(move |edge| edge.to == group)
            .map(|edge| &self.members[edge.from])
    }

    /// One line that names the groups.
    pub(super) fn outline(&self) -> String {
        let mut outline: Vec<String> = self
            .members
            .iter()
            .take(12)
            .map(|group| format!("{} ({})", group.title, counted(group.n_tasks, "task")))
            .collect();
        if self.members.len() > 12 {
            outline.push(format!("{} more", self.members.len() - 12));
        }
        outline.join(", ")
    }

    /// Titles that occur twice get the first characters of their token.
    fn tell_apart(&mut self) {
        let mut n_uses: HashMap<String, usize> = HashMap::new();
        for group in &self.members {
            *n_uses.entry(group.title.clone()).or_default() += 1;
        }
        for group in &mut self.members {
            if n_uses[&group.title] > 1
                && let Some((_, token)) = group.name.rsplit_once('-')
            {
                group.title = format!("{}-{}", group.title, token.get(..4).unwrap_or(token));
            }
        }
    }
}

impl Group {
    fn of(graph: &Graph, layers: &[LayerId], n_tasks: usize) -> Self {
        let first = graph.layer(layers[0]);
        let last = graph.layer(layers[layers.len() - 1]);
        let same = layers
            .iter()
            .all(|&id| graph.layer(id).name.operation() == last.name.operation());
        Group {
            title: if same {
                last.name.operation().to_owned()
            } else {
                format!("{} … {}", first.name.operation(), last.name.operation())
            },
            operation: last.name.operation().to_owned(),
            name: last.name.to_string(),
            detail: last.detail.clone(),
            site: last.site.to_string(),
            kind: match last.kind {
                crate::graph::LayerKind::Array => "array",
                crate::graph::LayerKind::Frame => "frame",
                crate::graph::LayerKind::Delayed => "delayed",
            },
            n_layers: layers.len(),
            n_tasks,
        }
    }

    /// `16 tasks`, or `200 layers, 3,200 tasks`.
    pub(super) fn size(&self) -> String {
        match self.n_layers {
            1 => counted(self.n_tasks, "task"),
            n_layers => format!(
                "{} layers, {}",
                count(n_layers),
                counted(self.n_tasks, "task")
            ),
        }
    }
}

/// How many task inputs go from one group to another.
fn edges(graph: &Graph, group_of: &[usize]) -> BTreeMap<(usize, usize), usize> {
    let mut edges = BTreeMap::new();
    for (_, task) in graph.tasks() {
        let to = group_of[task.layer.index()];
        for &input in task.inputs {
            let from = group_of[graph.layer_of(input).index()];
            if from != to {
                *edges.entry((from, to)).or_default() += 1;
            }
        }
    }
    edges
}

/// Groups of the same operation at the same distance from the sources become one.
fn merge_twins(graph: &Graph, group_of: &[usize]) -> Vec<usize> {
    let mut depth = vec![0; graph.layers().len()];
    for (_, task) in graph.tasks() {
        for &input in task.inputs {
            let from = graph.layer_of(input).index();
            let to = task.layer.index();
            if from != to {
                depth[to] = depth[to].max(depth[from] + 1);
            }
        }
    }
    let mut merged: HashMap<(&str, usize), usize> = HashMap::new();
    graph
        .layers()
        .map(|(id, layer)| {
            *merged
                .entry((layer.name.operation(), depth[id.index()]))
                .or_insert(group_of[id.index()])
        })
        .collect()
}

/// A group that has one input, whose only user it is, joins that input.
fn merge_chains(graph: &Graph, group_of: &[usize]) -> Vec<usize> {
    let n_groups = group_of.iter().max().map_or(0, |last| last + 1);
    let mut inputs = vec![Vec::new(); n_groups];
    let mut n_users = vec![0; n_groups];
    for (from, to) in edges(graph, group_of).into_keys() {
        inputs[to].push(from);
        n_users[from] += 1;
    }
    let mut merged: Vec<usize> = (0..n_groups).collect();
    for group in 0..n_groups {
        if let [input] = *inputs[group]
            && n_users[input] == 1
            && !inputs[input].is_empty()
        {
            merged[group] = merged[input];
        }
    }
    group_of.iter().map(|&group| merged[group]).collect()
}

/// The first `n_merged` groups become one.
fn merge_oldest(group_of: &[usize], n_merged: usize) -> Vec<usize> {
    group_of
        .iter()
        .map(|&group| if group < n_merged { 0 } else { group })
        .collect()
}

/// Makes the numbers in `merged` dense, in order of their last layer, and returns how many there are.
fn renumber(group_of: &mut [usize], merged: &[usize]) -> usize {
    let mut last: HashMap<usize, usize> = HashMap::new();
    for (layer, &group) in merged.iter().enumerate() {
        last.insert(group, layer);
    }
    let mut order: Vec<_> = last.into_iter().collect();
    order.sort_by_key(|&(_, layer)| layer);
    let number: HashMap<usize, usize> = order
        .iter()
        .enumerate()
        .map(|(number, &(group, _))| (group, number))
        .collect();
    for (layer, group) in merged.iter().enumerate() {
        group_of[layer] = number[group];
    }
    number.len()
}
