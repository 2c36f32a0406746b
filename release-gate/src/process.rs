//! The one way to start another program.
//!
//! Every child starts with an empty environment plus a short list ([`BASE_ENV`]) and what its
//! [`Step`] names, in a fixed locale and time zone. Its argv, exit code, duration and the digest of
//! its output are recorded by the [`Runner`], from which the audit log is made. Nothing secret may
//! be put into a step: argv and environment names are logged.

pub mod conversation;

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime};

use shared_child::SharedChild;

use crate::digest::{Sha256Digest, sha256_parts};
use crate::error::Error;
use crate::interrupt::{self, Kill};

/// Variables every child inherits: where programs, homes and temporary folders are; nothing that
/// changes output.
pub const BASE_ENV: &[&str] = &[
    "PATH",
    "HOME",
    "CARGO_HOME",
    "RUSTUP_HOME",
    "RUSTUP_TOOLCHAIN",
    "TMPDIR",
    // Windows cannot start programs without these.
    "USERPROFILE",
    "TEMP",
    "TMP",
    "SystemRoot",
    "SystemDrive",
    "ComSpec",
    "PATHEXT",
    "APPDATA",
    "LOCALAPPDATA",
    "ProgramData",
    "ProgramFiles",
    "ProgramFiles(x86)",
];

/// Variables a child needs to reach a registry through proxies and private certificate authorities.
const NETWORK_ENV: &[&str] = &[
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "all_proxy",
    "no_proxy",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "CURL_CA_BUNDLE",
    "GIT_SSL_CAINFO",
    "GIT_SSH_COMMAND",
    "SSH_AUTH_SOCK",
];
const NETWORK_PREFIXES: &[&str] = &[
    "CARGO_HTTP_",
    "CARGO_NET_",
    "CARGO_REGISTRIES_",
    "CARGO_SOURCE_",
    "CARGO_REGISTRY_",
];

/// The program that a variable names (`CARGO`, `RUSTC`), else the usual one of `PATH`.
pub fn program_of_variable(variable: &str, usual: &str) -> PathBuf {
    std::env::var_os(variable)
        .filter(|name| !name.is_empty())
        .map_or_else(|| usual.into(), PathBuf::from)
}

/// One program to run.
#[derive(Debug, Clone)]
pub struct Step {
    program: OsString,
    args: Vec<OsString>,
    env: BTreeMap<OsString, OsString>,
    cwd: Option<PathBuf>,
    stdin: Option<Vec<u8>>,
    interactive: bool,
    timeout: Option<Duration>,
}

impl Step {
    /// A step that runs `program` (looked up in `PATH`) with the base environment.
    pub fn new(program: impl AsRef<OsStr>) -> Self {
        let mut env: BTreeMap<OsString, OsString> = BASE_ENV
            .iter()
            .filter_map(|name| std::env::var_os(name).map(|value| ((*name).into(), value)))
            .collect();
        for (name, value) in [("LC_ALL", "C"), ("LANG", "C"), ("TZ", "UTC")] {
            env.insert(name.into(), value.into());
        }
        Self {
            program: program.as_ref().to_owned(),
            args: Vec::new(),
            env,
            cwd: None,
            stdin: None,
            interactive: false,
            timeout: None,
        }
    }

    /// A step that runs cargo: the one that started this process (`$CARGO`), else the one in
    /// `PATH`.
    ///
    /// Colours and progress are off; what decides where cargo puts its output is inherited.
    pub fn cargo() -> Self {
        Self::new(program_of_variable("CARGO", "cargo"))
            .inherit(["CARGO_TARGET_DIR", "CARGO_BUILD_TARGET_DIR"])
            .env("CARGO_TERM_COLOR", "never")
            .env("CARGO_TERM_PROGRESS_WHEN", "never")
    }

    /// A step that runs the compiler that cargo starts: `$RUSTC`, else the one in `PATH`.
    pub fn rustc() -> Self {
        Self::new(program_of_variable("RUSTC", "rustc"))
    }

    /// Runs it through another program, which gets these arguments, then the program and its own
    /// arguments.
    #[must_use]
    pub fn through(
        mut self,
        program: impl AsRef<OsStr>,
        args: impl IntoIterator<Item = impl AsRef<OsStr>>,
    ) -> Self {
        let before = args.into_iter().map(|arg| arg.as_ref().to_owned());
        let inner = std::mem::replace(&mut self.program, program.as_ref().to_owned());
        let after = std::mem::take(&mut self.args);
        self.args = before.chain(std::iter::once(inner)).chain(after).collect();
        self
    }

