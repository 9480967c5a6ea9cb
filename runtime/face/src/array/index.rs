//! Basic slices, with NumPy's rules.

use super::arguments::Integer;
use super::ndarray::shape_text;
use super::{Array, ArrayNode, ArrayOp, AxisRange};
use crate::raise::{or_raise, raise};
use crate::{Error, ErrorKind, Name, Result, Site};

/// A new axis of length 1, in [`s!`](crate::s).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewAxis;

/// As many whole axes as are left, in [`s!`](crate::s).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ellipsis;

/// What is taken along one axis; [`s!`](crate::s) makes them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Index {
    /// One place; the axis goes away. Negative ones count from the end.
    At(i64),
    /// A range; negative ends count from the end, and ends outside of the axis are cut to it.
    Range {
        start: Option<i64>,
        end: Option<i64>,
        step: i64,
    },
    /// A new axis of length 1.
    NewAxis,
    /// As many whole axes as are left.
    Ellipsis,
}

impl Index {
    /// The same range in steps of `step`.
    ///
    /// # Panics
    /// If this is no range, or the step is 0.
    #[track_caller]
    pub fn step_by(self, step: impl Integer) -> Index {
        let step = step.to_i64();
        match self {
            Index::Range { start, end, .. } if step != 0 => Index::Range { start, end, step },
            _ if step == 0 => raise(Error::new(ErrorKind::Value, "a slice cannot have step 0")),
            _ => raise(Error::new(
                ErrorKind::Value,
                format!("only a range can have a step, not {self:?}"),
            )),
        }
    }
}

impl<I: Integer> From<I> for Index {
    fn from(place: I) -> Self {
        Index::At(place.to_i64())
    }
}

fn range<I: Integer>(start: Option<I>, end: Option<I>) -> Index {
    Index::Range {
        start: start.map(Integer::to_i64),
        end: end.map(Integer::to_i64),
        step: 1,
    }
}

impl<I: Integer> From<std::ops::Range<I>> for Index {
    fn from(ends: std::ops::Range<I>) -> Self {
        range(Some(ends.start), Some(ends.end))
    }
}

impl<I: Integer> From<std::ops::RangeFrom<I>> for Index {
    fn from(ends: std::ops::RangeFrom<I>) -> Self {
        range(Some(ends.start), None)
    }
}

impl<I: Integer> From<std::ops::RangeTo<I>> for Index {
    fn from(ends: std::ops::RangeTo<I>) -> Self {
        range(None, Some(ends.end))
    }
}

impl From<std::ops::RangeFull> for Index {
    fn from(_: std::ops::RangeFull) -> Self {
        range::<i64>(None, None)
    }
}

impl From<NewAxis> for Index {
    fn from(_: NewAxis) -> Self {
        Index::NewAxis
    }
}

impl From<Ellipsis> for Index {
    fn from(_: Ellipsis) -> Self {
        Index::Ellipsis
    }
}

/// The argument of [`Array::slice`]: one entry an axis, as between NumPy's brackets, with `;` before a step.
///
/// | here | NumPy |
/// |---|---|
/// | `s![3, -1]` | `[3, -1]` |
/// | `s![1..5, ..]` | `[1:5, :]` |
/// | `s![..;-1]` | `[::-1]` |
/// | `s![-8..-1;2]` | `[-8:-1:2]` |
/// | `s![NewAxis, 1..3, Ellipsis]` | `[None, 1:3, ...]` |
///
/// ```
/// use dagbok::prelude::*;
/// # dagbok_engine::install();
///
/// let x = arange(10);
/// assert_eq!(x.slice(s![2..9;3]).compute()?.to_vec::<i64>()?, [2, 5, 8]);
/// assert_eq!(x.slice(s![..;-4]).compute()?.to_vec::<i64>()?, [9, 5, 1]);
/// # Ok::<(), dagbok::Error>(())
/// ```
#[macro_export]
macro_rules! s {
    ($($index:expr $(; $step:expr)?),* $(,)?) => {
        &[$($crate::array::Index::from($index)$(.step_by($step))?),*]
    };
}

impl Array {
    /// A part of the array, with NumPy's rules: ranges are cut to the axis, single places outside of it are an error,
    /// axes that are not named stay whole.
    ///
    /// # Panics
    /// If a single place is outside of its axis, or there are more indices than axes.
    ///
    /// ```
    /// use dagbok::prelude::*;
    /// # dagbok_engine::install();
    ///
    /// let table = arange(12).reshape([3, 4]);
    /// assert_eq!(table.slice(s![1]).compute()?.to_vec::<i64>()?, [4, 5, 6, 7]);
    /// assert_eq!(table.slice(s![.., -1]).compute()?.to_vec::<i64>()?, [3, 7, 11]);
    /// assert_eq!(table.slice(s![1.., ..2]).compute()?.to_string(), "[[4 5]\n [8 9]]");
    /// # Ok::<(), dagbok::Error>(())
    /// ```
    #[track_caller]
    pub fn slice(&self, indices: &[Index]) -> Array {
        let Selection { ranges, axes } = or_raise(select(self.shape(), indices));
        self.ranges("getitem", ranges).axes("getitem", axes)
    }

    #[track_caller]
    pub(crate) fn ranges(&self, operation: &str, ranges: Vec<AxisRange>) -> Array {
        let whole = |(range, &len): (&AxisRange, &usize)| *range == AxisRange::whole(len);
        if ranges.iter().zip(self.shape()).all(whole) {
            return self.clone();
        }
        let cut = ranges.iter().zip(self.chunks());
        let chunks = cut.map(|(range, lengths)| range.chunks(lengths)).collect();
        Array::new(ArrayNode {
            name: Name::of(operation, (self.name(), &ranges)),
            shape: ranges.iter().map(|range| range.len).collect(),
            op: ArrayOp::Slice(ranges),
            inputs: vec![self.clone()],
            dtype: self.dtype(),
            chunks,
            site: Site::caller(),
        })
    }

