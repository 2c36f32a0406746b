//! Sigstore bundles of whatever is signed without a key of its own: by the identity that was named, on
//! the word of the issuer that was named, about exactly the files that held.
//!
//! A statement names its files, and they have to be called so. A bundle over a file itself (`cosign
//! sign-blob`) binds its bytes alone.

use std::collections::{BTreeMap, BTreeSet};

use release_gate::{Finding, Rule};

use super::verdict::{Verdict, Verified, shown};
use crate::format::bundle;
use crate::format::unique::check_unique_names;
use crate::model::companion::LIST;
use crate::model::workflow::{Statement, Subject};
use crate::rules;
use crate::sigstore::{self, Content, Opened, Roots};

const HELP: &str =
    "get the bundle from where the file was published; do not use the file before it holds";
/// Where npm's names of packages begin.
const NPM: &str = "pkg:npm/";

/// Who has to have signed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wanted<'a> {
    /// The workflow's URI, or the e-mail address.
    pub(crate) identity: &'a str,
    /// Who has to vouch for it.
    pub(crate) issuer: &'a str,
}

/// SHA-512 of files by their names, where a statement names no other digest.
pub(crate) type Sha512s = BTreeMap<String, String>;

/// What a bundle by the identity that was asked for signs.
#[derive(Debug)]
enum Vouching {
    Files(Vec<Subject>),
    Bytes(String),
}

/// The statements and files that the bundles of a file sign, where all of them hold.
#[derive(Debug, Default)]
pub(crate) struct Evidence {
    vouching: Vec<Vouching>,
    /// What is wrong with the bundles.
    problems: Vec<Finding>,
    /// How many are by a bare key of a registry.
    by_bare_key: usize,
}

/// Opens every bundle of a file: each has to hold, and those by the identity that was asked for
/// count.
pub(crate) fn open_bundles(bytes: &[u8], roots: &Roots, wanted: Wanted<'_>) -> Evidence {
    let mut evidence = Evidence::default();
    let bundles = match bundle::split(bytes) {
        Ok(bundles) => bundles,
        Err(error) => {
            let problem = refusal(&rules::BUNDLE_MALFORMED, &error.to_string());
            evidence.problems.push(problem);
            return evidence;
        }
    };
    evidence.by_bare_key = bundles.by_bare_key;

    let mut others = BTreeSet::new();
    let mut other_kinds = false;
    for document in &bundles.documents {
        let opened = match sigstore::open(document, roots) {
            Ok(opened) => opened,
            Err(error) => {
                let problem = refusal(error.rule, &error.to_string());
                evidence.problems.push(problem);
                continue;
            }
        };
        if (opened.identity.as_str(), opened.issuer.as_str()) != (wanted.identity, wanted.issuer) {
            others.insert(format!("`{}` (`{}`)", opened.identity, opened.issuer));
            continue;
        }
        match vouching(opened) {
            Ok(Some(vouching)) => evidence.vouching.push(vouching),
            Ok(None) => other_kinds = true,
            Err(problem) => evidence.problems.push(*problem),
        }
    }

    if evidence.vouching.is_empty() && evidence.problems.is_empty() {
        let problem = if other_kinds {
            let text = "no statement in it says that its files were made or published";
            refusal(&rules::BUNDLE_MALFORMED, text)
        } else {
            signed_by_others(&others, wanted)
        };
        evidence.problems.push(problem);
    }
    evidence
}

fn signed_by_others(others: &BTreeSet<String>, wanted: Wanted<'_>) -> Finding {
    let signers = others.iter().cloned().collect::<Vec<_>>().join(", ");
    let by = if signers.is_empty() {
        "no identity".to_owned()
    } else {
        signers
    };
    let text = format!(
        "it was signed by {by}, not by `{}` (`{}`)",
        wanted.identity, wanted.issuer
    );
    refusal(&rules::IDENTITY_MISMATCH, &text)
}

