//! The cluster as a whole, its nodes, and the claim to start with.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::draft::{Draft, Section, key, quoted, table};
use super::seen::{Seen, amount, text};
use super::services::Packaged;
use crate::kube::Quantity;
use crate::policy::SUPPORTED_MINORS;

/// Memory that lifeboat keeps as the kubelet's hard eviction threshold unless the policy says otherwise.
const THRESHOLD: i64 = 100 << 20;

/// What all nodes have in common.
pub(super) struct Cluster {
    pub(super) minor: u32,
    /// What the dump says, where that is no version that lifeboat knows.
    strange: Option<String>,
    pub(super) k3s: bool,
    /// The line that says it, with what it rests on.
    datastore: &'static str,
}

impl Cluster {
    pub(super) fn of(seen: &Seen) -> Self {
        let version = |node: &Value| text(node, "/status/nodeInfo/kubeletVersion").to_owned();
        let version = seen.of("Node").map(version).find(|version| !version.is_empty());
        let minor = version.as_deref().and_then(minor_of);
        let (first, last) = (*SUPPORTED_MINORS.start(), *SUPPORTED_MINORS.end());
        let known = minor.unwrap_or(34).clamp(first, last);
        let strange = match (&version, minor) {
            (Some(_), Some(minor)) if minor == known => None,
            (Some(version), _) => Some(version.clone()),
            (None, _) => Some("no version".to_owned()),
        };
        let role = |node: &Value| node_label(node, "node-role.kubernetes.io/etcd").is_some();
        let k3s = version.as_ref().is_none_or(|version| version.contains("k3s"));
        let datastore = match (
            !k3s || seen.of("Node").any(role),
            seen.of("Node").filter(|n| is_server(n)).count(),
        ) {
            (true, _) => "datastore = \"etcd\"",
            (false, 0 | 1) => "datastore = \"sqlite\"   # ? no node carries the etcd label; or external",
            (false, _) => {
                "datastore = \"external\"   # ? no node carries the etcd label, and SQLite serves one server"
            }
        };
        Self { minor: known, strange, k3s, datastore }
    }

    pub(super) fn write(&self, draft: &mut Draft, packaged: &Packaged) {
        let mut section = Section::new("cluster").needed();
        section.line("name = \"edge\"   # ?");
        if !self.k3s {
            section.line("distribution = \"kubernetes\"");
        }
        if let Some(strange) = &self.strange {
            section.note(&format!("? The dump says {strange}, which is no version that lifeboat knows."));
        }
        section.line(format!("kubernetes = \"1.{}\"", self.minor));
        section.line(self.datastore);
        section.line("output = \"golden\"");
        if !packaged.disabled.is_empty() {
            let names: Vec<String> = packaged.disabled.iter().map(|name| quoted(name)).collect();
            section.optional(format!("disable = [{}]   # ? not in the dump", names.join(", ")));
        }
        draft.sections.push(section);
    }
}

/// `v1.34.2+k3s1` is 34.
fn minor_of(version: &str) -> Option<u32> {
    let mut parts = version.trim_start_matches('v').split('.');
    (parts.next() == Some("1")).then_some(())?;
    let digits: String = parts.next()?.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}

fn node_label<'v>(node: &'v Value, name: &str) -> Option<&'v str> {
    node.pointer("/metadata/labels")?.get(name)?.as_str()
}

fn is_server(node: &Value) -> bool {
    let roles = ["control-plane", "master", "etcd"];
    roles.iter().any(|role| node_label(node, &format!("node-role.kubernetes.io/{role}")).is_some())
}

