//! What a graph by hand must be: keys that are there, once, in no cycle, and of the types that tasks take.

use super::builder::{Entry, Made, Places, Task};
use super::function::{Takes, TypeOf};
use super::key::Key;
use crate::nearest::nearest;
use crate::{Error, ErrorKind, Result};

/// Beyond so many keys none is looked for that may have been meant.
const COMPARED_MAX: usize = 100_000;

/// A graph that can be built.
pub(super) struct Checked {
    pub(super) places: Places,
    /// The places of all entries, inputs before what takes them.
    pub(super) order: Vec<usize>,
    /// The types of all entries.
    pub(super) types: Vec<TypeOf>,
}

/// Finds what is wrong with `entries`, or an order to build them in.
pub(super) fn check(entries: &[Entry]) -> Result<Checked> {
    if entries.is_empty() {
        let text = "the graph has no keys: add some with `value` or `task`, so that there is something to get";
        return Err(Error::new(ErrorKind::Value, text));
    }
    let places = places(entries)?;
    let inputs = inputs(entries, &places)?;
    let order = order(entries, &inputs)?;
    let types = types(entries, &inputs, &order)?;
    Ok(Checked {
        places,
        order,
        types,
    })
}

fn places(entries: &[Entry]) -> Result<Places> {
    let mut places = Places::with_capacity(entries.len());
    for (idx, entry) in entries.iter().enumerate() {
        if let Some(first) = places.insert(entry.key.clone(), idx) {
            let text = format!(
                "the key `{}` is given twice: at {} and at {}",
                entry.key, entries[first].site, entry.site
            );
            return Err(Error::new(ErrorKind::Key, text));
        }
    }
    Ok(places)
}

/// For each entry the places of what it takes.
fn inputs(entries: &[Entry], places: &Places) -> Result<Vec<Vec<usize>>> {
    let of_entry = |entry: &Entry| {
        let inputs = entry.made.inputs().iter();
        let inputs = inputs.map(|input| match places.get(input) {
            Some(_) if *input == entry.key && matches!(entry.made, Made::Alias(_)) => {
                let text = format!("`{input}` is an alias of itself, made at {}", entry.site);
                Err(Error::new(ErrorKind::Value, text))
            }
            Some(place) => Ok(*place),
            None => Err(missing_input(entries, entry, input)),
        });
        inputs.collect()
    };
    entries.iter().map(of_entry).collect()
}

fn missing_input(entries: &[Entry], entry: &Entry, input: &Key) -> Error {
    let verb = match entry.made {
        Made::Alias(_) => "is an alias of",
        Made::Value(..) | Made::Collection(..) | Made::Task(_) => "takes",
    };
    let others = entries.iter().map(|entry| &entry.key);
    let others: Vec<&Key> = others.filter(|key| **key != entry.key).collect();
    let meant = meant(input, &others);
    let text = format!(
        "`{}` {verb} `{input}`, and the graph has no such key{meant}; made at {}",
        entry.key, entry.site
    );
    Error::new(ErrorKind::Key, text)
}

/// ` (did you mean …)`, if one of `keys` is like `key`.
pub(super) fn meant(key: &Key, keys: &[&Key]) -> String {
    if keys.len() > COMPARED_MAX {
        return String::new();
    }
    let text = key.to_string();
    let texts: Vec<String> = keys.iter().map(|key| key.to_string()).collect();
    let nearest = nearest(&text, &mut texts.iter().map(String::as_str));
    let of_a_kind = || {
        let same = keys
            .iter()
            .position(|known| known.operation() == key.operation());
        same.map(|idx| texts[idx].as_str())
    };
    match nearest.or_else(of_a_kind) {
        Some(nearest) => format!(" (did you mean `{nearest}`?)"),
        None => String::new(),
    }
}

/// The places of all entries, inputs first. Recursion-free; takes time linear in entries and inputs.
fn order(entries: &[Entry], inputs: &[Vec<usize>]) -> Result<Vec<usize>> {
    #[derive(Clone, Copy, PartialEq)]
    enum State {
        New,
        /// On the path from the root of the walk.
        Open,
        Done,
    }
    let mut states = vec![State::New; entries.len()];
    let mut order = Vec::with_capacity(entries.len());
    for root in 0..entries.len() {
        if states[root] != State::New {
            continue;
        }
        // Each with the number of its inputs that have been looked at.
        let mut path = vec![(root, 0)];
        states[root] = State::Open;
        while let Some((place, looked_at)) = path.last_mut() {
            let Some(&input) = inputs[*place].get(*looked_at) else {
                states[*place] = State::Done;
                order.push(*place);
                path.pop();
                continue;
            };
            *looked_at += 1;
            match states[input] {
                State::New => {
                    states[input] = State::Open;
                    path.push((input, 0));
                }
                State::Open => {
                    let places = path.iter().map(|(place, _)| *place);
                    let cycle: Vec<usize> = places.skip_while(|place| *place != input).collect();
                    return Err(cycle_error(entries, &cycle));
                }
                State::Done => {}
            }
        }
    }
    Ok(order)
}

