//! A policy for a cluster that is there already, from a dump of its nodes, workloads and classes.
//!
//! The proposal says what was seen and marks what was guessed. It compiles as far as the dump allows;
//! what is unsafe to guess is left to the person who reads it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use serde_json::Value;

use crate::kube::Quantity;
use crate::yaml;

/// Memory that lifeboat keeps as the kubelet's hard eviction threshold unless the policy says otherwise.
const THRESHOLD: i64 = 100 << 20;

/// What `kubectl get nodes,deploy,sts,ds,priorityclasses -A -o yaml` printed, as a policy.
///
/// # Errors
/// One line: the text is no YAML or JSON, or names no node.
pub fn policy(dump: &str) -> Result<String, String> {
    let documents = yaml::read_all(dump, &yaml::Budget::default()).map_err(|error| error.to_string())?;
    let mut objects = Vec::new();
    for root in documents.into_iter().filter_map(|d| d.root).map(yaml::Node::into_json) {
        match root.get("items").and_then(Value::as_array) {
            Some(items) => objects.extend(items.iter().cloned()),
            None => objects.push(root),
        }
    }
    let of = |kind: &str| objects.iter().filter(|o| text(o, "/kind") == kind).collect::<Vec<_>>();
    let nodes = of("Node");
    if nodes.is_empty() {
        return Err("the dump names no node".to_owned());
    }
    let workloads: Vec<&Value> = ["Deployment", "StatefulSet", "DaemonSet"]
        .into_iter()
        .flat_map(of)
        .filter(|w| !text(w, "/metadata/name").is_empty() && text(w, "/metadata/namespace") != "kube-system")
        .collect();
    let classes = used_classes(&of("PriorityClass"), &workloads);
    let mut out = String::from(
        "#:schema ./policy.schema.json\n# Proposed from a dump of the cluster. Lines with `?` are guesses: check them, then `lifeboat build`.\n\n",
    );
    cluster(&mut out, &nodes);
    for node in &nodes {
        self::node(&mut out, node);
    }
    let servers = nodes.iter().filter(|n| is_server(n)).count();
    let boat = servers > 0 && servers < nodes.len();
    if boat {
        out.push_str("[lifeboat]\nnodes = \"server\"\n\n");
    }
    tiers(&mut out, &classes, boat);
    releases(&mut out, &workloads);
    for (name, workload) in named(&workloads) {
        self::workload(&mut out, &name, workload, &classes);
    }
    out.push_str(
        "[recovery]\nfencing = \"manual\"\n\n[scenarios.green]\nlose = \"none\"\nexpect = { running = \"all\" }\n",
    );
    Ok(out)
}

fn text<'v>(value: &'v Value, pointer: &str) -> &'v str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// A TOML string.
fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

/// A TOML key.
fn key(text: &str) -> String {
    let bare = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    if !text.is_empty() && text.chars().all(bare) { text.to_owned() } else { quoted(text) }
}

fn label<'v>(node: &'v Value, name: &str) -> Option<&'v str> {
    node.pointer("/metadata/labels")?.get(name)?.as_str()
}

fn is_server(node: &Value) -> bool {
    ["control-plane", "master", "etcd"]
        .iter()
        .any(|role| label(node, &format!("node-role.kubernetes.io/{role}")).is_some())
}

fn cluster(out: &mut String, nodes: &[&Value]) {
    let version = nodes.iter().map(|n| text(n, "/status/nodeInfo/kubeletVersion")).find(|v| !v.is_empty());
    let minor = version.map(|v| v.trim_start_matches('v').split('.').take(2).collect::<Vec<_>>().join("."));
    let etcd = nodes.iter().any(|n| label(n, "node-role.kubernetes.io/etcd").is_some());
    let (datastore, mark) =
        if etcd { ("etcd", "") } else { ("sqlite", "   # ? no node carries the etcd label; or external") };
    let _ = writeln!(
        out,
        "[cluster]\nname = \"edge\"   # ?\nkubernetes = {}\ndatastore = \"{datastore}\"{mark}\noutput = \"golden\"\n",
        quoted(minor.as_deref().unwrap_or("1.34"))
    );
}

fn node(out: &mut String, node: &Value) {
    let role = if is_server(node) { "server" } else { "agent" };
    let amount = |what: &str, resource: &str| text(node, &format!("/status/{what}/{resource}")).to_owned();
    let (cpu, memory) = (amount("capacity", "cpu"), amount("capacity", "memory"));
    let _ = writeln!(
        out,
        "[nodes.{}]\nrole = \"{role}\"\ncapacity = {{ cpu = {}, memory = {} }}",
        key(text(node, "/metadata/name")),
        quoted(&cpu),
        quoted(&memory)
    );
    let quantity = |text: &str| text.parse::<Quantity>().ok();
    let left = |whole: &str, rest: &str| Some((quantity(whole)?, quantity(rest)?));
    let cpu =
        left(&cpu, &amount("allocatable", "cpu")).map_or(0, |(a, b)| a.milli().saturating_sub(b.milli()));
    let memory = left(&memory, &amount("allocatable", "memory"))
        .map_or(0, |(a, b)| a.value().saturating_sub(b.value()).saturating_sub(THRESHOLD));
    let mut kept = Vec::new();
    if cpu > 0 {
        kept.push(format!("cpu = \"{cpu}m\""));
    }
    if memory > 0 {
        kept.push(format!("memory = \"{}Ki\"", memory.div_euclid(1024)));
    }
    if !kept.is_empty() {
        let _ = writeln!(out, "reserve = {{ {} }}", kept.join(", "));
    }
    out.push('\n');
}

