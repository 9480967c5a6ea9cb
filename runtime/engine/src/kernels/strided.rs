//! Walks over the elements of a chunk in C order of another shape: slices, steps, transposed and repeated axes.

use dagbok::array::{Buffer, Element};
use dagbok::each_buffer;

/// Where the elements of a shape lie in a buffer or source: at `offset` plus, for each axis, the index times its stride.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Affine {
    pub(crate) offset: isize,
    pub(crate) strides: Box<[isize]>,
}

/// An [`Affine`] over a shape, with axes that follow each other in memory joined.
#[derive(Clone, Debug)]
pub(crate) struct Walk {
    offset: isize,
    /// Length and stride of each axis, the last one running fastest; never empty.
    axes: Vec<(usize, isize)>,
}

impl Walk {
    pub(crate) fn new(affine: &Affine, shape: &[usize]) -> Walk {
        let mut axes: Vec<(usize, isize)> = Vec::with_capacity(shape.len());
        for (&len, &stride) in shape.iter().zip(&affine.strides) {
            match axes.last_mut() {
                _ if len == 1 => {}
                Some((outer_len, outer_stride)) if *outer_stride == stride * len as isize => {
                    *outer_len *= len;
                    *outer_stride = stride;
                }
                _ => axes.push((len, stride)),
            }
        }
        if axes.is_empty() {
            axes.push((1, 0));
        }
        Walk {
            offset: affine.offset,
            axes,
        }
    }

    /// Whether all elements are the same one.
    pub(crate) fn is_constant(&self) -> bool {
        self.axes.iter().all(|&(_, stride)| stride == 0)
    }

    /// Where the elements start, if they follow each other.
    pub(crate) fn contiguous_from(&self) -> Option<usize> {
        match *self.axes.as_slice() {
            [(_, 1)] | [(1, _)] => usize::try_from(self.offset).ok(),
            _ => None,
        }
    }

    /// Whether neighbours are far apart, so that copying in tiles is worthwhile.
    pub(crate) fn is_transposed(&self) -> bool {
        match self.axes.as_slice() {
            [.., (outer, outer_stride), (inner, stride)] => {
                stride.unsigned_abs() > outer_stride.unsigned_abs()
                    && *outer_stride != 0
                    && *outer >= TILE
                    && *inner >= TILE
            }
            _ => false,
        }
    }

    /// Calls `run` with place, step and length of each stretch of the elements `start..start + len`.
    pub(crate) fn runs(&self, start: usize, len: usize, mut run: impl FnMut(isize, isize, usize)) {
        let (&(inner_len, inner_stride), outer) = self.axes.split_last().expect("never empty");
        let mut index = vec![0; outer.len()];
        let mut rest = start / inner_len;
        let mut place = self.offset;
        for (axis, &(axis_len, stride)) in outer.iter().enumerate().rev() {
            index[axis] = rest % axis_len;
            rest /= axis_len;
            place += index[axis] as isize * stride;
        }
        let mut inner = start % inner_len;
        let mut left = len;
        while left > 0 {
            let n = left.min(inner_len - inner);
            run(place + inner as isize * inner_stride, inner_stride, n);
            left -= n;
            inner = 0;
            for (axis, &(axis_len, stride)) in outer.iter().enumerate().rev() {
                index[axis] += 1;
                place += stride;
                if index[axis] < axis_len {
                    break;
                }
                place -= axis_len as isize * stride;
                index[axis] = 0;
            }
        }
    }

    /// Appends the elements `start..start + len` of `from` to `out`.
    pub(crate) fn gather<T: Element>(
        &self,
        from: &[T],
        start: usize,
        len: usize,
        out: &mut Vec<T>,
    ) {
        self.runs(start, len, |place, step, n| match step {
            1 => out.extend_from_slice(&from[place as usize..place as usize + n]),
            0 => out.resize(out.len() + n, from[place as usize]),
            step => {
                let places = (0..n as isize).map(|idx| (place + idx * step) as usize);
                out.extend(places.map(|place| from[place]));
            }
        });
    }

    /// All elements of `from`, in C order of the shape.
    pub(crate) fn collect(&self, from: &Buffer) -> Buffer {
        fn collect<T: Element>(walk: &Walk, from: &[T]) -> Buffer {
            let len = walk.axes.iter().map(|(len, _)| len).product();
            if walk.is_transposed() {
                return T::wrap(walk.collect_tiles(from, len));
            }
            let mut out = Vec::with_capacity(len);
            walk.gather(from, 0, len, &mut out);
            T::wrap(out)
        }
        each_buffer!(from, values => collect(self, values))
    }

    /// As [`gather`](Walk::gather) for all elements, tile by tile of the last two axes, so that reads and writes stay
    /// in the cache.
    fn collect_tiles<T: Element>(&self, from: &[T], len: usize) -> Vec<T> {
        let Some(&first) = from.first() else {
            return Vec::new();
        };
        let mut out = vec![first; len];
        let (outer, last_two) = self.axes.split_at(self.axes.len() - 2);
        let [(rows, row_stride), (columns, column_stride)] = *last_two else {
            unreachable!("split at two axes from the end");
        };
        let planes = Walk {
            offset: self.offset,
            axes: if outer.is_empty() {
                vec![(1, 0)]
            } else {
                outer.to_vec()
            },
        };
        let n_planes = len / (rows * columns);
        let mut planes_out = out.chunks_exact_mut(rows * columns);
        planes.runs(0, n_planes, |place, step, n| {
            for idx in 0..n as isize {
                let plane = planes_out.next().expect("as many planes as runs");
                let place = place + idx * step;
                for row in (0..rows).step_by(TILE) {
                    for column in (0..columns).step_by(TILE) {
                        for row in row..rows.min(row + TILE) {
                            let start = place + row as isize * row_stride;
                            let end = columns.min(column + TILE);
                            let target = &mut plane[row * columns + column..row * columns + end];
                            for (idx, target) in (column..end).zip(target) {
                                *target = from[(start + idx as isize * column_stride) as usize];
                            }
                        }
                    }
                }
            }
        });
        out
    }
}

/// Rows and columns of a tile: two of them of 8-byte elements fit into a first-level cache.
const TILE: usize = 32;
