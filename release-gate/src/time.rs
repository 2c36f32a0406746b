//! Time in reports: never the clock's, always the commit's or `SOURCE_DATE_EPOCH`'s.
//!
//! Dates are computed here (proleptic Gregorian calendar, UTC) and need no time zone database.

use crate::error::{Error, Result};

/// Seconds since 1970-01-01T00:00:00Z from `SOURCE_DATE_EPOCH`, where it is set.
///
/// # Errors
/// A usage error when the variable holds something other than a whole number
/// (<https://reproducible-builds.org/specs/source-date-epoch/>).
pub fn source_date_epoch() -> Result<Option<i64>> {
    let Some(value) = std::env::var_os("SOURCE_DATE_EPOCH").filter(|value| !value.is_empty())
    else {
        return Ok(None);
    };
    match value
        .to_str()
        .and_then(|text| text.parse::<i64>().ok())
        .filter(|seconds| *seconds >= 0)
    {
        Some(seconds) => Ok(Some(seconds)),
        None => Err(Error::usage(format!(
            "SOURCE_DATE_EPOCH is `{}`, which is not a number of seconds",
            value.to_string_lossy()
        ))
        .with_help("set it to the seconds since 1970, for example with `git log -1 --format=%ct`")),
    }
}

/// Year, month (1-12) and day (1-31) of a number of seconds since 1970, in UTC.
///
/// The algorithm is Howard Hinnant's `civil_from_days`.
pub fn civil_date(seconds: i64) -> (i64, u8, u8) {
    let days = seconds.div_euclid(86_400) + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 {
        shifted_month + 3
    } else {
        shifted_month - 9
    };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (
        year,
        u8::try_from(month).unwrap_or(1),
        u8::try_from(day).unwrap_or(1),
    )
}

/// `2026-11-21`.
pub fn iso_date(seconds: i64) -> String {
    let (year, month, day) = civil_date(seconds);
    format!("{year:04}-{month:02}-{day:02}")
}

/// `2026-11-21T03:09:25Z` (RFC 3339).
pub fn rfc3339(seconds: i64) -> String {
    let of_day = seconds.rem_euclid(86_400);
    format!(
        "{}T{:02}:{:02}:{:02}Z",
        iso_date(seconds),
        of_day / 3600,
        of_day / 60 % 60,
        of_day % 60
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_moments() {
        assert_eq!(rfc3339(0), "1970-01-01T00:00:00Z");
        assert_eq!(rfc3339(951_782_400), "2000-02-29T00:00:00Z");
        assert_eq!(rfc3339(1_709_251_199), "2024-02-29T23:59:59Z");
        assert_eq!(rfc3339(4_107_542_400), "2100-03-01T00:00:00Z");
        assert_eq!(rfc3339(-1), "1969-12-31T23:59:59Z");
    }
}
