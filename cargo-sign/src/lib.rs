//! `cargo sign`.
