//! The page never claims more than what reports say that can be relied on, and nothing of them
//! becomes markup or a command.

use std::collections::BTreeMap;
use std::path::Path;

use release_gate::facts::for_each_report;
use release_gate::facts::report::buildinfo::{BuildInfo, BuiltArtifact};
use release_gate::facts::report::compat::{CompatChange, CompatData, CompatWitness};
use release_gate::facts::report::vulns::{Hit, VulnsData, Waiver, WaiverSource};
use release_gate::facts::sample::{field_pointers, rename_field, report_sample};
use release_gate::process::{Runner, Step};
use release_gate::{Bump, ReportData};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::folder::{Folder, Reading, packages};
use super::known::REPORTS;
use super::line::{Line, lines};
use super::page;
use super::sbom::Sbom;
use super::size::Share;
use crate::outcome::Outcome;

const COMMIT: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
const TITLE: &str = "demo-1.0.0";

/// A sample of each report's data, by the report's name.
fn samples() -> BTreeMap<&'static str, Value> {
    let mut samples = BTreeMap::new();
    macro_rules! insert_samples {
        ([$($data:path,)*]) => {
            $(samples.insert(<$data>::NAME, report_sample::<$data>()["data"].take());)*
        };
    }
    for_each_report!(insert_samples);
    samples
}

fn envelope(name: &str, status: &str, data: Value) -> Value {
    json!({
        "schema": format!("release-gate/{name}/v1"), "tool": { "name": "cargo-x", "version": "1.0.0" },
        "subject": { "package": "demo", "version": "1.0.0", "commit": COMMIT, "dirty": false, "lock_sha256": null, "targets": [], "features": [] },
        "baseline": null, "status": status, "coverage": { "judged": 1, "not_judged": [] }, "findings": [], "data": data,
    })
}

/// A report with the sample's data.
fn sampled(name: &str, status: &str) -> Value {
    envelope(name, status, samples().remove(name).unwrap_or(json!({})))
}

/// The sample's data as their type, to be changed.
fn sample_data<Data: ReportData + DeserializeOwned>() -> Data {
    serde_json::from_value(samples().remove(Data::NAME).unwrap()).unwrap()
}

fn report<Data: ReportData + Serialize>(status: &str, data: &Data) -> Value {
    envelope(Data::NAME, status, serde_json::to_value(data).unwrap())
}

/// Writes reports, each under the name that its schema says, and reads their folder.
fn of(reports: &[Value]) -> Folder {
    titled(TITLE, reports)
}

/// As [`of`], for a package of another name.
fn titled(title: &str, reports: &[Value]) -> Folder {
    let place = tempfile::tempdir().unwrap();
    let dir = place.path().join("folder");
    put(&dir, "manifest", &manifest());
    for report in reports {
        let schema = report["schema"].as_str().unwrap();
        put(&dir, schema.split('/').nth(1).unwrap(), report);
    }
    Folder::read(&dir, title)
}

/// An SBOM of the package `demo 1.0.0`, whose reference is `main`.
fn sbom(components: &Value, dependencies: &Value) -> Sbom {
    let main = json!({ "bom-ref": "main", "name": "demo", "version": "1.0.0" });
    let document = json!({
        "metadata": { "component": main }, "components": components, "dependencies": dependencies,
    });
    serde_json::from_value(document).unwrap()
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
    for known in REPORTS {
        let mut report = sampled(known.name, "pass");
        change(known.name, &mut report);
        put(&dir, known.name, &report);
    }
    let folder = Folder::read(&dir, "demo-1.0.0");
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

    let page = shown(&of(&[sampled("repro", "pass")]));
    assert!(
        page.contains("Every gate that was run passed.</span> Not run: verify-source, buildinfo,"),
        "{page}"
    );

    let page = shown(&of(&[]));
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
        ("/status", json!("great"), "unknown variant `great`"),
    ] {
        let (folder, page) = on_disk(|name, report| {
            if name == "compat" {
                let (parent, key) = field.rsplit_once('/').unwrap();
                report.pointer_mut(parent).unwrap()[key] = value.clone();
            }
        });
        assert!(
            matches!(folder.reading("compat"), Reading::Refused(said) if said.contains(reason)),
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
        &sampled("repro", "pass"),
    );

    let mut vulns = sampled("vulns", "fail");
    vulns["subject"]["package"] = "second".into();
    put(&place.path().join("second-1.0.0"), "vulns", &vulns);
    let folders: Vec<Folder> = packages(place.path())
        .unwrap()
        .iter()
        .map(|(name, path)| Folder::read(path, name))
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
    let hit = Hit {
        id: "RUSTSEC-2020-0001".to_owned(),
        package: "elsewhere".to_owned(),
        version: "1.2.3".to_owned(),
        patched: vec![">=2.0.0".to_owned()],
        path: vec!["demo".to_owned(), "elsewhere".to_owned()],
        ..Hit::default()
    };
    let with = |status: &str, advisories: &[Hit]| {
        let audit = VulnsData {
            advisories: advisories.to_vec(),
            ..sample_data::<VulnsData>()
        };
        let mut folder = of(&[report(status, &audit)]);
        folder.sbom = Some(Ok(sbom(&json!([]), &json!([]))));
        shown(&folder)
    };
    assert!(with("pass", &[]).contains("No advisory applies."));
    for status in ["unsupported", "error", "skipped"] {
        assert!(
            !with(status, &[]).contains("No advisory applies."),
            "{status}"
        );
    }
    for status in ["fail", "error", "unsupported"] {
        let page = with(status, std::slice::from_ref(&hit));
        assert!(
            page.contains("RUSTSEC-2020-0001") && page.contains("&gt;=2.0.0"),
            "{page}"
        );
    }
    assert!(shown(&of(&[])).contains("Not audited"));
    let mut stale = sampled("vulns", "pass");
    stale["subject"]["commit"] = "b".repeat(40).into();
    let refused = shown(&of(&[sampled("buildinfo", "pass"), stale]));
    assert!(
        refused.contains("Not judged: made for commit b") && !refused.contains("No advisory"),
        "{refused}"
    );
}

