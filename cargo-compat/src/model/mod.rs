//! The public API as rustdoc describes it, and what is said of it. Pure: reads no file, starts
//! nothing.

pub mod change;
pub mod config;
pub mod declaration;
pub mod dependent;
pub mod gap;
pub mod ident;
pub mod macro_pattern;
pub mod names;
pub mod package;
pub mod projection;
pub mod reach;
pub mod render;
pub mod source_impl;
pub mod surface;
pub mod unseen;
pub mod written_manifest;
