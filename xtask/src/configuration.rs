//! docs/configuration.md: every key of `release-gates.toml`, from the schemas of the types that
//! read it.
//!
//! A schema of a shape that has no words here is an error: a key must not be missing on the page.

use release_gate::text::collapse_white_space;
use release_gate::{Error, Result};
use serde_json::Value;

const HEAD: &str = "# Configuration

Generated from the types that read it by `cargo xtask docs`; do not edit.

Configuration is optional. A gate reads the first of these that exists:

1. the file named by `--config`,
2. `release-gates.toml` in the workspace's top folder,
3. `.config/release-gates.toml` there,
4. `[package.metadata.release-gates]`, then `[workspace.metadata.release-gates]`, in `Cargo.toml`.

The command line wins over an environment variable, and that over the configuration. An unknown key is an error that names the nearest known one.
[`release-gates.schema.json`](schemas/release-gates.schema.json) lets an editor complete and check the file.

Each gate has one table. `rules` in it sets the level of a rule by its id; the lists of rules are in [rules](rules/cargo-compat.md).

```toml
[sbom-lite.rules]
yanked = \"deny\"     # or \"warn\", or \"allow\": a note that fails nothing
```

`cargo sign verify` and `verify-source` judge files of others, which may bring a configuration along. Levels then come from the command line and `--config` alone.
";

/// The page. `tables`: each gate's name of its table, and the schema of it.
pub(crate) fn page(tables: &[(&str, Value)]) -> Result<String> {
    let mut page = HEAD.to_owned();
    for (name, schema) in tables {
        Writer {
            page: &mut page,
            schema,
        }
        .table(schema, &format!("[{name}]"), name)?;
    }
    Ok(page)
}

/// The schema of the whole file, for editors.
pub(crate) fn file_schema(tables: &[(&str, Value)]) -> Value {
    let mut properties = serde_json::Map::new();
    let mut definitions = serde_json::Map::new();
    for (name, schema) in tables {
        let mut schema = schema.clone();
        let prefix = format!("{name}-");
        prefix_references(&mut schema, &prefix);
        let Some(table) = schema.as_object_mut() else {
            continue;
        };
        table.remove("$schema");
        if let Some(Value::Object(own)) = table.remove("$defs") {
            definitions.extend(
                own.into_iter()
                    .map(|(key, value)| (prefix.clone() + &key, value)),
            );
        }
        if let Some(keys) = table.get_mut("properties").and_then(Value::as_object_mut) {
            keys.insert("rules".to_owned(), rules_schema());
        }
        properties.insert((*name).to_owned(), schema);
    }

    serde_json::json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "release-gates.toml",
        "type": "object",
        "properties": properties,
        "additionalProperties": false,
        "$defs": definitions,
    })
}

fn rules_schema() -> Value {
    serde_json::json!({
        "description": "Levels by rule id.",
        "type": "object",
        "additionalProperties": { "enum": ["deny", "warn", "allow"] },
    })
}

/// Gives the definitions of one table names of their own: two tables may have one of the same name.
fn prefix_references(value: &mut Value, prefix: &str) {
    match value {
        Value::Object(map) => {
            for (key, inner) in map.iter_mut() {
                match inner {
                    Value::String(target) if key == "$ref" => {
                        *target = target.replacen("#/$defs/", &format!("#/$defs/{prefix}"), 1);
                    }
                    _ => prefix_references(inner, prefix),
                }
            }
        }
        Value::Array(list) => list
            .iter_mut()
            .for_each(|inner| prefix_references(inner, prefix)),
        _ => {}
    }
}

/// Writes the sections of one gate.
struct Writer<'a> {
    page: &'a mut String,
    /// The gate's schema, which definitions are looked up in.
    schema: &'a Value,
}

/// What a key holds.
enum Held<'a> {
    /// A value, in words.
    Value(String),
    /// A table of its own, with its header and its schema.
    Table(String, &'a Value),
}

impl<'a> Writer<'a> {
    /// One table: its keys, then the tables below it. `path`: the keys that lead to it, with dots.
    fn table(&mut self, table: &'a Value, header: &str, path: &str) -> Result<()> {
        let table = self.resolve(table);
        let Some(keys) = table["properties"].as_object() else {
            return Err(wordless(path, table));
        };
        self.page.push_str(&format!(
            "\n{} `{header}`\n\n| key | value | meaning |\n|---|---|---|\n",
            heading(path)
        ));

        let mut below = Vec::new();
        for (key, schema) in keys {
            let path = format!("{path}.{key}");
            let value = match self.held(schema, &path)? {
                Held::Value(words) => words,
                Held::Table(header, table) => {
                    let words = format!("`{header}`, below");
                    below.push((header, path.clone(), table));
                    words
                }
            };
            let required = if is_required(table, key) {
                "Required. "
            } else {
                ""
            };
            let meaning = meaning(schema, &path)?;
            self.page
                .push_str(&format!("| `{key}` | {value} | {required}{meaning} |\n"));
        }

        for (header, path, table) in below {
            self.table(table, &header, &path)?;
        }
        Ok(())
    }

