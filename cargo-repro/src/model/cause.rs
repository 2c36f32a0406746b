//! Causes, and the catalogue of what is varied and what mends a source that depends on it.

use release_gate::facts::report::repro::{Cause, ConfigLine, Fix, UnitKind, Variation};

/// Every variation with what is done to vary it and what mends a build that depends on it.
const CATALOGUE: &[(Variation, &str, &str)] = &[
    (
        Variation::Path,
        "every folder has another name and length: sources, target folder, CARGO_HOME, HOME",
        "embed no folder: use paths relative to the package, `include_bytes!`, or look it up at run time",
    ),
    (
        Variation::Time,
        "the clock is more than a year ahead (interposer)",
        "take the time from SOURCE_DATE_EPOCH, which sealed builds set to the commit's time, or leave it out",
    ),
    (
        Variation::FileTime,
        "the sources' modification times are another day's; files that the build makes are younger (interposer)",
        "embed no times of files; in archives: `tar --mtime=@$SOURCE_DATE_EPOCH`, `gzip -n`, `ar D`",
    ),
    (
        Variation::Entropy,
        "random numbers come from another seed (interposer); without it from the system as ever",
        "iterate over `BTreeMap` or sorted vectors, never `HashMap`; make no random constants at build time",
    ),
    (
        Variation::FileOrder,
        "folders list their files in ascending order once, in descending order once (interposer)",
        "sort what `read_dir`, `glob` and `walkdir` return",
    ),
    (
        Variation::Environment,
        "HOME, USER, LOGNAME, LANG, LC_ALL, TZ, SHELL, TERM, what continuous integration sets, and a variable of no meaning have other values",
        "embed no environment of the machine; what is meant on purpose belongs in `[env]` of .cargo/config.toml",
    ),
    (
        Variation::Host,
        "the machine has another name (namespace, interposer, `/etc/hostname`)",
        "do not embed the name of the machine that builds",
    ),
    (
        Variation::Jobs,
        "cargo runs with another number of jobs, and programs see another number of processors (interposer)",
        "do not embed NUM_JOBS, and do not let the order in which threads end decide",
    ),
    (
        Variation::Umask,
        "new files and the sources themselves have other permissions",
        "set the permissions of packed files, do not copy them from the disk",
    ),
    (
        Variation::UserId,
        "the build runs as another user and group (user namespace)",
        "do not embed who builds: `tar --owner=0 --group=0 --numeric-owner`, and no `whoami` or `id`",
    ),
    (
        Variation::GitHistory,
        "the repository is a shallow one without tags",
        "embed the whole id of the commit: no `git describe`, tags, counts of commits or shortened ids",
    ),
    (
        Variation::Kernel,
        "the kernel says that it is of another release (interposer)",
        "do not embed `uname -r`: nothing that is built may depend on it",
    ),
    (
        Variation::Processor,
        "the processor and memory are said to be others (interposer); what programs ask the processor itself is not varied",
        "name the processor: `target-cpu=x86-64-v2` in place of `native`, and no probes in build scripts",
    ),
    (
        Variation::None,
        "nothing: the same call in the same place is repeated",
        "threads, addresses or the compiler itself decide; try `codegen-units = 1` or a newer compiler",
    ),
    (
        Variation::Unknown,
        "several at once",
        "compare the evidence; `cargo repro diff` shows where the files differ",
    ),
];

/// What mends a source that depends on a variation.
pub(crate) fn advice(variation: Variation) -> &'static str {
    CATALOGUE
        .iter()
        .find(|(of, ..)| *of == variation)
        .map_or("", |(.., advice)| advice)
}

/// What would fix it and cannot be tried on a repetition.
pub(crate) fn untried_fix(text: impl Into<String>) -> Fix {
    Fix {
        text: text.into(),
        confirmed: false,
        config: Vec::new(),
    }
}

/// Configuration that made a repetition equal.
pub(crate) fn tried_fix(text: impl Into<String>, config: Vec<ConfigLine>) -> Fix {
    Fix {
        text: text.into(),
        confirmed: true,
        config,
    }
}

/// A unit is to blame; nothing else is known yet.
pub(crate) fn unknown_cause(package: &str, version: &str, unit: UnitKind) -> Cause {
    Cause {
        package: format!("{package} {version}"),
        unit,
        variation: Variation::Unknown,
        section: None,
        symbol: None,
        source: None,
        evidence: Vec::new(),
        fix: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_variation_says_how_it_is_varied_and_mended() {
        for (variation, how, mended) in CATALOGUE {
            assert!(!how.is_empty() && advice(*variation) == *mended);
            assert!(mended.len() <= 110, "{mended}");
        }
    }
}
