//! `cargo relnotes`.
