use std::io::Cursor;

use super::member::{MAX_NAMES, Seen};
use super::pack::{Input, tar_gz, zip};
use super::*;

fn files() -> Vec<Input> {
    vec![
        Input {
            path: "bin/demo".into(),
            bytes: vec![7; 70_000],
            executable: true,
        },
        Input {
            path: "README.md".into(),
            bytes: b"hello".to_vec(),
            executable: false,
        },
        Input {
            path: "empty".into(),
            bytes: Vec::new(),
            executable: false,
        },
    ]
}

fn tar(files: &[Input]) -> Vec<u8> {
    let mut out = Vec::new();
    tar_gz(&mut out, "demo-1.0.0", 1_700_000_000, files).unwrap();
    out
}

fn zipped(files: &[Input]) -> Vec<u8> {
    let mut out = Cursor::new(Vec::new());
    zip(&mut out, "demo-1.0.0", 1_700_000_000, files).unwrap();
    out.into_inner()
}

fn members(bytes: &[u8]) -> Result<Vec<(String, u64, bool)>, ArchiveError> {
    let mut seen = Vec::new();
    let limits = Limits {
        bytes: 1 << 20,
        members: 50,
    };
    walk(&mut Cursor::new(bytes), limits, &mut |member, reader| {
        let mut bytes = Vec::new();
        reader.read_to_end(&mut bytes)?;
        assert_eq!(bytes.len() as u64, member.size);
        seen.push((member.path.clone(), member.size, member.executable));
        Ok(())
    })?;
    Ok(seen)
}

fn expected() -> Vec<(String, u64, bool)> {
    [
        ("demo-1.0.0/README.md", 5, false),
        ("demo-1.0.0/bin/demo", 70_000, true),
        ("demo-1.0.0/empty", 0, false),
    ]
    .map(|(path, size, executable)| (path.to_owned(), size, executable))
    .to_vec()
}

#[test]
fn what_is_packed_is_walked_and_packing_is_deterministic() {
    let mut reversed = files();
    reversed.reverse();
    assert_eq!(tar(&files()), tar(&reversed));
    assert_eq!(zipped(&files()), zipped(&reversed));
    assert_eq!(members(&tar(&files())).unwrap(), expected());
    assert_eq!(members(&zipped(&files())).unwrap(), expected());
}

/// Raw tar bytes, gzipped.
fn gz(tar: &[u8]) -> Vec<u8> {
    use std::io::Write as _;
    let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    out.write_all(tar).unwrap();
    out.finish().unwrap()
}

fn header(name: &[u8], size: usize, kind: u8) -> [u8; 512] {
    let mut block = [0; 512];
    block[..name.len()].copy_from_slice(name);
    block[100..107].copy_from_slice(b"0000644");
    block[108..115].copy_from_slice(b"0000000");
    block[116..123].copy_from_slice(b"0000000");
    block[124..135].copy_from_slice(format!("{size:011o}").as_bytes());
    block[136..147].copy_from_slice(b"00000000000");
    block[156] = kind;
    block[257..265].copy_from_slice(b"ustar\x0000");
    seal(&mut block);
    block
}

