//! `cargo repro crate`: a published `.crate` against the one packed from the commit it names.

use std::path::{Path, PathBuf};

use release_gate::digest::sha256_file;
use release_gate::error::JudgeExt;
use release_gate::fs::throw_away_dir;
use release_gate::process::Step;
use release_gate::{Context, Error, Finding, Outcome, Report, Result};
use serde::Deserialize;

use crate::diff::archive::{self, Member};
use crate::judge::normalized;
use crate::model::published::CrateData;
use crate::rules;
use crate::sealed::history::{self, History};
use crate::tool::TOOL;

/// Name of the report.
pub(crate) const REPORT: &str = "crate";
/// Written by cargo into every package made in a clean repository.
const VCS_INFO: &str = ".cargo_vcs_info.json";

#[derive(Deserialize)]
struct VcsInfo {
    git: Git,
    #[serde(default)]
    path_in_vcs: String,
}

#[derive(Deserialize)]
struct Git {
    sha1: String,
    #[serde(default)]
    dirty: bool,
}

/// Runs the call.
///
/// # Errors
/// The crate cannot be had, or the commit cannot be packed.
pub(crate) fn run(cx: &mut Context, spec: Option<&str>) -> Result<Outcome> {
    cx.project()?;
    let cx = &*cx;
    let project = cx
        .loaded_project()
        .ok_or_else(|| Error::judge("the project was not loaded"))?;
    let spec = match spec {
        Some(spec) => spec.to_owned(),
        None => {
            let package = project.single()?;
            format!("{}@{}", package.name, package.version)
        }
    };
    let scratch = throw_away_dir("crate")?;
    let file = if spec.ends_with(".crate") {
        PathBuf::from(&spec)
    } else {
        download(cx, &spec, scratch.path())?
    };
    let published = unpack(
        &std::fs::read(&file).or_judge(|| format!("cannot read `{spec}`"))?,
        &spec,
    )?;
    let stem = file
        .file_stem()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    let mut data = CrateData {
        name: stem,
        ..CrateData::default()
    };
    let mut findings = Vec::new();
    let report = |data: &CrateData, findings: Vec<Finding>, summary: String| {
        Report::new(REPORT, &TOOL, project.workspace_subject())
            .findings(findings)
            .data(data)
            .summary(summary)
            .print_only()
    };
    let info = published
        .iter()
        .find(|member| member.name == VCS_INFO)
        .and_then(|member| serde_json::from_slice::<VcsInfo>(&member.bytes).ok());
    let Some(info) = info else {
        findings.push(
            Finding::new(&rules::CRATE_COMMIT_MISSING, format!("`{}` does not say which commit it was packed from", data.name))
                .help("publish from a clean git checkout; `--allow-dirty` and folders without git leave the commit out"),
        );
        return Ok(report(&data, findings, "no commit to compare with".to_owned()).into());
    };
    data.commit = Some(info.git.sha1.clone());
    if info.git.dirty {
        findings.push(Finding::new(
            &rules::CRATE_DIRTY,
            format!("`{}` was packed with uncommitted changes", data.name),
        ));
    }
    let git = project.repository()?;
    // What it names has to be a whole commit id: a branch or `HEAD` is always here and says
    // nothing.
    let whole = matches!(info.git.sha1.len(), 40 | 64)
        && info.git.sha1.bytes().all(|b| b.is_ascii_hexdigit());
    let Some(commit) = whole.then(|| git.resolve(&info.git.sha1).ok()).flatten() else {
        findings.push(
            Finding::new(
                &rules::CRATE_COMMIT_MISSING,
                format!(
                    "`{}` names the commit {}, which this repository does not have",
                    data.name, info.git.sha1
                ),
            )
            .help("run `git fetch --all --tags`; if it stays missing, nobody can see what was published"),
        );
        return Ok(report(&data, findings, "the commit is not here".to_owned()).into());
    };
    let checkout = scratch.path().join("checkout");
    git.checkout(&commit, &checkout)?;
    let inside = Path::new(&info.path_in_vcs);
    if !inside
        .components()
        .all(|part| matches!(part, std::path::Component::Normal(_)))
    {
        return Err(Error::judge(format!(
            "`{VCS_INFO}` names the folder `{}`, which lies in no repository",
            info.path_in_vcs
        )));
    }
    let folder = checkout.join(inside);
    if !folder.join("Cargo.toml").is_file() {
        findings.push(
            Finding::new(
                &rules::CRATE_DIFFERS,
                format!(
                    "the commit holds no package in `{}`, where `{}` says it was packed",
                    info.path_in_vcs, data.name
                ),
            )
            .help("it was published from another folder or another commit than it names"),
        );
        return Ok(report(
            &data,
            findings,
            "the commit holds no such package".to_owned(),
        )
        .into());
    }
    // Cargo packs what git knows, hidden files included, and without a repository something else.
    history::make(git, &commit, &checkout, History::Whole)?;
    let packed = pack(cx, &folder, &scratch.path().join("target"), &data.name)?;
    for member in &published {
        let other = packed.iter().find(|other| other.name == member.name);
        if !member.header.ends_with("type Regular") {
            data.different
                .push(format!("{} (no regular file)", member.name));
            continue;
        }
        match other {
            Some(other) if other.bytes == member.bytes => data.same += 1,
            _ if member.name == VCS_INFO => {}
            Some(other) if member.name == "Cargo.toml" => {
                let (kept, changed) = normalized::manifest(&member.bytes, &other.bytes);
                data.normalized.extend(kept.then(|| member.name.clone()));
                data.different
                    .extend(changed.into_iter().map(|key| format!("Cargo.toml ({key})")));
            }
            other if member.name == "Cargo.lock" => {
                let theirs = other
                    .map(|other| other.bytes.as_slice())
                    .unwrap_or_default();
                let changed = normalized::lock(&member.bytes, theirs);
                data.normalized
                    .extend(changed.is_empty().then(|| member.name.clone()));
                data.different.extend(
                    changed
                        .into_iter()
                        .map(|name| format!("Cargo.lock ({name})")),
                );
            }
            Some(_) => data.different.push(member.name.clone()),
            None => data
                .different
                .push(format!("{} (not in the commit)", member.name)),
        }
    }
    data.different.extend(
        packed
            .iter()
            .filter(|member| {
                member.name != VCS_INFO && !published.iter().any(|other| other.name == member.name)
            })
            .map(|member| format!("{} (not published)", member.name)),
    );
    for name in &data.different {
        findings.push(Finding::new(
            &rules::CRATE_DIFFERS,
            format!("`{name}` is not what the commit holds"),
        ));
    }
    for name in &data.normalized {
        findings.push(Finding::new(
            &rules::CRATE_NORMALIZED,
            match name.as_str() {
                "Cargo.lock" => {
                    "`Cargo.lock` was resolved at another time; every package both have is the same"
                        .to_owned()
                }
                _ => format!("`{name}` was written by another version of cargo; it says the same"),
            },
        ));
    }
    let summary = format!(
        "{} files are the commit's, {} differ",
        data.same,
        data.different.len()
    );
    Ok(report(&data, findings, summary).into())
}

