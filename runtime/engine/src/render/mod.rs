//! Values as MIME bundles: what a notebook shows. Nothing here prints, computes or knows Jupyter.
//!
//! Every bundle has `text/plain`, and HTML that is readable in light and dark pages and without trust, where a
//! front end strips scripts, styles and inline SVG.

pub mod array;
pub(crate) mod cache;
pub(crate) mod config;
pub mod delayed;
pub(crate) mod explain;
pub mod format;
pub mod frame;
pub mod future;
pub(crate) mod futures;
pub mod graph;
mod listing;
pub(crate) mod picture;
pub mod profile;
mod progress;
pub mod table;
pub(crate) mod text;

use std::collections::HashSet;

use dagbok::display::MimeBundle;
use dagbok::engine::{Collection, Engine};
use dagbok::frame::{DataType, Frame};
use dagbok::{Array, Name};

use self::array::ArrayView;
use self::delayed::DelayedView;
use self::frame::FrameView;

pub(crate) use progress::progress;

/// Rules for tables that stand where styles are allowed; without them a front end's own apply.
pub(crate) const TABLE_STYLE: &str = "<style>.dagbok table{margin:0;border-collapse:collapse;font-size:12px}\
    .dagbok table th,.dagbok table td{padding:3px 9px;border:0;border-bottom:1px solid rgba(128,128,128,.25);white-space:pre}\
    .dagbok table th{text-align:left}.dagbok tr>th:first-child{white-space:nowrap}\
    .dagbok-row{display:flex;flex-wrap:wrap;gap:12px 32px;align-items:center}\
    .dagbok .null{opacity:.55;font-style:italic}.dagbok .dtype{opacity:.65;font-weight:normal}</style>";

/// How a collection that has not been computed is shown: what it is, not what it holds. The columns of a frame come
/// from `engine`.
pub fn collection(engine: &dyn Engine, collection: &Collection) -> MimeBundle {
    match collection {
        Collection::Array(array) => array::bundle(&array_view(array)),
        Collection::Frame(frame) => frame::bundle(&frame_view(engine, frame)),
        Collection::Delayed(node) => delayed::bundle(&DelayedView::of(node)),
    }
}

fn array_view(array: &Array) -> ArrayView<'_> {
    let node = array.node();
    let n_layers = count_reachable(array, |array| (array.name(), &array.node().inputs));
    ArrayView {
        operation: node.name.operation(),
        dtype: node.dtype.name(),
        itemsize: node.dtype.itemsize(),
        shape: &node.shape,
        chunks: &node.chunks,
        n_layers,
    }
}

fn frame_view(engine: &dyn Engine, frame: &Frame) -> FrameView {
    let column = |(name, dtype): (&str, &DataType)| (name.to_owned(), dtype.to_string());
    FrameView {
        operation: frame.name().operation().to_owned(),
        columns: match engine.schema(frame) {
            Ok(schema) => Ok(schema.iter().map(column).collect()),
            Err(error) => Err(error.to_string()),
        },
        n_partitions: engine.partitions(frame).ok(),
        n_layers: count_reachable(frame, |frame| (frame.name(), &frame.node().inputs)),
    }
}

/// How many collections `root` rests on, itself included; those of one name count once.
fn count_reachable<'a, C>(root: &'a C, edges: impl Fn(&'a C) -> (&'a Name, &'a Vec<C>)) -> usize {
    let mut seen = HashSet::new();
    let mut stack = vec![root];
    while let Some(collection) = stack.pop() {
        let (name, inputs) = edges(collection);
        if seen.insert(name) {
            stack.extend(inputs);
        }
    }
    seen.len()
}
