//! Trees of tasks: many values become one, at most [`FAN_IN`] at a time.

use std::sync::Arc;

use dagbok::engine::Work;
use dagbok::{Array, Name, Result, Value};

use crate::graph::{Layer, LayerId, LayerKind, NewTask, TaskId};
use crate::planner::Planner;

/// How many partial results a task takes.
pub(super) const FAN_IN: usize = 8;

/// A tree over partial results, and the layers of its levels.
pub(super) struct Tree {
    array: Array,
    /// What one level does, but for the last one.
    combine: Arc<dyn Work>,
    levels: Vec<LayerId>,
}

impl Tree {
    /// A tree whose levels run `combine`.
    pub(super) fn new(
        array: &Array,
        combine: impl Fn(&[Value]) -> Result<Value> + Send + Sync + 'static,
    ) -> Tree {
        Tree {
            array: array.clone(),
            combine: Arc::new(combine),
            levels: Vec::new(),
        }
    }

    /// Brings the partial results of the chunk `block` down to at most [`FAN_IN`]; each takes about `bytes`.
    pub(super) fn shrink(
        &mut self,
        planner: &mut Planner,
        block: &[u32],
        mut partials: Vec<TaskId>,
        bytes: usize,
    ) -> Vec<TaskId> {
        let mut level = 0;
        while partials.len() > FAN_IN {
            let layer = self.level(planner, level);
            let groups = partials.chunks(FAN_IN).enumerate();
            let groups = groups.map(|(group, inputs)| {
                planner.graph.add_task(NewTask {
                    layer,
                    block: block.iter().copied().chain([group as u32]).collect(),
                    inputs: inputs.into(),
                    run: self.combine.clone(),
                    bytes,
                })
            });
            partials = groups.collect();
            level += 1;
        }
        partials
    }

    fn level(&mut self, planner: &mut Planner, level: usize) -> LayerId {
        if self.levels.len() == level {
            let detail = format!("level {} of a tree", level + 1);
            let part = format!("combine{}", level + 1);
            let layer = part_layer(&self.array, &part, detail);
            self.levels.push(planner.graph.add_layer(layer));
        }
        self.levels[level]
    }
}

/// The layer of a part of the work on `array`.
pub(super) fn part_layer(array: &Array, part: &str, detail: String) -> Layer {
    let node = array.node();
    let operation = format!("{}-{part}", node.name.operation());
    Layer {
        name: Name::of(&operation, node.name),
        kind: LayerKind::Array,
        site: node.site,
        detail,
    }
}
