//! Chunks cut apart and put together.

use dagbok::array::{Buffer, Element, NdArray};
use dagbok::{DType, Result, each_buffer};

/// A box of elements of a chunk, and where it goes.
#[derive(Clone, Debug)]
pub(crate) struct Piece {
    /// Where it starts in the chunk that it is taken from.
    pub(crate) from: Box<[usize]>,
    /// Where it starts in the chunk that is made.
    pub(crate) to: Box<[usize]>,
    pub(crate) shape: Box<[usize]>,
}

/// The chunk of `shape` that consists of these pieces of other chunks.
///
/// # Errors
/// None: the pieces of a plan cover the chunk.
pub(crate) fn assemble<'a>(
    shape: &[usize],
    dtype: DType,
    pieces: impl Iterator<Item = (&'a NdArray, &'a Piece)>,
) -> Result<NdArray> {
    let mut out = zeros(dtype, shape.iter().product());
    for (chunk, piece) in pieces {
        copy(chunk, piece, shape, &mut out);
    }
    NdArray::from_buffer(shape.to_vec(), out)
}

fn zeros(dtype: DType, len: usize) -> Buffer {
    match dtype {
        DType::Bool => Buffer::Bool(vec![false; len]),
        DType::U8 => Buffer::U8(vec![0; len]),
        DType::U16 => Buffer::U16(vec![0; len]),
        DType::U32 => Buffer::U32(vec![0; len]),
        DType::U64 => Buffer::U64(vec![0; len]),
        DType::I8 => Buffer::I8(vec![0; len]),
        DType::I16 => Buffer::I16(vec![0; len]),
        DType::I32 => Buffer::I32(vec![0; len]),
        DType::I64 => Buffer::I64(vec![0; len]),
        DType::F32 => Buffer::F32(vec![0.0; len]),
        DType::F64 => Buffer::F64(vec![0.0; len]),
    }
}

fn copy(chunk: &NdArray, piece: &Piece, shape: &[usize], out: &mut Buffer) {
    fn copy_rows<T: Element>(from: &[T], rows: &Rows, out: &mut Buffer) {
        let out = T::vector(out).expect("all chunks of an array have one dtype");
        rows.each(|source, target| {
            out[target..target + rows.len].copy_from_slice(&from[source..source + rows.len]);
        });
    }
    let rows = Rows::new(chunk.shape(), piece, shape);
    each_buffer!(&**chunk.buffer(), values => copy_rows(values, &rows, out));
}

/// The rows of a box that lie without gaps in both chunks.
struct Rows {
    len: usize,
    from: usize,
    to: usize,
    /// Length of each outer axis, and what a step along it is in both chunks.
    outer: Vec<(usize, usize, usize)>,
}

impl Rows {
    fn new(from_shape: &[usize], piece: &Piece, to_shape: &[usize]) -> Rows {
        let mut rows = Rows {
            len: 1,
            from: 0,
            to: 0,
            outer: Vec::new(),
        };
        let (mut from_stride, mut to_stride) = (1, 1);
        let mut whole = true;
        for axis in (0..to_shape.len()).rev() {
            let len = piece.shape[axis];
            rows.from += piece.from[axis] * from_stride;
            rows.to += piece.to[axis] * to_stride;
            if whole {
                rows.len *= len;
            } else {
                rows.outer.push((len, from_stride, to_stride));
            }
            whole &= len == from_shape[axis] && len == to_shape[axis];
            from_stride *= from_shape[axis];
            to_stride *= to_shape[axis];
        }
        rows.outer.reverse();
        rows
    }

    /// Calls `copy` with the places at which each row starts.
    fn each(&self, mut copy: impl FnMut(usize, usize)) {
        if self.len == 0 || self.outer.iter().any(|(len, _, _)| *len == 0) {
            return;
        }
        let mut index = vec![0; self.outer.len()];
        let (mut from, mut to) = (self.from, self.to);
        loop {
            copy(from, to);
            let mut axis = self.outer.len();
            loop {
                if axis == 0 {
                    return;
                }
                axis -= 1;
                let (len, from_stride, to_stride) = self.outer[axis];
                index[axis] += 1;
                from += from_stride;
                to += to_stride;
                if index[axis] < len {
                    break;
                }
                from -= len * from_stride;
                to -= len * to_stride;
                index[axis] = 0;
            }
        }
    }
}

/// The elements `range` of `chunks` laid one after the other, where `starts` are the places at which they start, as a
/// chunk of `shape`.
///
/// # Errors
/// None: the chunks of a plan cover the range.
pub(crate) fn flat(
    chunks: &[&NdArray],
    starts: &[usize],
    range: std::ops::Range<usize>,
    shape: &[usize],
    dtype: DType,
) -> Result<NdArray> {
    if let ([chunk], [start]) = (chunks, starts)
        && *start == range.start
        && chunk.len() == range.len()
    {
        return NdArray::from_buffer(shape.to_vec(), chunk.buffer().clone());
    }
    fn append<T: Element>(values: &[T], out: &mut Buffer) {
        let out = T::vector(out).expect("all chunks of an array have one dtype");
        out.extend_from_slice(values);
    }
    let mut out = Buffer::with_capacity(dtype, range.len());
    for (chunk, start) in chunks.iter().zip(starts) {
        let from = range.start.saturating_sub(*start);
        let to = chunk.len().min(range.end.saturating_sub(*start));
        each_buffer!(&**chunk.buffer(), values => append(&values[from..to], &mut out));
    }
    NdArray::from_buffer(shape.to_vec(), out)
}
