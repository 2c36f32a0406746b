//! Cargo's own configuration, as cargo puts it together.

use std::path::Path;

use release_gate::process::{Runner, Step};
use serde_json::Value;

/// Tables that say how registries are reached. `source` is not among them: it says what stands in
/// for them.
const REACHING: [&str; 4] = ["registries", "registry", "net", "http"];

/// Keys that hold secrets. Cargo has its own file for them, which it reads wherever it is started.
const SECRETS: [&str; 3] = ["token", "secret-key", "secret-key-subject"];

/// The configuration that holds in a folder, merged; `None` where cargo does not say. On a stable
/// toolchain this needs `RUSTC_BOOTSTRAP=1`, which is set for this one call that builds nothing.
pub fn merged_config(folder: Option<&Path>, runner: &Runner) -> Option<Value> {
    let mut step = Step::cargo().env("RUSTC_BOOTSTRAP", "1").args([
        "-Zunstable-options",
        "config",
        "get",
        "--format",
        "json",
    ]);
    if let Some(folder) = folder {
        step = step.current_dir(folder);
    }
    let finished = runner.run(step).ok()?.success().ok()?;
    serde_json::from_slice(&finished.stdout).ok()
}

/// What the configuration of a folder says about reaching registries, as a configuration of its
/// own; `None` where it says nothing.
pub fn registry_config(folder: &Path, runner: &Runner) -> Option<String> {
    let merged = merged_config(Some(folder), runner)?;
    let mut kept = toml::Table::new();
    for name in REACHING {
        let Some(mut table) = merged.get(name).cloned() else {
            continue;
        };
        remove_secrets(&mut table);
        kept.insert(name.to_owned(), toml::Value::try_from(table).ok()?);
    }
    (!kept.is_empty()).then(|| kept.to_string())
}

fn remove_secrets(value: &mut Value) {
    if let Value::Object(object) = value {
        object.retain(|key, _| !SECRETS.contains(&key.as_str()));
        object.values_mut().for_each(remove_secrets);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn registries_are_taken_over_without_what_stands_in_for_them_and_without_tokens() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join(".cargo")).unwrap();
        std::fs::write(
            dir.path().join(".cargo/config.toml"),
            "[source.crates-io]\nreplace-with = \"v\"\n[source.v]\ndirectory = \"vendor\"\n[registries.own]\nindex = \"sparse+https://example.org/\"\ntoken = \"CANARY\"\n[net]\nretry = 3\n",
        )
        .unwrap();
        let text = registry_config(dir.path(), &Runner::new()).unwrap();
        let table: toml::Table = text.parse().unwrap();
        assert_eq!(
            table["registries"]["own"]["index"].as_str(),
            Some("sparse+https://example.org/")
        );
        assert!(!text.contains("CANARY") && !table.contains_key("source"));
    }
}
