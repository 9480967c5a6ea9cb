//! Scenarios of the pool: runs beside each other, inside each other, failing, called off, larger than the memory that they may take.

use std::collections::BTreeMap;
use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use dagbok::cell::threads::Served;
use dagbok::{Error, ErrorKind, Result, Value};

use super::random::Random;
use super::sums::{Sums, any_independent, any_inputs};
use super::{Meeting, Timeouts, check, spawn, wait_until};
use crate::events::{Event, Observer, Run, Stamped};
use crate::graph::TaskId;
use crate::scheduler::{Background, Scheduler};
use crate::storage::Memory;

fn pool(n_threads: usize) -> Arc<Scheduler> {
    let n_threads = NonZero::new(n_threads).expect("a thread");
    Arc::new(Scheduler::new(n_threads).expect("threads"))
}

/// From one thread on, two in most cases.
fn any_pool(random: &mut Random) -> Arc<Scheduler> {
    pool([1, 2, 2, 3][random.below(4)])
}

#[track_caller]
fn compute(pool: &Scheduler, sums: Sums) {
    let oracle = sums.oracle();
    oracle.check(pool.compute(sums.graph, &sums.outputs, &[]));
}

#[test]
fn a_run_ends() {
    check(Timeouts::Never, |random| {
        let pool = any_pool(random);
        compute(&pool, Sums::new(random, 12));
    });
}

#[test]
fn a_run_of_many_tasks_ends() {
    check(Timeouts::AnyTime, |random| {
        let pool = pool(2);
        compute(&pool, Sums::new(random, 40));
        compute(&pool, Sums::new(random, 10));
    });
}

#[test]
fn runs_beside_each_other_end() {
    check(Timeouts::Never, |random| {
        let pool = any_pool(random);
        let others = [8, 5].map(|most| {
            let (pool, sums) = (pool.clone(), Sums::new(random, most));
            spawn(move || compute(&pool, sums))
        });
        compute(&pool, Sums::new(random, 6));
        for other in others {
            other.join().expect("no panic");
        }
    });
}

#[test]
fn a_run_ends_while_its_threads_make_way() {
    check(Timeouts::Never, |random| {
        let pool = any_pool(random);
        let urgent = pool.clone();
        let other = spawn(move || (0..3).for_each(|_| urgent.make_way()));
        compute(&pool, Sums::new(random, 8));
        compute(&pool, Sums::new(random, 8));
        other.join().expect("no panic");
    });
}

/// Each third task computes something itself, and what that consists of in turn.
fn nesting(random: &mut Random, pool: &Arc<Scheduler>, depth: usize) -> Sums {
    if depth == 0 {
        return Sums::new(random, 4);
    }
    // Not for ever: the pool is gone before its tasks are.
    let weak = Arc::downgrade(pool);
    let inner = Mutex::new(Random::new(random.below(usize::MAX) as u64));
    Sums::with(
        random,
        6,
        Arc::new(move |idx| {
            if idx % 3 == 0
                && let Some(pool) = weak.upgrade()
            {
                let sums = nesting(&mut inner.lock().expect("no panic"), &pool, depth - 1);
                let oracle = sums.oracle();
                let values = pool.compute(sums.graph, &sums.outputs, &[]);
                oracle.check(values);
            }
            Ok(())
        }),
    )
}

#[test]
fn runs_inside_each_other_end() {
    check(Timeouts::Never, |random| {
        let pool = any_pool(random);
        let sums = nesting(random, &pool, 2);
        compute(&pool, sums);
    });
}

#[test]
fn nested_runs_beside_each_other_end() {
    check(Timeouts::Never, |random| {
        let pool = any_pool(random);
        let (other, sums) = (pool.clone(), nesting(random, &pool, 1));
        let other = spawn(move || compute(&other, sums));
        let sums = nesting(random, &pool, 1);
        compute(&pool, sums);
        other.join().expect("no panic");
    });
}

