//! Members of a workspace that show each other's items: a major bump of one is one of the other.
#![expect(
    clippy::unwrap_used,
    reason = "a fixture that cannot be made fails its test"
)]

use std::path::Path;

use release_gate::process::{Runner, Step};

fn workspace(dir: &Path, version: &str, base: &str) {
    let write = |path: &str, text: &str| {
        let path = dir.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };

    write(
        "Cargo.toml",
        "[workspace]\nresolver = \"3\"\nmembers = [\"facade\", \"base\", \"apart\"]\n",
    );

    let member = |name: &str, dependencies: &str, lib: &str| {
        write(
            &format!("{name}/Cargo.toml"),
            &format!(
                "[package]\nname = \"{name}\"\nversion = \"{version}\"\nedition = \"2024\"\n[dependencies]\n{dependencies}"
            ),
        );
        write(&format!("{name}/src/lib.rs"), lib);
    };

    member("base", "", base);
    member(
        "facade",
        "base = { path = \"../base\" }\n",
        "pub fn make() -> base::Thing { base::Thing }\n",
    );

    member(
        "apart",
        "base = { path = \"../base\" }\n",
        "pub fn size() -> usize { let _ = base::Thing; 0 }\n",
    );

    let step = Step::cargo()
        .inherit_network_env()
        .args(["generate-lockfile", "--offline"])
        .current_dir(dir);

    Runner::new().run(step).unwrap().success().unwrap();
}

#[test]
fn a_major_bump_is_carried_to_those_who_show_it() {
    let dir = tempfile::tempdir().unwrap();
    let (old, new) = (dir.path().join("old"), dir.path().join("new"));
    workspace(&old, "1.0.0", "pub struct Thing; pub fn gone() {}\n");
    workspace(&new, "1.0.1", "pub struct Thing;\n");
    // Each member's baseline is its folder in the old workspace.
    let step = Step::new(env!("CARGO_BIN_EXE_cargo-compat"))
        .inherit_network_env()
        .env(
            "CARGO_TARGET_DIR",
            dir.path().join("target").into_os_string(),
        )
        .args([
            "--offline",
            "--workspace",
            "--message-format",
            "json",
            "--against",
        ])
        .arg(&old)
        .arg("--manifest-path")
        .arg(new.join("Cargo.toml"));
    let finished = Runner::new().run(step).unwrap();
    let value: serde_json::Value = serde_json::from_slice(&finished.stdout)
        .unwrap_or_else(|_| panic!("{}", finished.stderr_text()));
    let required: Vec<(String, String)> = value["data"]["reports"]
        .as_array()
        .unwrap()
        .iter()
        .map(|report| {
            let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
            (
                text(&report["subject"]["package"]),
                text(&report["data"]["required_bump"]),
            )
        })
        .collect();
    let of = |name: &str| {
        required
            .iter()
            .find(|(package, _)| package == name)
            .unwrap()
            .1
            .clone()
    };
    assert_eq!(
        (of("base"), of("facade"), of("apart")),
        ("major".into(), "major".into(), "patch".into()),
        "{value:#}"
    );
}
