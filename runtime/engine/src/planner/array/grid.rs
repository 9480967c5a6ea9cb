//! The chunks of an array as a grid of blocks.

use dagbok::Array;

/// Where each chunk starts along each axis, and at last the length of the axis.
#[derive(Clone, Debug)]
pub(super) struct Grid {
    starts: Vec<Vec<usize>>,
}

/// One block of a [`Grid`].
#[derive(Clone, Debug)]
pub(super) struct GridBlock {
    pub(super) index: Vec<usize>,
    pub(super) offset: Vec<usize>,
    pub(super) shape: Vec<usize>,
}

impl GridBlock {
    /// The number of elements.
    pub(super) fn len(&self) -> usize {
        self.shape.iter().product()
    }

    /// The block's number along each axis, as the graph names it.
    pub(super) fn key(&self) -> Box<[u32]> {
        self.index.iter().map(|&index| index as u32).collect()
    }
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

    /// The number of blocks along each axis.
    pub(super) fn numblocks(&self) -> Vec<usize> {
        self.starts.iter().map(|starts| starts.len() - 1).collect()
    }

    /// The place of a block in C order.
    pub(super) fn flat(&self, index: &[usize]) -> usize {
        let axes = index.iter().zip(&self.starts);
        axes.fold(0, |flat, (index, starts)| flat * (starts.len() - 1) + index)
    }

    /// The block with this number along each axis.
    pub(super) fn block(&self, index: Vec<usize>) -> GridBlock {
        let axes = || self.starts.iter().zip(&index);
        GridBlock {
            offset: axes().map(|(starts, &index)| starts[index]).collect(),
            shape: axes()
                .map(|(starts, &index)| starts[index + 1] - starts[index])
                .collect(),
            index,
        }
    }

    /// All blocks in C order.
    pub(super) fn blocks(&self) -> impl Iterator<Item = GridBlock> {
        indices(self.numblocks()).map(|index| self.block(index))
    }

    /// The number of the chunk along `axis` that holds `place`, and where it starts.
    pub(super) fn find(&self, axis: usize, place: usize) -> (usize, usize) {
        let starts = &self.starts[axis];
        let after = starts[..starts.len() - 1].partition_point(|&start| start <= place);
        (after - 1, starts[after - 1])
    }

    /// The numbers of the chunks along `axis` that hold places in `start..end`.
    pub(super) fn overlapping(&self, axis: usize, start: usize, end: usize) -> Vec<usize> {
        let starts = &self.starts[axis];
        let chunks = 0..starts.len() - 1;
        let overlap = |&chunk: &usize| starts[chunk].max(start) < starts[chunk + 1].min(end);
        chunks.filter(overlap).collect()
    }

    /// Where chunk `index` starts along `axis`, and where it ends.
    pub(super) fn ends(&self, axis: usize, index: usize) -> (usize, usize) {
        (self.starts[axis][index], self.starts[axis][index + 1])
    }
}

/// All indices below `lengths` in C order.
pub(super) fn indices(lengths: Vec<usize>) -> impl Iterator<Item = Vec<usize>> {
    let n: usize = lengths.iter().product();
    (0..n).map(move |flat| {
        let mut rest = flat;
        let mut index = vec![0; lengths.len()];
        for (index, len) in index.iter_mut().zip(&lengths).rev() {
            *index = rest % len;
            rest /= len;
        }
        index
    })
}
