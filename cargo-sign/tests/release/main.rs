//! A whole release, made by the program: stock tools accept it, and nobody can change it unnoticed.

#![expect(
    clippy::unwrap_used,
    reason = "a fixture that cannot be made fails its test"
)]

use std::path::Path;

use base64::Engine as _;
use cargo_sign::format::keyring::Keyring;
use cargo_sign::judge::keys::Keys;
use cargo_sign::model::keyring::{Content, Member};
use release_gate::process::Step;
use release_gate::public_key::PublicKey;
use release_gate_facts::ReportData;
use release_gate_facts::report::compat::CompatData;
use release_gate_facts::report::relnotes::RelnotesData;
use release_gate_facts::report::relnotes_check::RelnotesCheckData;
use release_gate_facts::sample::report_sample;

#[cfg(unix)]
mod agent;
mod archives;
mod asked;
mod fixture;
#[cfg(unix)]
mod gpg;
mod hostile;
#[cfg(feature = "sigstore")]
mod identity;
#[cfg(feature = "sigstore")]
mod instance;
mod key_forms;
#[cfg(feature = "keyless")]
mod keyless;
mod keyring;
mod mixed;
mod mutations;
mod pages;
mod provenance;
mod published;
mod reports;
mod rotation;
#[cfg(feature = "upload")]
mod server;
mod signers;
#[cfg(feature = "sigstore")]
mod sigstore;
mod stock;
mod strangers;
#[cfg(unix)]
mod token;
#[cfg(feature = "upload")]
mod upload;

use self::fixture::*;

#[test]
fn stock_tools_accept_a_release_and_refuse_a_changed_one() {
    let release = Release::new();
    let (dir, name) = (tempfile::tempdir().unwrap(), format!("demo-1.0.0-{TARGET}"));
    let dir = dir.path();
    lay_out(dir, &release.published());
    let list = std::fs::read(dir.join("checksums.txt")).unwrap();
    let signers = release.key("allowed_signers").display().to_string();
    let ssh = [
        "-Y",
        "verify",
        "-f",
        &signers,
        "-I",
        "maintainer",
        "-n",
        "release@demo",
        "-s",
        "checksums.txt.sshsig",
    ];
    assert_ne!(stock(dir, "ssh-keygen", &ssh, list.clone()), Some(false));
    assert_ne!(
        stock(dir, "ssh-keygen", &ssh, [&list[..], b"\n"].concat()),
        Some(true)
    );
    let sums = ["-c", "--strict", "checksums.txt"];
    assert_ne!(stock(dir, "sha256sum", &sums, Vec::new()), Some(false));

    // minisign's signature is plain Ed25519 over BLAKE2b-512 of the file: openssl can check both
    // halves.
    let archive = format!("{name}.tar.gz");
    let signature = std::fs::read_to_string(dir.join(format!("{archive}.sig"))).unwrap();
    let body = base64::engine::general_purpose::STANDARD
        .decode(signature.lines().nth(1).unwrap())
        .unwrap();
    std::fs::write(dir.join("raw.sig"), &body[10..]).unwrap();
    let pem = release.key("m.pem").display().to_string();
    let openssl = [
        "pkeyutl", "-verify", "-pubin", "-inkey", &pem, "-rawin", "-in", "hash", "-sigfile",
        "raw.sig",
    ];
    let hash = [
        "dgst",
        "-blake2b512",
        "-binary",
        "-out",
        "hash",
        archive.as_str(),
    ];
    if stock(dir, "openssl", &hash, Vec::new()).is_some() {
        assert_eq!(stock(dir, "openssl", &openssl, Vec::new()), Some(true));
        std::fs::write(dir.join("hash"), [0; 64]).unwrap();
        assert_eq!(stock(dir, "openssl", &openssl, Vec::new()), Some(false));
    }

    // What is unpacked verifies by its own list, in either form.
    for (program, args, into) in [
        ("tar", vec!["-xzf", archive.as_str(), "-C", "t"], "t"),
        ("unzip", vec!["-q", &format!("{name}.zip"), "-d", "z"], "z"),
    ] {
        std::fs::create_dir(dir.join(into)).unwrap();
        if stock(dir, program, &args, Vec::new()).is_some_and(|fine| {
            assert!(fine, "{program} does not unpack it");
            fine
        }) {
            let inner = dir.join(into).join(&name);
            assert_ne!(stock(&inner, "sha256sum", &sums, Vec::new()), Some(false));
            assert!(inner.join("SIGNATURE").is_file() && inner.join("SBOM.json").is_file());
        }
    }
    let script = "import sys,tarfile,zipfile\nt=tarfile.open(sys.argv[1]+'.tar.gz'); z=zipfile.ZipFile(sys.argv[1]+'.zip')\n\
        assert z.testzip() is None and sorted(t.getnames())==sorted(z.namelist())\n\
        assert all(t.extractfile(n).read()==z.read(n) for n in z.namelist())";
    assert_ne!(
        stock(dir, "python3", &["-c", script, &name], Vec::new()),
        Some(false)
    );

    std::fs::write(dir.join("sbom.cdx.json"), "{}").unwrap();
    assert_ne!(stock(dir, "sha256sum", &sums, Vec::new()), Some(true));
}

