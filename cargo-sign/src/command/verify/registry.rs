//! `cargo sign verify --crate NAME@VERSION`: what the registry serves, against what was signed.

use std::path::Path;

use release_gate::digest::{Sha256Digest, sha256_bytes};
use release_gate::fs::throw_away_dir;
use release_gate::lock::{Lock, Locked};
use release_gate::process::Step;
use release_gate::{Context, Error, Finding, Result};
use serde::Deserialize;

use crate::format::checksums;
use crate::judge::verdict::{Verdict, shown};
use crate::model::companion::LIST;
use crate::read::file::read_bounded;
use crate::rules;

/// Longest `.cargo_vcs_info.json` that is read.
const MAX_VCS_INFO: usize = 16 * 1024;

/// A package of a registry.
pub(super) struct Published<'a> {
    pub(super) name: &'a str,
    pub(super) version: &'a str,
    /// The registry's name in cargo's configuration; `None` is crates.io, or what replaces it.
    pub(super) registry: Option<&'a str>,
}

/// What a registry serves of a package.
struct Served {
    /// Digest of the `.crate`.
    sha256: Sha256Digest,
    /// Where the package says that its source lives.
    repository: Option<String>,
    /// The commit that it says it was packed from.
    commit: Option<String>,
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
        let signed = match self.signed_digest(folder, verdict)? {
            Ok(signed) => signed,
            Err(finding) => return Ok(Some(*finding)),
        };

