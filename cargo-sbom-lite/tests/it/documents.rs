//! Documents of a real workspace (this one) against the official schemas, and against each other.

#![expect(
    clippy::unwrap_used,
    reason = "a fixture that cannot be made fails its test"
)]

use std::collections::BTreeSet;
use std::path::PathBuf;

use cargo_sbom_lite::format::{format_of_name, parse_document};
use cargo_sbom_lite::model::config::Maker;
use cargo_sbom_lite::model::inventory::{Inventory, PackageFacts, Role};
use cargo_sbom_lite::model::provenance::{Artifact, Provenance};
use cargo_sbom_lite::model::sbom::Entry;
use cargo_sbom_lite::read::{lock, unit_graph};
use cargo_sbom_lite::report::vex::{Format, Product, vex_document};
use release_gate::SharedArgs;
use release_gate::facts::report::vulns::{Hit, Linkage, Reachability, Scope, Severity};
use release_gate::process::{Runner, Step};
use serde_json::Value;

fn metadata() -> cargo_metadata::Metadata {
    let step = Step::cargo().args(["metadata", "--format-version", "1", "--locked", "--offline"]);
    let step = step.current_dir(env!("CARGO_MANIFEST_DIR"));
    let finished = Runner::new().run(step).unwrap().success().unwrap();
    cargo_metadata::MetadataCommand::parse(String::from_utf8(finished.stdout).unwrap()).unwrap()
}

fn inventory() -> Inventory {
    let metadata = metadata();
    let package = metadata
        .packages
        .iter()
        .find(|package| package.name.as_str() == "cargo-sbom-lite")
        .unwrap();
    let graph =
        unit_graph::unit_graph("cargo-sbom-lite", &SharedArgs::default(), &Runner::new()).unwrap();
    let lock = lock::read_lock(&metadata.workspace_root.as_std_path().join("Cargo.lock")).unwrap();
    let checksums = lock::locked_checksums(&lock);
    let facts = PackageFacts {
        metadata: &metadata,
        checksums: &checksums,
        mirrors: &[],
    };
    Inventory::from_units(facts, package, &graph).unwrap()
}

fn provenance() -> Provenance {
    Provenance {
        epoch: Some(1_700_000_000),
        rustc: Some("rustc 1.95.0 (0123456 2026-01-01)".to_owned()),
        artifacts: vec![Artifact {
            path: "artifacts/app".to_owned(),
            target: "x86_64-unknown-linux-gnu".to_owned(),
            sha256: "0".repeat(64),
            sha512: Some("0".repeat(128)),
        }],
        ..Provenance::default()
    }
}

fn written(format: &str, inventory: &Inventory, provenance: &Provenance, version: &str) -> Vec<u8> {
    let format = format_of_name(format).unwrap();
    (format.write.unwrap())(inventory, provenance, version).unwrap()
}

/// An official schema, as a package of the registry carries it.
fn schema(package: &str, file: &str) -> jsonschema::Validator {
    let metadata = metadata();
    let package = metadata
        .packages
        .iter()
        .find(|found| found.name.as_str() == package)
        .unwrap();

    let path: PathBuf = package
        .manifest_path
        .parent()
        .unwrap()
        .join("schemas")
        .join(file)
        .into();

    let mut schema: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();

    // These name further schemas by address: the list of licence ids, and JSON signatures, which
    // are not used.
    fn cut(value: &mut Value) {
        match value {
            Value::Object(object) => {
                let outside = object
                    .get("$ref")
                    .and_then(Value::as_str)
                    .is_some_and(|target| !target.starts_with('#'));
                if outside {
                    object.remove("$ref");
                }
                object.values_mut().for_each(cut);
            }
            Value::Array(items) => items.iter_mut().for_each(cut),
            _ => {}
        }
    }

    cut(&mut schema);

    jsonschema::validator_for(&schema).unwrap()
}

