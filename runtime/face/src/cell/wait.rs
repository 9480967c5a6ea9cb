//! `.await` at the top of a cell: the session's runtime waits.

use std::pin::{Pin, pin};
use std::sync::OnceLock;

type Executor = fn(Pin<&mut dyn Future<Output = ()>>);

static EXECUTOR: OnceLock<Executor> = OnceLock::new();

/// From now on, `executor` runs the futures of cells to their end; only the first call counts.
pub fn set_executor(executor: Executor) {
    let _ = EXECUTOR.set(executor);
}

/// Waits for `future`, on the session's runtime.
///
/// # Panics
/// If nothing has called [`set_executor`]; if `future` panics, or the cell is interrupted.
///
/// ```
/// use dagbok::cell::{block_on, set_executor};
/// use std::task::{Context, Poll, Waker};
///
/// set_executor(|mut future| {
///     while future.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending() {}
/// });
/// assert_eq!(block_on(async { 6 * 7 }), 42);
/// ```
pub fn block_on<F: Future>(future: F) -> F::Output {
    let mut output = None;
    wait(pin!(async { output = Some(future.await) }));
    output.unwrap_or_else(|| unfinished())
}

fn wait(future: Pin<&mut dyn Future<Output = ()>>) {
    match EXECUTOR.get() {
        Some(executor) => executor(future),
        None => panic!("there is no runtime for futures; only cells of a notebook can wait"),
    }
}

fn unfinished() -> ! {
    panic!("the future was dropped before its end")
}
