//! Expressions behind a type that says nothing of what is in them.
//!
//! Whatever drops a value compiles the code to drop it, with all that it is made of, once more in each cell. What is dropped through a
//! trait object compiles nothing: so the handles that cells hold, such as [`Delayed`](crate::Delayed), hold their
//! expression as an [`Erased`].

use std::any::Any;
use std::sync::Arc;

/// A shared value of a type that only the runtime knows.
#[derive(Clone)]
pub(crate) struct Erased(Arc<dyn Any + Send + Sync>);

impl Erased {
    pub(crate) fn new<T: Any + Send + Sync>(value: T) -> Self {
        Erased(Arc::new(value))
    }

    /// A value that is shared already.
    pub(crate) fn of<T: Any + Send + Sync>(value: Arc<T>) -> Self {
        Erased(value)
    }

    /// The value.
    ///
    /// # Panics
    /// If it is not a `T`.
    pub(crate) fn get<T: Any + Send + Sync>(&self) -> &T {
        self.0
            .downcast_ref()
            .expect("a handle holds its own expression")
    }

    /// The value, if this is the only reference to it.
    ///
    /// # Panics
    /// If it is not a `T`.
    pub(crate) fn get_mut<T: Any + Send + Sync>(&mut self) -> Option<&mut T> {
        let value = Arc::get_mut(&mut self.0)?.downcast_mut();
        Some(value.expect("a handle holds its own expression"))
    }

    /// The value, shared.
    ///
    /// # Panics
    /// If it is not a `T`.
    pub(crate) fn share<T: Any + Send + Sync>(&self) -> Arc<T> {
        let shared = self.0.clone().downcast();
        shared.unwrap_or_else(|_| unreachable!("a handle holds its own expression"))
    }
}
