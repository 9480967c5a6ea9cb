//! The array as an expression: what it is before it runs.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::path::PathBuf;
use std::sync::Arc;

use super::chunks::n_blocks;
use super::{ChunkSizes, DType, NdArray, Scalar, Signature, Ufunc};
use crate::compute::{Blocks, no_result};
use crate::delayed::DelayedNode;
use crate::display::{MimeBundle, Render};
use crate::engine::{Collection, engine};
use crate::raise::or_raise;
use crate::sealed::Sealed;
use crate::{
    Compute, Error, ErrorKind, Explanation, Graph, Name, Result, Site, Value, Visualization,
};

/// A lazy, chunked, n-dimensional array.
///
/// ```
/// use dagbok::prelude::*;
/// # dagbok_engine::install();
///
/// let x = arange(1_000).rechunk(100);
/// let mean_square = (&x * &x).mean(());
/// assert_eq!(mean_square.compute()?.item::<f64>()?, 332833.5);
/// # Ok::<(), dagbok::Error>(())
/// ```
#[derive(Clone)]
pub struct Array {
    node: Sealed<Arc<ArrayNode>>,
}

/// What an [`Array`] is before it runs: an operation on other arrays.
#[derive(Debug)]
pub struct ArrayNode {
    pub name: Name,
    pub op: ArrayOp,
    pub inputs: Vec<Array>,
    pub dtype: DType,
    pub shape: Vec<usize>,
    /// The lengths of the chunks along each axis.
    pub chunks: Vec<Vec<usize>>,
    pub site: Site,
}

/// The operation that makes an array from its inputs.
#[derive(Clone, Debug)]
pub enum ArrayOp {
    /// An array in memory, cut into chunks.
    Data(NdArray),
    /// Chunks in memory, in C order.
    Held(Vec<Value>),
    /// Elements that follow from their place.
    Source(Source),
    /// The elements of a file.
    Npy(NpyFile),
    /// What a call returns, which has the declared shape and dtype; one chunk.
    Delayed(Arc<DelayedNode>),
    /// A function of each element. The inputs broadcast; their chunks fit those of the result.
    Elementwise {
        function: Ufunc,
        operands: Vec<NodeInput>,
        signature: Signature,
    },
    /// A range along each axis.
    Slice(Vec<AxisRange>),
    /// For each axis of the result the axis of the input that it is, or `None` for a new one of length 1. Axes of the
    /// input that are not named have length 1.
    Axes(Vec<Option<usize>>),
    /// The input repeated along new axes and along those of length 1.
    Broadcast,
    /// The input in other chunks.
    Rechunk,
    /// The input's elements in C order, in another shape.
    Reshape,
    /// The inputs one after the other along an axis.
    Concatenate { axis: usize },
    /// One number for all elements along some axes.
    Reduce(Reduction),
    /// The matrix product of two inputs with two axes each.
    MatMul,
    /// A function of each chunk.
    MapBlocks(BlockFn),
}

/// An operand of a node: one of its inputs, or a scalar.
#[derive(Clone, Copy, Debug, PartialEq, Hash)]
pub enum NodeInput {
    /// The input with this index.
    Array(usize),
    Scalar(Scalar),
}

/// Elements that follow from their place alone, so that any chunk can be made without the others.
#[derive(Clone, Copy, Debug, PartialEq, Hash)]
pub enum Source {
    /// `start + place * step`.
    Arange { start: Scalar, step: Scalar },
    /// `count` numbers from `start` to `stop`, both included.
    Linspace {
        start: Scalar,
        stop: Scalar,
        count: usize,
    },
    /// The same everywhere.
    Full(Scalar),
    /// 1 where the row is the column, in a square of this many rows.
    Eye(usize),
    /// Random numbers.
    Random {
        stream: Stream,
        distribution: Distribution,
    },
}

/// A stream of random words: ChaCha8 keyed with `seed`, its stream number `stream`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Stream {
    pub seed: u64,
    pub stream: u64,
}

/// What random numbers are drawn from.
#[derive(Clone, Copy, Debug, PartialEq, Hash)]
pub enum Distribution {
    /// Uniform in `low..high`.
    Uniform { low: Scalar, high: Scalar },
    /// Normal with mean `loc` and standard deviation `scale`.
    Normal { loc: Scalar, scale: Scalar },
    /// Integers, uniform in `low..high`.
    Integers { low: i64, high: i64 },
}