fn unpack(bytes: &[u8], name: &str) -> Result<Vec<Member>> {
    let broken = || Error::judge(format!("`{name}` is no .crate file"));
    let (_, outer) = archive::members(bytes)
        .filter(|(format, _)| *format == "gzip")
        .ok_or_else(broken)?;
    let content = outer.into_iter().next().ok_or_else(broken)?;
    let (_, members) = archive::members(&content.bytes)
        .filter(|(format, _)| *format == "tar")
        .ok_or_else(broken)?;
    // Everything lies in one folder, `name-version/`; cargo refuses anything else, and what lies
    // elsewhere is no file of it.
    let folder = members
        .first()
        .and_then(|member| member.name.split('/').next())
        .map(|name| format!("{name}/"));
    let folder = folder.ok_or_else(broken)?;
    members
        .into_iter()
        .map(|member| match member.name.strip_prefix(&folder) {
            Some(rest) => Ok(Member {
                name: rest.to_owned(),
                ..member
            }),
            None => Err(Error::judge(format!(
                "`{name}` holds `{}`, outside its folder `{folder}`",
                member.name
            ))),
        })
        .collect()
}

/// Gets a published crate through cargo.
fn download(cx: &Context, spec: &str, scratch: &Path) -> Result<PathBuf> {
    let (name, version) = spec
        .split_once('@')
        .ok_or_else(|| Error::usage(format!("`{spec}` is not NAME@VERSION")))?;
    let dir = scratch.join("query");
    let failed = || "cannot write a throw-away package".to_owned();
    std::fs::create_dir_all(&dir).or_judge(failed)?;
    let manifest = format!(
        "[package]\nname = \"query\"\nversion = \"0.0.0\"\nedition = \"2021\"\n[lib]\npath = \"lib.rs\"\n[dependencies]\nwanted = {{ package = \"{name}\", version = \"={version}\" }}\n[workspace]\n"
    );
    std::fs::write(dir.join("Cargo.toml"), manifest).or_judge(failed)?;
    std::fs::write(dir.join("lib.rs"), "").or_judge(failed)?;
    let mut step = Step::cargo()
        .inherit_network_env()
        .arg("fetch")
        .current_dir(&dir);
    if cx.args().is_offline() {
        step = step.arg("--offline");
    }
    cx.terminal.status("Fetching", spec);
    cx.runner.run(step)?.success()?;
    let home = crate::sealed::downloads::user_cargo_home()
        .ok_or_else(|| Error::judge("CARGO_HOME cannot be found"))?;
    let file = format!("{name}-{version}.crate");
    // Several registries may have one of that name: the lock file says whose checksum was meant.
    let lock = std::fs::read_to_string(dir.join("Cargo.lock"))
        .or_judge(|| "cargo wrote no lock file".to_owned())?;
    let caches = std::fs::read_dir(home.join("registry/cache"))
        .into_iter()
        .flatten()
        .flatten();
    caches
        .map(|entry| entry.path().join(&file))
        .find(|path| sha256_file(path).is_ok_and(|(digest, _)| lock.contains(&digest.to_string())))
        .ok_or_else(|| Error::judge(format!("cargo did not keep `{file}`")))
}

/// Packs a package as cargo would, without building it.
fn pack(cx: &Context, package: &Path, target: &Path, name: &str) -> Result<Vec<Member>> {
    let mut step = Step::cargo()
        .inherit_network_env()
        .env("CARGO_TARGET_DIR", target)
        // The commit's own configuration may name programs to run in the compiler's place; packing
        // needs none of them.
        .env("RUSTC_WRAPPER", "")
        .env("RUSTC_WORKSPACE_WRAPPER", "")
        .env("RUSTC", "rustc")
        .args(["package", "--no-verify", "--allow-dirty", "--no-metadata"])
        .current_dir(package);
    if cx.args().is_offline() {
        step = step.arg("--offline");
    }
    cx.terminal
        .status("Packing", format!("{name} from the commit"));
    cx.runner.run(step)?.success()?;
    let file = target.join("package").join(format!("{name}.crate"));
    unpack(
        &std::fs::read(&file).or_judge(|| format!("cargo packed no `{name}.crate`"))?,
        name,
    )
}
