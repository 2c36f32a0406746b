//! How the public API changed, with the programs that show it.

use std::fmt::Write as _;

use release_gate::facts::report::compat::CompatChange;
use release_gate::text::markup;

use super::folder::Folder;
use super::words::words;

/// Every change of the API. Nothing where there is no API, or nothing is known of it.
pub(crate) fn changes(out: &mut String, folder: &Folder) {
    let Some(api) = &folder.api else {
        return;
    };

    let declared = api.declared_bump.map_or("nothing", |bump| bump.as_str());
    let _ = write!(
        out,
        "<h3>Public API</h3>\n<p>Needs <b>{}</b>, declares <b>{declared}</b>.",
        api.required_bump.as_str(),
    );
    if let Some(next) = &api.next_version {
        let _ = write!(out, " The lowest next version is {}.", markup(next));
    }
    out.push_str("</p>\n");
    for change in &api.changes {
        show(out, folder, change);
    }
}

fn show(out: &mut String, folder: &Folder, change: &CompatChange) {
    let _ = write!(
        out,
        "<details><summary><span class=\"tag\">{}</span> <code>{}</code> {}</summary>",
        change.bump.as_str(),
        markup(&change.item),
        words(&change.message)
    );
    if let Some(reason) = &change.waived {
        let _ = write!(out, "<p>Waived: {}</p>", markup(reason));
    }
    for (side, declaration) in [("was", &change.before), ("is", &change.after)] {
        if !declaration.is_empty() {
            let _ = write!(
                out,
                "<p>{side}: <code class=\"{side}\">{}</code></p>",
                markup(declaration)
            );
        }
    }

    let program = change.witness.as_ref().map(|witness| &witness.program);
    if let Some(text) = program.and_then(|program| folder.witnesses.get(program)) {
        let _ = write!(
            out,
            "<pre tabindex=\"0\" role=\"group\" aria-label=\"Program that shows the change of {}\">{}</pre>",
            markup(&change.item),
            markup(text)
        );
    }
    out.push_str("</details>\n");
}
