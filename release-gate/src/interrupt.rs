//! Ctrl-C: children are ended, temporary folders removed, nothing is left half-written.
//!
//! The first signal sets a flag and ends the running children; anyone who waits for one then returns
//! an error, so that every guard on the way out cleans up. A second signal ends the process at
//! once.
//!
//! Anyone who is busy with long work of its own, and not with a child, can set a limit: when it is
//! over, temporary folders are removed and the process ends, wherever it is.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::error::{Error, Result};
use crate::exit;
use crate::fs::remove_files_last;

static INTERRUPTED: AtomicBool = AtomicBool::new(false);
static CHILDREN: Mutex<Vec<Arc<dyn Kill>>> = Mutex::new(Vec::new());
/// Milliseconds that are left to the process after the first signal; 0 for as long as it takes.
static LIMIT: AtomicU64 = AtomicU64::new(0);
static FOLDERS: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// Something that can be ended from the signal handler's thread.
pub(crate) trait Kill: Send + Sync {
    /// Ends it; failure means that it has ended already.
    fn kill(&self);
}

/// Installs the handler; later calls do nothing.
///
/// Signals the caller ignores stay ignored: shells let programs in the background ignore SIGINT,
/// `nohup` SIGHUP.
pub fn install() {
    #[cfg(target_os = "linux")]
    {
        use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
        use signal_hook::iterator::Signals;

        static INSTALLED: std::sync::Once = std::sync::Once::new();
        INSTALLED.call_once(|| {
            let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
            let ignored = ignored(&status);
            let wanted = [SIGINT, SIGQUIT, SIGTERM, SIGHUP]
                .into_iter()
                .filter(|signal| ignored >> (signal - 1) & 1 == 0);
            // Without a handler a signal ends the process as ever.
            if let Ok(mut signals) = Signals::new(wanted) {
                let _detached =
                    std::thread::spawn(move || signals.forever().for_each(|_| interrupted()));
            }
        });
    }
    // An error means that a handler is there already, which is what is wanted.
    #[cfg(not(target_os = "linux"))]
    let _ = ctrlc::try_set_handler(interrupted);
}

/// The set of ignored signals, from `/proc/self/status`.
#[cfg(target_os = "linux")]
fn ignored(status: &str) -> u64 {
    let set = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    set.and_then(|set| u64::from_str_radix(set.trim(), 16).ok())
        .unwrap_or_default()
}

fn interrupted() {
    if INTERRUPTED.swap(true, Ordering::SeqCst) {
        std::process::exit(i32::from(exit::ERROR));
    }
    for child in children().iter() {
        child.kill();
    }

    let limit = LIMIT.load(Ordering::SeqCst);
    if limit > 0 {
        let _detached = std::thread::spawn(move || end_after(Duration::from_millis(limit)));
    }
}

/// Ends the process when its time is over, with the folders that nobody needs any more, as far as
/// they can be removed in the same time again.
fn end_after(limit: Duration) {
    std::thread::sleep(limit);
    let (removed, done) = std::sync::mpsc::channel();
    let _detached = std::thread::spawn(move || {
        for folder in folders().drain(..) {
            // Anyone who still writes there makes a first try fail; what stays, the next run removes.
            let _ = remove_files_last(&folder).or_else(|_| remove_files_last(&folder));
        }
        let _ = removed.send(());
    });
    let _ = done.recv_timeout(limit);
    std::process::exit(i32::from(exit::ERROR));
}

/// Ends the process so long after the first signal, whatever it is doing then. Files appear whole
/// or not at all, so nothing is left half-written.
pub fn end_within(limit: Duration) {
    let milliseconds = u64::try_from(limit.as_millis()).unwrap_or(u64::MAX);
    LIMIT.store(milliseconds, Ordering::SeqCst);
}

/// Removes a folder if the process is ended by [`end_within`]'s limit, until the guard is dropped.
pub fn remove_at_end(folder: &Path) -> RemovedAtEnd {
    folders().push(folder.to_owned());
    RemovedAtEnd(folder.to_owned())
}

/// Lets go of its folder when dropped; see [`remove_at_end`].
#[derive(Debug)]
pub struct RemovedAtEnd(PathBuf);

impl Drop for RemovedAtEnd {
    fn drop(&mut self) {
        folders().retain(|folder| *folder != self.0);
    }
}

fn folders() -> std::sync::MutexGuard<'static, Vec<PathBuf>> {
    FOLDERS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Returns an error once the process was interrupted; call it in long loops.
///
/// # Errors
/// After Ctrl-C (or Ctrl-\\, SIGTERM, SIGHUP).
pub fn check() -> Result<()> {
    if INTERRUPTED.load(Ordering::SeqCst) {
        Err(Error::judge("interrupted"))
    } else {
        Ok(())
    }
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

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn ignored_signals_are_read_as_the_kernel_writes_them() {
        assert_eq!(
            ignored("Name:\tx\nSigBlk:\t01\nSigIgn:\t0000000000001002\n"),
            1 << 1 | 1 << 12
        );
        assert_eq!(ignored(""), 0);
    }
}
