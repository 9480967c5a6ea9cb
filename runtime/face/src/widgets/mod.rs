//! Widgets: sliders, buttons and other things on the screen that cells and the person both change.
//!
//! They are those of ipywidgets and speak its protocol, so that front ends with its extension show them alive; others, and files,
//! show what they look like. A handle is one widget however often it is cloned, on any thread. A value that is set appears
//! at once, also while a cell runs; of many in a short time the last one always arrives.
//!
//! ```
//! use dagbok::widgets::{Button, IntSlider, Label, VBox};
//!
//! let n = IntSlider::new().min(0).max(10).value(3).description("n").build();
//! let shown = Label::new().value("n = 3").build();
//! let label = shown.clone();
//! n.on_change(move |n| label.set_value(format!("n = {n}")));
//! let reset = Button::new().description("Reset").build();
//! let slider = n.clone();
//! reset.on_click(move || slider.set_value(0));
//! let all = VBox::new([&n, &shown, &reset]);
//! assert_eq!(n.value(), 3);
//! n.set_value(99);
//! assert_eq!(n.value(), 10);
//! # drop(all);
//! ```

mod boxes;
mod control;
mod core;
mod dropdown;
mod kind;
mod output;
mod simple;
mod state;
mod still;
mod style;

pub use boxes::{HBox, VBox};
pub use control::{are_alive, serve};
pub use dropdown::{Dropdown, DropdownBuilder};
pub use output::Output;
pub use simple::{
    Button, ButtonBuilder, Checkbox, CheckboxBuilder, FloatProgress, FloatProgressBuilder,
    FloatSlider, FloatSliderBuilder, HTML, HTMLBuilder, IntProgress, IntProgressBuilder, IntSlider,
    IntSliderBuilder, Label, LabelBuilder, Text, TextBuilder, Textarea, TextareaBuilder,
};
pub use style::{Layout, Style};

pub(crate) use self::core::{Core, Draft};

use std::time::Duration;

use crate::display::{MimeBundle, Render};
use crate::json;
use crate::sealed::Sealed;
use std::sync::Arc;

/// A widget is sent to the front end no oftener than this.
pub const UPDATE_PERIOD: Duration = Duration::from_millis(60);

/// Any widget.
#[derive(Clone)]
pub struct Widget(pub(crate) Sealed<Arc<Core>>);

/// What can be put into a box.
pub trait AnyWidget {
    /// The widget, whatever its type.
    fn widget(&self) -> &Widget;
}

impl AnyWidget for Widget {
    fn widget(&self) -> &Widget {
        self
    }
}

impl Widget {
    /// The id of its model, which is that of its comm.
    pub fn model_id(&self) -> &str {
        self.0.comm.id()
    }

    /// Takes it off the screen for good.
    pub fn close(&self) {
        self.0.close();
    }

    /// Changes its place and size.
    pub fn set_layout(&self, layout: Layout) {
        self.0.set_layout(layout);
    }

    /// Changes its colours and fonts.
    pub fn set_style(&self, style: Style) {
        self.0.set_style(style);
    }
}

/// Alive where the front end has the extension of ipywidgets, else as it is now.
impl Render for Widget {
    fn render(&self) -> MimeBundle {
        let still = still::draw(&self.0);
        let view = json!({"model_id": self.model_id(), "version_major": 2, "version_minor": 1});
        MimeBundle::plain(still.text)
            .with("text/html", still.html)
            .with("application/vnd.jupyter.widget-view+json", view.to_string())
    }
}

impl std::fmt::Debug for Widget {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.0.kind.name, still::draw(&self.0).text)
    }
}
