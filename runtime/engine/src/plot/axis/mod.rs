//! Axes: from where to where, with ticks at round values.

mod time;

use std::ops::Range;

use plotters::coord::ranged1d::{
    KeyPointHint, KeyPointWeight, NoDefaultFormatting, Ranged, ValueFormatter,
};

use crate::render::format::count;
use crate::render::text::{shorten, width};

pub(super) const FONT_SIZE: f64 = 12.0;

/// Values beyond this are left out: their distances could not be told.
pub(super) const MAGNITUDE_MAX: f64 = 8e307;

const LABEL_CHARS: usize = 18;
/// How far labels may reach beyond the ends of an axis.
const EDGE_PIXELS: f64 = 14.0;

/// One axis: what it spans, and what is written at which place.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Axis {
    pub(super) low: f64,
    pub(super) high: f64,
    pub(super) ticks: Vec<(f64, String)>,
}

/// The least and greatest of some values.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Extent {
    pub(super) low: f64,
    pub(super) high: f64,
}

impl Extent {
    /// The extent of the values that can be drawn, if there are any.
    pub(super) fn of(values: impl Iterator<Item = f64>) -> Option<Self> {
        values
            .filter(|value| value.abs() <= MAGNITUDE_MAX)
            .fold(None, |extent, value| match extent {
                None => Some(Extent {
                    low: value,
                    high: value,
                }),
                Some(Extent { low, high }) => Some(Extent {
                    low: low.min(value),
                    high: high.max(value),
                }),
            })
    }

    /// Reaches `value` too.
    pub(super) fn with(self, value: f64) -> Self {
        Extent {
            low: self.low.min(value),
            high: self.high.max(value),
        }
    }

    /// Never empty: values that are all the same, or cannot be told apart, get room around them.
    fn spread(self) -> Self {
        let size = self.low.abs().max(self.high.abs());
        if self.high - self.low > size * 1e-12 {
            return self;
        }
        let room = if size == 0.0 { 0.5 } else { size * 0.05 };
        Extent {
            low: self.low - room,
            high: self.high + room,
        }
    }

    /// With `share` of the span as a margin on both sides, but none beyond `wall`.
    pub(super) fn padded(self, share: f64, wall: Option<f64>) -> Self {
        let Extent { low, high } = self.spread();
        let room = (high - low) * share;
        Extent {
            low: if wall == Some(low) { low } else { low - room },
            high: if wall == Some(high) {
                high
            } else {
                high + room
            },
        }
    }
}

impl Axis {
    /// Numbers, with about one tick in `distance` of `length` pixels.
    pub(super) fn linear(extent: Extent, length: f64, distance: f64) -> Self {
        let step = round_step((extent.high - extent.low) / (length / distance).max(1.0));
        Axis::stepped(extent, step)
    }

    /// Whole numbers: no ticks between them.
    pub(super) fn whole(extent: Extent, length: f64, distance: f64) -> Self {
        let step = round_step((extent.high - extent.low) / (length / distance).max(1.0));
        Axis::stepped(extent, step.max(1.0))
    }

    fn stepped(Extent { low, high }: Extent, step: f64) -> Self {
        let first = (low / step).ceil();
        let values: Vec<f64> = (0..)
            .map(|idx| (first + f64::from(idx)) * step)
            .take_while(|&value| value <= high + step * 1e-9)
            .take(100)
            .map(|value| if value == 0.0 { 0.0 } else { value })
            .collect();
        let labels = numbers(&values, step);
        Axis {
            low,
            high,
            ticks: values.into_iter().zip(labels).collect(),
        }
    }

