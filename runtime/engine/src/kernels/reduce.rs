//! Reductions of one chunk, strip by strip, and the merging of what they give.

use std::ops::Range;

use dagbok::array::{Buffer, Element, NdArray, Reduction, ReductionFn};
use dagbok::{DType, Result, each_buffer};

use super::elementwise::Argument;
use super::number::Number;
use super::program::{Leaf, Program};
use super::strided::{Affine, Walk};

/// What a reduction knows of some elements: enough to merge it with that of others.
#[derive(Clone, Debug)]
pub(crate) enum Partial {
    /// Sums, products, extremes.
    Fold(Buffer),
    /// Counts, means, and sums of squared deviations from the mean.
    Moments(Moments),
    /// The best elements and where they are in the whole array, -1 for nowhere.
    Places(Buffer, Vec<i64>),
}

/// The bytes of what a chunk gives for each element of the result; see [`Partial::nbytes`].
pub(crate) fn partial_itemsize(reduction: &Reduction) -> usize {
    match reduction.function {
        ReductionFn::Var | ReductionFn::Std => 24,
        ReductionFn::Argmin | ReductionFn::Argmax => reduction.computed.itemsize() + 8,
        _ => reduction.computed.itemsize(),
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Moments {
    pub(crate) counts: Vec<f64>,
    pub(crate) means: Vec<f64>,
    pub(crate) squares: Vec<f64>,
}

impl Partial {
    pub(crate) fn nbytes(&self) -> usize {
        match self {
            Partial::Fold(buffer) => buffer.nbytes(),
            Partial::Moments(moments) => 24 * moments.counts.len(),
            Partial::Places(buffer, places) => buffer.nbytes() + 8 * places.len(),
        }
    }
}

/// Where a chunk is in its array, for the places that `argmin` and `argmax` give.
#[derive(Clone, Debug)]
pub(crate) struct Position {
    pub(crate) offset: Box<[usize]>,
    pub(crate) shape: Box<[usize]>,
}

/// Reduces the chunk of `shape` that `program` makes of `leaves`; `position` says where it is in an array of `whole`.
///
/// # Errors
/// What the program returns.
pub(crate) fn reduce(
    program: &Program,
    leaves: Vec<Leaf>,
    position: &Position,
    whole: &[usize],
    reduction: &Reduction,
) -> Result<Partial> {
    let shape = &*position.shape;
    let layout = Layout::new(shape, &reduction.axes);
    let mut accumulator = Accumulator::new(reduction, layout.len);
    let mut start = 0;
    program.strips(leaves, shape, &mut |argument, len| {
        accumulator.add(&layout, start, &argument, len);
        start += len;
    })?;
    let mut partial = accumulator.finish();
    if let Partial::Places(_, places) = &mut partial {
        let global = |place: i64| globally(place, position, whole, &reduction.axes);
        places.iter_mut().for_each(|place| *place = global(*place));
    }
    Ok(partial)
}

/// A place in C order of a chunk as one in the whole array: in C order, or along the one axis that is reduced.
fn globally(place: i64, position: &Position, whole: &[usize], axes: &[bool]) -> i64 {
    if place < 0 {
        return place;
    }
    let mut rest = place as usize;
    let (mut flat, mut size) = (0, 1);
    for axis in (0..whole.len()).rev() {
        let index = position.offset[axis] + rest % position.shape[axis];
        rest /= position.shape[axis];
        if axes[axis] {
            flat += index * size;
            size *= whole[axis];
        }
    }
    flat as i64
}

/// Which element of the result each element of a chunk goes to.
struct Layout {
    walk: Walk,
    len: usize,
}

impl Layout {
    fn new(shape: &[usize], axes: &[bool]) -> Layout {
        let mut len = 1;
        let mut strides = vec![0; shape.len()];
        for axis in (0..shape.len()).rev() {
            if !axes[axis] {
                strides[axis] = len as isize;
                len *= shape[axis];
            }
        }
        let affine = Affine {
            offset: 0,
            strides: strides.into(),
        };
        Layout {
            walk: Walk::new(&affine, shape),
            len,
        }
    }
}

enum Accumulator {
    /// A sum of floats with what rounding has cost it so far.
    Sum(Vec<f64>, Vec<f64>),
    Fold(Fold, Buffer),
    Moments(Moments),
    Places(Fold, Buffer, Vec<i64>),
}

/// What two elements become.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fold {
    Sum,
    Product,
    Least,
    Greatest,
}

impl Fold {
    fn of(function: ReductionFn) -> Fold {
        match function {
            ReductionFn::Prod => Fold::Product,
            ReductionFn::Min | ReductionFn::All | ReductionFn::Argmin => Fold::Least,
            ReductionFn::Max | ReductionFn::Any | ReductionFn::Argmax => Fold::Greatest,
            ReductionFn::Sum | ReductionFn::Mean | ReductionFn::Var | ReductionFn::Std => Fold::Sum,
        }
    }

    /// `len` elements that change nothing.
    fn identity(self, dtype: DType, len: usize) -> Buffer {
        fn number<T: Number>(fold: Fold, zero: T, one: T, len: usize) -> Buffer {
            let identity = match fold {
                Fold::Sum => zero,
                Fold::Product => one,
                Fold::Least => T::HIGHEST,
                Fold::Greatest => T::LOWEST,
            };
            T::wrap(vec![identity; len])
        }
        match dtype {
            DType::Bool => Buffer::Bool(vec![self == Fold::Least; len]),
            DType::U8 => number::<u8>(self, 0, 1, len),
            DType::U16 => number::<u16>(self, 0, 1, len),
            DType::U32 => number::<u32>(self, 0, 1, len),
            DType::U64 => number::<u64>(self, 0, 1, len),
            DType::I8 => number::<i8>(self, 0, 1, len),
            DType::I16 => number::<i16>(self, 0, 1, len),
            DType::I32 => number::<i32>(self, 0, 1, len),
            DType::I64 => number::<i64>(self, 0, 1, len),
            DType::F32 => number::<f32>(self, 0.0, 1.0, len),
            DType::F64 => number::<f64>(self, 0.0, 1.0, len),
        }
    }
}

/// Runs `$call` with `$fold` as a function of two elements.
macro_rules! each_fold {
    ($which:expr, $type:ty, $fold:ident => $call:expr) => {
        match $which {
            Fold::Sum => {
                let $fold = <$type as Number>::add;
                $call
            }
            Fold::Product => {
                let $fold = <$type as Number>::multiply;
                $call
            }
            Fold::Least => {
                let $fold = <$type as Number>::minimum;
                $call
            }
            Fold::Greatest => {
                let $fold = <$type as Number>::maximum;
                $call
            }
        }
    };
}

/// Runs `$call` with `$into` and `$values` bound to the vectors of two buffers of the same numbers.
macro_rules! each_number {
    ($left:expr, $right:expr, $into:ident, $values:ident, $type:ident => $call:expr, bool => $logic:expr) => {
        match ($left, $right) {
            (Buffer::Bool($into), Buffer::Bool($values)) => $logic,
            (Buffer::U8($into), Buffer::U8($values)) => {
                type $type = u8;
                $call
            }
            (Buffer::U16($into), Buffer::U16($values)) => {
                type $type = u16;
                $call
            }
            (Buffer::U32($into), Buffer::U32($values)) => {
                type $type = u32;
                $call
            }
            (Buffer::U64($into), Buffer::U64($values)) => {
                type $type = u64;
                $call
            }
            (Buffer::I8($into), Buffer::I8($values)) => {
                type $type = i8;
                $call
            }
            (Buffer::I16($into), Buffer::I16($values)) => {
                type $type = i16;
                $call
            }
            (Buffer::I32($into), Buffer::I32($values)) => {
                type $type = i32;
                $call
            }
            (Buffer::I64($into), Buffer::I64($values)) => {
                type $type = i64;
                $call
            }
            (Buffer::F32($into), Buffer::F32($values)) => {
                type $type = f32;
                $call
            }
            (Buffer::F64($into), Buffer::F64($values)) => {
                type $type = f64;
                $call
            }
            (into, values) => unreachable!("folding {} into {}", values.dtype(), into.dtype()),
        }
    };
}

impl Accumulator {
    fn new(reduction: &Reduction, len: usize) -> Accumulator {
        let (function, dtype) = (reduction.function, reduction.computed);
        let fold = Fold::of(function);
        match function {
            ReductionFn::Sum | ReductionFn::Mean if dtype == DType::F64 => {
                Accumulator::Sum(vec![0.0; len], vec![0.0; len])
            }
            ReductionFn::Var | ReductionFn::Std => Accumulator::Moments(Moments {
                counts: vec![0.0; len],
                means: vec![0.0; len],
                squares: vec![0.0; len],
            }),
            ReductionFn::Argmin | ReductionFn::Argmax => {
                Accumulator::Places(fold, fold.identity(dtype, len), vec![-1; len])
            }
            _ => Accumulator::Fold(fold, fold.identity(dtype, len)),
        }
    }

    /// Takes the elements `start..start + len` of the chunk, which are in `argument`.
    fn add(&mut self, layout: &Layout, start: usize, argument: &Argument<'_>, len: usize) {
        let whole;
        let (buffer, range) = match argument {
            Argument::Slice(buffer, range) => (*buffer, range.clone()),
            Argument::One(one) => {
                whole = repeat(one, len);
                (&whole, 0..len)
            }
        };
        let mut from = range.start;
        layout.walk.runs(start, len, |place, step, n| {
            let values = from..from + n;
            let place = place as usize;
            match step {
                0 => self.many_to_one(place, buffer, values, start + from - range.start),
                _ => self.each_to_its_own(place, buffer, values, start + from - range.start),
            }
            from += n;
        });
    }

    /// Folds all `values` into one element; `flat` is their place in the chunk.
    fn many_to_one(&mut self, place: usize, buffer: &Buffer, values: Range<usize>, flat: usize) {
        match self {
            Accumulator::Sum(sums, errors) => {
                let Buffer::F64(buffer) = buffer else {
                    unreachable!("sums are computed as f64");
                };
                let sum = pairwise(&buffer[values]);
                add_exactly(&mut sums[place], &mut errors[place], sum);
            }
            Accumulator::Fold(which, into) => {
                each_number!(into, buffer, into, buffer, T => {
                    each_fold!(*which, T, fold => {
                        into[place] = fold(into[place], lanes(&buffer[values], into[place], fold));
                    });
                }, bool => {
                    let values = &buffer[values];
                    let hit = *which == Fold::Greatest;
                    if values.contains(&hit) {
                        into[place] = hit;
                    }
                });
            }
            Accumulator::Moments(moments) => {
                let Buffer::F64(buffer) = buffer else {
                    unreachable!("moments are computed as f64");
                };
                moments.add_all(place, &buffer[values]);
            }
            Accumulator::Places(which, best, places) => {
                each_number!(best, buffer, best, buffer, T => {
                    let better = better::<T>(*which);
                    for (idx, &value) in buffer[values].iter().enumerate() {
                        if places[place] < 0 || better(value, best[place]) {
                            (best[place], places[place]) = (value, (flat + idx) as i64);
                        }
                    }
                }, bool => {
                    for (idx, &value) in buffer[values].iter().enumerate() {
                        if places[place] < 0 || better_truth(*which, value, best[place]) {
                            (best[place], places[place]) = (value, (flat + idx) as i64);
                        }
                    }
                });
            }
        }
    }

    /// Folds `values` into as many elements from `place` on.
    fn each_to_its_own(
        &mut self,
        place: usize,
        buffer: &Buffer,
        values: Range<usize>,
        flat: usize,
    ) {
        let targets = place..place + values.len();
        match self {
            Accumulator::Sum(sums, errors) => {
                let Buffer::F64(buffer) = buffer else {
                    unreachable!("sums are computed as f64");
                };
                let sums = sums[targets.clone()].iter_mut().zip(&mut errors[targets]);
                for ((sum, error), &value) in sums.zip(&buffer[values]) {
                    add_exactly(sum, error, value);
                }
            }
            Accumulator::Fold(which, into) => {
                each_number!(into, buffer, into, buffer, T => {
                    each_fold!(*which, T, fold => {
                        for (into, &value) in into[targets].iter_mut().zip(&buffer[values]) {
                            *into = fold(*into, value);
                        }
                    });
                }, bool => {
                    let hit = *which == Fold::Greatest;
                    for (into, &value) in into[targets].iter_mut().zip(&buffer[values]) {
                        *into = if value == hit { hit } else { *into };
                    }
                });
            }
            Accumulator::Moments(moments) => {
                let Buffer::F64(buffer) = buffer else {
                    unreachable!("moments are computed as f64");
                };
                moments.add_each(place, &buffer[values]);
            }
            Accumulator::Places(..) => {
                for (idx, place) in targets.enumerate() {
                    let value = values.start + idx;
                    self.many_to_one(place, buffer, value..value + 1, flat + idx);
                }
            }
        }
    }

    fn finish(self) -> Partial {
        match self {
            Accumulator::Sum(mut sums, errors) => {
                for (sum, error) in sums.iter_mut().zip(errors) {
                    // The error of an infinite sum is no number.
                    *sum += if error.is_finite() { error } else { 0.0 };
                }
                Partial::Fold(Buffer::F64(sums))
            }
            Accumulator::Fold(_, buffer) => Partial::Fold(buffer),
            Accumulator::Moments(moments) => Partial::Moments(moments),
            Accumulator::Places(_, best, places) => Partial::Places(best, places),
        }
    }
}

fn repeat(one: &Buffer, len: usize) -> Buffer {
    fn repeat<T: Element>(one: &[T], len: usize) -> Buffer {
        T::wrap(vec![one[0]; len])
    }
    each_buffer!(one, one => repeat(one, len))
}

/// Adds `value` to `sum` and what the addition rounded off to `error` (Knuth's two-sum).
#[inline]
fn add_exactly(sum: &mut f64, error: &mut f64, value: f64) {
    let total = *sum + value;
    let of_value = total - *sum;
    let of_sum = total - of_value;
    *error += (*sum - of_sum) + (value - of_value);
    *sum = total;
}

/// The sum of `values` by halves, so that rounding errors grow with the logarithm of their number.
fn pairwise(values: &[f64]) -> f64 {
    match values.len() {
        ..=128 => lanes(values, 0.0, f64::add),
        len => {
            let (left, right) = values.split_at((len / 2).next_multiple_of(16));
            pairwise(left) + pairwise(right)
        }
    }
}

/// Folds `values` in 16 lanes side by side, which the compiler turns into vector instructions, and then the lanes.
fn lanes<T: Copy>(values: &[T], identity: T, fold: impl Fn(T, T) -> T) -> T {
    let (groups, rest) = values.as_chunks::<16>();
    let Some((first, groups)) = groups.split_first() else {
        return match rest.split_first() {
            Some((first, rest)) => rest.iter().fold(*first, |sum, &value| fold(sum, value)),
            None => identity,
        };
    };
    let mut lanes = *first;
    for group in groups {
        for (lane, &value) in lanes.iter_mut().zip(group) {
            *lane = fold(*lane, value);
        }
    }
    for width in [8, 4, 2, 1] {
        for idx in 0..width {
            lanes[idx] = fold(lanes[idx], lanes[idx + width]);
        }
    }
    rest.iter().fold(lanes[0], |sum, &value| fold(sum, value))
}

/// Whether the first number is strictly better than the second; NaN is better than any number.
fn better<T: Number>(which: Fold) -> impl Fn(T, T) -> bool {
    move |value, best| {
        let ahead = match which {
            Fold::Least => value < best,
            _ => value > best,
        };
        ahead || (value.is_nan() && !best.is_nan())
    }
}

fn better_truth(which: Fold, value: bool, best: bool) -> bool {
    value != best && value == (which == Fold::Greatest)
}

impl Moments {
    /// Merges one group of values into an element: Chan, Golub and LeVeque 1979.
    fn merge(&mut self, place: usize, count: f64, mean: f64, squares: f64) {
        if count == 0.0 {
            return;
        }
        let total = self.counts[place] + count;
        let delta = mean - self.means[place];
        self.squares[place] += squares + delta * delta * self.counts[place] * count / total;
        self.means[place] += delta * count / total;
        self.counts[place] = total;
    }

    fn add_all(&mut self, place: usize, values: &[f64]) {
        let count = values.len() as f64;
        let mean = pairwise(values) / count;
        let (groups, rest) = values.as_chunks::<16>();
        let mut sums = [0.0; 16];
        for group in groups {
            for (sum, value) in sums.iter_mut().zip(group) {
                *sum += (value - mean) * (value - mean);
            }
        }
        let rest: f64 = rest
            .iter()
            .map(|value| (value - mean) * (value - mean))
            .sum();
        self.merge(place, count, mean, sums.iter().sum::<f64>() + rest);
    }

    /// One value more for each element from `place` on: Welford's recurrence. Their counts are the same, as rows are
    /// taken one after the other.
    fn add_each(&mut self, place: usize, values: &[f64]) {
        let targets = place..place + values.len();
        let count = self.counts[place] + 1.0;
        self.counts[targets.clone()].fill(count);
        let parts = self.means[targets.clone()]
            .iter_mut()
            .zip(&mut self.squares[targets]);
        let share = 1.0 / count;
        for ((mean, squares), &value) in parts.zip(values) {
            let delta = value - *mean;
            *mean += delta * share;
            *squares += delta * (value - *mean);
        }
    }
}

/// What all `partials` know together.
pub(crate) fn merge(partials: &[&Partial], reduction: &Reduction) -> Partial {
    let fold = Fold::of(reduction.function);
    let (first, rest) = partials.split_first().expect("a merge has inputs");
    let mut merged = (*first).clone();
    for other in rest {
        match (&mut merged, other) {
            (Partial::Fold(into), Partial::Fold(values)) => fold_all(fold, into, values),
            (Partial::Moments(into), Partial::Moments(other)) => {
                for place in 0..into.counts.len() {
                    let (mean, squares) = (other.means[place], other.squares[place]);
                    into.merge(place, other.counts[place], mean, squares);
                }
            }
            (Partial::Places(into, at), Partial::Places(values, other_at)) => {
                better_places(fold, into, at, values, other_at);
            }
            _ => unreachable!("partial results of one reduction are of one kind"),
        }
    }
    merged
}

fn fold_all(which: Fold, into: &mut Buffer, values: &Buffer) {
    each_number!(into, values, into, values, T => {
        each_fold!(which, T, fold => {
            for (into, &value) in into.iter_mut().zip(values) {
                *into = fold(*into, value);
            }
        });
    }, bool => {
        let hit = which == Fold::Greatest;
        for (into, &value) in into.iter_mut().zip(values) {
            *into = if value == hit { hit } else { *into };
        }
    });
}

fn better_places(
    which: Fold,
    into: &mut Buffer,
    at: &mut [i64],
    values: &Buffer,
    other_at: &[i64],
) {
    /// Whether the other is to be taken: it is better, or as good and earlier.
    fn other_wins(better: bool, worse: bool, at: i64, other_at: i64) -> bool {
        other_at >= 0 && (at < 0 || better || (!worse && other_at < at))
    }
    each_number!(into, values, into, values, T => {
        let better = better::<T>(which);
        for idx in 0..at.len() {
            let (own, other) = (into[idx], values[idx]);
            if other_wins(better(other, own), better(own, other), at[idx], other_at[idx]) {
                (into[idx], at[idx]) = (other, other_at[idx]);
            }
        }
    }, bool => {
        for idx in 0..at.len() {
            let (own, other) = (into[idx], values[idx]);
            let (wins, loses) = (better_truth(which, other, own), better_truth(which, own, other));
            if other_wins(wins, loses, at[idx], other_at[idx]) {
                (into[idx], at[idx]) = (other, other_at[idx]);
            }
        }
    });
}

/// The chunk of `shape` and `dtype` that a reduction of `count` elements each gives.
pub(crate) fn finish(
    partial: &Partial,
    reduction: &Reduction,
    count: usize,
    shape: &[usize],
    dtype: DType,
) -> Result<NdArray> {
    let buffer = match partial {
        Partial::Fold(Buffer::F64(sums)) if reduction.function == ReductionFn::Mean => {
            Buffer::F64(sums.iter().map(|sum| sum / count as f64).collect())
        }
        Partial::Fold(buffer) => buffer.clone(),
        Partial::Places(_, places) => Buffer::I64(places.clone()),
        Partial::Moments(moments) => {
            let divisor = (count as f64 - reduction.ddof as f64).max(0.0);
            let variances = moments.squares.iter().map(|squares| squares / divisor);
            Buffer::F64(match reduction.function {
                ReductionFn::Std => variances.map(f64::sqrt).collect(),
                _ => variances.collect(),
            })
        }
    };
    let buffer = if buffer.dtype() == dtype {
        buffer
    } else {
        buffer.cast(dtype)
    };
    NdArray::from_buffer(shape.to_vec(), buffer)
}
