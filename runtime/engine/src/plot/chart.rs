//! Plots on two axes: the frame, and what is written around it.

use dagbok::Result;
use dagbok::plot::{Options, Plot, Scale};
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::axis::{Axis, Extent, FONT_SIZE, brief, date};
use super::canvas::{Canvas, INK, UNITS};
use super::series::{Across, Figure, Shape};
use super::{Drawn, drawing_error, marks};
use crate::render::format::counted;
use crate::render::text::{shorten, width};

pub(super) type Area = DrawingArea<Canvas, plotters::coord::Shift>;
pub(super) type Chart<'a> = ChartContext<'a, Canvas, Cartesian2d<Axis, Axis>>;

const TITLE_SIZE: f64 = 15.0;

/// What frames a plot.
pub(super) struct Frame<'a> {
    pub(super) title: Option<&'a str>,
    pub(super) x_label: Option<&'a str>,
    pub(super) y_label: Option<&'a str>,
    pub(super) x: &'a Axis,
    pub(super) y: &'a Axis,
    /// Names and colours, where there is more than one series.
    pub(super) legend: Vec<(String, RGBColor)>,
    pub(super) grid: Grid,
}

/// Which lines cross the plot.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Grid {
    Horizontal,
    None,
}

pub(super) fn draw(plot: &Plot, size: (u32, u32)) -> Result<Drawn> {
    let figure = Figure::of(plot);
    let options = plot.options();
    let (x, y) = axes(&figure, size);
    let canvas = Canvas::new(size);
    let area = canvas.clone().into_drawing_area();
    let frame = Frame {
        title: options.title.as_deref(),
        x_label: options.x_label.as_deref().or(figure.x_name.as_deref()),
        y_label: options.y_label.as_deref().or(figure.y_name.as_deref()),
        x: &x,
        y: &y,
        legend: legend(&figure),
        grid: Grid::Horizontal,
    };
    let mut notes = Vec::new();
    let mut chart = frame.draw(&area, size).map_err(drawing_error)?;
    match figure.extents() {
        Some(_) => marks::draw(&figure, &mut chart, &canvas, &mut notes).map_err(drawing_error)?,
        None => nothing(&chart).map_err(drawing_error)?,
    }
    drop(chart);
    drop(area);
    if figure.n_bars_left_out > 0 {
        notes.push(format!(
            "{} left out",
            counted(figure.n_bars_left_out, "more bar")
        ));
    }
    if figure.n_missing() > 0 {
        notes.push(format!(
            "{} not drawn: missing, infinite or off the scale",
            counted(figure.n_missing(), "value")
        ));
    }
    Ok(Drawn {
        body: canvas.into_svg(),
        label: describe(&figure, options),
        notes,
    })
}

/// The axes of `figure` in a picture of so many pixels.
fn axes(figure: &Figure, (width, height): (u32, u32)) -> (Axis, Axis) {
    let (x, y) = figure.extents().unwrap_or((
        Extent {
            low: 0.0,
            high: 1.0,
        },
        Extent {
            low: 0.0,
            high: 1.0,
        },
    ));
    let length = (f64::from(width) - 80.0).max(50.0);
    let rise = (f64::from(height) - 90.0).max(50.0);
    let has_columns = figure
        .marks
        .iter()
        .any(|mark| matches!(mark.shape, Shape::Bars { .. } | Shape::Steps { .. }));
    let is_histogram = figure
        .marks
        .iter()
        .any(|mark| matches!(mark.shape, Shape::Steps { .. }));
    let x = match &figure.across {
        Across::Numbers if is_histogram => Axis::linear(x.padded(0.01, None), length, 80.0),
        Across::Numbers if figure.is_whole_across() => {
            Axis::whole(x.padded(0.02, None), length, 80.0)
        }
        Across::Numbers => Axis::linear(x.padded(0.02, None), length, 80.0),
        Across::Times => Axis::time(x.padded(0.02, None), length),
        Across::Labels(labels) => Axis::categories(labels, length),
    };
    let y = match figure.scale {
        Scale::Linear if has_columns => {
            Axis::linear(y.with(0.0).padded(0.05, Some(0.0)), rise, 50.0)
        }
        Scale::Linear => Axis::linear(y.padded(0.05, None), rise, 50.0),
        Scale::Log if has_columns => {
            let floor = (y.low - 1e-9).floor();
            Axis::logarithmic(y.with(floor).padded(0.05, Some(floor)), rise)
        }
        Scale::Log => Axis::logarithmic(y.padded(0.05, None), rise),
    };
    (x, y)
}

fn legend(figure: &Figure) -> Vec<(String, RGBColor)> {
    if figure.marks.len() < 2 {
        return Vec::new();
    }
    figure
        .marks
        .iter()
        .enumerate()
        .map(|(idx, mark)| {
            let label = mark.label.clone();
            let label = label.unwrap_or_else(|| format!("series {}", idx + 1));
            (shorten(&label, 40), marks::colour(idx))
        })
        .collect()
}

