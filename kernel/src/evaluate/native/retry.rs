//! What a failed compile says about our own calls: a variable that was moved away, one that borrows, an error type that
//! `?` cannot turn; and the plan that the next compile follows.

use std::collections::BTreeSet;

use super::diagnostics::{Message, Primary, own_words};
use super::generate::{Plan, TailPlan};
use super::source::{CellIdx, CellRange, Origin, Source};
use super::split::{Binding, Split};

/// What to do about a failed compile.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The plan has changed.
    Again,
    /// Only items of earlier cells, compiled anew, are at fault; these are the places.
    EarlierItems(Vec<CellRange>),
    /// These variables cannot be taken any more, and why.
    Unusable(Vec<(String, String)>),
    /// The cell uses this variable, which it cannot have.
    Withheld(String),
    UsersFault,
}

const MOVED: &[&str] = &["E0382", "E0381"];
/// The type of an expression is not decided.
const UNDECIDED: &[&str] = &["E0282", "E0283", "E0284"];

const BORROWED: &[&str] = &[
    "E0310", "E0373", "E0499", "E0502", "E0505", "E0506", "E0515", "E0521", "E0597", "E0716",
];

/// A name, a method or a macro is not there, or no trait brings it.
const MISSING: &[&str] = &[
    "E0277", "E0404", "E0405", "E0407", "E0412", "E0422", "E0423", "E0425", "E0432", "E0433",
    "E0531", "E0532", "E0574", "E0599",
];

/// Whether one more import could make a difference.
pub(super) fn misses_names(messages: &[Message]) -> bool {
    let mut errors = messages.iter().filter(|message| message.is_error());
    errors.any(|error| error.code.is_none() || error.has_code(MISSING))
}

/// Whether a message shows a function where we have declared it, and not where a person has defined it.
pub(super) fn points_at_declarations(messages: &[Message], source: &Source) -> bool {
    let is_declaration = |origin: &Origin| (*origin == Origin::Declaration).then_some(());
    let points = |message: &Message| message.call(source, Primary::Any, is_declaration).is_some();
    let mut all = messages
        .iter()
        .flat_map(|message| message.children.iter().chain([message]));
    all.any(points)
}

/// Judges the errors of the cell `own`; on [`Verdict::Again`], `plan` is what to try next.
pub(super) fn judge(
    messages: &[Message],
    source: &Source,
    own: CellIdx,
    split: &Split,
    plan: &mut Plan,
) -> Verdict {
    let errors: Vec<&Message> = messages
        .iter()
        .filter(|message| message.is_error())
        .collect();
    if let Some(name) = errors.iter().find_map(|error| withheld(error, source)) {
        return Verdict::Withheld(name);
    }
    let n_withheld = plan.withheld.len();
    let bound = errors.iter().filter(|error| is_bound(error));
    plan.withheld
        .extend(bound.filter_map(|error| taken_by(error, source)));
    if plan.withheld.len() > n_withheld {
        return Verdict::Again;
    }
    let unusable = unusable(&errors, source);
    if !unusable.is_empty() {
        return Verdict::Unusable(unusable);
    }
    let mut next = plan.clone();
    let unboxed = unboxed(&errors, source, plan);
    unboxed.iter().for_each(|name| next.try_next_box(name));
    let is_ours = |error: &Message, next: &mut Plan| {
        if is_undecided_tail(error, source, split) {
            next.tail = plan.tail.next();
            return plan.tail != TailPlan::Silent;
        }
        kept_by(error, source).is_some_and(|name| unboxed.contains(&name))
            || adjust(error, (source, split), plan, next)
    };
    let ours = errors
        .iter()
        .filter(|error| is_ours(error, &mut next))
        .count();
    if ours == errors.len() && next != *plan {
        *plan = next;
        return Verdict::Again;
    }
    // An error that borrows, as that of a lock does, cannot become a `Box<dyn Error>`, but can be written down.
    if !plan.debug_failures && errors.iter().any(|error| error.has_code(BORROWED)) {
        plan.debug_failures = true;
        return Verdict::Again;
    }
    let places: Option<Vec<CellRange>> = errors.iter().map(|error| error.typed(source)).collect();
    match places {
        Some(places) if !places.is_empty() && places.iter().all(|place| place.cell != own) => {
            Verdict::EarlierItems(places)
        }
        _ => Verdict::UsersFault,
    }
}

/// The variable that the cell cannot have, and of whose use `error` is.
fn withheld(error: &Message, source: &Source) -> Option<String> {
    let declaration = |origin: &Origin| match origin {
        Origin::Withheld(name) => Some(name.clone()),
        _ => None,
    };
    let is_use = error.has_code(&["E0381"]);
    is_use
        .then(|| error.call(source, Primary::Any, declaration))
        .flatten()
}

