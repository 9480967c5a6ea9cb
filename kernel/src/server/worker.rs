//! A thread that does one thing after the other, for work that must not hold up the event loop.

use std::sync::mpsc;
use std::thread;

pub(super) struct Worker(mpsc::Sender<Box<dyn FnOnce() + Send>>);

impl Worker {
    /// Starts the thread `name`; it ends when all that was asked of it is done and nobody can ask any more.
    pub(super) fn start(name: &str) -> (Worker, thread::JoinHandle<()>) {
        let (work, queue) = mpsc::channel::<Box<dyn FnOnce() + Send>>();
        let serve = move || queue.into_iter().for_each(|work| work());
        let thread = thread::Builder::new().name(name.to_owned()).spawn(serve);
        (Worker(work), thread.expect("the system can start threads"))
    }

    pub(super) fn run(&self, work: impl FnOnce() + Send + 'static) {
        if self.0.send(Box::new(work)).is_err() {
            tracing::error!("a thread of the kernel's is gone");
        }
    }
}
