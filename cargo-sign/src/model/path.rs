//! Names that mean the same file, inside the folder, on every system.

use unicase::UniCase;
use unicode_normalization::UnicodeNormalization as _;

/// Why a name is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// Empty, or too long for some system.
    #[error("a name is empty or longer than 200 bytes")]
    Length,
    /// It climbs out, is absolute, or has an empty or `.` part.
    #[error("`{0}` does not stay inside the folder")]
    Outside(String),
    /// A character some system reads as something else.
    #[error("`{0}` holds a character that is not a plain one")]
    Character(String),
    /// A name Windows reserves, or changes.
    #[error("`{0}` is a reserved name on some systems")]
    Reserved(String),
}

/// Checks a relative, `/`-separated name.
///
/// # Errors
/// It could lead outside the folder, or to different files on different systems.
pub fn check(name: &str) -> Result<(), PathError> {
    if name.is_empty() || name.len() > 200 {
        return Err(PathError::Length);
    }
    let shown = || name.escape_debug().to_string();
    if !name.chars().all(is_plain) {
        return Err(PathError::Character(shown()));
    }
    for part in name.split('/') {
        if part.is_empty() || part == "." || part == ".." {
            return Err(PathError::Outside(shown()));
        }
        let stem = part
            .split('.')
            .next()
            .unwrap_or(part)
            .trim_end()
            .to_ascii_uppercase();
        let device = matches!(
            stem.as_str(),
            "CON" | "PRN" | "AUX" | "NUL" | "CLOCK$" | "CONIN$" | "CONOUT$"
        ) || is_port(&stem);
        // Windows also finds `checksums.txt` by the name `CHECKS~1.TXT`.
        let (base, extension) = part.rsplit_once('.').unwrap_or((part, ""));
        let short = base.len() <= 8
            && extension.len() <= 3
            && base.rsplit_once('~').is_some_and(|(before, number)| {
                !before.is_empty()
                    && !number.is_empty()
                    && number.bytes().all(|byte| byte.is_ascii_digit())
            });
        // unzip drops a version as VMS has them: `demo;1` is written as `demo`.
        let versioned = part
            .rsplit_once(';')
            .is_some_and(|(_, version)| version.bytes().all(|byte| byte.is_ascii_digit()));
        // `-` alone is standard input to sha256sum; Windows drops a dot or space at the end.
        if device
            || short
            || versioned
            || part == "-"
            || part.ends_with(['.', ' '])
            || part.starts_with(' ')
        {
            return Err(PathError::Reserved(shown()));
        }
    }

    Ok(())
}

/// Whether Windows takes a name for a numbered port; superscript digits are digits there.
fn is_port(text: &str) -> bool {
    let number = ["COM", "LPT"]
        .iter()
        .find_map(|port| text.strip_prefix(port))
        .map(|rest| rest.chars());
    number.is_some_and(|mut rest| {
        rest.next()
            .is_some_and(|c| c.is_ascii_digit() || "¹²³".contains(c))
            && rest.next().is_none()
    })
}

/// Whether a character means the same in names on every system.
fn is_plain(c: char) -> bool {
    c.is_alphanumeric() || " !#$%&'()+,-./;=@[]^_`{}~".contains(c)
}

/// What a name is compared by: systems that ignore case or how a letter is composed take names that
/// fold to the same for one.
pub fn folded(name: &str) -> String {
    let decomposed: String = name.nfd().collect();
    UniCase::unicode(decomposed)
        .to_folded_case()
        .nfd()
        .collect()
}

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn plain_names_are_fine() {
        for name in [
            "a",
            "a/b",
            "demo-1.0.0-x86_64-unknown-linux-gnu.tar.gz",
            ".hidden",
            "größe",
            "a b",
            "-x",
            "a..b",
            "console",
            "com10",
            "comb",
            "conin",
            "a~",
            "~1",
            "notes~draft",
            "a;b",
            "a-long-name~1.text",
        ] {
            assert!(check(name).is_ok(), "{name}");
        }
    }

    #[test]
    fn names_that_lead_elsewhere_are_not() {
        let odd = [
            "",
            "/",
            "/a",
            "a/",
            "a//b",
            ".",
            "..",
            "a/..",
            "../a",
            "./a",
            "a\\b",
            "C:a",
            "a:b",
            "a\0",
            "a\n",
            "a\u{1b}",
            "a\u{202e}b",
            "nul",
            "NUL.txt",
            "com1",
            "Lpt9.x",
            "COM\u{b9}",
            "lpt\u{b3}.txt",
            "CONIN$",
            "conout$.log",
            "clock$",
            "CHECKS~1.TXT",
            "a/demo~12",
            "demo;1",
            "demo;",
            "a;2/b",
            "a.",
            "a ",
            " a",
            "-",
            "a*",
            "a?",
            "a|b",
            "a<b",
            "a\"b",
        ];

        for name in odd {
            assert!(check(name).is_err(), "{name:?}");
        }
        assert!(check(&"a".repeat(201)).is_err());
    }
}
