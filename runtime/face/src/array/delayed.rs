//! Arrays of what delayed calls return, and the chunks of an array as delayed values.

use super::{Array, ArrayNode, ArrayOp, AxisRange, DType, Dims, NdArray};
use crate::delayed::{Call, Delayed, IntoDelayed};
use crate::raise::or_raise;
use crate::{Name, Site};

impl Array {
    /// The array that a delayed call will return, in one chunk. Nobody knows its shape and dtype before it is called, so they
    /// are declared here.
    ///
    /// [`concatenate`](crate::array::concatenate) and [`stack`](crate::array::stack) make one array of several, a chunk each.
    ///
    /// # Panics
    /// If the shape has a negative length.
    ///
    /// # Errors
    /// Computing fails with [`ErrorKind::Shape`](crate::ErrorKind::Shape) or [`ErrorKind::DType`](crate::ErrorKind::DType) if the call
    /// returns another shape or dtype than declared.
    ///
    /// ```
    /// use dagbok::prelude::*;
    /// # dagbok_engine::install();
    ///
    /// #[delayed]
    /// fn read_day(day: i64) -> NdArray {
    ///     NdArray::from([10 * day, 10 * day + 1])
    /// }
    ///
    /// let days: Vec<Array> = (0..3).map(|day| Array::from_delayed(&read_day(day), 2, DType::I64)).collect();
    /// let all = concatenate(&days, 0);
    /// assert_eq!(all.chunks(), [[2, 2, 2]]);
    /// assert_eq!(all.slice(s![1..4]).compute()?.to_vec::<i64>()?, [1, 10, 11]);
    ///
    /// let wrong = Array::from_delayed(&read_day(7), [2, 2], DType::F64);
    /// let error = wrong.compute().unwrap_err();
    /// assert!(error.to_string().contains("returned shape (2,) and dtype `i64`; declared are shape (2, 2) and dtype `f64`"));
    /// # Ok::<(), dagbok::Error>(())
    /// ```
    #[track_caller]
    pub fn from_delayed(value: &Delayed<NdArray>, shape: impl Into<Dims>, dtype: DType) -> Array {
        let shape = or_raise(shape.into().shape());
        Array::new(ArrayNode {
            name: Name::of("from_delayed", (value.name(), &shape, dtype)),
            op: ArrayOp::Delayed(value.shared()),
            inputs: Vec::new(),
            dtype,
            chunks: shape.iter().map(|len| vec![*len]).collect(),
            shape,
            site: Site::caller(),
        })
    }

    /// The chunks, each as a delayed value, in C order: the inverse of [`from_delayed`](Array::from_delayed).
    ///
    /// The whole array as one is `Delayed::<NdArray>::from(&array)`.
    ///
    /// ```
    /// use dagbok::prelude::*;
    /// # dagbok_engine::install();
    ///
    /// let lengths: Vec<Delayed<usize>> =
    ///     arange(10).rechunk(4).to_delayed().iter().map(|chunk| chunk.map(|chunk| chunk.len())).collect();
    /// assert_eq!(compute_all(lengths)?, [4, 4, 2]);
    /// # Ok::<(), dagbok::Error>(())
    /// ```
    #[track_caller]
    pub fn to_delayed(&self) -> Vec<Delayed<NdArray>> {
        let mut parts = Vec::with_capacity(self.npartitions());
        for ranges in ranges_of_chunks(self.chunks()) {
            let chunk = IntoDelayed::<NdArray>::into_argument(self.ranges("chunk", ranges));
            parts.push(Call::new("chunk").with(chunk).only());
        }
        parts
    }
}

/// Where each chunk is, in C order.
fn ranges_of_chunks(chunks: &[Vec<usize>]) -> Vec<Vec<AxisRange>> {
    let mut all = vec![Vec::new()];
    for lengths in chunks {
        let mut next = 0;
        let along_axis = lengths.iter().map(|&len| {
            let start = next;
            next += len;
            AxisRange {
                start,
                step: 1,
                len,
            }
        });
        let along_axis: Vec<AxisRange> = along_axis.collect();
        let with_axis = |before: &Vec<AxisRange>| {
            along_axis
                .iter()
                .map(|range| [before.as_slice(), &[*range]].concat())
                .collect::<Vec<_>>()
        };
        all = all.iter().flat_map(with_axis).collect();
    }
    all
}
