//! Arrays as text, as NumPy's `str` prints them with its default options.

use super::{DType, NdArray, Scalar};

/// More elements than these are summarised.
const THRESHOLD: usize = 1000;
/// How many of a long axis are shown at each end.
const EDGE_ITEMS: usize = 3;
const LINE_WIDTH: usize = 75;
/// The most digits after the decimal point.
const PRECISION: usize = 8;

/// How the numbers of one array are written, so that they align.
pub(super) enum NumberFormat {
    /// Integers and truth values, padded to a width.
    Plain { width: usize },
    /// Decimal notation, padded on both sides of the point.
    Fixed { left: usize, right: usize },
    /// Scientific notation with a fixed number of digits.
    Exponent { digits: usize, width: usize },
}

impl NumberFormat {
    /// The format in which the elements of `array` at `places` align.
    pub(super) fn of(array: &NdArray, places: &mut dyn Iterator<Item = usize>) -> NumberFormat {
        if !array.dtype().is_float() {
            let width = places.map(|place| plain(array, place).len()).max();
            return NumberFormat::Plain {
                width: width.unwrap_or(0),
            };
        }
        let places: Vec<usize> = places.collect();
        let finite = places.iter().filter_map(|&place| {
            let value = array.scalar(place).as_f64();
            value.is_finite().then_some(value.abs())
        });
        let sizes: Vec<f64> = finite.filter(|&size| size != 0.0).collect();
        let largest = sizes.iter().copied().fold(0.0, f64::max);
        let smallest = sizes.iter().copied().fold(f64::INFINITY, f64::min);
        let exponent =
            !sizes.is_empty() && (largest >= 1e8 || smallest < 1e-4 || largest / smallest > 1000.0);
        if exponent {
            NumberFormat::exponent(array, &places)
        } else {
            NumberFormat::fixed(array, &places)
        }
    }

    fn fixed(array: &NdArray, places: &[usize]) -> NumberFormat {
        let texts: Vec<String> = places.iter().map(|&place| fixed(array, place)).collect();
        let numbers = texts.iter().filter_map(|text| text.split_once('.'));
        let (whole, digits): (Vec<usize>, Vec<usize>) = numbers
            .map(|(whole, digits)| (whole.len(), digits.len()))
            .unzip();
        let right = digits.into_iter().max().unwrap_or(0);
        let specials = texts.iter().filter(|text| !text.contains('.'));
        let special = specials.map(|text| text.len()).max().unwrap_or(0);
        let left = whole.into_iter().max().unwrap_or(0);
        let left = left.max(special.saturating_sub(right + 1));
        NumberFormat::Fixed { left, right }
    }

    fn exponent(array: &NdArray, places: &[usize]) -> NumberFormat {
        let finite = places.iter().filter_map(|&place| mantissa(array, place));
        let digits = finite.map(|(mantissa, _)| fraction(&mantissa).len()).max();
        let format = NumberFormat::Exponent {
            digits: digits.unwrap_or(0),
            width: 0,
        };
        let widths = places
            .iter()
            .map(|&place| format.number(array, place).len());
        NumberFormat::Exponent {
            digits: digits.unwrap_or(0),
            width: widths.max().unwrap_or(0),
        }
    }

    /// The element at `place`, padded.
    pub(super) fn number(&self, array: &NdArray, place: usize) -> String {
        match *self {
            NumberFormat::Plain { width } => format!("{:>width$}", plain(array, place)),
            NumberFormat::Fixed { left, right } => {
                let text = fixed(array, place);
                match text.split_once('.') {
                    Some((whole, digits)) => format!("{whole:>left$}.{digits:<right$}"),
                    None => format!("{text:>width$}", width = left + 1 + right),
                }
            }
            NumberFormat::Exponent { digits, width } => {
                let text = match mantissa(array, place) {
                    Some((mantissa, exponent)) => {
                        let whole = mantissa.split('.').next().unwrap_or_default();
                        let sign = if exponent < 0 { '-' } else { '+' };
                        format!(
                            "{whole}.{:0<digits$}e{sign}{:02}",
                            fraction(&mantissa),
                            exponent.abs()
                        )
                    }
                    None => special(array.scalar(place).as_f64()),
                };
                format!("{text:>width$}")
            }
        }
    }
}

fn plain(array: &NdArray, place: usize) -> String {
    match array.scalar(place) {
        Scalar::Bool(true) => "True".to_owned(),
        Scalar::Bool(false) => "False".to_owned(),
        other => other.to_string(),
    }
}

fn special(value: f64) -> String {
    if value.is_nan() {
        "nan".to_owned()
    } else if value > 0.0 {
        "inf".to_owned()
    } else {
        "-inf".to_owned()
    }
}

/// The shortest decimal text that reads back as the same number, cut to eight digits; always with a point.
fn fixed(array: &NdArray, place: usize) -> String {
    let value = array.scalar(place).as_f64();
    if !value.is_finite() {
        return special(value);
    }
    let shortest = match array.dtype() {
        DType::F32 => (value as f32).to_string(),
        _ => value.to_string(),
    };
    match shortest.split_once('.') {
        None => format!("{shortest}."),
        Some((_, digits)) if digits.len() <= PRECISION => shortest,
        Some(_) => {
            let cut = format!("{value:.PRECISION$}");
            cut.trim_end_matches('0').to_owned()
        }
    }
}