/// Classes that workloads name, with their values; Kubernetes' own left out.
fn used_classes(classes: &[&Value], workloads: &[&Value]) -> BTreeMap<String, i64> {
    let used: BTreeSet<&str> =
        workloads.iter().map(|w| text(w, "/spec/template/spec/priorityClassName")).collect();
    let mut values = BTreeSet::from([0]);
    let mut found = BTreeMap::new();
    for class in classes {
        let name = text(class, "/metadata/name");
        let value = class.get("value").and_then(Value::as_i64).unwrap_or(0);
        // Two tiers cannot share a priority; the first class of one stands for both.
        if used.contains(name) && !name.starts_with("system-") && values.insert(value) {
            found.insert(name.to_owned(), value);
        }
    }
    found
}

fn tiers(out: &mut String, classes: &BTreeMap<String, i64>, boat: bool) {
    let mut by_value: Vec<_> = classes.iter().filter(|(name, _)| *name != "application").collect();
    by_value.sort_by_key(|(_, value)| std::cmp::Reverse(**value));
    for (i, (name, value)) in by_value.iter().enumerate() {
        let _ = writeln!(out, "[tiers.{}]\npriority = {value}\nexisting-class = {}", key(name), quoted(name));
        if boat && i == 0 && **value > 0 {
            out.push_str("lifeboat = true   # ?\n");
        }
        out.push('\n');
    }
    if by_value.is_empty() {
        let boards = if boat { "lifeboat = true\n" } else { "" };
        let _ = writeln!(
            out,
            "# No workload names a class yet: give what must survive `tier = \"critical\"`.\n[tiers.critical]\npriority = 1_000_000\n{boards}"
        );
    }
    out.push_str("[tiers.application]\npriority = 0\ndefault = true\n\n");
}

/// Helm releases that the workloads' labels name: knowing their charts says more than their workloads do.
fn releases(out: &mut String, workloads: &[&Value]) {
    let mut found = BTreeSet::new();
    for workload in workloads {
        if let Some(chart) = label(workload, "helm.sh/chart") {
            let release = workload
                .pointer("/metadata/annotations")
                .and_then(|a| a.get("meta.helm.sh/release-name")?.as_str())
                .or_else(|| label(workload, "app.kubernetes.io/instance"))
                .unwrap_or_default();
            found.insert(format!("{release}: {chart} in {}", text(workload, "/metadata/namespace")));
        }
    }
    if !found.is_empty() {
        out.push_str("# Helm releases seen. For a chart of `lifeboat charts list`, write [services.NAME] and drop its workloads:\n");
        for line in found {
            let line: String = line.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
            let _ = writeln!(out, "#   {line}");
        }
        out.push('\n');
    }
}

/// Workloads by a name of their own: their own, or with the namespace where two share one.
fn named<'v>(workloads: &[&'v Value]) -> BTreeMap<String, &'v Value> {
    let mut found = BTreeMap::new();
    for &workload in workloads {
        let name = text(workload, "/metadata/name").replace('.', "-");
        let name = if found.contains_key(&name) {
            format!("{}-{name}", text(workload, "/metadata/namespace"))
        } else {
            name
        };
        found.insert(name, workload);
    }
    found
}

fn workload(out: &mut String, name: &str, workload: &Value, classes: &BTreeMap<String, i64>) {
    let kind = text(workload, "/kind");
    let _ = writeln!(
        out,
        "[workloads.{}]\nkind = \"{kind}\"\nnamespace = {}",
        key(name),
        quoted(text(workload, "/metadata/namespace"))
    );
    if let Some(replicas) = workload.pointer("/spec/replicas").and_then(Value::as_u64).filter(|n| *n != 1) {
        let _ = writeln!(out, "replicas = {replicas}");
    }
    let class = text(workload, "/spec/template/spec/priorityClassName");
    if class != "application" && classes.contains_key(class) {
        let _ = writeln!(out, "tier = {}", quoted(class));
    }
    let containers = workload.pointer("/spec/template/spec/containers").and_then(Value::as_array);
    let sum = |resource: &str| -> i64 {
        let all = containers.into_iter().flatten();
        let texts = all.map(|c| text(c, &format!("/resources/requests/{resource}")));
        let amounts = texts.filter_map(|t| t.parse::<Quantity>().ok());
        amounts.map(|q| if resource == "cpu" { q.milli() } else { q.value() }).fold(0, i64::saturating_add)
    };
    let (cpu, memory) = (sum("cpu"), sum("memory"));
    match (cpu, memory) {
        (0, 0) => {
            out.push_str("# ? no requests: without them nothing makes room, and nothing can be proved\n")
        }
        (cpu, memory) => {
            let _ = writeln!(
                out,
                "requests = {{ cpu = \"{cpu}m\", memory = \"{}Ki\" }}",
                memory.div_euclid(1024)
            );
        }
    }
    if kind == "StatefulSet" {
        let claims = workload.pointer("/spec/volumeClaimTemplates").and_then(Value::as_array);
        let storage = if claims.is_some_and(|c| !c.is_empty()) { "local" } else { "ephemeral" };
        let _ = writeln!(out, "storage = \"{storage}\"   # ?\ndata = \"? what losing it costs\"");
    }
    out.push('\n');
}
