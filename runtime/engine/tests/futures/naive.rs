//! Futures of random graphs have the values of a naive evaluator.

use proptest::prelude::*;
use proptest::sample::Index;

use super::*;

#[derive(Clone, Debug)]
struct Sketch {
    inputs: Vec<Index>,
    fails: bool,
    priority: i32,
    retries: u32,
    is_dropped: bool,
    is_cancelled: bool,
}

fn sketches() -> impl Strategy<Value = Vec<Sketch>> {
    let future = (
        prop::collection::vec(any::<Index>(), 0..4),
        prop::bool::weighted(0.05),
        -1..2_i32,
        0..2_u32,
        prop::bool::weighted(0.3),
        prop::bool::weighted(0.03),
    );
    let future = future.prop_map(
        |(inputs, fails, priority, retries, is_dropped, is_cancelled)| Sketch {
            inputs,
            fails,
            priority,
            retries,
            is_dropped,
            is_cancelled,
        },
    );
    prop::collection::vec(future, 1..60)
}

fn mixed(inputs: impl Iterator<Item = i64>) -> i64 {
    inputs.fold(1, |sum, x| sum.wrapping_mul(3).wrapping_add(x))
}

/// What a naive evaluator makes of a sketch: none for what fails or is cancelled, or needs that.
fn naive(sketches: &[Sketch]) -> Vec<Option<i64>> {
    let mut values: Vec<Option<i64>> = Vec::new();
    for (idx, sketch) in sketches.iter().enumerate() {
        let inputs = sketch.inputs.iter().filter(|_| idx > 0);
        let inputs: Option<Vec<i64>> = inputs.map(|input| values[input.index(idx)]).collect();
        let has_value = !sketch.fails && !sketch.is_cancelled;
        let value = inputs.filter(|_| has_value);
        values.push(value.map(|inputs| mixed(inputs.into_iter())));
    }
    values
}

proptest! {
    #[test]
    fn futures_have_the_values_of_a_naive_evaluator(sketches in sketches()) {
        // all that needs anything waits for the start, so that what is cancelled has not been done
        let (go, start) = held();
        let mut futures: Vec<Future<i64>> = Vec::new();
        for (idx, sketch) in sketches.iter().enumerate() {
            let inputs = sketch.inputs.iter().filter(|_| idx > 0);
            let inputs: Vec<Future<i64>> = inputs.map(|input| futures[input.index(idx)].clone()).collect();
            let inputs: Delayed<Vec<i64>> = inputs.iter().map(Delayed::from).collect();
            let fails = sketch.fails;
            let value = start.delayed().zip(&inputs).and_then(move |(_, inputs)| match fails {
                true => Err("fails"),
                false => Ok(mixed(inputs.iter().copied())),
            });
            let options = SubmitOptions::new().priority(sketch.priority).retries(sketch.retries);
            futures.push(options.compute(&value));
        }
        for (future, sketch) in futures.iter().zip(&sketches) {
            if sketch.is_cancelled {
                future.cancel();
            }
        }
        let expected = naive(&sketches);
        let all = futures.into_iter().zip(&sketches).zip(expected);
        let kept: Vec<_> = all.filter(|((_, sketch), _)| !sketch.is_dropped).collect();
        go.send(0).unwrap();
        for ((future, sketch), expected) in kept {
            prop_assert_eq!(future.result().ok(), expected);
            prop_assert_eq!(future.done(), true);
            prop_assert!(!sketch.is_cancelled || future.cancelled());
        }
    }
}