/// A `.npy` file whose header has been read.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct NpyFile {
    pub path: PathBuf,
    pub shape: Vec<usize>,
    pub dtype: DType,
    /// Whether the first axis runs fastest.
    pub fortran_order: bool,
    pub big_endian: bool,
    /// Where the elements start, in bytes.
    pub data_offset: u64,
    /// Changes with the file, so that the array of a changed file has another name.
    pub token: u64,
}

/// A range along an axis of the input: `start`, `start + step`, …, `len` elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AxisRange {
    pub start: usize,
    pub step: isize,
    pub len: usize,
}

/// How elements along some axes become one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Reduction {
    pub function: ReductionFn,
    /// For each axis of the input whether it is reduced.
    pub axes: Vec<bool>,
    /// Whether reduced axes stay, with length 1.
    pub keepdims: bool,
    /// What is subtracted from the count in the divisor of a variance.
    pub ddof: usize,
    /// The dtype to which elements are cast before they are reduced.
    pub computed: DType,
}

/// A function of many elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ReductionFn {
    Sum,
    Prod,
    Min,
    Max,
    Mean,
    Var,
    Std,
    Any,
    All,
    Argmin,
    Argmax,
}

/// A function of one chunk.
#[derive(Clone)]
pub struct BlockFn(pub Arc<dyn Fn(&Block) -> NdArray + Send + Sync>);

impl fmt::Debug for BlockFn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BlockFn")
    }
}

/// A chunk and where it is in its array.
#[derive(Clone, Debug)]
pub struct Block {
    pub chunk: NdArray,
    /// The number of the chunk along each axis.
    pub index: Vec<usize>,
    /// The place of the chunk's first element in the array.
    pub offset: Vec<usize>,
}

impl Array {
    pub(crate) fn new(node: ArrayNode) -> Array {
        debug_assert_eq!(
            node.chunks
                .iter()
                .map(|lengths| lengths.iter().sum())
                .collect::<Vec<usize>>(),
            node.shape
        );
        Array {
            node: Arc::new(node).into(),
        }
    }

    /// The array's name in graphs and errors.
    pub fn name(&self) -> &Name {
        &self.node.name
    }

    /// The expression, for the engine.
    pub fn node(&self) -> &Arc<ArrayNode> {
        &self.node
    }

    /// The lengths of the axes.
    pub fn shape(&self) -> &[usize] {
        &self.node.shape
    }

    /// The type of the elements.
    pub fn dtype(&self) -> DType {
        self.node.dtype
    }

    /// The number of axes.
    pub fn ndim(&self) -> usize {
        self.node.shape.len()
    }

    /// The number of elements.
    pub fn size(&self) -> usize {
        self.node.shape.iter().product()
    }

    /// The bytes that the whole array would take.
    pub fn nbytes(&self) -> usize {
        self.size() * self.dtype().itemsize()
    }

    /// The lengths of the chunks along each axis.
    ///
    /// ```
    /// use dagbok::prelude::*;
    ///
    /// assert_eq!(arange(10).rechunk(4).chunks(), [[4, 4, 2]]);
    /// ```
    pub fn chunks(&self) -> &[Vec<usize>] {
        &self.node.chunks
    }

    /// The number of chunks along each axis.
    pub fn numblocks(&self) -> Vec<usize> {
        self.node.chunks.iter().map(Vec::len).collect()
    }

    /// The number of chunks.
    pub fn npartitions(&self) -> usize {
        n_blocks(&self.node.chunks)
    }

    /// Computes the array.
    ///
    /// # Errors
    /// The error of the first task that failed.
    ///
    /// ```
    /// use dagbok::prelude::*;
    /// # dagbok_engine::install();
    ///
    /// let squares = arange(4).square().compute()?;
    /// assert_eq!(squares.to_vec::<i64>()?, [0, 1, 4, 9]);
    /// # Ok::<(), dagbok::Error>(())
    /// ```
    pub fn compute(&self) -> Result<NdArray> {
        crate::compute_all(self)
    }

    /// Computes the chunks and keeps them: the same array, whose later uses start from them.
    ///
    /// # Errors
    /// The error of the first task that failed.
    ///
    /// ```
    /// use dagbok::prelude::*;
    /// # dagbok_engine::install();
    ///
    /// let x = default_rng(1).normal(0.0, 1.0, [1000, 1000]).rechunk([500, 500]).persist()?;
    /// assert_eq!(x.chunks(), [[500, 500], [500, 500]]);
    /// # Ok::<(), dagbok::Error>(())
    /// ```
    #[track_caller]
    pub fn persist(&self) -> Result<Array> {
        crate::persist_all(self)
    }

