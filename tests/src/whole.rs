//! A workspace with everything a release can be made of: a library with C inside, a proc macro, a
//! program that uses both and one package of the registry; two releases, each with a signed tag,
//! and the faults that a release can have.

#![expect(
    clippy::unwrap_used,
    reason = "a fixture that cannot be made fails its test"
)]

use std::path::{Path, PathBuf};

use crate::fixtures::{Step, write_all};
use crate::{TestEnv, required};

const MANIFEST: &str = "[workspace]\nmembers = [\"shapes\", \"shapes-derive\", \"shapes-cli\"]\nresolver = \"3\"\n\n[workspace.package]\n\
    version = \"@VERSION@\"\nedition = \"2024\"\nlicense = \"MIT\"\ndescription = \"Areas of shapes\"\nrepository = \"https://git.example.org/shapes\"\n";

const LIBRARY: &str = "[package]\nname = \"shapes\"\nversion.workspace = true\nedition.workspace = true\nlicense.workspace = true\n\
    description.workspace = true\nrepository.workspace = true\n\n[build-dependencies]\ncc = \"1\"\n";

const DERIVE: &str = "[package]\nname = \"shapes-derive\"\nversion.workspace = true\nedition.workspace = true\nlicense.workspace = true\n\
    description.workspace = true\nrepository.workspace = true\n\n[lib]\nproc-macro = true\n";

/// The manifest of the program.
pub const PROGRAM: &str = "[package]\nname = \"shapes-cli\"\nversion.workspace = true\nedition.workspace = true\nlicense.workspace = true\n\
    description.workspace = true\nrepository.workspace = true\n\n[dependencies]\nitoa = \"1\"\nshapes = { path = \"../shapes\", version = \"1\" }\n\
    shapes-derive = { path = \"../shapes-derive\", version = \"1\" }\n";

const BUILD: &str = "fn main() {\n    println!(\"cargo::rerun-if-changed=native/area.c\");\n    \
    cc::Build::new().file(\"native/area.c\").compile(\"area\");\n}\n";

const C: &str =
    "#include <stdint.h>\n\nuint32_t shapes_area(uint32_t a, uint32_t b) { return a * b; }\n";

const LIB: &str = "//! Areas of shapes.\n\nunsafe extern \"C\" {\n    safe fn shapes_area(a: u32, b: u32) -> u32;\n}\n\n\
    /// The area of a rectangle.\npub fn area(a: u32, b: u32) -> u32 {\n    shapes_area(a, b)\n}\n";

const MACRO: &str = "//! Names of shapes.\n\nuse proc_macro::TokenStream;\n\n/// Gives a type `NAME`, its own name.\n\
    #[proc_macro_derive(Named)]\npub fn named(item: TokenStream) -> TokenStream {\n    let mut words = item.into_iter().map(|tree| tree.to_string());\n    \
    let name = words.by_ref().skip_while(|word| word != \"struct\").nth(1).unwrap_or_default();\n    \
    format!(\"impl {name} {{ const NAME: &'static str = {name:?}; }}\").parse().unwrap_or_default()\n}\n";

const MAIN: &str = "#[derive(shapes_derive::Named)]\nstruct Rectangle;\n\nfn main() {\n    let mut buffer = itoa::Buffer::new();\n    \
    println!(\"{} {}\", Rectangle::NAME, buffer.format(shapes::area(2, 3)));\n}\n";

/// The library's source with a function more, as version 1.1.0 has it.
pub const LIB_1_1: &str = "//! Areas of shapes.\n\nunsafe extern \"C\" {\n    safe fn shapes_area(a: u32, b: u32) -> u32;\n}\n\n\
    /// The area of a rectangle.\npub fn area(a: u32, b: u32) -> u32 {\n    shapes_area(a, b)\n}\n\n\
    /// The area of a square.\npub fn square(a: u32) -> u32 {\n    area(a, a)\n}\n";

/// Writes the workspace's manifest with a version.
pub fn manifest(version: &str) -> String {
    MANIFEST.replace("@VERSION@", version)
}

/// Files of the first release.
pub const FIRST: &[(&str, &str)] = &[
    (".gitignore", "/target\n"),
    ("README.md", "# shapes\n"),
    ("LICENSE", "MIT\n"),
    ("shapes/Cargo.toml", LIBRARY),
    ("shapes/build.rs", BUILD),
    ("shapes/native/area.c", C),
    ("shapes/src/lib.rs", LIB),
    ("shapes-derive/Cargo.toml", DERIVE),
    ("shapes-derive/src/lib.rs", MACRO),
    ("shapes-cli/Cargo.toml", PROGRAM),
    ("shapes-cli/src/main.rs", MAIN),
];

