//! `[lifeboat]`: which nodes, and what makes them a last resort.

use super::super::shapes::{Effect, Lever, Taint, TomlLifeboat, TomlLock, TomlPolicy, TomlTier};
use super::super::{Cpu, Lifeboat, Lock, Memory, Node, NodeId, Role, Tier};
use super::{At, Cx, join, map_or, nodes, or};
use crate::diag::codes::policy as codes;
use crate::shape::{Field, did_you_mean, quoted_list};
use crate::source::Span;

pub(super) fn check(cx: &mut Cx<'_>, toml: &TomlPolicy, nodes: &[Node], tiers: &[Tier]) -> Option<Lifeboat> {
    let table = toml.lifeboat.as_ref().filter(|table| table.value.enabled.as_ref().is_none_or(|on| on.value));
    let Some(table) = table else {
        check_no_lifeboat(cx, toml, tiers);
        return None;
    };
    let at = At::from(table);
    // A node with a mistake of its own is there, although it is not among the nodes that could be read.
    let stated = toml.nodes.as_ref().map(|map| &map.value.entries);
    let broken = |name: &str| stated.is_some_and(|stated| stated.contains_key(name));
    let aboard = aboard(cx, at, &table.value, nodes, broken);
    let taint = or(at, "taint", table.value.taint.as_ref(), default_taint());
    if taint.value.effect == Effect::PreferNoSchedule {
        let message = "a PreferNoSchedule taint keeps nobody off the lifeboat";
        let help = "write the effect NoSchedule";
        cx.report(Cx::finding(codes::WEAK_TAINT, message, taint.span, "only a preference").help(help));
    }
    if stated.is_none_or(|stated| stated.len() == nodes.len()) {
        check_shape(cx, &aboard, nodes);
    }
    // A tier with a mistake of its own may be the one that boards.
    let unread = |tier: &Field<TomlTier>| cx.unread(&join(&tier.path, "lifeboat"));
    let stated = toml.tiers.as_ref().map(|map| &map.value.entries);
    let all = !cx.unread("tiers");
    if stated.is_some_and(|stated| all && stated.len() == tiers.len() && !stated.values().any(unread)) {
        check_boarders(cx, table.span, tiers);
    }
    let levers = levers(cx, at, &table.value);
    let lever = |wanted: Lever| levers.iter().find(|lever| lever.value == wanted).map(|lever| lever.with(()));
    let twin = Taint { effect: Effect::PreferNoSchedule, ..taint.value.clone() };
    Some(Lifeboat {
        twin: lever(Lever::TwinTaint).map(|field| field.with(twin)),
        node_affinity: lever(Lever::NodeAffinity),
        lock: lever(Lever::Lock).map(|lever| lock(cx, at, lever, table.value.lock.as_ref(), toml, tiers)),
        nodes: aboard,
        taint,
    })
}

fn default_taint() -> Taint {
    Taint { key: "CriticalAddonsOnly".into(), value: "true".into(), effect: Effect::NoSchedule }
}

/// Tiers that may board what is not there.
fn check_no_lifeboat(cx: &mut Cx<'_>, toml: &TomlPolicy, tiers: &[Tier]) {
    if cx.unread("lifeboat") {
        return;
    }
    for tier in tiers.iter().filter(|tier| tier.lifeboat.value) {
        let message = format!("tier `{}` may board a lifeboat, but there is none", tier.name.value);
        let mut finding = Cx::finding(codes::NO_LIFEBOAT, message, tier.lifeboat.span, "may board");
        if let Some(span) = toml.lifeboat.as_ref().and_then(|table| table.value.enabled.as_ref()?.span) {
            finding = finding.label(span, "taken out here");
        }
        cx.report(finding.help("write a `[lifeboat]` table, or take this line out"));
    }
}

