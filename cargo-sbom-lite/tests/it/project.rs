//! The calls on projects that were made to be judged: what is in Cargo.lock, where it comes from,
//! and what must not get out.

#![expect(
    clippy::unwrap_used,
    reason = "a fixture that cannot be made fails its test"
)]

use std::path::{Path, PathBuf};

use release_gate::digest::sha256_bytes;
use release_gate::process::{Runner, Step};
use serde_json::Value;

use super::fixture::Place;

/// A word that must be in nothing that is written or printed.
const SECRET: &str = "CANARY0123456789abcdef";

/// A place with a database in which `smallvec` below 1.6.1 is vulnerable.
fn with_database() -> Place {
    let project = Place::new();
    project.write(
        "db/crates/smallvec/RUSTSEC-2021-0003.md",
        &advisory("smallvec", ""),
    );
    project
}

fn advisory(package: &str, more: &str) -> String {
    format!(
        "```toml\n[advisory]\nid = \"RUSTSEC-2021-0003\"\npackage = \"{package}\"\ndate = \"2021-01-08\"\naliases = [\"CVE-2021-25900\"]\n{more}\n[versions]\npatched = [\">= 1.6.1\"]\n```\n\n# Overflow\n\nText.\n"
    )
}

const AUDIT: [&str; 3] = ["audit", "--db", "../db"];

#[test]
fn a_patched_package_keeps_the_advisories_of_the_one_it_replaces() {
    let project = with_database();
    project.package("fork", "smallvec", "1.6.0", "");
    // What the index would say of it: without a network cargo cannot be asked for the real one.
    project.package("p", "p", "1.0.0", "[dependencies]\nsmallvec = \"1.6\"\n[patch.crates-io]\nsmallvec = { path = \"../fork\" }\n");
    project.write("p/Cargo.lock", "version = 4\n\n[[package]]\nname = \"p\"\nversion = \"1.0.0\"\ndependencies = [\n \"smallvec\",\n]\n\n[[package]]\nname = \"smallvec\"\nversion = \"1.6.0\"\n");
    let ran = project.run("p", &AUDIT);
    assert_eq!(
        (ran.code, ran.rules()),
        (100, vec!["vulnerability"]),
        "{}",
        ran.text
    );
    let help = ran.json["findings"][0]["help"].as_str().unwrap();
    assert!(!help.contains("cargo update"), "{help}");

    // One that was asked for as a folder is somebody's own.
    project.package(
        "q",
        "q",
        "1.0.0",
        "[dependencies]\nsmallvec = { path = \"../fork\" }\n",
    );
    project.cargo("q", &["generate-lockfile", "--offline"]);
    let ran = project.run("q", &AUDIT);
    assert_eq!(
        (ran.code, ran.rules()),
        (0, vec!["advisory-other-source"]),
        "{}",
        ran.text
    );
}

#[test]
fn the_committed_lock_file_is_judged_and_never_written() {
    let project = with_database();
    project.package("q", "q", "1.0.0", "");
    project.package(
        "p",
        "p",
        "1.0.0",
        "[dependencies]\nq = { path = \"../q\" }\n",
    );

    for lock in [
        Some("version = 4\n\n[[package]]\nname = \"p\"\nversion = \"1.0.0\"\n"),
        None,
    ] {
        match lock {
            Some(text) => project.write("p/Cargo.lock", text),
            None => std::fs::remove_file(project.path("p/Cargo.lock")).unwrap(),
        }
        for call in [
            &AUDIT[..],
            &["generate"],
            &["licenses"],
            &["audit", "--db", "../db", "--reachability"],
        ] {
            let ran = project.run("p", call);
            assert_eq!(ran.code, 101, "{call:?}: {}", ran.text);
            let now = std::fs::read_to_string(project.path("p/Cargo.lock")).ok();
            assert_eq!(now.as_deref(), lock, "{call:?}");
        }
    }
}

#[test]
fn every_member_of_a_workspace_is_judged_and_one_lock_file_has_one_verdict() {
    let project = with_database();
    project.package("fork", "smallvec", "1.6.0", "");
    project.package(
        "w",
        "w",
        "1.0.0",
        "license = \"MIT\"\n[workspace]\nmembers = [\"m\"]\n",
    );

    project.package(
        "w/m",
        "m",
        "1.0.0",
        "license = \"MIT\"\n[dependencies]\nsmallvec = \"1.6\"\n",
    );

    let manifest = std::fs::read_to_string(project.path("w/Cargo.toml")).unwrap();
    project.write(
        "w/Cargo.toml",
        &format!("{manifest}[patch.crates-io]\nsmallvec = {{ path = \"../fork\" }}\n"),
    );

    project.write("w/Cargo.lock", "version = 4\n\n[[package]]\nname = \"m\"\nversion = \"1.0.0\"\ndependencies = [\n \"smallvec\",\n]\n\n[[package]]\nname = \"smallvec\"\nversion = \"1.6.0\"\n\n[[package]]\nname = \"w\"\nversion = \"1.0.0\"\n");
    let ran = project.run("w", &AUDIT);
    assert_eq!(ran.code, 100, "{}", ran.text);
    assert_eq!(
        ran.json["schema"], "release-gate/vulns/v1",
        "one report is printed"
    );

    assert_eq!(ran.json["subject"]["package"], Value::Null);

    // Each package has its own, in which what it does not build does not weigh.
    for (package, status) in [("w", "pass"), ("m", "fail")] {
        let file = project.path(&format!("target/release-gates/{package}-1.0.0/vulns.json"));
        let report: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
        assert_eq!(report["status"], status, "{package}");
    }

    let one = project.run("w", &["audit", "--db", "../db", "-p", "w"]);
    assert_eq!(one.code, 0, "{}", one.text);
    assert_eq!(one.json["coverage"]["not_judged"][0]["kind"], "package");
    let licenses = project.run("w", &["licenses"]);
    assert_eq!(
        licenses.json["data"]["reports"].as_array().unwrap().len(),
        2
    );
}

