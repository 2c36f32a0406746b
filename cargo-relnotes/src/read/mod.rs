//! What is read: history, manifests and lockfiles at a revision, facts other gates left.
//!
//! Must never: judge, or run code of the repository. git is asked through [`release_gate::git`]
//! only.

pub mod advisories;
pub mod blobs;
pub mod changelog;
pub mod facts;
pub mod fragments;
pub mod history;
pub mod lockfile;
pub mod manifest;
pub mod page;
pub mod people_cache;
pub mod shipped;
pub mod words;
