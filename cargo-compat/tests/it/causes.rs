//! One cause is one finding, and its message says what became of the item.
#![expect(
    clippy::unwrap_used,
    reason = "a fixture that cannot be made fails its test"
)]

use serde_json::Value;

use super::sides;

/// The report on a pair of libraries.
fn report(old: &str, new: &str) -> Value {
    let dir = tempfile::tempdir().unwrap();
    for (folder, version, lib) in [("old", "1.0.0", old), ("new", "1.0.1", new)] {
        let src = dir.path().join(folder).join("src");
        std::fs::create_dir_all(&src).unwrap();
        let manifest = format!(
            "[package]\nname = \"k\"\nversion = \"{version}\"\nedition = \"2021\"\n[workspace]\n"
        );
        std::fs::write(dir.path().join(folder).join("Cargo.toml"), manifest).unwrap();
        std::fs::write(src.join("lib.rs"), lib).unwrap();
    }
    sides::report(dir.path(), &[])
}

/// The rule and message of each break that a call finds, in the order of the report.
fn found(old: &str, new: &str) -> Vec<(String, String)> {
    report(old, new)["findings"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|finding| finding["level"] == "deny" && finding["rule"] != "bump-too-small")
        .map(|finding| {
            let text = |key: &str| finding[key].as_str().unwrap().to_owned();
            (text("rule"), text("message"))
        })
        .collect()
}

fn says(rule: &str, message: &str) -> (String, String) {
    (rule.to_owned(), message.to_owned())
}

#[test]
fn a_new_lifetime_is_one_finding_and_hides_none() {
    let old = "#[derive(Debug, Clone, Copy)] pub struct Options { pub upper: bool }\n";
    let new = "#[derive(Debug, Clone)] pub struct Options<'a> { pub upper: Option<bool>, pub ignore: Option<Vec<&'a str>> }\n";
    let mut found = found(old, new);
    found.sort();
    assert_eq!(
        found,
        [
            says(
                "construction-changed",
                "`Options` has the new field `ignore`"
            ),
            says(
                "field-changed",
                "`Options::upper` is `Option<bool>` in place of `bool`"
            ),
            says(
                "generics-changed",
                "`Options` takes the parameters `<'a>` in place of none"
            ),
            says("impl-removed", "`impl Copy for Options` no longer holds"),
        ]
    );
}

#[test]
fn another_lifetime_beside_others_keeps_what_holds() {
    let old = "#[derive(Clone)] pub struct W<'a, T>(pub &'a T); pub struct P(pub W<'static, u8>);";
    let new = "#[derive(Clone)] pub struct W<'a, 'b, T>(pub &'a T, std::marker::PhantomData<&'b ()>); pub struct P(pub W<'static, 'static, u8>);";
    let found = found(old, new);
    let rules: Vec<&str> = found.iter().map(|(rule, _)| rule.as_str()).collect();
    assert!(rules.contains(&"generics-changed"), "{found:?}");
    assert!(!rules.contains(&"impl-removed"), "{found:?}");
}

#[test]
fn methods_that_moved_and_auto_traits_are_counted_in_one_line() {
    let names = ["a", "b", "c", "d", "e", "f", "g", "h"];
    let list = |head: &str, tail: &str| -> String {
        names
            .iter()
            .map(|name| format!("{head}fn {name}(&self){tail} "))
            .collect()
    };
    let old = format!(
        "pub struct Wide(u8); impl Wide {{ {} }} pub struct Held(u8);",
        list("pub ", " {}")
    );
    let new = format!(
        "pub struct Wide(u8); pub mod ext {{ pub trait Simd {{ {} }} }} impl ext::Simd for Wide {{ {} }} pub struct Held(std::rc::Rc<u8>);",
        list("", ";"),
        list("", " {}")
    );
    let report = report(&old, &new);
    let messages: Vec<&str> = report["findings"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|finding| finding["level"] == "deny")
        .map(|finding| finding["message"].as_str().unwrap())
        .collect();
    assert_eq!(
        messages[..2],
        [
            "8 methods of `Wide` are methods of the trait `ext::Simd` now, which users have to import: `a`, `b`, `c`, `d`, `e`, `f` and 2 more",
            "2 auto traits no longer hold for `Held`: `Send`, `Sync`"
        ],
        "{messages:#?}"
    );
    // The report has each of them.
    let changes = report["data"]["changes"].as_array().unwrap();
    let removed = changes
        .iter()
        .filter(|change| change["rule"] == "item-removed")
        .count();
    assert_eq!(removed, 8);
}

#[test]
fn messages_name_before_and_after() {
    let cases = [
        (
            "pub fn f(x: u32) {}",
            "pub fn f(x: u64) {}",
            "`f` takes `x: u64` in place of `x: u32`",
        ),
        (
            "pub fn f(x: u32) -> u8 { 1 }",
            "pub fn f(x: u32, y: &str) -> u16 { 1 }",
            "`f` also takes `y: &str`, and returns `u16` in place of `u8`",
        ),
        (
            "pub struct S(()); impl S { pub fn f(&self, a: u8, b: u16) {} }",
            "pub struct S(()); impl S { pub fn f(&self, b: u16) {} }",
            "`S::f` no longer takes `a: u8`",
        ),
        (
            "pub const fn f() {}",
            "pub unsafe fn f() {}",
            "`f` is `unsafe` now, and is no longer `const`",
        ),
        (
            "pub fn f<T>(x: T) {}",
            "pub fn f<T: Clone>(x: T) {}",
            "`f` takes the parameters `<T: Clone>` in place of `<T>`",
        ),
        (
            "pub enum E { A }",
            "pub enum E { A, B, C }",
            "`E` has the new variants `B`, `C`",
        ),
        (
            "pub trait T { fn a(&self); }",
            "pub trait T { fn a(&self); fn b(&self); }",
            "`T` has the new required item `b`",
        ),
        (
            "pub const N: u8 = 1;",
            "pub const N: u16 = 1;",
            "`N` is of type `u16` in place of `u8`",
        ),
    ];
    for (old, new, message) in cases {
        let found = found(old, new);
        assert!(
            found.iter().any(|(_, said)| said == message),
            "{message} is not among {found:#?}"
        );
    }
}

#[test]
fn what_nobody_can_ask_for_is_no_part_of_the_api() {
    // rustdoc lists the conversion with the public type.
    let of = |text: &str, more: &str| {
        format!(
            "pub struct Host<S>(pub S); pub struct Url {{ host: inner::Inner }} mod inner {{ use super::Host; {more} pub(crate) enum Inner {{ No, One(u8) }} impl From<Host<{text}>> for Inner {{ fn from(_: Host<{text}>) -> Self {{ Inner::No }} }} }}"
        )
    };
    assert_eq!(found(&of("String", "#[derive(Clone)]"), &of("u8", "")), []);
}
