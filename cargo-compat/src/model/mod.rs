//! The public API as rustdoc describes it. Pure: reads no file, starts nothing.

pub mod declaration;
pub mod names;
pub mod render;
pub mod surface;
