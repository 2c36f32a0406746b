//! What this executable is when a sealed build calls it: RUSTC_WRAPPER, or a C compiler's stand-in.
//!
//! Both only add path remaps and write down what was called; they must never change what is
//! compiled otherwise, and must not print. Which one is meant is decided by the name it is called
//! by, and only inside a sealed build ([`TOOLS_ENV`]).

mod cc;
mod dispatch;
mod rustc;
mod spec;

pub(crate) use cc::is_compiler;
pub(crate) use dispatch::dispatch;
pub(crate) use spec::{SPEC, SandboxSpec, TOOLS_ENV, WRAPPER};
