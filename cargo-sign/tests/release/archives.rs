//! Archives as others make them: hostile ones, signed by the right key, of which nothing is
//! unpacked; odd ones that mean no harm.

use std::collections::BTreeMap;
use std::io::{Cursor, Write as _};

use cargo_sign::archive::{Limits, walk};
use cargo_sign::format::minisign::MinisignSignature;
use flate2::write::GzEncoder;
use flate2::{Compression, GzBuilder};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

use crate::fixture::*;
use crate::hostile::*;

#[test]
fn more_than_a_hundred_hostile_archives_write_nothing() {
    let release = Release::new();
    let signing = ed25519_dalek::SigningKey::from_bytes(&SEED);
    let cases = hostile();
    let dir = tempfile::tempdir().unwrap();
    let mut wrong = Vec::new();
    for (
        number,
        Case {
            what,
            ending,
            rule,
            bytes,
        },
    ) in cases.iter().enumerate()
    {
        let limits = Limits {
            bytes: 32 << 20,
            members: 50,
        };
        let walked = walk(&mut Cursor::new(bytes), limits, &mut |_, _| Ok(()));
        let found = walked.map_err(|error| error.rule().map(|rule| rule.id));
        if found != Err(Some(*rule)) {
            wrong.push(format!("{what}: {found:?}, not {rule}"));
        }
        // Signed and extracted by the program: refused for the same reason, and nothing is there
        // afterwards.
        let (folder, name) = (
            dir.path().join(number.to_string()),
            format!("{ROOT}{ending}"),
        );
        let prehash = cargo_sign::format::minisign::Prehash::of(bytes);
        let comment =
            format!("timestamp:1\tfile:{name}\thashed\tproject:demo\tversion:1.0.0\tcommit:none");
        let signature =
            MinisignSignature::sign(&signing, &prehash, &comment).render("signature of demo 1.0.0");
        std::fs::create_dir(&folder).unwrap();
        lay_out(
            &folder,
            &[
                (name.clone(), bytes.clone()),
                (format!("{name}.sig"), signature.into()),
            ],
        );
        if what.ends_with("bomb") {
            continue; // The program allows more than this test waits for.
        }
        let texts = [
            &folder.join("into"),
            &folder.join(&name),
            &release.key("m.pub"),
        ]
        .map(|p| p.display().to_string());
        let [into, archive, public] = &texts;
        let args = [
            "verify",
            "--message-format",
            "json",
            "--key",
            public,
            "--extract",
            into,
            archive,
        ];
        let (code, rules) = verdict(&release.sign(&args));
        if (code, &rules[..]) != (100, &[(*rule).to_owned()][..]) {
            wrong.push(format!("{what}: {code}, {rules:?}, not {rule}"));
        }
        assert!(!folder.join("into").exists(), "{what} wrote something");
        assert!(
            !dir.path().join("evil").exists() && !folder.join("evil").exists(),
            "{what} wrote something"
        );
    }

    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(cases.len() >= 150, "{} archives", cases.len());
    say(&format!("{} hostile archives refused", cases.len()));
}

type Files = BTreeMap<String, Vec<u8>>;

