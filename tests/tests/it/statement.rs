//! What an independent rebuilder signs: the statement of `cargo repro rebuild`, by `cargo sign
//! sign`.

use release_gates_tests::{TestEnv, fixtures};

#[test]
fn a_rebuilders_statement_is_signed_and_verified() {
    let env = TestEnv::new();
    let dir = env.project("demo", fixtures::DEMO);
    let run = |tool: &str, args: &[&str], code: i32| {
        let ran = env.run(&dir, tool, args);
        assert_eq!(ran.code, code, "{tool} {args:?}: {ran:#?}");
    };
    run(
        "cargo-repro",
        &["build", "--offline", "--artifact-dir", "../published"],
        0,
    );
    let buildinfo = "../published/demo-0.1.1/buildinfo.json";
    run(
        "cargo-repro",
        &[
            "rebuild",
            "--buildinfo",
            buildinfo,
            "--offline",
            "--artifact-dir",
            "../rebuilt",
        ],
        0,
    );
    let statement = "../rebuilt/demo-0.1.1/rebuild.intoto.json";
    run(
        "cargo-sign",
        &["keygen", "--no-passphrase", "--out", "../rebuilder"],
        0,
    );
    run(
        "cargo-sign",
        &["sign", "--key", "../rebuilder", statement],
        0,
    );
    run(
        "cargo-sign",
        &["verify", "--key", "../rebuilder.pub", statement],
        0,
    );
    // Somebody who says more than was signed.
    let path = dir.join(statement);
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replace("identical", "very good")).unwrap();
    run(
        "cargo-sign",
        &["verify", "--key", "../rebuilder.pub", statement],
        100,
    );
}
