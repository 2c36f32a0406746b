//! Programs for the processor of the machine that builds: both builds of a check are equal, and
//! another machine's are not.

use release_gate::Finding;
use release_gate::facts::report::repro::{Cause, Variation};

use crate::model::build::{Build, Unit};
use crate::model::cause::{advice, unknown_cause, untried_fix};

use super::causes::finding_of;

/// The position of the first unit of a package that was compiled for this machine's processor.
pub(crate) fn native_unit(build: &Build, package: &str) -> Option<usize> {
    build
        .units
        .iter()
        .position(|unit| unit.call.package == package && unit.call.is_for_native_processor())
}

/// The cause, with where the project says so.
pub(crate) fn native_cause(unit: &Unit, source: Option<String>) -> Cause {
    let mut cause = unknown_cause(&unit.call.package, &unit.call.version, unit.kind());
    cause.variation = Variation::Processor;
    cause.source = source;
    cause.evidence = vec![
        "it is compiled with `target-cpu=native`, which is another processor on every machine"
            .to_owned(),
    ];
    cause.fix = Some(untried_fix(advice(Variation::Processor)));
    cause
}

/// What a release build says of it.
pub(crate) fn native_finding(
    build: &Build,
    package: &str,
    source: Option<String>,
) -> Option<Finding> {
    let unit = &build.units[native_unit(build, package)?];
    Some(finding_of(&native_cause(unit, source), false))
}
