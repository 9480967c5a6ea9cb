//! A choice among several texts.

use super::core::Draft;
use super::simple::{draft, widget};
use super::{Layout, Style, Widget, kind};
use crate::comm::{Json, lock};
use crate::json;
use crate::sealed::Sealed;

widget! {
    /// A choice among several texts; the first is chosen if nothing else is said.
    ///
    /// ```
    /// use dagbok::widgets::Dropdown;
    ///
    /// let unit = Dropdown::new().options(["m", "km"]).value("km").description("unit").build();
    /// unit.on_change(|unit| println!("{unit}"));
    /// assert_eq!((unit.value().as_str(), unit.index()), ("km", Some(1)));
    /// ```
    Dropdown, DropdownBuilder, kind::DROPDOWN, {"_options_labels": [], "index": null}
    {
        /// Whether it cannot be changed.
        disabled, set_disabled: bool;
    }
    texts {
        /// The text beside it.
        description, set_description;
        /// What is shown under the pointer.
        tooltip, set_tooltip;
    }
}

impl Dropdown {
    /// The text that is chosen; empty if none is.
    pub fn value(&self) -> String {
        let state = lock(&self.0.0.state);
        let chosen = chosen(state.get("_options_labels"), state.get("index"));
        chosen.to_owned()
    }

    /// The place of the text that is chosen among all.
    pub fn index(&self) -> Option<usize> {
        let index = self.0.0.get("index").as_i64();
        index.and_then(|index| usize::try_from(index).ok())
    }

    /// Chooses the text `value`; none if it is not among the options.
    pub fn set_value(&self, value: &str) {
        let index = place(&self.0.0.get("_options_labels"), value);
        self.0.0.set("index", index.into());
    }

    /// Chooses the text at the place `index`; none if there is no such place.
    pub fn set_index(&self, index: usize) {
        let options = self.0.0.get("_options_labels");
        let n_options = options.as_list().unwrap_or_default().len();
        let index = Some(index).filter(|index| *index < n_options);
        self.0.0.set("index", index.into());
    }

    /// Puts others in place of the texts, of which the first is chosen.
    pub fn set_options(&self, options: impl IntoIterator<Item: Into<String>>) {
        self.replace_options(options.into_iter().map(Into::into).collect());
    }

    fn replace_options(&self, options: Vec<String>) {
        let first = (!options.is_empty()).then_some(0);
        self.0.0.change(|state| {
            state.set("_options_labels", options.into());
            state.set("index", first.into())
        });
    }

    /// Calls `callback` with the text when the person chooses another.
    pub fn on_change(&self, mut callback: impl FnMut(String) + Send + 'static) -> &Self {
        let dropdown = self.clone();
        let on_index = move |_: &Json| callback(dropdown.value());
        self.0.0.on_change(Box::new(on_index));
        self
    }
}

impl DropdownBuilder {
    /// The texts to choose from; the first is chosen.
    pub fn options(mut self, options: impl IntoIterator<Item: Into<String>>) -> Self {
        set_options(&mut self.0, options.into_iter().map(Into::into).collect());
        self
    }

    /// The text that is chosen at first, one of the options, which are to be given before.
    pub fn value(mut self, value: &str) -> Self {
        choose(&mut self.0, value);
        self
    }
}

fn set_options(draft: &mut Draft, options: Vec<String>) {
    let first = (!options.is_empty()).then_some(0);
    draft.set("_options_labels", options.into());
    draft.set("index", first.into());
}

fn choose(draft: &mut Draft, value: &str) {
    let options = draft
        .members
        .iter()
        .find(|(key, _)| key == "_options_labels");
    let index = options.and_then(|(_, options)| place(options, value));
    draft.set("index", index.into());
}

fn place(options: &Json, value: &str) -> Option<usize> {
    let options = options.as_list().unwrap_or_default();
    options
        .iter()
        .position(|option| option.as_str() == Some(value))
}

/// The option at `index`; nothing if there is none.
pub(super) fn chosen<'o>(options: &'o Json, index: &Json) -> &'o str {
    let index = index.as_i64().and_then(|index| usize::try_from(index).ok());
    let option = index.map(|index| &options[index]);
    option.and_then(Json::as_str).unwrap_or_default()
}
