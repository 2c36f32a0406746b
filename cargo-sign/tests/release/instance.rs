//! An instance of Sigstore of our own: an authority, a log of one entry, and bundles with whatever
//! they are to say.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rcgen::{
    BasicConstraints, Certificate, CertificateParams, CustomExtension, DnType,
    ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose, PublicKeyData, SanType,
    SigningKey as _,
};
use release_gate::digest::sha256_bytes;
use serde_json::{Value, json};

pub(crate) const SOURCE: &str = "https://github.com/o/demo";
pub(crate) const SIGNER: &str =
    "https://github.com/o/demo/.github/workflows/release.yml@refs/tags/v1.0.0";
pub(crate) const COMMIT: &str = "0123456789012345678901234567890123456789";
/// 2024-01-01, five minutes in.
const TIME: i64 = 1_704_067_500;

/// Its keys.
pub(crate) struct Instance {
    authority: Issuer<'static, KeyPair>,
    certificate: Vec<u8>,
    log: KeyPair,
}

/// The claims of a certificate by the last number of their identifier, and its subject.
#[derive(Clone)]
pub(crate) struct Claims {
    pub(crate) signer: String,
    pub(crate) extensions: Vec<(u64, String)>,
}

impl Claims {
    /// Those of a workflow of the source itself.
    pub(crate) fn new() -> Self {
        let all = [
            (8, "https://token.actions.githubusercontent.com"),
            (9, SIGNER),
            (11, "github-hosted"),
            (12, SOURCE),
            (13, COMMIT),
            (14, "refs/tags/v1.0.0"),
            (18, SIGNER),
            (19, COMMIT),
            (20, "push"),
        ];
        let extensions = all.map(|(number, text)| (number, text.to_owned())).to_vec();
        Self {
            signer: SIGNER.to_owned(),
            extensions,
        }
    }

    /// Those of a person, by their e-mail address.
    pub(crate) fn of_person(address: &str, issuer: &str) -> Self {
        Self {
            signer: address.to_owned(),
            extensions: vec![(8, issuer.to_owned())],
        }
    }

    /// With another value; `None` takes the claim out.
    pub(crate) fn with(mut self, number: u64, text: Option<&str>) -> Self {
        self.extensions.retain(|(found, _)| *found != number);
        self.extensions
            .extend(text.map(|text| (number, text.to_owned())));
        self
    }

    /// Signed by another workflow.
    pub(crate) fn signed_by(self, signer: &str) -> Self {
        Self {
            signer: signer.to_owned(),
            ..self.with(9, Some(signer))
        }
    }
}

/// GitHub's provenance of some files.
pub(crate) fn statement(files: &[(String, Vec<u8>)]) -> Value {
    let subject: Vec<Value> = files
        .iter()
        .map(|(name, bytes)| json!({"name": name, "digest": {"sha256": sha256_bytes(bytes)}}))
        .collect();
    json!({
        "_type": "https://in-toto.io/Statement/v1",
        "subject": subject,
        "predicateType": "https://slsa.dev/provenance/v1",
        "predicate": {
            "buildDefinition": {
                "buildType": "https://actions.github.io/buildtypes/workflow/v1",
                "externalParameters": {"workflow":
                    {"ref": "refs/tags/v1.0.0", "repository": SOURCE, "path": ".github/workflows/release.yml"}},
                "resolvedDependencies": [
                    {"uri": format!("git+{SOURCE}@refs/tags/v1.0.0"), "digest": {"gitCommit": COMMIT}}],
            },
            "runDetails": {"builder": {"id": SIGNER}},
        },
    })
}

