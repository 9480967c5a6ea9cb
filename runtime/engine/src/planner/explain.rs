//! What a computation will do: its graph before and after it is optimised, and the memory that its results are expected to take.

use std::collections::HashSet;
use std::num::NonZero;

use dagbok::array::ArrayOp;
use dagbok::engine::Collection;
use dagbok::explain::{Figures, Peak, Size};
use dagbok::frame::FrameOp;
use dagbok::{Name, Result};

use super::{Each, Pass, Plan, plan_all, plan_whole};
use crate::graph::{self, Graph, TaskId};

/// What computing `outputs` on `n_threads` will do. Nothing is said of a memory limit and of what is held.
///
/// # Errors
/// As for [`plan`](super::plan).
pub fn explain(outputs: &[Collection], n_threads: NonZero<usize>) -> Result<Figures> {
    let Plan {
        graph: written,
        outputs: mut written_outputs,
        ..
    } = plan_all(Pass::WRITTEN, outputs, Each::Whole)?;
    let (n_tasks_before, n_layers_before) = (written.len(), written.layers().len());
    let n_needed = graph::arrange(written, &mut written_outputs).len();
    let plan = plan_whole(outputs)?;
    let results = plan.outputs.concat();
    let peak = |n_threads| named(&plan.graph, graph::peak(&plan.graph, &results, n_threads));
    Ok(Figures {
        outputs: outputs
            .iter()
            .map(|output| output.name().to_string())
            .collect(),
        n_tasks_before,
        n_layers_before,
        n_culled: n_tasks_before - n_needed,
        n_fused: n_needed.saturating_sub(plan.graph.len()),
        n_tasks: plan.graph.len(),
        n_layers: plan.graph.layers().len(),
        bytes_read: bytes_read(outputs),
        kept: kept(&plan.graph, &results),
        peak: peak(NonZero::<usize>::MIN),
        peak_in_parallel: peak(n_threads),
        n_threads: n_threads.get(),
        memory_limit: None,
        held: 0,
    })
}

fn named(graph: &Graph, peak: graph::Peak) -> Peak {
    Peak {
        bytes: peak.bytes,
        n_results: peak.n_results,
        n_unknown: peak.n_unknown,
        key: peak.task.map(|task| graph.task_key(task)),
    }
}

fn kept(graph: &Graph, results: &[TaskId]) -> Size {
    let results: HashSet<TaskId> = results.iter().copied().collect();
    let sizes = results.iter().map(|task| graph.bytes(*task));
    sizes.fold(Size::default(), |size, bytes| Size {
        bytes: size.bytes.saturating_add(bytes),
        n_unknown: size.n_unknown + usize::from(bytes == 0),
    })
}

/// The bytes that all files behind `outputs` take once they are read.
fn bytes_read(outputs: &[Collection]) -> usize {
    let mut seen: HashSet<Name> = HashSet::new();
    let mut open = outputs.to_vec();
    let mut bytes: usize = 0;
    while let Some(collection) = open.pop() {
        if seen.insert(collection.name()) {
            bytes = bytes.saturating_add(bytes_of_files(&collection));
            open.extend(collection.inputs());
        }
    }
    bytes
}

fn bytes_of_files(collection: &Collection) -> usize {
    match collection {
        Collection::Array(array) => match array.node().op {
            ArrayOp::Npy(_) => array.nbytes(),
            _ => 0,
        },
        Collection::Frame(frame) => match &frame.node().op {
            FrameOp::Read(source) => source.partitions.iter().map(|piece| piece.bytes).sum(),
            _ => 0,
        },
        Collection::Delayed(_) => 0,
    }
}
