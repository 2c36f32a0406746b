//! `cargo xtask bench`: each gate beside its peers in one run, ratios and medians.

use std::path::PathBuf;

use release_gate::process::{Finished, Step};
use release_gate::time::iso_date;
use release_gate::{Error, Result, exit};

use crate::shop::Shop;

/// The gates in the order of a release.
const GATES: [&str; 5] = ["repro", "sbom-lite", "compat", "relnotes", "sign"];

/// Run the gates' benchmarks beside their peers
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  cargo xtask bench                         all five, on what each has at hand
  cargo xtask bench --output results.md     and keep what they said
  cargo xtask bench compat OLD=NEW          one, on your own input")]
pub(crate) struct BenchArgs {
    /// Which gate: repro, sbom-lite, sign, compat or relnotes [default: all, one after the other]
    gate: Option<String>,
    /// Also write the results there, as Markdown
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Handed on to the benchmark of the one gate
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    args: Vec<String>,
}

pub(crate) fn run(shop: &Shop, args: &BenchArgs) -> Result<u8> {
    let gates: Vec<&str> = match &args.gate {
        Some(gate) => vec![gate.trim_start_matches("cargo-")],
        None if args.args.is_empty() => GATES.to_vec(),
        None => {
            return Err(
                Error::usage("arguments are for one benchmark").with_help("name the gate before them")
            );
        }
    };
    let mut page = machine(shop);
    print(shop, &page)?;
    for gate in gates {
        let package = format!("cargo-{gate}");
        if !shop.root.join(&package).join("benches/peers.rs").is_file() {
            return Err(Error::usage(format!("`{package}` has no benchmark")).with_help(
                "a gate's benchmark is `<gate>/benches/peers.rs`, a `[[bench]]` without harness",
            ));
        }
        let names: Vec<_> = std::env::vars_os().map(|(name, _)| name).collect();
        let step = shop.cargo().inherit(names);
        let step =
            step.args(["bench", "--locked", "-p", &package, "--bench", "peers", "--"]).args(&args.args);
        let finished = shop.run("Measuring", &package, step)?;
        let section =
            format!("\n## {gate}\n\n```text\n{}\n```\n", String::from_utf8_lossy(&finished.stdout).trim());
        print(shop, &section)?;
        page.push_str(&section);
    }
    if let Some(path) = &args.output {
        release_gate::fs::write_atomic(path, page.as_bytes())?;
        shop.terminal.status("Wrote", path.display().to_string());
    }
    Ok(exit::PASS)
}

fn print(shop: &Shop, text: &str) -> Result<()> {
    shop.terminal
        .result(text)
        .map_err(|error| Error::judge("cannot write to standard output").with_source(error))
}

/// What the figures were measured on and against; a peer that is not installed is said to be missing.
fn machine(shop: &Shop) -> String {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    let date = iso_date(i64::try_from(now.as_secs()).unwrap_or(0));
    let processor = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let processor = processor.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let processor = processor.map_or("unknown processor", |(_, name)| name.trim());
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let system = format!("{} {}", std::env::consts::OS, std::env::consts::ARCH);
    let mut page = format!(
        "# Benchmarks\n\n{date}, {cores} × {processor}, {system}\n\n| program | version |\n|---|---|\n"
    );
    for (program, args) in PROGRAMS {
        let names: Vec<_> = std::env::vars_os().map(|(name, _)| name).collect();
        let ran = shop.runner.run(Step::new(program).args(*args).inherit(names));
        let version = ran.ok().filter(Finished::is_success).map(|finished| {
            let text = String::from_utf8_lossy(&finished.stdout).into_owned();
            text.lines().next().unwrap_or_default().to_owned()
        });
        page.push_str(&format!("| {program} | {} |\n", version.as_deref().unwrap_or("not installed")));
    }
    page
}

/// The toolchain, then the peers, and how each says its version.
const PROGRAMS: &[(&str, &[&str])] = &[
    ("rustc", &["--version"]),
    ("git", &["--version"]),
    ("cargo-semver-checks", &["semver-checks", "--version"]),
    ("cargo-public-api", &["--version"]),
    ("cargo-audit", &["audit", "--version"]),
    ("cargo-cyclonedx", &["cyclonedx", "--version"]),
    ("git-cliff", &["--version"]),
    ("openssl", &["version"]),
    ("sha256sum", &["--version"]),
    ("diffoscope", &["--version"]),
];
