//! Heat maps: a matrix as colours, with the scale beside it.

use dagbok::plot::{Matrix, Options};
use dagbok::{Error, ErrorKind, Result};
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::axis::{Axis, Extent, FONT_SIZE, brief};
use super::canvas::{Canvas, INK, UNITS};
use super::chart::{Area, Chart, Drawing, Frame, Grid, font, nothing, units};
use super::raster::{Raster, Rgba};
use super::{Drawn, drawing_error};
use crate::render::format::{counted, shape};
use crate::render::text::width;

/// Larger matrices are averaged down to this many columns and rows.
const PIXELS_MAX: (usize, usize) = (320, 240);
/// Up to so many rows and columns, values are written into their squares.
const WRITTEN_MAX: usize = 12;
const BAR_WIDTH: f64 = 14.0;
/// The palette's place for what is missing; the others are colours.
const MISSING: u8 = 255;

pub(super) fn draw(matrix: &Matrix, options: &Options, size: (u32, u32)) -> Result<Drawn> {
    let Matrix {
        n_rows,
        n_columns,
        values,
    } = matrix;
    if values.len() != n_rows * n_columns {
        return Err(Error::new(
            ErrorKind::Shape,
            format!(
                "cannot draw {} as a matrix of shape {}",
                counted(values.len(), "value"),
                shape(&[*n_rows, *n_columns])
            ),
        ));
    }
    let extent = Extent::of(values.iter().copied());
    let colours = Axis::linear(
        extent
            .unwrap_or(Extent {
                low: 0.0,
                high: 1.0,
            })
            .padded(0.0, None),
        (f64::from(size.1) - 90.0).max(50.0),
        50.0,
    );
    let canvas = Canvas::new(size);
    let scale_width = (BAR_WIDTH + 34.0 + colours.label_width()) as u32;
    let plot_size = (size.0.saturating_sub(scale_width), size.1);
    let area = canvas.clone().into_drawing_area();
    let (plot_area, _) = area.split_horizontally(units(f64::from(plot_size.0)));
    let (x, y) = axes(matrix, plot_size);
    let frame = Frame {
        title: options.title.as_deref(),
        x_label: options.x_label.as_deref(),
        y_label: options.y_label.as_deref(),
        x: &x,
        y: &y,
        legend: Vec::new(),
        grid: Grid::None,
    };
    let mut notes = Vec::new();
    let chart = frame.draw(&plot_area, plot_size).map_err(drawing_error)?;
    if *n_rows > 0 && *n_columns > 0 {
        squares(matrix, &colours, &chart, &canvas, &mut notes);
        written(matrix, &colours, &chart).map_err(drawing_error)?;
        scale(&colours, &chart, &area, &canvas).map_err(drawing_error)?;
    } else {
        nothing(&chart).map_err(drawing_error)?;
    }
    drop(chart);
    drop(plot_area);
    drop(area);
    let title = options.title.as_ref().map(|title| format!("{title}: "));
    Ok(Drawn {
        body: canvas.into_svg(),
        label: format!(
            "{}heat map of shape {}, {}",
            title.unwrap_or_default(),
            shape(&[*n_rows, *n_columns]),
            match extent {
                Some(Extent { low, high }) => format!("from {} to {}", brief(low), brief(high)),
                None => "nothing to draw".to_owned(),
            }
        ),
        notes,
    })
}

/// Columns count from the left, rows from the top; ticks are in the middle of their squares.
fn axes(matrix: &Matrix, (width, height): (u32, u32)) -> (Axis, Axis) {
    let whole = |n: usize, length: f64, distance: f64| {
        let extent = Extent {
            low: 0.0,
            high: n.max(1) as f64,
        };
        let mut axis = Axis::whole(extent, length, distance);
        axis.ticks.retain(|&(place, _)| place < n as f64);
        axis
    };
    let mut x = whole(matrix.n_columns, (f64::from(width) - 60.0).max(50.0), 50.0);
    let mut y = whole(matrix.n_rows, (f64::from(height) - 80.0).max(50.0), 36.0);
    x.ticks.iter_mut().for_each(|(place, _)| *place += 0.5);
    let n_rows = y.high;
    y.ticks
        .iter_mut()
        .for_each(|(place, _)| *place = n_rows - *place - 0.5);
    (x, y)
}

