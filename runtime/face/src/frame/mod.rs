//! Partitioned tables, with polars' expressions as their language.

mod datatype;
mod delayed;
mod dt;
mod expr;
mod function;
mod group_by;
mod node;
mod operator;
mod read;
mod string;
mod table;
mod text;
mod values;

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::{Arc, OnceLock};

pub use datatype::{DataType, TimeUnit};
pub use dt::DateLikeNameSpace;
pub use expr::{
    Expr, ExprNode, ExprOp, IntoExprs, IntoNames, Literal, Opaque, Then, When, all, col, len, lit,
    when,
};
pub use function::{
    Agg, BinaryOp, ClosedInterval, Function, JoinType, NullBehavior, QuantileMethod,
    RollingOptionsFixedWindow, RoundMode, SortMultipleOptions, StringFunction, StrptimeOptions,
    TemporalFunction, UniqueKeepStrategy,
};
pub use group_by::GroupBy;
pub use node::{FrameNode, FrameOp, MapPartition};
pub use read::{
    CsvReadOptions, Format, ParquetReadOptions, Part, Piece, Source, read_csv, read_parquet,
};
pub use string::StringNameSpace;
pub use table::{Column, Columns, DataFrame, Schema, Table};
pub use values::{FromValues, Values};

use crate::compute::{Blocks, Compute, compute_all, no_result, persist_all, visualize_all};
use crate::display::{MimeBundle, Render};
use crate::engine::{Collection, engine};
use crate::explain::{Explanation, explain_all};
use crate::graph::{Graph, graph_of};
use crate::raise::{or_raise, raise};
use crate::sealed::Sealed;
use crate::{Error, ErrorKind, Name, Result, Site, Value, Visualization};

/// The deepest expression that a frame takes; polars walks expressions recursively.
const EXPR_DEPTH_MAX: u32 = 1000;

/// A lazy table in partitions, each of which is computed on its own.
///
/// Methods build up what is to be done; [`compute`](Frame::compute) does it, partitions in parallel, and gives a
/// [`DataFrame`]. Results are those that polars gives on the whole table, but for the rounding of floating-point sums;
/// rows keep their order, and groups are in the order of their first appearance.
///
/// A name of a column that there is not, or an expression that does not fit the types, panics where it is written; see
/// [`attempt`](crate::attempt).
///
/// ```
/// use dagbok::prelude::*;
/// # dagbok_engine::install();
///
/// let df = df!("city" => ["Oslo", "Bergen", "Oslo"], "rain" => [3.0, 9.5, 1.0])?;
/// let by_city = Frame::from(df)
///     .group_by(["city"])
///     .agg([col("rain").mean(), len().alias("days")])
///     .compute()?;
/// assert_eq!(by_city, df!("city" => ["Oslo", "Bergen"], "rain" => [2.0, 9.5], "days" => [2u32, 1])?);
/// # Ok::<(), dagbok::Error>(())
/// ```
#[derive(Clone)]
pub struct Frame {
    node: Sealed<Arc<FrameNode>>,
}

impl Frame {
    /// The frame's name in graphs and errors.
    pub fn name(&self) -> &Name {
        &self.node.name
    }

    /// The frame of an operation, for the engine.
    pub fn of_node(node: &Arc<FrameNode>) -> Frame {
        Frame {
            node: node.clone().into(),
        }
    }

    /// The expression, for the engine.
    pub fn node(&self) -> &Arc<FrameNode> {
        &self.node
    }

    /// The rows for which `predicate` is true.
    #[track_caller]
    pub fn filter(&self, predicate: impl Into<Expr>) -> Frame {
        self.filter_rows(predicate.into())
    }

    /// The columns that `exprs` make. Aggregations such as `col("x").sum()` alone make one row.
    #[track_caller]
    pub fn select(&self, exprs: impl IntoExprs) -> Frame {
        self.select_exprs(exprs.into_exprs())
    }

    /// All columns, and those that `exprs` make; one of the same name is replaced.
    #[track_caller]
    pub fn with_columns(&self, exprs: impl IntoExprs) -> Frame {
        self.add_columns(exprs.into_exprs())
    }

    /// All columns, and the one that `expr` makes; one of the same name is replaced.
    #[track_caller]
    pub fn with_column(&self, expr: impl Into<Expr>) -> Frame {
        self.add_columns(expr.into().into_exprs())
    }

