//! What every report of one call shares: the database, the policy, the day.

use std::collections::BTreeSet;
use std::path::PathBuf;

use release_gate::advisories::Advisories;
use release_gate::facts::report::vulns::Hit;
use release_gate::{Context, Coverage, Error, Finding, Result, Subject};

use crate::command::shared::{file_name, read_file};
use crate::model::config::{AuditPolicy, Config, Ignore};
use crate::model::locked::Locked;
use crate::model::vex::VexStatement;
use crate::read::vex::parse_vex;

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
    /// What the report is about; `None` for files of others, whose reports are only printed.
    pub(super) subject: Option<Subject>,
    /// The product in VEX documents, and the source in OSV's: a package URL or a file's name.
    pub(super) product: String,
    pub(super) packages: Vec<Locked>,
    pub(super) hits: Vec<Hit>,
    /// Beside those of the hits and of the database.
    pub(super) findings: Vec<Finding>,
    pub(super) coverage: Coverage,
    /// The package's report in the artifact folder, of which a common one is printed.
    pub(super) keep_only: bool,
    /// Whether the inventory behind it was made without cargo's unit graph: then nothing is absent
    /// for certain.
    pub(super) is_approximate: bool,
    /// Names and versions of packages that the product needs for some target, whether this build
    /// has them or not.
    pub(super) built_elsewhere: BTreeSet<(String, String)>,
}

/// The ignores of the configuration, each with a reason and a date that can be compared.
pub(super) fn checked_ignores(config: &Config) -> Result<Vec<Ignore>> {
    for ignore in &config.ignore {
        if ignore.reason.trim().is_empty() {
            return Err(
                Error::usage(format!("the ignore of {} gives no reason", ignore.id))
                    .with_help("say why it can be lived with, for anyone who looks at it next"),
            );
        }
        if !is_date(&ignore.until) {
            return Err(Error::usage(format!(
                "the ignore of {} ends on `{}`, which is not a date",
                ignore.id, ignore.until
            ))
            .with_help("write it as `until = \"2030-12-31\"`"));
        }
    }
    Ok(config.ignore.clone())
}

/// The statements of the VEX documents that the configuration and the command line name.
pub(super) fn vex_statements(
    cx: &Context,
    config: &Config,
    named: &[PathBuf],
) -> Result<Vec<VexStatement>> {
    let root = cx
        .loaded_project()
        .map(|project| project.root.clone())
        .unwrap_or_default();
    let mut statements = Vec::new();
    for file in &config.vex {
        if !is_date(&file.until) {
            return Err(Error::usage(format!(
                "the statements of `{}` end on `{}`, which is not a date",
                file_name(&file.path),
                file.until
            ))
            .with_help("write it as `until = \"2030-12-31\"`"));
        }
        let bytes = read_file(&root.join(&file.path))?;
        let name = file_name(&file.path);
        statements.extend(parse_vex(&bytes, &name, Some(&file.until))?);
    }
    for path in named {
        statements.extend(parse_vex(&read_file(path)?, &file_name(path), None)?);
    }
    Ok(statements)
}

/// Whether a text is the date of a day, `YYYY-MM-DD`: the only form in which dates can be compared
/// as text.
fn is_date(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let [year, month, day] = parts.as_slice() else {
        return false;
    };
    let (Some(year), Some(month), Some(day)) = (digits(year, 4), digits(month, 2), digits(day, 2))
    else {
        return false;
    };
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        2 if is_leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return false,
    };
    (1..=days).contains(&day)
}

/// A number of so many digits.
fn digits(part: &str, length: usize) -> Option<u32> {
    let is_plain = part.len() == length && part.bytes().all(|byte| byte.is_ascii_digit());
    is_plain.then(|| part.parse().ok())?
}

/// The moment of the audit: the clock's, or `RELEASE_GATES_TODAY` in seconds since 1970. It decides
/// about ages and expiry only; SOURCE_DATE_EPOCH does not count, since builds set it to a past that
/// would make what has expired valid again.
pub(in crate::command) fn today() -> Result<i64> {
    let clock = || {
        std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap_or_default()
            .as_secs()
    };
    match std::env::var("RELEASE_GATES_TODAY") {
        Ok(text) => text.parse().map_err(|_| {
            Error::usage(format!(
                "RELEASE_GATES_TODAY is `{text}`, which is not a number of seconds since 1970"
            ))
        }),
        Err(_) => Ok(i64::try_from(clock()).unwrap_or(i64::MAX)),
    }
}

#[cfg(test)]
mod tests {
    use super::is_date;

    #[test]
    fn only_days_that_exist_are_dates() {
        for date in ["2030-12-31", "2028-02-29", "2000-02-29"] {
            assert!(is_date(date), "{date}");
        }
        for none in [
            "2030-02-31",
            "2027-02-29",
            "2100-02-29",
            "2030-04-31",
            "2030-13-01",
            "2030-1-1",
            "soon",
            "",
            "2030-00-10",
            "2030-01-00",
            "+030-01-01",
        ] {
            assert!(!is_date(none), "{none}");
        }
    }
}
