//! What mends a cause: tried on the replay where it can be, else said to be untried.

use super::factors::{Factor, Found, variables};
use super::replay::{Quiet, Settings, Trials};
use crate::model::cause::{ConfigFix, Fix, Variation};

/// Variables with which known crates can be told to embed nothing that changes, their values, and
/// the crates.
const KNOWN_SWITCHES: &[(&str, &str, &str)] = &[
    ("CONST_RANDOM_SEED", "release", "const-random"),
    ("VERGEN_IDEMPOTENT", "1", "vergen"),
    ("VERGEN_IDEMPOTENT_OUTPUT", "1", "vergen"),
];

/// The best that is known: a switch of the crate, a pinned variable, a pin of sealed builds
/// (`pinned` says whether holding still all that was found made the outputs equal), or advice that
/// was not tried.
pub(super) fn find(
    trials: &mut Trials<'_>,
    found: &Found,
    pinned: bool,
    quiet: Quiet,
    clock: u64,
) -> Option<Fix> {
    let switch = match found.variation {
        Variation::Entropy | Variation::Time => switch(trials, found, quiet, clock),
        Variation::Environment => environment(trials, found, quiet),
        _ => None,
    };
    switch
        .or_else(|| {
            // What is pinned already and differs all the same is not mended by pinning it.
            let word = pin(found.variation, quiet).filter(|word| pinned && !trials.pins(word))?;
            Some(pinning(word, found.variation.advice()))
        })
        .or_else(|| {
            (found.variation != Variation::Unknown).then(|| Fix::advice(found.variation.advice()))
        })
}

/// Holding something still in sealed builds, after it was tried.
pub(super) fn pinning(word: &str, advice: &str) -> Fix {
    Fix::tried(
        format!(
            "{advice}; `[repro] pin = [\"{word}\"]` in release-gates.toml makes sealed builds hold it still, which masks it"
        ),
        ConfigFix {
            file: "release-gates.toml".to_owned(),
            key: "repro.pin".to_owned(),
            value: format!("[\"{word}\"]"),
        },
    )
}

/// The word of `[repro] pin` that holds a variation still.
fn pin(variation: Variation, quiet: Quiet) -> Option<&'static str> {
    Some(match variation {
        Variation::None
            if quiet
                == (Quiet {
                    process: true,
                    ..Quiet::default()
                }) =>
        {
            "process"
        }
        Variation::None
            if quiet
                == (Quiet {
                    addresses: true,
                    ..Quiet::default()
                }) =>
        {
            "addresses"
        }
        Variation::None
            if quiet
                == (Quiet {
                    threads: true,
                    ..Quiet::default()
                }) =>
        {
            "threads"
        }
        Variation::None | Variation::Unknown => return None,
        other => other.as_str(),
    })
}

/// What a variable is set to for every build, where that hurts nobody.
fn value(name: &str) -> Option<&'static str> {
    match name {
        // Programs look for their own files there.
        "HOME" | "PATH" | "TMPDIR" => None,
        "LANG" | "LC_ALL" => Some("C.UTF-8"),
        "TZ" => Some("UTC"),
        "SHELL" => Some("/bin/sh"),
        _ => Some("release"),
    }
}

/// Pinning the variables for every build.
fn environment(trials: &mut Trials<'_>, found: &Found, quiet: Quiet) -> Option<Fix> {
    let names = variables(&found.factors);
    let forced: Vec<(String, String)> = names
        .iter()
        .map(|name| Some((name.clone(), value(name)?.to_owned())))
        .collect::<Option<_>>()?;
    let base = Settings {
        forced: forced.clone(),
        quiet,
        ..Settings::default()
    };
    let one = trials.run(&base)?;
    let other = trials.run(&Settings {
        variables: names.clone(),
        ..base
    })?;
    let mut lines = forced.iter().map(|(name, value)| ConfigFix {
        file: ".cargo/config.toml".to_owned(),
        key: format!("env.{name}"),
        value: format!("{{ value = {value:?}, force = true }}"),
    });
    let first = lines.next().filter(|_| one == other)?;
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let text = format!(
        "pin {} for builds in `.cargo/config.toml`: this masks it; better do not embed it",
        names.join(" and ")
    );
    Some(Fix {
        more: lines.collect(),
        ..Fix::tried(text, first)
    })
}

/// Switches that known crates have: the first that makes the replays equal.
fn switch(trials: &mut Trials<'_>, found: &Found, quiet: Quiet, clock: u64) -> Option<Fix> {
    KNOWN_SWITCHES.iter().find_map(|(name, value, package)| {
        if !trials.builds(package) {
            return None;
        }
        let forced = vec![((*name).to_owned(), (*value).to_owned())];
        let base = Settings {
            forced,
            quiet,
            expanded: found.expanded,
            ..Settings::default()
        };
        let one = trials.run(&base)?;
        let mut others: Vec<Settings> = match found.variation {
            Variation::Time => vec![Settings {
                clock,
                ..base.clone()
            }],
            _ => (12..19)
                .chain(found.factors.iter().filter_map(|factor| match factor {
                    Factor::Seed(seed) => Some(*seed),
                    _ => None,
                }))
                .map(|seed| Settings {
                    seed,
                    ..base.clone()
                })
                .collect(),
        };
        let mut equal = others
            .iter()
            .all(|settings| trials.run(settings).as_ref() == Some(&one));
        if let Some(last) = others.pop().filter(|_| equal && found.expanded) {
            // It is the output that has to be equal.
            let output = |settings: Settings, trials: &mut Trials<'_>| {
                trials.run(&Settings {
                    expanded: false,
                    ..settings
                })
            };
            equal = output(base, trials).is_some_and(|one| output(last, trials) == Some(one));
        }
        equal.then(|| {
            Fix::tried(
                format!("set {name}={value} for builds in `.cargo/config.toml`"),
                ConfigFix {
                    file: ".cargo/config.toml".to_owned(),
                    key: format!("env.{name}"),
                    value: format!("{value:?}"),
                },
            )
        })
    })
}
