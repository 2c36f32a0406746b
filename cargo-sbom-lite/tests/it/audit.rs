//! `audit`, `pins`, `licenses` and `diff` as programs, on a database and projects made here.

use serde_json::{Value, json};

use super::fixture::{Place, Ran};

/// A place with a database of one advisory of each kind.
fn with_advisories() -> Place {
    let place = Place::new();

    // Scores by vectors: 9.8, 5.5, none.
    advisory(
        &place,
        ("bad", "RUSTSEC-2025-0001"),
        "cvss = \"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H\"",
        ["[\">= 1.2.0\"]", "functions = { \"bad::parse\" = [\"*\"] }"],
    );

    advisory(
        &place,
        ("mild", "RUSTSEC-2025-0002"),
        "cvss = \"CVSS:3.1/AV:L/AC:L/PR:L/UI:N/S:U/C:N/I:N/A:H\"",
        ["[]", ""],
    );

    advisory(
        &place,
        ("unscored", "RUSTSEC-2025-0003"),
        "",
        ["[\">= 2.0.0\"]", ""],
    );
    advisory(
        &place,
        ("old", "RUSTSEC-2025-0004"),
        "informational = \"unmaintained\"",
        ["[]", ""],
    );

    advisory(
        &place,
        ("gone", "RUSTSEC-2025-0005"),
        "withdrawn = \"2025-02-01\"",
        ["[]", ""],
    );

    advisory(
        &place,
        ("win", "RUSTSEC-2025-0006"),
        "",
        ["[]", "os = [\"windows\"]"],
    );

    place
}

/// Adds an advisory about a package; the last pair is its patched versions and what it says is
/// affected.
fn advisory(
    place: &Place,
    (package, id): (&str, &str),
    more: &str,
    [patched, affected]: [&str; 2],
) {
    place.write(
        &format!("db/crates/{package}/{id}.md"),
        &format!(
            "```toml\n[advisory]\nid = \"{id}\"\npackage = \"{package}\"\ndate = \"2025-01-01\"\n{more}\n[affected]\n{affected}\n[versions]\npatched = {patched}\n```\n\n# Title of {id}\n\nText.\n"
        ),
    );
}

fn audit_sbom(place: &Place, components: Value) -> Ran {
    let sbom = json!({ "bomFormat": "CycloneDX", "specVersion": "1.5", "components": components });
    place.write("sbom.json", &sbom.to_string());
    place.run(".", &["audit", "--db", "db", "--sbom", "sbom.json"])
}

fn write_lock(place: &Place, packages: &[(&str, &str)]) {
    let mut text = String::from("version = 4\n");
    for (name, version) in packages {
        text.push_str(&format!("\n[[package]]\nname = \"{name}\"\nversion = \"{version}\"\nsource = \"registry+https://github.com/rust-lang/crates.io-index\"\nchecksum = \"{}\"\n", "0".repeat(64)));
    }
    place.write("x.lock", &text);
}

fn library(name: &str, version: &str) -> Value {
    json!({ "type": "library", "name": name, "version": version, "purl": format!("pkg:cargo/{name}@{version}") })
}

#[test]
fn a_lock_file_is_judged_by_score_kind_and_line() {
    let place = with_advisories();
    write_lock(
        &place,
        &[
            ("bad", "1.0.0"),
            ("gone", "1.0.0"),
            ("mild", "1.0.0"),
            ("old", "1.0.0"),
            ("unscored", "1.0.0"),
        ],
    );
    let ran = place.run(".", &["audit", "--db", "db", "--lockfile", "x.lock"]);
    assert_eq!(ran.code, 100, "{}", ran.text);
    assert_eq!(
        ran.rules(),
        [
            "unmaintained",
            "vulnerability",
            "vulnerability",
            "vulnerability-below-threshold"
        ]
    );
    assert!(ran.help("vulnerability").contains("--precise 1.2.0"));
    assert_eq!(ran.json["data"]["advisories"][0]["line"], 3);
    write_lock(&place, &[("bad", "1.2.0"), ("other", "1.0.0")]);
    assert_eq!(
        place
            .run(".", &["audit", "--db", "db", "--lockfile", "x.lock"])
            .code,
        0
    );
    write_lock(&place, &[("win", "1.0.0")]);
    let linux = [
        "audit",
        "--db",
        "db",
        "--lockfile",
        "x.lock",
        "--target",
        "x86_64-unknown-linux-gnu",
    ];
    assert_eq!(
        place.run(".", &linux).rules(),
        ["vulnerability-other-target"]
    );
    assert_eq!(
        place
            .run(".", &["audit", "--db", "db", "--lockfile", "x.lock"])
            .code,
        100
    );
    write_lock(&place, &[]);
    assert_eq!(
        place
            .run(".", &["audit", "--db", "db", "--lockfile", "x.lock"])
            .code,
        101
    );
}

