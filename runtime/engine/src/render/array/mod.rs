//! The card of an array that has not been computed: how large, of what, cut how.

mod chunks;

use dagbok::display::MimeBundle;

use super::TABLE_STYLE;
use super::format::{bytes, counted, shape};
use super::text::escape;

/// What a card says of an array.
pub struct ArrayView<'a> {
    pub operation: &'a str,
    pub dtype: &'a str,
    /// Bytes of one element.
    pub itemsize: usize,
    pub shape: &'a [usize],
    /// The lengths of the chunks along each axis.
    pub chunks: &'a [Vec<usize>],
    /// The collections that the array rests on, itself included.
    pub n_layers: usize,
}

impl ArrayView<'_> {
    fn n_chunks(&self) -> usize {
        self.chunks.iter().map(Vec::len).product()
    }

    /// The shape of the largest chunk.
    fn chunk_shape(&self) -> Vec<usize> {
        self.chunks
            .iter()
            .map(|lengths| lengths.iter().copied().max().unwrap_or(0))
            .collect()
    }

    fn bytes_of(&self, shape: &[usize]) -> String {
        let n_elements: u128 = shape.iter().map(|&length| length as u128).product();
        bytes(n_elements * self.itemsize as u128)
    }

    fn graph(&self) -> String {
        format!(
            "{} in {}",
            counted(self.n_chunks(), "chunk"),
            counted(self.n_layers, "layer")
        )
    }
}

/// A table of bytes, shape, chunks and dtype beside a picture of the chunks.
pub fn bundle(array: &ArrayView) -> MimeBundle {
    let picture = chunks::picture(array.shape, array.chunks);
    let table = html_table(array);
    MimeBundle::plain(plain(array))
        .with("image/svg+xml", picture.svg())
        .with(
            "text/html",
            format!(
                "{TABLE_STYLE}<div class=\"dagbok dagbok-row\">{table}{}</div>",
                picture.html()
            ),
        )
}

fn html_table(array: &ArrayView) -> String {
    let chunk_shape = array.chunk_shape();
    format!(
        "<table><thead><tr><th style=\"text-align:left\"></th><th style=\"text-align:left\">Array</th><th style=\"text-align:left\">Chunk</th></tr></thead><tbody>\
         <tr><th style=\"text-align:left\">Bytes</th><td style=\"text-align:left\">{}</td><td style=\"text-align:left\">{}</td></tr>\
         <tr><th style=\"text-align:left\">Shape</th><td style=\"text-align:left\">{}</td><td style=\"text-align:left\">{}</td></tr>\
         <tr><th style=\"text-align:left\">Graph</th><td colspan=\"2\" style=\"text-align:left\">{}</td></tr>\
         <tr><th style=\"text-align:left\">Type</th><td colspan=\"2\" style=\"text-align:left\">{}, made by {}</td></tr></tbody></table>",
        array.bytes_of(array.shape),
        array.bytes_of(&chunk_shape),
        shape(array.shape),
        shape(&chunk_shape),
        array.graph(),
        array.dtype,
        escape(array.operation),
    )
}

fn plain(array: &ArrayView) -> String {
    let chunk_shape = array.chunk_shape();
    format!(
        "Array {} of {}, {}\n  chunk  {}, {}\n  graph  {}, made by `{}`",
        shape(array.shape),
        array.dtype,
        array.bytes_of(array.shape),
        shape(&chunk_shape),
        array.bytes_of(&chunk_shape),
        array.graph(),
        array.operation,
    )
}
