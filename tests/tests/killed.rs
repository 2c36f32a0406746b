//! SIGKILL in the middle of writing leaves either the old file or the new one.
#![cfg(unix)]

use std::path::{Path, PathBuf};
use std::time::Duration;

use release_gate::process::{Runner, Step};
use release_gates_tests::{TestEnv, fixtures, program};

fn documents(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .collect()
}

#[test]
fn every_document_is_whole_whenever_it_is_killed() {
    let env = TestEnv::new();
    let dir = env.project("demo", fixtures::DEMO);
    let folder = dir.join("target/release-gates/demo-0.1.1");
    let step =
        || -> Step { env.step(program("cargo-sbom-lite")).current_dir(&dir).args(["generate", "--offline"]) };
    let runner = Runner::new();
    let clock = std::time::Instant::now();
    assert!(runner.run(step()).unwrap().is_success());
    let whole = clock.elapsed();
    let mut killed = 0;
    for attempt in 0..24u32 {
        // From the first moment to a little after the last.
        let finished = runner
            .run(step().timeout(whole.mul_f64(f64::from(attempt) / 20.0).max(Duration::from_millis(1))))
            .unwrap();
        killed += u32::from(finished.timed_out);
        for path in documents(&folder) {
            let bytes = std::fs::read(&path).unwrap();
            let value: Result<serde_json::Value, _> = serde_json::from_slice(&bytes);
            assert!(
                value.is_ok() && bytes.ends_with(b"\n"),
                "{} is torn after attempt {attempt}",
                path.display()
            );
        }
    }
    assert!(killed > 0, "nothing was killed, so nothing was tested");
}

/// The same for the writer alone, where the window can be hit: a child replaces one large file again and again.
#[test]
fn a_large_file_is_never_torn() {
    let env = TestEnv::new();
    let file = env.path().join("document");
    for attempt in 0..12u64 {
        let step = env
            .step(std::env::current_exe().unwrap())
            .args(["--ignored", "--exact", "writes_until_it_is_killed"])
            .env("RELEASE_GATES_TEST_FILE", &file)
            .timeout(Duration::from_millis(150 + attempt * 17));
        let finished = Runner::new().run(step).unwrap();
        assert!(finished.timed_out, "{finished:?}");
        let bytes = std::fs::read(&file).unwrap();
        let first = bytes[0];
        assert!(
            bytes.len() == 4 << 20 && bytes.iter().all(|byte| *byte == first),
            "torn after attempt {attempt}"
        );
    }
}

#[test]
#[ignore = "the child of the test above; alone it would never end"]
fn writes_until_it_is_killed() {
    let Some(file) = std::env::var_os("RELEASE_GATES_TEST_FILE") else { return };
    for letter in (b'a'..=b'z').cycle() {
        release_gate::fs::write_atomic(Path::new(&file), &vec![letter; 4 << 20]).unwrap();
    }
}
