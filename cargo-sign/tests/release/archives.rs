//! Archives as others make them: hostile ones, signed by the right key, of which nothing is unpacked; odd ones that mean no harm.

use std::collections::BTreeMap;
use std::io::{Cursor, Write as _};

use cargo_sign::archive::{Limits, walk};
use cargo_sign::format::minisign::MinisignSignature;
use flate2::write::GzEncoder;
use flate2::{Compression, GzBuilder};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

use crate::fixture::*;

const ROOT: &str = "demo-1.0.0-x";

/// A header field by field, its checksum in place.
#[derive(Clone)]
struct Header([u8; 512]);

impl Header {
    fn new(name: &str, size: usize, kind: u8) -> Self {
        let mut header = Self([0; 512]);
        header.put(0, name.as_bytes());
        for (at, text) in [(100, "0000644"), (108, "0000000"), (116, "0000000"), (136, "00000000000")] {
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

    fn with(mut self, at: usize, bytes: &[u8]) -> Self {
        self.put(at, bytes);
        self
    }
}

/// Blocks of a tar and its end mark.
fn raw(entries: &[(Header, &[u8])]) -> Vec<u8> {
    let mut out = Vec::new();
    for (header, body) in entries {
        out.extend_from_slice(&header.0);
        out.extend_from_slice(body);
        out.resize(out.len().next_multiple_of(512), 0);
    }
    out.resize(out.len() + 1024, 0);
    out
}

fn gz(tar: &[u8]) -> Vec<u8> {
    let mut out = GzEncoder::new(Vec::new(), Compression::fast());
    out.write_all(tar).unwrap();
    out.finish().unwrap()
}

fn zst(tar: &[u8]) -> Vec<u8> {
    zstd::encode_all(tar, 3).unwrap()
}

/// What a zip says of one member; both directories say the same unless a test changes one.
#[derive(Clone)]
struct Entry {
    name: Vec<u8>,
    body: Vec<u8>,
    mode: u32,
    flags: u16,
    method: u16,
    local: Option<Vec<u8>>,
    extra: Vec<u8>,
    size: Option<u32>,
    crc: Option<u32>,
}

impl Entry {
    fn new(name: &str) -> Self {
        Self {
            name: name.as_bytes().to_vec(),
            body: b"evil".to_vec(),
            mode: 0o100_644,
            flags: 0,
            method: 0,
            local: None,
            extra: Vec::new(),
            size: None,
            crc: None,
        }
    }
}

fn zipped(entries: &[Entry]) -> Vec<u8> {
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
            [b"PK\x03\x04\x14\0", &common[..], &short(local.len()), &[0; 2], local, &entry.body].concat(),
        );
        directory.extend(
            [
                b"PK\x01\x02\x14\x03\x14\0",
                &common[..],
                &short(entry.name.len()),
                &short(entry.extra.len()),
                &[0; 6],
                &(entry.mode << 16).to_le_bytes(),
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
        [b"PK\x05\x06\0\0\0\0", &count[..], &count, &long(directory.len()), &long(offset), &[0; 2]].concat(),
    );
    out
}

struct Case {
    what: String,
    ending: &'static str,
    rule: &'static str,
    bytes: Vec<u8>,
}

fn hostile() -> Vec<Case> {
    let mut cases = Vec::new();
    let mut add = |what: String, ending, rule, bytes| cases.push(Case { what, ending, rule, bytes });
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
            let absolute =
                name.starts_with(ROOT) && names.iter().any(|odd| odd.starts_with('/') && name.ends_with(odd));
            let nul = name.ends_with('\0');
            if !nul {
                add(format!("tar {name:?}"), ".tar.gz", unsafe_path, gz(&tar));
            }
            if !absolute {
                add(format!("zip {name:?}"), ".zip", unsafe_path, zipped(&[Entry::new(&name)]));
            }
        }
    }
    let file = |name: &str| (Header::new(&in_root(name), 4, b'0'), &b"evil"[..]);
    for kind in *b"12346789xgLKSDMNVA\x01\xff" {
        let link = Header::new(&in_root("a"), 0, kind).with(157, b"/etc/passwd");
        add(format!("tar type {kind}"), ".tar.gz", "archive-entry-type", gz(&raw(&[(link, b"")])));
    }
    for mode in [0o120_777, 0o020_666, 0o060_666, 0o010_666, 0o140_777, 0o040_755, 0o150_000] {
        let entry = Entry { mode, ..Entry::new(&in_root("a")) };
        add(format!("zip mode {mode:o}"), ".zip", "archive-entry-type", zipped(&[entry]));
    }
    for (a, b) in [("a", "a"), ("a", "A"), ("a", "a/b"), ("a/b", "a"), ("ä", "Ä")] {
        add(format!("tar {a} and {b}"), ".tar.gz", "archive-duplicate", gz(&raw(&[file(a), file(b)])));
        let two = zipped(&[Entry::new(&in_root(a)), Entry::new(&in_root(b))]);
        add(format!("zip {a} and {b}"), ".zip", "archive-duplicate", two);
    }
    let header = "archive-header";
    let plain = Header::new(&in_root("a"), 4, b'0');
    let mut sum = plain.clone();
    sum.0[0] = b'x';
    let headers = [
        ("checksum", sum),
        ("base-256 size", plain.clone().with(124, &[0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4])),
        ("negative size", plain.clone().with(124, &[0xff; 12])),
        ("no octal size", plain.clone().with(124, b"0000000000x\0")),
        ("size 8", plain.clone().with(124, b"00000000008\0")),
        ("no size", plain.clone().with(124, &[0; 12])),
        ("text behind the size", plain.clone().with(124, b"4\0evil\0\0\0\0\0\0")),
        ("no octal mode", plain.clone().with(100, b"rw-r--r-")),
        ("no magic", plain.clone().with(257, &[0; 8])),
        ("other magic", plain.clone().with(257, b"ustar\x0001")),
        ("GNU sparse magic", plain.clone().with(257, b"tar\0\0\0\0\0")),
        ("link target of a file", plain.clone().with(157, b"/etc/passwd")),
        ("text behind the name's end", plain.clone().with(40, b"x")),
        ("name that is not UTF-8", plain.clone().with(14, &[0xff])),
        ("folder with a size", Header::new(&in_root("d/"), 4, b'5')),
    ];
    for (what, changed) in headers {
        add(format!("tar {what}"), ".tar.gz", header, gz(&raw(&[(changed, b"evil")])));
    }
    let whole = raw(&[file("a"), file("b")]);
    for (what, rule, tar) in [
        ("padding", header, [&whole[..600], b"x", &whole[601..]].concat()),
        ("something behind the end", "archive-trailing-data", [&whole[..], &whole].concat()),
        ("much behind the end", "archive-trailing-data", [&whole[..], &vec![0; 512 * 200]].concat()),
        ("no end", "archive-truncated", whole[..whole.len() - 1024].to_vec()),
        ("half an end", "archive-truncated", whole[..whole.len() - 512].to_vec()),
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
        ("two gzip members", ".tar.gz", "archive-trailing-data", [&packed[..], &packed].concat()),
        ("a byte behind gzip", ".tar.gz", "archive-trailing-data", [&packed[..], b"\0"].concat()),
        ("gzip cut", ".tar.gz", "archive-truncated", packed[..packed.len() - 9].to_vec()),
        ("gzip length", ".tar.gz", header, [&packed[..packed.len() - 4], b"evil"].concat()),
        (
            "gzip checksum",
            ".tar.gz",
            header,
            [&packed[..packed.len() - 8], b"evil", &packed[packed.len() - 4..]].concat(),
        ),
        ("bzip2", ".tar.gz", "archive-format", b"BZh91AY&SY".to_vec()),
        ("plain tar", ".tar.gz", "archive-format", whole.clone()),
        ("nothing at all", ".tar.gz", "archive-format", Vec::new()),
        ("two frames", ".tar.zst", "archive-trailing-data", [&framed[..], &framed].concat()),
        (
            "a frame to be skipped behind",
            ".tar.zst",
            "archive-trailing-data",
            [&framed[..], skippable].concat(),
        ),
        ("a frame to be skipped before", ".tar.zst", "archive-format", [skippable, &framed[..]].concat()),
        ("frame cut", ".tar.zst", header, framed[..framed.len() / 2].to_vec()),
        ("frame changed", ".tar.zst", header, {
            let mut bytes = zstd::encode_all(&noise(3000)[..], 3).unwrap();
            bytes[6] ^= 0xff;
            bytes
        }),
        ("a window of 2 GiB", ".tar.zst", header, [&b"\x28\xb5\x2f\xfd\x00\xa8"[..], &framed[6..]].concat()),
        ("a dictionary", ".tar.zst", header, [&b"\x28\xb5\x2f\xfd\x01\x58\x07"[..], &framed[6..]].concat()),
    ] {
        add(what.to_owned(), ending, rule, bytes);
    }
    let mut bomb = zstd::Encoder::new(Vec::new(), 3).unwrap();
    let huge = raw(&[(Header::new(&in_root("a"), 64 << 20, b'0'), &vec![0; 64 << 20])]);
    bomb.write_all(&huge).unwrap();
    add("zstd bomb".to_owned(), ".tar.zst", "archive-too-large", bomb.finish().unwrap());
    add("gzip bomb".to_owned(), ".tar.gz", "archive-too-large", gz(&huge));

