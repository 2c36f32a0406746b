//! `templates/gitlab.yml` as GitLab takes it: the scripts of its jobs, run one after the other with what
//! the jobs before leave, and nothing else.

#![cfg(unix)]
#![expect(
    clippy::unwrap_used,
    reason = "a fixture that cannot be made fails its test"
)]

use std::path::{Path, PathBuf};

use release_gates_tests::whole::{self, Whole};
use release_gates_tests::{
    Ran, TOOLS, TestEnv, fixtures, path_after, program, repository, required,
};
use serde_json::Value;

/// Prints what it was asked for, and keeps what it was given.
const CURL: &str = r#"#!/bin/sh
printf '%s\n' "$*" >> "$SAID/curl"
while [ "$#" -gt 0 ]; do
    case $1 in
    --upload-file) cp "$2" "$SAID/" ;;
    --data) cp "${2#@}" "$SAID/release.json" ;;
    esac
    shift
done
"#;

/// A project on a runner of GitLab's: everything that is not an artifact is gone between jobs.
struct Pipeline<'a> {
    env: &'a TestEnv,
    project: &'a Whole,
    template: Value,
    said: PathBuf,
}

impl<'a> Pipeline<'a> {
    fn new(env: &'a TestEnv, project: &'a Whole) -> Self {
        let text = std::fs::read_to_string(repository().join("templates/gitlab.yml")).unwrap();
        let said = env.path().join("said");
        let machine: Vec<PathBuf> =
            std::env::split_paths(&std::env::var_os("PATH").unwrap()).collect();
        let cargo = machine
            .iter()
            .map(|folder| folder.join("cargo"))
            .find(|path| path.is_file())
            .unwrap();

        let bin = env.path().join("bin");

        // Installing would take the suite from the network; it is put there instead.
        let install = format!(
            "#!/bin/sh\n[ \"$1\" = install ] || exec '{}' \"$@\"\n",
            cargo.display()
        );

        let nothing = "#!/bin/sh\n";
        fixtures::write_programs(
            &bin,
            &[("cargo", &install), ("curl", CURL), ("apt-get", nothing)],
        );

        std::fs::create_dir_all(&said).unwrap();

        Self {
            env,
            project,
            template: serde_saphyr::from_str(&text).unwrap(),
            said,
        }
    }

    fn artifacts(&self, job: &str) -> PathBuf {
        self.env.path().join("artifacts").join(job)
    }

    /// What is published of the program.
    fn released(&self) -> PathBuf {
        self.artifacts("sign")
            .join("release-gates/shapes-cli-1.1.0/release")
    }

    /// Runs a job's script in a fresh checkout.
    fn job(&self, name: &str, variables: &[(&str, &str)]) -> Ran {
        let job = &self.template[name];
        let target = self.project.dir.join("target");
        let _ = std::fs::remove_dir_all(&target);
        let home = self.prepare(job, &target);

        let script = self.script(job);
        let mut step = self
            .env
            .bash(&script)
            .current_dir(&self.project.dir)
            .env("PATH", path_after([self.env.path().join("bin")]))
            .env("CI_PROJECT_DIR", &self.project.dir)
            .env("CARGO_HOME", &home)
            .env("SAID", &self.said);
        for (name, value) in PLATFORM.iter().chain(variables) {
            step = step.env(*name, *value);
        }
        let ran = self.env.run_step(step);

        let kept = job
            .get("artifacts")
            .unwrap_or(&self.template[".gates"]["artifacts"]);
        for path in kept["paths"].as_array().unwrap() {
            let path = path.as_str().unwrap().strip_prefix("target/").unwrap();
            copy(&target.join(path), &self.artifacts(name).join(path));
        }
        ran
    }

    #[track_caller]
    fn passes(&self, job: &str, variables: &[(&str, &str)]) {
        let ran = self.job(job, variables);
        assert_eq!(ran.code, 0, "{job}: {ran:#?}");
    }

