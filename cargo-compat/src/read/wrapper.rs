//! This program as cargo's `RUSTC_WORKSPACE_WRAPPER`: while rustc checks the library, rustdoc
//! describes it from the same arguments.
//!
//! One cargo call gives both, at the same time, and cargo's own freshness holds for both: a library
//! that was not changed is neither checked nor described again. The description lies beside the
//! library's metadata, under the same hash.
//!
//! Nothing here judges; what is not the library in question is handed to rustc untouched.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Names the library that is described; its presence makes this program a wrapper.
pub const LIBRARY: &str = "CARGO_COMPAT_DESCRIBE";

/// Stands for no library: compilers are called with their lints capped, and nothing is described.
pub const NO_LIBRARY: &str = "-";

/// Runs as a wrapper, if cargo called this program as one. `None`: it did not.
pub fn run() -> Option<ExitCode> {
    let library = std::env::var(LIBRARY).ok()?;
    let mut args = std::env::args_os().skip(1);
    let rustc = args.next()?;
    let stem = Path::new(&rustc)
        .file_stem()?
        .to_string_lossy()
        .into_owned();
    if !stem.starts_with("rustc") && !stem.starts_with("clippy-driver") {
        return None;
    }
    Some(wrap(&library, &rustc, &args.collect::<Vec<_>>()))
}

/// Where the description of a library lies, given its metadata (`libNAME-HASH.rmeta`, or the shared
/// object of a macro crate).
pub fn description(artifact: &Path, library: &str) -> Option<PathBuf> {
    let stem = artifact.file_stem()?.to_str()?;
    let stem = stem.strip_prefix("lib").unwrap_or(stem);
    Some(description_folder(artifact.parent()?, stem).join(format!("{library}.json")))
}

fn description_folder(deps: &Path, stem: &str) -> PathBuf {
    deps.join(format!("{stem}.described"))
}

#[expect(
    clippy::disallowed_methods,
    reason = "a wrapper passes on what cargo gave it: the environment is cargo's"
)]
fn wrap(library: &str, rustc: &OsStr, args: &[OsString]) -> ExitCode {
    let code = |status: std::io::Result<std::process::ExitStatus>| match status {
        Ok(status) if status.success() => ExitCode::SUCCESS,
        Ok(status) => ExitCode::from(
            status
                .code()
                .and_then(|code| u8::try_from(code).ok())
                .unwrap_or(1),
        ),
        Err(_) => ExitCode::FAILURE,
    };

    let plain = || {
        code(
            std::process::Command::new(rustc)
                .args(args)
                .args(without_lints(args))
                .env_remove(LIBRARY)
                .status(),
        )
    };

    let Some(call) = rustdoc_call(library, args) else {
        return plain();
    };
    let stem = format!("{library}{}", call.extra);

    // What is left of an earlier source must never be read for this one's.
    let folder = description_folder(Path::new(&call.out_dir), &stem);
    let _ = std::fs::remove_dir_all(&folder);
    let rustdoc = std::env::var_os("RUSTDOC")
        .unwrap_or_else(|| Path::new(rustc).with_file_name("rustdoc").into_os_string());
    let mut command = std::process::Command::new(rustdoc);
    command
        .args(&call.args)
        .args([
            "-Zunstable-options",
            "--output-format",
            "json",
            "--document-hidden-items",
            // What users reach and cannot name is described with its implementations; symbols may
            // be exported by private functions.
            "--document-private-items",
            "--cap-lints",
            "allow",
        ])
        .arg("-o")
        .arg(&folder)
        .env("RUSTC_BOOTSTRAP", "1")
        .env_remove(LIBRARY)
        // What rustc has to say it says itself.
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::piped());

    let Ok(describing) = command.spawn() else {
        return plain();
    };
    let checked = std::process::Command::new(rustc)
        .args(args)
        .args(without_lints(args))
        .env_remove(LIBRARY)
        .status();

    let described = describing.wait_with_output();

    match (&checked, described) {
        (Ok(status), Ok(output)) if status.success() && !output.status.success() => {
            use std::io::Write as _;
            let _ = std::io::stderr().write_all(&output.stderr);
            code(Ok(output.status))
        }
        (Ok(status), Err(_)) if status.success() => ExitCode::FAILURE,
        _ => code(checked),
    }
}

