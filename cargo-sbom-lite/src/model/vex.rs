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
    /// Package URLs that it is about: the packages themselves, not what they are in.
    pub packages: Vec<String>,
    /// Package URLs of the products, where it names some.
    pub products: Vec<String>,
    /// The file it stands in, by its name.
    pub file: String,
    /// The last day on which it counts; `None`: for this call.
    pub until: Option<String>,
}
