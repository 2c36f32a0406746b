//! The calls of a session: each step of the table in `templates/gate.sh` with its flags here.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use release_gate::facts::files::{CHECKSUMS, RELEASE_NOTES, SBOM_CYCLONEDX_JSON};
use release_gate::facts::report::buildinfo::BuildInfo;
use release_gate::facts::report::compat::CompatData;
use release_gate::facts::report::licenses::LicensesData;
use release_gate::facts::report::pins::PinsData;
use release_gate::facts::report::relnotes_check::RelnotesCheckData;
use release_gate::facts::report::repro::ReproData;
use release_gate::facts::report::verify::VerifyData;
use release_gate::facts::report::vulns::VulnsData;
use release_gate::{Error, ReportData, Result};

use super::key::Key;
use crate::steps::Step;

/// What the calls of a session depend on.
pub(super) struct Options<'a> {
    /// The release to compare with.
    pub(super) against: Option<&'a str>,
    /// The same, where it is a revision of the project's repository. Notes are made for a range of
    /// commits, which only a revision can begin.
    pub(super) since: Option<&'a str>,
    /// The advisory database.
    pub(super) db: Option<PathBuf>,
    /// Whether to fetch it first.
    pub(super) fetch: bool,
    pub(super) key: Key,
}

/// What the gates before a call said.
#[derive(Debug, Clone, Copy)]
pub(super) struct Before {
    /// Whether each came to a verdict. Without one of them notes can only be a draft, which says
    /// so.
    pub(super) all_judged: bool,
    /// Whether one did not pass. What was refused is packed with a temporary key only, to see the
    /// rest work.
    pub(super) any_refused: bool,
}

/// A call to make.
#[derive(Debug)]
pub(super) struct Call {
    /// The name it is shown with.
    pub(super) name: String,
    /// The program.
    pub(super) program: String,
    pub(super) args: Vec<OsString>,
    /// The main file that it writes.
    pub(super) file: &'static str,
}

/// The call of a step. `None` for `attest`: a session knows no address of the source.
///
/// # Errors
/// The table names a step that is not known here.
pub(super) fn of(step: Step, options: &Options<'_>, before: Before) -> Result<Option<Call>> {
    let mut flags: Vec<&OsStr> = Vec::new();
    let os = OsStr::new;
    let phase = if before.all_judged { "final" } else { "draft" };
    let public = options.key.public_file();

    let file = match (step.gate, step.command) {
        ("sbom-lite", "pins") => PinsData::FILE,
        ("sbom-lite", "licenses") => LicensesData::FILE,
        ("sbom-lite", "generate") => SBOM_CYCLONEDX_JSON,
        ("sbom-lite", "audit") => {
            flags.extend(pair("--db", options.db.as_deref().map(Path::as_os_str)));
            flags.extend(options.fetch.then_some(os("--fetch")));
            VulnsData::FILE
        }
        ("repro", "check") => {
            flags.push(os("--allow-dirty"));
            ReproData::FILE
        }
        ("repro", "build") => {
            flags.push(os("--allow-dirty"));
            BuildInfo::FILE
        }
        ("compat", "") => {
            flags.extend(pair("--against", options.against.map(os)));
            CompatData::FILE
        }
        ("relnotes", "" | "check") => {
            flags.extend([os("--phase"), os(phase)]);
            flags.extend(pair("--since", options.since.map(os)));
            flags.extend(pair("--db", options.db.as_deref().map(Path::as_os_str)));
            if step.command.is_empty() {
                RELEASE_NOTES
            } else {
                RelnotesCheckData::FILE
            }
        }
        ("sign", "pack") => {
            flags.extend(before.any_refused.then_some(os("--despite-refusals")));
            flags.extend(pair("--key", options.key.file().map(Path::as_os_str)));
            CHECKSUMS
        }
        ("sign", "verify") => {
            flags.extend(pair("--key", public.as_deref().map(Path::as_os_str)));
            VerifyData::FILE
        }
        ("sign", "attest") => return Ok(None),
        _ => {
            let call = format!("{} {}", step.gate, step.command);
            return Err(Error::judge(format!(
                "cargo xtask gate does not know how to call `cargo {}`",
                call.trim_end()
            )));
        }
    };

    Ok(Some(Call {
        name: name(step, phase),
        program: step.program(),
        args: arguments(step, &flags),
        file,
    }))
}

/// A flag with its value, where there is one.
fn pair<'a>(flag: &'a str, value: Option<&'a OsStr>) -> impl Iterator<Item = &'a OsStr> {
    let flag = value.is_some().then_some(OsStr::new(flag));
    flag.into_iter().chain(value)
}

fn arguments(step: Step, flags: &[&OsStr]) -> Vec<OsString> {
    let command = (!step.command.is_empty()).then_some(OsStr::new(step.command));
    let all = command.iter().chain(flags);
    all.map(|argument| (*argument).to_owned()).collect()
}

/// The name that a step is shown with.
fn name(step: Step, phase: &str) -> String {
    let draft = if step.gate == "relnotes" && phase == "draft" {
        " (draft)"
    } else {
        ""
    };
    let command = match step.command {
        // What a gate does where nothing else is said needs no word.
        "" | "generate" => String::new(),
        command => format!(" {command}"),
    };
    format!("{}{command}{draft}", step.gate)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::steps;

    const PASSED: Before = Before {
        all_judged: true,
        any_refused: false,
    };

    fn options() -> Options<'static> {
        Options {
            against: Some("v1.0.0"),
            since: Some("v1.0.0"),
            db: Some(PathBuf::from("db")),
            fetch: false,
            key: Key::ThrowAway(PathBuf::from("key")),
        }
    }

    fn called(before: Before) -> Vec<String> {
        let calls = steps::by_default().unwrap().into_iter();
        let calls = calls.filter_map(|step| of(step, &options(), before).unwrap());
        calls
            .map(|call| {
                let args: Vec<_> = call.args.iter().map(|arg| arg.to_string_lossy()).collect();
                format!("{}: {}", call.name, args.join(" "))
            })
            .collect()
    }

    #[test]
    fn every_step_of_the_table_has_its_flags() {
        assert_eq!(
            called(PASSED),
            [
                "sbom-lite pins: pins",
                "sbom-lite licenses: licenses",
                "sbom-lite audit: audit --db db",
                "repro check: check --allow-dirty",
                "repro build: build --allow-dirty",
                "sbom-lite: generate",
                "compat: --against v1.0.0",
                "relnotes: --phase final --since v1.0.0 --db db",
                "relnotes check: check --phase final --since v1.0.0 --db db",
                "sign pack: pack --key key",
                "sign verify: verify",
            ]
        );
    }

    #[test]
    fn what_was_refused_is_a_draft_and_packed_as_such() {
        let refused = Before {
            all_judged: false,
            any_refused: true,
        };
        let called = called(refused);
        assert!(
            called.contains(&"relnotes (draft): --phase draft --since v1.0.0 --db db".to_owned()),
            "{called:#?}"
        );
        assert!(
            called.contains(&"sign pack: pack --despite-refusals --key key".to_owned()),
            "{called:#?}"
        );
    }

    #[test]
    fn an_unknown_step_is_refused() {
        let step = Step {
            word: "new",
            gate: "sign",
            command: "new",
        };
        assert!(of(step, &options(), PASSED).is_err());
    }
}
