//! The pictures in docs/pictures are what the programs print, colours included.
//!
//! A picture is drawn from the bytes that a program writes with `--color always`. It is one SVG file
//! for light and dark pages. `BLESS=1 cargo test -p release-gates-tests --test it pictures` draws all
//! of them anew.

#![cfg(target_os = "linux")]
#![expect(
    clippy::unwrap_used,
    reason = "a fixture that cannot be made fails its test"
)]

use std::fmt::Write as _;
use std::path::Path;

use release_gate::text::markup;
use release_gates_tests::{TestEnv, fixtures, program, repository, required};

use super::readme::GREET;

/// The size of a character of the font, and of a line, in pixels.
const CHARACTER: f64 = 8.4;
const LINE: f64 = 20.0;
const MARGIN: f64 = 16.0;

/// The longest line of a picture. What is longer goes on below.
const COLUMNS: usize = 100;

/// Text of one look.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Piece {
    text: String,
    /// Names of the classes in [`STYLE`], with a blank between them.
    class: String,
}

/// Colours on light and on dark pages.
const STYLE: &str = "text{font:14px ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;fill:#1f2328;white-space:pre}\
.bg{fill:#f6f8fa;stroke:#d1d9e0}.bold{font-weight:700}.red{fill:#cf222e}.green{fill:#1a7f37}.yellow{fill:#7d4e00}.blue{fill:#0550ae}\
.cyan{fill:#0b6070}\
@media(prefers-color-scheme:dark){text{fill:#e6edf3}.bg{fill:#151b23;stroke:#3d444d}.red{fill:#ff7b72}.green{fill:#56d364}.yellow{fill:#e3b341}\
.blue{fill:#79c0ff}.cyan{fill:#76e3ea}}";

/// The lines of a program's output. Of its escape sequences, only colours are known.
fn lines(output: &str) -> Vec<Vec<Piece>> {
    let mut lines = vec![Vec::new()];
    let (mut is_bold, mut color) = (false, "");
    for (index, part) in output.split("\u{1b}[").enumerate() {
        let mut text = part;
        if index > 0 {
            let (codes, rest) = part.split_once('m').unwrap();
            text = rest;
            for code in codes.split(';') {
                match code {
                    "0" => (is_bold, color) = (false, ""),
                    "1" => is_bold = true,
                    "31" | "91" => color = "red",
                    "32" | "92" => color = "green",
                    "33" | "93" => color = "yellow",
                    "34" | "94" => color = "blue",
                    "36" | "96" => color = "cyan",
                    other => panic!("no colour for `{other}`"),
                }
            }
        }

        let bold = if is_bold { "bold" } else { "" };
        let class = format!("{bold} {color}").trim().to_owned();
        for (number, text) in text.split('\n').enumerate() {
            if number > 0 {
                lines.push(Vec::new());
            }
            if !text.is_empty() {
                let text = text.to_owned();
                let class = class.clone();
                lines.last_mut().unwrap().push(Piece { text, class });
            }
        }
    }
    lines
}

/// A picture of a terminal in which a command printed this.
fn picture(command: &str, output: &str) -> String {
    let mut shown = lines(output.trim_end());
    let prompt = Piece {
        text: format!("$ {command}"),
        class: "bold".to_owned(),
    };
    shown.insert(0, vec![prompt]);

    let length = |line: &Vec<Piece>| line.iter().map(|piece| piece.text.chars().count()).sum();
    let longest: usize = shown.iter().map(length).max().unwrap();
    assert!(longest <= COLUMNS, "{longest} columns: {output}");
    let columns = u32::try_from(longest).unwrap();
    let rows = u32::try_from(shown.len()).unwrap();
    let width = f64::from(columns).mul_add(CHARACTER, 2.0 * MARGIN);
    let height = f64::from(rows).mul_add(LINE, 2.0 * MARGIN);

    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height:.0}\" width=\"{width:.0}\" role=\"img\">\n\
         <title>{}</title>\n<style>{STYLE}</style>\n\
         <rect class=\"bg\" x=\"0.5\" y=\"0.5\" width=\"{:.0}\" height=\"{:.0}\" rx=\"8\"/>\n",
        markup(&format!("Output of {command}")),
        width - 1.0,
        height - 1.0
    );
    for (row, line) in (0_u32..).zip(&shown) {
        let y = f64::from(row).mul_add(LINE, MARGIN + 14.0);
        let mut column = 0_u32;
        for piece in line {
            let count = u32::try_from(piece.text.chars().count()).unwrap();
            // Each piece begins at its column, whatever font is there, and is as wide as its columns.
            let x = f64::from(column).mul_add(CHARACTER, MARGIN);
            writeln!(
                svg,
                "<text x=\"{x:.1}\" y=\"{y:.0}\" class=\"{}\" textLength=\"{:.1}\" lengthAdjust=\"spacingAndGlyphs\">{}</text>",
                piece.class,
                f64::from(count) * CHARACTER,
                markup(&piece.text)
            )
            .unwrap();
            column += count;
        }
    }
    svg.push_str("</svg>\n");
    svg
}

