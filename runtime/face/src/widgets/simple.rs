//! The widgets with at most one value: what they take, and the value.

use super::core::Draft;
use super::kind::{self, Kind};
use super::{Layout, Style, Widget};
use crate::comm::Json;
use crate::json;
use crate::sealed::Sealed;

/// What a widget holds.
trait Value: Into<Json> + Default {
    /// The value that a front end has sent.
    fn read(json: &Json) -> Self;
}

impl Value for i64 {
    fn read(json: &Json) -> Self {
        json.as_i64()
            .or(json.as_f64().map(|value| value as i64))
            .unwrap_or_default()
    }
}

impl Value for f64 {
    fn read(json: &Json) -> Self {
        json.as_f64().unwrap_or_default()
    }
}

impl Value for bool {
    fn read(json: &Json) -> Self {
        json.as_bool().unwrap_or_default()
    }
}

impl Value for String {
    fn read(json: &Json) -> Self {
        json.as_str().unwrap_or_default().to_owned()
    }
}

/// A handle, its builder and all that each widget has.
macro_rules! widget {
    (
        $(#[$doc:meta])*
        $name:ident, $builder:ident, $kind:expr, $defaults:tt
        { $($(#[$member_doc:meta])* $member:ident, $set_member:ident: $type:ty;)* }
        $(texts { $($(#[$text_doc:meta])* $text:ident, $set_text:ident;)* })?
    ) => {
        $(#[$doc])*
        #[derive(Clone)]
        pub struct $name(Widget);

        /// Describes a widget; `build` makes it.
        #[derive(Clone, Debug)]
        #[must_use = "there is no widget before `build` is called"]
        pub struct $builder(Sealed<Box<Draft>>);

        impl $name {
            /// Describes one: call what it should have, then `build`.
            #[expect(clippy::new_ret_no_self, reason = "a front end has to be told all at once")]
            pub fn new() -> $builder {
                $builder(draft(&$kind, json!($defaults)))
            }

            $($(#[$member_doc])*
            pub fn $set_member(&self, $member: $type) {
                self.0.0.set(stringify!($member), $member.into());
            })*

            $($($(#[$text_doc])*
            pub fn $set_text(&self, $text: impl Into<String>) {
                self.0.0.set(stringify!($text), Json::Text($text.into()));
            })*)?
        }

        impl $builder {
            $($(#[$member_doc])*
            pub fn $member(mut self, $member: $type) -> Self {
                self.0.set(stringify!($member), $member.into());
                self
            })*

            $($($(#[$text_doc])*
            pub fn $text(mut self, $text: impl Into<String>) -> Self {
                self.0.set(stringify!($text), Json::Text($text.into()));
                self
            })*)?

            /// Its place and size.
            pub fn layout(mut self, layout: Layout) -> Self {
                self.0.layout = Some(layout);
                self
            }

            /// Its colours and fonts.
            pub fn style(mut self, style: Style) -> Self {
                self.0.style = Some(style);
                self
            }

            /// Makes the widget.
            ///
            /// # Panics
            /// If it has bounds and they are the wrong way round.
            #[track_caller]
            pub fn build(self) -> $name {
                $name(self.0.build())
            }
        }

        super::simple::handle!($name);
    };
}

/// What every handle has.
macro_rules! handle {
    ($name:ident) => {
        impl $name {
            /// Changes its place and size.
            pub fn set_layout(&self, layout: $crate::widgets::Layout) {
                self.0.set_layout(layout);
            }

            /// Changes its colours and fonts.
            pub fn set_style(&self, style: $crate::widgets::Style) {
                self.0.set_style(style);
            }

            /// Takes it off the screen for good.
            pub fn close(&self) {
                self.0.close();
            }
        }

        impl $crate::widgets::AnyWidget for $name {
            fn widget(&self) -> &$crate::widgets::Widget {
                &self.0
            }
        }

        impl $crate::display::Render for $name {
            fn render(&self) -> $crate::display::MimeBundle {
                self.0.render()
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

pub(super) use handle;
pub(super) use widget;

/// A description that starts with `defaults`.
pub(super) fn draft(kind: &'static Kind, defaults: Json) -> Sealed<Box<Draft>> {
    let mut draft = Draft::new(kind);
    for (key, value) in defaults.as_object().unwrap_or_default() {
        draft.set(key, value.clone());
    }
    Box::new(draft).into()
}

/// The value of a widget, and who hears of it.
macro_rules! value {
    ($name:ident, $builder:ident, $type:ident) => {
        impl $name {
            /// Its value.
            pub fn value(&self) -> $type {
                <$type>::read(&self.0.0.get("value"))
            }

            /// Calls `callback` with the new value when the person changes it; not when [`set_value`](Self::set_value) does.
            pub fn on_change(&self, mut callback: impl FnMut($type) + Send + 'static) -> &Self {
                self.0.0.on_change(Box::new(move |value| callback(<$type>::read(value))));
                self
            }
        }

        value!(@set $name, $builder, $type);
    };
    (@set $name:ident, $builder:ident, String) => {
        impl $name {
            /// Changes its value.
            pub fn set_value(&self, value: impl Into<String>) {
                self.0.0.set("value", Json::Text(value.into()));
            }
        }

        impl $builder {
            /// Its value at first.
            pub fn value(mut self, value: impl Into<String>) -> Self {
                self.0.set("value", Json::Text(value.into()));
                self
            }
        }
    };
    (@set $name:ident, $builder:ident, $type:ident) => {
        impl $name {
            /// Changes its value; one outside of its bounds becomes the nearest inside.
            pub fn set_value(&self, value: $type) {
                self.0.0.set("value", value.into());
            }
        }

        impl $builder {
            /// Its value at first.
            pub fn value(mut self, value: $type) -> Self {
                self.0.set("value", value.into());
                self
            }
        }
    };
}

widget! {
    /// A slider of whole numbers, from 0 to 100 if nothing else is said.
    ///
    /// ```
    /// use dagbok::widgets::IntSlider;
    ///
    /// let n = IntSlider::new().min(1).max(10).value(3).description("n").build();
    /// n.on_change(|n| println!("now {n}"));
    /// assert_eq!(n.value(), 3);
    /// ```
    IntSlider, IntSliderBuilder, kind::INT_SLIDER, {"min": 0, "max": 100, "step": 1, "value": 0}
    {
        /// The least value.
        min, set_min: i64;
        /// The greatest value.
        max, set_max: i64;
        /// From one value to the next.
        step, set_step: i64;
        /// Whether its value changes while it is dragged, and not only at the end.
        continuous_update, set_continuous_update: bool;
        /// Whether its value stands beside it.
        readout, set_readout: bool;
        /// Whether it cannot be changed.
        disabled, set_disabled: bool;
    }
    texts {
        /// The text beside it.
        description, set_description;
        /// What is shown under the pointer.
        tooltip, set_tooltip;
        /// `"horizontal"` or `"vertical"`.
        orientation, set_orientation;
        /// How the value beside it is written, as d3 has it: `".2f"`, `"d"`.
        readout_format, set_readout_format;
    }
}

value!(IntSlider, IntSliderBuilder, i64);

widget! {
    /// A slider of numbers, from 0 to 100 if nothing else is said.
    FloatSlider, FloatSliderBuilder, kind::FLOAT_SLIDER, {"min": 0.0, "max": 100.0, "step": 0.1, "value": 0.0}
    {
        /// The least value.
        min, set_min: f64;
        /// The greatest value.
        max, set_max: f64;
        /// From one value to the next.
        step, set_step: f64;
        /// Whether its value changes while it is dragged, and not only at the end.
        continuous_update, set_continuous_update: bool;
        /// Whether its value stands beside it.
        readout, set_readout: bool;
        /// Whether it cannot be changed.
        disabled, set_disabled: bool;
    }
    texts {
        /// The text beside it.
        description, set_description;
        /// What is shown under the pointer.
        tooltip, set_tooltip;
        /// `"horizontal"` or `"vertical"`.
        orientation, set_orientation;
        /// How the value beside it is written, as d3 has it: `".2f"`, `"d"`.
        readout_format, set_readout_format;
    }
}

value!(FloatSlider, FloatSliderBuilder, f64);

widget! {
    /// A progress bar that counts, from 0 to 100 if nothing else is said.
    ///
    /// ```
    /// use dagbok::widgets::IntProgress;
    ///
    /// let bar = IntProgress::new().max(50).description("pages").build();
    /// for page in 1..=50 {
    ///     bar.set_value(page);
    /// }
    /// ```
    IntProgress, IntProgressBuilder, kind::INT_PROGRESS, {"min": 0, "max": 100, "value": 0}
    {
        /// The least value.
        min, set_min: i64;
        /// The greatest value.
        max, set_max: i64;
    }
    texts {
        /// The text beside it.
        description, set_description;
        /// What is shown under the pointer.
        tooltip, set_tooltip;
        /// `"horizontal"` or `"vertical"`.
        orientation, set_orientation;
        /// `"success"`, `"info"`, `"warning"`, `"danger"` or `""`.
        bar_style, set_bar_style;
    }
}

value!(IntProgress, IntProgressBuilder, i64);

widget! {
    /// A progress bar, from 0 to 100 if nothing else is said.
    FloatProgress, FloatProgressBuilder, kind::FLOAT_PROGRESS, {"min": 0.0, "max": 100.0, "value": 0.0}
    {
        /// The least value.
        min, set_min: f64;
        /// The greatest value.
        max, set_max: f64;
    }
    texts {
        /// The text beside it.
        description, set_description;
        /// What is shown under the pointer.
        tooltip, set_tooltip;
        /// `"horizontal"` or `"vertical"`.
        orientation, set_orientation;
        /// `"success"`, `"info"`, `"warning"`, `"danger"` or `""`.
        bar_style, set_bar_style;
    }
}

value!(FloatProgress, FloatProgressBuilder, f64);

widget! {
    /// A button.
    ///
    /// ```
    /// use dagbok::widgets::Button;
    ///
    /// let button = Button::new().description("Go").icon("play").build();
    /// button.on_click(|| println!("gone"));
    /// ```
    Button, ButtonBuilder, kind::BUTTON, {}
    {
        /// Whether it cannot be changed.
        disabled, set_disabled: bool;
    }
    texts {
        /// The text on it.
        description, set_description;
        /// What is shown under the pointer.
        tooltip, set_tooltip;
        /// A name of Font Awesome 4, without `fa-`.
        icon, set_icon;
        /// `"primary"`, `"success"`, `"info"`, `"warning"`, `"danger"` or `""`.
        button_style, set_button_style;
    }
}

widget! {
    /// A box with a check mark or without.
    Checkbox, CheckboxBuilder, kind::CHECKBOX, {"value": false, "indent": false}
    {
        /// Whether it cannot be changed.
        disabled, set_disabled: bool;
        /// Whether it is in line with widgets that have descriptions.
        indent, set_indent: bool;
    }
    texts {
        /// The text beside it.
        description, set_description;
        /// What is shown under the pointer.
        tooltip, set_tooltip;
    }
}

value!(Checkbox, CheckboxBuilder, bool);

widget! {
    /// A line of text to type.
    Text, TextBuilder, kind::TEXT, {"value": ""}
    {
        /// Whether it cannot be changed.
        disabled, set_disabled: bool;
        /// Whether its value changes with each letter, and not only at the end.
        continuous_update, set_continuous_update: bool;
    }
    texts {
        /// The text beside it.
        description, set_description;
        /// What is shown under the pointer.
        tooltip, set_tooltip;
        /// What stands in it as long as it is empty.
        placeholder, set_placeholder;
    }
}

value!(Text, TextBuilder, String);

widget! {
    /// Several lines of text to type.
    Textarea, TextareaBuilder, kind::TEXTAREA, {"value": ""}
    {
        /// Whether it cannot be changed.
        disabled, set_disabled: bool;
        /// Whether its value changes with each letter, and not only at the end.
        continuous_update, set_continuous_update: bool;
        /// How many lines it shows.
        rows, set_rows: u32;
    }
    texts {
        /// The text beside it.
        description, set_description;
        /// What is shown under the pointer.
        tooltip, set_tooltip;
        /// What stands in it as long as it is empty.
        placeholder, set_placeholder;
    }
}

value!(Textarea, TextareaBuilder, String);

widget! {
    /// A line of text to read; TeX between `$` is set.
    Label, LabelBuilder, kind::LABEL, {"value": ""}
    {
    }
    texts {
        /// The text beside it.
        description, set_description;
        /// What is shown under the pointer.
        tooltip, set_tooltip;
    }
}

value!(Label, LabelBuilder, String);

widget! {
    /// Anything that HTML can say; scripts in it do not run.
    HTML, HTMLBuilder, kind::HTML, {"value": ""}
    {
    }
    texts {
        /// The text beside it.
        description, set_description;
        /// What is shown under the pointer.
        tooltip, set_tooltip;
        /// What stands in it as long as it is empty.
        placeholder, set_placeholder;
    }
}

value!(HTML, HTMLBuilder, String);

impl Button {
    /// Calls `callback` when the person clicks it.
    pub fn on_click(&self, mut callback: impl FnMut() + Send + 'static) -> &Self {
        on_event(&self.0, "click", Box::new(move |_| callback()));
        self
    }
}

impl Text {
    /// Calls `callback` with the text when the person presses Enter.
    pub fn on_submit(&self, mut callback: impl FnMut(String) + Send + 'static) -> &Self {
        let text = self.clone();
        on_event(&self.0, "submit", Box::new(move |_| callback(text.value())));
        self
    }
}

type Act = Box<dyn FnMut(&Json) + Send>;

fn on_event(widget: &Widget, event: &'static str, mut callback: Act) {
    widget.0.on_act(Box::new(move |content| {
        if content["event"].as_str() == Some(event) {
            callback(content);
        }
    }));
}
