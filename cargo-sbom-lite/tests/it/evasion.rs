//! Ways around the reading of documents: a vulnerable crate in a place, under a name or in a format
//! that one reader sees and another does not. Made from lists, so that each way is tried in each
//! version.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cargo_sbom_lite::format::parse_document;
use cargo_sbom_lite::judge::documents::list_packages;
use serde_json::{Value, json};

use super::hostile::{
    CDX_VERSIONS, Outcome, cdx, cyclonedx, database, library, outcome_of, serde, smallvec, spdx,
    spdx_package, spdx3, tags, xml, xml_component, xml_serde,
};

type Documents = Vec<(String, String)>;

/// A change of a document.
type Change = fn(&mut Value);

/// The crate in words that are no package URL of type `cargo`.
const OTHER_WORDS: &[&str] = &[
    "pkg:crates/smallvec@1.6.0",
    "pkg:cratesio/smallvec@1.6.0",
    "pkg:crates-io/smallvec@1.6.0",
    "pkg:rustcrate/smallvec@1.6.0",
    "pkg:rust-crate/smallvec@1.6.0",
    "pkg:cargo-crate/smallvec@1.6.0",
    "pkg:rustlang/smallvec@1.6.0",
    "pkg:unknown/smallvec@1.6.0",
    "pkg:generic/rust/smallvec@1.6.0",
    "pkg:generic/crates.io/smallvec@1.6.0",
    "pkg:generic/smallvec@v1.6.0",
    "pkg:generic/smallvec@=1.6.0",
    "pkg:generic/smallvec@1.6",
    "pkg:generic/SmallVec@1.6.0",
    "pkg:generic/sm%D0%B0llvec@1.6.0",
    "pkg:generic/small%E2%80%8Bvec@1.6.0",
    "pkg:generic/%EF%BD%93mallvec@1.6.0",
    "pkg:generic/smallvec.crate@1.6.0",
    "pkg:deb/debian/librust-smallvec-dev@1.6.0-1",
    "pkg:deb/debian/rust-smallvec@1.6.0-2",
    "pkg:rpm/fedora/rust-smallvec-devel@1.6.0",
    "pkg:github/servo/rust-smallvec@1.6.0",
    "pkg:gitlab/servo/rust-smallvec@v1.6.0",
    "pkg:bitbucket/servo/smallvec@v1.6.0",
    "pkg:conda/rust-smallvec@1.6.0",
    "pkg:cargo/smallvec@1.6.0%00",
    "pkg:cargo/small\u{200b}vec@1.6.0",
    "pkg:cargo/sm\u{430}llvec@1.6.0",
    "pkg:cargo/\u{202e}smallvec@1.6.0",
    "pkg:cargo/smallvec\u{fe0f}@1.6.0",
    "pkg:cargo/ｓｍａｌｌｖｅｃ@1.6.0",
    "pkg:cargo/smallvec@1.6.0 ",
    "pkg:cargo/crates.io/smallvec@1.6.0",
    "pkg:cargo/smallvec@1.6.0@1.13.2",
    "pkg:cargo/smallvec@latest",
    "pkg:cargo/smallvec@*",
    "pkg:cargo/smallvec@%5E1.6",
    "purl:cargo/smallvec@1.6.0",
    "crates:smallvec@1.6.0",
];

/// Names under which somebody may find the crate.
const NAMES: &[(&str, &str)] = &[
    ("smallvec", "1.6.0"),
    ("SmallVec", "1.6.0"),
    ("small\u{200b}vec", "1.6.0"),
    ("small\u{2060}vec", "1.6.0"),
    ("small\u{ad}vec", "1.6.0"),
    ("small\u{e0001}vec", "1.6.0"),
    ("\u{202e}cevllams", "1.6.0"),
    ("smallvec\u{feff}", "1.6.0"),
    ("sm\u{430}llvec", "1.6.0"),
    ("smaIlvec", "1.6.0 (smallvec@1.6.0)"),
    ("\u{455}mallvec", "1.6.0"),
    ("sma\u{4cf}lvec", "1.6.0"),
    ("smallv\u{435}c", "1.6.0"),
    ("ｓｍａｌｌｖｅｃ", "1.6.0"),
    ("𝐬𝐦𝐚𝐥𝐥𝐯𝐞𝐜", "1.6.0"),
    ("ⓢⓜⓐⓛⓛⓥⓔⓒ", "1.6.0"),
    ("s\u{301}mallvec", "1.6.0"),
    ("smallvec", "v1.6.0"),
    ("smallvec", "=1.6.0"),
    ("smallvec", " 1.6.0"),
    ("smallvec", "1.6"),
    ("smallvec", "1.6.0\u{200b}"),
    ("servo/smallvec", "1.6.0"),
    ("crates.io/smallvec", "1.6.0"),
    ("rust-smallvec", "1.6.0"),
    ("smallvec-rs", "1.6.0"),
    ("librust-smallvec-dev", "1.6.0"),
    ("smallvec@1.6.0", ""),
    ("smallvec-1.6.0", ""),
    ("smallvec 1.6.0", ""),
    ("smallvec:1.6.0", ""),
    ("smallvec-1.6.0.crate", ""),
    ("vendor/smallvec-1.6.0/src/lib.rs", ""),
    ("https://crates.io/crates/smallvec/1.6.0", ""),
];

fn named(name: &str, version: &str, kind: &str) -> Value {
    json!({ "type": kind, "name": name, "version": version })
}

fn under_other_names() -> Documents {
    let mut list = Documents::new();
    for url in OTHER_WORDS {
        for (name, version) in [("smallvec", "1.6.0"), ("x", "1.0.0"), ("x", "")] {
            list.push((
                format!("{url} called {name} {version}"),
                cdx(&[library(name, version, url)]),
            ));
        }
        let package = spdx_package("SPDXRef-s", "smallvec", "1.6.0", &[url]);
        list.push((format!("SPDX, {url}"), spdx(&[package], &[]).to_string()));
        let graph = json!({ "type": "software_Package", "spdxId": "urn:s", "name": "x", "software_packageUrl": url });
        list.push((format!("SPDX 3, {url}"), spdx3(&[graph], &[])));
    }
    for (name, version) in NAMES {
        for kind in ["application", "file", "data", "container"] {
            list.push((
                format!("{kind} {name:?} {version}"),
                cdx(&[named(name, version, kind)]),
            ));
        }
        let mut other = named(name, version, "library");
        other["purl"] = "pkg:generic/x@1.0.0".into();
        list.push((format!("generic {name:?} {version}"), cdx(&[other.clone()])));
        other["purl"] = "pkg:cargo/serde@1.0.200".into();
        list.push((format!("serde as {name:?} {version}"), cdx(&[other])));
        let mut package = spdx_package("SPDXRef-s", name, version, &[]);
        package["primaryPackagePurpose"] = "APPLICATION".into();
        list.push((
            format!("SPDX {name:?} {version}"),
            spdx(&[package], &[]).to_string(),
        ));
        let main = named(name, version, "application");
        list.push((
            format!("described: {name:?} {version}"),
            cyclonedx("1.5", &[], json!({ "metadata": { "component": main } })),
        ));
    }
    list
}

