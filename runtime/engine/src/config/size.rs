//! Sizes as people write them: `2 GB`, `512MiB`, `1e9`, `60%`.

use dagbok::config::Setting;

/// Units of bytes, in lower case: powers of 1000, and with an `i` of 1024. The `b` may be left out.
const UNITS: &[(&str, u64)] = &[
    ("", 1),
    ("k", 1_000),
    ("m", 1_000_000),
    ("g", 1_000_000_000),
    ("t", 1_000_000_000_000),
    ("p", 1_000_000_000_000_000),
    ("ki", 1 << 10),
    ("mi", 1 << 20),
    ("gi", 1 << 30),
    ("ti", 1 << 40),
    ("pi", 1 << 50),
];

/// What more is too much for a size: a thousand pebibytes, far from where integers end.
const BYTES_MAX: f64 = (1_u64 << 60) as f64;

/// The bytes that `setting` says, from 1 to 2⁶⁰.
pub(super) fn bytes(setting: &Setting) -> Option<u64> {
    let bytes = match setting {
        Setting::Int(bytes) => *bytes as f64,
        Setting::Float(bytes) => whole(*bytes)?,
        Setting::Text(text) => of_text(text)?,
        Setting::Bool(_) | Setting::Path(_) => return None,
    };
    (1.0..=BYTES_MAX)
        .contains(&bytes)
        .then_some(bytes.round() as u64)
}

/// The share that `text` says: `60%` is 0.6. Above 0, at most 1.
pub(super) fn share(text: &str) -> Option<f64> {
    let percent = number(text.trim().strip_suffix('%')?.trim_end())?;
    (percent > 0.0 && percent <= 100.0).then_some(percent / 100.0)
}

fn of_text(text: &str) -> Option<f64> {
    let text = text.trim().to_ascii_lowercase();
    let is_unit = |char: char| matches!(char, 'b' | 'i' | 'k' | 'm' | 'g' | 't' | 'p');
    let value = text.trim_end_matches(is_unit);
    let unit = &text[value.len()..];
    let unit = unit.strip_suffix('b').unwrap_or(unit);
    let (_, factor) = UNITS.iter().find(|(name, _)| *name == unit)?;
    let value = number(value.trim_end())?;
    match factor {
        1 => whole(value),
        factor => Some(value * *factor as f64),
    }
}

/// `bytes`, if it is no part of one: who writes 1.5 means gigabytes.
fn whole(bytes: f64) -> Option<f64> {
    (bytes.fract() == 0.0).then_some(bytes)
}

/// A number in digits, with `_` between them where somebody likes; no words such as `inf` and `nan`.
fn number(text: &str) -> Option<f64> {
    let is_digits = |char: char| matches!(char, '0'..='9' | '.' | '_' | 'e' | 'E' | '+' | '-');
    let starts = text.starts_with(|char: char| char.is_ascii_digit() || char == '.');
    if !starts || !text.chars().all(is_digits) {
        return None;
    }
    text.replace('_', "").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        let check = |setting: Setting, expected: Option<u64>| {
            assert_eq!(bytes(&setting), expected, "{setting:?}");
        };
        let text = |text: &str, expected| check(Setting::from(text), expected);
        text("1", Some(1));
        text("0.5", None);
        text("2 GB", Some(2_000_000_000));
        text("2gb", Some(2_000_000_000));
        text(" 512MiB ", Some(512 << 20));
        text("1.5 KiB", Some(1536));
        text(".5kB", Some(500));
        text("64 M", Some(64_000_000));
        text("64Mi", Some(64 << 20));
        text("1 PiB", Some(1 << 50));
        text("100 B", Some(100));
        text("1e9", Some(1_000_000_000));
        text("2_000_000 kB", Some(2_000_000_000));
        text("0.4 B", None);
        text("1.5", None);
        text("1.5 B", None);
        text("1.0", Some(1));
        text("0", None);
        text("0 GB", None);
        text("-1 GB", None);
        text("+1 GB", None);
        text("1025 PiB", None);
        text("1e400", None);
        text("nan", None);
        text("inf GB", None);
        text("2 GBs", None);
        text("2 iB", None);
        text("2 bb", None);
        text("2 G B", None);
        text("1,5 GB", None);
        text("GB", None);
        text("", None);
        text("２ GB", None);
        text("60%", None);
        check(Setting::Int(7), Some(7));
        check(Setting::Int(0), None);
        check(Setting::Int(-7), None);
        check(Setting::Int(i128::MAX), None);
        check(Setting::Float(2e9), Some(2_000_000_000));
        check(Setting::Float(1.5), None);
        check(Setting::Float(f64::NAN), None);
        check(Setting::Float(f64::INFINITY), None);
        check(Setting::Bool(true), None);
    }

    #[test]
    fn shares() {
        let check = |text, expected| assert_eq!(share(text), expected, "{text}");
        check("60%", Some(0.6));
        check(" 12.5 % ", Some(0.125));
        check("100%", Some(1.0));
        check("0%", None);
        check("100.1%", None);
        check("-5%", None);
        check("NaN%", None);
        check("inf%", None);
        check("%", None);
        check("60", None);
        check("6 0%", None);
    }
}
