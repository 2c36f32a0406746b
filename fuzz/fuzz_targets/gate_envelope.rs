//! Any bytes as a report: read or refused, and what is read can be rendered in every format.
#![no_main]

use libfuzzer_sys::fuzz_target;
use release_gate::report::{Envelope, render};
use release_gate::{Report, Subject, Tool};

const TOOL: Tool = Tool {
    name: "cargo-x",
    subcommand: "x",
    version: "0.0.0",
    rules: &[],
};

fuzz_target!(|bytes: &[u8]| {
    let Ok(envelope) = serde_json::from_slice::<Envelope>(bytes) else {
        return;
    };
    let _ = envelope.subject.stale_against(&Subject::default());
    let mut report = Report::new("x", &TOOL, Subject::default());
    report.envelope = envelope;
    report.settle(&Default::default());
    let text = render::github(&report.envelope);
    assert_eq!(text.lines().count(), text.matches('\n').count());
    let _ = (
        render::human(&report, false),
        render::junit(&[&report.envelope]),
        render::sarif(&TOOL, &[&report.envelope]),
    );
});
