//! Advisory databases: what is published about packages, and which of it concerns a version.
//!
//! The only reader of them. A file that cannot be read is never left out in silence: the database
//! says which files those are, and which packages they may be about.

mod file;
mod open;
mod osv;
mod published;
mod rustsec_file;
mod shelf;

pub use self::file::UnreadableFile;
pub use self::open::{Advisories, ENV, locate, usual_folder};
pub use self::published::{Collection, OsvEnd, OsvRange, Published, Ranges};
