//! Rules about notes that exist: whether they agree with the release they are about.
//!
//! Must never: insist on a layout. Hand-written notes pass when they name what readers need to
//! know; only what this tool generated is held exactly.

mod claims;
mod content;
mod form;
mod markup;
mod page;
mod record;
mod subject;
mod wording;

pub use page::{judge, no_section, too_long, unrecorded};
pub use subject::Notes;
