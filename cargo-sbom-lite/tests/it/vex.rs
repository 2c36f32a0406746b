//! VEX statements about programs whose truth is known, because each was written to have a function
//! in it or not. "Not affected" is never said of one that has it.

#![expect(
    clippy::unwrap_used,
    reason = "a fixture that cannot be made fails its test"
)]

use std::collections::BTreeMap;
use std::path::Path;

use release_gate::process::{Runner, Step};
use serde_json::Value;

/// Whether the function that the advisory names is in the product.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Truth {
    Contained,
    Absent,
}
use Truth::{Absent, Contained};

/// A package with a vulnerable function, and a product that uses it or does not.
struct Case {
    name: &'static str,
    /// The package's library; `other` is a function that always is used, so that the library is
    /// linked.
    library: &'static str,
    /// What its manifest has beside name and version.
    manifest: &'static str,
    /// The path that the advisory names, behind the crate's name.
    function: &'static str,
    /// The product's `src/main.rs`; empty where it has none.
    program: &'static str,
    /// The product's `src/lib.rs`; empty where it has none.
    product_library: &'static str,
    /// What the product's manifest has beside its dependency.
    product_manifest: &'static str,
    truth: Truth,
}

const PLAIN: &str = "#[inline(never)] pub fn bad(x: u8) -> u8 { x ^ 7 }\n#[inline(never)] pub fn other(x: u8) -> u8 { x ^ 1 }";
const CALLS: &str =
    "fn main() { println!(\"{}\", dep::bad(std::env::args().count() as u8) + dep::other(1)); }";
const CALLS_NOT: &str =
    "fn main() { println!(\"{}\", dep::other(std::env::args().count() as u8)); }";

const fn case(
    name: &'static str,
    library: &'static str,
    program: &'static str,
    truth: Truth,
) -> Case {
    Case {
        name,
        library,
        manifest: "",
        function: "bad",
        program,
        product_library: "",
        product_manifest: "",
        truth,
    }
}

