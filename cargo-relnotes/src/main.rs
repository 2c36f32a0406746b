//! `cargo relnotes`.
//! Thin binary over the library of the same name.
fn main() -> std::process::ExitCode {
    cargo_relnotes::main()
}
