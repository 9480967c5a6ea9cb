//! Series of numbers and text, and the frames that `df!` makes of them.

use std::hint::black_box;

use dagbok_instances_common::{any, each};
use polars::prelude::*;

pub(crate) fn compile() {
    each!(series: [bool, i32, i64, u32, u64, f32, f64, &'static str, String]);
    drop::<(
        Int32Chunked,
        Int64Chunked,
        Float64Chunked,
        StringChunked,
        BooleanChunked,
        IdxCa,
    )>(any());
    black_box(DataFrame::new(any(), any::<Vec<Column>>()).unwrap());
}

fn series<T: 'static>()
where
    Series: NamedFrom<Vec<T>, [T]> + for<'a> NamedFrom<&'a [T], [T]>,
{
    black_box(Series::new(any(), any::<Vec<T>>()));
}