fn cases() -> Vec<Case> {
    vec![
        case("plain", PLAIN, CALLS, Contained),
        case(
            "inlined",
            "#[inline(always)] pub fn bad(x: u8) -> u8 { x ^ 7 }\n#[inline(never)] pub fn other(x: u8) -> u8 { x }",
            CALLS,
            Contained,
        ),
        case(
            "small",
            "pub fn bad(x: u8) -> u8 { x ^ 7 }\npub fn other(x: u8) -> u8 { x }",
            CALLS,
            Contained,
        ),
        case(
            "generic",
            "pub fn bad<T: Copy + Into<u8>>(x: T) -> u8 { x.into() ^ 7 }\n#[inline(never)] pub fn other(x: u8) -> u8 { x }",
            CALLS,
            Contained,
        ),
        Case {
            function: "T::bad",
            ..case(
                "method",
                "pub struct T; impl T { pub fn bad(&self, x: u8) -> u8 { x ^ 7 } }\n#[inline(never)] pub fn other(x: u8) -> u8 { x }",
                "fn main() { println!(\"{}\", dep::T.bad(std::env::args().count() as u8) + dep::other(1)); }",
                Contained,
            )
        },
        Case {
            function: "a::b::bad",
            ..case(
                "nested",
                "pub mod a { pub mod b { #[inline(never)] pub fn bad(x: u8) -> u8 { x } } }\npub use a::b::bad;\n#[inline(never)] pub fn other(x: u8) -> u8 { x }",
                CALLS,
                Contained,
            )
        },
        Case {
            manifest: "[lib]\nname = \"quite_another\"\n",
            ..case(
                "renamed",
                PLAIN,
                "fn main() { println!(\"{}\", quite_another::bad(std::env::args().count() as u8) + quite_another::other(1)); }",
                Contained,
            )
        },
        case(
            "foreign",
            "#[unsafe(no_mangle)] pub extern \"C\" fn bad(x: u8) -> u8 { x ^ 7 }\n#[inline(never)] pub fn other(x: u8) -> u8 { x }",
            CALLS,
            Contained,
        ),
        case(
            "exported",
            "#[unsafe(export_name = \"quite_other\")] pub fn bad(x: u8) -> u8 { x ^ 7 }\n#[inline(never)] pub fn other(x: u8) -> u8 { x }",
            CALLS,
            Contained,
        ),
        case(
            "macro",
            "#[macro_export] macro_rules! bad { ($x:expr) => { $x ^ 7 } }\n#[inline(never)] pub fn other(x: u8) -> u8 { x }",
            "fn main() { println!(\"{}\", dep::bad!(std::env::args().count() as u8) + dep::other(1)); }",
            Contained,
        ),
        case(
            "made",
            "macro_rules! make { ($n:ident) => { #[inline(always)] pub fn $n(x: u8) -> u8 { x ^ 7 } } }\nmake!(bad);\n#[inline(never)] pub fn other(x: u8) -> u8 { x }",
            CALLS,
            Contained,
        ),
        case(
            "reexported",
            "mod inner { #[inline(never)] pub fn worse(x: u8) -> u8 { x ^ 7 } }\npub use inner::worse as bad;\n#[inline(never)] pub fn other(x: u8) -> u8 { x }",
            CALLS,
            Contained,
        ),
        Case {
            function: "Bad",
            ..case(
                "type",
                "pub struct Bad(pub u8);\n#[inline(never)] pub fn other(x: u8) -> u8 { x }",
                "fn main() { println!(\"{}\", dep::Bad(std::env::args().count() as u8).0 + dep::other(1)); }",
                Contained,
            )
        },
        Case {
            function: "Convert<A,B>",
            ..case(
                "trait-with-parameters",
                "pub trait Convert<A, B> { fn to(&self, x: u8) -> u8 { x ^ 7 } }\nimpl Convert<u8, u8> for u8 {}\n#[inline(never)] pub fn other(x: u8) -> u8 { x }",
                "use dep::Convert; fn main() { println!(\"{}\", 1_u8.to(std::env::args().count() as u8) + dep::other(1)); }",
                Contained,
            )
        },
        Case {
            function: "Tr::bad",
            ..case(
                "trait-default",
                "pub trait Tr { fn bad(&self, x: u8) -> u8 { x ^ 7 } }\nimpl Tr for u8 {}\n#[inline(never)] pub fn other(x: u8) -> u8 { x }",
                "use dep::Tr; fn main() { println!(\"{}\", 1_u8.bad(std::env::args().count() as u8) + dep::other(1)); }",
                Contained,
            )
        },
        Case {
            function: "Tr::bad",
            ..case(
                "trait-implemented-here",
                "pub trait Tr { fn bad(&self, x: u8) -> u8; }\n#[inline(never)] pub fn other(x: u8) -> u8 { x }",
                "struct S; impl dep::Tr for S { fn bad(&self, x: u8) -> u8 { x } } fn main() { use dep::Tr; println!(\"{}\", S.bad(std::env::args().count() as u8) + dep::other(1)); }",
                Contained,
            )
        },
        Case {
            function: "Tr::bad",
            ..case(
                "dynamic",
                "pub trait Tr { fn bad(&self, x: u8) -> u8; }\nimpl Tr for u8 { fn bad(&self, x: u8) -> u8 { x ^ self } }\n#[inline(never)] pub fn other(x: u8) -> u8 { x }",
                "fn main() { let t: Box<dyn dep::Tr> = Box::new(3_u8); println!(\"{}\", t.bad(std::env::args().count() as u8) + dep::other(1)); }",
                Contained,
            )
        },
        case(
            "pointer",
            PLAIN,
            "fn main() { let f: fn(u8) -> u8 = std::hint::black_box(dep::bad); println!(\"{}\", f(std::env::args().count() as u8) + dep::other(1)); }",
            Contained,
        ),
        case(
            "constant",
            "pub const fn bad(x: u8) -> u8 { x ^ 7 }\n#[inline(never)] pub fn other(x: u8) -> u8 { x }",
            CALLS,
            Contained,
        ),
        case(
            "through-another",
            "pub fn bad(x: u8) -> u8 { x ^ 7 }\n#[inline(never)] pub fn other(x: u8) -> u8 { bad(x) }",
            CALLS_NOT,
            Contained,
        ),
        case(
            "in-a-closure",
            "pub fn bad(x: u8) -> u8 { x ^ 7 }\npub fn other(x: u8) -> u8 { (0..x).map(bad).fold(0, |a, b| a ^ b) }",
            CALLS_NOT,
            Contained,
        ),
        Case {
            function: "r#bad",
            ..case(
                "raw",
                "#[inline(always)] pub fn r#bad(x: u8) -> u8 { x ^ 7 }\n#[inline(never)] pub fn other(x: u8) -> u8 { x }",
                CALLS,
                Contained,
            )
        },
        Case {
            product_library: "pub fn used(x: u8) -> u8 { dep::bad(x) }",
            ..case("library-and-program", PLAIN, CALLS_NOT, Contained)
        },
        Case {
            product_library: "#[unsafe(no_mangle)] pub extern \"C\" fn used(x: u8) -> u8 { dep::bad(x) }",
            product_manifest: "[lib]\ncrate-type = [\"cdylib\"]\n",
            ..case("loaded-library", PLAIN, CALLS_NOT, Contained)
        },
        Case {
            product_library: "#[unsafe(no_mangle)] pub extern \"C\" fn used(x: u8) -> u8 { dep::bad(x) }",
            product_manifest: "[lib]\ncrate-type = [\"staticlib\"]\n",
            ..case("static-library", PLAIN, CALLS_NOT, Contained)
        },
        Case {
            product_library: "pub fn used<T: Into<u8>>(x: T) -> u8 { dep::bad(x.into()) }",
            ..case("generic-library", PLAIN, "", Contained)
        },
        Case {
            product_library: "#[proc_macro] pub fn used(t: proc_macro::TokenStream) -> proc_macro::TokenStream { let _ = dep::bad(1); t }",
            product_manifest: "[lib]\nproc-macro = true\n",
            ..case("procedural-macro", PLAIN, "", Contained)
        },
        // The name that is written in the sources is that of another function.
        case(
            "aliased-beside-a-test",
            "mod inner { #[inline(never)] pub fn worse(x: u8) -> u8 { x ^ 7 } }\npub use inner::worse as bad;\n#[cfg(test)] mod tests { fn bad() {} }\n#[inline(never)] pub fn other(x: u8) -> u8 { x }",
            CALLS,
            Contained,
        ),
        case(
            "static-beside-a-test",
            "fn worse(x: u8) -> u8 { x ^ 7 }\n#[allow(non_upper_case_globals)] pub static bad: fn(u8) -> u8 = worse;\n#[cfg(test)] mod tests { fn bad() {} }\n#[inline(never)] pub fn other(x: u8) -> u8 { x }",
            CALLS,
            Contained,
        ),
        case("absent", PLAIN, CALLS_NOT, Absent),
        Case {
            function: "a::b::bad_thing",
            ..case(
                "absent-nested",
                "pub mod a { pub mod b { #[inline(never)] pub fn bad_thing(x: u8) -> u8 { x } } }\n#[inline(never)] pub fn other(x: u8) -> u8 { x ^ 5 }",
                CALLS_NOT,
                Absent,
            )
        },
        Case {
            function: "T::bad_thing",
            ..case(
                "absent-method",
                "pub struct T; impl T { #[inline(never)] pub fn bad_thing(&self, x: u8) -> u8 { x } }\n#[inline(never)] pub fn other(x: u8) -> u8 { x ^ 5 }",
                CALLS_NOT,
                Absent,
            )
        },
        Case {
            manifest: "[lib]\nname = \"quite_another\"\n",
            ..case(
                "absent-renamed",
                PLAIN,
                "fn main() { println!(\"{}\", quite_another::other(std::env::args().count() as u8)); }",
                Absent,
            )
        },
        Case {
            product_library: "#[unsafe(no_mangle)] pub extern \"C\" fn used(x: u8) -> u8 { dep::other(x) }",
            product_manifest: "[lib]\ncrate-type = [\"cdylib\"]\n",
            ..case("absent-loaded", PLAIN, CALLS_NOT, Absent)
        },
        case(
            "absent-macro",
            "#[macro_export] macro_rules! bad { ($x:expr) => { $x ^ 7 } }\n#[inline(never)] pub fn other(x: u8) -> u8 { x }",
            CALLS_NOT,
            Absent,
        ),
    ]
}

