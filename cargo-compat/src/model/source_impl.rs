//! Implementations for trait objects and for projections, as sources spell them: rustdoc does not
//! describe them.

use release_gate::text::collapse_white_space;

/// `impl Trait for <A as B>::C { … }`, names without their paths.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProjectionImpl {
    /// The trait as it is spelled.
    pub of_trait: String,
    /// `A`.
    pub owner: String,
    /// `B`.
    pub by_trait: String,
    /// `C`.
    pub name: String,
}

/// Reads the implementations for projections out of a source file.
pub fn impls_for_projections(text: &str) -> Vec<ProjectionImpl> {
    headers_of(text)
        .filter_map(|(header, _)| {
            let header = collapse_white_space(header);
            let (of_trait, target) = header.split_once(" for <")?;
            let (owner, rest) = target.split_once(" as ")?;
            let (by_trait, name) = rest.split_once(">::")?;
            let last = |path: &str| path.rsplit("::").next().map(|it| it.trim().to_owned());
            let found = ProjectionImpl {
                of_trait: of_trait.trim().to_owned(),
                owner: last(owner)?,
                by_trait: last(by_trait)?,
                name: name.trim().to_owned(),
            };
            // Generic implementations are left to the compiler's other answers.
            let is_plain = !found.of_trait.starts_with('<')
                && [&found.owner, &found.by_trait, &found.name]
                    .iter()
                    .all(|word| word.chars().all(|c| c.is_alphanumeric() || c == '_'));
            is_plain.then_some(found)
        })
        .collect()
}

/// `impl Trait for dyn E { … }`, or `impl dyn E { … }`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceImpl {
    /// The trait as it is spelled; empty for an inherent implementation.
    pub of_trait: String,
    /// `Box<` or nothing: what is around the object.
    pub around: String,
    /// The object's trait, by its last name.
    pub object: String,
    /// Public methods of an inherent implementation, with the number of their arguments.
    pub methods: Vec<(String, usize)>,
}

/// Reads the implementations for objects out of a source file.
pub fn impls_for_objects(text: &str) -> Vec<SourceImpl> {
    headers_of(text)
        .filter_map(|(header, body)| read_header(header, body))
        .collect()
}

/// What stands between `impl` and `{`, and what follows.
fn headers_of(text: &str) -> impl Iterator<Item = (&str, &str)> {
    text.match_indices("impl").filter_map(|(at, _)| {
        let begins = !text[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_');
        let (header, body) = text[at + 4..].split_once('{')?;
        let is_header =
            !header.contains([';', '=', '}']) && !header.starts_with(|c: char| c.is_alphanumeric());
        (begins && is_header).then_some((header, body))
    })
}

fn read_header(header: &str, body: &str) -> Option<SourceImpl> {
    let header = collapse_white_space(header);

    // Generic implementations are left to the compiler's other answers.
    if header.starts_with('<') || header.contains(" where ") {
        return None;
    }

    let (of_trait, target) = match header.split_once(" for ") {
        Some((of_trait, target)) => (of_trait.trim(), target.trim()),
        None => ("", header.trim()),
    };

    let (around, inner) = match target.strip_prefix("Box<") {
        Some(inner) => ("Box<", inner.trim_end_matches('>')),
        None => ("", target),
    };

    let object = inner
        .trim_start_matches('(')
        .strip_prefix("dyn ")?
        .split(['+', '<', ')'])
        .next()?
        .trim();

    Some(SourceImpl {
        of_trait: of_trait.to_owned(),
        around: around.to_owned(),
        object: object.rsplit("::").next()?.to_owned(),
        methods: if of_trait.is_empty() {
            public_methods(body)
        } else {
            Vec::new()
        },
    })
}

/// `pub fn name(&self, …)` of a body, until it ends.
fn public_methods(body: &str) -> Vec<(String, usize)> {
    let mut depth = 1usize;
    let mut end = body.len();
    for (at, c) in body.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            end = at;
            break;
        }
    }

    body[..end]
        .split("pub fn ")
        .skip(1)
        .filter_map(|text| {
            let (name, rest) = text.split_once('(')?;
            let (params, _) = rest.split_once(')')?;
            let mut params = params
                .split(',')
                .map(str::trim)
                .filter(|text| !text.is_empty());
            let receiver = params.next()?;
            let simple = name.chars().all(|c| c.is_alphanumeric() || c == '_');
            (simple && receiver.ends_with("self")).then(|| (name.to_owned(), params.count()))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn implementations_for_projections_are_read() {
        let text = "impl From<u8> for <p::E as p::P>::T {} impl<X> From<X> for <E as P>::T {}\n\
                    impl A for <E as P>::T<u8> {} impl B for S {}\nimpl fmt::Display\n    for <E as P>::Out\n{}";
        let found = impls_for_projections(text);
        let shown: Vec<String> = found
            .iter()
            .map(|one| {
                format!(
                    "{} {} {} {}",
                    one.of_trait, one.owner, one.by_trait, one.name
                )
            })
            .collect();
        assert_eq!(shown, ["From<u8> E P T", "fmt::Display E P Out"]);
    }

    #[test]
    fn implementations_for_objects_are_read() {
        let text = "impl ToOwned for dyn E { } impl From<String> for Box<dyn p::E + Send> {}\n\
                    impl dyn E { pub fn is_one(&self) -> bool { true } pub fn two(&self, a: u8, b: u8) {} fn own(&self) {} }\n\
                    impl<T> X for dyn E {} impl E for S {} fn f() -> impl Fn() { || {} }";
        let found = impls_for_objects(text);
        let shown: Vec<(&str, &str, &str)> = found
            .iter()
            .map(|one| (&*one.of_trait, &*one.around, &*one.object))
            .collect();
        assert_eq!(
            shown,
            [
                ("ToOwned", "", "E"),
                ("From<String>", "Box<", "E"),
                ("", "", "E")
            ]
        );
        assert_eq!(
            found[2].methods,
            [("is_one".to_owned(), 0), ("two".to_owned(), 2)]
        );
    }
}
