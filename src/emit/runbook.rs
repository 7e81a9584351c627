//! `RUNBOOK.md`: one page per cluster, with its own names and seconds.

use std::collections::BTreeMap;

use serde::Serialize;

use super::Known;
use super::argocd::is_local;
use super::delivery::from_policy;
use super::manifests::{by_argocd, by_hand, manifests};
use super::template::{RenderError, render};
use crate::lifecycle::clocks::Clocks;
use crate::lifecycle::window::Millis;
use crate::plan::Plan;
use crate::policy::{ArgoCdForm, Datastore, Distribution, Expect, PodRef, Role, Scenario, Who};
use crate::shape::Field;
use crate::source::extends::between;

/// What the page knows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RunbookContext {
    /// The cluster's name.
    pub cluster: String,
    /// Every node in the order of the policy.
    pub nodes: Vec<RunbookNode>,
    /// Names of the servers.
    pub servers: Vec<String>,
    /// Names of the agents.
    pub agents: Vec<String>,
    /// Nodes that may be fenced: whose pods have somewhere else to go, and an API server that is told so.
    pub fenceable: Vec<String>,
    /// Servers that embedded etcd needs.
    pub quorum: usize,
    /// Whether the distribution is K3s.
    pub k3s: bool,
    /// Flags of the control plane and labels that the policy asks for and that only K3s's drop-in sets.
    pub settings: Vec<String>,
    /// Whether there are labels among them.
    pub labelled: bool,
    /// `etcd`, `sqlite` or `external`.
    pub datastore: String,
    /// `manual`, `automatic` or `none`.
    pub fencing: String,
    /// Seconds of NotReady before a fence.
    pub after: u64,
    /// Dead nodes at most at which the automation acts.
    pub max_nodes: u32,
    /// The policy's scenarios.
    pub scenarios: Vec<RunbookScenario>,
    /// Tiers, highest priority first.
    pub tiers: Vec<RunbookTier>,
    /// Seconds until a lost node is seen, at least.
    pub detection_low: u64,
    /// Seconds until a lost node is seen, at most.
    pub detection_high: u64,
    /// Seconds until an automatic fence, at least.
    pub fence_low: u64,
    /// Seconds until an automatic fence, at most.
    pub fence_high: u64,
    /// Seconds from a fence to the replacement of a StatefulSet's pod, at most.
    pub collection: u64,
    /// Seconds by which the second node of a double loss comes later, at most.
    pub second_node: u64,
    /// Services in the order of their installation.
    pub services: Vec<RunbookService>,
    /// Manifests that K3s applies by itself, from the output folder.
    pub add_ons: Vec<String>,
    /// Manifests that a person applies before the services, from the output folder.
    pub manifests: Vec<String>,
    /// Whether Argo CD brings the manifests later.
    pub by_argocd: bool,
    /// Namespaces of the application budget.
    pub budget_namespaces: Vec<String>,
    /// How the services get into Argo CD, if they do.
    pub argocd: Option<RunbookArgoCd>,
    /// Whether there is a script for the way back.
    pub rebalances: bool,
    /// Whether the order of the rebalance was seen to end in green: `green`, `open`, or empty where none was looked for.
    pub rebalance: String,
}

/// What Argo CD gets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RunbookArgoCd {
    /// Folder with the Applications, from the output folder; empty without any.
    pub folder: String,
    /// The fleet's ApplicationSets that this site is part of, from the output folder.
    pub fleet: Vec<String>,
    /// Namespace of Argo CD.
    pub namespace: String,
    /// Whether the policy installs Argo CD itself.
    pub own: bool,
    /// Whether it runs in another cluster.
    pub remote: bool,
}

/// A node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RunbookNode {
    /// Its name.
    pub name: String,
    /// `server` or `agent`.
    pub role: String,
    /// `yes`, or empty.
    pub lifeboat: String,
    /// Its taints, `key=value:effect`.
    pub taints: Vec<String>,
}

/// A scenario.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RunbookScenario {
    /// Its name.
    pub name: String,
    /// What is lost, as the policy writes it.
    pub lost: String,
    /// What is then true, one sentence each.
    pub claims: Vec<String>,
    /// The proof's verdict; empty if there is none.
    pub verdict: String,
}

/// When the Deployments of a tier are replaced.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RunbookTier {
    /// Its name.
    pub name: String,
    /// Seconds from the loss, at least.
    pub low: u64,
    /// Seconds from the loss, at most.
    pub high: u64,
}

/// A release.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RunbookService {
    /// Helm's release name.
    pub release: String,
    /// The chart's name.
    pub chart: String,
    /// The chart's repository.
    pub repository: String,
    /// The chart's version.
    pub version: String,
    /// Its namespace.
    pub namespace: String,
    /// Values files in Helm's order, from the output folder.
    pub values: Vec<String>,
}

/// Renders `RUNBOOK.md`.
///
/// # Errors
/// If a value has no safe form on a page.
pub fn runbook(context: &RunbookContext) -> Result<String, RenderError> {
    render("RUNBOOK.md", context)
}

