//! Partitioned tables, with polars' expressions as their language.

use std::sync::Arc;

use crate::{Name, Site};

/// A lazy, partitioned table.
#[derive(Clone, Debug)]
pub struct Frame {
    node: Arc<FrameNode>,
}

/// What a [`Frame`] is before it runs: an operation on other frames.
#[derive(Debug)]
pub struct FrameNode {
    pub name: Name,
    pub inputs: Vec<Frame>,
    pub site: Site,
}

impl Frame {
    /// The frame's name in graphs and errors.
    pub fn name(&self) -> &Name {
        &self.node.name
    }

    /// The expression, for the engine.
    pub fn node(&self) -> &Arc<FrameNode> {
        &self.node
    }
}

/// A table in memory.
#[derive(Clone, Debug)]
pub struct DataFrame {}

/// The names and types of a frame's columns, in order.
#[derive(Clone, Debug)]
pub struct Schema {}
