//! The plan for taking a release back. Printed, never run.
//!
//! Must never: hand anything to a shell. People read it, decide, and type.

use release_gate_facts::bump::is_compatible;
use semver::Version;

/// A package of the release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Package {
    /// Its name.
    pub name: String,
    /// The version to be taken back.
    pub version: Version,
    /// The version before.
    pub before: Option<Version>,
    /// Names of the packages it depends on.
    pub needs: Vec<String>,
    /// Where it may be published.
    pub registry: Registry,
    /// Whether users install it as a program; the others depend on it.
    pub is_program: bool,
}

/// Where a package may be published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Registry {
    /// Nowhere.
    None,
    /// crates.io.
    CratesIo,
    /// A registry by the name cargo's configuration gives it.
    Named(String),
}

impl Registry {
    /// ` --registry NAME`, where cargo has to be told.
    fn flag(&self) -> String {
        match self {
            Self::Named(name) => format!(" --registry {name}"),
            Self::None | Self::CratesIo => String::new(),
        }
    }
}

/// Packages in the order in which they are yanked: whatever needs another one goes before it.
pub fn order(packages: &[Package]) -> Vec<&Package> {
    let mut ordered: Vec<&Package> = Vec::new();
    let mut left: Vec<&Package> = packages.iter().collect();
    left.sort_by(|a, b| a.name.cmp(&b.name));
    while !left.is_empty() {
        let free = left.iter().position(|one| {
            !left
                .iter()
                .any(|other| other.name != one.name && other.needs.contains(&one.name))
        });
        // A cycle (through development dependencies) is broken at the first name.
        ordered.push(left.remove(free.unwrap_or(0)));
    }
    ordered
}

/// The plan as text. `has_advisories` says that there are skeletons of advisories.
pub fn plan(packages: &[Package], tags: &[String], has_advisories: bool) -> String {
    let ordered = order(packages);
    let published: Vec<&&Package> = ordered
        .iter()
        .filter(|package| package.registry != Registry::None)
        .collect();

    let mut text = String::from(
        "Rollback plan (nothing of this was run)\n\n1. Publish a compatible repair first if there is one: yanking alone leaves users without a version to move to.\n",
    );
    text.push_str("\n2. Yank, dependents before what they depend on. Existing lockfiles keep working; nothing is deleted.\n");
    if published.is_empty() {
        text.push_str("     (no package of the selection is published to a registry)\n");
    }
    for package in &published {
        text.push_str(&yank(package, ""));
    }
    if !published.is_empty() {
        text.push_str("\n   To undo, in the opposite order:\n");
        for package in published.iter().rev() {
            text.push_str(&yank(package, " --undo"));
        }
    }

    text.push_str("\n3. Say so where people look: mark the release on the forge as a pre-release, and add [YANKED] to its changelog heading.\n");
    for tag in tags {
        text.push_str(&format!(
            "     the tag {tag} stays: anyone who verifies what was shipped needs it\n"
        ));
    }

    text.push_str("\n4. Tell users how to go back:\n");
    for package in &ordered {
        text.push_str(&way_back(package));
    }
    text.push_str(if has_advisories {
        "\n5. For a vulnerability, publish an advisory rather than only yanking: there are skeletons in advisories/.\n"
    } else {
        "\n5. For a vulnerability, publish an advisory rather than only yanking.\n"
    });

    text
}

fn yank(package: &Package, undo: &str) -> String {
    format!(
        "     cargo yank{undo}{} {}@{}\n",
        package.registry.flag(),
        package.name,
        package.version
    )
}

/// How users of a package get the version before. Over a step that may break, cargo finds it only
/// where it is asked for: a requirement such as `2` never means a version of 1.
fn way_back(package: &Package) -> String {
    let Package {
        name,
        version,
        before,
        registry,
        ..
    } = package;

    let Some(before) = before else {
        return format!(
            "     {name} {version} was the first release: there is no version to go back to\n"
        );
    };

    if package.is_program {
        return format!(
            "     cargo install --locked --force{} {name}@{before}\n",
            registry.flag()
        );
    }

    let update = format!("cargo update -p {name} --precise {before}");

    if is_compatible(before, version) {
        format!("     {update}\n")
    } else {
        format!(
            "     in Cargo.toml, the requirement on {name} has to be \"{before}\" again (one on {version} does not allow it); then: {update}\n"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dependents_go_first() {
        let package = |name: &str, needs: &[&str]| Package {
            name: name.to_owned(),
            version: "1.1.0".parse().unwrap(),
            before: Some("1.0.0".parse().unwrap()),
            needs: needs.iter().map(|name| (*name).to_owned()).collect(),
            registry: Registry::CratesIo,
            is_program: false,
        };

        let packages = [
            package("core", &[]),
            package("cli", &["lib"]),
            package("lib", &["core"]),
        ];

        assert_eq!(
            order(&packages)
                .iter()
                .map(|one| one.name.as_str())
                .collect::<Vec<_>>(),
            ["cli", "lib", "core"]
        );

        let text = plan(&packages, &["v1.1.0".to_owned()], false);
        assert!(text.find("cargo yank cli@1.1.0") < text.find("cargo yank core@1.1.0"));
        assert!(
            text.find("cargo yank --undo core@1.1.0") < text.find("cargo yank --undo cli@1.1.0")
        );

        // A cycle ends too.
        assert_eq!(
            order(&[package("a", &["b"]), package("b", &["a"])]).len(),
            2
        );
    }

    #[test]
    fn the_way_back_is_one_that_works() {
        let package = |version: &str, is_program: bool, registry: Registry| Package {
            name: "demo".to_owned(),
            version: version.parse().unwrap(),
            before: Some("1.0.0".parse().unwrap()),
            needs: Vec::new(),
            registry,
            is_program,
        };
        assert_eq!(
            way_back(&package("1.1.0", false, Registry::CratesIo)).trim(),
            "cargo update -p demo --precise 1.0.0"
        );
        let major = way_back(&package("2.0.0", false, Registry::CratesIo));
        assert!(
            major.contains("Cargo.toml") && major.contains("requirement"),
            "{major}"
        );
        let program = way_back(&package("2.0.0", true, Registry::Named("corp".to_owned())));
        assert_eq!(
            program.trim(),
            "cargo install --locked --force --registry corp demo@1.0.0"
        );
    }
}
