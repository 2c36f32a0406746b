//! The flags of `cargo sign attest`.

use std::path::PathBuf;

use clap::Args;

use crate::command::key_args::KeyArgs;

#[derive(Debug, Args)]
pub(crate) struct AttestArgs {
    #[command(flatten)]
    pub(crate) key: KeyArgs,
    /// Where the source lives [default: `repository` of Cargo.toml]
    #[arg(long, value_name = "URI")]
    pub(crate) source_uri: Option<String>,
    /// The tag that was built; it has to name the commit
    #[arg(long, value_name = "TAG")]
    pub(crate) source_tag: Option<String>,
    /// Also write a verification summary (VSA) of it, which `slsa-verifier verify-vsa` checks
    /// offline
    #[arg(long)]
    pub(crate) vsa: bool,
    /// Also have the provenance signed by the platform's identity, through Sigstore:
    /// provenance.sigstore.json. This speaks to a network, and needs a
    /// program with the feature `keyless`
    #[arg(long, conflicts_with_all = ["vsa", "provenance"])]
    pub(crate) keyless: bool,
    /// The instance of Sigstore: its signing_config.json [default: the public one]
    #[arg(long, value_name = "FILE", requires = "keyless")]
    pub(crate) signing_config: Option<PathBuf>,
    /// Make no provenance: verify this Sigstore bundle (GitHub's attestation of the release), and
    /// write the summary of that
    #[arg(long, value_name = "FILE", requires = "vsa")]
    pub(crate) provenance: Option<PathBuf>,
    /// The builder that bundle has to name [default: a workflow of the source itself or of
    /// slsa-github-generator]
    #[arg(long, value_name = "ID", requires = "provenance")]
    pub(crate) builder_id: Option<String>,
    /// Trusted roots of Sigstore (trusted_root.json) that bundles are verified with [default:
    /// Sigstore's public one and GitHub's]
    #[arg(long, value_name = "FILE", requires = "provenance")]
    pub(crate) trusted_root: Option<PathBuf>,
}
