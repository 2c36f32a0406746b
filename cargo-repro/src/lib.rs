//! `cargo repro`.
