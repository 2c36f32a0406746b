//! Any text as a configuration: read or refused, as are the gates' own tables and the levels of their rules.
#![no_main]

use libfuzzer_sys::fuzz_target;
use release_gate::config::Config;
use release_gate::rule::Levels;

fuzz_target!(|text: &str| {
    let Ok(config) = Config::parse(text, "fuzz") else {
        return;
    };
    let _ = config.table::<cargo_compat::model::config::Config>("compat");
    let _ = config.table::<cargo_sbom_lite::model::config::Config>("sbom-lite");
    if let Ok(table) = config.table::<cargo_relnotes::config::Config>("relnotes") {
        let _ = (table.required(), table.link_base(None));
    }
    for (tool, rules) in [
        ("compat", cargo_compat::RULES),
        ("relnotes", cargo_relnotes::rules::RULES),
        ("repro", cargo_repro::RULES),
        ("sbom-lite", cargo_sbom_lite::RULES),
        ("sign", cargo_sign::RULES),
    ] {
        let _ = config.levels(tool, rules, &mut Levels::default());
    }
});
