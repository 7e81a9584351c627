//! `[scenarios.*]`.

use super::super::shapes::{EventKind, Fencing, Phase, TomlEvent, TomlPolicy, TomlScenario};
use super::super::{Event, Expect, Node, Recovery, Scenario};
use super::{At, Cx, entry_name, expect, join, losses, map_or, names::Names, or, stand_in};
use crate::diag::codes::policy as codes;
use crate::shape::{Field, OneOrMany};

pub(super) fn check(
    cx: &mut Cx<'_>,
    toml: &TomlPolicy,
    names: &Names<'_>,
    nodes: &[Node],
    recovery: &Recovery,
) -> Vec<Scenario> {
    let entries = toml.scenarios.iter().flat_map(|map| map.value.iter());
    entries.map(|(name, entry)| scenario(cx, name, entry, names, nodes, recovery)).collect()
}

fn scenario(
    cx: &mut Cx<'_>,
    name: &str,
    entry: &Field<TomlScenario>,
    names: &Names<'_>,
    nodes: &[Node],
    recovery: &Recovery,
) -> Scenario {
    let (at, toml) = (At::from(entry), &entry.value);
    let help = "say what is lost, such as lose = \"each agent\", or \"none\"";
    // Planned work alone is a claim, too.
    let lose = match (&toml.lose, &toml.event) {
        (None, Some(_)) => None,
        (stated, _) => cx.need(at, "lose", stated.as_ref(), help),
    };
    let lose = lose.unwrap_or_else(|| {
        let none = Field::default_at("none".to_owned(), join(at.path, "lose"));
        stand_in(at, "lose", OneOrMany(vec![none]))
    });
    let help = "say what is then true, such as expect = { running = [\"critical\"] }";
    let expect = cx.need(at, "expect", toml.expect.as_ref(), help);
    let expect = expect.map_or_else(Expect::default, |table| expect::check(cx, &table, names));
    let event = toml.event.as_ref().map(|table| event(cx, table, names, nodes));
    let losses = losses::expand(cx, names, nodes, &lose.value.0);
    if lose.value.0.is_empty() && !cx.unread_within(&lose.path) {
        let help = "write \"none\" for a claim about the whole cluster";
        cx.report(Cx::finding(codes::BAD_LOSS, "an empty list of losses", lose.span, "nothing").help(help));
    }
    let fences = recovery.fencing.value != Fencing::None;
    let after = or(at, "after", toml.after.as_ref(), if fences { Phase::Fencing } else { Phase::Eviction });
    if after.value == Phase::Fencing && !fences {
        let message = "a claim about the moment after fencing, but nobody fences";
        let mut finding =
            Cx::finding(codes::PHASE_WITHOUT_FENCING, message, after.span, "after what?").about(name);
        if let Some(span) = recovery.fencing.span {
            finding = finding.label(span, "nobody");
        }
        cx.report(finding.help("write after = \"eviction\", or recovery.fencing = \"manual\""));
    }
    let texts: Vec<&str> = lose.value.0.iter().map(|phrase| phrase.value.as_str()).collect();
    Scenario {
        name: entry_name(name, entry),
        lose: lose.with(texts.join(" | ")),
        losses,
        event,
        after,
        within: toml.within.clone().map(|within| within.map(|within| within.seconds)),
        expect,
    }
}

fn event(cx: &mut Cx<'_>, table: &Field<TomlEvent>, names: &Names<'_>, nodes: &[Node]) -> Event {
    let (at, toml) = (At::from(table), &table.value);
    let help =
        "say what is done: kind = \"drain\", \"reboot\", \"upgrade\", \"cold-start\" or \"rolling-update\"";
    let stated = cx.need(at, "kind", toml.kind.as_ref(), help);
    let known = stated.is_some();
    let kind = stated.unwrap_or_else(|| stand_in(at, "kind", EventKind::Drain));
    let rolls = kind.value == EventKind::RollingUpdate;
    let (unused, key) = if rolls {
        (toml.nodes.as_ref().and_then(|nodes| nodes.span), "nodes")
    } else {
        (toml.pods.as_ref().and_then(|pods| pods.span), "pods")
    };
    if known && unused.is_some() {
        let message = format!("a {} has no `{key}`", kind.value.word());
        let mut finding = Cx::finding(codes::CONTRADICTION, message, unused, "does nothing");
        if let Some(span) = kind.span {
            finding = finding.label(span, "this kind");
        }
        cx.report(finding.help("take the line out"));
    }
    if rolls {
        let help = "list what is updated: pods = [\"prometheus/prometheus\"]";
        cx.need(at, "pods", toml.pods.as_ref(), help);
    }
    let pods = toml.pods.as_ref().map_or_else(Vec::new, |pods| names.pod_list(cx, &pods.value));
    let order = match &toml.nodes {
        Some(list) => list.with(losses::expand(cx, names, nodes, &list.value.0)),
        None if rolls => Field::default_at(Vec::new(), join(at.path, "nodes")),
        None => {
            let all =
                if kind.value == EventKind::ColdStart { one_by_one(names) } else { "each node".to_owned() };
            let phrase = Field::default_at(all, join(at.path, "nodes"));
            phrase.with(losses::expand(cx, names, nodes, std::slice::from_ref(&phrase)))
        }
    };
    let lasts = map_or(at, "lasts", toml.lasts.as_ref(), |duration| duration.seconds, 120);
    Event { kind, nodes: order, pods, lasts }
}

/// All nodes one after the other, in the order of the policy.
fn one_by_one(names: &Names<'_>) -> String {
    names.nodes.join(" then ")
}
