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
use release_gate::digest::Sha256Digest;
use sigstore_verify::crypto::{FulcioCiClaims, SubjectAltName};
use sigstore_verify::trust_root::{SigstoreInstance, TrustedRoot};
use sigstore_verify::types::bundle::TransparencyLogEntry;
use sigstore_verify::types::{ArtifactDigest, Bundle, HashAlgorithm, Sha256Hash, SignatureContent};
use sigstore_verify::{Error, VerificationPolicy, Verifier};

use crate::model::workflow::{Claims, Statement};
use crate::rules;

/// What in-toto statements are signed as.
const IN_TOTO: &str = crate::format::dsse::IN_TOTO;

/// Makes the library use our cryptography, unless it was given another before.
pub(crate) fn install() {
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

    fn verify(&self, bundle: &Bundle, digest: ArtifactDigest) -> Result<(), Error> {
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

/// What a bundle signs, and what its certificate says about the workflow that signed it.
#[derive(Debug, Clone)]
pub struct Signed {
    /// The statement, byte by byte.
    pub payload: Vec<u8>,
    /// The certificate's claims.
    pub claims: Claims,
}

/// What a bundle signs.
#[derive(Debug, Clone)]
pub enum Content {
    /// A statement about files, byte by byte.
    Statement(Vec<u8>),
    /// A file with this SHA-256, whatever it is called.
    File(Sha256Digest),
}

/// A bundle that holds.
#[derive(Debug, Clone)]
pub struct Opened {
    /// What it signs.
    pub content: Content,
    /// Who signed it: a workflow's URI, or the e-mail address of a person or service.
    pub identity: String,
    /// Who vouches for that identity; empty where the certificate does not say.
    pub issuer: String,
    /// The workflow's claims; `None` where no workflow signed it.
    workflow: Option<Claims>,
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

/// Verifies one bundle of a statement that a workflow signed: structure, certificate, log, time and
/// signature.
///
/// # Errors
/// One of them does not hold under any of the roots.
pub fn verify(json: &str, roots: &Roots) -> Result<Signed, Refusal> {
    let opened = open(json, roots)?;
    let Content::Statement(payload) = opened.content else {
        return Err(malformed(&"it signs a file and no statement about one"));
    };
    let claims = opened.workflow.ok_or_else(no_workflow)?;
    Ok(Signed { payload, claims })
}

/// Verifies one bundle, whoever signed it: structure, certificate, log, time and signature.
///
/// # Errors
/// One of them does not hold under any of the roots.
pub fn open(json: &str, roots: &Roots) -> Result<Opened, Refusal> {
    let bundle = Bundle::from_json(json).map_err(|error| malformed(&error))?;
    let content = content_of(&bundle)?;
    let digest = match &content {
        Content::Statement(payload) => {
            some_subject(payload).ok_or_else(|| malformed(&"its statement names no digest"))?
        }
        Content::File(digest) => Sha256Hash::new(*digest.as_bytes()).into(),
    };

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
        match root.verify(&bundle, digest.clone()) {
            Ok(()) => return opened(&bundle, content),
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

fn malformed(text: &dyn std::fmt::Display) -> Refusal {
    Refusal::new(&rules::BUNDLE_MALFORMED, text)
}

/// What a bundle says that it signs; nothing of it held yet.
fn content_of(bundle: &Bundle) -> Result<Content, Refusal> {
    match &bundle.content {
        SignatureContent::DsseEnvelope(envelope) if envelope.payload_type == IN_TOTO => {
            Ok(Content::Statement(envelope.payload.as_bytes().to_vec()))
        }
        SignatureContent::DsseEnvelope(_) => {
            Err(malformed(&"its payload is not an in-toto statement"))
        }
        SignatureContent::MessageSignature(message) => {
            let digest = message
                .message_digest
                .as_ref()
                .filter(|digest| digest.algorithm == HashAlgorithm::Sha2256)
                .and_then(|digest| digest.digest.as_bytes().try_into().ok());
            let digest =
                digest.ok_or_else(|| malformed(&"it names no SHA-256 of what it signs"))?;
            Ok(Content::File(Sha256Digest::from_bytes(digest)))
        }
        _ => Err(malformed(&"it signs something that is not known")),
    }
}

/// Who signed a bundle that held.
fn opened(bundle: &Bundle, content: Content) -> Result<Opened, Refusal> {
    let certificate = bundle
        .signing_certificate()
        .ok_or_else(|| malformed(&"it has no certificate"))?;
    let info = sigstore_verify::crypto::parse_certificate_info(certificate)
        .map_err(|error| Refusal::new(&rules::BUNDLE_CERTIFICATE, error))?;
    let issuer = info.issuer.clone().unwrap_or_default();
    let subject = info
        .identity
        .ok_or_else(|| Refusal::new(&rules::BUNDLE_SIGNER, "its certificate names nobody"))?;
    let identity = subject.as_str().to_owned();
    let workflow = match subject {
        SubjectAltName::Uri(signer) => Some(claims(signer, info.issuer, info.ci_claims)),
        _ => None,
    };

    Ok(Opened {
        content,
        identity,
        issuer,
        workflow,
    })
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
fn some_subject(payload: &[u8]) -> Option<ArtifactDigest> {
    let statement: Statement = serde_json::from_slice(payload).ok()?;
    // npm's statements name nothing but SHA-512.
    first_digest(&statement, HashAlgorithm::Sha2256, "sha256")
        .or_else(|| first_digest(&statement, HashAlgorithm::Sha2512, "sha512"))
}

fn first_digest(
    statement: &Statement,
    algorithm: HashAlgorithm,
    name: &str,
) -> Option<ArtifactDigest> {
    let mut digests = statement
        .subject
        .iter()
        .filter_map(|subject| subject.digest.get(name));
    digests.find_map(|digest| ArtifactDigest::new(algorithm, from_hex(digest)?).ok())
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digits = text.as_bytes();
    if !digits.len().is_multiple_of(2) || !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    digits.chunks(2).map(byte_of).collect()
}

fn byte_of(pair: &[u8]) -> Option<u8> {
    u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()
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
