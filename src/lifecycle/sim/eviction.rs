//! The taint eviction controller, the pod garbage collector, and the fences. Sources:
//! `pkg/controller/tainteviction`, `pkg/controller/podgc`.

use super::{Choose, Happening, Part, Point, Sim, What};
use crate::lifecycle::facts::{Kind, NodeId, Patience, PodId, Storage};
use crate::lifecycle::placer::{Mark, News, Placer};
use crate::lifecycle::story::Fence;
use crate::lifecycle::window::{Millis, Window};

/// What the requests for the eviction of one pod take at the client's rate limit.
const REQUESTS: Millis = 150;

impl<P: Placer> Sim<P> {
    /// Starts the clock of each pod of a node that bears NoExecute taints.
    pub(super) fn impatient(&mut self, node: NodeId) {
        let pods = self.on(node);
        for &pod in &pods {
            self.start_patience(pod, node, pods.len());
        }
    }

    /// Starts the clock of one pod of so many on its node: the shortest toleration decides, an untolerated taint
    /// evicts now.
    pub(super) fn start_patience(&mut self, pod: PodId, node: NodeId, crowd: usize) {
        if self.pod(pod).terminating {
            return;
        }
        let facts = self.facts_of(pod);
        let state = self.node(node);
        let unreachable = if state.no_execute { facts.unreachable } else { Patience::Forever };
        let fenced = if state.out_of_service { facts.out_of_service } else { Patience::Forever };
        let (patience, part) =
            if fenced < unreachable { (fenced, Part::Fence) } else { (unreachable, Part::Toleration) };
        let delay = match patience {
            Patience::Forever => return,
            Patience::None => Window::ZERO,
            Patience::For(length) => Window::at(length),
        };
        // A clock that runs already is only ever replaced by a shorter one.
        let running = self.agenda.iter().any(|e| e.what == Happening::Evict(pod));
        if running && patience != Patience::None {
            return;
        }
        self.cancel(|what| what == Happening::Evict(pod));
        // The controller manager's client is limited to 20 requests a second, and an eviction takes some
        // three: the last of many pods goes later.
        let crowd = u64::try_from(crowd).unwrap_or(u64::MAX).saturating_mul(REQUESTS);
        self.after(delay + self.reaction().late(crowd), part, Happening::Evict(pod));
    }

    /// The pod is marked for deletion. On a live node it ends by itself, on a dead one it stays, unless
    /// its grace period is 0.
    pub(super) fn terminate(&mut self, pod: PodId) {
        self.delete(pod, false);
    }

    /// As [`Sim::terminate`], with the scheduler's mark on its victims.
    pub(super) fn delete(&mut self, pod: PodId, preempted: bool) {
        if !self.pod(pod).exists || self.pod(pod).terminating {
            return;
        }
        self.note(What::Terminating(pod));
        self.pod_mut(pod).terminating = true;
        self.cancel(|what| {
            matches!(what, Happening::Evict(p) | Happening::Retire(p) | Happening::Drained(p)
                | Happening::Schedule(p) | Happening::Started(p) | Happening::Flush(p) if p == pod)
        });
        let workload = self.pod(pod).workload;
        match self.pod(pod).node {
            // The API server deletes an unbound pod at once.
            None => self.after(self.reaction(), Part::Same, Happening::Gone(pod)),
            Some(node) => {
                self.placer.terminate(pod, preempted);
                if self.facts_of(pod).grace == 0 {
                    // The API server removes the object at once; nobody asks the kubelet.
                    self.after(self.reaction(), Part::Same, Happening::Gone(pod));
                } else if self.node(node).alive {
                    self.end_of(pod);
                } else {
                    self.collectable(node);
                }
            }
        }
        self.reconcile(workload);
    }

    /// A live kubelet ends the pod: at the latest when its grace period does, and nobody knows how soon before.
    pub(super) fn end_of(&mut self, pod: PodId) {
        if self.agenda.iter().any(|e| e.what == Happening::Gone(pod)) {
            return;
        }
        let grace = self.facts_of(pod).grace;
        let longest = self.facts.clocks.shutdown.map_or(grace, |longest| longest.min(grace));
        let delay = Window::between(0, longest) + self.reaction();
        self.after(delay, Part::Shutdown, Happening::Gone(pod));
    }

