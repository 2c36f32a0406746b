//! GitHub workflow commands: one annotation a finding.
//!
//! <https://docs.github.com/en/actions/reference/workflow-commands-for-github-actions>; messages escape `%`, CR and LF,
//! properties also `:` and `,`.

use std::fmt::Write as _;

use crate::report::{Envelope, Status};
use crate::rule::Level;
use crate::text::visible;

/// The annotations of an envelope, then a line with the verdict. A report that is no pass has at
/// least one error.
pub fn github(envelope: &Envelope) -> String {
    let mut out = String::new();
    for finding in &envelope.findings {
        let command = match finding.level {
            Level::Deny => "error",
            Level::Warn => "warning",
            Level::Note => "notice",
        };
        let mut properties = Vec::new();
        if let Some(path) = &finding.path {
            properties.push(format!("file={}", property(path)));
            if let Some(line) = finding.line {
                properties.push(format!("line={line}"));
            }
        }
        properties.push(format!(
            "title={}",
            property(&format!("{}: {}", envelope.tool.name, finding.rule))
        ));
        let mut text = finding.message.clone();
        if let Some(help) = &finding.help {
            let _ = write!(text, "\nhelp: {help}");
        }
        let _ = writeln!(
            out,
            "::{command} {}::{}",
            properties.join(","),
            message(&text)
        );
    }
    if matches!(envelope.status, Status::Error | Status::Unsupported)
        && !envelope
            .findings
            .iter()
            .any(|finding| finding.level == Level::Deny)
    {
        let _ = writeln!(
            out,
            "::error title={}::could not be judged",
            property(&envelope.tool.name)
        );
    }
    let subject = &envelope.subject;
    let name = [subject.package.as_deref(), subject.version.as_deref()]
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .join(" ");
    let separator = if name.is_empty() { "" } else { " " };
    // A line that starts with `::` would be a command: the tool's name comes first.
    let _ = writeln!(
        out,
        "{}{separator}{}: {}",
        envelope.tool.name,
        line(&name),
        envelope.status.as_str()
    );
    out
}

fn line(text: &str) -> String {
    visible(text).replace(['\n', '\t'], " ")
}

fn message(text: &str) -> String {
    visible(text)
        .replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

fn property(text: &str) -> String {
    message(text).replace(':', "%3A").replace(',', "%2C")
}