/// Places of a CycloneDX document in which a component can stand, beside the list of components.
fn places(component: &Value) -> Vec<(&'static str, Value)> {
    let purl = component["purl"].clone();
    vec![
        ("Components", json!({ "Components": [component] })),
        (
            "a list of another name",
            json!({ "x-components": [component] }),
        ),
        (
            "services",
            json!({ "services": [{ "name": "s", "components": [component] }] }),
        ),
        (
            "formulation",
            json!({ "formulation": [{ "components": [component] }] }),
        ),
        (
            "a task's inputs",
            json!({ "formulation": [{ "workflows": [{ "uid": "w", "tasks": [{ "inputs": [{ "resource": { "purl": purl } }] }] }] }] }),
        ),
        (
            "declarations",
            json!({ "declarations": { "targets": { "components": [component] } } }),
        ),
        (
            "definitions",
            json!({ "definitions": { "standards": [{ "components": [component] }] } }),
        ),
        (
            "annotations",
            json!({ "annotations": [{ "subjects": [], "text": purl }] }),
        ),
        (
            "properties",
            json!({ "properties": [{ "name": "also", "value": purl }] }),
        ),
        (
            "metadata",
            json!({ "metadata": { "components": [component] } }),
        ),
        (
            "metadata's properties",
            json!({ "metadata": { "properties": [{ "name": "also", "value": purl }] } }),
        ),
        (
            "the parts of what is described",
            json!({ "metadata": { "component": { "type": "application", "name": "a", "components": [component] } } }),
        ),
        (
            "a vulnerability",
            json!({ "vulnerabilities": [{ "id": "x", "affects": [{ "ref": purl }] }] }),
        ),
        (
            "an assembly",
            json!({ "compositions": [{ "aggregate": "complete", "assemblies": [purl] }] }),
        ),
        (
            "a composition's dependencies",
            json!({ "compositions": [{ "aggregate": "complete", "dependencies": ["gone"] }] }),
        ),
        (
            "a dependency of its own",
            json!({ "dependencies": [{ "ref": purl }] }),
        ),
        (
            "what it provides",
            json!({ "dependencies": [{ "ref": "pkg:cargo/serde@1.0.200", "provides": [purl] }] }),
        ),
        (
            "a link in a vulnerability",
            json!({ "vulnerabilities": [{ "id": "x", "affects": [{ "ref": "urn:cdx:f08a6ccd-4dce-4759-bd84-c626675d60a7/1#x" }] }] }),
        ),
        (
            "a link in capitals",
            json!({ "externalReferences": [{ "type": "other", "url": "URN:CDX:f08a6ccd-4dce-4759-bd84-c626675d60a7/1" }] }),
        ),
        (
            "a file that is an SBOM",
            json!({ "externalReferences": [{ "type": "other", "url": "https://example.org/rest.cdx.json" }] }),
        ),
        (
            "a reference in capitals",
            json!({ "externalReferences": [{ "type": "BOM", "url": "x" }] }),
        ),
        (
            "a word for incomplete",
            json!({ "compositions": [{ "aggregate": "Incomplete" }] }),
        ),
        ("no word", json!({ "compositions": [{}] })),
        (
            "another word",
            json!({ "compositions": [{ "aggregate": "partial" }] }),
        ),
    ]
}

/// What a component can say of itself beside its package URL.
fn attributes() -> Vec<(&'static str, Value)> {
    let bad = smallvec();
    let nameless = json!({ "type": "library", "name": "smallvec" });
    vec![
        (
            "cpe",
            json!({ "cpe": "cpe:2.3:a:servo:smallvec:1.6.0:*:*:*:*:rust:*:*" }),
        ),
        (
            "swid",
            json!({ "swid": { "tagId": "x", "name": "smallvec", "version": "1.6.0" } }),
        ),
        ("components", json!({ "components": [bad] })),
        (
            "ancestor of an ancestor",
            json!({ "pedigree": { "ancestors": [{ "type": "library", "name": "x", "version": "1.0.0", "pedigree": { "ancestors": [bad] } }] } }),
        ),
        (
            "part of an ancestor",
            json!({ "pedigree": { "ancestors": [{ "type": "library", "name": "x", "version": "1.0.0", "components": [bad] }] } }),
        ),
        (
            "ancestor without a version",
            json!({ "pedigree": { "ancestors": [nameless] } }),
        ),
        (
            "ancestor in a repository",
            json!({ "pedigree": { "ancestors": [{ "name": "r", "purl": "pkg:github/servo/rust-smallvec@v1.6.0" }] } }),
        ),
        (
            "ancestor of another type",
            json!({ "pedigree": { "ancestors": [{ "name": "r", "purl": "pkg:generic/smallvec@1.6.0" }] } }),
        ),
        (
            "ancestor that cannot be read",
            json!({ "pedigree": { "variants": [{ "name": "r", "purl": "pkg:cargo" }] } }),
        ),
        (
            "notes",
            json!({ "pedigree": { "notes": "pkg:cargo/smallvec@1.6.0" } }),
        ),
        (
            "evidence of a name",
            json!({ "evidence": { "identity": [{ "field": "name", "concludedValue": "smallvec" }] } }),
        ),
        (
            "evidence of a version",
            json!({ "evidence": { "identity": { "field": "version", "concludedValue": "1.6.0" } } }),
        ),
        (
            "evidence in capitals",
            json!({ "evidence": { "identity": { "field": "purl", "concludedValue": "PKG:cargo/smallvec@1.6.0" } } }),
        ),
        (
            "evidence that cannot be read",
            json!({ "evidence": { "identity": { "field": "purl", "concludedValue": "cargo/smallvec" } } }),
        ),
        (
            "a method",
            json!({ "evidence": { "identity": [{ "field": "hash", "methods": [{ "technique": "filename", "value": "smallvec-1.6.0.crate" }] }] } }),
        ),
        (
            "an occurrence",
            json!({ "evidence": { "occurrences": [{ "location": "/registry/src/smallvec-1.6.0/src/lib.rs" }] } }),
        ),
        (
            "distribution",
            json!({ "externalReferences": [{ "type": "distribution", "url": "https://static.crates.io/crates/smallvec/smallvec-1.6.0.crate" }] }),
        ),
        (
            "another BOM",
            json!({ "externalReferences": [{ "type": "bom", "url": "https://example.org/x" }] }),
        ),
        (
            "a property",
            json!({ "properties": [{ "name": "x:purl", "value": "pkg:cargo/smallvec@1.6.0" }] }),
        ),
        ("PURL", json!({ "PURL": "pkg:cargo/smallvec@1.6.0" })),
        (
            "a range of versions",
            json!({ "version": "", "versionRange": "vers:cargo/>=1.0|<2.0" }),
        ),
        (
            "a URL from elsewhere",
            json!({ "purl": "pkg:cargo/serde@1.0.200?download_url=https://static.crates.io/crates/smallvec/smallvec-1.6.0.crate" }),
        ),
        (
            "a file from elsewhere",
            json!({ "purl": "pkg:cargo/serde@1.0.200?file_name=smallvec-1.6.0.crate" }),
        ),
        (
            "a list of URLs",
            json!({ "purl": ["pkg:cargo/serde@1.0.200", "pkg:cargo/smallvec@1.6.0"] }),
        ),
        (
            "a URL of two",
            json!({ "purl": "pkg:cargo/serde@1.0.200,pkg:cargo/smallvec@1.6.0" }),
        ),
        ("an empty URL", json!({ "purl": "" })),
        (
            "a type in capitals, no URL",
            json!({ "type": "Library", "purl": null }),
        ),
        (
            "a type nobody knows, no URL",
            json!({ "type": "crate", "purl": null }),
        ),
    ]
}

