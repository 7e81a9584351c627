//! The controllers: who makes, replaces and retires pods. Sources: `pkg/controller/replicaset`,
//! `deployment`, `statefulset`, `daemon`, `job`.

use std::sync::Arc;

use super::{Happening, Part, PodState, Queue, Sim, What};
use crate::lifecycle::facts::{Kind, NodeId, Patience, PodId, Storage, WorkloadId};
use crate::lifecycle::placer::Placer;
use crate::lifecycle::window::Window;

/// How long a controller may wait before it tries a refused pod again.
const RETRY: Window = Window { earliest: 0, latest: Some(120_000) };

impl<P: Placer> Sim<P> {
    /// A workload is created.
    pub(super) fn introduce(&mut self, workload: WorkloadId) {
        if let Some(state) = self.workloads.get_mut(usize::from(workload.0)) {
            state.exists = true;
        }
        self.reconcile(workload);
    }

    /// A pod of a workload that runs already, ready on `node`: how a dump or a record begins.
    pub fn adopt(&mut self, workload: WorkloadId, node: NodeId) -> PodId {
        let kind = self.facts.workloads[usize::from(workload.0)].kind;
        let ordinal = match kind {
            Kind::DaemonSet => u32::from(node.0),
            Kind::StatefulSet { .. } => u32::try_from(self.newest_of(workload).count()).unwrap_or(0),
            _ => 0,
        };
        let pod = self.new_pod(workload, ordinal, 0);
        self.workloads[usize::from(workload.0)].exists = true;
        self.placer.bind(pod, node);
        let state = self.pod_mut(pod);
        state.node = Some(node);
        state.ready = true;
        state.begun = true;
        self.placer.started(pod, 0);
        self.claim(workload, ordinal, node);
        pod
    }

    /// A new revision of the pod template.
    pub(super) fn restart(&mut self, workload: WorkloadId) {
        let Some(facts) = self.facts.workloads.get(usize::from(workload.0)) else { return };
        let recreate = facts.kind == Kind::Recreate;
        let Some(state) = self.workloads.get_mut(usize::from(workload.0)) else { return };
        state.revision += 1;
        let wanted = Arc::make_mut(&mut state.wanted);
        wanted.push((state.revision, 0));
        if recreate {
            for old in wanted.iter_mut().rev().skip(1) {
                old.1 = 0;
            }
        }
        self.reconcile(workload);
    }

    /// All controllers look at their pods.
    pub(super) fn reconcile_all(&mut self) {
        for i in 0..self.workloads.len() {
            self.reconcile(WorkloadId(u16::try_from(i).unwrap_or(u16::MAX)));
        }
    }

    /// One controller compares what is with what is wanted.
    pub(super) fn reconcile(&mut self, workload: WorkloadId) {
        if !self.api || !self.workloads[usize::from(workload.0)].exists {
            return;
        }
        match self.facts.workloads[usize::from(workload.0)].kind {
            Kind::RollingUpdate { surge, unavailable } => {
                self.scale(workload);
                self.roll(workload, surge, unavailable);
            }
            Kind::Recreate => {
                self.recreate(workload);
                self.scale(workload);
            }
            Kind::ReplicaSet | Kind::Job => self.scale(workload),
            Kind::StatefulSet { parallel } => self.ordinals(workload, parallel),
            Kind::DaemonSet => self.daemons(workload),
            Kind::Bare => {
                if self.workloads[usize::from(workload.0)].made == 0 {
                    self.wanted_pod(workload, 0);
                }
            }
        }
    }

    fn pods_of(&self, workload: WorkloadId) -> Vec<(PodId, PodState)> {
        let mut pods: Vec<_> = self.newest_of(workload).map(|(id, pod)| (id, pod.clone())).collect();
        pods.reverse();
        pods
    }

    fn creating(&self, workload: WorkloadId, ordinal: u32) -> usize {
        self.agenda.iter().filter(|e| e.what == Happening::Create(workload, ordinal)).count()
    }

    fn wanted_pod(&mut self, workload: WorkloadId, ordinal: u32) {
        self.after(self.reaction(), Part::Controller, Happening::Create(workload, ordinal));
    }

