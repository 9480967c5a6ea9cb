//! The state machine alone: random futures, ends, cancellations and releases in any order, against a naive model.

use std::collections::{BTreeMap, BTreeSet};

use dagbok::future::FutureStatus;
use proptest::prelude::*;
use proptest::sample::Index;

use super::state::{Action, End, Event, FutureId, New, PoolId, State};
use crate::effort;

#[derive(Clone, Debug)]
enum Step {
    Submit {
        inputs: Vec<Index>,
        priority: i32,
        retries: u32,
        pool: usize,
    },
    End(Index, u8),
    TimeOut(Index),
    /// An attempt that is over already.
    EndLate(Index),
    Want(Index),
    Cancel(Index),
    Detach(Index),
    Release(Index),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let submit = (
        prop::collection::vec(any::<Index>(), 0..4),
        -2..3_i32,
        0..3_u32,
        0..2_usize,
    );
    let step = prop_oneof![
        10 => submit.prop_map(|(inputs, priority, retries, pool)| Step::Submit { inputs, priority, retries, pool }),
        20 => (any::<Index>(), 0..12_u8).prop_map(|(future, how)| Step::End(future, how)),
        1 => any::<Index>().prop_map(Step::TimeOut),
        1 => any::<Index>().prop_map(Step::EndLate),
        2 => any::<Index>().prop_map(Step::Want),
        1 => any::<Index>().prop_map(Step::Cancel),
        1 => any::<Index>().prop_map(Step::Detach),
        3 => any::<Index>().prop_map(Step::Release),
    ];
    prop::collection::vec(step, 1..effort::of(300, 40))
}

/// What a future looks like from outside.
struct Model {
    inputs: BTreeSet<FutureId>,
    priority: i32,
    pool: usize,
    retries_left: u32,
    attempt: u32,
    is_processing: bool,
    done: Option<FutureStatus>,
    is_held: bool,
    is_detached: bool,
    is_forgotten: bool,
}

#[derive(Default)]
struct World {
    state: State,
    futures: BTreeMap<FutureId, Model>,
    /// Those that begin out of turn.
    wanted: Option<FutureId>,
}

const CAPACITY: [usize; 2] = [1, 3];

impl World {
    fn step(&mut self, step: Step) {
        match step {
            Step::Submit {
                inputs,
                priority,
                retries,
                pool,
            } => self.submit(&inputs, priority, retries, pool),
            Step::End(future, how) => {
                if let Some(future) = self.pick(&future, |model| model.is_processing) {
                    let end = match how {
                        0 => End::Failed,
                        1 => End::Cancelled,
                        _ => End::Finished,
                    };
                    self.end(future, end);
                }
            }
            Step::TimeOut(future) => {
                if let Some(future) = self.pick(&future, |model| model.is_processing) {
                    let attempt = self.futures[&future].attempt;
                    self.note_end(future, End::Failed);
                    self.handle(Event::TimedOut { future, attempt });
                }
            }
            Step::EndLate(future) => {
                if let Some(future) = self.pick(&future, |model| model.attempt > 0) {
                    let attempt = self.futures[&future].attempt - 1;
                    self.handle(Event::Ended {
                        future,
                        attempt,
                        end: End::Finished,
                    });
                }
            }
            Step::Want(future) => {
                if let Some(future) = self.pick(&future, |model| !model.is_forgotten) {
                    self.wanted = Some(future);
                    self.handle(Event::Wanted { future });
                    self.wanted = None;
                }
            }
            Step::Cancel(future) => {
                if let Some(future) = self.pick(&future, |model| !model.is_forgotten) {
                    self.fall(future, FutureStatus::Cancelled);
                    self.handle(Event::Cancelled { future });
                }
            }
            Step::Detach(future) => {
                if let Some(future) = self.pick(&future, |model| model.is_held) {
                    self.model(future).is_detached = true;
                    self.handle(Event::Detached { future });
                }
            }
            Step::Release(future) => {
                if let Some(future) = self.pick(&future, |model| model.is_held) {
                    self.release(future);
                }
            }
        }
        self.check();
    }