fn write(path: &Path, text: &str) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

/// A workspace with a product for each case; what they depend on lies outside of it.
fn workspace(dir: &Path, cases: &[Case], profile: &str) {
    let mut members = String::new();
    for case in cases {
        let name = case.name;
        write(
            &dir.join(format!("deps/{name}/Cargo.toml")),
            &format!(
                "[package]\nname = \"dep-{name}\"\nversion = \"1.0.0\"\nedition = \"2024\"\n{}",
                case.manifest
            ),
        );
        write(&dir.join(format!("deps/{name}/src/lib.rs")), case.library);
        let alias = if case.manifest.contains("name =") {
            format!("dep-{name} = {{ path = \"../../deps/{name}\" }}")
        } else {
            format!("dep = {{ package = \"dep-{name}\", path = \"../../deps/{name}\" }}")
        };
        write(
            &dir.join(format!("apps/{name}/Cargo.toml")),
            &format!(
                "[package]\nname = \"app-{name}\"\nversion = \"1.0.0\"\nedition = \"2024\"\n{}[dependencies]\n{alias}\n",
                case.product_manifest
            ),
        );
        for (file, text) in [("main.rs", case.program), ("lib.rs", case.product_library)] {
            if !text.is_empty() {
                write(&dir.join(format!("apps/{name}/src/{file}")), text);
            }
        }
        members.push_str(&format!("\"apps/{name}\",\n"));
        let library = format!("dep_{}", name.replace('-', "_"));
        write(
            &dir.join(format!("db/crates/dep-{name}/RUSTSEC-2025-0001.md")),
            &format!(
                "```toml\n[advisory]\nid = \"RUSTSEC-2025-0001\"\npackage = \"dep-{name}\"\ndate = \"2025-01-01\"\n[affected]\nfunctions = {{ \"{library}::{}\" = [\"*\"] }}\n[versions]\npatched = []\n```\n\n# T\n\nText.\n",
                case.function.trim_start_matches("r#")
            ),
        );
    }
    write(
        &dir.join("Cargo.toml"),
        &format!(
            "[workspace]\nresolver = \"3\"\nmembers = [{members}]\nexclude = [\"deps\"]\n{profile}"
        ),
    );
}