    /// ReplicaSets: pods that are not terminating count; each revision has its own number.
    fn scale(&mut self, workload: WorkloadId) {
        let revisions = self.workloads[usize::from(workload.0)].wanted.len();
        for at in 0..revisions {
            let (revision, wanted) = self.workloads[usize::from(workload.0)].wanted[at];
            let active = |p: &PodState| p.revision == revision && !p.terminating;
            let have = self.newest_of(workload).filter(|(_, p)| active(p)).count()
                + self.creating(workload, revision);
            let wanted = wanted as usize;
            for _ in have..wanted {
                self.wanted_pod(workload, revision);
            }
            if have > wanted {
                // Unbound ones first, then those that are not ready, then the newest.
                let mut active: Vec<_> = self
                    .newest_of(workload)
                    .filter(|(_, p)| active(p))
                    .map(|(id, p)| (p.node.is_some(), p.ready, std::cmp::Reverse(id)))
                    .collect();
                active.sort_unstable();
                let mut surplus = have - wanted;
                self.agenda.retain(|e| {
                    let cut = surplus > 0 && e.what == Happening::Create(workload, revision);
                    surplus -= usize::from(cut);
                    !cut
                });
                for (.., std::cmp::Reverse(id)) in active.into_iter().take(surplus) {
                    self.retire(id);
                }
            }
        }
    }

    fn retire(&mut self, pod: PodId) {
        if !self.agenda.iter().any(|e| e.what == Happening::Retire(pod)) {
            self.after(self.reaction(), Part::Controller, Happening::Retire(pod));
        }
    }

    /// `Recreate`: the new revision starts when no pod of an old one is left, be it on a dead node.
    fn recreate(&mut self, workload: WorkloadId) {
        let revision = self.workloads[usize::from(workload.0)].revision;
        let replicas = self.facts.workloads[usize::from(workload.0)].replicas;
        let old = self.newest_of(workload).any(|(_, p)| p.revision != revision);
        let wanted = &mut self.workloads[usize::from(workload.0)].wanted;
        // What does not change stays shared with the runs that this one was copied from.
        if !old
            && wanted.last().is_some_and(|last| last.1 != replicas)
            && let Some(last) = Arc::make_mut(wanted).last_mut()
        {
            last.1 = replicas;
        }
    }

    /// `RollingUpdate`: new pods up to the surge, old pods down to what may be unavailable.
    fn roll(&mut self, workload: WorkloadId, surge: u32, unavailable: u32) {
        let state = &self.workloads[usize::from(workload.0)];
        let Some((_, new)) = state.wanted.last().copied() else { return };
        let replicas = self.facts.workloads[usize::from(workload.0)].replicas;
        // Without surge the last of the old ones goes before the last of the new ones is made.
        let over = state.wanted.iter().rev().skip(1).all(|w| w.1 == 0) && new >= replicas;
        if state.wanted.len() < 2 || over {
            return;
        }
        let total: u32 = state.wanted.iter().map(|w| w.1).sum();
        let up = (replicas + surge).saturating_sub(total).min(replicas.saturating_sub(new));
        let ready = |new: bool| {
            self.newest_of(workload)
                .filter(|(_, p)| (p.revision == state.revision) == new && !p.terminating && p.ready)
                .count()
        };
        let (new_ready, old_ready) = (ready(true), ready(false));
        let new_unavailable = (new + up).saturating_sub(u32::try_from(new_ready).unwrap_or(0));
        let must = replicas.saturating_sub(unavailable);
        let mut down = (total + up).saturating_sub(must).saturating_sub(new_unavailable);
        let surplus = u32::try_from(new_ready + old_ready).unwrap_or(0).saturating_sub(must);
        let mut wanted = Vec::clone(&state.wanted);
        let last = wanted.len() - 1;
        wanted[last].1 += up;
        for (revision, count) in wanted.iter_mut().take(last) {
            let unhealthy = self
                .newest_of(workload)
                .filter(|(_, p)| p.revision == *revision && !p.terminating && !p.ready);
            let unhealthy = u32::try_from(unhealthy.count()).unwrap_or(0);
            let cut = down.min(*count).min(unhealthy + surplus);
            *count -= cut;
            down -= cut;
        }
        if wanted != *state.wanted {
            self.workloads[usize::from(workload.0)].wanted = Arc::new(wanted);
            self.scale(workload);
        }
    }

