//! Two releases, and what the versions between them promise.

use release_gate::Bump;
use release_gate::report::Baseline;
use semver::Version;

/// Two releases that were compared.
pub(crate) struct Compared<'a> {
    /// The package.
    pub(crate) name: &'a str,
    pub(crate) baseline: &'a Baseline,
    pub(crate) old: &'a Version,
    pub(crate) new: &'a Version,
    pub(crate) declared: Bump,
    /// Whether `declared` was asked for and not read from the versions.
    pub(crate) assumed: bool,
}

impl Compared<'_> {
    /// Whether the manifest still has the baseline's version, as in a pull request: what the next
    /// version will be is not decided yet.
    pub(super) fn is_undecided(&self) -> bool {
        self.old == self.new && !self.assumed
    }

    /// The call that compares them again.
    pub(super) fn command(&self) -> String {
        format!(
            "cargo compat --against {} -p {}",
            self.baseline.name, self.name
        )
    }
}