/// The artifact folder of a project that is named: the gates' reports in it are no strangers; in a
/// copy of it they are, and wherever nobody says that it is one's own.
#[test]
fn the_artifact_folder_can_be_named() {
    let release = Release::new();
    let folder = release.folder();
    let public = release.key("m.pub").display().to_string();
    let judge = |dir: &Path, more: &[&str]| {
        let dir = dir.display().to_string();
        let args = ["verify", "--message-format", "json", "--key", &public, &dir];
        verdict(&release.sign(&[&args[..], more].concat()))
    };
    let verify = |dir: &Path| judge(dir, &["--manifest-path", "Cargo.toml"]);
    assert_eq!(judge(&folder, &[]), (100, vec!["list-missing".to_owned()]));
    assert_eq!(verify(&folder), (0, vec![]));
    assert_eq!(verify(&release.released()), (0, vec![]));
    let copy = tempfile::tempdir().unwrap();
    std::fs::create_dir(copy.path().join("release")).unwrap();
    lay_out(&copy.path().join("release"), &release.published());
    std::fs::copy(folder.join("pack.json"), copy.path().join("pack.json")).unwrap();
    let refused = (100, vec!["list-missing".to_owned()]);
    assert_eq!(verify(copy.path()), refused);
    std::fs::write(release.released().join("evil"), "evil").unwrap();
    assert_eq!(verify(&folder), (100, vec!["file-unlisted".to_owned()]));
}