/// The page's context. `known` is what the proof says; `overlays` the names of services that
/// have an overlay; `applications` are the files for Argo CD.
#[must_use]
pub fn context(plan: &Plan, known: &Known<'_>, overlays: &[&str], applications: &[&str]) -> RunbookContext {
    let policy = &plan.policy;
    let clocks = clocks(plan);
    let detection = clocks.detection();
    let of_role = |role: Role| -> Vec<String> {
        plan.nodes.iter().filter(|node| node.role == role).map(|node| node.name.clone()).collect()
    };
    let (servers, agents) = (of_role(Role::Server), of_role(Role::Agent));
    let (low, high) = (seconds_down(detection.earliest), seconds_up(detection.latest));
    RunbookContext {
        cluster: policy.cluster.name.value.clone(),
        nodes: nodes(plan),
        quorum: servers.len() / 2 + 1,
        fenceable: if outlives_a_server(policy.cluster.datastore.value, servers.len()) {
            [&servers[..], &agents[..]].concat()
        } else {
            agents.clone()
        },
        servers,
        agents,
        k3s: policy.cluster.distribution.value == Distribution::K3s,
        settings: settings(plan),
        labelled: plan.nodes.iter().any(|node| !node.own_labels.is_empty()),
        datastore: policy.cluster.datastore.value.word().to_owned(),
        fencing: policy.recovery.fencing.value.word().to_owned(),
        after: policy.recovery.after.value,
        max_nodes: policy.recovery.max_nodes.value,
        scenarios: policy.scenarios.iter().map(|s| scenario(plan, s, &known.verdicts)).collect(),
        tiers: tiers(plan, &clocks, low, high),
        detection_low: low,
        detection_high: high,
        fence_low: low.saturating_add(policy.recovery.after.value),
        fence_high: high.saturating_add(policy.recovery.after.value).saturating_add(TIMER_PERIOD),
        collection: seconds_up(clocks.collection().latest),
        second_node: seconds_up(Some(clocks.eviction_interval)),
        services: services(plan, overlays),
        add_ons: if by_hand(plan) { Vec::new() } else { paths(plan) },
        manifests: if by_hand(plan) { paths(plan) } else { Vec::new() },
        by_argocd: by_argocd(plan),
        budget_namespaces: plan.quotas.iter().map(|quota| quota.namespace.clone()).collect(),
        argocd: argocd(plan, applications),
        rebalances: policy.recovery.rebalance.value,
        rebalance: match known.rebalance {
            Some(found) => if found.green { "green" } else { "open" }.to_owned(),
            None => String::new(),
        },
    }
}

/// Paths of the manifests that come before the services.
fn paths(plan: &Plan) -> Vec<String> {
    manifests(plan).into_iter().map(|file| file.path).collect()
}

fn argocd(plan: &Plan, applications: &[&str]) -> Option<RunbookArgoCd> {
    let stated = plan.policy.argocd.as_ref()?;
    let folder = applications.first().and_then(|path| path.rsplit_once('/'));
    let set = |service: &crate::plan::ServicePlan| {
        let name = &plan.policy.services[service.index].name.value;
        let folder = &stated.fleet.as_ref()?.value;
        Some(between(&plan.policy.cluster.output.value, &format!("{folder}/application-set-{name}.yaml")))
    };
    let sets = stated.form.value == ArgoCdForm::ApplicationSet;
    Some(RunbookArgoCd {
        folder: folder.map_or_else(String::new, |(folder, _)| format!("{folder}/")),
        fleet: plan.services.iter().filter(|_| sets).filter_map(set).collect(),
        namespace: stated.namespace.value.clone(),
        own: plan.services.iter().any(|service| service.edition.chart == "argo-cd"),
        remote: !is_local(&stated.destination.value),
    })
}

/// Whether there is an API server left to be told that a server is dead.
fn outlives_a_server(datastore: Datastore, servers: usize) -> bool {
    match datastore {
        Datastore::Etcd => servers > servers / 2 + 1,
        Datastore::Sqlite => false,
        Datastore::External => servers > 1,
    }
}

/// What the policy's clocks ask of a control plane, and the labels of its nodes.
fn settings(plan: &Plan) -> Vec<String> {
    let cluster = &plan.policy.cluster;
    let mut settings = Vec::new();
    if cluster.grace_period.span.is_some() {
        let seconds = cluster.grace_period.value;
        settings.push(format!("kube-controller-manager: --node-monitor-grace-period={seconds}s"));
    }
    if cluster.default_eviction_delay.span.is_some() {
        let seconds = cluster.default_eviction_delay.value;
        settings.push(format!(
            "kube-apiserver: --default-not-ready-toleration-seconds={seconds} --default-unreachable-toleration-seconds={seconds}"
        ));
    }
    for node in plan.nodes.iter().filter(|node| !node.own_labels.is_empty()) {
        let labels: Vec<String> =
            node.own_labels.iter().map(|(key, value)| format!("{key}={value}")).collect();
        settings.push(format!("kubectl label node {} {} --overwrite", node.name, labels.join(" ")));
    }
    settings
}

