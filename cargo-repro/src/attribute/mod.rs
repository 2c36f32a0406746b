//! From a root to its causes: what differs is looked at, and the one call is repeated with one
//! variation at a time.

mod blame;
mod chance;
mod epoch;
mod evidence;
mod experiment;
mod explain;
mod factors;
mod fixes;
mod hints;
mod latent;
mod outputs;
mod profile;
mod replay;
mod repository;
mod search;
mod settings;
mod subject;
pub(crate) mod switches;

pub(crate) use epoch::find_epoch_users;
pub(crate) use experiment::Experiment;
pub(crate) use explain::explain;
pub(crate) use latent::{LatentSearch, find_latent};
pub(crate) use profile::{strip_that_makes_equal, stripping};
pub(crate) use repository::find_repository_users;
