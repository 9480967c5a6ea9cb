//! What tasks run: calls, blocks of layers, work of their own.

use std::sync::Arc;

use dagbok::delayed::DelayedNode;
use dagbok::engine::{KnownInput, Work};
use dagbok::{Result, Value};

use super::{Block, Graph, Maker, Part, TaskId};

/// What all tasks of a layer run, each for the block with its number: a layer of a million blocks is kept as this.
pub trait BlockFunction: Send + Sync {
    /// Which block has the number `number`, one number an axis.
    fn block(&self, number: u32) -> Block;

    /// The bytes that the block's value is expected to take, 0 if unknown.
    fn bytes(&self, number: u32) -> usize;

    /// The bytes that are brought from the disk for it, besides those of its inputs.
    fn loaded_bytes(&self, _: u32) -> usize {
        0
    }

    /// The block's value, from those of its inputs in order.
    ///
    /// # Errors
    /// What the computation of the block returns.
    fn run(&self, number: u32, inputs: &[Value]) -> Result<Value>;
}

/// What a task runs, or a part of it.
pub enum Runs<'g> {
    Call(&'g Arc<DelayedNode>),
    /// A call that is given the values of all its inputs.
    CallOfAll(&'g Arc<DelayedNode>),
    Own(&'g Arc<dyn Work>),
    Block(&'g Arc<dyn BlockFunction>, u32),
    /// Nothing: this is its value.
    Known(&'g Value),
}

impl Graph {
    /// What the task `id` runs after its parts.
    pub fn runs(&self, id: TaskId) -> Runs<'_> {
        if !self.known.is_empty()
            && let Some(value) = self.known.get(&id)
        {
            return Runs::Known(value);
        }
        let entry = self.tasks[id.index()];
        match &self.makers[entry.layer.index()] {
            Maker::Calls => self.runs_part(Part(entry.number)),
            Maker::Works => Runs::Own(&self.works[entry.number as usize].run),
            Maker::Blocks(function) => Runs::Block(function, entry.number),
        }
    }

    /// What `part` of a task runs.
    pub fn runs_part(&self, part: Part) -> Runs<'_> {
        match self.takes_known {
            true => Runs::CallOfAll(self.part(part)),
            false => Runs::Call(self.part(part)),
        }
    }
}

impl Runs<'_> {
    /// The value, from those of the inputs in order.
    ///
    /// # Errors
    /// What the work returns.
    #[inline]
    pub fn run(&self, inputs: &[Value]) -> Result<Value> {
        match self {
            Runs::Call(call) => call.run(inputs),
            Runs::CallOfAll(call) => call.run_with_all(inputs),
            Runs::Own(work) => work.run(inputs),
            Runs::Block(function, number) => function.run(*number, inputs),
            Runs::Known(value) => Ok((*value).clone()),
        }
    }

    /// What it takes besides the inputs of its task.
    pub fn known_inputs(&self) -> Vec<KnownInput> {
        match self {
            Runs::Call(call) => call.known_inputs(),
            Runs::Own(work) => work.known_inputs(),
            Runs::CallOfAll(_) | Runs::Block(..) | Runs::Known(_) => Vec::new(),
        }
    }

    /// The plain values among the arguments of a call.
    pub fn plain_arguments(&self) -> Vec<Value> {
        match self {
            Runs::Call(call) | Runs::CallOfAll(call) => call.plain_arguments(),
            Runs::Own(work) => work.plain_arguments(),
            Runs::Block(..) | Runs::Known(_) => Vec::new(),
        }
    }

    /// The same to keep, without the graph.
    pub fn to_work(&self) -> Arc<dyn Work> {
        match self {
            Runs::Call(call) => Arc::clone(call) as Arc<dyn Work>,
            Runs::CallOfAll(call) => {
                let call = Arc::clone(call);
                Arc::new(move |inputs: &[Value]| call.run_with_all(inputs))
            }
            Runs::Own(work) => Arc::clone(work),
            Runs::Block(function, number) => {
                let (function, number) = (Arc::clone(function), *number);
                Arc::new(move |inputs: &[Value]| function.run(number, inputs))
            }
            Runs::Known(value) => {
                let value = (*value).clone();
                Arc::new(move |_: &[Value]| Ok(value.clone()))
            }
        }
    }
}