    /// The programs, the registry and the artifacts of the jobs before; returns CARGO_HOME.
    fn prepare(&self, job: &Value, target: &Path) -> PathBuf {
        let home = target.join("cargo-home");
        std::fs::create_dir_all(home.join("bin")).unwrap();
        for (tool, _) in TOOLS {
            std::os::unix::fs::symlink(program(tool), home.join("bin").join(tool)).unwrap();
        }
        // `--root target/tools`, of the job that has it.
        if job["script"].to_string().contains("--root target/tools") {
            fixtures::write_all(target, &[("tools/bin/.keep", "")]);
            std::fs::copy(program("cargo-sign"), target.join("tools/bin/cargo-sign")).unwrap();
        }

        let real = std::env::var_os("HOME").map(PathBuf::from).unwrap();
        let real =
            std::env::var_os("CARGO_HOME").map_or_else(|| real.join(".cargo"), PathBuf::from);
        std::os::unix::fs::symlink(real.join("registry"), home.join("registry")).unwrap();

        let from = job.get("dependencies").or_else(|| job.get("needs"));
        for before in from.into_iter().filter_map(Value::as_array).flatten() {
            // A job that is optional is named by an object.
            if let Some(before) = before.as_str() {
                copy(&self.artifacts(before), target);
            }
        }
        home
    }

    /// A job's script as one text, with the templates of this repository.
    fn script(&self, job: &Value) -> String {
        let before = &self.template[".release"]["before_script"];
        let lines: Vec<&str> = [before, &job["script"]]
            .iter()
            .flat_map(|lines| lines.as_array().unwrap())
            .map(|line| line.as_str().unwrap())
            .collect();
        let templates = format!("{}/templates/", repository().display());
        lines.join("\n").replace("templates/", &templates)
    }
}

/// What the platform tells every job.
const PLATFORM: [(&str, &str); 7] = [
    ("CI_COMMIT_TAG", "shapes-cli-v1.1.0"),
    ("CI_PROJECT_URL", "https://git.example.org/shapes"),
    ("CI_PROJECT_ID", "7"),
    ("CI_API_V4_URL", "https://git.example.org/api/v4"),
    ("RELEASE_GATES", "https://git.example.org/release-gates"),
    ("RELEASE_GATES_REV", "0123456789abcdef"),
    ("OFFLINE", "1"),
];

fn copy(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).into_iter().flatten() {
        let path = entry.unwrap().path();
        let to = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &to);
        } else {
            std::fs::create_dir_all(to.parent().unwrap()).unwrap();
            std::fs::copy(&path, &to).unwrap();
        }
    }
}

