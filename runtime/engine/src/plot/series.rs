//! Series as places on the axes.

use std::collections::HashMap;

use dagbok::plot::{Coordinates, Data, Plot, Scale, SeriesKind};

use super::axis::{Extent, MAGNITUDE_MAX};
use super::bins::Bins;

/// More bars than this do not fit any screen.
pub(super) const BARS_MAX: usize = 2000;

/// What the horizontal axis holds.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Across {
    Numbers,
    /// Seconds since 1970.
    Times,
    /// A place a label, at 0, 1, 2, …
    Labels(Vec<String>),
}

/// One series on the axes.
pub(super) struct Mark {
    pub(super) shape: Shape,
    /// Places on both axes; the second one in exponents of ten where the axis is logarithmic. NaN cannot be drawn.
    pub(super) points: Vec<(f64, f64)>,
    pub(super) label: Option<String>,
}

/// How the points of a [`Mark`] are drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Shape {
    Line,
    Points,
    /// Bar number `idx` of `n` at a place.
    Bars {
        idx: usize,
        n: usize,
    },
    /// A bar from each point to the next.
    Steps {
        width: f64,
    },
}

/// All series of a plot on common axes.
pub(super) struct Figure {
    pub(super) across: Across,
    pub(super) marks: Vec<Mark>,
    pub(super) x_name: Option<String>,
    pub(super) y_name: Option<String>,
    pub(super) n_bars_left_out: usize,
    pub(super) scale: Scale,
}

impl Figure {
    pub(super) fn of(plot: &Plot) -> Self {
        let mut places = Places::of(plot);
        let scale = plot.options().y_scale;
        let bins = bins(plot);
        let n_bars = plot
            .series()
            .iter()
            .filter(|series| is_bar(&series.kind))
            .count();
        let mut bar_idx = 0;
        let mut marks = Vec::new();
        for series in plot.series() {
            let (shape, points) = match &series.kind {
                SeriesKind::Line { x, y } => (Shape::Line, places.points(x, y)),
                SeriesKind::Scatter { x, y } => (Shape::Points, places.points(x, y)),
                SeriesKind::Bar { x, y } => {
                    bar_idx += 1;
                    let shape = Shape::Bars {
                        idx: bar_idx - 1,
                        n: n_bars,
                    };
                    (shape, places.points(x, y))
                }
                SeriesKind::Histogram { values } => {
                    let values = drawable(numbers(values));
                    let n_bins = if values.is_empty() { 0 } else { usize::MAX };
                    let steps = bins
                        .count(&values)
                        .into_iter()
                        .take(n_bins)
                        .enumerate()
                        .map(|(idx, count)| (bins.edge(idx), count as f64))
                        .collect();
                    (
                        Shape::Steps {
                            width: bins.width(),
                        },
                        steps,
                    )
                }
                SeriesKind::HeatMap { .. } => continue,
            };
            let points = points
                .into_iter()
                .map(|(x, y)| match scale {
                    Scale::Linear => (limited(x), limited(y)),
                    Scale::Log => (limited(x), limited(y.log10())),
                })
                .collect();
            marks.push(Mark {
                shape,
                points,
                label: series.label.clone(),
            });
        }
        let (x_name, y_name) = names(plot);
        let n_bars_left_out = places.cut(&mut marks);
        Figure {
            across: places.across,
            marks,
            x_name,
            y_name,
            n_bars_left_out,
            scale,
        }
    }

    /// What the marks span across and upwards, if there is anything to draw.
    pub(super) fn extents(&self) -> Option<(Extent, Extent)> {
        let seen = || {
            self.marks.iter().flat_map(|mark| {
                let end = match mark.shape {
                    Shape::Steps { width } => width,
                    _ => 0.0,
                };
                mark.points
                    .iter()
                    .filter(|(x, y)| x.is_finite() && y.is_finite())
                    .map(move |&(x, y)| (x, x + end, y))
            })
        };
        let x = Extent::of(seen().flat_map(|(start, end, _)| [start, end]))?;
        let y = Extent::of(seen().map(|(_, _, y)| y))?;
        Some((x, y))
    }

    /// Whether all places across are whole numbers.
    pub(super) fn is_whole_across(&self) -> bool {
        let mut points = self.marks.iter().flat_map(|mark| &mark.points);
        points.all(|(x, _)| x.is_nan() || x.fract() == 0.0)
    }

    /// How many values cannot be drawn.
    pub(super) fn n_missing(&self) -> usize {
        self.marks
            .iter()
            .filter(|mark| !matches!(mark.shape, Shape::Steps { .. }))
            .flat_map(|mark| &mark.points)
            .filter(|(x, y)| !(x.is_finite() && y.is_finite()))
            .count()
    }
}

