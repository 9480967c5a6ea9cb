//! Compiles an empty cell, so that the compiler and the runtime's metadata are in memory when the first cell comes.

use std::io;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use super::compile::{Compiler, Request};
use super::generate::{Body, Plan, Unit};
use super::interrupt::Control;
use super::source::CellIdx;

/// The compiler at work on an empty cell; dropped, it is stopped.
pub(super) struct WarmUp {
    control: Arc<Control>,
    thread: Option<JoinHandle<()>>,
}

impl WarmUp {
    pub(super) fn start(compiler: Arc<Compiler>) -> io::Result<WarmUp> {
        let control = Arc::new(Control::default());
        let thread = thread::Builder::new()
            .name("dagbok-warm-up".to_owned())
            .spawn({
                let control = control.clone();
                move || compile_nothing(&compiler, &control)
            })?;
        Ok(WarmUp {
            control,
            thread: Some(thread),
        })
    }
}

impl Drop for WarmUp {
    fn drop(&mut self) {
        self.control.interrupt();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn compile_nothing(compiler: &Compiler, control: &Control) {
    let plan = Plan::default();
    let unit = Unit {
        crate_name: "cell_0_warm",
        cell: CellIdx(usize::MAX),
        body: Body::Statements(""),
        imports: &[],
        redefined: &[],
        taken: &[],
        plan: &plan,
    };
    let source = unit.generate();
    let request = Request::alone(unit.crate_name, source.text());
    // Only its speed matters; what is wrong will be said when a cell is compiled.
    let _ = compiler.compile(&request, control);
}
