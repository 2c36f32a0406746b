//! Documents of others: odd, hostile and merely unusual ones. Of the first two kinds none passes in
//! silence; of the last none is refused.

#![expect(
    clippy::unwrap_used,
    reason = "a fixture that cannot be made fails its test"
)]

use cargo_sbom_lite::format::parse_document;
use cargo_sbom_lite::judge::documents::list_packages;
use cargo_sbom_lite::judge::matching::{Build, find_hits};
use cargo_sbom_lite::rules::{NOT_JUDGED_OTHER, NOT_JUDGED_REPOSITORY};
use release_gate::advisories::Advisories;
use release_gate::process::Runner;
use serde_json::{Value, json};

/// What an audit would say of a document.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It cannot be read: 101.
    Refused,
    /// Something in it cannot be judged: 101, or a finding that is shown.
    NotJudged,
    /// The vulnerable package was found: 100.
    Vulnerable,
    /// Everything was looked up, and nothing was found.
    Passes,
}

/// A database with one advisory, about `smallvec` below 1.6.1.
pub(super) fn database() -> (tempfile::TempDir, Advisories) {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("crates/smallvec");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(
        folder.join("RUSTSEC-2021-0003.md"),
        "```toml\n[advisory]\nid = \"RUSTSEC-2021-0003\"\npackage = \"smallvec\"\ndate = \"2021-01-08\"\n[versions]\npatched = [\">= 1.6.1\"]\n```\n\n# Overflow\n\nText.\n",
    )
    .unwrap();
    let advisories = Advisories::open(dir.path(), &Runner::new()).unwrap();
    (dir, advisories)
}

pub(super) fn outcome_of(document: &str, advisories: &Advisories) -> Outcome {
    let Ok(sbom) = parse_document(document.as_bytes(), "document") else {
        return Outcome::Refused;
    };
    let listed = list_packages(&sbom, advisories, &[]);
    let quiet = [&NOT_JUDGED_OTHER, &NOT_JUDGED_REPOSITORY].map(|rule| rule.coverage_kind());
    let has_gap = listed
        .coverage()
        .not_judged
        .iter()
        .any(|entry| !quiet.contains(&Some(entry.kind.as_str())));
    if has_gap || listed.packages.is_empty() {
        return Outcome::NotJudged;
    }
    match find_hits(&listed.packages, advisories, Build::default()).is_empty() {
        true => Outcome::Passes,
        false => Outcome::Vulnerable,
    }
}

pub(super) const CDX_VERSIONS: [&str; 6] = ["1.2", "1.3", "1.4", "1.5", "1.6", "1.7"];

pub(super) fn library(name: &str, version: &str, purl: &str) -> Value {
    json!({ "type": "library", "name": name, "version": version, "purl": purl })
}

pub(super) fn serde() -> Value {
    library("serde", "1.0.200", "pkg:cargo/serde@1.0.200")
}

pub(super) fn smallvec() -> Value {
    library("smallvec", "1.6.0", "pkg:cargo/smallvec@1.6.0")
}

/// A document with a harmless component and others.
pub(super) fn cyclonedx(version: &str, components: &[Value], more: Value) -> String {
    let mut all = vec![serde()];
    all.extend(components.iter().cloned());
    let mut document =
        json!({ "bomFormat": "CycloneDX", "specVersion": version, "components": all });
    for (key, value) in more.as_object().unwrap() {
        document[key] = value.clone();
    }
    document.to_string()
}

pub(super) fn cdx(components: &[Value]) -> String {
    cyclonedx("1.5", components, json!({}))
}

pub(super) fn xml(version: &str, body: &str) -> String {
    format!(
        "<?xml version=\"1.0\"?>\n<bom xmlns=\"http://cyclonedx.org/schema/bom/{version}\" version=\"1\">{body}</bom>"
    )
}

pub(super) fn xml_component(name: &str, version: &str, purl: &str, more: &str) -> String {
    format!(
        "<component type=\"library\"><name>{name}</name><version>{version}</version><purl>{purl}</purl>{more}</component>"
    )
}

pub(super) fn xml_serde(more: &str) -> String {
    xml_component("serde", "1.0.200", "pkg:cargo/serde@1.0.200", more)
}