fn in_other_places() -> Documents {
    let mut list = Documents::new();
    for version in CDX_VERSIONS {
        for (place, more) in places(&smallvec()) {
            list.push((
                format!("{place}, in {version}"),
                cyclonedx(version, &[], more),
            ));
        }
        for (what, more) in attributes() {
            let mut component = serde();
            for (key, value) in more.as_object().into_iter().flatten() {
                component[key] = value.clone();
            }
            list.push((
                format!("{what}, in {version}"),
                cyclonedx(version, &[component], json!({})),
            ));
        }
    }
    list
}

fn in_two_readings() -> Documents {
    let mut list = Documents::new();
    let (good, bad) = (serde(), smallvec());
    let head = "\"bomFormat\":\"CycloneDX\",\"specVersion\":\"1.5\"";
    let component = |more: &str| {
        format!(
            "{{{head},\"components\":[{good},{{\"type\":\"library\",\"name\":\"smallvec\",{more}}}]}}"
        )
    };
    for (name, text) in [
        (
            "a key in two cases",
            format!("{{{head},\"components\":[{good}],\"COMPONENTS\":[{bad}]}}"),
        ),
        (
            "a key in two spellings",
            format!("{{{head},\"components\":[{bad}],\"\\u0063omponents\":[{good}]}}"),
        ),
        (
            "a version in two cases",
            component(
                "\"purl\":\"pkg:cargo/smallvec@1.13.2\",\"version\":\"1.13.2\",\"Version\":\"1.6.0\"",
            ),
        ),
        (
            "a URL in two cases",
            component(
                "\"version\":\"1.13.2\",\"purl\":\"pkg:cargo/smallvec@1.13.2\",\"Purl\":\"pkg:cargo/smallvec@1.6.0\"",
            ),
        ),
        (
            "a name twice",
            component(
                "\"name\":\"serde\",\"version\":\"1.6.0\",\"purl\":\"pkg:cargo/smallvec@1.6.0\"",
            ),
        ),
        (
            "a key twice, deep down",
            component(
                "\"version\":\"1.6.1\",\"purl\":\"pkg:cargo/smallvec@1.6.1\",\"evidence\":{\"a\":1,\"a\":2}",
            ),
        ),
        (
            "two documents",
            format!("{}{}", cdx(&[]), cdx(&[smallvec()])),
        ),
        (
            "a document behind a line",
            format!("{}\n{}", cdx(&[]), cdx(&[smallvec()])),
        ),
        (
            "a list of documents",
            format!("[{},{}]", cdx(&[]), cdx(&[smallvec()])),
        ),
        ("a comment", format!("/* */{}", cdx(&[smallvec()]))),
        (
            "a closing comma",
            format!("{{{head},\"components\":[{good},]}}"),
        ),
    ] {
        list.push((name.to_owned(), text));
    }
    let inner = |document: &str| serde_json::from_str::<Value>(document).unwrap_or_default();
    for (name, wrapped) in [
        (
            "GitHub's answer",
            json!({ "sbom": inner(&cdx(&[smallvec()])) }),
        ),
        (
            "GitHub's answer and more",
            json!({ "sbom": inner(&cdx(&[])), "more": inner(&cdx(&[smallvec()])) }),
        ),
        ("a statement", statement(&cdx(&[smallvec()]))),
        ("a statement with more", {
            let mut value = statement(&cdx(&[]));
            value["more"] = smallvec();
            value
        }),
        ("an envelope", envelope(&statement(&cdx(&[smallvec()])))),
        (
            "a bundle",
            json!({ "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json", "dsseEnvelope": envelope(&statement(&cdx(&[smallvec()]))) }),
        ),
        (
            "an envelope of nothing",
            json!({ "payloadType": "application/vnd.in-toto+json", "payload": "%%%", "signatures": [] }),
        ),
        (
            "text in a statement",
            json!({ "_type": "https://in-toto.io/Statement/v1", "predicate": { "Data": cdx(&[smallvec()]) } }),
        ),
        (
            "a statement twice over",
            statement(&statement(&cdx(&[smallvec()])).to_string()),
        ),
    ] {
        list.push((name.to_owned(), wrapped.to_string()));
    }
    list
}

fn statement(document: &str) -> Value {
    let predicate: Value = serde_json::from_str(document).unwrap_or_default();
    json!({ "_type": "https://in-toto.io/Statement/v1", "subject": [], "predicateType": "https://cyclonedx.org/bom", "predicate": predicate })
}

fn envelope(statement: &Value) -> Value {
    json!({ "payloadType": "application/vnd.in-toto+json", "payload": STANDARD.encode(statement.to_string()), "signatures": [] })
}

