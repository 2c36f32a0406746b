//! The plan for taking a release back. Printed, never run.
//!
//! Must never: hand anything to a shell. People read it, decide, and type.

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
    /// Whether it may be published at all.
    pub published: bool,
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

/// The plan as text.
pub fn plan(packages: &[Package], tags: &[String]) -> String {
    let ordered = order(packages);
    let published: Vec<&&Package> = ordered.iter().filter(|package| package.published).collect();
    let mut text = String::from(
        "Rollback plan (nothing of this was run)\n\n1. Publish a compatible repair first if there is one: yanking alone leaves users without a version to move to.\n",
    );
    text.push_str("\n2. Yank, dependents before what they depend on. Existing lockfiles keep working; nothing is deleted.\n");
    if published.is_empty() {
        text.push_str("     (no package of the selection is published to a registry)\n");
    }
    for package in &published {
        text.push_str(&format!(
            "     cargo yank {}@{}\n",
            package.name, package.version
        ));
    }
    text.push_str("\n   To undo, in the opposite order:\n");
    for package in published.iter().rev() {
        text.push_str(&format!(
            "     cargo yank --undo {}@{}\n",
            package.name, package.version
        ));
    }
    text.push_str("\n3. Say so where people look: mark the release on the forge as a pre-release, and add [YANKED] to its changelog heading.\n");
    for tag in tags {
        text.push_str(&format!(
            "     the tag {tag} stays: whoever verifies what was shipped needs it\n"
        ));
    }
    text.push_str("\n4. Tell users how to go back:\n");
    for package in &ordered {
        match &package.before {
            Some(before) => text.push_str(&format!(
                "     cargo update -p {} --precise {before}\n",
                package.name
            )),
            None => text.push_str(&format!(
                "     {} {} was the first release: there is no version to go back to\n",
                package.name, package.version
            )),
        }
    }
    text.push_str("\n5. For a vulnerability, publish an advisory rather than only yanking: `cargo relnotes` wrote skeletons to advisories/.\n");
    text
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
            published: true,
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
        let text = plan(&packages, &["v1.1.0".to_owned()]);
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
}