pub(super) fn spdx_package(id: &str, name: &str, version: &str, purls: &[&str]) -> Value {
    let references: Vec<Value> = purls
        .iter()
        .map(|purl| json!({ "referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl", "referenceLocator": purl }))
        .collect();
    json!({ "SPDXID": id, "name": name, "versionInfo": version, "externalRefs": references })
}

pub(super) fn spdx(packages: &[Value], relations: &[(&str, &str, &str)]) -> Value {
    let mut all = vec![spdx_package(
        "SPDXRef-serde",
        "serde",
        "1.0.200",
        &["pkg:cargo/serde@1.0.200"],
    )];
    all.extend(packages.iter().cloned());
    let relations: Vec<Value> = relations
        .iter()
        .map(|(from, kind, to)| json!({ "spdxElementId": from, "relationshipType": kind, "relatedSpdxElement": to }))
        .collect();
    json!({ "spdxVersion": "SPDX-2.3", "SPDXID": "SPDXRef-DOCUMENT", "packages": all, "relationships": relations })
}

pub(super) fn tags(more: &str) -> String {
    format!(
        "SPDXVersion: SPDX-2.3\nDataLicense: CC0-1.0\nSPDXID: SPDXRef-DOCUMENT\n\nPackageName: serde\nSPDXID: SPDXRef-serde\nPackageVersion: 1.0.200\nExternalRef: PACKAGE-MANAGER purl pkg:cargo/serde@1.0.200\n{more}"
    )
}

pub(super) fn spdx3(packages: &[Value], relations: &[Value]) -> String {
    let mut graph = vec![
        json!({ "type": "SpdxDocument", "spdxId": "urn:doc", "rootElement": ["urn:app"] }),
        json!({ "type": "software_Package", "spdxId": "urn:app", "name": "app", "software_packageVersion": "1.0.0" }),
        json!({ "type": "software_Package", "spdxId": "urn:serde", "name": "serde", "software_packageVersion": "1.0.200", "software_packageUrl": "pkg:cargo/serde@1.0.200" }),
        json!({ "type": "Relationship", "spdxId": "urn:r", "from": "urn:app", "to": ["urn:serde"], "relationshipType": "dependsOn" }),
    ];
    graph.extend(packages.iter().cloned());
    graph.extend(relations.iter().cloned());
    json!({ "@context": "https://spdx.org/rdf/3.0.1/spdx-context.jsonld", "@graph": graph })
        .to_string()
}

/// Package URLs that may be the vulnerable crate, and do not say so in a way that can be read.
const STRANGE_URLS: &[&str] = &[
    "pkg:cargo",
    "pkg:",
    "pkg:cargo/",
    "pkg:cargo/@1.6.0",
    "pkg:c%61rgo/smallvec@1.6.0",
    "pkg:cargo /smallvec@1.6.0",
    "pkg:crate/smallvec@1.6.0",
    "pkg:crates/smallvec@1.6.0",
    "pkg:crates.io/smallvec@1.6.0",
    "pkg:rust/smallvec@1.6.0",
    "pkg:github/servo/rust-smallvec@v1.6.0",
    "pkg:generic/smallvec@1.6.0",
    "pkg:generic/vendor/smallvec@v1.6.0",
    "pkg:deb/debian/librust-smallvec-dev@1.6.0",
    "pkg:cargo/small%E2%80%8Bvec@1.6.0",
    "pkg:cargo/sm%D0%B0llvec@1.6.0",
    "pkg:cargo/%E2%80%AEsmallvec@1.6.0",
    "pkg:cargo/small%00vec@1.6.0",
    "pkg:cargo/smallvec%20@1.6.0",
    "pkg:cargo/smallvec%2@1.6.0",
    "pkg:cargo/servo/smallvec@1.6.0",
    "pkg:cargo/smallvec@one",
    "pkg:cargo/smallvec@1.6",
    "pkg:cargo/smallvec@1.6.0?repository_url",
    "pkg:cargo/smallvec@1.6.0?a=1&a=2",
    "cargo:smallvec@1.6.0",
    " pkg:cargo/smallvec@1.6.0",
    "https://crates.io/crates/smallvec/1.6.0",
];

