//! Pictures before a message: gitmoji, as a character or as `:code:`.
//!
//! <https://gitmoji.dev>

/// What pictures stand for: the character, its code, the conventional type.
const KINDS: &[(&str, &str, &str)] = &[
    ("✨", "sparkles", "feat"),
    ("🎉", "tada", "feat"),
    ("🚸", "children_crossing", "feat"),
    ("🐛", "bug", "fix"),
    ("🚑", "ambulance", "fix"),
    ("🩹", "adhesive_bandage", "fix"),
    ("✏", "pencil2", "docs"),
    ("⚡", "zap", "perf"),
    ("🔒", "lock", "security"),
    ("💥", "boom", "feat"),
    ("🗑", "wastebasket", "deprecated"),
    ("📝", "memo", "docs"),
    ("💡", "bulb", "docs"),
    ("♻", "recycle", "refactor"),
    ("🎨", "art", "style"),
    ("🚨", "rotating_light", "style"),
    ("✅", "white_check_mark", "test"),
    ("🧪", "test_tube", "test"),
    ("🔧", "wrench", "chore"),
    ("🔨", "hammer", "chore"),
    ("🙈", "see_no_evil", "chore"),
    ("👷", "construction_worker", "ci"),
    ("💚", "green_heart", "ci"),
    ("🔖", "bookmark", "release"),
    ("⬆", "arrow_up", "deps"),
    ("⬇", "arrow_down", "deps"),
    ("📌", "pushpin", "deps"),
    ("➕", "heavy_plus_sign", "deps"),
    ("➖", "heavy_minus_sign", "deps"),
];

/// The picture a line begins with, and the rest of the line. Pictures without a meaning known here
/// are taken off, too.
pub(super) fn leading(line: &str) -> (Option<&str>, &str) {
    let line = line.trim();
    if let Some((code, rest)) = line.strip_prefix(':').and_then(|rest| rest.split_once(':')) {
        let is_code = !code.is_empty()
            && code
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
        // A picture alone is all there is to say.
        if is_code && !rest.trim().is_empty() {
            return (Some(code), rest.trim_start());
        }
    }
    let end = line.find(|c: char| !is_picture(c)).unwrap_or(line.len());
    if end == 0 {
        return (None, line);
    }
    let rest = line[end..].trim_start();
    if rest.is_empty() {
        (None, line)
    } else {
        (Some(&line[..end]), rest)
    }
}

/// The type a picture stands for, and whether it says that something breaks.
pub(super) fn kind(picture: &str) -> Option<(&'static str, bool)> {
    let plain = picture.trim_end_matches(['\u{fe0f}', '\u{200d}']);
    KINDS
        .iter()
        .find(|(character, code, _)| plain.starts_with(character) || plain == *code)
        .map(|(_, code, kind)| (*kind, *code == "boom"))
}

/// Pictograms, and what joins and colours them.
fn is_picture(c: char) -> bool {
    matches!(c,
        '\u{2190}'..='\u{21ff}' | '\u{2300}'..='\u{23ff}' | '\u{2600}'..='\u{27bf}'
        | '\u{2b00}'..='\u{2bff}' | '\u{1f000}'..='\u{1faff}'
        | '\u{fe0f}' | '\u{200d}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_come_off() {
        assert_eq!(leading("✨ feat: x"), (Some("✨"), "feat: x"));
        assert_eq!(leading(":bug: fix it"), (Some("bug"), "fix it"));
        assert_eq!(leading("feat: x"), (None, "feat: x"));
        assert_eq!(leading("::a"), (None, "::a"));
        assert_eq!(kind("bug"), Some(("fix", false)));
        assert_eq!(kind("💥"), Some(("feat", true)));
        assert_eq!(leading("🚀"), (None, "🚀"));
        assert_eq!(leading(":tada: "), (None, ":tada:"));
    }
}
