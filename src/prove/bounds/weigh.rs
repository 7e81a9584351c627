//! Everybody together weighs too little: for every choice of the resource that runs short on each node there are
//! weights under which all pods of a crowd weigh less than what it takes. Sound for any weights; only their
//! choice is a guess.
//!
//! A pod counts once, for the dearest of the nodes that it may stand on. Pods that may stand on the same nodes are
//! summed up once a state, so that a choice is weighed in a few steps whatever the number of classes.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use super::scene::Scene;
use super::{Bounds, NodeSet, State, bit};
use crate::lifecycle::{NodeId, WorkloadId};
use crate::prove::world::{Amounts, World, add};

/// Steps of the weight between two resources.
const STEPS: usize = 24;
/// Choices of exhausted resources that are tried.
const MOST_CHOICES: usize = 1 << 14;
/// Sums of requests up to which nothing overflows, whatever the weights.
const LARGEST: i64 = i64::MAX / 4;
/// Weights are at most `STEPS` times this.
const LARGEST_SCALE: i64 = 1 << 52;

/// What may stand in the way of a pod.
#[derive(Clone, Debug)]
pub(super) struct Crowd {
    /// Pods of this priority and above count; all pods if none is given.
    pub(super) from: Option<i32>,
    /// Its pods are known to stand somewhere else.
    pub(super) elsewhere: Option<WorkloadId>,
    /// What pods on their way out may take on a node besides.
    pub(super) leaving: Vec<(NodeId, Amounts)>,
}

impl Crowd {
    /// Every pod of the cluster.
    pub(super) fn everybody() -> Self {
        Self { from: None, elsewhere: None, leaving: Vec::new() }
    }

    /// Whether pods of the class are of the crowd.
    pub(super) fn counts(&self, class: WorkloadId, world: &World) -> bool {
        self.from.is_none_or(|from| world.class(class).priority >= from) && self.elsewhere != Some(class)
    }

    /// What pods on their way out may take on one node.
    pub(super) fn leaving(&self, node: NodeId) -> impl Iterator<Item = &Amounts> {
        self.leaving.iter().filter(move |(n, _)| *n == node).map(|(_, amounts)| amounts)
    }
}

/// Pods that may stand on the same nodes.
#[derive(Clone, Debug)]
struct Group<'a> {
    may: NodeSet,
    /// Whether DaemonSets make them.
    daemon: bool,
    /// What all of them ask for; of a DaemonSet what it takes on each node.
    sum: Amounts,
    /// What one pod of each class asks for, and the number of them.
    classes: Vec<(&'a Amounts, i64)>,
}

/// A step of the weight between a pair of resources.
type Step = (usize, (usize, usize));

/// All pods of one priority and above, ready to be weighed.
#[derive(Clone, Debug)]
pub(super) struct Pool<'a> {
    groups: Vec<Group<'a>>,
    /// What all of them ask for.
    total: Amounts,
    /// The same at least 1: one resource is weighed by the sum of the other.
    scales: Vec<i128>,
    /// What each group weighs where either resource may run short, by the steps that were asked about.
    dearer: RefCell<BTreeMap<Step, Rc<[i128]>>>,
}

impl Pool<'_> {
    fn dearer(&self, step: usize, pair: (usize, usize)) -> Rc<[i128]> {
        let mut known = self.dearer.borrow_mut();
        let weighed = known.entry((step, pair)).or_insert_with(|| {
            let weights = weights(step, &self.scales, pair);
            let one = |&(request, pods): &(&Amounts, i64)| i128::from(pods) * dearest(request, weights, pair);
            self.groups.iter().map(|group| group.classes.iter().map(one).sum()).collect()
        });
        Rc::clone(weighed)
    }
}

/// The weights of a pair of resources at a step: common at the middle, each alone at an end.
fn weights(step: usize, scales: &[i128], (a, b): (usize, usize)) -> (i128, i128) {
    (step as i128 * scales[b], (STEPS - step) as i128 * scales[a])
}

/// The middle first: that is where most crowds weigh least.
fn steps() -> impl Iterator<Item = usize> {
    let half = STEPS / 2;
    std::iter::once(half).chain((1..=half).flat_map(move |d| [half - d, half + d]))
}

