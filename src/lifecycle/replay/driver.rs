//! Leads the engine along the observations of a run. Each must be something that the engine had on its
//! agenda, within its interval; whatever the engine had to do by then must have been seen.

mod deletion;

use std::collections::BTreeMap;

use super::observe::{Script, Seen};
use super::tell::seconds;
use crate::lifecycle::facts::{Kind, NodeId, PodId, WorkloadId};
use crate::lifecycle::placer::{Candidate, Placer, Verdict};
use crate::lifecycle::sim::{Choose, Happening, Pending, Point, Queue, Sim};
use crate::lifecycle::story::{Act, Fence};
use crate::lifecycle::window::{Millis, Window};

/// Resolution and lag of the recorder's clock.
pub(super) const SLACK: Millis = 400;

/// Why an observation does not fit.
pub(super) type Misfit = String;

/// The engine and what is known of the recorded pods.
#[derive(Clone)]
pub(super) struct Driver<'a, P: Placer> {
    pub(super) sim: Sim<P>,
    script: &'a Script,
    labels: &'a BTreeMap<String, u16>,
    /// Recorded uid → pod.
    pods: BTreeMap<String, PodId>,
    /// Hash of a pod template (the middle of a pod's name) → revision, per workload.
    hashes: BTreeMap<(u16, String), u32>,
    /// Sizes of the sets of best nodes, of bindings with more than one node alive, and their number.
    pub(super) best: (usize, usize),
    /// When pods were seen to be created.
    born: BTreeMap<PodId, Millis>,
    /// Deletions by a controller that saw an old state.
    pub(super) races: usize,
    /// Time of the last observation.
    now: Millis,
    /// By when a pod would have been bound if no attempt of it had failed before.
    pub(super) overdue: Option<Millis>,
}

/// Answers as the record says.
struct Told<'a> {
    node: Option<NodeId>,
    victims: Option<&'a Candidate>,
    missed: &'a [PodId],
}

impl Choose for Told<'_> {
    fn choose(&mut self, point: Point<'_>, _: usize) -> usize {
        match point {
            Point::Node(_, nodes) => nodes.iter().position(|n| Some(*n) == self.node).unwrap_or(0),
            Point::Victims(_, candidates) => {
                candidates.iter().position(|c| Some(c) == self.victims).unwrap_or(0)
            }
            Point::Missed(pod) => usize::from(self.missed.contains(&pod)),
            Point::Next(_) | Point::Over => 0,
        }
    }
}

/// No answer needed.
const fn plain() -> Told<'static> {
    Told { node: None, victims: None, missed: &[] }
}

impl<'a, P: Placer> Driver<'a, P> {
    pub(super) fn new(sim: Sim<P>, script: &'a Script, labels: &'a BTreeMap<String, u16>) -> Self {
        Self {
            sim,
            script,
            labels,
            pods: BTreeMap::new(),
            hashes: BTreeMap::new(),
            best: (0, 0),
            born: BTreeMap::new(),
            races: 0,
            now: 0,
            overdue: None,
        }
    }

    /// Lets attempts fail now that may be due, fail, and have to be over by `end`: of several failures of a
    /// pod the record has only the first. Whether there were any.
    pub(super) fn fail(&mut self, end: Millis) -> bool {
        let at = self.now;
        let due = |e: &Pending| {
            e.seen.earliest <= at.saturating_add(SLACK)
                && e.seen.latest.is_some_and(|l| l.saturating_add(SLACK) < end)
        };
        let pods = self.sim.agenda.iter().filter(|e| due(e)).filter_map(|e| match e.what {
            Happening::Schedule(pod) => Some(pod),
            _ => None,
        });
        let mut any = false;
        for pod in pods.collect::<Vec<_>>() {
            let of_pod = |e: &Pending| e.what == Happening::Schedule(pod);
            let Some(i) = self.sim.agenda.iter().position(of_pod) else { continue };
            if matches!(self.sim.placer.decide(pod), Verdict::Unschedulable(_)) {
                let earliest = self.sim.agenda[i].seen.earliest.min(at);
                self.sim.fire_at(i, Window::between(earliest, at), &mut plain());
                any = true;
            }
        }
        any
    }

