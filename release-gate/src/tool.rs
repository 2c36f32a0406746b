//! Which of the suite's tools is running.

use std::fs::File;

use crate::digest::{Sha256Digest, sha256_reader};
use crate::rule::Rule;

/// The identity of one gate, as it appears in reports, `--version` and error messages.
#[derive(Debug, Clone, Copy)]
pub struct Tool {
    /// The package and executable name, `cargo-compat`.
    pub name: &'static str,
    /// The cargo subcommand, `compat`: also the name of its configuration table.
    pub subcommand: &'static str,
    /// The package version.
    pub version: &'static str,
    /// Every rule the tool can report.
    pub rules: &'static [Rule],
}

impl Tool {
    /// The commit this executable was built from, or `unknown` outside a repository.
    pub fn commit(&self) -> &'static str {
        option_env!("RELEASE_GATES_BUILD_COMMIT").unwrap_or("unknown")
    }

    /// What `--version` prints: name, version, commit and the SHA-256 of the running executable.
    ///
    /// The digest is computed from the file at run time: an executable cannot contain its own
    /// digest.
    pub fn long_version(&self) -> String {
        let digest = std::env::current_exe()
            .and_then(File::open)
            .and_then(|file| sha256_reader(file).map(|(digest, _)| digest))
            .map_or_else(
                |_| "unknown (the executable cannot be read)".to_owned(),
                |d: Sha256Digest| d.to_string(),
            );
        format!(
            "{} {}\ncommit: {}\nsha256: {}\n",
            self.name,
            self.version,
            self.commit(),
            digest
        )
    }
}