    /// StatefulSets: a successor only after the end of its predecessor; in order unless parallel.
    fn ordinals(&mut self, workload: WorkloadId, parallel: bool) {
        let pods = self.pods_of(workload);
        let replicas = self.facts.workloads[usize::from(workload.0)].replicas;
        let of = |ordinal: u32| pods.iter().find(|(_, p)| p.ordinal == ordinal);
        let mut missing = false;
        for ordinal in 0..replicas {
            match of(ordinal) {
                None => {
                    missing = true;
                    if self.creating(workload, ordinal) == 0 {
                        self.wanted_pod(workload, ordinal);
                    }
                    if !parallel {
                        return;
                    }
                }
                Some((_, pod)) if !parallel && (pod.terminating || !pod.ready) => {
                    // The update below may still delete a pod that is not ready and out of date.
                    missing |= pod.terminating;
                    break;
                }
                Some(_) => {}
            }
        }
        if missing {
            return;
        }
        let revision = self.workloads[usize::from(workload.0)].revision;
        for ordinal in (0..replicas).rev() {
            match of(ordinal) {
                Some((id, pod)) if pod.revision != revision && !pod.terminating => {
                    self.retire(*id);
                    return;
                }
                Some((_, pod)) if pod.ready && !pod.terminating => {}
                _ => return,
            }
        }
    }

    /// DaemonSets: one pod on each node that admits it; a Terminating one keeps the place.
    fn daemons(&mut self, workload: WorkloadId) {
        let pods = self.pods_of(workload);
        let revision = self.workloads[usize::from(workload.0)].revision;
        let mut rolling = pods.iter().any(|(_, p)| p.terminating || !p.ready);
        for node in self.node_ids() {
            let ordinal = u32::from(node.0);
            let here = pods.iter().find(|(_, p)| p.ordinal == ordinal);
            match here {
                None if self.admits(workload, node) && self.creating(workload, ordinal) == 0 => {
                    self.wanted_pod(workload, ordinal);
                }
                Some((id, pod)) if pod.revision != revision && !pod.terminating && !rolling => {
                    rolling = true;
                    self.retire(*id);
                }
                _ => {}
            }
        }
    }

    /// Whether the DaemonSet controller wants a pod on the node.
    fn admits(&self, workload: WorkloadId, node: NodeId) -> bool {
        let facts = &self.facts.workloads[usize::from(workload.0)];
        let state = self.node(node);
        state.exists
            && facts.eligible.get(usize::from(node.0)).copied().unwrap_or(false)
            && (state.ready || facts.boards_unreachable)
            && (!state.out_of_service || facts.out_of_service != Patience::None)
            && (!state.no_execute || facts.unreachable != Patience::None)
    }

    /// A controller makes a pod, if the quotas let it.
    pub(super) fn create(&mut self, workload: WorkloadId, ordinal: u32) {
        if self.over_quota(workload) {
            self.note(What::Refused(workload));
            return;
        }
        let kind = self.facts.workloads[usize::from(workload.0)].kind;
        let state = &self.workloads[usize::from(workload.0)];
        let (ordinal, revision) = match kind {
            Kind::RollingUpdate { .. } | Kind::Recreate | Kind::ReplicaSet | Kind::Job | Kind::Bare => {
                (0, ordinal)
            }
            Kind::StatefulSet { .. } | Kind::DaemonSet => (ordinal, state.revision),
        };
        let wait = self.provision(workload, ordinal);
        let pod = self.new_pod(workload, ordinal, revision);
        self.activate(pod, wait);
        if matches!(kind, Kind::StatefulSet { parallel: true }) {
            self.reconcile(workload);
        }
    }

    /// How long the first pod of an ordinal waits for claims that are bound without it. The scheduler tries it in vain
    /// at first and hears of the claim (`isSchedulableAfterPersistentVolumeClaimChange` of VolumeBinding).
    fn provision(&self, workload: WorkloadId, ordinal: u32) -> Window {
        let ran = |p: &PodState| p.workload == workload && p.ordinal == ordinal && p.node.is_some();
        if self.facts.workloads[usize::from(workload.0)].provisioned && !self.pods.iter().any(ran) {
            self.facts.clocks.provision
        } else {
            Window::ZERO
        }
    }

