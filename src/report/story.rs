//! What happened between two scenes, alike events in one line.

use std::collections::BTreeSet;

use crate::lifecycle::{Act, Event, Happening, NodeId, PodId, What, Window, WorkloadId};
use crate::prove::Model;
use crate::prove::play::{Played, Run};

/// What a line tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verb {
    /// A machine dies.
    Dies,
    /// A machine comes back.
    Returns,
    /// Somebody says that the machine is dead.
    Fenced,
    /// The control plane knows that the node is away.
    NotReady,
    /// The node reports again.
    Ready,
    /// The taint on the node evicts pods.
    Evicted,
    /// The scheduler evicts pods to make room.
    Displaced,
    /// Pods on a dead node are removed from the records.
    Collected,
    /// Pods get a node.
    Bound,
    /// Pods find no node.
    Waiting,
}

impl Verb {
    /// All of them; the page numbers them in this order.
    pub const ALL: [Verb; 10] = [
        Verb::Dies,
        Verb::Returns,
        Verb::Fenced,
        Verb::NotReady,
        Verb::Ready,
        Verb::Evicted,
        Verb::Displaced,
        Verb::Collected,
        Verb::Bound,
        Verb::Waiting,
    ];

    /// In words, with `@` for the node and `%` for the pod that made it happen.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Verb::Dies => "@ dies",
            Verb::Returns => "@ comes back",
            Verb::Fenced => "@ is fenced",
            Verb::NotReady => "@ is NotReady",
            Verb::Ready => "@ is Ready",
            Verb::Evicted => "evicted by the taint of @",
            Verb::Displaced => "evicted on @ to make room for %",
            Verb::Collected => "removed from the records of @",
            Verb::Bound => "bound to @",
            Verb::Waiting => "no node takes them: they wait",
        }
    }
}

/// Alike events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// When, counted from the last act before.
    pub when: Window,
    /// What.
    pub verb: Verb,
    /// Whose pods; empty where the line is about a node.
    pub who: Vec<WorkloadId>,
    /// Where.
    pub node: Option<NodeId>,
    /// For whom, where pods were displaced.
    pub by: Option<WorkloadId>,
}

/// The story of a run from a log entry on; times count from that entry.
#[must_use]
pub fn lines(model: &Model, run: &Run<'_>, from: usize) -> Vec<Line> {
    between(model, run, from, run.log.len())
}

/// The story of a loss and its fence; the fence's times count from the fence.
#[must_use]
pub fn fenced(model: &Model, played: &Played<'_>) -> Vec<Line> {
    let fence = played.fenced.unwrap_or(played.run.log.len());
    let mut all = between(model, &played.run, played.lost, fence);
    all.extend(between(model, &played.run, fence, played.run.log.len()));
    all
}

fn between(model: &Model, run: &Run<'_>, from: usize, to: usize) -> Vec<Line> {
    let zero = run.log.get(from).map_or(Window::ZERO, |e| e.when);
    let mut lines: Vec<Line> = Vec::new();
    // Who waits already, by the story so far too; a further failed attempt is no news.
    let mut waiting = BTreeSet::new();
    for event in run.log.iter().take(from) {
        match event.what {
            What::Unschedulable(p) => waiting.insert(p),
            What::Bound(p, _) => waiting.remove(&p),
            _ => false,
        };
    }
    for (i, event) in run.log.iter().enumerate().take(to).skip(from) {
        let news = match event.what {
            What::Unschedulable(p) => {
                // A pod that has just evicted others waits for its own room, which it will get.
                let preempted = i > 0 && matches!(run.log[i - 1].what, What::Preempts(q, _) if p == q);
                !preempted && waiting.insert(p)
            }
            What::Bound(p, _) => {
                waiting.remove(&p);
                true
            }
            _ => true,
        };
        let Some((verb, who, node, by)) = told(run, event).filter(|_| news) else { continue };
        // DaemonSet pods belong to their node; what becomes of the node is told.
        if who.is_some_and(|w| model.row(w).daemon) {
            continue;
        }
        let when = Window {
            earliest: event.when.earliest.saturating_sub(zero.earliest),
            latest: event.when.latest.zip(zero.latest).map(|(l, z)| l.saturating_sub(z)),
        };
        let alike =
            |l: &&mut Line| l.verb == verb && l.node == node && l.by == by && l.when == when && who.is_some();
        match lines.iter_mut().rev().take(12).find(alike) {
            Some(line) => line.who.extend(who),
            None => lines.push(Line { when, verb, who: who.into_iter().collect(), node, by }),
        }
    }
    lines
}

type Told = (Verb, Option<WorkloadId>, Option<NodeId>, Option<WorkloadId>);

fn told(run: &Run<'_>, event: &Event) -> Option<Told> {
    let of = |pod: PodId| run.pods.get(pod.0 as usize).map(|p| p.workload);
    let at = |pod: PodId| run.pods.get(pod.0 as usize).and_then(|p| p.node);
    let node = |verb, n| Some((verb, None, Some(n), None));
    match event.what {
        What::Act(Act::Lose(n)) => node(Verb::Dies, n),
        What::Act(Act::Return(n)) => node(Verb::Returns, n),
        What::Act(Act::Fence(n, _)) => node(Verb::Fenced, n),
        What::Fired(Happening::Unknown(n)) => node(Verb::NotReady, n),
        What::Fired(Happening::Ready(n)) => node(Verb::Ready, n),
        What::Fired(Happening::Evict(p)) => Some((Verb::Evicted, of(p), at(p), None)),
        What::Fired(Happening::Collect(p)) => Some((Verb::Collected, of(p), at(p), None)),
        What::Bound(p, n) => Some((Verb::Bound, of(p), Some(n), None)),
        What::Unschedulable(p) => Some((Verb::Waiting, of(p), None, None)),
        What::Terminating(p) => match run.log.get(event.cause?)?.what {
            What::Fired(Happening::Schedule(by)) => Some((Verb::Displaced, of(p), at(p), of(by))),
            _ => None,
        },
        _ => None,
    }
}