#[test]
fn a_target_that_nobody_knows_is_wrong_usage() {
    let project = with_database();
    project.package("p", "p", "1.0.0", "");
    project.cargo("p", &["generate-lockfile", "--offline"]);
    for call in [
        &AUDIT[..],
        &["generate"],
        &["licenses"],
        &["audit", "--db", "../db", "--lockfile", "Cargo.lock"],
    ] {
        let ran = project.run(
            "p",
            &[call, &["--target", "x86_64-pc-windos-msvc"]].concat(),
        );
        assert_eq!(ran.code, 2, "{call:?}: {}", ran.text);
        assert!(
            ran.text.contains("x86_64-pc-windows-msvc"),
            "the nearest is named: {}",
            ran.text
        );
    }
}

#[test]
fn flags_that_mean_nothing_are_refused() {
    let project = with_database();
    project.package("p", "p", "1.0.0", "");
    project.cargo("p", &["generate-lockfile", "--offline"]);

    for call in [
        &[
            "audit",
            "--db",
            "../db",
            "--lockfile",
            "Cargo.lock",
            "-p",
            "p",
        ][..],
        &[
            "audit",
            "--db",
            "../db",
            "--lockfile",
            "Cargo.lock",
            "--features",
            "x",
        ],
        &["audit", "--db", "../db", "--sbom", "x.json", "--workspace"],
        &[
            "audit",
            "--db",
            "../db",
            "--sbom",
            "x.json",
            "--target",
            "x86_64-unknown-linux-gnu",
        ],
        &["audit", "--db", "../db", "--fetch", "--no-fetch"],
        &["diff", "a", "b", "-p", "p"],
        &["generate", "--format", "spdx-json", "-o", "x.cdx.json"],
        &["generate", "--spec-version", "99"],
        &["generate", "--format", "spdx3-json"],
    ] {
        let ran = project.run("p", call);
        assert_eq!(ran.code, 2, "{call:?}: {}", ran.text);
    }
}

#[test]
fn the_name_of_the_output_and_the_version_choose_the_format() {
    let project = with_database();
    project.package("p", "p", "1.0.0", "");
    project.cargo("p", &["generate-lockfile", "--offline"]);
    for (args, begins) in [
        (&["-o", "x.spdx.json"][..], "\"spdxVersion\": \"SPDX-2.3\""),
        (&["-o", "x.spdx"], "SPDXVersion: SPDX-2.3"),
        (&["-o", "x.xml"], "cyclonedx.org/schema/bom/1.5"),
        (&["-o", "x.json"], "\"specVersion\": \"1.6\""),
        (
            &["-o", "x.cdx.json", "--spec-version", "1.4"],
            "\"specVersion\": \"1.4\"",
        ),
        (
            &["-o", "y.json", "--spec-version", "1.3"],
            "\"specVersion\": \"1.3\"",
        ),
    ] {
        let ran = project.run("p", &[&["generate"], args].concat());
        assert_eq!(ran.code, 0, "{args:?}: {}", ran.text);
        let text = std::fs::read_to_string(project.path("p").join(args[1])).unwrap();
        assert!(text.contains(begins), "{args:?}: {text}");
    }

    // Without a name the version is not ignored.
    assert_eq!(
        project
            .run("p", &["generate", "--spec-version", "1.4"])
            .code,
        0
    );

    let file = project.path("target/release-gates/p-1.0.0/sbom.cdx.json");
    assert!(
        std::fs::read_to_string(file)
            .unwrap()
            .contains("\"specVersion\": \"1.4\"")
    );
}

#[test]
fn a_package_of_examples_alone_has_a_document() {
    let project = with_database();
    project.write(
        "p/Cargo.toml",
        "[package]\nname = \"p\"\nversion = \"1.0.0\"\nedition = \"2024\"\n",
    );
    project.write("p/examples/e.rs", "fn main() {}");
    project.cargo("p", &["generate-lockfile", "--offline"]);
    let ran = project.run("p", &["generate"]);
    assert_eq!(ran.code, 0, "{}", ran.text);
}

#[test]
fn own_packages_do_not_claim_to_be_those_of_crates_io() {
    let project = with_database();
    project.package("p", "smallvec", "1.6.0", "license = \"MIT\"\n");
    project.cargo("p", &["generate-lockfile", "--offline"]);
    assert_eq!(project.run("p", &["generate"]).code, 0);
    for document in ["sbom.cdx.json", "sbom.spdx.json"] {
        let file = format!("../target/release-gates/smallvec-1.6.0/{document}");
        let ran = project.run("p", &["audit", "--db", "../db", "--sbom", &file]);
        assert_eq!(
            (ran.code, ran.rules()),
            (0, vec!["advisory-other-source"]),
            "{}",
            ran.text
        );
    }
}

