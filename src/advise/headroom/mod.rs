//! How much the applications may grow, and how small nodes may be, before the first claim breaks; and what size would
//! make a broken one true.
//!
//! Scheduling is not monotone, so two figures are given: up to one every step was proved, from the other on a
//! run breaks a claim. Between them nothing is known.

mod needed;
pub mod render;
mod size;

pub use needed::{Enough, Needed, needed};
pub use size::{Amount, Resource};

use crate::cluster::Cluster;
use crate::plan::Plan;
use crate::prove::render::claim_text;
use crate::prove::{Model, Options, prove};
use crate::scheduler::CompileError;
use size::{Sizes, part};

/// Thousandths by which a step changes requests or nodes.
const STEP: i64 = 20;
/// Most growth that is tried, in thousandths of today.
const MOST: i64 = 4000;
/// Decisions that are spent on one claim at one size in search of a run that breaks it.
const BUDGET: u64 = 2_000;
/// Sizes that are tried between one where no run was found and one where a run was.
const HALVES: usize = 6;

/// What is left, in requests of the default tier's workloads together, and in what nodes have to give.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Headroom {
    /// What they request today.
    pub today: Amount,
    /// Up to here every claim is proved, at every step; `None` if not even today.
    pub proved: Option<Amount>,
    /// The first claim that is no longer proved beyond, and its scenario.
    pub first: Option<String>,
    /// The smallest size found at which a run breaks a claim; `None` if none was found up to four times today.
    pub refuted: Option<(Amount, String)>,
    /// How small nodes may be.
    pub nodes: Vec<Least>,
    /// What would make claims true that are not proved today.
    pub needed: Vec<Needed>,
}

/// How little of a resource the nodes of a group may have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Least {
    /// Whether the group is that of the last resorts.
    pub lifeboat: bool,
    /// Of what.
    pub resource: Resource,
    /// What the largest of them has today.
    pub today: i64,
    /// Down to here every claim is proved, at every step, the other resources as they are.
    pub proved: i64,
    /// The largest size found at which a run breaks a claim.
    pub refuted: Option<(i64, String)>,
}

/// Finds the headroom of a plan.
///
/// # Errors
/// If the cluster has more nodes than kube-scheduler examines in full.
pub fn headroom(plan: &Plan) -> Result<Headroom, CompileError> {
    let sizes = Sizes::of(plan);
    let today = sizes.requested();
    let times = |permille: i64| (part(today.0, permille), part(today.1, permille));
    let at = |permille: i64| sizes.applications(permille);
    let edge = edge(plan, &at, MOST)?;
    let mut found = Headroom {
        today,
        proved: edge.proved.map(times),
        first: edge.open.clone(),
        refuted: None,
        nodes: Vec::new(),
        needed: Vec::new(),
    };
    if edge.open.is_some() {
        let broken = first_broken(plan, &at, edge.proved, MOST)?;
        found.refuted = broken.map(|(permille, claim)| (times(permille), claim));
    }
    if edge.proved.is_none() {
        let proof = prove(
            &Model::of(&plan.policy, sizes.today())?,
            Options { table: false, minimise: false, ..Options::default() },
        );
        found.needed = needed(plan, &proof)?;
        return Ok(found);
    }
    for lifeboat in [false, true] {
        for resource in Resource::ALL {
            found.nodes.extend(least(&sizes, lifeboat, resource)?);
        }
    }
    Ok(found)
}

/// How far the applications may grow with every claim proved; `None` if not every one is proved today.
///
/// # Errors
/// As [`headroom`].
pub fn proved_growth(plan: &Plan) -> Result<Option<Amount>, CompileError> {
    let sizes = Sizes::of(plan);
    let today = sizes.requested();
    let edge = edge(plan, &|permille| sizes.applications(permille), MOST)?;
    Ok(edge.proved.map(|permille| (part(today.0, permille), part(today.1, permille))))
}

fn least(sizes: &Sizes<'_>, lifeboat: bool, resource: Resource) -> Result<Option<Least>, CompileError> {
    let Some(today) = sizes.largest(lifeboat, resource) else { return Ok(None) };
    let at = |permille: i64| sizes.nodes(lifeboat, &[(resource, permille)]);
    let edge = edge(sizes.plan, &at, 0)?;
    let Some(proved) = edge.proved else { return Ok(None) };
    let refuted = match edge.open {
        Some(_) => first_broken(sizes.plan, &at, Some(proved), 0)?,
        None => None,
    };
    let refuted = refuted.map(|(permille, claim)| (part(today, permille), claim));
    Ok(Some(Least { lifeboat, resource, today, proved: part(today, proved), refuted }))
}

