//! Failed attempts, whom they preempt, and the deletions and ends that follow.

use super::{Driver, Misfit, Told, plain};
use crate::lifecycle::facts::{Kind, PodId};
use crate::lifecycle::placer::{Candidate, Placer, Verdict};
use crate::lifecycle::sim::{Happening, PodState, Queue};
use crate::lifecycle::story::Act;
use crate::lifecycle::window::{Millis, Window};

impl<P: Placer> Driver<'_, P> {
    pub(super) fn unschedulable(
        &mut self,
        uid: &str,
        label: &str,
        name: &str,
        at: Millis,
    ) -> Result<(), Misfit> {
        let pod = self.pod(uid, label, name, None, at)?;
        if self.sim.pod(pod).queue != Queue::Active || !self.sim.pod(pod).exists {
            return Ok(());
        }
        match self.sim.placer.decide(pod) {
            Verdict::Bind(nodes) => {
                Err(format!("{name} found no node, but {} would take it", self.names(&nodes)))
            }
            Verdict::Preempt(candidates, _) => self.preempt(pod, uid, &candidates, at),
            Verdict::Unschedulable(_) => self.fire(
                |w| w == Happening::Schedule(pod),
                at,
                &mut plain(),
                || format!("scheduling of {name}"),
            ),
        }
    }

    /// Fires the attempt of a preemptor with the victims that the record names.
    fn preempt(&mut self, pod: PodId, uid: &str, candidates: &[Candidate], at: Millis) -> Result<(), Misfit> {
        let recorded: Vec<PodId> = self
            .script
            .preemptors
            .iter()
            .filter(|(_, by)| by.iter().any(|b| b == uid))
            .filter_map(|(victim, _)| self.pods.get(victim).copied())
            .collect();
        let named = |c: &&Candidate| recorded.iter().any(|v| c.victims.contains(v));
        let ending = |c: &&Candidate| self.already_ending(c);
        let Some(candidate) = candidates.iter().find(named).or_else(|| candidates.iter().find(ending)) else {
            let sets: Vec<String> = candidates.iter().map(|c| self.describe_all(&c.victims)).collect();
            let recorded = self.describe_all(&recorded);
            return Err(format!(
                "{} should preempt one of {sets:?}, recorded {recorded}",
                self.describe(pod)
            ));
        };
        let mut told = Told { victims: Some(candidate), ..plain() };
        let label = self.describe(pod);
        self.fire(|w| w == Happening::Schedule(pod), at, &mut told, || format!("scheduling of {label}"))
    }

    /// All victims are Terminating already: the record names their first preemptor only.
    fn already_ending(&self, candidate: &Candidate) -> bool {
        candidate.victims.iter().all(|&v| self.sim.pod(v).terminating)
    }

    pub(super) fn terminating(
        &mut self,
        uid: &str,
        pod: PodId,
        preempted: bool,
        at: Millis,
    ) -> Result<(), Misfit> {
        if self.sim.pod(pod).terminating || !self.sim.pod(pod).exists {
            return Ok(());
        }
        if preempted {
            return self.victim(uid, pod, at);
        }
        if self.races(pod, at) {
            self.races += 1;
            self.sim.act(Act::Delete(pod), Window::at(at));
            return Ok(());
        }
        let label = self.describe(pod);
        let ends = |w| {
            w == Happening::Evict(pod)
                || w == Happening::Retire(pod)
                || w == Happening::Drained(pod)
                || w == Happening::Collect(pod)
        };
        self.fire(ends, at, &mut plain(), || format!("deletion of {label}"))
    }

    /// Whether a new pod of a StatefulSet is deleted once more by a controller that saw an old state:
    /// the garbage collector deletes by name, and the StatefulSet controller may make the first pod after
    /// a change of the template from the old one. The engine has no such races; they are counted.
    fn races(&self, pod: PodId, at: Millis) -> bool {
        let state = self.sim.pod(pod);
        let kind = self.sim.facts.workloads[usize::from(state.workload.0)].kind;
        let pending = |w| matches!(w, Happening::Evict(p) | Happening::Retire(p) if p == pod);
        let created = self.born.get(&pod).is_some_and(|b| b.saturating_add(3_000) >= at);
        matches!(kind, Kind::StatefulSet { .. })
            && created
            && !self.sim.agenda.iter().any(|e| pending(e.what))
    }

    /// A victim was deleted before its preemptor's attempt was recorded.
    fn victim(&mut self, uid: &str, victim: PodId, at: Millis) -> Result<(), Misfit> {
        let by = self.script.preemptors.get(uid).cloned().unwrap_or_default();
        let named: Vec<PodId> = by.iter().filter_map(|u| self.pods.get(u)).copied().collect();
        let active = if named.is_empty() {
            let waits = |p: &PodState| p.node.is_none() && p.queue == Queue::Active;
            self.sim.live().filter(|(_, p)| waits(p)).map(|(id, _)| id).collect()
        } else {
            named
        };
        let mut seen = Vec::new();
        for pod in active {
            if self.sim.pod(pod).queue != Queue::Active || self.sim.pod(pod).node.is_some() {
                continue;
            }
            match self.sim.placer.decide(pod) {
                Verdict::Preempt(candidates, _) => {
                    if let Some(candidate) = candidates.iter().find(|c| c.victims.contains(&victim)) {
                        let mut told = Told { victims: Some(candidate), ..plain() };
                        let label = self.describe(pod);
                        return self.fire(
                            |w| w == Happening::Schedule(pod),
                            at,
                            &mut told,
                            || format!("scheduling of {label}"),
                        );
                    }
                    let sets: Vec<String> =
                        candidates.iter().map(|c| self.describe_all(&c.victims)).collect();
                    seen.push(format!("{} preempts {sets:?}", self.describe(pod)));
                }
                Verdict::Bind(nodes) => {
                    seen.push(format!("{} goes to {}", self.describe(pod), self.names(&nodes)))
                }
                Verdict::Unschedulable(_) => seen.push(format!("{} finds nothing", self.describe(pod))),
            }
        }
        Err(format!("{} was preempted (by {}), but {seen:?}", self.describe(victim), by.join(",")))
    }

    pub(super) fn gone(&mut self, uid: &str, pod: PodId, at: Millis) -> Result<(), Misfit> {
        if !self.sim.pod(pod).exists {
            return Ok(());
        }
        if !self.sim.pod(pod).terminating && self.script.preemptors.contains_key(uid) {
            // Without a grace period the deletion leaves no trace of its own.
            self.victim(uid, pod, at)?;
        }
        let label = self.describe(pod);
        let ends = |w| w == Happening::Gone(pod) || w == Happening::Collect(pod);
        let asleep = |p: &PodId| {
            !self.script.binds_soon(self.pods.iter().find(|(_, q)| *q == p).map(|(u, _)| u.as_str()), at)
        };
        let missed: Vec<PodId> = self.sim.live().map(|(id, _)| id).filter(asleep).collect();
        let mut told = Told { missed: &missed, ..plain() };
        self.fire(ends, at, &mut told, || format!("end of {label}"))
    }
}
