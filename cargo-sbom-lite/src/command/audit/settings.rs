//! What every report of one call shares: the database, the policy, the day.

use release_gate::{Error, Finding, Result, Subject};

use crate::model::config::{AuditPolicy, Config, Ignore};
use crate::model::locked::Locked;
use crate::model::vulnerability::Hit;
use crate::read::advisories::Advisories;

/// What every report of one call shares.
pub(super) struct Audit {
    pub(super) advisories: Advisories,
    pub(super) policy: AuditPolicy,
    /// About the database.
    pub(super) findings: Vec<Finding>,
    /// The database is older than allowed, so that nothing can be judged by it.
    pub(super) stale: bool,
}

/// What was looked up for one report.
#[derive(Debug, Default)]
pub(super) struct Audited {
    /// What the report is about; empty for files of others, whose reports are only printed.
    pub(super) subject: Option<Subject>,
    /// The product in VEX documents, and the source in OSV's: a package URL or a file's name.
    pub(super) product: String,
    pub(super) packages: Vec<Locked>,
    pub(super) hits: Vec<Hit>,
    /// Beside those of the hits and of the database.
    pub(super) findings: Vec<Finding>,
    /// Components of other kinds.
    pub(super) not_looked_up: Vec<String>,
    /// Something of the input cannot be looked up, so that nothing passes.
    pub(super) incomplete: bool,
}

/// The ignores of the configuration, each with a reason and a date that can be compared.
pub(super) fn checked_ignores(config: &Config) -> Result<Vec<Ignore>> {
    for ignore in &config.ignore {
        if ignore.reason.trim().is_empty() {
            return Err(
                Error::usage(format!("the ignore of {} gives no reason", ignore.id))
                    .with_help("say why it can be lived with, for whoever looks at it next"),
            );
        }
        if !is_date(&ignore.until) {
            return Err(Error::usage(format!(
                "the ignore of {} ends on `{}`, which is no date",
                ignore.id, ignore.until
            ))
            .with_help("write it as `until = \"2030-12-31\"`"));
        }
    }
    Ok(config.ignore.clone())
}

/// Whether a text is `YYYY-MM-DD`, the only form in which dates can be compared as text.
fn is_date(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let [year, month, day] = parts.as_slice() else {
        return false;
    };
    has_digits(year, 4)
        && has_digits(month, 2)
        && has_digits(day, 2)
        && is_within(month, 12)
        && is_within(day, 31)
}

fn has_digits(part: &str, length: usize) -> bool {
    part.len() == length && part.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_within(part: &str, most: u8) -> bool {
    part.parse::<u8>()
        .is_ok_and(|number| (1..=most).contains(&number))
}

/// The moment of the audit: the clock's, or `RELEASE_GATES_TODAY` in seconds since 1970. It decides
/// about ages and expiry only; SOURCE_DATE_EPOCH does not count, since builds set it to a past that
/// would make what has expired valid again.
pub(super) fn today() -> Result<i64> {
    let clock = || {
        std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap_or_default()
            .as_secs()
    };
    match std::env::var("RELEASE_GATES_TODAY") {
        Ok(text) => text.parse().map_err(|_| {
            Error::usage(format!(
                "RELEASE_GATES_TODAY is `{text}`, which is no number of seconds since 1970"
            ))
        }),
        Err(_) => Ok(i64::try_from(clock()).unwrap_or(i64::MAX)),
    }
}
