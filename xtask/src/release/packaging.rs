//! What package managers read: a formula for Homebrew and a manifest for Scoop. Pure.
//!
//! Homebrew: <https://docs.brew.sh/Formula-Cookbook>. Scoop:
//! <https://github.com/ScoopInstaller/Scoop/wiki/App-Manifests>.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use release_gate::{Error, Result};
use serde_json::json;

use super::packages::Package;

/// A released program, its address and its files.
#[derive(Debug)]
pub(super) struct Released<'a> {
    pub(super) package: &'a Package,
    /// The page of the project.
    pub(super) homepage: &'a str,
    /// Where the files of the release lie.
    pub(super) url: &'a str,
    /// SHA-256 of each listed file, by name.
    pub(super) digests: &'a BTreeMap<String, String>,
}

impl Released<'_> {
    /// Address and digest of the archive for a target, where there is one.
    fn archive(&self, target: &str, suffix: &str) -> Option<(String, &str)> {
        let name = format!("{}-{target}.{suffix}", self.package.folder());
        let digest = self.digests.get(&name)?;
        Some((format!("{}/{name}", self.url), digest))
    }

    fn description(&self) -> Result<&str> {
        self.package.description.as_deref().ok_or_else(|| {
            Error::usage(format!("{} has no `description`", self.package.name))
                .with_help("package managers show it: add it to the manifest")
        })
    }

    fn license(&self) -> Result<&str> {
        self.package.license.as_deref().ok_or_else(|| {
            Error::usage(format!("{} has no `license`", self.package.name))
                .with_help("package managers need it: add an SPDX expression to the manifest")
        })
    }
}

/// Homebrew's formula. `None`: there is no archive for macOS or Linux.
///
/// # Errors
/// The manifest lacks a description or a licence, or its licence is no plain list.
pub(super) fn homebrew_formula(released: &Released<'_>) -> Result<Option<String>> {
    let systems = [
        ("macos", ["aarch64-apple-darwin", "x86_64-apple-darwin"]),
        (
            "linux",
            ["aarch64-unknown-linux-gnu", "x86_64-unknown-linux-gnu"],
        ),
    ];
    let mut downloads = String::new();
    for (system, targets) in systems {
        downloads.push_str(&system_block(released, system, targets));
    }
    if downloads.is_empty() {
        return Ok(None);
    }

    let package = released.package;
    let name = &package.name;
    let mut formula = String::new();
    let _ = writeln!(formula, "class {} < Formula", class_name(name));
    let _ = writeln!(formula, "  desc {}", ruby(released.description()?));
    let _ = writeln!(formula, "  homepage {}", ruby(released.homepage));
    let _ = writeln!(formula, "  version {}", ruby(&package.version));
    let _ = writeln!(formula, "  license {}", ruby_license(released.license()?)?);
    formula.push_str(&downloads);
    let _ = write!(
        formula,
        "\n  def install\n    bin.install \"{name}\"\n    man1.install \"man/{name}.1\"\n    \
         bash_completion.install \"completions/{name}.bash\" => \"{name}\"\n    \
         zsh_completion.install \"completions/_{name}\"\n    \
         fish_completion.install \"completions/{name}.fish\"\n  end\n\n  \
         test do\n    assert_match version.to_s, shell_output(\"#{{bin}}/{name} --version\")\n  end\nend\n"
    );
    Ok(Some(formula))
}

/// The downloads of one system, for Arm and for Intel.
fn system_block(released: &Released<'_>, system: &str, targets: [&str; 2]) -> String {
    let mut block = String::new();
    for (processor, target) in ["arm", "intel"].into_iter().zip(targets) {
        if let Some((url, digest)) = released.archive(target, "tar.gz") {
            let _ = write!(
                block,
                "    on_{processor} do\n      url {}\n      sha256 {}\n    end\n",
                ruby(&url),
                ruby(digest)
            );
        }
    }
    if block.is_empty() {
        return block;
    }
    format!("\n  on_{system} do\n{block}  end\n")
}

