//! `cargo repro crate` on packages that cargo itself packed from temporary repositories, untouched
//! and tampered with.

#![expect(
    clippy::unwrap_used,
    reason = "a fixture that cannot be made fails its test"
)]

use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

use release_gate::process::{Finished, Runner, Step};
use serde_json::Value;
use tempfile::TempDir;

use crate::fixture;

/// A repository with one package, and the `.crate` cargo packs of it.
struct Published {
    dir: TempDir,
}

impl Published {
    fn new() -> Self {
        let dir = tempfile::Builder::new()
            .prefix("published-")
            .tempdir()
            .unwrap();

        let this = Self { dir };
        let manifest = "[package]\nname = \"demo\"\nversion = \"1.2.3\"\nedition = \"2024\"\nlicense = \"MIT\"\ndescription = \"x\"\n";
        for (path, text) in [
            ("Cargo.toml", manifest),
            ("src/lib.rs", "pub fn one() -> u8 { 1 }\n"),
            (
                "src/main.rs",
                "fn main() { println!(\"{}\", demo::one()); }\n",
            ),
            (".gitignore", "target\n"),
        ] {
            let path = this.root().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }

        let cargo = |args: &[&str]| {
            let finished = this.run("cargo", args);
            assert!(finished.is_success(), "{}", finished.stderr_text());
        };

        cargo(&["generate-lockfile", "--offline"]);
        fixture::git(|args| this.run("git", args), fixture::COMMIT);
        cargo(&["package", "--no-verify", "--offline", "-q"]);

        this
    }

    fn root(&self) -> PathBuf {
        self.dir.path().join("repository")
    }

    fn file(&self) -> PathBuf {
        self.root().join("target/package/demo-1.2.3.crate")
    }

    fn run(&self, program: &str, args: &[&str]) -> Finished {
        let real = std::env::var_os("HOME")
            .map(PathBuf::from)
            .unwrap_or_default();
        let or_default = |name: &str, folder: &str| {
            std::env::var_os(name).map_or_else(|| real.join(folder), PathBuf::from)
        };
        let step = Step::new(program)
            .args(args)
            .current_dir(self.root())
            .env("CARGO_HOME", or_default("CARGO_HOME", ".cargo"))
            .env("RUSTUP_HOME", or_default("RUSTUP_HOME", ".rustup"))
            .env("HOME", self.dir.path())
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env_remove("CARGO_TARGET_DIR");
        Runner::new().run(step).unwrap()
    }

    /// Judges the packed file after its members went through `change`.
    fn judge(
        &self,
        mut change: impl FnMut(&str, Vec<u8>) -> Option<(String, Vec<u8>)>,
    ) -> (Option<i32>, Value, String) {
        let mut plain = Vec::new();
        flate2::read::GzDecoder::new(std::fs::File::open(self.file()).unwrap())
            .read_to_end(&mut plain)
            .unwrap();
        let mut builder = tar::Builder::new(Vec::new());
        for entry in tar::Archive::new(plain.as_slice()).entries().unwrap() {
            let mut entry = entry.unwrap();
            let name = entry.path().unwrap().to_string_lossy().into_owned();
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes).unwrap();
            let Some((name, bytes)) = change(&name, bytes) else {
                continue;
            };
            let mut header = entry.header().clone();
            header.set_size(bytes.len() as u64);
            builder
                .append_data(&mut header, name, bytes.as_slice())
                .unwrap();
        }

        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        packed.write_all(&builder.into_inner().unwrap()).unwrap();
        let file = self.dir.path().join("demo-1.2.3.crate");
        std::fs::write(&file, packed.finish().unwrap()).unwrap();

        self.call(&file)
    }

    fn call(&self, file: &Path) -> (Option<i32>, Value, String) {
        let args = [
            "crate",
            file.to_str().unwrap(),
            "--offline",
            "--message-format",
            "json",
        ];
        let finished = self.run(env!("CARGO_BIN_EXE_cargo-repro"), &args);
        let report = serde_json::from_slice(&finished.stdout).unwrap_or_default();
        (finished.status.code(), report, finished.stderr_text())
    }
}