/// The nodes of the lifeboat, in the order of the policy.
fn aboard(
    cx: &mut Cx<'_>,
    at: At<'_>,
    toml: &TomlLifeboat,
    nodes: &[Node],
    broken: impl Fn(&str) -> bool,
) -> Field<Vec<NodeId>> {
    let servers = || {
        let ids = nodes.iter().enumerate().filter(|(_, node)| node.role.value == Role::Server);
        ids.filter_map(|(i, _)| u16::try_from(i).ok().map(NodeId)).collect::<Vec<_>>()
    };
    let Some(list) = &toml.nodes else { return Field::default_at(servers(), join(at.path, "nodes")) };
    let mut ids = Vec::new();
    for name in &list.value.0 {
        if name.value == "server" {
            ids.extend(servers());
        } else if let Some(id) = nodes::find(nodes, &name.value) {
            ids.push(id);
        } else if !broken(&name.value) {
            let names: Vec<&str> = nodes.iter().map(|node| node.name.value.as_str()).collect();
            let help = match did_you_mean(&name.value, names.iter().copied().chain(["server"])) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("write \"server\" or a list of {}", quoted_list(names)),
            };
            let message = format!("there is no node `{}`", name.value);
            cx.report(Cx::finding(codes::UNKNOWN_NAME, message, name.span, "not a node").help(help));
        }
    }
    if list.value.0.is_empty() && !cx.unread_within(&list.path) {
        let message = "a lifeboat without a node";
        let help = "write \"server\", or take the table out";
        cx.report(Cx::finding(codes::BAD_VALUE, message, list.span, "no node").help(help));
    }
    ids.sort_unstable();
    ids.dedup();
    list.with(ids)
}

/// Someone must be left on shore: ordinary pods run where the lifeboat's taint is not.
fn check_shape(cx: &mut Cx<'_>, aboard: &Field<Vec<NodeId>>, nodes: &[Node]) {
    if nodes.is_empty() || aboard.value.is_empty() {
        return;
    }
    if nodes.len() == 1 {
        let message = "a lifeboat on a one-node site: there is no other node whose loss it could answer";
        let help = "take `[lifeboat]` and the tiers' `lifeboat = true` out; on one node, tiers, requests, the reserve and the \
                    eviction threshold decide who lives";
        cx.report(
            Cx::finding(
                codes::LIFEBOAT_ON_ONE_NODE,
                message,
                aboard.span.or(nodes[0].name.span),
                "the only node",
            )
            .help(help),
        );
        return;
    }
    let hard = |taint: &Field<Taint>| taint.value.effect != Effect::PreferNoSchedule;
    let is_aboard = |i: usize| aboard.value.iter().any(|id| usize::from(id.0) == i);
    let ashore = nodes.iter().enumerate().any(|(i, node)| !is_aboard(i) && !node.taints.iter().any(hard));
    if !ashore {
        let message = "every node is tainted, so ordinary pods have no node to run on";
        let help = if aboard.value.len() == nodes.len() {
            "add agents; or let one server be the lifeboat: nodes = [\"…\"]; or take the lifeboat out and let the tiers decide: with three \
             servers and etcd one loss is survivable without it"
        } else {
            "leave one node without a NoSchedule or NoExecute taint"
        };
        let mut finding =
            Cx::finding(codes::NOBODY_ASHORE, message, aboard.span.or(nodes[0].name.span), "all of these");
        for taint in
            nodes.iter().enumerate().filter(|(i, _)| !is_aboard(*i)).flat_map(|(_, node)| &node.taints)
        {
            if let Some(span) = taint.span {
                finding = finding.label(span, "and this taint");
            }
        }
        cx.report(finding.help(help));
    }
}

fn check_boarders(cx: &mut Cx<'_>, span: Option<Span>, tiers: &[Tier]) {
    if !tiers.is_empty() && tiers.iter().all(|tier| !tier.lifeboat.value) {
        let message = "no tier may board the lifeboat, so it stays empty whatever happens";
        let help = "write `lifeboat = true` in the tier that must survive";
        cx.report(
            Cx::finding(codes::UNUSED_LIFEBOAT, message, span, "nobody boards").about("lifeboat").help(help),
        );
    }
}

fn levers(cx: &mut Cx<'_>, at: At<'_>, toml: &TomlLifeboat) -> Vec<Field<Lever>> {
    let path = join(at.path, "last-resort");
    let Some(list) = &toml.last_resort else {
        return Lever::ALL.iter().map(|&lever| Field::default_at(lever, path.clone())).collect();
    };
    if list.value.is_empty() && !cx.unread_within(&list.path) {
        let message = "without a lever the lifeboat is no last resort: it is the emptiest node, and pods that may board prefer it";
        let help = "write last-resort = [\"twin-taint\", \"node-affinity\", \"lock\"], or accept it with -A first-resort";
        cx.report(
            Cx::finding(codes::FIRST_RESORT, message, list.span, "no lever").about("lifeboat").help(help),
        );
    }
    let mut seen: Vec<Field<Lever>> = Vec::new();
    for lever in &list.value {
        match seen.iter().find(|other| other.value == lever.value) {
            Some(first) => {
                let message = format!("the lever `{}` is named twice", lever.value.word());
                let mut finding = Cx::finding(codes::DUPLICATE_NAME, message, lever.span, "again");
                if let Some(span) = first.span {
                    finding = finding.label(span, "first here");
                }
                cx.report(finding.help("name it once"));
            }
            // The list's own path is what comments name: an index would change with its neighbours.
            None => seen.push(Field { path: path.clone(), ..lever.clone() }),
        }
    }
    seen
}