/// Scoop's manifest. `None`: there is no archive for Windows.
///
/// # Errors
/// The manifest lacks a description or a licence.
pub(super) fn scoop_manifest(released: &Released<'_>) -> Result<Option<String>> {
    let package = released.package;
    let processors = [
        ("64bit", "x86_64-pc-windows-gnu"),
        ("arm64", "aarch64-pc-windows-gnullvm"),
    ];
    let mut architecture = serde_json::Map::new();
    for (processor, target) in processors {
        if let Some((url, digest)) = released.archive(target, "zip") {
            let folder = format!("{}-{target}", package.folder());
            let download = json!({"url": url, "hash": digest, "extract_dir": folder});
            architecture.insert(processor.to_owned(), download);
        }
    }
    if architecture.is_empty() {
        return Ok(None);
    }

    let manifest = json!({
        "version": package.version,
        "description": released.description()?,
        "homepage": released.homepage,
        "license": released.license()?,
        "architecture": architecture,
        "bin": format!("{}.exe", package.name),
    });
    Ok(Some(format!("{manifest:#}\n")))
}

/// `cargo-sbom-lite` is `CargoSbomLite`, as Homebrew wants it of the file `cargo-sbom-lite.rb`.
fn class_name(name: &str) -> String {
    let mut class = String::new();
    for word in name.split(['-', '_']) {
        let mut letters = word.chars();
        if let Some(first) = letters.next() {
            class.extend(first.to_uppercase());
            class.push_str(letters.as_str());
        }
    }
    class
}

/// A Ruby string that means what it says.
fn ruby(text: &str) -> String {
    let escaped = text
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('#', "\\#");
    format!("\"{escaped}\"")
}

