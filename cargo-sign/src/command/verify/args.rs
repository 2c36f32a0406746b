//! The flags of `cargo sign verify`.

use std::path::{Path, PathBuf};

use clap::{ArgGroup, Args};
use release_gate::{Error, Result, SharedArgs};
use release_gate_facts::report::verify::Expectation;
use semver::Version;

use crate::command::trust::NamedKeys;
use crate::inspect::{Asked, bundle_beside};

#[derive(Debug, Args)]
#[command(group(ArgGroup::new("evidence").args(["provenance", "identity"]).multiple(true)))]
pub(crate) struct VerifyArgs {
    /// A public key that you trust; or the fingerprint (SHA256:…) of one beside the download
    /// [default: without FILE, release-keys/ of the project; else the key the project was verified
    /// with before, else release-keys/ of the project --manifest-path names]
    #[arg(long, value_name = "PUB")]
    pub(crate) key: Vec<PathBuf>,
    /// The project's keyring [default: the keyring.json in the folder that is judged]
    #[arg(long, value_name = "FILE", hide_short_help = true)]
    pub(crate) keyring: Option<PathBuf>,
    /// The package that this must be a release of, and its version
    #[arg(long, value_name = "NAME[@VERSION]")]
    pub(crate) expect: Option<String>,
    /// The target that an archive must be for
    #[arg(long, value_name = "TRIPLE")]
    pub(crate) expect_target: Option<String>,
    /// The tag that the release must be of
    #[arg(long, value_name = "TAG")]
    pub(crate) expect_tag: Option<String>,
    /// Also compare with what the registry serves: cargo gets this package, and the signed list of
    /// the release has to name it
    #[arg(long = "crate", value_name = "NAME@VERSION", conflicts_with = "expect")]
    pub(crate) published: Option<String>,
    /// The registry it is published on, by its name in cargo's configuration [default: crates.io]
    #[arg(
        long,
        value_name = "NAME",
        requires = "published",
        hide_short_help = true
    )]
    pub(crate) registry: Option<String>,
    /// Also require a signature by this security token: the list's, checksums.txt.token.sshsig, by
    /// the public key (`sk-ssh-ed25519`) in this file
    #[arg(long, value_name = "PUB")]
    pub(crate) token: Vec<PathBuf>,
    /// Judge what other tools signed: by minisign's FILE.minisig or FILE.sig, the bytes alone and
    /// nothing of what they mean
    #[arg(long)]
    pub(crate) bytes_only: bool,
    /// Judge a part of a release: listed files that are not there are passed over
    #[arg(long)]
    pub(crate) ignore_missing: bool,
    /// Accept a release that is older than one verified before
    #[arg(long)]
    pub(crate) allow_rollback: bool,
    /// Unpack the archives into this folder after successful verification
    #[arg(long, value_name = "DIR")]
    pub(crate) extract: Option<PathBuf>,
    /// Also check this SLSA provenance: what `cargo sign attest` wrote, or a Sigstore bundle
    /// (GitHub's attestations) [default with --source-uri: provenance.intoto.jsonl of the
    /// release]
    #[arg(long, value_name = "FILE", requires = "source_uri")]
    pub(crate) provenance: Option<PathBuf>,
    /// URI that the source repository must have
    #[arg(long, value_name = "URI")]
    pub(crate) source_uri: Option<String>,
    /// The tag that it must be built from
    #[arg(long, value_name = "TAG", requires = "provenance")]
    pub(crate) source_tag: Option<String>,
    /// The branch that it must be built from
    #[arg(
        long,
        value_name = "BRANCH",
        hide_short_help = true,
        requires = "provenance",
        conflicts_with = "source_tag"
    )]
    pub(crate) source_branch: Option<String>,
    /// The builder that it must name [default: the maintainer's own; of a Sigstore bundle, a workflow
    /// of the source itself or of slsa-github-generator]
    #[arg(
        long,
        value_name = "ID",
        requires = "provenance",
        hide_short_help = true
    )]
    pub(crate) builder_id: Option<String>,
    /// Also require a Sigstore bundle by this identity: as the certificate names it, the URI of a
    /// workflow or an e-mail address. Judged offline
    #[arg(long, value_name = "IDENTITY", requires = "issuer")]
    pub(crate) identity: Option<String>,
    /// The issuer that must confirm that identity: the URL of an OpenID provider
    #[arg(long, value_name = "URL", requires = "identity")]
    pub(crate) issuer: Option<String>,
    /// The bundle; also what npm or PyPI (PEP 740) serves [default: FILE.sigstore.json; of a release
    /// provenance.sigstore.json, else checksums.txt.sigstore.json]
    #[arg(
        long,
        value_name = "FILE",
        requires = "identity",
        hide_short_help = true
    )]
    pub(crate) bundle: Option<PathBuf>,
    /// Trusted roots of Sigstore (trusted_root.json) that bundles are verified with [default:
    /// Sigstore's public one and GitHub's]
    #[arg(
        long,
        value_name = "FILE",
        requires = "evidence",
        hide_short_help = true
    )]
    pub(crate) trusted_root: Option<PathBuf>,
    /// Archives, folders, lists or other signed files [default: the package's artifact folder]
    #[arg(value_name = "FILE|DIR")]
    pub(crate) files: Vec<PathBuf>,
}

