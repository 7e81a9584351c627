//! `[nodes.*]`: roles, sizes, `like`.

use super::super::shapes::{Datastore, Distribution, TomlCapacity, TomlNode, TomlPolicy};
use super::super::{Cluster, Cpu, Labels, Memory, Node, NodeId, Role};
use super::{At, Cx, join, or};
use crate::diag::codes::policy as codes;
use crate::shape::{Field, did_you_mean, quoted_list};

/// Most nodes of a policy: pairs of them are still counted one by one.
pub(super) const MAX_NODES: usize = 256;

pub(super) fn check(cx: &mut Cx<'_>, toml: &TomlPolicy) -> Vec<Node> {
    let Some(map) = &toml.nodes else {
        cx.need_table("nodes", "write one table per node: [nodes.master], with role and capacity");
        return Vec::new();
    };
    if map.value.entries.len() > MAX_NODES {
        let message =
            format!("{} nodes are more than the {MAX_NODES} that lifeboat reads", map.value.entries.len());
        cx.report(Cx::finding(codes::TOO_MANY, message, map.span, "these").help("split the policy by site"));
    }
    let nodes: Vec<_> = map
        .value
        .iter()
        .take(MAX_NODES)
        .filter_map(|(name, entry)| {
            // Whom it is like could not be read: what it lacks may be there.
            let alone = cx.unread(&join(&entry.path, "like"));
            let Some(merged) = inherit(cx, toml, name, entry).filter(|_| !alone) else {
                entry.value.zone.iter().for_each(|zone| _ = label_value(cx, zone));
                return None;
            };
            node(cx, name, &entry.with(merged))
        })
        .collect();
    if !nodes.is_empty() && nodes.len() == map.value.entries.len() && !cx.unread("nodes") {
        need_server(cx, map.span, &nodes);
    }
    nodes
}

fn need_server(cx: &mut Cx<'_>, span: Option<crate::source::Span>, nodes: &[Node]) {
    if nodes.iter().all(|node| node.role.value != Role::Server) {
        let message = "no node is a server, so nothing runs the control plane";
        cx.report(
            Cx::finding(codes::NO_SERVER, message, span, "all agents")
                .help("give one node role = \"server\""),
        );
    }
}

/// A node with what it takes from the one that it is like.
fn inherit(cx: &mut Cx<'_>, toml: &TomlPolicy, name: &str, entry: &Field<TomlNode>) -> Option<TomlNode> {
    let nodes = &toml.nodes.as_ref()?.value;
    let mut merged = entry.value.clone();
    let mut seen = vec![name];
    let mut like = entry.value.like.as_ref();
    while let Some(other) = like {
        let Some(below) = nodes.entries.get(&other.value) else {
            if cx.unread("nodes") {
                return None;
            }
            let names = || nodes.iter().map(|(name, _)| name).filter(|other| !seen.contains(other));
            let help = match did_you_mean(&other.value, names()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("the nodes are {}", quoted_list(names())),
            };
            let message = format!("there is no node `{}`", other.value);
            let mut finding = Cx::finding(codes::UNKNOWN_NAME, message, other.span, "not a node").help(help);
            if let Some(span) = nodes.dropped.get(&other.value) {
                finding = finding.label(*span, "taken out here");
            }
            cx.report(finding);
            return None;
        };
        if seen.contains(&other.value.as_str()) {
            let message = format!("`{}` is like itself: {} → {}", other.value, seen.join(" → "), other.value);
            let help = "give one of them its own role and capacity";
            cx.report(Cx::finding(codes::LIKE_CYCLE, message, other.span, "closes the circle").help(help));
            return None;
        }
        seen.push(&other.value);
        let base = below.value.clone();
        // What cannot be read there was told there.
        let failed = |key: &str| cx.unread(&join(&below.path, key));
        if (merged.role.is_none() && failed("role")) || (merged.capacity.is_none() && failed("capacity")) {
            return None;
        }
        merged = TomlNode {
            like: None,
            role: merged.role.or(base.role),
            capacity: merged.capacity.or(base.capacity),
            reserve: merged.reserve.or(base.reserve),
            eviction_threshold: merged.eviction_threshold.or(base.eviction_threshold),
            labels: merged.labels.or(base.labels),
            taints: merged.taints.or(base.taints),
            zone: merged.zone.or(base.zone),
            enabled: None,
        };
        like = below.value.like.as_ref();
    }
    // What the last of them lacks was told there.
    let whole = merged.role.is_some() && merged.capacity.is_some();
    (whole || seen.len() == 1).then_some(merged)
}

fn node(cx: &mut Cx<'_>, name: &str, entry: &Field<TomlNode>) -> Option<Node> {
    let (at, toml) = (At::from(entry), &entry.value);
    let role = cx.need(at, "role", toml.role.as_ref(), "write \"server\" or \"agent\"");
    let help = "write what the machine has: capacity = { cpu = \"4\", memory = \"7900Mi\" }";
    let capacity = cx.need(at, "capacity", toml.capacity.as_ref(), help);
    let (cpu, memory, pods) = capacity.map_or((None, None, None), |table| size(cx, &table));
    let zone = toml.zone.clone().filter(|zone| label_value(cx, zone));
    let path = join(at.path, "eviction-threshold");
    let threshold =
        toml.eviction_threshold.clone().unwrap_or_else(|| Field::default_at(default_threshold(), path));
    let node = Node {
        name: super::entry_name(name, entry),
        role: role?,
        cpu: cpu?,
        memory: memory?,
        pods: pods?,
        reserve: Cx::resources(toml.reserve.as_ref()),
        eviction_threshold: threshold,
        labels: or(at, "labels", toml.labels.as_ref(), Labels::default()),
        taints: toml.taints.as_ref().map_or_else(Vec::new, |taints| taints.value.clone()),
        zone,
    };
    if keeps(at.path, &node) {
        check_reserve(cx, &node);
    }
    Some(node)
}

