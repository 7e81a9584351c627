//! Workloads out of manifests: which of them count, and the tier of each.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::Value;

use super::super::{Given, GivenWorkloads, Service, Tier, TierId, Workload};
use super::Cx;
use crate::diag::codes::policy as codes;
use crate::given;
use crate::kube::PodSpec;
use crate::shape::{Field, did_you_mean, quoted_list};

/// Classes that every cluster has.
const BUILT_IN: [&str; 2] = ["system-cluster-critical", "system-node-critical"];

pub(super) fn check(
    cx: &mut Cx<'_>,
    given: &given::Given,
    (tiers, default_tier): (&[Tier], TierId),
    services: &[Service],
    by_hand: &[Workload],
) -> GivenWorkloads {
    let classes = Classes::of(tiers, default_tier, &given.others);
    let mut out = GivenWorkloads::default();
    for found in &given.workloads {
        if counted_elsewhere(found, services) {
            continue;
        }
        let (namespace, name) = (&found.workload.namespace, &found.workload.name);
        if let Some(own) = by_hand.iter().find(|w| w.name.value == *name && w.namespace.value == *namespace) {
            duplicate(cx, found, own);
            continue;
        }
        let title = format!("{} {namespace}/{name}", found.workload.kind);
        classes.check(cx, found, &title);
        if requests_nothing(&found.workload.template.spec) {
            let message = format!("{title} requests nothing, so it fits everywhere and is proved nowhere");
            let finding =
                Cx::finding(codes::REQUESTS_UNSTATED, message, Some(found.span), "no requests").about(name);
            cx.report(finding.help("write requests into the manifest, from what it really uses"));
        }
        let tier = classes.tier(&found.workload.template.spec.priority_class_name);
        let path = "workloads.from".to_owned();
        out.workloads.push(Given {
            name: Field { value: name.clone(), span: Some(found.span), path: path.clone() },
            tier: Field { value: tier, span: Some(found.span), path },
            object: Arc::clone(&found.object),
            workload: found.workload.clone(),
        });
    }
    let namespaces: BTreeSet<&str> = out.workloads.iter().map(|w| w.workload.namespace.as_str()).collect();
    let theirs = |object: &Value| {
        let namespace = object.pointer("/metadata/namespace").and_then(Value::as_str);
        namespace.is_none_or(|namespace| namespaces.contains(namespace))
    };
    out.others = given.others.iter().filter(|object| theirs(object)).cloned().collect();
    out
}

/// What is of a service of the policy is planned there.
fn counted_elsewhere(found: &given::GivenWorkload, services: &[Service]) -> bool {
    let namespace = &found.workload.namespace;
    let of =
        |service: &Service| service.release.value == found.release && service.namespace.value == *namespace;
    !found.release.is_empty() && services.iter().any(of)
}

fn duplicate(cx: &mut Cx<'_>, found: &given::GivenWorkload, own: &Workload) {
    let message = format!("`{}` stands in the policy and in a manifest that it reads", own.name.value);
    let mut finding = Cx::finding(codes::DUPLICATE_NAME, message, own.name.span, "by hand");
    finding = finding.label(found.span, "and here");
    cx.report(finding.help("take the table out of the policy, or the file out of `from`"));
}

fn requests_nothing(spec: &PodSpec) -> bool {
    let none = |name: &str| {
        let of_pod = spec.resources.as_ref().is_none_or(|r| !r.requests.contains_key(name));
        of_pod
            && spec.containers.iter().all(|container| {
                let resources = &container.resources;
                !resources.requests.contains_key(name) && !resources.limits.contains_key(name)
            })
    };
    none("cpu") && none("memory")
}

/// What pods may name as their class.
struct Classes<'a> {
    tiers: BTreeMap<&'a str, TierId>,
    others: BTreeSet<&'a str>,
    default: TierId,
}

impl<'a> Classes<'a> {
    fn of(tiers: &'a [Tier], default: TierId, others: &'a [Arc<Value>]) -> Self {
        let of_manifests = others.iter().filter(|object| object["kind"] == "PriorityClass");
        let names = of_manifests.filter_map(|object| object.pointer("/metadata/name")?.as_str());
        let numbered = tiers.iter().enumerate();
        Self {
            tiers: numbered
                .map(|(i, tier)| (tier.class.value.as_str(), TierId(u16::try_from(i).unwrap_or(u16::MAX))))
                .collect(),
            others: names.chain(BUILT_IN).collect(),
            default,
        }
    }

    fn tier(&self, class: &str) -> TierId {
        self.tiers.get(class).copied().unwrap_or(self.default)
    }

    /// A class that does not exist: the API server refuses such pods.
    fn check(&self, cx: &mut Cx<'_>, found: &given::GivenWorkload, title: &str) {
        let class = found.workload.template.spec.priority_class_name.as_str();
        let known = class.is_empty() || self.tiers.contains_key(class) || self.others.contains(class);
        if known || self.tiers.is_empty() {
            return;
        }
        let names = || self.tiers.keys().chain(&self.others).copied();
        let help = match did_you_mean(class, names()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("the classes are {}", quoted_list(names())),
        };
        let message = format!("there is no priority class `{class}`, which {title} names");
        let mut finding =
            Cx::finding(codes::UNKNOWN_NAME, message, Some(found.span), "its pods are not created")
                .help(help);
        if let Some(from) = found.from {
            finding = finding.label(from, "read for this");
        }
        cx.report(finding);
    }
}
