//! The path of a library, from its tag to somebody who knows its name and version: packed as registries
//! serve it, listed, signed, attested, published, and compared with what is served.

use std::path::Path;

use release_gate::digest::sha256_bytes;
use release_gate::process::{Finished, Runner, Step};
use release_gates_tests::registry::Registry;

use super::fixture::*;

fn verify(release: &Release, home: &Path, more: &[&str]) -> Finished {
    let key = release.key("m.pub").display().to_string();
    let args = ["verify", "--key", &key, "--message-format", "json"];
    let home = home.display().to_string();
    let env = [
        ("CARGO_HOME", home.as_str()),
        ("CARGO_NET_OFFLINE", "false"),
    ];
    release.sign_with(&[&args[..], more].concat(), SEED, &env)
}

/// The same in another folder.
fn verify_in(folder: &Path, release: &Release, home: &Path, more: &[&str]) -> Finished {
    let key = release.key("m.pub").display().to_string();
    let step = Step::new(env!("CARGO_BIN_EXE_cargo-sign"))
        .current_dir(folder)
        .env("CARGO_HOME", home)
        .env("RELEASE_GATES_STATE_DIR", folder)
        .args(["verify", "--key", &key])
        .args(more);
    Runner::new().run(step).unwrap()
}

/// Each rule once, without the remark that the audit log was not published.
fn refusals(ran: &Finished) -> (i32, Vec<String>) {
    let (code, mut rules) = verdict(ran);
    rules.retain(|rule| rule != "not-covered");
    rules.dedup();
    (code, rules)
}

#[test]
fn what_a_registry_serves_is_compared_with_what_was_signed() {
    let release = Release::unpacked("1.0.0", SEED, &[]);
    let packed = release.sign(&["pack", "--crate"]);
    assert!(packed.is_success(), "{}", packed.stderr_text());
    let source = "https://example.org/demo";
    let attested = release.sign(&["attest", "--source-uri", source]);
    assert!(attested.is_success(), "{}", attested.stderr_text());
    let file = std::fs::read(release.released().join("demo-1.0.0.crate")).unwrap();
    assert_eq!(
        verify(&release, release.dir.path(), &[]).status.code(),
        Some(0)
    );

    let registry = Registry::serving("demo", "1.0.0", file.clone());
    let home = registry.cargo_home();
    let download = tempfile::tempdir().unwrap();
    lay_out(download.path(), &release.published());
    let folder = download.path().display().to_string();
    let asked = ["--crate", "demo@1.0.0", "--source-uri", source, &folder];
    let ran = verify(&release, home.path(), &asked);
    assert_eq!(refusals(&ran), (0, vec![]), "{}", ran.stderr_text());
    let list = format!("{folder}/checksums.txt");
    let named = ["--crate", "demo@1.0.0", "--registry", "here", &list];
    let ran = verify(&release, home.path(), &named);
    assert_eq!(refusals(&ran), (0, vec![]));

    // Another version, another package, and an archive that answers no such question.
    let mismatch = |rule: &str| (100, vec![rule.to_owned()]);
    let asked = |what: &str, path: &str| {
        let ran = verify(&release, home.path(), &["--crate", what, path]);
        refusals(&ran)
    };
    assert_eq!(asked("demo@1.1.0", &folder), mismatch("version-mismatch"));
    assert_eq!(asked("other@1.0.0", &folder), mismatch("project-mismatch"));
    let archive = release.archive();
    let alone = tempfile::tempdir().unwrap();
    for name in [archive.clone(), format!("{archive}.sig")] {
        std::fs::copy(download.path().join(&name), alone.path().join(&name)).unwrap();
    }
    let alone = alone.path().join(&archive).display().to_string();
    assert_eq!(asked("demo@1.0.0", &alone), mismatch("list-missing"));
    assert_eq!(asked("demo", &folder).0, 2);

    // Withdrawn: cargo takes it for no new use, and nothing was compared.
    registry.set_yanked(true);
    let home = registry.cargo_home();
    let ran = verify(&release, home.path(), &["--crate", "demo@1.0.0", &folder]);
    assert_eq!(refusals(&ran), mismatch("package-yanked"));
    registry.set_yanked(false);
    let home = registry.cargo_home();

    // Somebody who has nothing but the name is told what is served, and what to get.
    let nowhere = tempfile::tempdir().unwrap();
    let ran = verify_in(
        nowhere.path(),
        &release,
        home.path(),
        &["--crate", "demo@1.0.0"],
    );
    assert_eq!(ran.status.code(), Some(101));
    let told = ran.stderr_text();
    assert!(told.contains(&sha256_bytes(&file).to_string()), "{told}");
    assert!(told.contains("checksums.txt.sig"), "{told}");
    let odd = ["--crate", "demo@1.0.0", "--registry", "a\"b", &folder];
    assert_eq!(verify(&release, home.path(), &odd).status.code(), Some(2));

    // The registry serves something else, under a checksum of its own.
    registry.serve([&file[..], &[0]].concat());
    let home = registry.cargo_home();
    let ran = verify(&release, home.path(), &["--crate", "demo@1.0.0", &folder]);
    assert_eq!(refusals(&ran), mismatch("digest-mismatch"));
}

/// Makes the build one of a library alone.
fn build_library(release: &Release) {
    let info = release.folder().join("buildinfo.json");
    let text = std::fs::read_to_string(&info).unwrap();
    let library = text.replace("artifacts/demo", "artifacts/libdemo.rlib");
    std::fs::write(&info, library).unwrap();
    let folder = release.folder().join("artifacts");
    std::fs::rename(folder.join("demo"), folder.join("libdemo.rlib")).unwrap();
}

