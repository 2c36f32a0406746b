//! README's sample is what the program prints.
//!
//! `BLESS=1 cargo test -p release-gates-tests --test it readme` writes it anew.

use release_gates_tests::fixtures::Step;
use release_gates_tests::{TestEnv, repository};

/// What marks the sample in README.
const MARK: &str = "<!-- sample: compat -->\n";

/// A library whose function gets another parameter in a patch release.
pub(crate) const GREET: &[Step<'static>] = &[
    Step {
        message: "feat: greet people",
        tag: Some("v1.0.0"),
        files: &[
            (".gitignore", "/target\n"),
            (
                "Cargo.toml",
                "[package]\nname = \"greet\"\nversion = \"1.0.0\"\nedition = \"2024\"\nlicense = \"MIT\"\n",
            ),
            (
                "src/lib.rs",
                "//! Greets people.\n\n/// A greeting.\npub fn greeting(name: &str) -> String {\n    format!(\"Hello, {name}!\")\n}\n",
            ),
        ],
    },
    Step {
        message: "fix: loud greetings",
        tag: None,
        files: &[
            (
                "Cargo.toml",
                "[package]\nname = \"greet\"\nversion = \"1.0.1\"\nedition = \"2024\"\nlicense = \"MIT\"\n",
            ),
            (
                "src/lib.rs",
                "//! Greets people.\n\n/// A greeting.\npub fn greeting(name: &str, loud: bool) -> String {\n    let end = if loud { \"!!\" } else { \"!\" };\n    format!(\"Hello, {name}{end}\")\n}\n",
            ),
        ],
    },
];

/// The block that README should have.
fn sample() -> String {
    let env = TestEnv::new();
    let dir = env.project("greet", GREET);
    let ran = env.run(&dir, "cargo-compat", ["--offline", "--color", "never"]);
    assert_eq!(ran.code, 100, "{ran:#?}");
    format!("```text\n$ cargo compat\n{}\n```\n", ran.stdout.trim_end())
}

#[test]
fn the_sample_is_what_cargo_compat_prints() {
    let path = repository().join("README.md");
    let readme = std::fs::read_to_string(&path).unwrap();
    let (before, rest) = readme.split_once(MARK).unwrap();
    let end = rest.find("\n```\n").unwrap() + "\n```\n".len();
    let sample = sample();

    if std::env::var_os("BLESS").is_some() {
        let blessed = format!("{before}{MARK}{sample}{}", &rest[end..]);
        std::fs::write(&path, blessed).unwrap();
    } else {
        assert_eq!(&rest[..end], sample, "run the test with BLESS=1");
    }
}
