//! Where `plotters` draws: SVG that merges marks of one style into one path and writes ink as `currentColor`.

use std::cell::RefCell;
use std::convert::Infallible;
use std::fmt::Write;
use std::rc::Rc;

use plotters::style::RGBColor;
use plotters_backend::text_anchor::{HPos, VPos};
use plotters_backend::{
    BackendColor, BackendCoord, BackendStyle, BackendTextStyle, DrawingBackend, DrawingErrorKind,
    FontTransform,
};

use crate::render::text::{escape, width};

/// `plotters` counts in whole units; so many of them make a pixel, so that curves stay smooth.
pub(super) const UNITS: i32 = 10;

/// The colour of text and axes: that of the page's text.
pub(super) const INK: RGBColor = RGBColor(1, 2, 3);

/// Translucent marks in one path do not darken one another; smaller paths keep crowds visible.
const MERGED_MAX: usize = 400;

/// A handle on one drawing; clones draw on the same.
#[derive(Clone)]
pub(super) struct Canvas {
    size: (u32, u32),
    drawing: Rc<RefCell<Drawing>>,
}

#[derive(Default)]
struct Drawing {
    svg: String,
    attributes: String,
    path: String,
    n_merged: usize,
}

impl Canvas {
    /// An empty canvas of so many pixels.
    pub(super) fn new((width, height): (u32, u32)) -> Self {
        Canvas {
            size: (width * UNITS as u32, height * UNITS as u32),
            drawing: Rc::default(),
        }
    }

    /// What has been drawn.
    pub(super) fn into_svg(self) -> String {
        let mut drawing = self.drawing.borrow_mut();
        drawing.flush();
        std::mem::take(&mut drawing.svg)
    }

    /// Puts a PNG, its pixels as sharp squares, into a rectangle in units.
    pub(super) fn image(&self, left_top: BackendCoord, right_bottom: BackendCoord, png: &str) {
        let mut drawing = self.drawing.borrow_mut();
        drawing.flush();
        let _ = write!(
            drawing.svg,
            "<image x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" preserveAspectRatio=\"none\" \
             style=\"image-rendering:pixelated\" href=\"data:image/png;base64,{png}\"/>",
            pixels(left_top.0),
            pixels(left_top.1),
            pixels(right_bottom.0 - left_top.0),
            pixels(right_bottom.1 - left_top.1),
        );
    }
}

impl Drawing {
    fn flush(&mut self) {
        if !self.path.is_empty() {
            let _ = write!(self.svg, "<path {} d=\"{}\"/>", self.attributes, self.path);
        }
        self.path.clear();
        self.attributes.clear();
        self.n_merged = 0;
    }

    fn add(&mut self, attributes: String, path: &str) {
        if attributes != self.attributes || self.n_merged == MERGED_MAX {
            self.flush();
            self.attributes = attributes;
        }
        self.path.push_str(path);
        self.n_merged += 1;
    }
}

impl DrawingBackend for Canvas {
    type ErrorType = Infallible;

    fn get_size(&self) -> (u32, u32) {
        self.size
    }

    fn ensure_prepared(&mut self) -> Result<(), DrawingErrorKind<Infallible>> {
        Ok(())
    }

    fn present(&mut self) -> Result<(), DrawingErrorKind<Infallible>> {
        Ok(())
    }

    fn draw_pixel(
        &mut self,
        (x, y): BackendCoord,
        color: BackendColor,
    ) -> Result<(), DrawingErrorKind<Infallible>> {
        self.draw_rect((x, y), (x + 1, y + 1), &color, true)
    }

    fn draw_line<S: BackendStyle>(
        &mut self,
        from: BackendCoord,
        to: BackendCoord,
        style: &S,
    ) -> Result<(), DrawingErrorKind<Infallible>> {
        self.draw_path([from, to], style)
    }

    fn draw_rect<S: BackendStyle>(
        &mut self,
        upper_left: BackendCoord,
        bottom_right: BackendCoord,
        style: &S,
        fill: bool,
    ) -> Result<(), DrawingErrorKind<Infallible>> {
        let path = format!(
            "M{} {}H{}V{}H{}z",
            pixels(upper_left.0),
            pixels(upper_left.1),
            pixels(bottom_right.0),
            pixels(bottom_right.1),
            pixels(upper_left.0),
        );
        let attributes = if fill { filled(style) } else { stroked(style) };
        self.drawing.borrow_mut().add(attributes, &path);
        Ok(())
    }

