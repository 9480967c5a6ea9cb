//! Task graphs to look at: what they show, and the files that they can be.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use crate::display::{MimeBundle, Render};
use crate::engine::{Collection, LiveDrawing, TaskGraph, engine};
use crate::erased::Erased;
use crate::profile::Profile;
use crate::raise::or_raise;
use crate::{Error, ErrorKind, Result};

/// The task graph of some collections, drawn where a cell shows it.
///
/// Made by `visualize()` and [`visualize_all`](crate::visualize_all). Without further words graphs of up to 150 tasks are
/// drawn task by task, larger ones layer by layer.
///
/// ```
/// use dagbok::prelude::*;
/// # dagbok_engine::install();
///
/// let x = ones([4, 4]).rechunk([2, 2]).sum(());
/// x.visualize()?.color("order").rankdir("LR");
/// # let folder = std::env::temp_dir().join(format!("dagbok-doc-{}", std::process::id()));
/// # std::fs::create_dir_all(&folder).unwrap();
/// # let path = folder.join("graph.svg");
/// x.visualize()?.save(&path)?;
/// assert!(std::fs::read_to_string(&path).unwrap().starts_with("<svg"));
/// # std::fs::remove_dir_all(&folder).unwrap();
/// # Ok::<(), dagbok::Error>(())
/// ```
#[derive(Clone)]
pub struct Visualization(Erased);

#[derive(Clone)]
struct Parts {
    collections: Vec<Collection>,
    graph: Arc<dyn TaskGraph>,
    options: Options,
}

/// How a graph is drawn.
#[derive(Clone, Debug, Default)]
pub struct Options {
    pub color: Color,
    /// None for what suits the graph.
    pub rankdir: Option<RankDir>,
    pub level: Level,
    /// What was measured of its tasks.
    pub profile: Option<Profile>,
    pub optimize_graph: OptimizeGraph,
}

/// What the colours of a graph's nodes mean.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Color {
    #[default]
    Layer,
    Order,
    Age,
    Memory,
    Time,
}

/// Which way the arrows of a graph run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RankDir {
    TopToBottom,
    BottomToTop,
    LeftToRight,
    RightToLeft,
}

/// What the nodes of a drawn graph are.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Level {
    /// Tasks where they can be told apart, layers otherwise.
    #[default]
    Fitting,
    /// Tasks, up to 500 of them.
    Tasks,
    Layers,
}

/// Whether a graph is as it will run, or with tasks for each collection.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum OptimizeGraph {
    #[default]
    Yes,
    No,
}

impl Visualization {
    /// The graph of `collections`.
    pub(crate) fn of(collections: Vec<Collection>) -> Result<Self> {
        let options = Options::default();
        let graph = engine()?.visualize(&collections, options.optimize_graph)?;
        Ok(Visualization::from(Parts {
            collections,
            graph,
            options,
        }))
    }

    /// `graph`, which is that of `collections`.
    pub(crate) fn drawn(collections: Vec<Collection>, graph: Arc<dyn TaskGraph>) -> Self {
        let options = Options {
            optimize_graph: OptimizeGraph::No,
            ..Options::default()
        };
        Visualization::from(Parts {
            collections,
            graph,
            options,
        })
    }

    /// Colours the nodes by
    ///
    /// - `"layer"`: one colour an operation, as without this word;
    /// - `"order"`: the place in the order in which the tasks are meant to run;
    /// - `"age"`: how many tasks run while a result is kept, so that what holds memory for long stands out;
    /// - `"memory"`: the bytes of the results, as they are expected, or as they were in a [`profile`](Visualization::profile);
    /// - `"time"`: what the tasks took in a profile.
    ///
    /// All but the first also write the figure on the node. A layer has the sum of its tasks' bytes and times, its first
    /// place, and its greatest age.
    ///
    /// # Panics
    /// If `color` is another word.
    #[track_caller]
    pub fn color(self, color: &str) -> Self {
        let color = or_raise(word("color", color, &COLORS));
        self.with(|options| options.color = color)
    }

    /// Lets the arrows run from top to bottom, `"TB"`, or `"BT"`, `"LR"`, `"RL"`. Without this word, what suits the graph.
    ///
    /// # Panics
    /// If `rankdir` is another word.
    #[track_caller]
    pub fn rankdir(self, rankdir: &str) -> Self {
        let rankdir = or_raise(word("rankdir", rankdir, &RANK_DIRS));
        self.with(|options| options.rankdir = Some(rankdir))
    }

    /// Draws `"tasks"`, if they are not more than 500, or `"layers"`.
    ///
    /// # Panics
    /// If `level` is another word.
    #[track_caller]
    pub fn level(self, level: &str) -> Self {
        let level = or_raise(word("level", level, &LEVELS));
        self.with(|options| options.level = level)
    }