    /// Runs another program instead, with the same arguments and environment.
    #[must_use]
    pub fn program(mut self, program: impl AsRef<OsStr>) -> Self {
        self.program = program.as_ref().to_owned();
        self
    }

    /// Adds an argument.
    #[must_use]
    pub fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.args.push(arg.as_ref().to_owned());
        self
    }

    /// Adds arguments.
    #[must_use]
    pub fn args(mut self, args: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Self {
        self.args
            .extend(args.into_iter().map(|arg| arg.as_ref().to_owned()));
        self
    }

    /// Sets an environment variable.
    #[must_use]
    pub fn env(mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        self.env
            .insert(name.as_ref().to_owned(), value.as_ref().to_owned());
        self
    }

    /// Removes an environment variable.
    #[must_use]
    pub fn env_remove(mut self, name: impl AsRef<OsStr>) -> Self {
        self.env.remove(name.as_ref());
        self
    }

    /// Starts from an environment that is really empty: not even [`BASE_ENV`].
    #[must_use]
    pub fn env_clear(mut self) -> Self {
        self.env.clear();
        self
    }

    /// Inherits these variables from this process, where they are set.
    #[must_use]
    pub fn inherit(mut self, names: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Self {
        for name in names {
            if let Some(value) = std::env::var_os(&name) {
                self.env.insert(name.as_ref().to_owned(), value);
            }
        }
        self
    }

    /// Inherits proxies, certificate authorities and cargo's registry configuration, but no token.
    #[must_use]
    pub fn inherit_network_env(mut self) -> Self {
        for (name, value) in std::env::vars_os() {
            let Some(text) = name.to_str() else { continue };
            let wanted = NETWORK_ENV.contains(&text)
                || NETWORK_PREFIXES
                    .iter()
                    .any(|prefix| text.starts_with(prefix));
            if wanted && !text.contains("TOKEN") && !text.contains("SECRET") {
                self.env.insert(name, value);
            }
        }
        self
    }

    /// Runs in this folder.
    #[must_use]
    pub fn current_dir(mut self, dir: impl AsRef<Path>) -> Self {
        self.cwd = Some(dir.as_ref().to_owned());
        self
    }

    /// Feeds these bytes to the child's standard input; without this call it is empty.
    #[must_use]
    pub fn stdin(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.stdin = Some(bytes.into());
        self
    }

    /// Lets the child talk to the person at the terminal (for a passphrase): it stays in this
    /// process group and shares standard input.
    #[must_use]
    pub fn interactive(mut self) -> Self {
        self.interactive = true;
        self
    }

    /// Ends the program, and what it started, after this long; [`Finished::timed_out`] says so.
    #[must_use]
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.timeout = Some(limit);
        self
    }

    /// The environment the child will see.
    pub fn environment(&self) -> &BTreeMap<OsString, OsString> {
        &self.env
    }

    /// Program and arguments, as the audit log has them.
    fn argv(&self) -> Vec<String> {
        std::iter::once(&self.program)
            .chain(&self.args)
            .map(|word| word.to_string_lossy().into_owned())
            .collect()
    }

    /// Names of the variables that the child will see.
    fn env_names(&self) -> Vec<String> {
        self.env
            .keys()
            .map(|name| name.to_string_lossy().into_owned())
            .collect()
    }

    /// The command line as a person would type it, quoted for a POSIX shell.
    pub fn display(&self) -> String {
        std::iter::once(&self.program)
            .chain(&self.args)
            .map(|word| quote(&word.to_string_lossy()))
            .collect::<Vec<_>>()
            .join(" ")
    }
}

/// Quotes a word for display as [`shell_word`] does; control characters are escaped in a way that
/// not every shell reads.
fn quote(word: &str) -> String {
    shell_word(word).unwrap_or_else(|| {
        format!(
            "$'{}'",
            word.escape_debug().to_string().replace("\\\"", "\"")
        )
    })
}

/// A word of a command that somebody may copy, quoted for a POSIX shell where it needs it. `None`:
/// it has control characters, which no way of quoting carries through every shell and terminal.
pub fn shell_word(word: &str) -> Option<String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_=./,:@%+".contains(c);
    if word.chars().any(char::is_control) {
        return None;
    }
    if !word.is_empty() && word.chars().all(plain) {
        return Some(word.to_owned());
    }
    Some(format!("'{}'", word.replace('\'', r"'\''")))
}

