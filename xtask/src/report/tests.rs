//! The page never claims more than what reports say that can be relied on, and nothing of them
//! becomes markup or a command.

use std::collections::BTreeMap;
use std::path::Path;

use release_gate::process::{Runner, Step};
use serde_json::{Value, json};

use super::read::{Fact, Folder, REPORTS, folder, packages};
use super::size::Share;
use super::{Line, lines, page};

const COMMIT: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

fn envelope(name: &str, status: &str, data: Value) -> Value {
    json!({
        "schema": format!("release-gate/{name}/v1"), "tool": { "name": "cargo-x", "version": "1.0.0" },
        "subject": { "package": "demo", "version": "1.0.0", "commit": COMMIT }, "baseline": null,
        "status": status, "findings": [], "data": data,
    })
}

fn fact(name: &str, status: &str, data: Value) -> Fact {
    Fact::Usable(serde_json::from_value(envelope(name, status, data)).unwrap())
}

fn of(facts: impl IntoIterator<Item = (&'static str, Fact)>) -> Folder {
    Folder {
        title: "demo-1.0.0".to_owned(),
        facts: facts.into_iter().collect(),
        ..Folder::default()
    }
}

fn shown(folder: &Folder) -> String {
    page::render(
        "demo",
        &lines(folder, &REPORTS),
        std::slice::from_ref(folder),
    )
}

fn put(dir: &Path, name: &str, value: &Value) {
    std::fs::create_dir_all(dir).unwrap();
    std::fs::write(dir.join(format!("{name}.json")), value.to_string()).unwrap();
}

fn manifest() -> Value {
    json!({ "schema": "release-gate/manifest/v1", "files": [] })
}

/// A folder in which every report passed, but for what `change` makes of them.
fn on_disk(change: impl Fn(&str, &mut Value)) -> (Folder, String) {
    let place = tempfile::tempdir().unwrap();
    let dir = place.path().join("demo-1.0.0");
    put(&dir, "manifest", &manifest());
    for name in REPORTS {
        let mut report = envelope(name, "pass", json!({}));
        change(name, &mut report);
        put(&dir, name, &report);
    }
    let folder = folder(&dir, "demo-1.0.0");
    let page = shown(&folder);
    (folder, page)
}

#[test]
fn only_if_every_gate_passed_it_is_said() {
    let (_, page) = on_disk(|_, _| {});
    assert!(page.contains("Every gate passed."), "{page}");
    let (_, page) = on_disk(|_, report| report["status"] = "skipped".into());
    assert!(
        page.contains("Nothing was judged.") && !page.contains("gate passed"),
        "{page}"
    );
    for name in ["rebuild", "relnotes-check", "verify-source"] {
        let (_, page) = on_disk(|report, value| {
            if report == name {
                value["status"] = "fail".into();
            }
        });
        assert!(
            page.contains(&format!("Not every gate passed.</span> Failed: {name}.")),
            "{page}"
        );
    }
    let one = of([("repro", fact("repro", "pass", json!({})))]);
    let page = shown(&one);
    assert!(
        page.contains("Every gate that was run passed.</span> Not run: verify-source, buildinfo,"),
        "{page}"
    );
    let page = shown(&of([]));
    assert!(page.contains("Nothing was judged."), "{page}");
}

#[test]
fn reports_about_something_else_count_for_nothing() {
    for (field, value, reason) in [
        ("/schema", json!("release-gate/other/v1"), "its schema is"),
        ("/schema", json!("release-gate/compat/v2"), "its schema is"),
        (
            "/subject/commit",
            json!("b".repeat(40)),
            "made for commit bbbbbbbbbbbb",
        ),
        (
            "/subject/version",
            json!("1.0.1"),
            "made for demo-1.0.1, not demo-1.0.0",
        ),
        ("/subject/package", json!("other"), "made for other-1.0.0"),
        (
            "/subject/lock_sha256",
            json!("c".repeat(64)),
            "made for lock file",
        ),
        ("/subject/dirty", json!(true), "uncommitted changes"),
        ("/status", json!("great"), "it is no report"),
    ] {
        let (folder, page) = on_disk(|name, report| {
            if name == "compat" {
                let (parent, key) = field.rsplit_once('/').unwrap();
                report.pointer_mut(parent).unwrap()[key] = value.clone();
            }
        });
        assert!(
            matches!(folder.fact("compat"), Fact::Refused(said) if said.contains(reason)),
            "{folder:?}"
        );
        assert!(
            page.contains("Not every gate passed.</span> Not judged: compat."),
            "{field}: {page}"
        );
        assert!(page.contains("demo-1.0.0/compat.json: "), "{page}");
    }
}

#[test]
fn a_folder_without_manifest_is_shown_and_not_judged() {
    let place = tempfile::tempdir().unwrap();
    put(&place.path().join("reachability"), "something", &json!({}));
    put(&place.path().join("demo-1.0.0"), "manifest", &manifest());
    put(
        &place.path().join("demo-1.0.0"),
        "repro",
        &envelope("repro", "pass", json!({})),
    );
    let mut vulns = envelope("vulns", "fail", json!({}));
    vulns["subject"]["package"] = "second".into();
    put(&place.path().join("second-1.0.0"), "vulns", &vulns);
    let folders: Vec<Folder> = packages(place.path())
        .unwrap()
        .iter()
        .map(|(name, path)| folder(path, name))
        .collect();
    assert_eq!(folders.len(), 2, "{folders:?}");
    let all: Vec<Line> = folders
        .iter()
        .flat_map(|folder| lines(folder, &REPORTS))
        .collect();
    let page = page::render("both", &all, &folders);
    assert!(
        page.contains("Not every gate passed.</span> Not judged: vulns of second-1.0.0."),
        "{page}"
    );
    assert!(page.contains("the folder has no manifest.json"), "{page}");
}

#[test]
fn advisories_are_all_shown_and_their_absence_only_where_it_was_judged() {
    let hit = json!({ "id": "RUSTSEC-2020-0001", "package": "elsewhere", "version": "1.2.3", "kind": "vulnerability",
        "severity": "high", "patched": [">=2.0.0"], "path": ["demo", "elsewhere"] });
    let with = |status: &str, advisories: Value| {
        let mut folder = of([(
            "vulns",
            fact("vulns", status, json!({ "advisories": advisories })),
        )]);
        folder.sbom = Some(Ok(
            json!({ "metadata": { "component": { "bom-ref": "m" } } }),
        ));
        shown(&folder)
    };
    assert!(with("pass", json!([])).contains("No advisory applies."));
    for status in ["unsupported", "error", "skipped"] {
        assert!(
            !with(status, json!([])).contains("No advisory applies."),
            "{status}"
        );
    }
    for status in ["fail", "error", "unsupported"] {
        let page = with(status, json!([hit]));
        assert!(
            page.contains("RUSTSEC-2020-0001") && page.contains("&gt;=2.0.0"),
            "{page}"
        );
    }
    assert!(shown(&of([])).contains("Not audited"));
    let refused = shown(&of([(
        "vulns",
        Fact::Refused("made for commit b, not a".to_owned()),
    )]));
    assert!(
        refused.contains("Not judged: made for commit b") && !refused.contains("No advisory"),
        "{refused}"
    );
}

#[test]
fn a_deep_tree_is_cut_where_it_says_so() {
    // Deep enough to end a recursion that has no bound.
    let count = 50_000;
    let name = |index: usize| format!("c{index:05}");
    let components: Vec<Value> = (1..count)
        .map(|index| json!({ "bom-ref": name(index), "name": name(index), "version": "1.0.0" }))
        .collect();
    let dependencies: Vec<Value> = (0..count)
        .map(|index| json!({ "ref": name(index), "dependsOn": [name(index + 1)] }))
        .collect();
    let last = name(count - 1);
    let advisories = json!([{ "id": "RUSTSEC-2020-0001", "package": last, "version": "1.0.0" }]);
    let mut folder = of([(
        "vulns",
        fact("vulns", "fail", json!({ "advisories": advisories })),
    )]);
    folder.sbom = Some(Ok(json!({
        "metadata": { "component": { "bom-ref": name(0) } }, "components": components, "dependencies": dependencies,
    })));
    let page = shown(&folder);
    assert!(page.contains("The tree is cut here: 1 more below."));
    assert!(page.contains(&format!("{} not in the tree", count - 1 - 64)));
    let marked = format!(
        "<code>{last} 1.0.0</code> no licence stated <span class=\"tag failed\">advisory RUSTSEC-2020-0001</span>"
    );
    assert!(page.contains(&marked), "what is red says so in words, too");
    // All that leads there is open.
    assert_eq!(page.matches("<details open>").count(), 64);
}

#[test]
fn a_component_without_description_is_named() {
    let mut folder = of([]);
    folder.sbom = Some(Ok(json!({
        "metadata": { "component": { "bom-ref": "m" } }, "dependencies": [{ "ref": "m", "dependsOn": ["ghost"] }],
    })));
    assert!(shown(&folder).contains("<code>ghost</code> is not described in the SBOM"));
    folder.sbom = Some(Err("sbom.json: made for commit b, not a".to_owned()));
    assert!(shown(&folder).contains("Not judged: sbom.json: made for commit b"));
}

#[test]
fn a_file_name_is_no_command() {
    let names = [
        "x; touch PWNED; .tar.gz",
        "a'b$(touch PWNED)`touch PWNED`.zip",
        "-rf.tar.gz",
        "plain-1.0.0.tar.gz",
    ];
    let mut folder = of([("buildinfo", fact("buildinfo", "pass", json!({})))]);
    folder.archives = names.map(str::to_owned).to_vec();
    folder.archives.extend([
        "new\nline'; touch PWNED; '.zip".to_owned(),
        "turned\u{202e}gz.rat.zip".to_owned(),
    ]);
    if let Some(Fact::Usable(info)) = folder.facts.get_mut("buildinfo") {
        info.subject.package = Some("p; touch PWNED".to_owned());
    }
    let page = shown(&folder);
    let plain = page
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&#39;", "'")
        .replace("&amp;", "&");
    let (_, rest) = plain
        .split_once("Commands that verify the download\">")
        .unwrap();
    let (commands, rest) = rest.split_once("</pre>").unwrap();
    assert_eq!(rest.matches("No command is given for").count(), 2, "{rest}");
    // What a shell makes of them: every program is one that prints its arguments.
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("checksums.txt"), "").unwrap();
    let script = format!(
        "show() {{ for word in \"$@\"; do printf '<%s>' \"$word\"; done; echo; }}\n{}",
        commands
            .lines()
            .map(|line| format!("show {line}\n"))
            .collect::<String>()
    );
    let ran = Runner::new()
        .run(
            Step::new("sh")
                .args(["-c", &script])
                .current_dir(dir.path()),
        )
        .unwrap();
    let out = String::from_utf8(ran.success().unwrap().stdout).unwrap();
    assert!(!dir.path().join("PWNED").exists(), "{commands}");
    for name in names {
        let shown = if name.starts_with('-') {
            format!("./{name}")
        } else {
            name.to_owned()
        };
        let line = format!("<cargo-sign><verify><--key><../maintainer.ed25519.pub><{shown}>\n");
        assert!(out.contains(&line), "{out}");
        assert!(
            out.contains(&format!("<minisign><-Vm><{shown}><-x><{shown}.sig>")),
            "{out}"
        );
    }
    assert!(out.contains("<-n><release@p; touch PWNED>"), "{out}");
    assert!(
        !page.contains("cargo sign") && !page.contains("cargo repro "),
        "{page}"
    );
}

