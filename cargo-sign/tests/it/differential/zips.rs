//! Zip archives, most of them odd in one or two ways.

use std::io::Write as _;

use flate2::write::DeflateEncoder;
use flate2::{Compression, Crc};

use super::Chance;

/// A member as one of its two headers describes it.
#[derive(Clone)]
struct Described {
    needed: u16,
    flags: u16,
    method: u16,
    time: u32,
    crc: u32,
    compressed: u32,
    size: u32,
    name: Vec<u8>,
    extra: Vec<u8>,
}

#[derive(Clone)]
struct Member {
    local: Described,
    central: Described,
    made_by: u16,
    attributes: u32,
    internal: u16,
    disk: u16,
    comment: Vec<u8>,
    data: Vec<u8>,
    /// What stands behind the data.
    behind: Vec<u8>,
    /// Added to the offset that the directory says.
    shift: u32,
}

impl Member {
    fn file(name: &str, bytes: &[u8], method: u16) -> Self {
        let mut crc = Crc::new();
        crc.update(bytes);
        let data = if method == 8 {
            let mut encoder = DeflateEncoder::new(Vec::new(), Compression::fast());
            encoder.write_all(bytes).unwrap();
            encoder.finish().unwrap()
        } else {
            bytes.to_vec()
        };

        let described = Described {
            needed: 20,
            flags: 1 << 11,
            method,
            time: 0x5821_0000,
            crc: crc.sum(),
            compressed: u32::try_from(data.len()).unwrap(),
            size: u32::try_from(bytes.len()).unwrap(),
            name: name.into(),
            extra: Vec::new(),
        };

        Self {
            local: described.clone(),
            central: described,
            made_by: 3 << 8 | 20,
            attributes: 0o100_644 << 16,
            internal: 0,
            disk: 0,
            comment: Vec::new(),
            data,
            behind: Vec::new(),
            shift: 0,
        }
    }

    fn folder(name: &str) -> Self {
        let mut folder = Self::file(name, b"", 0);
        folder.attributes = 0o040_755 << 16 | 0x10;
        folder
    }

    fn rename(&mut self, name: &[u8]) {
        self.local.name = name.to_vec();
        self.central.name = name.to_vec();
    }

    fn both(&mut self, change: impl Fn(&mut Described)) {
        change(&mut self.local);
        change(&mut self.central);
    }
}

fn put16(out: &mut Vec<u8>, values: &[u16]) {
    values
        .iter()
        .for_each(|value| out.extend_from_slice(&value.to_le_bytes()));
}

fn put32(out: &mut Vec<u8>, values: &[u32]) {
    values
        .iter()
        .for_each(|value| out.extend_from_slice(&value.to_le_bytes()));
}

fn len16(bytes: &[u8]) -> u16 {
    u16::try_from(bytes.len()).unwrap()
}

fn put_common(out: &mut Vec<u8>, of: &Described) {
    put16(out, &[of.needed, of.flags, of.method]);
    put32(out, &[of.time, of.crc, of.compressed, of.size]);
    put16(out, &[len16(&of.name), len16(&of.extra)]);
}

/// What is odd about a whole archive.
#[derive(Default)]
struct Whole {
    before: Vec<u8>,
    gap: Vec<u8>,
    behind: Vec<u8>,
    comment: Vec<u8>,
    more_entries: u16,
    zip64: bool,
    directory_tail: Vec<u8>,
}

fn write(members: &[Member], whole: &Whole) -> Vec<u8> {
    let mut out = whole.before.clone();
    let mut directory = Vec::new();
    for member in members {
        let offset = u32::try_from(out.len()).unwrap() + member.shift;
        out.extend_from_slice(b"PK\x03\x04");
        put_common(&mut out, &member.local);
        out.extend_from_slice(&member.local.name);
        out.extend_from_slice(&member.local.extra);
        out.extend_from_slice(&member.data);
        out.extend_from_slice(&member.behind);

        directory.extend_from_slice(b"PK\x01\x02");
        put16(&mut directory, &[member.made_by]);
        put_common(&mut directory, &member.central);
        let comment = len16(&member.comment);
        put16(&mut directory, &[comment, member.disk, member.internal]);
        put32(&mut directory, &[member.attributes, offset]);
        directory.extend_from_slice(&member.central.name);
        directory.extend_from_slice(&member.central.extra);
        directory.extend_from_slice(&member.comment);
    }
    directory.extend_from_slice(&whole.directory_tail);
    out.extend_from_slice(&whole.gap);
    let offset = u32::try_from(out.len()).unwrap();
    let size = u32::try_from(directory.len()).unwrap();
    out.extend_from_slice(&directory);
    let count = u16::try_from(members.len()).unwrap();
    if whole.zip64 {
        put_zip64(
            &mut out,
            u64::from(count),
            u64::from(size),
            u64::from(offset),
        );
    }
    out.extend_from_slice(b"PK\x05\x06");
    let entries = count + whole.more_entries;
    put16(&mut out, &[0, 0, entries, entries]);
    put32(&mut out, &[size, offset]);
    put16(&mut out, &[len16(&whole.comment)]);
    out.extend_from_slice(&whole.comment);
    out.extend_from_slice(&whole.behind);
    out
}

/// The end record of a large archive, and its locator.
fn put_zip64(out: &mut Vec<u8>, count: u64, size: u64, offset: u64) {
    let record = out.len() as u64;
    out.extend_from_slice(b"PK\x06\x06");
    out.extend_from_slice(&44u64.to_le_bytes());
    put16(out, &[45, 45]);
    put32(out, &[0, 0]);
    for number in [count, count, size, offset] {
        out.extend_from_slice(&number.to_le_bytes());
    }
    out.extend_from_slice(b"PK\x06\x07");
    put32(out, &[0]);
    out.extend_from_slice(&record.to_le_bytes());
    put32(out, &[1]);
}

