//! The program on small projects: pairs of libraries, workspaces, bad input.
//!
//! One program holds them all: it links once, and its tests run beside each other.

mod bad_input;
mod behaviour;
mod causes;
mod dependents;
mod feature_lists;
mod features;
mod macros;
mod pairs;
mod sides;
mod table;
mod workspace;
