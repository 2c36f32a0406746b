//! RUSTC_WRAPPER: paths are cancelled per package, and every compiler call is written down.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use super::spec::{SandboxSpec, become_program};
use crate::model::call::Call;

pub(super) fn run(spec: &SandboxSpec, mut args: Vec<OsString>) -> ExitCode {
    if args.is_empty() {
        return ExitCode::from(release_gate::exit::USAGE);
    }
    let before = before_compiler(spec, &args);
    let mut words: Vec<OsString> = args.drain(..before).collect();
    let rustc = args.remove(0);
    let args: Vec<OsString> = args.into_iter().map(with_whole_scope).collect();
    let surroundings = Surroundings::of_this_process();
    let remaps = remap_flags(spec, &surroundings);
    if let Some(call) = record(&surroundings, &rustc, &args, &remaps) {
        // A record that cannot be written is missed by the reader, which counts them against
        // cargo's messages.
        let _ = write(&spec.records, &call);
    }

    words.push(rustc);
    words.extend(remaps);
    words.extend(args);

    match &spec.chain {
        Some(wrapper) => become_program(wrapper, words),
        None => {
            let program = words.remove(0);
            become_program(Path::new(&program), words)
        }
    }
}

/// How many words come before the compiler: one where the project has a
/// `build.rustc-workspace-wrapper`, which cargo calls with the compiler as its first argument.
fn before_compiler(spec: &SandboxSpec, args: &[OsString]) -> usize {
    args.iter()
        .take(2)
        .position(|word| Path::new(word) == spec.rustc)
        .unwrap_or(0)
}

/// The word of a profile's `trim-paths` that says what is mapped. `object` leaves real folders in
/// libraries, which programs do not hold: they come out the same, and libraries do, too, where all
/// is mapped.
fn with_whole_scope(arg: OsString) -> OsString {
    if arg == "--remap-path-scope=object" {
        "--remap-path-scope=all".into()
    } else {
        arg
    }
}

/// What cargo tells a compiler call about its package, through the environment.
#[derive(Debug, Default)]
struct Surroundings {
    env: BTreeMap<String, String>,
    cwd: PathBuf,
}

impl Surroundings {
    fn of_this_process() -> Self {
        Self {
            env: std::env::vars_os()
                .map(|(name, value)| {
                    (
                        name.to_string_lossy().into_owned(),
                        value.to_string_lossy().into_owned(),
                    )
                })
                .collect(),
            cwd: std::env::current_dir().unwrap_or_default(),
        }
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.env.get(name).map(String::as_str)
    }
}

fn remap_flag(from: &Path, to: &str) -> OsString {
    let mut flag = OsString::from("--remap-path-prefix=");
    flag.push(from);
    flag.push("=");
    flag.push(to);
    flag
}

/// Remap flags for one call. They go before cargo's own arguments, so that a profile's `trim-paths`
/// and the project's flags, which come later, win.
fn remap_flags(spec: &SandboxSpec, around: &Surroundings) -> Vec<OsString> {
    let mut flags: Vec<OsString> = spec
        .remap
        .iter()
        .map(|(from, to)| remap_flag(from, to))
        .collect();

    if let (Some(name), Some(version)) = (
        around.get("CARGO_PKG_NAME"),
        around.get("CARGO_PKG_VERSION"),
    ) {
        let home = format!("/{name}-{version}");
        if let Some(dir) = around.get("CARGO_MANIFEST_DIR") {
            flags.push(remap_flag(Path::new(dir), &home));
        }
        if let Some(dir) = around.get("OUT_DIR") {
            flags.push(remap_flag(Path::new(dir), &format!("{home}/out")));
        }
    }
    flags
}

/// The record of a call that compiles a unit of cargo's; probes of build scripts and questions have
/// none.
fn record(
    around: &Surroundings,
    rustc: &OsString,
    args: &[OsString],
    remaps: &[OsString],
) -> Option<Call> {
    // Cargo sets it for its own compiler calls and not for build scripts, so their probes lack it.
    around.get("CARGO_CRATE_NAME")?;
    let mut words = Vec::new();
    for arg in args {
        let arg = arg.to_string_lossy();
        match arg.strip_prefix('@').map(std::fs::read_to_string) {
            Some(Ok(text)) => words.extend(text.lines().map(str::to_owned)),
            _ => words.push(arg.into_owned()),
        }
    }
    let program = rustc.to_string_lossy().into_owned();
    let remaps = remaps
        .iter()
        .map(|flag| flag.to_string_lossy().into_owned())
        .collect();
    Call::new(
        program,
        words,
        remaps,
        around.cwd.clone(),
        around.env.clone(),
    )
}

fn write(folder: &Path, call: &Call) -> std::io::Result<()> {
    let bytes = serde_json::to_vec(call)?;
    let name = format!(
        "{}-{}.json",
        std::process::id(),
        release_gate::digest::sha256_bytes(&bytes)
    );
    std::fs::write(folder.join(name), bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_package_wins_over_the_place() {
        let env = [
            ("CARGO_PKG_NAME", "demo"),
            ("CARGO_PKG_VERSION", "1.2.3"),
            ("CARGO_MANIFEST_DIR", "/p/src/demo"),
            ("OUT_DIR", "/p/target/build/demo-1/out"),
        ];

        let env = env
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();

        let around = Surroundings {
            env,
            cwd: PathBuf::new(),
        };

        let spec = SandboxSpec {
            remap: vec![("/p/src".into(), "/src".into())],
            ..SandboxSpec::default()
        };

        let flags = remap_flags(&spec, &around);
        assert_eq!(
            flags,
            [
                "--remap-path-prefix=/p/src=/src",
                "--remap-path-prefix=/p/src/demo=/demo-1.2.3",
                "--remap-path-prefix=/p/target/build/demo-1/out=/demo-1.2.3/out",
            ]
        );
    }

    #[test]
    fn what_a_profile_trims_is_trimmed_in_libraries_too() {
        assert_eq!(
            with_whole_scope("--remap-path-scope=object".into()),
            "--remap-path-scope=all"
        );
        assert_eq!(with_whole_scope("src/lib.rs".into()), "src/lib.rs");
    }

    #[test]
    fn a_workspace_wrapper_comes_before_the_compiler() {
        let spec = SandboxSpec {
            rustc: "/tc/bin/rustc".into(),
            ..SandboxSpec::default()
        };
        for (words, before) in [
            (vec!["/tc/bin/rustc", "-vV"], 0),
            (vec!["/p/w.sh", "/tc/bin/rustc", "-vV"], 1),
            (vec!["/other/rustc"], 0),
        ] {
            let args: Vec<OsString> = words.iter().map(OsString::from).collect();
            assert_eq!(before_compiler(&spec, &args), before, "{words:?}");
        }
    }

    #[test]
    fn probes_are_not_recorded() {
        let args = ["--crate-name".into(), "probe".into(), "-".into()];
        assert!(record(&Surroundings::default(), &"rustc".into(), &args, &[]).is_none());
    }
}
