//! `cargo sign keygen`.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use clap::Args;
use release_gate::fs::write_atomic;
use release_gate::git::Git;
use release_gate::public_key::hex;
use release_gate::{Context, Error, Outcome, Result};

use super::key_args::PassphraseArgs;
use crate::key::{self, Passphrase, Secret};
use crate::model::config::COMMITTED_KEY;

#[derive(Debug, Args)]
pub(crate) struct KeygenArgs {
    /// Where the secret key goes [default: release-gates/release.key in the user's folder of
    /// configurations, outside of every project]
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// Also write the public half into release-keys/ of the project, to be committed
    #[arg(long)]
    pub(crate) init: bool,
    /// Take over this secret key (minisign, rsign2, OpenSSH, PKCS#8 or base64 of the seed) instead
    /// of making one
    #[arg(long, value_name = "FILE")]
    pub(crate) import: Option<PathBuf>,
    /// Read the passphrase of the imported key from this file descriptor [default: ask at the
    /// terminal]
    #[arg(
        long,
        value_name = "N",
        requires = "import",
        conflicts_with = "import_no_passphrase"
    )]
    pub(crate) import_passphrase_fd: Option<u32>,
    /// The imported key's passphrase is empty (`rsign generate -W`)
    #[arg(long, requires = "import")]
    pub(crate) import_no_passphrase: bool,
    #[command(flatten)]
    pub(crate) passphrase: PassphraseArgs,
}

/// The four files of a key pair.
struct Files {
    secret: PathBuf,
    public: PathBuf,
    signers: PathBuf,
    pem: PathBuf,
}

impl Files {
    fn beside(secret: PathBuf) -> Self {
        Self {
            public: key::with_suffix(&secret, ".pub"),
            signers: key::with_suffix(&secret, ".allowed_signers"),
            pem: key::with_suffix(&secret, ".pem"),
            secret,
        }
    }

    fn names(&self) -> String {
        format!(
            "{} (secret), {}, {}, {}",
            self.secret.display(),
            self.public.display(),
            self.signers.display(),
            self.pem.display()
        )
    }
}

pub(crate) fn run(cx: &mut Context, args: &KeygenArgs) -> Result<Outcome> {
    let secret = match &args.out {
        Some(path) => path.clone(),
        None => default_place()?,
    };
    refuse_work_tree(cx, &secret)?;
    if args.passphrase.source() == Passphrase::None {
        key::refuse_open_place(&secret)?;
    }
    let files = Files::beside(secret);
    for path in [&files.secret, &files.public] {
        if path.exists() {
            return Err(Error::usage(format!("`{}` is there already", path.display())).with_help(
                "a key is never overwritten: choose another name with --out, or move the old one away",
            ));
        }
    }
    let committed = if args.init {
        Some(committed_place(cx)?)
    } else {
        None
    };
    if cx.args().dry_run {
        cx.terminal.status("Would write", files.names());
        return Ok(Outcome::Done);
    }

    let key = make_key(args)?;
    let text = key::to_openssh(&key, "release key", args.passphrase.source())?;
    write_secret(&files.secret, text.as_bytes())?;
    let public = key.public();
    let minisign = public.minisign(&format!("minisign public key {}", hex(&public.id)));
    let pem = public.pem().map_err(|error| {
        Error::judge("the public key cannot be written as PEM").with_source(error)
    })?;
    write_atomic(&files.public, minisign.as_bytes())?;
    write_atomic(
        &files.signers,
        public.allowed_signers("maintainer").as_bytes(),
    )?;
    write_atomic(&files.pem, pem.as_bytes())?;
    cx.terminal.status("Wrote", files.names());
    cx.terminal.status("Fingerprint", public.fingerprint());
    match committed {
        Some(path) => {
            write_atomic(&path, minisign.as_bytes())?;
            cx.terminal.status("Wrote", path.display().to_string());
            cx.terminal.note("commit it so that users can pin it");
        }
        None => cx.terminal.note(format!(
            "commit the public key as {COMMITTED_KEY} so that users can pin it"
        )),
    }
    Ok(Outcome::Done)
}

/// A new key, or the one that is imported.
fn make_key(args: &KeygenArgs) -> Result<Secret> {
    let Some(file) = &args.import else {
        return key::generate();
    };
    let passphrase = match (args.import_passphrase_fd, args.import_no_passphrase) {
        (Some(number), _) => Passphrase::Descriptor(number),
        (None, true) => Passphrase::None,
        (None, false) => Passphrase::Ask,
    };
    key::load(Some(file), passphrase)
}

/// A place that belongs to the user and to no project.
fn default_place() -> Result<PathBuf> {
    let folder = folder_of_variable("XDG_CONFIG_HOME")
        .or_else(|| folder_of_variable("APPDATA").filter(|_| cfg!(windows)))
        .or_else(|| folder_of_variable("HOME").map(|home| home.join(".config")));
    let folder = folder.ok_or_else(|| {
        Error::usage("the system names no folder for the key").with_help("name a file with --out")
    })?;
    Ok(folder.join("release-gates").join("release.key"))
}

/// A folder that a variable names from the root.
fn folder_of_variable(name: &str) -> Option<PathBuf> {
    std::env::var_os(name)
        .map(PathBuf::from)
        .filter(|dir| dir.is_absolute())
}

/// Where the public half is committed; a key that is there stays there.
fn committed_place(cx: &mut Context) -> Result<PathBuf> {
    let path = cx.project()?.root.join(COMMITTED_KEY);
    if path.exists() {
        return Err(Error::usage(format!("`{COMMITTED_KEY}` is there already"))
            .with_help("a project that has a key rotates it: `cargo sign keys rotate`"));
    }
    Ok(path)
}

/// A secret in a work tree is one `git add` away from everybody who has the repository.
fn refuse_work_tree(cx: &Context, secret: &Path) -> Result<()> {
    let mut folder = std::path::absolute(secret).map_err(|error| {
        Error::usage(format!("`{}` is not a path", secret.display())).with_source(error)
    })?;
    folder.pop();
    let Some(existing) = folder.ancestors().find(|dir| dir.is_dir()) else {
        return Ok(());
    };
    let Some(git) = Git::discover(existing, &cx.runner)? else {
        return Ok(());
    };

    // What the repository ignores is not added by accident.
    let file = std::path::absolute(secret).unwrap_or_else(|_| secret.to_owned());
    let step = git
        .step()
        .env("GIT_LITERAL_PATHSPECS", "0")
        .args(["check-ignore", "--quiet", "--"])
        .arg(file);

    if git.run(step)?.is_success() {
        return Ok(());
    }

    Err(Error::usage(format!(
        "`{}` lies in the work tree of a repository, where a secret key is committed by accident",
        secret.display()
    ))
    .with_help("leave --out away, or name a file outside of the work tree"))
}

/// A secret is never readable by others, not even for a moment, and never replaces a file.
fn write_secret(path: &Path, bytes: &[u8]) -> Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    if let Some(folder) = path.parent().filter(|dir| !dir.as_os_str().is_empty()) {
        make_private(folder)?;
    }
    let written = options.open(path).and_then(|mut file| {
        file.write_all(bytes)
            .and_then(|()| file.sync_all())
            .inspect_err(|_| {
                // Half a key is not a key.
                let _ = std::fs::remove_file(path);
            })
    });
    written.map_err(|error| {
        Error::judge(format!("cannot write `{}`", path.display())).with_source(error)
    })
}

/// A folder that is made for a secret is open to nobody else.
fn make_private(folder: &Path) -> Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder).map_err(|error| {
        Error::judge(format!("cannot make the folder `{}`", folder.display())).with_source(error)
    })
}