/// Names of crates.io.
const CRATES_IO: &[&str] = &[
    "",
    "crates.io",
    "http://crates.io",
    "https://Crates.io",
    "https://www.crates.io/",
    "https://static.crates.io/crates",
    "https://crates.io/api/v1/crates",
    "https://index.crates.io/",
    "https%3A%2F%2Fgithub.com%2Frust-lang%2Fcrates.io-index",
    "https://github.com/rust-lang/crates.io-index.git",
    "ssh://git@github.com/rust-lang/crates.io-index",
    "sparse%2Bhttps://index.crates.io/",
    "https://rsproxy.cn/index/",
];

fn hostile_cyclonedx() -> Vec<(String, String)> {
    let mut list: Vec<(String, String)> = Vec::new();
    let mut add = |name: String, document: String| list.push((name, document));
    for url in STRANGE_URLS {
        add(
            format!("url {url}"),
            cdx(&[library("smallvec", "1.6.0", url)]),
        );
    }
    for url in CRATES_IO {
        let purl = format!("pkg:cargo/smallvec@1.6.0?repository_url={url}");
        add(
            format!("registry {url}"),
            cdx(&[library("smallvec", "1.6.0", &purl)]),
        );
    }
    for kind in [
        "application",
        "file",
        "container",
        "device",
        "firmware",
        "operating-system",
        "platform",
        "data",
    ] {
        let component = json!({ "type": kind, "name": "smallvec", "version": "1.6.0" });
        add(format!("kind {kind}"), cdx(&[component]));
        let hidden = json!({ "type": kind, "name": "small\u{200b}vec", "version": "1.6.0" });
        add(
            format!("kind {kind}, name with what nobody sees"),
            cdx(&[hidden]),
        );
    }
    for kind in ["library", "framework"] {
        add(
            format!("{kind} without a URL"),
            cdx(&[json!({ "type": kind, "name": "x", "version": "1.0.0" })]),
        );
    }
    add(
        "no kind".into(),
        cdx(&[json!({ "name": "x", "version": "1.0.0" })]),
    );
    for (name, version, purl) in [
        ("smallvec", "1.6.0", "pkg:cargo/smallvec@1.13.2"),
        ("smallvec", "1.6.0", "pkg:cargo/serde@1.0.200"),
        ("smallvec", "1.6.0", "pkg:cargo/serde@1.0.200#src/main.rs"),
        ("sm\u{430}llvec", "1.6.0", "pkg:cargo/serde@1.0.200"),
        ("smallvec", "1.13.2", "pkg:cargo/smallvec@1.6.0"),
        ("serde", "1.6.0", "pkg:cargo/serde@1.0.200"),
    ] {
        add(
            format!("{name} {version} is {purl}"),
            cdx(&[library(name, version, purl)]),
        );
    }
    for field in ["name", "version", "purl"] {
        for other in [json!(1), json!(["smallvec"]), json!({ "x": 1 })] {
            let mut component = smallvec();
            component[field] = other.clone();
            add(format!("{field} is {other}"), cdx(&[component]));
        }
    }
    let twice =
        |text: &str| format!("{{\"bomFormat\":\"CycloneDX\",\"specVersion\":\"1.5\",{text}}}");
    let (good, bad) = (serde(), smallvec());
    for (name, text) in [
        (
            "components",
            format!("\"components\":[{bad}],\"components\":[{good}]"),
        ),
        (
            "purl",
            format!(
                "\"components\":[{good},{{\"type\":\"library\",\"name\":\"smallvec\",\"version\":\"1.6.0\",\"purl\":\"pkg:cargo/smallvec@1.6.0\",\"purl\":\"pkg:cargo/smallvec@1.13.2\"}}]"
            ),
        ),
        (
            "version",
            format!(
                "\"components\":[{good},{{\"type\":\"library\",\"name\":\"smallvec\",\"purl\":\"pkg:cargo/smallvec\",\"version\":\"1.6.0\",\"version\":\"1.13.2\"}}]"
            ),
        ),
        (
            "metadata",
            format!(
                "\"components\":[{good}],\"metadata\":{{\"component\":{bad}}},\"metadata\":{{}}"
            ),
        ),
        (
            "bomFormat",
            format!("\"components\":[{good}],\"bomFormat\":\"x\""),
        ),
    ] {
        add(format!("`{name}` twice"), twice(&text));
    }
    add("one reference for two".into(), {
        let (mut a, mut b) = (serde(), smallvec());
        a["bom-ref"] = "x".into();
        b["bom-ref"] = "x".into();
        cdx(&[a, b])
    });
    for aggregate in [
        "incomplete",
        "incomplete_first_party_only",
        "incomplete_third_party_only",
        "incomplete_third_party_opensource_only",
    ] {
        add(
            format!("it is {aggregate}"),
            cyclonedx(
                "1.5",
                &[],
                json!({ "compositions": [{ "aggregate": aggregate }] }),
            ),
        );
    }
    add(
        "another BOM".into(),
        cyclonedx(
            "1.5",
            &[],
            json!({ "externalReferences": [{ "type": "bom", "url": "https://example.org/x.json" }] }),
        ),
    );
    add(
        "a BOM-Link".into(),
        cyclonedx(
            "1.5",
            &[],
            json!({ "externalReferences": [{ "type": "other", "url": "urn:cdx:f08a6ccd-4dce-4759-bd84-c626675d60a7/1" }] }),
        ),
    );
    add(
        "a dependency in another BOM".into(),
        cyclonedx(
            "1.5",
            &[],
            json!({ "dependencies": [{ "ref": "urn:cdx:f08a6ccd-4dce-4759-bd84-c626675d60a7/1#x", "dependsOn": [] }] }),
        ),
    );
    add(
        "a dependency that is not there".into(),
        cyclonedx(
            "1.5",
            &[],
            json!({ "dependencies": [{ "ref": "pkg:cargo/serde@1.0.200", "dependsOn": ["pkg:cargo/smallvec@1.6.0"] }] }),
        ),
    );
    let main = json!({ "component": { "type": "application", "name": "a", "version": "1.0.0", "purl": "pkg:cargo/a@1.0.0" } });
    add("nothing in it".into(), json!({ "bomFormat": "CycloneDX", "specVersion": "1.5", "metadata": main, "components": [] }).to_string());
    add(
        "no list at all".into(),
        json!({ "bomFormat": "CycloneDX", "specVersion": "1.5", "metadata": main }).to_string(),
    );
    for relatives in ["ancestors", "descendants", "variants"] {
        let mut fork = library("fork", "1.0.0", "pkg:cargo/fork@1.0.0");
        fork["pedigree"] = json!({ relatives: [smallvec()] });
        add(format!("its {relatives}"), cdx(&[fork.clone()]));
        fork["pedigree"] =
            json!({ relatives: [{ "type": "library", "name": "smallvec", "version": "1.6.0" }] });
        add(format!("its {relatives}, without a URL"), cdx(&[fork]));
    }
    let mut evident = library("fork", "1.0.0", "pkg:cargo/fork@1.0.0");
    for identity in [
        json!({ "field": "purl", "concludedValue": "pkg:cargo/smallvec@1.6.0" }),
        json!([{ "field": "purl", "concludedValue": "pkg:cargo/smallvec@1.6.0" }]),
        json!({ "field": "purl", "methods": [{ "technique": "other", "value": "pkg:cargo/smallvec@1.6.0" }] }),
    ] {
        evident["evidence"] = json!({ "identity": identity });
        add(format!("evidence {identity}"), cdx(&[evident.clone()]));
    }
    add(
        "nested".into(),
        cdx(&[json!({ "type": "application", "name": "a", "components": [smallvec()] })]),
    );
    add(
        "in the formulation".into(),
        cyclonedx(
            "1.5",
            &[],
            json!({ "formulation": [{ "components": [smallvec()] }] }),
        ),
    );
    add(
        "in what is described".into(),
        cyclonedx(
            "1.5",
            &[],
            json!({ "metadata": { "component": smallvec() } }),
        ),
    );
    for version in CDX_VERSIONS {
        add(
            format!("plainly, in {version}"),
            cyclonedx(version, &[smallvec()], json!({})),
        );
        let body = format!(
            "<components>{}{}</components>",
            xml_serde(""),
            xml_component("smallvec", "1.6.0", "pkg:cargo/smallvec@1.6.0", "")
        );
        add(format!("plainly, in XML {version}"), xml(version, &body));
    }
    list
}