    /// Accounts for observation `index`.
    pub(super) fn apply(&mut self, index: usize) -> Result<(), Misfit> {
        let seen = &self.script.observations[index];
        self.catch_up(seen.at)?;
        self.now = self.now.max(seen.at);
        match &seen.what {
            Seen::Kill(n) | Seen::ServerDown(n) => self.act(n, seen.at, Act::Lose),
            Seen::Return(n) | Seen::ServerUp(n) => self.back(n, seen.at),
            Seen::Fence(n) => self.act(n, seen.at, |n| Act::Fence(n, Fence::OutOfService)),
            Seen::Unfence(n) => self.act(n, seen.at, Act::Unfence),
            Seen::ForceDelete => {
                for i in 0..self.sim.nodes.len() {
                    let node = NodeId(u16::try_from(i).unwrap_or(0));
                    self.sim.act(Act::Fence(node, Fence::ForceDelete), Window::at(seen.at));
                }
                Ok(())
            }
            Seen::Fillers => {
                for label in ["filler-a", "filler-b"] {
                    let workload = self.workload(label)?;
                    self.sim.act(Act::Create(workload), Window::at(seen.at));
                }
                Ok(())
            }
            Seen::Rollout(label) => {
                let workload = self.workload(label)?;
                self.sim.act(Act::Restart(workload), Window::at(seen.at));
                Ok(())
            }
            Seen::Unknown(n) => self.at_node(n, seen.at, Happening::Unknown),
            Seen::Ready(n) => self.at_node(n, seen.at, Happening::Ready),
            Seen::NoExecute(n) => self.at_node(n, seen.at, Happening::NoExecute),
            Seen::Cleared(n) => self.at_node(n, seen.at, Happening::Cleared),
            Seen::Created { uid, workload, name } => self.created(uid, workload, name, seen.at),
            Seen::Bound { uid, workload, name, node } => self.bound(uid, workload, name, node, seen.at),
            Seen::Unschedulable { uid, workload, name } => self.unschedulable(uid, workload, name, seen.at),
            Seen::Terminating { uid, workload, node, preempted } => {
                let Some(pod) = self.known(uid, workload, node) else { return Ok(()) };
                self.terminating(uid, pod, *preempted, seen.at)
            }
            Seen::Started { uid, workload, node } => {
                let Some(pod) = self.known(uid, workload, node) else { return Ok(()) };
                if self.sim.pod(pod).ready || self.sim.pod(pod).terminating {
                    return Ok(());
                }
                // Start times are whole seconds of a clock whose fraction was not recorded: of two pods
                // that started within a second of each other either may be the later one, and the later
                // one is the victim.
                self.sim.start_shift = if self.script.preemptors.contains_key(uid) { 1_000 } else { 0 };
                let started = |what| what == Happening::Started(pod);
                let fired = self.fire(started, seen.at, &mut plain(), || self_name("ready", uid));
                self.sim.start_shift = 0;
                fired
            }
            Seen::Gone { uid, workload, node } => {
                let Some(pod) = self.known(uid, workload, node) else { return Ok(()) };
                self.gone(uid, pod, seen.at)
            }
        }
    }

    /// What is over by `at` and leaves no trace in the record happens; what leaves one is missed.
    pub(super) fn catch_up(&mut self, at: Millis) -> Result<(), Misfit> {
        loop {
            let due = |e: &&Pending| e.seen.latest.is_some_and(|l| l.saturating_add(SLACK) < at);
            let Some((i, entry)) =
                self.sim.agenda.iter().enumerate().filter(|(_, e)| due(e)).min_by_key(|(_, e)| e.seen.latest)
            else {
                return Ok(());
            };
            let silent = match entry.what {
                Happening::Pass | Happening::Flush(_) => true,
                Happening::Create(..) | Happening::Started(_) => {
                    !self.script.whole || self.refused(entry.what)
                }
                // An attempt that fails again, or fails for the same reason, is not recorded.
                Happening::Schedule(pod) => {
                    if let Verdict::Bind(nodes) = self.sim.placer.decide(pod) {
                        self.overdue = Some(at);
                        let label = self.describe(pod);
                        return Err(format!(
                            "{label} should have been bound to {} by now",
                            self.names(&nodes)
                        ));
                    }
                    true
                }
                _ => false,
            };
            if !silent {
                return Err(format!(
                    "{} should have happened by {} s",
                    self.tell(entry.what),
                    seconds(entry.seen.latest)
                ));
            }
            self.sim.fire(i, &mut plain());
        }
    }

    /// Whether the engine will only find that a quota refuses the pod.
    fn refused(&self, what: Happening) -> bool {
        matches!(what, Happening::Create(..)) && !self.sim.facts.quotas.is_empty()
    }