/// Mantissa and exponent of the shortest scientific notation, cut to eight digits.
fn mantissa(array: &NdArray, place: usize) -> Option<(String, i32)> {
    let value = array.scalar(place).as_f64();
    if !value.is_finite() {
        return None;
    }
    let mut text = match array.dtype() {
        DType::F32 => format!("{:e}", value as f32),
        _ => format!("{value:e}"),
    };
    if fraction(text.split('e').next()?).len() > PRECISION {
        text = format!("{value:.PRECISION$e}");
    }
    let (mantissa, exponent) = text.split_once('e')?;
    let mantissa = match mantissa.contains('.') {
        true => mantissa.trim_end_matches('0').to_owned(),
        false => mantissa.to_owned(),
    };
    Some((mantissa, exponent.parse().ok()?))
}

fn fraction(mantissa: &str) -> &str {
    mantissa.split_once('.').map_or("", |(_, digits)| digits)
}

/// The whole array as text.
pub(super) fn print(array: &NdArray) -> String {
    if array.ndim() == 0 {
        return print_scalar(array);
    }
    if array.is_empty() {
        return "[]".to_owned();
    }
    let printer = Printer {
        array,
        summarised: array.len() > THRESHOLD,
    };
    let mut places = Vec::new();
    printer.places(0, 0, &mut places);
    let format = NumberFormat::of(array, &mut places.into_iter());
    printer.axis(&format, 0, 0)
}

fn print_scalar(array: &NdArray) -> String {
    let value = array.scalar(0);
    match (value, array.dtype()) {
        (Scalar::Float(value), _) if !value.is_finite() => special(value),
        (Scalar::Float(value), DType::F32) => python_float(&format!("{:?}", value as f32)),
        (Scalar::Float(value), _) => python_float(&format!("{value:?}")),
        _ => plain(array, 0),
    }
}

/// `1e-5` as Python writes it, `1e-05`.
fn python_float(text: &str) -> String {
    match text.split_once('e') {
        Some((mantissa, exponent)) => {
            let (sign, digits) = match exponent.strip_prefix('-') {
                Some(digits) => ('-', digits),
                None => ('+', exponent),
            };
            let mantissa = mantissa.strip_suffix(".0").unwrap_or(mantissa);
            format!("{mantissa}e{sign}{digits:0>2}")
        }
        None => text.to_owned(),
    }
}

struct Printer<'a> {
    array: &'a NdArray,
    summarised: bool,
}

impl Printer<'_> {
    /// The places along an axis that are shown; `None` stands for those left out.
    fn shown(&self, axis: usize) -> Vec<Option<usize>> {
        let len = self.array.shape()[axis];
        if !self.summarised || len <= 2 * EDGE_ITEMS {
            return (0..len).map(Some).collect();
        }
        let head = (0..EDGE_ITEMS).map(Some);
        let tail = (len - EDGE_ITEMS..len).map(Some);
        head.chain([None]).chain(tail).collect()
    }

    fn places(&self, axis: usize, start: usize, places: &mut Vec<usize>) {
        if axis == self.array.ndim() {
            places.push(start);
            return;
        }
        for idx in self.shown(axis).into_iter().flatten() {
            self.places(axis + 1, start * self.array.shape()[axis] + idx, places);
        }
    }

    /// The part of the array from `axis` on, whose rows are indented by the brackets before them.
    fn axis(&self, format: &NumberFormat, axis: usize, start: usize) -> String {
        let len = self.array.shape()[axis];
        let shown = self.shown(axis);
        if axis + 1 == self.array.ndim() {
            let words = shown.into_iter().map(|idx| match idx {
                Some(idx) => format.number(self.array, start * len + idx),
                None => "...".to_owned(),
            });
            return wrap(words, axis + 1);
        }
        let gap = "\n".repeat(self.array.ndim() - axis - 1) + &" ".repeat(axis + 1);
        let parts = shown.into_iter().map(|idx| match idx {
            Some(idx) => self.axis(format, axis + 1, start * len + idx),
            None => "...".to_owned(),
        });
        format!("[{}]", parts.collect::<Vec<_>>().join(&gap))
    }
}

/// One row in brackets, broken at the line width.
fn wrap(words: impl Iterator<Item = String>, indent: usize) -> String {
    let mut text = String::from("[");
    let mut column = indent;
    for (idx, word) in words.enumerate() {
        let width = word.chars().count();
        if idx > 0 && column + 1 + width > LINE_WIDTH - indent {
            text.truncate(text.trim_end().len());
            text.push('\n');
            text.push_str(&" ".repeat(indent));
            column = indent;
        } else if idx > 0 {
            text.push(' ');
            column += 1;
        }
        text.push_str(&word);
        column += width;
    }
    text.push(']');
    text
}
