use super::*;
use crate::report::{Finding, Report, Status, Subject};
use crate::rule::{Level, Levels, Requested, Rule};
use crate::terminal::Verbosity;
use crate::tool::Tool;

const RULES: &[Rule] = &[
    Rule {
        id: "bad",
        level: Level::Deny,
        summary: "a bad thing",
        why: "Because.",
        link: "https://example.org/bad",
    },
    Rule {
        id: "not-judged-part",
        level: Level::Note,
        summary: "a part was not judged",
        why: "Because.",
        link: "",
    },
    Rule {
        id: "odd",
        level: Level::Warn,
        summary: "an odd thing",
        why: "Because.",
        link: "",
    },
];
const TOOL: Tool = Tool {
    name: "cargo-x",
    subcommand: "x",
    version: "0.1.0",
    rules: RULES,
};

fn report() -> Report {
    let subject = Subject {
        package: Some("demo".into()),
        version: Some("1.2.3".into()),
        ..Subject::default()
    };
    let mut report = Report::new("x", &TOOL, subject)
        .findings([
            Finding::new(&RULES[0], "the <name> is 100% bad: \"a\", b\nsecond line")
                .at("src/a file.rs", 7)
                .help("fix it"),
            Finding::new(&RULES[2], "escape \u{1b}[31m and \u{202e}override"),
        ])
        .human("a table\n")
        .summary("2 things");
    report.settle(&Levels::default());
    report
}

/// A report that left a part out.
fn partial_report() -> Report {
    let mut coverage = release_gate_facts::Coverage::of(5);
    coverage.not_judged(&RULES[1], "demo::vec", 2, "its arms call each other");
    let mut report = Report::new("x", &TOOL, Subject::default()).coverage(coverage);
    report.settle(&Levels::default());
    report
}

#[test]
fn what_was_not_judged_is_told_in_every_look() {
    let report = partial_report();
    let plain = anstream::adapter::strip_str(&human(&report, Verbosity::Normal, None)).to_string();
    assert_eq!(plain, "      Passed x: 5 judged, 2 not judged\n");
    let plain = anstream::adapter::strip_str(&human(&report, Verbosity::Verbose, None)).to_string();
    assert!(plain.starts_with("  not judged[part]: demo::vec (2): its arms call each other\n\n"));

    let xml = junit(&[&report.envelope]);
    assert!(
        xml.contains("tests=\"2\" failures=\"0\" errors=\"0\" skipped=\"1\""),
        "{xml}"
    );
    assert!(
        xml.contains("<skipped message=\"its arms call each other\"/>"),
        "{xml}"
    );

    let log = sarif(&TOOL, &[&report.envelope]);
    let notification = &log["runs"][0]["invocations"][0]["toolExecutionNotifications"][0];
    assert_eq!(notification["descriptor"]["id"], "not-judged-part");
    assert_eq!(notification["properties"]["count"], 2);
}

#[test]
fn coverage_weighs_what_its_rule_says() {
    for (requested, status, findings) in [
        (None, Status::Pass, 0),
        (Some(Requested::Warn), Status::Pass, 1),
        (Some(Requested::Deny), Status::Fail, 1),
    ] {
        let mut levels = Levels::default();
        if let Some(requested) = requested {
            levels.set(RULES, "not-judged-part", requested).unwrap();
        }
        let mut coverage = release_gate_facts::Coverage::of(5);
        coverage.not_judged(&RULES[1], "demo::vec", 1, "it is hidden");
        let mut report = Report::new("x", &TOOL, Subject::default()).coverage(coverage);
        report.settle(&levels);
        assert_eq!(report.envelope.status, status);
        assert_eq!(report.envelope.findings.len(), findings);
    }
}

#[test]
fn nothing_judged_is_no_pass() {
    let mut report =
        Report::new("x", &TOOL, Subject::default()).coverage(release_gate_facts::Coverage::of(0));
    report.settle(&Levels::default());
    assert_eq!(report.envelope.status, Status::Error);
    assert_eq!(report.envelope.findings[0].rule, "not-judged");
}

#[test]
fn a_kind_without_a_rule_weighs_like_an_error() {
    let unknown = Rule {
        id: "not-judged-novel",
        ..RULES[1]
    };
    let mut coverage = release_gate_facts::Coverage::of(5);
    coverage.not_judged(&unknown, "something", 1, "nobody wrote a rule for it");
    let mut report = Report::new("x", &TOOL, Subject::default()).coverage(coverage);
    report.settle(&Levels::default());
    assert_eq!(report.envelope.status, Status::Fail);
}

