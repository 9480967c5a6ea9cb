//! What a notebook imports: every cell starts with `use dagbok::prelude::*`.

pub use crate::array::{
    Array, DType, Ellipsis, NdArray, NewAxis, arange, axis, concatenate, default_rng, eye,
    from_npy, full, linspace, ones, stack, where_, zeros,
};
pub use crate::cache::Cache;
pub use crate::compute::{Compute, compute_all, persist_all, visualize_all};
pub use crate::config::Config;
pub use crate::delayed::{Delayed, delayed, delayed_all};
pub use crate::df;
pub use crate::display::{Render, display};
pub use crate::error::{Error, ErrorKind};
pub use crate::explain::explain_all;
pub use crate::frame::{
    ClosedInterval, CsvReadOptions, DataFrame, DataType, Expr, Frame, JoinType, Literal,
    NullBehavior, ParquetReadOptions, QuantileMethod, RollingOptionsFixedWindow, RoundMode,
    SortMultipleOptions, StrptimeOptions, TimeUnit, UniqueKeepStrategy, all, col, concat, len, lit,
    read_csv, read_parquet, when,
};
pub use crate::future::{
    FutureStatus, Submit, SubmitOptions, as_completed, gather, progress, submit, submit_map,
    try_submit, wait,
};
pub use crate::graph::{Graph, graph_of};
pub use crate::input::input;
pub use crate::plot;
pub use crate::profile::{Profile, Profiler, profile};
pub use crate::raise::attempt;
pub use crate::s;