    /// Powers of ten; the extent is in exponents.
    pub(super) fn logarithmic(Extent { low, high }: Extent, length: f64) -> Self {
        let n_max = (length / 28.0).max(2.0);
        let decades = high - low;
        let steps: &[f64] = if decades > 2.5 {
            &[1.0]
        } else {
            &[1.0, 2.0, 5.0]
        };
        let stride = round_step(decades / n_max).max(1.0) as i64;
        let first = (low.floor() as i64).div_euclid(stride) * stride;
        let ticks = (first..=high.ceil() as i64)
            .step_by(stride as usize)
            .flat_map(|exponent| steps.iter().map(move |&step| (exponent, step)))
            .map(|(exponent, step)| (exponent as f64 + step.log10(), power(exponent, step)))
            .filter(|&(place, _)| place >= low - 1e-9 && place <= high + 1e-9)
            .collect();
        Axis { low, high, ticks }
    }

    /// Times in seconds since 1970.
    pub(super) fn time(extent: Extent, length: f64) -> Self {
        time::axis(extent, length)
    }

    /// One place a label, at 0, 1, 2, …; labels are written from left to right where they have room.
    pub(super) fn categories(labels: &[String], length: f64) -> Self {
        let slot = length / labels.len().max(1) as f64;
        let texts: Vec<String> = labels
            .iter()
            .map(|label| shorten(label, LABEL_CHARS))
            .collect();
        let are_few = labels.len() <= 2;
        let mut free = -EDGE_PIXELS;
        let mut ticks = Vec::new();
        for (idx, text) in texts.into_iter().enumerate() {
            let half = width(&text, FONT_SIZE) / 2.0;
            let middle = (idx as f64 + 0.5) * slot;
            if are_few || (middle - half >= free && middle + half <= length + EDGE_PIXELS) {
                free = middle + half + 10.0;
                ticks.push((idx as f64, text));
            }
        }
        Axis {
            low: -0.5,
            high: labels.len().max(1) as f64 - 0.5,
            ticks,
        }
    }

    /// How wide the widest label is, in pixels.
    pub(super) fn label_width(&self) -> f64 {
        self.ticks
            .iter()
            .map(|(_, label)| width(label, FONT_SIZE))
            .fold(0.0, f64::max)
    }
}

impl Ranged for Axis {
    type FormatOption = NoDefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, (start, end): (i32, i32)) -> i32 {
        let share = (value - self.low) / (self.high - self.low);
        start + (share * f64::from(end - start)).round() as i32
    }

    fn key_points<Hint: KeyPointHint>(&self, hint: Hint) -> Vec<f64> {
        match hint.weight() {
            KeyPointWeight::Bold => self.ticks.iter().map(|&(place, _)| place).collect(),
            KeyPointWeight::Any => Vec::new(),
        }
    }

    fn range(&self) -> Range<f64> {
        self.low..self.high
    }
}

impl ValueFormatter<f64> for Axis {
    fn format_ext(&self, place: &f64) -> String {
        let tick = self.ticks.iter().find(|(tick, _)| tick == place);
        tick.map(|(_, label)| label.clone()).unwrap_or_default()
    }
}

/// The first of 1, 2, 5, 10, 20, … times a power of ten that is not below `step`.
fn round_step(step: f64) -> f64 {
    let power = 10f64.powf(step.log10().floor());
    let digit = [1.0, 2.0, 5.0]
        .into_iter()
        .find(|digit| digit * power >= step * 0.999_999);
    digit.unwrap_or(10.0) * power
}

/// Numbers that are `step` apart, all in one form.
fn numbers(values: &[f64], step: f64) -> Vec<String> {
    let largest = values
        .iter()
        .fold(0.0f64, |largest, value| largest.max(value.abs()));
    if largest >= 1e7 || (largest < 1e-3 && largest > 0.0) {
        let exponent = largest.log10().floor();
        let scale = 10f64.powf(exponent);
        let decimals = decimals(step / scale);
        return values
            .iter()
            .map(|value| match *value {
                0.0 => "0".to_owned(),
                value => format!(
                    "{}×10{}",
                    number(value / scale, decimals, 1e4),
                    superscript(exponent as i64)
                ),
            })
            .collect();
    }
    let decimals = decimals(step);
    let grouped_from = if largest >= 1e4 { 1e3 } else { 1e4 };
    values
        .iter()
        .map(|&value| number(value, decimals, grouped_from))
        .collect()
}

