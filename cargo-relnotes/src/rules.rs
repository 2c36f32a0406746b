//! The rule catalogue of `cargo relnotes`.

release_gate::rules! {
    RANGE_SHALLOW = "range-shallow", Deny, "history was cut off when this clone was made",
        "A shallow clone does not hold the commits since the last release, so notes made from it look complete and are not. Run \
         `git fetch --unshallow --tags` and try again.",
        "https://git-scm.com/docs/shallow";
    RANGE_TAG_MISMATCH = "range-tag-mismatch", Deny, "the tag, the manifest and the notes do not name the same release",
        "The tag of this version leads to another commit, or the manifest at the tag says another version, or the notes were made for \
         another range. Readers would get the notes of something else. Set the version in Cargo.toml, move the tag before anybody \
         fetched it, or make the notes again.";
    PREDECESSOR_AMBIGUOUS = "predecessor-ambiguous", Warn, "it is not certain which release came before",
        "The release before this one is found by its tag. Where `v1.0.0` and `1.0.0` lead to different commits, the range depends on which \
         one is meant; where the manifest had a version that no tag names, the commits of that release are in these notes too. Fetch or \
         set the missing tag, delete the wrong one, or name the right one with `--since`.",
        "https://semver.org/#spec-item-11";
    COMMIT_UNACCOUNTED = "commit-unaccounted", Deny, "the commits of the range are not all accounted for",
        "Every commit between the two releases is listed, folded, a merge, cancelled or hidden by a named rule, and the sums equal what \
         `git rev-list --count` says. Here they do not: the notes were made from another range, or relnotes.json was edited.";
    BREAKING_UNMARKED = "breaking-unmarked", Deny, "the API breaks and no commit says so",
        "The API comparison found a breaking change and no commit of the range is marked as breaking (`!` or a `BREAKING CHANGE:` footer). \
         Either the break is an accident to be repaired, or users need to be told what to do instead.",
        "https://www.conventionalcommits.org/en/v1.0.0/#specification";
    BREAKING_UNLISTED = "breaking-unlisted", Deny, "the notes leave out a breaking change",
        "A change that commits mark as breaking, or that the API comparison found, is not in the notes. It is the one thing readers of \
         release notes look for.",
        "https://keepachangelog.com/en/1.1.0/";
    BUMP_TOO_SMALL = "bump-too-small", Deny, "the version moved less than the changes require",
        "A breaking change, marked or detected, or a removed feature needs a major step (the leftmost non-zero number, as cargo counts). With a smaller step, \
         `cargo update` brings the break to everybody.",
        "https://doc.rust-lang.org/cargo/reference/semver.html";
    FACTS_MISSING = "facts-missing", Deny, "a required report is missing",
        "A final release repeats what the other gates found: build, reproducibility, SBOM, vulnerabilities, API. A missing file says \
         nothing, and nothing must not look like a pass. Run the gate that writes it, or drop it from `required-facts` in `[relnotes]`. In \
         a draft this is only said.";
    FACTS_STALE = "facts-stale", Deny, "a fact is about another commit or lockfile",
        "The file in the artifact folder was made for something else than what is released: its commit, Cargo.lock or version differs. \
         Run the gate that writes it again at this commit.";
    FACTS_ERROR = "facts-error", Deny, "a fact cannot be relied on",
        "The file is unreadable, of an unknown schema version, or its gate ended without a verdict. None of these is a pass. Run the gate \
         that writes it again and read what it says.";
    DIGEST_MISMATCH = "digest-mismatch", Deny, "a digest in the notes or in the build's record is not that of the file",
        "Readers verify downloads with the digests in the notes. A digest that does not belong to the file makes every honest download \
         look tampered with, and teaches people to ignore it.";
    MSRV_UNLISTED = "msrv-unlisted", Deny, "the notes leave out that a newer Rust is needed",
        "`rust-version` was raised (or said for the first time) and the notes do not name the new one. Who builds with an older toolchain \
         learns it from a failing build.",
        "https://doc.rust-lang.org/cargo/reference/rust-version.html";
    FEATURE_REMOVED_UNLISTED = "feature-removed-unlisted", Deny, "the notes leave out that a cargo feature is gone",
        "A feature that the previous release had is missing from the manifest, and the notes do not name it. Every build that asks for it \
         stops working, which makes it a breaking change.",
        "https://doc.rust-lang.org/cargo/reference/semver.html#cargo-feature-remove";
    VULN_FIXED_UNLISTED = "vuln-fixed-unlisted", Deny, "the notes leave out that a known vulnerability is gone",
        "The lockfile of the previous release held a version that a published advisory calls vulnerable, and this one does not. That is the \
         reason to upgrade today, and readers cannot see it. Make the notes again, or name the advisory in them.",
        "https://rustsec.org";
    VULN_INTRODUCED = "vuln-introduced", Deny, "the release ships a known vulnerability",
        "A published advisory hits a version in the lockfile: it came with this release, or was there before and still is. Update the \
         dependency, or allow the rule and say in the notes why users are not affected.",
        "https://rustsec.org";
    DEP_SOURCE_CHANGED = "dep-source-changed", Deny, "a dependency comes from somewhere else than before",
        "The same name now comes from another registry, a git repository or a path. What it holds is no longer what everybody else gets \
         under that name and nobody else reviews it. Leaving a registry fails the gate; joining one is only said.",
        "https://doc.rust-lang.org/cargo/reference/specifying-dependencies.html";
    SECTION_MISSING = "section-missing", Deny, "the notes have no section for changes the range holds",
        "Commits of the range belong to a section (breaking changes, security, features, fixes, deprecations) that the notes do not have \
         under any usual name.",
        "https://keepachangelog.com/en/1.1.0/";
    SECTION_EMPTY = "section-empty", Warn, "a section of the notes is empty",
        "A heading without anything below it tells readers that something was meant to be there. Fill it or remove it.",
        "https://keepachangelog.com/en/1.1.0/";
    HEADING_DUPLICATE = "heading-duplicate", Deny, "two headings of the notes say the same",
        "Tools and people find a release or a section by its heading; with two of them one half is overlooked. Merge them.",
        "https://keepachangelog.com/en/1.1.0/";
    BODY_TOO_LONG = "body-too-long", Deny, "the notes are longer than a forge accepts",
        "GitHub refuses a release body of more than 125,000 characters. Move parts to a file of the repository and link to it.",
        "https://docs.github.com/en/rest/releases/releases";
    PLACEHOLDER_LEFT = "placeholder-left", Deny, "something was left to be filled in",
        "A word like TODO, or a `FILL-IN` of an advisory or migration guide, is still there. Skeletons are made so that nothing is \
         forgotten; published as they are, they say nothing.";
    UNSAFE_MARKUP = "unsafe-markup", Deny, "the notes hold markup that can act, hide or mislead",
        "Scripts, frames, event handlers, `javascript:` addresses, unclosed comments, control characters or characters that change the \
         direction of text, elements no forge knows (`Vec<T>` without back-ticks loses its `<T>`). Generated notes hold none; hand-written parts \
         need none.",
        "https://trojansource.codes";
    CLAIM_FALSE = "claim-false", Deny, "the notes claim what the facts deny",
        "Notes that people wrote name a Rust version, a date, an advisory or a number that is none of this release's. Readers rely on it: \
         they pin a toolchain, or believe that a vulnerability is closed.";
    NOTES_OUTDATED = "notes-outdated", Deny, "the facts changed after the notes were made",
        "The notes were generated as a draft, or before a gate wrote its report (or wrote it again), so they say “not judged” or repeat \
         what no longer holds. Make them again with the same phase.";
    NOTES_EDITED = "notes-edited", Deny, "generated text was changed by hand",
        "The generated part of RELEASE_NOTES.md is not what relnotes.json describes. Changes there are lost with the next run and no \
         longer agree with the facts. Put your own words between the marks made for them, or make the notes again.";
    NOT_JUDGED_HISTORY = "not-judged-history", Deny, "the commits of the release are not all in this clone",
        "A shallow clone was cut off when it was made. Nothing is judged of a release whose commits are not there; `range-shallow` says \
         how to get them.";
    NOT_JUDGED_FACT = "not-judged-fact", Note, "a report of another gate could not be relied on",
        "The notes repeat what the other gates found. Where a report is missing, stale or of another shape, they say so instead. A final \
         release with such a gap is judged by `facts-missing`, `facts-stale` and `facts-error`.";
    NOT_JUDGED_DEPENDENCIES = "not-judged-dependencies", Note, "the dependencies of both releases were not compared",
        "One of the two commits has no Cargo.lock that can be read, so what changed in it is not known.";
    NOT_JUDGED_ADVISORIES = "not-judged-advisories", Note, "the advisories of both releases were not compared",
        "There is no advisory database, a file of it cannot be read, or a lock file is missing: which vulnerabilities came and went is not \
         known. Name a checkout of RustSec's advisory-db with --db.";
}
