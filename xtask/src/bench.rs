//! `cargo xtask bench`: each gate beside its peers in one run, as one table with machine, versions
//! and date in its head.
//!
//! Every gate has a benchmark of its own (`<gate>/benches/peers.rs`); what one prints with four
//! columns is a row, all else is for people. A peer that is missing and a benchmark that failed are
//! rows, too: nothing is left out.

use std::path::PathBuf;

use release_gate::process::{Finished, Step};
use release_gate::time::iso_date;
use release_gate::{Error, Result, exit};

use crate::workspace::{Workspace, with_own_environment};

/// The gates in the order of a release.
const GATES: [&str; 5] = ["repro", "sbom-lite", "compat", "relnotes", "sign"];

/// What stands between these lines of a page is replaced; the rest of it is people's.
const MARKS: [&str; 2] = [
    "<!-- results: written by `cargo xtask bench --output docs/benchmarks.md` -->",
    "<!-- end of results -->",
];

/// Run the gates' benchmarks beside their peers
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  cargo xtask bench                               all five, on what each has at hand
  cargo xtask bench --output docs/benchmarks.md   and put the table into the page
  cargo xtask bench compat OLD=NEW                one, on your own input")]
pub(crate) struct BenchArgs {
    /// Which gate: repro, sbom-lite, compat, relnotes or sign [default: all, one after the other]
    gate: Option<String>,
    /// Also write the table there, as Markdown; of a page that has the marks, only what is between
    /// them is replaced
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Small inputs and single runs: to see that everything works, not for figures
    #[arg(long)]
    quick: bool,
    /// Handed on to the benchmark of the one gate
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    args: Vec<String>,
}

pub(crate) fn run(workspace: &Workspace, args: &BenchArgs) -> Result<u8> {
    let gates: Vec<&str> = match &args.gate {
        Some(gate) => vec![gate.trim_start_matches("cargo-")],
        None if args.args.is_empty() => GATES.to_vec(),
        None => {
            return Err(Error::usage("arguments are for one benchmark")
                .with_help("name the gate before them"));
        }
    };

    if let Some(unknown) = gates.iter().find(|gate| !GATES.contains(gate)) {
        return Err(Error::usage(format!("`{unknown}` is not a gate"))
            .with_help(format!("the gates are {}", GATES.join(", "))));
    }

    let mut page = head(workspace);
    if args.quick {
        page.push_str("\nSmall inputs and single runs: do not quote these figures.\n");
    }
    page.push_str(
        "\n| gate | measured | tool | result | ours in parts of it |\n|---|---|---|---|---|\n",
    );
    print(workspace, &page)?;
    let mut failed = Vec::new();
    for gate in gates {
        let rows = match measure(workspace, gate, args) {
            Ok(rows) => rows,
            Err(error) => {
                workspace.terminal.error(&error);
                failed.push(gate);
                format!("| {gate} | all | all | not measured: the benchmark failed | |\n")
            }
        };
        print(workspace, &rows)?;
        page.push_str(&rows);
    }

    if let Some(path) = &args.output {
        let old = std::fs::read_to_string(path).unwrap_or_default();
        release_gate::fs::write_atomic(path, placed(&old, &page).as_bytes())?;
        workspace
            .terminal
            .status("Wrote", path.display().to_string());
    }

    match failed.as_slice() {
        [] => Ok(exit::PASS),
        gates => Err(Error::judge(format!(
            "the benchmark of {} failed",
            gates.join(" and ")
        ))),
    }
}

fn print(workspace: &Workspace, text: &str) -> Result<()> {
    workspace
        .terminal
        .result(text)
        .map_err(|error| Error::judge("cannot write to standard output").with_source(error))
}

/// Runs one gate's benchmark, and makes its rows a table's.
fn measure(workspace: &Workspace, gate: &str, args: &BenchArgs) -> Result<String> {
    let package = format!("cargo-{gate}");
    let step = with_own_environment(workspace.cargo()).args([
        "bench", "--locked", "-p", &package, "--bench", "peers", "--",
    ]);
    let step = step.args(args.quick.then_some("--quick")).args(&args.args);
    let finished = workspace.run("Measuring", &package, step)?;
    let rows = rows(gate, &String::from_utf8_lossy(&finished.stdout));
    if rows.is_empty() {
        return Err(Error::judge(format!(
            "the benchmark of `{package}` measured nothing"
        )));
    }
    Ok(rows)
}

/// Lines of four columns, as rows of Markdown; what is measured stands only in the first of its
/// rows.
fn rows(gate: &str, said: &str) -> String {
    let mut out = String::new();
    let mut before = "";
    for line in said.lines() {
        let cells: Vec<&str> = line.split('\t').collect();
        let [what, tool, result, share] = cells[..] else {
            continue;
        };
        let cell = |text: &str| text.trim().replace('|', "\\|");
        let (gate, shown) = if what == before {
            ("", String::new())
        } else {
            (gate, cell(what))
        };
        out.push_str(&format!(
            "| {gate} | {shown} | {} | {} | {} |\n",
            cell(tool),
            cell(result),
            cell(share)
        ));
        before = what;
    }
    out
}

