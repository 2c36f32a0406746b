//! The cryptography that `sigstore-verify` asks for, by crates that are there anyway. It verifies
//! and hashes; it never signs and makes no key.

use ed25519_dalek::{Signature, VerifyingKey};
use ring::signature as ring_signature;
use sha2::{Digest as _, Sha256, Sha384, Sha512};
use sigstore_verify::crypto::{self, CryptoProvider, HashContext, SigningScheme};
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

    /// Only needed for signatures over a file whose bytes are not at hand; provenance is signed
    /// with its own bytes.
    fn verify_prehashed(
        &self,
        scheme: SigningScheme,
        _: &[u8],
        _: &[u8],
        _: &[u8],
    ) -> crypto::Result<()> {
        Err(unsupported(scheme))
    }
}

fn unsupported(scheme: SigningScheme) -> crypto::Error {
    crypto::Error::UnsupportedAlgorithm(format!(
        "{} signatures are not verified here",
        scheme.name()
    ))
}
