//! What goes out beside the envelope: VEX, OSV and notices.

pub mod notices;
pub mod osv;
pub mod vex;
