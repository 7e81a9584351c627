//! The engine: one concrete run of a cluster through a story, with every choice in the open.
//!
//! [`Sim`] is a state machine. Its agenda holds what will happen by itself, each entry with the
//! interval of time in which it happens and with its cause; [`Sim::enabled`] lists the entries that
//! may be next, [`Sim::fire`] lets one happen. What Kubernetes leaves open inside one happening (a tie
//! between nodes, a choice of victims) is asked of a [`Choose`]. Nothing is random and nothing reads a
//! clock, so a run is its list of choices.

mod controllers;
mod eviction;
mod key;
mod log;
mod lookup;
mod nodes;
mod outage;
mod planned;
mod scheduling;
mod status;

use std::sync::Arc;

pub use key::Naming;
pub use log::Log;
pub use outage::{Away, Outage, Part};
pub use status::{PodStatus, WorkloadStatus};

use super::facts::{Facts, NodeId, PodId, WorkloadId};
use super::placer::{Placer, Rejectors};
use super::story::{Act, Story, Until};
use super::window::Window;

/// Something that happens by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Happening {
    /// The grace period of a dead node ends: Ready=Unknown, NoSchedule, its pods leave the endpoints.
    Unknown(NodeId),
    /// The controller reconsiders the disruption modes.
    Pass,
    /// A dead node gets its NoExecute taint.
    NoExecute(NodeId),
    /// A toleration ends: the pod is deleted.
    Evict(PodId),
    /// The pod garbage collector deletes a pod by force.
    Collect(PodId),
    /// A returned kubelet reports: Ready=True, NoSchedule goes.
    Ready(NodeId),
    /// The NoExecute taint of a returned node goes.
    Cleared(NodeId),
    /// A controller creates a pod: of a workload, with an ordinal (of a DaemonSet: the node).
    Create(WorkloadId, u32),
    /// The scheduler takes the pod from its queue.
    Schedule(PodId),
    /// A pod's containers are ready.
    Started(PodId),
    /// A deleted pod's object goes.
    Gone(PodId),
    /// `kubectl drain` asks for the eviction of a pod.
    Drained(PodId),
    /// A controller deletes a pod of an old revision, or one too many.
    Retire(PodId),
    /// The scheduler retries a pod that no event woke for five minutes.
    Flush(PodId),
}

/// What was logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum What {
    /// From outside.
    Act(Act),
    /// By itself.
    Fired(Happening),
    /// The pod was bound.
    Bound(PodId, NodeId),
    /// No node for the pod, for now.
    Unschedulable(PodId),
    /// The pod is nominated, its victims are being deleted.
    Preempts(PodId, NodeId),
    /// The pod is terminating.
    Terminating(PodId),
    /// A quota refused a pod of the workload.
    Refused(WorkloadId),
}

/// An entry of the log: what, when, and because of which earlier entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// What happened.
    pub what: What,
    /// When, as predicted from the acts of the story alone.
    pub when: Window,
    /// When, given the instants that were observed so far ([`Sim::fire_at`]).
    pub seen: Window,
    /// The entry that brought it about.
    pub cause: Option<usize>,
    /// The name of the wait between the cause and this.
    pub part: Part,
}

/// An entry of the agenda.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pending {
    /// What will happen.
    pub what: Happening,
    /// When, as predicted from the acts alone.
    pub when: Window,
    /// When, given what was observed.
    pub seen: Window,
    /// The entry of the log that brings it about.
    pub cause: usize,
    /// The name of the wait.
    pub part: Part,
}

/// Where the scheduler keeps an unbound pod.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Queue {
    /// It will be tried.
    Active,
    /// It waits for an event that a queueing hint accepts.
    Asleep(Rejectors),
    /// It was to be woken while it was still deleting its victims, and DefaultPreemption held it back. If they are
    /// gone already nobody lets it in again but the end of a pod that wakes it: neither other events nor the
    /// retry after five minutes.
    Gated(Rejectors),
}

