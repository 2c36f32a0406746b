//! Tar archives, most of them odd in one or two ways.

use std::io::Write as _;

use flate2::{Compression, GzBuilder};

use super::Chance;

const BLOCK: usize = 512;

/// A header's fields (IEEE Std 1003.1, `pax`), each as it is written.
#[derive(Clone)]
struct Header {
    name: Vec<u8>,
    mode: Vec<u8>,
    uid: Vec<u8>,
    gid: Vec<u8>,
    size: Option<Vec<u8>>,
    mtime: Vec<u8>,
    kind: u8,
    link: Vec<u8>,
    magic: Vec<u8>,
    owner: Vec<u8>,
    group: Vec<u8>,
    major: Vec<u8>,
    minor: Vec<u8>,
    prefix: Vec<u8>,
    padding: Vec<u8>,
    body: Vec<u8>,
    /// What fills the last block of the body.
    filler: u8,
}

impl Header {
    fn file(name: &str, body: Vec<u8>) -> Self {
        Self {
            name: name.into(),
            mode: b"0000644\0".to_vec(),
            uid: b"0000000\0".to_vec(),
            gid: b"0000000\0".to_vec(),
            size: None,
            mtime: b"14524662000\0".to_vec(),
            kind: b'0',
            link: Vec::new(),
            magic: b"ustar\x0000".to_vec(),
            owner: Vec::new(),
            group: Vec::new(),
            major: Vec::new(),
            minor: Vec::new(),
            prefix: Vec::new(),
            padding: Vec::new(),
            body,
            filler: 0,
        }
    }

    fn write(&self, out: &mut Vec<u8>) {
        let size = self
            .size
            .clone()
            .unwrap_or_else(|| format!("{:011o}\0", self.body.len()).into_bytes());

        let mut header = [0; BLOCK];
        let fields: [(usize, usize, &[u8]); 15] = [
            (0, 100, &self.name),
            (100, 8, &self.mode),
            (108, 8, &self.uid),
            (116, 8, &self.gid),
            (124, 12, &size),
            (136, 12, &self.mtime),
            (148, 8, b"        "),
            (156, 1, &[self.kind]),
            (157, 100, &self.link),
            (257, 8, &self.magic),
            (265, 32, &self.owner),
            (297, 32, &self.group),
            (329, 8, &self.major),
            (337, 8, &self.minor),
            (345, 155, &self.prefix),
        ];

        for (at, most, bytes) in fields {
            let bytes = &bytes[..bytes.len().min(most)];
            header[at..at + bytes.len()].copy_from_slice(bytes);
        }

        let padding = &self.padding[..self.padding.len().min(12)];
        header[500..500 + padding.len()].copy_from_slice(padding);
        let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
        header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        out.extend_from_slice(&header);
        out.extend_from_slice(&self.body);
        out.resize(out.len().next_multiple_of(BLOCK), self.filler);
    }
}

/// A record of an extended header.
fn pax(key: &str, value: &str) -> Vec<u8> {
    let rest = format!(" {key}={value}\n");
    let mut length = rest.len();
    while length.to_string().len() + rest.len() != length {
        length = length.to_string().len() + rest.len();
    }
    format!("{length}{rest}").into_bytes()
}

const NUMBERS: [&[u8]; 14] = [
    b"0000000\0",
    b"0001750\0",
    b"7777777\0",
    b"77777777",
    b"0000644 ",
    b"000644 \0",
    b"644\0\0\0\0\0",
    b"",
    b"       \0",
    b"xxxxxxx\0",
    b"-000001\0",
    b"\x80\0\0\0\0\0\0\x01",
    b"\xff\xff\xff\xff\xff\xff\xff\xff",
    b"0000009\0",
];
const LONG_NUMBERS: [&[u8]; 10] = [
    b"00000000000\0",
    b"14524662000\0",
    b"77777777777\0",
    b"777777777777",
    b"1\0\0\0\0\0\0\0\0\0\0\0",
    b"",
    b"           \0",
    b"-0000000001\0",
    b"\x80\0\0\0\0\0\0\0\0\0\0\x01",
    b"not a time\0",
];
const NAMES: [&str; 26] = [
    "demo/a",
    "demo/A",
    "demo/b",
    "demo/sub/c",
    "demo/SUB/d",
    "demo/a/below",
    "demo/gr\u{f6}\u{df}e",
    "demo/gro\u{308}\u{df}e",
    "demo/a b",
    "demo/a;1",
    "demo/-x",
    "demo/.hidden",
    "demo/~1",
    "demo//double",
    "./demo/dot",
    "demo/./dot",
    "demo/../up",
    "../outside",
    "/absolute",
    "demo\\back",
    "demo/line\nbreak",
    "demo/star*",
    "demo/con",
    "demo/end.",
    "demo/ends/",
    "demo",
];

