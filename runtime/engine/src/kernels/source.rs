//! Elements that follow from their place: ranges, constants, random numbers.

use dagbok::array::{Buffer, Element, Source};

use super::random;

/// Appends the elements at `place`, `place + step`, … of `source` in C order, `len` of them, to `out`.
pub(super) fn fill(source: &Source, place: isize, step: isize, len: usize, out: &mut Buffer) {
    let places = (0..len as isize).map(move |idx| place + idx * step);
    match (source, out) {
        (Source::Full(value), out) => {
            let one = value
                .to_buffer(out.dtype())
                .expect("checked when the array was made");
            repeat(&one, len, out);
        }
        (Source::Arange { start, step }, Buffer::F64(out)) => {
            let (start, step) = (start.as_f64(), step.as_f64());
            out.extend(places.map(|place| start + place as f64 * step));
        }
        (Source::Arange { start, step }, Buffer::I64(out)) => {
            let (start, step) = (integer(*start), integer(*step));
            out.extend(places.map(|place| start.wrapping_add((place as i64).wrapping_mul(step))));
        }
        (Source::Linspace { start, stop, count }, Buffer::F64(out)) => {
            let (start, stop, last) = (start.as_f64(), stop.as_f64(), *count as isize - 1);
            let step = (stop - start) / last.max(1) as f64;
            out.extend(places.map(|place| match place {
                0 => start,
                place if place == last => stop,
                place => start + place as f64 * step,
            }));
        }
        (Source::Eye(n), Buffer::F64(out)) => {
            let n = *n as isize;
            out.extend(places.map(|place| f64::from(u8::from(place / n == place % n))));
        }
        (
            Source::Random {
                stream,
                distribution,
            },
            out,
        ) => random::fill(*stream, distribution, place, step, len, out),
        (source, out) => unreachable!("{source:?} has not dtype {}", out.dtype()),
    }
}

fn integer(scalar: dagbok::array::Scalar) -> i64 {
    match scalar {
        dagbok::array::Scalar::Int(value) => value as i64,
        other => other.as_f64() as i64,
    }
}

fn repeat(one: &Buffer, len: usize, out: &mut Buffer) {
    fn repeat<T: Element>(one: &[T], len: usize, out: &mut Buffer) {
        let out = T::vector(out).expect("a constant is cast to the dtype");
        out.resize(out.len() + len, one[0]);
    }
    dagbok::each_buffer!(one, one => repeat(one, len, out));
}
