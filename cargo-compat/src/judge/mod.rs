//! What the compiler's answers and the structures mean: changes, each with its bump, and the
//! verdict. Pure.

pub mod adjust;
pub mod cause;
pub mod coherence;
pub mod descriptions;
pub mod gaps;
pub mod group;
pub mod layout;
pub mod manifest;
pub mod members;
pub mod moved;
pub mod reached;
pub mod reshaped;
pub mod shape;
pub mod structural;
pub mod symbols;
pub mod unseen;
pub mod waivers;
