//! Any bytes as a tar, inside a gzip whose checksum is right: no member leads elsewhere, none is larger than allowed.
#![no_main]

use std::io::Write as _;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::none());
    packed.write_all(bytes).unwrap();
    let packed = packed.finish().unwrap();
    let limits = cargo_sign::archive::Limits {
        bytes: 1 << 20,
        members: 64,
    };
    let mut total = 0;
    let _ = cargo_sign::archive::walk(
        &mut std::io::Cursor::new(packed),
        limits,
        &mut |member, reader| {
            assert!(cargo_sign::model::path::check(&member.path).is_ok());
            total += std::io::copy(reader, &mut std::io::sink())?;
            Ok(())
        },
    );
    assert!(total <= 1 << 20);
});