fn in_xml() -> Documents {
    let bad = xml_component("smallvec", "1.6.0", "pkg:cargo/smallvec@1.6.0", "");
    let good = xml_serde("");
    let components = format!("<components>{good}</components>");
    let bodies = [
        ("no namespace", format!("<components>{good}<component xmlns=\"\" type=\"library\"><name>smallvec</name><version>1.6.0</version></component></components>")),
        ("another namespace", format!("<components>{good}<x:component xmlns:x=\"http://example.org\"><x:name>smallvec</x:name></x:component></components>")),
        ("a list of another namespace", format!("{components}<x:components xmlns:x=\"http://example.org\">{bad}</x:components>")),
        ("an extension", format!("{components}<x:more xmlns:x=\"http://example.org\"><x:purl>pkg:cargo/smallvec@1.6.0</x:purl></x:more>")),
        ("an attribute of an extension", format!("{components}<x:more xmlns:x=\"http://example.org\" purl=\"pkg:cargo/smallvec@1.6.0\"/>")),
        ("an included file", format!("{components}<xi:include xmlns:xi=\"http://www.w3.org/2001/XInclude\" href=\"x.xml\"/>")),
        ("an included list", format!("<components>{good}<xi:include xmlns:xi=\"http://www.w3.org/2001/XInclude\" href=\"x.xml\"/></components>")),
        ("another case", format!("{components}<Components>{bad}</Components>")),
        ("an attribute", "<components><component type=\"library\" purl=\"pkg:cargo/smallvec@1.6.0\"><name>serde</name><version>1.0.200</version><purl>pkg:cargo/serde@1.0.200</purl></component></components>".to_owned()),
        ("a URL in two pieces", "<components><component type=\"library\"><name>smallvec</name><version>1.6.0</version><purl>pkg:cargo/small<!-- x -->vec@1.6.0</purl></component></components>".to_owned()),
        ("a URL in CDATA", "<components><component type=\"library\"><name>smallvec</name><version>1.6.0</version><purl><![CDATA[pkg:cargo/smallvec@1.6.0]]></purl></component></components>".to_owned()),
        ("a character reference", "<components><component type=\"library\"><name>smallvec</name><version>1.6.0</version><purl>pkg:cargo/sm&#97;llvec@1.6.0</purl></component></components>".to_owned()),
        ("a reference to Cyrillic", "<components><component type=\"application\"><name>sm&#1072;llvec</name><version>1.6.0</version></component></components>".to_owned()),
        ("formulation", format!("{components}<formulation><formula><components>{bad}</components></formula></formulation>")),
        ("services", format!("{components}<services><service><name>s</name>{bad}</service></services>")),
        ("evidence", format!("<components>{}</components>", xml_serde("<evidence><identity><field>purl</field><concludedValue>pkg:cargo/smallvec@1.6.0</concludedValue></identity></evidence>"))),
        ("evidence, a list", format!("<components>{}</components>", xml_serde("<evidence><identity><field>name</field><concludedValue>serde</concludedValue></identity><identity><field>purl</field><concludedValue>pkg:cargo/smallvec@1.6.0</concludedValue></identity></evidence>"))),
        ("cpe", format!("<components>{}</components>", xml_serde("<cpe>cpe:2.3:a:servo:smallvec:1.6.0:*:*:*:*:*:*:*</cpe>"))),
        ("swid", format!("<components>{}</components>", xml_serde("<swid tagId=\"x\" name=\"smallvec\" version=\"1.6.0\"/>"))),
        ("variants", format!("<components>{}</components>", xml_serde(&format!("<pedigree><variants>{bad}</variants></pedigree>")))),
        ("an assembly", format!("{components}<compositions><composition><aggregate>complete</aggregate><assemblies><assembly ref=\"gone\"/></assemblies></composition></compositions>")),
        ("dependencies of a composition", format!("{components}<compositions><composition><aggregate>complete</aggregate><dependencies><dependency ref=\"gone\"/></dependencies></composition></compositions>")),
        ("what a vulnerability affects", format!("{components}<vulnerabilities><vulnerability><id>x</id><affects><target><ref>gone</ref></target></affects></vulnerability></vulnerabilities>")),
        ("incomplete", format!("{components}<compositions><composition><aggregate>incomplete_third_party_only</aggregate></composition></compositions>")),
        ("a link", format!("{components}<externalReferences><reference type=\"other\"><url>urn:cdx:f08a6ccd-4dce-4759-bd84-c626675d60a7/1</url></reference></externalReferences>")),
        ("no component", "<metadata><component type=\"application\"><name>a</name><version>1.0.0</version></component></metadata><components/>".to_owned()),
        ("two lists of dependencies", format!("{components}<dependencies/><dependencies><dependency ref=\"gone\"/></dependencies>")),
        ("a property", format!("<components>{}</components>", xml_serde("<properties><property name=\"x\">pkg:cargo/smallvec@1.6.0</property></properties>"))),
    ];

    let mut list = Documents::new();
    for version in CDX_VERSIONS {
        for (name, body) in &bodies {
            list.push((format!("XML {version}, {name}"), xml(version, body)));
        }
    }

    let document = xml("1.5", &components);
    list.push(("two roots".to_owned(), format!("{document}<bom xmlns=\"http://cyclonedx.org/schema/bom/1.5\"><components>{bad}</components></bom>")));
    list.push((
        "text behind the root".to_owned(),
        format!("{document}{{\"bomFormat\":1}}"),
    ));

    list
}

