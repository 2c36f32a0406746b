//! The signing itself: the only place that knows `sigstore-sign`.

use std::path::Path;
use std::sync::Once;

use release_gate::digest::Sha256Digest;
use release_gate::{Error, Result};
use sigstore_sign::oidc::IdentityToken;
use sigstore_sign::trust_root::SigningConfig;
use sigstore_sign::types::{Artifact, Bundle, Sha256Hash};
use sigstore_sign::{Signer, SigningContext, SigningServices};

use crate::read::file::read_named;
use crate::read::provenance::read_roots;

/// Longest description of an instance that is read.
const MAX_CONFIG: usize = 1 << 20;

/// Signs a statement; returns the bundle, as it is written.
///
/// # Errors
/// Nothing here says who runs the job, or a service did not do its part.
pub(crate) fn sign_statement(statement: &[u8], config: Option<&Path>) -> Result<Vec<u8>> {
    finish(config, async {
        let signer = signer(config).await?;
        signer
            .sign_raw_statement(statement)
            .await
            .map_err(not_signed)
    })
}

/// Signs the bytes of a file by their digest; returns the bundle, as it is written.
///
/// # Errors
/// As [`sign_statement`].
pub(crate) fn sign_file(digest: Sha256Digest, config: Option<&Path>) -> Result<Vec<u8>> {
    finish(config, async {
        let signer = signer(config).await?;
        let digest = Sha256Hash::new(*digest.as_bytes());
        signer
            .sign(Artifact::from_digest(digest))
            .await
            .map_err(not_signed)
    })
}

/// Waits for a bundle, and judges one of the public instance as a user would.
fn finish(config: Option<&Path>, work: impl Future<Output = Result<Bundle>>) -> Result<Vec<u8>> {
    install();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Error::judge("cannot speak to a network").with_source(error))?;
    let bundle = runtime.block_on(work)?;
    let text = bundle
        .to_json()
        .map_err(|error| Error::judge("the bundle cannot be written").with_source(error))?;
    if config.is_none() {
        let roots = read_roots(None)?;
        crate::sigstore::open(&text, &roots).map_err(|refusal| {
            Error::judge("the bundle that was just made does not hold")
                .with_source(refusal.to_string())
                .with_help("a newer release of this program may know Sigstore's newer keys")
        })?;
    }
    Ok((text + "\n").into_bytes())
}

/// Makes the libraries use our cryptography, unless they were given another before.
fn install() {
    static ONCE: Once = Once::new();
    crate::sigstore::install();
    ONCE.call_once(|| {
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
}

/// Who signs, and where.
async fn signer(config: Option<&Path>) -> Result<Signer> {
    let found = IdentityToken::detect_ambient()
        .await
        .map_err(|error| Error::judge("the platform gave no identity").with_source(error))?;
    let token = found.ok_or_else(|| {
        Error::judge("nothing here says who runs this job: there is no identity to sign by")
            .with_help("GitHub: give the job `permissions: id-token: write`")
            .with_help("GitLab: `id_tokens: SIGSTORE_ID_TOKEN: aud: sigstore`")
            .with_help("on your own machine sign with a key")
    })?;
    Ok(context(config).await?.signer(token))
}

/// Sigstore's public instance as it describes itself today, or the one that a file describes.
async fn context(config: Option<&Path>) -> Result<SigningContext> {
    let Some(path) = config else {
        return SigningContext::production().await.map_err(|error| {
            Error::judge("Sigstore does not say where its services are").with_source(error)
        });
    };
    let unusable = |why: String| {
        Error::judge(format!(
            "`{}` describes no instance of Sigstore",
            path.display()
        ))
        .with_source(why)
        .with_help("it is the instance's signing_config.json")
    };
    let bytes = read_named(path, MAX_CONFIG)?
        .filter(|bytes| bytes.len() <= MAX_CONFIG)
        .ok_or_else(|| unusable("there is no such file, or it is too long".to_owned()))?;
    let text = String::from_utf8(bytes).map_err(|error| unusable(error.to_string()))?;
    let config = SigningConfig::from_json(&text).map_err(|error| unusable(error.to_string()))?;

    // The log's first form keeps the time itself; the library asks for a clock in every case.
    let services = match (
        config.fulcio_url(),
        config.rekor_url(Some(1)),
        config.tsa_url(),
    ) {
        (Some(authority), Some(log), None) => SigningServices::new(&authority.url, &log.url),
        _ => SigningServices::from_signing_config(&config)
            .map_err(|error| unusable(error.to_string()))?,
    };
    Ok(SigningContext::new(services))
}

fn not_signed(error: sigstore_sign::Error) -> Error {
    Error::judge("the release was not signed by the platform's identity")
        .with_source(error)
        .with_help("Sigstore's services may be down (status.sigstore.dev): run it again later")
}
