//! Every scene that a reader can click to: an order of losses, and the moment before a fence, after it (if the policy
//! has anybody fence), or after the return.

use std::collections::BTreeMap;

use crate::lifecycle::{First, NodeId, PodStatus, WorkloadId};
use crate::policy::Phase;
use crate::prove::bounds::Histories;
use crate::prove::play::{self, Played, Run};
use crate::prove::render::{ShownRow, words};
use crate::prove::{Cell, Column, Model, table};

use super::orders;
use super::story::{self, Line};

/// The phases of a scene, in the order in which they come.
pub const PHASES: [Phase; 3] = [Phase::Eviction, Phase::Fencing, Phase::Return];

/// Nodes that are lost one set after the other; each set at once, ascending.
pub type Order = Vec<Vec<NodeId>>;

/// All scenes.
#[derive(Clone, Debug)]
pub struct Atlas {
    /// Scenes by order and phase; the first is the cluster without a loss.
    pub scenes: Vec<Scene>,
    /// Whether every order of losses is among them.
    pub complete: bool,
    /// So many losses one after the other are among them in every order.
    pub deep: usize,
}

/// The cluster at rest after some losses.
#[derive(Clone, Debug)]
pub struct Scene {
    /// What was lost, in order.
    pub order: Order,
    /// Up to which moment.
    pub phase: Phase,
    /// Whether the control plane answers.
    pub api: bool,
    /// Which machines run, in the order of the model's nodes.
    pub alive: Vec<bool>,
    /// Pods of one workload with the same status on the same node, in the order of the workloads.
    pub pods: Vec<Stand>,
    /// What happened since the scene of the order's parent (of a return: since the last scene before it).
    pub story: Vec<Line>,
    /// What the survival table says of it, a text per row.
    pub told: Vec<String>,
}

/// Pods that stand alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Stand {
    /// Whose.
    pub who: WorkloadId,
    /// What they do.
    pub status: PodStatus,
    /// How many.
    pub count: usize,
}

/// The node of a status.
#[must_use]
pub fn node_of(status: PodStatus) -> Option<NodeId> {
    match status {
        PodStatus::Up(n)
        | PodStatus::Starting(n)
        | PodStatus::Ending(n)
        | PodStatus::Stuck(n)
        | PodStatus::Lost(n) => Some(n),
        PodStatus::Pending => None,
    }
}

/// What all scenes are made with.
struct Player<'a> {
    model: &'a Model,
    histories: Option<Histories<'a>>,
    rows: &'a [ShownRow],
    /// Orders by the order that they go on from, with their places.
    further: BTreeMap<&'a [Vec<NodeId>], Vec<(usize, &'a Order)>>,
    /// By the order's place and the moment's.
    scenes: BTreeMap<(usize, usize), Scene>,
}

impl Atlas {
    /// Plays the scenes of a page: those of the table and of the scenarios, then what fits. `None` if the cluster does
    /// not settle without a loss.
    #[must_use]
    pub fn of(model: &Model, rows: &[ShownRow]) -> Option<Self> {
        let found = orders::of_page(model);
        let scenes = play_all(model, rows, &found.orders)?;
        Some(Self { scenes, complete: found.complete, deep: found.deep })
    }

    /// Plays one order of losses only, for a picture. `None` if the cluster does not settle.
    #[must_use]
    pub fn of_order(model: &Model, rows: &[ShownRow], order: &[Vec<NodeId>]) -> Option<Self> {
        let orders: Vec<Order> = (0..=order.len()).map(|n| order[..n].to_vec()).collect();
        Some(Self { scenes: play_all(model, rows, &orders)?, complete: false, deep: 0 })
    }

    /// The scene of an order and a phase.
    #[must_use]
    pub fn scene(&self, order: &[Vec<NodeId>], phase: Phase) -> Option<&Scene> {
        self.scenes.iter().find(|s| s.order == order && s.phase == phase)
    }

    /// The scene without a loss.
    ///
    /// # Panics
    /// Never: an atlas is made with that scene first.
    #[must_use]
    pub fn green(&self) -> &Scene {
        &self.scenes[0]
    }
}

