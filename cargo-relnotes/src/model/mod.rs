//! What release notes are about, as plain data.
//!
//! Must never: read a file, start a program, look at the clock or the environment. Everything here
//! is computed from values somebody handed in, so that every rule can be tested in process.

pub mod account;
pub mod advisories;
pub mod breaking;
pub mod bucket;
pub mod bump;
pub mod changed;
pub mod cliff;
pub mod commit;
pub mod config;
pub mod corrections;
pub mod dependencies;
mod emoji;
pub mod facts;
pub mod folders;
mod footers;
pub mod fragments;
pub mod generated;
pub mod grammar;
mod housekeeping;
mod lines;
pub mod links;
pub mod manifest;
pub mod message;
pub mod note;
pub mod people;
mod placing;
pub mod prose;
pub mod pulls;
pub mod range;
pub mod release;
pub mod reverts;
pub mod sections;
pub mod shipped;
pub mod spans;
pub mod squash;
pub mod untrusted;
pub mod updates;
pub mod upkeep;
pub mod vulnerabilities;
pub mod words;
