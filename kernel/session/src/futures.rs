//! The runtime on which cells wait for futures; tasks that a cell spawns go on after its end.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::OnceLock;
use std::time::Duration;

use tokio::runtime::{Builder, EnterGuard, Runtime};

static RUNTIME: OnceLock<Runtime> = OnceLock::new();

/// How often a cell that waits looks whether it has been interrupted.
const LOOK_PERIOD: Duration = Duration::from_millis(20);

/// Starts the runtime; from now on cells can `.await`.
pub(super) fn start() -> io::Result<()> {
    let runtime = Builder::new_multi_thread()
        .thread_name("tokio")
        .enable_all()
        .build()?;
    let _ = RUNTIME.set(runtime);
    dagbok::cell::set_executor(wait);
    Ok(())
}

/// While the guard lives, `tokio::spawn` and the like work on this thread.
pub(super) fn enter() -> Option<EnterGuard<'static>> {
    RUNTIME.get().map(Runtime::enter)
}

fn wait(mut future: Pin<&mut dyn Future<Output = ()>>) {
    let Some(runtime) = RUNTIME.get() else {
        return;
    };
    runtime.block_on(async {
        let mut looks = tokio::time::interval(LOOK_PERIOD);
        loop {
            tokio::select! {
                biased;
                () = &mut future => return,
                _ = looks.tick() => dagbok::cancel::checkpoint(),
            }
        }
    });
}
