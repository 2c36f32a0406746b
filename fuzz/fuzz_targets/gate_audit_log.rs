//! Any bytes as an audit log: the chain holds or a line is named; a chain that holds can be continued.
#![no_main]

use libfuzzer_sys::fuzz_target;
use release_gate::audit::{AuditLog, verify};

fuzz_target!(|bytes: &[u8]| {
    assert_eq!(verify(bytes).is_ok(), AuditLog::resume(bytes).is_ok());
});
