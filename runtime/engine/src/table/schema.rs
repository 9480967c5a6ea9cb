//! What columns a frame has, without computing it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use dagbok::frame::{DataFrame, Frame, FrameOp, MapPartition, Schema};
use dagbok::{Error, ErrorKind, Result, Value};
use polars::prelude as pl;
use polars::prelude::IntoLazy;

use super::{apply, from_polars, from_polars_error, polars_frame};

/// Names and types of the columns of `frame`.
///
/// # Errors
/// [`ErrorKind::Column`] for a name that there is not, [`ErrorKind::DType`] for types that do not fit.
pub fn schema(frame: &Frame) -> Result<Schema> {
    Ok(meta(frame)?.schema())
}

/// The number of partitions that computing `frame` makes.
///
/// # Errors
/// As [`schema`].
pub fn partitions(frame: &Frame) -> Result<usize> {
    crate::planner::n_partitions(frame)
}

/// An empty table with the columns of `frame`.
pub(crate) fn empty(frame: &Frame) -> Result<pl::DataFrame> {
    Ok(polars_frame(&meta(frame)?).clone())
}

/// The columns of `frame` as polars has them.
pub(crate) fn polars_schema(frame: &Frame) -> Result<pl::SchemaRef> {
    Ok(polars_frame(&meta(frame)?).schema().clone())
}

/// An empty table with the columns of `frame`; those of its inputs are found out first, in a loop.
fn meta(frame: &Frame) -> Result<DataFrame> {
    let mut stack = vec![frame.clone()];
    while let Some(frame) = stack.last().cloned() {
        let node = frame.node();
        if node.meta.get().is_some() {
            stack.pop();
            continue;
        }
        let unknown = node
            .inputs
            .iter()
            .filter(|input| input.node().meta.get().is_none());
        let waiting = stack.len();
        stack.extend(unknown.cloned().collect::<Vec<_>>());
        if stack.len() == waiting {
            let meta = of_known_inputs(&frame)?;
            node.meta.get_or_init(|| meta);
            stack.pop();
        }
    }
    known(frame)
}

fn known(frame: &Frame) -> Result<DataFrame> {
    let meta = frame.node().meta.get().cloned();
    meta.ok_or_else(|| {
        Error::new(
            ErrorKind::Column,
            format!("the columns of `{}` are not known", frame.name()),
        )
    })
}

fn of_known_inputs(frame: &Frame) -> Result<DataFrame> {
    let node = frame.node();
    let inputs = node.inputs.iter().map(known).collect::<Result<Vec<_>>>()?;
    match &node.op {
        FrameOp::Read(source) => Ok(source.meta.clone()),
        FrameOp::Partitions(values) => {
            let first = values.first().cloned().map(Value::loaded).transpose()?;
            first
                .and_then(|value| Some(value.downcast_ref::<DataFrame>()?.slice(0, 0)))
                .ok_or_else(|| Error::new(ErrorKind::Value, "a frame needs at least one partition"))
        }
        FrameOp::Map(map) => on_empty_table(map, inputs[0].clone()),
        op => Ok(from_polars(on_empty_inputs(op, &inputs)?)),
    }
}

/// What the operation makes of empty tables: run, as polars finds some mistakes in types only then.
fn on_empty_inputs(op: &FrameOp, inputs: &[DataFrame]) -> Result<pl::DataFrame> {
    let frame = || {
        let inputs = inputs
            .iter()
            .map(|input| polars_frame(input).clone().lazy());
        apply(op, inputs.collect())
    };
    let schema = frame()?.collect_schema().map_err(from_polars_error)?;
    match frame()?.collect().map_err(from_polars_error) {
        Err(error) if error.kind() == ErrorKind::DType => Err(error),
        _ => Ok(pl::DataFrame::empty_with_schema(&schema)),
    }
}

fn on_empty_table(map: &MapPartition, empty: DataFrame) -> Result<DataFrame> {
    let map = Arc::clone(map);
    catch_unwind(AssertUnwindSafe(|| map(empty)))
        .map_err(|_| Error::new(ErrorKind::Task, "it panicked"))
        .flatten()
        .map(|table| table.slice(0, 0))
        .map_err(|error| {
            error.context("cannot tell the columns that `map_partitions` makes of an empty table")
        })
}
