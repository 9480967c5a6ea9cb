//! Reductions: one number for all elements along some axes.

use super::ndarray::shape_text;
use super::{Array, ArrayNode, ArrayOp, Axes, DType, DTypeKind, Reduction, ReductionFn};
use crate::raise::{or_raise, raise};
use crate::{Error, ErrorKind, Name, Site};

/// Over what and how to reduce: `()` for all axes, `0`, `-1`, `[0, 1]`, or [`axis`] with options.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reduce {
    axes: Axes,
    keepdims: bool,
    ddof: usize,
    dtype: Option<DType>,
}

/// The axes of a reduction, to which options can be added.
///
/// ```
/// use dagbok::prelude::*;
/// # dagbok_engine::install();
///
/// let x = arange(6).reshape([2, 3]);
/// assert_eq!(x.sum(axis(1).keepdims()).compute()?.to_string(), "[[ 3]\n [12]]");
/// assert_eq!(x.var(axis(()).ddof(1)).compute()?.item::<f64>()?, 3.5);
/// # Ok::<(), dagbok::Error>(())
/// ```
pub fn axis(axes: impl Into<Axes>) -> Reduce {
    Reduce {
        axes: axes.into(),
        keepdims: false,
        ddof: 0,
        dtype: None,
    }
}

impl Reduce {
    /// Keeps the reduced axes, with length 1.
    pub fn keepdims(mut self) -> Reduce {
        self.keepdims = true;
        self
    }

    /// What is subtracted from the number of elements in the divisor of a variance or standard deviation.
    pub fn ddof(mut self, ddof: usize) -> Reduce {
        self.ddof = ddof;
        self
    }

    /// The dtype in which a sum, product or mean is computed and returned.
    pub fn dtype(mut self, dtype: DType) -> Reduce {
        self.dtype = Some(dtype);
        self
    }
}

impl<A: Into<Axes>> From<A> for Reduce {
    fn from(axes: A) -> Self {
        axis(axes)
    }
}

impl ReductionFn {
    /// The name in graphs, which is NumPy's.
    pub fn name(self) -> &'static str {
        match self {
            ReductionFn::Sum => "sum",
            ReductionFn::Prod => "prod",
            ReductionFn::Min => "min",
            ReductionFn::Max => "max",
            ReductionFn::Mean => "mean",
            ReductionFn::Var => "var",
            ReductionFn::Std => "std",
            ReductionFn::Any => "any",
            ReductionFn::All => "all",
            ReductionFn::Argmin => "argmin",
            ReductionFn::Argmax => "argmax",
        }
    }

    fn has_identity(self) -> bool {
        !matches!(
            self,
            ReductionFn::Min | ReductionFn::Max | ReductionFn::Argmin | ReductionFn::Argmax
        )
    }

    /// The dtype of the result and the one in which elements are reduced.
    fn dtypes(self, of: DType, asked: Option<DType>) -> (DType, DType) {
        match self {
            ReductionFn::Sum | ReductionFn::Prod => {
                let result = asked.unwrap_or(match of.kind() {
                    DTypeKind::Bool | DTypeKind::Signed => DType::I64,
                    DTypeKind::Unsigned => DType::U64,
                    DTypeKind::Float => of,
                });
                let computed = match result.kind() {
                    DTypeKind::Float => DType::F64,
                    DTypeKind::Unsigned => DType::U64,
                    DTypeKind::Bool | DTypeKind::Signed => DType::I64,
                };
                (result, computed)
            }
            ReductionFn::Mean | ReductionFn::Var | ReductionFn::Std => {
                let result = match of.kind() {
                    DTypeKind::Float => of,
                    _ => DType::F64,
                };
                (asked.unwrap_or(result), DType::F64)
            }
            ReductionFn::Any | ReductionFn::All => (DType::Bool, DType::Bool),
            ReductionFn::Argmin | ReductionFn::Argmax => (DType::I64, of),
            ReductionFn::Min | ReductionFn::Max => (of, of),
        }
    }
}

