//! A sealed build: sources from the commit alone, an environment of a known few variables, no
//! network, known paths.

pub(crate) mod abilities;
pub(crate) mod built;
pub(crate) mod cargo_config;
pub(crate) mod conditions;
pub(crate) mod cross;
pub(crate) mod downloads;
pub(crate) mod entrance;
mod environment;
pub(crate) mod export;
pub(crate) mod fetch;
pub(crate) mod guard;
pub(crate) mod history;
pub(crate) mod identity;
pub(crate) mod inputs;
pub(crate) mod interposer;
pub(crate) mod leftovers;
pub(crate) mod machine;
pub(crate) mod outcome;
pub(crate) mod pins;
pub(crate) mod processor;
pub(crate) mod runners;
pub(crate) mod sandbox;
pub(crate) mod started;
pub(crate) mod toolchain;
pub(crate) mod variables;
