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

/// A time to three figures: `0 s`, `850 ns`, `12.3 µs`, `1.25 ms`, `420 ms`, `12.3 s`, `3 min 05 s`.
pub fn duration(duration: std::time::Duration) -> String {
    let seconds = duration.as_secs_f64();
    let figures = |value: f64, unit: &str| match value {
        ..9.995 => format!("{value:.2} {unit}"),
        ..99.95 => format!("{value:.1} {unit}"),
        _ => format!("{value:.0} {unit}"),
    };
    match duration.as_nanos() {
        0 => "0 s".to_owned(),
        nanos @ ..1_000 => format!("{nanos} ns"),
        ..1_000_000 => figures(seconds * 1e6, "µs"),
        ..1_000_000_000 => figures(seconds * 1e3, "ms"),
        ..60_000_000_000 => figures(seconds, "s"),
        _ => {
            let seconds = seconds.round() as u64;
            match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
                (0, minutes, seconds) => format!("{minutes} min {seconds:02} s"),
                (hours, minutes, _) => format!("{hours} h {minutes:02} min"),
            }
        }
    }
}