impl VerifyArgs {
    pub(super) fn named_keys(&self) -> NamedKeys<'_> {
        NamedKeys {
            keys: &self.key,
            keyring: self.keyring.as_deref(),
        }
    }

    /// Who has to have signed a bundle, where that is asked: of the file or folder at `path`.
    pub(super) fn asked_identity(&self, path: &Path) -> Option<Asked<'_>> {
        let (identity, issuer) = self.identity.as_deref().zip(self.issuer.as_deref())?;
        Some(Asked {
            identity,
            issuer,
            bundle: self.bundle.clone().unwrap_or_else(|| bundle_beside(path)),
            trusted_root: self.trusted_root.as_deref(),
        })
    }

    /// What the release has to be: `--expect`, else the package that `-p` names.
    ///
    /// # Errors
    /// A flag means nothing to a call that names files, or is not understood.
    pub(super) fn expectation(&self, shared: &SharedArgs) -> Result<Expectation> {
        let selection = &shared.workspace;
        if selection.workspace || selection.all || !selection.exclude.is_empty() {
            return Err(Error::usage(
                "--workspace and --exclude select packages of a project, and files were named",
            )
            .with_help("say with --expect NAME@VERSION what the files have to be"));
        }
        let named = match (self.named(), &selection.package[..]) {
            (Some(named), []) => Some(named),
            (None, [named]) => Some(named.as_str()),
            (None, []) => None,
            _ => {
                return Err(Error::usage("the files can be of one package only")
                    .with_help("name it once: --expect NAME@VERSION"));
            }
        };
        self.expectation_of(named)
    }

    /// What the project's own release has to be, beside the package that is judged.
    ///
    /// # Errors
    /// A flag is for downloads, or is not understood.
    pub(super) fn expectation_of_project(&self) -> Result<Expectation> {
        if self.ignore_missing || self.allow_rollback {
            return Err(Error::usage(
                "--ignore-missing and --allow-rollback are for downloads, and none was named",
            )
            .with_help("leave them out, or name the folder of the download"));
        }
        self.expectation_of(self.named())
    }

    /// The package that the release has to be of.
    fn named(&self) -> Option<&str> {
        let named = self.expect.as_ref().or(self.published.as_ref());
        named.map(String::as_str)
    }

    fn expectation_of(&self, named: Option<&str>) -> Result<Expectation> {
        let (package, version) = match named {
            Some(named) => name_and_version(named)?,
            None => (None, None),
        };
        if self.published.is_some() && version.is_none() {
            return Err(Error::usage("--crate needs a version").with_help("write NAME@1.2.3"));
        }
        if let Some(registry) = self.registry.as_ref().filter(|name| !is_registry(name)) {
            return Err(
                Error::usage(format!("`{}` names no registry", registry.escape_debug())).with_help(
                    "write the NAME of a table `[registries.NAME]` of cargo's configuration",
                ),
            );
        }
        Ok(Expectation {
            package,
            version,
            target: self.expect_target.clone(),
            tag: self.expect_tag.clone(),
        })
    }
}

/// A name of a registry, as cargo allows it.
fn is_registry(name: &str) -> bool {
    !name.is_empty()
        && name
            .chars()
            .all(|c| c.is_alphanumeric() || c == '-' || c == '_')
}

/// `NAME`, `NAME@VERSION`, or what cargo prints of a package: `path+file:///…#NAME@VERSION`.
fn name_and_version(named: &str) -> Result<(Option<String>, Option<String>)> {
    let spec = named.rsplit_once('#').map_or(named, |(_, spec)| spec);
    let (name, version) = match spec.split_once('@') {
        Some((name, version)) => (name, Some(version)),
        None => (spec, None),
    };
    if !crate::model::comment::is_project(name) {
        return Err(Error::usage(format!("`{named}` names no package"))
            .with_help("write NAME or NAME@VERSION"));
    }
    if let Some(version) = version
        && !Version::parse(version).is_ok_and(|parsed| parsed.to_string() == version)
    {
        return Err(
            Error::usage(format!("`{version}` of `{named}` is not a full version"))
                .with_help("write all three numbers: NAME@1.2.3"),
        );
    }
    Ok((Some(name.to_owned()), version.map(str::to_owned)))
}
