//! placeholder
use super::cluster::Outcome;
use super::{Report, Scene};
pub(super) fn run(_: &Scene, _: &mut Report) -> Outcome {
    Ok(())
}
