//! Planned work: drain. Source: `kubectl drain` and the eviction API (`pkg/registry/core/pod/rest`).

use super::{Happening, Part, Sim};
use crate::lifecycle::facts::{Kind, NodeId, PodId};
use crate::lifecycle::placer::Placer;
use crate::lifecycle::window::Window;

/// `kubectl drain` asks again after five seconds when a budget forbids an eviction.
const AGAIN: Window = Window { earliest: 0, latest: Some(5_000) };

impl<P: Placer> Sim<P> {
    /// Cordons the node and asks for the eviction of every pod that no DaemonSet owns.
    pub(super) fn drain(&mut self, node: NodeId) {
        self.cordon(node, true);
        for pod in self.on(node) {
            if self.facts_of(pod).kind != Kind::DaemonSet && !self.pod(pod).terminating {
                self.after(self.reaction(), Part::Drain, Happening::Drained(pod));
            }
        }
    }

    /// The eviction API deletes the pod if every budget that guards it allows one more.
    pub(super) fn drained(&mut self, pod: PodId) {
        if self.pod(pod).exists && !self.pod(pod).terminating && self.budget_allows(pod) {
            self.terminate(pod);
        }
    }

    /// Whether the budgets let one pod go: those that are ready less those that must remain. A pod that
    /// is not ready counts for nothing and may always go.
    fn budget_allows(&self, pod: PodId) -> bool {
        !self.pod(pod).ready
            || self.facts.budgets.iter().filter(|b| b.guards.contains(&self.pod(pod).workload)).all(
                |budget| {
                    let ready = self
                        .live()
                        .filter(|(_, p)| budget.guards.contains(&p.workload) && p.ready && !p.terminating)
                        .count();
                    ready > budget.must_remain as usize
                },
            )
    }

    /// Evictions that a budget refused are asked for again once something has changed.
    pub(super) fn retry_drains(&mut self) {
        if self.facts.budgets.is_empty() {
            return;
        }
        for node in self.node_ids() {
            if !self.node(node).cordoned {
                continue;
            }
            for pod in self.on(node) {
                let asked = self.agenda.iter().any(|e| e.what == Happening::Drained(pod));
                let refused = self.log.iter().any(|e| e.what == super::What::Fired(Happening::Drained(pod)));
                if refused && !asked && !self.pod(pod).terminating && self.budget_allows(pod) {
                    self.after(AGAIN + self.reaction(), Part::Drain, Happening::Drained(pod));
                }
            }
        }
    }
}
