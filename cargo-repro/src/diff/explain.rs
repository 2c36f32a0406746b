//! Compares two files, whatever they are.

use release_gate::facts::report::diff::{Difference, Region};

use super::region::{count_differing, first_difference};
use super::{archive, binary, strings};

/// How many regions are kept for one pair of files.
const SHOWN: usize = 200;

/// Compares two files.
pub(crate) fn explain(a: &[u8], b: &[u8]) -> Difference {
    let size = [a.len() as u64, b.len() as u64];
    if a == b {
        return Difference {
            identical: true,
            format: "bytes".to_owned(),
            size,
            ..Difference::default()
        };
    }

    let (format, mut places) = compare(a, b, 0);

    // What follows from nothing that can be seen is no consequence.
    if places.iter().all(|region| region.derived) {
        places.iter_mut().for_each(|region| region.derived = false);
    }

    // Causes first; among them where most bytes differ.
    places.sort_by(|x, y| {
        (x.derived, std::cmp::Reverse(x.bytes)).cmp(&(y.derived, std::cmp::Reverse(y.bytes)))
    });

    places.truncate(SHOWN);
    let (mut only_a, mut only_b) = if format == "text" {
        (Vec::new(), Vec::new())
    } else {
        strings::only(a, b)
    };

    only_a.truncate(20);
    only_b.truncate(20);

    Difference {
        identical: false,
        format: format.to_owned(),
        size,
        places,
        only_a,
        only_b,
    }
}

fn compare(a: &[u8], b: &[u8], depth: usize) -> (&'static str, Vec<Region>) {
    if depth < 4
        && let (Some((format, members_a)), Some((other, members_b))) =
            (archive::members(a), archive::members(b))
        && format == other
    {
        return (format, members(&members_a, &members_b, depth));
    }
    if let Some(found) = binary::compare(a, b) {
        return found;
    }
    if let (Some(text_a), Some(text_b)) = (text_of(a), text_of(b)) {
        return ("text", lines(text_a, text_b));
    }
    let (offset, values) = first_difference(a, b).unzip();
    let shorter = a.len().min(b.len()) as u64;

    (
        "bytes",
        vec![Region {
            bytes: count_differing(a, b),
            offset: Some(offset.unwrap_or(shorter)),
            values,
            ..Region::default()
        }],
    )
}

/// Bytes as text, where people can read them.
fn text_of(bytes: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(bytes).ok()?;
    text.chars()
        .all(|c| !c.is_control() || matches!(c, '\n' | '\r' | '\t' | '\u{c}'))
        .then_some(text)
}

/// The beginning of a line, as much of it as is shown.
fn line_start(line: &str) -> String {
    line.chars().take(80).collect()
}

fn lines(a: &str, b: &str) -> Vec<Region> {
    let mut places = Vec::new();
    let (mut left, mut right) = (a.lines(), b.lines());
    for number in 1.. {
        match (left.next(), right.next()) {
            (None, None) => break,
            (x, y) if x != y => {
                let (x, y) = (x.unwrap_or_default(), y.unwrap_or_default());
                places.push(Region {
                    section: Some(format!("line {number}")),
                    bytes: count_differing(x.as_bytes(), y.as_bytes()),
                    note: format!("`{}` and `{}`", line_start(x), line_start(y)),
                    ..Region::default()
                });
                if places.len() >= SHOWN {
                    break;
                }
            }
            _ => {}
        }
    }
    places
}

fn members(a: &[archive::Member], b: &[archive::Member], depth: usize) -> Vec<Region> {
    let mut places = Vec::new();
    for member in a {
        let Some(other) = b.iter().find(|other| other.name == member.name) else {
            places.push(only_one_has(member, "only the first has it"));
            continue;
        };
        if member.header != other.header {
            let note = format!("{} and {}", member.header, other.header);
            places.push(Region {
                member: Some(member.name.clone()),
                bytes: 1,
                note,
                ..Region::default()
            });
        }
        if member.bytes != other.bytes {
            let (_, inner) = compare(&member.bytes, &other.bytes, depth + 1);
            for mut place in inner {
                place.member = Some(match place.member {
                    Some(inner) => format!("{}/{inner}", member.name),
                    None => member.name.clone(),
                });
                place.derived |= archive::is_derived(&member.name);
                places.push(place);
            }
        }
    }
    places.extend(
        b.iter()
            .filter(|member| !a.iter().any(|other| other.name == member.name))
            .map(|member| only_one_has(member, "only the second has it")),
    );

    let names_a = a.iter().map(|member| &member.name);
    if places.is_empty() && names_a.ne(b.iter().map(|member| &member.name)) {
        places.push(Region {
            bytes: 1,
            note: "the members are in another order".to_owned(),
            ..Region::default()
        });
    }
    if places.is_empty() {
        places.push(Region {
            bytes: 1,
            note: "only the packing differs, not what is packed".to_owned(),
            ..Region::default()
        });
    }
    places
}