fn decimals(step: f64) -> usize {
    (-(step.log10() + 1e-9).floor()).clamp(0.0, 15.0) as usize
}

/// A number with so many decimals, a proper minus sign, and separators from `grouped_from` on.
fn number(value: f64, decimals: usize, grouped_from: f64) -> String {
    let text = if decimals == 0 && value.abs() >= grouped_from && value.abs() < 1e15 {
        count(value.abs().round() as usize)
    } else {
        format!("{:.decimals$}", value.abs())
    };
    if value < 0.0 {
        format!("−{text}")
    } else {
        text
    }
}

/// `value` in at most about eight characters, for texts.
pub(super) fn brief(value: f64) -> String {
    if value == 0.0 || (1e-3..1e7).contains(&value.abs()) {
        let decimals = (3.0 - value.abs().max(1.0).log10().floor()).clamp(0.0, 3.0) as usize;
        let text = number(value, decimals, 1e4);
        match text.contains('.') {
            true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
            false => text,
        }
    } else {
        format!("{value:.2e}").replace('-', "−")
    }
}

fn power(exponent: i64, step: f64) -> String {
    match exponent {
        -4..0 => number(step * 10f64.powi(exponent as i32), -exponent as usize, 1e3),
        0..6 => number(step * 10f64.powi(exponent as i32), 0, 1e3),
        _ if step == 1.0 => format!("10{}", superscript(exponent)),
        _ => format!("{step}×10{}", superscript(exponent)),
    }
}

fn superscript(exponent: i64) -> String {
    const DIGITS: [char; 10] = ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'];
    let digits = exponent.unsigned_abs().to_string();
    let digits = digits
        .bytes()
        .map(|digit| DIGITS[usize::from(digit - b'0')]);
    if exponent < 0 {
        std::iter::once('⁻').chain(digits).collect()
    } else {
        digits.collect()
    }
}