    /// What a key of this schema holds.
    fn held(&self, schema: &'a Value, path: &str) -> Result<Held<'a>> {
        let schema = self.resolve(schema);
        let item = self.resolve(&schema["items"]);
        let named = self.resolve(&schema["additionalProperties"]);

        if is_table(schema) {
            Ok(Held::Table(format!("[{path}]"), schema))
        } else if is_table(item) {
            Ok(Held::Table(format!("[[{path}]]"), item))
        } else if is_table(named) {
            Ok(Held::Table(format!("[{path}.NAME]"), named))
        } else {
            Ok(Held::Value(self.words(schema, path)?))
        }
    }

    /// A value in words.
    fn words(&self, schema: &Value, path: &str) -> Result<String> {
        let schema = self.resolve(schema);
        if let Some(choices) = choices(schema) {
            return Ok(choices.join(", "));
        }
        if let Some(list) = schema["anyOf"].as_array() {
            let words: Result<Vec<_>> = list.iter().map(|inner| self.words(inner, path)).collect();
            return Ok(words?.join(", or "));
        }
        match type_of(schema) {
            Some("string") => Ok("string".to_owned()),
            Some("integer") => Ok("number".to_owned()),
            Some("boolean") => Ok("`true` or `false`".to_owned()),
            Some("array") => Ok(format!("list: {}", self.words(&schema["items"], path)?)),
            Some("object") => {
                let value = self.words(&schema["additionalProperties"], path)?;
                Ok(format!("table: NAME = {value}"))
            }
            _ => Err(wordless(path, schema)),
        }
    }

    /// The schema behind references, and behind "or nothing".
    fn resolve<'b>(&self, schema: &'b Value) -> &'b Value
    where
        'a: 'b,
    {
        let mut schema = schema;
        loop {
            let target = schema["$ref"].as_str();
            if let Some(name) = target.and_then(|target| target.strip_prefix("#/$defs/")) {
                schema = &self.schema["$defs"][name];
            } else if let Some(inner) = only_choice(schema) {
                schema = inner;
            } else {
                return schema;
            }
        }
    }
}

/// The one choice beside `null`, where there is one.
fn only_choice(schema: &Value) -> Option<&Value> {
    let choices = schema["anyOf"].as_array()?;
    let mut values = choices.iter().filter(|choice| choice["type"] != "null");
    let only = values.next()?;
    values.next().is_none().then_some(only)
}

/// The words that a value is one of.
fn choices(schema: &Value) -> Option<Vec<String>> {
    if let Some(word) = schema["const"].as_str() {
        return Some(vec![format!("`\"{word}\"`")]);
    }
    if let Some(words) = schema["enum"].as_array() {
        let words = words.iter().filter(|word| !word.is_null());
        return Some(words.map(|word| format!("`{word}`")).collect());
    }
    let parts: Option<Vec<_>> = schema["oneOf"].as_array()?.iter().map(choices).collect();
    parts.map(|parts| parts.concat())
}

/// The type of a value, without `null`.
fn type_of(schema: &Value) -> Option<&str> {
    match &schema["type"] {
        Value::String(name) => Some(name),
        Value::Array(names) => names
            .iter()
            .filter_map(Value::as_str)
            .find(|name| *name != "null"),
        _ => None,
    }
}

fn is_table(schema: &Value) -> bool {
    schema["properties"].is_object()
}

fn is_required(table: &Value, key: &str) -> bool {
    let required = table["required"].as_array();
    required.is_some_and(|list| list.iter().any(|name| name == key))
}

/// The heading of a table, one level deeper for each key.
fn heading(path: &str) -> &'static str {
    if path.contains('.') { "###" } else { "##" }
}

/// What a key means, in one line.
fn meaning(schema: &Value, path: &str) -> Result<String> {
    let text = schema["description"].as_str().ok_or_else(|| {
        Error::judge(format!("`{path}` has no documentation"))
            .with_help("add a doc comment to the field")
    })?;
    Ok(collapse_white_space(text).replace('|', "\\|"))
}

fn wordless(path: &str, schema: &Value) -> Error {
    Error::judge(format!("the page has no words for `{path}`: {schema}"))
        .with_help("teach xtask/src/configuration.rs this shape")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn sample() -> Value {
        json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "type": "object",
            "properties": {
                "fail-on": {
                    "description": "The lowest severity\nthat fails.",
                    "anyOf": [{ "$ref": "#/$defs/Severity" }, { "type": "null" }],
                },
                "ignore": {
                    "description": "Advisories.",
                    "type": "array",
                    "items": { "$ref": "#/$defs/Ignore" },
                },
                "mirrors": {
                    "description": "Registries.",
                    "type": "array",
                    "items": { "type": "string" },
                },
            },
            "$defs": {
                "Severity": { "oneOf": [{ "const": "low" }, { "enum": ["high"] }] },
                "Ignore": {
                    "type": "object",
                    "properties": { "id": { "description": "Its id.", "type": "string" } },
                    "required": ["id"],
                },
            },
        })
    }

    #[test]
    fn each_key_has_a_row_and_each_table_a_heading() {
        let page = page(&[("audit", sample())]).unwrap();
        for line in [
            "## `[audit]`",
            "| `fail-on` | `\"low\"`, `\"high\"` | The lowest severity that fails. |",
            "| `ignore` | `[[audit.ignore]]`, below | Advisories. |",
            "| `mirrors` | list: string | Registries. |",
            "### `[[audit.ignore]]`",
            "| `id` | string | Required. Its id. |",
        ] {
            assert!(page.lines().any(|found| found == line), "{line}\n{page}");
        }
    }

    #[test]
    fn a_key_without_words_or_documentation_is_an_error() {
        let mut odd = sample();
        odd["properties"]["mirrors"]["items"]["type"] = "number".into();
        assert!(page(&[("audit", odd)]).is_err());

        let mut silent = sample();
        silent["properties"]["mirrors"]["description"] = Value::Null;
        assert!(page(&[("audit", silent)]).is_err());
    }

    #[test]
    fn definitions_of_one_name_stay_apart() {
        let schema = file_schema(&[("a", sample()), ("b", sample())]);
        let reference = &schema["properties"]["b"]["properties"]["ignore"]["items"]["$ref"];
        assert_eq!(reference, "#/$defs/b-Ignore");
        assert!(schema["$defs"]["a-Ignore"].is_object() && schema["$defs"]["b-Ignore"].is_object());
    }
}
