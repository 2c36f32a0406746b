//! The shared flags: cargo's, with cargo's meaning, and the suite's own.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

/// What reports look like on standard output.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum MessageFormat {
    /// Text for people.
    #[default]
    Human,
    /// The report itself: one JSON object.
    Json,
    /// GitHub workflow annotations.
    Github,
    /// SARIF 2.1.0 for code scanning.
    Sarif,
    /// JUnit XML.
    Junit,
}

/// Colours: cargo's `--color`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On terminals only.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// What `--generate` prints.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[expect(missing_docs, reason = "shells and documents, by their own names")]
pub enum Generate {
    Bash,
    Elvish,
    Fish,
    Powershell,
    Zsh,
    Man,
    Reference,
    Rules,
    Schemas,
    Configuration,
}

/// Flags every call of every gate takes.
#[derive(Debug, Clone, Default, Args)]
#[non_exhaustive]
pub struct SharedArgs {
    #[command(flatten, next_help_heading = "Package Selection")]
    #[expect(missing_docs, reason = "cargo's own flag")]
    pub manifest: clap_cargo::Manifest,

    #[command(flatten, next_help_heading = "Package Selection")]
    #[expect(missing_docs, reason = "cargo's own flags")]
    pub workspace: clap_cargo::Workspace,

    #[command(flatten, next_help_heading = "Feature Selection")]
    #[expect(missing_docs, reason = "cargo's own flags")]
    pub features: clap_cargo::Features,

    /// Build for the target triple (may be given more than once)
    #[arg(
        long,
        value_name = "TRIPLE",
        help_heading = "Compilation Options",
        hide_short_help = true
    )]
    pub target: Vec<String>,

    /// Assert that `Cargo.lock` will remain unchanged
    #[arg(long, help_heading = "Manifest Options", hide_short_help = true)]
    pub locked: bool,
    /// Run without accessing the network
    #[arg(long, help_heading = "Manifest Options", hide_short_help = true)]
    pub offline: bool,
    /// Equivalent to specifying both --locked and --offline
    #[arg(long, help_heading = "Manifest Options", hide_short_help = true)]
    pub frozen: bool,

    /// Where reports and artifacts go [default: release-gates in the target folder]
    #[arg(
        long,
        value_name = "DIR",
        env = "RELEASE_GATES_ARTIFACT_DIR",
        hide_env_values = true,
        help_heading = "Common Options",
        hide_short_help = true
    )]
    pub artifact_dir: Option<PathBuf>,
    /// Configuration file [default: release-gates.toml, .config/release-gates.toml, or the
    /// manifest's metadata]
    #[arg(
        long,
        value_name = "FILE",
        env = "RELEASE_GATES_CONFIG",
        hide_env_values = true,
        help_heading = "Common Options",
        hide_short_help = true
    )]
    pub config: Option<PathBuf>,
    /// Report format
    #[arg(
        long,
        value_name = "FORMAT",
        value_enum,
        default_value_t,
        hide_default_value = true,
        long_help = "Format of the report on standard output [default: human]",
        help_heading = "Common Options"
    )]
    pub message_format: MessageFormat,
    /// Fail on findings of this rule
    #[arg(
        long,
        value_name = "RULE",
        help_heading = "Common Options",
        hide_short_help = true
    )]
    pub deny: Vec<String>,
    /// Only warn about findings of this rule
    #[arg(
        long,
        value_name = "RULE",
        help_heading = "Common Options",
        hide_short_help = true
    )]
    pub warn: Vec<String>,
    /// Keep findings of this rule as notes
    #[arg(
        long,
        value_name = "RULE",
        help_heading = "Common Options",
        hide_short_help = true
    )]
    pub allow: Vec<String>,
    /// Explain a rule and exit; without RULE, list all of them
    #[arg(
        long,
        value_name = "RULE",
        num_args = 0..=1,
        default_missing_value = "list",
        help_heading = "Common Options"
    )]
    pub explain: Option<String>,
    /// Say what would be written outside the artifact folder, and write nothing there
    #[arg(long, help_heading = "Common Options", hide_short_help = true)]
    pub dry_run: bool,

    /// Coloring
    #[arg(
        long,
        value_name = "WHEN",
        value_enum,
        help_heading = "Common Options",
        hide_short_help = true
    )]
    pub color: Option<Color>,
    /// Do not print steps and notes
    #[arg(
        short,
        long,
        conflicts_with = "verbose",
        help_heading = "Common Options"
    )]
    pub quiet: bool,
    /// Say more: what is run, and how long it took
    #[arg(short, long, action = clap::ArgAction::Count, help_heading = "Common Options")]
    pub verbose: u8,
    /// Print completions for a shell, the man page, or a generated document, and exit
    #[arg(
        long,
        value_name = "WHAT",
        value_enum,
        help_heading = "Common Options",
        hide_short_help = true
    )]
    pub generate: Option<Generate>,
}

