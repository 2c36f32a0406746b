//! Which published advisories a release closes, keeps and brings.
//!
//! Must never: say "none" where nobody looked. [`VulnerabilityDelta`] exists only where an advisory
//! database and both lockfiles were read.

use std::collections::{BTreeMap, BTreeSet};

use release_gate_facts::report::vulns::Severity;
use semver::Version;

use super::facts::FoundAdvisory;
use super::untrusted::Untrusted;

/// An advisory that hits a package of a lockfile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hit {
    /// `RUSTSEC-…`.
    pub id: String,
    /// Other names of it: `CVE-…`, `GHSA-…`.
    pub aliases: Vec<String>,
    /// The vulnerable package.
    pub package: String,
    /// Its versions in the lockfile.
    pub versions: Vec<String>,
    /// Its title.
    pub title: Untrusted,
    /// Day it was published.
    pub date: String,
    /// `low`, `medium`, `high`, `critical`; `null` where nobody rated it.
    pub severity: Option<String>,
    /// Requirements that name the versions with the repair.
    pub patched: Vec<String>,
    /// Whether it was public when the previous release was made.
    pub public_before: bool,
    /// Whether nothing the package pulls in uses it: it is in the lockfile for tests or for other
    /// packages of the workspace.
    pub locked_only: bool,
    /// Our own releases that shipped it, oldest first, where lockfiles of tags were read.
    pub shipped: Shipped,
}

impl Hit {
    /// What another gate says of an advisory that is not in the database read here.
    pub fn of(advisory: &FoundAdvisory) -> Self {
        Self {
            id: advisory.id.clone(),
            aliases: Vec::new(),
            package: advisory.package.clone(),
            versions: vec![advisory.version.clone()],
            title: Untrusted::new(&advisory.title),
            date: String::new(),
            severity: rated(advisory.severity),
            patched: advisory.patched.clone(),
            public_before: false,
            locked_only: false,
            shipped: Shipped::default(),
        }
    }
}

/// The word for a severity somebody gave.
pub fn rated(severity: Severity) -> Option<String> {
    match severity {
        Severity::Unknown | Severity::None => None,
        rated => Some(rated.as_str().to_owned()),
    }
}

/// Which of our own releases shipped a vulnerable dependency.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Shipped {
    /// Runs of consecutive releases: first and last version.
    pub runs: Vec<(String, String)>,
    /// How many releases.
    pub releases: usize,
    /// How many releases have no lockfile that can be read: nobody knows of these.
    pub unknown: usize,
}

impl Shipped {
    /// From every release (lowest first) and whether it shipped it; `None` where that cannot be
    /// told.
    pub fn from_releases<'a>(
        releases: impl IntoIterator<Item = (&'a Version, Option<bool>)>,
    ) -> Self {
        let mut shipped = Self::default();
        let mut open = false;
        for (version, hit) in releases {
            match hit {
                Some(true) => {
                    let text = version.to_string();
                    match shipped.runs.last_mut() {
                        Some((_, last)) if open => *last = text,
                        _ => shipped.runs.push((text.clone(), text)),
                    }
                    shipped.releases += 1;
                }
                Some(false) => {}
                None => shipped.unknown += 1,
            }
            open = hit == Some(true);
        }
        shipped
    }

    /// `0.9.15 to 0.9.131, 1.0.0`, or nothing.
    pub fn sentence(&self) -> String {
        self.runs
            .iter()
            .map(run_words)
            .collect::<Vec<_>>()
            .join(", ")
    }
}

/// `0.9.15 to 0.9.131`, or one version.
fn run_words((first, last): &(String, String)) -> String {
    if first == last {
        first.clone()
    } else {
        format!("{first} to {last}")
    }
}

/// How an advisory that hits this release stands to the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// It came with this release.
    Introduced,
    /// It hit the previous release too.
    StillPresent,
    /// The previous release could not be looked at.
    Unknown,
}

impl Standing {
    /// The word that templates use.
    pub fn id(self) -> &'static str {
        match self {
            Self::Introduced => "introduced",
            Self::StillPresent => "still-present",
            Self::Unknown => "unknown",
        }
    }

    /// Words between the advisory and the package.
    pub fn words(self) -> &'static str {
        match self {
            Self::Introduced => " came with this release: ",
            Self::StillPresent => " still applies: ",
            Self::Unknown => " applies: ",
        }
    }
}

/// The difference between two releases.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct VulnerabilityDelta {
    /// Hit the previous release and not this one.
    pub fixed: Vec<Hit>,
    /// Hit both.
    pub present: Vec<Hit>,
    /// Hit this one and not the one before.
    pub introduced: Vec<Hit>,
}

