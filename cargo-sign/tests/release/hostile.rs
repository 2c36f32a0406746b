//! Archives that nobody means well with, made byte by byte.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::fixture::noise;

/// The folder an archive of this name has to hold.
pub(crate) const ROOT: &str = "demo-1.0.0-x";

/// A header field by field, its checksum in place.
#[derive(Clone)]
pub(crate) struct Header(pub(crate) [u8; 512]);

impl Header {
    pub(crate) fn new(name: &str, size: usize, kind: u8) -> Self {
        let mut header = Self([0; 512]);
        header.put(0, name.as_bytes());
        for (at, text) in [
            (100, "0000644"),
            (108, "0000000"),
            (116, "0000000"),
            (136, "00000000000"),
        ] {
            header.put(at, text.as_bytes());
        }
        header.put(124, format!("{size:011o}").as_bytes());
        header.0[156] = kind;
        header.put(257, b"ustar\x0000");
        header
    }

    fn put(&mut self, at: usize, bytes: &[u8]) -> &mut Self {
        self.0[at..at + bytes.len()].copy_from_slice(bytes);
        self.0[148..156].fill(b' ');
        let sum: u32 = self.0.iter().map(|byte| u32::from(*byte)).sum();
        self.0[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        self
    }

    pub(crate) fn with(mut self, at: usize, bytes: &[u8]) -> Self {
        self.put(at, bytes);
        self
    }
}

/// Blocks of a tar and its end mark.
pub(crate) fn raw(entries: &[(Header, &[u8])]) -> Vec<u8> {
    let mut out = Vec::new();
    for (header, body) in entries {
        out.extend_from_slice(&header.0);
        out.extend_from_slice(body);
        out.resize(out.len().next_multiple_of(512), 0);
    }
    out.resize(out.len() + 1024, 0);
    out
}

pub(crate) fn gz(tar: &[u8]) -> Vec<u8> {
    let mut out = GzEncoder::new(Vec::new(), Compression::fast());
    out.write_all(tar).unwrap();
    out.finish().unwrap()
}

pub(crate) fn zst(tar: &[u8]) -> Vec<u8> {
    zstd::encode_all(tar, 3).unwrap()
}

/// What a zip says of one member; both directories say the same unless a test changes one.
#[derive(Clone)]
pub(crate) struct Entry {
    pub(crate) name: Vec<u8>,
    pub(crate) body: Vec<u8>,
    pub(crate) mode: u32,
    pub(crate) flags: u16,
    pub(crate) method: u16,
    pub(crate) local: Option<Vec<u8>>,
    pub(crate) extra: Vec<u8>,
    pub(crate) local_extra: Vec<u8>,
    pub(crate) made_by: u8,
    pub(crate) attributes: u32,
    pub(crate) size: Option<u32>,
    pub(crate) crc: Option<u32>,
}

impl Entry {
    pub(crate) fn new(name: &str) -> Self {
        Self {
            name: name.as_bytes().to_vec(),
            body: b"evil".to_vec(),
            mode: 0o100_644,
            flags: if name.is_ascii() { 0 } else { 1 << 11 },
            method: 0,
            local: None,
            extra: Vec::new(),
            local_extra: Vec::new(),
            made_by: 3,
            attributes: 0,
            size: None,
            crc: None,
        }
    }
}

pub(crate) fn zipped(entries: &[Entry]) -> Vec<u8> {
    let (mut out, mut directory) = (Vec::new(), Vec::new());
    let short = |value: usize| u16::try_from(value).unwrap().to_le_bytes();
    let long = |value: usize| u32::try_from(value).unwrap().to_le_bytes();
    for entry in entries {
        let offset = out.len();
        let crc = entry.crc.unwrap_or_else(|| {
            let mut crc = flate2::Crc::new();
            crc.update(&entry.body);
            crc.sum()
        });
        let size = entry.size.map_or(entry.body.len(), |size| size as usize);
        let local = entry.local.as_ref().unwrap_or(&entry.name);
        let common = [
            &entry.flags.to_le_bytes()[..],
            &entry.method.to_le_bytes(),
            &[0; 4],
            &crc.to_le_bytes(),
            &long(entry.body.len()),
            &long(size),
        ]
        .concat();
        out.extend(
            [
                b"PK\x03\x04\x14\0",
                &common[..],
                &short(local.len()),
                &short(entry.local_extra.len()),
                local,
                &entry.local_extra,
                &entry.body,
            ]
            .concat(),
        );
        directory.extend(
            [
                &b"PK\x01\x02\x14"[..],
                &[entry.made_by],
                b"\x14\0",
                &common[..],
                &short(entry.name.len()),
                &short(entry.extra.len()),
                &[0; 6],
                &(entry.mode << 16 | entry.attributes).to_le_bytes(),
                &long(offset),
                &entry.name,
                &entry.extra,
            ]
            .concat(),
        );
    }

    let (offset, count) = (out.len(), short(entries.len()));
    out.extend(&directory);
    out.extend(
        [
            b"PK\x05\x06\0\0\0\0",
            &count[..],
            &count,
            &long(directory.len()),
            &long(offset),
            &[0; 2],
        ]
        .concat(),
    );

    out
}

/// A hostile archive and the reason it has to be refused for.
pub(crate) struct Case {
    pub(crate) what: String,
    pub(crate) ending: &'static str,
    pub(crate) rule: &'static str,
    pub(crate) bytes: Vec<u8>,
}

/// Hostile archives: names, kinds, headers, ends.
pub(crate) fn hostile() -> Vec<Case> {
    let mut cases = Vec::new();
    let mut add = |what: String, ending, rule, bytes| {
        cases.push(Case {
            what,
            ending,
            rule,
            bytes,
        })
    };
    let unsafe_path = "archive-unsafe-path";
    let in_root = |name: &str| format!("{ROOT}/{name}");
    let names = [
        "../evil",
        "../../etc/passwd",
        "/etc/passwd",
        "//etc/passwd",
        "./../evil",
        "a/../../evil",
        "..",
        ".",
        "C:/evil",
        "C:evil",
        "\\\\host\\share",
        "..\\evil",
        "a\\..\\evil",
        "~/evil\n",
        "a\u{1b}[2J",
        "a\rb",
        "a\tb",
        "a\u{202e}gpj.exe",
        "a\u{200b}b",
        "CON",
        "aux.txt",
        "com7.log",
        "clock$",
        "CHECKS~1.TXT",
        "evil.",
        "evil ",
        " evil",
        "-",
        "a//b",
        "a/./b",
        "a:stream",
        "a*",
        "a?",
        "a|b",
        "a<b",
        "a\"b",
        "a\u{0}",
    ];
    for name in names {
        for name in [name.to_owned(), in_root(name)] {
            // A name that begins like the root's own is another archive's problem: `archive-root`.
            let tar = raw(&[(Header::new(&name, 4, b'0'), b"evil")]);
            let absolute = name.starts_with(ROOT)
                && names
                    .iter()
                    .any(|odd| odd.starts_with('/') && name.ends_with(odd));
            let nul = name.ends_with('\0');
            if !nul {
                add(format!("tar {name:?}"), ".tar.gz", unsafe_path, gz(&tar));
            }
            if !absolute {
                add(
                    format!("zip {name:?}"),
                    ".zip",
                    unsafe_path,
                    zipped(&[Entry::new(&name)]),
                );
            }
        }
    }
    let file = |name: &str| (Header::new(&in_root(name), 4, b'0'), &b"evil"[..]);
    for kind in *b"12346789xgLKSDMNVA\x01\xff" {
        let link = Header::new(&in_root("a"), 0, kind).with(157, b"/etc/passwd");
        add(
            format!("tar type {kind}"),
            ".tar.gz",
            "archive-entry-type",
            gz(&raw(&[(link, b"")])),
        );
    }
    for mode in [
        0o120_777, 0o020_666, 0o060_666, 0o010_666, 0o140_777, 0o040_755, 0o150_000,
    ] {
        for made_by in [3, 0, 5, 10, 16, 19, 255] {
            let entry = Entry {
                mode,
                made_by,
                ..Entry::new(&in_root("a"))
            };
            let what = format!("zip mode {mode:o} made by {made_by}");
            add(what, ".zip", "archive-entry-type", zipped(&[entry]));
        }
    }
    for attributes in [0x10, 0x400, 0x430] {
        let entry = Entry {
            mode: 0,
            made_by: 0,
            attributes,
            ..Entry::new(&in_root("a"))
        };
        add(
            format!("zip attributes {attributes:x}"),
            ".zip",
            "archive-entry-type",
            zipped(&[entry]),
        );
    }
    for mode in [0o4755, 0o2755, 0o1755, 0o6777, 0o7777] {
        let text = format!("{mode:07o}");
        let file = Header::new(&in_root("a"), 4, b'0').with(100, text.as_bytes());
        add(
            format!("tar mode {mode:o}"),
            ".tar.gz",
            "archive-mode",
            gz(&raw(&[(file, b"evil")])),
        );
        let folder = Header::new(&in_root("d/"), 0, b'5').with(100, text.as_bytes());
        add(
            format!("tar folder mode {mode:o}"),
            ".tar.zst",
            "archive-mode",
            zst(&raw(&[(folder, b"")])),
        );
        for (made_by, kind) in [(3, 0o100_000), (3, 0), (0, 0o100_000), (19, 0o100_000)] {
            let entry = Entry {
                mode: kind | mode,
                made_by,
                ..Entry::new(&in_root("a"))
            };
            add(
                format!("zip mode {mode:o} made by {made_by}"),
                ".zip",
                "archive-mode",
                zipped(&[entry]),
            );
        }
    }
    for (a, b) in [
        ("a", "a"),
        ("a", "A"),
        ("a", "a/b"),
        ("a/b", "a"),
        ("ä", "Ä"),
    ]
    .into_iter()
    // Names that fold to the same: the end of a word, ligatures, letters that are composed.
    .chain([
        ("aΣ", "aσ"),
        ("aς", "aσ"),
        ("ſtrict", "strict"),
        ("ﬁle", "file"),
        ("straße", "STRASSE"),
    ])
    .chain([("\u{d55c}", "\u{1112}\u{1161}\u{11ab}"), ("\u{212b}", "å")])
    {
        add(
            format!("tar {a} and {b}"),
            ".tar.gz",
            "archive-duplicate",
            gz(&raw(&[file(a), file(b)])),
        );
        let two = zipped(&[Entry::new(&in_root(a)), Entry::new(&in_root(b))]);
        add(format!("zip {a} and {b}"), ".zip", "archive-duplicate", two);
    }
    let header = "archive-header";
    let plain = Header::new(&in_root("a"), 4, b'0');
    let mut sum = plain.clone();
    sum.0[0] = b'x';
    let headers = [
        ("checksum", sum),
        (
            "base-256 size",
            plain
                .clone()
                .with(124, &[0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4]),
        ),
        ("negative size", plain.clone().with(124, &[0xff; 12])),
        ("no octal size", plain.clone().with(124, b"0000000000x\0")),
        ("size 8", plain.clone().with(124, b"00000000008\0")),
        ("no size", plain.clone().with(124, &[0; 12])),
        (
            "text behind the size",
            plain.clone().with(124, b"4\0evil\0\0\0\0\0\0"),
        ),
        ("no octal mode", plain.clone().with(100, b"rw-r--r-")),
        ("no magic", plain.clone().with(257, &[0; 8])),
        ("other magic", plain.clone().with(257, b"ustar\x0001")),
        (
            "GNU sparse magic",
            plain.clone().with(257, b"tar\0\0\0\0\0"),
        ),
        (
            "link target of a file",
            plain.clone().with(157, b"/etc/passwd"),
        ),
        ("text behind the name's end", plain.clone().with(40, b"x")),
        ("name that is not UTF-8", plain.clone().with(14, &[0xff])),
        (
            "GNU times where others read a prefix",
            plain
                .clone()
                .with(257, b"ustar  \0")
                .with(345, b"../elsewhere"),
        ),
        ("folder with a size", Header::new(&in_root("d/"), 4, b'5')),
    ];
    for (what, changed) in headers {
        add(
            format!("tar {what}"),
            ".tar.gz",
            header,
            gz(&raw(&[(changed, b"evil")])),
        );
    }
    let whole = raw(&[file("a"), file("b")]);
    for (what, rule, tar) in [
        (
            "padding",
            header,
            [&whole[..600], b"x", &whole[601..]].concat(),
        ),
        (
            "something behind the end",
            "archive-trailing-data",
            [&whole[..], &whole].concat(),
        ),
        (
            "much behind the end",
            "archive-trailing-data",
            [&whole[..], &vec![0; 512 * 200]].concat(),
        ),
        (
            "no end",
            "archive-truncated",
            whole[..whole.len() - 1024].to_vec(),
        ),
        (
            "half an end",
            "archive-truncated",
            whole[..whole.len() - 512].to_vec(),
        ),
        ("half a header", "archive-truncated", whole[..700].to_vec()),
        ("half a file", "archive-truncated", whole[..514].to_vec()),
        ("nothing", "archive-truncated", Vec::new()),
        ("only an end", "archive-truncated", vec![0; 1024]),
        (
            "a size beyond everything",
            "archive-too-large",
            raw(&[(plain.clone().with(124, b"777777777777"), b"")]),
        ),
    ] {
        add(format!("tar.gz {what}"), ".tar.gz", rule, gz(&tar));
        add(format!("tar.zst {what}"), ".tar.zst", rule, zst(&tar));
    }
    let (packed, framed) = (gz(&whole), zst(&whole));
    let skippable = b"\x50\x2a\x4d\x18\x04\0\0\0evil";
    for (what, ending, rule, bytes) in [
        (
            "two gzip members",
            ".tar.gz",
            "archive-trailing-data",
            [&packed[..], &packed].concat(),
        ),
        (
            "a byte behind gzip",
            ".tar.gz",
            "archive-trailing-data",
            [&packed[..], b"\0"].concat(),
        ),
        (
            "gzip cut",
            ".tar.gz",
            "archive-truncated",
            packed[..packed.len() - 9].to_vec(),
        ),
        (
            "gzip length",
            ".tar.gz",
            header,
            [&packed[..packed.len() - 4], b"evil"].concat(),
        ),
        (
            "gzip checksum",
            ".tar.gz",
            header,
            [
                &packed[..packed.len() - 8],
                b"evil",
                &packed[packed.len() - 4..],
            ]
            .concat(),
        ),
        ("bzip2", ".tar.gz", "archive-format", b"BZh91AY&SY".to_vec()),
        ("plain tar", ".tar.gz", "archive-format", whole.clone()),
        ("nothing at all", ".tar.gz", "archive-format", Vec::new()),
        (
            "two frames",
            ".tar.zst",
            "archive-trailing-data",
            [&framed[..], &framed].concat(),
        ),
        (
            "a frame to be skipped behind",
            ".tar.zst",
            "archive-trailing-data",
            [&framed[..], skippable].concat(),
        ),
        (
            "a frame to be skipped before",
            ".tar.zst",
            "archive-format",
            [skippable, &framed[..]].concat(),
        ),
        (
            "frame cut",
            ".tar.zst",
            header,
            framed[..framed.len() / 2].to_vec(),
        ),
        ("frame changed", ".tar.zst", header, {
            let mut bytes = zstd::encode_all(&noise(3000)[..], 3).unwrap();
            bytes[6] ^= 0xff;
            bytes
        }),
        (
            "a window of 2 GiB",
            ".tar.zst",
            header,
            [&b"\x28\xb5\x2f\xfd\x00\xa8"[..], &framed[6..]].concat(),
        ),
        (
            "a dictionary",
            ".tar.zst",
            header,
            [&b"\x28\xb5\x2f\xfd\x01\x58\x07"[..], &framed[6..]].concat(),
        ),
    ] {
        add(what.to_owned(), ending, rule, bytes);
    }
    let mut bomb = zstd::Encoder::new(Vec::new(), 3).unwrap();
    let huge = raw(&[(
        Header::new(&in_root("a"), 64 << 20, b'0'),
        &vec![0; 64 << 20],
    )]);
    bomb.write_all(&huge).unwrap();
    add(
        "zstd bomb".to_owned(),
        ".tar.zst",
        "archive-too-large",
        bomb.finish().unwrap(),
    );
    add(
        "gzip bomb".to_owned(),
        ".tar.gz",
        "archive-too-large",
        gz(&huge),
    );

    let entry = Entry::new(&in_root("a"));
    let single = zipped(std::slice::from_ref(&entry));
    let at = |bytes: &[u8], from_end: usize, with: &[u8]| {
        let mut bytes = bytes.to_vec();
        let start = bytes.len() - from_end;
        bytes[start..start + with.len()].copy_from_slice(with);
        bytes
    };
    let zips = [
        (
            "two names",
            Entry {
                local: Some(in_root("b").into()),
                ..entry.clone()
            },
        ),
        (
            "other local length",
            Entry {
                local: Some(in_root("aa").into()),
                ..entry.clone()
            },
        ),
        (
            "encrypted",
            Entry {
                flags: 1,
                ..entry.clone()
            },
        ),
        (
            "sizes behind",
            Entry {
                flags: 8,
                ..entry.clone()
            },
        ),
        (
            "strong encryption",
            Entry {
                flags: 64,
                ..entry.clone()
            },
        ),
        (
            "masked",
            Entry {
                flags: 1 << 13,
                ..entry.clone()
            },
        ),
        (
            "method 99",
            Entry {
                method: 99,
                ..entry.clone()
            },
        ),
        (
            "bzip2 inside",
            Entry {
                method: 12,
                ..entry.clone()
            },
        ),
        (
            "CRC",
            Entry {
                crc: Some(1),
                ..entry.clone()
            },
        ),
        (
            "no deflate",
            Entry {
                method: 8,
                body: vec![0xff; 8],
                ..entry.clone()
            },
        ),
        (
            "size of a stored file",
            Entry {
                size: Some(3),
                ..entry.clone()
            },
        ),
        (
            "Zip64 field",
            Entry {
                extra: b"\x01\0\x08\0\x04\0\0\0\0\0\0\0".to_vec(),
                ..entry.clone()
            },
        ),
        (
            "another name in a field",
            Entry {
                extra: b"\x75\x70\x05\0\x01\0\0\0\0".to_vec(),
                ..entry.clone()
            },
        ),
        (
            "Zip64 field of the member alone",
            Entry {
                local_extra: b"\x01\0\x10\0\x01\0\0\0\0\0\0\0\x01\0\0\0\0\0\0\0".to_vec(),
                ..entry.clone()
            },
        ),
        (
            "another name in a field of the member alone",
            Entry {
                local_extra: b"\x75\x70\x06\0\x01\0\0\0\0e".to_vec(),
                ..entry.clone()
            },
        ),
        (
            "another name behind other fields of the member alone",
            Entry {
                local_extra: b"UT\x01\0\0\x75\x70\x06\0\x01\0\0\0\0e".to_vec(),
                ..entry.clone()
            },
        ),
        (
            "a field of the member that is cut off",
            Entry {
                local_extra: b"UT\x09\0\x01".to_vec(),
                ..entry.clone()
            },
        ),
        (
            "a field that is cut off",
            Entry {
                extra: b"\x55\x54\x09\0\x01".to_vec(),
                ..entry.clone()
            },
        ),
        (
            "a name that is not UTF-8",
            Entry {
                name: [in_root("a").as_bytes(), &[0xff]].concat(),
                ..entry.clone()
            },
        ),
        (
            "a name in an encoding it does not say",
            Entry {
                flags: 0,
                ..Entry::new(&in_root("größe"))
            },
        ),
        (
            "a folder with a size",
            Entry {
                mode: 0o040_755,
                ..Entry::new(&in_root("d/"))
            },
        ),
    ];
    for (what, entry) in zips {
        add(format!("zip {what}"), ".zip", header, zipped(&[entry]));
    }
    for (what, rule, bytes) in [
        ("comment", header, at(&single, 2, &[1])),
        (
            "comment with text",
            "archive-trailing-data",
            [&at(&single, 2, &[1]), &b"x"[..]].concat(),
        ),
        (
            "data behind",
            "archive-trailing-data",
            [&single[..], b"evil"].concat(),
        ),
        ("two archives", header, [&single[..], &single].concat()),
        (
            "data before",
            "archive-format",
            [b"#!/bin/sh\n", &single[..]].concat(),
        ),
        (
            "a local header before",
            header,
            [b"PK\x03\x04", &single[..]].concat(),
        ),
        ("second disk", header, at(&single, 18, &[1])),
        (
            "count too small",
            header,
            at(
                &zipped(&[entry.clone(), Entry::new(&in_root("b"))]),
                14,
                &[1, 0, 1, 0],
            ),
        ),
        (
            "count too large",
            "archive-truncated",
            at(&single, 14, &[2, 0, 2, 0]),
        ),
        ("counts that differ", header, at(&single, 14, &[1, 0, 2, 0])),
        ("no members", "archive-truncated", at(&single, 14, &[0; 4])),
        ("directory elsewhere", header, at(&single, 6, &[1, 0, 0, 0])),
        ("Zip64 count", header, at(&single, 14, &[0xff; 4])),
        (
            "no end",
            "archive-truncated",
            single[..single.len() - 22].to_vec(),
        ),
        (
            "end cut",
            "archive-truncated",
            single[..single.len() - 1].to_vec(),
        ),
    ] {
        add(format!("zip {what}"), ".zip", rule, bytes);
    }
    cases
}
