//! "Did you mean": the nearest known name to one that is unknown.

/// The known name most like `unknown`, if any is near enough to be what was meant.
pub fn nearest<'a>(unknown: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    known
        .into_iter()
        .map(|name| (strsim::jaro_winkler(unknown, name), name))
        .filter(|(score, _)| *score > 0.75)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn a_typing_slip_is_recognised_and_noise_is_not() {
        assert_eq!(nearest("compta", ["compat", "repro"]), Some("compat"));
        assert_eq!(nearest("zzzz", ["compat", "repro"]), None);
    }
}
