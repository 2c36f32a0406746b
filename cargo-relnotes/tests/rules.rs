//! Every rule of the catalogue: one thing broken in a good release makes exactly that rule fail,
//! and the good release passes all.
#![expect(
    clippy::unwrap_used,
    reason = "a fixture that cannot be built is a failed test"
)]

use std::collections::{BTreeMap, BTreeSet};

use cargo_relnotes::judge::notes::Notes;
use cargo_relnotes::judge::{notes, release};
use cargo_relnotes::model::account::{Policy, account, reverts};
use cargo_relnotes::model::breaking::reconcile;
use cargo_relnotes::model::commit::{Commit, Identity};
use cargo_relnotes::model::corrections::Corrections;
use cargo_relnotes::model::dependencies::{DependencyDelta, SourceChange};
use cargo_relnotes::model::facts::{
    BuildInfo, Bump, CompatChange, CompatData, Fact, Facts, FoundAdvisory, Judged, ReproData, Sbom,
    VulnsData,
};
use cargo_relnotes::model::links::Links;
use cargo_relnotes::model::manifest::{Change, ManifestDelta};
use cargo_relnotes::model::prose::{PROSE_BEGIN, generated_part};
use cargo_relnotes::model::range::{self, Predecessor};
use cargo_relnotes::model::release::{
    About, Changes, Evidence, Mentioned, Named, Phase, Range, Release, ReleaseType, Vulnerabilities,
};
use cargo_relnotes::model::reverts::Known;
use cargo_relnotes::model::sections::{Section, Table};
use cargo_relnotes::model::vulnerabilities::{Hit, Standing, VulnerabilityDelta};
use cargo_relnotes::model::words::Words;
use cargo_relnotes::report::data::report_data;
use cargo_relnotes::report::notes::render;
use cargo_relnotes::rules::RULES;
use release_gate::digest::{Sha256Digest, sha256_bytes};
use release_gate::report::Status;
use release_gate_facts::ReportData;
use release_gate_facts::report::relnotes::{FactState, FactUse, RelnotesData};
use release_gate_facts::report::vulns::Severity;
use release_gate_facts::sample::report_sample;
use schemars::JsonSchema;
use serde_json::json;

fn digest(text: &str) -> Sha256Digest {
    sha256_bytes(text.as_bytes())
}

fn judged<T>(data: T) -> Fact<Judged<T>> {
    Fact::Usable(Judged {
        status: Status::Pass,
        sha256: digest("file"),
        data,
    })
}

/// A sample of a report's data, with some fields of one's own.
fn sample<Data: ReportData + JsonSchema>(fields: serde_json::Value) -> Data {
    let mut data = report_sample::<Data>()["data"].take();
    for (name, value) in fields.as_object().unwrap() {
        data[name] = value.clone();
    }
    serde_json::from_value(data).unwrap()
}

fn change(item: &str) -> CompatChange {
    let sample: CompatData = sample(json!({}));
    CompatChange {
        rule: "item-removed".into(),
        item: item.into(),
        bump: Bump::Major,
        before: String::new(),
        after: String::new(),
        ..sample.changes[0].clone()
    }
}

fn hit(id: &str) -> Hit {
    Hit::of(&FoundAdvisory {
        id: id.into(),
        package: "tar".into(),
        version: "0.4.0".into(),
        severity: Severity::High,
        ..FoundAdvisory::default()
    })
}

/// What other gates found, as it should be.
fn evidence(changes: Vec<CompatChange>) -> Evidence {
    Evidence {
        locked: None,
        facts: Facts {
            buildinfo: judged(sample::<BuildInfo>(json!({ "artifacts": [{
                    "name": "demo.tar.gz", "target": "x86_64-unknown-linux-gnu", "path": "",
                    "sha256": digest("artifact"), "size": 8, "smoke": null,
                }] }))),
            sbom: Fact::Usable(Sbom {
                sha256: digest("sbom"),
                components: 3,
            }),
            vulns: judged(sample::<VulnsData>(json!({ "advisories": [] }))),
            compat: judged(CompatData {
                required_bump: Bump::Major,
                changes,
                ..sample(json!({}))
            }),
            repro: judged(sample::<ReproData>(json!({}))),
            mismatched: Vec::new(),
        },
        build_before: None,
        unreadable: Vec::new(),
        unreadable_advisories: Vec::new(),
        keys: Vec::new(),
    }
}

