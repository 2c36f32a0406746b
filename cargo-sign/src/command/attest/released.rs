//! Who attests what.

use release_gate::git::CommitId;
use release_gate::project::{Package, Project};
use release_gate::{Context, Error, Subject};

use super::args::AttestArgs;
use crate::format::checksums::List;
use crate::judge::keys::Keys;
use crate::key::Secret;

/// Who attests what, asked for by the call.
pub(super) struct Attesting<'a> {
    pub(super) cx: &'a Context,
    pub(super) project: &'a Project,
    pub(super) package: &'a Package,
    pub(super) signing: &'a Secret,
    pub(super) keys: &'a Keys,
    pub(super) args: &'a AttestArgs,
}

/// A release that verified, and what is said of it.
pub(super) struct Released {
    pub(super) subject: Subject,
    pub(super) commit: CommitId,
    pub(super) repository: String,
    pub(super) list: List,
    pub(super) epoch: i64,
}

/// The error for provenance that has no canonical form.
pub(super) fn unwritable(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::judge("the provenance cannot be written").with_source(error)
}
