//! Notes what is computed: every task from the events, and what the process uses from a thread that looks now and then.

mod sampler;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use dagbok::Name;
use dagbok::cell::threads;
use dagbok::engine::Recording;
use dagbok::profile::{
    CacheHits, Computation, LayerRecord, Profile, Record, Scope, State, StoredChange, TaskRecord,
};

use self::sampler::Sampler;
use crate::events::{Event, Observer, Observers, Outcome, Run, RunId, Stamped};
use crate::graph::{Graph, LayerKind, TaskId};
use crate::storage::Memory;

/// A measurement under way. Dropping it ends it, too.
pub(crate) struct Measurement {
    recorder: Arc<Recorder>,
    observers: Arc<Observers>,
    memory_limit: Option<u64>,
    sampler: Sampler,
    memory: Arc<Memory>,
    /// What had been found in the cache before.
    hits_before: CacheHits,
}

impl Measurement {
    /// Measures what `observers` would see from now on, and what is found in the cache of `memory`. All results may take `memory_limit`.
    pub(crate) fn start(
        observers: Arc<Observers>,
        memory: Arc<Memory>,
        memory_limit: Option<u64>,
        scope: Scope,
    ) -> Self {
        let started = Instant::now();
        let recorder = Arc::new(Recorder::new(started, scope));
        observers.add(recorder.clone());
        Measurement {
            recorder,
            observers,
            memory_limit,
            sampler: Sampler::start(started),
            hits_before: memory.cache.hits(),
            memory,
        }
    }
}

impl Recording for Measurement {
    fn stop(self: Box<Self>) -> Profile {
        let mut record = self.recorder.finish(Instant::now());
        record.samples = self.sampler.finish();
        record.memory_limit = self.memory_limit;
        let (hits, before) = (self.memory.cache.hits(), self.hits_before);
        record.cache_hits = CacheHits {
            count: hits.count - before.count,
            bytes: hits.bytes - before.bytes,
        };
        Profile::from(record)
    }
}

impl Drop for Measurement {
    fn drop(&mut self) {
        let observer: Arc<dyn Observer> = self.recorder.clone();
        self.observers.remove(&observer);
    }
}

/// Notes the tasks of all computations that it sees.
struct Recorder {
    started: Instant,
    /// The cell whose computations are noted; none for all.
    cell: Option<u32>,
    notes: Mutex<Notes>,
}

#[derive(Default)]
struct Notes {
    record: Record,
    /// Computations that go on.
    open: HashMap<RunId, Open>,
    /// The places of computations in the record, also of those that have ended.
    places: HashMap<RunId, usize>,
    /// Whose task asked for each computation. A short one may be seen before the one that asked for it.
    parents: Vec<Option<RunId>>,
    layers: HashMap<LayerKey, u32>,
    is_finished: bool,
}

/// What is told together: a layer, or all calls of one delayed function.
#[derive(PartialEq, Eq, Hash)]
enum LayerKey {
    Layer(Name),
    Function(String),
}

/// A computation that goes on.
struct Open {
    computation: usize,
    /// For each layer of the graph the place of its name in the record; its layer there.
    names_from: usize,
    layers: Vec<u32>,
    /// The places of tasks in the record, of those whose results are still there.
    tasks: HashMap<TaskId, usize>,
    /// The bytes of results that are on the disk.
    stored: HashMap<TaskId, usize>,
}

