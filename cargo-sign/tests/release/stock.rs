//! `templates/stock-verifiers.sh` with whatever this machine has; the CI installs the rest.

use std::path::Path;

use release_gate::process::{Runner, Step};

#[cfg(unix)]
#[test]
fn tools_that_others_wrote_accept_a_release() {
    let script = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap()
        .join("templates/stock-verifiers.sh");

    let scratch = tempfile::tempdir().unwrap();
    for needed in ["openssl", "ssh-keygen", "python3"] {
        if !release_gates_tests::required(needed) {
            return;
        }
    }

    let step = Step::new("sh")
        .arg(script)
        .current_dir(scratch.path())
        .env("SIGN", env!("CARGO_BIN_EXE_cargo-sign"))
        .env("TOOLS", scratch.path().join("tools"))
        .env("REQUIRE", "3")
        .env("SIGNERS", "2")
        .env("CARGO_NET_OFFLINE", "true")
        .env("HOME", scratch.path())
        .env("GIT_CONFIG_GLOBAL", "/dev/null");

    let ran = Runner::new().run(step).unwrap();
    let said = String::from_utf8(ran.stdout.clone()).unwrap();
    assert!(ran.is_success(), "{said}{}", ran.stderr_text());
    assert!(
        said.contains(", 0 wrong") && said.contains("cargo sign verify      accepts"),
        "{said}"
    );
}
