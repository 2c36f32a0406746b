//! What differs between two toolchains.

use crate::model::published::{Program, ToolchainFacts};

/// One sentence for each program that is another one.
pub(crate) fn differences(a: &ToolchainFacts, b: &ToolchainFacts) -> Vec<String> {
    let programs = [
        ("rustc", Some(&a.rustc), Some(&b.rustc)),
        ("cargo", Some(&a.cargo), Some(&b.cargo)),
        ("cc", a.cc.as_ref(), b.cc.as_ref()),
        ("linker", a.linker.as_ref(), b.linker.as_ref()),
    ];

    programs
        .into_iter()
        .filter(|(_, x, y)| x != y)
        .map(|(name, x, y)| describe(name, x, y))
        .collect()
}

fn describe(name: &str, x: Option<&Program>, y: Option<&Program>) -> String {
    let of_x = version_lines(x);
    let of_y = version_lines(y);

    // The line in which they differ says more than the first one, where that is the same.
    let line = (0..of_x.len().max(of_y.len()))
        .find(|line| of_x.get(*line) != of_y.get(*line))
        .unwrap_or(0);
    format!("{name}: {} and {}", shown(x, line), shown(y, line))
}

fn version_lines(program: Option<&Program>) -> &[String] {
    program.map_or(&[], |program| &program.version)
}

/// A line of the version and the beginning of the digest.
fn shown(program: Option<&Program>, line: usize) -> String {
    let Some(program) = program else {
        return "none".to_owned();
    };
    let digest = program
        .sha256
        .map(|digest| digest.to_string())
        .unwrap_or_default();

    format!(
        "{} ({})",
        program.version.get(line).map_or("nothing", String::as_str),
        digest.get(..12).unwrap_or("no digest")
    )
}
