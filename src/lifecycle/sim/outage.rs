//! How long a workload is away, as a sum whose parts have names.

use super::{Happening, Sim, What};
use crate::lifecycle::facts::WorkloadId;
use crate::lifecycle::placer::Placer;
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
            Part::Recovery => "recovery",
            Part::Drain => "drain",
        }
    }
}

/// A sum of waits, from an act to the first ready pod after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outage {
    /// When the pod was ready, since the act; without an end if that never happens by itself.
    pub total: Window,
    /// The waits in order, each with its own interval; equal neighbours are added up.
    pub parts: Vec<(Part, Window)>,
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

/// The interval that, added to `from`, gives `to`.
fn difference(to: Window, from: Window) -> Window {
    Window {
        earliest: to.earliest.saturating_sub(from.earliest),
        latest: to.latest.zip(from.latest).map(|(a, b)| a.saturating_sub(b)),
    }
}