fn in_spdx() -> Documents {
    let mut list = Documents::new();
    let changes: Vec<(&str, Change)> = vec![
        ("an id that is described and not there", |d| {
            d["documentDescribes"] = json!(["SPDXRef-s"])
        }),
        ("another document", |d| {
            d["externalDocumentRefs"] = json!([{ "externalDocumentId": "DocumentRef-x", "spdxDocument": "https://example.org/x" }]);
        }),
        ("a place to load from", |d| {
            d["packages"][0]["downloadLocation"] =
                "https://crates.io/api/v1/crates/smallvec/1.6.0/download".into();
        }),
        ("a file name", |d| {
            d["packages"][0]["packageFileName"] = "smallvec-1.6.0.crate".into()
        }),
        ("cpe", |d| {
            d["packages"][0]["externalRefs"] = json!([
                { "referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl", "referenceLocator": "pkg:cargo/serde@1.0.200" },
                { "referenceCategory": "SECURITY", "referenceType": "cpe23Type", "referenceLocator": "cpe:2.3:a:servo:smallvec:1.6.0:*:*:*:*:*:*:*" }]);
        }),
        ("a URL in capitals", |d| {
            d["packages"][0]["externalRefs"] = json!([
                { "referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl", "referenceLocator": "pkg:cargo/serde@1.0.200" },
                { "referenceCategory": "PACKAGE-MANAGER", "referenceType": "PURL", "referenceLocator": "pkg:cargo/smallvec@1.6.0" }]);
        }),
        ("a URL of another kind of reference", |d| {
            d["packages"][0]["externalRefs"] = json!([
                { "referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl", "referenceLocator": "pkg:cargo/serde@1.0.200" },
                { "referenceCategory": "OTHER", "referenceType": "crate", "referenceLocator": "pkg:cargo/smallvec@1.6.0" }]);
        }),
        (
            "a file",
            |d| d["files"] = json!([{ "SPDXID": "SPDXRef-f", "fileName": "./vendor/smallvec-1.6.0/src/lib.rs" }]),
        ),
        (
            "a snippet",
            |d| {
                d["snippets"] =
                    json!([{ "SPDXID": "SPDXRef-f", "name": "smallvec", "version": "1.6.0" }])
            },
        ),
        ("an annotation", |d| {
            d["annotations"] = json!([{ "comment": "pkg:cargo/smallvec@1.6.0" }])
        }),
        ("Packages", |d| {
            d["Packages2"] = json!([{ "name": "smallvec", "versionInfo": "1.6.0" }])
        }),
        ("no package", |d| d["packages"] = json!([])),
        ("null", |d| d["packages"] = Value::Null),
        ("a name that is a list", |d| {
            d["packages"][0]["name"] = json!(["serde"])
        }),
        ("a relation of nothing", |d| {
            d["relationships"] = json!([{}])
        }),
        ("a relation to a list", |d| {
            d["relationships"] = json!([{ "spdxElementId": "SPDXRef-serde", "relationshipType": "CONTAINS", "relatedSpdxElement": ["SPDXRef-s"] }]);
        }),
        ("a version nobody knows", |d| {
            d["packages"][0]["versionInfo"] = "NOASSERTION".into();
            d["packages"][0]["externalRefs"][0]["referenceLocator"] = "pkg:cargo/serde".into();
        }),
    ];
    for version in ["SPDX-2.2", "SPDX-2.3"] {
        for (name, change) in &changes {
            let mut document = spdx(&[], &[]);
            document["spdxVersion"] = version.into();
            change(&mut document);
            list.push((format!("{version}, {name}"), document.to_string()));
            list.push((
                format!("{version}, {name}, GitHub's"),
                json!({ "sbom": document }).to_string(),
            ));
        }
    }
    for (name, more) in [
        (
            "a tag in another case",
            "Packagename: smallvec\nSPDXID: SPDXRef-s\n",
        ),
        ("a version in another case", "PACKAGEVERSION: 1.6.0\n"),
        (
            "a line of another kind",
            "PackageComment: x\rPackageName: smallvec\rPackageVersion: 1.6.0\n",
        ),
        (
            "a line of Unicode",
            "PackageComment: x\u{2028}PackageName: smallvec\n",
        ),
        (
            "a URL behind a file",
            "FileName: ./a\nSPDXID: SPDXRef-f\nExternalRef: PACKAGE-MANAGER purl pkg:cargo/smallvec@1.6.0\n",
        ),
        (
            "a URL in a comment",
            "PackageComment: pkg:cargo/smallvec@1.6.0\n",
        ),
        (
            "a place to load from",
            "PackageDownloadLocation: https://static.crates.io/crates/smallvec/smallvec-1.6.0.crate\n",
        ),
        (
            "another document",
            "ExternalDocumentRef: DocumentRef-x https://example.org SHA1: 00\n",
        ),
        (
            "a file of the crate",
            "FileName: ./smallvec-1.6.0/src/lib.rs\nSPDXID: SPDXRef-f\n",
        ),
    ] {
        list.push((format!("tags, {name}"), tags(more)));
    }
    list
}

fn in_spdx3() -> Documents {
    let relation = |kind: &str, to: Value| json!({ "type": "Relationship", "spdxId": "urn:q", "from": "urn:app", "to": to, "relationshipType": kind });
    let mut list = Documents::new();
    for kind in [
        "dependsOn",
        "contains",
        "hasStaticLink",
        "hasDynamicLink",
        "hasOptionalDependency",
        "hasProvidedDependency",
        "ancestorOf",
        "generates",
        "packagedBy",
        "other",
    ] {
        list.push((
            format!("SPDX 3, {kind} nowhere"),
            spdx3(&[], &[relation(kind, json!(["urn:gone"]))]),
        ));
        let inline = json!([{ "type": "software_Package", "name": "smallvec", "software_packageVersion": "1.6.0" }]);
        list.push((
            format!("SPDX 3, {kind} in its place"),
            spdx3(&[], &[relation(kind, inline)]),
        ));
    }
    let bad = json!({ "spdxId": "urn:s", "name": "smallvec", "software_packageVersion": "1.6.0", "software_packageUrl": "pkg:cargo/smallvec@1.6.0" });
    for class in [
        json!("ai_AIPackage"),
        json!("dataset_DatasetPackage"),
        json!("software_package"),
        json!("Package"),
        json!("software_Crate"),
        json!("https://spdx.org/rdf/3.0.1/terms/Software/Package"),
        json!(["software_Package"]),
        json!(null),
    ] {
        let mut element = bad.clone();
        element["type"] = class.clone();
        list.push((
            format!("SPDX 3, of the class {class}"),
            spdx3(&[element.clone()], &[]),
        ));
        element["software_packageUrl"] = Value::Null;
        element["name"] = "sm\u{430}llvec".into();
        list.push((
            format!("SPDX 3, of the class {class}, by its name"),
            spdx3(&[element], &[]),
        ));
    }
    for (name, element) in [
        (
            "a list of elements",
            json!({ "type": "software_Sbom", "spdxId": "urn:b", "element": ["urn:gone"] }),
        ),
        (
            "a root",
            json!({ "type": "software_Sbom", "spdxId": "urn:b", "rootElement": ["urn:gone"] }),
        ),
        (
            "an import",
            json!({ "type": "SpdxDocument", "spdxId": "urn:e", "imports": [{ "externalSpdxId": "urn:x" }] }),
        ),
        (
            "an identifier",
            json!({ "type": "software_Package", "spdxId": "urn:s", "name": "x", "software_packageUrl": "pkg:cargo/x@1.0.0", "externalIdentifier": [{ "type": "ExternalIdentifier", "externalIdentifierType": "packageUrl", "identifier": "pkg:cargo/smallvec@1.6.0" }] }),
        ),
        (
            "a cpe",
            json!({ "type": "software_Package", "spdxId": "urn:s", "name": "x", "software_packageUrl": "pkg:cargo/x@1.0.0", "software_packageVersion": "1.0.0", "externalIdentifier": [{ "type": "ExternalIdentifier", "externalIdentifierType": "cpe23", "identifier": "cpe:2.3:a:servo:smallvec:1.6.0:*:*:*:*:*:*:*" }] }),
        ),
        (
            "a place to load from",
            json!({ "type": "software_Package", "spdxId": "urn:s", "name": "x", "software_packageVersion": "1.0.0", "software_packageUrl": "pkg:cargo/x@1.0.0", "software_downloadLocation": "https://crates.io/crates/smallvec/1.6.0" }),
        ),
        (
            "a relation that is incomplete",
            json!({ "type": "LifecycleScopedRelationship", "spdxId": "urn:q", "from": "urn:app", "to": ["urn:serde"], "relationshipType": "dependsOn", "completeness": "incomplete" }),
        ),
        (
            "a URL that is a list",
            json!({ "type": "software_Package", "spdxId": "urn:s", "name": "x", "software_packageUrl": ["pkg:cargo/x@1.0.0"] }),
        ),
        (
            "a file of the crate",
            json!({ "type": "software_File", "spdxId": "urn:s", "name": "./smallvec-1.6.0/src/lib.rs" }),
        ),
    ] {
        list.push((format!("SPDX 3, {name}"), spdx3(&[element], &[])));
    }
    list
}

