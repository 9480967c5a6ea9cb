//! The chunks of an array as a grid of blocks.

use dagbok::Array;
use smallvec::SmallVec;

use crate::graph::Block;

/// One number for each axis.
pub(super) type Index = SmallVec<[usize; 4]>;

/// Where each chunk starts along each axis, and at last the length of the axis.
#[derive(Clone, Debug)]
pub(super) struct Grid {
    starts: Vec<Vec<usize>>,
}

/// One block of a [`Grid`].
#[derive(Clone, Debug)]
pub(super) struct GridBlock {
    pub(super) index: Index,
    pub(super) offset: Index,
    pub(super) shape: Index,
}

impl GridBlock {
    /// The number of elements.
    pub(super) fn len(&self) -> usize {
        self.shape.iter().product()
    }

    /// The block's number along each axis, as the graph names it.
    pub(super) fn key(&self) -> Block {
        key(&self.index)
    }
}

/// `index`, as the graph names it.
pub(super) fn key(index: &[usize]) -> Block {
    index.iter().map(|&index| index as u32).collect()
}

impl Grid {
    pub(super) fn of(array: &Array) -> Grid {
        Grid::new(array.chunks())
    }

    pub(super) fn new(chunks: &[Vec<usize>]) -> Grid {
        let starts = chunks.iter().map(|lengths| {
            let mut end = 0;
            let ends = lengths.iter().map(|len| {
                end += len;
                end
            });
            std::iter::once(0).chain(ends).collect()
        });
        Grid {
            starts: starts.collect(),
        }
    }

    /// The number of blocks.
    pub(super) fn len(&self) -> usize {
        self.lengths().product()
    }

    /// The number of blocks along each axis.
    pub(super) fn numblocks(&self) -> Index {
        self.lengths().collect()
    }

    fn lengths(&self) -> impl DoubleEndedIterator<Item = usize> + ExactSizeIterator {
        self.starts.iter().map(|starts| starts.len() - 1)
    }

    /// The place of a block in C order.
    pub(super) fn flat(&self, index: &[usize]) -> usize {
        let axes = index.iter().zip(self.lengths());
        axes.fold(0, |flat, (index, len)| flat * len + index)
    }

    /// The block at a place in C order, by its number along each axis.
    pub(super) fn index(&self, flat: usize) -> Index {
        index(flat, self.lengths())
    }

    /// The block with this number along each axis.
    pub(super) fn block(&self, index: Index) -> GridBlock {
        let axes = || self.starts.iter().zip(&index);
        GridBlock {
            offset: axes().map(|(starts, &index)| starts[index]).collect(),
            shape: axes()
                .map(|(starts, &index)| starts[index + 1] - starts[index])
                .collect(),
            index,
        }
    }

    /// The block at a place in C order.
    pub(super) fn at(&self, flat: usize) -> GridBlock {
        self.block(self.index(flat))
    }

    /// All blocks in C order.
    pub(super) fn blocks(&self) -> impl Iterator<Item = GridBlock> {
        (0..self.len()).map(|flat| self.at(flat))
    }

    /// The number of the chunk along `axis` that holds `place`, and where it starts.
    pub(super) fn find(&self, axis: usize, place: usize) -> (usize, usize) {
        let starts = &self.starts[axis];
        let after = starts[..starts.len() - 1].partition_point(|&start| start <= place);
        (after - 1, starts[after - 1])
    }

    /// The numbers of the chunks along `axis` that hold places in `start..end`. Takes time logarithmic in the number of chunks.
    pub(super) fn overlapping(&self, axis: usize, start: usize, end: usize) -> Vec<usize> {
        let starts = &self.starts[axis];
        let first = starts.partition_point(|&chunk| chunk <= start).max(1) - 1;
        let chunks = (first..starts.len() - 1).take_while(|&chunk| starts[chunk] < end);
        let overlap = |&chunk: &usize| starts[chunk].max(start) < starts[chunk + 1].min(end);
        chunks.filter(overlap).collect()
    }

    /// Where chunk `index` starts along `axis`, and where it ends.
    pub(super) fn ends(&self, axis: usize, index: usize) -> (usize, usize) {
        (self.starts[axis][index], self.starts[axis][index + 1])
    }
}

/// All indices below `lengths` in C order.
pub(super) fn indices(lengths: &[usize]) -> impl Iterator<Item = Index> + use<> {
    let lengths = Index::from_slice(lengths);
    let n: usize = lengths.iter().product();
    (0..n).map(move |flat| index(flat, lengths.iter().copied()))
}

/// The index at a place in C order.
fn index(
    flat: usize,
    lengths: impl DoubleEndedIterator<Item = usize> + ExactSizeIterator,
) -> Index {
    let mut rest = flat;
    let mut index = Index::from_elem(0, lengths.len());
    for (index, len) in index.iter_mut().zip(lengths).rev() {
        *index = rest % len;
        rest /= len;
    }
    index
}