/// Product to status.
fn statements(dir: &Path, variables: &[(&str, &str)]) -> BTreeMap<String, String> {
    let mut lock = Step::cargo()
        .args(["generate-lockfile", "--offline"])
        .current_dir(dir);
    let mut step = Step::new(env!("CARGO_BIN_EXE_cargo-sbom-lite"))
        .current_dir(dir)
        .env("RELEASE_GATES_TODAY", "1767225600")
        .env("CARGO_NET_OFFLINE", "true")
        .env("GIT_CEILING_DIRECTORIES", dir.parent().unwrap())
        .env("CARGO_TARGET_DIR", dir.join("target"))
        .args([
            "audit",
            "--db",
            "db",
            "--reachability",
            "--vex",
            "vex.json",
            "-q",
        ]);

    for (name, value) in variables {
        step = step.env(name, value);
        lock = lock.env(name, value);
    }

    let runner = Runner::new();
    runner.run(lock).unwrap().success().unwrap();
    let ran = runner.run(step).unwrap();
    let text =
        std::fs::read(dir.join("vex.json")).unwrap_or_else(|_| panic!("{}", ran.stderr_text()));
    let vex: Value = serde_json::from_slice(&text).unwrap();
    let mut found = BTreeMap::new();
    for statement in vex["statements"].as_array().unwrap() {
        let product = statement["products"][0]["@id"].as_str().unwrap();
        let package = statement["products"][0]["subcomponents"][0]["@id"]
            .as_str()
            .unwrap();
        let product = product
            .trim_start_matches("pkg:cargo/app-")
            .split('@')
            .next()
            .unwrap();
        let package = package
            .trim_start_matches("pkg:cargo/dep-")
            .split('@')
            .next()
            .unwrap();
        // Each product has one of the packages; of the others it is rightly not affected.
        if product == package {
            found.insert(
                product.to_owned(),
                statement["status"].as_str().unwrap().to_owned(),
            );
        }
    }

    found
}