fn replaced(
    from: &'static str,
    to: &'static str,
) -> impl FnMut(&str, Vec<u8>) -> Option<(String, Vec<u8>)> {
    move |name, bytes| {
        let text = String::from_utf8(bytes).unwrap();
        Some((name.to_owned(), text.replace(from, to).into_bytes()))
    }
}

#[test]
fn what_cargo_packed_is_the_commits_and_what_was_changed_is_not() {
    let published = Published::new();
    let (code, report, stderr) = published.call(&published.file());
    assert_eq!(
        (code, &report["status"]),
        (Some(0), &"pass".into()),
        "{report:#} {stderr}"
    );
    assert_eq!(report["data"]["different"].as_array().unwrap().len(), 0);
    assert!(report["data"]["same"].as_u64().unwrap() >= 5, "{report:#}");

    let rules = |report: &Value| -> Vec<String> {
        report["findings"]
            .as_array()
            .unwrap()
            .iter()
            .map(|finding| finding["rule"].as_str().unwrap().to_owned())
            .collect()
    };
    // Another source, another dependency, another target, a file too many, one too few.
    type Change = Box<dyn FnMut(&str, Vec<u8>) -> Option<(String, Vec<u8>)>>;
    let cases: Vec<(&str, Change)> = vec![
        ("src/lib.rs", Box::new(replaced("{ 1 }", "{ 2 }"))),
        (
            "Cargo.toml (package.edition)",
            Box::new(replaced("edition = \"2024\"", "edition = \"2021\"")),
        ),
        (
            "Cargo.toml (package.license)",
            Box::new(replaced("license = \"MIT\"", "license = \"X\"")),
        ),
        (
            "Cargo.toml (bin[demo].path)",
            Box::new(replaced("path = \"src/main.rs\"", "path = \"src/evil.rs\"")),
        ),
        (
            "Cargo.toml (dependencies.evil.version)",
            Box::new(|name, mut bytes| {
                if name.ends_with("/Cargo.toml") {
                    bytes.extend(b"\n[dependencies.evil]\nversion = \"1\"\n");
                }
                Some((name.to_owned(), bytes))
            }),
        ),
        (
            "src/lib.rs (not published)",
            Box::new(|name, bytes| (!name.ends_with("lib.rs")).then(|| (name.to_owned(), bytes))),
        ),
        (
            "build.rs (not in the commit)",
            Box::new(|name, bytes| Some((name.replace("src/main.rs", "build.rs"), bytes))),
        ),
    ];
    for (expected, change) in cases {
        let (code, report, stderr) = published.judge(change);
        assert_eq!(code, Some(100), "{expected}: {report:#} {stderr}");
        assert!(
            rules(&report).contains(&"crate-differs".to_owned()),
            "{expected}: {report:#}"
        );
        let different = report["data"]["different"].as_array().unwrap();
        assert!(
            different.iter().any(|name| name == expected),
            "{expected}: {report:#}"
        );
    }

    let dirty = published.judge(|name, bytes| {
        let text = String::from_utf8(bytes).unwrap();
        Some((
            name.to_owned(),
            text.replace("\"git\": {", "\"git\": {\n    \"dirty\": true,")
                .into_bytes(),
        ))
    });
    assert_eq!(
        (dirty.0, rules(&dirty.1)),
        (Some(100), vec!["crate-dirty".to_owned()]),
        "{:#}",
        dirty.1
    );
    // A branch is always here and says nothing; and what names no commit cannot be compared.
    let branch = published.judge(|name, bytes| {
        let bytes = if name.ends_with(".cargo_vcs_info.json") {
            b"{\"git\":{\"sha1\":\"HEAD\"},\"path_in_vcs\":\"\"}".to_vec()
        } else {
            bytes
        };
        Some((name.to_owned(), bytes))
    });
    assert_eq!(
        (branch.0, rules(&branch.1)),
        (Some(100), vec!["crate-commit-missing".to_owned()])
    );
    let none = published.judge(|name, bytes| {
        (!name.ends_with(".cargo_vcs_info.json")).then(|| (name.to_owned(), bytes))
    });
    assert_eq!(
        (none.0, rules(&none.1)),
        (Some(100), vec!["crate-commit-missing".to_owned()])
    );
    // Files outside the package's folder, and folders outside the repository.
    let outside = published.judge(|name, bytes| {
        Some((
            name.replace("demo-1.2.3/src/main.rs", "other/src/main.rs"),
            bytes,
        ))
    });
    assert_eq!(outside.0, Some(101), "{:#}", outside.1);
    let above = published.judge(|name, bytes| {
        let text = String::from_utf8(bytes).unwrap();
        Some((
            name.to_owned(),
            text.replace("\"path_in_vcs\": \"\"", "\"path_in_vcs\": \"../x\"")
                .into_bytes(),
        ))
    });
    assert_eq!(above.0, Some(101), "{:#}", above.1);
}

