//! Plots as SVG: `plotters` lays out axes and marks, a canvas of our own writes them in the colours of the page.

mod axis;
mod bins;
mod canvas;
mod chart;
mod heatmap;
mod marks;
mod raster;
mod series;
mod thin;

use dagbok::display::MimeBundle;
use dagbok::plot::{Plot, SeriesKind};
use dagbok::{Error, ErrorKind, Result};

use crate::render::picture::{Picture, Zoom};

const SIZE: (u32, u32) = (640, 400);

/// What a drawing function leaves behind.
struct Drawn {
    body: String,
    /// What the picture shows, in one sentence.
    label: String,
    /// What had to be left out.
    notes: Vec<String>,
}

/// Draws `plot` as HTML, SVG and a sentence.
///
/// # Errors
/// [`ErrorKind::Value`] if it cannot be drawn, such as a heat map whose values do not fill its rows.
pub fn bundle(plot: &Plot) -> Result<MimeBundle> {
    let (width, height) = plot.options().size.unwrap_or(SIZE);
    let heat_map = plot.series().iter().find_map(|series| match &series.kind {
        SeriesKind::HeatMap { matrix } => Some(matrix),
        _ => None,
    });
    let drawn = match heat_map {
        Some(matrix) => heatmap::draw(matrix, plot.options(), (width, height))?,
        None => chart::draw(plot, (width, height))?,
    };
    let picture = Picture {
        width: f64::from(width),
        height: f64::from(height),
        style: String::new(),
        body: drawn.body,
        label: drawn.label.clone(),
        zoom: Zoom::Fixed,
    };
    let mut html = picture.html();
    let mut plain = drawn.label;
    for note in drawn.notes {
        html.push_str(&format!("<div><small>{note}</small></div>"));
        plain.push_str(&format!("\n({note})"));
    }
    Ok(MimeBundle::plain(plain)
        .with("image/svg+xml", picture.svg())
        .with("text/html", html))
}

/// What `plotters` could not do, as an error of ours.
fn drawing_error(error: impl std::fmt::Display) -> Error {
    Error::new(ErrorKind::Value, format!("cannot draw the plot: {error}"))
}