fn hostile_others() -> Vec<(String, String)> {
    let mut list: Vec<(String, String)> = Vec::new();
    let mut add = |name: String, document: String| list.push((name, document));
    let bad = xml_component("smallvec", "1.6.0", "pkg:cargo/smallvec@1.6.0", "");
    for (name, body) in [
        (
            "two URLs",
            format!(
                "<components>{}</components>",
                xml_component(
                    "smallvec",
                    "1.6.0",
                    "pkg:cargo/smallvec@1.6.0</purl><purl>pkg:cargo/serde@1.0.200",
                    ""
                )
            ),
        ),
        (
            "two versions",
            format!(
                "<components>{}</components>",
                xml_component(
                    "smallvec",
                    "1.6.0</version><version>1.13.2",
                    "pkg:cargo/smallvec",
                    ""
                )
            ),
        ),
        (
            "two names",
            format!(
                "<components>{}</components>",
                xml_component(
                    "smallvec</name><name>serde",
                    "1.6.0",
                    "pkg:cargo/smallvec@1.6.0",
                    ""
                )
            ),
        ),
        (
            "two lists",
            format!(
                "<components>{bad}</components><components>{}</components>",
                xml_serde("")
            ),
        ),
        (
            "two heads",
            format!(
                "<metadata>{bad}</metadata><metadata/><components>{}</components>",
                xml_serde("")
            ),
        ),
        (
            "incomplete",
            format!(
                "<components>{}</components><compositions><composition><aggregate>incomplete</aggregate></composition></compositions>",
                xml_serde("")
            ),
        ),
        (
            "pedigree",
            format!(
                "<components>{}</components>",
                xml_serde(&format!(
                    "<pedigree><ancestors>{bad}</ancestors></pedigree>"
                ))
            ),
        ),
        (
            "nested",
            format!(
                "<components>{}</components>",
                xml_serde(&format!("<components>{bad}</components>"))
            ),
        ),
        (
            "another BOM",
            format!(
                "<components>{}</components><externalReferences><reference type=\"bom\"><url>x</url></reference></externalReferences>",
                xml_serde("")
            ),
        ),
        (
            "a missing part",
            format!(
                "<components>{}</components><dependencies><dependency ref=\"a\"><dependency ref=\"b\"/></dependency></dependencies>",
                xml_serde("")
            ),
        ),
        ("broken off", "<components><component".to_owned()),
    ] {
        add(format!("XML, {name}"), xml("1.5", &body));
    }
    add(
        "XML of another kind".into(),
        "<bom xmlns=\"http://example.org/bom\"/>".into(),
    );
    add(
        "XML with entities".into(),
        format!(
            "<!DOCTYPE bom [<!ENTITY a \"smallvec\">]>{}",
            xml(
                "1.5",
                "<components><component type=\"library\"><name>&a;</name><version>1.6.0</version></component></components>"
            )
        ),
    );

    for purpose in [
        "APPLICATION",
        "SOURCE",
        "OTHER",
        "FILE",
        "CONTAINER",
        "FRAMEWORK",
        "LIBRARY",
    ] {
        let mut package = spdx_package("SPDXRef-s", "smallvec", "1.6.0", &[]);
        package["primaryPackagePurpose"] = purpose.into();
        add(
            format!("SPDX, {purpose}"),
            spdx(&[package], &[]).to_string(),
        );
    }
    for purls in [
        &["pkg:cargo/serde@1.0.200", "pkg:cargo/smallvec@1.6.0"][..],
        &["pkg:npm/x@1.0.0", "pkg:cargo/smallvec@1.6.0"],
        &["pkg:cargo/smallvec@1.6.0"],
        &["pkg:cargo/small%00vec@1.6.0"],
    ] {
        add(
            format!("SPDX, {purls:?}"),
            spdx(
                &[spdx_package("SPDXRef-s", "smallvec", "1.6.0", purls)],
                &[],
            )
            .to_string(),
        );
    }
    for kind in [
        "CONTAINS",
        "DEPENDS_ON",
        "AMENDS",
        "GENERATED_FROM",
        "OPTIONAL_DEPENDENCY_OF",
        "STATIC_LINK",
        "DESCRIBES",
        "OTHER",
    ] {
        add(
            format!("SPDX, {kind} elsewhere"),
            spdx(
                &[],
                &[("SPDXRef-serde", kind, "DocumentRef-ext:SPDXRef-smallvec")],
            )
            .to_string(),
        );
        add(
            format!("SPDX, {kind} nowhere"),
            spdx(&[], &[("SPDXRef-serde", kind, "SPDXRef-smallvec")]).to_string(),
        );
    }
    add(
        "SPDX, one id twice".into(),
        spdx(
            &[spdx_package(
                "SPDXRef-serde",
                "smallvec",
                "1.6.0",
                &["pkg:cargo/smallvec@1.6.0"],
            )],
            &[],
        )
        .to_string(),
    );
    let mut polyglot = spdx(&[], &[]);
    polyglot["bomFormat"] = "CycloneDX".into();
    polyglot["specVersion"] = "1.5".into();
    polyglot["components"] = json!([smallvec()]);
    add("two formats at once".into(), polyglot.to_string());

    for (name, more) in [
        ("two versions", "PackageVersion: 1.6.0\n"),
        ("two ids", "SPDXID: SPDXRef-other\n"),
        (
            "two URLs",
            "ExternalRef: PACKAGE-MANAGER purl pkg:cargo/smallvec@1.6.0\n",
        ),
        (
            "elsewhere",
            "Relationship: SPDXRef-serde CONTAINS DocumentRef-x:SPDXRef-s\n",
        ),
        (
            "nowhere",
            "Relationship: SPDXRef-serde DEPENDS_ON SPDXRef-s\n",
        ),
        (
            "without a URL",
            "PackageName: x\nSPDXID: SPDXRef-x\nPackageVersion: 1.0.0\n",
        ),
        (
            "plainly",
            "PackageName: smallvec\nSPDXID: SPDXRef-x\nPackageVersion: 1.6.0\nExternalRef: PACKAGE-MANAGER purl pkg:cargo/smallvec@1.6.0\n",
        ),
        ("no tag", "what is this\n"),
        ("no end", "PackageComment: <text>never\n"),
    ] {
        add(format!("tags, {name}"), tags(more));
    }

    let bad = json!({ "type": "software_Package", "spdxId": "urn:s", "name": "smallvec", "software_packageVersion": "1.6.0", "software_packageUrl": "pkg:cargo/smallvec@1.6.0" });
    add(
        "SPDX 3, plainly".into(),
        spdx3(std::slice::from_ref(&bad), &[]),
    );
    add(
        "SPDX 3, one id twice".into(),
        spdx3(&[bad.clone(), bad], &[]),
    );
    add(
        "SPDX 3, without a URL".into(),
        spdx3(
            &[
                json!({ "type": "software_Package", "spdxId": "urn:s", "name": "x", "software_packageVersion": "1.0.0" }),
            ],
            &[],
        ),
    );
    add(
        "SPDX 3, nowhere".into(),
        spdx3(
            &[],
            &[
                json!({ "type": "Relationship", "spdxId": "urn:q", "from": "urn:app", "to": ["urn:gone"], "relationshipType": "contains" }),
            ],
        ),
    );
    add(
        "SPDX 3, incomplete".into(),
        spdx3(
            &[],
            &[
                json!({ "type": "Relationship", "spdxId": "urn:q", "from": "urn:app", "to": [], "relationshipType": "dependsOn", "completeness": "incomplete" }),
            ],
        ),
    );
    add(
        "SPDX 3, imported".into(),
        spdx3(
            &[
                json!({ "type": "SpdxDocument", "spdxId": "urn:e", "import": [{ "externalSpdxId": "urn:x" }] }),
            ],
            &[],
        ),
    );
    for text in [
        "",
        "{}",
        "[]",
        "null",
        "<bom/>",
        "SPDXVersion: SPDX-2.3\n",
        "{\"bomFormat\":\"CycloneDX\"}",
        "{\"spdxVersion\":\"SPDX-9\"}",
        "{\"@graph\":[]}",
    ] {
        add(format!("nothing: {text}"), text.to_owned());
    }
    list
}

