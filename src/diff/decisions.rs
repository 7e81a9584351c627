//! Decisions of the plan that are others now, grouped by what changed and by the policy's path.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use crate::catalogue::Target;
use crate::plan::{Carrier, Owner, Plan, REPLICAS};
use crate::shape::Field;
use crate::why::Why;

/// A decision that is another one now, with everybody whom it is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Decision {
    /// Components, workloads, nodes or classes.
    pub who: Vec<String>,
    /// What was decided: a field, `tier`, `storage`, `capacity` …
    pub what: String,
    /// Before; none if there was nothing.
    pub before: Option<String>,
    /// Now; none if there is nothing.
    pub after: Option<String>,
    /// The policy's path and the rule that decided.
    pub because: String,
}

type Facts = BTreeMap<(String, String), (String, String)>;

/// All decisions that differ. Equality is of values; another reason for the same value is no change.
pub(super) fn decisions(from: &Plan, to: &Plan) -> Vec<Decision> {
    let (before, after) = (facts(from), facts(to));
    let mut found: Vec<Decision> = Vec::new();
    let mut add =
        |who: &str, what: &str, before: Option<&(String, String)>, after: Option<&(String, String)>| {
            let because = after.or(before).map_or("", |(_, why)| why);
            let (before, after) = (before.map(|(v, _)| v.clone()), after.map(|(v, _)| v.clone()));
            let alike = |d: &&mut Decision| {
                d.what == what && d.before == before && d.after == after && d.because == because
            };
            match found.iter_mut().find(alike) {
                Some(decision) => decision.who.push(who.to_owned()),
                None => found.push(Decision {
                    who: vec![who.to_owned()],
                    what: what.to_owned(),
                    before,
                    after,
                    because: because.to_owned(),
                }),
            }
        };
    let known = |facts: &Facts, who: &str| facts.contains_key(&(who.to_owned(), EXISTS.to_owned()));
    for ((who, what), now) in &after {
        let was = before.get(&(who.clone(), what.clone()));
        let new = !known(&before, who);
        // What is new as a whole is told once.
        if was.map(|(v, _)| v) != Some(&now.0) && (!new || what == EXISTS) {
            add(who, what, was, Some(now));
        }
    }
    for ((who, what), was) in &before {
        let gone = !known(&after, who);
        if !after.contains_key(&(who.clone(), what.clone())) && (!gone || what == EXISTS) {
            add(who, what, Some(was), None);
        }
    }
    found.sort_by(|a, b| weight(&a.what).cmp(&weight(&b.what)).then_with(|| a.who.cmp(&b.who)));
    found
}

/// The cluster as a whole, among those whom a decision is about.
pub(super) const CLUSTER: &str = "the cluster";

/// What is said of something that is there.
const EXISTS: &str = "exists";

/// The most telling first.
fn weight(what: &str) -> usize {
    const ORDER: [&str; 9] = [
        EXISTS,
        "tier",
        "priority",
        "taints",
        "allocatable",
        "tolerations",
        "priorityClassName",
        "replicas",
        "storage",
    ];
    ORDER.iter().position(|known| *known == what).unwrap_or(ORDER.len())
}

fn facts(plan: &Plan) -> Facts {
    let mut facts = Facts::new();
    let mut put = |who: &str, what: &str, value: String, why: String| {
        facts.insert((who.to_owned(), what.to_owned()), (value, why));
    };
    for class in &plan.classes {
        let who = format!("PriorityClass {}", class.name);
        put(&who, EXISTS, "yes".to_owned(), reason(plan, class.why));
        put(&who, "priority", class.value.to_string(), reason(plan, class.why));
        put(&who, "preemptionPolicy", class.preemption.word().to_owned(), reason(plan, class.why));
        put(&who, "globalDefault", class.global_default.to_string(), reason(plan, class.why));
    }
    for node in &plan.nodes {
        let who = format!("node {}", node.name);
        let name = &plan.policy.node(node.id).name;
        put(&who, EXISTS, "yes".to_owned(), name.path.clone());
        let room = crate::prove::verdict::Room(
            i64::try_from(node.milli.value).unwrap_or(i64::MAX),
            i64::try_from(node.bytes.value).unwrap_or(i64::MAX),
        );
        put(&who, "allocatable", room.to_string(), reason(plan, node.bytes.why));
        let taints: Vec<String> = node.taints.iter().map(|t| t.value.to_string()).collect();
        let why = node.taints.first().map(|t| reason(plan, t.why)).unwrap_or_default();
        put(&who, "taints", taints.join(", "), why);
    }
    of_cluster(plan, &mut put);
    for service in &plan.services {
        let stated = &plan.policy.services[service.index];
        let who = format!("service {}", stated.name.value);
        put(&who, EXISTS, "yes".to_owned(), stated.name.path.clone());
        let chart = format!("{} {}", service.edition.chart, service.edition.version);
        put(&who, "chart", chart, stated.version.path.clone());
        put(&who, "namespace", stated.namespace.value.clone(), stated.namespace.path.clone());
        put(&who, "release", stated.release.value.clone(), stated.release.path.clone());
    }
    for carrier in plan.carriers.iter().filter(|c| c.enabled.value) {
        of_carrier(plan, carrier, &mut put);
    }
    facts
}

