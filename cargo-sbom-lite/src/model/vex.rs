//! Statements of VEX documents: what somebody says about an advisory and a package.

/// What is said of a product.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VexStatus {
    /// The vulnerability does not affect it.
    NotAffected,
    /// It was repaired in it.
    Fixed,
    /// It affects it, or nobody knows yet. Such a statement silences nothing.
    Other,
}

/// Why a product is not affected, as far as it can be checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Justification {
    /// The package is not in the product.
    ComponentNotPresent,
    /// The vulnerable code is not in it.
    CodeNotPresent,
    /// Anything that only a person can know: not reachable, not controllable, mitigated, …
    Other,
}

/// One statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VexStatement {
    /// Id of the vulnerability, and aliases.
    pub ids: Vec<String>,
    /// What is said.
    pub status: VexStatus,
    /// Why; `None` where no reason is given.
    pub justification: Option<Justification>,
    /// The reason in words.
    pub reason: String,
    /// Who says it.
    pub author: Option<String>,
    /// When, as the document has it.
    pub said_at: Option<String>,
    /// Package URLs that it is about: the packages themselves, not what they are in.
    pub packages: Vec<String>,
    /// Package URLs of the products, where it names some.
    pub products: Vec<String>,
    /// The file it stands in, by its name.
    pub file: String,
    /// The last day on which it counts; `None`: for this call.
    pub until: Option<String>,
}

impl VexStatement {
    /// Whether it was certainly made before another one: both say when, in the same form.
    pub fn is_older_than(&self, other: &Self) -> bool {
        let time_of = |statement: &Self| {
            let text = statement.said_at.as_deref()?;
            // Fractions of a second are left out: what is that close is not in order for certain.
            let (seconds, rest) = text.split_at_checked("2026-01-01T00:00:00".len())?;
            rest.ends_with('Z').then(|| seconds.to_owned())
        };
        match (time_of(self), time_of(other)) {
            (Some(own), Some(others)) => own < others,
            _ => false,
        }
    }
}