/// A commit for each message.
fn commits_of(messages: &[&str]) -> Vec<Commit> {
    messages
        .iter()
        .enumerate()
        .map(|(at, message)| Commit {
            id: digest(&at.to_string()).to_string()[..40].parse().unwrap(),
            parents: 1,
            inside: Box::default(),
            author: std::sync::Arc::new(Identity::new("Ann", "ann@example.com")),
            time: 0,
            message: (*message).to_owned(),
            touches_package: true,
        })
        .collect()
}

fn released_before() -> range::TaggedRelease {
    range::TaggedRelease {
        tag: "v1.0.0".into(),
        version: "1.0.0".parse().unwrap(),
        commit: "b".repeat(40).parse().unwrap(),
        time: 0,
    }
}

/// A release where everything is as it should be.
fn good() -> Release {
    let messages = [
        "feat!: remove `Parser::feed`\n\nBREAKING CHANGE: use `Parser::push` instead",
        "feat: add a parser for `Vec<T>` (#7)",
        "fix(cli): print <nothing> to @nobody",
        "fix(security): bound the recursion",
        "chore: tidy",
    ];

    let commits = commits_of(&messages);
    let table = Table::default();
    let policy = Policy {
        fragments: &cargo_relnotes::model::fragments::Fragments::new(),
        table: &table,
        rows: Some(&BTreeSet::new()),
        corrections: &Corrections::default(),
    };

    let accounting = account(
        &commits,
        policy,
        &reverts(&commits, &table),
        &Known::default(),
    );

    let changes = vec![change("demo::Parser::feed")];
    let breaking = reconcile(
        &accounting.section(Section::Breaking).collect::<Vec<_>>(),
        &changes,
    );

    Release {
        about: About {
            features: BTreeSet::new(),
            package: "demo".into(),
            version: "2.0.0".parse().unwrap(),
            named: Named::Tagged,
            tag: Some("v2.0.0".into()),
            phase: Phase::Final,
            time: 86_400,
            commit: "a".repeat(40).parse().unwrap(),
            is_library: true,
            rust_version: Some("1.85.0".into()),
            links: Links::to("https://example.com/demo"),
        },
        range: Range {
            predecessor: Predecessor {
                release: Some(released_before()),
                ..Predecessor::default()
            },
            release_type: ReleaseType::Major,
            counted: commits.len(),
            duplicates: Vec::new(),
            misnamed: Vec::new(),
            uncommitted: false,
            untagged: Vec::new(),
            lost: Vec::new(),
            aside: None,
            higher: None,
            unread: Vec::new(),
        },
        changes: Changes {
            accounting,
            breaking,
            manifest: Some(ManifestDelta {
                rust_version: Some(Change {
                    before: Some("1.70".into()),
                    after: Some("1.85.0".into()),
                }),
                features_removed: BTreeSet::from(["legacy".to_owned()]),
                ..ManifestDelta::default()
            }),
            dependencies: Ok(DependencyDelta::default()),
            contributors: Vec::new(),
            mentioned: Mentioned::in_messages(messages),
        },
        vulnerabilities: Vulnerabilities {
            compared: Ok(VulnerabilityDelta {
                fixed: vec![hit("RUSTSEC-2024-0001")],
                ..VulnerabilityDelta::default()
            }),
            standing: Vec::new(),
        },
        words: Words::default(),
        evidence: evidence(changes),
    }
}

/// Everything a rule may look at.
struct Case {
    release: Release,
    text: String,
    recorded: Option<RelnotesData>,
    version_headings: usize,
    skeletons: Vec<(String, String)>,
    shallow: bool,
}

impl Case {
    fn good() -> Self {
        let release = good();
        let text = render(&release).unwrap();
        let recorded = report_data(&release, digest(&generated_part(&text)));
        let skeletons = vec![("advisories/x.md".to_owned(), "all filled in".to_owned())];
        Self {
            release,
            text,
            recorded: Some(recorded),
            version_headings: 1,
            skeletons,
            shallow: false,
        }
    }

