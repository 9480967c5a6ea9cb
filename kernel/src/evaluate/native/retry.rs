//! What a failed compile says about our own calls: a variable that was moved away, one that borrows, an error type that
//! `?` cannot turn; and the plan that the next compile follows.

use super::diagnostics::{Message, Primary};
use super::generate::Plan;
use super::source::{CellIdx, CellRange, Origin, Source};

/// What to do about a failed compile.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The plan has changed.
    Again,
    /// Only items of earlier cells, compiled anew, are at fault; these are the places.
    EarlierItems(Vec<CellRange>),
    UsersFault,
}

const MOVED: &[&str] = &["E0382", "E0381", "E0505"];
const BORROWED: &[&str] = &[
    "E0310", "E0373", "E0499", "E0502", "E0505", "E0506", "E0515", "E0521", "E0597", "E0716",
];

/// Judges the errors of the cell `own`; on [`Verdict::Again`], `plan` is what to try next.
pub(super) fn judge(
    messages: &[Message],
    source: &Source,
    own: CellIdx,
    plan: &mut Plan,
) -> Verdict {
    let errors: Vec<&Message> = messages
        .iter()
        .filter(|message| message.is_error())
        .collect();
    let mut next = plan.clone();
    let ours = errors
        .iter()
        .filter(|error| adjust(error, source, &mut next))
        .count();
    if ours == errors.len() && next != *plan {
        *plan = next;
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

/// Changes `plan` so that `error` goes away, if it is about one of our calls.
fn adjust(error: &Message, source: &Source, plan: &mut Plan) -> bool {
    let is_question =
        error.has_code(&["E0277"]) && error.message.starts_with("`?` couldn't convert the error");
    if is_question && !plan.debug_failures {
        plan.debug_failures = true;
        return true;
    }
    let keep = |origin: &Origin| match origin {
        Origin::Keep(name) => Some(name.clone()),
        Origin::Restore(_) | Origin::Cell { .. } => None,
    };
    let restore = |origin: &Origin| match origin {
        Origin::Restore(name) => Some(name.clone()),
        Origin::Keep(_) | Origin::Cell { .. } => None,
    };
    if error.has_code(MOVED)
        && let Some(name) = error.call(source, Primary::Only, restore)
    {
        plan.moved.insert(name);
        return true;
    }
    // Who borrows is at fault, not who is borrowed from.
    let borrower = error.call(source, Primary::Never, keep);
    if error.has_code(BORROWED)
        && let Some(name) = borrower
    {
        plan.unkept.insert(name.clone());
        plan.borrowing.insert(name);
        return true;
    }
    match error.call(source, Primary::Any, keep) {
        Some(name) if error.has_code(MOVED) || error.has_code(BORROWED) => {
            plan.unkept.insert(name);
            true
        }
        _ => false,
    }
}

/// Why the cell `cell`, compiled by `plan`, has not kept its variable `name`.
pub(super) fn unkept_reason(name: &str, cell: u32, plan: &Plan) -> String {
    if plan.borrowing.contains(name) {
        format!(
            "`{name}` of cell {cell} was not kept, because it borrows from another variable; a clone would be kept"
        )
    } else {
        format!("`{name}` was moved in cell {cell}, which defined it")
    }
}