/// `Array` methods that reduce: what they do, and an example from which the documentation's is made.
macro_rules! reductions {
    ($($(#[$doc:meta])* $method:ident => $function:ident: $values:tt gives $type:ident $result:expr;)+) => {
        impl Array {$(
            $(#[$doc])*
            #[doc = concat!(
                "\n```\nuse dagbok::prelude::*;\n# dagbok_engine::install();\n\nlet x = Array::from(",
                stringify!($values), ").", stringify!($method), "(());\nassert_eq!(x.compute()?.item::<",
                stringify!($type), ">()?, ", stringify!($result), ");\n# Ok::<(), dagbok::Error>(())\n```",
            )]
            #[track_caller]
            pub fn $method(&self, over: impl Into<Reduce>) -> Array {
                self.reduce(ReductionFn::$function, over.into())
            }
        )+}
    };
}

reductions! {
    /// The sum over `()`, an axis or several.
    ///
    /// Small integers and `bool` are summed as `i64` or `u64`, floats as `f64`; NaN makes the sum NaN, and there being
    /// no elements makes it 0.
    ///
    /// # Chunks
    /// A tree with fan-in 8: at most 8 partial results a level stay in memory.
    ///
    /// # Panics
    /// If the array has no such axis.
    ///
    /// ```
    /// use dagbok::prelude::*;
    /// # dagbok_engine::install();
    ///
    /// let x = ones([1000, 500]).rechunk(100);
    /// assert_eq!(x.sum(()).compute()?.item::<f64>()?, 500_000.0);
    /// assert_eq!(x.sum(0).shape(), [500]);
    /// assert!(x.sum([0, -1]).shape().is_empty());
    /// # Ok::<(), dagbok::Error>(())
    /// ```
    sum => Sum: [1, 2, 3] gives i64 6;
    /// The product over `()`, an axis or several; dtypes as for [`sum`](Array::sum).
    prod => Prod: [2, 3, 4] gives i64 24;
    /// The smallest element; NaN if there is one.
    ///
    /// # Panics
    /// If there are no elements along the axes.
    min => Min: [3, 1, 2] gives i32 1;
    /// The largest element; NaN if there is one.
    ///
    /// # Panics
    /// If there are no elements along the axes.
    max => Max: [3, 1, 2] gives i32 3;
    /// The mean, as `f64` for integers; NaN if there are no elements.
    mean => Mean: [1, 2, 6] gives f64 3.0;
    /// The variance: squared deviations from the mean, divided by the count less `ddof`.
    ///
    /// Counts, means and squared deviations of parts are merged (Chan, Golub and LeVeque 1979), so that a large mean
    /// costs no digits.
    ///
    /// ```
    /// use dagbok::prelude::*;
    /// # dagbok_engine::install();
    ///
    /// let x = Array::from([4.0, 7.0, 13.0, 16.0]) + 1e9;
    /// assert_eq!(x.var(axis(()).ddof(1)).compute()?.item::<f64>()?, 30.0);
    /// # Ok::<(), dagbok::Error>(())
    /// ```
    var => Var: [1.0, 3.0] gives f64 1.0;
    /// The standard deviation: the square root of [`var`](Array::var).
    std => Std: [1.0, 5.0] gives f64 2.0;
    /// Whether an element is not zero.
    any => Any: [0, 2] gives bool true;
    /// Whether all elements are not zero.
    all => All: [0, 2] gives bool false;
    /// The place of the first smallest element along an axis, or in C order over `()`; of the first NaN if there is one.
    ///
    /// # Panics
    /// If there are no elements along the axis, or several axes are given.
    argmin => Argmin: [3, 1, 1] gives i64 1;
    /// The place of the first largest element along an axis, or in C order over `()`; of the first NaN if there is one.
    ///
    /// # Panics
    /// If there are no elements along the axis, or several axes are given.
    argmax => Argmax: [3, 9, 9] gives i64 1;
}

impl Array {
    #[track_caller]
    fn reduce(&self, function: ReductionFn, options: Reduce) -> Array {
        let axes = or_raise(options.axes.resolve(self.ndim()));
        self.check_reduction(function, &options, &axes);
        let (dtype, computed) = function.dtypes(self.dtype(), options.dtype);
        let reduction = Reduction {
            function,
            keepdims: options.keepdims,
            ddof: options.ddof,
            computed,
            axes,
        };
        let kept = self.chunks().iter().zip(&reduction.axes);
        let kept = kept.filter(|(_, reduced)| options.keepdims || !**reduced);
        let chunks = kept.map(|(lengths, reduced)| match reduced {
            true => vec![1],
            false => lengths.clone(),
        });
        let chunks: Vec<Vec<usize>> = chunks.collect();
        Array::new(ArrayNode {
            name: Name::of(function.name(), (self.name(), &reduction, dtype)),
            op: ArrayOp::Reduce(reduction),
            inputs: vec![self.clone()],
            dtype,
            shape: chunks.iter().map(|lengths| lengths.iter().sum()).collect(),
            chunks,
            site: Site::caller(),
        })
    }

    #[track_caller]
    fn check_reduction(&self, function: ReductionFn, options: &Reduce, axes: &[bool]) {
        let lengths = |reduced: bool| {
            let axes = self.shape().iter().zip(axes);
            axes.filter(move |(_, is)| **is == reduced)
                .map(|(len, _)| *len)
        };
        let none = lengths(true).product::<usize>() == 0 && lengths(false).product::<usize>() > 0;
        if none && !function.has_identity() {
            raise(Error::new(
                ErrorKind::Value,
                format!(
                    "zero-size array to reduction operation {} which has no identity: shape {}",
                    function.name(),
                    shape_text(self.shape())
                ),
            ));
        }
        let places = matches!(function, ReductionFn::Argmin | ReductionFn::Argmax);
        if places && options.axes != Axes::All && lengths(true).count() > 1 {
            raise(Error::new(
                ErrorKind::Axis,
                format!(
                    "`{}` takes one axis or `()`, not {:?}",
                    function.name(),
                    options.axes
                ),
            ));
        }
        if let Some(dtype) = options.dtype.filter(|_| {
            !matches!(
                function,
                ReductionFn::Sum | ReductionFn::Prod | ReductionFn::Mean
            )
        }) {
            raise(Error::new(
                ErrorKind::Value,
                format!(
                    "`{}` does not take a dtype, here `{dtype}`",
                    function.name()
                ),
            ));
        }
    }
}