fn field(id: u16, body: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    put16(&mut out, &[id, len16(body)]);
    out.extend_from_slice(body);
    out
}

fn extra(chance: &mut Chance) -> Vec<u8> {
    let fields = [
        field(0x5455, &[1, 0, 0, 0, 0x65]),
        field(0x5455, &[3, 0, 0, 0, 0x65, 1, 0, 0, 0x65]),
        field(0x7875, &[1, 4, 0, 0, 0, 0, 4, 0, 0, 0, 0]),
        field(0xcafe, b""),
        field(0x0001, &[0; 16]),
        field(0x7075, b"\x01\0\0\0\0demo/other"),
        field(0x6375, b"\x01\0\0\0\0comment"),
        field(0x000a, &[0; 32]),
        field(0x9901, b"\x02\0AE\x03\0\0"),
        field(0x756e, &[0; 14]),
        field(0x9999, b"unknown"),
        b"cut".to_vec(),
    ];
    chance.one_of(&fields).clone()
}

const NAMES: [&[u8]; 24] = [
    b"demo/a",
    b"demo/A",
    b"demo/sub/b",
    b"demo/SUB/b",
    b"demo/first/below",
    "demo/größe".as_bytes(),
    b"demo/gro\xcc\x88\xc3\x9fe",
    b"demo/\xff",
    b"demo/a b",
    b"demo/first;1",
    b"demo/first;",
    b"demo/a;b",
    b"demo/FIRST",
    b"demo//double",
    b"./demo/dot",
    b"demo/../up",
    b"../outside",
    b"/absolute",
    b"demo\\back",
    b"demo/nul\0x",
    b"C:demo",
    b"demo/con",
    b"demo/end.",
    b"demo",
];

/// One oddity.
fn change(chance: &mut Chance, members: &mut Vec<Member>, whole: &mut Whole) -> String {
    let at = chance.below(members.len());
    let member = &mut members[at];
    let what = chance.below(30);
    match what {
        0 => {
            member.made_by = *chance.one_of(&[20, 2 << 8 | 20, 7 << 8 | 20, 10 << 8 | 63, 19 << 8])
        }
        1 => {
            let modes = [
                0, 0o120_777, 0o100_755, 0o104_755, 0o020_644, 0o040_755, 0o000_644,
            ];
            member.attributes = *chance.one_of(&modes) << 16;
        }
        2 => member.attributes |= *chance.one_of(&[1, 2, 4, 8, 0x10, 0x20, 0x40, 0x80]),
        3 => member.internal = *chance.one_of(&[1, 2, 0xffff]),
        4 => member.disk = 1,
        5 => member.comment = b"a comment".to_vec(),
        6 => member.local.extra = extra(chance),
        7 => member.central.extra = extra(chance),
        8 => {
            let fields = extra(chance);
            member.both(|of| of.extra.clone_from(&fields));
        }
        9..=11 => {
            let name = *chance.one_of(&NAMES);
            member.rename(name);
        }
        12 => member.local.name = b"demo/local".to_vec(),
        13 => member.central.name = b"demo/central".to_vec(),
        14 => {
            let flags = *chance.one_of(&[0, 1, 2, 6, 8, 0x20, 0x40, 0x802, 0x806, 0x808, 0x2000]);
            member.both(|of| of.flags = flags);
        }
        15 => member.local.flags = 0,
        16 => {
            let method = *chance.one_of(&[0, 8, 9, 12, 14, 93, 99]);
            member.both(|of| of.method = method);
        }
        17 => {
            let time = *chance.one_of(&[0, 0xffff_ffff, 0x0021_0000, 0x5821_bf7d, 0x5821_0001]);
            member.both(|of| of.time = time);
        }
        18 => member.local.crc ^= 1,
        19 => member.both(|of| of.crc ^= 1),
        20 => member.central.size += 1,
        21 => member.both(|of| of.size = of.size.saturating_sub(1)),
        22 => {
            let needed = *chance.one_of(&[0, 10, 20, 21, 45, 63]);
            member.both(|of| of.needed = needed);
        }
        23 => member.behind = chance.bytes(20),
        24 => member.shift = 1,
        25 => {
            let twin = member.clone();
            members.push(twin);
        }
        26 => {
            let name = *chance.one_of(&["demo/", "demo/sub/", "demo/second/", "other/"]);
            members.insert(at, Member::folder(name));
        }
        27 => {
            let part = *chance.one_of(&[&b"MZ"[..], b"PK\x05\x06", b"\0"]);
            match chance.below(4) {
                0 => whole.before = part.to_vec(),
                1 => whole.gap = part.to_vec(),
                2 => whole.behind = part.to_vec(),
                _ => whole.directory_tail = part.to_vec(),
            }
        }
        28 => {
            whole.comment = chance.bytes(30);
            whole.more_entries = u16::from(chance.below(3) == 0);
        }
        _ => whole.zip64 = true,
    }

    format!("{what}")
}

/// An archive, and what is odd about it.
pub(super) fn make(chance: &mut Chance) -> (Vec<u8>, String) {
    let mut members = Vec::new();
    for name in ["demo/first", "demo/second", "demo/third"] {
        let bytes = chance.bytes(700);
        let method = *chance.one_of(&[0, 8, 8]);
        members.push(Member::file(name, &bytes, method));
    }
    let mut whole = Whole::default();
    let mut oddities = Vec::new();
    for _ in 0..chance.below(3) {
        oddities.push(change(chance, &mut members, &mut whole));
    }
    (write(&members, &whole), oddities.join(", "))
}