    fn submit(&mut self, inputs: &[Index], priority: i32, retries: u32, pool: usize) {
        let held: Vec<FutureId> = self.of(|model| model.is_held);
        let inputs = inputs.iter().filter(|_| !held.is_empty());
        let inputs: Vec<FutureId> = inputs.map(|input| held[input.index(held.len())]).collect();
        let future = FutureId(self.futures.len() as u64);
        let fallen = inputs.iter().copied().collect::<BTreeSet<_>>().into_iter();
        let fallen = fallen
            .filter_map(|input| self.futures[&input].done)
            .find(|status| *status != FutureStatus::Finished);
        let model = Model {
            inputs: inputs.iter().copied().collect(),
            priority,
            pool,
            retries_left: retries,
            attempt: 0,
            is_processing: false,
            done: fallen,
            is_held: true,
            is_detached: false,
            is_forgotten: false,
        };
        self.futures.insert(future, model);
        self.handle(Event::Submitted(New {
            future,
            inputs,
            priority,
            retries,
            pool: PoolId(pool),
            capacity: CAPACITY[pool],
        }));
    }

    fn end(&mut self, future: FutureId, end: End) {
        let attempt = self.futures[&future].attempt;
        self.note_end(future, end);
        self.handle(Event::Ended {
            future,
            attempt,
            end,
        });
    }

    fn note_end(&mut self, future: FutureId, end: End) {
        let model = self.model(future);
        match end {
            End::Finished => {
                model.done = Some(FutureStatus::Finished);
                model.is_processing = false;
            }
            End::Failed if model.retries_left > 0 => {
                model.retries_left -= 1;
                model.attempt += 1;
                model.is_processing = false;
            }
            End::Failed => self.fall(future, FutureStatus::Error),
            End::Cancelled => self.fall(future, FutureStatus::Cancelled),
        }
    }

    /// `future` has no value, nor has what needs it.
    fn fall(&mut self, future: FutureId, status: FutureStatus) {
        let model = self.model(future);
        if model.done.is_some() {
            return;
        }
        model.done = Some(status);
        model.is_processing = false;
        for dependent in self.of(|model| model.inputs.contains(&future)) {
            self.fall(dependent, status);
        }
    }

    fn release(&mut self, future: FutureId) {
        // What is not done is held by what needs it.
        let needs = |model: &Model| model.inputs.contains(&future) && model.done.is_none();
        if self.futures.values().any(needs) {
            return;
        }
        let model = self.model(future);
        model.is_held = false;
        if model.done.is_none() && !model.is_detached {
            self.fall(future, FutureStatus::Cancelled);
        }
        self.handle(Event::Released { future });
    }

    fn handle(&mut self, event: Event) {
        let mut actions = Vec::new();
        self.state.handle(event, &mut actions);
        for action in actions {
            match action {
                Action::Start { future, attempt } => self.started(future, attempt),
                Action::Forget { future } => {
                    let model = self.model(future);
                    assert!(model.done.is_some() && !model.is_held);
                    assert!(!std::mem::replace(&mut model.is_forgotten, true));
                }
                Action::Settle {
                    future,
                    status,
                    because,
                } => {
                    assert_eq!(self.futures[&future].done, Some(status));
                    if let Some(because) = because {
                        assert!(self.futures[&future].inputs.contains(&because));
                        assert_eq!(self.futures[&because].done, Some(status));
                    }
                }
                Action::Stop { future } | Action::Wait { future } => {
                    assert!(!self.futures[&future].is_processing);
                }
            }
        }
    }

