//! Flags of everything that builds.

use clap::Args;

/// Options of everything that builds.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct BuildArgs {
    /// Build the work tree although it has uncommitted changes; the report says so
    #[arg(long, global = true)]
    pub(crate) allow_dirty: bool,
    /// Keep the sandboxes, and say where they are
    #[arg(long, global = true)]
    pub(crate) keep: bool,
    /// Cargo profile [default: release]
    #[arg(long, value_name = "NAME", global = true)]
    pub(crate) profile: Option<String>,
    /// Number of parallel jobs of build A [default: number of processors]
    #[arg(short, long, value_name = "N", global = true)]
    pub(crate) jobs: Option<usize>,
    /// Find linkers for other systems by themselves: cross gcc, mingw-w64, zig
    #[arg(long, global = true)]
    pub(crate) cross: bool,
    /// Targets of what is rebuilt, where the command line names none.
    #[arg(skip)]
    pub(crate) targets: Vec<String>,
}