/// So many tasks of a cycle are named.
const CYCLE_SHOWN: usize = 20;

fn cycle_error(entries: &[Entry], cycle: &[usize]) -> Error {
    let first = &entries[cycle[0]];
    let mut text = match cycle {
        [_] => format!("the graph has a cycle: `{0}` takes `{0}`", first.key),
        _ => {
            let mut text = format!("the graph has a cycle: `{}` takes ", first.key);
            let rest = cycle[1..].iter().chain(&cycle[..1]);
            let mut rest: Vec<String> = rest
                .map(|place| format!("`{}`", entries[*place].key))
                .collect();
            if rest.len() > CYCLE_SHOWN {
                let n_left_out = rest.len() - CYCLE_SHOWN;
                let left_out = format!(
                    "{n_left_out} others one after the other, the last of which takes `{}`",
                    first.key
                );
                rest.splice(CYCLE_SHOWN - 1.., [left_out]);
            }
            text.push_str(&rest.join(", which takes "));
            text
        }
    };
    text.push_str(&format!("; `{}` is made at {}", first.key, first.site));
    Error::new(ErrorKind::Value, text)
}

/// The types of all entries, if those that tasks take are those that their inputs have.
fn types(entries: &[Entry], inputs: &[Vec<usize>], order: &[usize]) -> Result<Vec<TypeOf>> {
    let mut types: Vec<Option<TypeOf>> = vec![None; entries.len()];
    for &place in order {
        let of_inputs: Vec<TypeOf> = inputs[place]
            .iter()
            .filter_map(|input| types[*input])
            .collect();
        types[place] = Some(match &entries[place].made {
            Made::Value(made, _) | Made::Collection(made, _) => *made,
            Made::Alias(_) => of_inputs[0],
            Made::Task(task) => {
                check_task(&entries[place], task, &of_inputs)?;
                task.gives
            }
        });
    }
    Ok(types.into_iter().flatten().collect())
}

fn check_task(entry: &Entry, task: &Task, given: &[TypeOf]) -> Result<()> {
    let taken: Vec<TypeOf> = match &task.takes {
        Takes::Each(taken) => taken.clone(),
        Takes::All(taken) => vec![*taken; given.len()],
    };
    let wrong = |text: String| Err(Error::new(ErrorKind::Value, text));
    if taken.len() != given.len() {
        let values = if taken.len() == 1 { "value" } else { "values" };
        let keys = if given.len() == 1 { "key" } else { "keys" };
        return wrong(format!(
            "the task of `{}` takes {} {values} and is given {} {keys}; made at {}",
            entry.key,
            taken.len(),
            given.len(),
            entry.site
        ));
    }
    let mut of_each = taken.iter().zip(given).zip(&task.inputs);
    match of_each.find(|((taken, given), _)| taken != given) {
        None => Ok(()),
        Some(((taken, given), input)) => wrong(format!(
            "the task of `{}` takes `{input}` as `{}`, but that is `{}`{}{}; made at {}",
            entry.key,
            taken.name(),
            given.name(),
            untyped_number(*taken, *given),
            one_list(&task.takes, *taken, *given),
            entry.site
        )),
    }
}

/// What to do about a slice that was to be one list.
fn one_list(takes: &Takes, taken: TypeOf, given: TypeOf) -> String {
    let list = format!("Vec<{}>", taken.name());
    match takes {
        Takes::All(_) if given.name() == list => {
            format!(" (a slice takes the values of all keys; one list is a `&{list}`)")
        }
        _ => String::new(),
    }
}

/// What to do about a number whose type was not written.
fn untyped_number(taken: TypeOf, given: TypeOf) -> String {
    let numbers = [
        "i8", "i16", "i32", "i64", "i128", "isize", "u8", "u16", "u32", "u64", "u128", "usize",
        "f32", "f64",
    ];
    let taken = taken.name();
    let is_assumed = given == TypeOf::of::<i32>() || given == TypeOf::of::<f64>();
    match is_assumed && numbers.contains(&taken.as_str()) {
        true => {
            format!(" (a number has that type unless it is written with another, as `1_{taken}`)")
        }
        false => String::new(),
    }
}
