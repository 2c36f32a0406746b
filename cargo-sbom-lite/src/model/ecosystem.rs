//! Types of package URLs: whose packages they name, and what that says about crates.

/// Whose packages a type of package URL names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ecosystem {
    /// A repository, from which a crate may have been built.
    Repository,
    /// A language or tool with a registry of its own: a package is a crate only if its name says so.
    Language,
    /// A system, which has packages of all languages under names and with versions of its own.
    System,
    /// Images, models and files, or a word for anything: a crate's name may be that of the crate.
    Open,
}

use Ecosystem::{Language, Open, Repository, System};

/// The specification's types, and those that are in common use. `cargo` has a reader of its own.
const TYPES: &[(Ecosystem, &[&str])] = &[
    (
        Repository,
        &["bitbucket", "git", "gitea", "github", "gitlab"],
    ),
    (System, &["alpm", "apk", "deb", "rpm"]),
    (
        Language,
        &[
            "bower",
            "brew",
            "clojars",
            "cocoapods",
            "composer",
            "conan",
            "conda",
            "cpan",
            "cran",
            "elm",
            "gem",
            "golang",
            "gradle",
            "guix",
            "hackage",
            "hex",
            "julia",
            "luarocks",
            "maven",
            "nix",
            "npm",
            "nuget",
            "opam",
            "pear",
            "pub",
            "pypi",
            "swift",
        ],
    ),
    (
        Open,
        &[
            "alpine",
            "android",
            "apache",
            "atom",
            "bazel",
            "bitnami",
            "buildroot",
            "carthage",
            "chef",
            "chocolatey",
            "chrome-extension",
            "coreos",
            "ctan",
            "docker",
            "drupal",
            "ebuild",
            "eclipse",
            "elpa",
            "generic",
            "gitea-action",
            "github-actions",
            "githubactions",
            "haxe",
            "helm",
            "homebrew",
            "huggingface",
            "kpm",
            "linux",
            "lua",
            "melpa",
            "meteor",
            "mlflow",
            "nim",
            "oci",
            "openwrt",
            "osgi",
            "otp",
            "p2",
            "pecl",
            "perl",
            "platformio",
            "puppet",
            "qpkg",
            "r",
            "sourceforge",
            "swid",
            "terraform",
            "vim",
            "vscode-extension",
            "wordpress",
            "yocto",
        ],
    ),
];

impl Ecosystem {
    /// By the type of a package URL, in lower case. `None` for one that nobody knows here.
    pub fn of_type(kind: &str) -> Option<Self> {
        TYPES
            .iter()
            .find(|(_, types)| types.contains(&kind))
            .map(|(ecosystem, _)| *ecosystem)
    }

    /// By a whole package URL. `None` for other texts, too.
    pub fn of_url(text: &str) -> Option<Self> {
        let lower = text.trim().to_ascii_lowercase();
        let rest = lower.strip_prefix("pkg:")?.trim_start_matches('/');
        Self::of_type(rest.split('/').next()?)
    }

    /// Whether its packages are crates only where their names say so.
    pub fn has_own_names(self) -> bool {
        matches!(self, Language | System)
    }
}

/// The version of the software in a version of a system's package: without the epoch before it and
/// the revision behind it (`1:1.6.0~rc1+dfsg-2` is `1.6.0-rc1+dfsg`).
pub fn upstream_version(version: &str) -> String {
    let version = match version.split_once(':') {
        Some((epoch, rest)) if epoch.bytes().all(|byte| byte.is_ascii_digit()) => rest,
        _ => version,
    };
    let version = version
        .rsplit_once('-')
        .map_or(version, |(before, _)| before);
    let version = version.split('^').next().unwrap_or_default();
    version.replacen(['~', '_'], "-", 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_revision_of_a_system_is_no_part_of_the_version() {
        for (version, upstream) in [
            ("1.6.0-1", "1.6.0"),
            ("1.6.0-1.fc40", "1.6.0"),
            ("1.6.0-r0", "1.6.0"),
            ("1:1.6.0-1", "1.6.0"),
            ("1.6.0", "1.6.0"),
            ("1.6.0~rc1-2", "1.6.0-rc1"),
            ("1.6.0_alpha1-r0", "1.6.0-alpha1"),
            ("1.6.0+dfsg-2", "1.6.0+dfsg"),
            ("1.6.0^20240101git-1.fc40", "1.6.0"),
        ] {
            assert_eq!(upstream_version(version), upstream, "{version}");
        }
    }

    #[test]
    fn each_type_is_in_the_table_once() {
        let mut all: Vec<&str> = TYPES
            .iter()
            .flat_map(|(_, types)| types.iter().copied())
            .collect();
        all.sort_unstable();
        let count = all.len();
        all.dedup();
        assert_eq!(all.len(), count);
        assert_eq!(Ecosystem::of_url(" PKG:DEB/debian/a@1"), Some(System));
        assert_eq!(Ecosystem::of_url("pkg:cargo/a@1.0.0"), None);
        assert_eq!(Ecosystem::of_url("npm/a"), None);
    }
}