#[test]
fn no_way_around_passes() {
    let (_dir, advisories) = database();
    let documents: Documents = [
        under_other_names(),
        in_other_places(),
        in_two_readings(),
        in_xml(),
        in_spdx(),
        in_spdx3(),
    ]
    .concat();
    assert!(documents.len() >= 700, "{} documents", documents.len());
    let passing: Vec<&str> = documents
        .iter()
        .filter(|(_, document)| outcome_of(document, &advisories) == Outcome::Passes)
        .map(|(name, _)| name.as_str())
        .collect();
    assert!(
        passing.is_empty(),
        "{} of {}: {passing:#?}",
        passing.len(),
        documents.len()
    );
}

/// What other tools write, in the shape they write it, and what specifications allow.
fn of_other_tools() -> Documents {
    let mut list = Documents::new();
    let mut add = |name: &str, document: Value| list.push((name.to_owned(), document.to_string()));
    let main = json!({ "type": "application", "bom-ref": "path+file:///app#1.0.0", "name": "app", "version": "1.0.0", "purl": "pkg:cargo/app@1.0.0?download_url=file://.",
        "components": [{ "type": "application", "bom-ref": "path+file:///app#1.0.0 bin-target-0", "name": "app", "version": "1.0.0", "purl": "pkg:cargo/app@1.0.0?download_url=file://.#src/main.rs" }] });
    add(
        "cargo-cyclonedx",
        json!({ "bomFormat": "CycloneDX", "specVersion": "1.3", "version": 1, "serialNumber": "urn:uuid:7d7a4ad1-9b46-4f5b-a9a5-7b9d1b1d5b9a",
        "metadata": { "timestamp": "2026-01-01T00:00:00Z", "tools": [{ "vendor": "CycloneDX", "name": "cargo-cyclonedx", "version": "0.5.7" }], "component": main },
        "components": [{ "type": "library", "bom-ref": "registry+https://github.com/rust-lang/crates.io-index#serde@1.0.200", "author": "A", "name": "serde", "version": "1.0.200", "scope": "required", "purl": "pkg:cargo/serde@1.0.200", "hashes": [{ "alg": "SHA-256", "content": "00" }], "licenses": [{ "expression": "MIT OR Apache-2.0" }], "externalReferences": [{ "type": "documentation", "url": "https://docs.rs/serde" }, { "type": "vcs", "url": "https://github.com/serde-rs/serde" }] }],
        "dependencies": [{ "ref": "path+file:///app#1.0.0", "dependsOn": ["registry+https://github.com/rust-lang/crates.io-index#serde@1.0.200"] }] }),
    );
    add(
        "syft",
        json!({ "bomFormat": "CycloneDX", "specVersion": "1.6", "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json", "serialNumber": "urn:uuid:7d7a4ad1-9b46-4f5b-a9a5-7b9d1b1d5b9a", "version": 1,
        "metadata": { "tools": { "components": [{ "type": "application", "author": "anchore", "name": "syft", "version": "1.20.0" }] }, "component": { "bom-ref": "0a", "type": "file", "name": "Cargo.lock" } },
        "components": [{ "bom-ref": "pkg:cargo/serde@1.0.200?package-id=1f", "type": "library", "name": "serde", "version": "1.0.200", "cpe": "cpe:2.3:a:serde:serde:1.0.200:*:*:*:*:*:*:*", "purl": "pkg:cargo/serde@1.0.200", "properties": [{ "name": "syft:package:foundBy", "value": "rust-cargo-lock-cataloger" }, { "name": "syft:location:0:path", "value": "/Cargo.lock" }] },
            { "bom-ref": "os", "type": "operating-system", "name": "debian", "version": "12", "swid": { "tagId": "debian", "name": "debian", "version": "12" } },
            { "bom-ref": "f", "type": "file", "name": "/Cargo.lock", "hashes": [] }] }),
    );
    add(
        "Trivy",
        json!({ "bomFormat": "CycloneDX", "specVersion": "1.6", "serialNumber": "urn:uuid:7d7a4ad1-9b46-4f5b-a9a5-7b9d1b1d5b9a", "version": 1,
        "metadata": { "component": { "bom-ref": "r", "type": "application", "name": "." } },
        "components": [{ "bom-ref": "c", "type": "application", "name": "Cargo.lock", "properties": [{ "name": "aquasecurity:trivy:Type", "value": "cargo" }] },
            { "bom-ref": "pkg:cargo/serde@1.0.200", "type": "library", "name": "serde", "version": "1.0.200", "purl": "pkg:cargo/serde@1.0.200", "properties": [{ "name": "aquasecurity:trivy:PkgID", "value": "serde@1.0.200" }] }],
        "dependencies": [{ "ref": "r", "dependsOn": ["c"] }, { "ref": "c", "dependsOn": ["pkg:cargo/serde@1.0.200"] }, { "ref": "pkg:cargo/serde@1.0.200", "dependsOn": [] }], "vulnerabilities": [] }),
    );
    add(
        "cdxgen",
        json!({ "bomFormat": "CycloneDX", "specVersion": "1.6", "serialNumber": "urn:uuid:7d7a4ad1-9b46-4f5b-a9a5-7b9d1b1d5b9a", "version": 1,
        "metadata": { "component": { "name": "app", "version": "1.0.0", "purl": "pkg:cargo/app@1.0.0", "type": "application", "bom-ref": "pkg:cargo/app@1.0.0" }, "lifecycles": [{ "phase": "build" }] },
        "components": [{ "group": "", "name": "serde", "version": "1.0.200", "purl": "pkg:cargo/serde@1.0.200", "type": "library", "bom-ref": "pkg:cargo/serde@1.0.200", "evidence": { "identity": [{ "field": "purl", "confidence": 1, "methods": [{ "technique": "manifest-analysis", "confidence": 1, "value": "/app/Cargo.lock" }], "concludedValue": "/app/Cargo.lock" }] }, "properties": [{ "name": "SrcFile", "value": "/app/Cargo.lock" }] }],
        "dependencies": [{ "ref": "pkg:cargo/app@1.0.0", "dependsOn": ["pkg:cargo/serde@1.0.200"] }],
        "annotations": [{ "bom-ref": "metadata-annotations", "subjects": ["pkg:cargo/app@1.0.0"], "text": "This is a bill of materials." }] }),
    );
    let package = |id: &str, name: &str, version: &str, purl: &str| {
        let mut package = spdx_package(id, name, version, &[purl]);
        package["downloadLocation"] = "NOASSERTION".into();
        package["filesAnalyzed"] = false.into();
        package
    };
    add(
        "GitHub",
        json!({ "sbom": { "SPDXID": "SPDXRef-DOCUMENT", "spdxVersion": "SPDX-2.3", "creationInfo": { "created": "2026-01-01T00:00:00Z", "creators": ["Tool: GitHub.com-Dependency-Graph"] }, "name": "com.github.o/r", "dataLicense": "CC0-1.0", "documentNamespace": "https://spdx.org/spdxdocs/protobom/x",
        "packages": [package("SPDXRef-github-o-r", "com.github.o/r", "main", "pkg:github/o/r@main"), package("SPDXRef-cargo-serde", "serde", "1.0.200", "pkg:cargo/serde@1.0.200"), package("SPDXRef-actions", "actions/checkout", "4.*.*", "pkg:githubactions/actions/checkout@4.%2A.%2A")],
        "relationships": [{ "spdxElementId": "SPDXRef-DOCUMENT", "relatedSpdxElement": "SPDXRef-github-o-r", "relationshipType": "DESCRIBES" }, { "spdxElementId": "SPDXRef-github-o-r", "relatedSpdxElement": "SPDXRef-cargo-serde", "relationshipType": "DEPENDS_ON" }] } }),
    );
    add(
        "sbom-tool",
        json!({ "spdxVersion": "SPDX-2.2", "SPDXID": "SPDXRef-DOCUMENT", "dataLicense": "CC0-1.0", "name": "x", "externalDocumentRefs": [], "files": [{ "fileName": "./Cargo.lock", "SPDXID": "SPDXRef-File-1", "checksums": [] }],
        "packages": [package("SPDXRef-Package-1", "serde", "1.0.200", "pkg:cargo/serde@1.0.200"), package("SPDXRef-RootPackage", "app", "1.0.0", "pkg:swid/Org/example.com/app@1.0.0?tag_id=1")],
        "relationships": [{ "relationshipType": "DEPENDS_ON", "relatedSpdxElement": "SPDXRef-Package-1", "spdxElementId": "SPDXRef-RootPackage" }, { "relationshipType": "DESCRIBES", "relatedSpdxElement": "SPDXRef-RootPackage", "spdxElementId": "SPDXRef-DOCUMENT" }, { "relationshipType": "CONTAINS", "relatedSpdxElement": "SPDXRef-File-1", "spdxElementId": "SPDXRef-RootPackage" }],
        "documentDescribes": ["SPDXRef-RootPackage"] }),
    );
    for version in CDX_VERSIONS {
        let document = cyclonedx(version, &[], json!({}));
        list.push((
            format!("an envelope, {version}"),
            envelope(&statement(&document)).to_string(),
        ));
    }
    list
}

