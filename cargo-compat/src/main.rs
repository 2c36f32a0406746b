//! `cargo compat`: the program over the library of the same name.

fn main() -> std::process::ExitCode {
    cargo_compat::main()
}
