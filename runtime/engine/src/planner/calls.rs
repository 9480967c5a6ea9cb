//! Delayed calls: each becomes a task, after its inputs.

use std::collections::{HashMap, VecDeque};
use std::ptr;
use std::sync::Arc;

use dagbok::delayed::{DelayedNode, Unfused};
use dagbok::engine::Collection;
use dagbok::{Result, Site};

use super::Planner;
use crate::graph::{Layer, LayerId, LayerKind, Run, TaskId};

/// What is to be done for a call, the next one last.
enum Step<'a> {
    /// To find its inputs, unless it has a task.
    Enter(&'a Arc<DelayedNode>),
    /// To make a task of it: its inputs have theirs.
    Leave(&'a Arc<DelayedNode>),
}

/// Calls on their way to be tasks.
#[derive(Default)]
struct Walk<'a> {
    steps: Vec<Step<'a>>,
    layers: CallLayers,
    /// The inputs of the call that becomes a task.
    inputs: Vec<TaskId>,
}

impl Planner {
    /// A task for each call behind `outputs`, named by what it calls and where. What a call takes comes right before it, where nothing
    /// else takes it, as [`fuse`](crate::graph::fuse) wants it.
    ///
    /// Takes time linear in calls and their arguments; recursion-free.
    ///
    /// # Errors
    /// What planning a collection that one of them takes returns.
    pub(super) fn calls(&mut self, outputs: &[Collection]) -> Result<()> {
        let mut walk = Walk::default();
        walk.enter(outputs.iter());
        while let Some(step) = walk.steps.pop() {
            match step {
                Step::Enter(node) if self.places.get(node).is_some() => {}
                Step::Enter(node) => {
                    walk.steps.push(Step::Leave(node));
                    match self.fuses {
                        true => walk.enter(node.unknown_inputs()),
                        false => walk.enter(node.inputs()),
                    }
                }
                Step::Leave(node) => self.call(node, outputs, &mut walk)?,
            }
        }
        Ok(())
    }

    fn call(
        &mut self,
        node: &Arc<DelayedNode>,
        outputs: &[Collection],
        walk: &mut Walk<'_>,
    ) -> Result<()> {
        walk.inputs.clear();
        match self.fuses {
            true => self.inputs_of_call(node.unknown_inputs(), outputs, &mut walk.inputs)?,
            false => self.inputs_of_call(node.inputs(), outputs, &mut walk.inputs)?,
        }
        let layer = walk.layers.of(self, node);
        self.futures.extend(node.future().cloned());
        let token = node.name.token();
        let run: Run = match self.fuses {
            true => node.clone(),
            false => Arc::new(Unfused(node.clone())),
        };
        let task = self.graph.add_call(layer, token, &walk.inputs, run);
        if let Some(key) = node.key() {
            self.graph.set_key(task, key.clone());
        }
        if let Some(bytes) = node.known_bytes() {
            self.graph.set_bytes(task, bytes);
        }
        self.places.set(node, task);
        Ok(())
    }

    fn inputs_of_call<'a>(
        &mut self,
        inputs: impl Iterator<Item = &'a Collection>,
        outputs: &[Collection],
        tasks: &mut Vec<TaskId>,
    ) -> Result<()> {
        for input in inputs {
            if !matches!(input, Collection::Delayed(_)) {
                self.count_uses(outputs);
            }
            tasks.push(self.whole(input)?);
        }
        Ok(())
    }
}

impl<'a> Walk<'a> {
    fn enter(&mut self, collections: impl Iterator<Item = &'a Collection>) {
        let start = self.steps.len();
        self.steps
            .extend(collections.filter_map(|collection| match collection {
                Collection::Delayed(node) => Some(Step::Enter(node)),
                Collection::Array(_) | Collection::Frame(_) => None,
            }));
        self.steps[start..].reverse();
    }
}

/// A layer for all calls of one function in one line.
#[derive(Default)]
struct CallLayers {
    /// The last of them that were found by name.
    recent: VecDeque<(&'static str, Site, LayerId)>,
    all: HashMap<(*const u8, Site), LayerId>,
}

impl CallLayers {
    const RECENT_MAX: usize = 8;

    fn of(&mut self, planner: &mut Planner, node: &DelayedNode) -> LayerId {
        let (operation, site) = (node.name.operation(), node.site);
        let mut recent = self.recent.iter();
        if let Some((.., layer)) =
            recent.find(|(known, at, _)| ptr::eq(*known, operation) && *at == site)
        {
            return *layer;
        }
        let new = || {
            planner.graph.add_layer(Layer {
                name: node.name,
                kind: LayerKind::Delayed,
                site,
                detail: String::new(),
            })
        };
        let layer = *self
            .all
            .entry((operation.as_ptr(), site))
            .or_insert_with(new);
        self.recent.truncate(Self::RECENT_MAX - 1);
        self.recent.push_front((operation, site, layer));
        layer
    }
}
