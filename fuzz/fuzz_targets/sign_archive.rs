//! Any bytes as an archive: no member leads elsewhere, none is larger than allowed.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let limits = cargo_sign::archive::Limits {
        bytes: 1 << 20,
        members: 64,
    };
    let mut total = 0;
    let _ = cargo_sign::archive::walk(
        &mut std::io::Cursor::new(bytes),
        limits,
        &mut |member, reader| {
            assert!(cargo_sign::model::path::check(&member.path).is_ok());
            total += std::io::copy(reader, &mut std::io::sink())?;
            Ok(())
        },
    );
    assert!(total <= 1 << 20);
});
