//! The rule catalogue.

use release_gate::{Level, Rule};

macro_rules! rules {
    ($($name:ident = $id:literal, $level:ident, $summary:literal, $why:literal;)*) => {
        $(pub(crate) const $name: Rule = Rule { id: $id, level: Level::$level, summary: $summary, why: $why, link: "" };)*
        /// Every rule of this tool.
        pub const RULES: &[Rule] = &[$($name),*];
    };
}

rules! {
    ARTIFACT_DIFFERS = "artifact-differs", Deny, "two builds of one commit made different files",
        "Nobody can check that the published file was made from the published source. The causes are listed beside it.";
    PATH = "path-embedded", Deny, "the output depends on the folder it was built in",
        "Panic messages and debug information are remapped by sealed builds; what is left was put there by `env!`, a macro, a build \
         script, or comes from a path dependency outside the workspace, whose absolute path cargo hashes into symbol names.";
    TIME = "time-embedded", Deny, "the output depends on the clock",
        "Sealed builds set SOURCE_DATE_EPOCH to the commit's time; whatever embeds a time has to take it from there.";
    FILE_TIME = "file-time-embedded", Deny, "the output depends on modification times of files",
        "Git keeps no modification times, so every checkout has others.";
    ENTROPY = "entropy", Deny, "the output depends on random numbers",
        "Most often a macro or build script iterates over a HashMap, whose order is random by design. Two builds can agree by luck.";
    FILE_ORDER = "file-order", Deny, "the output depends on the order in which folders list their files",
        "File systems list in any order they like. Sort what `read_dir` returns.";
    ENVIRONMENT = "environment-embedded", Deny, "the output depends on environment variables of the machine",
        "HOME, USER, LANG and TZ differ between machines; a release must not.";
    HOST = "host-embedded", Deny, "the output depends on the machine's name",
        "It tells users where it was built and nothing else.";
    JOBS = "jobs-dependent", Deny, "the output depends on the number of jobs",
        "Machines have different numbers of processors.";
    UMASK = "umask-dependent", Deny, "the output depends on the umask",
        "Permissions of new files differ between users.";
    USER_ID = "user-id-embedded", Deny, "the output depends on the user that builds",
        "Archives that a build script packs hold owners, and `whoami` is somebody else on every machine.";
    GIT_HISTORY = "git-history-embedded", Deny, "the output depends on how much of the history git knows",
        "A shallow clone, as continuous integration makes it, has no tags and counts other commits.";
    NONDETERMINISTIC = "nondeterministic", Deny, "the same call gives different outputs",
        "Threads, memory addresses or the compiler itself decide. Fewer codegen units or a newer compiler may help.";
    UNEXPLAINED = "unexplained", Deny, "the outputs differ and no single cause was found",
        "Several causes may act together. The evidence and `cargo repro diff` show where the files differ.";
    LATENT = "latent", Warn, "intermediate files differ although the artifacts are equal",
        "The next change of the compiler, of an option or of luck can carry the difference into the artifact.";
    NEEDS_EPOCH = "needs-epoch", Note, "plain builds embed the clock's time",
        "It is taken from SOURCE_DATE_EPOCH, which sealed builds set to the commit's time. Where that is not set, every build has another.";
    NO_ARTIFACTS = "no-artifacts", Note, "the package builds nothing that could be released",
        "It has no library, program or foreign library with these features and targets, so there was nothing to compare.";
    UNITS_DIFFER = "other-units", Deny, "one build compiled units the other did not",
        "A build script or configuration decides by its surroundings what is built.";
    SEARCH_SHORT = "seeds-not-tried", Note, "a cause that hides by luck was not looked for everywhere",
        "Build scripts and macros that ask for random numbers, the number of their process or threads are repeated with other ones, for a bounded time. What was not reached may \
         still differ one time in a few.";
    LOCK_NOT_COMMITTED = "lock-not-committed", Warn, "Cargo.lock is not part of the commit",
        "Somebody else who builds the commit gets other dependencies. The work tree's lock file was used.";
    DIRTY = "dirty", Warn, "uncommitted changes were built",
        "What was built is not what the commit holds, so nobody can repeat it.";
    LFS_POINTER = "lfs-pointer", Warn, "a large file was exported as a pointer",
        "The repository holds only a pointer to it; run `git lfs pull` and make sure the build does not need it.";
    SMOKE_FAILED = "smoke-failed", Deny, "a released program does not start",
        "Every executable is run once with `[repro] smoke` (default `--version`, else `--help`).";
    SMOKE_SKIPPED = "smoke-skipped", Warn, "a released program could not be tried",
        "It is for another target and no runner is configured: `[repro.target.<triple>] runner = [\"qemu-aarch64\"]`.";
    CHECK_FAILED = "check-failed", Deny, "a check in the sealed place failed",
        "`[repro] checks` run on the exported commit, without the network.";
    TOOLCHAIN_DIFFERS = "toolchain-differs", Warn, "this machine's toolchain is another one",
        "Another compiler makes other code; install the recorded one before comparing.";
    NOT_GUARDED = "not-guarded", Warn, "others' code ran with the caller's files in reach",
        "Configuration, build scripts and macros of the rebuilt project run programs. Where the system gives namespaces they see the toolchain \
         and a throw-away place and nothing else; here they ran as the caller. Where this is denied, a rebuild ends before they run.";
    REBUILD_DIFFERS = "rebuild-differs", Deny, "the rebuilt artifact is not the published one",
        "The published file was not made from this commit with this toolchain, or the build is not reproducible.";
    CRATE_COMMIT_MISSING = "crate-commit-missing", Deny, "the published crate names no commit that is here",
        "`.cargo_vcs_info.json` records the commit a crate was packed from; without it nobody can compare them.";
    CRATE_DIRTY = "crate-dirty", Deny, "the crate was packed from uncommitted changes",
        "Its `.cargo_vcs_info.json` says so.";
    CRATE_DIFFERS = "crate-differs", Deny, "a file of the published crate is not the commit's",
        "What users download is not what the repository shows.";
    CRATE_NORMALIZED = "crate-normalized", Note, "a file differs because cargo writes it when packing",
        "Cargo rewrites Cargo.toml and may resolve Cargo.lock again when it packs.";
    FILES_DIFFER = "files-differ", Deny, "the two differ",
        "What changed is listed by section and symbol, causes before consequences.";
    INPUTS_DIFFER = "inputs-differ", Deny, "the two builds were not of the same inputs",
        "Builds can be compared only if commit and lock file are the same, and a rebuild states nothing where buildinfo.json says otherwise than it is.";
}
