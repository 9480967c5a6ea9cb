//! One line about each variable, for `:vars`: its size, and the start of what `Debug` writes.

use std::fmt::{self, Debug, Write};

use super::{Size, catch};
use crate::DataFrame;
use crate::display::{MimeBundle, Render};

/// No more of a value is written than this; the kernel cuts it to its table.
const CHARS_MAX: usize = 240;

/// What `:vars` shows of the variables, one line each: the name, the size and the value, with tabs between.
#[derive(Default)]
pub struct Previews {
    text: String,
}

impl Previews {
    /// No line yet.
    pub fn new() -> Self {
        Previews::default()
    }

    /// Adds the line of `name`; no `value` is one that cannot be displayed.
    pub fn add(&mut self, name: &str, size: Size, value: Option<String>) {
        let (sign, bytes) = match size {
            Size::All(bytes) => ("=", bytes),
            Size::AtLeast(bytes) => (">", bytes),
        };
        let value = value.map_or("-".to_owned(), |value| format!("={}", one_line(&value)));
        self.text += &format!("{name}\t{sign}{bytes}\t{value}\n");
    }
}

impl Render for Previews {
    fn render(&self) -> MimeBundle {
        MimeBundle::plain(&*self.text)
    }
}

/// A reference to the value to preview; which of the four traits below it has is decided as for
/// [`Shown`](super::Shown).
pub struct Previewed<'a, T: ?Sized>(pub &'a T);

/// Previews a table, whose `Debug` is a drawing.
pub trait PreviewViaTable {
    /// Its shape and columns.
    fn dagbok_preview(&self) -> Option<String>;
}

impl PreviewViaTable for &&&Previewed<'_, DataFrame> {
    fn dagbok_preview(&self) -> Option<String> {
        Some(table(self.0))
    }
}

/// Previews a value that has `Debug`.
pub trait PreviewViaDebug {
    /// The start of its `{:?}`.
    fn dagbok_preview(&self) -> Option<String>;
}

impl<T: Debug + ?Sized> PreviewViaDebug for &&Previewed<'_, T> {
    fn dagbok_preview(&self) -> Option<String> {
        Some(debug(&self.0))
    }
}

/// Previews a value that has only [`Render`].
pub trait PreviewViaRender {
    /// The start of its text.
    fn dagbok_preview(&self) -> Option<String>;
}

impl<T: Render + ?Sized> PreviewViaRender for &Previewed<'_, T> {
    fn dagbok_preview(&self) -> Option<String> {
        rendered(&|| self.0.render())
    }
}

/// Says of any other value that it cannot be displayed.
pub trait PreviewViaNothing {
    /// Nothing.
    fn dagbok_preview(&self) -> Option<String>;
}

impl<T: ?Sized> PreviewViaNothing for Previewed<'_, T> {
    fn dagbok_preview(&self) -> Option<String> {
        None
    }
}

fn table(table: &DataFrame) -> String {
    let (height, width) = table.shape();
    let schema = table.schema();
    let names: Vec<&str> = schema.names().collect();
    format!("{height} rows × {width} columns: {}", names.join(", "))
}

fn debug(value: &dyn Debug) -> String {
    let mut start = Start::default();
    let written = catch(|| write!(start, "{value:?}"));
    match written {
        Err(panic) => {
            // An interrupt is for the whole cell.
            crate::cancel::checkpoint();
            format!("its `Debug` panicked: {}", panic.message)
        }
        Ok(_) => start.text,
    }
}

fn rendered(render: &dyn Fn() -> MimeBundle) -> Option<String> {
    match catch(render) {
        Err(panic) => {
            crate::cancel::checkpoint();
            Some(format!("its `Render` panicked: {}", panic.message))
        }
        Ok(bundle) => bundle
            .get("text/plain")
            .map(|text| text.chars().take(CHARS_MAX).collect()),
    }
}

/// Takes the start of what is written and then says that it is full, so that a long value is never written in full.
#[derive(Default)]
struct Start {
    text: String,
    n_chars: usize,
}

impl Write for Start {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for c in text.chars() {
            if self.n_chars == CHARS_MAX {
                return Err(fmt::Error);
            }
            self.text.push(c);
            self.n_chars += 1;
        }
        Ok(())
    }
}

/// `text` with one space for each run of white space.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_start_is_written() {
        struct Endless;
        impl Debug for Endless {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                loop {
                    f.write_str("å ")?;
                }
            }
        }
        let text = (&&&&Previewed(&Endless)).dagbok_preview();
        assert_eq!(text.map(|text| text.chars().count()), Some(CHARS_MAX));
    }

    #[test]
    fn a_line_a_variable() {
        struct Opaque;
        let mut previews = Previews::new();
        let spaced = "a\n\tb";
        previews.add(
            "s",
            Size::All(16),
            (&&&&Previewed(&spaced)).dagbok_preview(),
        );
        previews.add(
            "o",
            Size::AtLeast(0),
            (&&&&Previewed(&Opaque)).dagbok_preview(),
        );
        previews.add("t", Size::All(1), Some(" x\n  y ".to_owned()));
        assert_eq!(
            previews.text,
            "s\t=16\t=\"a\\n\\tb\"\no\t>0\t-\nt\t=1\t=x y\n"
        );
    }
}
