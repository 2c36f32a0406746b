//! `cargo xtask platforms`: the five programs for other systems, built, started and tested as far as
//! this Linux machine can, and the table of that in `docs/platforms.md`.

mod args;
mod page;
mod run;
mod same_report;
mod wine;

pub(crate) use args::PlatformsArgs;
pub(crate) use run::run;