/// What a bundle that holds vouches for; `None`: what it says of files is something else.
fn vouching(opened: Opened) -> Result<Option<Vouching>, Box<Finding>> {
    let payload = match opened.content {
        Content::File(digest) => return Ok(Some(Vouching::Bytes(digest.to_string()))),
        Content::Statement(payload) => payload,
    };
    let parsed = check_unique_names(&payload).and_then(|()| serde_json::from_slice(&payload));
    let statement: Statement =
        parsed.map_err(|error| Box::new(refusal(&rules::BUNDLE_MALFORMED, &error.to_string())))?;
    Ok(statement
        .is_of_a_release()
        .then_some(Vouching::Files(statement.subject)))
}

impl Evidence {
    /// Whether a statement names files by SHA-512 alone.
    pub(crate) fn needs_sha512(&self) -> bool {
        self.vouching.iter().any(|vouching| match vouching {
            Vouching::Files(subjects) => subjects
                .iter()
                .any(|subject| !subject.digest.contains_key("sha256")),
            Vouching::Bytes(_) => false,
        })
    }

    /// Judges the files that `verdict` says held: each has to be vouched for, by itself or through
    /// the list that names it. Returns what is to be added to the verdict.
    pub(crate) fn judge(self, verdict: &Verdict, sha512s: &Sha512s, wanted: Wanted<'_>) -> Verdict {
        let mut judged = Verdict::default();
        judged.findings.extend(self.problems.iter().cloned());
        if self.by_bare_key > 0 {
            let why = "it is by a key of the registry's own, and no identity";
            judged.coverage.not_judged(
                &rules::NOT_JUDGED_EVIDENCE,
                "an attestation by a bare key",
                self.by_bare_key,
                why,
            );
        }
        if !judged.holds() || !verdict.holds() {
            return judged;
        }

        let list = verdict.verified.iter().find(|file| file.file == LIST);
        let through_list =
            list.is_some_and(|list| self.check(list, sha512s).is_ok_and(|found| found.is_some()));
        let mut bytes_alone = false;
        for file in &verdict.verified {
            match self.check(file, sha512s) {
                Ok(Some(named)) => bytes_alone |= !named,
                // A digest that is listed was signed with the list.
                Ok(None) if through_list => {}
                Ok(None) => {
                    let text = format!("it is not about this `{}`", shown(&file.file));
                    judged.refuse(refusal(&rules::PROVENANCE_SUBJECT, &text));
                }
                Err(problem) => judged.refuse(*problem),
            }
        }
        if bytes_alone && verdict.comments().next().is_none() {
            let text = "the bundle signs bytes alone: nothing says of which project and version the file is";
            let help = "an older release, or another file of the same maker, is accepted as well; compare names and versions yourself";
            judged.refuse(Finding::new(&rules::BYTES_ONLY, text).help(help));
        }
        if judged.holds() && !verdict.verified.is_empty() {
            judged.remarks.push(format!(
                "OK  identity  {}  by {}",
                shown(wanted.identity),
                shown(wanted.issuer)
            ));
        }
        judged
    }

    /// Whether a file is vouched for, and under its name; `Ok(None)`: nothing is about it.
    fn check(&self, file: &Verified, sha512s: &Sha512s) -> Result<Option<bool>, Box<Finding>> {
        let sha256 = file.digest.sha256().map(|digest| digest.to_string());
        let sha512 = sha512s.get(&file.file);
        let mut other_name = None;
        let mut bytes_alone = false;
        for vouching in &self.vouching {
            match vouching {
                Vouching::Bytes(digest) => bytes_alone |= sha256.as_ref() == Some(digest),
                Vouching::Files(subjects) => {
                    for subject in subjects {
                        let is_same = match subject.digest.get("sha256") {
                            Some(digest) => sha256.as_ref() == Some(digest),
                            None => sha512.is_some() && subject.digest.get("sha512") == sha512,
                        };
                        if is_same && is_name_of(&subject.name, &file.file) {
                            return Ok(Some(true));
                        }
                        if is_same {
                            other_name = Some(&subject.name);
                        }
                    }
                }
            }
        }

        match other_name {
            _ if bytes_alone => Ok(Some(false)),
            Some(name) => {
                let text = format!("`{}` was signed as `{name}`", file.file);
                Err(Box::new(refusal(&rules::PROVENANCE_NAME, &text)))
            }
            None => Ok(None),
        }
    }
}

