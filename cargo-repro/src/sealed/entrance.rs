//! How programs enter a sandbox: through namespaces in which there is no network, temporary folders
//! are fresh, the machine has a name of our choice, and every process ends with the first one.
//!
//! Made with the programs of util-linux, so no root is needed.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use release_gate::process::{Finished, Runner, Step};

/// Folders that everybody writes to. Two builds that share them can hand things to each other.
pub(crate) const TEMPORARY: &[&str] = &["/tmp", "/var/tmp", "/dev/shm"];

/// Prepares the namespaces: `$1` host name, `$2` the folder to start in, `$3` shell text that starts
/// the program in `"$@"`, `$4` the last process number given before (0: no namespace of processes),
/// `$5` whether temporary folders are fresh, then `-b FROM SEEN` for what is mounted, and `--`.
///
/// What lies below the temporary folders is reached through descriptors that were opened before.
/// The shell stays the first process: when it ends, all that is left ends with it.
const SCRIPT: &str = r#"
set -e
preloaded=$LD_PRELOAD
unset LD_PRELOAD
[ ! -w /proc/sys/kernel/hostname ] || echo "$1" > /proc/sys/kernel/hostname
start=$2 inside=$3 last=$4 fresh=$5
shift 5
if [ "$last" != 0 ]; then
    mount -t proc proc /proc
    { echo "$last" > /proc/sys/kernel/ns_last_pid; } 2> /dev/null || :
fi
if [ "$fresh" = 1 ]; then
    exec 3< /tmp
    if [ -d /var/tmp ]; then exec 4< /var/tmp; fi
    if [ -d /dev/shm ]; then exec 5< /dev/shm; fi
    for top in /tmp /var/tmp /dev/shm; do
        [ ! -d "$top" ] || [ -L "$top" ] || mount -t tmpfs -o mode=1777 fresh "$top"
    done
fi
while [ "$1" = -b ]; do
    from=$2 seen=$3
    shift 3
    if [ "$fresh" = 1 ]; then
        case $from in
        /tmp/*) from=/proc/self/fd/3/${from#/tmp/} ;;
        /var/tmp/*) from=/proc/self/fd/4/${from#/var/tmp/} ;;
        /dev/shm/*) from=/proc/self/fd/5/${from#/dev/shm/} ;;
        esac
    fi
    [ "$from" != "$seen" ] || continue
    [ -e "$from" ] || continue
    if [ -d "$from" ]; then mkdir -p "$seen"; elif [ ! -e "$seen" ]; then mkdir -p "$(dirname "$seen")"; : > "$seen"; fi
    mount -c --rbind "$from" "$seen"
done
shift
exec 3<&- 4<&- 5<&-
cd "$start"
unset OLDPWD
[ -z "$preloaded" ] || export LD_PRELOAD="$preloaded"
eval "$inside"
"#;

/// What the machine lets an entrance do.
#[derive(Debug, Clone)]
pub(crate) struct Isolations {
    /// Network and host name of one's own.
    pub(crate) namespaces: Result<(), String>,
    /// Fresh temporary folders.
    pub(crate) temporary: Result<(), String>,
    /// Processes that end with the first one.
    pub(crate) processes: Result<(), String>,
    /// Whether `setpriv` can end them with this program, too.
    dies_with_parent: bool,
}

impl Isolations {
    /// Nothing, for one reason.
    fn none(why: &str) -> Self {
        let refused: Result<(), String> = Err(why.to_owned());
        Self {
            namespaces: refused.clone(),
            temporary: refused.clone(),
            processes: refused,
            dies_with_parent: false,
        }
    }

    /// Everything.
    #[cfg(test)]
    pub(crate) fn all_for_tests() -> Self {
        Self {
            namespaces: Ok(()),
            temporary: Ok(()),
            processes: Ok(()),
            dies_with_parent: true,
        }
    }

    /// Finds out by trying, all at once and then less and less.
    pub(crate) fn find(runner: &Runner) -> Self {
        if !cfg!(target_os = "linux") {
            return Self::none("namespaces need Linux");
        }
        let mut found = Self {
            namespaces: Ok(()),
            temporary: Ok(()),
            processes: Ok(()),
            dies_with_parent: false,
        };
        if found.probe(runner).is_ok() {
            return found.with_parent(runner);
        }
        found.processes = Err("the system does not allow processes of one's own".to_owned());
        if found.probe(runner).is_ok() {
            return found.with_parent(runner);
        }
        found.temporary = Err("the system does not allow mounts of one's own".to_owned());
        match found.probe(runner) {
            Ok(()) => found.with_parent(runner),
            Err(why) => Self::none(&why),
        }
    }

    fn probe(&self, runner: &Runner) -> Result<(), String> {
        let entrance = Entrance {
            isolations: self,
            host: "probe",
            mounts: Vec::new(),
            start: Path::new("/"),
            inside: "\"$@\"",
            last_process: 1,
        };
        match runner.run(entrance.through(Step::new("true"))) {
            Ok(finished) if finished.is_success() => Ok(()),
            Ok(_) => Err("the system does not allow user namespaces".to_owned()),
            Err(_) => Err("the program `unshare` is not here".to_owned()),
        }
    }

    fn with_parent(mut self, runner: &Runner) -> Self {
        let step = Step::new("setpriv").args(["--pdeathsig", "KILL", "true"]);
        self.dies_with_parent = runner
            .run(step)
            .ok()
            .is_some_and(|finished: Finished| finished.is_success());
        self
    }
}

/// One way in.
#[derive(Debug)]
pub(crate) struct Entrance<'a> {
    pub(crate) isolations: &'a Isolations,
    pub(crate) host: &'a str,
    /// What is seen, and where. What lies below a temporary folder and is not here is not seen.
    pub(crate) mounts: Vec<(PathBuf, PathBuf)>,
    pub(crate) start: &'a Path,
    /// Shell text that starts the program in `"$@"`.
    pub(crate) inside: &'a str,
    /// The number of the last process before the first one.
    pub(crate) last_process: u32,
}

impl Entrance<'_> {
    /// The step, started through this entrance.
    pub(crate) fn through(&self, step: Step) -> Step {
        let own_processes = self.isolations.processes.is_ok();
        let fresh = self.isolations.temporary.is_ok();
        let mut words: Vec<OsString> = ["--map-root-user", "--net", "--uts", "--mount"]
            .map(Into::into)
            .into();
        if own_processes {
            words.extend(["--pid", "--fork", "--kill-child"].map(Into::into));
        }
        words.extend(["sh", "-c", SCRIPT, "sealed", self.host].map(Into::into));
        words.push(self.start.into());
        words.push(self.inside.into());
        let last = if own_processes { self.last_process } else { 0 };
        words.push(last.to_string().into());
        words.push(u32::from(fresh).to_string().into());
        for (from, seen) in &self.mounts {
            words.extend(["-b".into(), from.into(), seen.into()]);
        }
        words.push("--".into());

        if self.isolations.dies_with_parent {
            let before = ["--pdeathsig", "KILL", "unshare"].map(OsString::from);
            return step.through("setpriv", before.into_iter().chain(words));
        }
        step.through("unshare", words)
    }
}

/// Whether a path lies below a folder that everybody writes to.
pub(crate) fn is_below_temporary(path: &Path) -> bool {
    TEMPORARY.iter().any(|top| path.starts_with(top))
}