/// Warnings of either side are not ours to judge. The flag may be given once only.
fn without_lints(args: &[OsString]) -> Option<&'static str> {
    let given = args
        .iter()
        .any(|arg| arg.to_string_lossy().starts_with("--cap-lints"));
    (!given).then_some("--cap-lints=allow")
}

/// rustdoc's arguments for a call of rustc, and where that call writes.
#[derive(Debug, Default, PartialEq, Eq)]
struct Call {
    args: Vec<OsString>,
    out_dir: OsString,
    extra: String,
}

/// What becomes of a flag of rustc that takes a value, when rustdoc is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// rustdoc needs it too.
    Kept,
    /// It is about code, messages or linking, none of which rustdoc makes.
    Dropped,
    /// Only some of its values mean something to a description.
    Codegen,
}

/// Flags of rustc that take a value (`rustc --help -v`). One that is missing here would leave its
/// value to be taken for a source file.
const FLAGS: &[(&str, Fate)] = &[
    ("--crate-name", Fate::Kept),
    ("--crate-type", Fate::Kept),
    ("--edition", Fate::Kept),
    ("--cfg", Fate::Kept),
    ("--check-cfg", Fate::Kept),
    ("--extern", Fate::Kept),
    ("--target", Fate::Kept),
    ("--sysroot", Fate::Kept),
    ("--remap-path-prefix", Fate::Kept),
    ("-L", Fate::Kept),
    ("-Z", Fate::Kept),
    ("-C", Fate::Codegen),
    ("--codegen", Fate::Codegen),
    ("-l", Fate::Dropped),
    ("-o", Fate::Dropped),
    ("--out-dir", Fate::Dropped),
    ("--emit", Fate::Dropped),
    ("--print", Fate::Dropped),
    ("--explain", Fate::Dropped),
    ("--error-format", Fate::Dropped),
    ("--json", Fate::Dropped),
    ("--diagnostic-width", Fate::Dropped),
    ("--color", Fate::Dropped),
    ("--cap-lints", Fate::Dropped),
    ("-A", Fate::Dropped),
    ("-W", Fate::Dropped),
    ("-D", Fate::Dropped),
    ("-F", Fate::Dropped),
    ("--allow", Fate::Dropped),
    ("--warn", Fate::Dropped),
    ("--force-warn", Fate::Dropped),
    ("--deny", Fate::Dropped),
    ("--forbid", Fate::Dropped),
];

/// A flag, what becomes of it, and its value where that is in the same argument: `--flag=value` or
/// `-Fvalue`.
fn flag(text: &str) -> Option<(&'static str, Fate, Option<&str>)> {
    let (long, value) = match text.split_once('=') {
        Some((long, value)) => (long, Some(value)),
        None => (text, None),
    };
    FLAGS.iter().find_map(|(name, fate)| {
        if name.starts_with("--") {
            return (*name == long).then_some((*name, *fate, value));
        }
        let value = text.strip_prefix(name)?;
        Some((*name, *fate, Some(value).filter(|value| !value.is_empty())))
    })
}

