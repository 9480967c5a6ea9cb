//! One SVG that works everywhere: as an image on a card of its own where scripts are stripped, and inline, in the
//! colours of the page, where they run.

use std::hash::{DefaultHasher, Hash, Hasher};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::text::escape;

/// Colours that stay apart for colour-blind people (after Okabe and Ito), with the lighter ones darkened so that each
/// has a contrast of 3:1 on white and on a dark page.
pub(crate) const PALETTE: [&str; 8] = [
    "#1f83c4", "#d55e00", "#009e73", "#c0699a", "#b87f00", "#7a68c8", "#8a8a2a", "#808080",
];

const FONTS: &str = "system-ui,-apple-system,'Segoe UI',Roboto,'Helvetica Neue',Arial,sans-serif";
/// A picture is made smaller to fit a page as long as it is at least that share of its size; then it is scrolled.
const READABLE: f64 = 0.7;
/// What a page is at least expected to be wide, in pixels.
const PAGE_WIDTH: f64 = 600.0;
const SCRIPT: &str = include_str!("../../../../assets/picture.js");

/// A drawing that takes its text colour from where it is shown.
///
/// `body` uses `currentColor` for text and lines. Rules in `style` are written with `&` for the picture itself; ids
/// that begin with `@` become this picture's own.
pub(crate) struct Picture {
    pub(crate) width: f64,
    pub(crate) height: f64,
    pub(crate) style: String,
    pub(crate) body: String,
    /// What the picture shows, for those who do not see it.
    pub(crate) label: String,
    pub(crate) zoom: Zoom,
}

/// Whether a person can move around in a picture.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Zoom {
    Fixed,
    PanAndZoom,
}

impl Picture {
    /// A name for this picture's rules and markers: equal pictures share it, others do not.
    pub(crate) fn id(&self) -> String {
        let mut hasher = DefaultHasher::new();
        (&self.body, &self.style, &self.label).hash(&mut hasher);
        format!("dagbok-{:08x}", hasher.finish() as u32)
    }

    /// The picture as a file of its own: an opaque card, light or dark as the reader prefers.
    pub(crate) fn svg(&self) -> String {
        let id = self.id();
        let Picture { width, height, .. } = self;
        let label = escape(&self.label);
        let style = self
            .style
            .replace('&', &format!(".{id}"))
            .replace("#@", &format!("#{id}-"));
        let body = self
            .body
            .replace("id=\"@", &format!("id=\"{id}-"))
            .replace("url(#@", &format!("url(#{id}-"));
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"{id}\" role=\"img\" aria-label=\"{label}\" \
             width=\"{width:.0}\" height=\"{height:.0}\" viewBox=\"0 0 {width:.0} {height:.0}\" color=\"#24292f\" \
             font-family=\"{FONTS}\"><desc>{label}</desc><style>.{id}{{color:#24292f}}\
             @media(prefers-color-scheme:dark){{.{id}{{color:#dce3ea}}.{id} .card{{fill:#1c2128}}}}\
             .{id}.live{{color:inherit}}.{id}.live .card{{display:none}}{style}</style>\
             <rect class=\"card\" x=\".5\" y=\".5\" width=\"{:.0}\" height=\"{:.0}\" rx=\"6\" fill=\"#fff\" \
             stroke=\"currentColor\" stroke-opacity=\".15\"/>{body}</svg>",
            width - 1.0,
            height - 1.0,
        )
    }

    /// The picture in HTML: an image that survives a sanitiser, and a script that puts the drawing itself in its place.
    pub(crate) fn html(&self) -> String {
        let id = self.id();
        let label = escape(&self.label);
        let image = format!(
            "<img src=\"data:image/svg+xml;base64,{}\" alt=\"{label}\" width=\"{:.0}\"",
            STANDARD.encode(self.svg()),
            self.width,
        );
        let (attributes, scroll, shown) = match self.zoom {
            Zoom::Fixed => (
                "role=\"img\"".to_owned(),
                String::new(),
                format!("{image} style=\"max-width:100%\">"),
            ),
            // No image: there are buttons in it.
            Zoom::PanAndZoom => (
                format!("data-zoom=\"{READABLE}\" role=\"group\""),
                self.frame(),
                self.in_levels(&image),
            ),
        };
        format!(
            "<figure data-dagbok=\"{id}\" {attributes} aria-label=\"{label}\" style=\"margin:0{scroll}\">{shown}\
             </figure><script>({SCRIPT})(\"{id}\")</script>",
        )
    }

    /// How a picture is scrolled in its place, with a border where it may be wider than a page.
    fn frame(&self) -> String {
        let border = match READABLE * self.width > PAGE_WIDTH {
            true => ";border:1px solid #808080",
            false => "",
        };
        format!(";overflow:auto;max-height:700px{border}")
    }

    /// `image`, to be scrolled, and to be zoomed where scripts and rules are stripped: a box is as wide as what is in it, also what
    /// has no height, and the image as wide as the box.
    fn in_levels(&self, image: &str) -> String {
        let spacer =
            |factor: f64| format!("<div style=\"width:{:.0}px\"></div>", factor * self.width);
        format!(
            "<div style=\"display:inline-block;min-width:{:.0}px\"><details><summary>Larger</summary>{}<details>\
             <summary>Larger still</summary>{}</details></details>{image} style=\"width:100%;max-width:none\"></div>",
            READABLE * self.width,
            spacer(1.2),
            spacer(2.4),
        )
    }
}
