//! The cells that run while others have their turn: which variables they use, and what of theirs has changed since.

use std::collections::BTreeSet;

use super::items::Replaced;
use super::turn::TurnId;

/// All cells that run.
#[derive(Debug, Default)]
pub(super) struct RunningCells {
    cells: Vec<RunningCell>,
    /// What other cells have replaced since the first of these began.
    changes: Vec<Change>,
}

/// A cell that runs.
#[derive(Clone, Debug)]
pub(super) struct RunningCell {
    turn: TurnId,
    pub(super) number: u32,
    /// The session process that it runs in.
    pub(super) session: u32,
    /// The variables that it uses; nobody else can until it ends.
    pub(super) taken: BTreeSet<String>,
    /// How many changes there had been when it began.
    n_changes: usize,
}

/// What may change the types of variables that a running cell will keep.
#[derive(Clone, Debug)]
pub(super) enum Change {
    /// The crate `to` of the cell `cell` has an item from now on.
    Item {
        replaced: Replaced,
        to: String,
        cell: u32,
    },
    /// A dependency is another crate than before.
    Crate(String),
}

impl RunningCell {
    /// The cell `number`, which runs in the process `session` with the variables `taken` as long as `turn` lasts.
    pub(super) fn new(turn: TurnId, number: u32, session: u32, taken: BTreeSet<String>) -> Self {
        RunningCell {
            turn,
            number,
            session,
            taken,
            n_changes: 0,
        }
    }
}

impl RunningCells {
    /// `cell` begins to run.
    pub(super) fn begin(&mut self, cell: RunningCell) {
        if self.cells.is_empty() {
            self.changes.clear();
        }
        let n_changes = self.changes.len();
        self.cells.push(RunningCell { n_changes, ..cell });
    }

    /// The cell of `turn` runs no more, if it did.
    pub(super) fn end(&mut self, turn: TurnId) -> Option<RunningCell> {
        let idx = self.cells.iter().position(|cell| cell.turn == turn)?;
        Some(self.cells.remove(idx))
    }

    /// Remembers `change` for the cells that run.
    pub(super) fn note(&mut self, change: Change) {
        if !self.cells.is_empty() {
            self.changes.push(change);
        }
    }

    /// What has changed since `cell` began.
    pub(super) fn changes_since(&self, cell: &RunningCell) -> &[Change] {
        self.changes.get(cell.n_changes..).unwrap_or_default()
    }

    /// The cell that uses the variable `name`.
    pub(super) fn user_of(&self, name: &str) -> Option<u32> {
        let user = self.cells.iter().find(|cell| cell.taken.contains(name))?;
        Some(user.number)
    }

    /// A cell that runs.
    pub(super) fn any(&self) -> Option<u32> {
        self.cells.first().map(|cell| cell.number)
    }

    /// The numbers of those that run in the process `session`.
    pub(super) fn of_session(&self, session: u32) -> Vec<u32> {
        let of_session = self.cells.iter().filter(|cell| cell.session == session);
        of_session.map(|cell| cell.number).collect()
    }
}
