//! Runs: stories of losses, played with a given way of answering what Kubernetes leaves open.

use std::rc::Rc;

use crate::lifecycle::{Act, Choose, First, NodeId, Pending, PodId, Point, Sim, Story, WorkloadId};
use crate::policy::{EventKind, Phase};

use super::claim::Event;
use super::model::Model;
use super::placer::Kube;

/// A run in progress.
pub type Run<'m> = Sim<Kube<'m>>;

/// Happenings after which a run is given up. A settled cluster needs some ten per pod and step.
const BUDGET: usize = 200_000;

/// Where the phases of a run begin and end in its log.
#[derive(Clone)]
pub struct Played<'m> {
    /// The state at the end.
    pub run: Run<'m>,
    /// Log index of the first loss (or of the start, without one).
    pub lost: usize,
    /// Log index of the last fence, if there was one.
    pub fenced: Option<usize>,
}

/// An empty cluster.
#[must_use]
pub fn empty(model: &Model) -> Run<'_> {
    Sim::new(Rc::clone(&model.facts), Kube::new(&model.compiled, &model.names))
}

/// Everything created at once.
pub fn green<'m>(model: &'m Model, choose: &mut impl Choose) -> Option<Run<'m>> {
    let mut run = empty(model);
    run.run(&Story::green(), choose, BUDGET)?;
    Some(run)
}

/// Some workloads created at once on an empty cluster.
pub fn create<'m>(mut run: Run<'m>, only: &[WorkloadId], choose: &mut impl Choose) -> Option<Run<'m>> {
    run.run(&Story::default().then("green", only.iter().copied().map(Act::Create)), choose, BUDGET)?;
    Some(run)
}

/// From green through a history of losses, to a phase. `None` if it does not settle.
pub fn lose<'m>(
    green: &Run<'m>,
    losses: &[Vec<NodeId>],
    phase: Phase,
    choose: &mut impl Choose,
) -> Option<Played<'m>> {
    let mut run = green.clone();
    let mut lost = None;
    let mut fenced = None;
    for nodes in losses {
        lost.get_or_insert(run.log.len());
        run.run(&Story::default().lose(nodes), choose, BUDGET)?;
        if phase != Phase::Eviction {
            fenced = Some(run.log.len());
            run.run(&Story::default().fence(nodes), choose, BUDGET)?;
        }
    }
    if phase == Phase::Return {
        let all: Vec<NodeId> = losses.iter().flatten().copied().collect();
        run.run(&Story::default().back(&all), choose, BUDGET)?;
    }
    Some(Played { lost: lost.unwrap_or(run.log.len()), fenced, run })
}

/// Planned work on a run, to its end.
pub fn plan(played: &mut Played<'_>, event: &Event, choose: &mut impl Choose) -> Option<()> {
    let mut story = Story::default();
    for &node in &event.nodes {
        story = match event.kind {
            EventKind::Drain => story.drain(node).then("uncordoned", [Act::Uncordon(node)]),
            EventKind::Reboot => story.reboot(node, event.lasts),
            EventKind::Upgrade => story.upgrade(&[node], event.lasts),
            EventKind::ColdStart | EventKind::RollingUpdate => story,
        };
    }
    if event.kind == EventKind::ColdStart {
        story = story.cold_start(&event.nodes, event.lasts);
    }
    for &workload in &event.pods {
        story = story.then("rolled", [Act::Restart(workload)]);
    }
    played.run.run(&story, choose, BUDGET).map(|_| ())
}

/// The canonical run of green.
#[must_use]
pub fn canonical(model: &Model) -> Option<Run<'_>> {
    green(model, &mut First)
}

/// Answers at random, by a generator of its own: the same seed gives the same run everywhere.
#[derive(Clone, Debug)]
pub struct Dice(u64);

impl Dice {
    /// A generator of this seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ 0x2545_F491_4F6C_DD1D)
    }

    fn next(&mut self) -> u64 {
        // xorshift64*
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }
}

impl Choose for Dice {
    fn choose(&mut self, _: Point<'_>, options: usize) -> usize {
        let options = u64::try_from(options.max(1)).unwrap_or(1);
        usize::try_from((self.next() >> 11) % options).unwrap_or(0)
    }
}