/// Where the values of the horizontal axis go.
struct Places {
    across: Across,
    known: HashMap<String, usize>,
}

impl Places {
    fn of(plot: &Plot) -> Self {
        let xs = || {
            plot.series()
                .iter()
                .filter_map(|series| match &series.kind {
                    SeriesKind::Line { x, .. } | SeriesKind::Scatter { x, .. } => Some(&x.data),
                    SeriesKind::Histogram { values } => Some(&values.data),
                    _ => None,
                })
        };
        let has_labels = plot.series().iter().any(|series| is_bar(&series.kind))
            || xs().any(|x| matches!(x, Data::Labels(_)));
        let across = if has_labels {
            Across::Labels(Vec::new())
        } else if xs().any(|x| matches!(x, Data::Times(_))) {
            Across::Times
        } else {
            Across::Numbers
        };
        Places {
            across,
            known: HashMap::new(),
        }
    }

    fn points(&mut self, x: &Coordinates, y: &Coordinates) -> Vec<(f64, f64)> {
        let ys = numbers(y);
        let xs: Vec<f64> = match (&x.data, &self.across) {
            (Data::Numbers(values) | Data::Times(values), Across::Numbers | Across::Times) => {
                values.clone()
            }
            (Data::Count, Across::Numbers | Across::Times) => {
                (0..ys.len()).map(|idx| idx as f64).collect()
            }
            (Data::Count, _) => (0..ys.len())
                .map(|idx| self.place(&idx.to_string()))
                .collect(),
            (Data::Numbers(values), _) => values
                .iter()
                .map(|value| self.place(&value.to_string()))
                .collect(),
            (Data::Times(values), _) => values
                .iter()
                .map(|&seconds| self.place(&super::axis::date(seconds)))
                .collect(),
            (Data::Labels(labels), _) => labels.iter().map(|label| self.place(label)).collect(),
        };
        xs.into_iter().zip(ys.iter().copied()).collect()
    }

    fn place(&mut self, label: &str) -> f64 {
        if let Some(&place) = self.known.get(label) {
            return place as f64;
        }
        let Across::Labels(labels) = &mut self.across else {
            return f64::NAN;
        };
        labels.push(label.to_owned());
        self.known.insert(label.to_owned(), labels.len() - 1);
        (labels.len() - 1) as f64
    }

    /// Leaves out the bars for which there is no room; returns how many.
    fn cut(&mut self, marks: &mut [Mark]) -> usize {
        let has_bars = marks
            .iter()
            .any(|mark| matches!(mark.shape, Shape::Bars { .. }));
        match &mut self.across {
            Across::Labels(labels) if has_bars && labels.len() > BARS_MAX => {
                let n_left_out = labels.len() - BARS_MAX;
                labels.truncate(BARS_MAX);
                for mark in marks {
                    mark.points.retain(|(x, _)| *x < BARS_MAX as f64);
                }
                n_left_out
            }
            _ => 0,
        }
    }
}

/// The intervals that all histograms of the plot share.
fn bins(plot: &Plot) -> Bins {
    let mut all = Vec::new();
    for series in plot.series() {
        if let SeriesKind::Histogram { values } = &series.kind {
            all.extend(drawable(numbers(values)));
        }
    }
    Bins::over(&all, plot.options().n_bins)
}

fn names(plot: &Plot) -> (Option<String>, Option<String>) {
    let Some(first) = plot.series().first() else {
        return (None, None);
    };
    match &first.kind {
        SeriesKind::Line { x, .. } | SeriesKind::Scatter { x, .. } | SeriesKind::Bar { x, .. } => {
            let y_name = match plot.series() {
                [only] => only.label.clone(),
                _ => None,
            };
            (x.name.clone(), y_name)
        }
        SeriesKind::Histogram { values } => (values.name.clone(), Some("count".to_owned())),
        SeriesKind::HeatMap { .. } => (None, None),
    }
}

fn is_bar(kind: &SeriesKind) -> bool {
    matches!(kind, SeriesKind::Bar { .. })
}

fn numbers(coordinates: &Coordinates) -> &[f64] {
    match &coordinates.data {
        Data::Numbers(values) | Data::Times(values) => values,
        Data::Count | Data::Labels(_) => &[],
    }
}

fn drawable(values: &[f64]) -> Vec<f64> {
    values
        .iter()
        .copied()
        .filter(|value| value.abs() <= MAGNITUDE_MAX)
        .collect()
}

fn limited(value: f64) -> f64 {
    if value.abs() <= MAGNITUDE_MAX {
        value
    } else {
        f64::NAN
    }
}