impl Recorder {
    fn new(started: Instant, scope: Scope) -> Self {
        Recorder {
            started,
            cell: match scope {
                Scope::Caller => Some(threads::own()),
                Scope::Process => None,
            },
            notes: Mutex::default(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Notes> {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn since(&self, at: Instant) -> Duration {
        at.saturating_duration_since(self.started)
    }

    /// What was noted, its tasks in the order in which they began. Whatever comes later is not noted.
    fn finish(&self, now: Instant) -> Record {
        let mut notes = self.lock();
        let elapsed = self.since(now);
        let runs: Vec<RunId> = notes.open.keys().copied().collect();
        for run in runs {
            notes.close(run, elapsed, State::Running);
        }
        notes.is_finished = true;
        notes.sort();
        let mut record = std::mem::take(&mut notes.record);
        record.elapsed = elapsed;
        record
    }
}

impl Observer for Recorder {
    fn observe(&self, run: &Run, events: &[Stamped]) {
        // Called by the thread that waits for `run`, which works for the cell that asked for it.
        if self.cell.is_some_and(|cell| cell != threads::own()) {
            return;
        }
        let mut notes = self.lock();
        if notes.is_finished {
            return;
        }
        if !notes.places.contains_key(&run.id) {
            notes.begin(run, self.since(run.submitted));
        }
        for stamped in events {
            notes.note(run, stamped.event, self.since(stamped.at));
        }
    }
}

impl Notes {
    fn begin(&mut self, run: &Run, start: Duration) {
        let record = &mut self.record;
        let computation = record.computations.len();
        let names_from = record.names.len();
        let mut layers = Vec::with_capacity(run.graph.layers().len());
        for (_, layer) in run.graph.layers() {
            record.names.push(layer.name);
            let key = match layer.kind {
                LayerKind::Delayed => LayerKey::Function(layer.name.operation().to_owned()),
                LayerKind::Array | LayerKind::Frame => LayerKey::Layer(layer.name),
            };
            let place = self.layers.entry(key).or_insert_with(|| {
                record.layers.push(LayerRecord {
                    name: layer.name,
                    site: layer.site,
                    detail: layer.detail.clone(),
                });
                record.layers.len() as u32 - 1
            });
            layers.push(*place);
        }
        record.n_threads = run.n_threads;
        record.computations.push(Computation {
            parent: None,
            start,
            elapsed: Duration::ZERO,
            n_tasks: run.graph.len() - run.graph.n_known(),
            state: State::Running,
        });
        self.places.insert(run.id, computation);
        self.parents.push(run.parent);
        let open = Open {
            computation,
            names_from,
            layers,
            tasks: HashMap::new(),
            stored: HashMap::new(),
        };
        self.open.insert(run.id, open);
    }

    fn note(&mut self, run: &Run, event: Event, at: Duration) {
        match event {
            Event::Started { task, thread } => {
                self.start_task(run.id, &run.graph, task, thread, at)
            }
            Event::Finished { task, bytes } => {
                if let Some(task) = self.task(run.id, task) {
                    task.state = State::Done;
                    task.elapsed = at.saturating_sub(task.start);
                    task.bytes = bytes;
                }
            }
            Event::Failed { task } => {
                if let Some(task) = self.task(run.id, task) {
                    task.state = State::Failed;
                    task.elapsed = at.saturating_sub(task.start);
                }
            }
            Event::Released { task, .. } => {
                self.take_stored(run.id, task, at);
                if let Some(task) = self.task(run.id, task) {
                    task.released = Some(at);
                }
            }
            Event::Spilled { task, bytes } => {
                if let Some(open) = self.open.get_mut(&run.id) {
                    open.stored.insert(task, bytes);
                    self.record.stored.push(more_stored(at, bytes));
                }
            }
            Event::Loaded { task, .. } => self.take_stored(run.id, task, at),
            Event::Ended { outcome } => self.close(run.id, at, ended(outcome)),
        }
    }

    fn start_task(&mut self, run: RunId, graph: &Graph, id: TaskId, thread: u32, at: Duration) {
        // What is known has run before, or was found in the cache.
        let Some(open) = self.open.get_mut(&run).filter(|_| !graph.is_known(id)) else {
            return;
        };
        let task = graph.task(id);
        let layer = task.layer.index();
        let block = self.record.blocks.len();
        self.record.blocks.extend_from_slice(&task.block);
        let name = match graph.layer(task.layer).kind {
            LayerKind::Array | LayerKind::Frame => open.names_from + layer,
            LayerKind::Delayed => {
                self.record.names.push(graph.name(id));
                self.record.names.len() - 1
            }
        };
        open.tasks.insert(id, self.record.tasks.len());
        self.record.tasks.push(TaskRecord {
            computation: open.computation as u32,
            layer: open.layers[layer],
            name: name as u32,
            block: block..self.record.blocks.len(),
            thread,
            start: at,
            elapsed: Duration::ZERO,
            bytes: 0,
            released: None,
            state: State::Running,
        });
    }

    /// The result of `task` is on the disk no longer, if it was.
    fn take_stored(&mut self, run: RunId, task: TaskId, at: Duration) {
        let open = self.open.get_mut(&run);
        if let Some(bytes) = open.and_then(|open| open.stored.remove(&task)) {
            self.record.stored.push(less_stored(at, bytes));
        }
    }

    /// Puts computations and tasks into the order in which they began.
    fn sort(&mut self) {
        let record = &mut self.record;
        for (computation, parent) in record.computations.iter_mut().zip(&self.parents) {
            computation.parent = parent.and_then(|parent| self.places.get(&parent).copied());
        }
        let mut order: Vec<usize> = (0..record.computations.len()).collect();
        order.sort_by_key(|old| record.computations[*old].start);
        let mut places = vec![0; order.len()];
        for (new, old) in order.iter().enumerate() {
            places[*old] = new;
        }
        let moved = order.iter().map(|old| {
            let computation = record.computations[*old].clone();
            Computation {
                parent: computation.parent.map(|parent| places[parent]),
                ..computation
            }
        });
        record.computations = moved.collect();
        for task in &mut record.tasks {
            task.computation = places[task.computation as usize] as u32;
        }
        record.tasks.sort_by_key(|task| task.start);
        record.stored.sort_by_key(|change| change.at);
    }

    fn task(&mut self, run: RunId, task: TaskId) -> Option<&mut TaskRecord> {
        let place = *self.open.get(&run)?.tasks.get(&task)?;
        self.record.tasks.get_mut(place)
    }

    /// The computation is over: tasks that still run are nobody's any more.
    fn close(&mut self, run: RunId, at: Duration, state: State) {
        let Some(open) = self.open.remove(&run) else {
            return;
        };
        let computation = &mut self.record.computations[open.computation];
        computation.elapsed = at.saturating_sub(computation.start);
        computation.state = state;
        for bytes in open.stored.into_values() {
            self.record.stored.push(less_stored(at, bytes));
        }
        for place in open.tasks.into_values() {
            let task = &mut self.record.tasks[place];
            if task.state == State::Running {
                task.elapsed = at.saturating_sub(task.start);
            }
            if task.bytes > 0 && task.released.is_none() {
                task.released = Some(at);
            }
        }
    }
}

fn more_stored(at: Duration, bytes: usize) -> StoredChange {
    StoredChange {
        at,
        bytes: i64::try_from(bytes).unwrap_or(i64::MAX),
    }
}

fn less_stored(at: Duration, bytes: usize) -> StoredChange {
    let StoredChange { at, bytes } = more_stored(at, bytes);
    StoredChange { at, bytes: -bytes }
}

fn ended(outcome: Outcome) -> State {
    match outcome {
        Outcome::Done => State::Done,
        Outcome::Failed => State::Failed,
        Outcome::Cancelled => State::Cancelled,
    }
}
