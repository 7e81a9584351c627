//! A state of a run as a word list that is equal for states with equal futures: what an exploration remembers.
//!
//! Pods are named by what they are and not by when they were made, nodes by a given renaming, instants by
//! their distance from the start of the step. Left out is only what no later event reads: the log's past,
//! the causes of what is due, how long everything took.

use super::{Happening, PodState, Queue, Sim};
use crate::lifecycle::facts::{Kind, NodeId, PodId};
use crate::lifecycle::placer::Keyed;
use crate::lifecycle::window::{Millis, Window};

/// Instants further back than this bear on nothing: longer than the slowest rate of taints and the wait
/// of a pod that nothing wakes.
const FORGOTTEN: i64 = -500_000;
/// Doublings of the back-off end here.
const ATTEMPTS: u32 = 6;

/// How states are compared.
#[derive(Clone, Copy, Debug)]
pub struct Naming<'a> {
    /// New name of each node.
    pub nodes: &'a [u16],
    /// Whether the order of a node's pods and their start times matter: they do where pods are evicted.
    pub ordered: bool,
    /// Start of the step, in milliseconds.
    pub base: Millis,
}

impl Naming<'_> {
    /// A node's word; 0 is no node.
    #[must_use]
    pub fn node(&self, node: Option<NodeId>) -> u32 {
        node.map_or(0, |n| 1 + u32::from(self.nodes.get(usize::from(n.0)).copied().unwrap_or(n.0)))
    }

    fn instant(&self, at: Millis) -> u32 {
        let distance = i128::from(at) - i128::from(self.base);
        let distance = distance.clamp(i128::from(FORGOTTEN), i128::from(i32::MAX - 1));
        i32::try_from(distance).unwrap_or(i32::MAX).cast_unsigned()
    }

    /// Adds an instant that is known up to an interval.
    pub fn window(&self, window: Window, out: &mut Vec<u32>) {
        out.push(self.instant(window.earliest));
        out.push(window.latest.map_or(i32::MAX.cast_unsigned(), |l| self.instant(l)));
    }

    /// A start time in seconds: those before the step only by their order, which `rank` knows.
    pub(crate) fn start(&self, start: i64, rank: impl Fn(i64) -> usize) -> u32 {
        let base = i64::try_from(self.base / 1000).unwrap_or(i64::MAX);
        if start >= base {
            u32::try_from(start.saturating_sub(base)).unwrap_or(u32::MAX / 2).saturating_add(1 << 16)
        } else {
            u32::try_from(rank(start)).unwrap_or(u32::MAX)
        }
    }
}

impl<P: Keyed> Sim<P> {
    /// The state's key under a naming.
    #[must_use]
    pub fn key(&self, naming: &Naming<'_>) -> Vec<u32> {
        let mut pods: Vec<(Vec<u32>, PodId)> =
            self.live().map(|(id, p)| (self.pod_words(id, p, naming), id)).collect();
        pods.sort_unstable();
        let named = |pod: PodId| {
            let at = pods.iter().position(|(_, id)| *id == pod);
            at.and_then(|i| u32::try_from(i).ok()).unwrap_or(u32::MAX)
        };
        let mut out = vec![u32::from(self.api), u32::from(self.disruption.master)];
        self.node_words(naming, &mut out);
        for (workload, facts) in self.workloads.iter().zip(&self.facts.workloads) {
            // Nobody asks how many pods there were beyond the first set of them.
            let made = workload.made.min(facts.replicas.saturating_add(1));
            out.extend([u32::from(workload.exists), workload.revision, made]);
            out.extend(workload.wanted.iter().flat_map(|w| [w.0, w.1]));
            out.extend(workload.volume.iter().map(|n| naming.node(*n)));
            out.push(u32::MAX);
        }
        for (words, pod) in &pods {
            out.extend(words);
            let mut awaits: Vec<u32> = self.pod(*pod).awaits.iter().map(|p| named(*p)).collect();
            awaits.sort_unstable();
            out.extend(awaits);
            out.push(u32::MAX);
        }
        let mut agenda: Vec<Vec<u32>> = self
            .agenda
            .iter()
            .map(|entry| {
                let mut words = self.happening(entry.what, naming, &named);
                naming.window(entry.when, &mut words);
                if naming.ordered {
                    words.push(naming.instant(entry.seen.earliest));
                }
                words
            })
            .collect();
        agenda.sort_unstable();
        out.extend(agenda.into_iter().flatten());
        out.push(u32::MAX);
        self.placer.key(naming, &named, &mut out);
        out
    }

