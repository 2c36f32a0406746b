//! Lock files and advisory databases that are odd, hostile or merely unusual: whatever could hide a
//! vulnerable package ends with 100 or 101.

#![expect(
    clippy::unwrap_used,
    reason = "a fixture that cannot be made fails its test"
)]

use serde_json::{Value, json};

use super::fixture::Place;

const CRATES_IO: &str = "registry+https://github.com/rust-lang/crates.io-index";

fn package(name: &str, version: &str, source: &str) -> String {
    let checksum = match source.starts_with("git+") {
        true => String::new(),
        false => format!("checksum = \"{}\"\n", "0".repeat(64)),
    };
    format!(
        "\n[[package]]\nname = \"{name}\"\nversion = \"{version}\"\nsource = \"{source}\"\n{checksum}"
    )
}

fn local(name: &str, version: &str, more: &str) -> String {
    format!("\n[[package]]\nname = \"{name}\"\nversion = \"{version}\"\n{more}")
}

fn smallvec_from(source: &str) -> String {
    lock(&package("smallvec", "1.6.0", source))
}

/// A lock file with a harmless package before others.
fn lock(packages: &str) -> String {
    let serde = package("serde", "1.0.200", CRATES_IO);
    format!("version = 4\n{serde}{packages}")
}

fn advisory(package: &str, more: &str, versions: &str) -> String {
    format!(
        "```toml\n[advisory]\nid = \"RUSTSEC-2021-0003\"\npackage = \"{package}\"\ndate = \"2021-01-08\"\naliases = [\"CVE-2021-25900\"]\n{more}\n[versions]\n{versions}\n```\n\n# Overflow\n\nText.\n"
    )
}

const PATCHED: &str = "patched = [\">= 1.6.1\"]";

