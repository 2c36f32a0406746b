//! What is read: baselines, what cargo and rustdoc say. The only part that asks cargo and git.

pub mod baseline;
pub mod build;
pub mod cache;
pub mod cargo;
pub mod dep_info;
pub mod dependent_build;
pub mod dependent_tree;
pub mod describe;
pub mod environment;
pub mod features;
mod folder_tree;
pub mod in_use;
mod manifests;
pub mod new_tree;
pub mod old;
mod published;
pub mod rustdoc;
pub mod side;
mod tags;
pub mod tree;
mod words;
pub mod wrapper;
