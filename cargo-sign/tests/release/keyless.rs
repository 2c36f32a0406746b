//! Signing by the platform's identity: an authority and a log on loopback, and the token that GitLab
//! gives a job.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use rcgen::{PublicKeyData, SignatureAlgorithm};
use serde_json::{Value, json};

use super::fixture::*;
use super::instance::*;

const JOB: &str = "https://gitlab.example.org/o/demo//.gitlab-ci.yml@refs/tags/v1.0.0";
const ISSUER: &str = "https://gitlab.example.org";

/// Serves the authority and the log of an instance; returns its address.
fn serve(instance: Arc<Instance>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            answer(stream, &instance);
        }
    });
    address
}

fn answer(mut stream: TcpStream, instance: &Instance) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut request = String::new();
    reader.read_line(&mut request).unwrap();
    let mut length = 0;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap() == 0 || line.trim().is_empty() {
            break;
        }
        let lower = line.to_lowercase();
        if let Some(number) = lower.strip_prefix("content-length:") {
            length = number.trim().parse().unwrap();
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    let asked: Value = serde_json::from_slice(&body).unwrap();
    let answer = if request.contains("/signingCert") {
        certificate(&asked, instance)
    } else {
        entry(&asked, instance)
    };
    let answer = answer.to_string();
    let _ = write!(
        stream,
        "HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{answer}",
        answer.len()
    );
}

/// A key on P-256.
struct Point(Vec<u8>);

impl Point {
    /// The point is the end of what is written there.
    fn of_pem(pem: &str) -> Self {
        let base64: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
        let der = STANDARD.decode(base64).unwrap();
        Self(der[der.len() - 65..].to_vec())
    }
}

impl PublicKeyData for Point {
    fn der_bytes(&self) -> &[u8] {
        &self.0
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &rcgen::PKCS_ECDSA_P256_SHA256
    }
}

/// What the authority answers: a certificate for the key and the identity of the token.
fn certificate(asked: &Value, instance: &Instance) -> Value {
    let token = asked["credentials"]["oidcIdentityToken"].as_str().unwrap();
    let claims = URL_SAFE_NO_PAD
        .decode(token.split('.').nth(1).unwrap())
        .unwrap();
    let claims: Value = serde_json::from_slice(&claims).unwrap();
    let key = asked["publicKeyRequest"]["publicKey"]["content"]
        .as_str()
        .unwrap();
    let key = Point::of_pem(key);
    let of = Claims {
        signer: claims["sub"].as_str().unwrap().to_owned(),
        extensions: vec![(8, claims["iss"].as_str().unwrap().to_owned())],
    };
    let pem = instance.certificate(&of, &key).pem();
    json!({"signedCertificateEmbeddedSct": {"chain": {"certificates": [pem]}}})
}

/// What the log answers.
fn entry(asked: &Value, instance: &Instance) -> Value {
    let spec = &asked["spec"];
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let body = if asked["kind"] == "dsse" {
        let envelope = text(&spec["proposedContent"]["envelope"]);
        let parsed: Value = serde_json::from_str(&envelope).unwrap();
        let payload = STANDARD.decode(text(&parsed["payload"])).unwrap();
        let verifier = text(&spec["proposedContent"]["verifiers"][0]);
        let pem = String::from_utf8(STANDARD.decode(verifier).unwrap()).unwrap();
        dsse_body(
            envelope.as_bytes(),
            &payload,
            &text(&parsed["signatures"][0]["sig"]),
            &pem,
        )
    } else {
        file_body(
            &text(&spec["data"]["hash"]["value"]),
            &text(&spec["signature"]["content"]),
            &text(&spec["signature"]["publicKey"]["content"]),
        )
    };
    instance.logged(&body).answer()
}

/// The token of a job.
fn token() -> String {
    let claims = json!({"iss": ISSUER, "sub": JOB, "aud": "sigstore", "exp": 4_000_000_000_u64, "iat": 1_700_000_000});
    let part = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}.c2ln", part(json!({"alg": "none"})), part(claims))
}