fn legitimate() -> Vec<(String, String)> {
    let mut list: Vec<(String, String)> = Vec::new();
    let mut add = |name: String, document: String| list.push((name, document));
    for version in CDX_VERSIONS {
        add(
            format!("CycloneDX {version}"),
            cyclonedx(version, &[], json!({})),
        );
        add(
            format!("XML {version}"),
            xml(
                version,
                &format!("<components>{}</components>", xml_serde("")),
            ),
        );
    }
    for (name, component) in [
        (
            "npm",
            library("left-pad", "1.0.0", "pkg:npm/left-pad@1.0.0"),
        ),
        (
            "npm, scoped",
            library("pad", "1.0.0", "pkg:npm/%40a/pad@1.0.0"),
        ),
        (
            "a toolchain",
            library("rustc", "1.95.0", "pkg:generic/rustc@1.95.0"),
        ),
        (
            "an action",
            library("checkout", "v4", "pkg:githubactions/actions/checkout@v4"),
        ),
        (
            "a repository",
            library("x/y", "v1.0.0", "pkg:github/x/y@v1.0.0"),
        ),
        (
            "a file",
            json!({ "type": "file", "name": "/usr/lib/libc.so.6" }),
        ),
        (
            "a system",
            json!({ "type": "operating-system", "name": "debian", "version": "12" }),
        ),
        (
            "a program of a package",
            json!({ "type": "application", "name": "tool", "version": "1.0.200", "purl": "pkg:cargo/serde@1.0.200#src/bin/tool.rs" }),
        ),
        (
            "a spelling of the name",
            library("serde-json", "1.0.0", "pkg:cargo/serde_json@1.0.0"),
        ),
        (
            "a version behind a v",
            library("a", "v1.0.0", "pkg:cargo/a@1.0.0"),
        ),
        (
            "a version in the component alone",
            library("a", "1.0.0", "pkg:cargo/a"),
        ),
        (
            "a build part",
            library("a", "1.0.0+1.2.3", "pkg:cargo/a@1.0.0%2B1.2.3"),
        ),
        (
            "a mended one",
            library("smallvec", "1.13.2", "pkg:cargo/smallvec@1.13.2"),
        ),
        (
            "a checksum",
            library("a", "1.0.0", "pkg:cargo/a@1.0.0?checksum=sha256:00"),
        ),
        (
            "a folder",
            library("a", "1.0.0", "pkg:cargo/a@1.0.0?download_url=file://."),
        ),
        (
            "an old type in capitals",
            library("a", "1.0.0", "PKG:cargo/a@1.0.0"),
        ),
    ] {
        add(name.into(), cdx(&[component]));
    }
    let leaf = json!({ "bomFormat": "CycloneDX", "specVersion": "1.5", "components": [],
        "metadata": { "component": { "type": "library", "name": "a", "version": "1.0.0", "bom-ref": "a", "purl": "pkg:cargo/a@1.0.0" } },
        "dependencies": [{ "ref": "a" }] });
    add("a package that needs nothing".into(), leaf.to_string());
    add(
        "compositions that are complete or unknown".into(),
        cyclonedx(
            "1.5",
            &[],
            json!({ "compositions": [{ "aggregate": "complete" }, { "aggregate": "unknown" }] }),
        ),
    );
    add(
        "references to pages".into(),
        cyclonedx(
            "1.5",
            &[],
            json!({ "externalReferences": [{ "type": "website", "url": "https://example.org" }] }),
        ),
    );
    let mut patched = serde();
    patched["pedigree"] = json!({ "ancestors": [library("serde", "1.0.199", "pkg:cargo/serde@1.0.199")], "patches": [{ "type": "backport" }] });
    patched["evidence"] =
        json!({ "identity": { "field": "purl", "concludedValue": "pkg:cargo/serde@1.0.200" } });
    add("harmless pedigree and evidence".into(), cdx(&[patched]));
    for (name, body) in [
        (
            "tools as components",
            format!(
                "<metadata><tools><components><component type=\"application\"><name>t</name><version>1</version></component></components></tools></metadata><components>{}</components>",
                xml_serde("")
            ),
        ),
        (
            "tools as a list",
            format!(
                "<metadata><tools><tool><name>t</name></tool><tool><name>u</name></tool></tools></metadata><components>{}</components>",
                xml_serde("")
            ),
        ),
        (
            "pedigree",
            format!(
                "<components>{}</components>",
                xml_serde(
                    "<pedigree><ancestors><component type=\"library\"><name>x</name><version>1.0.0</version></component></ancestors></pedigree>"
                )
            ),
        ),
        (
            "licences, hashes, properties",
            format!(
                "<components>{}</components>",
                xml_serde(
                    "<hashes><hash alg=\"SHA-256\">00</hash></hashes><licenses><expression>MIT</expression></licenses><properties><property name=\"a\">b</property><property name=\"c\">d</property></properties>"
                )
            ),
        ),
        (
            "vulnerabilities",
            format!(
                "<components>{}</components><vulnerabilities><vulnerability><id>a</id></vulnerability><vulnerability><id>b</id></vulnerability></vulnerabilities>",
                xml_serde("")
            ),
        ),
        (
            "extensions",
            format!(
                "<components>{}</components><x:y xmlns:x=\"http://example.org\"><x:purl>1</x:purl><x:purl>2</x:purl></x:y>",
                xml_serde("")
            ),
        ),
        (
            "dependencies",
            format!(
                "<components>{}</components><dependencies><dependency ref=\"pkg:cargo/serde@1.0.200\"/></dependencies>",
                xml_serde("")
            ),
        ),
    ] {
        add(format!("XML, {name}"), xml("1.5", &body));
    }
    add("XML with a prefix".into(), "<b:bom xmlns:b=\"http://cyclonedx.org/schema/bom/1.5\"><b:components><b:component type=\"library\"><b:name>serde</b:name><b:version>1.0.200</b:version><b:purl>pkg:cargo/serde@1.0.200</b:purl></b:component></b:components></b:bom>".into());
    for target in ["NONE", "NOASSERTION"] {
        add(
            format!("SPDX, needs {target}"),
            spdx(&[], &[("SPDXRef-serde", "DEPENDS_ON", target)]).to_string(),
        );
        add(
            format!("tags, needs {target}"),
            tags(&format!(
                "Relationship: SPDXRef-serde DEPENDS_ON {target}\n"
            )),
        );
    }
    let mut with_files = spdx(&[], &[("SPDXRef-serde", "CONTAINS", "SPDXRef-f")]);
    with_files["files"] = json!([{ "SPDXID": "SPDXRef-f", "fileName": "./a" }]);
    add("SPDX, files".into(), with_files.to_string());
    add(
        "tags, files".into(),
        tags("Relationship: SPDXRef-serde CONTAINS SPDXRef-f\nFileName: ./a\nSPDXID: SPDXRef-f\n"),
    );
    add(
        "tags in another order".into(),
        format!("# made by hand\nDataLicense: CC0-1.0\n{}", tags("")),
    );
    add(
        "tags with several creators".into(),
        tags("").replace(
            "DataLicense: CC0-1.0",
            "DataLicense: CC0-1.0\nCreator: Tool: a\nCreator: Person: b",
        ),
    );
    let (github, statement) = (spdx(&[], &[]), spdx(&[], &[]));
    add(
        "GitHub's answer".into(),
        json!({ "sbom": github }).to_string(),
    );
    for kind in ["v0.1", "v1"] {
        add(format!("in-toto {kind}"), json!({ "_type": format!("https://in-toto.io/Statement/{kind}"), "subject": [], "predicateType": "https://spdx.dev/Document", "predicate": statement }).to_string());
    }
    add(
        "in-toto, as cosign has it".into(),
        json!({ "_type": "https://in-toto.io/Statement/v0.1", "predicate": { "Data": statement } })
            .to_string(),
    );
    add("SPDX 3".into(), spdx3(&[], &[]));
    add(
        "a mark at the beginning".into(),
        format!("\u{feff}\n{}", cdx(&[])),
    );
    list
}