    #[track_caller]
    pub(crate) fn axes(&self, operation: &str, axes: Vec<Option<usize>>) -> Array {
        if axes.iter().copied().eq((0..self.ndim()).map(Some)) {
            return self.clone();
        }
        let chunks = axes.iter().map(|axis| match axis {
            Some(axis) => self.chunks()[*axis].clone(),
            None => vec![1],
        });
        let chunks: Vec<Vec<usize>> = chunks.collect();
        Array::new(ArrayNode {
            name: Name::of(operation, (self.name(), &axes)),
            shape: chunks.iter().map(|lengths| lengths.iter().sum()).collect(),
            op: ArrayOp::Axes(axes),
            inputs: vec![self.clone()],
            dtype: self.dtype(),
            chunks,
            site: Site::caller(),
        })
    }
}

impl AxisRange {
    pub(crate) fn whole(len: usize) -> AxisRange {
        AxisRange {
            start: 0,
            step: 1,
            len,
        }
    }

    /// How many of the elements of each chunk are taken, in the order in which they are taken.
    fn chunks(&self, lengths: &[usize]) -> Vec<usize> {
        if self.len == 0 {
            return vec![0];
        }
        let (start, step) = (self.start as isize, self.step);
        let taken_below = |place: usize| {
            let place = place as isize;
            let taken = match step > 0 {
                true => (place - start + step - 1).div_euclid(step),
                false => self.len as isize - (start - place).div_euclid(-step) - 1,
            };
            taken.clamp(0, self.len as isize) as usize
        };
        let mut end = 0;
        let taken = lengths.iter().map(|len| {
            let before = taken_below(end);
            end += len;
            taken_below(end) - before
        });
        let mut taken: Vec<usize> = taken.filter(|&len| len > 0).collect();
        if step < 0 {
            taken.reverse();
        }
        taken
    }
}

struct Selection {
    ranges: Vec<AxisRange>,
    /// The axes of the result, before which the ranges have been taken.
    axes: Vec<Option<usize>>,
}

fn select(shape: &[usize], indices: &[Index]) -> Result<Selection> {
    let named = indices.iter().filter(|index| index.takes_axis()).count();
    let ellipses = indices.iter().filter(|index| **index == Index::Ellipsis);
    if named > shape.len() || ellipses.count() > 1 {
        let problem = match named > shape.len() {
            true => format!("{named} indices"),
            false => "more than one `Ellipsis`".to_owned(),
        };
        return Err(Error::new(
            ErrorKind::Index,
            format!("{problem} for an array of shape {}", shape_text(shape)),
        ));
    }
    let left = shape.len() - named;
    let mut ranges: Vec<AxisRange> = Vec::with_capacity(shape.len());
    let mut axes = Vec::with_capacity(shape.len());
    let whole = Index::from(..);
    let all = indices.iter().flat_map(|index| match index {
        Index::Ellipsis => std::iter::repeat_n(&whole, left),
        index => std::iter::repeat_n(index, 1),
    });
    for index in all {
        let axis = ranges.len();
        match *index {
            Index::NewAxis => axes.push(None),
            Index::At(place) => ranges.push(at(place, shape, axis)?),
            Index::Range { start, end, step } => {
                ranges.push(cut(start, end, step, shape[axis]));
                axes.push(Some(axis));
            }
            Index::Ellipsis => unreachable!("an ellipsis is whole axes by now"),
        }
    }
    for (axis, &len) in shape.iter().enumerate().skip(ranges.len()) {
        ranges.push(AxisRange::whole(len));
        axes.push(Some(axis));
    }
    Ok(Selection { ranges, axes })
}

impl Index {
    fn takes_axis(&self) -> bool {
        matches!(self, Index::At(_) | Index::Range { .. })
    }
}

fn at(place: i64, shape: &[usize], axis: usize) -> Result<AxisRange> {
    let len = shape[axis];
    let counted = if place < 0 {
        place.saturating_add(len as i64)
    } else {
        place
    };
    let start = usize::try_from(counted).ok().filter(|&start| start < len);
    let start = start.ok_or_else(|| {
        Error::new(
            ErrorKind::Index,
            format!(
                "index {place} is outside of axis {axis} of an array of shape {}",
                shape_text(shape)
            ),
        )
    })?;
    Ok(AxisRange {
        start,
        step: 1,
        len: 1,
    })
}

/// Python's rule for `start:end:step` on an axis of `len`.
fn cut(start: Option<i64>, end: Option<i64>, step: i64, len: usize) -> AxisRange {
    let axis = len as i64;
    let (low, high) = if step > 0 { (0, axis) } else { (-1, axis - 1) };
    let place = |place: i64| {
        let counted = if place < 0 {
            place.saturating_add(axis)
        } else {
            place
        };
        counted.clamp(low, high)
    };
    let start = start.map_or(if step > 0 { low } else { high }, place);
    let end = end.map_or(if step > 0 { high } else { low }, place);
    let distance = if step > 0 { end - start } else { start - end };
    let taken = match distance {
        ..=0 => 0,
        distance => (distance - 1) / step.saturating_abs() + 1,
    };
    match taken {
        0 => AxisRange {
            start: 0,
            step: 1,
            len: 0,
        },
        taken => AxisRange {
            start: start as usize,
            step: if taken == 1 { 1 } else { step as isize },
            len: taken as usize,
        },
    }
}