/// Whether a value cannot leave the thread that made it.
fn is_bound(error: &Message) -> bool {
    error.has_code(&["E0277"])
        && error
            .message
            .contains("cannot be sent between threads safely")
}

/// The variable at whose taking `error` points.
fn taken_by(error: &Message, source: &Source) -> Option<String> {
    error.call(source, Primary::Only, |origin| match origin {
        Origin::Take(name) => Some(name.clone()),
        _ => None,
    })
}

/// The variables whose types later cells turn out not to be able to write.
fn unusable(errors: &[&Message], source: &Source) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = Vec::new();
    for error in errors {
        if let Some(name) = taken_by(error, source)
            && !found.iter().any(|(known, _)| *known == name)
        {
            found.push((name, own_words(&error.message)));
        }
    }
    found
}

/// The variable at whose keeping `error` points.
fn kept_by(error: &Message, source: &Source) -> Option<String> {
    error.call(source, Primary::Any, |origin| match origin {
        Origin::Keep(name) => Some(name.clone()),
        _ => None,
    })
}

/// The variables that cannot be kept as what `plan` makes of them.
fn unboxed(errors: &[&Message], source: &Source, plan: &Plan) -> BTreeSet<String> {
    let kept = errors.iter().filter_map(|error| kept_by(error, source));
    kept.filter(|name| plan.boxed.contains_key(name)).collect()
}

/// Whether nothing decides the type of the last expression, as in `Err("no")?`, which need not be shown then.
fn is_undecided_tail(error: &Message, source: &Source, split: &Split) -> bool {
    let Some(tail) = &split.tail else {
        return false;
    };
    error.has_code(UNDECIDED)
        && error
            .typed(source)
            .is_none_or(|place| place.range.start >= tail.start)
}

/// Changes `next` so that `error`, which `before` led to, goes away, if it is about one of our calls.
fn adjust(
    error: &Message,
    (source, split): (&Source, &Split),
    before: &Plan,
    next: &mut Plan,
) -> bool {
    let is_question =
        error.has_code(&["E0277"]) && error.message.starts_with("`?` couldn't convert the error");
    if is_question {
        next.debug_failures = true;
        return !before.debug_failures;
    }
    if is_option_question(error) {
        next.option_questions = true;
        return !before.option_questions;
    }
    let keep = |origin: &Origin| match origin {
        Origin::Keep(name) => Some(name.clone()),
        _ => None,
    };
    let restore = |origin: &Origin| match origin {
        Origin::Restore(name) => Some(name.clone()),
        _ => None,
    };
    // Who borrows is at fault, not who is borrowed from.
    let borrower = error.call(source, Primary::Never, keep).or_else(|| {
        let mut notes = error.children.iter();
        notes.find_map(|note| note.call(source, Primary::Any, keep))
    });
    if error.has_code(BORROWED)
        && let Some(name) = borrower
    {
        next.unkept.insert(name.clone());
        next.borrowing.insert(name);
        return true;
    }
    if error.has_code(MOVED)
        && let Some(name) = error.call(source, Primary::Only, restore)
    {
        if !before.moved.contains(&name) && split.assigned.contains(&name) {
            next.put_back.insert(name.clone());
        } else {
            next.put_back.remove(&name);
        }
        next.moved.insert(name);
        return true;
    }
    match error.call(source, Primary::Any, keep) {
        Some(name) if error.has_code(MOVED) || error.has_code(BORROWED) => {
            next.unkept.insert(name);
            true
        }
        _ => false,
    }
}

fn is_option_question(error: &Message) -> bool {
    error.has_code(&["E0277"])
        && error
            .message
            .starts_with("the `?` operator can only be used on `Result`s, not `Option`s")
}

/// Why the cell `cell`, compiled by `plan`, has not kept its variable `name`.
pub(super) fn unkept_reason(binding: &Binding, cell: u32, plan: &Plan) -> String {
    let name = &binding.name;
    if binding.borrowing_closure && plan.unkept.contains(name) {
        format!(
            "`{name}` of cell {cell} was not kept, because the closure borrows what it uses; `move |…|` makes it own that"
        )
    } else if plan.borrowing.contains(name) {
        format!(
            "`{name}` of cell {cell} was not kept, because it borrows from another variable; a clone would be kept"
        )
    } else if plan.unwritable.contains(name) {
        format!(
            "`{name}` of cell {cell} was not kept, because its type cannot be written; a `Box<dyn …>` of it would be kept"
        )
    } else {
        format!("`{name}` was moved in cell {cell}, which defined it")
    }
}
