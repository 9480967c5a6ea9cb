//! Arrays in memory: what a chunk is, and what computing an array gives.

use std::fmt;
use std::sync::Arc;

use super::format::{NumberFormat, print};
use super::{Buffer, DType, Dims, Element, Scalar};
use crate::display::{MimeBundle, Render};
use crate::raise::or_raise;
use crate::sealed::Sealed;
use crate::{Error, ErrorKind, Result};

/// An n-dimensional array in memory, in C order. Clones share the elements.
///
/// ```
/// use dagbok::NdArray;
///
/// let table = NdArray::from([[1, 2, 3], [4, 5, 6]]);
/// assert_eq!(table.shape(), [2, 3]);
/// assert_eq!(table.to_vec::<i32>()?, [1, 2, 3, 4, 5, 6]);
/// assert_eq!(table.to_string(), "[[1 2 3]\n [4 5 6]]");
/// # Ok::<(), dagbok::Error>(())
/// ```
#[derive(Clone)]
pub struct NdArray {
    shape: Sealed<Vec<usize>>,
    buffer: Sealed<Arc<Buffer>>,
}

impl NdArray {
    /// An array of `shape` over `buffer`, which has as many elements.
    fn of(shape: Vec<usize>, buffer: Buffer) -> Self {
        NdArray {
            shape: shape.into(),
            buffer: Arc::new(buffer).into(),
        }
    }

    /// An array of `shape` over `values` in C order.
    ///
    /// # Errors
    /// [`ErrorKind::Shape`] if the shape has another number of elements.
    ///
    /// ```
    /// use dagbok::NdArray;
    ///
    /// let square = NdArray::new([2, 2], vec![1.0, 2.0, 3.0, 4.0])?;
    /// assert_eq!(square.get([1, 0])?.as_f64(), 3.0);
    /// # Ok::<(), dagbok::Error>(())
    /// ```
    pub fn new<T: Element>(shape: impl Into<Dims>, values: Vec<T>) -> Result<NdArray> {
        NdArray::from_buffer(shape.into().shape()?, T::wrap(values))
    }

    /// An array of `shape` over the elements of `buffer` in C order.
    ///
    /// # Errors
    /// [`ErrorKind::Shape`] if the shape has another number of elements.
    pub fn from_buffer(shape: Vec<usize>, buffer: impl Into<Arc<Buffer>>) -> Result<NdArray> {
        let buffer = buffer.into();
        if shape.iter().product::<usize>() != buffer.len() {
            return Err(Error::new(
                ErrorKind::Shape,
                format!(
                    "{} elements do not make an array of shape {}",
                    buffer.len(),
                    shape_text(&shape)
                ),
            ));
        }
        Ok(NdArray {
            shape: shape.into(),
            buffer: buffer.into(),
        })
    }

    /// The lengths of the axes.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// The type of the elements.
    pub fn dtype(&self) -> DType {
        self.buffer.dtype()
    }

    /// The number of axes.
    pub fn ndim(&self) -> usize {
        self.shape.len()
    }

    /// The number of elements.
    pub fn len(&self) -> usize {
        self.buffer.len()
    }

    /// Whether there are no elements.
    pub fn is_empty(&self) -> bool {
        self.buffer.is_empty()
    }

    /// The bytes of the elements.
    pub fn nbytes(&self) -> usize {
        self.buffer.nbytes()
    }

    /// The elements in C order.
    pub fn buffer(&self) -> &Arc<Buffer> {
        &self.buffer
    }

    /// The elements in C order, if they are of type `T`.
    ///
    /// # Errors
    /// [`ErrorKind::DType`] if they are not.
    pub fn as_slice<T: Element>(&self) -> Result<&[T]> {
        self.buffer.as_slice()
    }

    /// The elements in C order as `T`, to which the dtype must cast safely (`i32` to `i64` or `f64`, not `f64` to `i64`).
    ///
    /// # Errors
    /// [`ErrorKind::DType`] if it does not.
    pub fn to_vec<T: Element>(&self) -> Result<Vec<T>> {
        if let Some(values) = T::slice(&self.buffer) {
            return Ok(values.to_vec());
        }
        let cast = self.cast_safely(T::DTYPE)?;
        Ok(T::unwrap(cast).unwrap_or_default())
    }