    /// All columns but these.
    #[track_caller]
    pub fn drop(&self, columns: impl IntoNames) -> Frame {
        self.drop_columns(columns.into_names())
    }

    /// The same columns, those called `existing` renamed to `new`, one by one.
    #[track_caller]
    pub fn rename(&self, existing: impl IntoNames, new: impl IntoNames) -> Frame {
        self.rename_columns(existing.into_names(), new.into_names())
    }

    /// The rows without a null, in all columns.
    #[track_caller]
    pub fn drop_nulls(&self) -> Frame {
        self.drop_null_rows(None)
    }

    /// The rows without a null in the columns `subset`.
    #[track_caller]
    pub fn drop_nulls_in(&self, subset: impl IntoNames) -> Frame {
        self.drop_null_rows(Some(subset.into_names()))
    }

    /// Groups of rows in which `keys` are equal; [`agg`](GroupBy::agg) says what to make of them.
    #[track_caller]
    pub fn group_by(&self, keys: impl IntoExprs) -> GroupBy {
        GroupBy::new(self.clone(), keys.into_exprs())
    }

    /// Rows of both frames side by side where `left_on` equals `right_on`; a null equals nothing.
    ///
    /// Columns of `other` that this frame has too get the suffix `_right`. A small frame on the right is given to every
    /// partition of the left one, whose order is kept; two large ones are divided by the hashes of their keys.
    ///
    /// ```
    /// use dagbok::prelude::*;
    /// # dagbok_engine::install();
    ///
    /// let rain = df!("city" => ["Oslo", "Bergen"], "rain" => [763, 2250])?.lazy();
    /// let people = df!("city" => ["Oslo"], "people" => [717_710])?.lazy();
    /// let both = rain.join(&people, ["city"], ["city"], JoinType::Inner).compute()?;
    /// assert_eq!(both, df!("city" => ["Oslo"], "rain" => [763], "people" => [717_710])?);
    /// # Ok::<(), dagbok::Error>(())
    /// ```
    #[track_caller]
    pub fn join(
        &self,
        other: &Frame,
        left_on: impl IntoExprs,
        right_on: impl IntoExprs,
        how: JoinType,
    ) -> Frame {
        self.join_on(other, left_on.into_exprs(), right_on.into_exprs(), how)
    }

    /// The rows sorted by `by`; equal ones keep their order.
    #[track_caller]
    pub fn sort(&self, by: impl IntoExprs, options: SortMultipleOptions) -> Frame {
        self.sort_exprs(by.into_exprs(), options)
    }

    /// The first `n` rows; only the partitions that hold them are read.
    #[track_caller]
    pub fn head(&self, n: usize) -> Frame {
        self.then(FrameOp::Head(n))
    }

    /// The last `n` rows; only the partitions that hold them are read.
    #[track_caller]
    pub fn tail(&self, n: usize) -> Frame {
        self.then(FrameOp::Tail(n))
    }

    /// One row of each that are equal.
    #[track_caller]
    pub fn unique(&self, keep: UniqueKeepStrategy) -> Frame {
        self.distinct(None, keep)
    }

    /// One row of each that are equal in the columns `subset`.
    #[track_caller]
    pub fn unique_by(&self, subset: impl IntoNames, keep: UniqueKeepStrategy) -> Frame {
        self.distinct(Some(subset.into_names()), keep)
    }

    /// The same rows in `n` partitions: neighbours are joined, or each is divided.
    #[track_caller]
    pub fn repartition(&self, n: usize) -> Frame {
        if n == 0 {
            raise(Error::new(
                ErrorKind::Value,
                "a frame needs at least one partition, not 0",
            ));
        }
        self.then(FrameOp::Repartition(n))
    }

    /// What `map` makes of each partition, as a table in memory.
    ///
    /// To tell the columns, `map` also runs on an empty table.
    #[track_caller]
    pub fn map_partitions(
        &self,
        map: impl Fn(DataFrame) -> Result<DataFrame> + Send + Sync + 'static,
    ) -> Frame {
        self.then(FrameOp::Map(Arc::new(map)))
    }

    /// Names and types of the columns, without computing the frame.
    ///
    /// # Errors
    /// What a closure given to [`map_partitions`](Frame::map_partitions) returns on an empty table.
    pub fn schema(&self) -> Result<Schema> {
        match self.node.meta.get() {
            Some(meta) => Ok(meta.schema()),
            None => engine()?.schema(self),
        }
    }

