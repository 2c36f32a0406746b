//! Which published advisories a release closes, keeps and brings.
//!
//! Must never: say "none" where nobody looked. [`VulnerabilityDelta`] exists only where an advisory database and both
//! lockfiles were read.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use semver::Version;
use serde::Serialize;

use super::facts::Advisory;
use super::untrusted::Untrusted;

/// An advisory that hits a package of a lockfile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
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
    /// Whether it was public when the release before was made.
    pub public_before: bool,
    /// Our own releases that shipped it, oldest first, where lockfiles of tags were read.
    pub shipped: Shipped,
}

impl Hit {
    /// What another gate says of an advisory that is not in the database read here.
    pub fn of(advisory: &Advisory) -> Self {
        Self {
            id: advisory.id.clone(),
            aliases: Vec::new(),
            package: advisory.package.clone(),
            versions: vec![advisory.version.clone()],
            title: advisory.title.as_deref().map(Untrusted::new).unwrap_or_default(),
            date: String::new(),
            severity: advisory
                .severity
                .clone()
                .filter(|severity| severity != "unknown" && severity != "none"),
            patched: advisory.patched.clone(),
            public_before: false,
            shipped: Shipped::default(),
        }
    }
}

/// Which of our own releases shipped a vulnerable dependency.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Shipped {
    /// Runs of consecutive releases: first and last version.
    pub runs: Vec<(String, String)>,
    /// How many releases.
    pub releases: usize,
}

impl Shipped {
    /// From every release (lowest first) and whether it shipped it.
    pub fn from_releases<'a>(releases: impl IntoIterator<Item = (&'a Version, bool)>) -> Self {
        let mut shipped = Self::default();
        let mut open = false;
        for (version, hit) in releases {
            if hit {
                let text = version.to_string();
                match shipped.runs.last_mut() {
                    Some((_, last)) if open => *last = text,
                    _ => shipped.runs.push((text.clone(), text)),
                }
                shipped.releases += 1;
            }
            open = hit;
        }
        shipped
    }

    /// `0.9.15 to 0.9.131, 1.0.0`, or nothing.
    pub fn sentence(&self) -> String {
        let run = |(first, last): &(String, String)| {
            if first == last { first.clone() } else { format!("{first} to {last}") }
        };
        self.runs.iter().map(run).collect::<Vec<_>>().join(", ")
    }
}

/// How an advisory that hits this release stands to the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// It came with this release.
    Introduced,
    /// It hit the release before too.
    StillPresent,
    /// The release before could not be looked at.
    Unknown,
}

impl Standing {
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
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct VulnerabilityDelta {
    /// Hit the release before and not this one.
    pub fixed: Vec<Hit>,
    /// Hit both.
    pub present: Vec<Hit>,
    /// Hit this one and not the one before.
    pub introduced: Vec<Hit>,
}

impl VulnerabilityDelta {
    /// Compares the hits of two lockfiles by advisory. `judged` are the advisories another gate found to hit what is really built,
    /// where it did: what it leaves out is neither fixed nor an issue, and what it adds counts.
    pub fn between(before: Vec<Hit>, after: Vec<Hit>, judged: Option<&[Advisory]>) -> Self {
        let old: BTreeMap<String, Hit> = before.into_iter().map(|hit| (hit.id.clone(), hit)).collect();
        let mut now: BTreeMap<String, Hit> = after.into_iter().map(|hit| (hit.id.clone(), hit)).collect();
        let fixed = old.values().filter(|hit| !now.contains_key(&hit.id)).cloned().collect();
        if let Some(judged) = judged {
            now.retain(|id, _| judged.iter().any(|advisory| advisory.id == *id));
            for advisory in judged {
                now.entry(advisory.id.clone()).or_insert_with(|| Hit::of(advisory));
            }
        }
        let (present, introduced) = now.into_values().partition(|hit| old.contains_key(&hit.id));
        Self { fixed, present, introduced }
    }

    /// Every hit.
    pub fn all_mut(&mut self) -> impl Iterator<Item = &mut Hit> {
        self.fixed.iter_mut().chain(&mut self.present).chain(&mut self.introduced)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fixed_present_introduced() {
        let hit = |id: &str| {
            Hit::of(&Advisory {
                id: id.into(),
                package: "p".into(),
                version: "1.0.0".into(),
                ..Advisory::default()
            })
        };
        let ids = |hits: &[Hit]| hits.iter().map(|hit| hit.id.clone()).collect::<Vec<_>>();
        let delta = VulnerabilityDelta::between(vec![hit("a"), hit("b")], vec![hit("b"), hit("c")], None);
        assert_eq!(
            (ids(&delta.fixed), ids(&delta.present), ids(&delta.introduced)),
            (vec!["a".into()], vec!["b".into()], vec!["c".into()])
        );
        let judged = [Advisory {
            id: "d".into(),
            package: "p".into(),
            version: "1.0.0".into(),
            ..Advisory::default()
        }];
        let delta =
            VulnerabilityDelta::between(vec![hit("a"), hit("b")], vec![hit("b"), hit("c")], Some(&judged));
        assert_eq!(
            (ids(&delta.fixed), ids(&delta.present), ids(&delta.introduced)),
            (vec!["a".into()], vec![], vec!["d".into()])
        );
    }

    #[test]
    fn runs_of_releases() {
        let versions: Vec<Version> =
            ["0.9.0", "0.9.1", "0.9.2", "1.0.0"].iter().map(|v| v.parse().unwrap()).collect();
        let shipped = Shipped::from_releases(versions.iter().zip([true, true, false, true]));
        assert_eq!((shipped.sentence().as_str(), shipped.releases), ("0.9.0 to 0.9.1, 1.0.0", 3));
        assert_eq!(Shipped::from_releases(versions.iter().map(|v| (v, false))).sentence(), "");
    }
}