/// A page with the table in its place: between the marks, or alone.
fn placed(old: &str, table: &str) -> String {
    let [begin, end] = MARKS;
    let parts = old
        .split_once(begin)
        .and_then(|(top, rest)| Some((top, rest.split_once(end)?.1)));
    let (top, rest) = parts.unwrap_or(("# Benchmarks\n\n", "\n"));
    format!("{top}{begin}\n\n{}\n\n{end}{rest}", table.trim())
}

/// What the figures were measured on and against; a peer that is not installed is said to be
/// missing.
fn head(workspace: &Workspace) -> String {
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap_or_default();
    let date = iso_date(i64::try_from(now.as_secs()).unwrap_or(0));
    let processor = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let processor = processor
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let processor = processor.map_or("unknown processor", |(_, name)| name.trim());
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let memory = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let memory = memory.lines().find_map(|line| {
        line.strip_prefix("MemTotal:")?
            .split_whitespace()
            .next()?
            .parse::<u64>()
            .ok()
    });
    let memory = memory.map_or(String::new(), |kib| {
        format!(", {} GiB", (kib + (1 << 19)) >> 20)
    });
    let busy = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let busy = busy.split(' ').next().map_or(String::new(), |load| {
        format!(", load {load} before the start")
    });
    let system = format!("{} {}", std::env::consts::OS, std::env::consts::ARCH);
    let mut page = format!(
        "{date}, {cores} × {processor}{memory}, {system}{busy}.\n\n| program | version | install with |\n|---|---|---|\n"
    );
    for (program, args, install) in PROGRAMS {
        let version = version(workspace, program, args);
        let install = if install.is_empty() {
            String::new()
        } else {
            format!("`{install}`")
        };
        page.push_str(&format!(
            "| {program} | {} | {install} |\n",
            version.as_deref().unwrap_or("not installed")
        ));
    }
    page
}

/// The first number a program says about itself.
fn version(workspace: &Workspace, program: &str, args: &[&str]) -> Option<String> {
    let ran = workspace
        .runner
        .run(with_own_environment(Step::new(program).args(args)))
        .ok()
        .filter(Finished::is_success)?;
    let text = String::from_utf8_lossy(&ran.stdout).into_owned();
    let line = text.lines().next()?.to_owned();
    let number = |word: &&str| {
        word.trim_start_matches('v')
            .starts_with(|c: char| c.is_ascii_digit())
    };
    Some(
        line.split_whitespace()
            .find(number)
            .map_or(line.clone(), str::to_owned),
    )
}

/// The toolchain, then the peers: how each says its version, and how it is had.
const PROGRAMS: &[(&str, &[&str], &str)] = &[
    ("rustc", &["--version"], ""),
    ("git", &["--version"], ""),
    ("diffoscope", &["--version"], "pip install diffoscope"),
    ("cmp", &["--version"], ""),
    (
        "cargo-cyclonedx",
        &["cyclonedx", "--version"],
        "cargo install --locked cargo-cyclonedx",
    ),
    (
        "cargo-audit",
        &["audit", "--version"],
        "cargo install --locked cargo-audit",
    ),
    (
        "cargo-deny",
        &["--version"],
        "cargo install --locked cargo-deny",
    ),
    (
        "cargo-about",
        &["--version"],
        "cargo install --locked --features cli cargo-about",
    ),
    (
        "cargo-semver-checks",
        &["semver-checks", "--version"],
        "cargo install --locked cargo-semver-checks",
    ),
    (
        "cargo-public-api",
        &["--version"],
        "cargo install --locked cargo-public-api",
    ),
    ("git-cliff", &["--version"], "pip install git-cliff"),
    ("openssl", &["version"], ""),
    ("sha256sum", &["--version"], ""),
    ("minisign", &["-v"], "apt install minisign"),
    ("rsign", &["--version"], "cargo install --locked rsign2"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_one_table_and_name_what_is_measured_once() {
        let said = "noise\nhashing\tours\t1.00 s, 3 MB\t\nhashing\tpeer\t2.00 s\t0.50\nwalking\tours\tnot installed\t\n";
        assert_eq!(
            rows("sign", said),
            "| sign | hashing | ours | 1.00 s, 3 MB |  |\n|  |  | peer | 2.00 s | 0.50 |\n| sign | walking | ours | not installed |  |\n"
        );
        assert_eq!(rows("sign", "only noise\n"), "");
    }

    #[test]
    fn only_what_is_between_the_marks_is_replaced() {
        let page = placed("", "| a |\n");
        assert!(page.starts_with("# Benchmarks\n") && page.contains("\n| a |\n"));
        let words = page.replace("# Benchmarks\n", "# Ours\n") + "\n## Words\n";
        let again = placed(&words, "| b |\n");
        assert!(again.starts_with("# Ours\n") && again.ends_with("\n## Words\n"));
        assert!(again.contains("| b |") && !again.contains("| a |"));
        assert_eq!(placed(&again, "| b |"), again);
    }

    #[test]
    fn the_page_of_the_guide_has_the_marks() {
        let page = std::fs::read_to_string(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../docs/benchmarks.md"
        ))
        .unwrap();
        assert!(MARKS.iter().all(|mark| page.matches(mark).count() == 1));
    }
}