/// Users, passwords and tokens of addresses, and folders of this machine, are in nothing that is
/// written or printed.
#[test]
fn no_secret_gets_out() {
    let project = with_database();
    let author = format!(
        "repository = \"https://user:{SECRET}@example.org/a\"\nhomepage = \"https://example.org/?token={SECRET}\"\nlicense-file = \"/home/{SECRET}/LICENSE\"\n"
    );
    project.package("dep", "dep", "1.0.0", &author);
    project.commit("dep");
    let url = format!("file://{}", project.path("dep").display());
    project.package(
        "p",
        "p",
        "1.0.0",
        &format!("{author}[dependencies]\ndep = {{ git = \"{url}\" }}\n"),
    );
    let lock = Step::cargo()
        .args(["generate-lockfile"])
        .current_dir(project.path("p"));
    Runner::new().run(lock).unwrap().success().unwrap();
    let mut printed = String::new();
    for call in [
        &["generate"][..],
        &["generate", "--format", "cyclonedx-xml"],
        &["generate", "--format", "spdx-tag-value"],
        &[
            "audit",
            "--db",
            "../db",
            "--vex",
            "../out/vex.json",
            "--osv",
            "../out/osv.json",
        ],
        &["licenses", "--notices", "../out/notices.txt"],
        &["pins"],
    ] {
        printed.push_str(&project.run("p", call).text);
    }
    // Lock files of others may have any address in them.
    let foreign = format!(
        "version = 4\n\n[[package]]\nname = \"a\"\nversion = \"1.0.0\"\nsource = \"git+https://user:{SECRET}@github.com/a/b?token={SECRET}#0000000000000000000000000000000000000000\"\n\n[[package]]\nname = \"smallvec\"\nversion = \"1.6.0\"\nsource = \"registry+https://{SECRET}@example.org/{SECRET}{SECRET}/index?t={SECRET}\"\nchecksum = \"{}\"\n",
        "0".repeat(64)
    );
    project.write("x.lock", &foreign);
    printed.push_str(
        &project
            .run(
                "p",
                &[
                    "audit",
                    "--db",
                    "../db",
                    "--lockfile",
                    "../x.lock",
                    "--vex",
                    "../out/v2.cdx.json",
                ],
            )
            .text,
    );

    printed.push_str(&print_documents_of_others(&project));

    let mut seen = 0;
    for folder in ["out", "target/release-gates"] {
        for file in release_gate::fs::walk(&project.path(folder)).unwrap() {
            let text = std::fs::read_to_string(&file.path).unwrap();
            assert!(!text.contains(SECRET), "{}", file.path.display());
            assert!(!text.contains("file:///"), "{}", file.path.display());
            seen += 1;
        }
    }
    assert!(seen >= 10, "{seen} files");
    assert!(!printed.contains(SECRET), "{printed}");
}

/// Somebody's documents may have a secret wherever they have an address.
fn print_documents_of_others(project: &Place) -> String {
    let component = |version: &str, more: &str| {
        serde_json::json!({ "type": "library", "name": "smallvec", "version": version, "purl": format!("pkg:cargo/smallvec@{version}{more}"),
            "externalReferences": [{ "type": "distribution", "url": format!("https://user:{SECRET}@example.org/x?t={SECRET}") }] })
    };

    let document = |version: &str| {
        let components = [
            component(
                version,
                &format!("?vcs_url=git%2Bhttps://user:{SECRET}@example.org/x%4000"),
            ),
            component(
                version,
                &format!("?repository_url=https://{SECRET}@example.org/index?t={SECRET}"),
            ),
            component(version, &format!("?download_url=file:///home/{SECRET}/x")),
            serde_json::json!({ "type": "library", "name": format!("https://user:{SECRET}@example.org/x"), "version": "1" }),
            serde_json::json!({ "type": "file", "name": format!("/home/{SECRET}/smallvec-1.6.0/lib.rs") }),
        ];
        serde_json::json!({ "bomFormat": "CycloneDX", "specVersion": "1.5", "components": components,
            "dependencies": [{ "ref": format!("https://user:{SECRET}@example.org/x"), "dependsOn": [] }] })
        .to_string()
    };

    project.write("one.cdx.json", &document("1.6.0"));
    project.write("two.cdx.json", &document("1.5.0"));
    project.write(
        "p/deny.toml",
        &format!("[advisories]\ndb-urls = [\"https://user:{SECRET}@example.org/db\"]\n"),
    );

    let mut printed = String::new();
    for call in [
        &[
            "audit",
            "--db",
            "../db",
            "--sbom",
            "../one.cdx.json",
            "--vex",
            "../out/v3.json",
            "--osv",
            "../out/o3.json",
        ][..],
        &["diff", "../one.cdx.json", "../two.cdx.json"],
        &["pins", "--fetch"],
        &["audit", "--db", "../db", "--binary", "../one.cdx.json"],
        &["init", "--dry-run"],
    ] {
        printed.push_str(&project.run("p", call).text);
    }

    printed
}

const CRATES_IO: &str = "registry+https://github.com/rust-lang/crates.io-index";

/// A project with a vendored copy of the package `dep` of a registry; the package's archive, and a
/// folder for CARGO_HOME.
fn vendored(project: &Place, registry: &str) -> (Vec<u8>, PathBuf) {
    let files = [
        (
            "Cargo.toml",
            "[package]\nname = \"dep\"\nversion = \"1.0.0\"\nedition = \"2024\"\n",
        ),
        ("src/lib.rs", ""),
    ];

    let mut tar = tar::Builder::new(flate2::write::GzEncoder::new(
        Vec::new(),
        flate2::Compression::fast(),
    ));

    for (path, text) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(text.len() as u64);
        header.set_mode(0o644);
        header.set_cksum();
        tar.append_data(&mut header, format!("dep-1.0.0/{path}"), text.as_bytes())
            .unwrap();
        project.write(&format!("p/vendor/dep/{path}"), text);
    }

    let archive = tar.into_inner().unwrap().finish().unwrap();
    let checksum = sha256_bytes(&archive).to_string();
    list(project, &checksum, &files);
    project.package("p", "p", "1.0.0", "[dependencies]\ndep = \"1\"\n");
    project.write(
        "p/.cargo/config.toml",
        "[source.crates-io]\nreplace-with = \"v\"\n[source.v]\ndirectory = \"vendor\"\n",
    );

    project.write("p/Cargo.lock", &format!("version = 4\n\n[[package]]\nname = \"dep\"\nversion = \"1.0.0\"\nsource = \"{registry}\"\nchecksum = \"{checksum}\"\n\n[[package]]\nname = \"p\"\nversion = \"1.0.0\"\ndependencies = [\n \"dep\",\n]\n"));

    (archive, project.path("cargo-home"))
}