fn seal(block: &mut [u8; 512]) {
    block[148..156].fill(b' ');
    let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
    block[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
}

fn raw(entries: &[([u8; 512], &[u8])]) -> Vec<u8> {
    let mut out = Vec::new();
    for (header, body) in entries {
        out.extend_from_slice(header);
        out.extend_from_slice(body);
        out.resize(out.len().div_ceil(512) * 512, 0);
    }
    out.resize(out.len() + 1024, 0);
    out
}

#[test]
fn hostile_tars_are_refused_by_reason() {
    let file = |name: &[u8]| header(name, 1, b'0');
    let mut sized_folder = header(b"d/", 1, b'5');
    seal(&mut sized_folder);
    let mut link = header(b"l", 0, b'0');
    link[157] = b'x';
    seal(&mut link);
    let mut bad_sum = file(b"a");
    bad_sum[0] = b'b';
    let mut binary_size = file(b"a");
    binary_size[124] = 0x80;
    seal(&mut binary_size);
    let mut hidden = file(b"a\0b");
    seal(&mut hidden);
    let mut old = file(b"a");
    old[257..265].fill(0);
    seal(&mut old);
    let cases: Vec<(&str, Vec<u8>)> = vec![
        ("archive-unsafe-path", raw(&[(file(b"../a"), b"x")])),
        ("archive-unsafe-path", raw(&[(file(b"/a"), b"x")])),
        ("archive-unsafe-path", raw(&[(file(b"a\\b"), b"x")])),
        ("archive-unsafe-path", raw(&[(file(b"./a"), b"x")])),
        ("archive-unsafe-path", raw(&[(file(b"NUL"), b"x")])),
        ("archive-unsafe-path", raw(&[(file(b""), b"x")])),
        (
            "archive-duplicate",
            raw(&[(file(b"a"), b"x"), (file(b"a"), b"y")]),
        ),
        (
            "archive-duplicate",
            raw(&[(file(b"a"), b"x"), (file(b"A"), b"y")]),
        ),
        (
            "archive-duplicate",
            raw(&[(file(b"a"), b"x"), (file(b"a/b"), b"y")]),
        ),
        (
            "archive-duplicate",
            raw(&[(file(b"a/b"), b"x"), (file(b"a"), b"y")]),
        ),
        ("archive-header", raw(&[(sized_folder, b"x")])),
        ("archive-header", raw(&[(link, b"")])),
        ("archive-header", raw(&[(bad_sum, b"x")])),
        ("archive-header", raw(&[(binary_size, b"x")])),
        ("archive-header", raw(&[(hidden, b"x")])),
        ("archive-header", raw(&[(old, b"x")])),
        ("archive-truncated", Vec::new()),
        ("archive-truncated", vec![0; 1024]),
        (
            "archive-too-large",
            raw(&[(header(b"a", 0o7777777777, b'0'), b"x")]),
        ),
    ];
    for (index, (rule, bytes)) in cases.iter().enumerate() {
        let error = members(&gz(bytes)).expect_err(&format!("case {index}, {rule}"));
        assert_eq!(error.rule().unwrap().id, *rule, "case {index}: {error}");
    }
    for kind in *b"12346789xgLKSDMNVA" {
        let error = members(&gz(&raw(&[(header(b"a", 0, kind), b"")]))).unwrap_err();
        assert_eq!(
            error.rule().unwrap().id,
            "archive-entry-type",
            "{}",
            char::from(kind)
        );
    }
}

#[test]
fn a_tar_that_is_cut_or_continued_is_refused_everywhere() {
    let whole = tar(&files());
    for length in (0..whole.len()).step_by(7) {
        assert!(members(&whole[..length]).is_err(), "cut to {length}");
    }
    let mut more = whole.clone();
    more.push(0);
    assert!(matches!(members(&more), Err(ArchiveError::Trailing)));
    assert!(matches!(
        members(&[whole.clone(), whole].concat()),
        Err(ArchiveError::Trailing)
    ));

    let plain = raw(&[(header(b"a", 1, b'0'), b"x")]);
    assert!(matches!(
        members(&gz(&[plain.clone(), plain.clone()].concat())),
        Err(ArchiveError::Trailing)
    ));

    assert!(
        members(&gz(&plain[..plain.len() - 1024])).is_err(),
        "no end mark"
    );

    let mut padded = plain;
    padded[600] = 1;
    assert!(matches!(
        members(&gz(&padded)),
        Err(ArchiveError::Header(_))
    ));
}

#[test]
fn a_zip_that_is_changed_anywhere_is_refused_or_the_same() {
    let small = vec![Input {
        path: "a".into(),
        bytes: b"hello hello hello".to_vec(),
        executable: false,
    }];

    let whole = zipped(&small);
    let good = members(&whole).unwrap();
    for length in 0..whole.len() {
        assert!(members(&whole[..length]).is_err(), "cut to {length}");
    }
    assert!(matches!(
        members(&[&whole[..], b"x"].concat()),
        Err(ArchiveError::Trailing)
    ));

    assert!(
        members(&[whole.clone(), whole.clone()].concat()).is_err(),
        "concatenated"
    );

    assert!(
        members(&[b"PK\x03\x04".to_vec(), whole.clone()].concat()).is_err(),
        "prefixed"
    );

    let mut refused = 0;
    for position in 0..whole.len() {
        let mut bytes = whole.clone();
        bytes[position] ^= 0x01;
        match members(&bytes) {
            // Times, version fields and the permission bits carry nothing that is unpacked
            // differently.
            Ok(seen) => assert_eq!(
                seen.iter().map(|(p, s, _)| (p, s)).collect::<Vec<_>>(),
                good.iter().map(|(p, s, _)| (p, s)).collect::<Vec<_>>()
            ),
            Err(_) => refused += 1,
        }
    }

    assert!(refused > whole.len() / 2, "{refused} of {}", whole.len());
}

#[cfg(feature = "zstd")]
#[test]
fn a_zstandard_frame_that_is_changed_anywhere_is_refused_or_the_same() {
    let text = "all that is the same is said once, "
        .repeat(40)
        .into_bytes();
    let small = vec![Input {
        path: "a".into(),
        bytes: text,
        executable: false,
    }];

    let mut whole = Vec::new();
    super::pack::tar_zst(&mut whole, "demo-1.0.0", 1, &small).unwrap();
    let good = members(&whole).unwrap();
    assert_eq!(good, members(&tar(&small)).unwrap());
    for length in 0..whole.len() {
        assert!(members(&whole[..length]).is_err(), "cut to {length}");
    }
    assert!(matches!(
        members(&[&whole[..], b"x"].concat()),
        Err(ArchiveError::Trailing)
    ));

    for position in 0..whole.len() {
        for bit in 0..8 {
            let mut changed = whole.clone();
            changed[position] ^= 1 << bit;
            if let Ok(seen) = members(&changed) {
                assert_eq!(seen, good, "bit {bit} of byte {position}");
            }
        }
    }
}

#[test]
fn names_do_not_fill_the_memory() {
    let mut seen = Seen::new(Limits::default());
    let error = (0..)
        .find_map(|number| seen.admit(&format!("{number:0200}"), 0, true).err())
        .unwrap();
    assert_eq!(error.rule().unwrap().id, "archive-too-large");
    assert!(
        seen.names.len() > 30_000 && seen.names.keys().map(String::len).sum::<usize>() <= MAX_NAMES
    );
}

#[test]
fn two_zip_members_of_one_name_are_refused() {
    let two = vec![
        Input {
            path: "aa".into(),
            bytes: b"1".to_vec(),
            executable: false,
        },
        Input {
            path: "ab".into(),
            bytes: b"2".to_vec(),
            executable: false,
        },
    ];

    let bytes = zipped(&two);
    let renamed: Vec<u8> = {
        let text = bytes.clone();
        let mut out = text.clone();
        for at in 0..out.len() - 13 {
            if &out[at..at + 13] == b"demo-1.0.0/ab" {
                out[at + 12] = b'a';
            }
        }
        out
    };

    assert_ne!(bytes, renamed);
    assert!(matches!(members(&renamed), Err(ArchiveError::Duplicate(_))));
}

proptest::proptest! {
    #[test]
    fn any_bytes_are_walked_or_refused(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..2000), kind in 0..4) {
        let bytes = match kind {
            0 => bytes,
            1 => gz(&bytes),
            2 => [b"\x28\xb5\x2f\xfd".to_vec(), bytes].concat(),
            _ => [b"PK\x03\x04".to_vec(), bytes].concat(),
        };
        let _ = members(&bytes);
    }
}
