//! How far several futures are, on the screen.

use std::sync::Arc;

use crate::compute::Compute;
use crate::engine::{Collection, Submitted, engine};
use crate::raise::or_raise;
use crate::{Error, ErrorKind, Result};

/// Shows how far futures are: of vectors, arrays, tuples and maps of them, nested as you like. Returns at once; the display is brought
/// up to date until all are done, also after the cell has ended.
///
/// There is a bar for each function; what has failed is named. The display holds none of the futures.
///
/// ```
/// use dagbok::prelude::*;
/// # dagbok_engine::install();
///
/// let squares = submit_map(|x: i64| x * x, 0..100);
/// let total = submit(|| 7);
/// progress((&squares, &total));
/// assert_eq!(gather(squares)?.len(), 100);
/// # Ok::<(), dagbok::Error>(())
/// ```
///
/// # Panics
/// If one of them is no future, or there is no engine.
#[track_caller]
pub fn progress<C: Compute>(futures: C) {
    let mut collections = Vec::new();
    futures.collections(&mut collections);
    or_raise(show(&collections));
}

fn show(collections: &[Collection]) -> Result<()> {
    let futures = collections
        .iter()
        .map(|collection| match collection.future() {
            Some(future) => Ok(future.clone()),
            None => Err(no_future(collection)),
        });
    let futures: Vec<Arc<dyn Submitted>> = futures.collect::<Result<_>>()?;
    engine()?.show_progress(&futures);
    Ok(())
}

fn no_future(collection: &Collection) -> Error {
    let text = format!(
        "`{}` is no future, so that nothing computes it yet: show the progress of what its `submit()` returns",
        collection.name()
    );
    Error::new(ErrorKind::Value, text)
}