/// A registry on this machine that has one package, `dep` 1.0.0, until the test's end. Its address
/// must be known before its archive is.
fn serve(listener: std::net::TcpListener, archive: Vec<u8>) {
    use std::io::{BufRead as _, BufReader, Write as _};

    let address = listener.local_addr().unwrap();
    let checksum = sha256_bytes(&archive).to_string();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
            let request = lines.next().unwrap().unwrap();
            while lines.next().is_some_and(|line| !line.unwrap().is_empty()) {}
            let body = match request.split(' ').nth(1).unwrap() {
                "/config.json" => format!("{{\"dl\":\"http://{address}/dl\"}}").into_bytes(),
                "/3/d/dep" => format!("{{\"name\":\"dep\",\"vers\":\"1.0.0\",\"deps\":[],\"cksum\":\"{checksum}\",\"features\":{{}},\"yanked\":false}}\n").into_bytes(),
                "/dl/dep/1.0.0/download" => archive.clone(),
                _ => Vec::new(),
            };
            let status = if body.is_empty() {
                "404 Not Found"
            } else {
                "200 OK"
            };
            let head = format!(
                "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
                body.len()
            );
            stream.write_all(head.as_bytes()).unwrap();
            stream.write_all(&body).unwrap();
        }
    });
}

#[test]
fn archives_are_fetched_from_the_registry_that_a_vendored_copy_stands_in_for() {
    let project = with_database();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let index = format!("sparse+http://{}/", listener.local_addr().unwrap());
    let (archive, home) = vendored(&project, &index);
    serve(listener, archive);
    project.package(
        "p",
        "p",
        "1.0.0",
        "[dependencies]\ndep = { version = \"1\", registry = \"own\" }\n",
    );
    project.write("p/.cargo/config.toml", &format!("[registries.own]\nindex = \"{index}\"\n[source.own]\nregistry = \"{index}\"\nreplace-with = \"v\"\n[source.v]\ndirectory = \"vendor\"\n"));
    let online = Path::new("false");
    let variables = [
        ("CARGO_HOME", home.as_path()),
        ("CARGO_NET_OFFLINE", online),
    ];

    let before = project.run_with("p", &["pins"], &variables);
    assert_eq!(before.rules(), ["not-judged-source"], "{}", before.text);
    let lock = std::fs::read(project.path("p/Cargo.lock")).unwrap();
    let fetched = project.run_with("p", &["pins", "--fetch"], &variables);
    assert_eq!(
        (fetched.code, fetched.rules()),
        (0, vec![]),
        "{}",
        fetched.text
    );
    assert_eq!(fetched.json["data"]["compared"], 1);
    assert_eq!(lock, std::fs::read(project.path("p/Cargo.lock")).unwrap());

    project.write("p/vendor/dep/src/lib.rs", "pub fn added() {}");
    let checksum = String::from_utf8(lock).unwrap();
    let checksum = checksum.split("checksum = \"").nth(1).unwrap()[..64].to_owned();
    let manifest = std::fs::read_to_string(project.path("p/vendor/dep/Cargo.toml")).unwrap();
    list(
        &project,
        &checksum,
        &[
            ("Cargo.toml", &manifest),
            ("src/lib.rs", "pub fn added() {}"),
        ],
    );
    let changed = project.run_with("p", &["pins", "--fetch"], &variables);
    assert_eq!(
        (changed.code, changed.rules()),
        (100, vec!["pin-source"]),
        "{}",
        changed.text
    );

    // A registry that does not answer is said, and counts as nothing.
    let gone = project.path("other-home");
    let variables = [
        ("CARGO_HOME", gone.as_path()),
        ("CARGO_NET_OFFLINE", online),
    ];
    project.write("p/.cargo/config.toml", &format!("[registries.own]\nindex = \"{index}\"\n[source.own]\nregistry = \"{index}\"\nreplace-with = \"v\"\n[source.v]\ndirectory = \"vendor\"\n[http]\nproxy = \"http://127.0.0.1:1\"\n[net]\nretry = 0\n"));
    let failed = project.run_with("p", &["pins", "--fetch"], &variables);
    assert_eq!(failed.code, 101, "{}", failed.text);
    assert!(
        !failed.text.contains(project.dir.path().to_str().unwrap()),
        "{}",
        failed.text
    );
}

#[test]
fn sources_of_repositories_are_not_compared_and_that_is_said() {
    let project = with_database();
    project.package("dep", "dep", "1.0.0", "");
    project.commit("dep");
    let url = format!("file://{}", project.path("dep").display());
    project.package(
        "p",
        "p",
        "1.0.0",
        &format!("[dependencies]\ndep = {{ git = \"{url}\" }}\n"),
    );
    project.cargo("p", &["generate-lockfile"]);
    let ran = project.run("p", &["pins"]);
    assert!(ran.rules().contains(&"not-judged-source"), "{}", ran.text);
    assert!(ran.text.contains("a repository"), "{}", ran.text);
}

#[test]
fn a_lock_file_that_is_refused_is_reported_for_every_member() {
    let project = with_database();
    project.write(
        "w/Cargo.toml",
        "[workspace]\nmembers = [\"a\", \"b\"]\ndefault-members = [\"a\"]\nresolver = \"3\"\n",
    );
    project.package("w/a", "a", "1.0.0", "");
    project.package("w/b", "b", "1.0.0", "");
    for call in ["pins", "licenses", "audit"] {
        let ran = project.run("w", &[call]);
        let expected = if call == "pins" { 100 } else { 101 };
        assert_eq!(ran.code, expected, "{call}: {}", ran.text);
        let name = if call == "audit" { "vulns" } else { call };
        for member in ["a", "b"] {
            let path = format!("target/release-gates/{member}-1.0.0/{name}.json");
            let text = std::fs::read_to_string(project.path(&path)).unwrap();
            let report: Value = serde_json::from_str(&text).unwrap();
            assert_ne!(report["status"], "pass", "{path}");
        }
    }
}

/// The copy's own list of checksums, as anyone who changes the copy can write it.
fn list(project: &Place, checksum: &str, files: &[(&str, &str)]) {
    let files: serde_json::Map<String, Value> = files
        .iter()
        .map(|(path, text)| {
            (
                (*path).to_owned(),
                sha256_bytes(text.as_bytes()).to_string().into(),
            )
        })
        .collect();
    project.write(
        "p/vendor/dep/.cargo-checksum.json",
        &serde_json::json!({ "files": files, "package": checksum }).to_string(),
    );
}