#[test]
fn an_sbom_that_cannot_be_judged_never_passes() {
    let place = with_advisories();
    assert_eq!(
        audit_sbom(&place, json!([library("fine", "1.0.0")])).code,
        0
    );
    for (components, why) in [
        (json!([]), "no component"),
        (json!("nonsense"), "no list"),
        (
            json!([{ "type": "library", "name": "bad", "version": "1.0.0" }]),
            "no package URL",
        ),
        (
            json!([library("fine", "1.0.0"), library("bad", "one")]),
            "no version",
        ),
        (
            json!([library("fine", "1.0.0"), { "type": "library", "name": "x", "purl": "pkg:cargo/a%zz@1.0.0" }]),
            "no URL",
        ),
        (
            json!([{ "type": "library", "version": "1.0.0" }]),
            "no name",
        ),
    ] {
        assert_eq!(audit_sbom(&place, components).code, 101, "{why}");
    }

    for document in ["", "{}", "[", "<bom/>", "SPDXVersion: SPDX-2.3\n"] {
        place.write("sbom.json", document);
        assert_eq!(
            place
                .run(".", &["audit", "--db", "db", "--sbom", "sbom.json"])
                .code,
            101,
            "{document}"
        );
    }
}

#[test]
fn wherever_an_sbom_names_a_package_it_is_looked_up() {
    let place = with_advisories();
    let nested =
        json!([{ "type": "application", "name": "app", "components": [library("bad", "1.0.0")] }]);
    assert_eq!(audit_sbom(&place, nested).rules(), ["vulnerability"]);
    let qualified = json!([{ "type": "library", "name": "bad", "version": "1.0.0",
        "purl": "pkg:cargo/bad@1.0.0?repository_url=https%3A%2F%2Fcrates.io&checksum=sha256:00" }]);
    assert_eq!(audit_sbom(&place, qualified).rules(), ["vulnerability"]);
    let git = json!([{ "type": "library", "name": "bad", "version": "1.0.0",
        "purl": "pkg:cargo/bad@1.0.0?vcs_url=git%2Bhttps://example.org/bad.git%400000000000000000000000000000000000000000" }]);
    assert_eq!(audit_sbom(&place, git).rules(), ["advisory-other-source"]);
    let others = audit_sbom(
        &place,
        json!([library("fine", "1.0.0"), { "type": "library", "name": "left-pad", "purl": "pkg:npm/left-pad@1.0.0" }]),
    );
    assert_eq!(
        (
            others.code,
            &others.json["coverage"]["not_judged"][0]["what"]
        ),
        (0, &json!("`pkg:npm/left-pad@1.0.0`"))
    );
}

#[test]
fn a_database_that_cannot_be_relied_on_is_no_pass() {
    let place = with_advisories();
    write_lock(&place, &[("fine", "1.0.0")]);
    let audit = |db: &str, more: &[&str]| {
        place.run(
            ".",
            &[&["audit", "--db", db, "--lockfile", "x.lock"][..], more].concat(),
        )
    };
    assert_eq!(audit("db", &[]).code, 0);
    assert_eq!(audit("nowhere", &[]).code, 101);
    // A plain folder has no age.
    let old = audit("db", &["--max-db-age", "30"]);
    assert_eq!((old.code, old.rules()), (101, vec!["advisory-db-old"]));
    std::fs::create_dir_all(place.path("empty/crates")).unwrap();
    assert_eq!(audit("empty", &[]).code, 101);
    place.write("db/crates/bad/RUSTSEC-2025-0009.md", "no advisory");
    let corrupt = audit("db", &[]);
    assert_eq!(
        (corrupt.code, corrupt.rules()),
        (0, vec!["advisory-unreadable"])
    );
}

