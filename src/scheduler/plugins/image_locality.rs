//! ImageLocality: nodes that hold the pod's images already score higher, the more nodes hold them.

use super::Scores;
use crate::kube::PodSpec;
use crate::scheduler::decide::Cycle;
use crate::scheduler::world::{Class, Image};
use crate::scheduler::{NodeSet, World};

const MIB: i64 = 1024 * 1024;
/// Below this sum of image sizes the score is 0.
const LEAST: i64 = 23 * MIB;
/// Above this sum per container the score is 100.
const MOST_PER_CONTAINER: i64 = 1000 * MIB;

pub(super) fn score(cycle: &Cycle<'_>, feasible: NodeSet, scores: &mut Scores<'_>) -> bool {
    let complete = cycle.state.registered == cycle.world.all_nodes();
    for node in feasible.iter() {
        let score = if complete {
            cycle.class.image_score[node.index()]
        } else {
            raw(cycle.world, cycle.class, cycle.state.registered, node.index())
        };
        scores.raw[node.index()] = score;
        scores.normalised[node.index()] = score;
    }
    true
}

/// The score of one node, given the registered ones.
#[expect(clippy::cast_precision_loss, reason = "the scheduler computes in float64 as well")]
#[expect(clippy::cast_possible_truncation, reason = "cut as Go cuts it")]
pub(in crate::scheduler) fn raw(world: &World, class: &Class, registered: NodeSet, node: usize) -> i64 {
    let total = registered.len() as f64;
    let mut sum: i64 = 0;
    for image in class.images.iter().map(|i| &world.images[*i]) {
        let holders = image.nodes & registered;
        if holders.iter().any(|n| n.index() == node) {
            sum = sum.saturating_add((image.size as f64 * (holders.len() as f64 / total)) as i64);
        }
    }
    let most = MOST_PER_CONTAINER.saturating_mul(class.containers);
    if most <= LEAST {
        return 0;
    }
    let clamped = sum.clamp(LEAST, most);
    i64::try_from(100 * i128::from(clamped - LEAST) / i128::from(most - LEAST)).unwrap_or(0)
}

/// Images of a pod among those that nodes hold, once per container; a name without a tag means `:latest`.
pub(in crate::scheduler) fn images_of(spec: &PodSpec, images: &[Image]) -> Vec<usize> {
    let containers = spec.init_containers.iter().chain(&spec.containers);
    let tagged = |name: &str| match (name.rfind(':'), name.rfind('/')) {
        (None, _) => format!("{name}:latest"),
        (Some(colon), Some(slash)) if colon <= slash => format!("{name}:latest"),
        _ => name.to_owned(),
    };
    containers
        .filter_map(|c| images.binary_search_by(|i| i.name.as_str().cmp(&tagged(&c.image))).ok())
        .collect()
}