#[test]
fn a_vendored_copy_is_compared_with_the_locked_archive_and_not_with_its_own_list() {
    let project = with_database();
    let (archive, home) = vendored(&project, CRATES_IO);
    let cache = home.join("registry/cache/index.crates.io-0");
    std::fs::create_dir_all(&cache).unwrap();
    std::fs::write(cache.join("dep-1.0.0.crate"), archive).unwrap();
    let pins = |home: &Path| project.run_with("p", &["pins"], &[("CARGO_HOME", home)]);
    let good = pins(&home);
    assert_eq!((good.code, good.rules()), (0, vec![]), "{}", good.text);
    assert_eq!(good.json["data"]["compared"], 1);

    // Code and list are changed together.
    let lock = std::fs::read_to_string(project.path("p/Cargo.lock")).unwrap();
    let checksum = lock.split("checksum = \"").nth(1).unwrap()[..64].to_owned();
    let manifest = std::fs::read_to_string(project.path("p/vendor/dep/Cargo.toml")).unwrap();
    project.write("p/vendor/dep/build.rs", "fn main() {}");
    list(
        &project,
        &checksum,
        &[
            ("Cargo.toml", &manifest),
            ("src/lib.rs", ""),
            ("build.rs", "fn main() {}"),
        ],
    );
    let bad = pins(&home);
    assert_eq!(
        (bad.code, bad.rules()),
        (100, vec!["pin-source"]),
        "{}",
        bad.text
    );

    // Without the archive nobody knows, and that is said.
    let unknown = pins(&project.path("empty-home"));
    assert_eq!(
        (unknown.code, unknown.rules()),
        (0, vec!["not-judged-source"]),
        "{}",
        unknown.text
    );
    assert_eq!(unknown.json["coverage"]["not_judged"][0]["count"], 1);
}

#[test]
fn mirrors_that_are_named_serve_crates_io() {
    let project = with_database();
    project.write("x.lock", &format!("version = 4\n\n[[package]]\nname = \"smallvec\"\nversion = \"1.6.0\"\nsource = \"sparse+https://artifactory.example.org/api/cargo/remote/index/\"\nchecksum = \"{}\"\n", "0".repeat(64)));
    let audit = ["audit", "--db", "db", "--lockfile", "x.lock"];
    let without = project.run("", &audit);
    assert_eq!(
        (without.code, without.rules()),
        (0, vec!["advisory-other-source"])
    );
    project.write(
        "g.toml",
        "[sbom-lite]\nmirrors = [\"https://artifactory.example.org/api/cargo/remote\"]\n",
    );
    let with = project.run("", &[&audit[..], &["--config", "g.toml"]].concat());
    assert_eq!(
        (with.code, with.rules()),
        (100, vec!["vulnerability"]),
        "{}",
        with.text
    );
}

#[test]
fn advisories_are_ignored_for_one_call_and_by_statements_that_name_them() {
    let project = with_database();
    project.write("x.lock", &format!("version = 4\n\n[[package]]\nname = \"smallvec\"\nversion = \"1.6.0\"\nsource = \"registry+https://github.com/rust-lang/crates.io-index\"\nchecksum = \"{}\"\n", "0".repeat(64)));
    let audit = |more: &[&str]| {
        project.run(
            "",
            &[&["audit", "--db", "db", "--lockfile", "x.lock"][..], more].concat(),
        )
    };
    assert_eq!(audit(&[]).code, 100);
    for id in ["RUSTSEC-2021-0003", "CVE-2021-25900"] {
        assert_eq!(audit(&["--ignore", id]).code, 0);
    }
    assert_eq!(
        audit(&["--ignore", "CVE-1999-0001"]).rules(),
        ["ignore-unmatched", "vulnerability"]
    );
    let vex = |package: &str, justification: &str| {
        project.write("v.json", &serde_json::json!({
            "@context": "https://openvex.dev/ns/v0.2.0", "author": "me", "statements": [{
                "vulnerability": { "name": "CVE-2021-25900" }, "status": "not_affected", "justification": justification,
                "products": [{ "@id": package }] }] }).to_string());
        audit(&["--accept-vex", "v.json"])
    };
    let reason = "vulnerable_code_not_in_execute_path";
    assert_eq!(vex("pkg:cargo/smallvec@1.6.0", reason).code, 0);
    assert_eq!(
        vex("pkg:cargo/smallvec@1.6.1", reason).rules(),
        ["vex-statement-unusable", "vulnerability"]
    );
    assert_eq!(vex("pkg:cargo/smallvec", reason).code, 100);
    project.write("v.json", "{}");
    assert_eq!(audit(&["--accept-vex", "v.json"]).code, 101);
}

#[test]
fn kinds_of_advisories_that_are_not_known_weigh() {
    let project = with_database();
    project.write("x.lock", &format!("version = 4\n\n[[package]]\nname = \"smallvec\"\nversion = \"1.6.0\"\nsource = \"registry+https://github.com/rust-lang/crates.io-index\"\nchecksum = \"{}\"\n", "0".repeat(64)));
    for (kind, rule) in [
        ("malicious", "malicious"),
        ("brand-new", "advisory-of-unknown-kind"),
    ] {
        project.write(
            "db/crates/smallvec/RUSTSEC-2021-0003.md",
            &advisory("smallvec", &format!("informational = \"{kind}\"")),
        );
        let ran = project.run("", &["audit", "--db", "db", "--lockfile", "x.lock"]);
        assert_eq!((ran.code, ran.rules()), (100, vec![rule]), "{}", ran.text);
    }

    // One that cannot be read, in a folder that is spelt otherwise.
    project.write(
        "db/crates/small-vec/RUSTSEC-2021-0009.md",
        "```toml\n[advisory]\npackage = \"smallvec\"\nid = \n```\n\n# T\n",
    );

    assert_eq!(
        project
            .run("", &["audit", "--db", "db", "--lockfile", "x.lock"])
            .code,
        101
    );

    // OSV's export, with what RustSec does not have.
    project.write("osv/MAL-2025-1.json", "{\"id\":\"MAL-2025-1\",\"summary\":\"S\",\"published\":\"2025-01-01T00:00:00Z\",\"affected\":[{\"package\":{\"ecosystem\":\"crates.io\",\"name\":\"smallvec\"},\"versions\":[\"1.6.0\"]}]}");
    let ran = project.run("", &["audit", "--db", "osv", "--lockfile", "x.lock"]);
    assert_eq!(
        (ran.code, ran.rules()),
        (100, vec!["malicious"]),
        "{}",
        ran.text
    );
}