    /// With `false`, draws tasks for each collection, before they are fused; otherwise the graph is as it will run.
    ///
    /// # Panics
    /// If planning fails, as when a file has gone.
    #[track_caller]
    pub fn optimize_graph(self, optimize_graph: bool) -> Self {
        let optimize_graph = match optimize_graph {
            true => OptimizeGraph::Yes,
            false => OptimizeGraph::No,
        };
        let parts = self.parts();
        if parts.collections.is_empty() {
            return self;
        }
        let engine = or_raise(engine());
        let graph = or_raise(engine.visualize(&parts.collections, optimize_graph));
        let visualization = Visualization::from(Parts {
            graph,
            ..parts.clone()
        });
        visualization.with(|options| options.optimize_graph = optimize_graph)
    }

    /// Takes the bytes and times that `"memory"` and `"time"` show from what `profile` has measured of the same tasks.
    ///
    /// ```
    /// use dagbok::prelude::*;
    /// # dagbok_engine::install();
    ///
    /// let x = ones([4, 4]).rechunk([2, 2]).sum(());
    /// let (_, measured) = profile(|| x.compute());
    /// x.visualize()?.color("time").profile(&measured);
    /// # Ok::<(), dagbok::Error>(())
    /// ```
    pub fn profile(self, profile: &Profile) -> Self {
        let profile = profile.clone();
        self.with(|options| options.profile = Some(profile))
    }

    /// Shows the graph at once, and while `block` computes which of its tasks wait, run, are done or have failed, by sign and by
    /// colour. Returns what `block` returns; the drawing stays as it was at the end.
    ///
    /// Of what is computed meanwhile, tasks that are drawn are followed, whatever else is computed with them. Updated two times a
    /// second.
    ///
    /// ```
    /// use dagbok::prelude::*;
    /// # dagbok_engine::install();
    ///
    /// let x = ones([4, 4]).rechunk([2, 2]).sum(());
    /// let total = x.visualize()?.live(|| x.compute())?;
    /// assert_eq!(total.item::<f64>()?, 16.0);
    /// # Ok::<(), dagbok::Error>(())
    /// ```
    pub fn live<T>(&self, block: impl FnOnce() -> T) -> T {
        let drawing = self.draw_live();
        let value = block();
        drop(drawing);
        value
    }

    fn draw_live(&self) -> Option<Box<dyn LiveDrawing>> {
        let parts = self.parts();
        let drawing = engine().and_then(|engine| engine.draw_live(&*parts.graph, &parts.options));
        drawing.ok()
    }

    /// The graph in Graphviz's language, with colours and texts.
    pub fn dot(&self) -> String {
        let parts = self.parts();
        parts.graph.dot(&parts.options)
    }

    /// The graph in Mermaid's language, for a page of Markdown.
    pub fn mermaid(&self) -> String {
        let parts = self.parts();
        parts.graph.mermaid(&parts.options)
    }

    /// Writes the graph to a file in the format that its name ends in: `.svg`, `.dot` or `.gv`, `.mmd` or `.mermaid`, `.md`;
    /// with Graphviz's `dot` installed also `.png`, `.jpg` and `.pdf`.
    ///
    /// # Errors
    /// [`ErrorKind::Value`] for another ending; [`ErrorKind::Io`] if the file cannot be written or `dot` is missing.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        let parts = self.parts();
        parts.graph.save(&parts.options, path.as_ref())
    }

    fn parts(&self) -> &Parts {
        self.0.get()
    }

    fn with(&self, change: impl FnOnce(&mut Options)) -> Self {
        let mut parts = self.parts().clone();
        change(&mut parts.options);
        Visualization::from(parts)
    }
}

impl From<Parts> for Visualization {
    fn from(parts: Parts) -> Self {
        Visualization(Erased::new(parts))
    }
}

impl Render for Visualization {
    fn render(&self) -> MimeBundle {
        let parts = self.parts();
        parts.graph.render(&parts.options)
    }
}

impl fmt::Debug for Visualization {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.parts().collections.iter().map(Collection::name);
        f.debug_tuple("Visualization")
            .field(&names.collect::<Vec<_>>())
            .finish()
    }
}

const COLORS: [(&str, Color); 5] = [
    ("layer", Color::Layer),
    ("order", Color::Order),
    ("age", Color::Age),
    ("memory", Color::Memory),
    ("time", Color::Time),
];

const RANK_DIRS: [(&str, RankDir); 4] = [
    ("TB", RankDir::TopToBottom),
    ("BT", RankDir::BottomToTop),
    ("LR", RankDir::LeftToRight),
    ("RL", RankDir::RightToLeft),
];

const LEVELS: [(&str, Level); 2] = [("tasks", Level::Tasks), ("layers", Level::Layers)];

/// What `given` means as the option `name`.
fn word<T: Copy>(name: &str, given: &str, words: &[(&str, T)]) -> Result<T> {
    let known = words.iter().find(|(word, _)| *word == given);
    known.map(|(_, meaning)| *meaning).ok_or_else(|| {
        let words: Vec<String> = words.iter().map(|(word, _)| format!("`{word}`")).collect();
        let text = format!("`{name}` is `{given}`, not one of {}", words.join(", "));
        Error::new(ErrorKind::Value, text)
    })
}