    /// The only element, as `T`.
    ///
    /// # Errors
    /// [`ErrorKind::Shape`] if there is not exactly one element, [`ErrorKind::DType`] if the dtype does not cast safely to `T`.
    ///
    /// ```
    /// use dagbok::NdArray;
    ///
    /// assert_eq!(NdArray::from([[7]]).item::<i64>()?, 7);
    /// # Ok::<(), dagbok::Error>(())
    /// ```
    pub fn item<T: Element>(&self) -> Result<T> {
        match self.to_vec::<T>()?.as_slice() {
            [item] => Ok(*item),
            _ => Err(Error::new(
                ErrorKind::Shape,
                format!(
                    "an array of shape {} has not one single item",
                    shape_text(&self.shape)
                ),
            )),
        }
    }

    /// The element at `index`, one number an axis.
    ///
    /// # Errors
    /// [`ErrorKind::Index`] if the index is outside of the array or has not one number an axis.
    pub fn get(&self, index: impl AsRef<[usize]>) -> Result<Scalar> {
        let index = index.as_ref();
        let inside = index.len() == self.ndim()
            && index
                .iter()
                .zip(self.shape.iter())
                .all(|(idx, len)| idx < len);
        if !inside {
            return Err(Error::new(
                ErrorKind::Index,
                format!(
                    "index {} is outside of an array of shape {}",
                    shape_text(index),
                    shape_text(&self.shape)
                ),
            ));
        }
        let flat = index
            .iter()
            .zip(self.shape.iter())
            .fold(0, |flat, (idx, len)| flat * len + idx);
        Ok(self.scalar(flat))
    }

    /// All elements in C order as `f64`.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = f64> {
        let buffer = &*self.buffer;
        (0..self.len()).map(move |idx| scalar_at(buffer, idx).as_f64())
    }

    /// The same numbers as `dtype`: integers wrap around, floats are cut towards zero.
    ///
    /// ```
    /// use dagbok::{DType, NdArray};
    ///
    /// let whole = NdArray::from([1.9, -1.9]).astype(DType::I64);
    /// assert_eq!(whole, NdArray::from([1_i64, -1]));
    /// ```
    pub fn astype(&self, dtype: DType) -> NdArray {
        if dtype == self.dtype() {
            return self.clone();
        }
        NdArray::of(self.shape.to_vec(), self.buffer.cast(dtype))
    }

    /// The same elements in another shape, of which one length may be -1.
    ///
    /// # Panics
    /// If the shape has another number of elements.
    #[track_caller]
    pub fn reshape(&self, shape: impl Into<Dims>) -> NdArray {
        NdArray {
            shape: or_raise(shape.into().reshape(&self.shape)).into(),
            buffer: self.buffer.clone(),
        }
    }

    pub(super) fn scalar(&self, flat: usize) -> Scalar {
        scalar_at(&self.buffer, flat)
    }

    fn cast_safely(&self, dtype: DType) -> Result<Buffer> {
        if self.dtype().casts_safely_to(dtype) {
            return Ok(self.buffer.cast(dtype));
        }
        Err(Error::new(
            ErrorKind::DType,
            format!(
                "elements of dtype `{}` cannot be taken as `{dtype}`: call `.astype(DType::{dtype:?})` first",
                self.dtype()
            ),
        ))
    }
}

fn scalar_at(buffer: &Buffer, idx: usize) -> Scalar {
    each_buffer!(buffer, values => Scalar::from(values[idx]))
}

/// Arrays are equal if shape, dtype and all elements are; NaN differs from itself.
impl PartialEq for NdArray {
    fn eq(&self, other: &NdArray) -> bool {
        fn same<T: Element>(left: &[T], right: &Buffer) -> bool {
            T::slice(right).is_some_and(|right| left == right)
        }
        *self.shape == *other.shape
            && each_buffer!(&**self.buffer, values => same(values, &other.buffer))
    }
}

/// As NumPy's `str`: aligned, with `...` in the middle beyond 1000 elements.
impl fmt::Display for NdArray {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&print(self))
    }
}

impl fmt::Debug for NdArray {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{self}\nshape {}, {}",
            shape_text(&self.shape),
            self.dtype()
        )
    }
}

/// The most rows and columns that a table shows.
const TABLE_ROWS_MAX: usize = 20;
const TABLE_COLUMNS_MAX: usize = 20;

/// The text of NumPy, and a table where there are one or two axes.
impl Render for NdArray {
    fn render(&self) -> MimeBundle {
        let bundle = MimeBundle::plain(self.to_string());
        match *self.shape.as_slice() {
            [columns] if columns > 0 => bundle.with("text/html", self.html(1, columns)),
            [rows, columns] if rows > 0 && columns > 0 => {
                bundle.with("text/html", self.html(rows, columns))
            }
            _ => bundle,
        }
    }
}

