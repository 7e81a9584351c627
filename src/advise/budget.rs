//! The application budget: what the claims leave to the default tier, as quotas that do not get in the way of the
//! cluster's own recovery.

use super::headroom::{Amount, proved_growth};
use crate::cluster::{Cluster, Workload};
use crate::diag::{Diagnostic, codes::build as codes};
use crate::plan::Plan;
use crate::plan::quota::Quota;
use crate::policy::{Auto, Budget};
use crate::scheduler::Requests;

/// Classes of Kubernetes' own that no application has.
const SYSTEM: [&str; 2] = ["system-cluster-critical", "system-node-critical"];

/// What one namespace needs before a limit on it does no harm.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Needs {
    usage: Amount,
    surge: Amount,
    /// Pods that are Terminating on the fullest lost node: they count until it is fenced, while their replacements
    /// count already (measured: a quota without room for them refuses the replacements).
    terminating: Amount,
}

impl Needs {
    fn sum(self) -> Amount {
        plus(plus(self.usage, self.surge), self.terminating)
    }
}

/// The quotas that a policy asks to be enforced; none if it asks for none.
///
/// # Errors
/// A limit that is too low to be enforced, or that no proof gives.
pub fn quotas(plan: &Plan) -> Result<Vec<Quota>, Vec<Diagnostic>> {
    let Some(budget) = plan.policy.budget.as_ref().filter(|budget| budget.enforce.value) else {
        return Ok(Vec::new());
    };
    let cluster = plan.cluster();
    let namespaces: Vec<&str> = budget.namespaces.iter().map(|name| name.value.as_str()).collect();
    let needs: Vec<Needs> = namespaces.iter().map(|name| needs(plan, &cluster, name)).collect();
    let mut findings = outside(plan, &cluster, budget);
    let limit = match limit(plan, budget) {
        Ok(limit) => limit,
        Err(finding) => {
            findings.push(*finding);
            return Err(findings);
        }
    };
    let total = needs.iter().fold((0, 0), |sum, needs| plus(sum, needs.sum()));
    if total.0 > limit.0 || total.1 > limit.1 {
        findings.push(too_small(budget, limit, total, &needs, &namespaces));
    }
    if !findings.is_empty() {
        return Err(findings);
    }
    let others: Vec<String> = plan
        .classes
        .iter()
        .filter(|class| class.tier != Some(plan.policy.default_tier))
        .map(|class| class.name.clone())
        .chain(SYSTEM.map(str::to_owned))
        .collect();
    let left = (limit.0 - total.0, limit.1 - total.1);
    let used = needs.iter().fold((0, 0), |sum, needs| plus(sum, needs.usage));
    let quota = |(name, needs): (&&str, &Needs)| {
        let own =
            plus(needs.sum(), (part(left.0, needs.usage.0, used.0), part(left.1, needs.usage.1, used.1)));
        Quota {
            namespace: (*name).to_owned(),
            cpu: format!("{}m", own.0),
            memory: format!("{}Mi", own.1 >> 20),
            other_classes: others.clone(),
        }
    };
    Ok(namespaces.iter().zip(&needs).map(quota).collect())
}

fn plus(a: Amount, b: Amount) -> Amount {
    (a.0.saturating_add(b.0), a.1.saturating_add(b.1))
}

/// A namespace's part of what is left over, by what it uses.
fn part(left: i64, own: i64, all: i64) -> i64 {
    let part = i128::from(left) * i128::from(own) / i128::from(all.max(1));
    i64::try_from(part).unwrap_or(0)
}

/// The workloads that the budget limits: those of the default tier.
fn limited<'c>(plan: &'c Plan, cluster: &'c Cluster) -> impl Iterator<Item = &'c Workload> {
    let tier = plan.policy.tier(plan.policy.default_tier).name.value.as_str();
    cluster.workloads.iter().filter(move |w| w.owner.tier.as_deref() == Some(tier))
}