/// A pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PodState {
    /// Its workload.
    pub workload: WorkloadId,
    /// Ordinal of a StatefulSet's pod, node of a DaemonSet's, else 0.
    pub ordinal: u32,
    /// Revision of the template that it was made from.
    pub revision: u32,
    /// The node it is bound to.
    pub node: Option<NodeId>,
    /// Whether its Ready condition is True.
    pub ready: bool,
    /// Whether its kubelet reported a start.
    pub begun: bool,
    /// Whether it is marked for deletion.
    pub terminating: bool,
    /// Whether the object still exists.
    pub exists: bool,
    /// Place in the scheduler's queue while unbound.
    pub queue: Queue,
    /// Failed attempts since the pod was created, for the back-off.
    pub attempts: u32,
    /// Node for which preemption nominated it.
    pub nominated: Option<NodeId>,
    /// Pods that must go before it fits there.
    pub awaits: Vec<PodId>,
    /// The log entry of its last failed attempt.
    pub failed_at: Option<usize>,
    /// The pod of the same workload that was made before it.
    earlier: Option<PodId>,
}

/// A node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeState {
    /// The machine runs.
    pub alive: bool,
    /// The Node object exists.
    pub exists: bool,
    /// Ready=True in the API.
    pub ready: bool,
    /// Carries `unreachable:NoExecute`.
    pub no_execute: bool,
    /// Waits for `unreachable:NoExecute`.
    pub queued: bool,
    /// Carries the out-of-service taint.
    pub out_of_service: bool,
    /// Cordoned.
    pub cordoned: bool,
    /// The log entry of its last change of readiness.
    pub since: usize,
}

/// A workload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkloadState {
    /// Created.
    pub exists: bool,
    /// Latest revision.
    pub revision: u32,
    /// Wanted pods per revision, the oldest first (Deployments).
    pub wanted: Arc<Vec<(u32, u32)>>,
    /// Pods that were created since the start, for the data of ephemeral volumes.
    pub made: u32,
    /// The node that holds its local volume, per ordinal.
    pub volume: Vec<Option<NodeId>>,
    /// The pod that was made last.
    newest: Option<PodId>,
}