impl NdArray {
    fn html(&self, rows: usize, columns: usize) -> String {
        let shown_rows = ends(rows, TABLE_ROWS_MAX);
        let shown_columns = ends(columns, TABLE_COLUMNS_MAX);
        let shown = || {
            let cells = shown_rows.iter().flatten();
            cells.flat_map(|row| {
                let columns = shown_columns.iter().flatten();
                columns.map(move |column| row * columns_of(self) + column)
            })
        };
        let format = NumberFormat::of(self, &mut shown());
        let mut html = String::from("<table><tbody>");
        for row in &shown_rows {
            html.push_str("<tr>");
            for column in &shown_columns {
                let cell = match (row, column) {
                    (Some(row), Some(column)) => format.number(self, row * columns + column),
                    _ => "…".to_owned(),
                };
                html.push_str(&format!(
                    "<td style=\"text-align: right\">{}</td>",
                    cell.trim()
                ));
            }
            html.push_str("</tr>");
        }
        html.push_str(&format!(
            "</tbody></table><small>shape {}, {}</small>",
            shape_text(&self.shape),
            self.dtype()
        ));
        html
    }
}

fn columns_of(array: &NdArray) -> usize {
    array.shape.last().copied().unwrap_or(1)
}

/// The places of `len` that are shown, `None` standing for those left out in the middle.
fn ends(len: usize, max: usize) -> Vec<Option<usize>> {
    if len <= max {
        return (0..len).map(Some).collect();
    }
    let half = max / 2;
    let head = (0..half).map(Some);
    let tail = (len - half..len).map(Some);
    head.chain([None]).chain(tail).collect()
}

/// A shape as Python writes it: `(3, 4)`, `(3,)`, `()`.
pub fn shape_text(shape: &[usize]) -> String {
    match shape {
        [len] => format!("({len},)"),
        _ => {
            let lengths: Vec<String> = shape.iter().map(usize::to_string).collect();
            format!("({})", lengths.join(", "))
        }
    }
}

impl From<&NdArray> for NdArray {
    fn from(array: &NdArray) -> Self {
        array.clone()
    }
}

impl From<Scalar> for NdArray {
    fn from(scalar: Scalar) -> Self {
        let buffer = match scalar {
            Scalar::Bool(value) => Buffer::Bool(vec![value]),
            Scalar::Float(value) => Buffer::F64(vec![value]),
            Scalar::Int(value) => match i64::try_from(value) {
                Ok(value) => Buffer::I64(vec![value]),
                Err(_) => Buffer::U64(vec![value as u64]),
            },
        };
        NdArray::of(Vec::new(), buffer)
    }
}

impl<T: Element> From<T> for NdArray {
    fn from(value: T) -> Self {
        NdArray::of(Vec::new(), T::wrap(vec![value]))
    }
}

impl<T: Element> From<Vec<T>> for NdArray {
    fn from(values: Vec<T>) -> Self {
        NdArray::of(vec![values.len()], T::wrap(values))
    }
}

impl<T: Element> From<&Vec<T>> for NdArray {
    fn from(values: &Vec<T>) -> Self {
        NdArray::from(values.as_slice())
    }
}

impl<T: Element> From<&[T]> for NdArray {
    fn from(values: &[T]) -> Self {
        NdArray::from(values.to_vec())
    }
}

impl<T: Element, const N: usize> From<[T; N]> for NdArray {
    fn from(values: [T; N]) -> Self {
        NdArray::from(values.to_vec())
    }
}

impl<T: Element, const N: usize, const M: usize> From<[[T; M]; N]> for NdArray {
    fn from(rows: [[T; M]; N]) -> Self {
        NdArray::of(vec![N, M], T::wrap(rows.concat()))
    }
}

impl<T: Element, const N: usize, const M: usize, const L: usize> From<[[[T; L]; M]; N]>
    for NdArray
{
    fn from(planes: [[[T; L]; M]; N]) -> Self {
        NdArray::of(vec![N, M, L], T::wrap(planes.concat().concat()))
    }
}

/// Rows of one length.
///
/// # Panics
/// If the rows differ in length.
impl<T: Element> From<Vec<Vec<T>>> for NdArray {
    #[track_caller]
    fn from(rows: Vec<Vec<T>>) -> Self {
        let columns = rows.first().map_or(0, Vec::len);
        let odd = rows.iter().position(|row| row.len() != columns);
        if let Some(odd) = odd {
            or_raise(Err(Error::new(
                ErrorKind::Shape,
                format!(
                    "row 0 has {columns} elements and row {odd} has {}",
                    rows[odd].len()
                ),
            )))
        }
        NdArray::of(vec![rows.len(), columns], T::wrap(rows.concat()))
    }
}