impl Frame<'_> {
    /// Draws all but the marks.
    pub(super) fn draw<'a>(
        &self,
        area: &'a Area,
        (width_pixels, _): (u32, u32),
    ) -> Result<Chart<'a>, impl std::fmt::Display + use<'a>> {
        let mut top = 14.0;
        let result = self.title(area, width_pixels, &mut top);
        let result = result.and_then(|()| self.draw_legend(area, width_pixels, &mut top));
        let y_space = self.y.label_width() + 14.0 + if self.y_label.is_some() { 22.0 } else { 0.0 };
        let x_space = 24.0 + if self.x_label.is_some() { 20.0 } else { 0.0 };
        result.and_then(|()| {
            let mut chart = ChartBuilder::on(area)
                .margin_top(units(top))
                .margin_right(units(20.0))
                .margin_bottom(units(10.0))
                .margin_left(units(12.0))
                .x_label_area_size(units(x_space))
                .y_label_area_size(units(y_space))
                .build_cartesian_2d(self.x.clone(), self.y.clone())?;
            let mut mesh = chart.configure_mesh();
            mesh.disable_x_mesh()
                .bold_line_style(INK.mix(0.13).stroke_width(UNITS as u32))
                .light_line_style(TRANSPARENT)
                .axis_style(INK.mix(0.5).stroke_width(UNITS as u32))
                .label_style(font(FONT_SIZE).color(&INK.mix(0.85)))
                .axis_desc_style(font(FONT_SIZE + 1.0).color(&INK))
                .set_all_tick_mark_size(units(4.0));
            if self.grid == Grid::None {
                mesh.disable_y_mesh();
            }
            if let Some(label) = self.x_label {
                mesh.x_desc(shorten(label, 80));
            }
            if let Some(label) = self.y_label {
                mesh.y_desc(shorten(label, 60));
            }
            mesh.draw()?;
            Ok(chart)
        })
    }

    fn title(&self, area: &Area, width_pixels: u32, top: &mut f64) -> Drawing {
        let Some(title) = self.title else {
            return Ok(());
        };
        let n_chars = (f64::from(width_pixels) / (TITLE_SIZE * 0.55)) as usize;
        let style = font(TITLE_SIZE)
            .color(&INK)
            .pos(Pos::new(HPos::Center, VPos::Top));
        area.draw_text(
            &shorten(title, n_chars.max(4)),
            &style,
            (units(f64::from(width_pixels) / 2.0), units(*top)),
        )?;
        *top += TITLE_SIZE + 12.0;
        Ok(())
    }

    /// Rows of swatches and names above the plot, broken where they do not fit.
    fn draw_legend(&self, area: &Area, width_pixels: u32, top: &mut f64) -> Drawing {
        if self.legend.is_empty() {
            return Ok(());
        }
        let start = 50.0;
        let mut left = start;
        let style = font(FONT_SIZE)
            .color(&INK)
            .pos(Pos::new(HPos::Left, VPos::Center));
        for (label, colour) in &self.legend {
            let advance = 20.0 + width(label, FONT_SIZE) + 16.0;
            if left > start && left + advance > f64::from(width_pixels) - 10.0 {
                left = start;
                *top += 18.0;
            }
            let (x, y) = (units(left), units(*top + 6.0));
            area.draw(&Rectangle::new(
                [(x, y - units(4.0)), (x + units(12.0), y + units(4.0))],
                colour.filled(),
            ))?;
            area.draw_text(label, &style, (x + units(17.0), y))?;
            left += advance;
        }
        *top += 24.0;
        Ok(())
    }
}

pub(super) type Drawing = std::result::Result<(), DrawingAreaErrorKind<std::convert::Infallible>>;

pub(super) fn units(pixels: f64) -> i32 {
    (pixels * f64::from(UNITS)) as i32
}

pub(super) fn font(size: f64) -> FontDesc<'static> {
    ("sans-serif", size * f64::from(UNITS)).into_font()
}

/// Says in the middle of the axes that they are empty.
pub(super) fn nothing(chart: &Chart) -> Drawing {
    let (x, y) = chart.plotting_area().get_pixel_range();
    let style = font(FONT_SIZE + 1.0)
        .color(&INK.mix(0.7))
        .pos(Pos::new(HPos::Center, VPos::Center));
    let area = chart.plotting_area().strip_coord_spec();
    let (left, top) = area.get_base_pixel();
    area.draw_text(
        "nothing to draw",
        &style,
        ((x.start + x.end) / 2 - left, (y.start + y.end) / 2 - top),
    )
}

/// The plot in a sentence.
fn describe(figure: &Figure, options: &Options) -> String {
    let mut text = match &options.title {
        Some(title) => format!("{title}: "),
        None => String::new(),
    };
    let marks: Vec<String> = figure
        .marks
        .iter()
        .map(|mark| {
            let n = mark.points.len();
            let what = match mark.shape {
                Shape::Line => format!("line of {}", counted(n, "point")),
                Shape::Points => counted(n, "point"),
                Shape::Bars { .. } => counted(n, "bar"),
                Shape::Steps { .. } => format!("histogram of {}", counted(n, "bin")),
            };
            match &mark.label {
                Some(label) => format!("{what} ({label})"),
                None => what,
            }
        })
        .collect();
    text.push_str(&marks.join(", "));
    let Some((x, y)) = figure.extents() else {
        text.push_str(", nothing to draw");
        return text;
    };
    text.push_str(&match &figure.across {
        Across::Numbers => format!(", x from {} to {}", brief(x.low), brief(x.high)),
        Across::Times => format!(", from {} to {}", date(x.low), date(x.high)),
        Across::Labels(labels) => format!(", {}", counted(labels.len(), "label")),
    });
    let value = |y: f64| match figure.scale {
        Scale::Linear => brief(y),
        Scale::Log => brief(10f64.powf(y)),
    };
    text.push_str(&format!(", y from {} to {}", value(y.low), value(y.high)));
    text
}
