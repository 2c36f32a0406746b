//! Others' code is kept away from the caller: what a rebuild starts sees the toolchain and the
//! system's programs, read-only, its own temporary place, and nothing else of the machine: no home
//! folder, key, token, agent's socket or process of the caller's.
//!
//! Made of namespaces with the programs of util-linux, so no root is needed. Where they cannot be
//! had, configuration, build scripts and macros run as the caller, which the caller has to be told.
//! This must never start anything of the project outside the guard.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use release_gate::error::JudgeExt;
use release_gate::git::{CommitId, Git};
use release_gate::process::{Runner, Step};
use release_gate::{Error, Result};

use super::cargo_config::CargoConfig;
use super::leftovers::ThrowAway;
use super::{downloads, variables};

/// Makes a new root: `$1` host name, `$2` an empty folder, `$3` the folder to start in, `$4` what
/// the shell inside does with the program and its arguments, then `-r PATH SEEN`, `-w PATH SEEN`
/// and `--`. A second namespace inside the first makes the mounts unchangeable.
const SCRIPT: &str = r#"
set -e
kept=$PATH
PATH=/usr/sbin:/usr/bin:/sbin:/bin:$PATH
[ ! -w /proc/sys/kernel/hostname ] || echo "$1" > /proc/sys/kernel/hostname
new=$2 start=$3 inside=$4
shift 4
mount -t tmpfs -o mode=755 guard "$new"
bind() {
    if [ -d "$1" ]; then mkdir -p "$new$2"; elif [ ! -e "$new$2" ]; then mkdir -p "$(dirname "$new$2")"; : > "$new$2"; fi
    mount --rbind "$1" "$new$2"
}
for path in /usr /bin /sbin /lib /lib32 /lib64 /libx32 /opt /nix /gnu; do
    if [ -L "$path" ]; then ln -s "$(readlink "$path")" "$new$path"; elif [ -d "$path" ]; then bind "$path" "$path"; fi
done
for name in alternatives ca-certificates ca-certificates.conf crypto-policies group hosts ld.so.cache ld.so.conf ld.so.conf.d \
    localtime nsswitch.conf os-release passwd pki/tls pki/ca-trust resolv.conf ssl/certs ssl/cert.pem ssl/openssl.cnf; do
    [ ! -e "/etc/$name" ] || bind "/etc/$name" "/etc/$name"