    /// Words of people between the marks: the generated part stays what was recorded.
    fn write(&mut self, prose: &str) {
        let mark = format!("<!-- {PROSE_BEGIN} -->");
        self.text = self.text.replace(&mark, &format!("{mark}\n\n{prose}"));
    }

    /// Notes somebody wrote by hand.
    fn hand_written(&mut self, text: &str) {
        self.recorded = None;
        text.clone_into(&mut self.text);
    }

    /// Takes everything out of hand-written notes that holds a word.
    fn without(&mut self, word: &str) {
        let text: String = self
            .text
            .lines()
            .filter(|line| !line.contains(word))
            .map(|line| format!("{line}\n"))
            .collect();
        self.hand_written(&text);
    }

    fn found(&self) -> BTreeMap<String, usize> {
        let required: Vec<String> = ["buildinfo", "sbom", "vulns", "compat", "repro"]
            .map(str::to_owned)
            .into();
        let (mut findings, _) = release::judge(&self.release, &required);
        findings.extend(release::shallow(self.shallow));
        findings.extend(notes::judge(
            &self.release,
            &Notes {
                path: "RELEASE_NOTES.md",
                text: &self.text,
                candidates: &[],
                version_headings: self.version_headings,
                recorded: self.recorded.as_ref(),
                skeletons: &self.skeletons,
            },
        ));
        let mut found = BTreeMap::new();
        for finding in findings {
            assert!(finding.help.is_some(), "{} says what to do", finding.rule);
            *found.entry(finding.rule).or_default() += 1;
        }
        found
    }
}

/// What is broken, by rule.
#[expect(clippy::type_complexity, reason = "one table, read once")]
fn mutations() -> Vec<(&'static str, fn(&mut Case))> {
    let range_and_breaks: Vec<(&'static str, fn(&mut Case))> = vec![
        ("range-shallow", |case| case.shallow = true),
        ("range-tag-mismatch", |case| {
            case.release.about.named = Named::Elsewhere
        }),
        ("predecessor-ambiguous", |case| {
            let rival = range::TaggedRelease {
                tag: "1.0.0".into(),
                version: "1.0.0".parse().unwrap(),
                commit: "c".repeat(40).parse().unwrap(),
                time: 0,
            };
            case.release.range.predecessor.rivals.push(rival);
        }),
        ("commit-unaccounted", |case| {
            case.release.changes.accounting.buckets.pop();
        }),
        ("breaking-unmarked", |case| {
            case.release
                .changes
                .breaking
                .extend(reconcile(&[], &[change("demo::Lexer")]));
            case.write("`Lexer` is gone.");
        }),
        ("breaking-unlisted", |case| {
            case.without("feed");
        }),
        ("bump-too-small", |case| {
            case.release.about.version = "1.1.0".parse().unwrap()
        }),
        ("msrv-unlisted", |case| {
            let text = case.text.replace("1.70 → 1.85.0", "newer");
            case.hand_written(&text);
        }),
    ];
    range_and_breaks
        .into_iter()
        .chain(mutations_of_facts_and_form())
        .collect()
}