    fn new_pod(&mut self, workload: WorkloadId, ordinal: u32, revision: u32) -> PodId {
        let pod = PodId(u32::try_from(self.pods.len()).unwrap_or(u32::MAX));
        let state = &mut self.workloads[usize::from(workload.0)];
        state.made = state.made.saturating_add(1);
        let earlier = state.newest.replace(pod);
        self.pods.push(PodState {
            workload,
            ordinal,
            revision,
            node: None,
            ready: false,
            begun: false,
            terminating: false,
            exists: true,
            queue: Queue::Active,
            attempts: 0,
            nominated: None,
            awaits: Vec::new(),
            failed_at: None,
            earlier,
        });
        let daemon = self.facts.workloads[usize::from(workload.0)].kind == Kind::DaemonSet;
        let target = daemon.then(|| NodeId(u16::try_from(ordinal).unwrap_or(u16::MAX)));
        self.placer.add(pod, workload, ordinal, target);
        pod
    }

    /// Whether one more pod of the workload would exceed a quota. Terminating pods count.
    fn over_quota(&self, workload: WorkloadId) -> bool {
        let facts = &self.facts.workloads[usize::from(workload.0)];
        self.facts.quotas.iter().any(|quota| {
            let counts = |w: WorkloadId| quota.counts.get(usize::from(w.0)).copied().unwrap_or(false);
            let used = self.live().filter(|(_, p)| counts(p.workload));
            let used = used.map(|(_, p)| self.facts.workloads[usize::from(p.workload.0)].requests);
            let (cpu, memory, pods) = used.fold((facts.requests.0, facts.requests.1, 1_u64), |sum, w| {
                (sum.0.saturating_add(w.0), sum.1.saturating_add(w.1), sum.2.saturating_add(1))
            });
            let over = |used: u64, hard: Option<u64>| hard.is_some_and(|hard| used > hard);
            counts(workload) && (over(cpu, quota.cpu) || over(memory, quota.memory) || over(pods, quota.pods))
        })
    }

    /// A pod has gone: controllers that a quota refused try again, each in its own time.
    pub(super) fn retry_refused(&mut self, gone: WorkloadId) {
        if self.facts.quotas.is_empty() {
            return;
        }
        let namespace = self.facts.workloads[usize::from(gone.0)].namespace.clone();
        for i in 0..self.workloads.len() {
            if self.facts.workloads[i].namespace != namespace {
                continue;
            }
            let before = self.agenda.len();
            self.reconcile(WorkloadId(u16::try_from(i).unwrap_or(u16::MAX)));
            for entry in self.agenda.iter_mut().skip(before) {
                if matches!(entry.what, Happening::Create(..)) {
                    entry.when = entry.when + RETRY;
                    entry.seen = entry.seen + RETRY;
                }
            }
        }
    }

    /// A bound pod's local volume is on its node from now on.
    pub(super) fn claim(&mut self, workload: WorkloadId, ordinal: u32, node: NodeId) {
        if self.facts.workloads[usize::from(workload.0)].storage != Storage::Local {
            return;
        }
        let volumes = &mut self.workloads[usize::from(workload.0)].volume;
        let at = ordinal as usize;
        if volumes.len() <= at {
            volumes.resize(at + 1, None);
        }
        volumes[at].get_or_insert(node);
    }

    /// What attaching a network volume adds to a start: after a node's silent death it is detached by
    /// force six minutes later, unless the out-of-service taint says that it is safe.
    pub(super) fn attach(&self, pod: PodId) -> Window {
        let facts = self.facts_of(pod);
        let moved = self.workloads[usize::from(self.pod(pod).workload.0)].made > facts.replicas;
        let unfenced = self.nodes.iter().any(|n| !n.alive && !n.out_of_service);
        if facts.storage == Storage::Replicated && moved && unfenced {
            Window::between(0, 360_000)
        } else {
            Window::ZERO
        }
    }
}
