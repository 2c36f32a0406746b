//! What differs between two toolchains.

use std::collections::BTreeSet;

use release_gate::digest::Sha256Digest;
use release_gate::facts::report::buildinfo::{Program, ProgramRole, StartedProgram, Toolchain};

/// One sentence for each program or library that is another one.
pub(crate) fn differences(a: &Toolchain, b: &Toolchain) -> Vec<String> {
    let mut found = Vec::new();
    for (name, x, y) in [("rustc", &a.rustc, &b.rustc), ("cargo", &a.cargo, &b.cargo)] {
        if x != y {
            found.push(format!("{name}: {}", both(&[shown(x)], &[shown(y)])));
        }
    }

    // Which targets are built is up to each machine: only those of both are compared.
    for x in &a.std {
        if let Some(y) = b
            .std
            .iter()
            .find(|y| y.target == x.target && y.sha256 != x.sha256)
        {
            found.push(format!(
                "the standard library for {}: {} and {}",
                x.target,
                short(x.sha256),
                short(y.sha256)
            ));
        }
    }
    found.extend(other_programs(&a.programs, &b.programs));
    found
}

/// A program's version by line, with its digest.
struct Shown<'a> {
    version: &'a [String],
    sha256: Sha256Digest,
}

fn shown(program: &Program) -> Shown<'_> {
    Shown {
        version: &program.version,
        sha256: program.sha256,
    }
}

/// Programs of one role and name that are not the same ones.
fn other_programs(a: &[StartedProgram], b: &[StartedProgram]) -> Vec<String> {
    let names: BTreeSet<_> = a
        .iter()
        .chain(b)
        .map(|program| (program.role, program.name.as_str()))
        .collect();

    let mut found = Vec::new();
    for (role, name) in names {
        let (x, y) = (started(a, role, name), started(b, role, name));
        if x.iter()
            .map(|one| one.sha256)
            .eq(y.iter().map(|one| one.sha256))
        {
            continue;
        }

        found.push(format!("{} `{name}`: {}", role.as_str(), both(&x, &y)));
    }
    found
}

/// The programs of a role and name.
fn started<'a>(programs: &'a [StartedProgram], role: ProgramRole, name: &str) -> Vec<Shown<'a>> {
    programs
        .iter()
        .filter(|program| program.role == role && program.name == name)
        .map(|program| Shown {
            version: &program.version,
            sha256: program.sha256,
        })
        .collect()
}

/// Two programs beside each other: the line in which they differ says more than the first one,
/// where that is the same.
fn both(x: &[Shown<'_>], y: &[Shown<'_>]) -> String {
    let of_x = x.first().map_or(&[][..], |program| program.version);
    let of_y = y.first().map_or(&[][..], |program| program.version);
    let line = (0..of_x.len().max(of_y.len()))
        .find(|line| of_x.get(*line) != of_y.get(*line))
        .unwrap_or(0);

    format!(
        "{} and {}",
        with_line(x.first(), line),
        with_line(y.first(), line)
    )
}

/// A program with a line of its version.
fn with_line(program: Option<&Shown<'_>>, line: usize) -> String {
    let Some(program) = program else {
        return "none".to_owned();
    };
    match program.version.get(line) {
        Some(version) => format!("{version} ({})", short(program.sha256)),
        None => short(program.sha256),
    }
}

fn short(digest: Sha256Digest) -> String {
    digest.to_string()[..12].to_owned()
}

#[cfg(test)]
mod tests {
    use release_gate::digest::sha256_bytes;

    use super::*;

    fn program(content: &[u8]) -> Program {
        Program {
            version: vec!["rustc 1.95.0".to_owned()],
            sha256: sha256_bytes(content),
        }
    }

    fn toolchain(linker: &[u8]) -> Toolchain {
        Toolchain {
            rustc: program(b"rustc"),
            cargo: program(b"cargo"),
            std: Vec::new(),
            programs: vec![StartedProgram {
                role: ProgramRole::Linker,
                name: "rust-lld".to_owned(),
                version: vec!["LLD 22.1.2".to_owned()],
                sha256: sha256_bytes(linker),
            }],
        }
    }

    #[test]
    fn another_linker_is_told_and_the_same_is_not() {
        assert!(differences(&toolchain(b"a"), &toolchain(b"a")).is_empty());
        let found = differences(&toolchain(b"a"), &toolchain(b"b"));
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(
            found[0].starts_with("linker `rust-lld`: LLD 22.1.2 ("),
            "{found:?}"
        );

        let mut without = toolchain(b"a");
        without.programs.clear();
        let found = differences(&toolchain(b"a"), &without);
        assert!(found[0].ends_with("and none"), "{found:?}");
    }
}