/// The template names only programs, gates and jobs that there are, and shows the key to one job.
#[test]
fn the_template_calls_what_there_is() {
    let text = std::fs::read_to_string(repository().join("templates/gitlab.yml")).unwrap();
    let template: Value = serde_saphyr::from_str(&text).unwrap();
    let mut calls = 0;
    for (name, job) in template.as_object().unwrap() {
        for line in job["script"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
        {
            let Some(rest) = line.strip_prefix("cargo ") else {
                continue;
            };
            let gate = rest.split(' ').next().unwrap();
            assert!(
                gate == "install" || TOOLS.iter().any(|(_, subcommand)| *subcommand == gate),
                "{name}: {line}"
            );
            calls += 1;
        }
        let before =
            ["needs", "dependencies"].map(|key| job[key].as_array().cloned().unwrap_or_default());
        for needed in before.iter().flatten() {
            let needed = needed["job"].as_str().or(needed.as_str()).unwrap();
            assert!(
                template[needed]["script"].is_array(),
                "{name} needs {needed}"
            );
        }
        let protected = job["environment"] == "release";
        assert_eq!(protected, name == "sign", "{name}");
    }

    assert!(calls > 3);
}

/// A tag goes through all jobs to a published release; where others sign, too, nothing is
/// published.
#[test]
fn a_tag_is_released_and_only_what_is_listed_is_published() {
    if !required("jq") {
        return;
    }
    let env = TestEnv::new();
    let files = [("README.md", "# shapes\n\nAreas.\n")];
    let last = fixtures::Step {
        message: "docs: what it is",
        tag: Some("shapes-cli-v1.1.0"),
        files: &files,
    };
    let project = Whole::new(&env, &[last]);
    let pipeline = Pipeline::new(&env, &project);

    run_to_the_signature(&pipeline);
    pipeline.passes("publish", &[("CI_JOB_TOKEN", "job-secret")]);
    assert_published(&pipeline);
    assert_download_verifies(&pipeline);
}

/// All jobs but the last, with what makes `sign` wait.
#[track_caller]
fn run_to_the_signature(pipeline: &Pipeline<'_>) {
    let db = whole::advisory_db(pipeline.env.path(), "unused");
    let key = std::fs::read_to_string(&pipeline.project.key).unwrap();
    let key = ("RELEASE_GATES_SIGNING_KEY", key.as_str());

    pipeline.passes("sign-tool", &[]);
    if pipeline.project.signed {
        pipeline.passes("source", &[]);
    }
    pipeline.passes("build", &[]);
    pipeline.passes("compat", &[]);
    pipeline.passes("rebuild", &[]);
    pipeline.passes("judge", &[("ADVISORY_DB", db.to_str().unwrap())]);
    // Without the key the job ends before it begins.
    assert_eq!(pipeline.job("sign", &[]).code, 2);
    pipeline.passes("sign", &[key, ("MORE_SIGNATURES", "yes")]);
    assert!(
        !pipeline.released().join("provenance.intoto.jsonl").exists(),
        "the others have not signed yet"
    );
    pipeline.passes("sign", &[key]);
}

/// What was uploaded, and what the release links to.
#[track_caller]
fn assert_published(pipeline: &Pipeline<'_>) {
    let said = std::fs::read_to_string(pipeline.said.join("curl")).unwrap();
    assert!(!said.contains("job-secret"), "others see arguments: {said}");
    let calls: Vec<&str> = said.lines().collect();
    assert!(
        calls.last().unwrap().ends_with("/projects/7/releases"),
        "the release comes last: {said}"
    );

    let release: Value =
        serde_json::from_slice(&std::fs::read(pipeline.said.join("release.json")).unwrap())
            .unwrap();
    assert_eq!(release["tag_name"], "shapes-cli-v1.1.0");
    assert!(release["description"].as_str().unwrap().contains("1.1.0"));
    let mut links: Vec<&str> = release["assets"]["links"]
        .as_array()
        .unwrap()
        .iter()
        .map(|link| link["name"].as_str().unwrap())
        .collect();
    links.sort_unstable();
    assert_eq!(links.len(), calls.len() - 1, "each file once: {said}");

    let list = std::fs::read_to_string(pipeline.released().join("checksums.txt")).unwrap();
    let listed: Vec<&str> = list.lines().map(|line| &line[66..]).collect();
    assert!(
        listed.iter().all(|name| links.contains(name)),
        "{links:?} {listed:?}"
    );
    let evidence = [
        "checksums.txt",
        "checksums.txt.sshsig",
        "provenance.intoto.jsonl",
    ];
    assert!(evidence.iter().all(|name| links.contains(name)));
    assert!(
        !["buildlog.jsonl", "repro.json"]
            .iter()
            .any(|name| links.contains(name)),
        "{links:?}"
    );
}

/// Who downloads just that can verify it.
#[track_caller]
fn assert_download_verifies(pipeline: &Pipeline<'_>) {
    let public = pipeline
        .project
        .dir
        .join("release-keys/maintainer.ed25519.pub");
    let args = [
        "verify",
        "--offline",
        "--key",
        public.to_str().unwrap(),
        pipeline.said.to_str().unwrap(),
    ];
    std::fs::remove_file(pipeline.said.join("curl")).unwrap();
    std::fs::remove_file(pipeline.said.join("release.json")).unwrap();
    let ran = pipeline.env.run(pipeline.env.path(), "cargo-sign", args);
    assert_eq!(ran.code, 0, "{ran:#?}");
}

/// GitLab's report from ours, by the filter that the template uses.
#[test]
fn code_quality_is_what_was_found() {
    let env = TestEnv::new();
    let steps = [fixtures::DEMO, &[fixtures::BREAKING]].concat();
    let dir = env.project("demo", &steps);
    let report = env.run(
        &dir,
        "cargo-compat",
        ["--offline", "--message-format", "json"],
    );

    let file = env.path().join("report.json");
    std::fs::write(&file, &report.stdout).unwrap();
    let step = env
        .step("jq")
        .arg("-f")
        .arg(repository().join("templates/code-quality.jq"))
        .arg(&file);

    if !required("jq") {
        return;
    }
    let finished = release_gate::process::Runner::new().run(step).unwrap();
    let quality: Value = serde_json::from_slice(&finished.stdout).unwrap();
    let found = quality.as_array().unwrap();
    assert_eq!(
        found.len(),
        report.json()["findings"].as_array().unwrap().len()
    );

    assert!(
        found.iter().any(|entry| entry["check_name"] == "bump-too-small" && entry["severity"] == "critical")
    );
    assert!(
        found
            .iter()
            .all(|entry| entry["location"]["path"].is_string() && entry["fingerprint"].is_string())
    );
}
