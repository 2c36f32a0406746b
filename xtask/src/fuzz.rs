//! `cargo xtask fuzz`: the fuzz targets of fuzz/, a short time each.

use release_gate::{Error, Result, exit};

use crate::shop::Shop;

/// Run the fuzz targets
#[derive(Debug, clap::Args)]
pub(crate) struct FuzzArgs {
    /// Only this target [default: all]
    target: Option<String>,
    /// Seconds for each target
    #[arg(long, default_value_t = 60)]
    seconds: u64,
}

pub(crate) fn run(shop: &Shop, args: &FuzzArgs) -> Result<u8> {
    let folder = shop.root.join("fuzz/fuzz_targets");
    let mut targets: Vec<String> = std::fs::read_dir(&folder)
        .map_err(|error| Error::judge("cannot read `fuzz/fuzz_targets`").with_source(error))?
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.strip_suffix(".rs").map(str::to_owned))
        .filter(|name| args.target.as_ref().is_none_or(|wanted| wanted == name))
        .collect();
    targets.sort();
    if targets.is_empty() {
        return Err(
            Error::usage("there is no such fuzz target").with_help("`ls fuzz/fuzz_targets` lists them")
        );
    }
    for target in &targets {
        let step = shop.cargo().args(["+nightly", "fuzz", "run", "--fuzz-dir", "fuzz", target, "--"]);
        let step = step
            .arg(format!("-max_total_time={}", args.seconds))
            .args(["-rss_limit_mb=4096", "-verbosity=0"]);
        // `+nightly` is the toolchain manager's word: the cargo that started this task would not understand it.
        shop.run("Fuzzing", target, step.env_remove("RUSTUP_TOOLCHAIN").program("cargo"))?;
    }
    shop.terminal.status("Finished", format!("{} targets without a crash", targets.len()));
    Ok(exit::PASS)
}
