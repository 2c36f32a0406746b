//! One page over a release that people look at: `cargo xtask gate --report` after a run, `cargo
//! xtask report` of what lies in an artifact folder.

mod advisories;
mod api;
mod artifacts;
mod command;
mod dependencies;
mod download;
mod folder;
mod known;
mod line;
mod page;
mod sbom;
mod size;
mod words;

#[cfg(test)]
mod tests;

pub(crate) use command::{ReportArgs, after_gating, run};
pub(crate) use line::{ALL_PACKAGES, Line};