#[test]
fn ignores_need_a_reason_and_a_date_that_has_not_passed() {
    let place = with_advisories();
    write_lock(&place, &[("bad", "1.0.0")]);
    let with = |ignore: &str| {
        place.write(
            "gates.toml",
            &format!("[[sbom-lite.ignore]]\nid = \"RUSTSEC-2025-0001\"\n{ignore}\n"),
        );
        place.run(
            ".",
            &[
                "audit",
                "--db",
                "db",
                "--lockfile",
                "x.lock",
                "--config",
                "gates.toml",
            ],
        )
    };

    let until = |date: &str| format!("reason = \"not reachable\"\nuntil = \"{date}\"");
    let good = with(&until("2026-06-01"));
    assert_eq!((good.code, good.rules()), (0, vec!["advisory-ignored"]));
    assert_eq!(
        with(&until("2025-12-31")).rules(),
        ["ignore-expired", "vulnerability"]
    );

    for bad in [
        "reason = \"r\"",
        "until = \"2026-06-01\"",
        "reason = \" \"\nuntil = \"2026-06-01\"",
        &until("soon"),
        &until("2026-13-01"),
    ] {
        let ran = with(bad);
        assert_eq!(ran.code, 2, "{bad}: {}", ran.text);
    }

    // Denying the rule does not undo an ignore.
    with(&until("2026-06-01"));
    let denied = [
        "audit",
        "--db",
        "db",
        "--lockfile",
        "x.lock",
        "--config",
        "gates.toml",
        "--deny",
        "vulnerability",
    ];

    assert_eq!(place.run(".", &denied).code, 0);
}

#[test]
fn a_program_without_a_list_is_not_judged() {
    let place = with_advisories();
    place.write("program", "no program");
    assert_eq!(
        place
            .run(".", &["audit", "--db", "db", "--binary", "program"])
            .code,
        101
    );
    // A real program without an embedded list: only what panic messages name, and that is said.
    let own = env!("CARGO_BIN_EXE_cargo-sbom-lite");
    let ran = place.run(".", &["audit", "--db", "db", "--binary", own]);
    // Such paths are recognized by `cargo/registry`: where this was compiled with another
    // CARGO_HOME, nothing is known.
    if option_env!("CARGO_HOME")
        .is_none_or(|home| home.trim_end_matches(['/', '\\']).ends_with("cargo"))
    {
        assert!(ran.rules().contains(&"binary-incomplete"), "{}", ran.text);
    } else {
        assert_eq!(ran.code, 101, "{}", ran.text);
    }
}

#[test]
fn a_lock_file_that_does_not_match_is_not_mended_on_the_way() {
    let place = with_advisories();
    place.write("p/Cargo.toml", "[package]\nname = \"p\"\nversion = \"1.0.0\"\nedition = \"2024\"\n[dependencies]\nq = { path = \"q\" }\n[workspace]\n");
    place.write("p/src/lib.rs", "");
    place.write(
        "p/q/Cargo.toml",
        "[package]\nname = \"q\"\nversion = \"1.0.0\"\nedition = \"2024\"\n",
    );

    place.write("p/q/src/lib.rs", "");
    place.write(
        "p/Cargo.lock",
        "version = 4\n\n[[package]]\nname = \"p\"\nversion = \"1.0.0\"\n",
    );

    let before = std::fs::read(place.path("p/Cargo.lock")).unwrap();
    let ran = place.run("p", &["pins"]);
    assert_eq!(
        (ran.code, ran.rules()),
        (100, vec!["pin-lock"]),
        "{}",
        ran.text
    );

    assert_eq!(std::fs::read(place.path("p/Cargo.lock")).unwrap(), before);
    std::fs::remove_file(place.path("p/Cargo.lock")).unwrap();
    assert_eq!(place.run("p", &["pins"]).code, 100);
    place.write("p/Cargo.lock", "version = 4\n\n[[package]]\nname = \"p\"\nversion = \"1.0.0\"\ndependencies = [\n \"q\",\n]\n\n[[package]]\nname = \"q\"\nversion = \"1.0.0\"\n");
    assert_eq!(place.run("p", &["pins"]).code, 0);
}
