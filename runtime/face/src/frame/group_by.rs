//! Groups of rows.

use super::{Expr, Frame, FrameOp, IntoExprs};
use crate::raise::raise;
use crate::sealed::Sealed;
use crate::{Error, ErrorKind};

/// Groups of a frame's rows, waiting for [`agg`](GroupBy::agg).
#[derive(Clone, Debug)]
pub struct GroupBy {
    frame: Frame,
    keys: Sealed<Vec<Expr>>,
}

impl GroupBy {
    #[track_caller]
    pub(super) fn new(frame: Frame, keys: Vec<Expr>) -> Self {
        if keys.is_empty() {
            raise(Error::new(
                ErrorKind::Value,
                "`group_by` needs at least one key, not 0: without groups take `select`",
            ));
        }
        let keys = keys.into();
        GroupBy { frame, keys }
    }

    /// One row a group: its keys, then what `aggs` make of its rows. Groups come in the order of their first rows.
    ///
    /// # Partitions
    /// `sum mean min max count len first last std var null_count any all` and what is computed from them are aggregated
    /// by partition and combined in a tree, 8 at a time; so the whole frame need never be in memory. Of other
    /// aggregations, all values of the columns that they need are brought together.
    ///
    /// ```
    /// use dagbok::prelude::*;
    /// # dagbok_engine::install();
    ///
    /// let frame = df!("k" => ["a", "b", "a"], "x" => [1, 2, 4])?.lazy();
    /// let spread = (col("x").max() - col("x").min()).alias("spread");
    /// let df = frame.group_by("k").agg([col("x").sum(), spread]).compute()?;
    /// assert_eq!(df, df!("k" => ["a", "b"], "x" => [5, 2], "spread" => [3, 0])?);
    /// # Ok::<(), dagbok::Error>(())
    /// ```
    #[track_caller]
    pub fn agg(self, aggs: impl IntoExprs) -> Frame {
        self.aggregate(aggs.into_exprs())
    }

    #[track_caller]
    fn aggregate(self, aggs: Vec<Expr>) -> Frame {
        let op = FrameOp::GroupBy {
            keys: self.keys.to_vec(),
            aggs,
        };
        Frame::on(op, vec![self.frame])
    }
}