    let entry = Entry::new(&in_root("a"));
    let single = zipped(std::slice::from_ref(&entry));
    let at = |bytes: &[u8], from_end: usize, with: &[u8]| {
        let mut bytes = bytes.to_vec();
        let start = bytes.len() - from_end;
        bytes[start..start + with.len()].copy_from_slice(with);
        bytes
    };
    let zips = [
        ("two names", Entry { local: Some(in_root("b").into()), ..entry.clone() }),
        ("other local length", Entry { local: Some(in_root("aa").into()), ..entry.clone() }),
        ("encrypted", Entry { flags: 1, ..entry.clone() }),
        ("sizes behind", Entry { flags: 8, ..entry.clone() }),
        ("strong encryption", Entry { flags: 64, ..entry.clone() }),
        ("masked", Entry { flags: 1 << 13, ..entry.clone() }),
        ("method 99", Entry { method: 99, ..entry.clone() }),
        ("bzip2 inside", Entry { method: 12, ..entry.clone() }),
        ("CRC", Entry { crc: Some(1), ..entry.clone() }),
        ("no deflate", Entry { method: 8, body: vec![0xff; 8], ..entry.clone() }),
        ("size of a stored file", Entry { size: Some(3), ..entry.clone() }),
        ("Zip64 field", Entry { extra: b"\x01\0\x08\0\x04\0\0\0\0\0\0\0".to_vec(), ..entry.clone() }),
        ("another name in a field", Entry { extra: b"\x75\x70\x05\0\x01\0\0\0\0".to_vec(), ..entry.clone() }),
        ("a field that is cut off", Entry { extra: b"\x55\x54\x09\0\x01".to_vec(), ..entry.clone() }),
        (
            "a name that is not UTF-8",
            Entry { name: [in_root("a").as_bytes(), &[0xff]].concat(), ..entry.clone() },
        ),
        ("a folder with a size", Entry { mode: 0o040_755, ..Entry::new(&in_root("d/")) }),
    ];
    for (what, entry) in zips {
        add(format!("zip {what}"), ".zip", header, zipped(&[entry]));
    }
    for (what, rule, bytes) in [
        ("comment", header, at(&single, 2, &[1])),
        ("comment with text", "archive-trailing-data", [&at(&single, 2, &[1]), &b"x"[..]].concat()),
        ("data behind", "archive-trailing-data", [&single[..], b"evil"].concat()),
        ("two archives", header, [&single[..], &single].concat()),
        ("data before", "archive-format", [b"#!/bin/sh\n", &single[..]].concat()),
        ("a local header before", header, [b"PK\x03\x04", &single[..]].concat()),
        ("second disk", header, at(&single, 18, &[1])),
        (
            "count too small",
            header,
            at(&zipped(&[entry.clone(), Entry::new(&in_root("b"))]), 14, &[1, 0, 1, 0]),
        ),
        ("count too large", "archive-truncated", at(&single, 14, &[2, 0, 2, 0])),
        ("counts that differ", header, at(&single, 14, &[1, 0, 2, 0])),
        ("no members", "archive-truncated", at(&single, 14, &[0; 4])),
        ("directory elsewhere", header, at(&single, 6, &[1, 0, 0, 0])),
        ("Zip64 count", header, at(&single, 14, &[0xff; 4])),
        ("no end", "archive-truncated", single[..single.len() - 22].to_vec()),
        ("end cut", "archive-truncated", single[..single.len() - 1].to_vec()),
    ] {
        add(format!("zip {what}"), ".zip", rule, bytes);
    }
    cases
}