/// The workspace in a folder of an environment, and the key that its tags, commits and releases are
/// signed with.
#[derive(Debug)]
pub struct Whole {
    /// The workspace.
    pub dir: PathBuf,
    /// The secret key; its public half is committed as `release-keys/maintainer.ed25519.pub`.
    pub key: PathBuf,
    /// Whether commits and tags are signed: git needs ssh-keygen for it, which a bare machine may
    /// lack.
    pub signed: bool,
}

impl Whole {
    /// Two releases: 1.0.0, and 1.1.0 with a function more. What a release lacks or has wrong is
    /// committed with `last`.
    ///
    /// # Panics
    /// A file cannot be written, or git is missing.
    pub fn new(env: &TestEnv, last: &[Step<'_>]) -> Self {
        let dir = env.path().join("shapes");
        std::fs::create_dir_all(&dir).unwrap();
        env.git(&dir, 0, &["init", "--quiet", "--initial-branch=main"]);
        let key = env.path().join("release.key");
        let made = env.run(
            env.path(),
            "cargo-sign",
            ["keygen", "--no-passphrase", "--out", "release.key"],
        );

        assert_eq!(made.code, 0, "{made:#?}");
        let signed = required("ssh-keygen");
        let whole = Self { dir, key, signed };
        let public = std::fs::read_to_string(env.path().join("release.key.pub")).unwrap();
        let (one, two) = (manifest("1.0.0"), manifest("1.1.0"));
        let first = [
            FIRST,
            &[
                ("Cargo.toml", &one),
                ("release-keys/maintainer.ed25519.pub", &public),
            ],
        ]
        .concat();

        whole.commit(
            env,
            0,
            &Step {
                message: "feat: areas",
                tag: Some("v1.0.0"),
                files: &first,
            },
        );

        let second = [("Cargo.toml", &*two), ("shapes/src/lib.rs", LIB_1_1)];
        let tag = last.is_empty().then_some("v1.1.0");
        whole.commit(
            env,
            1,
            &Step {
                message: "feat: squares",
                tag,
                files: &second,
            },
        );

        for (day, step) in (2..).zip(last) {
            whole.commit(env, day, step);
        }

        whole
    }

    /// A signed commit, with a signed tag where one is named.
    ///
    /// # Panics
    /// A file cannot be written, or git refuses.
    pub fn commit(&self, env: &TestEnv, day: i64, step: &Step<'_>) {
        write_all(&self.dir, step.files);
        let lock = env.step("cargo").current_dir(&self.dir).args([
            "metadata",
            "--offline",
            "--format-version=1",
        ]);

        let locked = env.run_step(lock);
        assert_eq!(locked.code, 0, "{}", locked.stderr);
        let key = format!("user.signingkey={}", self.key.display());
        let signed = ["-c", "gpg.format=ssh", "-c", &key];
        env.git(&self.dir, day, &["add", "--all"]);
        let [commit, tag] = if self.signed {
            ["--gpg-sign", "--sign"]
        } else {
            ["--no-gpg-sign", "--annotate"]
        };

        env.git(
            &self.dir,
            day,
            &[
                &signed[..],
                &["commit", "--quiet", commit, "-m", step.message],
            ]
            .concat(),
        );

        if let Some(name) = step.tag {
            env.git(
                &self.dir,
                day,
                &[&signed[..], &["tag", tag, "-m", name, name]].concat(),
            );
        }
    }

    /// Where a package's reports and artifacts lie.
    pub fn artifacts(&self, package: &str) -> PathBuf {
        self.dir
            .join(format!("target/release-gates/{package}-1.1.0"))
    }

    /// Where what is published of a package lies, and nothing else.
    pub fn released(&self, package: &str) -> PathBuf {
        self.artifacts(package).join("release")
    }
}

/// An advisory database in which one package has a flaw that no version fixes.
pub fn advisory_db(below: &Path, package: &str) -> PathBuf {
    let dir = below.join(format!("advisory-db-of-{package}"));
    let advisory = format!(
        "```toml\n[advisory]\nid = \"RUSTSEC-2023-9999\"\npackage = \"{package}\"\ndate = \"2023-01-01\"\n\
         cvss = \"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H\"\n\n[versions]\npatched = []\n```\n\n# A flaw\n\nIt is there.\n"
    );
    let file = format!("crates/{package}/RUSTSEC-2023-9999.md");
    write_all(&dir, &[(&file, &advisory)]);
    dir
}
