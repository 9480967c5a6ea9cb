//! What is drawn inside the axes.

use dagbok::plot::Scale;
use plotters::prelude::*;

use super::canvas::{Canvas, INK, UNITS};
use super::chart::{Chart, Drawing};
use super::raster::Raster;
use super::series::{Figure, Mark, Shape};
use super::thin;
use crate::render::format::{count, counted};
use crate::render::picture::PALETTE;

/// More points than this are drawn as their density.
const POINTS_MAX: usize = 4000;
/// The side of a square of the density, in pixels.
const DENSITY_PIXELS: i32 = 3;

/// The colour of series `idx`.
pub(super) fn colour(idx: usize) -> RGBColor {
    let hex = PALETTE[idx % PALETTE.len()].trim_start_matches('#');
    let rgb = u32::from_str_radix(hex, 16).unwrap_or_default();
    RGBColor((rgb >> 16) as u8, (rgb >> 8) as u8, rgb as u8)
}

pub(super) fn draw(
    figure: &Figure,
    chart: &mut Chart,
    canvas: &Canvas,
    notes: &mut Vec<String>,
) -> Drawing {
    let n_histograms = figure
        .marks
        .iter()
        .filter(|mark| matches!(mark.shape, Shape::Steps { .. }))
        .count();
    let range = chart.y_range();
    let floor = match figure.scale {
        Scale::Linear => 0f64.clamp(range.start, range.end),
        Scale::Log => range.start,
    };
    for (idx, mark) in figure.marks.iter().enumerate() {
        let colour = colour(idx);
        match mark.shape {
            Shape::Line => line(mark, chart, colour, notes)?,
            Shape::Points => points(mark, chart, canvas, colour, notes)?,
            Shape::Bars { idx, n } => bars(mark, chart, colour, (idx, n), floor)?,
            Shape::Steps { width } => {
                let opacity = if n_histograms > 1 { 0.5 } else { 0.85 };
                steps(mark, chart, colour.mix(opacity), width, floor)?;
            }
        }
    }
    if figure.scale == Scale::Linear {
        zero_line(chart)?;
    }
    Ok(())
}

fn line(mark: &Mark, chart: &mut Chart, colour: RGBColor, notes: &mut Vec<String>) -> Drawing {
    let (across, _) = chart.plotting_area().get_pixel_range();
    let n_columns = ((across.end - across.start) / UNITS).max(1) as usize;
    let range = chart.x_range();
    let thinned = thin::line(&mark.points, range.start, range.end, n_columns);
    if thinned.is_coarse {
        notes.push(format!(
            "a line of {} is drawn coarsely",
            counted(mark.points.len(), "point")
        ));
    }
    let style = colour.stroke_width(17);
    for piece in thinned.pieces {
        match *piece {
            [point] => chart.draw_series([Circle::new(point, 22, colour.filled())])?,
            _ => chart.draw_series([PathElement::new(piece, style)])?,
        };
    }
    Ok(())
}

fn points(
    mark: &Mark,
    chart: &mut Chart,
    canvas: &Canvas,
    colour: RGBColor,
    notes: &mut Vec<String>,
) -> Drawing {
    let drawable: Vec<(f64, f64)> = mark
        .points
        .iter()
        .copied()
        .filter(|(x, y)| x.is_finite() && y.is_finite())
        .collect();
    if drawable.len() > POINTS_MAX {
        density(&drawable, chart, canvas, colour);
        notes.push(format!(
            "{} points, drawn as their density",
            count(drawable.len())
        ));
        return Ok(());
    }
    let (radius, opacity) = match drawable.len() {
        0..=300 => (32, 0.75),
        301..=1500 => (26, 0.6),
        _ => (20, 0.5),
    };
    let style = colour.mix(opacity).filled();
    let circles = drawable
        .into_iter()
        .map(|point| Circle::new(point, radius, style));
    chart.draw_series(circles)?;
    Ok(())
}

/// Counts points in small squares: the more in one, the less it lets through, by the logarithm.
fn density(points: &[(f64, f64)], chart: &Chart, canvas: &Canvas, colour: RGBColor) {
    let (across, down) = chart.plotting_area().get_pixel_range();
    let side = DENSITY_PIXELS * UNITS;
    let width = ((across.end - across.start) / side + 1) as usize;
    let height = ((down.end - down.start) / side + 1) as usize;
    let mut counts = vec![0u32; width * height];
    for point in points {
        let (x, y) = chart.backend_coord(point);
        let column = ((x - across.start) / side).clamp(0, width as i32 - 1) as usize;
        let row = ((y - down.start) / side).clamp(0, height as i32 - 1) as usize;
        counts[row * width + column] += 1;
    }
    let most = counts.iter().copied().max().unwrap_or(1).max(1);
    let scale = f64::from(most).ln_1p();
    let pixels = counts
        .iter()
        .map(|&count| (f64::from(count).ln_1p() / scale * 255.0).ceil() as u8)
        .collect();
    let palette = (0..=255u32)
        .map(|level| {
            let opacity = if level == 0 {
                0
            } else {
                50 + level * 205 / 255
            };
            [colour.0, colour.1, colour.2, opacity as u8]
        })
        .collect();
    let raster = Raster {
        width,
        height,
        palette,
        pixels,
    };
    let end = (
        across.start + width as i32 * side,
        down.start + height as i32 * side,
    );
    canvas.image((across.start, down.start), end, &raster.png());
}

/// Bars number `idx` of `n` at each place, standing on `floor`.
fn bars(
    mark: &Mark,
    chart: &mut Chart,
    colour: RGBColor,
    (idx, n): (usize, usize),
    floor: f64,
) -> Drawing {
    let width = 0.78 / n as f64;
    let rectangles = mark
        .points
        .iter()
        .filter(|(x, y)| x.is_finite() && y.is_finite())
        .map(|&(x, y)| {
            let left = x - 0.39 + width * idx as f64;
            Rectangle::new(
                [(left, y.max(floor)), (left + width, y.min(floor))],
                colour.filled(),
            )
        });
    chart.draw_series(rectangles)?;
    Ok(())
}

fn steps(mark: &Mark, chart: &mut Chart, colour: RGBAColor, width: f64, floor: f64) -> Drawing {
    let (across, _) = chart.plotting_area().get_pixel_range();
    let range = chart.x_range();
    let pixels = f64::from((across.end - across.start) / UNITS);
    let is_wide = width / (range.end - range.start) * pixels > 5.0;
    let gap = if is_wide {
        (range.end - range.start) / pixels / 2.0
    } else {
        0.0
    };
    let rectangles = mark
        .points
        .iter()
        .filter(|&&(_, y)| y.is_finite() && y > floor)
        .map(|&(x, y)| Rectangle::new([(x + gap, y), (x + width - gap, floor)], colour.filled()));
    chart.draw_series(rectangles)?;
    Ok(())
}

/// The line of zero, where the axis reaches below it.
fn zero_line(chart: &mut Chart) -> Drawing {
    let (x, y) = (chart.x_range(), chart.y_range());
    if y.start < 0.0 && y.end > 0.0 {
        let style = INK.mix(0.35).stroke_width(UNITS as u32);
        chart.draw_series([PathElement::new(vec![(x.start, 0.0), (x.end, 0.0)], style)])?;
    }
    Ok(())
}
