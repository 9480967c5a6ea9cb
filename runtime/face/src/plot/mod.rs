//! One-line plots: lines, points, histograms, bars and heat maps.
//!
//! A [`Plot`] is a description; it is drawn as SVG when a cell shows it. Further calls add to the same axes or set
//! what is written on them.
//!
//! ```
//! use dagbok::plot;
//!
//! let year = [2021, 2022, 2023];
//! let plot = plot::line(year, [3.1, 2.7, 4.0])
//!     .label("rain")
//!     .line(year, [1.0, 1.5, 1.2])
//!     .label("snow")
//!     .title("Precipitation")
//!     .y_label("mm a day");
//! assert_eq!(plot.series().len(), 2);
//! ```

mod convert;
mod data;

use std::fmt;

pub use data::{Coordinates, Data, Datum, Matrix};

use crate::display::{MimeBundle, Render};
use crate::engine::engine;
use crate::raise::raise;
use crate::{Error, ErrorKind};

/// A picture of data: what is drawn, and what is written around it.
///
/// What cannot be drawn is left out: a line has a gap where a value is missing, NaN or infinite.
#[derive(Clone, Debug)]
pub struct Plot {
    series: Vec<Series>,
    options: Options,
}

/// One set of values in a [`Plot`].
#[derive(Clone, Debug)]
pub struct Series {
    pub kind: SeriesKind,
    /// What the legend calls it.
    pub label: Option<String>,
}

/// How values are drawn.
#[derive(Clone, Debug)]
pub enum SeriesKind {
    /// Points joined by a line, in their order.
    Line { x: Coordinates, y: Coordinates },
    /// Points.
    Scatter { x: Coordinates, y: Coordinates },
    /// How many values are in each of equal intervals.
    Histogram { values: Coordinates },
    /// One bar a label.
    Bar { x: Coordinates, y: Coordinates },
    /// A colour for each element of a matrix, its first row on top.
    HeatMap { matrix: Matrix },
}

/// What is written around a [`Plot`], and how its axes run.
#[derive(Clone, Debug, Default)]
pub struct Options {
    pub title: Option<String>,
    pub x_label: Option<String>,
    pub y_label: Option<String>,
    /// Width and height in pixels.
    pub size: Option<(u32, u32)>,
    /// How many intervals a histogram has.
    pub n_bins: Option<usize>,
    pub y_scale: Scale,
}

/// How an axis runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scale {
    #[default]
    Linear,
    /// By powers of ten; values that are not positive are left out.
    Log,
}

/// A line through points; `..` in place of `x` counts from 0.
///
/// `x` may hold numbers, times or labels. Lines of very many points are drawn by the least and greatest value in each
/// column of pixels, which looks the same.
///
/// # Panics
/// If `x` and `y` are of different lengths, or `y` does not hold numbers.
///
/// ```
/// use dagbok::prelude::*;
/// # dagbok_engine::install();
///
/// let df = df!("day" => [1, 2, 3], "rain" => [0.0, 3.5, 1.0])?;
/// plot::line(df.column("day")?, df.column("rain")?).title("Rain");
///
/// let squares: Vec<i64> = (0..10).map(|x| x * x).collect();
/// plot::line(.., &squares).title("squares");
/// # Ok::<(), dagbok::Error>(())
/// ```
#[track_caller]
pub fn line(x: impl Into<Coordinates>, y: impl Into<Coordinates>) -> Plot {
    Plot::empty().line(x, y)
}

/// Points; `..` in place of `x` counts from 0.
///
/// More than 4,000 points are drawn as their density.
///
/// # Panics
/// If `x` and `y` are of different lengths, or `y` does not hold numbers.
///
/// ```
/// use dagbok::plot;
///
/// plot::scatter([1.0, 2.0, 3.0], [2.0, 1.0, 4.0]).x_label("length").y_label("width");
/// ```
#[track_caller]
pub fn scatter(x: impl Into<Coordinates>, y: impl Into<Coordinates>) -> Plot {
    Plot::empty().scatter(x, y)
}

