//! One compiler call as the wrapper saw it. Pure: reads no file, starts nothing.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// A compiler call of one of cargo's units.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Call {
    /// The compiler.
    pub(crate) program: String,
    /// Cargo's arguments, response files read.
    pub(crate) args: Vec<String>,
    /// The remap flags put before them.
    pub(crate) remaps: Vec<String>,
    /// Where it ran.
    pub(crate) cwd: PathBuf,
    /// Its environment.
    pub(crate) env: BTreeMap<String, String>,
    /// Package name.
    pub(crate) package: String,
    /// Package version.
    pub(crate) version: String,
    /// `--crate-name`.
    pub(crate) crate_name: String,
    /// `--crate-type`s.
    pub(crate) crate_types: Vec<String>,
    /// `--out-dir`.
    pub(crate) out_dir: PathBuf,
    /// `-C extra-filename`.
    pub(crate) extra_filename: String,
    /// `-C metadata`.
    pub(crate) metadata: String,
    /// `--target`, which host units of a cross build lack.
    pub(crate) target: Option<String>,
    /// Files named by `--extern`.
    pub(crate) externs: Vec<PathBuf>,
    /// `--cfg feature="…"` and the like, sorted.
    pub(crate) cfgs: Vec<String>,
}

/// The value of a flag: the one written behind its `=`, else the next word.
fn flag_value(written: Option<String>, words: &mut std::slice::Iter<'_, String>) -> String {
    written
        .or_else(|| words.next().cloned())
        .unwrap_or_default()
}

impl Call {
    /// Reads a call's arguments; `None` if it compiles nothing into a folder.
    pub(crate) fn new(
        program: String,
        args: Vec<String>,
        remaps: Vec<String>,
        cwd: PathBuf,
        env: BTreeMap<String, String>,
    ) -> Option<Self> {
        let mut call = Self {
            package: env.get("CARGO_PKG_NAME").cloned().unwrap_or_default(),
            version: env.get("CARGO_PKG_VERSION").cloned().unwrap_or_default(),
            ..Self::default()
        };

        let mut words = args.iter();
        while let Some(word) = words.next() {
            let (flag, written) = match word.split_once('=') {
                Some((flag, value)) if flag.starts_with("--") => (flag, Some(value.to_owned())),
                _ => (word.as_str(), None),
            };

            match flag {
                "--crate-name" => call.crate_name = flag_value(written, &mut words),
                "--crate-type" => call.crate_types.extend(
                    flag_value(written, &mut words)
                        .split(',')
                        .map(str::to_owned),
                ),
                "--out-dir" => call.out_dir = flag_value(written, &mut words).into(),
                "--target" => call.target = Some(flag_value(written, &mut words)),
                "--cfg" => call.cfgs.push(flag_value(written, &mut words)),
                "--extern" => {
                    if let Some((_, path)) = flag_value(written, &mut words).split_once('=') {
                        call.externs.push(path.into());
                    }
                }
                "-C" | "--codegen" => call.codegen(&flag_value(written, &mut words)),
                _ => {
                    if let Some(option) = flag.strip_prefix("-C") {
                        call.codegen(option);
                    }
                }
            }
        }

        call.cfgs.sort();
        (!call.crate_name.is_empty() && !call.out_dir.as_os_str().is_empty()).then_some(Self {
            program,
            args,
            remaps,
            cwd,
            env,
            ..call
        })
    }

    fn codegen(&mut self, option: &str) {
        if let Some(hash) = option.strip_prefix("metadata=") {
            self.metadata = hash.to_owned();
        } else if let Some(extra) = option.strip_prefix("extra-filename=") {
            self.extra_filename = extra.to_owned();
        }
    }

    /// Whether it compiles for the processor of the machine that builds.
    pub(crate) fn is_for_native_processor(&self) -> bool {
        self.args
            .iter()
            .any(|arg| arg.trim_start_matches("-C") == "target-cpu=native")
    }

    /// Whether it makes a build script's executable.
    pub(crate) fn is_build_script(&self) -> bool {
        self.crate_name.starts_with("build_script_") && self.crate_types == ["bin"]
    }

    /// Whether it makes a proc macro.
    pub(crate) fn is_proc_macro(&self) -> bool {
        self.crate_types.iter().any(|kind| kind == "proc-macro")
    }

    /// Where cargo lets the package's build script write, if it has one.
    pub(crate) fn build_out_dir(&self) -> Option<&Path> {
        self.env.get("OUT_DIR").map(Path::new)
    }

    /// Whether a file of its output folder is one of its outputs, dependency lists (`.d`), which
    /// hold paths, excepted.
    pub(crate) fn owns(&self, file_name: &str) -> bool {
        let stem = format!("{}{}", self.crate_name, self.extra_filename);
        let rest = file_name
            .strip_prefix("lib")
            .and_then(|name| name.strip_prefix(&stem));
        let rest = rest.or_else(|| file_name.strip_prefix(&stem));
        rest.is_some_and(|rest| {
            matches!(
                rest,
                "" | ".rlib"
                    | ".rmeta"
                    | ".so"
                    | ".dylib"
                    | ".dll"
                    | ".a"
                    | ".lib"
                    | ".exe"
                    | ".wasm"
            )
        })
    }

    /// The key under which the same unit of another build is found: nothing in it depends on where
    /// the build ran.
    pub(crate) fn key(&self) -> String {
        format!(
            "{} {} {} {} {} [{}]",
            self.package,
            self.version,
            self.crate_name,
            self.crate_types.join("+"),
            self.target.as_deref().unwrap_or("host"),
            self.cfgs.join(",")
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(args: &[&str]) -> Option<Call> {
        let args = args.iter().map(|arg| (*arg).to_owned()).collect();
        let env = [("CARGO_PKG_NAME".to_owned(), "demo".to_owned())].into();
        Call::new("rustc".into(), args, vec![], "/w".into(), env)
    }

    #[test]
    fn both_spellings_of_every_flag_are_read() {
        let a = call(&[
            "--crate-name",
            "demo",
            "src/lib.rs",
            "--crate-type",
            "lib",
            "-C",
            "metadata=1",
            "-C",
            "extra-filename=-1",
            "--out-dir",
            "/t/deps",
            "--extern",
            "log=/t/deps/liblog-2.rmeta",
            "--extern",
            "proc_macro",
            "--cfg",
            "feature=\"x\"",
        ])
        .unwrap();
        let b = call(&[
            "--crate-name=demo",
            "src/lib.rs",
            "--crate-type=lib",
            "-Cmetadata=1",
            "-Cextra-filename=-1",
            "--out-dir=/t/deps",
            "--extern=log=/t/deps/liblog-2.rmeta",
            "--cfg=feature=\"x\"",
        ])
        .unwrap();
        assert_eq!(a.externs, [PathBuf::from("/t/deps/liblog-2.rmeta")]);
        assert_eq!(
            (a.key(), &a.externs, &a.metadata),
            (b.key(), &b.externs, &b.metadata)
        );
        assert!(
            a.owns("libdemo-1.rlib")
                && a.owns("libdemo-1.rmeta")
                && !a.owns("demo-1.d")
                && !a.owns("libdemo-12.rlib")
        );
    }

    #[test]
    fn questions_are_no_units() {
        assert!(call(&["-vV"]).is_none());
        assert!(call(&["--crate-name", "___", "--print=file-names", "-"]).is_none());
        assert!(call(&["--crate-name"]).is_none());
    }
}