fn content(bytes: &[u8]) -> Result<Files, String> {
    let mut files = Files::new();
    let walked = walk(
        &mut Cursor::new(bytes),
        Limits::default(),
        &mut |member, reader| {
            let mut bytes = Vec::new();
            reader.read_to_end(&mut bytes)?;
            files.insert(member.path.clone(), bytes);
            Ok(())
        },
    );
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

/// What others write, and what our own writer would never: all of it says one thing to every
/// reader.
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
                    let mut header = if gnu {
                        tar::Header::new_gnu()
                    } else {
                        tar::Header::new_ustar()
                    };
                    header.set_entry_type(tar::EntryType::Directory);
                    header.set_mode(0o755);
                    header.set_size(0);
                    header.set_path(format!("{}/", &name[..at])).unwrap();
                    header.set_cksum();
                    tar.append(&header, std::io::empty()).unwrap();
                }
            }
            let mut header = if gnu {
                tar::Header::new_gnu()
            } else {
                tar::Header::new_ustar()
            };
            header.set_path(name).unwrap();
            header.set_size(bytes.len() as u64);
            header.set_mode(0o644);
            change(&mut header);
            header.set_cksum();
            tar.append(&header, &bytes[..]).unwrap();
        }
        tar.into_inner().unwrap()
    };
    let short: Files = files
        .iter()
        .filter(|(name, _)| name.len() <= 100)
        .map(|(n, b)| (n.clone(), b.clone()))
        .collect();
    type Change = (&'static str, fn(&mut tar::Header));
    let changes: [Change; 9] = [
        ("plain", |_| ()),
        ("executable", |header| header.set_mode(0o755)),
        ("private", |header| header.set_mode(0o600)),
        ("for everybody", |header| header.set_mode(0o777)),
        ("other owner", |header| {
            (header.set_uid(65_534), header.set_gid(65_534)).0
        }),
        ("owner's name", |header| {
            (
                header.set_username("somebody"),
                header.set_groupname("users").unwrap(),
            )
                .1
        }),
        ("new", |header| header.set_mtime(4_000_000_000)),
        ("old", |header| header.set_mtime(1)),
        ("device numbers", |header| {
            (
                header.set_device_major(0).unwrap(),
                header.set_device_minor(0).unwrap(),
            )
                .1
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
        cases.push((
            format!("gzip level {level}"),
            out.finish().unwrap(),
            files.clone(),
        ));
    }
    for (what, builder) in [
        ("gzip name", GzBuilder::new().filename("demo.tar")),
        ("gzip comment", GzBuilder::new().comment("made by hand")),
        (
            "gzip field",
            GzBuilder::new().extra(vec![b'A', b'B', 2, 0, 1, 2]),
        ),
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
    cases.push((
        "zstd checksum".to_owned(),
        summed.finish().unwrap(),
        files.clone(),
    ));
    cases.push((
        "zstd in one piece".to_owned(),
        zstd::bulk::compress(&plain, 3).unwrap(),
        files.clone(),
    ));

    let options = SimpleFileOptions::default();
    let mut all = vec![
        (
            "zip stored".to_owned(),
            options.compression_method(CompressionMethod::Stored),
            false,
        ),
        ("zip folders".to_owned(), options, true),
        (
            "zip executable".to_owned(),
            options.unix_permissions(0o755),
            true,
        ),
        (
            "zip private".to_owned(),
            options.unix_permissions(0o600),
            false,
        ),
        (
            "zip oldest".to_owned(),
            options.last_modified_time(DateTime::default()),
            false,
        ),
        (
            "zip newest".to_owned(),
            options.last_modified_time(
                DateTime::from_date_and_time(2107, 12, 31, 23, 59, 58).unwrap(),
            ),
            false,
        ),
    ];
    all.extend((1..=9).map(|level| {
        (
            format!("zip level {level}"),
            options.compression_level(Some(level)),
            level % 2 == 0,
        )
    }));
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
        (
            zipped(std::slice::from_ref(&entry)),
            Files::from([(format!("{ROOT}/a"), b"evil".to_vec())]),
        )
    };
    let entry = Entry::new(&format!("{ROOT}/a"));
    for (what, entry) in [
        (
            "zip without a mode",
            Entry {
                mode: 0,
                ..entry.clone()
            },
        ),
        (
            "zip time field",
            Entry {
                extra: b"\x55\x54\x05\0\x01\0\0\0\0".to_vec(),
                ..entry.clone()
            },
        ),
        (
            "zip owner field",
            Entry {
                extra: b"\x75\x78\x0b\0\x01\x04\0\0\0\0\x04\0\0\0\0".to_vec(),
                ..entry.clone()
            },
        ),
        (
            "zip unknown field",
            Entry {
                extra: b"\xfe\xca\0\0".to_vec(),
                ..entry.clone()
            },
        ),
        (
            "zip UTF-8 flag",
            Entry {
                flags: 1 << 11,
                ..entry.clone()
            },
        ),
        (
            "zip fields of the member alone",
            Entry {
                local_extra: b"\xfe\xca\0\0".to_vec(),
                ..entry.clone()
            },
        ),
        (
            "zip of another system with a mode",
            Entry {
                made_by: 0,
                mode: 0o100_755,
                ..entry.clone()
            },
        ),
        (
            "zip of DOS",
            Entry {
                made_by: 0,
                mode: 0,
                attributes: 0x21,
                ..entry
            },
        ),
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
    let files: Files = some_files()
        .into_iter()
        .filter(|(name, _)| name.len() <= 100)
        .collect();
    for (name, bytes) in &files {
        let path = dir.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
    let made: [(&str, &[&str], &str); 7] = [
        (
            "tar",
            &["--format=ustar", "-czf", "ustar.tar.gz", ROOT],
            "ustar.tar.gz",
        ),
        (
            "tar",
            &["--format=gnu", "-czf", "gnu.tar.gz", ROOT],
            "gnu.tar.gz",
        ),
        (
            "tar",
            &[
                "--format=ustar",
                "--sort=name",
                "--owner=0",
                "--numeric-owner",
                "-cf",
                "plain.tar",
                ROOT,
            ],
            "plain.tar",
        ),
        ("gzip", &["-9", "-k", "plain.tar"], "plain.tar.gz"),
        ("zstd", &["-q", "-k", "-19", "plain.tar"], "plain.tar.zst"),
        // Where the locale is not UTF-8, it writes such names without saying in which encoding.
        (
            "zip",
            &["-q", "-r", "-X", "bare.zip", ROOT, "-x", "*/gr*"],
            "bare.zip",
        ),
        (
            "zip",
            &["-q", "-r", "full.zip", ROOT, "-x", "*/gr*"],
            "full.zip",
        ),
    ];
    for (program, args, file) in made {
        match stock(dir.path(), program, args, Vec::new()) {
            None => continue,
            Some(fine) => assert!(fine, "{program} {args:?}"),
        }
        if file != "plain.tar" {
            let mut files = files.clone();
            files.retain(|name, _| name.is_ascii() || program != "zip");
            assert_eq!(
                content(&std::fs::read(dir.path().join(file)).unwrap()),
                Ok(files),
                "{file}"
            );
        }
    }
}
