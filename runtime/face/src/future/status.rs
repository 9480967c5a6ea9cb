//! What has become of a future.

use std::fmt;

/// What has become of a future so far, in Dask's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FutureStatus {
    /// It waits for other futures, or for its turn.
    Pending,
    /// It is being computed.
    Processing,
    /// It has its value.
    Finished,
    /// It, or what it needs, returned an error, panicked or took too long.
    Error,
    /// It, or what it needs, was cancelled.
    Cancelled,
}

impl FutureStatus {
    /// Whether it stays so.
    pub fn is_done(self) -> bool {
        match self {
            FutureStatus::Pending | FutureStatus::Processing => false,
            FutureStatus::Finished | FutureStatus::Error | FutureStatus::Cancelled => true,
        }
    }
}

impl fmt::Display for FutureStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            FutureStatus::Pending => "pending",
            FutureStatus::Processing => "processing",
            FutureStatus::Finished => "finished",
            FutureStatus::Error => "error",
            FutureStatus::Cancelled => "cancelled",
        })
    }
}
