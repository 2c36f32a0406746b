//! The templates in `templates/` as the platforms take them: what they may do, what they are pinned to,
//! and their shell steps run for real. `templates/lint.sh` holds their form against the platforms'
//! schemas; that needs tools which are not here.

#![cfg(unix)]
#![expect(
    clippy::unwrap_used,
    reason = "a fixture that cannot be made fails its test"
)]

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use release_gates_tests::whole::Whole;
use release_gates_tests::{
    Ran, TOOLS, TestEnv, fixtures, path_after, program, repository, required,
};
use serde_json::Value;

fn yaml(path: &Path) -> Value {
    serde_saphyr::from_str(&std::fs::read_to_string(path).unwrap())
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn actions() -> Vec<(String, Value)> {
    let entries = std::fs::read_dir(repository().join("templates/github/actions")).unwrap();
    let dirs = entries
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir());
    let mut found: Vec<(String, Value)> = dirs
        .map(|dir| {
            (
                dir.file_name().unwrap().to_string_lossy().into_owned(),
                yaml(&dir.join("action.yml")),
            )
        })
        .collect();
    found.sort_by(|a, b| a.0.cmp(&b.0));
    found
}

fn workflows() -> Vec<(&'static str, Value)> {
    [
        "audit.yml",
        "caller.yml",
        "publish-crate.yml",
        "release-gates.yml",
    ]
    .map(|name| {
        (
            name,
            yaml(&repository().join("templates/github").join(name)),
        )
    })
    .into()
}

fn jobs(workflow: &Value) -> impl Iterator<Item = (&String, &Value)> {
    workflow["jobs"].as_object().unwrap().iter()
}

fn steps(holder: &Value) -> impl Iterator<Item = &Value> {
    holder["steps"].as_array().into_iter().flatten()
}

/// What is used is named by a digest; our own by a placeholder that cannot be used as it is.
#[test]
fn every_action_is_pinned() {
    let actions = actions();
    let workflows = workflows();
    let used = workflows
        .iter()
        .flat_map(|(_, workflow)| jobs(workflow).map(|(_, job)| job));
    let used = used.chain(actions.iter().map(|(_, action)| &action["runs"]));
    let mut count = 0;
    for step in used.flat_map(steps) {
        let Some(name) = step["uses"].as_str() else {
            continue;
        };
        let (action, digest) = name.split_once('@').unwrap();
        assert!(
            digest.len() == 40 && digest.bytes().all(|byte| byte.is_ascii_hexdigit()),
            "{name}"
        );
        let own = action.strip_prefix("example/release-gates/");
        assert_eq!(
            own.is_some(),
            digest.bytes().all(|byte| byte == b'0'),
            "{name}"
        );
        if let Some(path) = own {
            assert!(
                repository().join(path).join("action.yml").is_file(),
                "{name} is not here"
            );
            let given = step["with"]
                .as_object()
                .into_iter()
                .flat_map(|with| with.keys());
            let name = path.rsplit('/').next().unwrap();
            let known = &actions.iter().find(|(action, _)| action == name).unwrap().1["inputs"];
            for input in given {
                assert!(known.get(input).is_some(), "{path} has no input {input}");
            }
        }
        count += 1;
    }

    assert!(count > 15, "only {count} uses were found");
}

/// Nobody may do anything by default, each job says what it may, and only the jobs that attest and
/// publish may write.
#[test]
fn every_job_has_the_least_permissions() {
    for (name, workflow) in workflows() {
        assert_eq!(workflow["permissions"], serde_json::json!({}), "{name}");
        for (job, content) in jobs(&workflow) {
            let permissions = content["permissions"]
                .as_object()
                .unwrap_or_else(|| panic!("{name}: {job}"));
            let writes = permissions
                .iter()
                .filter(|(_, may)| *may == "write")
                .map(|(what, _)| what.as_str());
            let allowed: &[&str] = match (name, job.as_str()) {
                ("caller.yml", "release") => &["attestations", "contents", "id-token"],
                ("caller.yml", "crate") | ("publish-crate.yml", "publish") => &["id-token"],
                ("release-gates.yml", "attest") => &["attestations", "id-token"],
                ("release-gates.yml", "publish") => &["contents"],
                _ => &[],
            };
            let mut writes: Vec<&str> = writes.collect();
            writes.sort_unstable();
            assert_eq!(writes, allowed, "{name}: {job}");
            // What judges or makes a release is built anew, never taken from a cache.
            for step in steps(content).filter(|_| name == "release-gates.yml") {
                let own = step["uses"]
                    .as_str()
                    .is_some_and(|uses| uses.starts_with("example/"));
                let cached = own && !step["uses"].as_str().unwrap().contains("/report@");
                assert!(
                    !cached || step["with"]["cache"] == "false",
                    "{name}: {job}: {step}"
                );
            }
            // A secret goes to one step of one job, and never into a command.
            let text = content.to_string();
            assert_eq!(
                text.contains("secrets."),
                ["release"].contains(&job.as_str()),
                "{name}: {job}"
            );
            for step in steps(content) {
                let run = step["run"].as_str().unwrap_or_default();
                assert!(
                    !run.contains("${{"),
                    "an expression in a command is an injection: {name}: {job}: {run}"
                );
            }
        }
    }

    for (name, action) in actions() {
        for step in steps(&action["runs"]) {
            assert!(
                !step["run"].as_str().unwrap_or_default().contains("${{"),
                "{name}"
            );
        }
    }
}