#[test]
fn a_database_is_fetched_when_it_is_missing_and_a_failed_fetch_is_said() {
    let project = with_database();
    project.write("x.lock", &format!("version = 4\n\n[[package]]\nname = \"smallvec\"\nversion = \"1.6.0\"\nsource = \"registry+https://github.com/rust-lang/crates.io-index\"\nchecksum = \"{}\"\n", "0".repeat(64)));
    project.commit("db");
    let home = project.path("home");
    let online = Path::new("false");
    let audit = |config: &str, more: &[&str]| {
        project.write("g.toml", config);
        let args = [
            &["audit", "--lockfile", "x.lock", "--config", "g.toml"][..],
            more,
        ]
        .concat();
        project.run_with(
            "",
            &args,
            &[("CARGO_HOME", &home), ("CARGO_NET_OFFLINE", online)],
        )
    };

    let from = |place: &Path| format!("[sbom-lite]\ndb-url = \"file://{}\"\n", place.display());

    // Nothing to fetch from, and nothing there.
    let nowhere = from(&project.path("nowhere"));
    let missing = audit(&nowhere, &[]);
    assert_eq!(
        (missing.code, missing.rules()),
        (101, vec!["advisory-db-missing"]),
        "{}",
        missing.text
    );

    assert_eq!(audit(&from(&project.path("db")), &["--no-fetch"]).code, 101);

    // Fetched on the first call.
    let fetched = audit(&from(&project.path("db")), &[]);
    assert_eq!(
        (fetched.code, fetched.rules()),
        (100, vec!["vulnerability"]),
        "{}",
        fetched.text
    );

    // Fresh: not fetched again.
    assert_eq!(audit(&nowhere, &[]).rules(), ["vulnerability"]);

    // Old, and its origin gone: used, and said.
    let old = std::time::SystemTime::now() - std::time::Duration::from_secs(200_000);
    for name in ["HEAD", "FETCH_HEAD"] {
        if let Ok(file) = std::fs::File::options()
            .append(true)
            .open(home.join("advisory-db/.git").join(name))
        {
            file.set_modified(old).unwrap();
        }
    }

    std::fs::rename(project.path("db"), project.path("gone")).unwrap();
    let stale = audit(&nowhere, &[]);
    assert_eq!(
        (stale.code, stale.rules()),
        (100, vec!["advisory-db-not-fetched", "vulnerability"]),
        "{}",
        stale.text
    );
}

#[test]
fn a_difference_is_told_by_kind_and_component() {
    let project = with_database();
    project.package("p", "p", "1.0.0", "license = \"MIT\"\n");
    project.cargo("p", &["generate-lockfile"]);
    for version in ["1.5", "1.6"] {
        let output = format!("../{version}.cdx.json");
        let ran = project.run("p", &["generate", "--spec-version", version, "-o", &output]);
        assert_eq!(ran.code, 0, "{}", ran.text);
    }
    // One build in two versions of the specification is one build.
    let same = project.run("", &["diff", "1.5.cdx.json", "1.6.cdx.json"]);
    assert_eq!((same.code, same.rules()), (0, vec![]), "{}", same.text);
    assert_eq!(same.json["schema"], "release-gate/sbom-diff/v1");

    let text = std::fs::read_to_string(project.path("1.6.cdx.json")).unwrap();
    let mut document: Value = serde_json::from_str(&text).unwrap();
    let added = serde_json::json!({ "type": "library", "name": "added", "version": "1.0.0", "purl": "pkg:cargo/added@1.0.0" });
    document["components"].as_array_mut().unwrap().push(added);
    project.write("more.cdx.json", &document.to_string());
    let more = project.run("", &["diff", "1.6.cdx.json", "more.cdx.json"]);
    assert_eq!(more.code, 100, "{}", more.text);
    assert_eq!(
        more.json["data"]["changes"],
        serde_json::json!([{ "kind": "new-dependency", "component": "added 1.0.0", "before": null, "after": "1.0.0" }]),
        "{}",
        more.text
    );
    assert_eq!(more.json["coverage"]["judged"], 2);

    document["metadata"]["timestamp"] = "2001-01-01T00:00:00Z".into();
    project.write("later.cdx.json", &document.to_string());
    let later = project.run("", &["diff", "more.cdx.json", "later.cdx.json"]);
    assert_eq!(later.rules(), ["document-changed"], "{}", later.text);
}

/// Each of several artifacts has a document of its own, with its digests.
#[test]
fn every_artifact_that_was_built_has_a_document() {
    let project = with_database();
    project.package("p", "p", "1.0.0", "license = \"MIT\"\n");
    project.cargo("p", &["generate-lockfile"]);
    let first = project.run("p", &["generate"]);
    assert_eq!(first.code, 0, "{}", first.text);
    let folder = "target/release-gates/p-1.0.0";
    let sbom = std::fs::read_to_string(project.path(&format!("{folder}/sbom.json"))).unwrap();
    let subject = serde_json::from_str::<Value>(&sbom).unwrap()["subject"].clone();
    let mut artifacts = Vec::new();
    for (target, name) in [
        ("x86_64-unknown-linux-gnu", "p"),
        ("x86_64-pc-windows-msvc", "p.exe"),
    ] {
        let path = format!("artifacts/{target}/{name}");
        project.write(&format!("{folder}/{path}"), target);
        artifacts.push(serde_json::json!({ "name": name, "target": target, "path": path, "sha256": sha256_bytes(target.as_bytes()).to_string(), "size": target.len() }));
    }

    project.write(
        &format!("{folder}/buildinfo.json"),
        &build_record(&subject, &artifacts).to_string(),
    );

    let ran = project.run("p", &["generate"]);
    assert_eq!(ran.code, 0, "{}", ran.text);
    for (target, name) in [
        ("x86_64-unknown-linux-gnu", "p"),
        ("x86_64-pc-windows-msvc", "p.exe"),
    ] {
        let path = project.path(&format!("{folder}/sbom.{target}.{name}.cdx.json"));
        let document: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        let main = &document["metadata"]["component"];
        let sha256 = sha256_bytes(target.as_bytes()).to_string();
        assert_eq!(main["hashes"][0]["content"], sha256, "{main}");
        assert_eq!(main["hashes"][1]["alg"], "SHA-512", "{main}");
        assert!(main.to_string().contains(&format!("\"{name}\"")), "{main}");
        let spdx = project.path(&format!("{folder}/sbom.{target}.{name}.spdx.json"));
        let spdx = std::fs::read_to_string(spdx).unwrap();
        assert!(spdx.contains(&sha256));
    }

    let common = std::fs::read_to_string(project.path(&format!("{folder}/sbom.cdx.json"))).unwrap();
    let common: Value = serde_json::from_str(&common).unwrap();
    assert!(common["metadata"]["component"]["hashes"].is_null());
}