    fn act(&mut self, node: &str, at: Millis, act: impl Fn(NodeId) -> Act) -> Result<(), Misfit> {
        let node = self.node(node)?;
        self.sim.act(act(node), Window::at(at));
        Ok(())
    }

    /// A node returns. The simulated kubelet does not restart the containers of a machine that is back
    /// before anybody noticed, so their new start leaves no trace.
    fn back(&mut self, node: &str, at: Millis) -> Result<(), Misfit> {
        let id = self.node(node)?;
        let unnoticed = self.sim.nodes[usize::from(id.0)].ready;
        self.act(node, at, Act::Return)?;
        while let Some(i) = self.sim.agenda.iter().position(|e| match e.what {
            Happening::Started(pod) => unnoticed && self.sim.pod(pod).node == Some(id),
            _ => false,
        }) {
            self.sim.fire(i, &mut plain());
        }
        Ok(())
    }

    fn at_node(&mut self, node: &str, at: Millis, what: impl Fn(NodeId) -> Happening) -> Result<(), Misfit> {
        let id = self.node(node)?;
        let wanted = what(id);
        let told = self.tell(wanted);
        self.fire(|w| w == wanted, at, &mut plain(), || told)
    }

    /// Fires the entry that matches, at `at`.
    fn fire(
        &mut self,
        matches: impl Fn(Happening) -> bool,
        at: Millis,
        told: &mut Told<'_>,
        name: impl FnOnce() -> String,
    ) -> Result<(), Misfit> {
        let found = self
            .sim
            .agenda
            .iter()
            .enumerate()
            .filter(|(_, e)| matches(e.what))
            .min_by_key(|(_, e)| e.seen.earliest);
        let Some((i, entry)) = found else { return Err(format!("{} is not on the agenda", name())) };
        let window = Window { earliest: entry.seen.earliest.saturating_sub(SLACK), ..entry.seen.late(SLACK) };
        if !window.contains(at) {
            let (low, high) = (seconds(Some(entry.seen.earliest)), seconds(entry.seen.latest));
            return Err(format!("{} was expected at {low}-{high} s", name()));
        }
        self.sim.fire_at(i, Window::at(at), told);
        Ok(())
    }

    fn created(&mut self, uid: &str, label: &str, name: &str, at: Millis) -> Result<(), Misfit> {
        let workload = self.workload(label)?;
        let wanted = self.ordinal(workload, name);
        let fits =
            |what| matches!(what, Happening::Create(w, o) if w == workload && wanted.is_none_or(|x| x == o));
        self.fire(fits, at, &mut plain(), || format!("creation of a pod of {label}"))?;
        let newest = PodId(u32::try_from(self.sim.pods.len().saturating_sub(1)).unwrap_or(0));
        if self.sim.pod(newest).workload != workload || self.pods.values().any(|&p| p == newest) {
            return Err(format!("a quota refuses a pod of {label}"));
        }
        self.pods.insert(uid.to_owned(), newest);
        self.born.insert(newest, at);
        Ok(())
    }

    /// The `Create` ordinal that a recorded name stands for: a StatefulSet's ordinal, a Deployment's
    /// revision; of a DaemonSet only the binding tells the node.
    fn ordinal(&mut self, workload: WorkloadId, name: &str) -> Option<u32> {
        let state = &self.sim.workloads[usize::from(workload.0)];
        match self.sim.facts.workloads[usize::from(workload.0)].kind {
            Kind::StatefulSet { .. } => name.rsplit('-').next().and_then(|n| n.parse().ok()),
            Kind::DaemonSet => None,
            _ => {
                let hash = name.rsplit('-').nth(1).unwrap_or_default().to_owned();
                let latest = state.revision;
                Some(*self.hashes.entry((workload.0, hash)).or_insert(latest))
            }
        }
    }