fn assert_valid(schema: &jsonschema::Validator, bytes: &[u8]) {
    let value: Value = serde_json::from_slice(bytes).unwrap();
    let errors: Vec<String> = schema
        .iter_errors(&value)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{errors:#?}");
}

#[test]
fn documents_are_valid_under_the_official_schemas() {
    let (inventory, provenance) = (inventory(), provenance());
    for (version, file) in [
        ("1.4", "cyclonedx_1_4.json"),
        ("1.5", "cyclonedx_1_5.json"),
        ("1.6", "cyclonedx_1_6.json"),
    ] {
        let schema = schema("serde-cyclonedx", file);
        assert_valid(
            &schema,
            &written("cyclonedx-json", &inventory, &provenance, version),
        );
        // The schema is one that can refuse.
        assert!(!schema.is_valid(
            &serde_json::json!({ "bomFormat": "CycloneDX", "specVersion": version, "components": 1 })
        ));
    }
    let spdx_schema = schema("serde-spdx", "spdx_2_3.json");
    assert_valid(
        &spdx_schema,
        &written("spdx-json", &inventory, &provenance, "2.3"),
    );
    assert!(!spdx_schema.is_valid(&serde_json::json!({ "spdxVersion": "SPDX-2.3" })));
}

#[test]
fn vex_is_valid_and_says_not_affected_only_with_a_reason() {
    let hit = |scope: Scope, result: Linkage| Hit {
        id: "RUSTSEC-2024-0001".into(),
        aliases: vec!["CVE-2024-1".into()],
        package: "p".into(),
        version: "1.0.0".into(),
        purl: "pkg:cargo/p@1.0.0".into(),
        severity: Severity::High,
        scope,
        reachability: Reachability {
            result,
            evidence: vec!["e".into()],
        },
        fix: "update".into(),
        ..Hit::default()
    };

    let hits = vec![
        hit(Scope::Artifact, Linkage::Linked),
        hit(Scope::Artifact, Linkage::NotLinked),
        hit(Scope::Artifact, Linkage::Unknown),
        hit(Scope::BuildTime, Linkage::Unknown),
        hit(Scope::Unknown, Linkage::Unknown),
    ];

    let products = [Product {
        name: "pkg:cargo/app@1.0.0?download_url=file:.".to_owned(),
        hits,
        is_approximate: false,
        built_elsewhere: BTreeSet::new(),
    }];

    let cyclonedx = vex_document(&products, Format::CycloneDx, 0).unwrap();
    assert_valid(&schema("serde-cyclonedx", "cyclonedx_1_5.json"), &cyclonedx);
    let open: Value =
        serde_json::from_slice(&vex_document(&products, Format::OpenVex, 0).unwrap()).unwrap();
    let said: Vec<(&str, bool, bool)> = open["statements"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| {
            (
                one["status"].as_str().unwrap(),
                one["justification"].is_string(),
                one["action_statement"].is_string(),
            )
        })
        .collect();

    assert_eq!(
        said,
        [
            ("affected", false, true),
            ("not_affected", true, false),
            ("under_investigation", false, false),
            ("not_affected", true, false),
            ("under_investigation", false, false),
        ]
    );
}

#[test]
fn every_format_says_the_same_about_every_component() {
    let (inventory, provenance) = (inventory(), provenance());
    let read = |bytes: Vec<u8>| parse_document(&bytes, "document").unwrap();
    let cdx = read(written("cyclonedx-json", &inventory, &provenance, "1.5"));
    let packages = cdx
        .components
        .values()
        .filter(|entry| entry.cargo().is_some())
        .count();

    assert_eq!(packages, inventory.components.len());
    let shipped = |role| {
        inventory
            .components
            .values()
            .filter(|component| component.role == role)
            .count()
    };

    let scoped = |scope: &str| {
        cdx.components
            .values()
            .filter(|entry| entry.cargo().is_some() && entry.scope.as_deref() == Some(scope))
            .count()
    };

    assert_eq!(
        (scoped("required"), scoped("excluded")),
        (shipped(Role::Shipped), shipped(Role::BuildTime))
    );

    for other in [
        written("cyclonedx-json", &inventory, &provenance, "1.4"),
        written("cyclonedx-json", &inventory, &provenance, "1.6"),
        written("cyclonedx-xml", &inventory, &provenance, "1.5"),
        written("spdx-json", &inventory, &provenance, "2.3"),
        written("spdx-tag-value", &inventory, &provenance, "2.3"),
    ] {
        let other = read(other);
        assert_eq!(
            other.components.keys().collect::<Vec<_>>(),
            cdx.components.keys().collect::<Vec<_>>()
        );
        for (key, entry) in &other.components {
            let before = &cdx.components[key];
            assert_eq!(
                (&entry.needs, &entry.scope),
                (&before.needs, &before.scope),
                "{key}"
            );
            assert_eq!(
                (&entry.license, &entry.sha256),
                (&before.license, &before.sha256),
                "{key}"
            );
            assert_eq!(entry.features, before.features, "{key}");
        }
        assert_eq!(
            other.main.as_ref().map(Entry::key),
            cdx.main.as_ref().map(Entry::key)
        );
        assert!(other.dangling.is_empty());
    }
}

#[test]
fn nothing_of_this_machine_is_in_a_document() {
    let (inventory, provenance) = (inventory(), provenance());
    for bytes in [
        written("cyclonedx-json", &inventory, &provenance, "1.5"),
        written("spdx-json", &inventory, &provenance, "2.3"),
    ] {
        assert_eq!(bytes, bytes.clone());
        let text = String::from_utf8(bytes).unwrap();
        let here = metadata();
        assert!(
            !text.contains(here.workspace_root.as_str()),
            "a path of this machine"
        );
        let home = std::env::home_dir().unwrap();
        assert!(
            !text.contains(&format!("{}/", home.display())),
            "a path of this user"
        );
    }
}

/// What NTIA, CISA and BSI TR-03183-2 ask for, field by field, of a document about one file.
#[test]
fn every_minimum_element_is_there() {
    let mut provenance = provenance();
    provenance.maker = Maker {
        supplier: Some("Supplier".to_owned()),
        manufacturer: Some("Manufacturer".to_owned()),
        author: Some("Author".to_owned()),
        contact: Some("contact@example.org".to_owned()),
    };
    let inventory = inventory();
    let bytes = written("cyclonedx-json", &inventory, &provenance, "1.6");
    assert_valid(&schema("serde-cyclonedx", "cyclonedx_1_6.json"), &bytes);
    let document: Value = serde_json::from_slice(&bytes).unwrap();
    let metadata = &document["metadata"];
    assert_eq!(metadata["supplier"]["name"], "Supplier");
    assert_eq!(metadata["manufacturer"]["name"], "Manufacturer");
    assert_eq!(metadata["authors"][0]["name"], "Author");
    assert_eq!(metadata["authors"][0]["email"], "contact@example.org");
    assert!(metadata["timestamp"].is_string() && metadata["tools"][0]["name"].is_string());
    assert_eq!(metadata["lifecycles"][0]["phase"], "build");

    let product = &metadata["component"];
    assert_eq!(product["type"], "application");
    assert_eq!(product["supplier"]["name"], "Supplier");
    let algorithms: Vec<&str> = product["hashes"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|hash| hash["alg"].as_str())
        .collect();
    assert_eq!(algorithms, ["SHA-256", "SHA-512"]);
    let properties = product["properties"].as_array().unwrap();
    for (name, value) in [("filename", "app"), ("executable", "executable")] {
        let found = properties
            .iter()
            .find(|property| property["name"] == format!("bsi:component:{name}"));
        assert_eq!(found.unwrap()["value"], value);
    }

    for component in document["components"].as_array().unwrap() {
        let is_native = component["purl"]
            .as_str()
            .unwrap()
            .starts_with("pkg:generic/")
            && component["supplier"].is_null();
        for field in ["name", "purl", "bom-ref"] {
            assert!(component[field].is_string(), "{field} of {component}");
        }
        assert!(
            is_native || component["supplier"]["name"].is_string(),
            "{component}"
        );
        assert!(is_native || component["licenses"].is_array(), "{component}");
    }

    let spdx = written("spdx-json", &inventory, &provenance, "2.3");
    assert_valid(&schema("serde-spdx", "spdx_2_3.json"), &spdx);
    let spdx: Value = serde_json::from_slice(&spdx).unwrap();
    let creators = spdx["creationInfo"]["creators"].to_string();
    assert!(
        creators.contains("Person: Author (contact@example.org)"),
        "{creators}"
    );
    assert_eq!(spdx["packages"][0]["supplier"], "Organization: Supplier");
    assert_eq!(spdx["packages"][0]["packageFileName"], "app");
}
