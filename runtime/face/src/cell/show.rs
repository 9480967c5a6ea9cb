//! The value of a cell's last expression: its own `evcxr_display`, else [`Render`], else `Debug`, else a sentence.
//!
//! Which of them a type has is decided by how many references method lookup must strip (autoref specialisation), so
//! that one compile does for all. The kernel writes
//! `match &(tail) { value => if is_unshown(&(*value).evcxr_display()) { (&&&Shown(value)).show(scope) } }`.

use std::any::Any;
use std::fmt::Debug;

use super::Scope;
use crate::display::{DisplayHandle, MimeBundle, Render, display};

/// What `evcxr_display` returns for a type that does not have it.
pub struct Unshown;

/// Stands in for a type's own `evcxr_display`, which method lookup prefers.
pub trait ViaEvcxr {
    /// Says that the type has no such method.
    fn evcxr_display(&self) -> Unshown;
}

impl<T: ?Sized> ViaEvcxr for T {
    fn evcxr_display(&self) -> Unshown {
        Unshown
    }
}

/// Whether a value still has to be shown after `evcxr_display` returned `result`.
pub fn is_unshown(result: &dyn Any) -> bool {
    result.is::<Unshown>()
}

/// A reference to the value to show.
pub struct Shown<'a, T: ?Sized>(pub &'a T);

/// Shows a value that has [`Render`].
pub trait ViaRender {
    /// Hands its bundle to the cell's scope.
    fn show(&self, scope: &mut Scope<'_>);
}

impl<T: Render + ?Sized> ViaRender for &&Shown<'_, T> {
    fn show(&self, scope: &mut Scope<'_>) {
        scope.show(self.0.render());
    }
}

/// Shows a value that has only `Debug`.
pub trait ViaDebug {
    /// Hands its `{:?}` to the cell's scope; `()` is not shown.
    fn show(&self, scope: &mut Scope<'_>);
}

impl<T: Debug + ?Sized> ViaDebug for &Shown<'_, T> {
    fn show(&self, scope: &mut Scope<'_>) {
        show_debug(scope, &self.0, std::any::type_name::<T>());
    }
}

/// Says of any other value that it cannot be shown.
pub trait ViaNothing {
    /// Hands a sentence that names the type to the cell's scope.
    fn show(&self, scope: &mut Scope<'_>);
}

impl<T: ?Sized> ViaNothing for Shown<'_, T> {
    fn show(&self, scope: &mut Scope<'_>) {
        show_nothing(scope, std::any::type_name::<T>());
    }
}

/// Shows the value of a last expression whose type is not known where it stands, by its `Debug`.
pub fn show_as_debug<T: Debug>(scope: &mut Scope<'_>, value: &T) {
    show_debug(scope, value, std::any::type_name::<T>());
}

/// What a cell's `display(value)` becomes: shows any value at once, as the end of a cell would.
#[macro_export]
macro_rules! display_any {
    ($value:expr $(,)?) => {
        match &($value) {
            value => {
                use $crate::cell::{
                    DisplayViaDebug as _, DisplayViaNothing as _, DisplayViaRender as _,
                };
                (&&&$crate::cell::Displayed(value)).display()
            }
        }
    };
}

/// What a cell's `dbg!(value)` becomes: std's own macro, with the place in the cell and what was typed there.
#[macro_export]
macro_rules! dbg_at {
    ($place:literal;) => {
        ::std::eprintln!("[{}]", $place)
    };
    ($place:literal; $typed:literal => $value:expr $(,)?) => {
        match $value {
            value => {
                ::std::eprintln!("[{}] {} = {:#?}", $place, $typed, &value);
                value
            }
        }
    };
    ($place:literal; $($typed:literal => $value:expr),+ $(,)?) => {
        ($($crate::dbg_at!($place; $typed => $value)),+,)
    };
}

/// A reference to a value that `display` shows.
pub struct Displayed<'a, T: ?Sized>(pub &'a T);

/// Displays a value that has [`Render`].
pub trait DisplayViaRender {
    /// Shows its bundle.
    fn display(&self) -> DisplayHandle;
}

impl<T: Render + ?Sized> DisplayViaRender for &&Displayed<'_, T> {
    fn display(&self) -> DisplayHandle {
        let handle = display(&self.0.render());
        self.0.follow(&handle);
        handle
    }
}

/// Displays a value that has only `Debug`.
pub trait DisplayViaDebug {
    /// Shows its `{:?}`.
    fn display(&self) -> DisplayHandle;
}

impl<T: Debug + ?Sized> DisplayViaDebug for &Displayed<'_, T> {
    fn display(&self) -> DisplayHandle {
        display(&MimeBundle::plain(format!("{:?}", self.0)))
    }
}

/// Says of any other value that it cannot be shown.
pub trait DisplayViaNothing {
    /// Shows a sentence that names the type.
    fn display(&self) -> DisplayHandle;
}

impl<T: ?Sized> DisplayViaNothing for Displayed<'_, T> {
    fn display(&self) -> DisplayHandle {
        display(&undisplayable(std::any::type_name::<T>()))
    }
}

fn show_debug(scope: &mut Scope<'_>, value: &dyn Debug, type_name: &str) {
    if type_name != "()" {
        scope.show(MimeBundle::plain(format!("{value:?}")));
    }
}

fn show_nothing(scope: &mut Scope<'_>, type_name: &str) {
    scope.show(undisplayable(type_name));
}

fn undisplayable(type_name: &str) -> MimeBundle {
    let type_name = without_cell(type_name);
    MimeBundle::plain(format!("a value of type `{type_name}` cannot be displayed"))
}

/// A type of a cell by the name that the person gave it: `cell_3::Point` is `Point`.
fn without_cell(type_name: &str) -> &str {
    let inner = type_name.strip_prefix("cell_").and_then(|rest| {
        let rest = rest.trim_start_matches(|c: char| c.is_ascii_digit() || c == '_');
        rest.strip_prefix("::")
    });
    inner.unwrap_or(type_name)
}
