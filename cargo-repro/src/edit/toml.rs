//! Adds a value to a TOML file and leaves everything else as people wrote it. Pure: text in, text
//! out.

use toml_edit::{Array, DocumentMut, Item, Table, Value};

/// Why a file was not changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum EditError {
    #[error("it is not valid TOML: {0}")]
    NoToml(String),
    #[error("`{0}` is there already with another value")]
    Taken(String),
    #[error("`{0}` is not a table")]
    NoTable(String),
}

/// Sets a key; an array is joined with the one that is there. `None` if nothing had to be changed.
pub(crate) fn set(text: &str, key: &[&str], value: &str) -> Result<Option<String>, EditError> {
    let mut document: DocumentMut = text
        .parse()
        .map_err(|error| EditError::NoToml(format!("{error}")))?;
    let value: Value = value
        .parse()
        .map_err(|error| EditError::NoToml(format!("{error}")))?;
    let Some((last, tables)) = key.split_last() else {
        return Ok(None);
    };
    let mut table: &mut dyn toml_edit::TableLike = document.as_table_mut();
    for name in tables {
        let mut fresh = Table::new();
        fresh.set_implicit(true);
        let item = table.entry(name).or_insert(Item::Table(fresh));
        table = item
            .as_table_like_mut()
            .ok_or_else(|| EditError::NoTable((*name).to_owned()))?;
    }

    match table.get_mut(last) {
        None => drop(table.insert(last, Item::Value(value))),
        Some(there) if same(there, &value) => return Ok(None),
        Some(there) => match (there.as_array_mut(), &value) {
            (Some(there), Value::Array(more)) => {
                if !join(there, more) {
                    return Ok(None);
                }
            }
            _ => return Err(EditError::Taken(key.join("."))),
        },
    }

    Ok(Some(document.to_string()))
}

/// Adds what is not there yet; whether something was added.
fn join(there: &mut Array, more: &Array) -> bool {
    let mut added = false;
    for value in more {
        if !there.iter().any(|other| other.as_str() == value.as_str()) {
            there.push(value.as_str().unwrap_or_default());
            added = true;
        }
    }
    added
}

fn without_spaces(value: &Value) -> String {
    value.to_string().split_whitespace().collect()
}

fn same(item: &Item, value: &Value) -> bool {
    item.as_value()
        .is_some_and(|there| without_spaces(there) == without_spaces(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_wrote_stays() {
        let text = "# ours\n[repro]   # builds\npin = [\"time\"] # since 1.2\n\n[sign]\nx = 1\n";
        let new = set(text, &["repro", "pin"], "[\"host\"]").unwrap().unwrap();
        assert_eq!(new, text.replace("[\"time\"]", "[\"time\", \"host\"]"));
        assert_eq!(
            set(&new, &["repro", "pin"], "[\"host\", \"time\"]"),
            Ok(None)
        );
    }

    #[test]
    fn missing_files_and_tables_are_made() {
        let new = set("", &["repro", "pin"], "[\"time\"]").unwrap().unwrap();
        assert_eq!(new, "[repro]\npin = [\"time\"]\n");
        let new = set(
            "[build]\njobs = 1\n",
            &["env", "USER"],
            "{ value = \"release\", force = true }",
        )
        .unwrap()
        .unwrap();

        assert_eq!(
            new,
            "[build]\njobs = 1\n\n[env]\nUSER = { value = \"release\", force = true }\n"
        );

        let new = set(
            "[package]\nname = \"x\"\n",
            &["package", "metadata", "release-gates", "repro", "pin"],
            "[\"time\"]",
        );

        let new: toml::Table = new.unwrap().unwrap().parse().unwrap();
        assert_eq!(
            new["package"]["metadata"]["release-gates"]["repro"]["pin"][0].as_str(),
            Some("time")
        );
    }

    #[test]
    fn other_values_are_not_overwritten() {
        let text = "[env]\nUSER = \"me\"\n";
        assert_eq!(
            set(text, &["env", "USER"], "\"release\""),
            Err(EditError::Taken("env.USER".to_owned()))
        );
        assert!(matches!(
            set("x = [", &["x"], "1"),
            Err(EditError::NoToml(_))
        ));
        assert_eq!(
            set("env = 1\n", &["env", "USER"], "1"),
            Err(EditError::NoTable("env".to_owned()))
        );
    }
}