/// A time in seconds since 1970 as a date, with the time of day where it is not midnight.
pub(super) fn date(seconds: f64) -> String {
    time::date(seconds).unwrap_or_else(|| brief(seconds))
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::{Axis, Extent, brief};

    #[track_caller]
    fn check(axis: &Axis, expected: Expect) {
        for (place, _) in &axis.ticks {
            assert!(*place >= axis.low - 1e-9 && *place <= axis.high * (1.0 + 1e-9) + 1e-9);
        }
        let labels: Vec<&str> = axis.ticks.iter().map(|(_, label)| &**label).collect();
        expected.assert_eq(&labels.join(" | "));
    }

    fn linear(low: f64, high: f64) -> Axis {
        Axis::linear(Extent { low, high }, 400.0, 80.0)
    }

    #[test]
    fn ticks_are_round() {
        check(
            &linear(0.0, 1.0),
            expect!["0.0 | 0.2 | 0.4 | 0.6 | 0.8 | 1.0"],
        );
        check(&linear(-0.3, 0.45), expect!["−0.2 | 0.0 | 0.2 | 0.4"]);
        check(
            &linear(2011.9, 2016.2),
            expect!["2012 | 2013 | 2014 | 2015 | 2016"],
        );
        check(
            &linear(0.0, 45_000.0),
            expect!["0 | 10,000 | 20,000 | 30,000 | 40,000"],
        );
        check(
            &linear(-3e9, 2e9),
            expect!["−3×10⁹ | −2×10⁹ | −1×10⁹ | 0 | 1×10⁹ | 2×10⁹"],
        );
        check(
            &linear(1e-7, 9e-7),
            expect!["2×10⁻⁷ | 4×10⁻⁷ | 6×10⁻⁷ | 8×10⁻⁷"],
        );
        check(&linear(-8e307, 8e307), expect!["−5×10³⁰⁷ | 0 | 5×10³⁰⁷"]);
        check(
            &linear(1e15, 1e15 + 4.0),
            expect![
                "1.000000000000000×10¹⁵ | 1.000000000000001×10¹⁵ | 1.000000000000002×10¹⁵ | 1.000000000000003×10¹⁵ | 1.000000000000004×10¹⁵"
            ],
        );
        check(
            &Axis::whole(
                Extent {
                    low: 0.0,
                    high: 2.0,
                },
                400.0,
                80.0,
            ),
            expect!["0 | 1 | 2"],
        );
    }

    #[test]
    fn logarithmic_ticks_are_powers() {
        let log = |low: f64, high: f64| {
            Axis::logarithmic(
                Extent {
                    low: low.log10(),
                    high: high.log10(),
                },
                300.0,
            )
        };
        check(
            &log(0.5, 30_000.0),
            expect!["1 | 10 | 100 | 1,000 | 10,000"],
        );
        check(&log(2.0, 30.0), expect!["2 | 5 | 10 | 20"]);
        check(
            &log(1e-200, 1e200),
            expect!["10⁻²⁰⁰ | 10⁻¹⁵⁰ | 10⁻¹⁰⁰ | 10⁻⁵⁰ | 1 | 10⁵⁰ | 10¹⁰⁰ | 10¹⁵⁰ | 10²⁰⁰"],
        );
        check(
            &log(1e-6, 1e9),
            expect!["10⁻⁶ | 0.0001 | 0.01 | 1 | 100 | 10,000 | 10⁶ | 10⁸"],
        );
    }

    #[test]
    fn time_ticks_follow_the_calendar() {
        const DAY: f64 = 86_400.0;
        let time = |low: f64, span: f64| {
            Axis::time(
                Extent {
                    low,
                    high: low + span,
                },
                600.0,
            )
        };
        let start = 15_340.0 * DAY;
        check(
            &time(start, 4.0 * 365.25 * DAY),
            expect!["2012 | 2013 | 2014 | 2015 | 2016"],
        );
        check(
            &time(start, 200.0 * DAY),
            expect!["2012-01 | 2012-02 | 2012-03 | 2012-04 | 2012-05 | 2012-06 | 2012-07"],
        );
        check(
            &time(start, 20.0 * DAY),
            expect!["2012-01-05 | 2012-01-12 | 2012-01-19"],
        );
        check(
            &time(start + 100.0, 30.0 * 3600.0),
            expect!["06:00 | 12:00 | 18:00 | 2012-01-02 | 06:00"],
        );
        check(
            &time(start, 90.0),
            expect!["2012-01-01 | 00:00:15 | 00:00:30 | 00:00:45 | 00:01:00 | 00:01:15 | 00:01:30"],
        );
        check(
            &time(start, 0.01),
            expect![
                "00:00:00.000 | 00:00:00.002 | 00:00:00.004 | 00:00:00.006 | 00:00:00.008 | 00:00:00.010"
            ],
        );
        check(&time(-3e9, 6e9), expect!["1900 | 1950 | 2000 | 2050"]);
        check(
            &time(-1e18, 2e18),
            expect!["−1.0×10¹⁸ | −0.5×10¹⁸ | 0 | 0.5×10¹⁸ | 1.0×10¹⁸"],
        );
    }

    #[test]
    fn labels_are_thinned_out() {
        let categories = |n: usize, name: &str| {
            let labels: Vec<String> = (0..n).map(|idx| format!("{name}{idx}")).collect();
            Axis::categories(&labels, 400.0)
        };
        check(&categories(3, "a"), expect!["a0 | a1 | a2"]);
        check(
            &categories(60, "category "),
            expect!["category 2 | category 14 | category 26 | category 38 | category 50"],
        );
        check(
            &categories(1, "one label that is longer than the axis has room "),
            expect!["one label that is…"],
        );
        check(&categories(0, ""), expect![""]);
    }

    #[test]
    fn numbers_in_texts_are_brief() {
        let check = |value, expected: &str| assert_eq!(brief(value), expected);
        check(0.0, "0");
        check(-1.5, "−1.5");
        check(1234.5678, "1235");
        check(0.001, "0.001");
        check(123_456.0, "123,456");
        check(1e-9, "1.00e−9");
        check(6.022e23, "6.02e23");
    }
}