impl<'a> Bounds<'a> {
    /// Sums up the pods of a priority and above; `None` if their requests are absurdly large.
    pub(super) fn pool(self, from: Option<i32>, state: &State) -> Option<Pool<'a>> {
        let kinds = self.world.resources.len();
        let counted: Vec<(WorkloadId, NodeSet, i64)> = self
            .world
            .ids()
            .filter(|&c| from.is_none_or(|from| self.world.class(c).priority >= from))
            .map(|c| {
                let facts = self.world.class(c);
                let pods = if facts.daemon { 1 } else { facts.replicas };
                (c, state.may[usize::from(c.0)] & state.alive, pods)
            })
            .filter(|&(_, may, pods)| may != 0 && pods > 0)
            .collect();
        let mut total = vec![0; kinds];
        for &(class, _, pods) in &counted {
            add(&mut total, &self.world.class(class).request, pods);
        }
        if total.iter().any(|&sum| sum >= LARGEST) {
            return None;
        }
        let mut groups: BTreeMap<(NodeSet, bool), Group<'a>> = BTreeMap::new();
        for (class, may, pods) in counted {
            let facts = self.world.class(class);
            let daemon = facts.daemon;
            let new = || Group { may, daemon, sum: vec![0; kinds], classes: Vec::new() };
            let group = groups.entry((may, daemon)).or_insert_with(new);
            add(&mut group.sum, &facts.request, pods);
            group.classes.push((&facts.request, pods));
        }
        let scales = total.iter().map(scale).collect();
        Some(Pool { groups: groups.into_values().collect(), scales, total, dearer: RefCell::default() })
    }
}

/// What one pod weighs at most, if it may stand where either resource runs short.
fn dearest(request: &[i64], (a, b): (i128, i128), pair: (usize, usize)) -> i128 {
    (a * i128::from(request[pair.0])).max(b * i128::from(request[pair.1]))
}

/// A sum as a weight.
fn scale(sum: &i64) -> i128 {
    i128::from(*sum).clamp(1, i128::from(LARGEST_SCALE))
}

/// A pool without the pod that is asked about and without those that stand elsewhere.
struct Rest<'a> {
    pool: &'a Pool<'a>,
    /// Where the removed pods may stand, what each asks for, and their number.
    without: Vec<(NodeSet, &'a Amounts, i64)>,
}

impl<'a> Scene<'a, '_> {
    /// What all pods of the crowd ask for, if they cannot use up every one of `nodes`; else `None`.
    pub(super) fn cannot_fill(&self, class: WorkloadId, nodes: &[NodeId], crowd: &Crowd) -> Option<Amounts> {
        let world = self.bounds.world;
        let pool = self.pool(crowd.from);
        let pool = pool.as_ref().as_ref()?;
        let may = |c: WorkloadId| self.state.may[usize::from(c.0)] & self.state.alive;
        let mut without = Vec::new();
        if may(class) != 0 && world.class(class).replicas > 0 {
            without.push((may(class), &world.class(class).request, 1));
        }
        if let Some(other) = crowd.elsewhere.filter(|&c| c != class && may(c) != 0) {
            let facts = world.class(other);
            let counted = crowd.from.is_none_or(|from| facts.priority >= from);
            if counted && !facts.daemon && facts.replicas > 0 {
                without.push((may(other), &facts.request, facts.replicas));
            }
        }
        let mut total = pool.total.clone();
        for &(_, request, pods) in &without {
            add(&mut total, request, -pods);
        }
        for (_, amounts) in &crowd.leaving {
            add(&mut total, amounts, 1);
        }
        // What a node has left for the crowd before the pod no longer fits: one more than that is needed.
        let mut needed = Vec::with_capacity(nodes.len() * total.len());
        for &node in nodes {
            let from = needed.len();
            needed.extend_from_slice(&world.place(node).allocatable);
            let limit = &mut needed[from..];
            add(limit, &world.class(class).request, -1);
            crowd.leaving(node).for_each(|amounts| add(limit, amounts, -1));
            limit.iter_mut().for_each(|l| *l = l.saturating_add(1));
        }
        let spare = |r: usize, node: NodeId| {
            world.place(node).allocatable[r].saturating_sub(world.class(class).request[r])
        };
        let scarce: Vec<usize> =
            (0..total.len()).filter(|&r| nodes.iter().any(|&n| total[r] > spare(r, n))).collect();
        let rest = Rest { pool, without };
        rest.outweighed_by_every_choice(&scarce, nodes, &needed).then_some(total)
    }
}

