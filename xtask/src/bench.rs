//! `cargo xtask bench`: each gate beside its peers in one run, ratios and medians.

use release_gate::{Error, Result, exit};

use crate::shop::Shop;

/// Run a gate's benchmark
#[derive(Debug, clap::Args)]
pub(crate) struct BenchArgs {
    /// Which gate: repro, sbom-lite, sign, compat or relnotes
    gate: String,
    /// Handed on to the benchmark
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    args: Vec<String>,
}

pub(crate) fn run(shop: &Shop, args: &BenchArgs) -> Result<u8> {
    let package = format!("cargo-{}", args.gate.trim_start_matches("cargo-"));
    let bench = shop.root.join(&package).join("benches/peers.rs");
    if !bench.is_file() {
        return Err(Error::usage(format!("`{package}` has no benchmark"))
            .with_help("a gate's benchmark is `<gate>/benches/peers.rs`, a `[[bench]]` without harness"));
    }
    let names: Vec<_> = std::env::vars_os().map(|(name, _)| name).collect();
    let step =
        shop.cargo().inherit(names).args(["bench", "--locked", "-p", &package, "--bench", "peers", "--"]);
    let finished = shop.run("Measuring", &package, step.args(&args.args))?;
    let text = String::from_utf8_lossy(&finished.stdout);
    shop.terminal
        .result(&text)
        .map_err(|error| Error::judge("cannot write to standard output").with_source(error))?;
    Ok(exit::PASS)
}
