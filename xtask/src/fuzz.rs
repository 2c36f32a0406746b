//! `cargo xtask fuzz`: the fuzz targets of fuzz/, a short time each.
//!
//! What is found lies in `fuzz/corpus/<target>` and is the beginning of the next run, beside the
//! examples of `fuzz/seeds/<target>`, which are files as these programs write them. An input that
//! ends a target badly stays in `fuzz/artifacts/<target>`.

use std::path::Path;

use release_gate::error::JudgeExt;
use release_gate::{Error, Result, exit};

use crate::workspace::Workspace;

/// Run the fuzz targets
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  cargo xtask fuzz                                a minute each
  cargo xtask fuzz --seconds 3600                 an hour each
  cargo xtask fuzz sbom_document --seconds 86400  one, for a day")]
pub(crate) struct FuzzArgs {
    /// Only this target [default: all]
    target: Option<String>,
    /// Seconds for each target
    #[arg(long, default_value_t = 60)]
    seconds: u64,
}

pub(crate) fn run(workspace: &Workspace, args: &FuzzArgs) -> Result<u8> {
    let fuzz = workspace.root.join("fuzz");
    let targets: Vec<String> = targets(&fuzz)?
        .into_iter()
        .filter(|name| args.target.as_ref().is_none_or(|wanted| wanted == name))
        .collect();
    if targets.is_empty() {
        return Err(Error::usage("there is no such fuzz target")
            .with_help("`ls fuzz/fuzz_targets` lists them"));
    }
    for target in &targets {
        let mut step =
            workspace
                .cargo()
                .args(["+nightly", "fuzz", "run", "--fuzz-dir", "fuzz", target]);
        let corpus = fuzz.join("corpus").join(target);
        std::fs::create_dir_all(&corpus).or_judge(|| "cannot make `fuzz/corpus`".to_owned())?;
        for folder in [corpus, fuzz.join("seeds").join(target)]
            .into_iter()
            .filter(|folder| folder.is_dir())
        {
            step = step.arg(folder);
        }
        let step = step
            .arg("--")
            .arg(format!("-max_total_time={}", args.seconds))
            .arg("-rss_limit_mb=4096");
        // `+nightly` is the toolchain manager's word: the cargo that started this task would not
        // understand it.
        let ran = workspace.run(
            "Fuzzing",
            target,
            step.env_remove("RUSTUP_TOOLCHAIN").program("cargo"),
        )?;
        workspace.terminal.status(
            "Survived",
            format!("{target}: {}", outcome(&ran.stderr_text())),
        );
    }
    workspace.terminal.status(
        "Finished",
        format!("{} targets without a crash", targets.len()),
    );
    Ok(exit::PASS)
}

/// The targets, by their files.
fn targets(fuzz: &Path) -> Result<Vec<String>> {
    let mut targets: Vec<String> = std::fs::read_dir(fuzz.join("fuzz_targets"))
        .or_judge(|| "cannot read `fuzz/fuzz_targets`".to_owned())?
        .flatten()
        .filter_map(|entry| {
            entry
                .file_name()
                .to_str()?
                .strip_suffix(".rs")
                .map(str::to_owned)
        })
        .collect();
    targets.sort();
    Ok(targets)
}

/// What libFuzzer says when its time is over: `#123 DONE cov: 45 ft: 67 corp: 8/9b …`.
fn outcome(said: &str) -> String {
    let end = said
        .lines()
        .rev()
        .find_map(|line| line.strip_prefix('#')?.split_once("DONE"));
    let Some((runs, rest)) = end else {
        return "no runs were counted".to_owned();
    };
    let of = |word: &str| rest.split(word).nth(1)?.split_whitespace().next();
    format!(
        "{} runs, {} edges",
        runs.trim(),
        of("cov:").unwrap_or("unknown")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fuzz() -> std::path::PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz")
    }

    fn table(path: &Path) -> toml::Table {
        std::fs::read_to_string(path).unwrap().parse().unwrap()
    }

    #[test]
    fn the_end_of_a_run_is_read() {
        let said = "#2\tINITED cov: 5 ft: 6 corp: 1/1b\n#123\tDONE   cov: 45 ft: 67 corp: 8/9b lim: 4 exec/s: 2 rss: 30Mb\nDone 123 runs in 61 second(s)\n";
        assert_eq!(outcome(said), "123 runs, 45 edges");
        assert_eq!(outcome("nothing"), "no runs were counted");
    }

    #[test]
    fn every_target_is_built_and_every_seed_belongs_to_one() {
        let manifest = table(&fuzz().join("Cargo.toml"));
        let mut built: Vec<&str> = manifest["bin"]
            .as_array()
            .unwrap()
            .iter()
            .map(|bin| bin["name"].as_str().unwrap())
            .collect();
        built.sort_unstable();
        assert_eq!(built, targets(&fuzz()).unwrap());
        for folder in std::fs::read_dir(fuzz().join("seeds")).unwrap().flatten() {
            assert!(
                built.contains(&folder.file_name().to_str().unwrap()),
                "{folder:?}"
            );
        }
    }

    /// What is fuzzed is what is released: the two lock files agree, but for what only fuzzing
    /// needs.
    #[test]
    fn the_same_versions_are_fuzzed_and_released() {
        let packages = |path: &Path| -> Vec<(String, String)> {
            let lock = table(path);
            let of = |package: &toml::Value, key: &str| package[key].as_str().unwrap().to_owned();
            lock["package"]
                .as_array()
                .unwrap()
                .iter()
                .map(|one| (of(one, "name"), of(one, "version")))
                .collect()
        };
        let released = packages(&fuzz().join("../Cargo.lock"));
        let names: Vec<&str> = released.iter().map(|(name, _)| name.as_str()).collect();
        for package in packages(&fuzz().join("Cargo.lock")) {
            assert!(
                released.contains(&package) || !names.contains(&package.0.as_str()),
                "fuzz/Cargo.lock has {package:?}: run `cargo update --manifest-path fuzz/Cargo.toml {} --precise` with the version of Cargo.lock",
                package.0
            );
        }
    }
}