/// The rest of them: facts, digests, and the form of notes.
#[expect(clippy::type_complexity, reason = "one table, read once")]
fn mutations_of_facts_and_form() -> Vec<(&'static str, fn(&mut Case))> {
    vec![
        ("feature-removed-unlisted", |case| case.without("legacy")),
        ("vuln-fixed-unlisted", |case| {
            case.without("RUSTSEC-2024-0001")
        }),
        ("vuln-introduced", |case| {
            case.release
                .vulnerabilities
                .standing
                .push((Standing::Introduced, hit("RUSTSEC-2025-0009")))
        }),
        ("dep-source-changed", |case| {
            let change = SourceChange {
                name: "tar".into(),
                from: "registry crates.io".into(),
                to: "git https://e.com/tar".into(),
                leaves_registry: true,
            };
            case.release.changes.dependencies = Ok(DependencyDelta {
                source_changes: vec![change],
                ..DependencyDelta::default()
            });
        }),
        ("facts-missing", |case| {
            case.release.evidence.facts.repro = Fact::Missing
        }),
        ("facts-stale", |case| {
            case.release.evidence.facts.repro = Fact::Stale("made for commit x".into())
        }),
        ("facts-error", |case| {
            case.release.evidence.facts.repro =
                Fact::Error("its gate ended with status `error`".into())
        }),
        ("digest-mismatch", |case| {
            let text = case.text.replace(
                &digest("artifact").to_string(),
                &digest("another").to_string(),
            );
            case.hand_written(&text);
        }),
        ("section-missing", |case| {
            let text = case.text.replace("## Breaking changes", "## About");
            case.hand_written(&text);
        }),
        ("section-empty", |case| {
            let text = format!("{}\n## Later\n", case.text);
            case.hand_written(&text);
        }),
        ("heading-duplicate", |case| {
            let text = format!("{}\n## Features\n\n- again\n", case.text);
            case.hand_written(&text);
        }),
        ("body-too-long", |case| case.write(&"long ".repeat(30_000))),
        ("placeholder-left", |case| case.write("TODO: say something")),
        ("unsafe-markup", |case| {
            case.write("<script>alert(1)</script>")
        }),
        ("claim-false", |case| {
            let text = case
                .text
                .replace("## Fixes", "CVE-2020-99999 is closed.\n\n## Fixes");
            case.hand_written(&text);
        }),
        ("notes-outdated", |case| {
            if let Some(recorded) = &mut case.recorded {
                let missing = FactUse {
                    state: FactState::Missing,
                    sha256: None,
                };
                recorded.facts.insert("vulns.json".into(), missing);
            }
        }),
        ("notes-edited", |case| {
            case.text = case
                .text
                .replace("tidy", "")
                .replace("bound the recursion", "bound it")
        }),
    ]
}

#[test]
fn a_good_release_passes_every_rule() {
    assert_eq!(Case::good().found(), BTreeMap::new());
}

#[test]
fn one_broken_thing_fails_exactly_its_rule() {
    for (rule, mutate) in mutations() {
        let mut case = Case::good();
        mutate(&mut case);
        let found = case.found();
        assert_eq!(found.keys().collect::<Vec<_>>(), [rule]);
    }
}

#[test]
fn every_rule_of_the_catalogue_has_its_fixtures() {
    let tested: BTreeSet<&str> = mutations().into_iter().map(|(rule, _)| rule).collect();
    // Rules about what was not judged weigh entries of the coverage.
    let known: BTreeSet<&str> = RULES
        .iter()
        .filter(|rule| rule.coverage_kind().is_none())
        .map(|rule| rule.id)
        .collect();
    assert_eq!(tested, known);
    assert!(known.len() >= 23);
}

#[test]
fn further_ways_to_fail() {
    let fails = |rule: &str, mutate: &dyn Fn(&mut Case)| {
        let mut case = Case::good();
        mutate(&mut case);
        assert!(
            case.found().contains_key(rule),
            "{rule}: {:?}",
            case.found()
        );
    };

    for markup in [
        "[x](javascript:alert(1))",
        "<img src=x onerror=alert(1)>",
        "<!-- open",
        "\u{202e}txt.exe",
        "![i](data:text/html,x)",
    ] {
        fails("unsafe-markup", &|case| case.write(markup));
    }

    fails("placeholder-left", &|case| {
        case.skeletons
            .push(("advisories/y.md".into(), "severity: FILL-IN".into()))
    });

    fails("heading-duplicate", &|case| case.version_headings = 2);
    fails("range-tag-mismatch", &|case| {
        if let Some(recorded) = &mut case.recorded {
            recorded.range.to_commit = "d".repeat(40).parse().unwrap();
        }
    });

    fails("commit-unaccounted", &|case| {
        if let Some(recorded) = &mut case.recorded {
            recorded.sums.total += 1;
        }
    });

    fails("digest-mismatch", &|case| {
        case.release
            .evidence
            .facts
            .mismatched
            .push(("demo.tar.gz".into(), digest("x")))
    });
}