    /// Names of the columns, in order, without computing the frame.
    ///
    /// # Errors
    /// As [`schema`](Frame::schema).
    pub fn columns(&self) -> Result<Vec<String>> {
        Ok(self.schema()?.names().map(str::to_owned).collect())
    }

    /// The number of partitions that computing the frame makes.
    ///
    /// # Errors
    /// As [`schema`](Frame::schema).
    pub fn npartitions(&self) -> Result<usize> {
        engine()?.partitions(self)
    }

    /// The number of rows. Computes it, but no column that is not needed for it.
    ///
    /// # Errors
    /// The error of the first task that failed.
    #[track_caller]
    #[expect(clippy::len_without_is_empty, reason = "either is a computation")]
    pub fn len(&self) -> Result<usize> {
        self.select([len()]).compute()?.item()
    }

    /// The whole table in memory.
    ///
    /// # Errors
    /// The error of the first task that failed, such as a file that does not hold what its first rows promised.
    pub fn compute(&self) -> Result<DataFrame> {
        compute_all(self)
    }

    /// The same frame with its partitions computed and kept in memory.
    ///
    /// # Errors
    /// The error of the first task that failed.
    #[track_caller]
    pub fn persist(&self) -> Result<Frame> {
        persist_all(self)
    }

    /// The task graph of this frame, drawn.
    ///
    /// # Errors
    /// As [`schema`](Frame::schema).
    pub fn visualize(&self) -> Result<Visualization> {
        visualize_all(self)
    }

    /// The task graph of this frame as a mapping of keys to tasks: one for each partition of each frame that this one is made of.
    ///
    /// # Errors
    /// As [`schema`](Frame::schema).
    pub fn graph(&self) -> Result<Graph> {
        graph_of(self)
    }

    /// What [`compute`](Frame::compute) will do, without doing it: how many tasks, and how much memory they are expected to take.
    ///
    /// # Errors
    /// As [`schema`](Frame::schema).
    pub fn explain(&self) -> Result<Explanation> {
        explain_all(self)
    }

    /// The frame `op` of this one.
    #[track_caller]
    fn then(&self, op: FrameOp) -> Frame {
        Frame::on(op, vec![self.clone()])
    }

    /// The frame `op` of `inputs`. Its columns are found out at once if those of `inputs` are known and it takes no
    /// closure, so that a mistake panics where it is made.
    #[track_caller]
    fn on(op: FrameOp, inputs: Vec<Frame>) -> Frame {
        if let Some(expr) = op
            .exprs()
            .into_iter()
            .find(|expr| expr.depth() > EXPR_DEPTH_MAX)
        {
            raise(Error::new(
                ErrorKind::Value,
                format!(
                    "an expression is {} operations deep, more than {EXPR_DEPTH_MAX}: make a part of it a column with `with_columns`",
                    expr.depth()
                ),
            ));
        }
        let known = inputs.iter().all(|input| input.node.meta.get().is_some());
        let cheap = !matches!(op, FrameOp::Map(_));
        let frame = Frame::with_site(op.name_on(&inputs), op, inputs, Site::caller());
        if let (true, true, Ok(engine)) = (known, cheap, engine()) {
            or_raise(engine.schema(&frame));
        }
        frame
    }

    /// The frame `op` of `inputs`, made at `site`, whose columns are not known yet.
    pub fn with_site(name: Name, op: FrameOp, inputs: Vec<Frame>, site: Site) -> Frame {
        let node = FrameNode {
            name,
            op,
            inputs,
            site,
            meta: OnceLock::new(),
        };
        Frame {
            node: Arc::new(node).into(),
        }
    }

    fn with_meta(self, meta: DataFrame) -> Frame {
        self.node.meta.get_or_init(|| meta);
        self
    }
}

/// What the generic methods forward to, so that cells need not compile it.
impl Frame {
    #[track_caller]
    fn filter_rows(&self, predicate: Expr) -> Frame {
        self.then(FrameOp::Filter(predicate))
    }

    #[track_caller]
    fn select_exprs(&self, exprs: Vec<Expr>) -> Frame {
        self.then(FrameOp::Select(exprs))
    }

    #[track_caller]
    fn add_columns(&self, exprs: Vec<Expr>) -> Frame {
        self.then(FrameOp::WithColumns(exprs))
    }

    #[track_caller]
    fn drop_columns(&self, columns: Vec<String>) -> Frame {
        self.then(FrameOp::Drop(columns))
    }

