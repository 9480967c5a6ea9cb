//! Place and size of a widget, its colours and fonts: what CSS takes.

use crate::comm::Json;

macro_rules! members {
    ($type:ident { $($(#[$doc:meta])* $name:ident),* $(,)? }) => {
        impl $type {
            /// Nothing but what the front end chooses.
            pub fn new() -> Self {
                Self::default()
            }

            $($(#[$doc])*
            pub fn $name(self, value: impl Into<String>) -> Self {
                self.with(stringify!($name), value.into())
            })*

            fn with(mut self, name: &str, value: String) -> Self {
                self.members.retain(|(existing, _)| existing != name);
                self.members.push((name.to_owned(), Json::Text(value)));
                self
            }
        }
    };
}

/// Place and size; values are those of CSS.
///
/// ```
/// use dagbok::widgets::{IntProgress, Layout};
///
/// let bar = IntProgress::new().layout(Layout::new().width("100%").margin("4px 0")).build();
/// # drop(bar);
/// ```
#[derive(Clone, Debug, Default)]
pub struct Layout {
    pub(crate) members: Vec<(String, Json)>,
}

members!(Layout {
    /// `"300px"`, `"50%"`, `"auto"`
    width,
    /// `"2em"`
    height,
    /// The least width.
    min_width,
    /// The greatest width.
    max_width,
    /// The least height.
    min_height,
    /// The greatest height.
    max_height,
    /// Around it: `"4px"`, `"0 auto"`
    margin,
    /// Inside of it.
    padding,
    /// `"scroll"`, `"hidden"`
    overflow,
    /// `"none"` hides it, `"flex"` and `"grid"` arrange what is in a box.
    display,
    /// `"hidden"` leaves its place empty.
    visibility,
    /// How much it grows and shrinks in its box: `"1 1 auto"`
    flex,
    /// `"row wrap"`, `"column"`
    flex_flow,
    /// Along a box: `"center"`, `"space-between"`
    justify_content,
    /// Across a box: `"center"`, `"stretch"`
    align_items,
    /// Across the box that it is in.
    align_self,
    /// Its place among the others of its box.
    order,
    /// `"repeat(3, 1fr)"`
    grid_template_columns,
    /// `"auto 2em"`
    grid_template_rows,
    /// Between what is in a grid or a box.
    grid_gap,
    /// `"1px solid"`, on this side
    border_top,
    /// On this side.
    border_right,
    /// On this side.
    border_bottom,
    /// On this side.
    border_left,
});

/// Colours and fonts; a widget takes those that its kind has.
///
/// ```
/// use dagbok::widgets::{IntSlider, Style};
///
/// let slider = IntSlider::new().description("a long description").style(Style::new().description_width("initial")).build();
/// # drop(slider);
/// ```
#[derive(Clone, Debug, Default)]
pub struct Style {
    pub(crate) members: Vec<(String, Json)>,
}

members!(Style {
    /// The room for the description: `"initial"` as much as it needs.
    description_width,
    /// The colour of a progress bar.
    bar_color,
    /// The colour of a slider's handle.
    handle_color,
    /// The colour of a button.
    button_color,
    /// The colour of text in buttons, labels and fields.
    text_color,
    /// The colour behind text.
    background,
    /// `"large"`, `"16px"`
    font_size,
    /// `"bold"`
    font_weight,
});