/// A runner for composite actions: expands inputs, runs the shell steps, follows GITHUB_OUTPUT and
/// GITHUB_PATH.
struct Job<'a> {
    env: &'a TestEnv,
    dir: &'a Path,
    /// Where programs of the same names lie on PATH.
    planted: PathBuf,
}

impl<'a> Job<'a> {
    fn new(env: &'a TestEnv, dir: &'a Path) -> Self {
        // As from the cache: each program where the action would have installed it. One that lies
        // on PATH is never used.
        for (tool, _) in TOOLS {
            let bin = env.path().join("release-gates").join(tool).join("bin");
            std::fs::create_dir_all(&bin).unwrap();
            std::os::unix::fs::symlink(program(tool), bin.join(tool)).unwrap();
        }
        let planted = env.path().join("planted");
        let text = "#!/bin/sh\necho planted >&2\nexit 9\n";
        fixtures::write_programs(&planted, &TOOLS.map(|(tool, _)| (tool, text)));
        Self { env, dir, planted }
    }

    /// Runs an action; the first step that fails ends it.
    fn uses(&self, name: &str, with: &[(&str, &str)]) -> Ran {
        let folder = repository().join("templates/github/actions").join(name);
        let action = yaml(&folder.join("action.yml"));
        let mut values: BTreeMap<String, String> = BTreeMap::from([
            (
                "github.server_url".to_owned(),
                "https://git.example.org".to_owned(),
            ),
            ("github.repository".to_owned(), "shapes".to_owned()),
            (
                "runner.temp".to_owned(),
                self.env.path().display().to_string(),
            ),
        ]);

        for (input, spec) in action["inputs"].as_object().unwrap() {
            let given = with
                .iter()
                .find(|(name, _)| name == input)
                .map(|(_, value)| (*value).to_owned());
            let value =
                given.unwrap_or_else(|| spec["default"].as_str().unwrap_or_default().to_owned());
            let value = expand(&value, &values);
            values.insert(format!("inputs.{input}"), value);
        }

        let (output, added) = (
            self.env.path().join("github-output"),
            self.env.path().join("github-path"),
        );

        let _ = std::fs::remove_file(&added);
        let mut last = None;
        for step in steps(&action["runs"]) {
            let Some(run) = step["run"].as_str() else {
                continue;
            };
            assert_eq!(step["shell"], "bash", "{name}");
            let dir = step["working-directory"].as_str().unwrap_or(".");
            let more = std::fs::read_to_string(&added).unwrap_or_default();
            let path = path_after(
                more.lines()
                    .map(PathBuf::from)
                    .chain([self.planted.clone()]),
            );
            let mut command = self
                .env
                .bash(run)
                .current_dir(self.dir.join(expand(dir, &values)))
                .env("PATH", path)
                .env("GITHUB_ACTION_PATH", &folder)
                .env("GITHUB_OUTPUT", &output)
                .env("GITHUB_PATH", &added)
                .env("RUNNER_TEMP", self.env.path());
            for (variable, value) in step["env"].as_object().into_iter().flatten() {
                command = command.env(variable, expand(value.as_str().unwrap(), &values));
            }
            let ran = self.env.run_step(command);
            let failed = ran.code != 0;
            last = Some(ran);
            if failed {
                break;
            }
        }

        last.unwrap()
    }
}