/// What a program that ended left behind.
#[derive(Debug, Clone)]
pub struct Finished {
    /// The command line, for messages.
    pub command: String,
    /// How it ended.
    pub status: ExitStatus,
    /// Standard output, whole.
    pub stdout: Vec<u8>,
    /// Standard error, whole.
    pub stderr: Vec<u8>,
    /// How long it ran.
    pub elapsed: Duration,
    /// Whether it was ended because its time was over.
    pub timed_out: bool,
}

impl Finished {
    /// Whether it ended with exit code 0.
    pub fn is_success(&self) -> bool {
        self.status.success()
    }

    /// Standard error as text, with anything that is not UTF-8 replaced.
    pub fn stderr_text(&self) -> String {
        String::from_utf8_lossy(&self.stderr).into_owned()
    }

    /// Passes a success through.
    ///
    /// # Errors
    /// Anything but exit code 0, with the last lines of standard error.
    pub fn success(self) -> Result<Self, ProcessError> {
        if self.is_success() {
            return Ok(self);
        }
        let text = self.stderr_text();
        let lines: Vec<&str> = text.lines().collect();
        let tail = lines[lines.len().saturating_sub(20)..].join("\n");
        Err(ProcessError::Failed {
            command: self.command,
            status: self.status,
            stderr: tail,
        })
    }
}