    /// The pod of a recorded uid; in compact files it has to be found, or made, among its equals.
    fn pod(
        &mut self,
        uid: &str,
        label: &str,
        name: &str,
        node: Option<NodeId>,
        at: Millis,
    ) -> Result<PodId, Misfit> {
        let workload = self.workload(label)?;
        if let Some(&pod) = self.pods.get(uid) {
            let state = self.sim.pod(pod);
            let target = node.map(|n| u32::from(n.0));
            let daemon = self.sim.facts.workloads[usize::from(workload.0)].kind == Kind::DaemonSet;
            if !daemon || target.is_none_or(|t| t == state.ordinal) {
                return Ok(pod);
            }
            // Two new pods of a DaemonSet were taken for each other.
            let other = self
                .sim
                .live()
                .find(|(_, p)| p.workload == workload && p.node.is_none() && Some(p.ordinal) == target);
            let Some((other, _)) = other else { return Err(format!("{name} is not wanted on that node")) };
            let owner = self.pods.iter().find(|(_, p)| **p == other).map(|(u, _)| u.clone());
            if let Some(owner) = owner {
                self.pods.insert(owner, pod);
            }
            self.pods.insert(uid.to_owned(), other);
            return Ok(other);
        }
        let wanted = self.ordinal(workload, name);
        let daemon =
            node.filter(|_| self.sim.facts.workloads[usize::from(workload.0)].kind == Kind::DaemonSet);
        let wanted = daemon.map(|n| u32::from(n.0)).or(wanted);
        let taken: Vec<PodId> = self.pods.values().copied().collect();
        let free = self.sim.live().find(|(id, p)| {
            p.workload == workload
                && p.node.is_none()
                && !taken.contains(id)
                && (daemon.is_none() || Some(p.ordinal) == wanted)
        });
        if let Some((pod, _)) = free {
            self.pods.insert(uid.to_owned(), pod);
            return Ok(pod);
        }
        let fits =
            |what| matches!(what, Happening::Create(w, o) if w == workload && wanted.is_none_or(|x| x == o));
        self.fire(fits, at, &mut plain(), || format!("creation of a pod of {label}"))?;
        let newest = PodId(u32::try_from(self.sim.pods.len().saturating_sub(1)).unwrap_or(0));
        self.pods.insert(uid.to_owned(), newest);
        Ok(newest)
    }

    /// The pod of a recorded uid; one that ran before the record began is found by its node.
    fn known(&mut self, uid: &str, label: &str, node: &str) -> Option<PodId> {
        if let Some(&pod) = self.pods.get(uid) {
            return Some(pod);
        }
        let (workload, node) = (self.workload(label).ok()?, self.node(node).ok()?);
        let taken = |id: PodId| self.pods.values().any(|&p| p == id);
        let free = |(id, p): &(PodId, &crate::lifecycle::sim::PodState)| {
            p.workload == workload && p.node == Some(node) && !taken(*id)
        };
        let pod = self.sim.live().find(free).map(|(id, _)| id)?;
        self.pods.insert(uid.to_owned(), pod);
        Some(pod)
    }

    fn bound(&mut self, uid: &str, label: &str, name: &str, node: &str, at: Millis) -> Result<(), Misfit> {
        let node_id = self.node(node)?;
        let pod = self.pod(uid, label, name, Some(node_id), at)?;
        if self.sim.pod(pod).queue != Queue::Active {
            return Err(format!("{name} was bound to {node}, but nothing woke it"));
        }
        match self.sim.placer.decide(pod) {
            Verdict::Bind(nodes) if nodes.contains(&node_id) => {
                let alive = self.sim.nodes.iter().filter(|n| n.exists).count();
                if alive > 1
                    && self.sim.facts.workloads[usize::from(self.sim.pod(pod).workload.0)].kind
                        != Kind::DaemonSet
                {
                    self.best = (self.best.0 + nodes.len(), self.best.1 + 1);
                }
            }
            Verdict::Bind(nodes) => {
                return Err(format!("{name} was bound to {node}, best is {}", self.names(&nodes)));
            }
            Verdict::Preempt(..) => return Err(format!("{name} was bound to {node}, but it has to preempt")),
            Verdict::Unschedulable(_) => {
                return Err(format!("{name} was bound to {node}, but no node takes it"));
            }
        }
        let mut told = Told { node: Some(node_id), ..plain() };
        self.fire(|w| w == Happening::Schedule(pod), at, &mut told, || format!("scheduling of {name}"))
    }

    fn node(&self, name: &str) -> Result<NodeId, Misfit> {
        self.sim.facts.node(name).ok_or_else(|| format!("no node {name}"))
    }

    fn workload(&self, label: &str) -> Result<WorkloadId, Misfit> {
        self.labels.get(label).map(|&i| WorkloadId(i)).ok_or_else(|| format!("no workload {label}"))
    }
}

fn self_name(what: &str, uid: &str) -> String {
    format!("{what} of pod {uid}")
}
