//! Delayed calls: each becomes a task, after its inputs.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;

use dagbok::array::ArrayOp;
use dagbok::delayed::DelayedNode;
use dagbok::engine::{Collection, CollectionRef};
use dagbok::frame::{Frame, FrameOp};
use dagbok::graph::GraphId;
use dagbok::{Array, Name, Result, Site};

use super::Planner;
use crate::graph::{Layer, LayerId, LayerKind};

/// What is to be done for a call, the next one last.
enum Step<'a> {
    /// To find its inputs, unless it has a task.
    Enter(&'a Arc<DelayedNode>),
    /// To make a task of it: its inputs have theirs.
    Leave(&'a Arc<DelayedNode>),
    /// To find the calls that it is made of.
    Array(&'a Array),
    Frame(&'a Frame),
}

/// Calls on their way to be tasks.
#[derive(Default)]
struct Walk<'a> {
    steps: Vec<Step<'a>>,
    layers: CallLayers<'a>,
    /// The arrays and frames whose calls have been found.
    seen: HashSet<Name>,
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
        walk.enter(outputs.iter().map(Collection::as_ref));
        while let Some(step) = walk.steps.pop() {
            match step {
                Step::Enter(node) if self.places.get(&self.graph, node).is_some() => {}
                Step::Enter(node) => {
                    walk.steps.push(Step::Leave(node));
                    match self.pass.fuses {
                        true => walk.enter(node.unknown_inputs()),
                        false => walk.enter(node.inputs()),
                    }
                }
                Step::Leave(node) => self.call(node, outputs, &mut walk)?,
                Step::Array(array) => walk.enter_array(array),
                Step::Frame(frame) => walk.enter_frame(frame),
            }
        }
        Ok(())
    }

    fn call<'a>(
        &mut self,
        node: &'a Arc<DelayedNode>,
        outputs: &[Collection],
        walk: &mut Walk<'a>,
    ) -> Result<()> {
        match self.pass.fuses {
            true => self.push_inputs(|| node.unknown_inputs(), outputs)?,
            false => self.push_inputs(|| node.inputs(), outputs)?,
        }
        let layer = walk.layers.of(self, node);
        self.futures.extend(node.future().cloned());
        let task = self.graph.add_call(layer, node.clone(), &[]);
        if let Some((graph, key)) = node.key()
            && graph == self.named_by(outputs, graph)
        {
            self.graph.set_key(task, key.clone());
        }
        if let Some(bytes) = node.known_bytes() {
            self.graph.set_bytes(task, bytes);
        }
        self.places.set(node, task);
        Ok(())
    }

    /// The graph by hand whose keys the tasks of the plan have: the first that an output is a task of, or else that of the first keyed
    /// call. What is taken in from others has names alone, as keys may be equal.
    fn named_by(&mut self, outputs: &[Collection], of_call: GraphId) -> GraphId {
        let of_outputs = || outputs.iter().find_map(graph_by_hand);
        *self
            .named_by
            .get_or_insert_with(|| of_outputs().unwrap_or(of_call))
    }

    /// The inputs of the call that is added next. What makes their tasks comes before: then those of arrays and frames are added.
    fn push_inputs<'a, I>(&mut self, inputs: impl Fn() -> I, outputs: &[Collection]) -> Result<()>
    where
        I: Iterator<Item = CollectionRef<'a>>,
    {
        for input in inputs() {
            if !matches!(input, CollectionRef::Delayed(_)) {
                self.count_uses(outputs);
                self.whole(&input.to_owned())?;
            }
        }
        for input in inputs() {
            let task = match input {
                CollectionRef::Delayed(node) => self.called(node),
                CollectionRef::Array(_) | CollectionRef::Frame(_) => {
                    self.whole(&input.to_owned())?
                }
            };
            self.graph.push_input(task);
        }
        Ok(())
    }
}

/// The graph by hand that `collection` is a task of.
fn graph_by_hand(collection: &Collection) -> Option<GraphId> {
    match collection {
        Collection::Delayed(node) => node.key().map(|(graph, _)| graph),
        Collection::Array(_) | Collection::Frame(_) => None,
    }
}

impl<'a> Walk<'a> {
    fn enter(&mut self, collections: impl Iterator<Item = CollectionRef<'a>>) {
        let start = self.steps.len();
        self.steps
            .extend(collections.map(|collection| match collection {
                CollectionRef::Delayed(node) => Step::Enter(node),
                CollectionRef::Array(array) => Step::Array(array),
                CollectionRef::Frame(frame) => Step::Frame(frame),
            }));
        self.steps[start..].reverse();
    }

    /// Whoever meets an array again finds that its calls have become tasks: all of them come before what came before the array.
    fn enter_array(&mut self, array: &'a Array) {
        let node = array.node();
        match &node.op {
            ArrayOp::Delayed(call) => self.steps.push(Step::Enter(call)),
            _ if node.inputs.is_empty() || !self.seen.insert(node.name) => {}
            _ => self.steps.extend(node.inputs.iter().rev().map(Step::Array)),
        }
    }

    /// As for an array.
    fn enter_frame(&mut self, frame: &'a Frame) {
        let node = frame.node();
        match &node.op {
            FrameOp::Delayed(calls) => self.steps.extend(calls.iter().rev().map(Step::Enter)),
            _ if node.inputs.is_empty() || !self.seen.insert(node.name) => {}
            _ => self.steps.extend(node.inputs.iter().rev().map(Step::Frame)),
        }
    }
}

/// A layer for all calls of one function in one line.
#[derive(Default)]
struct CallLayers<'a> {
    /// The last of them that were found by name.
    recent: VecDeque<(&'a DelayedNode, LayerId)>,
    all: HashMap<(*const u8, Site), LayerId>,
}

impl<'a> CallLayers<'a> {
    const RECENT_MAX: usize = 8;

    fn of(&mut self, planner: &mut Planner, node: &'a DelayedNode) -> LayerId {
        let mut recent = self.recent.iter();
        if let Some((_, layer)) = recent.find(|(known, _)| node.has_callee_of(known)) {
            return *layer;
        }
        let (name, site) = (node.name(), node.site());
        let new = || {
            planner.graph.add_call_layer(Layer {
                name,
                kind: LayerKind::Delayed,
                site,
                detail: String::new(),
            })
        };
        let layer = *self
            .all
            .entry((name.operation().as_ptr(), site))
            .or_insert_with(new);
        self.recent.truncate(Self::RECENT_MAX - 1);
        self.recent.push_front((node, layer));
        layer
    }
}
