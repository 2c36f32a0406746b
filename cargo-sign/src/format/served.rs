//! Attestations as registries serve them: each holds Sigstore bundles, in a form of its own.
//!
//! | served by | form |
//! |---|---|
//! | npm, GitHub | `{"attestations": [{"bundle": …}, …]}` |
//! | PyPI (PEP 740), provenance | `{"attestation_bundles": [{"attestations": [A, …]}, …]}` |
//! | PyPI (PEP 740), one attestation `A` | `{"version": 1, "verification_material": …, "envelope": …}` |
//!
//! They are turned into bundles of the form that is judged, and nothing of them is believed here.

use serde::Deserialize;
use serde_json::{Value, json};

use super::unique::check_unique_names;

/// The bundles that a registry serves about a file.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Served {
    /// Those by a certificate, each as JSON.
    pub(super) bundles: Vec<String>,
    /// How many are by a bare key of the registry's, of which nothing is known here.
    pub(super) by_bare_key: usize,
}

/// What npm and GitHub serve.
#[derive(Debug, Deserialize)]
struct Attestations {
    attestations: Vec<Attested>,
}

#[derive(Debug, Deserialize)]
struct Attested {
    bundle: Value,
}

/// What PyPI serves of a file.
#[derive(Debug, Deserialize)]
struct Provenance {
    version: u64,
    attestation_bundles: Vec<Publishers>,
}

#[derive(Debug, Deserialize)]
struct Publishers {
    attestations: Vec<Attestation>,
}

/// One attestation of PEP 740.
#[derive(Debug, Deserialize)]
struct Attestation {
    version: u64,
    verification_material: Material,
    envelope: Envelope,
}

#[derive(Debug, Deserialize)]
struct Material {
    certificate: String,
    transparency_entries: Vec<Value>,
}

#[derive(Debug, Deserialize)]
struct Envelope {
    statement: String,
    signature: String,
}

impl Attestation {
    /// As a bundle of version 0.3, which has the same parts.
    fn into_bundle(self) -> Option<String> {
        (self.version == 1).then(|| {
            json!({
                "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
                "verificationMaterial": {
                    "certificate": {"rawBytes": self.verification_material.certificate},
                    "tlogEntries": self.verification_material.transparency_entries,
                },
                "dsseEnvelope": {
                    "payload": self.envelope.statement,
                    "payloadType": super::dsse::IN_TOTO,
                    "signatures": [{"sig": self.envelope.signature}],
                },
            })
            .to_string()
        })
    }
}

/// Reads what a registry serves; `None`: it is nothing of the kind. A name that is there twice, or a
/// version that is not known, makes nothing of it.
pub(super) fn read(text: &str) -> Option<Served> {
    check_unique_names(text.as_bytes()).ok()?;
    if let Ok(served) = serde_json::from_str::<Attestations>(text) {
        return Some(of_bundles(served.attestations));
    }
    let attestations = match serde_json::from_str::<Provenance>(text) {
        Ok(provenance) if provenance.version == 1 => provenance
            .attestation_bundles
            .into_iter()
            .flat_map(|publisher| publisher.attestations)
            .collect(),
        Ok(_) => return None,
        Err(_) => vec![serde_json::from_str::<Attestation>(text).ok()?],
    };

    let bundles: Option<Vec<String>> = attestations
        .into_iter()
        .map(Attestation::into_bundle)
        .collect();
    Some(Served {
        bundles: bundles?,
        by_bare_key: 0,
    })
}

fn of_bundles(attestations: Vec<Attested>) -> Served {
    let mut served = Served::default();
    for Attested { bundle } in attestations {
        let material = &bundle["verificationMaterial"];
        let is_by_certificate =
            material.get("certificate").is_some() || material.get("x509CertificateChain").is_some();
        if material.get("publicKey").is_some() && !is_by_certificate {
            served.by_bare_key += 1;
        } else {
            served.bundles.push(bundle.to_string());
        }
    }
    served
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = r#"{"version":1,"verification_material":{"certificate":"Yw==","transparency_entries":[{"logIndex":"1"}]},
        "envelope":{"statement":"e30=","signature":"c2ln"}}"#;

    #[test]
    fn attestations_of_pypi_become_bundles() {
        let served = read(ONE).unwrap();
        let bundle: Value = serde_json::from_str(&served.bundles[0]).unwrap();
        assert_eq!(bundle["dsseEnvelope"]["payload"], "e30=");
        assert_eq!(
            bundle["verificationMaterial"]["certificate"]["rawBytes"],
            "Yw=="
        );

        let all = format!(
            r#"{{"version":1,"attestation_bundles":[{{"publisher":{{}},"attestations":[{ONE},{ONE}]}},{{"attestations":[{ONE}]}}]}}"#
        );
        assert_eq!(read(&all).unwrap().bundles.len(), 3);
    }

    #[test]
    fn bundles_by_a_bare_key_are_counted() {
        let text = r#"{"attestations":[{"predicateType":"a","bundle":{"verificationMaterial":{"publicKey":{"hint":"SHA256:x"}}}},
            {"predicateType":"b","bundle":{"verificationMaterial":{"x509CertificateChain":{}}}}]}"#;
        let served = read(text).unwrap();
        assert_eq!((served.bundles.len(), served.by_bare_key), (1, 1));
    }

    #[test]
    fn what_nobody_serves_is_nothing() {
        let newer = ONE.replacen("\"version\":1", "\"version\":2", 1);
        let twice = ONE.replacen("\"version\":1", "\"version\":1,\"version\":1", 1);
        for text in [
            newer.as_str(),
            twice.as_str(),
            "{}",
            "[]",
            "{\"attestations\":{}}",
            "",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
