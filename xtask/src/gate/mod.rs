//! `cargo xtask gate`: one release of a project through all five gates, with a table at the end.

mod args;
mod call;
mod key;
mod row;
mod session;
mod summary;

pub(crate) use args::GateArgs;
pub(crate) use session::run;