/// A record of a build, of the shape that the schema of such records has.
fn build_record(subject: &Value, artifacts: &[Value]) -> Value {
    use release_gate::facts::report::buildinfo::BuildInfo;

    let mut record = release_gate::facts::sample::report_sample::<BuildInfo>();
    record["subject"] = subject.clone();
    record["status"] = "pass".into();
    let sample = record["data"]["artifacts"][0].clone();
    let filled = artifacts.iter().map(|artifact| {
        let mut whole = sample.clone();
        for (key, value) in artifact.as_object().into_iter().flatten() {
            whole[key] = value.clone();
        }
        whole
    });
    record["data"]["artifacts"] = filled.collect::<Vec<_>>().into();
    record
}

#[test]
fn an_init_takes_over_what_cargo_deny_says() {
    let project = with_database();
    project.package("dep", "dep", "1.0.0", "license-file = \"LICENSE\"\n");
    project.write("dep/LICENSE", "all yours");
    project.package(
        "p",
        "p",
        "1.0.0",
        "license = \"MIT\"\n[dependencies]\ndep = { path = \"../dep\" }\n",
    );

    project.write("p/deny.toml", "[licenses]\nallow = [\"MIT\"]\n[[licenses.clarify]]\ncrate = \"dep\"\nexpression = \"MIT\"\nlicense-files = [{ path = \"LICENSE\", hash = 0xbd0eed23 }]\n[bans]\nwildcards = \"deny\"\n");
    project.cargo("p", &["generate-lockfile"]);
    let ran = project.run("p", &["init"]);
    assert_eq!(ran.code, 0, "{}", ran.text);
    let text = std::fs::read_to_string(project.path("p/release-gates.toml")).unwrap();
    assert!(
        text.contains("# Not taken over: `bans` of deny.toml."),
        "{text}"
    );

    assert!(
        text.contains(&sha256_bytes(b"all yours").to_string()),
        "{text}"
    );

    let judged = project.run("p", &["licenses"]);
    assert_eq!(judged.code, 0, "{}", judged.text);
    project.write("dep/LICENSE", "not yours");
    let changed = project.run("p", &["licenses"]);
    assert_eq!(
        changed.rules(),
        ["license-text-changed"],
        "{}",
        changed.text
    );
}

/// A record in the shape of osv.dev's export of crates.io.
fn osv_record(id: &str, aliases: &[&str], package: &str, affected: Value) -> String {
    let mut entry = serde_json::json!({ "package": { "ecosystem": "crates.io", "name": package, "purl": format!("pkg:cargo/{package}") } });
    for (key, value) in affected.as_object().unwrap() {
        entry[key] = value.clone();
    }
    serde_json::json!({
        "schema_version": "1.6.7", "id": id, "aliases": aliases, "modified": "2026-01-02T03:04:05Z",
        "published": "2026-01-02T03:04:05Z", "summary": "Overflow", "details": "Text.", "severity": [],
        "affected": [entry], "references": [], "database_specific": { "severity": "HIGH", "github_reviewed": true },
    })
    .to_string()
}

#[test]
fn an_export_of_osv_is_a_database() {
    let project = with_database();
    let below = |fixed: &str| serde_json::json!({ "ranges": [{ "type": "SEMVER", "events": [{ "introduced": "0" }, { "fixed": fixed }] }], "versions": [] });
    let named = |version: &str| serde_json::json!({ "versions": [version] });
    let lock = |name: &str, version: &str| {
        format!(
            "[[package]]\nname = \"{name}\"\nversion = \"{version}\"\nsource = \"{CRATES_IO}\"\nchecksum = \"{}\"\n\n",
            "0".repeat(64)
        )
    };
    let windows = serde_json::json!({ "ranges": below("2.0.0")["ranges"], "ecosystem_specific": { "affects": { "arch": [], "os": ["windows"], "functions": [] } } });
    for (id, aliases, package, affected) in [
        (
            "RUSTSEC-2021-0003",
            &["GHSA-43w2-9j62-hq99", "CVE-2021-25900"][..],
            "smallvec",
            below("1.6.1"),
        ),
        (
            "GHSA-43w2-9j62-hq99",
            &["CVE-2021-25900", "RUSTSEC-2021-0003"],
            "smallvec",
            below("1.6.1"),
        ),
        ("GHSA-aaaa-bbbb-cccc", &[], "only_github", below("2.0.0")),
        ("MAL-2026-0001", &[], "evil", named("0.1.0")),
        ("RUSTSEC-2026-0002", &[], "elsewhere", windows),
    ] {
        project.write(
            &format!("osv/{id}.json"),
            &osv_record(id, aliases, package, affected),
        );
    }
    let text = [
        lock("elsewhere", "1.0.0"),
        lock("evil", "0.1.0"),
        lock("only_github", "1.0.0"),
        lock("smallvec", "1.6.0"),
    ]
    .concat();
    project.write("x.lock", &format!("version = 4\n\n{text}"));
    let audit = [
        "audit",
        "--db",
        "osv",
        "--lockfile",
        "x.lock",
        "--target",
        "x86_64-unknown-linux-gnu",
        "--osv",
        "out.json",
    ];
    let ran = project.run("", &audit);
    assert_eq!(
        (ran.code, ran.rules()),
        (
            100,
            vec![
                "malicious",
                "vulnerability",
                "vulnerability",
                "vulnerability-other-target"
            ]
        ),
        "{}",
        ran.text
    );
    let ids: Vec<&str> = ran.json["data"]["advisories"]
        .as_array()
        .unwrap()
        .iter()
        .map(|hit| hit["id"].as_str().unwrap())
        .collect();
    // GitHub's record of what RustSec has is the same thing.
    assert_eq!(
        ids,
        [
            "RUSTSEC-2026-0002",
            "MAL-2026-0001",
            "GHSA-aaaa-bbbb-cccc",
            "RUSTSEC-2021-0003"
        ]
    );
    let written: Value =
        serde_json::from_slice(&std::fs::read(project.path("out.json")).unwrap()).unwrap();
    let events = &written["results"][0]["packages"][3]["vulnerabilities"][0]["affected"][0]["ranges"]
        [0]["events"];
    assert_eq!(
        *events,
        serde_json::json!([{ "introduced": "0.0.0-0" }, { "fixed": "1.6.1" }])
    );

    // Beside RustSec's database it adds what that one does not have.
    let both = project.run("", &[&["audit", "--db", "db"][..], &audit[1..]].concat());
    assert_eq!(
        both.json["data"]["advisories"].as_array().unwrap().len(),
        4,
        "{}",
        both.text
    );
}

