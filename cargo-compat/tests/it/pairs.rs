//! Pairs of small APIs: breaking ones and harmless look-alikes, judged in one run of the program.
//!
//! The truth about each is not ours: rustc decides it in this test. A pair called breaking comes
//! with a user's program that compiles with the old side and not with the new one; a pair called
//! harmless with one that compiles with both.
#![expect(
    clippy::unwrap_used,
    reason = "a fixture that cannot be made fails its test"
)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::table::{KINDS, PAIRS, Pair, TRAPS, Truth, UNNAMED};
use release_gate::process::{Runner, Step};

fn all() -> impl Iterator<Item = &'static Pair> {
    PAIRS.iter().chain(TRAPS).chain(UNNAMED).chain(KINDS)
}

fn library(dir: &Path, side: impl Fn(&Pair) -> &'static str) {
    std::fs::create_dir_all(dir.join("src")).unwrap();
    let manifest =
        "[package]\nname = \"pairs\"\nversion = \"1.0.0\"\nedition = \"2021\"\n[workspace]\n";
    std::fs::write(dir.join("Cargo.toml"), manifest).unwrap();
    let mut text = String::from("#![allow(warnings)]\n");
    for pair in all() {
        text.push_str(&format!("pub mod {} {{\n{}\n}}\n", pair.name, side(pair)));
    }
    std::fs::write(dir.join("src/lib.rs"), text).unwrap();
    let step = Step::cargo()
        .inherit_network_env()
        .args(["generate-lockfile", "--offline"])
        .current_dir(dir);
    Runner::new().run(step).unwrap().success().unwrap();
}

fn compile(dir: &Path) -> PathBuf {
    let out = dir.join("libpairs.rmeta");
    let step = Step::new("rustc")
        .args([
            "--crate-name",
            "pairs",
            "--crate-type",
            "lib",
            "--edition",
            "2021",
            "--emit",
            "metadata",
            "-A",
            "warnings",
            "-o",
        ])
        .arg(&out)
        .arg(dir.join("src/lib.rs"));
    Runner::new().run(step).unwrap().success().unwrap();
    out
}

/// Whether a user's program compiles with a library.
fn accepts(dir: &Path, library: &Path, pair: &Pair) -> Result<(), String> {
    let file = dir.join(format!("{}.rs", pair.name));
    std::fs::write(
        &file,
        format!(
            "#![allow(warnings)]\nuse pairs::{} as k;\n{}\n",
            pair.name, pair.user
        ),
    )
    .unwrap();
    let mut arg = std::ffi::OsString::from("pairs=");
    arg.push(library);
    let step = Step::new("rustc")
        .args([
            "--crate-name",
            "user",
            "--crate-type",
            "lib",
            "--edition",
            "2021",
            "--emit",
            "metadata",
            "-A",
            "warnings",
            "-o",
        ])
        .arg(dir.join(format!("{}.rmeta", pair.name)))
        .arg("--extern")
        .arg(arg)
        .arg(&file);
    let finished = Runner::new().run(step).unwrap();
    if finished.is_success() {
        Ok(())
    } else {
        Err(finished.stderr_text())
    }
}

/// The highest bump found for each pair.
fn judge(old: &Path, new: &Path, target: &Path) -> (BTreeMap<String, String>, serde_json::Value) {
    let step = Step::new(env!("CARGO_BIN_EXE_cargo-compat"))
        .inherit_network_env()
        .env("CARGO_TARGET_DIR", target)
        .args(["--offline", "--message-format", "json", "--against"])
        .arg(old)
        .arg("--manifest-path")
        .arg(new.join("Cargo.toml"));
    let finished = Runner::new().run(step).unwrap();
    let value: serde_json::Value = serde_json::from_slice(&finished.stdout)
        .unwrap_or_else(|_| panic!("{}", finished.stderr_text()));
    assert!(value["data"]["changes"].is_array(), "{value:#}");
    let mut bumps: BTreeMap<String, String> = BTreeMap::new();
    for change in value["data"]["changes"].as_array().unwrap() {
        let (item, bump) = (
            change["item"].as_str().unwrap(),
            change["bump"].as_str().unwrap(),
        );
        let name = all()
            .map(|pair| pair.name)
            .filter(|name| {
                let words = item.split(|c: char| !(c.is_alphanumeric() || c == '_'));
                // An implementation is called by its header; types of different pairs have
                // different names.
                item.starts_with(&format!("{name}::"))
                    || item == *name
                    || words.clone().any(|word| {
                        word.to_ascii_lowercase()
                            .starts_with(&name.replace('_', ""))
                            || word == format!("{name}_macro")
                    })
            })
            .max_by_key(|name| name.len());
        let Some(name) = name else {
            panic!("`{item}` belongs to no pair")
        };
        let known = bumps
            .entry(name.to_owned())
            .or_insert_with(|| bump.to_owned());
        if bump < known.as_str() {
            bump.clone_into(known);
        }
    }
    (bumps, value)
}

#[test]
fn every_break_is_found_and_nothing_harmless_is_called_one() {
    let dir = tempfile::tempdir().unwrap();
    let (old, new) = (dir.path().join("old"), dir.path().join("new"));
    library(&old, |pair| pair.old);
    library(&new, |pair| pair.new);
    let (lib_old, lib_new) = (compile(&old), compile(&new));
    let mut wrong = Vec::new();
    for pair in all() {
        if let Err(error) = accepts(dir.path(), &lib_old, pair) {
            wrong.push(format!(
                "{}: the user's program does not compile with the old side: {error}",
                pair.name
            ));
        }
        let compiles = accepts(dir.path(), &lib_new, pair).is_ok();
        if compiles != (pair.truth == Truth::Harmless) {
            wrong.push(format!(
                "{}: rustc disagrees with `{:?}`",
                pair.name, pair.truth
            ));
        }
    }
    let (bumps, value) = judge(&old, &new, &dir.path().join("target"));
    for pair in all() {
        let major = bumps.get(pair.name).is_some_and(|bump| bump == "major");
        if major != (pair.truth == Truth::Breaking) {
            let found: Vec<_> = value["data"]["changes"]
                .as_array()
                .unwrap()
                .iter()
                .filter(|change| change["item"].as_str().unwrap().contains(pair.name))
                .map(|change| {
                    format!(
                        "{} {} {}",
                        change["bump"], change["rule"], change["witness"]["error"]
                    )
                })
                .collect();
            wrong.push(format!(
                "{} is {:?} and was judged {:?}: {found:?}",
                pair.name,
                pair.truth,
                bumps.get(pair.name)
            ));
        }
    }
    // A break that a program can show has one that was compiled alone.
    for change in value["data"]["changes"].as_array().unwrap() {
        if let Some(proved) = change["witness"]["proved"].as_bool() {
            assert!(proved, "{change:#}");
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {} pairs:\n{}",
        wrong.len(),
        all().count(),
        wrong.join("\n")
    );
}

#[test]
fn a_release_compared_with_itself_needs_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let (one, other) = (dir.path().join("one"), dir.path().join("other"));
    for side in [|pair: &Pair| pair.old, |pair: &Pair| pair.new] {
        library(&one, side);
        library(&other, side);
        let (bumps, value) = judge(&one, &other, &dir.path().join("target"));
        assert!(bumps.is_empty(), "{:#}", value["data"]["changes"]);
    }
}
