//! How long a workload is away, as a sum whose parts have names.

use super::{Happening, Sim, What};
use crate::lifecycle::facts::{NodeId, WorkloadId};
use crate::lifecycle::placer::Placer;
use crate::lifecycle::story::Act;
use crate::lifecycle::window::Window;

/// The name of a wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// An act from outside.
    Act,
    /// No wait: part of the same change.
    Same,
    /// Until the grace period of a dead node ends.
    Detection,
    /// Until the zone's rate gives the node its NoExecute taint.
    Taint,
    /// `tolerationSeconds`.
    Toleration,
    /// A fence evicts or deletes.
    Fence,
    /// Until the pod garbage collector comes by.
    Collection,
    /// A controller makes or retires a pod.
    Controller,
    /// A pod on a live node shuts down.
    Shutdown,
    /// The scheduler's queue and back-off.
    Scheduling,
    /// Until the scheduler retries pods that nothing woke.
    Leftover,
    /// Images, init containers, probes.
    Start,
    /// A lost node is away.
    Away,
    /// A returned node reports and loses its taints.
    Recovery,
    /// `kubectl drain` asks.
    Drain,
}

impl Part {
    /// As printed.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Part::Act | Part::Same => "at once",
            Part::Detection => "detection",
            Part::Taint => "taint",
            Part::Toleration => "toleration",
            Part::Fence => "fence",
            Part::Collection => "collection",
            Part::Controller => "controller",
            Part::Shutdown => "shutdown",
            Part::Scheduling => "scheduling",
            Part::Leftover => "leftover retry",
            Part::Start => "start",
            Part::Away => "node away",
            Part::Recovery => "recovery",
            Part::Drain => "drain",
        }
    }
}

/// How long a workload's pods are away, on the two clocks that no person can add up: one starts when a node is lost,
/// the other when somebody says that it is dead.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Away {
    /// The longest wait that a loss, or planned work, brings about by itself.
    pub from_loss: Option<Outage>,
    /// The longest wait that only a fence ends.
    pub from_fence: Option<Outage>,
}

/// A sum of waits, from an act to the first ready pod after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outage {
    /// When the pod was ready, since the act; without an end if that never happens by itself.
    pub total: Window,
    /// The waits in order, each with its own interval; equal neighbours are added up.
    pub parts: Vec<(Part, Window)>,
}

impl Outage {
    /// The waits with their names: `detection 40-51 s + toleration 300 s`.
    #[must_use]
    pub fn parts_in_words(&self) -> String {
        let parts: Vec<String> = self.parts.iter().map(|(part, w)| format!("{} {w}", part.name())).collect();
        parts.join(" + ")
    }
}

impl<P: Placer> Sim<P> {
    /// The first log entry from `from` on at which a pod of the workload became ready, and when that
    /// was; `None` if none did. [`Sim::sum`] names the waits on the way there.
    #[must_use]
    pub fn ready_again(&self, workload: WorkloadId, from: usize) -> Option<(usize, Window)> {
        let (_, at) = self.starts(from).find(|(started, _)| *started == workload)?;
        Some((at, self.log[at].when))
    }

    /// Every log entry from `from` on at which a pod became ready, with the pod's workload.
    pub fn starts(&self, from: usize) -> impl Iterator<Item = (WorkloadId, usize)> {
        self.log.since(from).filter_map(|(at, event)| match event.what {
            What::Fired(Happening::Started(pod)) => Some((self.pod(pod).workload, at)),
            _ => None,
        })
    }

    /// The longest waits until a pod of each workload was ready, since log entry `from`. Each counts from the act that
    /// brought it about, so that a wait for a person is in none of them.
    #[must_use]
    pub fn away(&self, from: usize) -> Vec<Away> {
        let mut longest: Vec<[Option<Wait>; 2]> = vec![[None; 2]; self.workloads.len()];
        // The act that every later entry goes back to.
        let mut roots: Vec<usize> = Vec::with_capacity(self.log.len().saturating_sub(from));
        for (at, event) in self.log.since(from) {
            let root = match event.cause {
                None => at,
                Some(cause) => cause.checked_sub(from).and_then(|i| roots.get(i)).copied().unwrap_or(from),
            };
            roots.push(root);
            let What::Fired(Happening::Started(pod)) = event.what else { continue };
            let Some(known) = longest.get_mut(usize::from(self.pod(pod).workload.0)) else { continue };
            let (start, place) = match self.log[root].what {
                What::Act(Act::Fence(..)) => (root, &mut known[1]),
                What::Act(Act::Return(node)) => (self.loss_of(node, root, from), &mut known[0]),
                _ => (root, &mut known[0]),
            };
            let total = difference(event.when, self.log[start].when);
            if place.is_none_or(|wait| latest(wait.total) < latest(total)) {
                *place = Some(Wait { start, root, at, total });
            }
        }
        let named = |wait: Option<Wait>| wait.map(|wait| self.named(wait));
        longest
            .into_iter()
            .map(|[loss, fence]| Away { from_loss: named(loss), from_fence: named(fence) })
            .collect()
    }

    /// Names the parts of a wait.
    fn named(&self, wait: Wait) -> Outage {
        let mut outage = self.sum(wait.at, wait.root);
        if wait.start < wait.root {
            let gone = difference(self.log[wait.root].when, self.log[wait.start].when);
            outage.parts.insert(0, (Part::Away, gone));
        }
        Outage { total: wait.total, ..outage }
    }

    /// When a node that returns at log entry `until` was lost.
    fn loss_of(&self, node: NodeId, until: usize, from: usize) -> usize {
        let lost = |i: &usize| matches!(self.log[*i].what, What::Act(Act::Lose(n)) if n == node);
        (from..until).rfind(lost).unwrap_or(until)
    }

    /// The waits on the way from log entry `from` (an act) to entry `to`.
    #[must_use]
    pub fn sum(&self, to: usize, from: usize) -> Outage {
        let mut parts: Vec<(Part, Window)> = Vec::new();
        let mut at = to;
        while let Some(cause) = self.log.get(at).and_then(|e| e.cause) {
            let (event, before) = (&self.log[at], &self.log[cause]);
            if event.part != Part::Same {
                let wait = difference(event.when, before.when);
                match parts.last_mut() {
                    Some((part, sum)) if *part == event.part => *sum = *sum + wait,
                    _ => parts.push((event.part, wait)),
                }
            }
            if cause < from || cause >= at {
                break;
            }
            at = cause;
        }
        parts.reverse();
        let zero = self.log.get(from).map_or(Window::ZERO, |e| e.when);
        let end = self.log.get(to).map_or(Window::ZERO, |e| e.when);
        Outage { total: difference(end, zero), parts }
    }
}

/// A wait whose parts are not named yet, by entries of the log.
#[derive(Clone, Copy)]
struct Wait {
    /// The loss that it counts from.
    start: usize,
    /// The act that ends it: the loss itself, or the return of the node.
    root: usize,
    /// The pod is ready.
    at: usize,
    total: Window,
}

/// The end of an interval, for comparisons.
fn latest(window: Window) -> u64 {
    window.latest.unwrap_or(u64::MAX)
}

/// The interval that, added to `from`, gives `to`.
fn difference(to: Window, from: Window) -> Window {
    Window {
        earliest: to.earliest.saturating_sub(from.earliest),
        latest: to.latest.zip(from.latest).map(|(a, b)| a.saturating_sub(b)),
    }
}
