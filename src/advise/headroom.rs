//! How much the applications may grow, and how small nodes may be, before the first claim breaks.
//!
//! Scheduling is not monotone, so two figures are given: up to one every step was proved, from the other on a
//! run breaks a claim. Between them nothing is known.

use crate::cluster::{Cluster, Workload};
use crate::kube::{Quantity, ResourceList};
use crate::plan::Plan;
use crate::prove::render::claim_text;
use crate::prove::{Model, Options, Verdict, prove};
use crate::scheduler::CompileError;

/// Thousandths by which a step changes requests or nodes.
const STEP: i64 = 20;
/// Most growth that is tried, in thousandths of today.
const MOST: i64 = 4000;
/// Steps of the search for a run that breaks a claim.
const COARSE: i64 = 250;
/// Decisions that are spent on one claim at one size.
const BUDGET: u64 = 400;

/// CPU in thousandths and memory in bytes.
pub type Amount = (i64, i64);

/// What is left, in requests of the default tier's workloads together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Headroom {
    /// What they request today.
    pub today: Amount,
    /// Up to here every claim is proved, at every step; `None` if not even today.
    pub proved: Option<Amount>,
    /// The first claim that is no longer proved beyond, and its scenario.
    pub first: Option<String>,
    /// At this size a run breaks a claim; `None` if none was found up to four times today.
    pub refuted: Option<(Amount, String)>,
    /// The least allocatable memory of every ordinary node with which all claims are proved.
    pub worker: Option<i64>,
    /// The same of the last resorts.
    pub lifeboat: Option<i64>,
}

/// Finds the headroom of a plan.
///
/// # Errors
/// If the cluster has more nodes than kube-scheduler examines in full.
pub fn headroom(plan: &Plan) -> Result<Headroom, CompileError> {
    let cluster = plan.cluster();
    let tier = plan.policy.tier(plan.policy.default_tier).name.value.clone();
    let today = requested(&cluster, &tier);
    let mut proved = None;
    let mut first = None;
    let mut at = 1000;
    while at <= MOST {
        match open_claim(plan, grown(&cluster, &tier, at))? {
            None => proved = Some(at),
            Some(claim) => {
                first = Some(claim);
                break;
            }
        }
        at += STEP;
    }
    let mut refuted = None;
    let mut at = proved.unwrap_or(1000);
    while at <= MOST && first.is_some() {
        if let Some(claim) = broken_claim(plan, grown(&cluster, &tier, at))? {
            refuted = Some((times(today, at), claim));
            break;
        }
        at += COARSE;
    }
    let lifeboats: Vec<String> = plan
        .policy
        .lifeboat
        .iter()
        .flat_map(|l| &l.nodes.value)
        .map(|&n| plan.policy.node(n).name.value.clone())
        .collect();
    let (worker, lifeboat) = if proved.is_some() {
        (
            smallest(plan, &cluster, |n| !lifeboats.contains(n))?,
            smallest(plan, &cluster, |n| lifeboats.contains(n))?,
        )
    } else {
        (None, None)
    };
    Ok(Headroom { today, proved: proved.map(|p| times(today, p)), first, refuted, worker, lifeboat })
}

fn times(amount: Amount, permille: i64) -> Amount {
    let one = |x: i64| x.saturating_mul(permille) / 1000;
    (one(amount.0), one(amount.1))
}

fn applies(workload: &Workload, tier: &str) -> bool {
    workload.owner.tier.as_deref() == Some(tier)
}

fn requested(cluster: &Cluster, tier: &str) -> Amount {
    let mut sum = (0_i64, 0_i64);
    for workload in cluster.workloads.iter().filter(|w| applies(w, tier)) {
        let spec = &workload.template.spec;
        let pods = i64::from(workload.replicas.max(0));
        let of = |name| crate::prove::requests::of(spec, name).saturating_mul(pods);
        sum = (sum.0.saturating_add(of("cpu")), sum.1.saturating_add(of("memory")));
    }
    sum
}

/// The cluster with the tier's requests at so many thousandths of today's.
fn grown(cluster: &Cluster, tier: &str, permille: i64) -> Cluster {
    let mut cluster = cluster.clone();
    for workload in cluster.workloads.iter_mut().filter(|w| applies(w, tier)) {
        for container in &mut workload.template.spec.containers {
            scale(&mut container.resources.requests, permille);
        }
    }
    cluster
}

fn scale(list: &mut ResourceList, permille: i64) {
    for (name, quantity) in list {
        *quantity = match name.as_str() {
            "cpu" => Quantity::from_milli(quantity.milli().saturating_mul(permille) / 1000),
            "memory" => Quantity::from_bytes(quantity.value().saturating_mul(permille) / 1000),
            _ => *quantity,
        };
    }
}

/// The least memory of some nodes, all the same share of today's, down to which every step is proved.
fn smallest(
    plan: &Plan,
    cluster: &Cluster,
    which: impl Fn(&String) -> bool,
) -> Result<Option<i64>, CompileError> {
    let mut least = None;
    let mut at = 1000;
    while at > 0 {
        let mut smaller = cluster.clone();
        let mut memory = None;
        for node in smaller.nodes.iter_mut().filter(|n| which(&n.name)) {
            if let Some(quantity) = node.allocatable.get_mut("memory") {
                *quantity = Quantity::from_bytes(quantity.value().saturating_mul(at) / 1000);
                memory = memory.max(Some(quantity.value()));
            }
        }
        if memory.is_none() || open_claim(plan, smaller)?.is_some() {
            break;
        }
        least = memory;
        at -= STEP;
    }
    Ok(least)
}

/// The first claim that bounds do not prove.
fn open_claim(plan: &Plan, cluster: Cluster) -> Result<Option<String>, CompileError> {
    let model = Model::of(&plan.policy, cluster)?;
    let options = Options { budget: 0, table: false, minimise: false };
    let proof = prove(&model, options);
    Ok(proof.claims.iter().find(|c| !c.verdict.is_proved()).map(|c| name(&c.claim)))
}

/// The first claim that a run breaks.
fn broken_claim(plan: &Plan, cluster: Cluster) -> Result<Option<String>, CompileError> {
    let model = Model::of(&plan.policy, cluster)?;
    let options = Options { budget: BUDGET, table: false, minimise: false };
    let proof = prove(&model, options);
    let broken = proof.claims.iter().find(|c| matches!(c.verdict, Verdict::Refuted { .. }));
    Ok(broken.map(|c| name(&c.claim)))
}

fn name(claim: &crate::prove::Claim) -> String {
    format!("{}: {}", claim.scenario, claim_text(claim))
}