/// A question that Kubernetes leaves open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Point<'a> {
    /// Which of the equally good nodes.
    Node(PodId, &'a [NodeId]),
    /// Which of the equally good preemptions.
    Victims(PodId, &'a [super::placer::Candidate]),
    /// Whether the end of a victim without grace period is missed by a second pod that wanted it gone
    /// (0: it wakes, 1: it sleeps on).
    Missed(PodId),
    /// Which entry of the agenda is next.
    Next(&'a [Pending]),
    /// Whether the step of the story ends before anything else happens, where it may (0: not yet, 1: now).
    Over,
}

/// Answers questions; must return a number below `options`.
pub trait Choose {
    /// The answer.
    fn choose(&mut self, point: Point<'_>, options: usize) -> usize;

    /// Whether every answer is the first option, so that nobody needs to list them.
    fn always_first(&self) -> bool {
        false
    }
}

/// Always the first option: the canonical run.
#[derive(Clone, Copy, Debug, Default)]
pub struct First;

impl Choose for First {
    fn choose(&mut self, _: Point<'_>, _: usize) -> usize {
        0
    }

    fn always_first(&self) -> bool {
        true
    }
}

/// A run in progress.
#[derive(Clone)]
pub struct Sim<P: Placer> {
    /// The cluster.
    pub facts: Arc<Facts>,
    /// The scheduler.
    pub placer: P,
    /// Nodes, in the order of the facts.
    pub nodes: Vec<NodeState>,
    /// Workloads, in the order of the facts.
    pub workloads: Vec<WorkloadState>,
    /// Every pod that ever was.
    pub pods: Vec<PodState>,
    /// What will happen by itself.
    pub agenda: Vec<Pending>,
    /// What happened.
    pub log: Log,
    /// Whether the API answers.
    pub api: bool,
    /// The modes of disruption that are in force.
    pub disruption: super::disruption::Disruption,
    /// Added to the start times that the scheduler is told. Kubernetes writes them in whole seconds of a
    /// clock whose fraction at the start of the story is open; 0 unless a record tells more.
    pub start_shift: super::window::Millis,
    /// The loss (log entry) of the last server that may have led the controllers while others lived on.
    headless: Option<usize>,
    /// Last NoExecute taint by zone (log entry).
    tokens: Vec<(String, usize)>,
    /// The entry of the log whose consequences are being worked out.
    now: usize,
    /// Pods that went to sleep in the scheduler's queue, in ascending order; some may have left it since.
    asleep: Vec<PodId>,
    /// When the last entry of the log happened.
    clock: Window,
}

impl<P: Placer> Sim<P> {
    /// A cluster with all nodes up, and nothing on it.
    #[must_use]
    pub fn new(facts: Arc<Facts>, placer: P) -> Self {
        let node = NodeState {
            alive: true,
            exists: true,
            ready: true,
            no_execute: false,
            queued: false,
            out_of_service: false,
            cordoned: false,
            since: 0,
        };
        let workloads = facts
            .workloads
            .iter()
            .map(|w| WorkloadState {
                exists: false,
                revision: 0,
                wanted: Arc::new(vec![(0, w.replicas)]),
                made: 0,
                volume: Vec::new(),
                newest: None,
            })
            .collect();
        let mut sim = Self {
            nodes: vec![node; facts.nodes.len()],
            workloads,
            pods: Vec::new(),
            agenda: Vec::new(),
            log: Log::default(),
            api: true,
            disruption: super::disruption::Disruption {
                zones: std::collections::BTreeMap::new(),
                master: false,
            },
            start_shift: 0,
            headless: None,
            tokens: Vec::new(),
            now: 0,
            asleep: Vec::new(),
            clock: Window::ZERO,
            facts,
            placer,
        };
        sim.disruption = sim.modes();
        sim
    }

    /// Indices of the agenda's entries that may be next: those that can happen before every other one
    /// must have happened. Empty while the control plane is down or when all is quiet.
    #[must_use]
    pub fn enabled(&self) -> Vec<usize> {
        let deadline = self.agenda.iter().filter_map(|e| e.when.latest).min();
        (0..self.agenda.len())
            .filter(|&i| deadline.is_none_or(|d| self.agenda[i].when.earliest <= d))
            .collect()
    }

    /// Lets entry `index` of the agenda happen.
    pub fn fire(&mut self, index: usize, choose: &mut impl Choose) {
        let entry = self.agenda.remove(index);
        let seen = entry.seen;
        self.happen(&entry, seen, choose);
    }

    /// Lets entry `index` happen at an instant that was observed, which narrows what follows from it.
    pub fn fire_at(&mut self, index: usize, at: Window, choose: &mut impl Choose) {
        let entry = self.agenda.remove(index);
        self.happen(&entry, at, choose);
    }

    fn happen(&mut self, entry: &Pending, seen: Window, choose: &mut impl Choose) {
        self.now = self.log.len();
        self.record(Event {
            what: What::Fired(entry.what),
            when: entry.when,
            seen,
            cause: Some(entry.cause),
            part: entry.part,
        });
        match entry.what {
            Happening::Unknown(node) => self.node_unknown(node),
            Happening::Pass => self.pass(),
            Happening::NoExecute(node) => self.no_execute(node),
            Happening::Evict(pod) | Happening::Retire(pod) => self.terminate(pod),
            Happening::Collect(pod) | Happening::Gone(pod) => self.gone(pod, choose),
            Happening::Ready(node) => self.node_ready(node),
            Happening::Cleared(node) => self.node_cleared(node),
            Happening::Create(workload, ordinal) => self.create(workload, ordinal),
            Happening::Schedule(pod) => self.attempt(pod, choose),
            Happening::Started(pod) => self.started(pod),
            Happening::Drained(pod) => self.drained(pod),
            Happening::Flush(pod) => self.activate(pod, Window::ZERO),
        }
    }

    /// Lets an act from outside happen at `at`.
    pub fn act(&mut self, act: Act, at: Window) {
        self.now = self.log.len();
        self.record(Event { what: What::Act(act), when: at, seen: at, cause: None, part: Part::Act });
        match act {
            Act::Create(workload) => self.introduce(workload),
            Act::CreateAll => {
                for i in 0..self.workloads.len() {
                    self.introduce(WorkloadId(u16::try_from(i).unwrap_or(u16::MAX)));
                }
            }
            Act::Lose(node) => self.lose(node),
            Act::Return(node) => self.back(node),
            Act::Fence(node, fence) => self.fence(node, fence),
            Act::Unfence(node) => self.unfence(node),
            Act::Cordon(node) => self.cordon(node, true),
            Act::Uncordon(node) => self.cordon(node, false),
            Act::Drain(node) => self.drain(node),
            Act::Restart(workload) => self.restart(workload),
            Act::Delete(pod) => self.terminate(pod),
            Act::RestartControllers => self.restart_controllers(),
        }
    }

    /// Runs a story to its end and returns, per step, the index of the log entry after it.
    ///
    /// `budget` bounds the number of happenings over the whole story; `None` if it ran out.
    pub fn run(&mut self, story: &Story, choose: &mut impl Choose, budget: usize) -> Option<Vec<usize>> {
        let mut left = budget;
        let mut ends = Vec::new();
        let mut start = self.next_start();
        for step in &story.steps {
            for &act in &step.acts {
                self.act(act, start);
            }
            let end = match step.until {
                Until::After(length) => Some(start + Window::at(length)),
                Until::Settled | Until::Noticed => None,
            };
            loop {
                let next = self.next(end, choose);
                let Some(next) = next.filter(|_| step.until != Until::Noticed || !self.noticed()) else {
                    break;
                };
                left = left.checked_sub(1)?;
                self.fire(next, choose);
            }
            start = end.unwrap_or_else(|| self.next_start());
            ends.push(self.log.len());
        }
        self.log.seal();
        Some(ends)
    }

    /// The entry of the agenda that is next, if one may happen before the end of the step.
    fn next(&self, end: Option<Window>, choose: &mut impl Choose) -> Option<usize> {
        let deadline = self.agenda.iter().filter_map(|e| e.when.latest).min();
        let last = [deadline, end.and_then(|end| end.latest)].into_iter().flatten().min();
        let mut may =
            (0..self.agenda.len()).filter(|&i| last.is_none_or(|l| self.agenda[i].when.earliest <= l));
        if choose.always_first() {
            return may.next();
        }
        let options: Vec<usize> = may.collect();
        if !options.is_empty() && self.may_end(end) && choose.choose(Point::Over, 2) == 1 {
            return None;
        }
        let entries: Vec<Pending> = options.iter().map(|&i| self.agenda[i].clone()).collect();
        let most = options.len().checked_sub(1)?;
        options.get(choose.choose(Point::Next(&entries), options.len()).min(most)).copied()
    }

    /// Whether the API knows of every dead node that it is not ready.
    #[must_use]
    pub fn noticed(&self) -> bool {
        self.nodes.iter().all(|n| n.alive || !n.ready || !n.exists)
    }

    /// When the next step of a story begins. Where all is quiet nothing that is still to come depends on how
    /// long it took to become so, and the step begins at one instant.
    #[must_use]
    pub fn next_start(&self) -> Window {
        let clock = self.clock();
        match clock.latest {
            Some(latest) if self.agenda.is_empty() => Window::at(latest),
            _ => clock,
        }
    }

    /// When the last entry of the log happened.
    #[must_use]
    pub fn clock(&self) -> Window {
        self.clock
    }

    /// Puts a happening on the agenda, `delay` after the entry whose consequences are worked out.
    fn after(&mut self, delay: Window, part: Part, what: Happening) {
        let cause = self.now;
        let (when, seen) = self.log.get(cause).map_or((Window::ZERO, Window::ZERO), |e| (e.when, e.seen));
        self.agenda.push(Pending { what, when: when + delay, seen: seen + delay, cause, part });
    }

    fn record(&mut self, event: Event) {
        self.clock = self.clock.and(event.when);
        self.log.push(event);
    }

    /// Adds a log entry at the instant that is being worked out.
    fn note(&mut self, what: What) {
        let (when, seen) = self.log.get(self.now).map_or((Window::ZERO, Window::ZERO), |e| (e.when, e.seen));
        self.record(Event { what, when, seen, cause: Some(self.now), part: Part::Same });
    }

    fn cancel(&mut self, mut which: impl FnMut(Happening) -> bool) {
        self.agenda.retain(|e| !which(e.what));
    }

    fn reaction(&self) -> Window {
        Window::between(0, self.facts.clocks.reaction)
    }
}
