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
        let stride = (decades / n_max).ceil().max(1.0) as usize;
        let ticks = (low.floor() as i64..=high.ceil() as i64)
            .step_by(stride)
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
