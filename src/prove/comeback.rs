//! After the nodes are back: Kubernetes moves nothing by itself. Which next single loss is still survivable, and which
//! rollouts restore green? Told of the canonical order, and of others where they differ.

use crate::lifecycle::{Act, Choose, First, NodeId, Story, WorkloadId};
use crate::policy::Phase;

use super::claim::{Claim, Says};
use super::judge;
use super::model::Model;
use super::play::{self, Dice, Played, Run};

/// Rollouts after which the search for green is given up.
const MOST_ROLLOUTS: usize = 64;

/// What the return of a loss set leaves behind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comeback {
    /// The loss set, lost at once, fenced, and returned.
    pub lost: Vec<NodeId>,
    /// Workloads on a last resort, or not up, that green has on an ordinary node.
    pub astray: Vec<WorkloadId>,
    /// Every next loss of a single node.
    pub next: Vec<NextLoss>,
    /// Workloads to roll out one after the other, in this order, for green.
    pub rollouts: Vec<WorkloadId>,
    /// Whether the claims about green hold after them.
    pub green: bool,
    /// Other orders of creation and ties in which it was played too.
    pub tried: u32,
    /// What they showed otherwise, each once, with the number of runs that showed it.
    pub otherwise: Vec<(Comeback, u32)>,
}

impl Comeback {
    /// Adds what another order showed.
    fn add(&mut self, again: Comeback) {
        self.tried += 1;
        if self.same(&again) {
            return;
        }
        match self.otherwise.iter_mut().find(|(known, _)| known.same(&again)) {
            Some((_, count)) => *count += 1,
            None => self.otherwise.push((again, 1)),
        }
    }

    /// Whether two runs tell the same.
    fn same(&self, other: &Self) -> bool {
        let told = |c: &Self| (c.astray.clone(), c.next.clone(), c.rollouts.clone(), c.green);
        told(self) == told(other)
    }
}

/// The loss of one more node after the return.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NextLoss {
    /// The node.
    pub node: NodeId,
    /// What no longer holds: claims that the policy makes of this loss, or workloads that the same loss spares when it
    /// hits green.
    pub breaks: Vec<String>,
}

/// The ways back that were found so far.
pub struct Comebacks<'m> {
    model: &'m Model,
    /// Which workloads the loss of each node spares when it hits green, by row.
    spared: Vec<(NodeId, Option<Vec<bool>>)>,
    found: Vec<Option<Comeback>>,
    survived: bool,
}

impl<'m> Comebacks<'m> {
    /// None yet.
    #[must_use]
    pub fn new(model: &'m Model, green: &Run<'m>) -> Self {
        let spared = spared(model, green, &mut First);
        Self { model, spared, found: Vec::new(), survived: false }
    }

    /// Looks at the return of a loss set that was played for the table, if the control plane survived the loss.
    pub fn see(&mut self, set: &[NodeId], phase: Phase, played: &Played<'_>) {
        match phase {
            Phase::Eviction => self.survived = played.run.api,
            Phase::Return if self.survived && !set.is_empty() => {
                self.found.push(after(self.model, &played.run, set, &self.spared, &mut First));
            }
            _ => {}
        }
    }

    /// All of them, in the order of the table, each played again in so many other orders.
    #[must_use]
    pub fn varied(self, runs: u64) -> Vec<Comeback> {
        let model = self.model;
        let mut found: Vec<Comeback> = self.found.into_iter().flatten().collect();
        for seed in 1..=runs {
            let mut dice = Dice::new(seed);
            let Some(green) = play::green(model, &mut dice) else { break };
            let spared = spared(model, &green, &mut dice);
            for comeback in &mut found {
                let losses = [comeback.lost.clone()];
                let back = play::lose(&green, &losses, Phase::Return, &mut dice);
                let again = back.and_then(|back| after(model, &back.run, &comeback.lost, &spared, &mut dice));
                if let Some(again) = again {
                    comeback.add(again);
                }
            }
        }
        found
    }
}

/// One node lost: until evictions are over, and until it was fenced as well.
fn lose<'m>(
    run: &Run<'m>,
    node: NodeId,
    choose: &mut impl Choose,
) -> Option<(Played<'m>, Option<Played<'m>>)> {
    let evicted = play::lose(run, &[vec![node]], Phase::Eviction, choose)?;
    let fenced = play::fence(evicted.clone(), &[node], choose);
    Some((evicted, fenced))
}

/// Which workloads the loss of each node spares when it hits green.
fn spared(model: &Model, green: &Run<'_>, choose: &mut impl Choose) -> Vec<(NodeId, Option<Vec<bool>>)> {
    let mut single = |node| {
        let (evicted, fenced) = lose(green, node, choose)?;
        let played = if model.last_phase() == Phase::Eviction { evicted } else { fenced? };
        Some(model.rows.iter().map(|row| runs(model, &played.run, row.id)).collect())
    };
    model.node_ids().map(|node| (node, single(node))).collect()
}