#[test]
fn people_see_rule_place_help_and_verdict() {
    let plain =
        anstream::adapter::strip_str(&human(&report(), Verbosity::Normal, None)).to_string();
    insta::assert_snapshot!(plain, @r#"
    a table

    error[bad]: the <name> is 100% bad: "a", b
    second line
      --> src/a file.rs:7
      help: fix it

    warning[odd]: escape �[31m and �override

          Failed x demo 1.2.3: 2 things, 1 error, 1 warning
    "#);
}

#[test]
fn lines_end_where_the_terminal_does() {
    let finding = Finding::new(&RULES[0], "the lock file names another version than the manifest")
        .help("run `cargo update --workspace --offline`, and commit the lock file that it writes\nsee the guide");
    let mut report = Report::new("x", &TOOL, Subject::default())
        .findings([finding])
        .summary("one of the two lock files that are compared was not read");
    report.settle(&Levels::default());

    let shown = human(&report, Verbosity::Normal, Some(50));
    let plain = anstream::adapter::strip_str(&shown).to_string();
    insta::assert_snapshot!(plain, @r#"
    error[bad]: the lock file names another version
        than the manifest
      help: run `cargo update --workspace --offline`,
            and commit the lock file that it writes
            see the guide

          Failed x: one of the two lock files that are
                 compared was not read, 1 error
    "#);
}

#[test]
fn quiet_keeps_what_weighs() {
    let plain = anstream::adapter::strip_str(&human(&report(), Verbosity::Quiet, None)).to_string();
    assert!(!plain.contains("a table") && plain.contains("error[bad]") && plain.contains("Failed"));
}

#[test]
fn annotations_cannot_be_broken_out_of() {
    insta::assert_snapshot!(github(&report().envelope), @r#"
    ::error file=src/a file.rs,line=7,title=cargo-x%3A bad::the <name> is 100%25 bad: "a", b%0Asecond line%0Ahelp: fix it
    ::warning title=cargo-x%3A odd::escape �[31m and �override
    cargo-x demo 1.2.3: fail
    "#);
}

#[test]
fn an_unjudged_report_without_findings_is_still_an_error_everywhere() {
    let mut report = Report::new("x", &TOOL, Subject::default()).status(Status::Error);
    report.settle(&Levels::default());
    assert!(github(&report.envelope).contains("::error"));
    assert!(junit(&[&report.envelope]).contains("errors=\"1\""));
    assert_eq!(
        sarif(&TOOL, &[&report.envelope])["runs"][0]["invocations"][0]["executionSuccessful"],
        false
    );
}

#[test]
fn junit_counts_and_escapes() {
    let xml = junit(&[&report().envelope]);
    assert!(xml.contains(
        "<testsuite name=\"cargo-x.demo\" tests=\"1\" failures=\"1\" errors=\"0\" skipped=\"0\">"
    ));
    assert!(xml.contains("the &lt;name&gt; is 100% bad: &quot;a&quot;, b&#10;second line"));
    assert!(!xml.contains('\u{1b}'));
    let passing = Report::new("x", &TOOL, Subject::default());
    assert!(junit(&[&passing.envelope]).contains("tests=\"1\" failures=\"0\" errors=\"0\""));
}

#[test]
fn sarif_places_every_result_inside_the_repository() {
    let log = sarif(&TOOL, &[&report().envelope]);
    let results = log["runs"][0]["results"].as_array().unwrap();
    assert_eq!(
        results[0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"],
        "src/a%20file.rs"
    );
    assert_eq!(
        results[0]["locations"][0]["physicalLocation"]["region"]["startLine"],
        7
    );
    assert_eq!(
        results[1]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"],
        "Cargo.toml"
    );
    for result in results {
        let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(
            log["runs"][0]["tool"]["driver"]["rules"][index]["id"],
            result["ruleId"]
        );
    }
}

proptest::proptest! {
    /// Whatever text a finding carries, an annotation is one line and the JUnit document has no raw markup of it.
    #[test]
    fn no_text_breaks_out(message in ".*", path in ".*") {
        let report = Report::new("x", &TOOL, Subject::default()).findings([Finding::new(&RULES[0], message).at(path, None)]);
        let text = github(&report.envelope);
        proptest::prop_assert_eq!(text.lines().count(), 2);
        proptest::prop_assert!(!text.contains('\r'));
        let xml = junit(&[&report.envelope]);
        proptest::prop_assert_eq!(xml.matches("<testcase").count(), 1);
        proptest::prop_assert!(xml.chars().all(|c| c == '\n' || !c.is_control() || c == '\t'));
    }
}