impl Instance {
    pub(crate) fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params
            .distinguished_name
            .push(DnType::CommonName, "test authority");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        (params.not_before, params.not_after) = (
            rcgen::date_time_ymd(2023, 1, 1),
            rcgen::date_time_ymd(2033, 1, 1),
        );
        let certificate = params.self_signed(&key).unwrap().der().to_vec();
        Self {
            authority: Issuer::new(params, key),
            certificate,
            log: KeyPair::generate().unwrap(),
        }
    }

    fn log_id(&self) -> Vec<u8> {
        sha256_bytes(&self.log.subject_public_key_info())
            .as_bytes()
            .to_vec()
    }

    /// Its `trusted_root.json`.
    pub(crate) fn root(&self) -> String {
        json!({
            "mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
            "tlogs": [{
                "baseUrl": "https://log.example.org",
                "hashAlgorithm": "SHA2_256",
                "publicKey": {"rawBytes": STANDARD.encode(self.log.subject_public_key_info()),
                    "keyDetails": "PKIX_ECDSA_P256_SHA_256", "validFor": {"start": "2023-01-01T00:00:00Z"}},
                "logId": {"keyId": STANDARD.encode(self.log_id())},
            }],
            "certificateAuthorities": [{
                "subject": {"organization": "test", "commonName": "test authority"},
                "uri": "https://authority.example.org",
                "certChain": {"certificates": [{"rawBytes": STANDARD.encode(&self.certificate)}]},
                "validFor": {"start": "2023-01-01T00:00:00Z"},
            }],
            "ctlogs": [],
            "timestampAuthorities": [],
        })
        .to_string()
    }

    /// A certificate with `claims` for a key.
    pub(crate) fn certificate(&self, claims: &Claims, key: &impl PublicKeyData) -> Certificate {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        let signer = claims.signer.as_str().try_into().unwrap();
        params.subject_alt_names = vec![if claims.signer.contains("://") {
            SanType::URI(signer)
        } else {
            SanType::Rfc822Name(signer)
        }];
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::CodeSigning];
        (params.not_before, params.not_after) = (
            rcgen::date_time_ymd(2024, 1, 1),
            rcgen::date_time_ymd(2024, 1, 2),
        );
        for (number, text) in &claims.extensions {
            // The old ones are bare, the new ones are UTF8Strings (DER).
            let mut content = Vec::new();
            if *number >= 8 {
                content.push(0x0c);
                if text.len() >= 128 {
                    content.push(0x81);
                }
                content.push(u8::try_from(text.len()).unwrap());
            }
            content.extend_from_slice(text.as_bytes());
            let oid = [1, 3, 6, 1, 4, 1, 57264, 1, *number];
            params
                .custom_extensions
                .push(CustomExtension::from_oid_content(&oid, content));
        }
        params.signed_by(key, &self.authority).unwrap()
    }

    /// What the log answers to an entry with this body, which is its only one.
    pub(crate) fn logged(&self, body: &str) -> Logged {
        let leaf = sha256_bytes(&[&[0], body.as_bytes()].concat());
        let root_hash = STANDARD.encode(leaf.as_bytes());
        let head = format!("log.example.org\n1\n{root_hash}\n");
        let signed = [
            &self.log_id()[..4],
            &self.log.sign(head.as_bytes()).unwrap(),
        ]
        .concat();
        let log_id: String = self
            .log_id()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        let body = STANDARD.encode(body);
        let promise = json!({"body": body, "integratedTime": TIME, "logID": log_id, "logIndex": 0})
            .to_string();
        Logged {
            checkpoint: format!(
                "{head}\n\u{2014} log.example.org {}\n",
                STANDARD.encode(signed)
            ),
            promise: STANDARD.encode(self.log.sign(promise.as_bytes()).unwrap()),
            #[cfg(feature = "keyless")]
            leaf: leaf.to_string(),
            root_hash,
            #[cfg(feature = "keyless")]
            log_id,
            body,
        }
    }

    /// An entry as it stands in a bundle.
    fn entry(&self, kind: &str, body: &str) -> Value {
        let logged = self.logged(body);
        json!({
            "logIndex": "0",
            "logId": {"keyId": STANDARD.encode(self.log_id())},
            "kindVersion": {"kind": kind, "version": "0.0.1"},
            "integratedTime": TIME.to_string(),
            "inclusionPromise": {"signedEntryTimestamp": logged.promise},
            "inclusionProof": {"logIndex": "0", "rootHash": logged.root_hash, "treeSize": "1", "hashes": [],
                "checkpoint": {"envelope": logged.checkpoint}},
            "canonicalizedBody": logged.body,
        })
    }

    /// A bundle of one line that says `statement`, signed by a certificate with `claims`.
    pub(crate) fn bundle(&self, claims: &Claims, statement: &Value) -> String {
        let key = KeyPair::generate().unwrap();
        let certificate = self.certificate(claims, &key);
        let payload = statement.to_string();
        let kind = "application/vnd.in-toto+json";
        let pae = format!("DSSEv1 {} {kind} {} {payload}", kind.len(), payload.len());
        let sig = STANDARD.encode(key.sign(pae.as_bytes()).unwrap());
        let body = dsse_body(b"", payload.as_bytes(), &sig, &certificate.pem());
        json!({
            "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
            "verificationMaterial": {
                "certificate": {"rawBytes": STANDARD.encode(certificate.der())},
                "tlogEntries": [self.entry("dsse", &body)],
            },
            "dsseEnvelope": {"payload": STANDARD.encode(&payload), "payloadType": kind, "signatures": [{"sig": sig}]},
        })
        .to_string()
    }

    /// A bundle of one line over a file itself, as `cosign sign-blob` makes it.
    pub(crate) fn file_bundle(&self, claims: &Claims, file: &[u8]) -> String {
        let key = KeyPair::generate().unwrap();
        let certificate = self.certificate(claims, &key);
        let sig = STANDARD.encode(key.sign(file).unwrap());
        let digest = sha256_bytes(file);
        let body = file_body(
            &digest.to_string(),
            &sig,
            &STANDARD.encode(certificate.pem()),
        );
        json!({
            "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
            "verificationMaterial": {
                "certificate": {"rawBytes": STANDARD.encode(certificate.der())},
                "tlogEntries": [self.entry("hashedrekord", &body)],
            },
            "messageSignature": {
                "messageDigest": {"algorithm": "SHA2_256", "digest": STANDARD.encode(digest.as_bytes())},
                "signature": sig,
            },
        })
        .to_string()
    }
}