fn allowed() -> Documents {
    let mut list = Documents::new();
    for version in CDX_VERSIONS {
        for (name, more) in [
            (
                "a link to itself",
                json!({ "serialNumber": "urn:uuid:f08a6ccd-4dce-4759-bd84-c626675d60a7", "annotations": [{ "subjects": ["urn:cdx:f08a6ccd-4dce-4759-bd84-c626675d60a7/1#a"], "text": "x" }] }),
            ),
            (
                "services",
                json!({ "services": [{ "bom-ref": "s", "name": "api", "version": "1.0.0" }], "dependencies": [{ "ref": "pkg:cargo/serde@1.0.200", "dependsOn": [] }], "compositions": [{ "aggregate": "complete", "assemblies": ["s"] }] }),
            ),
            (
                "a vulnerability of what it has",
                json!({ "vulnerabilities": [{ "id": "CVE-1", "affects": [{ "ref": "pkg:cargo/serde@1.0.200" }] }] }),
            ),
            (
                "a serial number as a part",
                json!({ "serialNumber": "urn:uuid:f08a6ccd-4dce-4759-bd84-c626675d60a7", "compositions": [{ "aggregate": "not_specified", "assemblies": ["urn:uuid:f08a6ccd-4dce-4759-bd84-c626675d60a7"] }] }),
            ),
            (
                "a mended version in its history",
                json!({ "properties": [{ "name": "was", "value": "pkg:cargo/smallvec@1.6.1" }] }),
            ),
        ] {
            list.push((
                format!("{name}, in {version}"),
                cyclonedx(version, &[], more),
            ));
        }
    }
    for url in [
        "pkg:npm/react@18.2.0",
        "pkg:pypi/django@5.0",
        "pkg:deb/debian/libc6@2.36-9?arch=amd64",
        "pkg:golang/golang.org/x/net@v0.1.0",
        "pkg:oci/app@sha256%3A00",
        "pkg:docker/debian@12",
        "pkg:maven/org.a/b@1",
        "pkg:nuget/A@1.0.0",
        "pkg:gem/rails@7",
        "pkg:generic/openssl@3.0.2",
        "pkg:generic/openssl",
        "pkg:swid/a@1?tag_id=1",
        "pkg:apk/alpine/musl@1.2.4-r0",
        "pkg:rpm/fedora/glibc@2.38",
    ] {
        let name = url
            .rsplit('/')
            .next()
            .and_then(|last| last.split(['@', '?']).next())
            .unwrap_or("x");
        list.push((format!("beside {url}"), cdx(&[library(name, "", url)])));
    }
    let license = json!({ "type": "simplelicensing_LicenseExpression", "spdxId": "urn:l", "simplelicensing_licenseExpression": "MIT" });
    let creation = json!({ "type": "CreationInfo", "@id": "_:c", "created": "2026-01-01T00:00:00Z", "createdBy": ["urn:me"], "specVersion": "3.0.1" });
    let person =
        json!({ "type": "Person", "spdxId": "urn:me", "name": "me", "creationInfo": "_:c" });
    let says = |kind: &str, to: &str| json!({ "type": "Relationship", "spdxId": format!("urn:{kind}"), "from": "urn:serde", "to": [to], "relationshipType": kind, "completeness": "complete" });
    list.push((
        "SPDX 3 with licences and people".to_owned(),
        spdx3(
            &[license, creation, person],
            &[
                says("hasDeclaredLicense", "urn:l"),
                says("hasConcludedLicense", "https://spdx.org/licenses/MIT"),
                says(
                    "dependsOn",
                    "https://spdx.org/rdf/3.0.1/terms/Core/NoneElement",
                ),
            ],
        ),
    ));
    let mut document: Value = serde_json::from_str(&spdx3(&[], &[])).unwrap_or_default();
    document["@context"] = json!([document["@context"].clone()]);
    list.push((
        "SPDX 3 with a list of contexts".to_owned(),
        document.to_string(),
    ));
    let mut package = spdx_package("SPDXRef-a", "a", "NOASSERTION", &["pkg:cargo/a@1.0.0"]);
    package["primaryPackagePurpose"] = "LIBRARY".into();
    list.push((
        "SPDX, a version in the URL alone".to_owned(),
        spdx(&[package], &[]).to_string(),
    ));
    list.push(("tags, a snippet".to_owned(), tags("Relationship: SPDXRef-serde CONTAINS SPDXRef-n\nFileName: ./a\nSPDXID: SPDXRef-f\nSnippetSPDXID: SPDXRef-n\nSnippetFromFileSPDXID: SPDXRef-f\n")));
    let extended = format!(
        "<components>{}</components><g:dependencies xmlns:g=\"http://cyclonedx.org/schema/ext/dependency-graph/1.0\"><g:dependency ref=\"a\"/></g:dependencies>",
        xml_serde("")
    );
    list.push((
        "XML, an extension of CycloneDX's own".to_owned(),
        xml("1.2", &extended),
    ));
    let namesake = library("ws", "8.0.0", "pkg:npm/ws@8.0.0");
    list.push((
        "a package of npm that is called like a crate".to_owned(),
        cdx(&[namesake]),
    ));
    list.push((
        "tags with the ends of lines of Windows".to_owned(),
        tags("").replace('\n', "\r\n"),
    ));
    list
}