/// Archives made by Python's writers and signed by the right key: whatever is signed, nothing
/// hostile is unpacked.
#[test]
fn hostile_archives_are_refused_although_they_are_signed() {
    const SCRIPT: &str = r#"
import io, os, tarfile, warnings, zipfile
warnings.simplefilter("ignore")
R = "demo-1.0.0-x/"
names = {"up": [R + "../../evil"], "up2": ["../evil"], "abs": ["/tmp/evil"], "dup": [R + "a", R + "a"],
    "case": [R + "a", R + "A"], "fold": [R + "stra\u00dfe", R + "STRA\u00dfE"], "below": [R + "a", R + "a/b"],
    "dot": [R + "./a"], "slashes": [R + "/a"], "back": [R + "..\\evil"], "drive": ["C:/evil"], "control": [R + "a\nb"],
    "device": [R + "NUL"], "stream": [R + "a:b"], "outside": ["other/a"], "dots": [R + "a."], "long": [R + "d/" * 200 + "a"]}
for case, members in names.items():
    with tarfile.open(case + ".tar.gz", "w:gz", format=tarfile.GNU_FORMAT) as t:
        for n in members:
            i = tarfile.TarInfo(n); i.size = 4; t.addfile(i, io.BytesIO(b"evil"))
    with zipfile.ZipFile(case + ".zip", "w") as z:
        for n in members:
            i = zipfile.ZipInfo("a"); i.filename = n; z.writestr(i, b"evil")
for kind in ("SYMTYPE", "LNKTYPE", "CHRTYPE", "BLKTYPE", "FIFOTYPE"):
    with tarfile.open(kind + ".tar.gz", "w:gz") as t:
        i = tarfile.TarInfo(R + "a"); i.type = getattr(tarfile, kind); i.linkname = "/etc/passwd"; t.addfile(i)
for mode in (0o120777, 0o020666, 0o060666, 0o010666):
    with zipfile.ZipFile("mode%o.zip" % mode, "w") as z:
        i = zipfile.ZipInfo(R + "a"); i.create_system = 3; i.external_attr = mode << 16; z.writestr(i, b"/etc/passwd")
for name in ("dup", "outside"):
    z = open(name + ".zip", "rb").read(); open("twice-" + name + ".zip", "wb").write(z + z)
    t = open(name + ".tar.gz", "rb").read(); open("twice-" + name + ".tar.gz", "wb").write(t + t)
with zipfile.ZipFile("one.zip", "w", zipfile.ZIP_DEFLATED) as z: z.writestr(R + "a", b"x" * 5000)
b = open("one.zip", "rb").read(); os.remove("one.zip")
for n in range(1, len(b), 7): open("cut%d.zip" % n, "wb").write(b[:n])
open("prefix.zip", "wb").write(b"PK\3\4" + b)
open("comment.zip", "wb").write(b[:-2] + b"\1\0x")
i = b.rindex(b"demo"); open("two-names.zip", "wb").write(b[:i] + b"evil" + b[i + 4:])
with zipfile.ZipFile("bomb.zip", "w", zipfile.ZIP_DEFLATED) as z: z.writestr(R + "a", b"\0" * (64 << 20))
with tarfile.open("bomb.tar.gz", "w:gz") as t:
    i = tarfile.TarInfo(R + "a"); i.size = 64 << 20; t.addfile(i, io.BytesIO(bytes(64 << 20)))
"#;
    let release = Release::new();
    let made = tempfile::tempdir().unwrap();
    let Some(fine) = stock(made.path(), "python3", &["-c", SCRIPT], Vec::new()) else {
        return;
    };
    assert!(fine, "python3 could not make them");
    let keys = Keys::new(
        cargo_sign::read::keys::read_public_keys(&[release.key("m.pub")]).unwrap(),
        true,
    );
    let key = ed25519_dalek::SigningKey::from_bytes(&SEED);
    let mut counted = 0;
    for entry in std::fs::read_dir(made.path()).unwrap() {
        let path = entry.unwrap().path();
        let case = path.file_name().unwrap().to_str().unwrap().to_owned();
        let name = format!(
            "demo-1.0.0-x{}",
            if case.ends_with(".zip") {
                ".zip"
            } else {
                ".tar.gz"
            }
        );
        let (bytes, dir) = (std::fs::read(&path).unwrap(), tempfile::tempdir().unwrap());
        let comment =
            format!("timestamp:1\tfile:{name}\thashed\tproject:demo\tversion:1.0.0\tcommit:none");
        let prehash = cargo_sign::format::minisign::Prehash::of(&bytes);
        let signature =
            cargo_sign::format::minisign::MinisignSignature::sign(&key, &prehash, &comment);
        lay_out(
            dir.path(),
            &[
                (name.clone(), bytes),
                (
                    format!("{name}.sig"),
                    signature.render("signature of demo 1.0.0").into(),
                ),
            ],
        );
        let limits = cargo_sign::archive::Limits {
            bytes: 1 << 20,
            members: 50,
        };
        let mut file = std::fs::File::open(dir.path().join(&name)).unwrap();
        let walked = cargo_sign::archive::walk(&mut file, limits, &mut |_, _| Ok(()));
        // A folder of another name is a matter of the release and not of the archive's structure.
        assert!(
            case == "outside.zip"
                || case == "outside.tar.gz"
                || walked.is_err_and(|e| e.rule().is_some()),
            "{case}"
        );
        let (verdict, _) =
            cargo_sign::inspect::check_archive(&dir.path().join(&name), &keys).unwrap();
        assert!(
            verdict.verified.is_empty() && !verdict.holds(),
            "accepted: {case}"
        );
        assert!(
            verdict
                .findings
                .iter()
                .all(|f| f.rule != "signature-invalid"),
            "{case} is signed"
        );
        counted += 1;
        if !case.starts_with("cut") {
            let (into, archive) = (dir.path().join("into"), dir.path().join(&name));
            let public = release.key("m.pub");
            let [into_text, archive, public] =
                [&into, &archive, &public].map(|path| path.display().to_string());
            let ran = release.sign(&[
                "verify",
                "--key",
                &public,
                "--extract",
                &into_text,
                &archive,
            ]);
            assert_eq!(
                ran.status.code(),
                Some(100),
                "{case}: {}",
                ran.stderr_text()
            );
            assert!(!into.exists(), "{case} wrote something");
        }
    }
    assert!(counted >= 60, "{counted} archives");
    say(&format!("{counted} hostile archives refused"));
}