fn default_threshold() -> Memory {
    Memory { text: "100Mi".into(), bytes: 100 << 20 }
}

type Size = (Option<Field<Cpu>>, Option<Field<Memory>>, Option<Field<u32>>);

fn size(cx: &mut Cx<'_>, table: &Field<TomlCapacity>) -> Size {
    let at = At::from(table);
    let cpu = cx.need(at, "cpu", table.value.cpu.as_ref(), "write the cores: cpu = \"4\"");
    let memory = cx.need(at, "memory", table.value.memory.as_ref(), "write the memory: memory = \"7900Mi\"");
    (cpu, memory, Some(or(at, "pods", table.value.pods.as_ref(), 110)))
}

/// Whether anything of what a node keeps, and of what it has, is said by itself and not by the node that it is like.
fn keeps(path: &str, node: &Node) -> bool {
    let reserve = [node.reserve.cpu.as_ref().map(|f| &f.path), node.reserve.memory.as_ref().map(|f| &f.path)];
    let threshold = Some(&node.eviction_threshold).filter(|f| f.span.is_some()).map(|f| &f.path);
    let size = [&node.cpu.path, &node.memory.path];
    let mut paths = reserve.into_iter().flatten().chain(threshold).chain(size);
    paths.any(|at| at.strip_prefix(path).is_some_and(|rest| rest.starts_with('.')))
}

/// Reports a node that keeps everything for itself.
fn check_reserve(cx: &mut Cx<'_>, node: &Node) {
    let what = match (node.allocatable_milli(), node.allocatable_bytes()) {
        (0, _) => ("CPU", node.reserve.cpu.as_ref().and_then(|cpu| cpu.span), node.cpu.span),
        (_, 0) => ("memory", node.reserve.memory.as_ref().and_then(|memory| memory.span), node.memory.span),
        _ => return,
    };
    let message = format!("`{}` has no {} left for pods", node.name.value, what.0);
    let mut finding = Cx::finding(codes::NOTHING_ALLOCATABLE, message, what.1.or(what.2), "keeps all of it");
    if let (Some(_), Some(span)) = (what.1, what.2) {
        finding = finding.label(span, "of this capacity");
    }
    cx.report(finding.help("lower the reserve or the eviction threshold, or raise the capacity"));
}

fn label_value(cx: &mut Cx<'_>, zone: &Field<String>) -> bool {
    let fine = super::super::shapes::is_label_value(&zone.value) && !zone.value.is_empty();
    if !fine {
        let help = "use letters, digits, `-`, `_` and `.`, at most 63";
        let message = format!("{:?} is no label value", zone.value);
        cx.report(Cx::finding(codes::BAD_VALUE, message, zone.span, "this zone").help(help));
    }
    fine
}

/// Servers, agents and the datastore must fit each other.
pub(super) fn check_datastore(cx: &mut Cx<'_>, cluster: &Cluster, nodes: &[Node]) {
    let servers: Vec<&Node> = nodes.iter().filter(|node| node.role.value == Role::Server).collect();
    let Some(second) = servers.get(1) else {
        warn_unreserved(cx, cluster, &servers);
        return;
    };
    match cluster.datastore.value {
        Datastore::Sqlite => {
            let message = format!("SQLite serves one server, and there are {}", servers.len());
            let help = "write datastore = \"etcd\", or make the other servers agents";
            let finding =
                Cx::finding(codes::SQLITE_SERVERS, message, cluster.datastore.span, "for one server only");
            cx.report(
                match second.role.span {
                    Some(span) => finding.label(span, "a second server"),
                    None => finding,
                }
                .help(help),
            );
        }
        Datastore::Etcd if servers.len().is_multiple_of(2) => {
            let (n, losses) = (servers.len(), servers.len() / 2 - 1);
            let message = format!("{n} etcd servers survive no more losses than {} would: {losses}", n - 1);
            let help = "use an odd number of servers";
            cx.report(
                Cx::finding(codes::EVEN_SERVERS, message, cluster.datastore.span, "needs a majority")
                    .about("cluster")
                    .help(help),
            );
        }
        _ => {}
    }
    warn_unreserved(cx, cluster, &servers);
}

/// In K3s the control plane is a host process: only the node's reserve protects it.
fn warn_unreserved(cx: &mut Cx<'_>, cluster: &Cluster, servers: &[&Node]) {
    for server in servers.iter().filter(|_| cluster.distribution.value == Distribution::K3s) {
        let unread = cx.unread_within(&join(&server.name.path, "reserve"));
        if server.reserve.memory.is_none() && !unread {
            let message = format!("server `{}` reserves no memory for K3s itself", server.name.value);
            let help = "write reserve = { cpu = \"500m\", memory = \"1Gi\" }";
            let text = "its control plane is a host process";
            cx.report(
                Cx::finding(codes::UNPROTECTED_SERVER, message, server.name.span, text)
                    .about(&server.name.value)
                    .help(help),
            );
        }
    }
}

/// The index of a node by name.
pub(super) fn find(nodes: &[Node], name: &str) -> Option<NodeId> {
    let index = nodes.iter().position(|node| node.name.value == name)?;
    u16::try_from(index).ok().map(NodeId)
}
