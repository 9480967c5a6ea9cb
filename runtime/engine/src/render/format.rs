//! Figures for people: bytes, counts, shapes.

/// Bytes as Dask writes them: `1.07 GiB`, `23 B`.
///
/// A unit is used from nine tenths of it on, so that 1,000 KiB reads `0.98 MiB`.
pub fn bytes(n_bytes: u128) -> String {
    const UNITS: [(&str, u32); 6] = [
        ("EiB", 60),
        ("PiB", 50),
        ("TiB", 40),
        ("GiB", 30),
        ("MiB", 20),
        ("KiB", 10),
    ];
    for (unit, power) in UNITS {
        let size = (1u128 << power) as f64;
        if n_bytes as f64 >= size * 0.9 {
            return format!("{:.2} {unit}", n_bytes as f64 / size);
        }
    }
    format!("{n_bytes} B")
}

/// A count with separators: `1,234,567`.
pub fn count(n: usize) -> String {
    digits(n, ',')
}

/// A count with `separator` between thousands.
pub(super) fn digits(n: usize, separator: char) -> String {
    let digits = n.to_string();
    let mut separated = String::with_capacity(digits.len() + digits.len() / 3);
    for (idx, digit) in digits.chars().enumerate() {
        if idx > 0 && (digits.len() - idx).is_multiple_of(3) {
            separated.push(separator);
        }
        separated.push(digit);
    }
    separated
}

/// A count and what is counted: `1 task`, `1,234 tasks`.
pub fn counted(n: usize, noun: &str) -> String {
    format!("{} {noun}{}", count(n), if n == 1 { "" } else { "s" })
}

/// A shape as NumPy writes it: `()`, `(5,)`, `(3, 4)`.
pub fn shape(shape: &[usize]) -> String {
    match shape {
        [length] => format!("({length},)"),
        _ => format!(
            "({})",
            shape
                .iter()
                .map(usize::to_string)
                .collect::<Vec<_>>()
                .join(", ")
        ),
    }
}