    fn pod_words(&self, id: PodId, pod: &PodState, naming: &Naming<'_>) -> Vec<u32> {
        let daemon = self.facts.workloads[usize::from(pod.workload.0)].kind == Kind::DaemonSet;
        let ordinal = match u16::try_from(pod.ordinal) {
            Ok(node) if daemon => naming.node(Some(NodeId(node))),
            _ => pod.ordinal,
        };
        let flag = |on: bool, at: u32| u32::from(on) << at;
        let asleep = match pod.queue {
            Queue::Asleep(rejectors) if pod.node.is_none() => 1 + rejectors.0,
            Queue::Gated(rejectors) if pod.node.is_none() => 1 << 31 | rejectors.0,
            _ => 0,
        };
        let mut words = vec![
            u32::from(pod.workload.0),
            ordinal,
            pod.revision,
            naming.node(pod.node),
            flag(pod.ready, 0) | flag(pod.begun, 1) | flag(pod.terminating, 2),
            asleep,
            pod.attempts.min(ATTEMPTS),
            naming.node(pod.nominated),
        ];
        // A bound pod's failures are behind it, except that who failed first hears first of victims.
        let failed = pod.failed_at.filter(|_| pod.node.is_none());
        if let Some(event) = failed.and_then(|at| self.log.get(at)) {
            naming.window(event.when, &mut words);
        }
        if !pod.awaits.is_empty() {
            let before = self.live().filter(|(_, p)| !p.awaits.is_empty() && p.failed_at < pod.failed_at);
            words.push(u32::try_from(before.count()).unwrap_or(u32::MAX));
        }
        self.placer.pod_key(id, naming, &mut words);
        words
    }

    fn node_words(&self, naming: &Naming<'_>, out: &mut Vec<u32>) {
        let mut nodes: Vec<(u32, u32)> = self
            .node_ids()
            .map(|id| {
                let n = self.node(id);
                let flags =
                    [n.alive, n.exists, n.ready, n.no_execute, n.queued, n.out_of_service, n.cordoned];
                let bits = flags.iter().fold(0, |bits, &on| bits << 1 | u32::from(on));
                (naming.node(Some(id)), bits)
            })
            .collect();
        nodes.sort_unstable();
        out.extend(nodes.into_iter().map(|(_, bits)| bits));
        for zone in self.disruption.zones.values() {
            out.extend([zone.state as u32, zone.not_ready]);
        }
        for (zone, at) in &self.tokens {
            let place = self.facts.nodes.iter().position(|n| n.zone == *zone).unwrap_or(usize::MAX);
            out.push(u32::try_from(place).unwrap_or(u32::MAX));
            if let Some(event) = self.log.get(*at) {
                naming.window(event.when, out);
                naming.window(event.seen, out);
            }
        }
        out.push(u32::MAX);
    }

    fn happening(&self, what: Happening, naming: &Naming<'_>, named: &impl Fn(PodId) -> u32) -> Vec<u32> {
        let node = |kind: u32, n: NodeId| vec![kind, naming.node(Some(n))];
        let pod = |kind: u32, p: PodId| vec![kind, named(p)];
        match what {
            Happening::Unknown(n) => node(0, n),
            Happening::Pass => vec![1],
            Happening::NoExecute(n) => node(2, n),
            Happening::Evict(p) => pod(3, p),
            Happening::Collect(p) => pod(4, p),
            Happening::Ready(n) => node(5, n),
            Happening::Cleared(n) => node(6, n),
            Happening::Create(w, ordinal) => {
                let daemon = self.facts.workloads[usize::from(w.0)].kind == Kind::DaemonSet;
                let ordinal = match u16::try_from(ordinal) {
                    Ok(n) if daemon => naming.node(Some(NodeId(n))),
                    _ => ordinal,
                };
                vec![7, u32::from(w.0), ordinal]
            }
            Happening::Schedule(p) => pod(8, p),
            Happening::Started(p) => pod(9, p),
            Happening::Gone(p) => pod(10, p),
            Happening::Drained(p) => pod(11, p),
            Happening::Retire(p) => pod(12, p),
            Happening::Flush(p) => pod(13, p),
        }
    }
}
