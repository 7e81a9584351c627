//! The scheduling queue as far as it decides outcomes: attempts, preemption, and which events wake a
//! pod that found no node. Source: `pkg/scheduler/backend/queue`, `pkg/scheduler/framework/preemption`.

use super::{Choose, Happening, Part, Pending, Point, Queue, Sim, What};
use crate::lifecycle::facts::{NodeId, PodId};
use crate::lifecycle::placer::{Candidate, News, Placer, Rejectors, Verdict};
use crate::lifecycle::window::{Millis, Window};

/// A pod that no event wakes is tried again after this (`podMaxInUnschedulablePodsDuration`).
const LEFTOVER: Millis = 300_000;
/// Period of the loop that looks for such pods.
const LEFTOVER_PERIOD: Millis = 30_000;
/// Longest back-off between two attempts.
const LONGEST_BACKOFF: Millis = 10_000;

impl<P: Placer> Sim<P> {
    /// One attempt to schedule a pod.
    pub(super) fn attempt(&mut self, pod: PodId, choose: &mut impl Choose) {
        if !self.pod(pod).exists || self.pod(pod).node.is_some() || self.pod(pod).terminating {
            return;
        }
        match self.placer.decide(pod) {
            Verdict::Bind(best) => {
                let pick =
                    if best.len() < 2 { 0 } else { choose.choose(Point::Node(pod, &best), best.len()) };
                if let Some(&node) = best.get(pick).or(best.first()) {
                    self.bind(pod, node);
                }
            }
            Verdict::Preempt(candidates, rejectors) => {
                let pick = if candidates.len() < 2 {
                    0
                } else {
                    choose.choose(Point::Victims(pod, &candidates), candidates.len())
                };
                if let Some(candidate) = candidates.get(pick).or(candidates.first()).cloned() {
                    self.preempt(pod, &candidate, rejectors);
                }
            }
            Verdict::Unschedulable(rejectors) => {
                self.sleep(pod, rejectors);
                self.nominate(pod, None);
            }
        }
    }

    fn bind(&mut self, pod: PodId, node: NodeId) {
        self.set_nomination(pod, None);
        self.placer.bind(pod, node);
        let (workload, ordinal) = (self.pod(pod).workload, self.pod(pod).ordinal);
        let state = self.pod_mut(pod);
        state.node = Some(node);
        state.awaits.clear();
        self.claim(workload, ordinal, node);
        self.note(What::Bound(pod, node));
        if self.node(node).alive {
            let slow = self.attach(pod);
            self.after(
                self.facts.clocks.start + self.reaction() + slow,
                Part::Start,
                Happening::Started(pod),
            );
        }
        if self.node(node).no_execute || self.node(node).out_of_service {
            self.start_patience(pod, node, self.on(node).len());
        }
        self.wake(News::Bound(pod, node));
    }

    /// Nominates a waiting pod, or no longer; who kept clear of its node until now hears of that.
    pub(super) fn nominate(&mut self, pod: PodId, node: Option<NodeId>) {
        let before = self.pod(pod).nominated;
        self.set_nomination(pod, node);
        if before.is_some() && before != node {
            self.wake(News::Denominated(pod));
        }
    }

    fn set_nomination(&mut self, pod: PodId, node: Option<NodeId>) {
        if self.pod(pod).nominated != node {
            self.pod_mut(pod).nominated = node;
            self.placer.nominate(pod, node);
        }
    }

    /// The pod is nominated and its victims are deleted; it sleeps until they are gone.
    fn preempt(&mut self, pod: PodId, candidate: &Candidate, rejectors: Rejectors) {
        self.nominate(pod, Some(candidate.node));
        self.note(What::Preempts(pod, candidate.node));
        self.pod_mut(pod).awaits.clone_from(&candidate.victims);
        self.sleep(pod, rejectors);
        for &other in &candidate.denominated {
            if self.pod(other).exists && self.pod(other).node.is_none() {
                self.nominate(other, None);
                self.activate(other, Window::ZERO);
            }
        }
        for &victim in &candidate.victims {
            self.delete(victim, true);
        }
    }

    fn sleep(&mut self, pod: PodId, rejectors: Rejectors) {
        self.note(What::Unschedulable(pod));
        let now = self.now;
        let state = self.pod_mut(pod);
        state.queue = Queue::Asleep(rejectors);
        state.attempts = state.attempts.saturating_add(1);
        state.failed_at = Some(now);
        if let Err(place) = self.asleep.binary_search(&pod) {
            self.asleep.insert(place, pod);
        }
        self.cancel(|what| what == Happening::Flush(pod));
    }