    /// The task graph, drawn.
    ///
    /// # Errors
    /// What planning the array returns.
    pub fn visualize(&self) -> Result<Visualization> {
        crate::visualize_all(self)
    }

    /// The task graph as a mapping of keys to tasks: one for each chunk of each array that this one is made of.
    ///
    /// # Errors
    /// As for [`visualize`](Array::visualize).
    pub fn graph(&self) -> Result<Graph> {
        crate::graph_of(self)
    }

    /// What [`compute`](Array::compute) will do, without doing it: how many tasks, and how much memory they are expected to take.
    ///
    /// # Errors
    /// As for [`visualize`](Array::visualize).
    pub fn explain(&self) -> Result<Explanation> {
        crate::explain_all(self)
    }

    /// The same array in chunks of other lengths. An array that is made from nothing, such as `zeros` or random
    /// numbers, is made in these chunks; others are cut and joined.
    ///
    /// # Panics
    /// If the lengths do not fit the shape.
    ///
    /// ```
    /// use dagbok::prelude::*;
    ///
    /// let x = ones([100, 60]);
    /// assert_eq!(x.rechunk(40).chunks(), [vec![40, 40, 20], vec![40, 20]]);
    /// assert_eq!(x.rechunk([50, -1]).chunks(), [vec![50, 50], vec![60]]);
    /// assert_eq!(x.rechunk([vec![10, 90], vec![60]]).chunks(), [vec![10, 90], vec![60]]);
    /// assert_eq!(x.rechunk("auto").chunks(), [[100], [60]]);
    /// ```
    #[track_caller]
    pub fn rechunk(&self, sizes: impl Into<ChunkSizes>) -> Array {
        let chunks = or_raise(sizes.into().chunks(self.shape(), self.dtype()));
        self.with_chunks(chunks)
    }

    #[track_caller]
    pub(crate) fn with_chunks(&self, chunks: Vec<Vec<usize>>) -> Array {
        if chunks == self.node.chunks {
            return self.clone();
        }
        let node = &self.node;
        let (name, op, inputs) = match &node.op {
            op @ (ArrayOp::Data(_) | ArrayOp::Source(_) | ArrayOp::Npy(_)) => {
                let token = (node.name, &chunks);
                (
                    Name::of(node.name.operation(), token),
                    op.clone(),
                    Vec::new(),
                )
            }
            _ => (
                Name::of("rechunk", (node.name, &chunks)),
                ArrayOp::Rechunk,
                vec![self.clone()],
            ),
        };
        Array::new(ArrayNode {
            name,
            op,
            inputs,
            dtype: node.dtype,
            shape: node.shape.clone(),
            chunks,
            site: Site::caller(),
        })
    }
}

fn chunk(value: Value) -> Result<NdArray> {
    let type_name = value.type_name();
    value.into_inner::<NdArray>().ok_or_else(|| {
        Error::new(
            ErrorKind::Task,
            format!("a task of an array returned a `{type_name}`"),
        )
    })
}

/// By the name: what goes into a call of a pure function.
impl Hash for Array {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name().hash(state);
    }
}

impl Compute for Array {
    type Output = NdArray;
    type Persisted = Array;

    fn collections(&self, outputs: &mut Vec<Collection>) {
        outputs.push(Collection::Array(self.clone()));
    }

    fn from_values(&self, values: &mut dyn Iterator<Item = Value>) -> Result<NdArray> {
        let value = values.next().ok_or_else(|| no_result(self.name()))?;
        chunk(value)
    }

    fn from_blocks(&self, blocks: &mut Blocks, site: Site) -> Result<Array> {
        let chunks = blocks.next().ok_or_else(|| no_result(self.name()))?;
        Ok(Array::new(ArrayNode {
            name: *self.name(),
            op: ArrayOp::Held(chunks),
            inputs: Vec::new(),
            dtype: self.dtype(),
            shape: self.node.shape.clone(),
            chunks: self.node.chunks.clone(),
            site,
        }))
    }
}

impl Render for Array {
    fn render(&self) -> MimeBundle {
        match engine() {
            Ok(engine) => engine.render(&Collection::Array(self.clone())),
            Err(_) => MimeBundle::plain(format!("{self:?}")),
        }
    }
}

/// As Dask writes it: name, shape, dtype and the length of the first chunk along each axis.
impl fmt::Debug for Array {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let chunk: Vec<usize> = self.chunks().iter().map(|lengths| lengths[0]).collect();
        write!(
            f,
            "Array({}, shape={}, dtype={}, chunks={})",
            self.name(),
            super::shape_text(self.shape()),
            self.dtype(),
            super::shape_text(&chunk)
        )
    }
}
