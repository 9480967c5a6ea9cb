//! How a value is shown: MIME bundles, the [`Render`] trait, and displays that can be updated while a cell runs.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, RwLock};

/// One value in several representations, keyed by MIME type, as Jupyter's `display_data` carries it.
///
/// Data is text; for JSON types (`application/json`, `…+json`) it is JSON text.
///
/// ```
/// use dagbok::display::MimeBundle;
///
/// let bundle = MimeBundle::plain("hello").with("text/html", "<b>hello</b>");
/// assert_eq!(bundle.get("text/html"), Some("<b>hello</b>"));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MimeBundle {
    entries: Vec<(String, String)>,
}

impl MimeBundle {
    /// A bundle with only `text/plain`.
    pub fn plain(text: impl Into<String>) -> Self {
        MimeBundle::default().with("text/plain", text)
    }

    /// The same bundle with `data` as its representation in `mime`, replacing an earlier one.
    pub fn with(mut self, mime: impl Into<String>, data: impl Into<String>) -> Self {
        let mime = mime.into();
        self.entries.retain(|(existing, _)| *existing != mime);
        self.entries.push((mime, data.into()));
        self
    }

    /// The representation in `mime`.
    pub fn get(&self, mime: &str) -> Option<&str> {
        self.entries
            .iter()
            .find(|(existing, _)| existing == mime)
            .map(|(_, data)| data.as_str())
    }

    /// All representations, in the order in which they were added.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.entries
            .iter()
            .map(|(mime, data)| (mime.as_str(), data.as_str()))
    }

    /// Whether there is nothing to show.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

/// A value that knows how to show itself in a notebook.
///
/// A cell's last expression is shown through this trait if its type has it, else through `Debug`.
///
/// ```
/// use dagbok::display::{MimeBundle, Render};
///
/// struct Stars(usize);
/// impl Render for Stars {
///     fn render(&self) -> MimeBundle {
///         MimeBundle::plain("*".repeat(self.0))
///     }
/// }
/// assert_eq!(Stars(3).render().get("text/plain"), Some("***"));
/// ```
pub trait Render {
    /// The representations of this value; `text/plain` should be among them.
    fn render(&self) -> MimeBundle;

    /// Keeps what is shown under `handle` up to date, for a value that changes by itself.
    fn follow(&self, handle: &DisplayHandle) {
        let _ = handle;
    }
}

impl Render for MimeBundle {
    fn render(&self) -> MimeBundle {
        self.clone()
    }
}

impl<T: Render + ?Sized> Render for &T {
    fn render(&self) -> MimeBundle {
        (**self).render()
    }

    fn follow(&self, handle: &DisplayHandle) {
        (**self).follow(handle);
    }
}

/// Shows what went well as itself, and an error by its `Debug`.
impl<T: Render, E: std::fmt::Debug> Render for Result<T, E> {
    fn render(&self) -> MimeBundle {
        match self {
            Ok(value) => value.render(),
            Err(error) => MimeBundle::plain(format!("Err({error:?})")),
        }
    }

    fn follow(&self, handle: &DisplayHandle) {
        if let Ok(value) = self {
            value.follow(handle);
        }
    }
}

/// Where displays go: the session sends them to the front end, a test collects them.
pub trait DisplaySink: Send + Sync {
    /// Shows `bundle` as a new output that can be updated under `display_id`.
    fn display(&self, bundle: &MimeBundle, display_id: &str);
    /// Replaces every output shown under `display_id`.
    fn update(&self, bundle: &MimeBundle, display_id: &str);
    /// Removes all that the running cell has shown.
    fn clear(&self, when: Clear) {
        let _ = when;
    }
}

/// When outputs are removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clear {
    AtOnce,
    /// When the next output comes, so that nothing flickers.
    WithNext,
}

static SINK: RwLock<Option<Arc<dyn DisplaySink>>> = RwLock::new(None);
static NEXT_DISPLAY: AtomicU64 = AtomicU64::new(0);

/// Sends displays of this process to `sink` from now on, or nowhere.
pub fn set_sink(sink: Option<Arc<dyn DisplaySink>>) {
    *SINK
        .write()
        .unwrap_or_else(|poisoned| poisoned.into_inner()) = sink;
}

fn sink() -> Option<Arc<dyn DisplaySink>> {
    SINK.read()
        .unwrap_or_else(|poisoned| poisoned.into_inner())
        .clone()
}

/// An output that is on the screen and can be replaced in place.
#[derive(Clone, Debug)]
pub struct DisplayHandle {
    display_id: String,
}

impl DisplayHandle {
    /// Replaces what is shown by `value`, also after the cell has ended.
    pub fn update(&self, value: &(impl Render + ?Sized)) {
        if let Some(sink) = sink() {
            sink.update(&value.render(), &self.display_id);
        }
    }
}

/// Shows `value` at once, while the cell runs.
///
/// ```
/// use dagbok::display::{MimeBundle, display};
///
/// let handle = display(&MimeBundle::plain("working"));
/// handle.update(&MimeBundle::plain("done"));
/// ```
pub fn display(value: &(impl Render + ?Sized)) -> DisplayHandle {
    let display_id = format!(
        "dagbok-{}-{}",
        std::process::id(),
        NEXT_DISPLAY.fetch_add(1, Ordering::Relaxed)
    );
    if let Some(sink) = sink() {
        sink.display(&value.render(), &display_id);
    }
    let handle = DisplayHandle { display_id };
    value.follow(&handle);
    handle
}

/// Removes what the cell has shown so far; with `wait` when its next output comes, so that nothing flickers.
///
/// ```
/// for step in 0..3 {
///     dagbok::clear_output(true);
///     println!("step {step}");
/// }
/// ```
pub fn clear_output(wait: bool) {
    let when = if wait { Clear::WithNext } else { Clear::AtOnce };
    if let Some(sink) = sink() {
        sink.clear(when);
    }
}
