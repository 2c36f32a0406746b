//! An SBOM of any tool, as far as it is compared and audited: pure data, whatever format it was
//! read from.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::mention::Mentions;
use super::purl::CargoPurl;

/// Which standard a document follows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Standard {
    /// CycloneDX (ECMA-424).
    #[default]
    CycloneDx,
    /// SPDX.
    Spdx,
}

/// A document.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sbom {
    /// The standard it follows.
    pub standard: Standard,
    /// What the document describes, where it says.
    pub main: Option<Entry>,
    /// Components by normalised package URL (else name and version), nested ones included. The
    /// second one of a key is `KEY (2)`.
    pub components: BTreeMap<String, Entry>,
    /// References to components that the document does not have, sorted.
    pub dangling: BTreeSet<String>,
    /// Where the document says that it is not all: what, and why.
    pub elsewhere: BTreeSet<(String, String)>,
    /// Whether the document says of what it describes that it needs nothing.
    pub is_leaf: bool,
    /// What it names anywhere, components included.
    pub mentions: Mentions,
    /// How a reference to this very document begins.
    pub own_link: Option<String>,
    /// All that is neither a component nor derived from the content.
    pub rest: Value,
    /// How often each key was asked for.
    repeated: BTreeMap<String, usize>,
}

/// One component.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Entry {
    /// Name.
    pub name: String,
    /// Version; empty where none is given.
    pub version: String,
    /// Package URL, as it is written.
    pub purl: Option<String>,
    /// Further package URLs that the document gives the same component.
    pub more_purls: Vec<String>,
    /// Package URLs of what it was made from by a change (its pedigree).
    pub derived_from: Vec<String>,
    /// What the document says of it that cannot be so, beside its package URL.
    pub objections: Vec<String>,
    /// `library`, `application`, `file`, … where the format says, in lower case.
    pub kind: Option<String>,
    /// Licence as stated.
    pub license: Option<String>,
    /// SHA-256, in lower case.
    pub sha256: Option<String>,
    /// `required` or `excluded`; `None` where the format does not say.
    pub scope: Option<String>,
    /// Features, where this tool wrote them.
    pub features: Option<String>,
    /// Keys of the components it needs.
    pub needs: BTreeSet<String>,
}

impl Entry {
    /// What it is compared by: the package URL in one spelling, else name and version.
    pub fn key(&self) -> String {
        match self.cargo() {
            Some(cargo) => cargo.to_string(),
            None => self
                .purl
                .clone()
                .unwrap_or_else(|| format!("{}@{}", self.name, self.version)),
        }
    }

    /// The cargo package it is, by its package URL. `None` for anything else, an unreadable URL
    /// included.
    pub fn cargo(&self) -> Option<CargoPurl> {
        CargoPurl::parse(self.purl.as_deref()?)
    }

    /// Every package URL of it.
    pub fn purls(&self) -> impl Iterator<Item = &str> {
        self.purl.iter().chain(&self.more_purls).map(String::as_str)
    }

    /// The version and, where the package URL says more than that, the source.
    pub fn version_and_source(&self) -> String {
        match self
            .purl
            .as_deref()
            .and_then(|purl| purl.find(['?', '#']).map(|at| &purl[at..]))
        {
            Some(source) => format!("{} ({source})", self.version),
            None => self.version.clone(),
        }
    }
}

impl Sbom {
    /// An empty document of a standard.
    pub fn of_standard(standard: Standard) -> Self {
        Self {
            standard,
            ..Self::default()
        }
    }

    /// Adds a component and returns its key.
    pub fn insert(&mut self, entry: Entry) -> String {
        let key = entry.key();
        let count = self.repeated.entry(key.clone()).or_insert(0);
        loop {
            *count += 1;
            let unique = if *count == 1 {
                key.clone()
            } else {
                format!("{key} ({count})")
            };
            // A key may happen to look like the second one of another.
            if !self.components.contains_key(&unique) {
                self.components.insert(unique.clone(), entry);
                return unique;
            }
        }
    }

    /// The version of the specification, as the document says it.
    pub fn spec_version(&self) -> Option<&str> {
        let stated = match self.standard {
            Standard::CycloneDx => &self.rest["specVersion"],
            Standard::Spdx => &self.rest["spdxVersion"],
        };
        stated.as_str()
    }

    /// The described thing and all components.
    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.main.iter().chain(self.components.values())
    }

    /// Notes that a part of what is described is not in the document.
    pub fn note_elsewhere(&mut self, what: impl Into<String>, why: impl Into<String>) {
        self.elsewhere.insert((what.into(), why.into()));
    }
}