/// `${{ name }}` by its value; a name that is not known fails the test.
fn expand(text: &str, values: &BTreeMap<String, String>) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${{") {
        let (name, after) = after.split_once("}}").unwrap();
        out.push_str(before);
        out.push_str(
            values
                .get(name.trim())
                .unwrap_or_else(|| panic!("{} is not known", name.trim())),
        );
        rest = after;
    }
    out + rest
}

/// Any one alone, in any order; then together to the end.
#[test]
fn the_actions_work_alone_and_together() {
    let env = TestEnv::new();
    let whole = Whole::new(&env, &[]);
    if !whole.signed {
        println!("SKIPPED: there is no ssh-keygen on this machine, so the source is not judged");
    }
    let db = fixtures::advisory_db(env.path());
    let (db, key) = (
        db.to_str().unwrap(),
        std::fs::read_to_string(&whole.key).unwrap(),
    );
    let job = Job::new(&env, &whole.dir);
    let package = ("packages", "shapes-cli");
    let offline = ("offline", "yes");
    let passes = |name: &str, with: &[(&str, &str)]| {
        let ran = job.uses(name, &[with, &[package, offline]].concat());
        assert_eq!(ran.code, 0, "{name} {with:?}: {ran:#?}");
    };
    // Alone, where nothing else has run.
    passes("compat", &[]);
    passes("sbom-lite", &[("gates", "pins")]);
    passes(
        "sbom-lite",
        &[("gates", "licenses audit"), ("advisory-db", db)],
    );
    if whole.signed {
        passes("sign", &[("gates", "source")]);
    }
    // Notes without facts are no final notes, and without a build there is nothing to sign: said,
    // and no pass.
    assert_eq!(job.uses("relnotes", &[package, offline]).code, 101);
    assert_eq!(
        job.uses("sign", &[("signing-key", &key), package, offline])
            .code,
        101
    );
    // Without a key the release ends before it begins.
    assert_eq!(job.uses("sign", &[package, offline]).code, 2);
    // Together.
    passes("repro", &[("gates", "build check")]);
    passes("sbom-lite", &[("advisory-db", db)]);
    passes("relnotes", &[("advisory-db", db)]);
    passes("sign", &[("signing-key", &key)]);
    let folder = whole.artifacts("shapes-cli");
    assert!(folder.join("release/provenance.intoto.jsonl").is_file());
    let info = folder.join("buildinfo.json");
    passes(
        "repro",
        &[("gates", "rebuild"), ("buildinfo", info.to_str().unwrap())],
    );
    // What fails, fails: a version that nobody knows, a key that is none.
    let ran = job.uses(
        "compat",
        &[("against", "v9.9.9"), ("packages", "shapes"), offline],
    );
    assert!(ran.code == 2 || ran.code == 101, "{ran:#?}");
    assert_ne!(
        job.uses("sign", &[("signing-key", "secret"), package, offline])
            .code,
        0
    );
    // GitHub's own annotations come out where something is wrong.
    let main = "fn main() {\n    println!(\"{}\", shapes::area(2, 3, 4));\n}\n";
    let lib = "//! Areas.\n\n/// The area of a box.\npub fn area(a: u32, b: u32, c: u32) -> u32 {\n    a * b * c\n}\n";
    let files = [("shapes/src/lib.rs", lib), ("shapes-cli/src/main.rs", main)];
    fixtures::write_all(&whole.dir, &files);
    let ran = job.uses("compat", &[("packages", "shapes"), offline]);
    assert!(
        ran.code == 100 && ran.stdout.contains("::error"),
        "{ran:#?}"
    );
}

/// GitHub's program as far as it is used: notes what it is asked for, and knows of a draft what it
/// was given.
const GH: &str = r#"#!/bin/sh
[ -z "${DOWN:-}" ] || exit 1
printf '%s\n' "$@" > call
case "$1 $2" in
"release list")
    case $* in
    *isLatest*) echo "${LATEST:-}" ;;
    *) for _ in $(seq "${DRAFTS:-0}"); do echo "$GITHUB_REF_NAME"; done ;;
    esac
    exit
    ;;
"release view")
    sed -n 's|^\(release/.*\)|\1|p' said | tail -n "+${LOST:+1}2" | while read -r file; do
        echo "$(basename "$file") $(wc -c < "$file")"
    done
    exit
    ;;
api*) echo "$TAGGED" && exit ;;
esac
cat call >> said
"#;