/// Whether a policy can name it: a DNS subdomain.
fn can_be_named(name: &str) -> bool {
    let part = |part: &str| {
        let end = |c: Option<char>| c.is_some_and(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
        let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        part.chars().all(inner) && end(part.chars().next()) && end(part.chars().next_back())
    };
    name.len() <= 253 && name.split('.').all(part)
}

/// Writes the nodes, and the lifeboat if servers and agents are told apart; whether there is one.
pub(super) fn write(draft: &mut Draft, seen: &Seen) -> Result<bool, String> {
    let (nodes, strange): (Vec<&Value>, Vec<&Value>) =
        seen.of("Node").partition(|node| can_be_named(text(node, "/metadata/name")));
    if nodes.is_empty() {
        return Err("the dump names no node that a policy could name".to_owned());
    }
    let wanted = selected(seen);
    let servers = nodes.iter().filter(|node| is_server(node)).count();
    let boat = nodes.len() > 1 && servers < nodes.len();
    // The taint of the lifeboat is said by its table; without the table it is the node's like any other.
    let mut leaves: Vec<(String, String)> = Vec::new();
    for (index, node) in nodes.iter().enumerate() {
        let mut section = Section::new(format!("nodes.{}", key(text(node, "/metadata/name"))));
        if index == 0 {
            for node in &strange {
                let name = text(node, "/metadata/name");
                section.note(&format!("? left out: no policy can name the node {name:?}"));
            }
        }
        let (role, mark) = match (is_server(node), servers) {
            (true, _) => ("server", ""),
            (false, 0) if index == 0 => ("server", "   # ? no node of the dump has a role"),
            (false, _) => ("agent", ""),
        };
        section.line(format!("role = \"{role}\"{mark}"));
        one(&mut section, node, &wanted);
        let all = taints(node, |_| true);
        let own = if boat && role == "server" { taints(node, |key| key != BOAT) } else { all.clone() };
        if !own.is_empty() {
            section.optional(line_of_taints(&own));
        }
        if own != all {
            leaves.push((section.header.clone(), line_of_taints(&all)));
        }
        draft.sections.push(section);
    }
    if boat {
        let mut unlocked = Section::new("lifeboat");
        unlocked.line("nodes = \"server\"");
        unlocked.line("last-resort = [\"twin-taint\", \"node-affinity\"]");
        unlocked.leaves = leaves;
        let mut section = Section::new("lifeboat");
        section.line("nodes = \"server\"");
        section.instead = vec![unlocked];
        draft.sections.push(section);
    }
    Ok(boat)
}

/// Labels of nodes that workloads select by.
fn selected(seen: &Seen) -> BTreeSet<String> {
    let of = |object: &Value| -> Vec<String> {
        let keys = object.pointer("/spec/template/spec/nodeSelector").and_then(Value::as_object);
        keys.into_iter().flatten().map(|(key, _)| key.clone()).collect()
    };
    let keys: BTreeSet<String> = seen.workloads().flat_map(|(_, object)| of(object)).collect();
    keys.into_iter().filter(|key| !key.starts_with("kubernetes.io/")).collect()
}

fn one(section: &mut Section, node: &Value, wanted: &BTreeSet<String>) {
    let at = |what: &str, resource: &str| amount(node.pointer(&format!("/status/{what}/{resource}")));
    let (cpu, memory) = (at("capacity", "cpu"), at("capacity", "memory"));
    let mark = if cpu.is_none() || memory.is_none() { "   # ? the dump does not say all of it" } else { "" };
    let shown = |found: &Option<(String, Quantity)>, other: &str| {
        quoted(found.as_ref().map_or(other, |(text, _)| text))
    };
    section.line(format!(
        "capacity = {{ cpu = {}, memory = {} }}{mark}",
        shown(&cpu, "1"),
        shown(&memory, "1Gi")
    ));
    let left =
        |whole: Option<(String, Quantity)>, rest: Option<(String, Quantity)>| Some((whole?.1, rest?.1));
    let cpu = left(cpu, at("allocatable", "cpu")).map_or(0, |(a, b)| a.milli().saturating_sub(b.milli()));
    let memory = left(memory, at("allocatable", "memory"))
        .map_or(0, |(a, b)| a.value().saturating_sub(b.value()).saturating_sub(THRESHOLD));
    let mut kept = Vec::new();
    if cpu > 0 {
        kept.push(("cpu".to_owned(), format!("\"{cpu}m\"")));
    }
    if memory > 0 {
        kept.push(("memory".to_owned(), format!("\"{}Ki\"", memory.div_euclid(1024))));
    }
    if !kept.is_empty() {
        section.optional(format!("reserve = {}", table(&kept)));
    }
    if let Some(zone) = node_label(node, "topology.kubernetes.io/zone") {
        section.optional(format!("zone = {}", quoted(zone)));
    }
    let labels: BTreeMap<&String, &str> =
        wanted.iter().filter_map(|name| Some((name, node_label(node, name)?))).collect();
    let labels: Vec<_> = labels.into_iter().map(|(name, value)| (quoted(name), quoted(value))).collect();
    if !labels.is_empty() {
        section.optional(format!("labels = {}", table(&labels)));
    }
}

/// The key of the lifeboat's taint, unless the policy says otherwise.
const BOAT: &str = "CriticalAddonsOnly";

fn line_of_taints(taints: &[String]) -> String {
    format!("taints = [{}]", taints.join(", "))
}

/// Taints that are somebody's decision, of the keys that are wanted: Kubernetes' own come and go.
fn taints(node: &Value, wanted: impl Fn(&str) -> bool) -> Vec<String> {
    let all = node.pointer("/spec/taints").and_then(Value::as_array);
    let own = |taint: &&Value| {
        let key = text(taint, "/key");
        let passing =
            key.starts_with("node.kubernetes.io/") || key.starts_with("node.cloudprovider.kubernetes.io/");
        !key.is_empty() && !passing && wanted(key)
    };
    let shown = |taint: &Value| {
        let (key, value, effect) = (text(taint, "/key"), text(taint, "/value"), text(taint, "/effect"));
        let value = if value.is_empty() { String::new() } else { format!("={value}") };
        quoted(&format!("{key}{value}:{effect}"))
    };
    all.into_iter().flatten().filter(own).map(shown).collect()
}

/// What can be claimed of any cluster.
pub(super) fn scenarios(draft: &mut Draft) {
    let mut recovery = Section::new("recovery");
    recovery.line("fencing = \"manual\"");
    draft.sections.push(recovery);
    let mut green = Section::new("scenarios.green");
    green.note("What is claimed. Add losses: lose = \"each agent\", expect = { running = [TIER, …] }");
    green.line("lose = \"none\"");
    green.line("expect = { running = \"all\" }");
    draft.sections.push(green);
}
