//! Graphs drawn while they run: what observers see of tasks that are drawn goes on the screen, twice a second.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use dagbok::Name;
use dagbok::display::{DisplayHandle, display};
use dagbok::engine::LiveDrawing;
use dagbok::visualize::Options;

use crate::events::{Event, Observer, Observers, Outcome, Run, RunId, Stamped};
use crate::graph::{Graph, TaskId};
use crate::planner::Plan;
use crate::render::graph::{LiveView, TaskState};

/// Behind Jupyter's server, more than a megabyte a second would be lost.
const UPDATED_EVERY: Duration = Duration::from_millis(500);

/// A drawing on the screen that follows computations until it is dropped.
pub(crate) struct Following {
    follower: Arc<Follower>,
    observers: Arc<Observers>,
}

struct Follower {
    places: HashMap<(Name, Box<[u32]>), TaskId>,
    screen: Mutex<Screen>,
}

struct Screen {
    view: LiveView,
    states: Vec<TaskState>,
    /// For each computation that goes on, which of the tasks drawn its tasks are.
    runs: HashMap<RunId, Vec<Option<TaskId>>>,
    handle: DisplayHandle,
    updated: Instant,
    has_changed: bool,
}

impl Following {
    /// Shows the graph of `plan`, and what becomes of its tasks in what `observers` see from now on.
    pub(crate) fn start(plan: &Plan, options: &Options, observers: &Arc<Observers>) -> Self {
        let view = LiveView::of(plan, options);
        let states = vec![TaskState::Waiting; plan.graph.len()];
        let handle = display(&view.bundle(&states));
        let follower = Arc::new(Follower {
            places: places(&plan.graph),
            screen: Mutex::new(Screen {
                view,
                states,
                runs: HashMap::new(),
                handle,
                updated: Instant::now(),
                has_changed: false,
            }),
        });
        observers.add(follower.clone());
        Following {
            follower,
            observers: observers.clone(),
        }
    }
}

impl LiveDrawing for Following {}

impl Drop for Following {
    fn drop(&mut self) {
        let observer: Arc<dyn Observer> = self.follower.clone();
        self.observers.remove(&observer);
        self.follower.lock().end();
    }
}

/// What tells a task from all others, also those of other graphs.
fn identity(graph: &Graph, id: TaskId) -> (Name, Box<[u32]>) {
    (graph.name(id), graph.block(id).as_slice().into())
}

fn places(graph: &Graph) -> HashMap<(Name, Box<[u32]>), TaskId> {
    graph.ids().map(|id| (identity(graph, id), id)).collect()
}

impl Follower {
    fn lock(&self) -> MutexGuard<'_, Screen> {
        self.screen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// For each task of `graph` the one that is drawn, if it is.
    fn drawn(&self, graph: &Graph) -> Vec<Option<TaskId>> {
        let drawn = |id| self.places.get(&identity(graph, id)).copied();
        graph.ids().map(drawn).collect()
    }
}

impl Observer for Follower {
    fn observe(&self, run: &Run, events: &[Stamped]) {
        let mut screen = self.lock();
        if !screen.runs.contains_key(&run.id) {
            let drawn = self.drawn(&run.graph);
            screen.begin(run.id, drawn);
        }
        events
            .iter()
            .for_each(|stamped| screen.note(run.id, stamped.event));
        if screen.has_changed && screen.updated.elapsed() >= UPDATED_EVERY {
            screen.update();
        }
    }
}

impl Screen {
    /// The tasks of `run` wait, also those that an earlier computation has run.
    fn begin(&mut self, run: RunId, drawn: Vec<Option<TaskId>>) {
        for task in drawn.iter().flatten() {
            self.states[task.index()] = TaskState::Waiting;
            self.has_changed = true;
        }
        self.runs.insert(run, drawn);
    }

    fn note(&mut self, run: RunId, event: Event) {
        match event {
            Event::Started { task, .. } => self.set(run, task, TaskState::Running),
            Event::Finished { task, .. } => self.set(run, task, TaskState::Done),
            Event::Failed { task } => self.set(run, task, TaskState::Failed),
            Event::Released { .. } | Event::Spilled { .. } | Event::Loaded { .. } => {}
            Event::Ended { outcome } => self.run_ended(run, outcome),
        }
    }

    fn set(&mut self, run: RunId, task: TaskId, state: TaskState) {
        let drawn = self.runs.get(&run).and_then(|drawn| drawn[task.index()]);
        if let Some(task) = drawn {
            self.states[task.index()] = state;
            self.has_changed = true;
        }
    }

    /// What has not ended by now will not.
    fn run_ended(&mut self, run: RunId, outcome: Outcome) {
        let drawn = self.runs.remove(&run).unwrap_or_default();
        if outcome == Outcome::Done {
            return;
        }
        for task in drawn.into_iter().flatten() {
            let state = &mut self.states[task.index()];
            if matches!(state, TaskState::Waiting | TaskState::Running) {
                *state = TaskState::NotRun;
            }
        }
    }

    fn update(&mut self) {
        self.handle.update(&self.view.bundle(&self.states));
        self.updated = Instant::now();
        self.has_changed = false;
    }

    /// Nothing is followed any more.
    fn end(&mut self) {
        for state in &mut self.states {
            if matches!(state, TaskState::Waiting | TaskState::Running) {
                *state = TaskState::NotRun;
            }
        }
        self.update();
    }
}