/// Why a program gave no result.
#[derive(Debug, thiserror::Error)]
pub enum ProcessError {
    /// It could not be started.
    #[error("cannot start `{command}`")]
    Start {
        /// The command line.
        command: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Reading its output or waiting for it failed.
    #[error("lost contact with `{command}`")]
    Lost {
        /// The command line.
        command: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// It ended with something other than exit code 0.
    #[error("`{command}` failed ({status}){}{stderr}", if stderr.is_empty() { "" } else { ":\n" })]
    Failed {
        /// The command line.
        command: String,
        /// How it ended.
        status: ExitStatus,
        /// The last lines of its standard error.
        stderr: String,
    },
    /// This process was interrupted while the program ran; the program was ended.
    #[error("interrupted")]
    Interrupted {
        /// The command line.
        command: String,
    },
}

impl From<ProcessError> for Error {
    fn from(error: ProcessError) -> Self {
        let help = match &error {
            ProcessError::Start { source, .. } if source.kind() == io::ErrorKind::NotFound => {
                Some("install the program, or put the folder that holds it into PATH")
            }
            _ => None,
        };
        let converted = Error::judge(error.to_string());
        let converted = match std::error::Error::source(&error) {
            Some(source) => converted.with_source(source.to_string()),
            None => converted,
        };
        match help {
            Some(help) => converted.with_help(help),
            None => converted,
        }
    }
}

/// What is kept of a program that ran; wall-clock facts that belong in the audit log and no other
/// report.
#[derive(Debug, Clone)]
pub struct StepRecord {
    /// Program and arguments.
    pub argv: Vec<String>,
    /// Names (not values) of the environment variables it saw.
    pub env: Vec<String>,
    /// Exit code, `None` when it was ended by a signal.
    pub exit_code: Option<i32>,
    /// When it started.
    pub started: SystemTime,
    /// How long it ran.
    pub elapsed: Duration,
    /// Digest of its standard output followed by its standard error.
    pub log_sha256: Sha256Digest,
}

/// Starts programs and remembers what ran.
#[derive(Debug, Clone, Default)]
pub struct Runner {
    records: Arc<Mutex<Vec<StepRecord>>>,
}

impl Runner {
    /// A runner that has run nothing yet; clones share their records.
    pub fn new() -> Self {
        Self::default()
    }

    /// Runs a step to its end and captures its output. A failing exit code is not an error here:
    /// see [`Finished::success`].
    ///
    /// # Errors
    /// The program cannot be started, its output cannot be read, or this process was interrupted.
    pub fn run(&self, step: Step) -> Result<Finished, ProcessError> {
        self.run_with(step, |_| {})
    }

    /// Like [`run`](Self::run), handing each line of standard error to `on_line` as it comes, for
    /// progress.
    ///
    /// # Errors
    /// As [`run`](Self::run).
    pub fn run_with(
        &self,
        step: Step,
        mut on_line: impl FnMut(&str) + Send,
    ) -> Result<Finished, ProcessError> {
        let command_line = step.display();
        check_interrupt(&command_line)?;

        let started = SystemTime::now();
        let clock = Instant::now();
        let child = spawn(&step).map_err(|source| ProcessError::Start {
            command: command_line.clone(),
            source,
        })?;
        let killer = Arc::new(Running {
            child: Arc::clone(&child),
            group: !step.interactive,
        });
        let registered = interrupt::register(Arc::clone(&killer) as Arc<dyn Kill>);
        let deadline = step.timeout.map(|limit| Deadline::start(limit, killer));

        let output = exchange(&child, step.stdin.as_deref(), &mut on_line);
        let status = child.wait();
        drop(registered);
        let timed_out = deadline.is_some_and(Deadline::stop);
        let (status, output) =
            status
                .and_then(|status| Ok((status, output?)))
                .map_err(|source| ProcessError::Lost {
                    command: command_line.clone(),
                    source,
                })?;
        let elapsed = clock.elapsed();

        self.record(StepRecord {
            argv: step.argv(),
            env: step.env_names(),
            exit_code: status.code(),
            started,
            elapsed,
            log_sha256: sha256_parts(&[&output.stdout, &output.stderr]),
        });
        check_interrupt(&command_line)?;

        Ok(Finished {
            command: command_line,
            status,
            stdout: output.stdout,
            stderr: output.stderr,
            elapsed,
            timed_out,
        })
    }

    fn record(&self, record: StepRecord) {
        self.records
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(record);
    }

    /// What ran so far, in the order in which it ended.
    pub fn records(&self) -> Vec<StepRecord> {
        self.records
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

/// An error if this process was interrupted.
fn check_interrupt(command: &str) -> Result<(), ProcessError> {
    interrupt::check().map_err(|_| ProcessError::Interrupted {
        command: command.to_owned(),
    })
}

/// A clock that ends a child when its time is over.
struct Deadline {
    /// Dropped when the child has ended by itself.
    ended: mpsc::Sender<()>,
    watch: JoinHandle<bool>,
}

impl Deadline {
    fn start(limit: Duration, killer: Arc<Running>) -> Self {
        let (ended, end) = mpsc::channel();
        let watch = std::thread::spawn(move || {
            let is_over = end.recv_timeout(limit) == Err(mpsc::RecvTimeoutError::Timeout);
            if is_over {
                killer.kill();
            }
            is_over
        });
        Self { ended, watch }
    }

    /// Stops the clock and says whether it had ended the child.
    fn stop(self) -> bool {
        drop(self.ended);
        self.watch.join().unwrap_or(false)
    }
}

/// What a child wrote.
struct Output {
    stdout: Vec<u8>,
    stderr: Vec<u8>,
}

/// Feeds a child its input and reads what it writes, all at once, so that no pipe fills up while
/// another is waited for.
fn exchange(
    child: &SharedChild,
    input: Option<&[u8]>,
    on_line: &mut (impl FnMut(&str) + Send),
) -> io::Result<Output> {
    let mut stdin = child.take_stdin();
    let stdout = child.take_stdout();
    let stderr = child.take_stderr();

    std::thread::scope(|scope| {
        if let Some(bytes) = input {
            scope.spawn(move || {
                // A child that does not read all of its input is free to do so.
                if let Some(pipe) = &mut stdin {
                    let _ = pipe.write_all(bytes);
                }
                drop(stdin);
            });
        }
        let errors = scope.spawn(move || read_lines(stderr, on_line));
        let stdout = read_all(stdout);
        let stderr = errors
            .join()
            .unwrap_or_else(|_| Err(io::Error::other("the progress printer panicked")));

        Ok(Output {
            stdout: stdout?,
            stderr: stderr?,
        })
    })
}

fn spawn(step: &Step) -> io::Result<Arc<SharedChild>> {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one place that starts programs"
    )]
    let mut command = Command::new(&step.program);
    command
        .args(&step.args)
        .env_clear()
        .envs(&step.env)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());

    command.stdin(match (&step.stdin, step.interactive) {
        (Some(_), _) => Stdio::piped(),
        (None, true) => Stdio::inherit(),
        (None, false) => Stdio::null(),
    });

    if let Some(dir) = &step.cwd {
        command.current_dir(dir);
    }
    #[cfg(unix)]
    if !step.interactive {
        // A group of its own, so that cargo's rustc processes can be ended with it.
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
    }

    SharedChild::spawn(&mut command).map(Arc::new)
}

/// A child as the signal handler sees it.
struct Running {
    child: Arc<SharedChild>,
    #[cfg_attr(
        not(unix),
        expect(dead_code, reason = "process groups are a Unix notion")
    )]
    group: bool,
}

