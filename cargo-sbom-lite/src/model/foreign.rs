//! What is in an artifact, or made it, and is no cargo package: the standard library, the
//! toolchain, and native libraries of `-sys` packages.

use super::config::NativeLibrary;
use super::inventory::{Component, Inventory, Role};
use super::provenance::Provenance;
use super::purl::percent_encode;

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
    /// Who supplies it, where that is known.
    pub supplier: Option<String>,
    /// SPDX expression, where it is known.
    pub license: Option<String>,
    /// One line about it.
    pub description: String,
    /// Package URLs of the packages that need it.
    pub needed_by: Vec<String>,
}

/// The list for an inventory, sorted by package URL.
pub fn foreign(inventory: &Inventory, provenance: &Provenance) -> Vec<Foreign> {
    let mut list = match provenance.rust_version() {
        Some(version) => toolchain(&inventory.main.purl(), version).into(),
        None => Vec::new(),
    };
    for component in inventory.all() {
        let Some(library) = native_library(component, &provenance.native) else {
            continue;
        };
        match list.iter_mut().find(|other| other.purl == library.purl) {
            Some(other) => other.needed_by.extend(library.needed_by),
            None => list.push(library),
        }
    }
    list.sort_by(|a, b| a.purl.cmp(&b.purl));
    list
}

/// The standard library, which is part of the artifact, and the programs that made it.
fn toolchain(main: &str, version: &str) -> [Foreign; 3] {
    let part = |name: &str, role, program, description: &str| Foreign {
        name: name.to_owned(),
        version: Some(version.to_owned()),
        purl: format!("pkg:generic/{name}@{version}"),
        role,
        program,
        supplier: Some("The Rust Project".to_owned()),
        license: Some("MIT OR Apache-2.0".to_owned()),
        description: description.to_owned(),
        needed_by: vec![main.to_owned()],
    };
    [
        part(
            "rust-std",
            Role::Shipped,
            false,
            "the Rust standard library, as the toolchain ships it",
        ),
        part("rustc", Role::BuildTime, true, "the Rust compiler"),
        part("cargo", Role::BuildTime, true, "the Rust package manager"),
    ]
}

/// The native library that a package builds or links. `links` is also used as a lock, by packages
/// without any; `-sys` names one by convention.
fn native_library(component: &Component, known: &[NativeLibrary]) -> Option<Foreign> {
    let links = component.links.as_ref()?;
    if !(component.name.ends_with("-sys") || component.name.ends_with("_sys")) {
        return None;
    }

    let known = known.iter().find(|library| library.links == *links);
    let version = known
        .and_then(|library| library.version.as_deref())
        .or_else(|| bundled_version(&component.version));
    let name = links.replace(
        |c: char| !(c.is_ascii_alphanumeric() || "-_.".contains(c)),
        "-",
    );
    let purl = match version {
        Some(version) => format!("pkg:generic/{name}@{}", percent_encode(version)),
        None => format!("pkg:generic/{name}"),
    };

    Some(Foreign {
        name: links.clone(),
        version: version.map(str::to_owned),
        purl,
        role: component.role,
        program: false,
        supplier: known.map(|library| library.supplier.clone()),
        license: known.and_then(|library| library.license.clone()),
        description: format!(
            "native library that {} {} builds or links (its `links` key); what the system provides may be another version",
            component.name, component.version
        ),
        needed_by: vec![component.purl()],
    })
}

/// By convention the build part of a `-sys` package's version is the library's own:
/// `0.18.2+1.9.1`.
fn bundled_version(version: &str) -> Option<&str> {
    let (_, build) = version.split_once('+')?;
    let is_version = build.starts_with(|c: char| c.is_ascii_digit()) && build.contains('.');
    is_version.then_some(build)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::model::license::License;

    #[test]
    fn only_sys_packages_have_native_libraries() {
        let mut main = Component::for_tests("openssl-sys", License::Missing);
        main.links = Some("openssl".to_owned());
        let mut lock = Component::for_tests("rayon-core", License::Missing);
        lock.links = Some("rayon-core".to_owned());
        let components = BTreeMap::from([(lock.purl(), lock)]);
        let inventory = Inventory {
            main,
            components,
            approximate: false,
        };
        let mut provenance = Provenance {
            rustc: Some("rustc 1.95.0 (0 2026-01-01)".to_owned()),
            ..Provenance::default()
        };

        let urls = |provenance: &Provenance| -> Vec<String> {
            let list = foreign(&inventory, provenance);
            list.into_iter().map(|one| one.purl).collect()
        };
        assert_eq!(
            urls(&provenance),
            [
                "pkg:generic/cargo@1.95.0",
                "pkg:generic/openssl",
                "pkg:generic/rust-std@1.95.0",
                "pkg:generic/rustc@1.95.0"
            ]
        );

        provenance.native = vec![NativeLibrary {
            links: "openssl".to_owned(),
            supplier: "OpenSSL Foundation".to_owned(),
            version: Some("3.0.13".to_owned()),
            license: None,
        }];
        assert_eq!(urls(&provenance)[1], "pkg:generic/openssl@3.0.13");
        let known = &foreign(&inventory, &provenance)[1];
        assert_eq!(known.supplier.as_deref(), Some("OpenSSL Foundation"));
    }
}
