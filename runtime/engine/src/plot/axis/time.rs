//! Ticks at round times: full minutes, days, months, years.

use chrono::{DateTime, Datelike, Months, NaiveDate, NaiveDateTime, TimeDelta, Timelike};

use super::{Axis, Extent, decimals, round_step};

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
const MONTH: f64 = 30.44 * DAY as f64;
const LABEL_PIXELS: f64 = 84.0;

/// How far apart ticks are.
#[derive(Clone, Copy, PartialEq)]
enum Step {
    Seconds(i64),
    Months(u32),
}

pub(super) fn axis(extent: Extent, length: f64) -> Axis {
    ticks(extent, length)
        .map(|ticks| Axis {
            low: extent.low,
            high: extent.high,
            ticks,
        })
        .unwrap_or_else(|| Axis::linear(extent, length, LABEL_PIXELS))
}

/// `None` for times that no calendar has.
fn ticks(Extent { low, high }: Extent, length: f64) -> Option<Vec<(f64, String)>> {
    let wanted = (high - low) / (length / LABEL_PIXELS).max(1.0);
    if wanted < 1.0 {
        return below_a_second(Extent { low, high }, round_step(wanted));
    }
    let step = step(wanted);
    let end = moment(high)?;
    let mut tick = first(moment(low)?, step)?;
    let mut ticks = Vec::new();
    while tick <= end && ticks.len() < 100 {
        let place = tick.and_utc().timestamp() as f64;
        if place >= low {
            ticks.push((place, label(tick, step)));
        }
        tick = match step {
            Step::Seconds(seconds) => tick.checked_add_signed(TimeDelta::seconds(seconds))?,
            Step::Months(months) => tick.checked_add_months(Months::new(months))?,
        };
    }
    Some(ticks)
}

/// Ticks that are parts of a second apart.
fn below_a_second(extent: Extent, step: f64) -> Option<Vec<(f64, String)>> {
    let decimals = decimals(step);
    let places = Axis::stepped(extent, step).ticks.into_iter();
    places
        .map(|(place, _)| {
            let whole = (place + step * 1e-3).floor();
            let part = format!("{:.decimals$}", (place - whole).abs());
            Some((place, format!("{}{}", moment(whole)?.time(), &part[1..])))
        })
        .collect()
}

fn moment(seconds: f64) -> Option<NaiveDateTime> {
    Some(DateTime::from_timestamp(seconds.floor() as i64, 0)?.naive_utc())
}

/// The first step that is not below `wanted` seconds.
fn step(wanted: f64) -> Step {
    const SECONDS: [i64; 17] = [
        1,
        2,
        5,
        15,
        30,
        MINUTE,
        2 * MINUTE,
        5 * MINUTE,
        15 * MINUTE,
        30 * MINUTE,
        HOUR,
        3 * HOUR,
        6 * HOUR,
        12 * HOUR,
        DAY,
        2 * DAY,
        7 * DAY,
    ];
    let months = |months: f64| Step::Months(months as u32);
    if let Some(&seconds) = SECONDS.iter().find(|&&seconds| seconds as f64 >= wanted) {
        return Step::Seconds(seconds);
    }
    match [1.0, 2.0, 3.0, 6.0, 12.0]
        .into_iter()
        .find(|n| n * MONTH >= wanted)
    {
        Some(n) => months(n),
        None => months(12.0 * round_step(wanted / (12.0 * MONTH))),
    }
}

/// The round time at or before `low`.
fn first(low: NaiveDateTime, step: Step) -> Option<NaiveDateTime> {
    match step {
        Step::Seconds(seconds) if seconds < DAY => {
            let midnight = low.date().and_hms_opt(0, 0, 0)?;
            let passed = (low - midnight).num_seconds();
            midnight.checked_add_signed(TimeDelta::seconds(passed - passed % seconds))
        }
        Step::Seconds(seconds) => {
            let days = low.and_utc().timestamp().div_euclid(seconds) * seconds;
            Some(DateTime::from_timestamp(days, 0)?.naive_utc())
        }
        Step::Months(n) if n < 12 => {
            NaiveDate::from_ymd_opt(low.year(), low.month0() / n * n + 1, 1)?.and_hms_opt(0, 0, 0)
        }
        Step::Months(n) => {
            let years = (n / 12) as i32;
            NaiveDate::from_ymd_opt(low.year().div_euclid(years) * years, 1, 1)?
                .and_hms_opt(0, 0, 0)
        }
    }
}

fn label(time: NaiveDateTime, step: Step) -> String {
    match step {
        Step::Months(n) if n >= 12 => time.year().to_string(),
        Step::Months(_) => format!("{:04}-{:02}", time.year(), time.month()),
        Step::Seconds(seconds) if seconds >= DAY || time.num_seconds_from_midnight() == 0 => {
            time.date().to_string()
        }
        Step::Seconds(seconds) if seconds >= MINUTE => {
            format!("{:02}:{:02}", time.hour(), time.minute())
        }
        Step::Seconds(_) => time.time().to_string(),
    }
}

pub(super) fn date(seconds: f64) -> Option<String> {
    let time = seconds.is_finite().then(|| moment(seconds)).flatten()?;
    Some(match time.num_seconds_from_midnight() {
        0 => time.date().to_string(),
        _ => time.to_string(),
    })
}
