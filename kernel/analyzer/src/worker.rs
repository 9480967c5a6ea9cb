//! The thread that asks rust-analyzer. It has a large stack, and gives up what it does when the world changes.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::{io, thread};

use dagbok_kernel::analysis::protocol::{Answer, QuestionKind};
use ra_ap_base_db::salsa::Cancelled;
use ra_ap_ide::{Analysis, RootDatabase};

use crate::notebook::Notebook;
use crate::world::Event;
use crate::{complete, inspect, log};

/// Code that is nested deeply takes much of it.
const STACK_BYTES: usize = 256 << 20;

/// A question about one state of the world.
pub(crate) struct Job {
    pub(crate) kind: QuestionKind,
    pub(crate) notebook: Notebook,
    pub(crate) offset: usize,
    pub(crate) analysis: Analysis,
    pub(crate) db: RootDatabase,
}

/// Starts the thread, which tells `events` of every answer.
pub(crate) fn start(events: Sender<Event>) -> io::Result<Sender<Job>> {
    let (sender, jobs) = channel();
    thread::Builder::new()
        .name("worker".to_owned())
        .stack_size(STACK_BYTES)
        .spawn(move || work(&jobs, &events))?;
    Ok(sender)
}

fn work(jobs: &Receiver<Job>, events: &Sender<Event>) {
    for job in jobs {
        let kind = job.kind;
        // The job is dropped before the world hears of it, which then may change.
        let answer = answer(job);
        let answer = answer.unwrap_or_else(|| {
            log("rust-analyzer failed at a cell");
            match kind {
                QuestionKind::Complete => Answer::Found(Default::default()),
                QuestionKind::Inspect => Answer::Documentation(None),
                QuestionKind::Prepare => Answer::Prepared,
            }
        });
        if events.send(Event::Answered(answer)).is_err() {
            return;
        }
    }
}

/// `None` if rust-analyzer panicked.
fn answer(job: Job) -> Option<Answer> {
    let asked = AssertUnwindSafe(|| match job.kind {
        QuestionKind::Complete => {
            complete::complete(&job.analysis, &job.notebook, job.offset).map(Answer::Found)
        }
        QuestionKind::Inspect => {
            inspect::inspect(&job.db, &job.notebook, job.offset).map(Answer::Documentation)
        }
        QuestionKind::Prepare => Ok(Answer::Prepared),
    });
    match catch_unwind(asked) {
        Ok(Ok(answer)) => Some(answer),
        Ok(Err(Cancelled::PropagatedPanic)) | Err(_) => None,
        Ok(Err(_)) => Some(Answer::Withdrawn),
    }
}
