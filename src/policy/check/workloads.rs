//! `[workloads.*]` by hand.

use std::collections::BTreeMap;

use super::super::shapes::{Storage, TomlPolicy, TomlWorkload, WorkloadKind};
use super::super::{Labels, TierId, Workload};
use super::{At, Cx, entry_name, join, map_or, names::Names, or, services};
use crate::diag::codes::policy as codes;
use crate::shape::Field;

/// More pods of one workload than this is a slip of the pen.
const MAX_REPLICAS: u32 = 10_000;

pub(super) fn check(
    cx: &mut Cx<'_>,
    toml: &TomlPolicy,
    names: &Names<'_>,
    default_tier: TierId,
) -> Vec<Workload> {
    let Some(workloads) = &toml.workloads else { return Vec::new() };
    let entries = workloads.value.named.iter();
    entries.map(|(name, entry)| workload(cx, name, entry, names, default_tier)).collect()
}

fn workload(
    cx: &mut Cx<'_>,
    name: &str,
    entry: &Field<TomlWorkload>,
    names: &Names<'_>,
    default_tier: TierId,
) -> Workload {
    let (at, toml) = (At::from(entry), &entry.value);
    let kind = or(at, "kind", toml.kind.as_ref(), WorkloadKind::Deployment);
    // A tier that is not there is an error; the rest of the workload is looked at all the same.
    let own = toml.tier.as_ref().and_then(|tier| names.tier(cx, tier));
    let tier = own.unwrap_or_else(|| Field::default_at(default_tier, join(at.path, "tier")));
    let requests = Cx::resources(toml.requests.as_ref());
    let limits = Cx::resources(toml.limits.as_ref());
    cx.check_limits(&requests, &limits);
    if requests.cpu.is_none() && requests.memory.is_none() {
        let message = format!("`{name}` requests nothing, so it fits everywhere and is proved nowhere");
        let help = "write requests = { cpu = \"100m\", memory = \"128Mi\" } from what it really uses";
        cx.report(
            Cx::finding(codes::REQUESTS_UNSTATED, message, entry.span, "no requests").about(name).help(help),
        );
    }
    check_storage(cx, name, entry, &kind);
    check_replicas(cx, toml, &kind);
    Workload {
        namespace: map_or(at, "namespace", toml.namespace.as_ref(), |name| name.0, "default".to_owned()),
        replicas: or(at, "replicas", toml.replicas.as_ref(), 1),
        tier,
        requests,
        limits,
        labels: or(at, "labels", toml.labels.as_ref(), app_label(name)),
        tolerations: toml.tolerations.as_ref().map_or_else(Vec::new, |list| list.value.clone()),
        node_selector: toml.node_selector.clone(),
        storage: toml.storage.clone(),
        storage_size: toml.storage_size.clone(),
        storage_class: toml.storage_class.clone(),
        data: toml.data.clone(),
        eviction_delay: toml.eviction_delay.clone().map(|delay| delay.map(|delay| delay.seconds)),
        max_unavailable: toml.max_unavailable.clone(),
        max_surge: toml.max_surge.clone(),
        grace_period: map_or(at, "grace-period", toml.grace_period.as_ref(), |duration| duration.seconds, 30),
        name: entry_name(name, entry),
        kind,
    }
}

fn app_label(name: &str) -> Labels {
    Labels(BTreeMap::from([("app".to_owned(), name.to_owned())]))
}

/// Where a StatefulSet's data live, and what losing them costs, is unsafe to guess.
fn check_storage(cx: &mut Cx<'_>, name: &str, entry: &Field<TomlWorkload>, kind: &Field<WorkloadKind>) {
    let toml = &entry.value;
    let size = toml.storage_size.as_ref().map(|size| size.span);
    services::check_storage(cx, toml.storage.as_ref(), size, toml.storage_class.as_ref());
    if kind.value != WorkloadKind::StatefulSet || cx.unread(&join(&entry.path, "storage")) {
        return;
    }
    let Some(storage) = &toml.storage else {
        let message = format!("the StatefulSet `{name}` does not say where its data live");
        let help = "write storage = \"ephemeral\", \"local\" or \"replicated\": it decides whether the pod can ever move";
        cx.report(
            Cx::finding(codes::STORAGE_UNSTATED, message, kind.span.or(entry.span), "no storage").help(help),
        );
        return;
    };
    if storage.value == Storage::Ephemeral && toml.data.is_none() {
        let message = format!(
            "the StatefulSet `{name}` loses its data on every move, and does not say what that costs"
        );
        let help = "write it in your words: data = \"rebuilt from the queue in a minute\"";
        cx.report(Cx::finding(codes::DATA_UNSTATED, message, storage.span, "lost on every move").help(help));
    }
}

fn check_replicas(cx: &mut Cx<'_>, toml: &TomlWorkload, kind: &Field<WorkloadKind>) {
    let Some(replicas) = &toml.replicas else { return };
    if kind.value == WorkloadKind::DaemonSet {
        let message = "a DaemonSet has one pod on each of its nodes, not a number of replicas";
        let mut finding = Cx::finding(codes::CONTRADICTION, message, replicas.span, "does nothing");
        if let Some(span) = kind.span {
            finding = finding.label(span, "a DaemonSet");
        }
        cx.report(finding.help("take the line out"));
    } else if replicas.value > MAX_REPLICAS {
        let message = format!("{} pods are more than the {MAX_REPLICAS} that lifeboat reads", replicas.value);
        cx.report(
            Cx::finding(codes::TOO_MANY, message, replicas.span, "this many")
                .help("is it a slip of the pen?"),
        );
    }
}