/// A licence as Homebrew writes it: one id, or ids of which any or all hold.
fn ruby_license(expression: &str) -> Result<String> {
    let alternatives: Vec<&str> = expression.split(" OR ").collect();
    let parts: Vec<&str> = expression.split(" AND ").collect();
    let list = |ids: &[&str]| {
        let quoted: Vec<String> = ids.iter().map(|id| ruby(id)).collect();
        quoted.join(", ")
    };

    let is_plain = !expression.contains(['(', ')']) && !expression.contains(" WITH ");
    match (alternatives.len(), parts.len()) {
        (1, 1) if is_plain => Ok(ruby(expression)),
        (_, 1) if is_plain => Ok(format!("any_of: [{}]", list(&alternatives))),
        (1, _) if is_plain => Ok(format!("all_of: [{}]", list(&parts))),
        _ => Err(Error::usage(format!(
            "the licence `{expression}` has no simple form for Homebrew"
        ))
        .with_help("write the formula by hand")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package() -> Package {
        Package {
            name: "cargo-demo".to_owned(),
            version: "1.2.3".to_owned(),
            description: Some("Says \"demo\" #{1}".to_owned()),
            license: Some("MIT OR Apache-2.0".to_owned()),
            repository: None,
        }
    }

    fn digests(names: &[&str]) -> BTreeMap<String, String> {
        names
            .iter()
            .map(|name| ((*name).to_owned(), "ab".repeat(32)))
            .collect()
    }

    fn released<'a>(package: &'a Package, digests: &'a BTreeMap<String, String>) -> Released<'a> {
        Released {
            package,
            homepage: "https://example.org/demo",
            url: "https://example.org/demo/releases/download/cargo-demo-v1.2.3",
            digests,
        }
    }

    #[test]
    fn the_formula_names_each_archive_and_its_digest() {
        let package = package();
        let digests = digests(&[
            "cargo-demo-1.2.3-x86_64-unknown-linux-gnu.tar.gz",
            "cargo-demo-1.2.3-aarch64-apple-darwin.tar.gz",
            "cargo-demo-1.2.3-x86_64-pc-windows-gnu.zip",
        ]);
        let formula = homebrew_formula(&released(&package, &digests)).unwrap();
        let digest = "ab".repeat(32);
        assert_eq!(
            formula.unwrap(),
            format!(
                "class CargoDemo < Formula\n  desc \"Says \\\"demo\\\" \\#{{1}}\"\n  homepage \"https://example.org/demo\"\n  \
                 version \"1.2.3\"\n  license any_of: [\"MIT\", \"Apache-2.0\"]\n\n  on_macos do\n    on_arm do\n      \
                 url \"https://example.org/demo/releases/download/cargo-demo-v1.2.3/cargo-demo-1.2.3-aarch64-apple-darwin.tar.gz\"\n      \
                 sha256 \"{digest}\"\n    end\n  end\n\n  on_linux do\n    on_intel do\n      \
                 url \"https://example.org/demo/releases/download/cargo-demo-v1.2.3/cargo-demo-1.2.3-x86_64-unknown-linux-gnu.tar.gz\"\n      \
                 sha256 \"{digest}\"\n    end\n  end\n\n  def install\n    bin.install \"cargo-demo\"\n    \
                 man1.install \"man/cargo-demo.1\"\n    bash_completion.install \"completions/cargo-demo.bash\" => \"cargo-demo\"\n    \
                 zsh_completion.install \"completions/_cargo-demo\"\n    fish_completion.install \"completions/cargo-demo.fish\"\n  end\n\n  \
                 test do\n    assert_match version.to_s, shell_output(\"#{{bin}}/cargo-demo --version\")\n  end\nend\n"
            )
        );
    }

    #[test]
    fn scoop_reads_the_zip_for_windows() {
        let package = package();
        let digests = digests(&["cargo-demo-1.2.3-x86_64-pc-windows-gnu.zip"]);
        let manifest = scoop_manifest(&released(&package, &digests))
            .unwrap()
            .unwrap();
        let manifest: serde_json::Value = serde_json::from_str(&manifest).unwrap();
        let download = &manifest["architecture"]["64bit"];
        assert_eq!(download["hash"], "ab".repeat(32));
        assert_eq!(
            download["extract_dir"],
            "cargo-demo-1.2.3-x86_64-pc-windows-gnu"
        );
        assert_eq!(manifest["architecture"].as_object().unwrap().len(), 1);
        assert_eq!(manifest["bin"], "cargo-demo.exe");
    }

    #[test]
    fn a_system_without_an_archive_gets_no_file() {
        let package = package();
        let none = digests(&[]);
        assert_eq!(homebrew_formula(&released(&package, &none)).unwrap(), None);
        assert_eq!(scoop_manifest(&released(&package, &none)).unwrap(), None);
    }

    #[test]
    fn licences_are_lists_or_refused() {
        assert_eq!(ruby_license("MIT").unwrap(), "\"MIT\"");
        assert_eq!(
            ruby_license("MIT AND BSD-3-Clause").unwrap(),
            "all_of: [\"MIT\", \"BSD-3-Clause\"]"
        );
        for odd in [
            "(MIT OR ISC) AND Zlib",
            "MIT OR ISC AND Zlib",
            "GPL-2.0 WITH Classpath-exception-2.0",
        ] {
            assert!(ruby_license(odd).is_err(), "{odd}");
        }
    }

    /// `cargo binstall` makes an address from its templates; it has to be that of an archive.
    #[test]
    fn binstall_finds_each_archive() {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        for gate in crate::workspace::GATES {
            let manifest = std::fs::read_to_string(root.join(gate).join("Cargo.toml")).unwrap();
            let manifest: toml::Table = manifest.parse().unwrap();
            let binstall = &manifest["package"]["metadata"]["binstall"];
            let package = Package {
                name: gate.to_owned(),
                ..package()
            };
            for (target, suffix) in [
                ("x86_64-unknown-linux-gnu", "tar.gz"),
                ("aarch64-unknown-linux-gnu", "tar.gz"),
                ("x86_64-pc-windows-gnu", "zip"),
                ("aarch64-pc-windows-gnullvm", "zip"),
                ("x86_64-apple-darwin", "tar.gz"),
                ("aarch64-apple-darwin", "tar.gz"),
            ] {
                let format = binstall["overrides"]
                    .get(target)
                    .map_or(&binstall["pkg-fmt"], |of_target| &of_target["pkg-fmt"]);
                let (archive_suffix, binary) = match format.as_str().unwrap() {
                    "tgz" => (".tar.gz", ""),
                    "zip" => (".zip", ".exe"),
                    other => panic!("{other}"),
                };
                let fill = |template: &toml::Value| {
                    let mut text = template.as_str().unwrap().to_owned();
                    for (place, value) in [
                        ("{ repo }", "https://example.org/suite"),
                        ("{ name }", gate),
                        ("{ version }", "1.2.3"),
                        ("{ target }", target),
                        ("{ archive-suffix }", archive_suffix),
                        ("{ bin }", gate),
                        ("{ binary-ext }", binary),
                    ] {
                        text = text.replace(place, value);
                    }
                    text
                };

                let name = format!("{gate}-1.2.3-{target}.{suffix}");
                let digests = digests(&[&name]);
                let url = format!(
                    "https://example.org/suite/releases/download/{}",
                    package.tag()
                );
                let released = Released {
                    url: &url,
                    ..released(&package, &digests)
                };
                let (address, _) = released.archive(target, suffix).unwrap();
                assert_eq!(fill(&binstall["pkg-url"]), address);
                assert_eq!(
                    fill(&binstall["bin-dir"]),
                    format!("{gate}-1.2.3-{target}/{gate}{binary}")
                );
            }
        }
    }
}
