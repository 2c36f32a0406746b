//! The packages of a compiled program: the list `cargo auditable` embeds, else what panic messages
//! give away.

use release_gate::{Error, Result};
use rustsec::binary_scanning::{BinaryReport, load_deps_from_binary};

use crate::model::locked::Locked;
use crate::model::source::source_of_lock;

/// What a program says about its dependencies.
#[derive(Debug, Clone)]
pub struct Packages {
    /// The packages found.
    pub packages: Vec<Locked>,
    /// Whether the list is the embedded one, and so complete.
    pub complete: bool,
}

/// Reads a program; `name` is for error messages.
///
/// # Errors
/// It is no program of a known format, its list cannot be read, or it has none and no panic message
/// names a package.
pub fn packages_of(bytes: &[u8], name: &str) -> Result<Packages> {
    let (_, report) = load_deps_from_binary(bytes, None).map_err(|error| {
        Error::judge(format!("the dependency list in `{name}` cannot be read"))
            .with_source(error)
            .with_help("the file may be truncated; build it again with `cargo auditable build`")
    })?;
    match report {
        BinaryReport::Complete(list) => Ok(Packages {
            packages: packages_of_list(&list),
            complete: true,
        }),
        BinaryReport::Incomplete(list) => Ok(Packages {
            packages: packages_of_list(&list),
            complete: false,
        }),
        BinaryReport::None => Err(Error::judge(format!(
            "`{name}` says nothing about its dependencies"
        ))
        .with_help("build it with `cargo auditable build`, or audit the project or its SBOM")),
    }
}

fn packages_of_list(list: &rustsec::Lockfile) -> Vec<Locked> {
    list.packages
        .iter()
        .map(|package| Locked {
            name: package.name.to_string(),
            version: package.version.clone(),
            source: source_of_lock(
                package.source.as_ref().map(ToString::to_string).as_deref(),
                &[],
            ),
            line: None,
            replaces_crates_io: false,
        })
        .collect()
}
