//! What no chart of the catalogue brings: workloads with their requests.

use serde_json::Value;

use super::Unique;
use super::draft::{Section, key, quoted, table};
use super::seen::{amount, containers, namespace, text};
use super::tiers::{Tiers, class_of};

/// A Deployment, StatefulSet or DaemonSet as `[workloads.NAME]`.
pub(super) fn section(workload: &Value, tiers: &Tiers, names: &mut Unique) -> Section {
    let (kind, own) = (text(workload, "/kind"), text(workload, "/metadata/name"));
    let name = names.claim(&[own, &format!("{}-{own}", namespace(workload))]);
    let mut section = Section::new(format!("workloads.{}", key(&name)));
    if name != own {
        section.note(&format!("{kind} {own} of the namespace {}", namespace(workload)));
    }
    section.line(format!("kind = \"{kind}\""));
    section.optional(format!("namespace = {}", quoted(namespace(workload))));
    let replicas = workload.pointer("/spec/replicas").and_then(Value::as_u64);
    if let Some(replicas) = replicas.filter(|n| *n != 1 && kind != "DaemonSet") {
        section.optional(format!("replicas = {replicas}"));
    }
    if let Some(tier) = tiers.named(class_of(workload)) {
        section.line(format!("tier = {}", quoted(tier)));
    }
    requests(&mut section, workload);
    let tolerations = tolerations(workload);
    if !tolerations.is_empty() {
        section.optional(format!("tolerations = [{}]", tolerations.join(", ")));
    }
    let selector = workload.pointer("/spec/template/spec/nodeSelector").and_then(Value::as_object);
    let selector: Vec<_> = selector
        .into_iter()
        .flatten()
        .filter_map(|(name, value)| Some((quoted(name), quoted(value.as_str()?))))
        .collect();
    if !selector.is_empty() {
        section.optional(format!("node-selector = {}", table(&selector)));
    }
    if kind == "StatefulSet" {
        let claims = workload.pointer("/spec/volumeClaimTemplates").and_then(Value::as_array);
        let storage = if claims.is_some_and(|c| !c.is_empty()) { "local" } else { "ephemeral" };
        section.line(format!("storage = \"{storage}\"   # ?"));
        section.line("data = \"? what losing it costs\"");
    }
    section
}

fn requests(section: &mut Section, workload: &Value) {
    let sum = |resource: &str| -> i64 {
        let of = |container: &Value| amount(container.pointer(&format!("/resources/requests/{resource}")));
        let amounts = containers(workload).iter().filter_map(of).map(|(_, quantity)| quantity);
        amounts.map(|q| if resource == "cpu" { q.milli() } else { q.value() }).fold(0, i64::saturating_add)
    };
    let (cpu, memory) = (sum("cpu"), sum("memory"));
    if (cpu, memory) == (0, 0) {
        section.line("# ? no requests: without them nothing makes room, and nothing can be proved");
        return;
    }
    let entries = [
        ("cpu", cpu, format!("\"{cpu}m\"")),
        ("memory", memory, format!("\"{}Ki\"", memory.div_euclid(1024))),
    ];
    let stated: Vec<_> = entries
        .into_iter()
        .filter(|(_, amount, _)| *amount > 0)
        .map(|(key, _, text)| (key.to_owned(), text))
        .collect();
    section.optional(format!("requests = {}", table(&stated)));
}

/// Tolerations in the policy's words; those that every pod gets are left out.
fn tolerations(workload: &Value) -> Vec<String> {
    let all = workload.pointer("/spec/template/spec/tolerations").and_then(Value::as_array);
    let shown = |toleration: &Value| {
        let (key, value) = (text(toleration, "/key"), text(toleration, "/value"));
        if key.starts_with("node.kubernetes.io/") {
            return None;
        }
        let value = if value.is_empty() { String::new() } else { format!("={value}") };
        Some(quoted(&match (key, text(toleration, "/effect")) {
            ("", _) => "*".to_owned(),
            // Without an effect the policy knows a key only; a value beside it says no less.
            (key, "") => key.to_owned(),
            (key, effect) => format!("{key}{value}:{effect}"),
        }))
    };
    let mut found: Vec<String> = all.into_iter().flatten().filter_map(shown).collect();
    found.sort();
    found.dedup();
    found
}