#[test]
fn a_file_may_claim_any_size() {
    let artifacts = json!([{ "path": "a", "size": 1u64 << 62, "sha256": "s" }, { "path": "b", "size": u64::MAX, "sha256": "s" }]);
    let mut folder = of([(
        "buildinfo",
        fact("buildinfo", "pass", json!({ "artifacts": artifacts })),
    )]);
    let shares = [1u64 << 62, u64::MAX].map(|size| Share {
        name: "s".to_owned(),
        size,
    });
    folder.sizes = BTreeMap::from([("a".to_owned(), shares.to_vec())]);
    let page = shown(&folder);
    assert_eq!(
        (
            page.matches("width:25%").count(),
            page.matches("width:100%\"").count()
        ),
        (2, 2),
        "{page}"
    );
}

#[test]
fn what_scrolls_has_a_name() {
    let mut folder = of([
        ("buildinfo", fact("buildinfo", "pass", json!({}))),
        (
            "compat",
            fact(
                "compat",
                "fail",
                json!({ "required_bump": "major", "declared_bump": "patch", "changes": [{ "bump": "major", "item": "f", "witness": { "program": "w" } }] }),
            ),
        ),
    ]);
    folder.witnesses = BTreeMap::from([("w".to_owned(), "fn main() {}".to_owned())]);
    folder.archives = vec!["a.zip".to_owned()];
    let page = shown(&folder);
    assert_eq!(page.matches("<pre ").count(), 3, "{page}");
    for pre in page.split("<pre ").skip(1) {
        assert!(
            pre.starts_with("tabindex=\"0\" role=\"group\" aria-label=\""),
            "{pre}"
        );
    }
}