fn only_one_has(member: &archive::Member, note: &str) -> Region {
    Region {
        member: Some(member.name.clone()),
        bytes: member.bytes.len() as u64,
        note: note.to_owned(),
        derived: archive::is_derived(&member.name),
        ..Region::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_differs_by_line() {
        let found = explain(b"one\ntwo\nthree\n", b"one\n2\nthree\n");
        assert_eq!((found.format.as_str(), found.places.len()), ("text", 1));
        assert_eq!(found.places[0].section.as_deref(), Some("line 2"));
        assert!(explain(b"x", b"x").identical);
    }

    /// An archive of one file.
    fn tar_of(mode: u32, content: &[u8]) -> Vec<u8> {
        let mut builder = tar::Builder::new(Vec::new());
        let mut header = tar::Header::new_ustar();
        header.set_size(content.len() as u64);
        header.set_mode(mode);
        header.set_cksum();
        builder
            .append_data(&mut header, "dir/file", content)
            .unwrap();
        builder.into_inner().unwrap()
    }

    #[test]
    fn a_tar_archive_differs_by_member_and_header() {
        let found = explain(&tar_of(0o644, b"same"), &tar_of(0o755, b"same"));
        assert_eq!(found.format, "tar");
        assert!(found.places[0].note.contains("644"), "{found:?}");

        let found = explain(&tar_of(0o644, b"one\xff"), &tar_of(0o644, b"two\xff"));
        assert_eq!(found.places[0].member.as_deref(), Some("dir/file"));
    }

    /// A frame of one raw block (RFC 8878, section 3.1.1): single segment, one byte of content size.
    fn zstd_of(content: &[u8]) -> Vec<u8> {
        let size = u8::try_from(content.len()).unwrap();
        let block = (u32::from(size) << 3) | 1;
        [
            b"\x28\xb5\x2f\xfd\x20".as_slice(),
            &[size],
            &block.to_le_bytes()[..3],
            content,
        ]
        .concat()
    }

    #[test]
    fn what_zstd_packs_is_compared_inside() {
        let found = explain(&zstd_of(b"one\nsame\n"), &zstd_of(b"two\nsame\n"));
        assert_eq!((found.format.as_str(), found.places.len()), ("zstd", 1));
        assert_eq!(found.places[0].section.as_deref(), Some("line 1"));
    }

    #[test]
    fn own_executable_with_one_byte_changed_differs_in_one_section() {
        let a = std::fs::read(std::env::current_exe().unwrap()).unwrap();
        let mut b = a.clone();
        let at = a
            .windows(15)
            .position(|window| window == b"own_executable_")
            .unwrap();
        b[at] = b'O';
        let found = explain(&a, &b);
        assert!(
            !found.identical && found.places.len() == 1 && found.places[0].section.is_some(),
            "{found:?}"
        );
        assert_eq!(found.places[0].bytes, 1);
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_make_it_fail(a: Vec<u8>, b: Vec<u8>, magic in 0..8usize) {
            let magics: [&[u8]; 8] = [b"\xfd7zXZ\0\0\x04", b"\x28\xb5\x2f\xfd", b"", b"\x7fELF\x02\x01\x01", b"!<arch>\n", b"PK\x03\x04", b"\x1f\x8b\x08", b"\0asm"];
            let [a, b] = [a, b].map(|bytes| [magics[magic], &bytes].concat());
            proptest::prop_assert_eq!(explain(&a, &b).identical, a == b);
        }
    }
}
