//! What a frame is before it runs: one operation on other frames.

use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, OnceLock};

use super::function::{JoinType, SortMultipleOptions, UniqueKeepStrategy};
use super::{DataFrame, Expr, Frame, Source};
use crate::delayed::DelayedNode;
use crate::{Name, Result, Site, Value};

/// One operation of a [`Frame`] on other frames.
#[derive(Debug)]
pub struct FrameNode {
    pub name: Name,
    pub op: FrameOp,
    pub inputs: Vec<Frame>,
    pub site: Site,
    /// An empty table with the frame's columns, once they are known.
    pub meta: OnceLock<DataFrame>,
}

/// What runs on a partition, as a closure.
pub type MapPartition = Arc<dyn Fn(DataFrame) -> Result<DataFrame> + Send + Sync>;

/// What a [`FrameNode`] does with its inputs.
#[derive(Clone)]
pub enum FrameOp {
    Read(Box<Source>),
    /// Partitions in memory; each value holds a [`DataFrame`].
    Partitions(Vec<Value>),
    /// Partitions that calls will return, each a [`DataFrame`] with the columns of [`meta`](FrameNode::meta).
    Delayed(Vec<Arc<DelayedNode>>),
    Filter(Expr),
    Select(Vec<Expr>),
    WithColumns(Vec<Expr>),
    Drop(Vec<String>),
    Rename {
        existing: Vec<String>,
        new: Vec<String>,
    },
    DropNulls(Option<Vec<String>>),
    GroupBy {
        keys: Vec<Expr>,
        aggs: Vec<Expr>,
    },
    Join {
        left_on: Vec<Expr>,
        right_on: Vec<Expr>,
        how: JoinType,
    },
    Sort {
        by: Vec<Expr>,
        options: SortMultipleOptions,
    },
    Head(usize),
    Tail(usize),
    Unique {
        subset: Option<Vec<String>>,
        keep: UniqueKeepStrategy,
    },
    Repartition(usize),
    GetPartition(usize),
    Concat,
    Map(MapPartition),
}

impl FrameOp {
    /// What the operation is called in names and graphs.
    pub fn operation(&self) -> &'static str {
        match self {
            FrameOp::Read(_) => "read",
            FrameOp::Partitions(_) => "partitions",
            FrameOp::Delayed(_) => "from_delayed",
            FrameOp::Filter(_) => "filter",
            FrameOp::Select(_) => "select",
            FrameOp::WithColumns(_) => "with-columns",
            FrameOp::Drop(_) => "drop",
            FrameOp::Rename { .. } => "rename",
            FrameOp::DropNulls(_) => "drop-nulls",
            FrameOp::GroupBy { .. } => "group-by",
            FrameOp::Join { .. } => "join",
            FrameOp::Sort { .. } => "sort",
            FrameOp::Head(_) => "head",
            FrameOp::Tail(_) => "tail",
            FrameOp::Unique { .. } => "unique",
            FrameOp::Repartition(_) => "repartition",
            FrameOp::GetPartition(_) => "get-partition",
            FrameOp::Concat => "concat",
            FrameOp::Map(_) => "map-partitions",
        }
    }

    /// All expressions of the operation.
    pub fn exprs(&self) -> Vec<&Expr> {
        match self {
            FrameOp::Filter(predicate) => vec![predicate],
            FrameOp::Select(exprs) | FrameOp::WithColumns(exprs) => exprs.iter().collect(),
            FrameOp::GroupBy { keys, aggs } => keys.iter().chain(aggs).collect(),
            FrameOp::Join {
                left_on, right_on, ..
            } => left_on.iter().chain(right_on).collect(),
            FrameOp::Sort { by, .. } => by.iter().collect(),
            _ => Vec::new(),
        }
    }

    /// The name of the operation on `inputs`: equal for equal work.
    pub(super) fn name_on(&self, inputs: &[Frame]) -> Name {
        let operation = self.operation();
        let mut hasher = DefaultHasher::new();
        for input in inputs {
            input.name().hash(&mut hasher);
        }
        for expr in self.exprs() {
            expr.token().hash(&mut hasher);
        }
        match self {
            FrameOp::Read(_) | FrameOp::Partitions(_) | FrameOp::Delayed(_) | FrameOp::Map(_) => {
                return Name::unique(operation);
            }
            FrameOp::Drop(columns) => columns.hash(&mut hasher),
            FrameOp::Rename { existing, new } => (existing, new).hash(&mut hasher),
            FrameOp::DropNulls(subset) => subset.hash(&mut hasher),
            FrameOp::GroupBy { keys, .. } => keys.len().hash(&mut hasher),
            FrameOp::Join { left_on, how, .. } => (left_on.len(), how).hash(&mut hasher),
            FrameOp::Sort { options, .. } => options.hash(&mut hasher),
            FrameOp::Head(n)
            | FrameOp::Tail(n)
            | FrameOp::Repartition(n)
            | FrameOp::GetPartition(n) => n.hash(&mut hasher),
            FrameOp::Unique { subset, keep } => (subset, keep).hash(&mut hasher),
            FrameOp::Filter(_) | FrameOp::Select(_) | FrameOp::WithColumns(_) | FrameOp::Concat => {
            }
        }
        Name::of(operation, hasher.finish())
    }
}

impl fmt::Debug for FrameOp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.operation())?;
        match self {
            FrameOp::Head(n) | FrameOp::Tail(n) | FrameOp::Repartition(n) => write!(f, "({n})"),
            FrameOp::Join { how, .. } => write!(f, "({})", how.name()),
            FrameOp::Drop(columns) => write!(f, "{columns:?}"),
            FrameOp::Rename { existing, new } => write!(f, "({existing:?}, {new:?})"),
            _ => match self.exprs().as_slice() {
                [] => Ok(()),
                exprs => f.debug_list().entries(exprs).finish(),
            },
        }
    }
}