/// What a run did, in a form that survives the loss of other pods: follows a recorded order as far as it can.
#[derive(Clone, Debug, Default)]
pub struct Script {
    /// Happenings by workload and kind, in the order in which they came.
    order: Vec<(u8, WorkloadId)>,
    /// Nodes chosen, by workload, in order.
    nodes: Vec<(WorkloadId, NodeId)>,
    at: usize,
    used: Vec<bool>,
    who: Vec<WorkloadId>,
}

impl Script {
    /// The script of a run.
    #[must_use]
    pub fn of(run: &Run<'_>) -> Self {
        use crate::lifecycle::{Happening, What};
        let mut order = Vec::new();
        let mut nodes = Vec::new();
        let of = |pod: PodId| run.pods[pod.0 as usize].workload;
        for event in &run.log {
            match event.what {
                What::Fired(Happening::Create(w, _)) => order.push((0, w)),
                What::Fired(Happening::Schedule(p)) => order.push((1, of(p))),
                What::Bound(p, n) | What::Preempts(p, n) => nodes.push((of(p), n)),
                _ => {}
            }
        }
        let used = vec![false; order.len()];
        Self { order, nodes, at: 0, used, who: Vec::new() }
    }

    /// Tells the script whose pod a pod is; pods are created in the order of the calls.
    fn owner(&self, pod: PodId) -> Option<WorkloadId> {
        self.who.get(pod.0 as usize).copied()
    }

    fn rank(&self, entry: &Pending) -> (usize, u64) {
        use crate::lifecycle::Happening;
        let key = match entry.what {
            Happening::Create(w, _) => Some((0, w)),
            Happening::Schedule(p) => self.owner(p).map(|w| (1, w)),
            _ => None,
        };
        let at = key.and_then(|k| self.order.iter().zip(&self.used).position(|(o, used)| !used && *o == k));
        (at.unwrap_or(self.at), entry.when.earliest)
    }
}

impl Choose for Script {
    fn choose(&mut self, point: Point<'_>, _options: usize) -> usize {
        use crate::lifecycle::Happening;
        match point {
            Point::Next(entries) => {
                let best = (0..entries.len()).min_by_key(|&i| self.rank(&entries[i])).unwrap_or(0);
                let (at, _) = self.rank(&entries[best]);
                match entries[best].what {
                    Happening::Create(w, _) => {
                        self.who.push(w);
                        self.mark(at);
                    }
                    Happening::Schedule(_) => self.mark(at),
                    _ => {}
                }
                best
            }
            Point::Node(pod, nodes) => {
                let Some(w) = self.owner(pod) else { return 0 };
                self.wanted(w, |n| nodes.iter().position(|x| *x == n))
            }
            Point::Victims(pod, candidates) => {
                let Some(w) = self.owner(pod) else { return 0 };
                self.wanted(w, |n| candidates.iter().position(|c| c.node == n))
            }
            Point::Missed(_) => 0,
        }
    }
}

impl Script {
    fn mark(&mut self, at: usize) {
        if let Some(used) = self.used.get_mut(at) {
            *used = true;
            self.at = at;
        }
    }

    fn wanted(&self, workload: WorkloadId, find: impl Fn(NodeId) -> Option<usize>) -> usize {
        self.nodes.iter().filter(|(w, _)| *w == workload).find_map(|(_, n)| find(*n)).unwrap_or(0)
    }
}

/// Fences the lost nodes of a run that was evicted.
pub fn fence<'m>(played: &Played<'m>, lost: &[NodeId], choose: &mut impl Choose) -> Option<Played<'m>> {
    let mut next = played.clone();
    next.fenced = Some(next.run.log.len());
    next.run.run(&Story::default().fence(lost), choose, BUDGET)?;
    Some(next)
}

/// Brings the lost nodes of a run back.
pub fn back<'m>(played: &Played<'m>, lost: &[NodeId], choose: &mut impl Choose) -> Option<Played<'m>> {
    let mut next = played.clone();
    next.run.run(&Story::default().back(lost), choose, BUDGET)?;
    Some(next)
}