/// A member that the library needs and no registry serves yet is packed along, and pinned.
#[test]
fn a_library_may_need_a_sibling_of_the_same_release() {
    let sibling = "[package]\nname = \"sibling-of-demo\"\nversion = \"1.0.0\"\nedition = \"2024\"\nlicense = \"MIT\"\n";
    let files: [(&str, &[u8]); 2] = [
        ("sibling/Cargo.toml", sibling.as_bytes()),
        ("sibling/src/lib.rs", b"//! Sibling.\n"),
    ];
    let release = Release::unpacked("1.0.0", SEED, &files);
    let manifest = release.dir.path().join("Cargo.toml");
    let text = std::fs::read_to_string(&manifest).unwrap();
    let needs = "[dependencies]\nsibling-of-demo = { path = \"sibling\", version = \"1.0.0\" }\n[workspace]\n";
    std::fs::write(&manifest, text + needs).unwrap();
    let lock = ["generate-lockfile", "--offline", "--quiet"];
    release.must(Step::cargo().args(lock));
    release.commit("feat: a sibling");
    release.build();
    build_library(&release);

    let packed = release.sign(&["pack", "--offline"]);
    assert!(packed.is_success(), "{}", packed.stderr_text());
    let list = std::fs::read_to_string(release.released().join("checksums.txt")).unwrap();
    assert!(
        list.contains("  demo-1.0.0.crate\n") && !list.contains("sibling"),
        "{list}"
    );
}

#[test]
fn a_library_is_released_as_its_package_alone() {
    let release = Release::unpacked("1.0.0", SEED, &[]);
    let info = release.folder().join("buildinfo.json");
    let text = std::fs::read_to_string(&info).unwrap();
    let folder = release.folder().join("artifacts");
    build_library(&release);

    let packed = release.sign(&["pack"]);
    assert!(packed.is_success(), "{}", packed.stderr_text());
    let list = std::fs::read_to_string(release.released().join("checksums.txt")).unwrap();
    assert!(
        list.contains("  demo-1.0.0.crate\n") && !list.contains(".tar.gz"),
        "{list}"
    );
    let args = ["verify", "--key", "keys/m.pub", "--expect", "demo@1.0.0"];
    assert!(release.sign(&args).is_success());
    assert_eq!(
        release
            .sign(&[&args[..4], &["demo@1.1.0"]].concat())
            .status
            .code(),
        Some(100),
        "what is asked of the project's own release is not passed over"
    );

    // No registry may serve it: what was built is packed.
    let manifest = release.dir.path().join("Cargo.toml");
    let published = std::fs::read_to_string(&manifest).unwrap();
    std::fs::write(&manifest, format!("{published}publish = false\n")).unwrap();
    release.commit("chore: not for a registry");
    let built = std::fs::read_to_string(&info).unwrap();
    let head = |release: &Release| {
        let step = Step::new("git").args(["rev-parse", "HEAD"]);
        String::from_utf8(release.must(step).stdout).unwrap()
    };
    let first = release.must(Step::new("git").args(["rev-parse", "HEAD~"]));
    let first = String::from_utf8(first.stdout).unwrap();
    std::fs::write(&info, built.replace(first.trim(), head(&release).trim())).unwrap();
    assert!(release.sign(&["pack"]).is_success());
    let list = std::fs::read_to_string(release.released().join("checksums.txt")).unwrap();
    assert!(
        list.contains(".tar.gz") && !list.contains(".crate"),
        "{list}"
    );
    release.must(Step::new("git").args(["reset", "-q", "--hard", "HEAD~"]));

    // Packed without it, the release has no such file any more.
    std::fs::rename(folder.join("libdemo.rlib"), folder.join("demo")).unwrap();
    std::fs::write(&info, text).unwrap();
    assert!(release.sign(&["pack"]).is_success());
    assert!(!release.released().join("demo-1.0.0.crate").exists());
    assert!(release.sign(&args).is_success());

    // A changed checkout is not a release.
    std::fs::write(release.dir.path().join("src/lib.rs"), "//! Changed.\n").unwrap();
    assert_eq!(release.sign(&["pack", "--crate"]).status.code(), Some(101));
}

/// Nobody who downloads a program can link the Rust library that was built beside it.
#[test]
fn a_program_is_packed_without_the_rust_library_beside_it() {
    let release = Release::unpacked("1.0.0", SEED, &[]);
    let folder = release.folder();
    let library = b"only this build links it";
    std::fs::write(folder.join("artifacts/libdemo.rlib"), library).unwrap();
    let info = folder.join("buildinfo.json");
    let mut built: serde_json::Value =
        serde_json::from_slice(&std::fs::read(&info).unwrap()).unwrap();
    let artifacts = built["data"]["artifacts"].as_array_mut().unwrap();
    let mut beside = artifacts[0].clone();
    beside["path"] = "artifacts/libdemo.rlib".into();
    beside["sha256"] = sha256_bytes(library).to_string().into();
    beside["size"] = library.len().into();
    artifacts.push(beside);
    std::fs::write(&info, built.to_string()).unwrap();

    let packed = release.sign(&["pack"]);
    assert!(packed.is_success(), "{}", packed.stderr_text());
    let archive = release.released().join(release.archive());
    let listed = release.must(Step::new("tar").arg("-tzf").arg(archive));
    let listed = String::from_utf8(listed.stdout).unwrap();
    assert!(
        listed.contains("/demo\n") && !listed.contains("libdemo"),
        "{listed}"
    );
    let args = ["verify", "--key", "keys/m.pub", "--expect", "demo@1.0.0"];
    assert!(release.sign(&args).is_success());
}