/// Seconds between two looks of the automation: see `lifeboat-fence.timer`.
const TIMER_PERIOD: u64 = 20;

/// Kubernetes' clocks with the policy's own.
fn clocks(plan: &Plan) -> Clocks {
    let cluster = &plan.policy.cluster;
    let mut clocks = Clocks::of_minor(cluster.minor.value);
    clocks.monitor_grace = cluster.grace_period.value.saturating_mul(1000);
    clocks.unreachable_toleration = cluster.default_eviction_delay.value.saturating_mul(1000);
    clocks
}

fn seconds_down(at: Millis) -> u64 {
    at / 1000
}

fn seconds_up(at: Option<Millis>) -> u64 {
    at.unwrap_or(Millis::MAX).div_ceil(1000)
}

fn nodes(plan: &Plan) -> Vec<RunbookNode> {
    let node = |node: &crate::plan::NodePlan| RunbookNode {
        name: node.name.clone(),
        role: node.role.word().to_owned(),
        lifeboat: if node.lifeboat { "yes" } else { "" }.to_owned(),
        taints: node
            .taints
            .iter()
            .map(|t| format!("{}={}:{}", t.value.key, t.value.value, t.value.effect.word()))
            .collect(),
    };
    plan.nodes.iter().map(node).collect()
}

/// Detection, the tier's toleration, and one interval of the eviction rate limit.
fn tiers(plan: &Plan, clocks: &Clocks, low: u64, high: u64) -> Vec<RunbookTier> {
    let default = clocks.unreachable_toleration / 1000;
    let wait = seconds_up(Some(clocks.monitor_period.saturating_add(clocks.reaction)));
    let tier = |tier: &crate::policy::Tier| {
        let delay = tier.eviction_delay.as_ref().map_or(default, |delay| delay.value);
        RunbookTier {
            name: tier.name.value.clone(),
            low: low.saturating_add(delay),
            high: high.saturating_add(delay).saturating_add(wait),
        }
    };
    plan.policy.tier_ids().map(|(_, t)| tier(t)).collect()
}

fn services(plan: &Plan, overlays: &[&str]) -> Vec<RunbookService> {
    let from_output = |file: &str| between(&plan.policy.cluster.output.value, file);
    let service = |planned: &crate::plan::ServicePlan| {
        let service = &plan.policy.services[planned.index];
        let name = service.name.value.as_str();
        let mut values: Vec<String> =
            service.values.iter().map(|file| from_output(&from_policy(plan, &file.value))).collect();
        if overlays.contains(&name) {
            values.push(format!("{name}/values.yaml"));
        }
        RunbookService {
            release: service.release.value.clone(),
            chart: planned.edition.chart.clone(),
            repository: planned.edition.repository.clone(),
            version: planned.edition.version.to_string(),
            namespace: service.namespace.value.clone(),
            values,
        }
    };
    plan.services.iter().map(service).collect()
}

fn scenario(plan: &Plan, scenario: &Scenario, verdicts: &BTreeMap<String, String>) -> RunbookScenario {
    RunbookScenario {
        name: scenario.name.value.clone(),
        lost: scenario.lose.value.clone(),
        claims: claims(plan, &scenario.expect),
        verdict: verdicts.get(&scenario.name.value).cloned().unwrap_or_default(),
    }
}

/// The expectation in words.
fn claims(plan: &Plan, expect: &Expect) -> Vec<String> {
    let mut claims = Vec::new();
    let mut say = |who: &Option<Field<Who>>, all: &str, some: &str, none: &str| {
        if let Some(who) = who {
            claims.push(match &who.value {
                Who::All => all.to_owned(),
                Who::None => none.to_owned(),
                Who::Some(pods) => {
                    let names: Vec<String> = pods.iter().map(|pod| name(plan, &pod.value)).collect();
                    format!("{some}: {}", names.join(", "))
                }
            });
        }
    };
    say(&expect.running, "everything runs", "running", "nothing runs");
    say(&expect.lifeboat, "everything is on the lifeboat", "on the lifeboat", "the lifeboat is empty");
    say(&expect.pending, "everything waits", "waiting", "nothing waits");
    say(&expect.stuck, "everything hangs", "hanging on a lost node", "nothing hangs");
    say(&expect.frozen, "nothing is rescheduled", "not rescheduled", "everything is rescheduled");
    say(&expect.evicted, "everything is evicted", "evicted", "nobody is evicted");
    say(&expect.down, "everything is down", "down", "nothing is down");
    if let Some(rules) = &expect.apart {
        let names: Vec<&str> = rules.value.iter().map(|rule| rule.value.as_str()).collect();
        claims.push(format!("apart: {}", names.join(", ")));
    }
    claims
}

fn name(plan: &Plan, pods: &PodRef) -> String {
    match pods {
        PodRef::Tier(id) => plan.policy.tier(*id).name.value.clone(),
        PodRef::Service(name) | PodRef::Workload(name) => name.clone(),
        PodRef::Component { service, component } => format!("{service}/{component}"),
    }
}
