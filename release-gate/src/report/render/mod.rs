//! One envelope, five looks. Pure: text in, text out; the terminal prints it.

mod github;
mod human;
mod junit;
mod sarif;

pub use self::github::github;
pub use self::human::{human, human_list};
pub use self::junit::junit;
pub use self::sarif::sarif;
pub use crate::text::{markup, visible};

#[cfg(test)]
mod tests;