/// What the jobs before leave, and the step that publishes it.
struct Publishing {
    env: TestEnv,
    script: String,
    path: OsString,
}

impl Publishing {
    fn new() -> Self {
        let workflow = yaml(&repository().join("templates/github/release-gates.yml"));
        let step = steps(&workflow["jobs"]["publish"])
            .find(|step| step["run"].is_string())
            .unwrap();
        let script = step["run"].as_str().unwrap().to_owned();

        let env = TestEnv::new();
        let digest = "0".repeat(64);
        let list = format!("{digest}  RELEASE_NOTES.md\n{digest}  demo-1.0.0-x.tar.gz\n");
        let published = [
            "RELEASE_NOTES.md",
            "demo-1.0.0-x.tar.gz",
            "demo-1.0.0-x.tar.gz.sig",
            "checksums.txt.sig",
            "checksums.txt.sshsig",
            "provenance.intoto.jsonl",
            // Nobody listed these.
            "repro.json",
            "buildlog.jsonl",
        ];
        let folder = "release/demo-1.0.0/release";
        for name in published {
            fixtures::write_all(env.path(), &[(&format!("{folder}/{name}"), "x")]);
        }
        fixtures::write_all(env.path(), &[(&format!("{folder}/checksums.txt"), &list)]);
        fixtures::write_programs(env.path(), &[("bin/gh", GH)]);
        let path = path_after([env.path().join("bin")]);
        Self { env, script, path }
    }

    /// Publishes a tag, on a platform in this state; returns what the platform was told, too.
    fn publish(&self, tag: &str, state: &[(&str, &str)]) -> (Ran, String) {
        let mut step = self
            .env
            .bash(&self.script)
            .current_dir(self.env.path())
            .env("PATH", &self.path)
            .env("GITHUB_REPOSITORY", "o/demo")
            .env("GITHUB_REF_NAME", tag)
            .env("GITHUB_SHA", "c0ffee")
            .env("TAGGED", "c0ffee");
        for (name, value) in state {
            step = step.env(*name, *value);
        }
        let ran = self.env.run_step(step);

        let said = self.env.path().join("said");
        let text = std::fs::read_to_string(&said).unwrap_or_default();
        let _ = std::fs::remove_file(said);
        (ran, text)
    }
}

/// The steps of the releasing workflow that are shell, on what the jobs before leave.
#[test]
fn what_is_published_is_what_is_listed() {
    let publishing = Publishing::new();
    let (ran, said) = publishing.publish("v1.0.0-rc.1", &[("LATEST", "v0.9.0")]);
    assert_eq!(ran.code, 0, "{ran:#?}");
    let mut published: Vec<&str> = said
        .lines()
        .filter_map(|line| line.strip_prefix("release/demo-1.0.0/release/"))
        .collect();
    published.sort_unstable();
    let expected = [
        "RELEASE_NOTES.md", // the text of the release
        "RELEASE_NOTES.md",
        "checksums.txt",
        "checksums.txt.sig",
        "checksums.txt.sshsig",
        "demo-1.0.0-x.tar.gz",
        "demo-1.0.0-x.tar.gz.sig",
        "provenance.intoto.jsonl",
    ];
    assert_eq!(published, expected);
    assert!(
        said.contains("--prerelease") && said.contains("--draft=false"),
        "{said}"
    );

    // Which of two packages is meant is asked, not guessed.
    fixtures::write_all(
        publishing.env.path(),
        &[("release/other-1.0.0/release/checksums.txt", "")],
    );
    assert_eq!(publishing.publish("v1.0.0", &[]).0.code, 2);
}

/// A package's tag is no pre-release for the dash after its name; what repairs an older version is
/// not the latest.
#[test]
fn what_a_tag_says_of_the_release() {
    let publishing = Publishing::new();
    let cases = [
        ("v1.0.0", "", false),
        ("v1.0.0", "v0.9.0", false),
        ("v1.9.0", "v1.10.0", true),
        ("demo-v1.0.1", "demo-v2.0.0", true),
        ("demo-v1.0.1", "other-v2.0.0", false),
    ];

    for (tag, latest, older) in cases {
        let (ran, said) = publishing.publish(tag, &[("LATEST", latest)]);
        assert_eq!(ran.code, 0, "{ran:#?}");
        assert!(
            !said.contains("--prerelease") && said.contains("--draft=false"),
            "{tag}: {said}"
        );
        assert_eq!(
            said.contains("--latest=false"),
            older,
            "{tag} {latest}: {said}"
        );
    }

    let (_, said) = publishing.publish("demo-v2.0.0-rc.1", &[]);
    assert!(said.contains("--prerelease"), "{said}");
    assert_eq!(publishing.publish("nightly", &[]).0.code, 2);
}