impl Rest<'_> {
    fn outweighed_by_every_choice(&self, scarce: &[usize], nodes: &[NodeId], needed: &[i64]) -> bool {
        let choices = scarce.len().checked_pow(u32::try_from(nodes.len()).unwrap_or(u32::MAX));
        let Some(choices) = choices.filter(|&c| c <= MOST_CHOICES) else { return false };
        let mut choice = vec![0; nodes.len()];
        (0..choices).all(|mut code| {
            for chosen in &mut choice {
                *chosen = scarce[code % scarce.len()];
                code /= scarce.len();
            }
            self.outweighed(nodes, &choice, needed)
        })
    }

    /// Whether some weights show that the pods cannot use up the chosen resource of every node.
    fn outweighed(&self, nodes: &[NodeId], choice: &[usize], needed: &[i64]) -> bool {
        let kinds = self.pool.total.len();
        let short_of = |r: usize| {
            let those = nodes.iter().zip(choice).filter(move |(_, chosen)| **chosen == r);
            those.fold(0, |set, (n, _)| set | bit(*n))
        };
        let need_of = |r: usize| -> i128 {
            let needed = choice.iter().zip(needed.chunks_exact(kinds));
            needed.filter(|(c, _)| **c == r).map(|(_, n)| i128::from(n[r])).sum()
        };
        let first = choice[0];
        let Some(second) = choice.iter().copied().find(|&r| r != first) else {
            return need_of(first) > 0 && self.weigh_one(first, short_of(first)) < need_of(first);
        };
        // Common weights of two resources that run short; a third gets none, which is sound.
        let two = (first.min(second), first.max(second));
        let sets = (short_of(two.0), short_of(two.1));
        let needs = (need_of(two.0), need_of(two.1));
        steps().any(|step| {
            let (a, b) = weights(step, &self.pool.scales, two);
            let needed = a * needs.0 + b * needs.1;
            needed > 0 && self.weigh_two(step, two, sets) < needed
        })
    }

    /// What the pods weigh on nodes that all run short of one resource.
    fn weigh_one(&self, r: usize, short: NodeSet) -> i128 {
        let groups = self.pool.groups.iter().map(|group| {
            let places = (group.may & short).count_ones();
            i128::from(group.sum[r]) * i128::from(if group.daemon { places } else { places.min(1) })
        });
        let gone = self.without.iter().filter(|(may, ..)| may & short != 0);
        groups.sum::<i128>()
            - gone.map(|(_, request, n)| i128::from(request[r]) * i128::from(*n)).sum::<i128>()
    }

    /// The same where some nodes run short of one resource and some of another.
    fn weigh_two(&self, step: usize, two: (usize, usize), (here, there): (NodeSet, NodeSet)) -> i128 {
        let (a, b) = weights(step, &self.pool.scales, two);
        let dearer = self.pool.dearer(step, two);
        let groups = self.pool.groups.iter().zip(dearer.iter()).map(|(group, dearer)| {
            let (left, right) = (group.may & here, group.may & there);
            let sums = (a * i128::from(group.sum[two.0]), b * i128::from(group.sum[two.1]));
            match (left != 0, right != 0) {
                _ if group.daemon => {
                    sums.0 * i128::from(left.count_ones()) + sums.1 * i128::from(right.count_ones())
                }
                (true, true) => *dearer,
                (left, right) => sums.0 * i128::from(left) + sums.1 * i128::from(right),
            }
        });
        let gone = self.without.iter().map(|&(may, request, n)| {
            let one = match (may & here != 0, may & there != 0) {
                (true, true) => dearest(request, (a, b), two),
                (left, right) => {
                    a * i128::from(request[two.0]) * i128::from(left)
                        + b * i128::from(request[two.1]) * i128::from(right)
                }
            };
            one * i128::from(n)
        });
        groups.sum::<i128>() - gone.sum::<i128>()
    }
}
