//! Reads a file, a list or a folder and has it judged, in the order structure, set, digests,
//! signature, key, meaning.

mod archive;
mod file;
pub(crate) mod gates;
mod identity;
mod list;
mod provenance;
pub(crate) mod signers;
mod token;

pub use self::archive::check_archive;
pub(crate) use self::archive::check_archive_structure;
pub use self::file::{check_file, check_hashed_file, check_unsigned};
pub(crate) use self::identity::{Asked, bundle_beside, check_identity};
pub(crate) use self::list::check_listed_unsigned;
pub use self::list::{check_directory, check_list};
pub use self::provenance::{Evidence, check_provenance, check_summary};
pub(crate) use self::token::check_token;