#[test]
fn the_release_of_rust_that_builds_has_advisories_too() {
    let project = with_database();
    project.package("p", "p", "1.0.0", "");
    project.cargo("p", &["generate-lockfile"]);
    for part in ["std", "rustc", "cargo"] {
        let text = advisory(part, "").replace(">= 1.6.1", ">= 99.0.0");
        project.write(&format!("db/rust/{part}/RUSTSEC-2021-0003.md"), &text);
    }

    project.write(
        "db/rust/rustdoc/RUSTSEC-2021-0003.md",
        &advisory("rustdoc", ""),
    );

    let ran = project.run("p", &AUDIT);
    assert_eq!(
        (ran.code, ran.rules()),
        (0, vec!["toolchain-advisory"; 3]),
        "{}",
        ran.text
    );

    let denied = project.run(
        "p",
        &[&AUDIT[..], &["--deny", "toolchain-advisory"]].concat(),
    );

    assert_eq!(denied.code, 100, "{}", denied.text);
}

#[test]
fn what_cargo_says_of_an_artifact_is_a_second_source() {
    let project = with_database();
    project.package("dep", "dep", "1.0.0", "");
    project.package("macros", "macros", "1.0.0", "[lib]\nproc-macro = true\n");
    project.package("p", "p", "1.0.0", "license = \"MIT\"\n[dependencies]\ndep = { path = \"../dep\" }\nmacros = { path = \"../macros\" }\n");
    std::fs::remove_file(project.path("p/src/lib.rs")).unwrap();
    project.write("p/src/main.rs", "fn main() {}");
    let step = Step::cargo()
        .args(["build", "--release", "-Zsbom"])
        .env("RUSTC_BOOTSTRAP", "1")
        .env("CARGO_BUILD_SBOM", "true")
        .env("CARGO_TARGET_DIR", project.path("built"))
        .current_dir(project.path("p"));
    Runner::new().run(step).unwrap().success().unwrap();
    let generate = [
        "generate",
        "--cargo-sbom",
        "../built/release/p.cargo-sbom.json",
    ];
    let same = project.run("p", &generate);
    assert_eq!(
        (same.code, same.rules().contains(&"precursor-differs")),
        (0, false),
        "{}",
        same.text
    );

    // Built from something else than is described now.
    project.package(
        "p",
        "p",
        "1.0.0",
        "license = \"MIT\"\n[dependencies]\nmacros = { path = \"../macros\" }\n",
    );
    std::fs::remove_file(project.path("p/src/lib.rs")).unwrap();
    std::fs::remove_file(project.path("p/Cargo.lock")).unwrap();
    project.cargo("p", &["generate-lockfile"]);
    let other = project.run("p", &generate);
    assert_eq!(other.code, 100, "{}", other.text);
    assert!(
        other.rules().contains(&"precursor-differs"),
        "{}",
        other.text
    );
    let document = project.run("p", &[&generate[..], &["-o", "../x.cdx.json"]].concat());
    assert_eq!(document.code, 101, "{}", document.text);
    assert!(!project.path("x.cdx.json").exists());
    project.write("none.json", "{}");
    let none = project.run("p", &["generate", "--cargo-sbom", "../none.json"]);
    assert_eq!(none.code, 101, "{}", none.text);
}

/// cargo's configuration may put a folder in the place of a locked package, and Cargo.lock does not
/// say so.
#[test]
fn a_folder_in_the_place_of_a_locked_package_is_that_package() {
    let project = with_database();
    project.package("fork", "smallvec", "1.6.0", "");
    project.package(
        "p",
        "p",
        "1.0.0",
        "[dependencies]\nsmallvec = \"1.6\"\n[patch.crates-io]\nsmallvec = { path = \"../fork\" }\n",
    );
    project.cargo("p", &["generate-lockfile", "--offline"]);

    // In a configuration file it is the same thing.
    let manifest = std::fs::read_to_string(project.path("p/Cargo.toml")).unwrap();
    let (without, _) = manifest.split_once("[patch").unwrap();
    project.write("p/Cargo.toml", without);
    project.write(
        "p/.cargo/config.toml",
        "[patch.crates-io]\nsmallvec = { path = \"../fork\" }\n",
    );
    let ran = project.run("p", &AUDIT);
    assert_eq!(
        (ran.code, ran.rules()),
        (100, vec!["vulnerability"]),
        "{}",
        ran.text
    );
}