/// Whether a statement's name is that of a file: the same, a path that ends with it, or the package
/// that npm keeps under that name.
fn is_name_of(name: &str, file: &str) -> bool {
    if let Some(package) = name.strip_prefix(NPM) {
        return npm_file(package).as_deref() == Some(file);
    }
    name == file || name.rsplit('/').next() == Some(file)
}

/// `%40SCOPE/NAME@VERSION` lies in `SCOPE-NAME-VERSION.tgz`.
fn npm_file(package: &str) -> Option<String> {
    let (name, version) = package.rsplit_once('@')?;
    let name = name.strip_prefix("%40").unwrap_or(name).replace('/', "-");
    Some(format!("{name}-{version}.tgz"))
}

fn refusal(rule: &'static Rule, text: &str) -> Finding {
    Finding::new(rule, format!("bundle: {}", shown(text))).help(HELP)
}

#[cfg(test)]
mod tests {
    use release_gate::digest::Sha256Digest;

    use super::*;

    const PYPI: &[u8] = include_bytes!("../../tests/data/pypi-attestation.json");
    const PYPI_ALL: &[u8] = include_bytes!("../../tests/data/pypi-provenance.json");
    const NPM: &[u8] = include_bytes!("../../tests/data/npm.json");
    const GITLAB: &str = "https://gitlab.com";
    const GITHUB: &str = "https://token.actions.githubusercontent.com";

    /// A file that held, and who has to have signed it.
    struct Case {
        file: &'static str,
        sha256: &'static str,
        sha512: Option<&'static str>,
        wanted: Wanted<'static>,
    }

    impl Case {
        /// Published from GitLab to PyPI.
        fn gitlab() -> Self {
            Self {
                file: "gitlab_oidc_project-0.0.3.tar.gz",
                sha256: "c1ca9b0d85df1606451098233018534497bf584362e10e4a8c21dfaea92c02a8",
                sha512: None,
                wanted: Wanted {
                    identity: "https://gitlab.com/facutuesca/gitlab-oidc-project//.gitlab-ci.yml@refs/heads/main",
                    issuer: GITLAB,
                },
            }
        }

        /// Published from GitHub to PyPI.
        fn github() -> Self {
            Self {
                file: "pypi_attestations-0.0.19.tar.gz",
                sha256: "9bb1add04b1b4e182be6b0b80931593f7a291eb49d69b4fd728a5d4cbcdc4bd3",
                sha512: None,
                wanted: Wanted {
                    identity: "https://github.com/trailofbits/pypi-attestations/.github/workflows/release.yml@refs/tags/v0.0.19",
                    issuer: GITHUB,
                },
            }
        }

        /// Published from GitHub to npm, which names files by SHA-512.
        fn npm() -> Self {
            Self {
                file: "gundam-visor-1.0.1.tgz",
                sha256: "0000000000000000000000000000000000000000000000000000000000000000",
                sha512: Some(
                    "8d9d7972f676516c75014aa074e11ae604d98f0b64ec6725a61e2838ff3dab162118fa71433fb31e1550d30bd0dec9d086ce032b94457b583900c507acf39c40",
                ),
                wanted: Wanted {
                    identity: "https://github.com/ramonpetgrave64/gundam-visor/.github/workflows/npm-publish.yml@refs/tags/v1.0.1",
                    issuer: GITHUB,
                },
            }
        }

