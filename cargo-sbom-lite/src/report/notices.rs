//! A third-party notices file: every package that is shipped, its licence, and the texts that came
//! with it; each text once.

use std::collections::BTreeMap;

use crate::model::inventory::{Inventory, Role};
use crate::model::license::License;
use crate::read::licenses::Text;

/// Renders the file. `texts` gives the licence texts of a package by its package URL. Also returns
/// the packages that came without any text.
pub fn render_notices(
    inventory: &Inventory,
    texts: &BTreeMap<String, Vec<Text>>,
) -> (String, Vec<String>) {
    let mut out = format!(
        "Third-party notices for {} {}\n\nIt contains the packages below. Their licence texts follow, each once.\n\n",
        inventory.main.name, inventory.main.version
    );

    let mut by_text: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    let mut without = Vec::new();
    for (purl, component) in &inventory.components {
        if component.role != Role::Shipped {
            continue;
        }
        let license = match &component.license {
            License::Expression(text) | License::Invalid(text) => text.as_str(),
            License::File(_) => "see its text",
            License::Missing => "no licence stated",
        };
        let name = format!("{} {}", component.name, component.version);
        out.push_str(&format!("  {name}  ({license})\n"));
        let list = texts.get(purl).map(Vec::as_slice).unwrap_or_default();
        if list.is_empty() {
            without.push(name.clone());
        }
        for text in list {
            by_text
                .entry(&text.text)
                .or_default()
                .push(format!("{name}, {}", text.file));
        }
    }

    let mut blocks: Vec<(Vec<String>, &str)> = by_text
        .into_iter()
        .map(|(text, users)| (users, text))
        .collect();

    blocks.sort();
    for (users, text) in blocks {
        out.push_str(&format!("\n{}\n", "-".repeat(78)));
        for user in users {
            out.push_str(&format!("{user}\n"));
        }
        out.push_str(&format!("\n{text}\n"));
    }

    (out, without)
}
