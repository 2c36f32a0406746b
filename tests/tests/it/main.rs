//! The five gates together, started as programs, as users and templates start them.
//!
//! One program holds them all: it links once, and its tests run beside each other.

mod bad_input;
mod calling;
mod composed;
mod documentation;
mod exit_codes;
mod gitlab;
mod guide;
mod help;
mod installer;
mod killed;
mod pictures;
mod pipeline;
mod private_paths;
mod readme;
mod reference;
mod renamed_fields;
mod script;
mod shared_place;
mod statement;
mod templates;
mod tutorial;
mod whole_run;
mod words;
mod work_tree;
