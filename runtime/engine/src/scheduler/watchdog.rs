//! Runs that cannot come to their end: an error that says what waits for what, in place of a wait for ever.
//!
//! No task can bring this about: it takes a mistake in the scheduler, or a thread that something has ended.

use dagbok::{Error, ErrorKind};

use super::state::Stall;
use crate::graph::Graph;

/// So many tasks of a kind are named.
const SHOWN: usize = 5;

/// The error of a run of `graph`.
pub(super) fn error(graph: &Graph, stall: &Stall) -> Error {
    let Stall {
        unfinished,
        lost,
        waiting,
    } = stall;
    let mut text = format!(
        "the computation has stalled: nothing of it runs, and {unfinished} of its {} tasks have not ended; the scheduler is wrong here, \
         not the tasks",
        graph.len()
    );
    for task in lost.iter().take(SHOWN) {
        text.push_str(&format!(
            "\n  `{}` was to be run and is lost",
            graph.key(*task)
        ));
    }
    for (task, lacks) in waiting.iter().take(SHOWN) {
        let key = graph.key(*task);
        text.push_str(&match lacks {
            Some(lacks) => format!("\n  `{key}` waits for `{}`", graph.key(*lacks)),
            None => format!("\n  `{key}` has all that it takes"),
        });
    }
    let n_named = lost.len().min(SHOWN) + waiting.len().min(SHOWN);
    if *unfinished > n_named {
        text.push_str(&format!("\n  and {} more", unfinished - n_named));
    }
    Error::new(ErrorKind::Task, text)
}
