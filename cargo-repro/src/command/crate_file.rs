//! A published crate beside what cargo packs of the commit it names.

use std::path::Path;

use release_gate::error::JudgeExt;
use release_gate::facts::report::published_crate::CrateData;
use release_gate::git::{CommitId, Git};
use release_gate::lock::Lock;
use release_gate::process::Step;
use release_gate::{Context, Coverage, Error, Finding, Result};

use crate::diff::archive::Member;
use crate::judge::package::{Packed, compare, coverage, findings};
use crate::read::package::{Origin, origin, unpack};
use crate::rules;
use crate::sealed::history::{self, History};

/// What is said of a published crate.
pub(super) struct Judged {
    pub(super) data: CrateData,
    pub(super) findings: Vec<Finding>,
    pub(super) summary: String,
    pub(super) coverage: Coverage,
}

impl Judged {
    /// There is nothing to compare with.
    fn without_commit(mut self, finding: Finding, summary: &str) -> Self {
        self.findings.push(finding);
        summary.clone_into(&mut self.summary);
        self
    }
}

/// Compares a published file with what its commit is packed to.
///
/// # Errors
/// It is no crate, or the commit cannot be packed.
pub(super) fn judge_file(
    cx: &Context,
    git: &Git,
    file: &Path,
    spec: &str,
    scratch: &Path,
) -> Result<Judged> {
    let bytes = std::fs::read(file).or_judge(|| format!("cannot read `{spec}`"))?;
    let published = unpack(&bytes, spec)?;
    let stem = file.file_stem().unwrap_or_default();
    let name = stem.to_string_lossy().into_owned();
    let mut judged = Judged {
        data: CrateData {
            name: name.clone(),
            ..CrateData::default()
        },
        findings: Vec::new(),
        summary: String::new(),
        coverage: Coverage::of(1),
    };

    let Some(origin) = origin(&published) else {
        let finding = Finding::new(
            &rules::CRATE_COMMIT_MISSING,
            format!("`{name}` does not say which commit it was packed from"),
        )
        .help("publish from a clean git checkout; `--allow-dirty` and folders without git leave the commit out");
        return Ok(judged.without_commit(finding, "no commit to compare with"));
    };
    judged.data.commit = Some(origin.commit.clone());
    if origin.dirty {
        judged.findings.push(Finding::new(
            &rules::CRATE_DIRTY,
            format!("`{name}` was packed with uncommitted changes"),
        ));
    }

    let commit = origin
        .names_commit()
        .then(|| git.resolve(&origin.commit).ok())
        .flatten();
    let Some(commit) = commit else {
        let finding = Finding::new(
            &rules::CRATE_COMMIT_MISSING,
            format!(
                "`{name}` names the commit {}, which this repository does not have",
                origin.commit
            ),
        )
        .help(
            "run `git fetch --all --tags`; if it stays missing, nobody can see what was published",
        );
        return Ok(judged.without_commit(finding, "the commit is not here"));
    };

    judged
        .findings
        .extend(other_tag(git, &commit, &name, origin.version_of(&name)));

    let Some(packed) = pack_commit(cx, git, &commit, &origin, (&name, scratch))? else {
        let finding = Finding::new(
            &rules::CRATE_DIFFERS,
            format!(
                "the commit holds no package in `{}`, where `{name}` says it was packed",
                origin.folder
            ),
        )
        .help("it was published from another folder or another commit than it names");
        return Ok(judged.without_commit(finding, "the commit holds no such package"));
    };
    compare(&mut judged.data, &published, &packed);
    judged.coverage = coverage(&judged.data, &packed);
    judged.findings.extend(findings(&judged.data));
    judged.summary = format!(
        "{} files are the commit's, {} differ",
        judged.data.same,
        judged.data.different.len()
    );
    Ok(judged)
}

/// A tag of the version that is not the commit: who reads the tag reads something else than what was
/// published.
fn other_tag(git: &Git, commit: &CommitId, name: &str, version: Option<&str>) -> Option<Finding> {
    let version = version?;
    let package = name.strip_suffix(version)?.strip_suffix('-')?;
    let tags = [
        format!("v{version}"),
        version.to_owned(),
        format!("{package}-{version}"),
        format!("{package}-v{version}"),
        format!("{package}@{version}"),
        format!("{package}/v{version}"),
    ];

    let tagged: Vec<(String, CommitId)> = tags
        .into_iter()
        .filter_map(|tag| {
            let commit = git.resolve(&format!("refs/tags/{tag}")).ok()?;
            Some((tag, commit))
        })
        .collect();

    // A plain version may be another package's tag: one that is right is enough.
    if tagged.is_empty() || tagged.iter().any(|(_, tagged)| tagged == commit) {
        return None;
    }

    let (tag, tagged) = &tagged[0];

    Some(
        Finding::new(
            &rules::CRATE_TAG_DIFFERS,
            format!(
                "`{name}` was packed from {}, and the tag `{tag}` is {}",
                commit.short(),
                tagged.short()
            ),
        )
        .help("compare the two commits: users who read the tag read something else"),
    )
}

/// What cargo packs of the package in a commit; `None` if there is none where it says.
fn pack_commit(
    cx: &Context,
    git: &Git,
    commit: &CommitId,
    origin: &Origin,
    (name, scratch): (&str, &Path),
) -> Result<Option<Packed>> {
    let checkout = scratch.join("checkout");
    git.checkout(commit, &checkout)?;
    let folder = checkout.join(origin.folder()?);
    if !folder.join("Cargo.toml").is_file() {
        return Ok(None);
    }
    // Cargo packs what git knows, hidden files included, and without a repository something else.
    history::make(git, commit, &checkout, History::Whole)?;
    let lock = folder
        .ancestors()
        .take_while(|dir| dir.starts_with(&checkout))
        .map(|dir| dir.join("Cargo.lock"))
        .find(|path| path.is_file());
    let committed_lock = lock.as_deref().map(Lock::read).transpose()?;
    let target = scratch.join("target");

    // As it was locked; where that lock file fits no manifest any more, as it is resolved now.
    let mut members = Err(Error::judge("nothing was packed"));
    for locked in [true, false] {
        if members.is_err() && (committed_lock.is_some() || !locked) {
            members = pack(cx, &folder, &target, (name, locked));
        }
    }
    Ok(Some(Packed {
        members: members?,
        committed_lock,
    }))
}

/// Packs a package as cargo would, without building it.
fn pack(
    cx: &Context,
    package: &Path,
    target: &Path,
    (name, locked): (&str, bool),
) -> Result<Vec<Member>> {
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

    if locked {
        step = step.arg("--locked");
    }
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