fn squares(
    matrix: &Matrix,
    colours: &Axis,
    chart: &Chart,
    canvas: &Canvas,
    notes: &mut Vec<String>,
) {
    let n_columns = matrix.n_columns.min(PIXELS_MAX.0);
    let n_rows = matrix.n_rows.min(PIXELS_MAX.1);
    if (n_rows, n_columns) != (matrix.n_rows, matrix.n_columns) {
        notes.push(format!(
            "averaged from shape {} to {}",
            shape(&[matrix.n_rows, matrix.n_columns]),
            shape(&[n_rows, n_columns])
        ));
    }
    let raster = Raster {
        width: n_columns,
        height: n_rows,
        palette: palette(),
        pixels: averaged(matrix, n_rows, n_columns)
            .into_iter()
            .map(|value| level(value, colours))
            .collect(),
    };
    let (across, down) = chart.plotting_area().get_pixel_range();
    canvas.image(
        (across.start, down.start),
        (across.end, down.end),
        &raster.png(),
    );
}

/// The matrix in fewer squares, each the mean of what it covers, without what is missing.
fn averaged(matrix: &Matrix, n_rows: usize, n_columns: usize) -> Vec<f64> {
    let mut sums = vec![0.0; n_rows * n_columns];
    let mut counts = vec![0u32; n_rows * n_columns];
    for (row, values) in matrix.values.chunks(matrix.n_columns).enumerate() {
        for (column, value) in values.iter().enumerate() {
            if value.is_finite() {
                let square = row * n_rows / matrix.n_rows * n_columns
                    + column * n_columns / matrix.n_columns;
                sums[square] += value;
                counts[square] += 1;
            }
        }
    }
    sums.into_iter()
        .zip(counts)
        .map(|(sum, count)| sum / f64::from(count))
        .collect()
}

fn level(value: f64, colours: &Axis) -> u8 {
    if value.is_nan() {
        return MISSING;
    }
    let share = (value - colours.low) / (colours.high - colours.low);
    (share.clamp(0.0, 1.0) * f64::from(MISSING - 1)).round() as u8
}

fn palette() -> Vec<Rgba> {
    (0..MISSING)
        .map(|level| {
            let RGBColor(red, green, blue) = viridis(level);
            [red, green, blue, 255]
        })
        .chain([[0, 0, 0, 0]])
        .collect()
}

fn viridis(level: u8) -> RGBColor {
    ViridisRGB.get_color(f64::from(level) / f64::from(MISSING - 1))
}

/// Writes the values into their squares where these are few and large.
fn written(matrix: &Matrix, colours: &Axis, chart: &Chart) -> Drawing {
    if matrix.n_rows > WRITTEN_MAX || matrix.n_columns > WRITTEN_MAX {
        return Ok(());
    }
    let area = chart.plotting_area();
    let (across, down) = area.get_pixel_range();
    let square = (
        f64::from((across.end - across.start) / UNITS) / matrix.n_columns as f64,
        f64::from((down.end - down.start) / UNITS) / matrix.n_rows as f64,
    );
    let texts: Vec<String> = matrix
        .values
        .iter()
        .map(|&value| {
            if value.is_finite() {
                brief(value)
            } else {
                String::new()
            }
        })
        .collect();
    let widest = texts
        .iter()
        .map(|text| width(text, FONT_SIZE))
        .fold(0.0, f64::max);
    if widest + 6.0 > square.0 || FONT_SIZE + 6.0 > square.1 {
        return Ok(());
    }
    for (idx, text) in texts.iter().enumerate() {
        let (row, column) = (idx / matrix.n_columns, idx % matrix.n_columns);
        let is_dark = level(matrix.values[idx], colours) < 160;
        let ink = if is_dark { WHITE } else { BLACK };
        let style = font(FONT_SIZE)
            .color(&ink)
            .pos(Pos::new(HPos::Center, VPos::Center));
        let place = (column as f64 + 0.5, matrix.n_rows as f64 - row as f64 - 0.5);
        area.draw(&Text::new(text.as_str(), place, style))?;
    }
    Ok(())
}

/// The bar of colours at the right, with its ticks.
fn scale(colours: &Axis, chart: &Chart, area: &Area, canvas: &Canvas) -> Drawing {
    let (across, down) = chart.plotting_area().get_pixel_range();
    let raster = Raster {
        width: 1,
        height: usize::from(MISSING),
        palette: palette(),
        pixels: (0..MISSING).rev().collect(),
    };
    let left = across.end + units(18.0);
    let right = left + units(BAR_WIDTH);
    canvas.image((left, down.start), (right, down.end), &raster.png());
    let style = font(FONT_SIZE)
        .color(&INK.mix(0.85))
        .pos(Pos::new(HPos::Left, VPos::Center));
    for (value, label) in &colours.ticks {
        let share = (value - colours.low) / (colours.high - colours.low);
        let y = down.end - (share * f64::from(down.end - down.start)) as i32;
        area.draw(&PathElement::new(
            vec![(right, y), (right + units(4.0), y)],
            INK.mix(0.5).stroke_width(UNITS as u32),
        ))?;
        area.draw_text(label, &style, (right + units(8.0), y))?;
    }
    Ok(())
}
