//! Chunk lengths: chosen, checked and brought together.

use super::arguments::{ChunkSizes, ChunkSpec};
use super::ndarray::shape_text;
use super::{Array, DType};
use crate::config::{CHUNK_BYTES, chunk_bytes};
use crate::{Error, ErrorKind, Result};

/// The number of chunks.
pub(crate) fn n_blocks(chunks: &[Vec<usize>]) -> usize {
    chunks.iter().map(Vec::len).product()
}

/// Chunks of at most the `chunk_size` that is set, as close to a cube as the shape allows, of one length along an axis but
/// for the last.
pub(crate) fn auto_chunks(shape: &[usize], dtype: DType) -> Vec<Vec<usize>> {
    cubes(shape, dtype, chunk_bytes())
}

/// The automatic chunks where nothing is set.
pub(crate) fn default_chunks(shape: &[usize], dtype: DType) -> Vec<Vec<usize>> {
    cubes(shape, dtype, CHUNK_BYTES)
}

fn cubes(shape: &[usize], dtype: DType, bytes_max: usize) -> Vec<Vec<usize>> {
    let mut room = (bytes_max / dtype.itemsize()) as f64;
    let mut sizes: Vec<usize> = shape.to_vec();
    let mut open: Vec<usize> = (0..shape.len()).collect();
    open.sort_by_key(|&axis| shape[axis]);
    for (done, &axis) in open.iter().enumerate() {
        let side = room.powf(1.0 / (open.len() - done) as f64);
        let size = (side as usize).clamp(1, shape[axis].max(1));
        let n = shape[axis].div_ceil(size).max(1);
        sizes[axis] = shape[axis].div_ceil(n);
        room /= sizes[axis].max(1) as f64;
    }
    let axes = shape.iter().zip(sizes);
    axes.map(|(&len, size)| regular(len, size)).collect()
}

/// Chunks of at most `len_max` elements that lie one after the other in C order: whole along the last axes, one long along the
/// first, cut along one in between.
pub(crate) fn row_chunks(shape: &[usize], len_max: usize) -> Vec<Vec<usize>> {
    let mut inner = 1;
    let mut sizes = vec![1; shape.len()];
    for axis in (0..shape.len()).rev() {
        let size = (len_max / inner).clamp(1, shape[axis].max(1));
        sizes[axis] = shape[axis].div_ceil(shape[axis].div_ceil(size).max(1));
        if size < shape[axis] {
            break;
        }
        inner *= shape[axis].max(1);
    }
    let axes = shape.iter().zip(sizes);
    axes.map(|(&len, size)| regular(len, size)).collect()
}

/// Whether the chunks lie one after the other in C order.
pub(crate) fn are_rows(chunks: &[Vec<usize>], shape: &[usize]) -> bool {
    let whole = chunks.iter().rposition(|lengths| lengths.len() > 1);
    whole.is_none_or(|cut| {
        (0..cut).all(|axis| chunks[axis].iter().all(|&len| len == 1) || shape[axis] == 1)
    })
}

/// The automatic chunks of an array that is read from disk in C order.
pub(crate) fn disk_chunks(shape: &[usize], dtype: DType, bytes_max: usize) -> Vec<Vec<usize>> {
    row_chunks(shape, bytes_max / dtype.itemsize())
}

/// `len` in chunks of `size`, the last one shorter.
pub(crate) fn regular(len: usize, size: usize) -> Vec<usize> {
    if len == 0 || size == 0 {
        return vec![len];
    }
    let mut lengths = vec![size; len / size];
    if !len.is_multiple_of(size) {
        lengths.push(len % size);
    }
    lengths
}