impl VulnerabilityDelta {
    /// Compares the hits of two lockfiles by advisory. `judged` is everything another gate found,
    /// where it did: see [`standing_hits`].
    pub fn between(before: Vec<Hit>, after: Vec<Hit>, judged: Option<&[FoundAdvisory]>) -> Self {
        let locked: BTreeSet<String> = after.iter().map(|hit| hit.id.clone()).collect();
        let old: BTreeMap<String, Hit> = before
            .into_iter()
            .map(|hit| (hit.id.clone(), hit))
            .collect();
        let now = standing_hits(after, judged);
        let still =
            |hit: &&Hit| !locked.contains(&hit.id) && !now.iter().any(|other| other.id == hit.id);
        let fixed = old.values().filter(still).cloned().collect();
        let (present, introduced) = now.into_iter().partition(|hit| old.contains_key(&hit.id));
        Self {
            fixed,
            present,
            introduced,
        }
    }

    /// What hits this release, and whether it came with it; what is new first.
    pub fn standing(&self) -> Vec<(Standing, Hit)> {
        let introduced = self
            .introduced
            .iter()
            .map(|hit| (Standing::Introduced, hit.clone()));
        let present = self
            .present
            .iter()
            .map(|hit| (Standing::StillPresent, hit.clone()));
        introduced.chain(present).collect()
    }

    /// Every hit.
    pub fn all_mut(&mut self) -> impl Iterator<Item = &mut Hit> {
        self.fixed
            .iter_mut()
            .chain(&mut self.present)
            .chain(&mut self.introduced)
    }
}

/// Whether two gates speak of the same advisory about the same package.
fn is_about(advisory: &FoundAdvisory, hit: &Hit) -> bool {
    advisory.package == hit.package && (advisory.id == hit.id || hit.aliases.contains(&advisory.id))
}

/// What hits a release: the advisories of its lockfile, without those another gate looked at and
/// found to be of no matter (waived, or in nothing that is built), and with those only it knows. An
/// advisory it never heard of stays: its database may be older.
pub fn standing_hits(found: Vec<Hit>, judged: Option<&[FoundAdvisory]>) -> Vec<Hit> {
    let mut hits: BTreeMap<String, Hit> =
        found.into_iter().map(|hit| (hit.id.clone(), hit)).collect();
    let judged = judged.unwrap_or_default();
    hits.retain(|_, hit| {
        let mut said = judged
            .iter()
            .filter(|advisory| is_about(advisory, hit))
            .peekable();
        said.peek().is_none() || said.any(FoundAdvisory::counts)
    });
    for advisory in judged.iter().filter(|advisory| advisory.counts()) {
        if !hits.values().any(|hit| is_about(advisory, hit)) {
            hits.entry(advisory.id.clone())
                .or_insert_with(|| Hit::of(advisory));
        }
    }
    hits.into_values().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use release_gate_facts::report::vulns::Scope;

    #[test]
    fn fixed_present_introduced() {
        let hit = |id: &str| {
            Hit::of(&FoundAdvisory {
                id: id.into(),
                package: "p".into(),
                version: "1.0.0".into(),
                ..FoundAdvisory::default()
            })
        };

        let ids = |hits: &[Hit]| hits.iter().map(|hit| hit.id.clone()).collect::<Vec<_>>();
        let delta =
            VulnerabilityDelta::between(vec![hit("a"), hit("b")], vec![hit("b"), hit("c")], None);
        assert_eq!(
            (
                ids(&delta.fixed),
                ids(&delta.present),
                ids(&delta.introduced)
            ),
            (vec!["a".into()], vec!["b".into()], vec!["c".into()])
        );

        let judged = |id: &str, scope: Scope| FoundAdvisory {
            id: id.into(),
            package: "p".into(),
            version: "1.0.0".into(),
            scope,
            ..FoundAdvisory::default()
        };

        let list = [judged("d", Scope::Artifact), judged("c", Scope::NotBuilt)];
        let after = vec![hit("b"), hit("c"), hit("e")];
        let delta = VulnerabilityDelta::between(vec![hit("a"), hit("b")], after, Some(&list));

        // `c` was looked at and is not built; `b` and `e` are unknown to the other gate, which does
        // not make them harmless.
        assert_eq!(
            (
                ids(&delta.fixed),
                ids(&delta.present),
                ids(&delta.introduced)
            ),
            (
                vec!["a".into()],
                vec!["b".into()],
                vec!["d".into(), "e".into()]
            )
        );
    }

    #[test]
    fn runs_of_releases() {
        let versions: Vec<Version> = ["0.9.0", "0.9.1", "0.9.2", "1.0.0"]
            .iter()
            .map(|v| v.parse().unwrap())
            .collect();
        let hits = [Some(true), Some(true), None, Some(true)];
        let shipped = Shipped::from_releases(versions.iter().zip(hits));
        assert_eq!(
            (shipped.sentence().as_str(), shipped.releases),
            ("0.9.0 to 0.9.1, 1.0.0", 3)
        );
        assert_eq!(shipped.unknown, 1);
        assert_eq!(
            Shipped::from_releases(versions.iter().map(|v| (v, Some(false)))).sentence(),
            ""
        );
    }
}
