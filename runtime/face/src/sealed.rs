//! Values that are dropped by this crate and not by code compiled into each cell.
//!
//! Whatever drops a value compiles the code to drop it, with all that it is made of, once more in each cell. The handles that cells
//! hold have their insides in a [`Sealed`], which calls a function compiled here instead.

use std::fmt;
use std::mem::ManuallyDrop;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use crate::array::{ArrayNode, Buffer};
use crate::comm;
use crate::config::Change;
use crate::error::Repr;
use crate::frame::{Expr, ExprNode, FrameNode, Table};
use crate::future::Handle;
use crate::graph;
use crate::profile;
use crate::widgets;

/// A `T`, but for who drops it.
#[derive(Clone)]
pub(crate) struct Sealed<T: DropHere>(ManuallyDrop<T>);

/// What this crate has the code to drop for.
pub(crate) trait DropHere: Sized {
    /// Drops the value in `slot`, which is never used again.
    fn drop_here(slot: &mut ManuallyDrop<Self>);
}

impl<T: DropHere> Drop for Sealed<T> {
    fn drop(&mut self) {
        T::drop_here(&mut self.0);
    }
}

impl<T: DropHere> From<T> for Sealed<T> {
    fn from(value: T) -> Self {
        Sealed(ManuallyDrop::new(value))
    }
}

impl<T: DropHere> Deref for Sealed<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: DropHere> DerefMut for Sealed<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.0
    }
}

impl<T: DropHere + fmt::Debug> fmt::Debug for Sealed<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

macro_rules! drop_here {
    ($($value:ty),* $(,)?) => {$(
        #[expect(unsafe_code, reason = "each cell would compile what drops this value once more")]
        impl DropHere for $value {
            fn drop_here(slot: &mut ManuallyDrop<Self>) {
                // SAFETY: called by `Sealed::drop` alone, once, after which the slot is gone.
                unsafe { ManuallyDrop::drop(slot) }
            }
        }
    )*};
}

drop_here![
    Arc<ArrayNode>,
    Arc<Buffer>,
    Arc<ExprNode>,
    Arc<FrameNode>,
    Arc<comm::Inner>,
    Arc<dyn Table>,
    Arc<profile::Record>,
    Arc<widgets::Core>,
    Box<widgets::Draft>,
    Handle,
    Box<Repr>,
    Box<graph::Draft>,
    Vec<Change>,
    Vec<Expr>,
    Vec<usize>,
];
