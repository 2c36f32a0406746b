//! Text that somebody else wrote: commit messages, author names, advisory titles.
//!
//! Must never: offer a way to become Markdown, a terminal line or HTML by itself. There is no
//! `Display`; the one way out for people is the Markdown of `report`, and for machines
//! [`Untrusted::visible`] inside JSON strings.

use std::borrow::Cow;
use std::fmt;

/// Longest text (in characters) that is kept of one line; a longer one ends with `…`.
pub const MAX_CHARS: usize = 1_000;

/// One line of foreign text: white space collapsed, control and direction-changing characters
/// replaced.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Untrusted(String);

impl Untrusted {
    /// Takes text in. Line breaks and runs of white space become one space; what must not reach a
    /// terminal or a web page becomes U+FFFD; anything longer than [`MAX_CHARS`] is cut and
    /// ends with `…`.
    pub fn new(text: &str) -> Self {
        if is_clean(text) {
            return Self(text.to_owned());
        }
        let mut line = String::with_capacity(text.len().min(4 * MAX_CHARS));
        let (mut chars, mut gap) = (0_usize, false);
        for c in text.chars() {
            if c.is_whitespace() {
                gap = true;
                continue;
            }
            if std::mem::take(&mut gap) && !line.is_empty() {
                line.push(' ');
                chars += 1;
            }
            if chars >= MAX_CHARS {
                line.push('…');
                break;
            }
            line.push(if is_unwanted(c) {
                char::REPLACEMENT_CHARACTER
            } else {
                c
            });
            chars += 1;
        }

        Self(line)
    }

    /// Takes bytes in; what is not UTF-8 becomes U+FFFD.
    pub fn from_bytes(bytes: &[u8]) -> Self {
        match String::from_utf8_lossy(bytes) {
            Cow::Borrowed(text) => Self::new(text),
            Cow::Owned(text) => Self::new(&text),
        }
    }

    /// The text as a reader sees it. Not Markdown: only for comparing, sorting and JSON strings.
    pub fn visible(&self) -> &str {
        &self.0
    }

    /// Whether nothing is left.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Untrusted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Untrusted({:?})", self.0)
    }
}

impl From<&str> for Untrusted {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

/// The common case, checked without copying: short printable ASCII with single spaces.
fn is_clean(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() <= MAX_CHARS
        && bytes.iter().all(|b| matches!(b, b' '..=b'~'))
        && bytes.first() != Some(&b' ')
        && bytes.last() != Some(&b' ')
        && !bytes.windows(2).any(|pair| pair == b"  ")
}

/// Control characters, direction overrides (the "Trojan Source" set), and characters that show
/// nothing but change what is read: soft hyphen, zero-width spaces, byte order mark, invisible
/// operators, tag characters.
pub fn is_unwanted(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}'
            | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn white_space_collapses_and_controls_are_replaced() {
        assert_eq!(Untrusted::new(" a\t b\r\n c ").visible(), "a b c");
        assert_eq!(
            Untrusted::new("\u{1b}[31mred\u{202e}").visible(),
            "\u{fffd}[31mred\u{fffd}"
        );
        assert_eq!(Untrusted::from_bytes(b"caf\xe9").visible(), "caf\u{fffd}");
    }

    #[test]
    fn a_huge_line_is_cut_and_says_so() {
        let text = Untrusted::new(&"x".repeat(1 << 20));
        assert_eq!(text.visible().chars().count(), MAX_CHARS + 1);
        assert!(text.visible().ends_with('…'));
    }

    proptest! {
        #[test]
        fn taking_in_twice_changes_nothing(text in any::<String>()) {
            let once = Untrusted::new(&text);
            prop_assume!(once.visible().chars().count() <= MAX_CHARS);
            prop_assert_eq!(Untrusted::new(once.visible()), once);
        }

        #[test]
        fn nothing_unwanted_is_left(text in any::<String>()) {
            prop_assert!(!Untrusted::new(&text).visible().chars().any(is_unwanted));
        }
    }
}