#[test]
fn no_hostile_document_passes_in_silence() {
    let (_dir, advisories) = database();
    let mut documents = hostile_cyclonedx();
    documents.extend(hostile_others());
    assert!(documents.len() >= 150, "{} documents", documents.len());
    let passing: Vec<&str> = documents
        .iter()
        .filter(|(_, document)| outcome_of(document, &advisories) == Outcome::Passes)
        .map(|(name, _)| name.as_str())
        .collect();
    assert!(passing.is_empty(), "{passing:#?}");
}

#[test]
fn no_legitimate_document_is_refused() {
    let (_dir, advisories) = database();
    let documents = legitimate();
    assert!(documents.len() >= 40, "{} documents", documents.len());
    for (name, document) in documents {
        assert_eq!(
            outcome_of(&document, &advisories),
            Outcome::Passes,
            "{name}: {document}"
        );
    }
}

/// What is the same a thousand times over is read in time that grows with its length.
#[test]
fn many_equal_components_are_read_at_once() {
    let (_dir, advisories) = database();
    let many = vec![serde(); 50_000];
    let started = std::time::Instant::now();
    assert_eq!(outcome_of(&cdx(&many), &advisories), Outcome::Passes);
    assert!(started.elapsed().as_secs() < 60, "{:?}", started.elapsed());
}
