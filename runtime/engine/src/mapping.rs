//! Plans in the open: what code and people see of a graph, as a mapping of keys to tasks.

use std::any::Any;
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::OnceLock;

use dagbok::display::MimeBundle;
use dagbok::engine::TaskGraph;
use dagbok::graph::{Key, Layer, Task};
use dagbok::visualize::Options;
use dagbok::{Error, ErrorKind, Result};

use crate::graph::{Dependents, TaskId};
use crate::planner::Plan;
use crate::{io, render};

/// A plan that can be looked at.
pub(crate) struct Open {
    plan: Plan,
    dependents: OnceLock<Dependents>,
}

impl Open {
    pub(crate) fn new(plan: Plan) -> Self {
        Open {
            plan,
            dependents: OnceLock::new(),
        }
    }

    /// The plan behind `graph`.
    ///
    /// # Errors
    /// [`ErrorKind::Value`] if it is another engine's.
    pub(crate) fn plan_of(graph: &dyn TaskGraph) -> Result<&Plan> {
        let graph: &dyn Any = graph;
        match graph.downcast_ref::<Open>() {
            Some(open) => Ok(&open.plan),
            None => Err(Error::new(
                ErrorKind::Value,
                "the graph is one of another engine, which alone can compute it",
            )),
        }
    }

    fn dependents(&self, task: TaskId) -> Vec<Key> {
        let graph = &self.plan.graph;
        let dependents = self.dependents.get_or_init(|| Dependents::of(graph));
        let mut dependents = dependents.of_task(task).to_vec();
        dependents.dedup();
        dependents
            .iter()
            .map(|task| graph.task_key(*task))
            .collect()
    }
}

impl TaskGraph for Open {
    fn len(&self) -> usize {
        self.plan.graph.len()
    }

    fn keys(&self) -> Vec<Key> {
        self.plan.graph.keys()
    }

    fn task(&self, place: usize) -> Task {
        let graph = &self.plan.graph;
        let id = TaskId::new(place);
        let task = graph.task(id);
        let layer = graph.layer(task.layer);
        Task {
            key: graph.task_key(id),
            layer: layer.name,
            dependencies: task
                .inputs
                .iter()
                .map(|input| graph.task_key(*input))
                .collect(),
            dependents: self.dependents(id),
            site: layer.site,
            bytes: known(task.bytes),
        }
    }

    fn layers(&self) -> Vec<Layer> {
        let graph = &self.plan.graph;
        let n_layers = graph.layers().len();
        let mut n_tasks = vec![0; n_layers];
        let mut bytes = vec![Some(0_usize); n_layers];
        let mut inputs = vec![BTreeSet::new(); n_layers];
        for (_, task) in graph.tasks() {
            let idx = task.layer.index();
            n_tasks[idx] += 1;
            bytes[idx] = bytes[idx]
                .zip(known(task.bytes))
                .map(|(sum, bytes)| sum.saturating_add(bytes));
            let layers = task.inputs.iter().map(|input| graph.layer_of(*input));
            inputs[idx].extend(layers.filter(|layer| *layer != task.layer));
        }
        let layer = |(id, layer): (crate::graph::LayerId, &crate::graph::Layer)| Layer {
            name: layer.name,
            n_tasks: n_tasks[id.index()],
            dependencies: inputs[id.index()]
                .iter()
                .map(|input| graph.layer(*input).name)
                .collect(),
            site: layer.site,
            detail: layer.detail.clone(),
            bytes: bytes[id.index()],
        };
        graph.layers().map(layer).collect()
    }

    fn render(&self, options: &Options) -> MimeBundle {
        render::graph::bundle_with(&self.plan, options)
    }

    fn dot(&self, options: &Options) -> String {
        render::graph::dot(&self.plan, options)
    }

    fn mermaid(&self, options: &Options) -> String {
        render::graph::mermaid(&self.plan, options)
    }

    fn save(&self, options: &Options, path: &Path) -> Result<()> {
        io::save(path, &render::graph::file(&self.plan, options, path)?)
    }
}

/// A size, if it is known.
fn known(bytes: usize) -> Option<usize> {
    (bytes > 0).then_some(bytes)
}