        let Some(served) = self.fetch(cx)? else {
            let text = format!(
                "the registry withdrew {} {} (it is yanked)",
                self.name, self.version
            );
            let help = "use another version; what was signed and what is served were not compared";
            return Ok(Some(Finding::new(&rules::PACKAGE_YANKED, text).help(help)));
        };
        if served.sha256 == signed {
            return Ok(None);
        }
        let text = format!("the registry serves a `{file}` that is not the one that was signed");
        let help = "do not use it; tell the project and the registry";
        let finding = Finding::new(&rules::DIGEST_MISMATCH, text).help(help);
        Ok(Some(finding.evidence("served", served.sha256.to_string())))
    }

    /// The digest of the package that the list which was judged names.
    fn signed_digest(
        &self,
        folder: &Path,
        verdict: &Verdict,
    ) -> Result<std::result::Result<Sha256Digest, Box<Finding>>> {
        let list = verdict
            .verified
            .iter()
            .find(|verified| verified.file == LIST);
        let Some(list) = list else {
            let text =
                "no signed list was judged, and nothing else says what the registry has to serve";
            let help = "name the folder of the release, or its checksums.txt";
            let finding = Finding::new(&rules::LIST_MISSING, text).help(help);
            return Ok(Err(Box::new(finding)));
        };

        let bytes = read_bounded(&folder.join(LIST), checksums::MAX_LEN)?.unwrap_or_default();
        if list.digest != sha256_bytes(&bytes).into() {
            return Err(Error::judge(format!(
                "`{LIST}` changed while it was verified"
            )));
        }
        let file = self.file();
        let signed = checksums::parse(&bytes)
            .ok()
            .and_then(|list| list.get(&file).copied());

        Ok(signed.ok_or_else(|| {
            let text = format!("the signed list does not name `{file}`");
            let help = "the release was packed without its package (`cargo sign pack --crate`): nothing says what the registry has to serve";
            Box::new(Finding::new(&rules::FILE_MISSING, text).help(help))
        }))
    }

    /// What somebody is told who knows nothing but a name and a version: what is served, and where
    /// the release is that says what should be.
    ///
    /// # Errors
    /// Always: nothing was named that could vouch for the package.
    pub(super) fn tell_what_is_served(&self, cx: &Context) -> Error {
        let Self { name, version, .. } = self;
        let served = match self.fetch(cx) {
            Ok(Some(served)) => served,
            Ok(None) => {
                return Error::judge(format!(
                    "the registry withdrew {name} {version} (it is yanked)"
                ))
                .with_help("use another version");
            }
            Err(error) => return error,
        };

        let from = served
            .commit
            .map(|commit| format!(", packed from commit {}", shown(&commit)))
            .unwrap_or_default();
        let place = served.repository.map_or_else(
            || "from where the project publishes".to_owned(),
            |url| format!("from {}", shown(&url)),
        );
        Error::judge(format!(
            "nothing that was named verifies {name} {version}: the registry serves `{}` with SHA-256 {}{from}",
            self.file(),
            served.sha256
        ))
        .with_help(format!(
            "get the release of this version {place}: checksums.txt, checksums.txt.sig, and provenance.intoto.jsonl where there is one"
        ))
        .with_help(format!(
            "then: cargo-sign verify --key PUB --ignore-missing --crate {name}@{version} DIR"
        ))
    }

    /// Gets the package through cargo, which compares the file with the registry's index. `None`:
    /// the version was yanked, and cargo takes it for no new use.
    fn fetch(&self, cx: &Context) -> Result<Option<Served>> {
        let Self { name, version, .. } = self;
        let scratch = throw_away_dir("registry")?;
        self.write_query(scratch.path())?;

        let mut step = Step::cargo()
            .inherit_network_env()
            .args(["metadata", "--format-version", "1"])
            .current_dir(scratch.path());
        if cx.args().is_offline() {
            step = step.arg("--offline");
        }
        cx.terminal.status("Fetching", format!("{name}@{version}"));
        let finished = cx.runner.run(step)?;
        if !finished.is_success() {
            let text = finished.stderr_text();
            if text.contains(&format!("version {version} is yanked")) {
                return Ok(None);
            }
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
        let sha256 = found.and_then(|found| found.checksum).ok_or_else(|| {
            Error::judge(format!("cargo names no checksum of `{name}@{version}`"))
        })?;
        let described = Described::find(&finished.stdout, name, version);

        Ok(Some(Served {
            sha256,
            commit: described.as_ref().and_then(Described::commit),
            repository: described.and_then(|described| described.repository),
        }))
    }

    /// A package that needs nothing but the one that is asked for.
    fn write_query(&self, folder: &Path) -> Result<()> {
        let Self { name, version, .. } = self;
        let registry = self
            .registry
            .map(|registry| format!(", registry = \"{registry}\""))
            .unwrap_or_default();
        let manifest = format!(
            "[package]\nname = \"query\"\nversion = \"0.0.0\"\nedition = \"2021\"\n[lib]\npath = \"lib.rs\"\n[dependencies]\n\
             wanted = {{ package = \"{name}\", version = \"={version}\"{registry} }}\n[workspace]\n"
        );
        std::fs::write(folder.join("Cargo.toml"), manifest).map_err(unwritable)?;
        std::fs::write(folder.join("lib.rs"), "").map_err(unwritable)
    }
}

fn unwritable(error: std::io::Error) -> Error {
    Error::judge("cannot write a temporary package").with_source(error)
}

/// What `cargo metadata` says.
#[derive(Debug, Deserialize)]
struct Metadata {
    packages: Vec<Described>,
}

/// What a package says of itself.
#[derive(Debug, Deserialize)]
struct Described {
    name: String,
    version: String,
    source: Option<String>,
    repository: Option<String>,
    manifest_path: std::path::PathBuf,
}

/// What cargo writes into a package of the repository that it was packed from.
#[derive(Debug, Deserialize)]
struct VcsInfo {
    git: VcsCommit,
}

#[derive(Debug, Deserialize)]
struct VcsCommit {
    sha1: String,
}

impl Described {
    fn find(metadata: &[u8], name: &str, version: &str) -> Option<Self> {
        let metadata: Metadata = serde_json::from_slice(metadata).ok()?;
        metadata.packages.into_iter().find(|package| {
            package.name == name && package.version == version && package.source.is_some()
        })
    }

    fn commit(&self) -> Option<String> {
        let path = self.manifest_path.with_file_name(".cargo_vcs_info.json");
        let bytes = read_bounded(&path, MAX_VCS_INFO).ok()??;
        let info: VcsInfo = serde_json::from_slice(&bytes).ok()?;
        Some(info.git.sha1)
    }
}
