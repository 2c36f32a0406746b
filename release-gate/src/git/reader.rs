//! The process that reads the objects of a repository, started with the first question.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::process::conversation::Conversation;

/// A place for the process; clones share it. It is empty before the first question, and after one
/// that the process did not survive.
#[derive(Debug, Clone, Default)]
pub(super) struct Reader(Arc<Mutex<Option<Conversation>>>);

impl Reader {
    /// Waits until nobody else asks.
    pub(super) fn lock(&self) -> MutexGuard<'_, Option<Conversation>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