done
mkdir -p "$new/tmp" "$new/dev" "$new/proc" "$new/old"
mount -t tmpfs -o mode=1777 tmp "$new/tmp"
while [ "$1" = -r ]; do [ ! -e "$2" ] || bind "$2" "$3"; shift 3; done
while read -r _ _ _ _ point options _; do
    point=$(printf %b "$(printf %s "$point" | sed 's/\\/\\0/g')")
    case $point in
    "$new/tmp") ;;
    "$new"/*) mount -o "remount,bind,ro,${options#r[wo],}" "$point" ;;
    esac
done < /proc/self/mountinfo
for name in null zero full random urandom; do : > "$new/dev/$name"; mount --bind "/dev/$name" "$new/dev/$name"; done
ln -s /proc/self/fd "$new/dev/fd"
ln -s fd/0 "$new/dev/stdin"
ln -s fd/1 "$new/dev/stdout"
ln -s fd/2 "$new/dev/stderr"
mkdir "$new/dev/shm"
mount -t tmpfs -o mode=1777 shm "$new/dev/shm"
mount -t proc proc "$new/proc"
# Who is root outside still owns these.
for name in bus fs irq sys; do
    [ ! -d "$new/proc/$name" ] || { mount --bind "$new/proc/$name" "$new/proc/$name"; mount -o remount,bind,ro "$new/proc/$name"; }
done
for name in kcore keys sysrq-trigger timer_list; do
    [ ! -e "$new/proc/$name" ] || mount --bind /dev/null "$new/proc/$name"
done
while [ "$1" = -w ]; do bind "$2" "$3"; shift 3; done
shift
mkdir -p "$new$start"
unshare=$(command -v unshare)
cd "$new"
pivot_root . old
cd /
umount -l /old
rmdir /old
mount -o remount,bind,ro /
cd "$start"
unset OLDPWD
PATH=$kept
export PATH
exec "$unshare" --user --map-root-user --mount sh -c "$inside" guarded "$@"
"#;

/// Starts the program.
const START: &str = "exec \"$@\"";

/// What a guarded program may see beside the system's own.
#[derive(Debug, Default)]
pub(crate) struct View {
    /// Read-only, and where it is seen; before the others, which may lie in it.
    pub(crate) project: Option<(PathBuf, PathBuf)>,
    /// Read-only, at its own path.
    pub(crate) read: Vec<PathBuf>,
    /// Writable, and where it is seen.
    pub(crate) write: Vec<(PathBuf, PathBuf)>,
    /// Whether it may reach the network.
    pub(crate) network: bool,
}

/// Keeps others' code from the caller's files.
#[derive(Debug)]
pub(crate) struct Guard {
    _folder: ThrowAway,
    base: PathBuf,
    runner: Runner,
    sysroot: PathBuf,
    /// The repository, and the folder in it that was named.
    project: PathBuf,
    /// Its commit, without history, configuration of git and whatever else is not committed.
    export: PathBuf,
    /// Whether this machine can; why not otherwise.
    pub(crate) namespaces: Result<(), String>,
    /// Variables the project was published with, beside the known few; its commit names them.
    pub(crate) environment: Vec<(String, OsString)>,
}

impl Guard {
    /// Gets ready for a commit of the project in a folder.
    ///
    /// # Errors
    /// The project names a compiler of its own, there is no toolchain, or the commit cannot be
    /// exported.
    pub(crate) fn new(
        runner: &Runner,
        folder: &Path,
        git: &Git,
        commit: &CommitId,
    ) -> Result<Self> {
        let folder = folder
            .canonicalize()
            .or_judge(|| format!("cannot find `{}`", folder.display()))?;
        for dir in folder.ancestors() {
            refuse_own_compiler(dir)?;
        }
        let step = Step::rustc()
            .args(["--print", "sysroot"])
            .current_dir(&folder);
        let said = runner.run(step)?.success()?;
        let sysroot = PathBuf::from(String::from_utf8_lossy(&said.stdout).trim().to_owned());
        let project = git
            .root()
            .canonicalize()
            .or_judge(|| "cannot find the repository".to_owned())?;

        let temporary = ThrowAway::make("guard")?;

        // Mounts are listed by their real paths.
        let base = temporary
            .path()
            .canonicalize()
            .or_judge(cannot_make_folders)?;
        for name in ["root", "home", "cargo-home", "tmp"] {
            std::fs::create_dir(base.join(name)).or_judge(cannot_make_folders)?;
        }
        let lock = folder
            .ancestors()
            .map(|dir| dir.join("Cargo.lock"))
            .find(|path| path.is_file());

        downloads::copy_locked(lock.as_deref(), &base.join("cargo-home"))?;
        let export = base.join("project");
        git.checkout(commit, &export)?;
        if let Some((lock, there)) = lock.and_then(|lock| {
            let there = export.join(lock.strip_prefix(&project).ok()?);
            Some((lock, there)).filter(|(_, there)| !there.exists())
        }) {
            std::fs::copy(lock, there).or_judge(|| "cannot copy `Cargo.lock`".to_owned())?;
        }

        let relative = folder.strip_prefix(&project).unwrap_or(Path::new(""));
        for path in CargoConfig::read(&export.join(relative), &export)?.paths() {
            without_credential_programs(path)?;
        }
        let mut guard = Self {
            _folder: temporary,
            base,
            runner: runner.clone(),
            sysroot,
            project,
            export,
            namespaces: Err("namespaces need Linux".to_owned()),
            environment: Vec::new(),
        };

        if cfg!(target_os = "linux") {
            guard.namespaces = guard.probe();
        }

        Ok(guard)
    }

    /// CARGO_HOME that holds what the lock file names and nothing of the caller's.
    pub(crate) fn cargo_home(&self) -> PathBuf {
        self.base.join("cargo-home")
    }

    fn probe(&self) -> Result<(), String> {
        let step = self
            .words(&View::default(), Path::new("/"), "probe", START)
            .into_iter();
        let finished = self.runner.run(Step::new("true").through("unshare", step));
        match finished {
            Ok(finished) if finished.is_success() => Ok(()),
            Ok(finished) => {
                let text = finished.stderr_text();
                let line = text.lines().next_back().unwrap_or("no reason given");
                Err(format!(
                    "the system does not allow the namespaces ({})",
                    line.trim()
                ))
            }
            Err(_) => Err("the program `unshare` is not here".to_owned()),
        }
    }

    /// Arguments of `unshare` that come before a program.
    pub(crate) fn words(
        &self,
        view: &View,
        start: &Path,
        host: &str,
        inside: &str,
    ) -> Vec<OsString> {
        let mut words: Vec<OsString> = [
            "--map-root-user",
            "--uts",
            "--ipc",
            "--mount",
            "--pid",
            "--fork",
            "--kill-child",
        ]
        .map(Into::into)
        .into();
        if !view.network {
            words.push("--net".into());
        }
        words.extend(["sh", "-c", SCRIPT, "guard", host].map(Into::into));
        words.extend([self.base.join("root").into(), start.into(), inside.into()]);
        let me = std::env::current_exe().ok();
        if let Some((path, seen)) = &view.project {
            words.extend(["-r".into(), path.into(), seen.into()]);
        }
        for path in view.read.iter().chain([&self.sysroot]).chain(&me) {
            words.extend(["-r".into(), path.into(), path.into()]);
        }
        for (path, seen) in &view.write {
            words.extend(["-w".into(), path.into(), seen.into()]);
        }
        words.push("--".into());
        words
    }

    /// Whether programs in a folder can be seen from inside.
    pub(crate) fn shows(&self, folder: &Path) -> bool {
        ["/usr", "/bin", "/sbin", "/opt", "/nix", "/gnu"]
            .iter()
            .any(|root| folder.starts_with(root))
    }

    /// A question to a program of the project's own; `None` where it cannot be guarded, since it is
    /// not worth the risk.
    pub(crate) fn ask(&self, step: Step, program: &Path) -> Option<Step> {
        self.namespaces.as_ref().ok()?;
        let view = View {
            read: vec![program.canonicalize().ok()?],
            ..View::default()
        };
        Some(step.through(
            "unshare",
            self.words(&view, Path::new("/"), "guarded", START),
        ))
    }

    /// The exported commit.
    pub(crate) fn export(&self) -> &Path {
        &self.export
    }

    /// Where the repository is.
    pub(crate) fn project(&self) -> &Path {
        &self.project
    }

    /// A folder of the guard's, which is where it is from inside, too.
    fn own_folder(&self, name: &str) -> (PathBuf, PathBuf) {
        let folder = self.base.join(name);
        (folder.clone(), folder)
    }

    /// What cargo sees before the build.
    fn view(&self, network: bool) -> View {
        let mut read = downloads::replaced_sources();
        read.extend(
            [
                "SSL_CERT_FILE",
                "SSL_CERT_DIR",
                "CURL_CA_BUNDLE",
                "CARGO_HTTP_CAINFO",
            ]
            .iter()
            .filter_map(|name| std::env::var_os(name).map(PathBuf::from)),
        );
        let project = Some((self.export.clone(), self.project.clone()));
        View {
            project,
            read,
            write: ["home", "tmp", "cargo-home"]
                .map(|name| self.own_folder(name))
                .into(),
            network,
        }
    }

    /// A step of cargo's that reads the project and may download, kept from the caller's files:
    /// where the repository is, it sees the exported commit. It starts in a folder of the
    /// repository, else where it was called.
    pub(crate) fn cargo(&self, step: Step, folder: Option<&Path>, network: bool) -> Step {
        let base = &self.base;
        let bin = self.sysroot.join("bin");
        let cargo = bin.join(format!("cargo{}", std::env::consts::EXE_SUFFIX));
        let mut step = if cargo.is_file() {
            step.program(cargo)
        } else {
            step
        };

        for name in [
            "SSH_AUTH_SOCK",
            "GIT_SSH_COMMAND",
            "RUSTUP_HOME",
            "RUSTUP_TOOLCHAIN",
            "CARGO_TARGET_DIR",
        ] {
            step = step.env_remove(name);
        }

        let given: Vec<_> = step
            .environment()
            .iter()
            .map(|(a, b)| (a.clone(), b.clone()))
            .collect();

        for (name, value) in given {
            step = match variables::without_secrets(&name, &value) {
                Some(public) => step.env(name, public),
                None => step.env_remove(name),
            };
        }

        let path = std::env::var_os("PATH").unwrap_or_default();
        let path: Vec<PathBuf> = std::iter::once(bin.clone())
            .chain(
                std::env::split_paths(&path)
                    .filter(|dir| self.namespaces.is_err() || self.shows(dir)),
            )
            .collect();

        step = step
            .env("PATH", std::env::join_paths(path).unwrap_or_default())
            .env("HOME", base.join("home"))
            .env("TMPDIR", base.join("tmp"))
            .env("CARGO_HOME", self.cargo_home())
            .env(
                "RUSTC",
                bin.join(format!("rustc{}", std::env::consts::EXE_SUFFIX)),
            )
            // Empty means none, whatever the project's configuration says.
            .env("RUSTC_WRAPPER", "")
            .env("RUSTC_WORKSPACE_WRAPPER", "");

        // Anyone who signs in for registries may be a program of the project's own.
        step = step.env("CARGO_REGISTRY_GLOBAL_CREDENTIAL_PROVIDERS", "");
        if self.namespaces.is_err() {
            return step;
        }
        let start = match folder {
            Some(folder) => self.project.join(folder),
            None => std::env::current_dir().unwrap_or_default(),
        };

        // It is read-only where it is seen.
        if let Ok(folder) = start.strip_prefix(&self.project) {
            let _ = std::fs::create_dir_all(self.export.join(folder));
        }

        let view = self.view(network);

        step.through("unshare", self.words(&view, &start, "guarded", START))
    }
}

fn cannot_make_folders() -> String {
    "cannot make the guard's folders".to_owned()
}

fn unreadable_configuration() -> String {
    "cannot read the exported configuration".to_owned()
}

fn cannot_write_configuration() -> String {
    "cannot write the exported configuration".to_owned()
}

/// Takes programs that sign in for registries out of a configuration file: no secret is there for
/// them to hand on, and they would be the project's own, with the network.
fn without_credential_programs(path: &Path) -> Result<()> {
    let text = std::fs::read_to_string(path).or_judge(unreadable_configuration)?;
    let mut table: toml::Table = text.parse().or_judge(unreadable_configuration)?;

    table.remove("credential-alias");
    if let Some(registry) = table
        .get_mut("registry")
        .and_then(toml::Value::as_table_mut)
    {
        registry.retain(|key, _| !key.contains("credential-provider"));
    }
    let registries = table
        .get_mut("registries")
        .and_then(toml::Value::as_table_mut);
    for (_, registry) in registries.into_iter().flatten() {
        if let Some(registry) = registry.as_table_mut() {
            registry.retain(|key, _| key != "credential-provider");
        }
    }

    // A link may lead to a file of the caller's.
    std::fs::remove_file(path).or_judge(cannot_write_configuration)?;
    std::fs::write(path, toml::to_string(&table).unwrap_or_default())
        .or_judge(cannot_write_configuration)
}

/// rustup would start the compiler a project brings with it.
fn refuse_own_compiler(dir: &Path) -> Result<()> {
    for name in ["rust-toolchain.toml", "rust-toolchain"] {
        let Ok(text) = std::fs::read_to_string(dir.join(name)) else {
            continue;
        };
        let table: Option<toml::Table> = text.parse().ok();
        if table.is_some_and(|table| {
            table
                .get("toolchain")
                .and_then(|table| table.get("path"))
                .is_some()
        }) {
            return Err(Error::judge(format!(
                "`{}` names a compiler of the project's own",
                dir.join(name).display()
            ))
            .with_help(
                "read it first; then build it yourself with `cargo repro build` and `compare`",
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run_git(runner: &Runner, folder: &Path, args: &[&str]) {
        let step = Step::new("git")
            .args(args)
            .current_dir(folder)
            .env("GIT_CONFIG_GLOBAL", "/dev/null");
        runner.run(step).unwrap().success().unwrap();
    }

    #[test]
    fn only_the_commit_is_seen_and_no_program_signs_in() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().join("repository");
        std::fs::create_dir_all(root.join(".cargo")).unwrap();
        let config = "credential-alias.x = ['./evil']\n[registry]\ndefault = 'r'\nglobal-credential-providers = ['./evil']\n\
                      [registries.r]\nindex = 'sparse+https://example.org/'\ncredential-provider = './evil'\n";
        for (name, text) in [
            ("Cargo.toml", "[workspace]\n"),
            (".cargo/config.toml", config),
        ] {
            std::fs::write(root.join(name), text).unwrap();
        }
        let runner = Runner::new();
        run_git(&runner, &root, &["init", "-q"]);
        run_git(&runner, &root, &["add", "-A"]);
        let settings = [
            "user.name=x",
            "user.email=x@example.org",
            "commit.gpgsign=false",
        ];
        let mut commit = settings.map(|setting| ["-c", setting]).concat();
        commit.extend(["commit", "-qm", "x"]);
        run_git(&runner, &root, &commit);
        let header = ["config", "http.extraheader", "AUTHORIZATION: canary"];
        run_git(&runner, &root, &header);

        std::fs::write(root.join("untracked"), "canary").unwrap();
        std::fs::write(root.join("Cargo.lock"), "version = 4\n").unwrap();

        let git = Git::discover(&root, &runner).unwrap().unwrap();
        let guard = Guard::new(&runner, &root, &git, &git.head().unwrap().unwrap()).unwrap();
        let text = std::fs::read_to_string(guard.export().join(".cargo/config.toml")).unwrap();
        assert!(
            !text.contains("evil") && text.contains("https://example.org/"),
            "{text}"
        );
        if guard.namespaces.is_err() {
            return;
        }
        let words = guard.words(&guard.view(false), guard.project(), "guarded", START);
        let script = "ls -A; grep -r canary . && exit 1; ! touch x 2> /dev/null";
        let finished = runner
            .run(
                Step::new("sh")
                    .args(["-c", script])
                    .through("unshare", words),
            )
            .unwrap();
        assert!(finished.is_success(), "{}", finished.stderr_text());
        assert_eq!(
            String::from_utf8_lossy(&finished.stdout),
            ".cargo\nCargo.lock\nCargo.toml\n"
        );
    }
}