impl Kill for Running {
    fn kill(&self) {
        #[cfg(unix)]
        if self.group
            && let Some(pid) = i32::try_from(self.child.id())
                .ok()
                .and_then(rustix::process::Pid::from_raw)
        {
            let _ = rustix::process::kill_process_group(pid, rustix::process::Signal::KILL);
        }
        let _ = self.child.kill();
    }
}

fn read_all(pipe: Option<impl Read>) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if let Some(mut pipe) = pipe {
        pipe.read_to_end(&mut bytes)?;
    }
    Ok(bytes)
}

fn read_lines(pipe: Option<impl Read>, on_line: &mut impl FnMut(&str)) -> io::Result<Vec<u8>> {
    let mut all = Vec::new();
    let Some(pipe) = pipe else { return Ok(all) };
    let mut reader = io::BufReader::new(pipe);
    loop {
        let start = all.len();
        if io::BufRead::read_until(&mut reader, b'\n', &mut all)? == 0 {
            return Ok(all);
        }
        on_line(String::from_utf8_lossy(&all[start..]).trim_end());
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use crate::digest::sha256_bytes;

    #[test]
    fn what_takes_too_long_is_ended() {
        let step = Step::new("sh")
            .args(["-c", "sleep 60"])
            .timeout(Duration::from_millis(100));
        let finished = Runner::new().run(step).unwrap();
        assert!(finished.timed_out && !finished.is_success());
        let finished = Runner::new()
            .run(Step::new("true").timeout(Duration::from_secs(60)))
            .unwrap();
        assert!(!finished.timed_out && finished.is_success());
    }

    #[test]
    fn the_environment_is_cleared() {
        let finished = Runner::new()
            .run(Step::new("env").env("ONE", "1"))
            .unwrap()
            .success()
            .unwrap();
        let text = String::from_utf8(finished.stdout).unwrap();
        let names: Vec<_> = text
            .lines()
            .filter_map(|line| line.split_once('=').map(|(name, _)| name))
            .collect();
        assert!(names.contains(&"ONE"));
        assert!(names.contains(&"TZ"));
        assert!(
            names
                .iter()
                .all(|name| BASE_ENV.contains(name)
                    || ["ONE", "TZ", "LC_ALL", "LANG"].contains(name)),
            "{names:?}"
        );
    }

    #[test]
    fn a_failure_names_command_code_and_last_words() {
        let runner = Runner::new();
        let error = runner
            .run(Step::new("sh").args(["-c", "echo why >&2; exit 3"]))
            .unwrap()
            .success()
            .unwrap_err();
        assert_eq!(
            error.to_string(),
            "`sh -c 'echo why >&2; exit 3'` failed (exit status: 3):\nwhy"
        );
        let record = &runner.records()[0];
        assert_eq!(record.exit_code, Some(3));
        assert_eq!(record.log_sha256, sha256_bytes(b"why\n"));
    }

    #[test]
    fn a_missing_program_has_a_next_step() {
        let error: Error = Runner::new()
            .run(Step::new("no-such-program-here"))
            .unwrap_err()
            .into();
        assert!(error.help()[0].contains("PATH"));
    }

    #[test]
    fn input_larger_than_a_pipe_is_fed_and_output_collected() {
        let input = vec![b'x'; 1 << 20];
        let finished = Runner::new()
            .run(Step::new("cat").stdin(input.clone()))
            .unwrap();
        assert_eq!(finished.stdout, input);
        // A child that ignores its input does not hurt.
        assert!(
            Runner::new()
                .run(Step::new("true").stdin(input))
                .unwrap()
                .is_success()
        );
    }

    #[test]
    fn words_are_quoted_as_a_shell_reads_them() {
        assert_eq!(shell_word("a; b").as_deref(), Some("'a; b'"));
        assert_eq!(shell_word("a\n'; b; '"), None);
        assert_eq!(
            Step::new("a b").args(["", "c'd", "-x=1"]).display(),
            r"'a b' '' 'c'\''d' -x=1"
        );
        let step = Step::new("a").arg("b c").through("sh", ["-x"]);
        assert_eq!(step.display(), "sh -x a 'b c'");
        assert_eq!(
            Step::new("x").arg("\u{1b}[31m").display(),
            r"x $'\u{1b}[31m'"
        );
    }
}
