//! What plain cargo builds lose of the equality of sealed ones: folders that sealed builds cancel.
//! Pure.

use release_gate::Finding;

use crate::model::build::Build;
use crate::rules;

/// Whether bytes hold the name that sealed builds give a package's folder, or that of the registry.
fn holds_cancelled_folder(bytes: &[u8], build: &Build) -> bool {
    memchr::memmem::find(bytes, b"/cargo/registry/").is_some()
        || build.units.iter().any(|unit| {
            let folder = format!("/{}-{}", unit.call.package, unit.call.version);
            holds_folder(bytes, folder.as_bytes())
        })
}

/// Whether bytes hold a folder's name, alone or before the name of a file.
fn holds_folder(bytes: &[u8], folder: &[u8]) -> bool {
    memchr::memmem::find_iter(bytes, folder)
        .any(|at| matches!(bytes.get(at + folder.len()), Some(b'/' | 0)))
}

/// Whether the profile has cargo map folders by itself, in plain builds, too.
fn trims_paths(build: &Build) -> bool {
    build
        .units
        .iter()
        .flat_map(|unit| &unit.call.args)
        .any(|arg| arg.starts_with("--remap-path-scope"))
}

/// The note for an artifact in which a plain build would embed folders of the machine.
pub(crate) fn plain_finding(name: &str, bytes: &[u8], build: &Build) -> Option<Finding> {
    if trims_paths(build) || !holds_cancelled_folder(bytes, build) {
        return None;
    }
    Some(
        Finding::new(
            &rules::PLAIN_BUILD,
            format!("a plain `cargo build` of `{name}` embeds the folder it is built in; sealed builds cancel it"),
        )
        .help("publish what `cargo repro build` makes, or set `profile.release.trim-paths` where cargo has it"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::build::Unit;

    #[test]
    fn a_cancelled_folder_is_told() {
        let mut unit = Unit::default();
        unit.call.package = "dep".to_owned();
        unit.call.version = "1.0.0".to_owned();
        let mut build = Build {
            units: vec![unit],
            ..Build::default()
        };
        assert!(plain_finding("x", b"\0/dep-1.0.0/src/lib.rs\0", &build).is_some());
        assert!(plain_finding("x", b"\0/dep-2.0.0/src/lib.rs\0", &build).is_none());
        assert!(plain_finding("x", b"\0/dep-1.0.0\0", &build).is_some());
        assert!(plain_finding("x", b"\0/dep-1.0.0-old\0", &build).is_none());
        build.units[0].call.args = vec!["--remap-path-scope=all".to_owned()];
        assert!(plain_finding("x", b"\0/dep-1.0.0/src/lib.rs\0", &build).is_none());
    }
}
