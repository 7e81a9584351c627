//! Two pods keep apart: whichever comes second finds another node with room, and every such node scores
//! higher than the one where the first stands.

use super::pull::{IMAGE_CAP, Images};
use super::scene::Scene;
use super::{Bounds, State, bit};
use crate::lifecycle::{NodeId, WorkloadId};
use crate::prove::verdict::Argument;
use crate::prove::world::{CPU, MEMORY};

/// The highest score of a plugin, and the weight of InterPodAffinity.
const MAX: i64 = 100;
const POD_AFFINITY: i64 = 2;

impl<'a> Bounds<'a> {
    /// Pods of the two classes never share a node, if that can be shown from creation on. Only sound for a
    /// state in which nothing was lost.
    #[must_use]
    pub fn apart(self, a: WorkloadId, b: WorkloadId, state: &State) -> Option<Vec<Argument>> {
        if self.world.conflict(a, b) {
            return Some(vec![Argument::Required]);
        }
        let (x, y) = (usize::from(a.0), usize::from(b.0));
        if state.may[x] & state.may[y] & state.alive == 0 {
            return Some(vec![Argument::NoCommonNode]);
        }
        if !state.keeps[x] || !state.keeps[y] || a == b {
            return None;
        }
        let scene = Scene::over(self, state, self.loads(state));
        let mut why = self.second_keeps_away(a, b, &scene)?;
        why.extend(self.second_keeps_away(b, a, &scene)?);
        why.dedup();
        Some(why)
    }

    fn second_keeps_away(
        self,
        second: WorkloadId,
        first: WorkloadId,
        scene: &Scene<'a, '_>,
    ) -> Option<Vec<Argument>> {
        let state = scene.state;
        let facts = self.world.class(second);
        let single = facts.replicas == 1 && self.world.class(first).replicas == 1;
        if facts.beyond.is_some() || facts.daemon || !single {
            return None;
        }
        // Nobody else pulls or repels, so the first one's node alone scores low.
        let others = self.world.ids().filter(|&c| c != first && c != second);
        let alone = others
            .into_iter()
            .all(|c| self.world.repels(second, c) == 0 && self.world.repels(c, second) == 0);
        let repelled = self.world.repels(second, first) + self.world.repels(first, second);
        if !alone || repelled <= 0 {
            return None;
        }
        let mut why = Vec::new();
        for taken in
            self.set(state.may[usize::from(first.0)] & state.may[usize::from(second.0)] & state.alive)
        {
            let free = state.may[usize::from(second.0)] & state.alive & !bit(taken);
            why.push(self.room(second, free, scene, Some(first))?);
            let mut proof = None;
            for images in [Images::Any, Images::UpTo(IMAGE_CAP)] {
                let gaps = self.set(free).map(|node| {
                    let swing = self.allocation_swing(second, first, node, taken, state);
                    self.gap(second, node, taken, images, swing) + MAX * POD_AFFINITY
                });
                let least = gaps.min()?;
                if least > 0 {
                    let cap = matches!(images, Images::UpTo(_)).then_some(IMAGE_CAP);
                    proof = Some(Argument::Pull { margin: least, image_cap: cap });
                    break;
                }
            }
            why.push(proof?);
        }
        Some(why)
    }

    /// How much higher NodeResourcesFit can score `taken` (where at least `first` stands) than `node` (where
    /// everything else may stand). Source: `least_allocated.go`: the mean over CPU and memory of the free share.
    fn allocation_swing(
        self,
        second: WorkloadId,
        first: WorkloadId,
        node: NodeId,
        taken: NodeId,
        state: &State,
    ) -> i64 {
        let score = |place: NodeId, used: &[i64; 2]| {
            let limits = &self.world.place(place).allocatable;
            let one = |r: usize| {
                let limit = limits[r].max(1);
                (limit - used[r]).max(0).saturating_mul(MAX) / limit
            };
            (one(CPU) + one(MEMORY)) / 2
        };
        let own = self.world.class(second).scored;
        let there = self.world.class(first).scored;
        let least = [own[CPU] + there[CPU], own[MEMORY] + there[MEMORY]];
        let mut most = own;
        for class in self.world.ids() {
            let facts = self.world.class(class);
            if class == first || class == second || state.may[usize::from(class.0)] & bit(node) == 0 {
                continue;
            }
            let number = if facts.daemon { 1 } else { facts.replicas.saturating_mul(2) };
            for (m, s) in most.iter_mut().zip(facts.scored) {
                *m = m.saturating_add(s.saturating_mul(number));
            }
        }
        (score(taken, &least) - score(node, &most)).clamp(0, MAX)
    }
}