    fn draw_path<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(
        &mut self,
        path: I,
        style: &S,
    ) -> Result<(), DrawingErrorKind<Infallible>> {
        if style.color().alpha > 0.0 {
            self.drawing
                .borrow_mut()
                .add(stroked(style), &through(path));
        }
        Ok(())
    }

    /// A circle is a stroke of no length with a round end, the shortest that SVG has for it.
    fn draw_circle<S: BackendStyle>(
        &mut self,
        center: BackendCoord,
        radius: u32,
        style: &S,
        _fill: bool,
    ) -> Result<(), DrawingErrorKind<Infallible>> {
        let attributes = format!(
            "fill=\"none\" stroke-linecap=\"round\" stroke-width=\"{}\" {}",
            pixels(2 * radius as i32),
            paint("stroke", style.color())
        );
        let path = format!("M{} {}h0", pixels(center.0), pixels(center.1));
        self.drawing.borrow_mut().add(attributes, &path);
        Ok(())
    }

    fn fill_polygon<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(
        &mut self,
        corners: I,
        style: &S,
    ) -> Result<(), DrawingErrorKind<Infallible>> {
        let path = format!("{}z", through(corners));
        self.drawing.borrow_mut().add(filled(style), &path);
        Ok(())
    }

    fn draw_text<TStyle: BackendTextStyle>(
        &mut self,
        text: &str,
        style: &TStyle,
        (x, y): BackendCoord,
    ) -> Result<(), DrawingErrorKind<Infallible>> {
        let anchor = match style.anchor().h_pos {
            HPos::Left => "start",
            HPos::Center => "middle",
            HPos::Right => "end",
        };
        let size = style.size() / f64::from(UNITS);
        let down = match style.anchor().v_pos {
            VPos::Top => 0.78,
            VPos::Center => 0.35,
            VPos::Bottom => -0.22,
        };
        let place = match style.transform() {
            FontTransform::None => {
                let y = f64::from(y) / f64::from(UNITS) + size * down;
                format!("x=\"{}\" y=\"{y:.1}\"", pixels(x))
            }
            turned => {
                let degrees = match turned {
                    FontTransform::Rotate90 => 90,
                    FontTransform::Rotate180 => 180,
                    _ => -90,
                };
                format!(
                    "transform=\"translate({} {}) rotate({degrees})\" y=\"{:.1}\"",
                    pixels(x),
                    pixels(y),
                    size * down
                )
            }
        };
        let mut drawing = self.drawing.borrow_mut();
        drawing.flush();
        let _ = write!(
            drawing.svg,
            "<text {place} font-size=\"{size:.0}\" text-anchor=\"{anchor}\" {}>{}</text>",
            paint("fill", style.color()),
            escape(text)
        );
        Ok(())
    }

    fn estimate_text_size<TStyle: BackendTextStyle>(
        &self,
        text: &str,
        style: &TStyle,
    ) -> Result<(u32, u32), DrawingErrorKind<Infallible>> {
        Ok((width(text, style.size()) as u32, style.size() as u32))
    }
}

fn pixels(units: i32) -> String {
    let sign = if units < 0 { "-" } else { "" };
    let (whole, tenths) = (units.abs() / UNITS, units.abs() % UNITS);
    match tenths {
        0 => format!("{sign}{whole}"),
        _ => format!("{sign}{whole}.{tenths}"),
    }
}

fn through(points: impl IntoIterator<Item = BackendCoord>) -> String {
    let mut path = String::new();
    for (idx, (x, y)) in points.into_iter().enumerate() {
        let command = match idx {
            0 => "M",
            1 => "L",
            _ => " ",
        };
        let _ = write!(path, "{command}{} {}", pixels(x), pixels(y));
    }
    path
}

fn filled(style: &impl BackendStyle) -> String {
    paint("fill", style.color())
}

fn stroked(style: &impl BackendStyle) -> String {
    format!(
        "fill=\"none\" stroke-linejoin=\"round\" stroke-width=\"{}\" {}",
        pixels(style.stroke_width() as i32),
        paint("stroke", style.color())
    )
}

fn paint(what: &str, color: BackendColor) -> String {
    let (red, green, blue) = color.rgb;
    let mut paint = if color.rgb == (INK.0, INK.1, INK.2) {
        format!("{what}=\"currentColor\"")
    } else {
        format!("{what}=\"#{red:02x}{green:02x}{blue:02x}\"")
    };
    if color.alpha < 1.0 {
        let _ = write!(paint, " {what}-opacity=\"{:.2}\"", color.alpha);
    }
    paint
}
