//! Ids of published security advisories in what people write.

/// Whether a text names a published advisory.
pub fn names_an_advisory(text: &str) -> bool {
    advisory_ids(text).next().is_some()
}

/// The ids of published advisories in a text, upper case.
pub fn advisory_ids(text: &str) -> impl Iterator<Item = String> + '_ {
    text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-'))
        .filter(|word| may_be_id(word))
        .filter_map(|word| {
            let upper = word.to_ascii_uppercase();
            let parts: Vec<&str> = upper.split('-').collect();
            let is_id = match parts[..] {
                ["RUSTSEC" | "CVE", year, number] => {
                    year.len() == 4 && is_number(year) && number.len() >= 4 && is_number(number)
                }
                ["GHSA", a, b, c] => [a, b, c].iter().all(|part| part.len() == 4),
                _ => false,
            };
            is_id.then_some(upper)
        })
}

/// Whether a word begins as an id does. Most words of most messages do not.
fn may_be_id(word: &str) -> bool {
    let begins = word.get(..4).unwrap_or_default();
    ["CVE-", "GHSA", "RUST"]
        .iter()
        .any(|prefix| begins.eq_ignore_ascii_case(prefix))
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

/// Whether a line says that it repairs what an advisory is about: `Fixes CVE-2024-1234`,
/// `Security: GHSA-…`.
pub fn is_repair_of_advisory(line: &str) -> bool {
    const SAYS: &[&str] = &[
        "address",
        "addresses",
        "close",
        "closes",
        "cve",
        "fix",
        "fixed",
        "fixes",
        "ghsa",
        "mitigate",
        "mitigates",
        "patch",
        "patches",
        "resolve",
        "resolves",
        "rustsec",
        "security",
    ];

    let first = line
        .trim_start_matches(['*', '-', ' '])
        .split(|c: char| !c.is_alphanumeric())
        .next()
        .unwrap_or_default()
        .to_lowercase();

    SAYS.contains(&first.as_str()) && names_an_advisory(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_advisories() {
        let ids: Vec<_> =
            advisory_ids("see CVE-2024-1234, rustsec-2020-0001 and GHSA-abcd-efgh-ijkl; not CVE-x")
                .collect();
        assert_eq!(
            ids,
            ["CVE-2024-1234", "RUSTSEC-2020-0001", "GHSA-ABCD-EFGH-IJKL"]
        );
    }

    #[test]
    fn what_repairs_an_advisory_says_so() {
        assert!(is_repair_of_advisory("addresses GHSA-vx24-x4mv-vwr5"));
        assert!(is_repair_of_advisory("- Fixes CVE-2024-1234."));
        assert!(!is_repair_of_advisory(
            "unlike CVE-2024-1234, this cannot be reached"
        ));
    }
}
