//! `cargo compat`.
