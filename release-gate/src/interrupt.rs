//! Ctrl-C: children are ended, throw-away folders removed, nothing is left half-written.
//!
//! The first signal sets a flag and ends the running children; whoever waits for one then returns an error, so that
//! every guard on the way out cleans up. A second signal ends the process at once.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::error::{Error, Result};
use crate::exit;

static INTERRUPTED: AtomicBool = AtomicBool::new(false);
static CHILDREN: Mutex<Vec<Arc<dyn Kill>>> = Mutex::new(Vec::new());

/// Something that can be ended from the signal handler's thread.
pub(crate) trait Kill: Send + Sync {
    /// Ends it; failure means that it has ended already.
    fn kill(&self);
}

/// Installs the handler; later calls do nothing.
pub fn install() {
    // An error means that a handler is there already, which is what is wanted.
    let _ = ctrlc::try_set_handler(|| {
        if INTERRUPTED.swap(true, Ordering::SeqCst) {
            std::process::exit(i32::from(exit::ERROR));
        }
        for child in children().iter() {
            child.kill();
        }
    });
}

/// Returns an error once the process was interrupted; call it in long loops.
///
/// # Errors
/// After Ctrl-C (or SIGTERM, SIGHUP).
pub fn check() -> Result<()> {
    if INTERRUPTED.load(Ordering::SeqCst) { Err(Error::judge("interrupted")) } else { Ok(()) }
}

/// Registers a running child until the guard is dropped.
pub(crate) fn register(child: Arc<dyn Kill>) -> Registered {
    children().push(Arc::clone(&child));
    if INTERRUPTED.load(Ordering::SeqCst) {
        child.kill();
    }
    Registered(child)
}

/// Removes its child from the list when dropped.
pub(crate) struct Registered(Arc<dyn Kill>);

impl Drop for Registered {
    fn drop(&mut self) {
        children().retain(|child| !Arc::ptr_eq(child, &self.0));
    }
}

fn children() -> std::sync::MutexGuard<'static, Vec<Arc<dyn Kill>>> {
    CHILDREN.lock().unwrap_or_else(PoisonError::into_inner)
}