#[test]
fn a_deep_tree_is_cut_where_it_says_so() {
    // Deep enough to end a recursion that has no bound.
    let count = 50_000;
    let name = |index: usize| match index {
        0 => "main".to_owned(),
        index => format!("c{index:05}"),
    };

    let components: Vec<Value> = (1..count)
        .map(|index| json!({ "bom-ref": name(index), "name": name(index), "version": "1.0.0" }))
        .collect();
    let dependencies: Vec<Value> = (0..count)
        .map(|index| json!({ "ref": name(index), "dependsOn": [name(index + 1)] }))
        .collect();
    let last = name(count - 1);
    let hit = Hit {
        id: "RUSTSEC-2020-0001".to_owned(),
        package: last.clone(),
        version: "1.0.0".to_owned(),
        ..Hit::default()
    };

    let audit = VulnsData {
        advisories: vec![hit],
        ..sample_data::<VulnsData>()
    };

    let mut folder = of(&[report("fail", &audit)]);
    let document = sbom(&json!(components), &json!(dependencies));
    folder.sbom = Some(Ok(document));
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
    let mut folder = of(&[]);
    folder.sbom = Some(Ok(sbom(
        &json!([]),
        &json!([{ "ref": "main", "dependsOn": ["ghost"] }]),
    )));
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
    let mut info = sampled("buildinfo", "pass");
    info["subject"]["package"] = "p; touch PWNED".into();
    let mut folder = titled("p; touch PWNED-1.0.0", &[info]);
    folder.archives = names.map(str::to_owned).to_vec();
    folder.archives.extend([
        "new\nline'; touch PWNED; '.zip".to_owned(),
        "turned\u{202e}gz.rat.zip".to_owned(),
    ]);
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
    let mut build: BuildInfo = sample_data();
    let artifact = |path: &str, size| BuiltArtifact {
        path: path.to_owned(),
        size,
        ..build.artifacts[0].clone()
    };
    build.artifacts = vec![artifact("a", 1 << 62), artifact("b", u64::MAX)];
    let mut folder = of(&[report("pass", &build)]);
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
    let mut api: CompatData = sample_data();
    api.required_bump = Bump::Major;
    api.changes[0].witness = Some(witness("w"));
    let mut folder = of(&[sampled("buildinfo", "pass"), report("fail", &api)]);
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
fn code_in_messages_is_code() {
    let cases = [
        ("`a<b>` is new", "<code>a&lt;b&gt;</code> is new"),
        ("run `x` and `y`", "run <code>x</code> and <code>y</code>"),
        ("one ` alone", "one ` alone"),
    ];
    for (text, expected) in cases {
        assert_eq!(super::words::words(text), expected);
    }
}

#[test]
fn nothing_of_a_report_becomes_markup() {
    let hostile = "<script>alert(1)</script>\u{202e}\"'&";
    let components = json!([{ "bom-ref": "a", "name": hostile, "version": hostile, "licenses": [{ "expression": hostile }] }]);
    let dependencies = json!([{ "ref": "main", "dependsOn": ["a", hostile] }, { "ref": "a", "dependsOn": ["a", "main"] }]);
    let mut reports = hostile_reports(hostile);
    for report in &mut reports {
        report["subject"]["package"] = hostile.into();
    }

    // The title is hostile in what this one is refused with.
    let mut stale = sampled("pins", "pass");
    stale["subject"]["package"] = hostile.into();
    stale["subject"]["version"] = "2.0.0".into();
    reports.push(stale);
    let mut folder = titled(&format!("{hostile}-1.0.0"), &reports);
    folder.sbom = Some(Ok(sbom(&components, &dependencies)));
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
    all.push(Line::bare(hostile, hostile, Outcome::Passed));
    let page = page::render(hostile, &all, &[folder]);
    assert!(
        !page.contains("<script") && !page.contains('\u{202e}'),
        "{page}"
    );

    // Each place shows it, escaped.
    assert!(page.matches("&lt;script&gt;").count() >= 25, "{page}");
}

fn witness(program: &str) -> CompatWitness {
    CompatWitness {
        program: program.to_owned(),
        proved: true,
        code: String::new(),
        error: String::new(),
    }
}

/// Reports in which every text that the page shows is this one.
fn hostile_reports(hostile: &str) -> Vec<Value> {
    let text = hostile.to_owned();
    let mut api: CompatData = sample_data();
    api.next_version = Some(text.clone());
    api.changes = vec![CompatChange {
        item: text.clone(),
        message: text.clone(),
        before: text.clone(),
        after: text.clone(),
        waived: Some(text.clone()),
        witness: Some(witness("w")),
        ..api.changes[0].clone()
    }];

    let mut build: BuildInfo = sample_data();
    build.artifacts[0].path = text.clone();
    build.toolchain.rustc.version = vec![text.clone()];

    let mut audit: VulnsData = sample_data();
    audit.advisories = vec![Hit {
        id: text.clone(),
        package: text.clone(),
        version: text.clone(),
        patched: vec![text.clone()],
        path: vec![text.clone()],
        url: Some(format!("https://{text}")),
        ignored: Some(Waiver {
            source: WaiverSource::CommandLine,
            reason: text.clone(),
            author: None,
            until: None,
        }),
        ..Hit::default()
    }];

    let mut passed = sampled("repro", "pass");
    passed["coverage"]["not_judged"] =
        json!([{ "kind": hostile, "what": hostile, "count": 2, "why": hostile }]);
    passed["findings"] = json!([{ "rule": hostile, "level": "warn", "message": hostile, "path": null,
        "line": null, "help": hostile, "evidence": {} }]);
    vec![
        report("fail", &api),
        report("pass", &build),
        report("fail", &audit),
        passed,
    ]
}

/// Anyone who renames a field of a report has to find out here, not in a page that says less than it
/// did.
#[test]
fn a_report_with_a_renamed_field_is_not_judged() {
    let samples = samples();
    let mut renamed_fields = 0;
    for known in REPORTS
        .iter()
        .filter(|known| samples.contains_key(known.name))
    {
        let whole = sampled(known.name, "pass");
        assert!((known.read)(whole.to_string().as_bytes()).is_ok());

        for pointer in field_pointers(&whole) {
            let place = tempfile::tempdir().unwrap();
            put(place.path(), "manifest", &manifest());
            put(place.path(), known.name, &rename_field(&whole, &pointer));
            let folder = Folder::read(place.path(), TITLE);
            assert!(
                matches!(folder.reading(known.name), Reading::Refused(_)),
                "{}: `{pointer}` is not needed",
                known.file
            );
            renamed_fields += 1;
        }
    }
    assert!(renamed_fields > 300, "{renamed_fields}");

    let renamed = rename_field(&sampled("compat", "fail"), "/data/required_bump");
    let page = shown(&of(&[renamed]));
    assert!(
        page.contains("Not every gate passed.</span> Not judged: compat."),
        "{page}"
    );
    assert!(
        page.contains("missing field <code>required_bump</code>"),
        "{page}"
    );
    assert!(!page.contains("Public API"), "{page}");
}

#[test]
fn a_verdict_that_left_things_out_says_so() {
    let (_, page) = on_disk(|name, report| {
        if name == "compat" {
            report["coverage"] = json!({ "judged": 12, "not_judged": [
                { "kind": "macro", "what": "demo::vec", "count": 3, "why": "its arms call each other" },
            ] });
        }
    });
    assert!(
        page.contains(
            "Every gate passed what it judged.</span> Passed with things left out: compat."
        ),
        "{page}"
    );
    assert!(page.contains("passed</span><br>3 not judged"), "{page}");
    assert!(
        page.contains("<code>demo::vec</code> (3): its arms call each other"),
        "{page}"
    );
    assert!(!page.contains("Every gate passed.</span>"), "{page}");
}

#[test]
fn an_sbom_of_another_shape_is_not_an_empty_one() {
    let whole = json!({
        "metadata": { "component": { "bom-ref": "main", "name": "demo", "version": "1.0.0" } },
        "components": [], "dependencies": [],
    });
    for pointer in [
        "/metadata",
        "/metadata/component/bom-ref",
        "/components",
        "/dependencies",
    ] {
        let place = tempfile::tempdir().unwrap();
        put(place.path(), "sbom.cdx", &rename_field(&whole, pointer));
        let page = shown(&Folder::read(place.path(), TITLE));
        assert!(
            page.contains("Not judged: sbom.cdx.json: missing field"),
            "{pointer}: {page}"
        );
    }
}