fn lock_files() -> Vec<(&'static str, String, i32)> {
    let smallvec = package("smallvec", "1.6.0", CRATES_IO);
    let first_version = format!(
        "[[package]]\nname = \"app\"\nversion = \"0.1.0\"\ndependencies = [\n \"smallvec 1.6.0 ({CRATES_IO})\",\n]\n\n[[package]]\nname = \"smallvec\"\nversion = \"1.6.0\"\nsource = \"{CRATES_IO}\"\n\n[metadata]\n\"checksum smallvec 1.6.0 ({CRATES_IO})\" = \"{}\"\n",
        "0".repeat(64)
    );
    vec![
        ("plain", lock(&smallvec), 100),
        (
            "line ends of Windows",
            lock(&smallvec).replace('\n', "\r\n"),
            100,
        ),
        (
            "capitals",
            lock(&package("SmallVec", "1.6.0", CRATES_IO)),
            100,
        ),
        (
            "build part",
            lock(&package("smallvec", "1.6.0+1", CRATES_IO)),
            100,
        ),
        (
            "prerelease",
            lock(&package("smallvec", "1.6.1-rc.1", CRATES_IO)),
            100,
        ),
        (
            "repaired",
            lock(&package("smallvec", "1.6.1", CRATES_IO)),
            0,
        ),
        ("first version of the format", first_version, 100),
        (
            "root of 2016",
            format!(
                "[root]\nname = \"app\"\nversion = \"0.1.0\"\ndependencies = [\n \"smallvec 1.6.0 ({CRATES_IO})\",\n]\n\n[[package]]\nname = \"smallvec\"\nversion = \"1.6.0\"\nsource = \"{CRATES_IO}\"\n"
            ),
            100,
        ),
        (
            "inline tables",
            format!(
                "version = 4\npackage = [{{ name = \"smallvec\", version = \"1.6.0\", source = \"{CRATES_IO}\" }}]\n"
            ),
            100,
        ),
        (
            "sparse",
            smallvec_from("sparse+https://index.crates.io/"),
            100,
        ),
        (
            "port",
            smallvec_from("sparse+https://index.crates.io:443/"),
            100,
        ),
        (
            "dot behind the host",
            smallvec_from("sparse+https://index.crates.io./"),
            100,
        ),
        (
            "user",
            smallvec_from("sparse+https://token:x@index.crates.io/"),
            100,
        ),
        (
            "capitals in the address",
            smallvec_from("registry+https://GitHub.com/Rust-Lang/crates.io-index"),
            100,
        ),
        (
            "slashes",
            smallvec_from("registry+https://github.com//rust-lang/crates.io-index//"),
            100,
        ),
        (
            "mirror",
            smallvec_from("registry+https://rsproxy.cn/crates.io-index"),
            100,
        ),
        (
            "another mirror",
            smallvec_from("sparse+https://mirrors.aliyun.com/crates.io-index/"),
            100,
        ),
        (
            "repository",
            smallvec_from(&format!(
                "git+https://github.com/servo/rust-smallvec?tag=v1.6.0#{}",
                "a".repeat(40)
            )),
            0,
        ),
        ("folder", lock(&local("smallvec", "1.6.0", "")), 0),
        (
            "unused patch",
            lock("\n[[patch.unused]]\nname = \"smallvec\"\nversion = \"1.6.0\"\n"),
            0,
        ),
        ("nothing", String::new(), 101),
        ("no package", "version = 4\n".to_owned(), 101),
        ("no text", "\0\0\0".to_owned(), 101),
        (
            "version of tomorrow",
            format!("version = 99\n{smallvec}"),
            101,
        ),
        (
            "version as text",
            format!("version = \"4\"\n{smallvec}"),
            101,
        ),
        (
            "merge conflict",
            lock(&format!("<<<<<<< HEAD\n{smallvec}=======\n>>>>>>> x\n")),
            101,
        ),
        (
            "name twice",
            lock("\n[[package]]\nname = \"a\"\nname = \"smallvec\"\nversion = \"1.6.0\"\n"),
            101,
        ),
        (
            "no version",
            lock(&format!(
                "\n[[package]]\nname = \"smallvec\"\nsource = \"{CRATES_IO}\"\n"
            )),
            101,
        ),
        (
            "zero before the version",
            lock(&package("smallvec", "01.6.0", CRATES_IO)),
            101,
        ),
        (
            "version without end",
            lock(&package("smallvec", "1.6.99999999999999999999", CRATES_IO)),
            101,
        ),
        ("empty source", smallvec_from(""), 101),
        (
            "unknown kind of source",
            smallvec_from("ipfs+https://example.org/"),
            101,
        ),
        (
            "misspelt list",
            lock(&smallvec.replace("[[package]]", "[[Package]]")),
            101,
        ),
        (
            "another list",
            lock(&smallvec.replace("[[package]]", "[[packages]]")),
            101,
        ),
        (
            "misspelt key",
            lock(&smallvec.replace("source =", "sorce =")),
            101,
        ),
        (
            "one table",
            "version = 4\n[package]\nname = \"smallvec\"\nversion = \"1.6.0\"\n".to_owned(),
            101,
        ),
        (
            "needed and not listed",
            lock(&local(
                "app",
                "0.1.0",
                "dependencies = [\n \"smallvec 1.6.0\",\n]\n",
            )),
            101,
        ),
        (
            "needed by name and not listed",
            lock(&local(
                "app",
                "0.1.0",
                "dependencies = [\n \"smallvec\",\n]\n",
            )),
            101,
        ),
        (
            "needed in another version",
            lock(&local(
                "app",
                "0.1.0",
                "dependencies = [\n \"serde 1.0.199\",\n]\n",
            )),
            101,
        ),
        (
            "needed from elsewhere",
            lock(&format!(
                "{}{}",
                local("smallvec", "1.13.2", ""),
                local(
                    "app",
                    "0.1.0",
                    &format!("dependencies = [\n \"smallvec 1.13.2 ({CRATES_IO})\",\n]\n")
                )
            )),
            101,
        ),
        (
            "nobody sees it",
            lock(&package("small\u{200b}vec", "1.6.0", CRATES_IO)),
            101,
        ),
        (
            "another alphabet",
            lock(&package("sm\u{430}llvec", "1.6.0", CRATES_IO)),
            101,
        ),
        (
            "a name that is none",
            lock(&package("small\\u0000vec", "1.6.0", CRATES_IO)),
            101,
        ),
    ]
}

