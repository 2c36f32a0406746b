//! What is on show: packages whose builds depend on something they should not, pairs of such, and
//! the same ideas done right.

/// Where the code of an case runs.
pub(crate) enum Shape {
    /// An expression of a build script that makes the string the library embeds.
    Script(&'static str),
    /// The library itself.
    Lib(&'static str),
    /// An expression of a proc macro that makes a string; package `<name>-macro` holds it and is to
    /// blame.
    Macro(&'static str),
    /// A build script with a `main` of its own, and the library.
    Build(&'static str, &'static str),
    /// C source that the build script compiles to `libc_part.a` with these arguments, and how the
    /// compiler is called.
    C(&'static str, &'static str),
    /// A build script with a `main` of its own, and a program.
    Bin(&'static str, &'static str),
    /// A library that depends on the package `<name>-dependency`, which lies outside the workspace.
    Outside,
    /// The same as a program: all that differs is how symbols are called.
    OutsideProgram,
    /// A library with two macros, each an expression; `<name>-macro` and `<name>-other-macro` hold
    /// them.
    TwoMacros(&'static str, &'static str),
    /// A macro's expression and the library's text, in which `MACRO` is its call.
    MacroAndLib(&'static str, &'static str),
}

use Shape::{Bin, Build, C, Lib, Macro, MacroAndLib, Outside, OutsideProgram, Script, TwoMacros};

/// A package, and the causes the report has to name: package (`` for its own, else what is put
/// after its name), unit, variation.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) causes: &'static [(&'static str, &'static str, &'static str)],
    pub(crate) shape: Shape,
}

const HASH_ORDER: &str = "(0..20).collect::<std::collections::HashSet<u32>>().into_iter().map(|n| format!(\"{n} \")).collect::<String>()";
const SORTED: &str = "(0..20).collect::<std::collections::BTreeSet<u32>>().into_iter().map(|n| format!(\"{n} \")).collect::<String>()";
const NOW: &str = "format!(\"{:?}\", std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap())";
const FOLDER: &str = "std::fs::read_dir(\"data\").unwrap().map(|e| format!(\"{} \", e.unwrap().file_name().display())).collect::<String>()";
const RANDOM: &str = "{ use std::hash::BuildHasher; std::collections::hash_map::RandomState::new().hash_one(1).to_string() }";
const DEVICE: &str = "{ use std::io::Read; let mut bytes = [0; 8]; std::fs::File::open(\"/dev/urandom\").unwrap().read_exact(&mut bytes).unwrap(); format!(\"{bytes:?}\") }";
const UMASK: &str = "{ use std::os::unix::fs::PermissionsExt; let path = format!(\"{}/new\", std::env::var(\"OUT_DIR\").unwrap()); std::fs::write(&path, \"\").unwrap(); \
                     std::fs::metadata(&path).unwrap().permissions().mode().to_string() }";
const MACRO_FOLDER: &str = "std::fs::read_dir(format!(\"{}/data\", std::env::var(\"CARGO_MANIFEST_DIR\").unwrap())).unwrap()\
                            .map(|e| format!(\"{} \", e.unwrap().file_name().display())).collect::<String>()";
const MACRO_TIME: &str = "format!(\"{:?}\", std::fs::metadata(format!(\"{}/data/b\", std::env::var(\"CARGO_MANIFEST_DIR\").unwrap())).unwrap().modified().unwrap())";
const GENERATED: &str = "include!(concat!(env!(\"OUT_DIR\"), \"/generated.rs\"));\n";
/// Two builds agree every other time.
const ADDRESS_BIT: &str =
    "{ static HERE: u8 = 1; (((&raw const HERE) as usize >> 12) % 2).to_string() }";
/// The same of a macro. Bits below follow from what the compiler's threads mapped before, also
/// where addresses are held still.
const HIGH_ADDRESS_BIT: &str =
    "{ static HERE: u8 = 1; (((&raw const HERE) as usize >> 33) % 2).to_string() }";
/// Most often they come in the order in which they were started.
const RACE: &str = "{ let of = std::sync::Mutex::new(Vec::new()); std::thread::scope(|s| for n in 0..3 { let of = &of; s.spawn(move || of.lock().unwrap().push(n)); }); \
                    format!(\"{:?}\", of.into_inner().unwrap()) }";
const LENGTH: &str = "std::env::current_dir().unwrap().display().to_string().len().to_string()";

macro_rules! cases {
    ($($name:literal: [$($cause:expr),*] $shape:expr;)*) => {
        &[$(Case { name: $name, causes: &[$($cause),*], shape: $shape }),*]
    };
}

const fn script(variation: &'static str) -> (&'static str, &'static str, &'static str) {
    ("", "build-script", variation)
}
const fn lib(variation: &'static str) -> (&'static str, &'static str, &'static str) {
    ("", "lib", variation)
}
const fn of_macro(variation: &'static str) -> (&'static str, &'static str, &'static str) {
    ("-macro", "proc-macro", variation)
}
const fn c(variation: &'static str) -> (&'static str, &'static str, &'static str) {
    ("", "c-object", variation)
}

pub(crate) const CAUSES: &[Case] = cases! {
    "script-time": [script("time")] Script(NOW);
    "script-date-command": [script("time")] Script("run(\"date\", \"+%s\")");
    "script-generated-time": [script("time")] Build("fn main() { generate(&format!(\"pub const AT: &str = {:?};\", format!(\"{:?}\", std::time::SystemTime::now()))); }", GENERATED);
    "script-hash-order": [script("entropy")] Script(HASH_ORDER);
    "script-generated-order": [script("entropy")] Build(
        "fn main() { let names: std::collections::HashSet<u32> = (0..20).collect(); generate(&names.iter().map(|n| format!(\"pub const N{n}: u32 = {n};\\n\")).collect::<String>()); }", GENERATED);
    "script-random": [script("entropy")] Script(RANDOM);
    "script-random-device": [script("entropy")] Script(DEVICE);
    "script-read-dir": [script("file-order")] Script(FOLDER);
    "script-ls-unsorted": [script("file-order")] Script("run(\"ls\", \"-U\").replace('\\n', \" \")");
    "script-user": [script("environment")] Script("std::env::var(\"USER\").unwrap()");
    "script-home": [script("environment")] Script("std::env::var(\"HOME\").unwrap().len().to_string()");
    "script-lang": [script("environment")] Script("std::env::var(\"LANG\").unwrap()");
    "script-lc-all": [script("environment")] Script("std::env::var(\"LC_ALL\").unwrap()");
    "script-zone": [script("environment")] Script("std::env::var(\"TZ\").unwrap()");
    "script-shell": [script("environment")] Script("std::env::var(\"SHELL\").unwrap()");
    "script-all-variables": [script("environment")] Script("std::env::vars().filter(|(name, _)| name.starts_with(\"RELEASE\")).count().to_string()");
    "script-host": [script("host")] Script("run(\"uname\", \"-n\")");
    "script-host-variable": [script("host")] Script("std::env::var(\"HOSTNAME\").unwrap()");
    "script-jobs": [script("jobs")] Script("std::env::var(\"NUM_JOBS\").unwrap()");
    "script-processors": [script("jobs")] Script("std::thread::available_parallelism().unwrap().to_string()");
    "script-umask": [script("umask")] Script(UMASK);
    "script-file-time": [script("file-time")] Script("format!(\"{:?}\", std::fs::metadata(\"data/b\").unwrap().modified().unwrap())");
    "script-tar": [script("file-time"), script("user-id"), script("umask")] Build(
        "fn main() { let to = format!(\"{}/data.tar\", std::env::var(\"OUT_DIR\").unwrap()); \
         assert!(std::process::Command::new(\"tar\").args([\"--sort=name\", \"-cf\", &to, \"data\"]).status().unwrap().success()); }",
        "pub const DATA: &[u8] = include_bytes!(concat!(env!(\"OUT_DIR\"), \"/data.tar\"));\n");
    "script-tar-owner": [script("user-id")] Build(
        "fn main() { let to = format!(\"{}/data.tar\", std::env::var(\"OUT_DIR\").unwrap()); \
         assert!(std::process::Command::new(\"tar\").args([\"--sort=name\", \"--mtime=@0\", \"--mode=644\", \"-cf\", &to, \"data\"]).status().unwrap().success()); }",
        "pub const DATA: &[u8] = include_bytes!(concat!(env!(\"OUT_DIR\"), \"/data.tar\"));\n");
    "script-user-id": [script("user-id")] Script("run(\"id\", \"-u\")");
    "script-user-name": [script("user-id")] Script("run(\"id\", \"-un\")");
    "script-owner": [script("user-id")] Script("{ use std::os::unix::fs::MetadataExt; std::fs::metadata(\"data/b\").unwrap().uid().to_string() }");
    "script-folder-length": [script("path")] Script(LENGTH);
    "script-folder": [script("path")] Script("std::env::current_dir().unwrap().display().to_string()");
    "script-temp-dir": [script("path")] Script("std::env::temp_dir().display().to_string()");
    "script-out-dir-in-code": [script("path")] Build("fn main() { generate(&format!(\"pub const AT: &str = {:?};\", std::env::var(\"OUT_DIR\").unwrap())); }", GENERATED);
    "script-include-absolute": [script("path")] Build("fn main() { generate(&format!(\"pub const A: &str = include_str!({:?});\", std::env::current_dir().unwrap().join(\"data/a\"))); }", GENERATED);
    "script-git-describe": [script("git-history")] Script("run(\"git\", \"describe\")");
    "script-git-count": [script("git-history")] Script("{ let out = std::process::Command::new(\"git\").args([\"rev-list\", \"--count\", \"HEAD\"]).output().unwrap(); String::from_utf8(out.stdout).unwrap().trim().to_string() }");
    "script-source": [script("time")] Build("fn main() { let said = format!(\"{:?}\", std::time::SystemTime::now()); std::fs::write(\"src/generated.rs\", format!(\"pub const SAID: &str = {said:?};\")).unwrap(); }", "include!(\"generated.rs\");\n");
    "script-uptime": [script("time")] Script("std::fs::read_to_string(\"/proc/uptime\").unwrap().trim().to_string()");
    "script-machine-id": [script("host")] Script("std::fs::read_to_string(\"/etc/machine-id\").unwrap_or_default().trim().to_string()");
    "script-kernel-version": [script("kernel")] Script("std::fs::read_to_string(\"/proc/version\").unwrap().trim().to_string()");
    "script-processor": [script("processor")] Script("std::fs::read_to_string(\"/proc/cpuinfo\").unwrap().lines().find(|line| line.starts_with(\"model name\")).unwrap_or_default().to_string()");
    "script-process": [script("none")] Script("std::process::id().to_string()");
    "script-addresses": [script("none")] Script("format!(\"{:p}\", &0 as *const i32)");
    "script-process-parity": [script("none")] Script("(std::process::id() % 2).to_string()");
    "script-address-bit": [script("none")] Script(ADDRESS_BIT);
    "script-race": [script("none")] Script(RACE);
    "script-stop-watch": [script("none")] Script("{ let watch = std::time::Instant::now(); run(\"echo\", \"x\"); watch.elapsed().as_nanos().to_string() }");
    "c-date-and-time": [c("time"), c("environment")] C("const char *said(void) { return __DATE__ __TIME__; }", "env_remove(\"SOURCE_DATE_EPOCH\")");
    "c-time": [c("time"), c("environment")] C("const char *said(void) { return __TIME__; }", "env_remove(\"SOURCE_DATE_EPOCH\")");
    "c-timestamp": [c("file-time"), c("environment")] C("const char *said(void) { return __TIMESTAMP__; }", "env(\"A\", \"\")");
    "c-define": [c("path")] C("const char *said(void) { return HERE; }", "arg(format!(\"-DHERE=\\\"{}\\\"\", std::env::current_dir().unwrap().display()))");
    "lib-manifest-dir": [lib("path")] Lib("pub const SAID: &str = env!(\"CARGO_MANIFEST_DIR\");");
    "lib-out-dir": [lib("path")] Build("fn main() {}", "pub const SAID: &str = env!(\"OUT_DIR\");\n");
    "lib-macro-rules": [lib("path")] Lib("macro_rules! here { () => { concat!(env!(\"CARGO_MANIFEST_DIR\"), \"/data\") } }\npub const SAID: &str = here!();\n");
    "lib-user": [lib("environment")] Lib("pub const SAID: Option<&str> = option_env!(\"USER\");");
    "lib-home": [lib("environment")] Lib("pub const SAID: Option<&str> = option_env!(\"HOME\");");
    "lib-host": [lib("host")] Lib("pub const SAID: Option<&str> = option_env!(\"HOSTNAME\");");
    "macro-time": [of_macro("time")] Macro(NOW);
    "macro-hash-order": [of_macro("entropy")] Macro(HASH_ORDER);
    "macro-random": [of_macro("entropy")] Macro(RANDOM);
    // Two builds agree three times in four.
    "macro-rarely": [of_macro("entropy")] Macro("{ use std::hash::BuildHasher; (std::collections::hash_map::RandomState::new().hash_one(1) % 7 == 0).to_string() }");
    "script-rarely": [script("entropy")] Script("{ use std::hash::BuildHasher; (std::collections::hash_map::RandomState::new().hash_one(1) % 7 == 0).to_string() }");
    "macro-read-dir": [of_macro("file-order")] Macro(MACRO_FOLDER);
    "macro-file-time": [of_macro("file-time")] Macro(MACRO_TIME);
    "macro-user": [of_macro("environment")] Macro("std::env::var(\"USER\").unwrap()");
    "macro-user-id": [of_macro("user-id")] Macro("{ use std::os::unix::fs::MetadataExt; std::fs::metadata(\"/proc/self\").unwrap().uid().to_string() }");
    "macro-host": [of_macro("host")] Macro("std::env::var(\"HOSTNAME\").unwrap()");
    "macro-folder": [of_macro("path")] Macro("std::env::var(\"CARGO_MANIFEST_DIR\").unwrap()");
    "macro-processors": [of_macro("jobs")] Macro("std::thread::available_parallelism().unwrap().to_string()");
    "macro-process-parity": [of_macro("none")] Macro("(std::process::id() % 2).to_string()");
    "macro-address-bit": [of_macro("none")] Macro(HIGH_ADDRESS_BIT);
    "macro-race": [of_macro("none")] Macro(RACE);
    "macro-process": [of_macro("none")] Macro("std::process::id().to_string()");
    "link-build-id": [("", "link", "entropy")] Bin("fn main() { println!(\"cargo::rustc-link-arg-bins=-Wl,--build-id=uuid\"); }", "fn main() {}\n");
    "outside": [("-dependency", "lib", "path")] Outside;
    "outside-program": [("-dependency", "lib", "path")] OutsideProgram;
    // The name of a C source is a symbol of the program.
    "c-file-name": [c("none")] Bin(
        "fn main() { let out = std::env::var(\"OUT_DIR\").unwrap(); let (source, object) = (format!(\"{out}/{}.c\", std::process::id()), format!(\"{out}/part.o\")); \
         std::fs::write(&source, \"static int two(void) { return 2; } int (*said(void))(void) { return two; }\").unwrap(); \
         assert!(std::process::Command::new(\"cc\").args([\"-c\", &source, \"-o\", &object]).status().unwrap().success()); \
         assert!(std::process::Command::new(\"ar\").args([\"crsD\", &format!(\"{out}/libc_part.a\"), &object]).status().unwrap().success()); \
         std::fs::remove_file(source).unwrap(); \
         println!(\"cargo::rustc-link-search=native={out}\"); println!(\"cargo::rustc-link-lib=static=c_part\"); }",
        "unsafe extern \"C\" { fn said() -> *const u8; }\nfn main() { assert!(unsafe { !said().is_null() }) }\n");
};

pub(crate) const PAIRS: &[Case] = cases! {
    "pair-time-user": [script("time"), script("environment")] Script("format!(\"{:?}{}\", std::time::SystemTime::now(), std::env::var(\"USER\").unwrap())");
    "pair-order-folder": [script("file-order"), script("path")] Script(concat!("std::fs::read_dir(\"data\").unwrap().map(|e| e.unwrap().file_name().display().to_string()).collect::<String>() + ",
        "&std::env::current_dir().unwrap().display().to_string().len().to_string()"));
    "pair-script-and-lib": [script("time"), lib("path")] Build(
        "fn main() { println!(\"cargo::rustc-env=SAID={:?}\", std::time::SystemTime::now()); }",
        "pub const SAID: &str = env!(\"SAID\");\npub const AT: &str = env!(\"CARGO_MANIFEST_DIR\");\n");
    "pair-macro-and-lib": [of_macro("entropy"), lib("environment")] MacroAndLib(HASH_ORDER, "pub const SAID: &str = MACRO;\npub const USER: Option<&str> = option_env!(\"USER\");\n");
    "pair-macros": [of_macro("time"), ("-other-macro", "proc-macro", "entropy")] TwoMacros(NOW, HASH_ORDER);
    "pair-umask-order": [script("umask"), script("entropy")] Script(concat!("{ use std::os::unix::fs::PermissionsExt; let path = format!(\"{}/new\", std::env::var(\"OUT_DIR\").unwrap()); std::fs::write(&path, \"\").unwrap(); ",
        "format!(\"{}{:?}\", std::fs::metadata(&path).unwrap().permissions().mode(), (0..20).collect::<std::collections::HashSet<u32>>()) }"));
    "pair-history-host": [script("git-history"), script("host")] Script("run(\"git\", \"describe\") + &run(\"uname\", \"-n\")");
    "pair-jobs-zone": [script("jobs"), script("environment")] Script("std::env::var(\"NUM_JOBS\").unwrap() + &std::env::var(\"TZ\").unwrap()");
    "pair-home-and-folder": [lib("environment"), lib("path")] Lib("pub const SAID: Option<&str> = option_env!(\"USER\");\npub const AT: &str = env!(\"CARGO_MANIFEST_DIR\");\n");
    "pair-process-time": [script("none"), script("time")] Script("format!(\"{}{:?}\", std::process::id(), std::time::SystemTime::now())");
};

pub(crate) const HARMLESS: &[Case] = cases! {
    "good-sorted-set": [] Script(SORTED);
    "good-hash-sorted": [] Script("{ let mut of: Vec<u32> = (0..20).collect::<std::collections::HashSet<u32>>().into_iter().collect(); of.sort(); format!(\"{of:?}\") }");
    "good-hash-lookup": [] Macro("(0..20).collect::<std::collections::HashSet<u32>>().contains(&7).to_string()");
    "good-random-unused": [] Script("{ let _ = std::fs::read_to_string(\"/dev/null\"); std::collections::HashMap::<u8, u8>::new().len().to_string() }");
    "good-epoch": [] Script("std::env::var(\"SOURCE_DATE_EPOCH\").unwrap()");
    "good-epoch-or-now": [] Script("std::env::var(\"SOURCE_DATE_EPOCH\").unwrap_or_else(|_| format!(\"{:?}\", std::time::SystemTime::now()))");
    "good-epoch-or-now-macro": [] Macro("std::env::var(\"SOURCE_DATE_EPOCH\").unwrap_or_else(|_| format!(\"{:?}\", std::time::SystemTime::now()))");
    "good-epoch-unused": [] Script("std::env::var(\"SOURCE_DATE_EPOCH\").map_or(\"unknown\".to_string(), |_| \"unknown\".to_string())");
    "good-epoch-macro": [] Macro("std::env::var(\"SOURCE_DATE_EPOCH\").unwrap()");
    "good-date-command": [] Script("run(\"sh\", \"data/date.sh\")");
    "good-read-dir": [] Script("{ let mut names: Vec<String> = std::fs::read_dir(\"data\").unwrap()\
             .map(|e| e.unwrap().file_name().display().to_string()).collect(); names.sort(); names.concat() }");
    "good-ls": [] Script("run(\"ls\", \"data\").replace('\\n', \" \")");
    "good-clock-unused": [] Script("{ let _ = std::time::SystemTime::now(); \"fixed\".to_string() }");
    "good-stop-watch-unused": [] Script("{ let watch = std::time::Instant::now(); run(\"echo\", \"x\"); (watch.elapsed().as_nanos() > 0).to_string() }");
    "good-user-unused": [] Script("std::env::var(\"USER\").map(|_| \"fixed\".to_string()).unwrap()");
    "good-variables": [] Script("std::env::vars().any(|(name, _)| name == \"CARGO\").to_string()");
    "good-host-unused": [] Script("(!run(\"uname\", \"-n\").is_empty()).to_string()");
    "good-jobs-unused": [] Script("(std::env::var(\"NUM_JOBS\").unwrap() != \"0\").to_string()");
    "good-processors-unused": [] Script("(std::thread::available_parallelism().unwrap().get() > 0).to_string()");
    "good-mode": [] Script("{ use std::os::unix::fs::PermissionsExt; let path = format!(\"{}/new\", std::env::var(\"OUT_DIR\").unwrap()); std::fs::write(&path, \"\").unwrap(); \
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap(); std::fs::metadata(&path).unwrap().permissions().mode().to_string() }");
    "good-file-time": [] Script("std::fs::metadata(\"data/b\").unwrap().len().to_string()");
    "good-tar": [] Build(
        "fn main() { let to = format!(\"{}/data.tar\", std::env::var(\"OUT_DIR\").unwrap()); \
         assert!(std::process::Command::new(\"tar\").args([\"--sort=name\", \"--mtime=@0\", \"--owner=0\", \"--group=0\", \"--numeric-owner\", \"--mode=644\", \"-cf\", &to, \"data\"]).status().unwrap().success()); }",
        "pub const DATA: &[u8] = include_bytes!(concat!(env!(\"OUT_DIR\"), \"/data.tar\"));\n");
    "good-untar": [] Build(
        "fn main() { let out = std::env::var(\"OUT_DIR\").unwrap(); let to = format!(\"{out}/data.tar\"); \
         assert!(std::process::Command::new(\"tar\").args([\"--sort=name\", \"--mtime=@0\", \"--owner=1234\", \"--group=1234\", \"--mode=644\", \"-cf\", &to, \"data/a\"]).status().unwrap().success()); \
         assert!(std::process::Command::new(\"tar\").args([\"-C\", &out, \"-xf\", &to]).status().unwrap().success()); }",
        "pub const DATA: &[u8] = include_bytes!(concat!(env!(\"OUT_DIR\"), \"/data/a\"));\n");
    "good-owner": [] Script("{ use std::os::unix::fs::MetadataExt; (std::fs::metadata(\"data/b\").unwrap().uid() == std::fs::metadata(\"/proc/self\").unwrap().uid()).to_string() }");
    "good-user-id-unused": [] Script("(!run(\"id\", \"-u\").is_empty()).to_string()");
    "good-folder": [] Script("std::env::current_dir().unwrap().join(\"data/a\").is_file().to_string()");
    "good-temp-file": [] Script("{ let path = std::env::temp_dir().join(format!(\"good-{}\", std::process::id())); std::fs::write(&path, \"x\").unwrap(); let text = std::fs::read_to_string(&path).unwrap(); \
        std::fs::remove_file(&path).unwrap(); text }");
    "good-generated": [] Build("fn main() { generate(\"pub fn one(x: &[u8]) -> u8 { x[1] }\"); }", GENERATED);
    "good-log-in-out-dir": [] Build("fn main() { std::fs::write(format!(\"{}/log\", std::env::var(\"OUT_DIR\").unwrap()), format!(\"{:?}\", std::time::SystemTime::now())).unwrap(); }", "pub const ONE: u8 = 1;\n");
    "good-warning": [] Build("fn main() { println!(\"cargo::warning=it is {:?}\", std::time::SystemTime::now()); }", "pub const ONE: u8 = 1;\n");
    "good-git": [] Script("{ let out = std::process::Command::new(\"git\").args([\"rev-parse\", \"HEAD\"]).output().unwrap(); String::from_utf8(out.stdout).unwrap().trim().to_string() }");
    "good-git-dirty": [] Script("{ let out = std::process::Command::new(\"git\").args([\"diff-index\", \"--quiet\", \"HEAD\"]).status().unwrap(); out.success().to_string() }");
    "good-race": [] Macro("{ let of = std::sync::Mutex::new(Vec::new()); std::thread::scope(|s| for n in 0..3 { let of = &of; s.spawn(move || of.lock().unwrap().push(n)); }); \
        let mut of = of.into_inner().unwrap(); of.sort(); format!(\"{of:?}\") }");
    "good-process-said": [] Build("fn main() { let of: std::collections::HashSet<u32> = (0..20).collect(); println!(\"{} {of:?}\", std::process::id()); \
        std::fs::write(format!(\"{}/log-{}\", std::env::var(\"OUT_DIR\").unwrap(), std::process::id()), \"x\").unwrap(); }", "pub const ONE: u8 = 1;\n");
    "good-address": [] Macro("(&*Box::new(1u8) as *const u8 as usize > 4096).to_string()");
    "good-threads": [] Script("{ let mut of: Vec<u32> = (0..8).map(|n| std::thread::spawn(move || n)).map(|t| t.join().unwrap()).collect(); of.sort(); format!(\"{of:?}\") }");
    "good-c-date": [] C("const char *said(void) { return __DATE__ __TIME__; }", "env(\"A\", \"\")");
    "good-c-file": [] C("const char *said(void) { return __FILE__; }", "arg(\"-g\")");
    "good-include": [] Lib("pub const SAID: &str = include_str!(concat!(env!(\"CARGO_MANIFEST_DIR\"), \"/data/a\"));");
    "good-file": [] Lib("pub const SAID: &str = file!();");
    "good-panic": [] Lib("pub fn first(of: &[u8]) -> u8 { assert!(!of.is_empty(), \"nothing\"); of[0] }");
    "good-version": [] Lib("macro_rules! version { () => { env!(\"CARGO_PKG_VERSION\") } }\npub const SAID: &str = version!();\npub const NO: Option<&str> = option_env!(\"NOT_THERE\");\n");
    "good-macro": [] Macro(SORTED);
    "good-macro-folder": [] Macro("std::fs::read_to_string(format!(\"{}/data/a\", std::env::var(\"CARGO_MANIFEST_DIR\").unwrap())).unwrap()");
    "good-macro-user": [] Macro("std::env::var(\"USER\").map(|_| \"fixed\".to_string()).unwrap()");
    "good-build-id": [] Bin("fn main() { println!(\"cargo::rustc-link-arg-bins=-Wl,--build-id=sha1\"); }", "fn main() {}\n");
};
