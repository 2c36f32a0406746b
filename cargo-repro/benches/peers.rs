//! `cargo xtask bench repro`: judging a pair of large files beside diffoscope and `cmp`, causes
//! that hide by luck beside naive rebuilding, and what `check` costs beside one clean build of the
//! same project, what the interposer costs a build, and how long one root takes to be explained,
//! all in the same run.
//!
//! Arguments: `[--quick] [--mib N] [--macros N] [--rounds N] [PROJECT…]`. Without projects a
//! published one is taken. Processor times are those of all child processes together, as the
//! shell's `times` gives them.
#![expect(
    clippy::unwrap_used,
    reason = "a benchmark that cannot run should say so and stop"
)]

use std::path::{Path, PathBuf};
use std::time::Duration;

use release_gates_tests::bench::{Measure, Ran, committed, measured, median, published, shown};

const PROGRAM: &str = env!("CARGO_BIN_EXE_cargo-repro");

fn main() {
    let mut args = std::env::args().skip(1).filter(|arg| arg != "--bench");
    let (mut mib, mut macros, mut rounds, mut projects) =
        (100_usize, 100_usize, 3_usize, Vec::new());
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--quick" => (mib, macros, rounds) = (4, 5, 1),
            "--mib" => mib = args.next().unwrap().parse().unwrap(),
            "--macros" => macros = args.next().unwrap().parse().unwrap(),
            "--rounds" => rounds = args.next().unwrap().parse().unwrap(),
            path => projects.push(PathBuf::from(path)),
        }
    }

    let scratch = tempfile::tempdir().unwrap();

    // diffoscope is measured on a pair it can do.
    let sizes = std::collections::BTreeSet::from([mib.min(4), mib]);
    for mib in sizes.into_iter().filter(|mib| *mib > 0) {
        pair(scratch.path(), mib);
    }
    if macros > 0 {
        luck(scratch.path(), macros);
    }
    if projects.is_empty() {
        match published(scratch.path(), "hexyl", "0.16.0") {
            Some(project) => {
                committed(&project);
                projects.push(project);
            }
            None => {
                Measure::of("hexyl 0.16.0").said("all", "not measured: cargo cannot download it")
            }
        }
    }

    for project in projects {
        let build = cost(scratch.path(), &project, rounds);
        attribution(scratch.path(), &project, build);
    }
}

/// What is there on every system that builds.
fn run(dir: &Path, words: &[&str]) -> Ran {
    measured(dir, words).unwrap_or_else(|| panic!("there is no `{}`", words[0]))
}

/// Two executables of a given size: this program, blown up by a section of its own bytes, with
/// three bytes changed, or shifted.
fn pair(dir: &Path, mib: usize) {
    let own = std::fs::read(std::env::current_exe().unwrap()).unwrap();
    let mut padding = Vec::with_capacity(mib << 20);
    while padding.is_empty() || padding.len() + own.len() < mib << 20 {
        padding.extend_from_slice(&own);
    }
    std::fs::write(dir.join("padding"), &padding).unwrap();
    std::fs::write(dir.join("own"), &own).unwrap();
    let add = |to: &str| {
        measured(
            dir,
            &["objcopy", "--add-section", ".ballast=padding", "own", to],
        )
    };
    if !add("a").is_some_and(|ran| ran.finished.is_success()) {
        return Measure::of("a pair of executables").said(
            "all",
            "not measured: objcopy is missing, which makes the pair",
        );
    }
    let mut bytes = std::fs::read(dir.join("a")).unwrap();
    let middle = bytes.len() / 2;
    for at in [middle, middle + bytes.len() / 20, middle + bytes.len() / 10] {
        bytes[at] ^= 1;
    }
    std::fs::write(dir.join("three"), &bytes).unwrap();
    padding.splice(1000..1000, *b"/home/somebody/else/");
    std::fs::write(dir.join("padding"), &padding).unwrap();
    assert!(add("shifted").is_some());
    for (what, other) in [
        ("three bytes changed", "three"),
        ("20 bytes inserted", "shifted"),
    ] {
        let mut row = Measure::of(format!(
            "a pair of executables of {} MiB, {what}",
            bytes.len() >> 20
        ));
        let ran = run(dir, &[PROGRAM, "diff", "a", other, "--color", "never"]);
        let more = format!(
            "{} of processor time, peak memory {}",
            shown(ran.cpu),
            peak(dir, other)
        );
        row.time("cargo repro diff", Some(ran.wall), &more);
        let cmp = run(dir, &["sh", "-c", "cmp -l a \"$0\" | wc -l", other]);
        row.time("cmp -l", Some(cmp.wall), "names no section");
        if mib > 8 {
            row.said("diffoscope", "not tried above 8 MiB, for its time");
            continue;
        }
        match measured(dir, &["timeout", "900", "diffoscope", "a", other]) {
            // 127 is what `timeout` says of a program that is not there.
            None => row.time("diffoscope", None, ""),
            Some(ran) if ran.finished.status.code() == Some(1) => {
                row.time("diffoscope", Some(ran.wall), "")
            }
            Some(ran) if ran.finished.status.code() == Some(124) => {
                row.said("diffoscope", "not done after 15 minutes");
            }
            Some(ran) => row.said(
                "diffoscope",
                &format!("failed ({:?})", ran.finished.status.code()),
            ),
        }
    }
}

