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
    /// The places in `states` of all that is drawn.
    places: HashMap<Identity, usize>,
    screen: Mutex<Screen>,
}

/// What tells a task, or a call that runs in the task of another, from all others, also those of other graphs.
type Identity = (Name, Box<[u32]>);

struct Screen {
    view: LiveView,
    /// Of the calls in each task that is drawn, the task's own last.
    states: Vec<TaskState>,
    /// Where those of each task end.
    ends: Vec<usize>,
    /// For each computation that goes on, the places in `states` of what its tasks do.
    runs: HashMap<RunId, Vec<Vec<usize>>>,
    handle: DisplayHandle,
    updated: Instant,
    has_changed: bool,
}

impl Following {
    /// Shows the graph of `plan`, and what becomes of its tasks in what `observers` see from now on.
    pub(crate) fn start(plan: &Plan, options: &Options, observers: &Arc<Observers>) -> Self {
        let view = LiveView::of(plan, options);
        let graph = &plan.graph;
        let calls = graph.ids().map(|id| identities(graph, id));
        let calls: Vec<Vec<Identity>> = calls.collect();
        let n_calls = calls.iter().scan(0, |end, calls| {
            *end += calls.len();
            Some(*end)
        });
        let ends: Vec<usize> = n_calls.collect();
        let states = vec![TaskState::Waiting; ends.last().copied().unwrap_or(0)];
        let handle = display(&view.bundle(&of_tasks(&states, &ends)));
        let places = calls.into_iter().flatten().enumerate();
        let follower = Arc::new(Follower {
            places: places.map(|(place, call)| (call, place)).collect(),
            screen: Mutex::new(Screen {
                view,
                states,
                ends,
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

/// The calls in the task `id`, in their order.
fn identities(graph: &Graph, id: TaskId) -> Vec<Identity> {
    let parts = graph.parts(id).iter();
    let parts = parts.map(|part| (graph.part(*part).name(), Box::default()));
    let own = (graph.name(id), graph.block(id).as_slice().into());
    parts.chain([own]).collect()
}

/// How far tasks are, of the states of their calls.
fn of_tasks(states: &[TaskState], ends: &[usize]) -> Vec<TaskState> {
    let mut start = 0;
    let tasks = ends.iter().map(|end| {
        let calls = &states[start..*end];
        start = *end;
        of_calls(calls)
    });
    tasks.collect()
}

/// How far a task is whose calls are in `states`.
fn of_calls(states: &[TaskState]) -> TaskState {
    let has = |state| states.contains(&state);
    match states {
        [only] => *only,
        _ if has(TaskState::Failed) => TaskState::Failed,
        _ if has(TaskState::Running) => TaskState::Running,
        _ if states.iter().all(|state| *state == TaskState::Done) => TaskState::Done,
        _ if has(TaskState::Done) => TaskState::DoneInPart,
        _ if has(TaskState::NotRun) => TaskState::NotRun,
        _ => TaskState::Waiting,
    }
}

impl Follower {
    fn lock(&self) -> MutexGuard<'_, Screen> {
        self.screen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// For each task of `graph` the places of its calls that are drawn.
    fn drawn(&self, graph: &Graph) -> Vec<Vec<usize>> {
        let drawn = |id| {
            let calls = identities(graph, id).into_iter();
            calls
                .filter_map(|call| self.places.get(&call).copied())
                .collect()
        };
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
    fn begin(&mut self, run: RunId, drawn: Vec<Vec<usize>>) {
        for place in drawn.iter().flatten() {
            self.states[*place] = TaskState::Waiting;
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
        let Some(drawn) = self.runs.get(&run) else {
            return;
        };
        for place in &drawn[task.index()] {
            self.states[*place] = state;
            self.has_changed = true;
        }
    }

    /// What has not ended by now will not.
    fn run_ended(&mut self, run: RunId, outcome: Outcome) {
        let drawn = self.runs.remove(&run).unwrap_or_default();
        if outcome == Outcome::Done {
            return;
        }
        for place in drawn.into_iter().flatten() {
            let state = &mut self.states[place];
            if matches!(state, TaskState::Waiting | TaskState::Running) {
                *state = TaskState::NotRun;
            }
        }
    }

    fn update(&mut self) {
        let states = of_tasks(&self.states, &self.ends);
        self.handle.update(&self.view.bundle(&states));
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
