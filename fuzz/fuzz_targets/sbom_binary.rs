//! Any bytes as a program, and any bytes as the list inside one: its packages and functions are read or refused.
#![no_main]

use std::io::Write as _;

use cargo_sbom_lite::read::binary::packages_of;
use cargo_sbom_lite::read::symbols::functions_of;
use libfuzzer_sys::fuzz_target;
use object::write::Object;
use object::{Architecture, BinaryFormat, Endianness, SectionKind};

fuzz_target!(|bytes: &[u8]| {
    let _ = (packages_of(bytes, "fuzz"), functions_of(bytes));

    let mut packed = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::none());
    packed.write_all(bytes).unwrap();
    let packed = packed.finish().unwrap();
    let mut program = Object::new(BinaryFormat::Elf, Architecture::X86_64, Endianness::Little);
    for (name, content) in [(".dep-v0", &packed[..]), (".debug_str", bytes)] {
        let section = program.add_section(Vec::new(), name.into(), SectionKind::ReadOnlyData);
        program.append_section_data(section, content, 1);
    }
    let program = program.write().unwrap();
    let _ = functions_of(&program);
    if let Ok(found) = packages_of(&program, "fuzz") {
        assert!(found.complete && found.packages.len() <= bytes.len());
    }
});
