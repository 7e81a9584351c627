//! Scores: the gap that taints, node affinity and pod affinity guarantee between two nodes, less
//! everything that the other plugins can swing. Weights and formulas of the default profile,
//! `pkg/scheduler/apis/config/v1/default_plugins.go` and the plugins' `score.go`, v1.34.

use super::Bounds;
use crate::lifecycle::{NodeId, WorkloadId};
use crate::prove::world::World;

/// Weights of the default profile.
const TAINTS: i64 = 3;
const NODE_AFFINITY: i64 = 2;
const POD_AFFINITY: i64 = 2;
const SPREAD: i64 = 2;
/// The highest score of a plugin.
const MAX: i64 = 100;
/// Bytes below which an image attracts nobody, and above which it attracts no more (per container).
const IMAGE_LEAST: i64 = 23 << 20;
const IMAGE_MOST: i64 = 1000 << 20;

/// What is assumed of images on the nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Images {
    /// Nothing.
    Any,
    /// No container's image is larger than so many bytes.
    UpTo(i64),
}

/// The cap that is tried where images of any size would not do.
pub(super) const IMAGE_CAP: i64 = 512 << 20;

impl Bounds<'_> {
    /// How much higher `better` scores than `worse` for the class at least, without pod affinity, which the
    /// caller knows more about; node resources count as `resources`.
    pub(super) fn gap(
        self,
        class: WorkloadId,
        better: NodeId,
        worse: NodeId,
        images: Images,
        least_allocated: i64,
    ) -> i64 {
        let facts = self.world.class(class);
        let (b, w) = (usize::from(better.0), usize::from(worse.0));
        let taints = reversed_gap(&facts.prefer_not, &facts.allowed, b, w) * TAINTS;
        let affinity = straight_gap(&facts.node_affinity, &facts.allowed, b, w) * NODE_AFFINITY;
        let spread = if facts.spreads || !self.world.even_topology { MAX * SPREAD } else { 0 };
        taints + affinity - spread - least_allocated - balance_swing(self.world) - self.image_swing(images)
    }

    /// The swing of pod affinity when nothing is known about who stands where.
    pub(super) fn affinity_swing(self, class: WorkloadId) -> i64 {
        if self.world.class(class).pod_pull { MAX * POD_AFFINITY } else { 0 }
    }

    fn image_swing(self, images: Images) -> i64 {
        let nodes = i64::try_from(self.world.places.len()).unwrap_or(i64::MAX).max(1);
        match images {
            Images::Any => MAX,
            // An image that one node lacks counts by the share of nodes that have it.
            Images::UpTo(size) => {
                let counted = size / nodes * (nodes - 1);
                (MAX * (counted.min(IMAGE_MOST) - IMAGE_LEAST).max(0)).div_euclid(IMAGE_MOST - IMAGE_LEAST)
                    + 1
            }
        }
    }
}

/// NodeResourcesBalancedAllocation with CPU and memory: half its range; the newer formula uses all of it.
fn balance_swing(world: &World) -> i64 {
    if world.minor >= 36 || world.resources.len() > 3 { MAX } else { MAX / 2 }
}

/// The least gap after `DefaultNormalizeScore` in reverse (fewer is better), over all nodes that may be
/// among the feasible ones.
fn reversed_gap(raw: &[i64], allowed: &[bool], better: usize, worse: usize) -> i64 {
    let score = |value: i64, max: i64| if max == 0 { MAX } else { MAX - MAX * value / max };
    least(raw, allowed, better, worse, |max| score(raw[better], max) - score(raw[worse], max))
}

/// The same for more is better.
fn straight_gap(raw: &[i64], allowed: &[bool], better: usize, worse: usize) -> i64 {
    let score = |value: i64, max: i64| if max == 0 { 0 } else { MAX * value / max };
    least(raw, allowed, better, worse, |max| score(raw[better], max) - score(raw[worse], max))
}

/// The minimum over every maximum that the feasible nodes may have.
fn least(raw: &[i64], allowed: &[bool], better: usize, worse: usize, gap: impl Fn(i64) -> i64) -> i64 {
    let floor = raw[better].max(raw[worse]);
    let others = raw.iter().zip(allowed).filter(|(v, a)| **a && **v >= floor).map(|(v, _)| *v);
    others.chain([floor]).map(gap).min().unwrap_or(0)
}