fn lock(
    cx: &mut Cx<'_>,
    at: At<'_>,
    lever: Field<()>,
    table: Option<&Field<TomlLock>>,
    toml: &TomlPolicy,
    tiers: &[Tier],
) -> Lock {
    let empty = Field::default_at(TomlLock::default(), join(at.path, "lock"));
    let table = table.unwrap_or(&empty);
    let (at, lock) = (At::from(table), &table.value);
    let requests = Cx::resources(lock.requests.as_ref());
    let grace_period = map_or(at, "grace-period", lock.grace_period.as_ref(), |duration| duration.seconds, 1);
    if grace_period.value == 0 {
        let message = "a lock that ends at once: of two pods that preempt it together one is not woken";
        let help = "write grace-period = \"1s\" or more";
        cx.report(
            Cx::finding(codes::LOCK_GRACE, message, grace_period.span, "no time to end")
                .about("lifeboat")
                .help(help),
        );
    }
    let path = join(at.path, "requests");
    let cpu = requests
        .cpu
        .unwrap_or_else(|| Field::default_at(Cpu { text: "1m".into(), milli: 1 }, join(&path, "cpu")));
    let memory = requests.memory.unwrap_or_else(|| {
        Field::default_at(Memory { text: "4Mi".into(), bytes: 4 << 20 }, join(&path, "memory"))
    });
    let image = or(at, "image", lock.image.as_ref(), "registry.k8s.io/pause:3.10".to_owned());
    if image.value.is_empty() || !image.value.bytes().all(|b| b.is_ascii_graphic() && !b"\"'`\\".contains(&b))
    {
        let help = "write it as in a pod: \"registry.example.com/pause:3.10\"";
        cx.report(Cx::finding(codes::BAD_VALUE, "this is no image", image.span, "not an image").help(help));
    }
    Lock {
        name: map_or(at, "name", lock.name.as_ref(), |name| name.0, "lifeboat-lock".to_owned()),
        namespace: map_or(at, "namespace", lock.namespace.as_ref(), |name| name.0, "lifeboat".to_owned()),
        priority: lock_priority(cx, at, lock, toml, tiers),
        image,
        cpu,
        memory,
        grace_period,
        lever,
    }
}

/// The lock's priority: as given, or a little above the default tier and below the next.
fn lock_priority(
    cx: &mut Cx<'_>,
    at: At<'_>,
    lock: &TomlLock,
    toml: &TomlPolicy,
    tiers: &[Tier],
) -> Field<i32> {
    let is_default = |tier: &&Tier| {
        let entry = toml.tiers.as_ref().and_then(|tiers| tiers.value.entries.get(&tier.name.value));
        entry.and_then(|entry| entry.value.default.as_ref()).is_some_and(|default| default.value)
    };
    let floor = tiers.iter().find(is_default).map_or(0, |tier| tier.priority.value);
    let next = tiers.iter().map(|tier| tier.priority.value).filter(|&value| value > floor).min();
    let room = next.map_or(2_000, |next| i64::from(next) - i64::from(floor));
    let step = (room / 2).min(1_000);
    let value = i32::try_from(i64::from(floor) + step).unwrap_or(floor);
    let Some(given) = &lock.priority else { return Field::default_at(value, join(at.path, "priority")) };
    match i32::try_from(given.value) {
        Ok(stated) if stated <= 1_000_000_000 => given.with(stated),
        _ => {
            let message = format!("a priority of {} is out of range", given.value);
            let help = "Kubernetes allows −2147483648 to 1000000000";
            cx.report(
                Cx::finding(codes::PRIORITY_OUT_OF_RANGE, message, given.span, "not allowed").help(help),
            );
            given.with(value)
        }
    }
}