    /// Puts the Terminating pods of a node that the garbage collector may delete on the agenda.
    pub(super) fn collectable(&mut self, node: NodeId) {
        let state = self.node(node);
        let delay = match (state.exists, state.out_of_service && !state.ready) {
            (false, _) => self.facts.clocks.orphan_collection(),
            (true, true) => self.facts.clocks.collection(),
            (true, false) => return,
        };
        let orphaned = !state.exists;
        for pod in self.on(node) {
            let due = orphaned || self.pod(pod).terminating;
            if due && !self.agenda.iter().any(|e| e.what == Happening::Collect(pod)) {
                self.after(delay, Part::Collection, Happening::Collect(pod));
            }
        }
    }

    /// Somebody says that the node is dead.
    pub(super) fn fence(&mut self, node: NodeId, fence: Fence) {
        if !self.api {
            return;
        }
        match fence {
            Fence::OutOfService => {
                self.node_mut(node).out_of_service = true;
                self.placer.mark(node, Mark::OutOfService, true);
                if self.node(node).queued {
                    // Both write the Node object: the taint of the controller may have to be tried again.
                    let interval = self.facts.clocks.eviction_interval;
                    for entry in self.agenda.iter_mut().filter(|e| e.what == Happening::NoExecute(node)) {
                        entry.when = entry.when.late(interval);
                        entry.seen = entry.seen.late(interval);
                    }
                }
                self.wake(News::Tainted(node));
                self.impatient(node);
                self.collectable(node);
            }
            Fence::DeleteNode => {
                let state = self.node_mut(node);
                state.exists = false;
                state.ready = false;
                state.no_execute = false;
                state.queued = false;
                state.out_of_service = false;
                self.placer.register(node, false);
                let on = self.on(node);
                self.cancel(|what| match what {
                    Happening::Evict(p) => on.contains(&p),
                    Happening::Unknown(n) | Happening::NoExecute(n) => n == node,
                    _ => false,
                });
                self.collectable(node);
                self.reconcile_all();
            }
            Fence::ForceDelete => {
                for pod in self.on(node) {
                    if self.pod(pod).terminating && !self.node(node).alive {
                        self.cancel(|what| what == Happening::Collect(pod));
                        self.after(self.reaction(), Part::Fence, Happening::Collect(pod));
                    }
                }
            }
        }
    }

    /// The out-of-service taint is removed; nothing was scheduled there while it stayed.
    pub(super) fn unfence(&mut self, node: NodeId) {
        if !self.api || !self.node(node).out_of_service {
            return;
        }
        self.node_mut(node).out_of_service = false;
        self.placer.mark(node, Mark::OutOfService, false);
        let on = self.on(node);
        self.cancel(|what| matches!(what, Happening::Collect(p) if on.contains(&p)));
        self.wake(News::Untainted(node));
        self.reconcile_all();
    }

    /// The pod's object goes: its room is free, and a StatefulSet may make its successor.
    pub(super) fn gone(&mut self, pod: PodId, choose: &mut impl Choose) {
        if !self.pod(pod).exists {
            return;
        }
        let (workload, node) = (self.pod(pod).workload, self.pod(pod).node);
        if self.facts_of(pod).storage == Storage::Local && self.facts_of(pod).kind == Kind::Bare {
            self.workloads[usize::from(workload.0)].exists = false;
        }
        self.pod_mut(pod).exists = false;
        self.pod_mut(pod).ready = false;
        self.cancel(|what| {
            matches!(what, Happening::Evict(p) | Happening::Collect(p) | Happening::Gone(p) | Happening::Started(p)
                | Happening::Schedule(p) | Happening::Retire(p) | Happening::Drained(p) | Happening::Flush(p) if p == pod)
        });
        if node.is_none() {
            self.nominate(pod, None);
        }
        self.placer.remove(pod);
        let missed = self.victims_end(pod, choose);
        if let Some(node) = node {
            self.wake_except(News::Gone(pod, workload, node), &missed);
        }
        self.reconcile(workload);
        self.retry_refused(workload);
        self.retry_drains();
    }

    /// Strikes an ended pod from the lists of those who wait for it. A victim without grace period may
    /// end while a second pod is still about to delete it: that one is gated.
    fn victims_end(&mut self, victim: PodId, choose: &mut impl Choose) -> Vec<PodId> {
        let instant = self.facts_of(victim).grace == 0;
        let mut waiting: Vec<PodId> =
            self.live().filter(|(_, p)| p.awaits.contains(&victim)).map(|(id, _)| id).collect();
        waiting.sort_by_key(|&p| self.pod(p).failed_at);
        let mut missed = Vec::new();
        for (i, &pod) in waiting.iter().enumerate() {
            self.pod_mut(pod).awaits.retain(|&v| v != victim);
            if i > 0 && instant && choose.choose(Point::Missed(pod), 2) == 1 {
                missed.push(pod);
            }
        }
        missed
    }
}