#[test]
fn nothing_of_a_report_becomes_markup() {
    let hostile = "<script>alert(1)</script>\u{202e}\"'&";
    let sbom = json!({
        "metadata": { "component": { "bom-ref": "m" } },
        "components": [{ "bom-ref": "a", "name": hostile, "version": hostile, "licenses": [{ "expression": hostile }] }],
        "dependencies": [{ "ref": "m", "dependsOn": ["a", hostile] }, { "ref": "a", "dependsOn": ["a", "m"] }],
    });
    let compat = json!({
        "required_bump": hostile, "declared_bump": hostile,
        "changes": [{ "bump": hostile, "item": hostile, "message": hostile, "before": hostile, "after": hostile, "witness": { "program": "w" } }],
    });
    let hit = json!({ "id": hostile, "package": hostile, "version": hostile, "kind": hostile, "severity": hostile,
        "patched": [hostile], "path": [hostile], "ignored": hostile });
    let artifacts = json!({ "artifacts": [{ "path": hostile, "size": 1, "sha256": hostile }] });
    let mut folder = of([
        ("compat", fact("compat", "fail", compat)),
        ("buildinfo", fact("buildinfo", "pass", artifacts)),
        (
            "vulns",
            fact("vulns", "fail", json!({ "advisories": [hit] })),
        ),
        ("pins", Fact::Refused(hostile.to_owned())),
    ]);
    folder.title = hostile.to_owned();
    folder.sbom = Some(Ok(sbom));
    folder.witnesses = BTreeMap::from([("w".to_owned(), hostile.to_owned())]);
    folder.archives = vec![hostile.to_owned()];
    folder.sizes = BTreeMap::from([(
        hostile.to_owned(),
        vec![Share {
            name: hostile.to_owned(),
            size: u64::MAX,
        }],
    )]);
    let mut all = lines(&folder, &REPORTS);
    all.push(Line {
        name: hostile.to_owned(),
        package: hostile.to_owned(),
        word: "passed",
        seconds: Some(1.0),
        findings: Vec::new(),
    });
    let page = page::render(hostile, &all, &[folder]);
    assert!(
        !page.contains("<script") && !page.contains('\u{202e}'),
        "{page}"
    );
    // Each place shows it, escaped.
    assert!(page.matches("&lt;script&gt;").count() >= 25, "{page}");
}