#[test]
fn a_release_is_signed_by_the_platforms_identity_too() {
    let instance = Arc::new(Instance::new());
    let address = serve(Arc::clone(&instance));
    let release = Release::unpacked("1.0.0", SEED, &[]);
    let beside = tempfile::tempdir().unwrap();
    let config = beside.path().join("signing_config.json");
    let service = json!({"url": address, "majorApiVersion": 1, "operator": "test", "validFor": {"start": "2020-01-01T00:00:00Z"}});
    let described = json!({
        "mediaType": "application/vnd.dev.sigstore.signingconfig.v0.2+json",
        "caUrls": [service], "rekorTlogUrls": [service], "oidcUrls": [], "tsaUrls": [],
        "rekorTlogConfig": {"selector": "ANY"}, "tsaConfig": {"selector": "ANY"},
    });
    std::fs::write(&config, described.to_string()).unwrap();
    let root = beside.path().join("root.json");
    std::fs::write(&root, instance.root()).unwrap();
    let (config, root) = (config.display().to_string(), root.display().to_string());
    let keyless = ["--keyless", "--signing-config", &config];
    let token = token();
    let job = [
        ("GITLAB_CI", "true"),
        ("SIGSTORE_ID_TOKEN", token.as_str()),
        ("CARGO_NET_OFFLINE", "false"),
    ];

    // Without an identity, and where no network may be used, nothing is done.
    let nobody = release.sign_with(&[&["pack"], &keyless[..]].concat(), SEED, &job[2..]);
    assert_eq!(nobody.status.code(), Some(101), "{}", nobody.stderr_text());
    assert!(nobody.stderr_text().contains("id-token: write"));
    let offline = [&["pack", "--offline"], &keyless[..]].concat();
    assert_eq!(
        release.sign_with(&offline, SEED, &job).status.code(),
        Some(2)
    );

    let packed = release.sign_with(&[&["pack"], &keyless[..]].concat(), SEED, &job);
    assert!(packed.is_success(), "{}", packed.stderr_text());
    let asked = [
        "--identity",
        JOB,
        "--issuer",
        ISSUER,
        "--trusted-root",
        &root,
    ];
    let download = tempfile::tempdir().unwrap();
    let judge = |identity: &[&str]| {
        lay_out(download.path(), &release.published());
        let folder = download.path().display().to_string();
        let key = release.key("m.pub").display().to_string();
        let first = [
            "verify",
            "--message-format",
            "json",
            "--key",
            &key,
            "--expect",
            "demo@1.0.0",
        ];
        let ran = release.sign(&[&first[..], identity, &[folder.as_str()]].concat());
        let (code, mut rules) = verdict(&ran);
        rules.retain(|rule| rule != "not-covered");
        (code, rules)
    };
    assert!(download.path().read_dir().unwrap().next().is_none());
    assert_eq!(judge(&asked), (0, vec![]));
    assert!(download.path().join("checksums.txt.sigstore.json").exists());
    let other = [
        "--identity",
        "x@example.org",
        "--issuer",
        ISSUER,
        "--trusted-root",
        &root,
    ];
    assert_eq!(judge(&other), (100, vec!["identity-mismatch".to_owned()]));

    let source = ["attest", "--source-uri", "https://example.org/demo"];
    let attested = release.sign_with(&[&source[..], &keyless].concat(), SEED, &job);
    assert!(attested.is_success(), "{}", attested.stderr_text());
    // The provenance is asked first, and the list's bundle lies beside it.
    let (code, rules) = judge(&asked);
    assert_eq!((code, rules), (0, vec!["not-judged-evidence".to_owned()]));
    assert!(download.path().join("provenance.sigstore.json").exists());

    // The token is in nothing that was written or said.
    for (name, bytes) in release.published() {
        assert!(!String::from_utf8_lossy(&bytes).contains(&token), "{name}");
    }
    for ran in [&packed, &attested] {
        assert!(!ran.stderr_text().contains(&token));
    }

    // Attested again without it, the bundle of the earlier provenance is gone.
    assert!(release.sign(&source).is_success());
    assert!(!release.released().join("provenance.sigstore.json").exists());
    assert!(
        release
            .released()
            .join("checksums.txt.sigstore.json")
            .exists()
    );
}
