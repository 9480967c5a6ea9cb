//! A naive evaluator: one task after the other.

use dagbok::engine::Collection;
use dagbok::{Array, NdArray, Result, Value};
use dagbok_engine::planner::{Plan, plan_unfused, plan_whole};

/// The values of the outputs of `plan`.
fn run(plan: &Plan) -> Result<Vec<Vec<Value>>> {
    let mut values: Vec<Value> = Vec::new();
    for (id, task) in plan.graph.tasks() {
        let inputs = task
            .inputs
            .iter()
            .map(|input| values[input.index()].clone());
        let inputs: Vec<Value> = inputs.collect();
        values.push(plan.graph.runs(id).run(&inputs)?);
    }
    let outputs = plan.outputs.iter().map(|tasks| {
        let values = tasks.iter().map(|task| values[task.index()].clone());
        values.collect()
    });
    Ok(outputs.collect())
}

pub(super) fn compute(array: &Array) -> Result<NdArray> {
    let plan = plan_whole(&[Collection::Array(array.clone())])?;
    Ok(run(&plan)?.remove(0).remove(0).into_inner().unwrap())
}

/// Without fusion, and put together here; each chunk must be as declared.
pub(super) fn compute_unfused(array: &Array) -> Result<NdArray> {
    let plan = plan_unfused(&[Collection::Array(array.clone())])?;
    let chunks: Vec<NdArray> = run(&plan)?
        .remove(0)
        .into_iter()
        .map(|value| value.into_inner().unwrap())
        .collect();
    let whole = Array::from(joined(array, &chunks));
    let plan = plan_whole(&[Collection::Array(whole)])?;
    Ok(run(&plan)?.remove(0).remove(0).into_inner().unwrap())
}

fn joined(array: &Array, chunks: &[NdArray]) -> NdArray {
    let mut values = vec![0.0; array.size()];
    let numblocks = array.numblocks();
    assert_eq!(chunks.len(), numblocks.iter().product::<usize>());
    for (flat, chunk) in chunks.iter().enumerate() {
        let index = unravel(flat, &numblocks);
        let starts: Vec<usize> = array
            .chunks()
            .iter()
            .zip(&index)
            .map(|(lengths, &idx)| lengths[..idx].iter().sum())
            .collect();
        let declared = array.chunks().iter().zip(&index);
        let declared: Vec<usize> = declared.map(|(lengths, &idx)| lengths[idx]).collect();
        assert_eq!((chunk.shape(), chunk.dtype()), (&*declared, array.dtype()));
        for (place, value) in chunk.iter().enumerate() {
            let local = unravel(place, chunk.shape());
            let place = local.iter().zip(&starts).zip(array.shape());
            values[place.fold(0, |flat, ((idx, start), len)| flat * len + idx + start)] = value;
        }
    }
    NdArray::new(array.shape(), values)
        .unwrap()
        .astype(array.dtype())
}

pub(super) fn unravel(flat: usize, lengths: &[usize]) -> Vec<usize> {
    let mut rest = flat;
    let mut index: Vec<usize> = lengths
        .iter()
        .rev()
        .map(|len| {
            let idx = rest % len;
            rest /= len;
            idx
        })
        .collect();
    index.reverse();
    index
}
