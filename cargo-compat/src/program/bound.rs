//! A trait as a bound.

use super::scope::Scope;

/// A trait and how programs write bounds by it.
pub(super) struct Bound {
    pub(super) scope: Scope,
    /// The trait's own path.
    pub(super) name: String,
    /// `::k::Trait<'a, T>`.
    pub(super) full: String,
    /// `X__: ?Sized + ::k::Trait<'a, T>`.
    pub(super) user: String,
}
