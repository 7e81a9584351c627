//! Policy that has no effect: worth a warning, because somebody meant something by it.

use std::collections::BTreeSet;

use super::super::{Effect, PodRef, Policy, Taint, TierId, Who};
use super::Cx;
use crate::cluster::matching;
use crate::diag::codes::policy as codes;
use crate::kube;

pub(super) fn check(cx: &mut Cx<'_>, policy: &Policy) {
    unused_tiers(cx, policy);
    intolerable_taints(cx, policy);
    unselectable(cx, policy);
    too_large(cx, policy);
}

/// A tier that no service, component or workload is in.
fn unused_tiers(cx: &mut Cx<'_>, policy: &Policy) {
    let mut used: BTreeSet<TierId> = BTreeSet::from([policy.default_tier]);
    for service in &policy.services {
        used.insert(service.tier.value);
        used.extend(service.components.iter().filter_map(|component| Some(component.tier.as_ref()?.value)));
    }
    used.extend(policy.workloads.iter().map(|workload| workload.tier.value));
    used.extend(policy.given.workloads.iter().map(|given| given.tier.value));
    for (id, tier) in policy.tier_ids().filter(|(id, _)| !used.contains(id)) {
        let message = format!("no service, component or workload is in tier `{}`", tier.name.value);
        let mut finding = Cx::finding(codes::UNUSED_TIER, message, tier.name.span, "nobody is in it")
            .about(&tier.name.value);
        for scenario in &policy.scenarios {
            if let Some(span) = first_mention(scenario.expect.running.as_ref().map(|who| &who.value), id) {
                finding = finding.label(span, "so this expects nothing");
                break;
            }
        }
        cx.report(finding.help("name it as somebody's tier, or take it out"));
    }
}

fn first_mention(who: Option<&Who>, tier: TierId) -> Option<crate::source::Span> {
    let Some(Who::Some(list)) = who else { return None };
    list.iter().find(|pod| pod.value == PodRef::Tier(tier))?.span
}

/// A taint of a node that no workload of the policy tolerates.
fn intolerable_taints(cx: &mut Cx<'_>, policy: &Policy) {
    let given = |taint: &Taint| {
        let effect = match taint.effect {
            Effect::NoSchedule => kube::Effect::NoSchedule,
            Effect::PreferNoSchedule => kube::Effect::PreferNoSchedule,
            Effect::NoExecute => kube::Effect::NoExecute,
        };
        let taint = kube::Taint { key: taint.key.clone(), value: taint.value.clone(), effect };
        policy.given.workloads.iter().any(|given| matching::tolerates(&given.workload.template.spec, &taint))
    };
    let tolerations = || policy.workloads.iter().flat_map(|workload| &workload.tolerations);
    for node in &policy.nodes {
        for taint in node.taints.iter().filter(|taint| taint.value.effect != Effect::PreferNoSchedule) {
            let tolerated = tolerations().any(|toleration| {
                let t = &toleration.value;
                t.key.as_ref().is_none_or(|key| *key == taint.value.key)
                    && t.value.as_ref().is_none_or(|value| *value == taint.value.value)
                    && t.effect.is_none_or(|effect| effect == taint.value.effect)
            });
            if !tolerated && !given(&taint.value) {
                let message =
                    format!("nothing in this policy tolerates `{}` of `{}`", taint.value, node.name.value);
                let help = "write the workloads that do, or the node is empty in every proof";
                cx.report(
                    Cx::finding(codes::UNTOLERATED_TAINT, message, taint.span, "keeps everybody off")
                        .about(&node.name.value)
                        .help(help),
                );
            }
        }
    }
}

/// A node selector that no node has the labels for.
fn unselectable(cx: &mut Cx<'_>, policy: &Policy) {
    for workload in &policy.workloads {
        let Some(selector) = &workload.node_selector else { continue };
        for (key, value) in &selector.value.0 {
            let given = key.contains("kubernetes.io/");
            let has = policy.nodes.iter().any(|node| node.labels.value.0.get(key) == Some(value));
            if !has && !given {
                let message =
                    format!("no node has the label `{key}: {value}` that `{}` selects", workload.name.value);
                let help = "write the label at a node, or correct the selector";
                cx.report(
                    Cx::finding(codes::UNMATCHED_SELECTOR, message, selector.span, "selects nothing")
                        .about(&workload.name.value)
                        .help(help),
                );
            }
        }
    }
}

/// A workload whose pod is larger than every node.
fn too_large(cx: &mut Cx<'_>, policy: &Policy) {
    let most_milli = policy.nodes.iter().map(super::super::Node::allocatable_milli).max().unwrap_or(0);
    let most_bytes = policy.nodes.iter().map(super::super::Node::allocatable_bytes).max().unwrap_or(0);
    let workloads = policy.workloads.iter().map(|workload| (&workload.name, &workload.requests));
    let components = policy.services.iter().flat_map(|service| &service.components);
    let components = components.map(|component| (&component.name, &component.requests));
    for (name, requests) in workloads.chain(components) {
        let cpu = requests.cpu.as_ref().filter(|cpu| cpu.value.milli > most_milli).map(|cpu| cpu.span);
        let memory = requests
            .memory
            .as_ref()
            .filter(|memory| memory.value.bytes > most_bytes)
            .map(|memory| memory.span);
        if let Some(span) = cpu.or(memory) {
            let message = format!("a pod of `{}` is larger than every node", name.value);
            let help = "no node has that much left after its reserve: lower the request or buy a larger node";
            cx.report(
                Cx::finding(codes::FITS_NO_NODE, message, span, "more than any node has")
                    .about(&name.value)
                    .help(help),
            );
        }
    }
}
