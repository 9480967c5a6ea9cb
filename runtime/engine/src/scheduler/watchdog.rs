//! Runs that cannot come to their end: an error that says what waits for what, in place of a wait for ever.
//!
//! No task can bring this about: it takes a mistake in the scheduler, or a thread that something has ended.

use dagbok::{Error, ErrorKind};

use super::state::Stall;
use crate::graph::Graph;

/// So many tasks of a kind are named.
const SHOWN: usize = 5;

/// The error of a run of `graph` of which nothing runs.
pub(super) fn stalled(graph: &Graph, stall: &Stall) -> Error {
    let text = format!(
        "the computation has stalled: nothing of it runs, and {} of its {} tasks have not ended; the scheduler is wrong here, \
         not the tasks",
        stall.unfinished,
        graph.len()
    );
    with_state(text, graph, stall)
}

/// The error of a run of `graph` that has ended since a thread has panicked outside of tasks.
pub(super) fn panicked(graph: &Graph, stall: &Stall, panic: &str) -> Error {
    let text = format!(
        "the computation has ended, as a thread that runs tasks has panicked between two of them: {panic}; {} of its {} tasks have not \
         ended; the scheduler is wrong here, not the tasks",
        stall.unfinished,
        graph.len()
    );
    with_state(text, graph, stall)
}

/// `text` with what was to be run, and what waits for what.
fn with_state(mut text: String, graph: &Graph, stall: &Stall) -> Error {
    let Stall {
        unfinished,
        lost,
        waiting,
    } = stall;
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
