//! `cargo sign verify --bytes-only`: files and lists that other tools signed and wrote.
//!
//! A signature of minisign's own says that a key signed these bytes, and no more. That is judged
//! here, loudly: nothing is unpacked, remembered, or said of a project or a version.

use std::path::Path;

use release_gate::public_key::hex;
use release_gate::{Context, Error, Finding, Outcome, Result};
use release_gate_facts::report::verify::Expectation;

use super::args::VerifyArgs;
use crate::format::checksums;
use crate::format::minisign::{MAX_LEN, MinisignSignature, Prehash};
use crate::judge::keys::Keys;
use crate::judge::verdict::{FileDigest, Verdict, Verified, shown};
use crate::read::file::{Hashed, Prehashed, file_name, folder_of, read_bounded};
use crate::read::keys::read_public_keys;
use crate::report::verify::{Told, plain_path, report};
use crate::rules;

/// Names of lists that other tools write.
const LISTS: [&str; 3] = [".txt", ".sum", "SHA256SUMS"];

pub(super) fn run(cx: &Context, args: &VerifyArgs) -> Result<Outcome> {
    refuse_meaning(cx, args)?;
    let keys = Keys::new(read_public_keys(&args.key)?, true);
    let mut verdict = Verdict::default();
    let text = "only bytes were judged: nothing says of which project and version these files are";
    let help = "an older release, or another file of the same maker, is accepted as well; compare names and versions yourself";
    verdict
        .findings
        .push(Finding::new(&rules::BYTES_ONLY, text).help(help));
    for path in &args.files {
        cx.terminal.status("Verifying", plain_path(path));
        verdict.absorb(check_signed(path, &keys)?);
    }

    let complete = args.files.len() <= verdict.verified.len();
    let told = Told {
        pinned: true,
        complete,
        expected: Expectation::default(),
        subject: None,
    };
    let holds = verdict.holds();
    let (report, ok_lines) = report(verdict, told);
    let report = if holds {
        report.human(ok_lines)
    } else {
        report
    };
    Ok(report.print_only().into())
}

/// What bytes alone cannot answer is not asked of them.
fn refuse_meaning(cx: &Context, args: &VerifyArgs) -> Result<()> {
    if args.files.is_empty() || args.key.is_empty() {
        return Err(
            Error::usage("--bytes-only judges files by keys that are named")
                .with_help("cargo-sign verify --bytes-only --key PUB FILE…"),
        );
    }
    let asks_for_more = args.expect.is_some()
        || args.published.is_some()
        || args.ignore_missing
        || args.expect_target.is_some()
        || args.expect_tag.is_some()
        || args.extract.is_some()
        || args.source_uri.is_some()
        || args.identity.is_some()
        || !args.token.is_empty()
        || args.keyring.is_some()
        || args.allow_rollback
        || !cx.args().workspace.package.is_empty();
    if asks_for_more {
        return Err(Error::usage(
            "--bytes-only says nothing of projects, versions, sources or archives",
        )
        .with_help("leave it out, or leave out what it cannot answer"));
    }
    Ok(())
}

/// Judges one file by the signature beside it, and what it lists.
fn check_signed(path: &Path, keys: &Keys) -> Result<Verdict> {
    let mut verdict = Verdict::default();
    let name = file_name(path);
    let Some(Prehashed { prehash, size }) = Prehashed::open(path)? else {
        let text = format!("`{}` is not a regular file", shown(&name));
        verdict.refuse(Finding::new(&rules::FILE_NOT_REGULAR, text));
        return Ok(verdict);
    };
    if let Err(finding) = check_bytes(path, &prehash, keys)? {
        verdict.refuse(*finding);
        return Ok(verdict);
    }
    verdict.verified.push(Verified {
        file: name.clone(),
        digest: FileDigest::Prehash(prehash),
        size,
        signed: None,
    });
    if LISTS.iter().any(|ending| name.ends_with(ending)) {
        verdict.absorb(check_list(path, &prehash)?);
    }
    Ok(verdict)
}

fn check_bytes(
    path: &Path,
    prehash: &Prehash,
    keys: &Keys,
) -> Result<std::result::Result<(), Box<Finding>>> {
    let name = shown(&file_name(path));
    let beside = |ending: &str| {
        let file = format!("{}{ending}", file_name(path));
        read_bounded(&path.with_file_name(file), MAX_LEN)
    };

    let Some(bytes) = beside(".minisig")?.or(beside(".sig")?) else {
        let text = format!("`{name}` is not signed");
        let help = "get its `.minisig` from where it was published";
        let finding = Finding::new(&rules::SIGNATURE_MISSING, text).help(help);
        return Ok(Err(Box::new(finding)));
    };

    let parsed = match MinisignSignature::parse(&bytes) {
        Ok(parsed) => parsed,
        Err(error) => {
            let finding = Finding::new(error.rule(), format!("`{name}`: {error}"));
            return Ok(Err(Box::new(finding)));
        }
    };

    let Some(key) = keys.by_id(&parsed.key_id) else {
        let text = format!(
            "`{name}` was signed by the key {}, which is none of those given",
            hex(&parsed.key_id)
        );
        return Ok(Err(Box::new(Finding::new(&rules::KEY_MISMATCH, text))));
    };

    Ok(parsed.verify(&key.key, &key.id, prehash).map_err(|error| {
        let finding = Finding::new(error.rule(), format!("`{name}`: {error}"));
        Box::new(finding.help("do not use the file; get it again"))
    }))
}

/// Holds every file that lies beside a list against it; those that were not downloaded are counted.
fn check_list(path: &Path, signed: &Prehash) -> Result<Verdict> {
    let mut verdict = Verdict::default();
    let bytes = read_bounded(path, checksums::MAX_LEN)?.unwrap_or_default();
    if Prehash::of(&bytes) != *signed {
        let text = format!(
            "`{}` changed while it was verified, or is too long for a list",
            shown(&file_name(path))
        );
        verdict.refuse(Finding::new(&rules::DIGEST_MISMATCH, text));
        return Ok(verdict);
    }
    let list = match checksums::parse_foreign(&bytes) {
        Ok(list) => list,
        Err(error) => {
            let text = format!("{}: {error}", shown(&file_name(path)));
            verdict.refuse(Finding::new(error.rule(), text));
            return Ok(verdict);
        }
    };

    for (name, digest) in list {
        let file = folder_of(path).join(&name);
        if file.symlink_metadata().is_err() {
            let why = "it is listed, and was not downloaded";
            let what = format!("`{}`", shown(&name));
            verdict
                .coverage
                .not_judged(&rules::NOT_JUDGED_MISSING, what, 1, why);
            continue;
        }
        let hashed = Hashed::open(&file)?.filter(|hashed| hashed.sha256 == digest);
        let Some(hashed) = hashed else {
            let text = format!("`{}` is not the one that was listed", shown(&name));
            verdict.refuse(Finding::new(&rules::DIGEST_MISMATCH, text));
            continue;
        };
        verdict.verified.push(Verified {
            file: name,
            digest: hashed.sha256.into(),
            size: hashed.size,
            signed: None,
        });
    }

    Ok(verdict)
}