#[test]
fn no_lock_file_hides_a_package() {
    for (name, text, code) in lock_files() {
        let place = Place::new();
        place.write(
            "db/crates/smallvec/RUSTSEC-2021-0003.md",
            &advisory("smallvec", "", PATCHED),
        );
        place.write("Cargo.lock", &text);
        let ran = place.run(".", &["audit", "--db", "db", "--lockfile", "Cargo.lock"]);
        assert_eq!(ran.code, code, "{name}: {}", ran.text);
    }
}

/// A record of OSV about versions of `smallvec` that are affected.
fn record(affected: Value, more: Value) -> String {
    let mut record = json!({ "id": "GHSA-43w2-9j62-hq99", "modified": "2024-01-01T00:00:00Z",
        "affected": [affected] });
    let fields = record.as_object_mut().unwrap();
    fields.extend(more.as_object().unwrap().clone());
    record.to_string()
}

fn affected(ecosystem: &str, events: Value) -> Value {
    json!({ "package": { "ecosystem": ecosystem, "name": "smallvec" },
        "ranges": [{ "type": "SEMVER", "events": events }] })
}

type Database = Vec<(&'static str, String)>;

/// Another advisory, so that a database without a readable one about `smallvec` is still one.
fn with_other(path: &'static str, text: String) -> Database {
    let other = json!({ "id": "GHSA-0000-0000-0000", "affected": [{
        "package": { "ecosystem": "crates.io", "name": "other" }, "versions": ["1.0.0"] }] });
    match path.ends_with(".json") {
        true => vec![(path, text), ("other.json", other.to_string())],
        false => vec![
            (path, text),
            (
                "crates/other/RUSTSEC-2021-0004.md",
                advisory("other", "", PATCHED).replace("0003", "0004"),
            ),
        ],
    }
}

fn databases() -> Vec<(&'static str, Database, i32)> {
    let own = "crates/smallvec/RUSTSEC-2021-0003.md";
    let all = json!([{ "introduced": "0" }]);
    let until = json!([{ "introduced": "0" }, { "fixed": "1.6.1" }]);
    let plain = record(affected("crates.io", until.clone()), json!({}));
    let score = "cvss = \"CVSS:3.1/AV:L/AC:H/PR:H/UI:R/S:U/C:L/I:N/A:N\"";
    vec![
        ("plain", vec![(own, advisory("smallvec", "", PATCHED))], 100),
        (
            "other folder",
            with_other("crates/small-vec/a.md", advisory("smallvec", "", PATCHED)),
            100,
        ),
        (
            "other folder, broken",
            with_other(
                "crates/small-vec/a.md",
                advisory("smallvec", "cvss = \"x\"", PATCHED),
            ),
            101,
        ),
        (
            "broken",
            with_other(own, advisory("smallvec", "cvss = \"x\"", PATCHED)),
            101,
        ),
        (
            "nothing but ruins",
            vec![(own, advisory("smallvec", "cvss = \"x\"", PATCHED))],
            101,
        ),
        (
            "escaped key in another folder",
            with_other(
                "crates/x/a.md",
                advisory("smallvec", "", PATCHED).replace("package =", "\"\\u0070ackage\" ="),
            ),
            100,
        ),
        (
            "another package in a comment",
            with_other(
                "crates/x/a.md",
                advisory("smallvec", "# package = \"x\"", PATCHED),
            ),
            100,
        ),
        (
            "another package in a text of several lines",
            with_other(
                "crates/x/a.md",
                advisory("smallvec", "url = '''\npackage = \"x\"\n'''", PATCHED),
            ),
            101,
        ),
        (
            "line ends of Windows",
            with_other(own, advisory("smallvec", "", PATCHED).replace('\n', "\r\n")),
            100,
        ),
        (
            "withdrawn",
            with_other(
                own,
                advisory("smallvec", "withdrawn = \"2021-02-01\"", PATCHED),
            ),
            0,
        ),
        (
            "without repair",
            with_other(own, advisory("smallvec", "", "patched = []")),
            100,
        ),
        (
            "all unaffected",
            with_other(
                own,
                advisory("smallvec", "", "patched = []\nunaffected = [\"*\"]"),
            ),
            0,
        ),
        (
            "malicious",
            with_other(
                own,
                advisory("smallvec", "informational = \"malicious\"", PATCHED),
            ),
            100,
        ),
        (
            "of tomorrow's kind",
            with_other(
                own,
                advisory("smallvec", "informational = \"backdoor\"", PATCHED),
            ),
            100,
        ),
        (
            "low score",
            with_other(own, advisory("smallvec", score, PATCHED)),
            0,
        ),
        (
            "record",
            vec![("GHSA-43w2-9j62-hq99.json", plain.clone())],
            100,
        ),
        (
            "record in folders",
            vec![("advisories/2021/08/GHSA-43w2-9j62-hq99.json", plain.clone())],
            100,
        ),
        (
            "events in another order",
            vec![(
                "a.json",
                record(
                    affected(
                        "crates.io",
                        json!([{ "fixed": "1.6.1" }, { "introduced": "0" }]),
                    ),
                    json!({}),
                ),
            )],
            100,
        ),
        (
            "repairs of two branches",
            vec![(
                "a.json",
                record(
                    affected(
                        "crates.io",
                        json!([{ "introduced": "0" }, { "fixed": "0.6.14" }, { "introduced": "1.0.0" }, { "fixed": "1.6.0" }]),
                    ),
                    json!({}),
                ),
            )],
            0,
        ),
        (
            "last affected",
            vec![(
                "a.json",
                record(
                    affected(
                        "crates.io",
                        json!([{ "introduced": "0" }, { "last_affected": "1.6.0" }]),
                    ),
                    json!({}),
                ),
            )],
            100,
        ),
        (
            "listed beside a range",
            vec![(
                "a.json",
                record(
                    json!({ "package": { "ecosystem": "crates.io", "name": "smallvec" }, "versions": ["1.6.0"], "ranges": [{ "type": "SEMVER", "events": [{ "introduced": "2.0.0" }] }] }),
                    json!({}),
                ),
            )],
            100,
        ),
        (
            "capitals in the ecosystem",
            vec![(
                "a.json",
                record(affected("Crates.IO", all.clone()), json!({})),
            )],
            100,
        ),
        (
            "another ecosystem",
            with_other("a.json", record(affected("npm", all.clone()), json!({}))),
            0,
        ),
        (
            "commits only",
            with_other(
                "a.json",
                record(
                    json!({ "package": { "ecosystem": "crates.io", "name": "smallvec" }, "ranges": [{ "type": "GIT", "events": [{ "introduced": "0" }] }] }),
                    json!({}),
                ),
            ),
            101,
        ),
        (
            "half a version",
            with_other(
                "a.json",
                record(
                    affected(
                        "crates.io",
                        json!([{ "introduced": "0" }, { "fixed": "1.7" }]),
                    ),
                    json!({}),
                ),
            ),
            101,
        ),
        (
            "half a record",
            with_other("a.json", plain[..plain.len() - 1].to_owned()),
            101,
        ),
        (
            "two lists",
            with_other(
                "a.json",
                format!("{},\"affected\":[]}}", &plain[..plain.len() - 1]),
            ),
            101,
        ),
        (
            "withdrawn record",
            with_other(
                "a.json",
                record(
                    affected("crates.io", all),
                    json!({ "withdrawn": "2024-01-01T00:00:00Z" }),
                ),
            ),
            0,
        ),
        (
            "GitHub's word",
            vec![(
                "a.json",
                record(
                    affected("crates.io", until),
                    json!({ "database_specific": { "severity": "LOW" } }),
                ),
            )],
            0,
        ),
        ("an archive", vec![("all.zip", "PK".to_owned())], 101),
    ]
}

#[test]
fn no_database_hides_an_advisory() {
    for (name, files, code) in databases() {
        let place = Place::new();
        for (path, text) in files {
            place.write(&format!("db/{path}"), &text);
        }
        place.write("Cargo.lock", &smallvec_from(CRATES_IO));
        let ran = place.run(".", &["audit", "--db", "db", "--lockfile", "Cargo.lock"]);
        assert_eq!(ran.code, code, "{name}: {}", ran.text);
    }
}