impl SharedArgs {
    /// `--manifest-path`, where given.
    pub fn manifest_path(&self) -> Option<&Path> {
        self.manifest.manifest_path.as_deref()
    }

    /// `--manifest-path` as arguments for cargo.
    pub fn manifest_args(&self) -> Vec<std::ffi::OsString> {
        self.manifest_path()
            .map(|path| vec!["--manifest-path".into(), path.into()])
            .unwrap_or_default()
    }

    /// `--features`, `--all-features` and `--no-default-features` as arguments for cargo.
    pub fn feature_args(&self) -> Vec<String> {
        let mut args = Vec::new();
        if self.features.all_features {
            args.push("--all-features".to_owned());
        }
        if self.features.no_default_features {
            args.push("--no-default-features".to_owned());
        }
        let named = self.named_features();
        if !named.is_empty() {
            args.extend(["--features".to_owned(), named.join(",")]);
        }
        args
    }

    /// `--locked`, `--offline` and `--frozen` as arguments for cargo.
    pub fn lock_args(&self) -> Vec<&'static str> {
        [
            ("--locked", self.locked),
            ("--offline", self.offline),
            ("--frozen", self.frozen),
        ]
        .into_iter()
        .filter_map(|(flag, given)| given.then_some(flag))
        .collect()
    }

    /// `--target` as arguments for cargo.
    pub fn target_args(&self) -> Vec<&str> {
        self.target
            .iter()
            .flat_map(|target| ["--target", target])
            .collect()
    }

    /// Whether Cargo.lock has to be there as it is: `--locked` or `--frozen`.
    pub fn is_locked(&self) -> bool {
        self.locked || self.frozen
    }

    /// Whether the network must not be used.
    pub fn is_offline(&self) -> bool {
        self.offline || self.frozen
    }

    /// Features asked for as reports show them: sorted, without duplicates, the two switches as
    /// they are spelled.
    pub fn feature_list(&self) -> Vec<String> {
        let mut list = self.named_features();
        if self.features.all_features {
            list.push("--all-features".to_owned());
        }
        if self.features.no_default_features {
            list.push("--no-default-features".to_owned());
        }
        list.sort();
        list.dedup();
        list
    }

    /// Cargo separates features by commas and white space.
    fn named_features(&self) -> Vec<String> {
        let lists = self.features.features.iter();
        lists
            .flat_map(|list| list.split([',', ' ']))
            .filter(|name| !name.is_empty())
            .map(str::to_owned)
            .collect()
    }

    /// The nearest folder, from the manifest's or the current one upwards, that holds a
    /// configuration.
    pub(crate) fn config_root(&self) -> Option<PathBuf> {
        let start = match self.manifest_path() {
            Some(path) => std::path::absolute(path).ok()?.parent()?.to_owned(),
            None => std::env::current_dir().ok()?,
        };
        start
            .ancestors()
            .find(|dir| {
                dir.join("release-gates.toml").is_file()
                    || dir.join(".config/release-gates.toml").is_file()
            })
            .map(Path::to_owned)
    }
}