#[test]
fn what_others_write_is_read() {
    let (_dir, advisories) = database();
    let documents: Documents = [of_other_tools(), allowed()].concat();
    assert!(documents.len() >= 50, "{} documents", documents.len());
    let refused: Vec<String> = documents
        .iter()
        .map(|(name, document)| (name, outcome_of(document, &advisories)))
        .filter(|(_, outcome)| *outcome != Outcome::Passes)
        .map(|(name, outcome)| format!("{name}: {outcome:?}"))
        .collect();
    assert!(refused.is_empty(), "{refused:#?}");
}

/// A package of another ecosystem may be called like a vulnerable crate (`ws` of npm): that is no
/// reason to refuse a document, and it is said.
#[test]
fn a_namesake_of_another_ecosystem_is_a_warning() {
    let (_dir, advisories) = database();
    for url in [
        "pkg:npm/smallvec@1.6.0",
        "pkg:npm/%40scope/smallvec@1.6.0",
        "pkg:pypi/smallvec@1.6.0",
        "pkg:golang/example.org/smallvec@v1.6.0",
        "pkg:deb/debian/smallvec@1.6.0",
        "pkg:brew/smallvec@1.6",
    ] {
        let mut component = library("smallvec", "1.6.0", url);
        component["bom-ref"] = "smallvec@1.6.0".into();
        let package = spdx_package("SPDXRef-s", "smallvec", "1.6.0", &[url]);
        for document in [cdx(&[component.clone()]), spdx(&[package], &[]).to_string()] {
            assert_eq!(outcome_of(&document, &advisories), Outcome::Passes, "{url}");
            let sbom = parse_document(document.as_bytes(), "document").unwrap();
            let coverage = list_packages(&sbom, &advisories, &[]).coverage();
            let is_said = coverage
                .not_judged
                .iter()
                .any(|entry| entry.kind == "repository" && entry.why.contains("smallvec 1.6.0"));
            assert!(is_said, "{url}: {coverage:?}");
        }
        // What is said elsewhere of the crate itself is another thing.
        let hidden =
            json!({ "properties": [{ "name": "x", "value": "pkg:cargo/smallvec@1.6.0" }] });
        let document = cyclonedx("1.5", &[component.clone()], hidden);
        assert_eq!(
            outcome_of(&document, &advisories),
            Outcome::NotJudged,
            "{url}"
        );
        let nameless = named("smallvec", "1.6.0", "application");
        assert_eq!(
            outcome_of(&cdx(&[component, nameless]), &advisories),
            Outcome::NotJudged,
            "{url}"
        );
    }
}

/// Whatever byte of a document is another one, it is judged or refused.
#[test]
fn no_byte_makes_a_panic() {
    let (_dir, advisories) = database();
    let documents: Documents =
        [in_xml(), in_spdx(), in_spdx3(), of_other_tools(), allowed()].concat();
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut next = move |bound: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state % bound as u64).unwrap_or_default()
    };

    let odd: [&[u8]; 8] = [
        b"\"",
        b"{",
        b"<",
        b"\xff",
        b"\0",
        b"@",
        b"%",
        "\u{202e}".as_bytes(),
    ];

    for (_, document) in &documents {
        for _ in 0..4 {
            let mut bytes = document.clone().into_bytes();
            let at = next(bytes.len());
            match next(3) {
                0 => bytes.truncate(at),
                1 => drop(bytes.splice(at..=at, odd[next(odd.len())].iter().copied())),
                _ => bytes.insert(at, odd[next(odd.len())][0]),
            }
            let text = String::from_utf8_lossy(&bytes);
            outcome_of(&text, &advisories);
        }
    }
}