/// Asks about products; returns how many there are, and of how many it was said that they are not
/// affected.
fn judged(cases: Vec<Case>, profile: &str, variables: &[(&str, &str)]) -> (usize, usize) {
    let dir = tempfile::tempdir().unwrap();
    workspace(dir.path(), &cases, profile);
    let said = statements(dir.path(), variables);
    assert_eq!(said.len(), cases.len(), "{said:?}");
    let mut proved = 0;
    for case in &cases {
        let is_not_affected = said[case.name] == "not_affected";
        if case.truth == Contained {
            assert!(!is_not_affected, "{} has the function", case.name);
        }
        proved += usize::from(is_not_affected);
    }
    (cases.len(), proved)
}

#[test]
fn not_affected_is_said_only_of_what_does_not_have_the_function() {
    let (all, proved) = judged(cases(), "", &[]);
    assert!(all >= 30, "{all} programs");
    // And it is said at all: absence can be proved.
    assert!(proved >= 3, "{proved} of {all} proved absent");
}

/// What only a build script needs is compiled by a profile of its own, and is in no product.
#[test]
fn how_the_needs_of_a_build_script_are_compiled_does_not_matter() {
    let dir = tempfile::tempdir().unwrap();
    write(
        &dir.path().join("deps/tool/Cargo.toml"),
        "[package]\nname = \"tool\"\nversion = \"1.0.0\"\nedition = \"2024\"\n",
    );
    write(&dir.path().join("deps/tool/src/lib.rs"), "pub fn run() {}");
    let with_script = cases()
        .into_iter()
        .filter(|case| ["absent", "plain"].contains(&case.name))
        .map(|case| Case {
            product_manifest: "build = \"../build.rs\"\n[build-dependencies]\ntool = { path = \"../../deps/tool\" }\n",
            ..case
        })
        .collect::<Vec<_>>();
    write(
        &dir.path().join("apps/build.rs"),
        "fn main() { tool::run(); }",
    );
    workspace(dir.path(), &with_script, "");
    let said = statements(dir.path(), &[]);
    assert_eq!(said["absent"], "not_affected", "{said:?}");
    assert_eq!(said["plain"], "affected", "{said:?}");
}

#[test]
fn no_way_of_compiling_makes_absence_of_missing_names() {
    let some = || {
        let names = ["small", "in-a-closure", "trait-implemented-here", "absent"];
        cases()
            .into_iter()
            .filter(|case| names.contains(&case.name))
            .collect::<Vec<_>>()
    };
    let (_, proved) = judged(some(), "", &[("RUSTFLAGS", "-Cdebuginfo=0")]);
    assert_eq!(proved, 0, "without debug information nothing is proved");
    let (_, proved) = judged(
        some(),
        "[profile.release.package.\"*\"]\ndebug = false\n",
        &[],
    );
    assert_eq!(
        proved, 0,
        "nor where a profile leaves it out for dependencies"
    );
    let optimised =
        "[profile.release]\nlto = \"fat\"\nopt-level = \"s\"\npanic = \"abort\"\nstrip = true\n";
    let (_, proved) = judged(some(), optimised, &[]);
    assert_eq!(proved, 1, "how the release is optimised does not matter");
}
