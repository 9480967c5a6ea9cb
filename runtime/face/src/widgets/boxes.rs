//! Widgets side by side and one below the other.

use super::core::{Draft, reference};
use super::kind::{self, Kind};
use super::simple::handle;
use super::{AnyWidget, Widget};
use crate::comm::{Json, lock};

/// Widgets side by side.
///
/// ```
/// use dagbok::widgets::{Button, HBox, Label};
///
/// let (less, more) = (Button::new().description("-").build(), Button::new().description("+").build());
/// let row = HBox::new([&less, &Label::new().value("0").build(), &more]);
/// # drop(row);
/// ```
#[derive(Clone)]
pub struct HBox(Widget);

/// Widgets one below the other; as [`HBox`] otherwise.
#[derive(Clone)]
pub struct VBox(Widget);

macro_rules! boxes {
    ($($name:ident, $kind:expr;)*) => {$(
        impl $name {
            /// A box with these in it.
            pub fn new<const N: usize>(children: [&dyn AnyWidget; N]) -> Self {
                $name(build(&$kind, children.map(|child| child.widget().clone()).into()))
            }

            /// A box with so many in it as there are.
            pub fn of(children: impl IntoIterator<Item: AnyWidget>) -> Self {
                let children = children.into_iter().map(|child| child.widget().clone());
                $name(build(&$kind, children.collect()))
            }

            /// Puts others in place of what is in it.
            pub fn set_children<const N: usize>(&self, children: [&dyn AnyWidget; N]) {
                fill(&self.0, children.map(|child| child.widget().clone()).into());
            }
        }

        handle!($name);
    )*};
}

boxes! {
    HBox, kind::HBOX;
    VBox, kind::VBOX;
}

fn build(kind: &'static Kind, children: Vec<Widget>) -> Widget {
    let mut draft = Draft::new(kind);
    draft.set("children", references(&children));
    let widget = draft.build();
    *lock(&widget.0.children) = children;
    widget
}

fn fill(widget: &Widget, children: Vec<Widget>) {
    let references = references(&children);
    let former = std::mem::replace(&mut *lock(&widget.0.children), children);
    widget.0.set("children", references);
    drop(former);
}

fn references(children: &[Widget]) -> Json {
    Json::List(
        children
            .iter()
            .map(|child| reference(child.model_id()))
            .collect(),
    )
}