/// As many tasks of any graph as there are threads, if they do not need each other, end only when all of them run.
fn meeting(random: &mut Random, n_threads: usize) -> Sums {
    let inputs = match random.is_one_in(2) {
        // What one thread takes at once with what it waits for.
        true => (0..=n_threads).map(|idx| vec![0; idx.min(1)]).collect(),
        false => any_inputs(random, 6),
    };
    let met = any_independent(random, &inputs, n_threads);
    let meeting = Meeting::of(met.len());
    let also = move |idx| {
        if met.contains(&idx) {
            meeting.join();
        }
        Ok(())
    };
    Sums::of(inputs, 1, Arc::new(also))
}

/// A task that nothing keeps from running runs, whatever the others do.
#[test]
fn tasks_that_do_not_need_each_other_run_at_the_same_time() {
    check(Timeouts::Never, |random| {
        let n_threads = 2 + random.below(2);
        let pool = pool(n_threads);
        // Where they were short the threads take several at once.
        compute(&pool, Sums::new(random, 4));
        compute(&pool, meeting(random, n_threads));
    });
}

#[test]
fn tasks_of_a_nested_run_run_at_the_same_time() {
    check(Timeouts::Never, |random| {
        let pool = pool(2);
        let inner = Mutex::new(Some(meeting(random, 2)));
        let weak = Arc::downgrade(&pool);
        let also = move |idx| {
            let sums = inner.lock().expect("no panic").take_if(|_| idx == 0);
            if let (Some(sums), Some(pool)) = (sums, weak.upgrade()) {
                compute(&pool, sums);
            }
            Ok(())
        };
        compute(&pool, Sums::with(random, 4, Arc::new(also)));
    });
}

/// A value that counts how many there are.
struct Counted(Arc<AtomicUsize>);

