//! From a repository and an artifact folder to one [`Release`](crate::model::release::Release): the
//! only place where reading and modelling meet.
//!
//! Must never: judge or render.

mod deltas;
pub mod range;
pub mod release;
pub mod target;
pub mod whole;
