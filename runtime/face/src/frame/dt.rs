//! Functions of dates, times, instants and durations.

use super::function::{Function, TemporalFunction};
use super::{Expr, TimeUnit};

/// Functions of dates, times, instants and durations, by [`Expr::dt`].
///
/// ```
/// use dagbok::prelude::*;
/// # dagbok_engine::install();
///
/// let day = col("day").str().to_date(StrptimeOptions::default());
/// let df = df!("day" => ["2024-02-29", "2025-12-24"])?;
/// let months = df.lazy().select([day.dt().month()]).compute()?;
/// assert_eq!(months.column("day")?.to_vec::<i8>()?, [2, 12]);
/// # Ok::<(), dagbok::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct DateLikeNameSpace(pub(super) Expr);

macro_rules! parts {
    ($($(#[$doc:meta])* $method:ident $function:ident;)*) => {
        impl DateLikeNameSpace {$(
            $(#[$doc])*
            pub fn $method(self) -> Expr {
                self.apply(TemporalFunction::$function, &[])
            }
        )*}
    };
}

parts! {
    /// The year.
    year Year;
    /// The year to which the ISO week belongs.
    iso_year IsoYear;
    /// The quarter, from 1.
    quarter Quarter;
    /// The month, from 1.
    month Month;
    /// The ISO week, from 1.
    week Week;
    /// The day of the week, Monday is 1.
    weekday Weekday;
    /// The day of the month, from 1.
    day Day;
    /// The day of the year, from 1.
    ordinal_day OrdinalDay;
    /// The hour.
    hour Hour;
    /// The minute.
    minute Minute;
    /// The second.
    second Second;
    /// The milliseconds within the second.
    millisecond Millisecond;
    /// The microseconds within the second.
    microsecond Microsecond;
    /// The nanoseconds within the second.
    nanosecond Nanosecond;
    /// The date of an instant.
    date Date;
    /// The time of day of an instant.
    time Time;
    /// Whether the year is a leap year.
    is_leap_year IsLeapYear;
}

macro_rules! totals {
    ($($(#[$doc:meta])* $method:ident $function:ident;)*) => {
        impl DateLikeNameSpace {$(
            $(#[$doc])*
            pub fn $method(self, fractional: bool) -> Expr {
                self.apply(TemporalFunction::$function { fractional }, &[])
            }
        )*}
    };
}

totals! {
    /// A duration in days.
    total_days TotalDays;
    /// A duration in hours.
    total_hours TotalHours;
    /// A duration in minutes.
    total_minutes TotalMinutes;
    /// A duration in seconds.
    total_seconds TotalSeconds;
    /// A duration in milliseconds.
    total_milliseconds TotalMilliseconds;
}

impl DateLikeNameSpace {
    fn apply(self, function: TemporalFunction, arguments: &[Expr]) -> Expr {
        self.0.apply(Function::Dt(function), arguments)
    }

    /// The time since 1970 in `unit`s.
    pub fn timestamp(self, unit: TimeUnit) -> Expr {
        self.apply(TemporalFunction::Timestamp(unit), &[])
    }

    /// The start of the interval of length `every`, such as `lit("1mo")`.
    pub fn truncate(self, every: impl Into<Expr>) -> Expr {
        self.apply(TemporalFunction::Truncate, &[every.into()])
    }

    /// The nearest border between intervals of length `every`.
    pub fn round(self, every: impl Into<Expr>) -> Expr {
        self.apply(TemporalFunction::Round, &[every.into()])
    }

    /// The instant as text in `format`, such as `%d.%m.%Y`.
    pub fn strftime(self, format: &str) -> Expr {
        self.apply(TemporalFunction::Strftime(format.to_owned()), &[])
    }

    /// The instant as text in `format`, such as `%d.%m.%Y`.
    pub fn to_string(self, format: &str) -> Expr {
        self.strftime(format)
    }

    /// The same instant told in `time_zone`.
    pub fn convert_time_zone(self, time_zone: &str) -> Expr {
        self.apply(TemporalFunction::ConvertTimeZone(time_zone.to_owned()), &[])
    }
}
