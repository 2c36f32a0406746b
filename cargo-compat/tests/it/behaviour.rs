//! `--harness` on a small library: what changed its behaviour is found, what never passed is not
//! reported.
#![expect(
    clippy::unwrap_used,
    reason = "a fixture that cannot be made fails its test"
)]

use std::path::Path;

use release_gate::process::{Runner, Step};
use serde_json::Value;

fn library(dir: &Path, body: &str) {
    let files = [
        ("Cargo.toml", "[package]\nname = \"sums\"\nversion = \"1.0.0\"\nedition = \"2024\"\n[workspace]\n".to_owned()),
        (
            "src/lib.rs",
            format!("//! Sums.\n/// Doubles.\n///\n/// ```\n/// assert_eq!(sums::double(2), 4);\n/// ```\npub fn double(x: u32) -> u32 {{\n    {body}\n}}\n/// Same.\n///\n/// ```\n/// assert_eq!(sums::same(2), 2);\n/// ```\npub fn same(x: u32) -> u32 {{\n    x\n}}\n"),
        ),
        (
            "tests/it.rs",
            "#[test]\nfn doubles() {\n    assert_eq!(sums::double(3), 6);\n}\n#[test]\nfn keeps() {\n    assert_eq!(sums::same(3), 3);\n}\n#[test]\nfn never_passes() {\n    panic!();\n}\n"
                .to_owned(),
        ),
        ("examples/show.rs", "fn main() {\n    assert_eq!(sums::double(5), 10);\n}\n".to_owned()),
        ("harness/user.rs", "fn main() {\n    println!(\"{}\", sums::double(7));\n}\n".to_owned()),
    ];

    for (path, text) in files {
        let path = dir.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    let step = Step::cargo()
        .inherit_network_env()
        .args(["generate-lockfile", "--offline"])
        .current_dir(dir);

    Runner::new().run(step).unwrap().success().unwrap();
}

fn compare(old: &Path, new: &Path, target: &Path) -> Value {
    let step = Step::new(env!("CARGO_BIN_EXE_cargo-compat"))
        .inherit_network_env()
        .env("CARGO_TARGET_DIR", target)
        .args([
            "--harness",
            "--offline",
            "--message-format",
            "json",
            "--against",
        ])
        .arg(old)
        .arg("--manifest-path")
        .arg(new.join("Cargo.toml"));
    let finished = Runner::new().run(step).unwrap();
    serde_json::from_slice(&finished.stdout)
        .unwrap_or_else(|_| panic!("{}", finished.stderr_text()))
}

#[test]
fn changed_behaviour_is_found_and_what_never_passed_is_not() {
    let dir = tempfile::tempdir().unwrap();
    let (old, new, target) = (
        dir.path().join("old"),
        dir.path().join("new"),
        dir.path().join("target"),
    );
    library(&old, "x * 2");
    library(&new, "x + 2");
    let value = compare(&old, &new, &target);
    let items: Vec<&str> = value["data"]["changes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|change| change["item"].as_str().unwrap())
        .collect();
    assert_eq!(items.len(), 3, "{items:?}");
    // The documented example of `double` (2 + 2) still holds.
    for wanted in ["examples/show", "harness/user", "tests/it: doubles"] {
        assert!(items.contains(&wanted), "{wanted} is not among {items:?}");
    }
    assert_eq!(value["data"]["required_bump"], "major");
    let ran = &value["data"]["harness"]["ran"];
    assert_eq!(
        (&ran["compared"], &ran["programs"]),
        (&5.into(), &1.into()),
        "{ran:#}"
    );
    assert_eq!(
        ran["not_compared"],
        serde_json::json!(["tests/it: never_passes"])
    );

    let value = compare(&old, &old, &target);
    assert_eq!(value["data"]["changes"], serde_json::json!([]), "{value:#}");
}