impl ChunkSizes {
    /// The lengths of the chunks of an array of `shape`.
    pub(crate) fn chunks(self, shape: &[usize], dtype: DType) -> Result<Vec<Vec<usize>>> {
        let sizes = match self.0 {
            ChunkSpec::Auto => return Ok(auto_chunks(shape, dtype)),
            ChunkSpec::Explicit(chunks) => return explicit(chunks, shape),
            ChunkSpec::Every(size) => vec![size; shape.len()],
            ChunkSpec::Axis(sizes) => sizes,
        };
        if sizes.len() != shape.len() {
            return Err(Error::new(
                ErrorKind::Shape,
                format!(
                    "{} chunk sizes for an array of shape {}",
                    sizes.len(),
                    shape_text(shape)
                ),
            ));
        }
        let axes = shape.iter().zip(&sizes);
        axes.map(|(&len, &size)| match size {
            -1 => Ok(vec![len]),
            1.. => Ok(regular(len, size as usize)),
            _ => Err(Error::new(
                ErrorKind::Value,
                format!("a chunk size is positive, or -1 for the whole axis, not `{size}`"),
            )),
        })
        .collect()
    }
}

impl ChunkSizes {
    /// The lengths of the chunks of an array that has `numblocks` of them along each axis.
    pub(crate) fn of_blocks(
        self,
        shape: &[usize],
        dtype: DType,
        numblocks: &[usize],
    ) -> Result<Vec<Vec<usize>>> {
        let chunks = match self.0 {
            ChunkSpec::Explicit(chunks) => chunks,
            _ => self.chunks(shape, dtype)?,
        };
        if chunks.iter().map(Vec::len).eq(numblocks.iter().copied()) {
            return Ok(chunks);
        }
        let given: Vec<usize> = chunks.iter().map(Vec::len).collect();
        Err(Error::new(
            ErrorKind::Shape,
            format!(
                "chunks {chunks:?} are {} blocks, the array has {}",
                shape_text(&given),
                shape_text(numblocks)
            ),
        ))
    }
}

fn explicit(chunks: Vec<Vec<usize>>, shape: &[usize]) -> Result<Vec<Vec<usize>>> {
    let lengths: Vec<usize> = chunks.iter().map(|lengths| lengths.iter().sum()).collect();
    let given = chunks.iter().all(|lengths| !lengths.is_empty());
    if given && lengths == shape {
        return Ok(chunks);
    }
    Err(Error::new(
        ErrorKind::Shape,
        format!(
            "chunks {chunks:?} make shape {}, the array has shape {}",
            shape_text(&lengths),
            shape_text(shape)
        ),
    ))
}

/// The common refinement of several ways to cut the same axis.
pub(crate) fn refine(cuts: &[&[usize]]) -> Vec<usize> {
    if let [first, rest @ ..] = cuts
        && rest.iter().all(|other| other == first)
    {
        return first.to_vec();
    }
    let ends = cuts.iter().flat_map(|lengths| {
        lengths.iter().scan(0, |end, len| {
            *end += len;
            Some(*end)
        })
    });
    let mut ends: Vec<usize> = ends.collect();
    ends.sort_unstable();
    ends.dedup();
    let mut start = 0;
    let lengths = ends
        .into_iter()
        .map(|end| end - std::mem::replace(&mut start, end));
    let lengths: Vec<usize> = lengths.filter(|&len| len > 0).collect();
    if lengths.is_empty() { vec![0] } else { lengths }
}

/// The inputs in chunks that fit together when they broadcast to `shape`, and the chunks of the result.
#[track_caller]
pub(crate) fn unify(inputs: &[Array], shape: &[usize]) -> (Vec<Array>, Vec<Vec<usize>>) {
    let chunks: Vec<Vec<usize>> = (0..shape.len())
        .map(|axis| {
            let cuts = inputs.iter().filter_map(|input| {
                let own = (axis + input.ndim()).checked_sub(shape.len())?;
                (input.shape()[own] == shape[axis]).then(|| input.chunks()[own].as_slice())
            });
            refine(&cuts.collect::<Vec<_>>())
        })
        .collect();
    let mut unified = Vec::with_capacity(inputs.len());
    for input in inputs {
        let added = shape.len() - input.ndim();
        let own = input.shape().iter().enumerate().map(|(axis, &len)| {
            if len == shape[axis + added] {
                chunks[axis + added].clone()
            } else {
                vec![1]
            }
        });
        unified.push(input.with_chunks(own.collect()));
    }
    (unified, chunks)
}