/// One oddity: changes a header, or adds something beside it.
fn change(chance: &mut Chance, members: &mut Vec<Header>) -> String {
    let at = chance.below(members.len());
    let header = &mut members[at];
    let what = chance.below(26);
    match what {
        0 => header.uid = chance.one_of(&NUMBERS).to_vec(),
        1 => header.gid = chance.one_of(&NUMBERS).to_vec(),
        2 => header.mode = chance.one_of(&NUMBERS).to_vec(),
        3 => header.mtime = chance.one_of(&LONG_NUMBERS).to_vec(),
        4 => header.size = Some(chance.one_of(&LONG_NUMBERS).to_vec()),
        5 => header.kind = *chance.one_of(b"\x00\x0001234567gxLKSDMVNAXZ\xff"),
        6 => header.link = chance.one_of(&[&b"a"[..], b"/etc/passwd", b"\0x"]).to_vec(),
        7 => {
            let magics = [
                &b"ustar  \0"[..],
                b"ustar\x0000",
                b"ustar\0  ",
                b"",
                b"USTAR\x0000",
            ];
            header.magic = chance.one_of(&magics).to_vec();
        }
        8 => {
            header.owner = chance
                .one_of(&[&b"root"[..], b"a b", b"\xff", b"r\0x"])
                .to_vec()
        }
        9 => header.group = chance.one_of(&[&b"wheel"[..], b"a\nb", b"g\0x"]).to_vec(),
        10 => header.major = chance.one_of(&NUMBERS).to_vec(),
        11 => header.minor = chance.one_of(&NUMBERS).to_vec(),
        12 => {
            header.prefix = chance
                .one_of(&[&b"demo"[..], b"demo/", b"..", b"/", b"d\0x"])
                .to_vec()
        }
        13 => header.padding = chance.bytes(12),
        14 => header.filler = *chance.one_of(b"\0\0x"),
        15 | 16 => {
            let name = chance.one_of(&NAMES).as_bytes().to_vec();
            header.name = name;
        }
        17 => header
            .name
            .extend_from_slice(chance.one_of::<&[u8]>(&[b"\0x", b"\xff", b"/"])),
        18 => header.name = long_name(chance),
        19 => {
            let twin = Header {
                body: chance.bytes(900),
                ..header.clone()
            };
            members.push(twin);
        }
        20 | 21 => {
            let mut folder = Header::file("demo/sub", Vec::new());
            folder.kind = b'5';
            folder.mode = b"0000755\0".to_vec();
            if chance.below(2) == 0 {
                folder.name.push(b'/');
            }
            members.insert(at, folder);
        }
        22 => {
            let records = [
                pax("path", "demo/other"),
                pax("size", "3"),
                pax("comment", "x"),
                pax("mtime", "1.5"),
                pax("linkpath", "/etc"),
                pax("GNU.sparse.name", "demo/sparse"),
            ];
            let mut extended = Header::file("demo/PaxHeaders/x", chance.one_of(&records).clone());
            extended.kind = *chance.one_of(b"xg");
            members.insert(at, extended);
        }
        23 => {
            let mut long = Header::file("././@LongLink", b"demo/by-its-long-name\0".to_vec());
            long.kind = *chance.one_of(b"LK");
            members.insert(at, long);
        }
        24 => header.body = Vec::new(),
        _ => header.body = chance.bytes(3000),
    }
    format!("{what}")
}

/// A name that needs all of its field, or part of the prefix.
fn long_name(chance: &mut Chance) -> Vec<u8> {
    let length = chance.one_of(&[94, 95, 96, 120]);
    format!("demo/{}", "n".repeat(*length)).into_bytes()
}

/// What stands behind the last member.
fn end(chance: &mut Chance, tar: &mut Vec<u8>) -> String {
    let blocks = *chance.one_of(&[2, 2, 2, 2, 2, 2, 3, 20, 1, 0]);
    tar.resize(tar.len() + blocks * BLOCK, 0);
    if chance.below(12) == 0 {
        Header::file("demo/behind", b"behind".to_vec()).write(tar);
        tar.resize(tar.len() + 2 * BLOCK, 0);
        return format!("{blocks} blocks and a member behind");
    }
    format!("{blocks} blocks")
}

/// Compresses it: one gzip member, with what a header may hold.
fn compress(chance: &mut Chance, tar: &[u8]) -> Vec<u8> {
    let mut builder = GzBuilder::new().mtime(7);
    match chance.below(12) {
        0 => builder = builder.filename("demo.tar"),
        1 => builder = builder.comment("a comment"),
        2 => builder = builder.extra(vec![b'A', b'p', 2, 0, 1, 2]),
        3 => builder = builder.filename("../demo"),
        _ => {}
    }
    let mut out = Vec::new();
    let (first, second) = if chance.below(20) == 0 {
        tar.split_at(tar.len() / 2)
    } else {
        (tar, &[][..])
    };
    let mut writer = builder.write(&mut out, Compression::fast());
    writer.write_all(first).unwrap();
    writer.finish().unwrap();
    if !second.is_empty() {
        let mut writer = GzBuilder::new().write(&mut out, Compression::fast());
        writer.write_all(second).unwrap();
        writer.finish().unwrap();
    }
    match chance.below(30) {
        0 => out.push(0),
        1 => out.extend_from_slice(b"junk"),
        2 => {
            let at = chance.below(out.len());
            out[at] ^= 1;
        }
        _ => {}
    }
    out
}

/// An archive, and what is odd about it.
pub(super) fn make(chance: &mut Chance) -> (Vec<u8>, String) {
    let mut members = vec![
        Header::file("demo/first", chance.bytes(1500)),
        Header::file("demo/second", chance.bytes(1024)),
        Header::file("demo/third", b"third".to_vec()),
    ];
    let mut oddities = Vec::new();
    for _ in 0..chance.below(3) {
        oddities.push(change(chance, &mut members));
    }
    let mut tar = Vec::new();
    for member in &members {
        member.write(&mut tar);
    }
    oddities.push(end(chance, &mut tar));
    (compress(chance, &tar), oddities.join(", "))
}
