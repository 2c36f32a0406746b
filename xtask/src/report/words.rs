//! Messages of gates as people read them on a page.

use release_gate::text::markup;

/// A message, with what stands between backticks as code.
pub(crate) fn words(text: &str) -> String {
    if !text.matches('`').count().is_multiple_of(2) {
        return markup(text);
    }
    let parts = text.split('`').enumerate();
    let parts = parts.map(|(index, part)| match index % 2 {
        0 => markup(part),
        _ => format!("<code>{}</code>", markup(part)),
    });
    parts.collect()
}
