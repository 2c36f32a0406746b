//! What cargo itself writes beside an artifact (`-Zsbom`): a second opinion about what is in it.
//! <https://doc.rust-lang.org/cargo/reference/unstable.html#sbom>

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::inventory::Role;
use super::json::parse_json;

/// The packages of an artifact by name and version, and what each is to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Precursor {
    /// Name and version of the package that the artifact is of.
    pub root: (String, String),
    /// Every package, the root included.
    pub packages: BTreeMap<(String, String), Role>,
}

#[derive(Deserialize)]
struct Document {
    version: u32,
    root: usize,
    crates: Vec<Crate>,
}

#[derive(Deserialize)]
struct Crate {
    id: String,
    dependencies: Vec<Dependency>,
}

#[derive(Deserialize)]
struct Dependency {
    index: usize,
    kind: DependencyKind,
}

/// How a crate needs another: cargo knows procedural macros and build scripts as `build`.
#[derive(PartialEq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum DependencyKind {
    Normal,
    Build,
}

/// Reads a precursor. The error says why it cannot be relied on.
///
/// # Errors
/// It is no precursor of the version that is known.
pub fn parse_precursor(bytes: &[u8]) -> Result<Precursor, String> {
    let document: Document =
        serde_json::from_value(parse_json(bytes)?).map_err(|error| error.to_string())?;
    if document.version != 1 {
        return Err(format!(
            "it has version {}, and 1 is the one that is known",
            document.version
        ));
    }

    let shipped = document.reach(|dependency| dependency.kind == DependencyKind::Normal)?;
    let reached = document.reach(|_| true)?;
    let mut packages = BTreeMap::new();
    for index in reached {
        let role = if shipped.contains(&index) {
            Role::Shipped
        } else {
            Role::BuildTime
        };
        let package = package_of(&document.crates[index].id)?;
        let known = packages.entry(package).or_insert(role);
        // A package that is in the artifact anywhere is in it.
        *known = (*known).min(role);
    }

    Ok(Precursor {
        root: package_of(&document.crates[document.root].id)?,
        packages,
    })
}

impl Document {
    /// The crates that are reached from the root through dependencies that `follow` lets through.
    fn reach(&self, follow: impl Fn(&Dependency) -> bool) -> Result<BTreeSet<usize>, String> {
        let mut seen = BTreeSet::new();
        let mut stack = vec![self.root];
        while let Some(index) = stack.pop() {
            let found = self
                .crates
                .get(index)
                .ok_or("it names a crate that it does not have")?;
            if !seen.insert(index) {
                continue;
            }
            stack.extend(
                found
                    .dependencies
                    .iter()
                    .filter(|dependency| follow(dependency))
                    .map(|dependency| dependency.index),
            );
        }
        Ok(seen)
    }
}

/// Name and version of a package id: `…#name@version`, or `…/name#version`.
fn package_of(id: &str) -> Result<(String, String), String> {
    let unreadable = || format!("`{id}` is not a package id");
    let (url, fragment) = id.rsplit_once('#').ok_or_else(unreadable)?;
    if let Some((name, version)) = fragment.rsplit_once('@') {
        return Ok((name.to_owned(), version.to_owned()));
    }
    let path = url.split('?').next().unwrap_or_default();
    let name = path.trim_end_matches('/').rsplit('/').next();
    let name = name
        .filter(|name| !name.is_empty())
        .ok_or_else(unreadable)?;
    Ok((name.to_owned(), fragment.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As cargo 1.95 writes it.
    const PRECURSOR: &str = r#"{"version":1,"root":0,"crates":[
        {"id":"path+file:///w/app#0.1.0","features":[],"dependencies":[{"index":1,"kind":"build"},{"index":3,"kind":"normal"},{"index":4,"kind":"build"}],"kind":["bin"]},
        {"id":"path+file:///w/app#0.1.0","features":[],"dependencies":[{"index":2,"kind":"normal"}],"kind":["custom-build"]},
        {"id":"registry+https://github.com/rust-lang/crates.io-index#cc@1.2.0","features":[],"dependencies":[],"kind":["lib"]},
        {"id":"git+https://example.org/dep?rev=1#dep@1.0.0","features":["default"],"dependencies":[],"kind":["lib"]},
        {"id":"path+file:///w/mac#1.0.0","features":[],"dependencies":[{"index":5,"kind":"normal"}],"kind":["proc-macro"]},
        {"id":"path+file:///w/quote#1.0.0","features":[],"dependencies":[],"kind":["lib"]}],
        "rustc":{"version":"1.95.0"},"target":"x86_64-unknown-linux-gnu"}"#;

    #[test]
    fn roles_are_those_of_the_artifact() {
        let precursor = parse_precursor(PRECURSOR.as_bytes()).unwrap();
        let roles: Vec<(&str, Role)> = precursor
            .packages
            .iter()
            .map(|((name, _), role)| (name.as_str(), *role))
            .collect();
        assert_eq!(
            roles,
            [
                ("app", Role::Shipped),
                ("cc", Role::BuildTime),
                ("dep", Role::Shipped),
                ("mac", Role::BuildTime),
                ("quote", Role::BuildTime),
            ]
        );
        assert_eq!(precursor.root, ("app".to_owned(), "0.1.0".to_owned()));
    }

    #[test]
    fn what_cannot_be_relied_on_is_refused() {
        for (old, new) in [
            ("\"version\":1,\"root\"", "\"version\":2,\"root\""),
            ("\"root\":0", "\"root\":9"),
            ("\"index\":5", "\"index\":50"),
            ("#cc@1.2.0", ""),
            ("\"kind\":\"build\"", "\"kind\":\"other\""),
        ] {
            let changed = PRECURSOR.replacen(old, new, 1);
            assert!(parse_precursor(changed.as_bytes()).is_err(), "{new}");
        }
    }
}