/// Where proofs end on the way from today's size to another.
struct Edge {
    /// The last size at which every claim is proved, in thousandths of today.
    proved: Option<i64>,
    /// The claim that is not proved just beyond.
    open: Option<String>,
}

/// Walks in steps while every claim is proved, and finds the end of the last step to a thousandth.
fn edge(plan: &Plan, at: &dyn Fn(i64) -> Cluster, end: i64) -> Result<Edge, CompileError> {
    let step = if end > 1000 { STEP } else { -STEP };
    let mut edge = Edge { proved: None, open: None };
    let mut size = 1000;
    while (end - size) * step >= 0 && edge.open.is_none() {
        match open_claim(plan, at(size))? {
            None => edge.proved = Some(size),
            claim => edge.open = claim,
        }
        size += step;
    }
    let (Some(mut good), Some(_)) = (edge.proved, &edge.open) else { return Ok(edge) };
    let mut bad = good + step;
    while (bad - good).abs() > 1 {
        let middle = i64::midpoint(good, bad);
        match open_claim(plan, at(middle))? {
            None => good = middle,
            claim => (bad, edge.open) = (middle, claim),
        }
    }
    edge.proved = Some(good);
    Ok(edge)
}

/// The size next to the proved ones at which a run was found that breaks a claim: ever farther away until there is one,
/// and then halving the way back. Sizes are thousandths of today.
fn first_broken(
    plan: &Plan,
    at: &dyn Fn(i64) -> Cluster,
    proved: Option<i64>,
    end: i64,
) -> Result<Option<(i64, String)>, CompileError> {
    let towards = if end > 1000 { 1 } else { -1 };
    let start = proved.unwrap_or(1000);
    // Today's size itself may break a claim.
    let mut away = if proved.is_some() { 1 } else { 0 };
    let mut kept = start;
    loop {
        let size = start + towards * away;
        let size = if towards > 0 { size.min(end) } else { size.max(end) };
        if let Some(claim) = broken_claim(plan, at(size))? {
            return halve(plan, at, kept, (size, claim)).map(Some);
        }
        if size == end {
            return Ok(None);
        }
        kept = size;
        away = (away * 2).max(1);
    }
}

fn halve(
    plan: &Plan,
    at: &dyn Fn(i64) -> Cluster,
    mut kept: i64,
    mut broken: (i64, String),
) -> Result<(i64, String), CompileError> {
    for _ in 0..HALVES {
        let middle = i64::midpoint(kept, broken.0);
        if middle == kept || middle == broken.0 {
            break;
        }
        match broken_claim(plan, at(middle))? {
            Some(claim) => broken = (middle, claim),
            None => kept = middle,
        }
    }
    Ok(broken)
}

/// The first claim that bounds do not prove.
fn open_claim(plan: &Plan, cluster: Cluster) -> Result<Option<String>, CompileError> {
    let model = Model::of(&plan.policy, cluster)?;
    let options = Options { budget: 0, table: false, minimise: false, vary: 0 };
    let proof = prove(&model, options);
    Ok(proof.claims.iter().find(|c| !c.verdict.is_proved()).map(|c| name(&c.claim)))
}

/// The first claim that a run breaks.
fn broken_claim(plan: &Plan, cluster: Cluster) -> Result<Option<String>, CompileError> {
    let mut model = Model::of(&plan.policy, cluster)?;
    let options = Options { budget: BUDGET, table: false, minimise: false, vary: 0 };
    // One claim at a time: the first that breaks ends the search.
    for claim in std::mem::take(&mut model.claims) {
        model.claims = vec![claim];
        if let Some(broken) = prove(&model, options).claims.iter().find(|c| c.verdict.is_refuted()) {
            return Ok(Some(name(&broken.claim)));
        }
    }
    Ok(None)
}

fn name(claim: &crate::prove::Claim) -> String {
    format!("{}: {}", claim.scenario, claim_text(claim))
}