fn after(
    model: &Model,
    back: &Run<'_>,
    set: &[NodeId],
    spared: &[(NodeId, Option<Vec<bool>>)],
    choose: &mut impl Choose,
) -> Option<Comeback> {
    let mut next = Vec::new();
    for (node, by_green) in spared {
        next.push(NextLoss { node: *node, breaks: breaks(model, *node, back, by_green.as_deref(), choose)? });
    }
    let (rollouts, green) = roll(model, back, choose);
    let (lost, astray) = (set.to_vec(), astray(model, back));
    Some(Comeback { lost, astray, next, rollouts, green, tried: 0, otherwise: Vec::new() })
}

/// Claims about exactly this loss that fail; without any, workloads that do not run although they would after green.
fn breaks(
    model: &Model,
    node: NodeId,
    back: &Run<'_>,
    by_green: Option<&[bool]>,
    choose: &mut impl Choose,
) -> Option<Vec<String>> {
    let about = |c: &&Claim| {
        c.event.is_none() && c.phase != Phase::Return && c.losses.iter().any(|order| *order == [vec![node]])
    };
    let (evicted, fenced) = lose(back, node, choose)?;
    let fenced = fenced?;
    let at = |phase: Phase| if phase == Phase::Eviction { &evicted } else { &fenced };
    let claims: Vec<&Claim> = model.claims.iter().filter(about).collect();
    if !claims.is_empty() {
        let broken = claims.into_iter().filter(|c| !judge::breaches(model, c, at(c.phase)).is_empty());
        return Some(broken.map(|c| format!("{}: {}", c.scenario, super::render::claim_text(c))).collect());
    }
    let played = at(model.last_phase());
    let spared = |id: WorkloadId| by_green.is_some_and(|spared| spared[usize::from(id.0)]);
    let spared = |id| spared(id) && !runs(model, &played.run, id);
    let rows = model.rows.iter().filter(|r| r.claimed && !r.daemon && spared(r.id));
    Some(rows.map(|r| format!("{} {}", r.name, judge::state_in_words(model, &played.run, r.id))).collect())
}

/// Whether all pods of a workload run that should.
fn runs(model: &Model, run: &Run<'_>, id: WorkloadId) -> bool {
    judge::wanted(model, run, id) <= run.running(id)
}

/// Claimed workloads that stand on a last resort or do not run; and the lock, if it waits.
fn astray(model: &Model, run: &Run<'_>) -> Vec<WorkloadId> {
    let stray = |id: WorkloadId| {
        let status = run.status(id);
        let boats = status.up.iter().chain(&status.starting).any(|n| model.nodes[usize::from(n.0)].lifeboat);
        let row = model.row(id);
        status.up.len() < judge::wanted(model, run, id) || (row.claimed && boats)
    };
    model.rows.iter().filter(|r| !r.daemon).map(|r| r.id).filter(|id| stray(*id)).collect()
}

/// A run in which nothing is going on.
fn at_rest(run: Run<'_>) -> Played<'_> {
    Played { lost: run.log.len(), ..Played::unharmed(run) }
}

/// Rolls what is astray, the most important first, then whatever still breaks a claim about green. What waits is made
/// anew last: by then there is room.
fn roll(model: &Model, back: &Run<'_>, choose: &mut impl Choose) -> (Vec<WorkloadId>, bool) {
    let mut now = at_rest(back.clone());
    let mut rolled: Vec<WorkloadId> = Vec::new();
    for _ in 0..MOST_ROLLOUTS {
        let wanted = candidates(model, &now).into_iter().find(|id| !rolled.contains(id));
        let Some(id) = wanted else { break };
        let story = Story::default().then("rolled", [Act::Restart(id)]);
        let mut next = now.run.clone();
        if next.run(&story, choose, play::BUDGET).is_none() {
            break;
        }
        rolled.push(id);
        now = at_rest(next);
    }
    let broken = green_breaches(model, &now);
    (rolled, broken.is_empty() && astray(model, &now.run).is_empty())
}

fn candidates(model: &Model, now: &Played<'_>) -> Vec<WorkloadId> {
    let run = &now.run;
    let waits = |id: &WorkloadId| run.running(*id) == 0;
    let priority = |id: &WorkloadId| model.world.class(*id).priority;
    let mut ids = astray(model, run);
    let broken = green_breaches(model, now);
    ids.extend(broken.into_iter().filter(|id| !model.row(*id).daemon));
    ids.sort_by_key(|id| (waits(id), std::cmp::Reverse(priority(id)), *id));
    ids.dedup();
    ids
}

/// Who breaks a claim about a cluster without losses.
fn green_breaches(model: &Model, now: &Played<'_>) -> Vec<WorkloadId> {
    let about = |c: &&Claim| {
        c.event.is_none() && c.losses.iter().any(Vec::is_empty) && !matches!(c.says, Says::Evicted)
    };
    model
        .claims
        .iter()
        .filter(about)
        .flat_map(|claim| judge::breaches(model, claim, now))
        .map(|breach| breach.who)
        .collect()
}