/// What is decided of the cluster as a whole.
fn of_cluster(plan: &Plan, put: &mut impl FnMut(&str, &str, String, String)) {
    fn told<T: std::fmt::Debug>(field: &Field<T>) -> (String, String) {
        (format!("{:?}", field.value).to_lowercase(), field.path.clone())
    }
    let (cluster, recovery) = (&plan.policy.cluster, &plan.policy.recovery);
    let minor = (format!("1.{}", cluster.minor.value), cluster.minor.path.clone());
    let seconds = |field: &Field<u64>| (format!("{} s", field.value), field.path.clone());
    let mut facts = vec![
        ("Kubernetes", minor),
        ("distribution", told(&cluster.distribution)),
        ("data store", told(&cluster.datastore)),
        ("grace period of nodes", seconds(&cluster.grace_period)),
        ("eviction delay", seconds(&cluster.default_eviction_delay)),
        ("fencing", told(&recovery.fencing)),
        ("fencing after", seconds(&recovery.after)),
        ("nodes fenced at most", told(&recovery.max_nodes)),
    ];
    facts.extend(cluster.disable.iter().map(|packaged| ("disabled", told(packaged))));
    if let Some(argocd) = &plan.policy.argocd {
        facts.extend([
            ("Applications' namespace", (argocd.namespace.value.clone(), argocd.namespace.path.clone())),
            ("Applications' revision", (argocd.revision.value.clone(), argocd.revision.path.clone())),
            ("Applications' sync", told(&argocd.sync)),
        ]);
    }
    put(CLUSTER, EXISTS, "yes".to_owned(), cluster.name.path.clone());
    for (what, (value, path)) in facts {
        put(CLUSTER, what, value, path);
    }
}

fn of_carrier(plan: &Plan, carrier: &Carrier, put: &mut impl FnMut(&str, &str, String, String)) {
    let who = plan.display(carrier);
    put(&who, EXISTS, carrier.kind.clone(), reason(plan, carrier.enabled.why));
    if let Some(tier) = &carrier.tier {
        put(&who, "tier", plan.policy.tier(tier.value).name.value.clone(), reason(plan, tier.why));
    }
    if let Some(storage) = &carrier.storage {
        put(&who, "storage", format!("{:?}", storage.value).to_lowercase(), reason(plan, storage.why));
    }
    for (target, decision) in &carrier.fields {
        let value = decision.value.value.as_ref().map_or_else(|| "absent".to_owned(), text);
        put(&who, &target.to_string(), value, reason(plan, decision.value.why));
    }
    // What the chart, the team or a workload by hand brings along counts, too.
    let source = match &carrier.owner {
        Owner::Workload(index) => plan.policy.workloads[*index].name.path.clone(),
        _ => "the chart or the team's values".to_owned(),
    };
    let resources = carrier.containers.iter().cloned().map(Target::Resources);
    for target in resources.chain([REPLICAS]).filter(|t| !carrier.fields.contains_key(t)) {
        if let Some(value) = carrier.field(&target) {
            put(&who, &target.to_string(), text(value), source.clone());
        }
    }
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        value => value.to_string(),
    }
}

/// The path and rule of a reason, or of the first it rests on that has a path.
fn reason(plan: &Plan, why: Why) -> String {
    let mut open = vec![why];
    while let Some(why) = open.pop() {
        let reason = plan.ledger.get(why);
        if !reason.path.is_empty() {
            return format!("{} ({})", reason.path, reason.rule.name());
        }
        open.extend(reason.because.iter().rev());
    }
    plan.ledger.get(why).rule.name().to_owned()
}