/// What lies behind an archive's end is read by nobody, and was packed by nobody's cargo.
#[test]
fn nothing_hides_behind_an_archive() {
    let published = Published::new();
    let packed = std::fs::read(published.file()).unwrap();
    let mut plain = Vec::new();
    flate2::read::GzDecoder::new(packed.as_slice())
        .read_to_end(&mut plain)
        .unwrap();
    let zipped = |bytes: &[u8]| {
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        packed.write_all(bytes).unwrap();
        packed.finish().unwrap()
    };

    for (name, bytes) in [
        ("another stream", [packed.clone(), zipped(&plain)].concat()),
        ("bytes", [packed.clone(), b"more".to_vec()].concat()),
        (
            "another archive",
            zipped(&[plain.clone(), plain.clone()].concat()),
        ),
    ] {
        let file = published.dir.path().join("demo-1.2.3.crate");
        std::fs::write(&file, bytes).unwrap();
        let (code, report, stderr) = published.call(&file);
        assert_eq!(code, Some(100), "{name}: {report:#} {stderr}");
        assert_eq!(report["findings"][0]["rule"], "crate-differs", "{name}");
    }
}

/// Every crate of the lock file is compared with the clone that has its commit.
#[test]
fn crates_of_a_lock_file_are_compared_with_clones() {
    let published = Published::new();
    let packed = std::fs::read(published.file()).unwrap();
    let home = published.dir.path().join("cargo-home");
    let cache = home.join("registry/cache/registry-0");
    std::fs::create_dir_all(&cache).unwrap();
    std::fs::write(cache.join("demo-1.2.3.crate"), &packed).unwrap();

    let user = published.dir.path().join("user");
    std::fs::create_dir_all(user.join("src")).unwrap();
    std::fs::write(
        user.join("Cargo.toml"),
        "[package]\nname = \"user\"\nversion = \"0.1.0\"\n[workspace]\n",
    )
    .unwrap();
    std::fs::write(user.join("src/lib.rs"), "").unwrap();
    let locked = |name: &str, digest: &str| {
        format!(
            "\n[[package]]\nname = \"{name}\"\nversion = \"1.2.3\"\nsource = \"registry+https://github.com/rust-lang/crates.io-index\"\nchecksum = \"{digest}\"\n"
        )
    };
    let digest = release_gate::digest::sha256_bytes(&packed).to_string();
    let lock = format!(
        "version = 4\n{}{}\n[[package]]\nname = \"user\"\nversion = \"0.1.0\"\n",
        locked("absent", &"0".repeat(64)),
        locked("demo", &digest)
    );
    std::fs::write(user.join("Cargo.lock"), lock).unwrap();
    fixture::git(
        |args| published.run("git", &[&["-C", user.to_str().unwrap()], args].concat()),
        fixture::COMMIT,
    );

    let clones = published.dir.path().to_str().unwrap();
    let step = Step::new(env!("CARGO_BIN_EXE_cargo-repro"))
        .args([
            "crates",
            "--repos",
            clones,
            "--offline",
            "--message-format",
            "json",
        ])
        .current_dir(&user)
        .env("CARGO_HOME", &home);
    let finished = Runner::new().run(step).unwrap();
    let report: Value = serde_json::from_slice(&finished.stdout).unwrap();
    assert_eq!(
        report["data"]["crates"][0]["name"],
        "demo-1.2.3",
        "{report:#} {}",
        finished.stderr_text()
    );
    assert_eq!(
        report["data"]["crates"][0]["different"],
        serde_json::json!([])
    );
    // Nobody looked at the other, and the verdict says so.
    assert_eq!(report["coverage"]["judged"], 1);
    assert_eq!(report["coverage"]["not_judged"][0]["what"], "absent-1.2.3");
}
