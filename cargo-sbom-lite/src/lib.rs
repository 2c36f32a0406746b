//! `cargo sbom-lite`.
