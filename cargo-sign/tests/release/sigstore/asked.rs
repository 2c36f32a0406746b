//! What is asked for, and what certificate and provenance say.

use super::*;

#[test]
fn what_is_asked_for_is_compared() {
    let case = Case::new();
    let bundle = case.instance.bundle(&Claims::new(), &case.statement());
    let text = |text: &str| Some(text.to_owned());
    let fine = || case.expected();
    for expected in [
        Expected {
            source_uri: SOURCE.to_owned(),
            ..fine()
        },
        Expected {
            source_uri: format!("git+{SOURCE}.git"),
            ..fine()
        },
        Expected {
            source_tag: text("v1.0.0"),
            ..fine()
        },
        Expected {
            builder_id: text(SIGNER.split('@').next().unwrap()),
            ..fine()
        },
        Expected {
            builder_id: SIGNER.replace("refs/tags/", "").into(),
            ..fine()
        },
    ] {
        assert_eq!(case.rules(&bundle, &expected), [""; 0], "{expected:?}");
    }
    for source in [
        "github.com/o/demo2",
        "github.com/o/dem",
        "https://example.org/o/demo",
        "http://github.com/o/demo",
        "",
    ] {
        let rules = case.rules(
            &bundle,
            &Expected {
                source_uri: source.to_owned(),
                ..fine()
            },
        );
        assert!(
            rules.contains(&"provenance-source".to_owned()),
            "{source}: {rules:?}"
        );
    }
    for expected in [
        Expected {
            source_tag: text("v1.0"),
            ..fine()
        },
        Expected {
            source_tag: text("v1.0.1"),
            ..fine()
        },
        Expected {
            source_branch: text("main"),
            ..fine()
        },
    ] {
        assert_eq!(
            case.rules(&bundle, &expected),
            ["provenance-source"],
            "{expected:?}"
        );
    }
    for builder in [
        SIGNER.replace("v1.0.0", "v1.0.1"),
        SIGNER.replace("release.yml", "other.yml"),
        String::new(),
    ] {
        let expected = Expected {
            builder_id: Some(builder),
            ..fine()
        };
        assert_eq!(
            case.rules(&bundle, &expected),
            ["provenance-builder"],
            "{expected:?}"
        );
    }
    let renamed = Case {
        held: Verified {
            file: "evil.tar.gz".to_owned(),
            ..case.held.clone()
        },
        ..case
    };
    assert_eq!(
        renamed.rules(&bundle, &renamed.expected()),
        ["provenance-name"]
    );
    let changed = Case {
        held: Verified {
            digest: sha256_bytes(b"evil").into(),
            ..renamed.held.clone()
        },
        ..renamed
    };
    assert_eq!(
        changed.rules(&bundle, &changed.expected()),
        ["provenance-subject"]
    );
}