impl Counted {
    fn new(n_alive: &Arc<AtomicUsize>) -> Value {
        n_alive.fetch_add(1, Ordering::SeqCst);
        Value::new(Counted(n_alive.clone()))
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// A pool that has nothing to do keeps nothing.
#[test]
fn results_are_dropped_when_their_run_has_ended() {
    check(Timeouts::Never, |random| {
        let pool = any_pool(random);
        let n_alive = Arc::new(AtomicUsize::new(0));
        let mut sums = Sums::new(random, 8);
        let counted = n_alive.clone();
        sums.replace_runs(move |_| Ok(Counted::new(&counted)));
        let values = pool.compute(sums.graph, &sums.outputs, &[]);
        assert_eq!(values.expect("values").len(), sums.outputs.len());
        wait_until(|| n_alive.load(Ordering::SeqCst) == 0);
    });
}

#[test]
fn who_waits_for_a_run_that_fails_gets_the_error() {
    check(Timeouts::Never, |random| {
        let pool = any_pool(random);
        let other = spawn({
            let (pool, sums) = (pool.clone(), Sums::new(random, 5));
            move || compute(&pool, sums)
        });
        let bad = random.below(6);
        let also = Arc::new(move |idx| match idx == bad {
            true => Err(Error::new(ErrorKind::Io, "no such file")),
            false => Ok(()),
        });
        let sums = Sums::with(random, 10, also);
        let (oracle, fails) = (sums.oracle(), bad < sums.graph.len());
        let result = pool.compute(sums.graph, &sums.outputs, &[]);
        match result {
            Err(error) if fails => assert_eq!(error.kind(), ErrorKind::Io),
            result => oracle.check(result),
        }
        oracle.check_none_twice();
        other.join().expect("no panic");
    });
}

/// How background runs have ended: how often well, and how often not.
#[derive(Default)]
struct Ends([AtomicUsize; 2]);

impl Ends {
    fn counts(&self) -> [usize; 2] {
        [0, 1].map(|idx| self.0[idx].load(Ordering::SeqCst))
    }
}

fn background(sums: Sums, ends: &Arc<Ends>) -> Background {
    let (oracle, ends) = (sums.oracle(), ends.clone());
    Background {
        graph: Arc::new(sums.graph),
        outputs: sums.outputs.into(),
        served: Served::here(),
        observers: Vec::new(),
        caches: false,
        on_end: Box::new(move |values: Result<Vec<Value>>| {
            let is_error = values.is_err();
            match values {
                Ok(_) => oracle.check(values),
                Err(error) => assert_eq!(error.kind(), ErrorKind::Cancelled),
            }
            ends.0[usize::from(is_error)].fetch_add(1, Ordering::SeqCst);
        }),
    }
}

#[test]
fn background_runs_end_once_also_when_called_off() {
    check(Timeouts::Never, |random| {
        let pool = any_pool(random);
        let ends = Arc::new(Ends::default());
        let runs = [6, 6].map(|most| pool.submit(background(Sums::new(random, most), &ends)));
        let other = spawn({
            let pool = pool.clone();
            move || pool.cancel(runs[0])
        });
        if random.is_one_in(2) {
            while pool.help(runs[1]) {}
        }
        other.join().expect("no panic");
        wait_until(|| ends.counts().iter().sum::<usize>() == 2);
        let [well, _] = ends.counts();
        assert!(well >= 1, "the run that was not called off");
        drop(pool);
        assert_eq!(ends.counts().iter().sum::<usize>(), 2);
    });
}

/// Who waits for a run may find that another one has ended, and tells of it at once.
#[test]
fn a_task_may_wait_for_the_end_of_another_run() {
    check(Timeouts::AnyTime, |random| {
        let pool = pool(2);
        let ends = Arc::new(Ends::default());
        pool.submit(background(Sums::new(random, 6), &ends));
        let also = move |idx| {
            if idx == 0 {
                wait_until(|| ends.counts()[0] == 1);
            }
            Ok(())
        };
        compute(&pool, Sums::with(random, 3, Arc::new(also)));
    });
}

#[test]
fn a_pool_that_is_dropped_ends_its_threads() {
    check(Timeouts::Never, |random| {
        let pool = any_pool(random);
        let ends = Arc::new(Ends::default());
        for _ in 0..random.below(3) {
            pool.submit(background(Sums::new(random, 4), &ends));
        }
        drop(pool);
    });
}

/// The pool is dropped by what its own run calls at the end.
#[test]
fn a_pool_may_be_dropped_by_its_own_thread() {
    check(Timeouts::Never, |random| {
        let pool = any_pool(random);
        let sums = Sums::new(random, 4);
        let (held, meeting) = (Mutex::new(Some(pool.clone())), Meeting::of(2));
        let at = meeting.clone();
        pool.submit(Background {
            graph: Arc::new(sums.graph),
            outputs: sums.outputs.into(),
            served: Served::here(),
            observers: Vec::new(),
            caches: false,
            on_end: Box::new(move |_| {
                drop(held.lock().expect("no panic").take());
                at.join();
            }),
        });
        drop(pool);
        meeting.join();
    });
}

/// Results that are larger than the budget go to the disk and come back.
#[test]
fn a_run_larger_than_its_budget_ends() {
    check(Timeouts::AnyTime, |random| {
        let folder = tempfile::tempdir().expect("a folder");
        let memory = Arc::new(Memory::default());
        let len = 1024;
        memory.configure(3 * 8 * len as u64, folder.path(), None);
        let n_threads = NonZero::new(1 + random.below(2)).expect("a thread");
        let pool = Scheduler::within(n_threads, memory.clone()).expect("threads");
        // Sources, then what takes them in the same order, so that none can go before all are there.
        let n = 2 + random.below(3);
        let mut inputs: Vec<Vec<usize>> = vec![Vec::new(); n];
        inputs.extend((0..n).map(|idx| vec![idx, (idx + 1) % n]));
        compute(&pool, Sums::of(inputs, len, Arc::new(|_| Ok(()))));
        drop(pool);
        assert_eq!(memory.reserved(), 0);
    });
}

/// What an observer was told, each time.
#[derive(Default)]
struct Seen(Mutex<Vec<Vec<Stamped>>>);

impl Observer for Seen {
    fn observe(&self, _: &Run, events: &[Stamped]) {
        self.0.lock().expect("no panic").push(events.to_vec());
    }
}

impl Seen {
    fn events(&self) -> Vec<Stamped> {
        self.0.lock().expect("no panic").concat()
    }

    /// Each task has started and then finished, once, and the end comes last.
    #[track_caller]
    fn check(&self, n_tasks: usize) {
        let events: Vec<Event> = self.events().iter().map(|stamped| stamped.event).collect();
        for task in (0..n_tasks).map(TaskId::new) {
            let of_task = events.iter().filter_map(|event| match event {
                Event::Started { task: it, .. } if *it == task => Some("started"),
                Event::Finished { task: it, .. } if *it == task => Some("finished"),
                Event::Failed { task: it } if *it == task => Some("failed"),
                _ => None,
            });
            let of_task: Vec<&str> = of_task.collect();
            assert_eq!(of_task, ["started", "finished"], "{task:?}");
        }
        let ends = |event: &Event| matches!(event, Event::Ended { .. });
        let ended = events.iter().position(ends);
        assert_eq!(ended, Some(events.len() - 1));
        let told = self.0.lock().expect("no panic");
        let last = told.last().and_then(|events| events.last());
        assert!(last.is_some_and(|last| ends(&last.event)), "{last:?}");
    }

    /// Each task ran on a thread of the pool, and each thread ran one task at a time.
    #[track_caller]
    fn check_threads(&self, n_threads: usize) {
        let mut started = BTreeMap::new();
        let mut spans = vec![Vec::new(); n_threads];
        for Stamped { at, event } in self.events() {
            match event {
                Event::Started { task, thread } => {
                    started.insert(task, (thread as usize, at));
                }
                Event::Finished { task, .. } => {
                    let (thread, start) = started[&task];
                    spans[thread].push((start, at));
                }
                _ => {}
            }
        }
        for spans in &mut spans {
            spans.sort_unstable();
            assert!(spans.iter().all(|(start, end)| start <= end));
            assert!(spans.windows(2).all(|pair| pair[0].1 <= pair[1].0));
        }
    }
}

#[test]
fn observers_see_every_task_start_and_finish_once() {
    check(Timeouts::AnyTime, |random| {
        let pool = any_pool(random);
        let sums = Sums::new(random, 20);
        let (oracle, n_tasks) = (sums.oracle(), sums.graph.len());
        let seen = Arc::new(Seen::default());
        let observers: [Arc<dyn Observer>; 1] = [seen.clone()];
        oracle.check(pool.compute(sums.graph, &sums.outputs, &observers));
        seen.check(n_tasks);
        seen.check_threads(pool.n_threads());
    });
}

/// Calls off the first run that it sees.
struct Caller;

impl Observer for Caller {
    fn observe(&self, run: &Run, _: &[Stamped]) {
        run.canceller.cancel();
    }
}

#[test]
fn a_run_that_is_called_off_ends_with_its_nested_runs() {
    check(Timeouts::AnyTime, |random| {
        let pool = any_pool(random);
        let weak = Arc::downgrade(&pool);
        let inner = Mutex::new(Random::new(random.below(usize::MAX) as u64));
        let also = Arc::new(move |idx| {
            let Some(pool) = weak.upgrade().filter(|_| idx % 3 == 0) else {
                return Ok(());
            };
            let sums = Sums::new(&mut inner.lock().expect("no panic"), 4);
            let oracle = sums.oracle();
            match pool.compute(sums.graph, &sums.outputs, &[]) {
                Err(error) => return Err(error),
                values => oracle.check(values),
            }
            Ok(())
        });
        let sums = Sums::with(random, 8, also);
        let oracle = sums.oracle();
        let observers: [Arc<dyn Observer>; 1] = [Arc::new(Caller)];
        match pool.compute(sums.graph, &sums.outputs, &observers) {
            Err(error) => assert_eq!(error.kind(), ErrorKind::Cancelled, "{error}"),
            values => oracle.check(values),
        }
        oracle.check_none_twice();
        // It goes on working.
        compute(&pool, Sums::new(random, 5));
    });
}
