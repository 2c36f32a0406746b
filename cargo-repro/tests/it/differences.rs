//! `cargo repro diff` of formats that other programs wrote, as people call it.

#![expect(
    clippy::unwrap_used,
    reason = "a fixture that cannot be made fails its test"
)]

use std::path::Path;

use release_gate::process::{Runner, Step};
use serde_json::Value;

const PROGRAM: &str = env!("CARGO_BIN_EXE_cargo-repro");

/// A module of two functions with names, the second of which returns a number.
fn module(returned: u8) -> Vec<u8> {
    let mut bytes = b"\0asm\x01\0\0\0".to_vec();
    // A type without parameters that gives an i32, and two functions of it.
    bytes.extend([0x01, 5, 1, 0x60, 0, 1, 0x7f]);
    bytes.extend([0x03, 3, 2, 0, 0]);
    // Code: no locals, `i32.const`, end.
    bytes.extend([0x0a, 11, 2, 4, 0, 0x41, 1, 0x0b, 4, 0, 0x41, returned, 0x0b]);
    bytes.extend(b"\x00\x17\x04name\x01\x10\x02\x00\x05first\x01\x06second");
    bytes
}

/// A tar archive of one file.
fn packed(content: &[u8]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_size(content.len() as u64);
    header.set_mode(0o644);
    builder.append_data(&mut header, "part", content).unwrap();
    builder.into_inner().unwrap()
}

fn compressed_by_xz(bytes: &[u8]) -> Vec<u8> {
    let mut packed = Vec::new();
    lzma_rs::xz_compress(&mut std::io::Cursor::new(bytes), &mut packed).unwrap();
    packed
}

fn compressed_by_zstd(bytes: &[u8]) -> Vec<u8> {
    ruzstd::encoding::compress_to_vec(bytes, ruzstd::encoding::CompressionLevel::Fastest)
}

/// The places in which two files differ.
fn places(dir: &Path, name: &str, a: &[u8], b: &[u8]) -> Vec<Value> {
    let (first, second) = (dir.join(format!("a-{name}")), dir.join(format!("b-{name}")));
    std::fs::write(&first, a).unwrap();
    std::fs::write(&second, b).unwrap();
    let step = Step::new(PROGRAM)
        .args(["diff", "--message-format", "json"])
        .arg(&first)
        .arg(&second)
        .current_dir(dir);
    let finished = Runner::new().run(step).unwrap();
    assert_eq!(
        finished.status.code(),
        Some(100),
        "{}",
        finished.stderr_text()
    );
    let report: Value = serde_json::from_slice(&finished.stdout).unwrap();
    report["data"]["places"].as_array().unwrap().clone()
}

#[test]
fn functions_of_wasm_and_members_of_xz_and_zstd_are_named() {
    let dir = tempfile::tempdir().unwrap();
    let (a, b) = (module(2), module(7));
    let found = places(dir.path(), "x.wasm", &a, &b);
    assert_eq!(found.len(), 1, "{found:#?}");
    assert_eq!(found[0]["symbol"], "second", "{found:#?}");
    let values = found[0]["values"].as_array().unwrap();
    assert!(values[0].as_str().unwrap().starts_with("02"), "{found:#?}");
    assert!(values[1].as_str().unwrap().starts_with("07"), "{found:#?}");

    let (a, b) = (packed(&a), packed(&b));
    for (name, a, b) in [
        ("x.tar.xz", compressed_by_xz(&a), compressed_by_xz(&b)),
        ("x.tar.zst", compressed_by_zstd(&a), compressed_by_zstd(&b)),
    ] {
        let found = places(dir.path(), name, &a, &b);
        let named = found.iter().any(|place| {
            let member = place["member"].as_str().unwrap_or_default();
            member.contains("part") && place["symbol"] == "second"
        });
        assert!(named, "{name}: {found:#?}");
    }
}