/// Words that are there and mean something else.
#[test]
fn a_word_by_itself_says_nothing() {
    let notes = |changes: &str| {
        format!(
            "# demo 2.0.0\n\n## Breaking changes\n\n- remove `Parser::feed`\n- {changes}\n\n## Security\n\n- RUSTSEC-2024-0001\n\n## Features\n\n- x\n\n## Fixes\n\n- x\n"
        )
    };

    let found = |changes: &str| {
        let mut case = Case::good();
        case.hand_written(&notes(changes));
        case.found().into_keys().collect::<Vec<_>>()
    };

    assert_eq!(
        found("the feature `legacy` is gone; Rust 1.85 is needed"),
        Vec::<String>::new()
    );

    assert_eq!(found("dropped legacy. MSRV: 1.85.0"), Vec::<String>::new());
    assert_eq!(
        found("`legacy` is gone; update rustix to 1.85.0"),
        ["msrv-unlisted"]
    );

    assert_eq!(
        found("faster on legacy hardware; Rust 1.85"),
        ["feature-removed-unlisted"]
    );

    assert_eq!(found("`legacy`; Rust 1.85.1"), ["msrv-unlisted"]);

    // A comment is read by nobody.
    for hidden in [
        "<!-- `legacy` is gone --> Rust 1.85",
        "Rust 1.85 <!-- `legacy` is gone -->",
    ] {
        assert_eq!(found(hidden), ["feature-removed-unlisted"], "{hidden}");
    }

    // Digests in tables, below headings, and too short ones.
    for wrong in [
        format!(
            "`legacy`, Rust 1.85\n\n| file | SHA-256 |\n|---|---|\n| demo.tar.gz | {} |",
            "0".repeat(64)
        ),
        format!(
            "`legacy`, Rust 1.85\n\n### demo.tar.gz\n\n{}",
            "0".repeat(64)
        ),
        format!("`legacy`, Rust 1.85\n- SHA-256 of it: {}", "0".repeat(64)),
        format!(
            "`legacy`, Rust 1.85\n- demo.tar.gz: {}",
            &digest("artifact").to_string()[..63]
        ),
    ] {
        assert_eq!(found(&wrong), ["digest-mismatch"], "{wrong}");
    }

    // Names of items that are also words.
    let mut case = Case::good();
    case.release.changes.breaking = reconcile(&[], &[change("demo::Stack::new")]);
    case.hand_written(&notes(
        "`legacy`, Rust 1.85, and something new on the stack",
    ));
    assert!(case.found().contains_key("breaking-unlisted"));
    case.hand_written(&notes("`legacy`, Rust 1.85, `Stack::new` takes a size"));
    assert!(!case.found().contains_key("breaking-unlisted"));

    // A link to the pull request names it as well.
    let mut case = Case::good();
    case.release.changes.breaking[0].changes.clear();
    if let Some(entry) = &mut case.release.changes.breaking[0].entry {
        entry.pulls = vec![12];
    }
    let linked = notes("`legacy`, Rust 1.85").replace(
        "remove `Parser::feed`",
        "see [12](https://example.com/demo/pull/12)",
    );

    case.hand_written(&linked);
    assert!(!case.found().contains_key("breaking-unlisted"));
    case.hand_written(&linked.replace("pull/12", "pull/120"));
    assert!(case.found().contains_key("breaking-unlisted"));
}

#[test]
fn a_missing_fact_never_reads_as_a_pass() {
    for fact in [
        Fact::Missing,
        Fact::Stale("x".into()),
        Fact::Error("x".into()),
    ] {
        let mut release = good();
        release.evidence.facts.vulns = fact;
        let (_, status) = release::judge(&release, &["vulns".to_owned()]);
        assert_eq!(status, Some(Status::Error));
        assert!(
            render(&release)
                .unwrap()
                .contains("Vulnerabilities: not judged")
        );
        // A draft is judged without it, and says so.
        release.about.phase = Phase::Draft;
        let (findings, status) = release::judge(&release, &["vulns".to_owned()]);
        assert_eq!((status, findings.len()), (None, 1));
    }
}

#[test]
fn the_code_of_others_in_generated_notes_is_no_fault() {
    let mut case = Case::good();
    case.write("Write `<!--` and `<script>` as code, and <details>hide</details> what is long. [docs](https://example.com)");
    assert_eq!(case.found(), BTreeMap::new());
}