/// Peak memory in MB, as the kernel says of the process when it has ended; the shell waits for it
/// alone.
fn peak(dir: &Path, other: &str) -> String {
    let script = "import resource, subprocess, sys\nsubprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)\n\
                  print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1000)";
    let ran = measured(dir, &["python3", "-c", script, PROGRAM, "diff", "a", other]);
    ran.map_or("unknown, without Python".to_owned(), |ran| {
        format!(
            "{} MB",
            String::from_utf8_lossy(&ran.finished.stdout).trim()
        )
    })
}

/// Packages whose macro depends on random numbers one time in seven: two builds of one agree three
/// times in four.
fn luck(dir: &Path, macros: usize) {
    let root = dir.join("luck");
    let put = |path: String, text: &str| {
        let path = root.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    let manifest = |name: &str, rest: &str| {
        format!("[package]\nname = \"{name}\"\nversion = \"1.0.0\"\nedition = \"2024\"\n{rest}")
    };
    put(
        "Cargo.toml".to_owned(),
        "[workspace]\nresolver = \"3\"\nmembers = [\"crates/*\"]\n",
    );
    put(
        "crates/dice/Cargo.toml".to_owned(),
        &manifest("dice", "[lib]\nproc-macro = true\n"),
    );
    let dice = "use std::hash::BuildHasher;\n#[proc_macro]\npub fn said(of: proc_macro::TokenStream) -> proc_macro::TokenStream {\n    \
                let odd = std::collections::hash_map::RandomState::new().hash_one(of.to_string()) % 7 == 0;\n    \
                odd.to_string().parse().unwrap()\n}\n";
    put("crates/dice/src/lib.rs".to_owned(), dice);
    for n in 0..macros {
        let name = format!("player-{n}");
        put(
            format!("crates/{name}/Cargo.toml"),
            &manifest(&name, "[dependencies]\ndice = { path = \"../dice\" }\n"),
        );
        put(
            format!("crates/{name}/src/lib.rs"),
            &format!("pub const SAID: bool = dice::said!({n});\n"),
        );
    }
    assert!(
        run(&root, &["cargo", "generate-lockfile", "--offline", "-q"])
            .finished
            .is_success()
    );
    committed(&root);
    let facts = dir.join("facts");
    let words = [
        PROGRAM,
        "check",
        "--workspace",
        "--offline",
        "-q",
        "--artifact-dir",
        facts.to_str().unwrap(),
    ];
    let wall = run(&root, &words).wall;
    let (mut found, mut naive) = (0, 0);
    for n in 0..macros {
        let report = std::fs::read(facts.join(format!("player-{n}-1.0.0/repro.json"))).unwrap();
        let report: serde_json::Value = serde_json::from_slice(&report).unwrap();
        let named = report["data"]["causes"]
            .as_array()
            .unwrap()
            .iter()
            .any(|cause| {
                cause["variation"] == "entropy"
                    && cause["package"] == "dice 1.0.0"
                    && cause["unit"] == "proc-macro"
            });
        found += usize::from(named && report["status"] == "fail");
        naive += usize::from(
            report["data"]["artifacts"]
                .as_array()
                .unwrap()
                .iter()
                .any(|one| one["identical"] == false),
        );
    }
    let row = Measure::of(format!(
        "{macros} packages with a macro whose output differs one time in seven"
    ));
    row.said(
        "cargo repro check",
        &format!("names the macro in {found}, in {}", shown(wall)),
    );
    row.said(
        "building twice and comparing",
        &format!("shows a difference in {naive}"),
    );
}

/// What `check` costs beside one clean build, and what the interposer costs a build; the processor
/// time of a build.
fn cost(dir: &Path, project: &Path, rounds: usize) -> Duration {
    let name = project.file_name().unwrap().to_string_lossy().into_owned();
    let target = dir.join("target");
    let facts = dir.join("cost");
    let fetch = run(project, &["cargo", "fetch", "--locked"]).finished;
    assert!(fetch.is_success(), "{}", fetch.stderr_text());
    let library = dir.join("interposer.so");
    std::fs::write(
        dir.join("interposer.c"),
        include_str!("../src/sealed/interposer.c"),
    )
    .unwrap();
    let compile = [
        "cc",
        "-shared",
        "-fPIC",
        "-O2",
        "-o",
        "interposer.so",
        "interposer.c",
        "-ldl",
    ];
    assert!(run(dir, &compile).finished.is_success());
    let build = "exec cargo build --release --locked --offline -q --target-dir \"$0\"";
    let log = dir.join("asked");
    let asked = format!(
        "export LD_PRELOAD={} REPRO_CLOCK=0 REPRO_ORDER=1 REPRO_HOST=x REPRO_PROCESSORS=0 REPRO_LOG={}; {build}",
        library.display(),
        log.display()
    );
    let check = [
        PROGRAM,
        "check",
        "--offline",
        "-q",
        "--artifact-dir",
        facts.to_str().unwrap(),
    ];
    let (mut plain, mut with, mut checks) = (Vec::new(), Vec::new(), Vec::new());
    let mut ended = Vec::new();
    // One of each in turn, so that what else the machine does falls on all.
    for _ in 0..rounds.max(1) {
        for (script, times) in [(build, &mut plain), (asked.as_str(), &mut with)] {
            let ran = run(project, &["sh", "-c", script, target.to_str().unwrap()]);
            assert!(ran.finished.is_success(), "{}", ran.finished.stderr_text());
            std::fs::remove_dir_all(&target).unwrap();
            times.push(ran.cpu);
        }
        let ran = run(project, &check);
        checks.push(ran.cpu);
        ended.push(match ran.finished.status.code() {
            Some(0) => "passed",
            Some(100) => "differs",
            _ => "not judged",
        });
    }
    let spread = plain
        .iter()
        .max()
        .unwrap()
        .saturating_sub(*plain.iter().min().unwrap());
    let (once, with, all) = (
        median(plain).unwrap(),
        median(with).unwrap(),
        median(checks).unwrap(),
    );
    let ratio = |time: Duration| time.as_secs_f64() / once.as_secs_f64().max(0.001);
    let mut row = Measure::of(format!(
        "{name}, processor time, median of {}",
        rounds.max(1)
    ));
    row.time(
        "cargo repro check",
        Some(all),
        &format!("{}, {:.2} builds", ended[0], ratio(all)),
    );
    row.time(
        "one clean build",
        Some(once),
        &format!("{:.1} % apart", 100.0 * ratio(spread)),
    );
    row.time(
        "one with the interposer",
        Some(with),
        &format!("{:+.1} %", (ratio(with) - 1.0) * 100.0),
    );
    once
}

/// How long one root takes to be explained: the project with a folder embedded in what it builds.
fn attribution(dir: &Path, project: &Path, build: Duration) {
    let copy = dir.join("attribution");
    let _ = std::fs::remove_dir_all(&copy);
    let clone = [
        "git",
        "clone",
        "-q",
        "--no-hardlinks",
        project.to_str().unwrap(),
        copy.to_str().unwrap(),
    ];
    assert!(run(dir, &clone).finished.is_success());
    let name = project.file_name().unwrap().to_string_lossy().into_owned();
    let row = Measure::of(format!("one root in {name}, explained"));
    let Some(root) = ["src/main.rs", "src/lib.rs"]
        .map(|name| copy.join(name))
        .into_iter()
        .find(|path| path.is_file())
    else {
        row.said(
            "cargo repro check",
            "not tried: there is neither src/main.rs nor src/lib.rs",
        );
        return;
    };
    let text = std::fs::read_to_string(&root).unwrap();
    std::fs::write(
        &root,
        text + "\n#[used]\nstatic WHERE: &str = env!(\"CARGO_MANIFEST_DIR\");\n",
    )
    .unwrap();
    let facts = dir.join("facts-attribution");
    let words = [
        PROGRAM,
        "check",
        "--offline",
        "-v",
        "--allow-dirty",
        "--artifact-dir",
        facts.to_str().unwrap(),
    ];
    let said = run(&copy, &words).finished.stderr_text();
    let number = |before: &str| -> Option<u32> {
        said.split(before)
            .nth(1)?
            .split_whitespace()
            .next()?
            .parse()
            .ok()
    };
    match number("Explained in ") {
        Some(ms) => {
            let share = f64::from(ms) / 10.0 / build.as_secs_f64().max(0.001);
            row.said(
                "cargo repro check",
                &format!(
                    "{ms} ms of processor time, {share:.0} % of one build's {}",
                    shown(build)
                ),
            );
        }
        None => row.said("cargo repro check", "not judged"),
    }
}