/// Compares a picture with the one in docs/pictures, or writes it there.
#[track_caller]
fn check(name: &str, command: &str, output: &str) {
    let path = repository().join("docs/pictures").join(name);
    let drawn = picture(command, output);
    if std::env::var_os("BLESS").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, drawn).unwrap();
        return;
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(kept, drawn, "run the test with BLESS=1");
}

/// What a program prints on a terminal of [`COLUMNS`] columns. `script` of util-linux is that
/// terminal; progress goes elsewhere.
fn output_on_terminal(env: &TestEnv, dir: &Path, tool: &str, args: &str) -> Option<String> {
    if !required("script") {
        return None;
    }
    let program = program(tool).display().to_string();
    let call = format!(
        "stty rows 40 cols {COLUMNS}; exec '{program}' {args} --offline --color always 2>../progress"
    );
    let step = env.step("script").current_dir(dir);
    let ran = env.run_step(step.args(["-qec", &call, "/dev/null"]));
    assert_eq!(ran.code, 100, "{ran:#?}");
    Some(ran.stdout.replace('\r', ""))
}

#[test]
fn colours_become_classes() {
    let found = lines("\u{1b}[1m\u{1b}[91merror\u{1b}[0m: a\n\u{1b}[96mb\u{1b}[0m");
    let piece = |text: &str, class: &str| Piece {
        text: text.to_owned(),
        class: class.to_owned(),
    };
    assert_eq!(
        found,
        [
            vec![piece("error", "bold red"), piece(": a", "")],
            vec![piece("b", "cyan")]
        ]
    );
    let svg = picture("a <b>", "c & d");
    assert!(
        svg.contains("$ a &lt;b&gt;") && svg.contains("c &amp; d"),
        "{svg}"
    );
}

#[test]
fn a_break_is_drawn_as_it_is_printed() {
    let env = TestEnv::new();
    let dir = env.project("greet", GREET);
    if let Some(output) = output_on_terminal(&env, &dir, "cargo-compat", "") {
        check("compat.svg", "cargo compat", &output);
    }
}

/// A lock file with a package that is known to be vulnerable, and one that is not.
const LOCK: &str = "version = 4\n\n[[package]]\nname = \"chat\"\nversion = \"1.4.0\"\ndependencies = [\n \"parser\",\n]\n\n\
    [[package]]\nname = \"parser\"\nversion = \"0.3.1\"\nsource = \"registry+https://github.com/rust-lang/crates.io-index\"\n\
    checksum = \"0000000000000000000000000000000000000000000000000000000000000000\"\n";

/// What is known of it.
const ADVISORY: &str = "```toml\n[advisory]\nid = \"RUSTSEC-2026-0042\"\npackage = \"parser\"\ndate = \"2026-03-01\"\n\
    cvss = \"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H\"\n\n[versions]\npatched = [\">= 0.3.4\"]\n```\n\n\
    # A long line makes the parser allocate without a limit\n\nIt should not.\n";

#[test]
fn an_advisory_is_drawn_as_it_is_printed() {
    let env = TestEnv::new();
    let files = [
        ("Cargo.lock", LOCK),
        ("db/crates/parser/RUSTSEC-2026-0042.md", ADVISORY),
    ];
    let dir = env.path().join("chat");
    fixtures::write_all(&dir, &files);
    let args = "audit --lockfile Cargo.lock --db db";
    if let Some(output) = output_on_terminal(&env, &dir, "cargo-sbom-lite", args) {
        check("audit.svg", "cargo sbom-lite audit", &output);
    }
}