/// Translates a call. `None`: it is not the one that checks the library.
fn rustdoc_call(library: &str, args: &[OsString]) -> Option<Call> {
    let mut call = Call::default();
    let (mut name, mut kinds) = (String::new(), Vec::new());
    let mut rest = args.iter();
    while let Some(arg) = rest.next() {
        let text = arg.to_str().unwrap_or_default();
        let Some((flag, fate, joined)) = flag(text) else {
            match text {
                "--test" => return None,
                // The source file: the only argument that is neither a flag nor its value.
                _ if !text.starts_with('-') => call.args.push(arg.clone()),
                // Switches (`-g`, `-O`, `-v`) are about code and messages.
                _ => {}
            }
            continue;
        };
        let value = joined
            .map(OsString::from)
            .or_else(|| rest.next().cloned())
            .unwrap_or_default();
        let shown = value.to_string_lossy();
        match flag {
            "--crate-name" => name = shown.clone().into_owned(),
            "--crate-type" => kinds.push(shown.clone().into_owned()),
            "--out-dir" => call.out_dir.clone_from(&value),
            "-C" | "--codegen" => {
                if let Some(extra) = shown.strip_prefix("extra-filename=") {
                    extra.clone_into(&mut call.extra);
                }
            }
            _ => {}
        }
        let kept = match fate {
            Fate::Kept => true,
            Fate::Dropped => false,
            Fate::Codegen => ["metadata=", "target-feature=", "target-cpu=", "panic="]
                .iter()
                .any(|name| shown.starts_with(name)),
        };
        if kept {
            call.args.push(flag.into());
            call.args.push(value);
        }
    }
    let is_library = kinds.iter().any(|kind| kind != "bin");
    (name == library && is_library && !call.out_dir.is_empty()).then_some(call)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn os(list: &[&str]) -> Vec<OsString> {
        list.iter().map(OsString::from).collect()
    }

    #[test]
    fn a_check_of_the_library_becomes_a_description() {
        let args = os(&[
            "--crate-name",
            "x",
            "--edition=2021",
            "src/lib.rs",
            "--error-format=json",
            "--json=artifacts",
            "--crate-type",
            "lib",
            "--emit=dep-info,metadata",
            "-C",
            "embed-bitcode=no",
            "--cfg",
            "feature=\"a\"",
            "--check-cfg",
            "cfg(docsrs,test)",
            "-C",
            "metadata=1",
            "-C",
            "extra-filename=-2",
            "--out-dir",
            "/t/deps",
            "-L",
            "dependency=/t/deps",
            "--extern",
            "y=/t/deps/liby.rmeta",
            "--cap-lints=allow",
        ]);
        let call = rustdoc_call("x", &args).unwrap();
        assert_eq!(
            (call.out_dir.to_str(), call.extra.as_str()),
            (Some("/t/deps"), "-2")
        );
        assert_eq!(
            call.args,
            os(&[
                "--crate-name",
                "x",
                "--edition",
                "2021",
                "src/lib.rs",
                "--crate-type",
                "lib",
                "--cfg",
                "feature=\"a\"",
                "--check-cfg",
                "cfg(docsrs,test)",
                "-C",
                "metadata=1",
                "-L",
                "dependency=/t/deps",
                "--extern",
                "y=/t/deps/liby.rmeta",
            ])
        );
        assert_eq!(rustdoc_call("other", &args), None);
        assert_eq!(
            rustdoc_call(
                "x",
                &os(&[
                    "--crate-name",
                    "x",
                    "--crate-type",
                    "bin",
                    "--out-dir",
                    "/t"
                ])
            ),
            None
        );
        assert_eq!(
            rustdoc_call(
                "x",
                &os(&["--crate-name", "x", "--test", "--out-dir", "/t"])
            ),
            None
        );
    }

    #[test]
    fn values_of_other_flags_are_no_source_files() {
        let plain = [
            "--crate-name",
            "x",
            "src/lib.rs",
            "--crate-type",
            "lib",
            "--out-dir",
            "/t",
        ];
        let expected = os(&["--crate-name", "x", "src/lib.rs", "--crate-type", "lib"]);
        for more in [
            &["-l", "static=area"][..],
            &["-lstatic=area"],
            &["-C", "link-arg=-lz"],
            &["-Clink-arg=a"],
            &["--codegen", "opt-level=3"],
            &["-Awarnings"],
            &["-g", "-O"],
            &["--print=native-static-libs"],
        ] {
            let call = rustdoc_call("x", &os(&[&plain, more].concat())).unwrap();
            assert_eq!(call.args, expected, "{more:?}");
        }
        for (more, kept) in [
            (&["-Lnative=/n"][..], ["-L", "native=/n"]),
            (&["-L", "native=/n"], ["-L", "native=/n"]),
            (&["-Zthreads=1"], ["-Z", "threads=1"]),
            (&["-Ctarget-cpu=native"], ["-C", "target-cpu=native"]),
            (
                &["--remap-path-prefix=/a=/b"],
                ["--remap-path-prefix", "/a=/b"],
            ),
        ] {
            let call = rustdoc_call("x", &os(&[&plain, more].concat())).unwrap();
            assert_eq!(
                call.args,
                [expected.clone(), os(&kept)].concat(),
                "{more:?}"
            );
        }
    }

    #[test]
    fn the_description_lies_beside_the_metadata() {
        let path = description(Path::new("/t/deps/libx-2.rmeta"), "x").unwrap();
        assert_eq!(path, Path::new("/t/deps/x-2.described/x.json"));
    }
}
