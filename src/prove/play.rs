//! Runs: stories of losses, played with a given way of answering what Kubernetes leaves open.

use std::sync::Arc;

use crate::lifecycle::{Act, Choose, Facts, First, NodeId, Point, Sim, Step, Story, WorkloadId};
use crate::policy::{EventKind, Phase};

use super::claim::Event;
use super::model::Model;
use super::placer::Kube;

/// A run in progress.
pub type Run<'m> = Sim<Kube<'m>>;

/// Happenings after which a run is given up. A settled cluster needs some ten per pod and step.
pub(super) const BUDGET: usize = 200_000;

/// Where the phases of a run begin and end in its log.
#[derive(Clone)]
pub struct Played<'m> {
    /// The state at the end.
    pub run: Run<'m>,
    /// Log index of the first loss (or of the start, without one).
    pub lost: usize,
    /// Log index of the last fence, if there was one.
    pub fenced: Option<usize>,
    /// Quiet moments of planned work at which a claim has to hold too, with what is being done.
    pub moments: Vec<(String, Run<'m>)>,
}

impl<'m> Played<'m> {
    /// A run in which nothing was lost yet.
    #[must_use]
    pub fn unharmed(run: Run<'m>) -> Self {
        Self { run, lost: usize::MAX, fenced: None, moments: Vec::new() }
    }
}

/// An empty cluster.
#[must_use]
pub fn empty(model: &Model) -> Run<'_> {
    Sim::new(Arc::clone(&model.facts), Kube::new(model.compiled(), &model.names))
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

/// A step of a history, and what begins with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leg {
    /// Its acts.
    pub step: Step,
    begins: Begins,
    /// The name of the quiet moment that it ends in, if claims must hold there before the end.
    pub moment: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Begins {
    Creation,
    Loss,
    Fence,
    Return,
    Work,
}

impl Leg {
    /// Remembers where in the log the leg begins.
    pub fn mark(&self, played: &mut Played<'_>) {
        let at = played.run.log.len();
        match self.begins {
            Begins::Creation => {}
            Begins::Loss | Begins::Return | Begins::Work => played.lost = played.lost.min(at),
            Begins::Fence => played.fenced = Some(at),
        }
    }
}

/// The leg in which some workloads are created at once.
#[must_use]
pub fn creation(only: &[WorkloadId]) -> Leg {
    let story = Story::default().then("green", only.iter().copied().map(Act::Create));
    legs(story, Begins::Creation).remove(0)
}

/// The legs of a history of losses up to a phase. Without a control plane nobody can fence.
#[must_use]
pub fn steps(facts: &Facts, losses: &[Vec<NodeId>], phase: Phase) -> Vec<Leg> {
    let mut steps = Vec::new();
    let (mut lost, mut fenced): (Vec<NodeId>, Vec<NodeId>) = Default::default();
    for nodes in losses {
        steps.extend(legs(Story::default().lose(nodes), Begins::Loss));
        lost.extend(nodes);
        if phase != Phase::Eviction && facts.api(|n| !lost.contains(&n)) {
            steps.extend(legs(Story::default().fence(nodes), Begins::Fence));
            fenced.extend(nodes);
        }
    }
    if phase == Phase::Return {
        steps.extend(legs(returns(&lost, &fenced), Begins::Return));
    }
    steps
}

/// Lost nodes come back, and those that were fenced no longer are.
fn returns(lost: &[NodeId], fenced: &[NodeId]) -> Story {
    let story = Story::default().then("back", lost.iter().copied().map(Act::Return));
    if fenced.is_empty() { story } else { story.then("returned", fenced.iter().copied().map(Act::Unfence)) }
}

fn legs(story: Story, begins: Begins) -> Vec<Leg> {
    story.steps.into_iter().map(|step| Leg { step, begins, moment: None }).collect()
}

/// From green through a history of losses, to a phase. `None` if it does not settle.
pub fn lose<'m>(
    green: &Run<'m>,
    losses: &[Vec<NodeId>],
    phase: Phase,
    choose: &mut impl Choose,
) -> Option<Played<'m>> {
    let mut played = Played::unharmed(green.clone());
    for leg in steps(&green.facts, losses, phase) {
        leg.mark(&mut played);
        played.run.run(&Story { steps: vec![leg.step] }, choose, BUDGET)?;
    }
    played.lost = played.lost.min(played.run.log.len());
    Some(played)
}

