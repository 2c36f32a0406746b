//! Sigstore bundles: whether what one says was signed by a certificate of a trusted instance, at a
//! time when it was valid.
//!
//! The only place that knows `sigstore-verify`. It decides about signatures and evidence, never
//! about who may sign what: that is `crate::judge::bundle`'s. It never uses a network and never
//! looks at a clock to accept anything.

mod provider;

use std::sync::Once;

pub use self::provider::Provider;

use release_gate::Rule;
use sigstore_verify::crypto::{FulcioCiClaims, SubjectAltName};
use sigstore_verify::trust_root::{SigstoreInstance, TrustedRoot};
use sigstore_verify::types::bundle::TransparencyLogEntry;
use sigstore_verify::types::{Bundle, Sha256Hash, SignatureContent};
use sigstore_verify::{Error, VerificationPolicy, Verifier};

use crate::model::workflow::Claims;
use crate::rules;

/// What in-toto statements are signed as.
const IN_TOTO: &str = crate::format::dsse::IN_TOTO;

/// Makes the library use our cryptography, unless it was given another before.
fn install() {
    static ONCE: Once = Once::new();
    static PROVIDER: Provider = Provider;
    ONCE.call_once(|| {
        let _ = sigstore_verify::crypto::install_default_provider(&PROVIDER);
    });
}

/// Why a trusted root cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct RootError(String);

/// Whose certificates, logs and clocks are believed.
pub struct Roots(Vec<Root>);

struct Root {
    verifier: Verifier,
    /// An instance without logs vouches by time stamps alone.
    logs: bool,
    scts: bool,
}

impl std::fmt::Debug for Roots {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Roots").field(&self.0.len()).finish()
    }
}

impl Roots {
    /// Sigstore's public instance and GitHub's own, as they were when this program was built.
    ///
    /// # Errors
    /// Only a defect of the library.
    pub fn embedded() -> Result<Self, RootError> {
        install();
        let instances = [SigstoreInstance::PublicGood, SigstoreInstance::GitHub];
        instances
            .map(|instance| Root::new(instance.embedded_trusted_root_json()))
            .into_iter()
            .collect()
    }

    /// Reads a trusted root: Sigstore's `trusted_root.json`, or several, one a line (`gh
    /// attestation trusted-root`).
    ///
    /// # Errors
    /// It is none.
    pub fn parse(text: &str) -> Result<Self, RootError> {
        install();
        if let Ok(root) = Root::new(text) {
            return Ok(Self(vec![root]));
        }
        let roots: Self = text
            .lines()
            .filter(|line| !line.trim().is_empty())
            .map(Root::new)
            .collect::<Result<_, _>>()?;
        if roots.0.is_empty() {
            Err(RootError("it is empty".to_owned()))
        } else {
            Ok(roots)
        }
    }
}

impl FromIterator<Root> for Roots {
    fn from_iter<I: IntoIterator<Item = Root>>(roots: I) -> Self {
        Self(roots.into_iter().collect())
    }
}

impl Root {
    fn new(json: &str) -> Result<Self, RootError> {
        let root = TrustedRoot::from_json(json).map_err(|error| RootError(error.to_string()))?;
        if root.certificate_authorities.is_empty() {
            return Err(RootError("it names no certificate authority".to_owned()));
        }
        if root.tlogs.is_empty() && root.timestamp_authorities.is_empty() {
            return Err(RootError(
                "it names neither a log nor a time-stamp authority".to_owned(),
            ));
        }
        let verifier = Verifier::new(&root).map_err(|error| RootError(error.to_string()))?;
        Ok(Self {
            verifier,
            logs: !root.tlogs.is_empty(),
            scts: !root.ctlogs.is_empty(),
        })
    }

    fn verify(&self, bundle: &Bundle, digest: Sha256Hash) -> Result<(), Error> {
        // Who signed is judged from the certificate afterwards, by more than the library compares.
        let mut policy = VerificationPolicy::any_identity();
        if !self.logs {
            policy = policy.skip_tlog_unsafe();
        }
        if !self.scts {
            policy = policy.skip_sct();
        }
        let result = self.verifier.verify(digest, bundle, &policy)?;
        let evident = result.certificate_verified()
            && !result.verified_timestamps().is_empty()
            && (result.tlog_verified() || !self.logs)
            && (result.sct_verified() || !self.scts);
        if evident {
            Ok(())
        } else {
            Err(Error::InvalidBundle(
                "something was not verified".to_owned(),
            ))
        }
    }
}

/// What a bundle signs, and what its certificate says about who signed it.
#[derive(Debug, Clone)]
pub struct Signed {
    /// The statement, byte by byte.
    pub payload: Vec<u8>,
    /// The certificate's claims.
    pub claims: Claims,
}

/// Why a bundle is refused.
#[derive(Debug, thiserror::Error)]
#[error("{text}")]
pub struct Refusal {
    /// Its reason code.
    pub rule: &'static Rule,
    text: String,
}

impl Refusal {
    fn new(rule: &'static Rule, text: impl ToString) -> Self {
        Self {
            rule,
            text: text.to_string(),
        }
    }
}

