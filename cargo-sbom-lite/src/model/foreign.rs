//! What is in an artifact, or made it, and is no cargo package: the standard library, the
//! toolchain, and native libraries of `-sys` packages.

use super::inventory::{Inventory, Role};

/// Something that is no cargo package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Foreign {
    /// Its name.
    pub name: String,
    /// Its version, where it is known.
    pub version: Option<String>,
    /// Package URL, of type `generic`.
    pub purl: String,
    /// What it is to the artifact.
    pub role: Role,
    /// A program rather than a library.
    pub program: bool,
    /// SPDX expression, where it is known.
    pub license: Option<&'static str>,
    /// One line about it.
    pub description: String,
    /// Package URLs of the packages that need it.
    pub needed_by: Vec<String>,
}

/// The list for an inventory and the version of rustc and cargo (`1.95.0`), sorted by package URL.
pub fn foreign(inventory: &Inventory, rust: Option<&str>) -> Vec<Foreign> {
    let main = inventory.main.purl();
    let mut list: Vec<Foreign> = Vec::new();
    if let Some(version) = rust {
        for (name, role, program, description) in [
            (
                "rust-std",
                Role::Shipped,
                false,
                "the Rust standard library, as the toolchain ships it",
            ),
            ("rustc", Role::BuildTime, true, "the Rust compiler"),
            ("cargo", Role::BuildTime, true, "the Rust package manager"),
        ] {
            list.push(Foreign {
                name: name.to_owned(),
                version: Some(version.to_owned()),
                purl: format!("pkg:generic/{name}@{version}"),
                role,
                program,
                license: Some("MIT OR Apache-2.0"),
                description: description.to_owned(),
                needed_by: vec![main.clone()],
            });
        }
    }
    for component in inventory.all() {
        let Some(links) = &component.links else {
            continue;
        };
        // `links` is also used as a lock, by packages without any native library; `-sys` names one
        // by convention.
        if !(component.name.ends_with("-sys") || component.name.ends_with("_sys")) {
            continue;
        }
        let name: String = links
            .chars()
            .map(|c| {
                if c.is_ascii_alphanumeric() || "-_.".contains(c) {
                    c
                } else {
                    '-'
                }
            })
            .collect();
        // By convention the build part of a `-sys` package's version is the library's own:
        // `0.18.2+1.9.1`.
        let version = component
            .version
            .split_once('+')
            .map(|(_, build)| build)
            .filter(|build| build.starts_with(|c: char| c.is_ascii_digit()) && build.contains('.'));
        let purl = match version {
            Some(version) => format!("pkg:generic/{name}@{}", version.replace('+', "%2B")),
            None => format!("pkg:generic/{name}"),
        };
        let needed_by = component.purl();
        match list.iter_mut().find(|other| other.purl == purl) {
            Some(other) => other.needed_by.push(needed_by),
            None => list.push(Foreign {
                name: links.clone(),
                version: version.map(str::to_owned),
                purl,
                role: component.role,
                program: false,
                license: None,
                description: format!(
                    "native library that {} {} builds or links (its `links` key); what the system provides may be another version",
                    component.name, component.version
                ),
                needed_by: vec![needed_by],
            }),
        }
    }
    list.sort_by(|a, b| a.purl.cmp(&b.purl));
    list
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::model::inventory::Component;
    use crate::model::license::License;

    #[test]
    fn only_sys_packages_have_native_libraries() {
        let mut main = Component::for_tests("openssl-sys", License::Missing);
        main.links = Some("openssl".to_owned());
        let mut lock = Component::for_tests("rayon-core", License::Missing);
        lock.links = Some("rayon-core".to_owned());
        let components = BTreeMap::from([(lock.purl(), lock)]);
        let list = foreign(
            &Inventory {
                main,
                components,
                approximate: false,
            },
            Some("1.95.0"),
        );

        let urls: Vec<&str> = list.iter().map(|one| one.purl.as_str()).collect();
        assert_eq!(
            urls,
            [
                "pkg:generic/cargo@1.95.0",
                "pkg:generic/openssl",
                "pkg:generic/rust-std@1.95.0",
                "pkg:generic/rustc@1.95.0"
            ]
        );
    }
}
