//! Partial results of reductions as bytes, for the disk.

use std::io::{self, Write};

use dagbok::Value;

use super::reduce::{Moments, Partial};
use crate::storage::codec::{Codec, Section, is, the, write_buffer, write_number, write_vector};

pub(crate) static CODECS: [Codec; 1] = [Codec {
    is_of: is::<Partial>,
    write: |value, to| write(the(value)?, to),
    read: |mut from| {
        let partial = read(&mut from)?;
        let bytes = partial.nbytes();
        Some(Value::with_bytes(partial, bytes))
    },
}];

fn write(partial: &Partial, to: &mut dyn Write) -> io::Result<()> {
    match partial {
        Partial::Fold(buffer) => {
            write_number(0, to)?;
            write_buffer(buffer, to)
        }
        Partial::Moments(moments) => {
            write_number(1, to)?;
            let Moments {
                counts,
                means,
                squares,
            } = moments;
            [counts, means, squares]
                .into_iter()
                .try_for_each(|numbers| write_vector(numbers, to))
        }
        Partial::Places(buffer, places) => {
            write_number(2, to)?;
            write_buffer(buffer, to)?;
            write_vector(places, to)
        }
    }
}

fn read(from: &mut Section<'_>) -> Option<Partial> {
    Some(match from.number()? {
        0 => Partial::Fold(from.buffer()?),
        1 => Partial::Moments(Moments {
            counts: from.vector()?,
            means: from.vector()?,
            squares: from.vector()?,
        }),
        2 => Partial::Places(from.buffer()?, from.vector()?),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use dagbok::array::Buffer;

    use super::*;
    use crate::storage::tests::check_returns;

    #[test]
    fn partial_results_come_back() {
        let numbers = || vec![1.0, f64::NEG_INFINITY];
        let moments = Moments {
            counts: numbers(),
            means: numbers(),
            squares: numbers(),
        };
        for partial in [
            Partial::Fold(Buffer::I16(vec![1, -2])),
            Partial::Moments(moments),
            Partial::Places(Buffer::Bool(vec![true, false]), vec![-1, 7]),
        ] {
            let bytes = partial.nbytes();
            check_returns::<Partial>(&Value::with_bytes(partial, bytes), |a, b| {
                format!("{a:?}") == format!("{b:?}")
            });
        }
    }
}
