//! A finding from a cause.

use release_gate::facts::report::repro::{Cause, Fix, Variation};
use release_gate::{Finding, Level, Rule};

use crate::model::roots::Root;
use crate::rules;

/// A cause, the root it was found at, and how it came to light.
#[derive(Debug, Clone)]
pub(crate) struct Revealed {
    pub(crate) root: Root,
    pub(crate) cause: Cause,
    pub(crate) revelation: Revelation,
}

/// How a cause came to light.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Revelation {
    /// The two builds differ.
    BuildsDiffer,
    /// The two builds agreed by luck.
    AnotherSeed,
    /// The recorded compiler calls say so.
    Recorded,
    /// Only the source after macros ran differs.
    ExpandedSource,
}

impl Revealed {
    /// Whether the builds differ for it and nothing but a pin of sealed builds is known to help.
    pub(crate) fn is_masked_only(&self) -> bool {
        let config = self
            .cause
            .fix
            .as_ref()
            .filter(|fix| fix.confirmed)
            .map(|fix| fix.config.as_slice());
        self.revelation == Revelation::BuildsDiffer
            && config.is_none_or(|config| config.iter().all(|line| line.key == "repro.pin"))
    }
}

/// What a report says of a cause; `latent` where the artifacts are equal all the same.
pub(crate) fn finding_of(cause: &Cause, latent: bool) -> Finding {
    let rule = if latent {
        &rules::LATENT
    } else {
        rule_of(cause.variation)
    };

    let seen = cause
        .evidence
        .first()
        .map(|first| format!(": {first}"))
        .unwrap_or_default();

    let text = format!(
        "the {} of `{}` depends on {}{seen}",
        cause.unit.as_str(),
        cause.package,
        dependence(cause)
    );

    let mut finding = Finding::new(rule, text).level(if latent { Level::Warn } else { rule.level });
    if let Some(fix) = &cause.fix {
        finding = finding.help(help_of(cause, fix));
    }

    finding
        .evidence("package", cause.package.clone())
        .evidence("variation", cause.variation.as_str())
        .evidence("source", serde_json::json!(cause.source))
}

/// What to change first, then how far that was tried.
fn help_of(cause: &Cause, fix: &Fix) -> String {
    let place = cause
        .source
        .as_ref()
        .map(|source| format!("look at `{source}` of `{}`\n", cause.package))
        .unwrap_or_default();
    let tried = if fix.confirmed {
        "(tried: it made the outputs equal)"
    } else {
        "(not tried)"
    };
    format!("{place}{}\n{tried}", fix.text)
}

/// What the output depends on, in words.
fn dependence(cause: &Cause) -> &'static str {
    match cause.variation {
        Variation::Path => "where it is built",
        Variation::Time => "the clock",
        Variation::FileTime => "the modification times of files",
        Variation::Entropy => "random numbers",
        Variation::FileOrder => "the order of files in a folder",
        Variation::Environment => "the environment",
        Variation::Host => "the name of the machine",
        Variation::Jobs => "the number of jobs",
        Variation::Umask => "the umask",
        Variation::UserId => "who builds",
        Variation::GitHistory => "how much of the history git knows",
        Variation::Kernel => "the release of the kernel",
        Variation::Processor => "what the processor can do",
        Variation::None => "chance (the same call gives different outputs)",
        Variation::Unknown => "something that was not narrowed down",
    }
}

/// The rule of a cause.
fn rule_of(variation: Variation) -> &'static Rule {
    match variation {
        Variation::Path => &rules::PATH,
        Variation::Time => &rules::TIME,
        Variation::FileTime => &rules::FILE_TIME,
        Variation::Entropy => &rules::ENTROPY,
        Variation::FileOrder => &rules::FILE_ORDER,
        Variation::Environment => &rules::ENVIRONMENT,
        Variation::Host => &rules::HOST,
        Variation::Jobs => &rules::JOBS,
        Variation::Umask => &rules::UMASK,
        Variation::UserId => &rules::USER_ID,
        Variation::GitHistory => &rules::GIT_HISTORY,
        Variation::Kernel => &rules::KERNEL,
        Variation::Processor => &rules::PROCESSOR,
        Variation::None => &rules::NONDETERMINISTIC,
        Variation::Unknown => &rules::UNEXPLAINED,
    }
}