    /// Puts a pod into the queue of those that are tried.
    pub(super) fn activate(&mut self, pod: PodId, extra: Window) {
        if !self.pod(pod).exists || self.pod(pod).node.is_some() || self.pod(pod).terminating {
            return;
        }
        let doublings = self.pod(pod).attempts.saturating_sub(1).min(4);
        let backoff = if self.pod(pod).attempts == 0 { 0 } else { (1000 << doublings).min(LONGEST_BACKOFF) };
        self.pod_mut(pod).queue = Queue::Active;
        self.cancel(|what| matches!(what, Happening::Flush(p) | Happening::Schedule(p) if p == pod));
        self.after(extra + self.reaction().late(backoff), Part::Scheduling, Happening::Schedule(pod));
    }

    /// Tells the sleeping pods of an event: a hint of a plugin that rejected a pod may wake it.
    pub(super) fn wake(&mut self, news: News) {
        self.wake_except(news, &[]);
    }

    /// As [`Sim::wake`], but these pods are gated if it wakes them (`IsPodRunningPreemption` in
    /// `pkg/scheduler/framework/preemption`, `movePodsToActiveOrBackoffQueue` in `pkg/scheduler/backend/queue`).
    pub(super) fn wake_except(&mut self, news: News, missed: &[PodId]) {
        let mut asleep = std::mem::take(&mut self.asleep);
        // Who is to be tried after five minutes: asked of the agenda once, as each pod is looked at once.
        let mut left_over: Option<Vec<PodId>> = None;
        asleep.retain(|&pod| {
            let Some(rejectors) = self.sleeps(pod) else { return false };
            let gated = matches!(self.pod(pod).queue, Queue::Gated(_));
            if gated && !matches!(news, News::Gone(..) | News::Denominated(_)) {
                return true;
            }
            if !self.placer.wakes(pod, rejectors, news) {
                if !gated && !matches!(news, News::Bound(..) | News::Tainted(_) | News::Denominated(_)) {
                    let known = left_over.get_or_insert_with(|| self.left_over());
                    if !known.contains(&pod) {
                        self.leave_over(pod);
                    }
                }
            } else if missed.contains(&pod) {
                self.pod_mut(pod).queue = Queue::Gated(rejectors);
                self.cancel(|what| what == Happening::Flush(pod));
            } else {
                self.activate(pod, Window::ZERO);
            }
            true
        });
        debug_assert!(self.asleep.is_empty(), "nobody falls asleep while the sleeping are woken");
        self.asleep = asleep;
    }

    /// The plugins that rejected a pod, if it waits for one of them to hear of something.
    fn sleeps(&self, pod: PodId) -> Option<Rejectors> {
        let state = self.pod(pod);
        match state.queue {
            Queue::Asleep(rejectors) | Queue::Gated(rejectors)
                if state.exists && state.node.is_none() && !state.terminating =>
            {
                Some(rejectors)
            }
            _ => None,
        }
    }

    /// The pods that will be tried because they have slept for five minutes.
    fn left_over(&self) -> Vec<PodId> {
        let flushed = |entry: &Pending| if let Happening::Flush(pod) = entry.what { Some(pod) } else { None };
        self.agenda.iter().filter_map(flushed).collect()
    }

    /// A pod that slept through something that might have helped is tried when it has slept for five
    /// minutes.
    fn leave_over(&mut self, pod: PodId) {
        let Some(failed) = self.pod(pod).failed_at else { return };
        let Some(event) = self.log.get(failed) else { return };
        let delay = Window::between(LEFTOVER, LEFTOVER + LEFTOVER_PERIOD) + self.reaction();
        let (when, seen) = (event.when + delay, event.seen + delay);
        self.after(Window::ZERO, Part::Leftover, Happening::Flush(pod));
        if let Some(entry) = self.agenda.last_mut() {
            // Not before the event that it slept through, which may be the later one.
            entry.when = entry.when.and(when);
            entry.seen = entry.seen.and(seen);
        }
    }

    /// The pod's containers are ready.
    pub(super) fn started(&mut self, pod: PodId) {
        if self.pod(pod).exists && !self.pod(pod).terminating && self.pod(pod).node.is_some() {
            self.pod_mut(pod).ready = true;
            if !self.pod(pod).begun {
                self.pod_mut(pod).begun = true;
                let at = self.log.get(self.now).map_or(0, |e| e.seen.earliest);
                self.placer.started(
                    pod,
                    i64::try_from(at.saturating_add(self.start_shift) / 1000).unwrap_or(i64::MAX),
                );
            }
            let workload = self.pod(pod).workload;
            self.reconcile(workload);
            self.retry_drains();
        }
    }
}
