//! One envelope, five looks. Pure: text in, text out; the terminal prints it.

mod github;
mod human;
mod junit;
mod sarif;

pub use self::github::github;
pub use self::human::human;
pub use self::junit::junit;
pub use self::sarif::sarif;

/// Replaces control and bidirectional-override characters, which a terminal, a log or a browser would obey: text from
/// commits, lock files, archives and other programs is untrusted. Newlines stay.
pub fn visible(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '\n' | '\t' => c,
            c if c.is_control() => '\u{fffd}',
            '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{061c}' => {
                '\u{fffd}'
            }
            c => c,
        })
        .collect()
}

#[cfg(test)]
mod tests;
