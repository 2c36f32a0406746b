//! The rule catalogue.

release_gate::rules! {
    ARTIFACT_DIFFERS = "artifact-differs", Deny, "two builds of one commit made different files",
        "Nobody can check that the published file was made from the published source. The causes are listed beside it.";
    PATH = "path-embedded", Deny, "the output depends on the folder it was built in",
        "Sealed builds remap panic messages and debug information. What is left comes from `env!`, a macro or a build script, or from a path \
         dependency outside the workspace: cargo hashes its absolute path into symbol names.";
    TIME = "time-embedded", Deny, "the output depends on the clock",
        "Sealed builds set SOURCE_DATE_EPOCH to the commit's time. Code that embeds a time has to take it from there.";
    FILE_TIME = "file-time-embedded", Deny, "the output depends on modification times of files",
        "Git keeps no modification times, so they differ in every checkout.";
    ENTROPY = "entropy", Deny, "the output depends on random numbers",
        "Most often a macro or build script iterates over a HashMap, whose order is random by design. Two builds can agree by luck.";
    FILE_ORDER = "file-order", Deny, "the output depends on the order in which folders list their files",
        "File systems list in any order they like. Sort what `read_dir` returns.";
    ENVIRONMENT = "environment-embedded", Deny, "the output depends on environment variables of the machine",
        "HOME, USER, LANG and TZ differ between machines. A release must not depend on them.";
    HOST = "host-embedded", Deny, "the output depends on the machine's name",
        "It tells users where it was built and nothing else.";
    JOBS = "jobs-dependent", Deny, "the output depends on the number of jobs",
        "Machines have different numbers of processors.";
    UMASK = "umask-dependent", Deny, "the output depends on the umask",
        "Permissions of new files differ between users.";
    USER_ID = "user-id-embedded", Deny, "the output depends on the user that builds",
        "Archives that a build script packs hold owners, and `whoami` is somebody else on every machine.";
    GIT_HISTORY = "git-history-embedded", Deny, "the output depends on how much of the history git knows",
        "A shallow clone, as CI makes it, has no tags and another number of commits.";
    KERNEL = "kernel-embedded", Deny, "the output depends on the release of the kernel",
        "`uname -r` differs on nearly every machine, and says nothing about what was built.";
    PROCESSOR = "processor-dependent", Deny, "the output depends on what the building processor can do",
        "`target-cpu=native` and probes of the processor make programs that other machines cannot build, and often cannot run.";
    NONDETERMINISTIC = "nondeterministic", Deny, "the same call gives different outputs",
        "Threads, memory addresses or the compiler itself decide. Fewer codegen units or a newer compiler may help.";
    UNEXPLAINED = "unexplained", Deny, "the outputs differ and no single cause was found",
        "Several causes may act together. The evidence and `cargo repro diff` show where the files differ.";
    LATENT = "latent", Warn, "intermediate files differ although the artifacts are equal",
        "The next change of the compiler or of an option can carry the difference into the artifact. So can bad luck.";
    NEEDS_EPOCH = "needs-epoch", Note, "plain builds embed the clock's time",
        "It is taken from SOURCE_DATE_EPOCH, which sealed builds set to the commit's time. Where it is not set, every build gets another time.";
    NEEDS_REPOSITORY = "needs-repository", Note, "the output depends on whether there is a git repository",
        "Source packages of distributions and of the registry have none, so anyone who builds from one gets other bytes than the release.";
    PLAIN_BUILD = "plain-build", Note, "plain builds embed the folder they are built in",
        "Panic messages and debug information name sources. Sealed builds map their folders away; plain cargo does so with `trim-paths`, where it has it.";
    NO_ARTIFACTS = "no-artifacts", Note, "the package builds nothing that could be released",
        "It has no library, program or foreign library with these features and targets, so there was nothing to compare.";
    UNITS_DIFFER = "other-units", Deny, "one build compiled units the other did not",
        "A build script or the configuration decides what is built, depending on its surroundings.";
    SEARCH_SHORT = "seeds-not-tried", Note, "a cause that hides by luck was not looked for everywhere",
        "Build scripts and macros that ask for random numbers, their process number or threads are repeated with other values, for a bounded time. What was not reached may \
         still differ one time in a few.";
    LOCK_NOT_COMMITTED = "lock-not-committed", Warn, "Cargo.lock is not part of the commit",
        "Somebody else who builds the commit gets other dependencies. The work tree's lock file was used.";
    DIRTY = "dirty", Warn, "uncommitted changes were built",
        "What was built differs from the commit, so the build cannot be repeated.";
    LFS_POINTER = "lfs-pointer", Warn, "a large file was exported as a pointer",
        "The repository holds only a pointer to it; run `git lfs pull` and make sure the build does not need it.";
    SMOKE_FAILED = "smoke-failed", Deny, "a released program does not start",
        "Every executable is run once with `[repro] smoke` (default `--version`, else `--help`).";
    SMOKE_SKIPPED = "smoke-skipped", Warn, "a released program could not be tried",
        "It is for another target, and nothing here runs it: wine64 starts programs for Windows, qemu-user those for other processors, and \
         `[repro.target.<triple>] runner` names anything else.";
    CHECK_FAILED = "check-failed", Deny, "a check in the sandbox failed",
        "`[repro] checks` run on the exported commit, without the network.";
    TOOLCHAIN_DIFFERS = "toolchain-differs", Warn, "this machine has another toolchain",
        "Another compiler makes other code. Install the recorded toolchain, then compare again.";
    NOT_GUARDED = "not-guarded", Warn, "others' code ran with the caller's files in reach",
        "Configuration, build scripts and macros of the rebuilt project run programs. Where the system has namespaces, they see only the toolchain \
         and a temporary folder. Here they ran with the caller's rights. If you deny this rule, a rebuild ends before they run.";
    REBUILD_DIFFERS = "rebuild-differs", Deny, "the rebuilt artifact is not the published one",
        "The published file was not made from this commit with this toolchain, or the build is not reproducible.";
    CRATE_COMMIT_MISSING = "crate-commit-missing", Deny, "the published crate names no commit that is here",
        "`.cargo_vcs_info.json` records the commit that a crate was packed from. Without it the two cannot be compared.";
    CRATE_DIRTY = "crate-dirty", Deny, "the crate was packed from uncommitted changes",
        "Its `.cargo_vcs_info.json` says so.";
    CRATE_DIFFERS = "crate-differs", Deny, "a file of the published crate is not the commit's",
        "What users download is not what the repository shows.";
    CRATE_TAG_DIFFERS = "crate-tag-differs", Warn, "the tag of the version is another commit than the crate names",
        "Anyone who reads the source at the tag reads other code than was published.";
    CRATE_NORMALIZED = "crate-normalized", Note, "a file differs because cargo writes it when packing",
        "Cargo rewrites Cargo.toml and may resolve Cargo.lock again when it packs.";
    FILES_DIFFER = "files-differ", Deny, "the two differ",
        "What changed is listed by section and symbol, causes before consequences.";
    NOT_JUDGED_MACHINE_SETTING = "not-judged-machine-setting", Warn, "a setting of this machine was not used",
        "Variables such as CARGO_PROFILE_RELEASE_LTO and configuration outside the commit change what plain cargo builds here. Sealed builds leave them out, because other machines do not have them.";
    NOT_JUDGED_VARIATION = "not-judged-variation", Warn, "something that should not matter was not varied",
        "What both builds share can decide without being noticed. The entry says what this machine lacks.";
    NOT_JUDGED_MACHINE = "not-judged-machine", Note, "both builds ran on this machine",
        "What two builds on one machine always share is compared by `cargo repro compare` of two machines' builds.";
    NOT_JUDGED_PINNED = "not-judged-pinned", Note, "something is pinned and was not varied",
        "`[repro] pin` keeps it from varying in sealed builds. Plain builds still depend on it.";
    NOT_JUDGED_REPETITION = "not-judged-repetition", Note, "a call was not repeated often enough",
        "Macros and build scripts that depend on chance can agree by luck. What was not reached in the time for it may still differ.";
    NOT_JUDGED_PROGRAMS = "not-judged-programs", Warn, "what programs the build started was not observed",
        "Without the interposer it is not known which linker and C compiler ran, so buildinfo.json names none.";
    NOT_JUDGED_LOCK = "not-judged-lock", Note, "which versions of dependencies were meant is not known",
        "Where the commit holds no Cargo.lock, the published one can only be compared with what a registry gives.";
    NOT_JUDGED_CRATE = "not-judged-crate", Warn, "a published crate was not compared with its repository",
        "Its repository is not among those that were named, or does not have the commit it was packed from.";
    NOT_JUDGED_START = "not-judged-start", Note, "a released program was not started",
        "Nothing here runs programs for its target, or it did not answer; `smoke-skipped` says which.";
    INPUTS_DIFFER = "inputs-differ", Deny, "the two builds had different inputs",
        "Builds can be compared only if commit and lock file are the same, and a rebuild proves nothing where buildinfo.json contradicts it.";
}
