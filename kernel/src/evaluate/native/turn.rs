//! Turns: what cells are compiled with, and what they have left behind, is one shell's at a time. A cell that runs gives it
//! up meanwhile, so that cells of several shells run at the same time.

use std::collections::BTreeSet;
use std::ops::{Deref, DerefMut};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use super::evaluator::Workbench;
use super::interrupt::{Control, Controls};
use super::process::SessionHandle;
use crate::evaluate::{Frontend, Output, Shell};

/// What all shells share.
pub(super) struct Shared {
    /// Not there while some shell has its turn.
    bench: Mutex<Option<Box<Workbench>>>,
    freed: Condvar,
    pub(super) controls: Arc<Controls>,
    /// The session process that cells run in now.
    session: Mutex<SessionHandle>,
    ended: Mutex<BTreeSet<Shell>>,
    /// Whether a front end shows widgets alive, which the next session process is told, too.
    widgets_alive: AtomicBool,
    n_turns: AtomicU64,
}

/// The shell of those who look at the variables while cells run.
const LOOKING: Shell = Shell(u32::MAX);

/// Sees nothing of what looking at the variables prints.
struct Nobody;

impl Frontend for Nobody {
    fn output(&self, _: Output) {}
}

/// One cell's turn at the workbench.
///
/// It lasts from the cell's start to its end, but for the times that it is [`away`](Self::away).
pub(crate) struct Turn {
    shared: Arc<Shared>,
    /// Not there while it is away.
    bench: Option<Box<Workbench>>,
    id: TurnId,
    pub(super) shell: Shell,
    pub(super) control: Arc<Control>,
    pub(super) frontend: Arc<dyn Frontend>,
    /// The files that it is loading, each by the one before.
    pub(super) loading: Vec<PathBuf>,
}

/// Which cell it is, for as long as it lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TurnId(u64);

impl Shared {
    pub(super) fn new(bench: Workbench) -> Arc<Self> {
        Arc::new(Shared {
            session: Mutex::new(bench.session.handle()),
            bench: Mutex::new(Some(Box::new(bench))),
            freed: Condvar::new(),
            controls: Arc::default(),
            ended: Mutex::default(),
            widgets_alive: AtomicBool::new(false),
            n_turns: AtomicU64::new(0),
        })
    }

    /// What talks to the session process, also while some shell has its turn.
    pub(super) fn session(&self) -> SessionHandle {
        lock(&self.session).clone()
    }

    /// Remembers that `shell` will have no turn any more.
    pub(super) fn end_shell(&self, shell: Shell) {
        lock(&self.ended).insert(shell);
    }

    /// A front end has said that it shows widgets alive.
    pub(super) fn set_widgets_alive(&self) {
        self.widgets_alive.store(true, Ordering::Relaxed);
    }

    /// Waits for the workbench.
    fn take(&self) -> Box<Workbench> {
        let is_away = |bench: &mut Option<Box<Workbench>>| bench.is_none();
        let waited = self.freed.wait_while(lock(&self.bench), is_away);
        let mut bench = waited.unwrap_or_else(PoisonError::into_inner);
        bench.take().expect("it is there, as was waited for")
    }

    fn give(&self, bench: Box<Workbench>) {
        *lock(&self.bench) = Some(bench);
        self.freed.notify_one();
    }
}

impl Turn {
    /// A cell of `shell` starts, and waits for its turn. From now on interrupts are meant for it, too.
    pub(super) fn begin(shared: &Arc<Shared>, shell: Shell, frontend: Arc<dyn Frontend>) -> Self {
        let control = shared.controls.begin();
        Turn {
            shared: shared.clone(),
            bench: Some(shared.take()),
            id: TurnId(shared.n_turns.fetch_add(1, Ordering::Relaxed)),
            shell,
            control,
            frontend,
            loading: Vec::new(),
        }
    }

    /// Someone looks at the variables, and is no cell; in a shell that does not wait for a cell that runs.
    pub(super) fn to_look(shared: &Arc<Shared>) -> Self {
        let mut turn = Turn::begin(shared, Shell::MAIN, Arc::new(Nobody));
        if turn.running.any().is_some() {
            turn.shell = LOOKING;
        }
        turn
    }

    /// Who sees the cell.
    pub(crate) fn frontend(&self) -> Arc<dyn Frontend> {
        self.frontend.clone()
    }

    pub(super) fn id(&self) -> TurnId {
        self.id
    }

    /// What `act` returns, during which other cells may have their turn.
    pub(super) fn away<T>(&mut self, act: impl FnOnce() -> T) -> T {
        if let Some(bench) = self.bench.take() {
            self.shared.give(bench);
        }
        let result = act();
        self.bench = Some(self.shared.take());
        result
    }

    /// Tells those who talk to the session process that there is a new one.
    pub(super) fn publish_session(&self) {
        *lock(&self.shared.session) = self.session.handle();
    }

    /// Whether a front end has said that it shows widgets alive.
    pub(super) fn widgets_alive(&self) -> bool {
        self.shared.widgets_alive.load(Ordering::Relaxed)
    }

    /// Whether no cell of `shell` will come any more.
    pub(super) fn has_ended(&self, shell: Shell) -> bool {
        lock(&self.shared.ended).contains(&shell)
    }
}

impl Deref for Turn {
    type Target = Workbench;

    fn deref(&self) -> &Workbench {
        self.bench.as_ref().expect("nobody looks at it while away")
    }
}

impl DerefMut for Turn {
    fn deref_mut(&mut self) -> &mut Workbench {
        self.bench.as_mut().expect("nobody looks at it while away")
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut bench = self.bench.take().unwrap_or_else(|| self.shared.take());
        bench.running.end(self.id);
        self.shared.give(bench);
        self.shared.controls.end(&self.control);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