#[test]
fn more_than_a_hundred_hostile_archives_write_nothing() {
    let release = Release::new();
    let signing = ed25519_dalek::SigningKey::from_bytes(&SEED);
    let cases = hostile();
    let dir = tempfile::tempdir().unwrap();
    let mut wrong = Vec::new();
    for (number, Case { what, ending, rule, bytes }) in cases.iter().enumerate() {
        let limits = Limits { bytes: 32 << 20, members: 50 };
        let walked = walk(&mut Cursor::new(bytes), limits, &mut |_, _| Ok(()));
        let found = walked.map_err(|error| error.rule().map(|rule| rule.id));
        if found != Err(Some(*rule)) {
            wrong.push(format!("{what}: {found:?}, not {rule}"));
        }
        // Signed and extracted by the program: refused for the same reason, and nothing is there afterwards.
        let (folder, name) = (dir.path().join(number.to_string()), format!("{ROOT}{ending}"));
        let prehash = <blake2::Blake2b512 as blake2::Digest>::digest(bytes).into();
        let comment = format!("timestamp:1\tfile:{name}\thashed\tproject:demo\tversion:1.0.0\tcommit:none");
        let signature =
            MinisignSignature::sign(&signing, &prehash, &comment).render("signature of demo 1.0.0");
        std::fs::create_dir(&folder).unwrap();
        lay_out(&folder, &[(name.clone(), bytes.clone()), (format!("{name}.sig"), signature.into())]);
        if what.ends_with("bomb") {
            continue; // The program allows more than this test waits for.
        }
        let texts = [&folder.join("into"), &folder.join(&name), &release.key("m.pub")]
            .map(|p| p.display().to_string());
        let [into, archive, public] = &texts;
        let args = ["verify", "--message-format", "json", "--key", public, "--extract", into, archive];
        let (code, rules) = verdict(&release.sign(&args));
        if (code, &rules[..]) != (100, &[(*rule).to_owned()][..]) {
            wrong.push(format!("{what}: {code}, {rules:?}, not {rule}"));
        }
        assert!(!folder.join("into").exists(), "{what} wrote something");
        assert!(!dir.path().join("evil").exists() && !folder.join("evil").exists(), "{what} wrote something");
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(cases.len() >= 150, "{} archives", cases.len());
    say(&format!("{} hostile archives refused", cases.len()));
}

type Files = BTreeMap<String, Vec<u8>>;

fn content(bytes: &[u8]) -> Result<Files, String> {
    let mut files = Files::new();
    let walked = walk(&mut Cursor::new(bytes), Limits::default(), &mut |member, reader| {
        let mut bytes = Vec::new();
        reader.read_to_end(&mut bytes)?;
        files.insert(member.path.clone(), bytes);
        Ok(())
    });
    walked.map(|()| files).map_err(|error| error.to_string())
}

fn some_files() -> Files {
    let long = format!("{ROOT}/{}/{}", "d".repeat(60), "f".repeat(90));
    [
        (format!("{ROOT}/README.md"), b"hello\n".to_vec()),
        (format!("{ROOT}/empty"), Vec::new()),
        (format!("{ROOT}/exactly"), vec![7; 512]),
        (format!("{ROOT}/one more"), vec![8; 513]),
        (format!("{ROOT}/bin/größe"), noise(70_000)),
        (format!("{ROOT}/.hidden/a..b"), b"x".to_vec()),
        (long, b"far away".to_vec()),
    ]
    .into()
}

/// What others write, and what our own writer would never: all of it says one thing to every reader.
fn benign() -> Vec<(String, Vec<u8>, Files)> {
    let files = some_files();
    let mut cases = Vec::new();
    let built = |gnu: bool, change: &dyn Fn(&mut tar::Header), folders: bool| {
        let mut tar = tar::Builder::new(Vec::new());
        let mut seen = std::collections::BTreeSet::new();
        for (name, bytes) in &files {
            if gnu && name.len() > 100 {
                continue; // GNU's long names are a second header.
            }
            for (at, _) in name.match_indices('/').filter(|_| folders) {
                if seen.insert(name[..at].to_owned()) {
                    let mut header = if gnu { tar::Header::new_gnu() } else { tar::Header::new_ustar() };
                    header.set_entry_type(tar::EntryType::Directory);
                    header.set_mode(0o755);
                    header.set_size(0);
                    header.set_path(format!("{}/", &name[..at])).unwrap();
                    header.set_cksum();
                    tar.append(&header, std::io::empty()).unwrap();
                }
            }
            let mut header = if gnu { tar::Header::new_gnu() } else { tar::Header::new_ustar() };
            header.set_path(name).unwrap();
            header.set_size(bytes.len() as u64);
            header.set_mode(0o644);
            change(&mut header);
            header.set_cksum();
            tar.append(&header, &bytes[..]).unwrap();
        }
        tar.into_inner().unwrap()
    };
    let short: Files =
        files.iter().filter(|(name, _)| name.len() <= 100).map(|(n, b)| (n.clone(), b.clone())).collect();
    type Change = (&'static str, fn(&mut tar::Header));
    let changes: [Change; 9] = [
        ("plain", |_| ()),
        ("executable", |header| header.set_mode(0o755)),
        ("private", |header| header.set_mode(0o600)),
        ("for everybody", |header| header.set_mode(0o777)),
        ("other owner", |header| (header.set_uid(65_534), header.set_gid(65_534)).0),
        ("owner's name", |header| {
            (header.set_username("somebody"), header.set_groupname("users").unwrap()).1
        }),
        ("new", |header| header.set_mtime(4_000_000_000)),
        ("old", |header| header.set_mtime(1)),
        ("device numbers", |header| {
            (header.set_device_major(0).unwrap(), header.set_device_minor(0).unwrap()).1
        }),
    ];
    for (what, change) in changes {
        for (gnu, folders) in [(false, false), (false, true), (true, false), (true, true)] {
            let expected = if gnu { &short } else { &files };
            let what = format!("tar {what}, gnu {gnu}, folders {folders}");
            cases.push((what, gz(&built(gnu, &change, folders)), expected.clone()));
        }
    }
    let plain = built(false, &|_| (), true);
    for level in 0..=9 {
        let mut out = GzEncoder::new(Vec::new(), Compression::new(level));
        out.write_all(&plain).unwrap();
        cases.push((format!("gzip level {level}"), out.finish().unwrap(), files.clone()));
    }
    for (what, builder) in [
        ("gzip name", GzBuilder::new().filename("demo.tar")),
        ("gzip comment", GzBuilder::new().comment("made by hand")),
        ("gzip field", GzBuilder::new().extra(vec![b'A', b'B', 2, 0, 1, 2])),
        ("gzip time", GzBuilder::new().mtime(1_700_000_000)),
        ("gzip of Unix", GzBuilder::new().operating_system(3)),
    ] {
        let mut out = builder.write(Vec::new(), Compression::default());
        out.write_all(&plain).unwrap();
        cases.push((what.to_owned(), out.finish().unwrap(), files.clone()));
    }
    for blocks in [2, 20, 60] {
        let padded = [&plain[..], &vec![0; 512 * blocks]].concat();
        cases.push((format!("{blocks} more blocks"), gz(&padded), files.clone()));
    }
    for level in [-5, 1, 3, 9, 19] {
        cases.push((
            format!("zstd level {level}"),
            zstd::encode_all(&plain[..], level).unwrap(),
            files.clone(),
        ));
    }
    let mut summed = zstd::Encoder::new(Vec::new(), 3).unwrap();
    summed.include_checksum(true).unwrap();
    summed.write_all(&plain).unwrap();
    cases.push(("zstd checksum".to_owned(), summed.finish().unwrap(), files.clone()));
    cases.push(("zstd in one piece".to_owned(), zstd::bulk::compress(&plain, 3).unwrap(), files.clone()));

    let options = SimpleFileOptions::default();
    let mut all = vec![
        ("zip stored".to_owned(), options.compression_method(CompressionMethod::Stored), false),
        ("zip folders".to_owned(), options, true),
        ("zip executable".to_owned(), options.unix_permissions(0o755), true),
        ("zip private".to_owned(), options.unix_permissions(0o600), false),
        ("zip oldest".to_owned(), options.last_modified_time(DateTime::default()), false),
        (
            "zip newest".to_owned(),
            options.last_modified_time(DateTime::from_date_and_time(2107, 12, 31, 23, 59, 58).unwrap()),
            false,
        ),
    ];
    all.extend(
        (1..=9).map(|level| {
            (format!("zip level {level}"), options.compression_level(Some(level)), level % 2 == 0)
        }),
    );
    for (what, options, folders) in all {
        let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
        if folders {
            zip.add_directory(ROOT, options).unwrap();
            zip.add_directory(format!("{ROOT}/bin"), options).unwrap();
        }
        for (name, bytes) in &files {
            zip.start_file(name, options).unwrap();
            zip.write_all(bytes).unwrap();
        }
        cases.push((what, zip.finish().unwrap().into_inner(), files.clone()));
    }
    let one = |entry: Entry| {
        (zipped(std::slice::from_ref(&entry)), Files::from([(format!("{ROOT}/a"), b"evil".to_vec())]))
    };
    let entry = Entry::new(&format!("{ROOT}/a"));
    for (what, entry) in [
        ("zip without a mode", Entry { mode: 0, ..entry.clone() }),
        ("zip time field", Entry { extra: b"\x55\x54\x05\0\x01\0\0\0\0".to_vec(), ..entry.clone() }),
        (
            "zip owner field",
            Entry { extra: b"\x75\x78\x0b\0\x01\x04\0\0\0\0\x04\0\0\0\0".to_vec(), ..entry.clone() },
        ),
        ("zip unknown field", Entry { extra: b"\xfe\xca\0\0".to_vec(), ..entry.clone() }),
        ("zip UTF-8 flag", Entry { flags: 1 << 11, ..entry.clone() }),
        ("zip setuid", Entry { mode: 0o104_755, ..entry }),
    ] {
        let (bytes, expected) = one(entry);
        cases.push((what.to_owned(), bytes, expected));
    }
    cases
}

#[test]
fn more_than_fifty_odd_archives_that_mean_no_harm_are_read() {
    let cases = benign();
    for (what, bytes, expected) in &cases {
        assert_eq!(content(bytes).as_ref(), Ok(expected), "{what}");
    }
    assert!(cases.len() >= 70, "{} archives", cases.len());
    say(&format!("{} odd archives read", cases.len()));
}

/// What the stock writers make of a folder.
#[test]
fn stock_writers_are_read() {
    let dir = tempfile::tempdir().unwrap();
    let files: Files = some_files().into_iter().filter(|(name, _)| name.len() <= 100).collect();
    for (name, bytes) in &files {
        let path = dir.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
    let made: [(&str, &[&str], &str); 7] = [
        ("tar", &["--format=ustar", "-czf", "ustar.tar.gz", ROOT], "ustar.tar.gz"),
        ("tar", &["--format=gnu", "-czf", "gnu.tar.gz", ROOT], "gnu.tar.gz"),
        (
            "tar",
            &["--format=ustar", "--sort=name", "--owner=0", "--numeric-owner", "-cf", "plain.tar", ROOT],
            "plain.tar",
        ),
        ("gzip", &["-9", "-k", "plain.tar"], "plain.tar.gz"),
        ("zstd", &["-q", "-k", "-19", "plain.tar"], "plain.tar.zst"),
        ("zip", &["-q", "-r", "-X", "bare.zip", ROOT], "bare.zip"),
        ("zip", &["-q", "-r", "full.zip", ROOT], "full.zip"),
    ];
    for (program, args, file) in made {
        match stock(dir.path(), program, args, Vec::new()) {
            None => continue,
            Some(fine) => assert!(fine, "{program} {args:?}"),
        }
        if file != "plain.tar" {
            assert_eq!(content(&std::fs::read(dir.path().join(file)).unwrap()), Ok(files.clone()), "{file}");
        }
    }
}