fn needs(plan: &Plan, cluster: &Cluster, namespace: &str) -> Needs {
    let mut needs = Needs::default();
    for workload in limited(plan, cluster).filter(|w| w.namespace == namespace) {
        let one = Requests::of_workload(cluster, workload).cpu_and_memory();
        let times =
            |n: i32| (one.0.saturating_mul(i64::from(n.max(0))), one.1.saturating_mul(i64::from(n.max(0))));
        needs.usage = plus(needs.usage, times(workload.replicas));
        let surge = times(workload.max_surge());
        needs.surge = (needs.surge.0.max(surge.0), needs.surge.1.max(surge.1));
    }
    // Whatever order the pods came in: no node holds more of them than there are, and none more than it has room for.
    let ordinary = plan.nodes.iter().filter(|node| !node.lifeboat);
    let room = ordinary.fold((0, 0), |most: Amount, node| {
        let clamp = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
        (most.0.max(clamp(node.milli.value)), most.1.max(clamp(node.bytes.value)))
    });
    needs.terminating = (needs.usage.0.min(room.0), needs.usage.1.min(room.1));
    needs
}

/// The stated limit, or what the proof leaves.
fn limit(plan: &Plan, budget: &Budget) -> Result<Amount, Box<Diagnostic>> {
    let proved = match (&budget.cpu.value, &budget.memory.value) {
        (Auto::Given(_), Auto::Given(_)) => (0, 0),
        _ => {
            let found = proved_growth(plan).ok().flatten();
            found.ok_or_else(|| {
                let message =
                    "there is no budget to enforce: not every claim is proved with today's applications";
                let finding = Diagnostic::new(codes::BUDGET_TOO_SMALL, message);
                Box::new(
                    at(finding, budget, "auto").help("`lifeboat prove` shows the claim; or state the limits"),
                )
            })?
        }
    };
    let clamp = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
    Ok((
        match &budget.cpu.value {
            Auto::Given(cpu) => clamp(cpu.milli),
            Auto::Auto => proved.0,
        },
        match &budget.memory.value {
            Auto::Given(memory) => clamp(memory.bytes),
            Auto::Auto => proved.1,
        },
    ))
}

fn at(finding: Diagnostic, budget: &Budget, text: &str) -> Diagnostic {
    match budget.memory.span.or(budget.cpu.span).or(budget.enforce.span) {
        Some(span) => finding.at(span, text),
        None => finding,
    }
}

fn too_small(budget: &Budget, limit: Amount, total: Amount, needs: &[Needs], names: &[&str]) -> Diagnostic {
    let message =
        format!("the budget of {} is too small to be enforced: recovery takes {}", room(limit), room(total));
    let mut finding = at(Diagnostic::new(codes::BUDGET_TOO_SMALL, message), budget, "this limit");
    for (name, needs) in names.iter().zip(needs) {
        finding = finding.note(format!(
            "{name}: {} in use, {} for the largest surge of a rolling update, {} Terminating on the fullest lost node",
            room(needs.usage),
            room(needs.surge),
            room(needs.terminating)
        ));
    }
    finding.help("raise the limit, make the applications smaller, or do not enforce it: enforce = false")
}

/// Workloads of the default tier that no quota of the budget counts.
fn outside(plan: &Plan, cluster: &Cluster, budget: &Budget) -> Vec<Diagnostic> {
    let inside = |workload: &&Workload| budget.namespaces.iter().any(|name| name.value == workload.namespace);
    let missed = limited(plan, cluster).filter(|workload| !inside(workload));
    let finding = |workload: &Workload| {
        let message = format!("`{}` counts for the budget and is in none of its namespaces", workload.key());
        let finding = Diagnostic::new(codes::BUDGET_MISSES, message).about(&workload.name);
        at(finding, budget, "not limited").help("add its namespace to `budget.namespaces`")
    };
    missed.map(finding).collect()
}

fn room(amount: Amount) -> String {
    format!("{}m/{}Mi", amount.0, amount.1 >> 20)
}
