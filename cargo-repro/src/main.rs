//! `cargo repro`.
fn main() -> std::process::ExitCode {
    cargo_repro::main()
}