/// How many `values` are in each of equal intervals.
///
/// Without [`bins`](Plot::bins), intervals are as wide as NumPy's `auto` makes them: by the rule of Freedman and
/// Diaconis or by Sturges', whichever gives more.
///
/// # Panics
/// If `values` does not hold numbers.
///
/// ```
/// use dagbok::plot;
///
/// plot::hist([1.0, 2.0, 2.5, 3.0, 9.0]).bins(4);
/// ```
#[track_caller]
pub fn hist(values: impl Into<Coordinates>) -> Plot {
    Plot::empty().hist(values)
}

/// One bar a label; bars below zero hang down.
///
/// # Panics
/// If `labels` and `values` are of different lengths, or `values` does not hold numbers.
///
/// ```
/// use dagbok::plot;
///
/// plot::bar(["sun", "rain", "fog"], [714, 259, 411]).title("Days");
/// ```
#[track_caller]
pub fn bar(labels: impl Into<Coordinates>, values: impl Into<Coordinates>) -> Plot {
    Plot::empty().bar(labels, values)
}

/// A colour for each element of a matrix, its first row on top; beside it the scale of colours.
///
/// ```
/// use dagbok::plot;
///
/// plot::heatmap([[1.0, 2.0], [3.0, 4.0]]).title("a matrix");
/// ```
///
/// # Panics
/// If an array has not two axes.
#[track_caller]
pub fn heatmap(matrix: impl Into<Matrix>) -> Plot {
    Plot::empty().add(SeriesKind::HeatMap {
        matrix: matrix.into(),
    })
}

impl Plot {
    fn empty() -> Self {
        Plot {
            series: Vec::new(),
            options: Options::default(),
        }
    }

    /// Adds a line to the same axes; see [`line`].
    #[track_caller]
    pub fn line(self, x: impl Into<Coordinates>, y: impl Into<Coordinates>) -> Self {
        let (x, y) = pair(x.into(), y.into());
        self.add(SeriesKind::Line { x, y })
    }

    /// Adds points to the same axes; see [`scatter`].
    #[track_caller]
    pub fn scatter(self, x: impl Into<Coordinates>, y: impl Into<Coordinates>) -> Self {
        let (x, y) = pair(x.into(), y.into());
        self.add(SeriesKind::Scatter { x, y })
    }

    /// Adds a histogram to the same axes, with the same intervals; see [`hist`].
    #[track_caller]
    pub fn hist(self, values: impl Into<Coordinates>) -> Self {
        let values = values.into();
        numbers("values", &values);
        self.add(SeriesKind::Histogram { values })
    }

    /// Adds bars beside those that are there; see [`bar`].
    #[track_caller]
    pub fn bar(self, labels: impl Into<Coordinates>, values: impl Into<Coordinates>) -> Self {
        let (x, y) = pair(labels.into(), values.into());
        self.add(SeriesKind::Bar { x, y })
    }

    /// Names what was added last, in the legend.
    pub fn label(mut self, label: impl Into<String>) -> Self {
        if let Some(series) = self.series.last_mut() {
            series.label = Some(label.into());
        }
        self
    }

    /// Writes a title above the plot.
    pub fn title(mut self, title: impl Into<String>) -> Self {
        self.options.title = Some(title.into());
        self
    }

    /// Writes what the horizontal axis shows; otherwise the name of the column that it shows, if it has one.
    pub fn x_label(mut self, label: impl Into<String>) -> Self {
        self.options.x_label = Some(label.into());
        self
    }

    /// Writes what the vertical axis shows; otherwise the name of the column that it shows, if it has one.
    pub fn y_label(mut self, label: impl Into<String>) -> Self {
        self.options.y_label = Some(label.into());
        self
    }

    /// Sets width and height in pixels, at least 160 by 120; 640 by 400 otherwise.
    pub fn size(mut self, width: u32, height: u32) -> Self {
        self.options.size = Some((width.clamp(160, 4096), height.clamp(120, 4096)));
        self
    }