/// Planned work on a run, to its end. Nodes that are lost already are left out.
pub fn plan(played: &mut Played<'_>, event: &Event, choose: &mut impl Choose) -> Option<()> {
    let alive = |n: NodeId| played.run.nodes.get(usize::from(n.0)).is_some_and(|n| n.alive);
    for (story, moment) in stages(event, alive) {
        played.run.run(&story, choose, BUDGET)?;
        played.moments.extend(moment.map(|moment| (moment, played.run.clone())));
    }
    Some(())
}

/// The legs of planned work after a history of losses, as [`plan`] does it.
#[must_use]
pub fn work(event: &Event, losses: &[Vec<NodeId>], phase: Phase) -> Vec<Leg> {
    let alive = |n: NodeId| phase == Phase::Return || !losses.iter().flatten().any(|lost| *lost == n);
    let mut all = Vec::new();
    for (story, moment) in stages(event, alive) {
        let mut legs = legs(story, Begins::Work);
        if let Some(last) = legs.last_mut() {
            last.moment = moment;
        }
        all.extend(legs);
    }
    all
}

/// The stages of planned work, each with the name of the quiet moment that it ends in, if a claim must hold
/// there; the last one is the end itself. While a node reboots its pods are away, so that only the end of a reboot is
/// one. Nodes that are lost already are left out.
fn stages(event: &Event, alive: impl Fn(NodeId) -> bool) -> Vec<(Story, Option<String>)> {
    let nodes: Vec<(NodeId, &str)> = event
        .nodes
        .iter()
        .zip(&event.names)
        .filter(|(node, _)| event.kind == EventKind::ColdStart || alive(**node))
        .map(|(node, name)| (*node, name.as_str()))
        .collect();
    let mut stages: Vec<(Story, Option<String>)> = Vec::new();
    let story = Story::default;
    for &(node, name) in &nodes {
        let drained = || (story().drain(node), Some(format!("while {name} is drained")));
        let back = || {
            (story().then("uncordoned", [Act::Uncordon(node)]), Some(format!("after {name} is uncordoned")))
        };
        let rebooted = || (story().reboot(node, event.lasts), None);
        match event.kind {
            EventKind::Drain => stages.extend([drained(), back()]),
            EventKind::Reboot => {
                stages.push((rebooted().0, Some(format!("after {name} rebooted"))));
            }
            EventKind::Upgrade => stages.extend([drained(), rebooted(), back()]),
            EventKind::ColdStart | EventKind::RollingUpdate => {}
        }
    }
    match event.kind {
        EventKind::ColdStart => {
            let order: Vec<NodeId> = nodes.iter().map(|(node, _)| *node).collect();
            stages.push((story().cold_start(&order, event.lasts), None));
        }
        EventKind::RollingUpdate => {
            let rolled = |&workload: &WorkloadId| (story().then("rolled", [Act::Restart(workload)]), None);
            stages.extend(event.pods.iter().map(rolled));
        }
        EventKind::Drain | EventKind::Reboot | EventKind::Upgrade => {}
    }
    if let Some((_, moment)) = stages.last_mut() {
        *moment = None;
    }
    stages
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

/// Fences the lost nodes of a run that was evicted. Without a control plane nothing comes of it.
pub fn fence<'m>(mut next: Played<'m>, lost: &[NodeId], choose: &mut impl Choose) -> Option<Played<'m>> {
    if next.run.api {
        next.fenced = Some(next.run.log.len());
        next.run.run(&Story::default().fence(lost), choose, BUDGET)?;
    }
    Some(next)
}

/// Brings the lost nodes of a run back.
pub fn back<'m>(mut next: Played<'m>, lost: &[NodeId], choose: &mut impl Choose) -> Option<Played<'m>> {
    let is_fenced = |n: &NodeId| next.run.nodes.get(usize::from(n.0)).is_some_and(|n| n.out_of_service);
    let fenced: Vec<NodeId> = lost.iter().copied().filter(is_fenced).collect();
    next.run.run(&returns(lost, &fenced), choose, BUDGET)?;
    Some(next)
}
