//! `cargo sign`: the program over the library of the same name.

fn main() -> std::process::ExitCode {
    cargo_sign::main()
}
