//! What mends a cause: tried on the replay where it can be, else said to be untried.

use release_gate::facts::report::repro::{ConfigLine, Fix, Variation};

use super::factors::{Factor, Found, variables};
use super::replay::Trials;
use super::settings::{Isolation, Settings};
use crate::model::cause::{advice, tried_fix, untried_fix};

/// Variables with which known crates can be told to embed nothing that changes, their values, and
/// the crates.
pub(super) const KNOWN_SWITCHES: &[(&str, &str, &str)] = &[
    ("CONST_RANDOM_SEED", "release", "const-random"),
    ("VERGEN_IDEMPOTENT", "1", "vergen"),
    ("VERGEN_IDEMPOTENT_OUTPUT", "1", "vergen"),
];

/// Seeds under which a switch has to give the same.
const SEEDS: std::ops::Range<u32> = 12..19;

/// The best that is known: a switch of the crate, a pinned variable, a pin of sealed builds
/// (`pinned` says whether holding still all that was found made the outputs equal), or advice that
/// was not tried.
pub(super) fn find(
    trials: &mut Trials<'_>,
    found: &Found,
    pinned: bool,
    isolation: Isolation,
) -> Option<Fix> {
    let by_configuration = match found.variation {
        Variation::Entropy | Variation::Time => switch(trials, found, isolation),
        Variation::Environment => environment(trials, found, isolation),
        _ => None,
    };
    if by_configuration.is_some() {
        return by_configuration;
    }

    // What is pinned already and differs all the same is not fixed by pinning it.
    let word = pin_of(found.variation, isolation).filter(|word| pinned && !trials.pins(word));
    let advice = advice(found.variation);
    match word {
        Some(word) => Some(pinning(word, advice)),
        None => (found.variation != Variation::Unknown).then(|| untried_fix(advice)),
    }
}

/// Holding something still in sealed builds, after it was tried.
pub(super) fn pinning(word: &str, advice: &str) -> Fix {
    tried_fix(
        format!(
            "{advice}\nor `[repro] pin = [\"{word}\"]` in release-gates.toml: sealed builds hold it still, which masks it"
        ),
        vec![pin_line(word)],
    )
}

/// The line of configuration that pins something.
pub(super) fn pin_line(word: &str) -> ConfigLine {
    ConfigLine {
        file: "release-gates.toml".to_owned(),
        key: "repro.pin".to_owned(),
        value: format!("[\"{word}\"]"),
    }
}

/// The word of `[repro] pin` that holds a variation still.
fn pin_of(variation: Variation, isolation: Isolation) -> Option<&'static str> {
    match variation {
        Variation::None => match isolation {
            Isolation::PROCESS => Some("process"),
            Isolation::ADDRESSES => Some("addresses"),
            Isolation::THREADS => Some("threads"),
            _ => None,
        },
        Variation::Unknown => None,
        other => Some(other.as_str()),
    }
}

/// What a variable is set to for every build, where that hurts nobody.
fn value_for_all(name: &str) -> Option<&'static str> {
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
fn environment(trials: &mut Trials<'_>, found: &Found, isolation: Isolation) -> Option<Fix> {
    let names = variables(&found.factors);
    let forced: Vec<(String, String)> = names
        .iter()
        .map(|name| Some((name.clone(), value_for_all(name)?.to_owned())))
        .collect::<Option<_>>()?;

    let base = Settings {
        forced: forced.clone(),
        isolation,
        ..Settings::default()
    };
    let one = trials.run(&base)?;
    let other = trials.run(&Settings {
        variables: names.clone(),
        ..base
    })?;

    if one != other || forced.is_empty() {
        return None;
    }

    let lines = forced.iter().map(|(name, value)| ConfigLine {
        file: ".cargo/config.toml".to_owned(),
        key: format!("env.{name}"),
        value: format!("{{ value = {value:?}, force = true }}"),
    });
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let text = format!(
        "pin {} for builds in `.cargo/config.toml`: this masks it; better do not embed it",
        names.join(" and ")
    );
    Some(tried_fix(text, lines.collect()))
}

/// Switches that known crates have: the first that makes the replays equal.
fn switch(trials: &mut Trials<'_>, found: &Found, isolation: Isolation) -> Option<Fix> {
    let (name, value, _) = KNOWN_SWITCHES.iter().find(|(name, value, package)| {
        trials.builds(package)
            && is_equal_with(trials, found, isolation, name, value).unwrap_or(false)
    })?;
    Some(tried_fix(
        format!("set {name}={value} for builds in `.cargo/config.toml`"),
        vec![ConfigLine {
            file: ".cargo/config.toml".to_owned(),
            key: format!("env.{name}"),
            value: format!("{value:?}"),
        }],
    ))
}

/// The same conditions, with the output made instead of the expanded source.
fn with_output(settings: &Settings) -> Settings {
    Settings {
        expanded: false,
        ..settings.clone()
    }
}

/// Whether a variable makes what was found have no effect.
fn is_equal_with(
    trials: &mut Trials<'_>,
    found: &Found,
    isolation: Isolation,
    name: &str,
    value: &str,
) -> Option<bool> {
    let base = Settings {
        forced: vec![(name.to_owned(), value.to_owned())],
        isolation,
        expanded: found.expanded,
        ..Settings::default()
    };
    let one = trials.run(&base)?;
    let others = varied(found, &base, trials.clock_ahead());
    for settings in &others {
        if trials.run(settings).as_ref() != Some(&one) {
            return Some(false);
        }
    }

    // It is the output that has to be equal, not only the source.
    if found.expanded
        && let Some(last) = others.last()
    {
        let one = trials.run(&with_output(&base))?;
        return Some(trials.run(&with_output(last))? == one);
    }
    Some(true)
}

/// Conditions in which what was found is varied.
fn varied(found: &Found, base: &Settings, clock: u64) -> Vec<Settings> {
    if found.variation == Variation::Time {
        return vec![Settings {
            clock,
            ..base.clone()
        }];
    }
    let known = found.factors.iter().filter_map(|factor| match factor {
        Factor::Seed(seed) => Some(*seed),
        _ => None,
    });
    SEEDS
        .chain(known)
        .map(|seed| Settings {
            seed,
            ..base.clone()
        })
        .collect()
}
