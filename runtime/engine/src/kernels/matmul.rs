//! The product of two chunks with two axes each.

use dagbok::array::{Buffer, Element, NdArray};
use dagbok::{Error, ErrorKind, Result, cancel};
use ndarray::linalg::general_mat_mul;
use ndarray::{ArrayView2, ArrayViewMut2, Axis, LinalgScalar};

use super::number::Number;

/// Products of two numbers between two looks at whether to stop: some tenths of a second.
const PRODUCTS_MAX: usize = 1 << 30;

/// `left` times `right`.
///
/// # Errors
/// [`ErrorKind::Cancelled`] after an interrupt.
pub(crate) fn matmul(left: &NdArray, right: &NdArray) -> Result<NdArray> {
    let (&[rows, inner], &[_, columns]) = (left.shape(), right.shape()) else {
        unreachable!("matrices have two axes");
    };
    let product = match (&**left.buffer(), &**right.buffer()) {
        (Buffer::F64(left), Buffer::F64(right)) => floats(left, right, [rows, inner, columns])?,
        (Buffer::F32(left), Buffer::F32(right)) => floats(left, right, [rows, inner, columns])?,
        (Buffer::U8(left), Buffer::U8(right)) => integers(left, right, [rows, inner, columns]),
        (Buffer::U16(left), Buffer::U16(right)) => integers(left, right, [rows, inner, columns]),
        (Buffer::U32(left), Buffer::U32(right)) => integers(left, right, [rows, inner, columns]),
        (Buffer::U64(left), Buffer::U64(right)) => integers(left, right, [rows, inner, columns]),
        (Buffer::I8(left), Buffer::I8(right)) => integers(left, right, [rows, inner, columns]),
        (Buffer::I16(left), Buffer::I16(right)) => integers(left, right, [rows, inner, columns]),
        (Buffer::I32(left), Buffer::I32(right)) => integers(left, right, [rows, inner, columns]),
        (Buffer::I64(left), Buffer::I64(right)) => integers(left, right, [rows, inner, columns]),
        (Buffer::Bool(left), Buffer::Bool(right)) => {
            let one = |values: &[bool]| values.iter().map(|&value| u8::from(value)).collect();
            let (left, right): (Vec<u8>, Vec<u8>) = (one(left), one(right));
            let joined = product(
                &left,
                &right,
                [rows, inner, columns],
                |sum, left, right| sum | (left & right),
                0,
            );
            Buffer::Bool(joined.into_iter().map(|value| value != 0).collect())
        }
        (left, right) => unreachable!("product of {} and {}", left.dtype(), right.dtype()),
    };
    NdArray::from_buffer(vec![rows, columns], product)
}

fn floats<T: Element + LinalgScalar>(
    left: &[T],
    right: &[T],
    [rows, inner, columns]: [usize; 3],
) -> Result<Buffer> {
    let shape = |error: ndarray::ShapeError| Error::new(ErrorKind::Shape, error.to_string());
    let mut out = vec![T::zero(); rows * columns];
    let left = ArrayView2::from_shape((rows, inner), left).map_err(shape)?;
    let right = ArrayView2::from_shape((inner, columns), right).map_err(shape)?;
    let mut target = ArrayViewMut2::from_shape((rows, columns), &mut out).map_err(shape)?;
    let n_rows = (PRODUCTS_MAX / (inner * columns).max(1)).max(1);
    let bands = target.axis_chunks_iter_mut(Axis(0), n_rows);
    for (mut target, left) in bands.zip(left.axis_chunks_iter(Axis(0), n_rows)) {
        if cancel::requested() {
            return Err(Error::new(ErrorKind::Cancelled, "interrupted"));
        }
        general_mat_mul(T::one(), &left, &right, T::zero(), &mut target);
    }
    Ok(T::wrap(out))
}

fn integers<T: Number + Default>(left: &[T], right: &[T], lengths: [usize; 3]) -> Buffer {
    let add = |sum: T, left: T, right: T| sum.add(left.multiply(right));
    T::wrap(product(left, right, lengths, add, T::default()))
}

/// Row by row, so that the innermost loop runs along rows of both `right` and the product.
fn product<T: Copy>(
    left: &[T],
    right: &[T],
    [rows, inner, columns]: [usize; 3],
    add: impl Fn(T, T, T) -> T,
    zero: T,
) -> Vec<T> {
    let mut out = vec![zero; rows * columns];
    if columns == 0 {
        return out;
    }
    for (row, out) in out.chunks_exact_mut(columns).enumerate() {
        for (idx, &factor) in left[row * inner..(row + 1) * inner].iter().enumerate() {
            let other = &right[idx * columns..(idx + 1) * columns];
            for (sum, &other) in out.iter_mut().zip(other) {
                *sum = add(*sum, factor, other);
            }
        }
    }
    out
}

/// The sum of some chunks of one shape.
///
/// # Errors
/// None: the chunks of a plan have one shape.
pub(crate) fn sum(chunks: &[&NdArray]) -> Result<NdArray> {
    let (first, rest) = chunks.split_first().expect("a sum has inputs");
    let mut sum = Buffer::clone(first.buffer());
    for chunk in rest {
        add_to(&mut sum, chunk.buffer());
    }
    NdArray::from_buffer(first.shape().to_vec(), sum)
}

fn add_to(sum: &mut Buffer, values: &Buffer) {
    fn add<T: Number>(sum: &mut [T], values: &[T]) {
        for (sum, &value) in sum.iter_mut().zip(values) {
            *sum = sum.add(value);
        }
    }
    match (sum, values) {
        (Buffer::F64(sum), Buffer::F64(values)) => add(sum, values),
        (Buffer::F32(sum), Buffer::F32(values)) => add(sum, values),
        (Buffer::U8(sum), Buffer::U8(values)) => add(sum, values),
        (Buffer::U16(sum), Buffer::U16(values)) => add(sum, values),
        (Buffer::U32(sum), Buffer::U32(values)) => add(sum, values),
        (Buffer::U64(sum), Buffer::U64(values)) => add(sum, values),
        (Buffer::I8(sum), Buffer::I8(values)) => add(sum, values),
        (Buffer::I16(sum), Buffer::I16(values)) => add(sum, values),
        (Buffer::I32(sum), Buffer::I32(values)) => add(sum, values),
        (Buffer::I64(sum), Buffer::I64(values)) => add(sum, values),
        (Buffer::Bool(sum), Buffer::Bool(values)) => {
            sum.iter_mut()
                .zip(values)
                .for_each(|(sum, value)| *sum |= value);
        }
        (sum, values) => unreachable!("sum of {} and {}", sum.dtype(), values.dtype()),
    }
}
