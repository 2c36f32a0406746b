//! The command line.

use clap::Parser;
use release_gate::SharedArgs;

use crate::command::args::CompatArgs;

/// Which version bump does this public API need, with a compiled proof for every break
#[derive(Debug, Parser)]
#[command(after_help = "Examples:
  cargo compat                          compare with the newest release tag below this version
  cargo compat --against v1.0.0         compare with a git revision
  cargo compat --against 1.2.3          compare with a published version (or `latest`)
  cargo compat --against ../old         compare with a folder
  cargo compat --harness                run the old release's tests, too
  cargo compat --dependents bat@0.25    compile a user of the crate with both sides, too
  cargo compat --against v1.0.0 --witness witnesses/1-function.rs
                                        compile one saved program against both sides")]
pub struct Cli {
    #[command(flatten)]
    pub(crate) shared: SharedArgs,
    #[command(flatten)]
    pub(crate) compat: CompatArgs,
}
