//! Signing without a key of one's own: the platform says who runs the job, Sigstore issues a certificate
//! for minutes, and its log keeps the signature (<https://docs.sigstore.dev>).
//!
//! The only place that asks for an identity. It speaks to Sigstore's services, and to the platform's for
//! the token; nothing else of the program does. Without the feature `keyless` it says so.

#[cfg(feature = "keyless")]
mod sigstore;

use release_gate::{Context, Error, Result};

#[cfg(feature = "keyless")]
pub(crate) use self::sigstore::{sign_file, sign_statement};

/// Refuses a call that cannot be answered, before anything is written.
///
/// # Errors
/// It must not use a network, or this program was built without.
pub(crate) fn check_possible(cx: &Context) -> Result<()> {
    if cfg!(not(feature = "keyless")) {
        // Says what is missing.
        sign_statement(b"", None)?;
    }
    if !cx.args().is_offline() {
        return Ok(());
    }
    Err(
        Error::usage("--keyless speaks to Sigstore, and this call is offline")
            .with_help("leave one of the two out"),
    )
}

#[cfg(not(feature = "keyless"))]
mod absent {
    use std::path::Path;

    use release_gate::digest::Sha256Digest;
    use release_gate::{Error, Result};

    /// As the other one, which this program was built without.
    ///
    /// # Errors
    /// Always.
    pub(crate) fn sign_statement(_: &[u8], _: Option<&Path>) -> Result<Vec<u8>> {
        Err(built_without())
    }

    /// As the other one, which this program was built without.
    ///
    /// # Errors
    /// Always.
    pub(crate) fn sign_file(_: Sha256Digest, _: Option<&Path>) -> Result<Vec<u8>> {
        Err(built_without())
    }

    fn built_without() -> Error {
        Error::usage("this program was built without --keyless")
            .with_help("install it with the feature: cargo install cargo-sign --features keyless")
    }
}

#[cfg(not(feature = "keyless"))]
pub(crate) use self::absent::{sign_file, sign_statement};