    #[track_caller]
    fn rename_columns(&self, existing: Vec<String>, new: Vec<String>) -> Frame {
        if existing.len() != new.len() {
            raise(Error::new(
                ErrorKind::Value,
                format!(
                    "cannot rename {} columns to {} names",
                    existing.len(),
                    new.len()
                ),
            ));
        }
        self.then(FrameOp::Rename { existing, new })
    }

    #[track_caller]
    fn drop_null_rows(&self, subset: Option<Vec<String>>) -> Frame {
        self.then(FrameOp::DropNulls(subset))
    }

    #[track_caller]
    fn join_on(
        &self,
        other: &Frame,
        left_on: Vec<Expr>,
        right_on: Vec<Expr>,
        how: JoinType,
    ) -> Frame {
        let op = FrameOp::Join {
            left_on,
            right_on,
            how,
        };
        Frame::on(op, vec![self.clone(), other.clone()])
    }

    #[track_caller]
    fn sort_exprs(&self, by: Vec<Expr>, options: SortMultipleOptions) -> Frame {
        self.then(FrameOp::Sort { by, options })
    }

    #[track_caller]
    fn distinct(&self, subset: Option<Vec<String>>, keep: UniqueKeepStrategy) -> Frame {
        self.then(FrameOp::Unique { subset, keep })
    }
}

/// The rows of all `frames`, one after the other. They must have the same columns.
///
/// ```
/// use dagbok::prelude::*;
/// # dagbok_engine::install();
///
/// let (a, b) = (df!("x" => [1, 2])?.lazy(), df!("x" => [3])?.lazy());
/// assert_eq!(concat(&[a, b]).compute()?, df!("x" => [1, 2, 3])?);
/// # Ok::<(), dagbok::Error>(())
/// ```
#[track_caller]
pub fn concat(frames: &[Frame]) -> Frame {
    match frames {
        [] => raise(Error::new(
            ErrorKind::Value,
            "`concat` needs at least one frame, not 0",
        )),
        [only] => only.clone(),
        frames => Frame::on(FrameOp::Concat, frames.to_vec()),
    }
}

impl From<DataFrame> for Frame {
    /// A lazy frame of `table`, in one partition.
    #[track_caller]
    fn from(table: DataFrame) -> Self {
        let name = match table.token() {
            Some(token) => Name::of("from-dataframe", token),
            None => Name::unique("from-dataframe"),
        };
        let bytes = table.bytes();
        let meta = table.slice(0, 0);
        let op = FrameOp::Partitions(vec![Value::with_bytes(table, bytes)]);
        Frame::with_site(name, op, Vec::new(), Site::caller()).with_meta(meta)
    }
}

/// By the name: what goes into a call of a pure function.
impl Hash for Frame {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name().hash(state);
    }
}

impl Compute for Frame {
    type Output = DataFrame;
    type Persisted = Frame;

    fn collections(&self, outputs: &mut Vec<Collection>) {
        outputs.push(Collection::Frame(self.clone()));
    }

    fn from_values(&self, values: &mut dyn Iterator<Item = Value>) -> Result<DataFrame> {
        values
            .next()
            .and_then(Value::into_inner)
            .ok_or_else(|| Error::new(ErrorKind::Task, format!("`{}` gave no table", self.name())))
    }

    fn from_blocks(&self, blocks: &mut Blocks, site: Site) -> Result<Frame> {
        let partitions = blocks.next().ok_or_else(|| no_result(self.name()))?;
        let op = FrameOp::Partitions(partitions);
        let frame = Frame::with_site(*self.name(), op, Vec::new(), site);
        Ok(match self.node.meta.get() {
            Some(meta) => frame.with_meta(meta.clone()),
            None => frame,
        })
    }
}

impl Render for Frame {
    fn render(&self) -> MimeBundle {
        match engine() {
            Ok(engine) => engine.render(&Collection::Frame(self.clone())),
            Err(_) => MimeBundle::plain(format!("{self:?}")),
        }
    }
}

impl Render for DataFrame {
    fn render(&self) -> MimeBundle {
        match engine() {
            Ok(engine) => engine.render_table(self),
            Err(_) => MimeBundle::plain(self.to_string()),
        }
    }
}

impl fmt::Debug for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Frame({}", self.name())?;
        if let Some(meta) = self.node.meta.get() {
            write!(f, "; {}", meta.schema())?;
        }
        f.write_str(")")
    }
}