/// What the log says of an entry.
pub(crate) struct Logged {
    pub(crate) checkpoint: String,
    pub(crate) promise: String,
    /// Hash of the entry, in digits.
    #[cfg(feature = "keyless")]
    pub(crate) leaf: String,
    /// The same in base64: it is the only entry.
    pub(crate) root_hash: String,
    #[cfg(feature = "keyless")]
    pub(crate) log_id: String,
    pub(crate) body: String,
}

impl Logged {
    /// As the log's interface answers.
    #[cfg(feature = "keyless")]
    pub(crate) fn answer(&self) -> Value {
        let name = format!("{:0>16}{}", "", self.leaf);
        json!({name: {
            "body": self.body, "integratedTime": TIME, "logID": self.log_id, "logIndex": 0,
            "verification": {"signedEntryTimestamp": self.promise, "inclusionProof": {
                "checkpoint": self.checkpoint, "hashes": [], "logIndex": 0, "rootHash": self.leaf, "treeSize": 1}},
        }})
    }
}

/// The body of an entry about a statement.
pub(crate) fn dsse_body(envelope: &[u8], payload: &[u8], sig: &str, certificate: &str) -> String {
    json!({"apiVersion": "0.0.1", "kind": "dsse", "spec": {
        "envelopeHash": {"algorithm": "sha256", "value": sha256_bytes(envelope)},
        "payloadHash": {"algorithm": "sha256", "value": sha256_bytes(payload)},
        "signatures": [{"signature": sig, "verifier": STANDARD.encode(certificate)}],
    }})
    .to_string()
}

/// The body of an entry about a file.
pub(crate) fn file_body(sha256: &str, sig: &str, certificate: &str) -> String {
    json!({"apiVersion": "0.0.1", "kind": "hashedrekord", "spec": {
        "data": {"hash": {"algorithm": "sha256", "value": sha256}},
        "signature": {"content": sig, "publicKey": {"content": certificate}},
    }})
    .to_string()
}
