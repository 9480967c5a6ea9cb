//! Operations that run on each partition by itself.

use std::sync::Arc;

use dagbok::frame::{Expr, Frame, FrameNode, FrameOp};
use dagbok::{Error, ErrorKind, Name, Result, Value};
use polars::prelude as pl;

use crate::graph::TaskId;
use crate::table::{
    Class, Converter, aggregates, apply_with, classify, columns_text, expand, from_polars_error,
    polars_schema, task_table,
};

/// One operation on a partition, and the table of the aggregates that it uses.
#[derive(Clone)]
pub(super) struct Step {
    op: FrameOp,
    node: Arc<FrameNode>,
    aggregates: Vec<Expr>,
    pub(super) table: Option<TaskId>,
}

/// The operation if it can run on each partition by itself, all columns named where it uses aggregates.
pub(super) fn of(node: &FrameNode) -> Result<Option<FrameOp>> {
    let classes = || node.op.exprs().into_iter().map(classify);
    let is_step = match &node.op {
        FrameOp::Drop(_) | FrameOp::Rename { .. } | FrameOp::DropNulls(_) | FrameOp::Map(_) => true,
        FrameOp::Filter(_) | FrameOp::WithColumns(_) => {
            classes().all(|class| class != Class::Whole)
        }
        FrameOp::Select(_) => {
            classes().all(|class| class != Class::Whole)
                && classes().any(|class| matches!(class, Class::Row | Class::RowAndAggregate))
        }
        _ => false,
    };
    let uses_aggregates =
        || classes().any(|class| matches!(class, Class::Aggregate | Class::RowAndAggregate));
    if !is_step || !uses_aggregates() {
        return Ok(is_step.then(|| node.op.clone()));
    }
    let empty = crate::table::empty(&node.inputs[0])?;
    let expanded = |exprs: &[Expr]| expand(exprs, &empty, &[]);
    Ok(match &node.op {
        FrameOp::Filter(predicate) => {
            let predicate = expanded(std::slice::from_ref(predicate));
            predicate
                .filter(|predicates| predicates.len() == 1)
                .map(|mut predicates| FrameOp::Filter(predicates.remove(0)))
        }
        FrameOp::Select(exprs) => expanded(exprs).map(FrameOp::Select),
        FrameOp::WithColumns(exprs) => expanded(exprs).map(FrameOp::WithColumns),
        _ => None,
    })
}

impl Step {
    /// The operation of `frame`, which [`of`] gave, and the frame of the aggregates that it uses, if any.
    pub(super) fn new(frame: &Frame, op: FrameOp) -> (Step, Option<Frame>) {
        let node = frame.node();
        let exprs: Vec<Expr> = op.exprs().into_iter().cloned().collect();
        let aggregates = aggregates(&exprs);
        let named = aggregates
            .iter()
            .enumerate()
            .map(|(idx, aggregate)| aggregate.clone().alias(format!("aggregate {idx}")))
            .collect();
        let frame = (!aggregates.is_empty()).then(|| {
            Frame::with_site(
                Name::of("aggregates", node.name),
                FrameOp::Select(named),
                node.inputs.clone(),
                node.site,
            )
        });
        let step = Step {
            op,
            node: node.clone(),
            aggregates,
            table: None,
        };
        (step, frame)
    }

    /// What the operation is called.
    pub(super) fn operation(&self) -> &str {
        self.op.operation()
    }

    /// Runs the operation on a partition; `table` is that of the aggregates.
    pub(super) fn run(
        &self,
        partition: pl::LazyFrame,
        table: Option<&Value>,
    ) -> Result<pl::LazyFrame> {
        let mut converter = Converter::default();
        if let Some(table) = table {
            self.put_values(&mut converter, task_table(table))?;
        }
        let mut result = apply_with(&self.op, vec![partition], &converter)?;
        if let FrameOp::Map(_) = self.op {
            self.check_map(&mut result)?;
        }
        Ok(result)
    }

    /// Puts the values of the aggregates in their places, under the names that they would have.
    fn put_values(&self, converter: &mut Converter, table: &pl::DataFrame) -> Result<()> {
        let empty = crate::table::empty(&self.node.inputs[0])?;
        for (aggregate, column) in self.aggregates.iter().zip(table.columns()) {
            let name = pl::IntoLazy::lazy(empty.clone())
                .select([Converter::default().convert(aggregate)?])
                .collect_schema()
                .map_err(from_polars_error)?;
            let value = column.get(0).map_err(from_polars_error)?.into_static();
            let value = pl::lit(pl::Scalar::new(column.dtype().clone(), value));
            let name = name.iter_names().next().cloned().unwrap_or_default();
            converter.replace(aggregate, value.alias(name));
        }
        Ok(())
    }

    fn check_map(&self, result: &mut pl::LazyFrame) -> Result<()> {
        let declared = polars_schema(&Frame::of_node(&self.node))?;
        let made = result.collect_schema().map_err(from_polars_error)?;
        if made == declared {
            return Ok(());
        }
        Err(Error::new(
            ErrorKind::Column,
            format!(
                "`map_partitions` made columns ({}) of a partition and ({}) of an empty table",
                columns_text(&made),
                columns_text(&declared)
            ),
        ))
    }
}
