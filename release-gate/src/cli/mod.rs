//! How every gate is called: the driver from argv to exit code, and what it asks of a gate.

mod context;
mod driver;
mod gate;
mod generate;
mod short_help;

pub use self::context::Context;
pub use self::driver::{main, run};
pub use self::gate::{Gate, Outcome, PROJECT_FLAGS, joined_flags};
pub use crate::args::{MessageFormat, SharedArgs};