/// Tags and commits signed by git itself, with ssh-keygen.
#[test]
fn source_is_judged_by_its_signed_tag_and_commits() {
    let release = Release::new();
    let keys = release.dir.path().join("keys");
    if stock(
        &keys,
        "ssh-keygen",
        &["-q", "-t", "ed25519", "-N", "", "-f", "git"],
        Vec::new(),
    )
    .is_none()
    {
        return;
    }
    let signing = format!("user.signingKey={}", keys.join("git").display());
    let git = |args: &[&str]| {
        let fixed = [
            "-c",
            "user.name=t",
            "-c",
            "user.email=t@example.org",
            "-c",
            "gpg.format=ssh",
            "-c",
            &signing,
        ];
        release.must(Step::new("git").args(fixed).args(args));
    };
    let public = keys.join("git.pub").display().to_string();
    let verify = |key: &str, tag: &[&str]| {
        let ran = release.sign(
            &[
                &["verify-source", "--message-format", "json", "--key", key][..],
                tag,
            ]
            .concat(),
        );
        let report: serde_json::Value = serde_json::from_slice(&ran.stdout).unwrap();
        report["findings"]
            .as_array()
            .unwrap()
            .iter()
            .map(|f| f["rule"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    git(&["tag", "v1.0.0"]);
    assert_eq!(verify(&public, &[]), ["tag-unsigned", "commit-unsigned"]);
    git(&["commit", "-q", "--amend", "-S", "-m", "feat: first"]);
    git(&["tag", "-f", "-s", "-m", "one", "v1.0.0"]);
    assert_eq!(verify(&public, &[]), [""; 0]);
    assert_eq!(
        verify(&release.key("m.pub").display().to_string(), &[]),
        ["tag-unsigned", "commit-unsigned"]
    );
    // What the committed keyring says of the key decides, and not a time the tag gives itself.
    let member = |retired_after: Option<&str>| {
        let key = PublicKey::parse(&std::fs::read_to_string(&public).unwrap()).unwrap();
        Member {
            retired_after: retired_after.map(|version| version.parse().unwrap()),
            ..Member::new("git", &key)
        }
    };
    let folder = release.dir.path().join("release-keys");
    std::fs::create_dir(&folder).unwrap();
    let maintainer = crate::fixture::public(SEED);
    std::fs::write(
        folder.join("maintainer.ed25519.pub"),
        maintainer.minisign("m"),
    )
    .unwrap();
    for (retired_after, expected) in [
        (None, &[][..]),
        (Some("1.0.0"), &[]),
        (Some("0.9.0"), &["tag-unsigned", "commit-unsigned"]),
    ] {
        let content = Content {
            keys: vec![
                Member::new("maintainer", &maintainer),
                member(retired_after),
            ],
            previous: None,
            projects: ["demo".to_owned()].into(),
            releases: None,
            threshold: 1,
            version: 1,
        };
        let ring = Keyring::begin(content, &ed25519_dalek::SigningKey::from_bytes(&SEED)).unwrap();
        std::fs::write(folder.join("keyring.json"), ring.render().unwrap()).unwrap();
        let (_, rules) = verdict(&release.sign(&["verify-source", "--message-format", "json"]));
        let always = ["dirty-source", "source-key-unpinned"];
        let rest: Vec<_> = rules
            .iter()
            .filter(|rule| !always.contains(&rule.as_str()))
            .collect();
        assert_eq!(rest, expected, "retired after {retired_after:?}");
        assert!(
            rules.len() == expected.len() + 2,
            "not committed, and not from elsewhere: {rules:?}"
        );
    }
    std::fs::remove_dir_all(&folder).unwrap();
    git(&["update-ref", "refs/tags/1.0.0", "refs/tags/v1.0.0"]);
    assert_eq!(verify(&public, &["1.0.0"]), ["tag-renamed"]);
    git(&[
        "commit",
        "-q",
        "--allow-empty",
        "--no-gpg-sign",
        "-m",
        "fix: unsigned",
    ]);
    assert_eq!(verify(&public, &[]), ["commit-mismatch"]);
    git(&["tag", "-f", "-s", "-m", "moved", "v1.0.0"]);
    assert_eq!(verify(&public, &[]), ["commit-unsigned"]);
    // A tag that anybody can push hides nothing; one that was signed as another neither.
    git(&["commit", "-q", "--allow-empty", "-S", "-m", "fix: signed"]);
    git(&["tag", "-f", "-s", "-m", "moved", "v1.0.0"]);
    git(&["tag", "v0.9.9", "HEAD~1"]);
    git(&["tag", "-a", "-m", "annotated", "v0.9.8", "HEAD~1"]);
    git(&["tag", "-s", "-m", "signed", "other", "HEAD~1"]);
    git(&["update-ref", "refs/tags/v0.9.7", "refs/tags/other"]);
    assert_eq!(verify(&public, &[]), ["tag-ignored", "commit-unsigned"]);
    // Where the project began to sign is for the caller to say; nothing after it is let off.
    assert_eq!(
        verify(&public, &["--signed-since", "HEAD~2"]),
        ["tag-ignored", "commit-unsigned"]
    );
    assert_eq!(
        verify(&public, &["--signed-since", "HEAD~1"]),
        ["tag-ignored"]
    );
    let elsewhere = release.sign(&[
        "verify-source",
        "--key",
        &public,
        "--signed-since",
        "other^{tree}",
    ]);
    assert_eq!(
        elsewhere.status.code(),
        Some(101),
        "{}",
        elsewhere.stderr_text()
    );
    let later = [
        "verify-source",
        "--key",
        &public,
        "--signed-since",
        "v1.0.0",
        "other",
    ];
    let later = release.sign(&later);
    assert_eq!(later.status.code(), Some(2), "{}", later.stderr_text());
    assert!(
        later.stderr_text().contains("does not come before"),
        "{}",
        later.stderr_text()
    );
    git(&["tag", "-s", "-m", "signed", "v0.9.6", "HEAD~1"]);
    assert_eq!(verify(&public, &[]), ["tag-ignored"]);
    // What lies beside the commits says nothing of which ones there are, and what git was told not
    // to see is told.
    git(&["checkout", "-q", "-b", "grafted"]);
    git(&[
        "commit",
        "-q",
        "--allow-empty",
        "--no-gpg-sign",
        "-m",
        "fix: evil",
    ]);
    git(&["commit", "-q", "--allow-empty", "-S", "-m", "fix: signed"]);
    git(&["tag", "-f", "-s", "-m", "moved", "v1.0.0"]);
    assert_eq!(verify(&public, &[]), ["tag-ignored", "commit-unsigned"]);
    let id = |rev: &str| {
        let ran = release.must(Step::new("git").args(["rev-parse", rev]));
        String::from_utf8(ran.stdout).unwrap().trim().to_owned()
    };
    let grafts = release.dir.path().join(".git/info/grafts");
    std::fs::write(&grafts, format!("{} {}\n", id("HEAD"), id("HEAD~2"))).unwrap();
    assert_eq!(verify(&public, &[]), ["tag-ignored", "commit-unsigned"]);
    std::fs::remove_file(grafts).unwrap();
    let skipped = release.must(Step::new("git").args(["ls-files"]));
    let skipped = String::from_utf8(skipped.stdout)
        .unwrap()
        .lines()
        .next()
        .unwrap()
        .to_owned();
    git(&["update-index", "--skip-worktree", &skipped]);
    assert_eq!(
        verify(&public, &[]),
        ["dirty-source", "tag-ignored", "commit-unsigned"]
    );
    git(&["update-index", "--no-skip-worktree", &skipped]);
    git(&["checkout", "-q", "-"]);
    git(&["tag", "-f", "-s", "-m", "moved", "v1.0.0"]);
    // Who vouched is said, and where the key came from.
    let ran = release.sign(&["verify-source", "--key", &public]);
    let key = PublicKey::parse(&std::fs::read_to_string(&public).unwrap()).unwrap();
    let said = [
        String::from_utf8(ran.stdout.clone()).unwrap(),
        ran.stderr_text(),
    ]
    .concat();
    assert_eq!(said.matches(&key.fingerprint()).count(), 2, "{said}");
    assert!(!said.contains("UNPINNED"), "{said}");
    std::fs::copy(&public, release.dir.path().join("tracked.pub")).unwrap();
    git(&["add", "tracked.pub"]);
    git(&["commit", "-q", "-S", "-m", "feat: a key"]);
    git(&["tag", "-f", "-s", "-m", "moved", "v1.0.0"]);
    assert_eq!(
        verify("tracked.pub", &[]),
        ["tag-ignored", "source-key-unpinned"]
    );
    std::fs::write(release.dir.path().join("README.md"), "changed").unwrap();
    assert_eq!(verify(&public, &[]), ["dirty-source", "tag-ignored"]);
}

/// Two machines built one commit, each for another target: one release, in which each archive tells
/// of its own machine.
#[test]
fn builds_of_several_machines_are_packed_as_one_release() {
    const OTHER: &str = "aarch64-apple-darwin";
    let release = Release::unpacked("1.0.0", SEED, &[]);
    let own = release.folder();
    let other = release.dir.path().join("target/from-the-other");
    std::fs::create_dir_all(other.join("artifacts")).unwrap();
    std::fs::copy(own.join("artifacts/demo"), other.join("artifacts/demo")).unwrap();
    std::fs::copy(own.join("sbom.cdx.json"), other.join("sbom.cdx.json")).unwrap();
    let info = std::fs::read_to_string(own.join("buildinfo.json")).unwrap();
    let write = |text: &str| std::fs::write(other.join("buildinfo.json"), text).unwrap();
    write(&info.replace(TARGET, OTHER));
    let (one, two) = (own.display().to_string(), other.display().to_string());
    let pack = ["pack", "--artifacts", &one, "--artifacts", &two];
    // What is built in elsewhere is told by the release's own SBOM, too.
    let sbom = std::fs::read_to_string(own.join("sbom.cdx.json")).unwrap();
    let mut more: serde_json::Value = serde_json::from_str(&sbom).unwrap();
    more["components"] = serde_json::json!([{ "name": "winapi", "version": "0.3.9", "purl": "pkg:cargo/winapi@0.3.9" }]);
    std::fs::write(other.join("sbom.cdx.json"), more.to_string()).unwrap();
    let refused = release.sign(&[&pack[..], &["--message-format", "json"]].concat());
    assert_eq!(verdict(&refused), (101, vec!["sbom-uncovered".to_owned()]));
    std::fs::write(other.join("sbom.cdx.json"), sbom).unwrap();
    let packed = release.sign(&pack);
    assert!(packed.is_success(), "{}", packed.stderr_text());
    let list = std::fs::read_to_string(release.released().join("checksums.txt")).unwrap();
    for name in [
        "demo-1.0.0-x86_64-unknown-linux-gnu.tar.gz",
        "demo-1.0.0-aarch64-apple-darwin.tar.gz",
        "buildinfo.json",
        "buildinfo-aarch64-apple-darwin.json",
    ] {
        assert!(list.contains(&format!("  {name}\n")), "{list}");
    }
    let public = release.key("m.pub").display().to_string();
    assert!(release.sign(&["verify", "--key", &public]).is_success());
    let attested = release.sign(&["attest", "--source-uri", "https://example.org/demo"]);
    assert!(attested.is_success(), "{}", attested.stderr_text());
    let provenance =
        std::fs::read_to_string(release.released().join("provenance.intoto.jsonl")).unwrap();
    let payload = provenance
        .split("\"payload\":\"")
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap();
    let payload =
        base64::Engine::decode(&base64::engine::general_purpose::STANDARD, payload).unwrap();
    let statement: serde_json::Value = serde_json::from_slice(&payload).unwrap();
    let targets = &statement["predicate"]["buildDefinition"]["externalParameters"]["targets"];
    assert_eq!(targets, &serde_json::json!([OTHER, TARGET]));
    // The same target twice, and a build of another commit, are no release.
    write(&info);
    assert_eq!(release.sign(&pack).status.code(), Some(2));
    let commit = info
        .split("\"commit\":\"")
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap();
    write(&info.replace(TARGET, OTHER).replace(commit, &"0".repeat(40)));
    assert_eq!(release.sign(&pack).status.code(), Some(101));
}

/// What was never committed, or lies elsewhere on the machine, is not published.
#[cfg(unix)]
#[test]
fn only_documents_of_the_commit_are_packed() {
    use std::os::unix::fs::symlink;
    let documents: [(&str, &[u8]); 1] = [("docs/notice.txt", b"inside")];
    let release = Release::unpacked("1.0.0", SEED, &documents);
    let (root, elsewhere) = (release.dir.path(), tempfile::tempdir().unwrap());
    std::fs::write(elsewhere.path().join("secret"), "secret").unwrap();
    std::fs::write(root.join("keys/secret"), "secret").unwrap();
    symlink("docs/notice.txt", root.join("NOTICE")).unwrap();
    symlink(elsewhere.path().join("secret"), root.join("COPYRIGHT")).unwrap();
    symlink("keys/secret", root.join("COPYING")).unwrap();
    let members = || {
        let ran = release.sign(&["pack"]);
        assert!(ran.is_success(), "{}", ran.stderr_text());
        let mut file = std::fs::File::open(release.released().join(release.archive())).unwrap();
        let mut names = Vec::new();
        let limits = cargo_sign::archive::Limits::default();
        cargo_sign::archive::walk(&mut file, limits, &mut |member, _| {
            names.push(member.path.rsplit('/').next().unwrap().to_owned());
            Ok(())
        })
        .unwrap();
        names.retain(|name| {
            ![
                "SBOM.json",
                "SIGNATURE",
                "buildinfo.json",
                "checksums.txt",
                "demo",
            ]
            .contains(&&**name)
        });
        (names, ran.stderr_text())
    };

    let info = release.folder().join("buildinfo.json");
    let change = |from: &str, to: &str| {
        let text = std::fs::read_to_string(&info).unwrap();
        assert!(text.contains(from), "{text}");
        std::fs::write(&info, text.replace(from, to)).unwrap();
    };

    // Nobody can say what belongs to a commit that is none; what leads elsewhere does not in any
    // case.
    change("\"dirty\":false", "\"dirty\":true");
    let (names, _) = members();
    assert!(
        names.contains(&"NOTICE".to_owned()) && !names.contains(&"COPYRIGHT".to_owned()),
        "{names:?}"
    );

    let head = || {
        let ran = release.must(Step::new("git").args(["rev-parse", "HEAD"]));
        String::from_utf8(ran.stdout).unwrap().trim().to_owned()
    };

    let before = head();
    release.commit("feat: links");
    change(&before, &head());
    change("\"dirty\":true", "\"dirty\":false");
    std::fs::write(root.join(".git/info/exclude"), "LICENSE.local\n").unwrap();
    std::fs::write(root.join("LICENSE.local"), "secret").unwrap();
    let (names, said) = members();
    assert_eq!(names, ["LICENSE", "NOTICE", "README.md"]);

    for name in ["COPYING", "COPYRIGHT", "LICENSE.local"] {
        assert!(said.contains(&format!("`{name}` is not packed")), "{said}");
    }
}

/// A report of another gate that passed, about this subject.
fn about<Data: ReportData + schemars::JsonSchema>(
    subject: &serde_json::Value,
) -> serde_json::Value {
    let mut report = report_sample::<Data>();
    report["subject"] = subject.clone();
    report["status"] = "pass".into();
    report
}

/// What another gate refused of this very commit is not signed, and neither is a document somebody
/// wrote in after it was made.
#[test]
fn what_was_refused_is_not_signed() {
    let release = Release::unpacked("1.0.0", SEED, &[]);
    let folder = release.folder();
    let info = std::fs::read_to_string(folder.join("buildinfo.json")).unwrap();
    let subject = serde_json::from_str::<serde_json::Value>(&info).unwrap()["subject"].clone();
    let report = about::<CompatData>(&subject).to_string();
    let pack = |more: &[&str]| {
        verdict(&release.sign(&[&["pack", "--message-format", "json"], more].concat()))
    };
    let refused = |rule: &str| (101, vec![rule.to_owned()]);
    std::fs::write(
        folder.join("compat.json"),
        report.replace("\"pass\"", "\"fail\""),
    )
    .unwrap();

    assert_eq!(pack(&[]), refused("gate-failed"));
    assert_eq!(
        pack(&["--allow", "gate-failed"]).0,
        101,
        "a level makes no release"
    );

    assert!(!release.released().join("checksums.txt").exists());

    // Of another commit it says nothing about this one.
    let commit = info
        .split("\"commit\":\"")
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap();

    let stale = report
        .replace("\"pass\"", "\"fail\"")
        .replace(commit, &"0".repeat(40));
    std::fs::write(folder.join("compat.json"), stale).unwrap();
    assert_eq!(pack(&[]), (0, vec!["gate-silent".to_owned()]));

    // What could not be judged, or read, is no pass.
    for unknown in [
        report.replace("\"pass\"", "\"error\""),
        report.replace("\"pass\"", "\"unsupported\""),
        "garbage".to_owned(),
    ] {
        std::fs::write(folder.join("compat.json"), unknown).unwrap();
        assert_eq!(pack(&[]), refused("gate-failed"));
    }

    std::fs::write(folder.join("compat.json"), &report).unwrap();
    assert_eq!(pack(&[]).0, 0);
    let list = std::fs::read(release.released().join("checksums.txt")).unwrap();
    std::fs::remove_file(release.released().join("checksums.txt")).unwrap();
    assert_eq!(pack(&["--deny", "gate-silent"]), refused("gate-silent"));
    assert!(!release.released().join("checksums.txt").exists());
    std::fs::write(release.released().join("checksums.txt"), list).unwrap();

    // Notes: as they were generated, or as they were checked.
    let mut notes = about::<RelnotesData>(&subject);
    let mut say = |phase: &str| {
        notes["data"]["phase"] = phase.into();
        std::fs::write(folder.join("relnotes.json"), notes.to_string()).unwrap();
    };

    std::fs::write(folder.join("RELEASE_NOTES.md"), "words\n").unwrap();
    say("draft");
    assert_eq!(pack(&[]), refused("gate-failed"));
    say("final");
    assert_eq!(pack(&[]), refused("fact-edited"));
    assert_eq!(pack(&[]), refused("fact-edited"), "again");
    let digest = release_gate::digest::sha256_bytes(b"words\n").to_string();
    let mut check = about::<RelnotesCheckData>(&subject);
    for (status, code) in [("pass", 0), ("fail", 101)] {
        check["status"] = status.into();
        check["data"]["notes_sha256"] = (&*digest).into();
        std::fs::write(folder.join("relnotes-check.json"), check.to_string()).unwrap();
        assert_eq!(pack(&[]).0, code, "{status}");
    }

    for name in ["relnotes.json", "relnotes-check.json", "RELEASE_NOTES.md"] {
        std::fs::remove_file(folder.join(name)).unwrap();
    }

    // The manifest tells what the SBOM was when it was made.
    let manifest = serde_json::json!({ "schema": "release-gate/manifest/v1", "files": [{
        "path": "sbom.cdx.json", "sha256": "0".repeat(64), "size": 1, "schema": null, "tool": "cargo-sbom-lite" }] });
    std::fs::write(folder.join("manifest.json"), manifest.to_string()).unwrap();
    assert_eq!(pack(&[]), refused("fact-edited"));
    assert_eq!(pack(&[]), refused("fact-edited"), "again");
    assert_eq!(pack(&["--despite-refusals"]).0, 0);

    // Anyone who downloads it learns of it.
    std::fs::write(
        folder.join("compat.json"),
        report.replace("\"pass\"", "\"fail\""),
    )
    .unwrap();

    assert_eq!(pack(&["--despite-refusals"]).0, 0);
    let download = tempfile::tempdir().unwrap();
    lay_out(download.path(), &release.published());
    let [key, archive] = [
        release.key("m.pub"),
        download.path().join(release.archive()),
    ];

    let [key, archive] = [key, archive].map(|path| path.display().to_string());
    let judged = verdict(&release.sign(&[
        "verify",
        "--message-format",
        "json",
        "--key",
        &key,
        &archive,
    ]));

    assert_eq!(judged.0, 0);
    assert!(
        !judged.1.is_empty() && judged.1.iter().all(|rule| rule == "despite-refusals"),
        "{judged:?}"
    );
}
