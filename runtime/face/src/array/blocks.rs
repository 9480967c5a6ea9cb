//! A person's own function on every chunk.

use std::sync::Arc;

use super::{Array, ArrayNode, ArrayOp, Block, BlockFn, ChunkSizes, DType, NdArray};
use crate::raise::or_raise;
use crate::{Name, Site};

impl Array {
    /// `function` of every chunk, which gives a chunk of the same shape and dtype.
    ///
    /// # Errors
    /// Computing fails if a chunk that `function` returns has another shape or dtype.
    ///
    /// ```
    /// use dagbok::prelude::*;
    /// # dagbok_engine::install();
    ///
    /// let x = arange(6).rechunk(3);
    /// let reversed = x.map_blocks(|chunk| {
    ///     let mut values = chunk.to_vec::<i64>().unwrap();
    ///     values.reverse();
    ///     NdArray::from(values)
    /// });
    /// assert_eq!(reversed.compute()?.to_vec::<i64>()?, [2, 1, 0, 5, 4, 3]);
    /// # Ok::<(), dagbok::Error>(())
    /// ```
    #[track_caller]
    pub fn map_blocks(
        &self,
        function: impl Fn(&NdArray) -> NdArray + Send + Sync + 'static,
    ) -> Array {
        let function = BlockFn(Arc::new(move |block: &Block| function(&block.chunk)));
        self.blocks(self.dtype(), self.chunks().to_vec(), function)
    }

    /// `function` of every chunk and its place, which gives a chunk of `dtype`. The result has as many chunks as this
    /// array along each axis, of the lengths `chunks`: explicit ones, or numbers as for [`rechunk`](Array::rechunk) if
    /// the shape stays.
    ///
    /// # Panics
    /// If the number of chunks along an axis differs.
    ///
    /// # Errors
    /// Computing fails if a chunk that `function` returns has another shape or dtype than declared.
    ///
    /// ```
    /// use dagbok::prelude::*;
    /// # dagbok_engine::install();
    ///
    /// let x = arange(10).rechunk(4);
    /// let lengths = x.map_blocks_to(DType::I64, [vec![1, 1, 1]], |block| {
    ///     NdArray::from([block.chunk.len() as i64])
    /// });
    /// assert_eq!(lengths.compute()?.to_vec::<i64>()?, [4, 4, 2]);
    /// # Ok::<(), dagbok::Error>(())
    /// ```
    #[track_caller]
    pub fn map_blocks_to(
        &self,
        dtype: DType,
        chunks: impl Into<ChunkSizes>,
        function: impl Fn(&Block) -> NdArray + Send + Sync + 'static,
    ) -> Array {
        let chunks = or_raise(chunks.into().of_blocks(
            self.shape(),
            self.dtype(),
            &self.numblocks(),
        ));
        self.blocks(dtype, chunks, BlockFn(Arc::new(function)))
    }

    #[track_caller]
    fn blocks(&self, dtype: DType, chunks: Vec<Vec<usize>>, function: BlockFn) -> Array {
        Array::new(ArrayNode {
            name: Name::unique("map_blocks"),
            op: ArrayOp::MapBlocks(function),
            inputs: vec![self.clone()],
            dtype,
            shape: chunks.iter().map(|lengths| lengths.iter().sum()).collect(),
            chunks,
            site: Site::caller(),
        })
    }
}
