//! After the nodes are back: Kubernetes moves nothing by itself. Which next single loss is still survivable, and which
//! rollouts restore green?

use crate::lifecycle::{Act, First, NodeId, Story, WorkloadId};
use crate::policy::{Fencing, Phase};

use super::claim::{Claim, Says};
use super::judge;
use super::model::Model;
use super::play::{self, Played, Run};
use super::table::Column;

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

/// The way back from every loss set of the table that the control plane survives.
#[must_use]
pub fn of(model: &Model, green: &Run<'_>, columns: &[Column]) -> Vec<Comeback> {
    let sets = columns.iter().filter(|c| c.api).flat_map(|c| &c.lost).filter(|set| !set.is_empty());
    let singles: Vec<(NodeId, Option<Played<'_>>)> =
        model.node_ids().map(|n| (n, lose(green, n, last_phase(model)))).collect();
    sets.filter_map(|set| after(model, green, set, &singles)).collect()
}

/// The moment at which single losses are compared.
fn last_phase(model: &Model) -> Phase {
    if model.fencing.0 == Fencing::None { Phase::Eviction } else { Phase::Fencing }
}

fn lose<'m>(run: &Run<'m>, node: NodeId, phase: Phase) -> Option<Played<'m>> {
    play::lose(run, &[vec![node]], phase, &mut First)
}

fn after(
    model: &Model,
    green: &Run<'_>,
    set: &[NodeId],
    singles: &[(NodeId, Option<Played<'_>>)],
) -> Option<Comeback> {
    let back = play::lose(green, &[set.to_vec()], Phase::Return, &mut First)?.run;
    let mut next = Vec::new();
    for (node, from_green) in singles {
        next.push(NextLoss { node: *node, breaks: breaks(model, *node, &back, from_green.as_ref())? });
    }
    let (rollouts, green_again) = roll(model, &back);
    Some(Comeback { lost: set.to_vec(), astray: astray(model, &back), next, rollouts, green: green_again })
}

/// Claims about exactly this loss that fail; without any, workloads that do not run although they would after green.
fn breaks(
    model: &Model,
    node: NodeId,
    back: &Run<'_>,
    from_green: Option<&Played<'_>>,
) -> Option<Vec<String>> {
    let about = |c: &&Claim| {
        c.event.is_none() && c.phase != Phase::Return && c.losses.iter().any(|order| *order == [vec![node]])
    };
    let evicted = lose(back, node, Phase::Eviction)?;
    let fenced = lose(back, node, Phase::Fencing)?;
    let at = |phase: Phase| if phase == Phase::Eviction { &evicted } else { &fenced };
    let claims: Vec<&Claim> = model.claims.iter().filter(about).collect();
    if !claims.is_empty() {
        let broken = claims.into_iter().filter(|c| !judge::breaches(model, c, at(c.phase)).is_empty());
        return Some(broken.map(|c| format!("{}: {}", c.scenario, super::render::claim_text(c))).collect());
    }
    let played = at(last_phase(model));
    let runs =
        |played: &Played<'_>, id| judge::wanted(model, &played.run, id) <= played.run.status(id).up.len();
    let spared = |id| from_green.is_some_and(|green| runs(green, id)) && !runs(played, id);
    let rows = model.rows.iter().filter(|r| r.claimed && !r.daemon && spared(r.id));
    Some(rows.map(|r| format!("{} {}", r.name, judge::state_in_words(model, &played.run, r.id))).collect())
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

/// Rolls what is astray, the most important first, then whatever still breaks a claim about green. What waits is made
/// anew last: by then there is room.
fn roll(model: &Model, back: &Run<'_>) -> (Vec<WorkloadId>, bool) {
    let mut run = back.clone();
    let mut rolled: Vec<WorkloadId> = Vec::new();
    for _ in 0..MOST_ROLLOUTS {
        let wanted = candidates(model, &run).into_iter().find(|id| !rolled.contains(id));
        let Some(id) = wanted else { break };
        let story = Story::default().then("rolled", [Act::Restart(id)]);
        let mut next = run.clone();
        if next.run(&story, &mut First, play::BUDGET).is_none() {
            break;
        }
        rolled.push(id);
        run = next;
    }
    let broken = green_breaches(model, &run);
    (rolled, broken.is_empty() && astray(model, &run).is_empty())
}

fn candidates(model: &Model, run: &Run<'_>) -> Vec<WorkloadId> {
    let waits = |id: &WorkloadId| run.status(*id).up.is_empty();
    let priority = |id: &WorkloadId| model.world.class(*id).priority;
    let mut ids = astray(model, run);
    let broken = green_breaches(model, run);
    ids.extend(broken.into_iter().filter(|id| !model.row(*id).daemon));
    ids.sort_by_key(|id| (waits(id), std::cmp::Reverse(priority(id)), *id));
    ids.dedup();
    ids
}

/// Who breaks a claim about a cluster without losses.
fn green_breaches(model: &Model, run: &Run<'_>) -> Vec<WorkloadId> {
    let about = |c: &&Claim| {
        c.event.is_none() && c.losses.iter().any(Vec::is_empty) && !matches!(c.says, Says::Evicted)
    };
    let played = Played { lost: run.log.len(), ..Played::unharmed(run.clone()) };
    model
        .claims
        .iter()
        .filter(about)
        .flat_map(|claim| judge::breaches(model, claim, &played))
        .map(|breach| breach.who)
        .collect()
}