/// Drafts that earlier attempts left are gone before the next is made; a draft that lacks a file, a
/// tag that was moved and a platform that does not answer publish nothing.
#[test]
fn nothing_is_published_in_part() {
    let publishing = Publishing::new();
    let (ran, said) = publishing.publish("v1.0.0", &[("DRAFTS", "2")]);
    assert_eq!(ran.code, 0, "{ran:#?}");
    assert_eq!(
        said.lines().filter(|line| *line == "delete").count(),
        2,
        "{said}"
    );
    for broken in [("LOST", "1"), ("TAGGED", "badcafe"), ("DOWN", "1")] {
        let (ran, said) = publishing.publish("v1.0.0", &[broken]);
        assert!(
            ran.code != 0 && !said.contains("--draft=false"),
            "{broken:?}: {ran:#?} {said}"
        );
    }
}

/// What is released is settled before anything is built.
#[test]
fn the_package_is_named_or_follows_from_the_tag() {
    if !required("jq") {
        return;
    }
    let env = TestEnv::new();
    let whole = Whole::new(&env, &[]);
    let demo = env.project("demo", fixtures::DEMO);
    let workflow = yaml(&repository().join("templates/github/release-gates.yml"));
    let step = steps(&workflow["jobs"]["plan"])
        .find(|step| step["run"].is_string())
        .unwrap();
    let run = step["run"].as_str().unwrap();
    let plan = |dir: &Path, package: &str, tag: &str| {
        let output = env.path().join("output");
        let _ = std::fs::remove_file(&output);
        let step = env.bash(run).current_dir(dir);
        let step = step.env("PACKAGE", package).env("GITHUB_REF_NAME", tag);
        let ran = env.run_step(
            step.env("GITHUB_OUTPUT", &output)
                .env("RUNNER_TEMP", env.path()),
        );
        let said = std::fs::read_to_string(output).unwrap_or_default();
        (ran.code, said.trim().to_owned())
    };

    assert_eq!(plan(&demo, "", "v1.0.0"), (0, "name=demo".to_owned()));
    assert_eq!(
        plan(&whole.dir, "shapes", "v1.0.0"),
        (0, "name=shapes".to_owned())
    );

    assert_eq!(
        plan(&whole.dir, "", "shapes-cli-v1.0.0"),
        (0, "name=shapes-cli".to_owned())
    );

    assert_eq!(
        plan(&whole.dir, "", "v1.0.0").0,
        2,
        "which of three is meant is not guessed"
    );

    assert_eq!(plan(&whole.dir, "", "circles-v1.0.0").0, 2);
}

/// The builds of all machines are packed, whichever way the platform lays them out; one that is
/// missing ends the release.
#[test]
fn every_build_is_packed() {
    if !required("jq") {
        return;
    }
    let env = TestEnv::new();
    let workflow = yaml(&repository().join("templates/github/release-gates.yml"));
    let step = steps(&workflow["jobs"]["release"])
        .find(|step| step["id"] == "builds")
        .unwrap();
    let list = |builds: &str| {
        let output = env.path().join("output");
        let _ = std::fs::remove_file(&output);
        let run = step["run"].as_str().unwrap();
        let step = env.bash(run);
        let ran = env.run_step(
            step.env("BUILDS", builds)
                .env("GITHUB_OUTPUT", &output)
                .env("RUNNER_TEMP", env.path()),
        );
        (
            ran.code,
            std::fs::read_to_string(output).unwrap_or_default(),
        )
    };

    fixtures::write_all(env.path(), &[("builds/demo-1.0.0/buildinfo.json", "{}")]);
    let (code, said) = list("[{}]");
    assert!(code == 0 && said.contains("builds/demo-1.0.0"), "{said}");
    assert_eq!(list("[{}, {}]").0, 2);
    fixtures::write_all(
        env.path(),
        &[("builds/build-x/demo-1.0.0/buildinfo.json", "{}")],
    );

    let (code, said) = list("[{}, {}]");
    assert!(
        code == 0 && said.matches("demo-1.0.0").count() == 2,
        "{said}"
    );
}