    /// Sets how many intervals a histogram has, at most 10,000.
    pub fn bins(mut self, n_bins: usize) -> Self {
        self.options.n_bins = Some(n_bins.clamp(1, 10_000));
        self
    }

    /// Makes the vertical axis run by powers of ten; values that are not positive are left out.
    pub fn log_y(mut self) -> Self {
        self.options.y_scale = Scale::Log;
        self
    }

    /// What is drawn.
    pub fn series(&self) -> &[Series] {
        &self.series
    }

    /// What is written around it.
    pub fn options(&self) -> &Options {
        &self.options
    }

    #[track_caller]
    fn add(mut self, kind: SeriesKind) -> Self {
        if let Some(other) = self
            .series
            .iter()
            .map(|series| &series.kind)
            .find(|other| !kind.shares_axes_with(other))
        {
            raise(Error::new(
                ErrorKind::Value,
                format!("cannot draw {kind} on the axes of {other}"),
            ));
        }
        let label = kind.name();
        self.series.push(Series { kind, label });
        self
    }
}

impl SeriesKind {
    /// Whether both can be drawn on the same axes.
    fn shares_axes_with(&self, other: &SeriesKind) -> bool {
        use SeriesKind::{Bar, HeatMap, Histogram};
        match (self, other) {
            (HeatMap { .. }, _) | (_, HeatMap { .. }) => false,
            (Bar { .. }, Histogram { .. }) | (Histogram { .. }, Bar { .. }) => false,
            _ => self.is_over_time() == other.is_over_time() || self.is_bar() || other.is_bar(),
        }
    }

    fn is_over_time(&self) -> bool {
        match self {
            SeriesKind::Line { x, .. } | SeriesKind::Scatter { x, .. } => {
                matches!(x.data, Data::Times(_))
            }
            SeriesKind::Histogram { values } => matches!(values.data, Data::Times(_)),
            _ => false,
        }
    }

    fn is_bar(&self) -> bool {
        matches!(self, SeriesKind::Bar { .. })
    }

    /// The name of the column that holds the values.
    fn name(&self) -> Option<String> {
        match self {
            SeriesKind::Line { y, .. }
            | SeriesKind::Scatter { y, .. }
            | SeriesKind::Bar { y, .. } => y.name.clone(),
            SeriesKind::Histogram { values } => values.name.clone(),
            SeriesKind::HeatMap { .. } => None,
        }
    }
}

impl fmt::Display for SeriesKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            SeriesKind::Line { .. } if self.is_over_time() => "a line over time",
            SeriesKind::Line { .. } => "a line",
            SeriesKind::Scatter { .. } if self.is_over_time() => "points over time",
            SeriesKind::Scatter { .. } => "points",
            SeriesKind::Histogram { .. } => "a histogram",
            SeriesKind::Bar { .. } => "bars",
            SeriesKind::HeatMap { .. } => "a heat map",
        })
    }
}

#[track_caller]
fn pair(x: Coordinates, y: Coordinates) -> (Coordinates, Coordinates) {
    numbers("y", &y);
    if let (Some(n_x), Some(n_y)) = (x.len(), y.len())
        && n_x != n_y
    {
        raise(Error::new(
            ErrorKind::Shape,
            format!("cannot plot `x` of length {n_x} against `y` of length {n_y}"),
        ));
    }
    (x, y)
}

#[track_caller]
fn numbers(argument: &str, coordinates: &Coordinates) {
    let what = match coordinates.data {
        Data::Numbers(_) => return,
        Data::Times(_) if argument == "values" => return,
        Data::Times(_) => "times",
        Data::Labels(_) => "text",
        Data::Count => "nothing but `..`",
    };
    raise(Error::new(
        ErrorKind::DType,
        format!("cannot plot `{argument}`: it holds {what}, and numbers are needed"),
    ))
}

impl Render for Plot {
    fn render(&self) -> MimeBundle {
        match engine().and_then(|engine| engine.plot(self)) {
            Ok(bundle) => bundle,
            Err(error) => MimeBundle::plain(error.to_string()),
        }
    }
}