/// Everything the certificate and the provenance say, each changed alone: each is refused for its
/// own reason.
#[test]
fn certificate_and_provenance_have_to_agree() {
    let case = Case::new();
    let fine = Claims::new;
    assert_eq!(case.said(&fine(), &case.statement()), [""; 0]);
    let person = Claims {
        signer: "https://accounts.example.org/o/demo@refs/heads/main".to_owned(),
        ..fine().with(9, None)
    };
    let other = "https://github.com/o/demo/.github/workflows/other.yml@refs/tags/v1.0.0";
    let elsewhere = "https://github.com/evil/demo/.github/workflows/release.yml@refs/tags/v1.0.0";
    let zeros = Some("0000000000000000000000000000000000000000");
    let claims: Vec<(Claims, &[&str])> = vec![
        (
            fine().with(8, Some("https://accounts.google.com")),
            &["bundle-issuer"],
        ),
        (fine().with(8, None), &["bundle-issuer"]),
        (person, &["bundle-signer"]),
        (
            fine().signed_by("https://github.com/o/demo/.github/workflows/release.yml"),
            &["bundle-signer"],
        ),
        (
            fine().signed_by("https://github.com/o/demo@refs/tags/v1.0.0"),
            &["bundle-signer"],
        ),
        (
            fine()
                .signed_by("https://github.com/o/demo/.github/workflows/a@v1.yml@refs/heads/main"),
            &["bundle-signer"],
        ),
        (fine().with(9, Some(other)), &["bundle-claims"]),
        (fine().signed_by(other), &["bundle-claims"]),
        (
            fine().signed_by(elsewhere),
            &["provenance-builder", "bundle-claims"],
        ),
        (fine().with(11, Some("self-hosted")), &["bundle-runner"]),
        (fine().with(11, None), &["bundle-runner"]),
        (
            fine().with(12, Some("https://github.com/evil/demo")),
            &["bundle-claims", "provenance-source"],
        ),
        (
            fine().with(12, None),
            &["bundle-claims", "provenance-source"],
        ),
        (fine().with(13, zeros), &["bundle-claims"]),
        (fine().with(13, None).with(19, None), &["bundle-claims"]),
        (
            fine().with(14, Some("refs/tags/v1.0.1")),
            &["bundle-claims"],
        ),
        (fine().with(14, None), &["bundle-claims"]),
        (fine().with(18, Some(other)), &["bundle-claims"]),
        (fine().with(19, zeros), &["bundle-claims"]),
        (fine().with(2, Some("pull_request")), &["bundle-claims"]),
        (fine().with(3, zeros), &["bundle-claims"]),
        (fine().with(5, Some("evil/demo")), &["bundle-claims"]),
        (fine().with(6, Some("refs/heads/main")), &["bundle-claims"]),
    ];
    for (claims, rules) in claims {
        assert_eq!(
            case.said(&claims, &case.statement()),
            rules,
            "{} {:?}",
            claims.signer,
            claims.extensions
        );
    }
    const BUILD: &str = "/predicate/buildDefinition";
    let workflow = format!("{BUILD}/externalParameters/workflow");
    let source = format!("{BUILD}/resolvedDependencies/0");
    let evil = "https://github.com/evil/demo";
    let statements: Vec<(String, Value, &[&str])> = vec![
        (
            "/_type".into(),
            json!("https://in-toto.io/Statement/v2"),
            &["bundle-malformed"],
        ),
        (
            "/predicateType".into(),
            json!("https://slsa.dev/provenance/v2"),
            &["bundle-malformed"],
        ),
        (
            "/predicate/runDetails".into(),
            json!({}),
            &["bundle-malformed"],
        ),
        ("/subject".into(), json!([]), &["bundle-malformed"]),
        (
            "/subject/0/digest".into(),
            json!({"sha512": "00"}),
            &["bundle-malformed"],
        ),
        (
            format!("{BUILD}/buildType"),
            json!("https://example.org/other"),
            &["bundle-build-type"],
        ),
        (
            "/predicate/runDetails/builder/id".into(),
            json!(elsewhere),
            &["bundle-claims"],
        ),
        (
            "/predicate/runDetails/builder/id".into(),
            json!("https://github.com/actions/runner"),
            &["provenance-builder"],
        ),
        (
            format!("{workflow}/repository"),
            json!(evil),
            &["bundle-claims"],
        ),
        (
            format!("{workflow}/ref"),
            json!("refs/heads/main"),
            &["bundle-claims"],
        ),
        (
            format!("{workflow}/path"),
            json!(".github/workflows/other.yml"),
            &["bundle-claims"],
        ),
        (workflow.clone(), json!({}), &["bundle-claims"]),
        (
            format!("{source}/uri"),
            json!(format!("git+{evil}@refs/tags/v1.0.0")),
            &["bundle-claims"],
        ),
        (
            format!("{source}/uri"),
            json!(format!("git+{SOURCE}")),
            &["bundle-claims"],
        ),
        (
            format!("{source}/digest/gitCommit"),
            json!(zeros),
            &["bundle-claims"],
        ),
        (format!("{source}/digest"), json!({}), &["bundle-claims"]),
        (
            format!("{BUILD}/resolvedDependencies"),
            json!([]),
            &["bundle-claims"],
        ),
    ];
    for (pointer, value, rules) in statements {
        let mut changed = case.statement();
        *at(&mut changed, &pointer) = value;
        assert_eq!(case.said(&fine(), &changed), rules, "{pointer}");
    }
}

