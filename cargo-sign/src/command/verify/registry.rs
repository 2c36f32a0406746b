//! `cargo sign verify --crate NAME@VERSION`: what the registry serves, against what was signed.

use std::path::Path;

use release_gate::digest::{Sha256Digest, sha256_bytes};
use release_gate::fs::throw_away_dir;
use release_gate::lock::{Lock, Locked};
use release_gate::process::Step;
use release_gate::{Context, Error, Finding, Result};

use crate::format::checksums;
use crate::judge::verdict::Verdict;
use crate::model::companion::LIST;
use crate::read::file::read_bounded;
use crate::rules;

/// A package of a registry.
pub(super) struct Published<'a> {
    pub(super) name: &'a str,
    pub(super) version: &'a str,
    /// The registry's name in cargo's configuration; `None` is crates.io, or what replaces it.
    pub(super) registry: Option<&'a str>,
}

impl Published<'_> {
    fn file(&self) -> String {
        format!("{}-{}.crate", self.name, self.version)
    }

    /// Compares what the registry serves with what the signed list in `folder` names.
    ///
    /// # Errors
    /// Cargo cannot get it, or the list cannot be read.
    pub(super) fn check(
        &self,
        cx: &Context,
        folder: &Path,
        verdict: &Verdict,
    ) -> Result<Option<Finding>> {
        let file = self.file();
        let list = verdict
            .verified
            .iter()
            .find(|verified| verified.file == LIST);
        let Some(list) = list else {
            let text =
                "no signed list was judged, and nothing else says what the registry has to serve";
            let help = "name the folder of the release, or its checksums.txt";
            return Ok(Some(Finding::new(&rules::LIST_MISSING, text).help(help)));
        };
        let bytes = read_bounded(&folder.join(LIST), checksums::MAX_LEN)?.unwrap_or_default();
        if sha256_bytes(&bytes) != list.sha256 {
            return Err(Error::judge(format!(
                "`{LIST}` changed while it was verified"
            )));
        }
        let signed = checksums::parse(&bytes)
            .ok()
            .and_then(|list| list.get(&file).copied());
        let Some(signed) = signed else {
            let text = format!("the signed list does not name `{file}`");
            let help = "the release was packed without `cargo sign pack --crate`: nothing says what the registry has to serve";
            return Ok(Some(Finding::new(&rules::FILE_MISSING, text).help(help)));
        };

        let served = self.fetch(cx)?;
        if served == signed {
            return Ok(None);
        }
        let text = format!("the registry serves a `{file}` that is not the one that was signed");
        let help = "do not use it; tell the project and the registry";
        let finding = Finding::new(&rules::DIGEST_MISMATCH, text).help(help);
        Ok(Some(finding.evidence("served", served.to_string())))
    }

    /// Gets the package through cargo, which compares the file with the registry's index, and
    /// returns its digest.
    fn fetch(&self, cx: &Context) -> Result<Sha256Digest> {
        let Self { name, version, .. } = self;
        let scratch = throw_away_dir("registry")?;
        let registry = self
            .registry
            .map(|registry| format!(", registry = \"{registry}\""))
            .unwrap_or_default();
        let manifest = format!(
            "[package]\nname = \"query\"\nversion = \"0.0.0\"\nedition = \"2021\"\n[lib]\npath = \"lib.rs\"\n[dependencies]\n\
             wanted = {{ package = \"{name}\", version = \"={version}\"{registry} }}\n[workspace]\n"
        );
        let wrong = |error| Error::judge("cannot write a temporary package").with_source(error);
        std::fs::write(scratch.path().join("Cargo.toml"), manifest).map_err(wrong)?;
        std::fs::write(scratch.path().join("lib.rs"), "").map_err(wrong)?;

        let mut step = Step::cargo()
            .inherit_network_env()
            .arg("fetch")
            .current_dir(scratch.path());
        if cx.args().is_offline() {
            step = step.arg("--offline");
        }
        cx.terminal.status("Fetching", format!("{name}@{version}"));
        let finished = cx.runner.run(step)?;
        if !finished.is_success() {
            let text = finished.stderr_text();
            return Err(Error::judge(format!(
                "cargo cannot get `{name}@{version}`: {}",
                text.trim()
            ))
            .with_help("is it published, and are you online?"));
        }
        let lock = Lock::read(&scratch.path().join("Cargo.lock"))?;
        let is_it = |found: &&Locked| {
            found.name == **name && found.version.to_string() == **version && found.source.is_some()
        };
        let found = lock.packages.iter().find(is_it);
        found
            .and_then(|found| found.checksum)
            .ok_or_else(|| Error::judge(format!("cargo names no checksum of `{name}@{version}`")))
    }
}
