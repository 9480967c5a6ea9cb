//! An engine that runs one task after the other: what the scheduler is compared with.

use std::sync::Arc;

use dagbok::display::MimeBundle;
use dagbok::engine::{Collection, Engine};
use dagbok::frame::{DataFrame, Format, Frame, Schema, Source, Values};
use dagbok::plot::Plot;
use dagbok::{Error, ErrorKind, Result, Value};
use dagbok_engine::planner::plan;
use dagbok_engine::{io, table};

struct Sequential;

/// Makes this process compute with an engine.
pub(crate) fn install() {
    dagbok::engine::install(Arc::new(Sequential));
}

impl Engine for Sequential {
    fn compute(&self, outputs: &[Collection]) -> Result<Vec<Value>> {
        let blocks = self.compute_blocks(outputs)?;
        blocks
            .into_iter()
            .map(|blocks| {
                let frames: Vec<Frame> = blocks
                    .into_iter()
                    .filter_map(Value::into_inner::<DataFrame>)
                    .map(Frame::from)
                    .collect();
                let tables = frames.iter().map(|frame| match &frame.node().op {
                    dagbok::frame::FrameOp::Partitions(values) => {
                        table::polars_frame(values[0].downcast_ref().unwrap()).clone()
                    }
                    op => panic!("{op:?}"),
                });
                let whole = tables.reduce(|whole, part| whole.vstack(&part).unwrap());
                Ok(Value::new(table::from_polars(whole.unwrap())))
            })
            .collect()
    }

    fn compute_blocks(&self, outputs: &[Collection]) -> Result<Vec<Vec<Value>>> {
        let plan = plan(outputs)?;
        let mut values: Vec<Value> = Vec::new();
        for (_, task) in plan.graph.tasks() {
            let inputs: Vec<Value> = task
                .inputs
                .iter()
                .map(|id| values[id.index()].clone())
                .collect();
            values.push((task.run)(&inputs)?);
        }
        let blocks = plan.outputs.iter();
        Ok(blocks
            .map(|ids| ids.iter().map(|id| values[id.index()].clone()).collect())
            .collect())
    }

    fn visualize(&self, outputs: &[Collection]) -> Result<MimeBundle> {
        Ok(MimeBundle::plain(format!("{:?}", plan(outputs)?)))
    }

    fn render(&self, collection: &Collection) -> MimeBundle {
        MimeBundle::plain(format!("{collection:?}"))
    }

    fn schema(&self, frame: &Frame) -> Result<Schema> {
        table::schema(frame)
    }

    fn partitions(&self, frame: &Frame) -> Result<usize> {
        table::partitions(frame)
    }

    fn scan(&self, pattern: &str, format: &Format) -> Result<Source> {
        io::scan(pattern, format)
    }

    fn table(&self, columns: Vec<(String, Values)>) -> Result<DataFrame> {
        table::new(columns)
    }

    fn render_table(&self, table: &DataFrame) -> MimeBundle {
        MimeBundle::plain(table.to_string())
    }

    fn plot(&self, _plot: &Plot) -> Result<MimeBundle> {
        Err(Error::new(ErrorKind::NoEngine, "this engine draws nothing"))
    }
}
