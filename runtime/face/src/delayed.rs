//! Delayed calls of ordinary functions.

use std::fmt;
use std::sync::Arc;

use crate::engine::Collection;
use crate::{Name, Result, Site, Value};

/// A call that has not happened yet: what to run once `inputs` are computed.
pub struct DelayedNode {
    pub name: Name,
    /// The collections whose whole values are the call's arguments, in order.
    pub inputs: Vec<Collection>,
    /// Runs the call.
    pub run: Arc<dyn Fn(&[Value]) -> Result<Value> + Send + Sync>,
    pub site: Site,
}

impl fmt::Debug for DelayedNode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Delayed({})", self.name)
    }
}
