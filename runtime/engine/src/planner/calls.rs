//! Delayed calls: found in an order in which each follows its inputs, then made tasks.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::{BuildHasherDefault, Hasher};
use std::ptr;
use std::sync::Arc;

use dagbok::delayed::DelayedNode;
use dagbok::engine::Collection;
use dagbok::{Name, Result, Site};

use super::Planner;
use crate::graph::{Layer, LayerId, LayerKind, TaskId};

/// By name: a name's token is a hash already.
pub(super) type TokenMap<T> = HashMap<Name, T, BuildHasherDefault<TokenHasher>>;

#[derive(Default)]
pub(super) struct TokenHasher(u64);

impl Hasher for TokenHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, token: u64) {
        self.0 = token;
    }
}

/// The calls that some collections need, each once, and what else they need.
pub(super) struct Calls<'a> {
    ordered: Vec<&'a Arc<DelayedNode>>,
    /// Arrays and frames, as often as they are taken.
    others: Vec<&'a Collection>,
}

enum Step<'a> {
    Enter(&'a Arc<DelayedNode>),
    /// Its inputs have been found.
    Leave(&'a Arc<DelayedNode>),
}

impl<'a> Calls<'a> {
    /// The calls behind `outputs`. Takes time linear in calls and their arguments; recursion-free.
    pub(super) fn of(outputs: &'a [Collection]) -> Self {
        let mut calls = Calls {
            ordered: Vec::new(),
            others: Vec::new(),
        };
        let mut seen: TokenMap<()> = TokenMap::default();
        let mut steps = Vec::new();
        calls.enter(outputs.iter(), &mut steps);
        while let Some(step) = steps.pop() {
            let node = match step {
                Step::Leave(node) => {
                    calls.ordered.push(node);
                    continue;
                }
                Step::Enter(node) => node,
            };
            let Entry::Vacant(unseen) = seen.entry(node.name) else {
                continue;
            };
            unseen.insert(());
            steps.push(Step::Leave(node));
            calls.enter(node.inputs(), &mut steps);
        }
        calls
    }

    fn enter(
        &mut self,
        collections: impl Iterator<Item = &'a Collection>,
        steps: &mut Vec<Step<'a>>,
    ) {
        let start = steps.len();
        for collection in collections {
            match collection {
                Collection::Delayed(node) => steps.push(Step::Enter(node)),
                Collection::Array(_) | Collection::Frame(_) => self.others.push(collection),
            }
        }
        steps[start..].reverse();
    }

    /// The arrays and frames that the calls take, or that are outputs.
    pub(super) fn collections(&self) -> impl Iterator<Item = &'a Collection> {
        self.others.iter().copied()
    }
}

impl Planner {
    /// A task for each of `calls`, which are named by what they call and where.
    ///
    /// # Errors
    /// What planning a collection that one of them takes returns.
    pub(super) fn calls(&mut self, calls: Calls<'_>) -> Result<()> {
        let mut layers = CallLayers::default();
        let mut inputs: Vec<TaskId> = Vec::new();
        self.called.reserve(calls.ordered.len());
        for node in calls.ordered {
            inputs.clear();
            for input in node.inputs() {
                inputs.push(self.whole(input)?);
            }
            let layer = layers.of(self, node);
            let token = node.name.token();
            let task = self.graph.add_call(layer, token, &inputs, node.clone());
            self.called.insert(node.name, task);
        }
        Ok(())
    }
}

/// A layer for all calls of one function in one line.
#[derive(Default)]
struct CallLayers {
    last: Option<(&'static str, Site, LayerId)>,
    all: HashMap<(*const u8, Site), LayerId>,
}

impl CallLayers {
    fn of(&mut self, planner: &mut Planner, node: &DelayedNode) -> LayerId {
        let operation = node.name.operation();
        if let Some((last, site, layer)) = self.last
            && ptr::eq(last, operation)
            && site == node.site
        {
            return layer;
        }
        let new = || {
            planner.graph.add_layer(Layer {
                name: node.name,
                kind: LayerKind::Delayed,
                site: node.site,
                detail: String::new(),
            })
        };
        let key = (operation.as_ptr(), node.site);
        let layer = *self.all.entry(key).or_insert_with(new);
        self.last = Some((operation, node.site, layer));
        layer
    }
}