        /// What judging ends with: the rules, and how many attestations were left alone.
        fn judge(&self, bytes: &[u8]) -> (Vec<String>, u64) {
            let verdict = Verdict {
                verified: vec![Verified {
                    file: self.file.to_owned(),
                    digest: self.sha256.parse::<Sha256Digest>().unwrap().into(),
                    size: 1,
                    signed: None,
                }],
                ..Verdict::default()
            };
            let known = self
                .sha512
                .map(|digest| (self.file.to_owned(), digest.to_owned()));
            let evidence = open_bundles(bytes, &Roots::embedded().unwrap(), self.wanted);
            assert!(!evidence.needs_sha512() || self.sha512.is_some());
            let judged = evidence.judge(&verdict, &known.into_iter().collect(), self.wanted);
            assert_eq!(judged.remarks.is_empty(), !judged.holds());
            let left_alone = judged.coverage.not_judged_count();
            let rules = judged.findings.into_iter().map(|finding| finding.rule);
            (rules.collect(), left_alone)
        }

        fn rules(&self, bytes: &[u8]) -> Vec<String> {
            self.judge(bytes).0
        }
    }

    #[test]
    fn what_registries_serve_is_judged() {
        assert_eq!(Case::gitlab().judge(PYPI), (vec![], 0));
        assert_eq!(Case::github().judge(PYPI_ALL), (vec![], 0));
        // npm's own attestation is by a key of npm's, and said to be left alone.
        assert_eq!(Case::npm().judge(NPM), (vec![], 1));
    }

    #[test]
    fn another_identity_issuer_file_or_name_is_refused() {
        let refused = |rule: &str| vec![rule.to_owned()];
        let mut case = Case::gitlab();
        case.wanted.issuer = GITHUB;
        assert_eq!(case.rules(PYPI), refused("identity-mismatch"));
        let mut case = Case::gitlab();
        case.wanted.identity =
            "https://gitlab.com/facutuesca/gitlab-oidc-project//.gitlab-ci.yml@refs/heads/mai";
        assert_eq!(case.rules(PYPI), refused("identity-mismatch"));
        assert_eq!(Case::github().rules(PYPI), refused("identity-mismatch"));

        let mut case = Case::gitlab();
        case.sha256 = Case::github().sha256;
        assert_eq!(case.rules(PYPI), refused("provenance-subject"));
        let mut case = Case::gitlab();
        case.file = "other-0.0.3.tar.gz";
        assert_eq!(case.rules(PYPI), refused("provenance-name"));
        let mut case = Case::npm();
        case.file = "gundam-visor-1.0.2.tgz";
        assert_eq!(case.rules(NPM), refused("provenance-name"));
        let mut case = Case::npm();
        case.sha512 = Some("00");
        assert_eq!(case.rules(NPM), refused("provenance-subject"));
    }

    #[test]
    fn every_damaged_part_is_refused() {
        let text = std::str::from_utf8(PYPI).unwrap();
        let within = |part: &str| text.find(&format!("\"{part}\":\"")).unwrap() + part.len() + 100;
        for at in ["statement", "certificate", "canonicalizedBody", "signature"].map(within) {
            let mut bytes = PYPI.to_vec();
            bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
            let rules = Case::gitlab().rules(&bytes);
            assert!(!rules.is_empty(), "byte {at}");
        }
    }

    #[test]
    fn names_of_npm_are_those_of_its_files() {
        assert!(is_name_of("pkg:npm/sigstore@1.0.0", "sigstore-1.0.0.tgz"));
        assert!(is_name_of(
            "pkg:npm/%40npmcli/arborist@6.2.0",
            "npmcli-arborist-6.2.0.tgz"
        ));
        assert!(!is_name_of("pkg:npm/sigstore@1.0.0", "sigstore-1.0.1.tgz"));
        assert!(!is_name_of("pkg:npm/sigstore", "sigstore"));
        assert!(is_name_of("dist/demo.tar.gz", "demo.tar.gz"));
        assert!(!is_name_of("demo.tar.gz", "evil.tar.gz"));
    }
}
