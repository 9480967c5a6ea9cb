//! How the elements of one array are those of another: slices, steps, other orders of axes, repeated axes.

use dagbok::Array;
use dagbok::array::{ArrayOp, AxisRange};
use smallvec::SmallVec;

use super::grid::{Grid, GridBlock, Index};
use crate::kernels::Affine;

/// For each axis of the array that is seen, where in it an element of the result lies.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct View(Box<[AxisView]>);

/// `start + step * i`, `i` being the index along axis `along` of the result, or 0 where there is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct AxisView {
    start: isize,
    step: isize,
    along: Option<usize>,
}

const FIRST: AxisView = AxisView {
    start: 0,
    step: 0,
    along: None,
};

impl View {
    /// The array itself.
    pub(super) fn identity(ndim: usize) -> View {
        let axes = (0..ndim).map(|axis| AxisView {
            start: 0,
            step: 1,
            along: Some(axis),
        });
        View(axes.collect())
    }

    /// The view of input `input` of `array`, through this view of `array`. None if it is not made of single elements of
    /// the input.
    pub(super) fn of_input(&self, array: &Array, input: &Array) -> Option<View> {
        match &array.node().op {
            ArrayOp::Elementwise { .. } | ArrayOp::Broadcast => Some(self.broadcast(array, input)),
            ArrayOp::Slice(ranges) => Some(self.slice(ranges)),
            ArrayOp::Axes(axes) => Some(self.axes(axes, input.ndim())),
            _ => None,
        }
    }

    fn broadcast(&self, array: &Array, input: &Array) -> View {
        let added = array.ndim() - input.ndim();
        let axes = (0..input.ndim()).map(|axis| {
            let repeated = input.shape()[axis] != array.shape()[axis + added];
            if repeated {
                FIRST
            } else {
                self.0[axis + added]
            }
        });
        View(axes.collect())
    }

    fn slice(&self, ranges: &[AxisRange]) -> View {
        let axes = self.0.iter().zip(ranges).map(|(axis, range)| AxisView {
            start: range.start as isize + range.step * axis.start,
            step: range.step * axis.step,
            along: axis.along,
        });
        View(axes.collect())
    }

    fn axes(&self, axes: &[Option<usize>], ndim: usize) -> View {
        let seen = (0..ndim).map(|axis| {
            let place = axes.iter().position(|from| *from == Some(axis));
            place.map_or(FIRST, |place| self.0[place])
        });
        View(seen.collect())
    }

    /// Whether an element is seen more than once in a result of `shape`.
    pub(super) fn repeats(&self, shape: &[usize]) -> bool {
        shape.iter().enumerate().any(|(axis, &len)| {
            let seen = |view: &AxisView| view.along == Some(axis) && view.step != 0;
            len > 1 && !self.0.iter().any(seen)
        })
    }

    /// Whether neighbours of the array are neighbours of the result.
    pub(super) fn is_in_order(&self) -> bool {
        let mut axes = self.0.iter().enumerate();
        axes.all(|(axis, view)| view.along == Some(axis) && view.step == 1)
    }

    /// Whether all chunks of an array of `shape` are seen by all of a result of another shape.
    pub(super) fn covers(&self, shape: &[usize], result: &[usize]) -> bool {
        let mut axes = self.0.iter().zip(shape);
        axes.all(|(view, &len)| match view.along {
            Some(along) => view.start == 0 && view.step == 1 && result[along] == len,
            None => len == 1,
        })
    }

    /// Where the elements of `block` of the result lie in C order of the whole array of `shape`.
    pub(super) fn in_whole(&self, shape: &[usize], block: &GridBlock) -> Affine {
        let starts = self.starts(block);
        self.affine(shape, &starts, block)
    }

    /// The number of the chunk of `grid` in which all elements of `block` of the result lie.
    pub(super) fn chunk(&self, grid: &Grid, block: &GridBlock) -> usize {
        let starts = self.starts(block);
        let axes = starts.iter().enumerate();
        let index: Index = axes
            .map(|(axis, start)| grid.find(axis, usize::try_from(*start).unwrap_or(0)).0)
            .collect();
        grid.flat(&index)
    }

    /// The chunk of `grid` in which all elements of `block` of the result lie, and where they lie in it.
    pub(super) fn in_chunk(&self, grid: &Grid, block: &GridBlock) -> (usize, Affine) {
        let mut starts = self.starts(block);
        let chunk = grid.at(self.chunk(grid, block));
        for (start, chunk_start) in starts.iter_mut().zip(&chunk.offset) {
            *start -= *chunk_start as isize;
        }
        let affine = self.affine(&chunk.shape, &starts, block);
        (grid.flat(&chunk.index), affine)
    }

    /// Where along each axis of the array the first element of `block` lies.
    fn starts(&self, block: &GridBlock) -> SmallVec<[isize; 4]> {
        let axes = self.0.iter().map(|view| {
            let index = view.along.map_or(0, |along| block.offset[along] as isize);
            view.start + view.step * index
        });
        axes.collect()
    }

    fn affine(&self, shape: &[usize], starts: &[isize], block: &GridBlock) -> Affine {
        let mut strides = vec![0; block.shape.len()];
        let (mut offset, mut stride) = (0, 1);
        for (axis, view) in self.0.iter().enumerate().rev() {
            offset += starts[axis] * stride;
            if let Some(along) = view.along {
                strides[along] += view.step * stride;
            }
            stride *= shape[axis] as isize;
        }
        Affine {
            offset,
            strides: strides.into(),
        }
    }
}