/// Verifies one bundle: structure, certificate, log, time and signature.
///
/// # Errors
/// One of them does not hold under any of the roots.
pub fn verify(json: &str, roots: &Roots) -> Result<Signed, Refusal> {
    let malformed = |text: &dyn std::fmt::Display| Refusal::new(&rules::BUNDLE_MALFORMED, text);
    let bundle = Bundle::from_json(json).map_err(|error| malformed(&error))?;
    let SignatureContent::DsseEnvelope(envelope) = &bundle.content else {
        return Err(malformed(&"it signs a file and no statement about one"));
    };
    if envelope.payload_type != IN_TOTO {
        return Err(malformed(&"its payload is not an in-toto statement"));
    }
    let payload = envelope.payload.as_bytes().to_vec();
    let digest =
        some_subject(&payload).ok_or_else(|| malformed(&"its statement names no SHA-256"))?;

    // A bundle without log entries is of an instance that has no log, or somebody took them out.
    let logged = !bundle.verification_material.tlog_entries.is_empty();
    let fitting = || roots.0.iter().filter(|root| root.logs == logged);
    if fitting().next().is_none() && !logged {
        return Err(Refusal::new(
            &rules::BUNDLE_LOG,
            "no log has an entry of it",
        ));
    }

    if bundle
        .verification_material
        .tlog_entries
        .iter()
        .any(misnamed)
    {
        return Err(Refusal::new(
            &rules::BUNDLE_LOG,
            "its checkpoint is signed under another name than the log's",
        ));
    }

    let mut refused = None;
    for root in fitting() {
        match root.verify(&bundle, digest) {
            Ok(()) => {
                let certificate = bundle
                    .signing_certificate()
                    .ok_or_else(|| malformed(&"it has no certificate"))?;
                let info = sigstore_verify::crypto::parse_certificate_info(certificate)
                    .map_err(|error| Refusal::new(&rules::BUNDLE_CERTIFICATE, error))?;
                let SubjectAltName::Uri(signer) = info.identity.ok_or_else(no_workflow)? else {
                    return Err(no_workflow());
                };
                return Ok(Signed {
                    payload,
                    claims: claims(signer, info.issuer, info.ci_claims),
                });
            }
            // An instance that does not know the certificate's authority or the log has nothing to
            // say: what another says counts.
            Err(error) if refused.is_none() || !stranger(&error) => refused = Some(error),
            Err(_) => {}
        }
    }

    Err(refused.map_or_else(
        || Refusal::new(&rules::BUNDLE_CERTIFICATE, "no instance is trusted"),
        refusal,
    ))
}

/// Whether none of a checkpoint's signatures is under the name that the checkpoint itself gives its
/// log. Nothing signs that name, and the library goes by the key alone.
fn misnamed(entry: &TransparencyLogEntry) -> bool {
    let checkpoint = entry
        .inclusion_proof
        .as_ref()
        .and_then(|proof| proof.checkpoint.checkpoint());
    checkpoint.is_some_and(|checkpoint| {
        // Rekor puts the number of its tree behind: `rekor.sigstore.dev - 2605736670972794746`.
        let log = checkpoint.origin().split(" - ").next().unwrap_or_default();
        checkpoint
            .signatures()
            .iter()
            .all(|signature| signature.name != log)
    })
}

fn no_workflow() -> Refusal {
    Refusal::new(
        &rules::BUNDLE_SIGNER,
        "its certificate is that of a person and of no workflow",
    )
}

/// The library wants a digest the statement names; which files it is about is judged afterwards,
/// all of them by name and digest.
fn some_subject(payload: &[u8]) -> Option<Sha256Hash> {
    let statement: crate::model::workflow::Statement = serde_json::from_slice(payload).ok()?;
    let mut digests = statement
        .subject
        .iter()
        .filter_map(|subject| subject.digest.get("sha256"));
    digests.find_map(|digest| Sha256Hash::from_hex(digest).ok())
}

/// Whether an error only says that the bundle is of another instance.
fn stranger(error: &Error) -> bool {
    use sigstore_verify::{CertificateError as C, TimestampError as T, TransparencyLogError as L};
    matches!(
        error,
        Error::Certificate(C::ChainInvalid(_) | C::NoValidAuthority { .. })
            | Error::TransparencyLog(L::UnknownLog { .. })
            | Error::Timestamp(T::NoVerifiedTimestamp(_))
    )
}

fn refusal(error: Error) -> Refusal {
    let rule = match &error {
        Error::Certificate(_) => &rules::BUNDLE_CERTIFICATE,
        Error::TransparencyLog(_) => &rules::BUNDLE_LOG,
        Error::Timestamp(_) => &rules::BUNDLE_TIME,
        Error::SignatureInvalid(_) | Error::Crypto(_) => &rules::BUNDLE_SIGNATURE,
        _ => &rules::BUNDLE_MALFORMED,
    };
    Refusal::new(rule, error)
}

fn claims(signer: String, issuer: Option<String>, claims: FulcioCiClaims) -> Claims {
    let old = claims.deprecated_github;
    Claims {
        issuer: issuer.unwrap_or_default(),
        signer,
        build_signer: claims.build_signer_uri,
        runner: claims.runner_environment,
        repository: claims.source_repository_uri,
        commit: claims.source_repository_digest,
        reference: claims.source_repository_ref,
        config: claims.build_config_uri,
        config_commit: claims.build_config_digest,
        trigger: claims.build_trigger,
        old_repository: old.workflow_repository,
        old_commit: old.workflow_sha,
        old_reference: old.workflow_ref,
        old_trigger: old.workflow_trigger,
    }
}
