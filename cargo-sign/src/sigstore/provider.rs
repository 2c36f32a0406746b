//! The cryptography that `sigstore-verify` asks for, by crates that are there anyway. It verifies
//! and hashes. Only with the feature `keyless` it makes keys, each for one signature.

use ed25519_dalek::{Signature, VerifyingKey};
use p256::ecdsa;
#[cfg(feature = "keyless")]
use p256::ecdsa::signature::hazmat::PrehashSigner as _;
use p256::ecdsa::signature::hazmat::PrehashVerifier as _;
use ring::signature as ring_signature;
use sha2::{Digest as _, Sha256, Sha384, Sha512};
use sigstore_verify::crypto::{self, CryptoProvider, HashContext, SigningScheme};
#[cfg(feature = "keyless")]
use sigstore_verify::crypto::{KeyAlgorithm, SigningKeyPair};
use sigstore_verify::types::HashAlgorithm;

/// ring for ECDSA and RSA, strict verification for Ed25519.
#[derive(Debug)]
pub struct Provider;

struct Hashing<D>(D);

impl<D: sha2::Digest + Send> HashContext for Hashing<D> {
    fn update(&mut self, data: &[u8]) {
        self.0.update(data);
    }

    fn finalize(self: Box<Self>) -> Vec<u8> {
        self.0.finalize().to_vec()
    }
}

impl CryptoProvider for Provider {
    fn hash(&self, algorithm: HashAlgorithm) -> crypto::Result<Box<dyn HashContext>> {
        Ok(match algorithm {
            HashAlgorithm::Sha2256 => Box::new(Hashing(Sha256::new())),
            HashAlgorithm::Sha2384 => Box::new(Hashing(Sha384::new())),
            HashAlgorithm::Sha2512 => Box::new(Hashing(Sha512::new())),
            other => {
                return Err(crypto::Error::UnsupportedAlgorithm(format!(
                    "{other} digests"
                )));
            }
        })
    }

    fn verify_raw(
        &self,
        scheme: SigningScheme,
        key: &[u8],
        data: &[u8],
        signature: &[u8],
    ) -> crypto::Result<()> {
        let invalid =
            || crypto::Error::Verification(format!("{} signature invalid", scheme.name()));
        if scheme == SigningScheme::Ed25519 {
            let key: &[u8; 32] = key.try_into().map_err(|_| invalid())?;
            let key = VerifyingKey::from_bytes(key).map_err(|_| invalid())?;
            let signature = Signature::from_slice(signature).map_err(|_| invalid())?;
            return key.verify_strict(data, &signature).map_err(|_| invalid());
        }

        let algorithm: &dyn ring_signature::VerificationAlgorithm = match scheme {
            SigningScheme::EcdsaP256Sha256 => &ring_signature::ECDSA_P256_SHA256_ASN1,
            SigningScheme::EcdsaP256Sha384 => &ring_signature::ECDSA_P256_SHA384_ASN1,
            SigningScheme::EcdsaP384Sha256 => &ring_signature::ECDSA_P384_SHA256_ASN1,
            SigningScheme::EcdsaP384Sha384 => &ring_signature::ECDSA_P384_SHA384_ASN1,
            SigningScheme::RsaPssSha256 => &ring_signature::RSA_PSS_2048_8192_SHA256,
            SigningScheme::RsaPssSha384 => &ring_signature::RSA_PSS_2048_8192_SHA384,
            SigningScheme::RsaPssSha512 => &ring_signature::RSA_PSS_2048_8192_SHA512,
            SigningScheme::RsaPkcs1Sha256 => &ring_signature::RSA_PKCS1_2048_8192_SHA256,
            SigningScheme::RsaPkcs1Sha384 => &ring_signature::RSA_PKCS1_2048_8192_SHA384,
            SigningScheme::RsaPkcs1Sha512 => &ring_signature::RSA_PKCS1_2048_8192_SHA512,
            other => return Err(unsupported(other)),
        };

        ring_signature::UnparsedPublicKey::new(algorithm, key)
            .verify(data, signature)
            .map_err(|_| invalid())
    }

    /// Needed for signatures over a file whose digest alone is at hand; provenance is signed with its
    /// own bytes.
    fn verify_prehashed(
        &self,
        scheme: SigningScheme,
        key: &[u8],
        digest: &[u8],
        signature: &[u8],
    ) -> crypto::Result<()> {
        if scheme != SigningScheme::EcdsaP256Sha256 {
            return Err(unsupported(scheme));
        }
        let invalid = || crypto::Error::Verification("ECDSA signature invalid".to_owned());
        let key = ecdsa::VerifyingKey::from_sec1_bytes(key).map_err(|_| invalid())?;
        let signature = ecdsa::Signature::from_der(signature).map_err(|_| invalid())?;
        key.verify_prehash(digest, &signature)
            .map_err(|_| invalid())
    }

    #[cfg(feature = "keyless")]
    fn generate_key_pair(
        &self,
        algorithm: KeyAlgorithm,
    ) -> crypto::Result<Box<dyn SigningKeyPair>> {
        if algorithm != KeyAlgorithm::EcdsaP256 {
            let text = format!("keys of the kind {algorithm:?} are not made here");
            return Err(crypto::Error::UnsupportedAlgorithm(text));
        }
        use p256::elliptic_curve::Generate as _;

        let key = ecdsa::SigningKey::generate();
        let public = key.verifying_key().to_sec1_point(false).as_bytes().to_vec();
        Ok(Box::new(OneTimeKey { key, public }))
    }
}

/// A key that signs once and is forgotten.
#[cfg(feature = "keyless")]
struct OneTimeKey {
    key: ecdsa::SigningKey,
    public: Vec<u8>,
}

#[cfg(feature = "keyless")]
impl SigningKeyPair for OneTimeKey {
    fn algorithm(&self) -> KeyAlgorithm {
        KeyAlgorithm::EcdsaP256
    }

    fn public_key_bytes(&self) -> &[u8] {
        &self.public
    }

    fn sign_raw(&self, data: &[u8]) -> crypto::Result<Vec<u8>> {
        self.sign_prehashed(&Sha256::digest(data))
    }

    fn sign_prehashed(&self, digest: &[u8]) -> crypto::Result<Vec<u8>> {
        let signature: ecdsa::Signature = self
            .key
            .sign_prehash(digest)
            .map_err(|error| crypto::Error::Signing(error.to_string()))?;
        Ok(signature.to_der().as_bytes().to_vec())
    }
}

fn unsupported(scheme: SigningScheme) -> crypto::Error {
    crypto::Error::UnsupportedAlgorithm(format!(
        "{} signatures are not verified here",
        scheme.name()
    ))
}
