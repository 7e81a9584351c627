//! Every scene that a reader can click to: an order of losses, and the moment before a fence, after it,
//! or after the return.

use std::collections::BTreeMap;

use crate::lifecycle::{First, NodeId, PodStatus, WorkloadId};
use crate::policy::Phase;
use crate::prove::bounds::Histories;
use crate::prove::play::{self, Played, Run};
use crate::prove::{Cell, Column, Model, table};

use super::story::{self, Line};

/// Most orders of losses that are played; the page says how to see others.
pub const MOST_ORDERS: usize = 90;

/// Up to so many nodes, every order of sets is played.
const SMALL: usize = 4;

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
    /// What happened since the scene of the order's parent (of a return: since the fenced scene).
    pub story: Vec<Line>,
    /// The scene as a column of the survival table.
    pub column: Column,
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

impl Atlas {
    /// Plays every scene; `None` if the cluster does not settle without a loss.
    #[must_use]
    pub fn of(model: &Model) -> Option<Self> {
        let green = play::canonical(model)?;
        let histories = Histories::of(&model.world, &model.facts);
        let (orders, complete) = orders(model);
        let mut atlas = Self { scenes: Vec::new(), complete };
        // The runs that further losses go on from: unfenced, fenced.
        let mut runs: BTreeMap<Order, (Run<'_>, Run<'_>)> = BTreeMap::new();
        for order in orders {
            let state = |phase| histories.as_ref().map(|known| known.after(&order, phase));
            let Some((last, parent)) = order.split_last() else {
                let none = Played { lost: green.log.len(), ..Played::unharmed(green.clone()) };
                let cells = cells(model, &none, Phase::Eviction, state(Phase::Eviction).as_deref());
                atlas.scenes.push(scene(model, &order, Phase::Eviction, &none, Vec::new(), vec![cells]));
                runs.insert(order, (green.clone(), green.clone()));
                continue;
            };
            let Some((unfenced, fenced)) = runs.get(parent) else { continue };
            let set = std::slice::from_ref(last);
            let Some(evicted) = play::lose(unfenced, set, Phase::Eviction, &mut First) else { continue };
            let Some(then) = play::lose(fenced, set, Phase::Fencing, &mut First) else { continue };
            let all: Vec<NodeId> = order.iter().flatten().copied().collect();
            let before = cells(model, &evicted, Phase::Eviction, state(Phase::Eviction).as_deref());
            let after = cells(model, &then, Phase::Fencing, state(Phase::Fencing).as_deref());
            let told = story::lines(model, &evicted.run, evicted.lost);
            atlas.scenes.push(scene(model, &order, Phase::Eviction, &evicted, told, vec![before.clone()]));
            let told = story::fenced(model, &then);
            atlas.scenes.push(scene(model, &order, Phase::Fencing, &then, told, vec![before, after]));
            let from = then.run.log.len();
            if let Some(back) = play::back(then.clone(), &all, &mut First) {
                let told = story::lines(model, &back.run, from);
                let home = cells(model, &back, Phase::Return, state(Phase::Return).as_deref());
                atlas.scenes.push(scene(model, &order, Phase::Return, &back, told, vec![home]));
            }
            runs.insert(order, (evicted.run, then.run));
        }
        Some(atlas)
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

/// Orders of losses, parents first: single nodes in every order, sets at once, and mixtures of both as
/// far as [`MOST_ORDERS`] goes. Says whether these are all.
fn orders(model: &Model) -> (Vec<Order>, bool) {
    let sets = table::loss_sets(model).into_iter().flatten().filter(|s| !s.is_empty());
    let mut found: Vec<Order> = vec![Vec::new()];
    found.extend(sets.map(|set| vec![set]));
    let mut at = 1;
    let mut complete = found.len() <= MOST_ORDERS && model.nodes.len() <= table::ALL_SETS;
    let singles: Vec<NodeId> = model.node_ids().collect();
    found.truncate(MOST_ORDERS);
    while at < found.len() {
        let order = found[at].clone();
        let left: Vec<NodeId> =
            singles.iter().copied().filter(|n| !order.iter().any(|set| set.contains(n))).collect();
        // Small clusters: every set of what is left. Larger ones: a further node after single nodes.
        let small = singles.len() <= SMALL;
        let wide = !small && order.iter().any(|set| set.len() > 1);
        for set in subsets(&left).filter(|set| !wide && (small || set.len() == 1)) {
            if found.len() >= MOST_ORDERS {
                complete = false;
                break;
            }
            let mut next = order.clone();
            next.push(set);
            if !found.contains(&next) {
                found.push(next);
            }
        }
        complete &= small;
        at += 1;
    }
    (found, complete)
}

/// Every non-empty subset, ascending; of many nodes the single ones only.
fn subsets(of: &[NodeId]) -> impl Iterator<Item = Vec<NodeId>> + use<'_> {
    let masks = if of.len() <= SMALL { 1_usize << of.len() } else { 1 };
    let singles = of.iter().filter(move |_| masks == 1).map(|&n| vec![n]);
    let all = (1..masks)
        .map(|mask| of.iter().enumerate().filter(|(i, _)| mask & (1 << i) != 0).map(|(_, &n)| n).collect());
    singles.chain(all)
}

fn cells(
    model: &Model,
    played: &Played<'_>,
    phase: Phase,
    state: Option<&crate::prove::bounds::State>,
) -> (Phase, Vec<Cell>) {
    (phase, table::cells(model, played, phase, state))
}

fn scene(
    model: &Model,
    order: &Order,
    phase: Phase,
    played: &Played<'_>,
    story: Vec<Line>,
    phases: Vec<(Phase, Vec<Cell>)>,
) -> Scene {
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
    debug_assert_eq!(run.nodes.len(), model.nodes.len());
    Scene {
        order: order.clone(),
        phase,
        api: run.api,
        alive: run.nodes.iter().map(|n| n.alive && n.exists).collect(),
        pods: pods.into_iter().map(|((who, status), count)| Stand { who, status, count }).collect(),
        story,
        column: Column { lost: vec![all], scenarios: Vec::new(), api: run.api, phases, taints: None },
    }
}