/// Plays orders of losses; each one's beginnings must be among them.
fn play_all(model: &Model, rows: &[ShownRow], orders: &[Order]) -> Option<Vec<Scene>> {
    let green = play::canonical(model)?;
    let mut further: BTreeMap<&[Vec<NodeId>], Vec<(usize, &Order)>> = BTreeMap::new();
    for (at, order) in orders.iter().enumerate() {
        if let Some((_, parent)) = order.split_last() {
            further.entry(parent).or_default().push((at, order));
        }
    }
    let histories = Histories::of(&model.world, &model.facts);
    let mut player = Player { model, histories, rows, further, scenes: BTreeMap::new() };
    let none = Played { lost: green.log.len(), ..Played::unharmed(green.clone()) };
    let cells = player.cells(&Order::new(), &none, Phase::Eviction);
    player.scene(0, &Order::new(), Phase::Eviction, &none, Vec::new(), vec![cells]);
    player.follow(&[], &green, &green);
    Some(player.scenes.into_values().collect())
}

impl Player<'_> {
    /// Plays what goes on from an order, from its run before fences and from its fenced run. Depth first, so that only
    /// the runs on one path are held.
    fn follow(&mut self, parent: &[Vec<NodeId>], unfenced: &Run<'_>, fenced: &Run<'_>) {
        for (at, order) in self.further.remove(parent).unwrap_or_default() {
            let Some(last) = order.last() else { continue };
            let set = std::slice::from_ref(last);
            let Some(evicted) = play::lose(unfenced, set, Phase::Eviction, &mut First) else { continue };
            let before = self.cells(order, &evicted, Phase::Eviction);
            let told = story::lines(self.model, &evicted.run, evicted.lost);
            self.scene(at, order, Phase::Eviction, &evicted, told, vec![before.clone()]);
            // What nobody does is not shown.
            let then = if self.model.last_phase() == Phase::Fencing {
                let Some(then) = play::lose(fenced, set, Phase::Fencing, &mut First) else { continue };
                let after = self.cells(order, &then, Phase::Fencing);
                let told = story::fenced(self.model, &then);
                self.scene(at, order, Phase::Fencing, &then, told, vec![before, after]);
                then
            } else {
                evicted.clone()
            };
            let all: Vec<NodeId> = order.iter().flatten().copied().collect();
            if let Some(back) = play::back(then.clone(), &all, &mut First) {
                let told = story::lines(self.model, &back.run, then.run.log.len());
                let home = self.cells(order, &back, Phase::Return);
                self.scene(at, order, Phase::Return, &back, told, vec![home]);
            }
            self.follow(order, &evicted.run, &then.run);
        }
    }

    fn cells(&self, order: &Order, played: &Played<'_>, phase: Phase) -> (Phase, Vec<Cell>) {
        let state = self.histories.as_ref().map(|known| known.after(order, phase));
        (phase, table::cells(self.model, played, phase, state.as_deref()))
    }

    fn scene(
        &mut self,
        at: usize,
        order: &Order,
        phase: Phase,
        played: &Played<'_>,
        story: Vec<Line>,
        phases: Vec<(Phase, Vec<Cell>)>,
    ) {
        let run = &played.run;
        let mut pods: BTreeMap<(WorkloadId, PodStatus), usize> = BTreeMap::new();
        for (i, pod) in run.pods.iter().enumerate() {
            let id = crate::lifecycle::PodId(u32::try_from(i).unwrap_or(u32::MAX));
            if let Some(status) = run.pod_status(id) {
                *pods.entry((pod.workload, status)).or_default() += 1;
            }
        }
        let mut all: Vec<NodeId> = order.iter().flatten().copied().collect();
        all.sort_unstable();
        debug_assert_eq!(run.nodes.len(), self.model.nodes.len());
        let column = Column {
            lost: vec![all],
            scenarios: Vec::new(),
            api: run.api,
            phases,
            each: Vec::new(),
            taints: None,
        };
        let scene = Scene {
            order: order.clone(),
            phase,
            api: run.api,
            alive: run.nodes.iter().map(|n| n.alive && n.exists).collect(),
            pods: pods.into_iter().map(|((who, status), count)| Stand { who, status, count }).collect(),
            story,
            told: self.rows.iter().map(|row| words(&column, row)).collect(),
        };
        let moment = PHASES.iter().position(|p| *p == phase).unwrap_or(0);
        self.scenes.insert((at, moment), scene);
    }
}