/// Workflows of others: those that are known, and those that were named.
#[test]
fn the_level_comes_from_who_signed() {
    let case = Case::new();
    let judged = |signer: &str, kind: &str, builder: &str, asked: Option<&str>| {
        let mut statement = case.statement();
        *at(&mut statement, "/predicate/buildDefinition/buildType") = json!(kind);
        *at(&mut statement, "/predicate/runDetails/builder/id") = json!(builder);
        let bundle = case
            .instance
            .bundle(&Claims::new().signed_by(signer), &statement);
        let expected = Expected {
            builder_id: asked.map(str::to_owned),
            ..case.expected()
        };
        let verdict = case.verdict(&bundle, &expected);
        verdict.builds.first().map_or_else(
            || verdict.findings[0].rule.clone(),
            |built| built.level.to_string(),
        )
    };
    const GENERATOR: &str =
        "https://github.com/slsa-framework/slsa-github-generator/.github/workflows/";
    const GENERIC: &str = "https://github.com/slsa-framework/slsa-github-generator/generic@v1";
    const DELEGATED: &str =
        "https://github.com/slsa-framework/slsa-github-generator/delegator-generic@v0";
    const GITHUB: &str = "https://actions.github.io/buildtypes/workflow/v1";
    let generic = |reference: &str| format!("{GENERATOR}generator_generic_slsa3.yml@{reference}");
    let release = generic("refs/tags/v2.1.0");
    assert_eq!(judged(&release, GENERIC, &release, None), "L3");
    assert_eq!(
        judged(&release, GENERIC, &release, Some(&generic("v2.1.0"))),
        "L3"
    );
    assert_eq!(
        judged(&release, GENERIC, &release, Some(&generic("v2.0.0"))),
        "provenance-builder"
    );
    assert_eq!(
        judged(&release, GITHUB, &release, None),
        "bundle-build-type"
    );
    for reference in [
        "refs/heads/main",
        "refs/tags/v2.1",
        "refs/tags/v2.1.0-rc.1",
        "refs/tags/2.1.0",
        COMMIT,
    ] {
        let odd = generic(reference);
        assert_eq!(
            judged(&odd, GENERIC, &odd, None),
            "provenance-builder",
            "{reference}"
        );
    }
    let unknown = format!("{GENERATOR}other.yml@refs/tags/v2.1.0");
    assert_eq!(
        judged(&unknown, GENERIC, &unknown, None),
        "bundle-build-type"
    );
    let delegator = format!("{GENERATOR}delegator_generic_slsa3.yml@refs/tags/v2.1.0");
    let maven = format!("{GENERATOR}builder_maven_slsa3.yml@refs/tags/v2.1.0");
    let theirs = "https://github.com/them/builder/.github/workflows/build.yml@refs/tags/v1.0.0";
    assert_eq!(judged(&delegator, DELEGATED, &maven, None), "L3");
    assert_eq!(
        judged(&delegator, DELEGATED, theirs, None),
        "provenance-builder"
    );
    assert_eq!(judged(&delegator, DELEGATED, theirs, Some(theirs)), "L3");
    assert_eq!(
        judged(
            &delegator,
            DELEGATED,
            &theirs.replace("v1.0.0", "v1"),
            Some(theirs)
        ),
        "provenance-builder"
    );
    // A workflow that was called: only who names it says that it keeps the caller out.
    let name = theirs.split('@').next();
    assert_eq!(judged(theirs, GITHUB, theirs, None), "provenance-builder");
    assert_eq!(judged(theirs, GITHUB, theirs, name), "L3");
    let pinned = format!("{}@{COMMIT}", name.unwrap());
    assert_eq!(judged(&pinned, GITHUB, &pinned, name), "provenance-builder");
    assert_eq!(judged(&pinned, GITHUB, &pinned, Some(&pinned)), "L3");
    // One of the source itself is no better known: any branch may hold another.
    let own = |reference: &str| format!("{SOURCE}/.github/workflows/build.yml@{reference}");
    let (evil, tagged) = (own("refs/heads/evil"), own("refs/tags/v1.0.0"));
    let name = evil.split('@').next();
    assert_eq!(judged(&evil, GITHUB, &evil, name), "L2");
    assert_eq!(judged(&evil, GITHUB, &evil, None), "L2");
    assert_eq!(
        judged(&evil, GITHUB, &evil, Some(&own("refs/heads/main"))),
        "provenance-builder"
    );
    assert_eq!(judged(&evil, GITHUB, &evil, Some(&evil)), "L3");
    assert_eq!(judged(&tagged, GITHUB, &tagged, name), "L3");
    assert_eq!(judged(&tagged, GITHUB, &tagged, None), "L2");
    // Only one repository tags its releases otherwise, and none whose name begins as its does.
    let java = |repository: &str| {
        let id = format!(
            "https://github.com/jreleaser/{repository}/.github/workflows/build.yml@refs/tags/v1.0.0-java"
        );
        judged(&delegator, DELEGATED, &id, Some(&id))
    };
    assert_eq!(java("release-action"), "L3");
    assert_eq!(java("release-action-evil"), "provenance-builder");
}

/// Anybody can open a pull request, and have what it would be after a merge built.
#[test]
fn a_pull_request_is_no_source() {
    let case = Case::new();
    let merge = "refs/pull/1/merge";
    let text = case
        .statement()
        .to_string()
        .replace("refs/tags/v1.0.0", merge);
    let statement: Value = serde_json::from_str(&text).unwrap();
    let signer = SIGNER.replace("refs/tags/v1.0.0", merge);
    let claims = Claims::new()
        .signed_by(&signer)
        .with(14, Some(merge))
        .with(18, Some(&signer));
    for claims in [claims.clone(), claims.with(20, Some("pull_request"))] {
        assert_eq!(case.said(&claims, &statement), ["provenance-source"]);
    }
}