    /// It may begin, and nothing should have begun before it.
    fn started(&mut self, future: FutureId, attempt: u32) {
        let finished = |input: &FutureId| self.futures[input].done == Some(FutureStatus::Finished);
        let can_begin = |model: &Model| {
            model.done.is_none() && !model.is_processing && model.inputs.iter().all(finished)
        };
        let model = &self.futures[&future];
        assert!(can_begin(model) && model.attempt == attempt);
        if self.wanted != Some(future) {
            let place = |(id, model): (&FutureId, &Model)| (-model.priority, *id);
            let pool = model.pool;
            let others = self.futures.iter();
            let others = others.filter(|(_, other)| other.pool == pool && can_begin(other));
            let first = others.map(place).min();
            assert_eq!(first, Some(place((&future, model))));
        }
        self.model(future).is_processing = true;
    }

    fn check(&self) {
        for (future, model) in &self.futures {
            let status = match (model.done, model.is_processing) {
                _ if model.is_forgotten => None,
                (Some(status), _) => Some(status),
                (None, true) => Some(FutureStatus::Processing),
                (None, false) => Some(FutureStatus::Pending),
            };
            assert_eq!(self.state.status(*future), status);
        }
        for (pool, capacity) in CAPACITY.into_iter().enumerate() {
            let of_pool = |model: &Model| model.pool == pool;
            let n_processing = self.of(|model| of_pool(model) && model.is_processing).len();
            let finished =
                |input: &FutureId| self.futures[input].done == Some(FutureStatus::Finished);
            let waits = |model: &Model| {
                of_pool(model)
                    && model.done.is_none()
                    && !model.is_processing
                    && model.inputs.iter().all(finished)
            };
            assert!(n_processing >= capacity || self.of(waits).is_empty());
        }
    }

    fn of(&self, is_meant: impl Fn(&Model) -> bool) -> Vec<FutureId> {
        let futures = self.futures.iter();
        let meant = futures.filter(|(_, model)| is_meant(model));
        meant.map(|(future, _)| *future).collect()
    }

    fn pick(&self, index: &Index, is_meant: impl Fn(&Model) -> bool) -> Option<FutureId> {
        let meant = self.of(is_meant);
        (!meant.is_empty()).then(|| meant[index.index(meant.len())])
    }

    fn model(&mut self, future: FutureId) -> &mut Model {
        self.futures.get_mut(&future).expect("a future")
    }

    /// All that is left ends; everything gets done.
    fn end_all(&mut self) {
        while let Some(future) = self.of(|model| model.is_processing).first() {
            self.end(*future, End::Finished);
        }
        assert!(self.futures.values().all(|model| model.done.is_some()));
    }
}

proptest! {
    #![proptest_config(effort::cases(256))]

    #[test]
    fn futures_begin_in_turn_and_all_get_done(steps in steps()) {
        let mut world = World::default();
        for step in steps {
            world.step(step);
        }
        world.end_all();
        for future in world.of(|model| model.is_held) {
            world.release(future);
        }
        world.check();
        prop_assert!(world.futures.values().all(|model| model.is_forgotten));
    }
}

#[test]
fn a_task_that_waits_is_shown_what_it_can_help_with() {
    let mut state = State::default();
    let mut submit = |id: u64, inputs: &[u64]| {
        let new = New {
            future: FutureId(id),
            inputs: inputs.iter().map(|id| FutureId(*id)).collect(),
            priority: 0,
            retries: 0,
            pool: PoolId(0),
            capacity: 1,
        };
        state.handle(Event::Submitted(new), &mut Vec::new());
    };
    submit(1, &[]);
    submit(2, &[]);
    submit(3, &[1, 2]);
    submit(4, &[3]);
    submit(5, &[]);
    let helpful = |future, most| state.helpful(FutureId(future), most);
    assert_eq!(helpful(4, 9), [FutureId(1), FutureId(2)]);
    assert_eq!(helpful(4, 1), [FutureId(1)]);
    assert_eq!(helpful(5, 9), [FutureId(5)]);
    assert_eq!(helpful(9, 9), []);
}
