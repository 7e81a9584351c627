//! What `lose` says, as choices of nodes in their order.

use super::super::{Loss, Node, NodeId, Role};
use super::{Cx, names::Names, nodes};
use crate::diag::codes::policy as codes;
use crate::shape::{Field, did_you_mean, quoted_list};

/// The phrases that are no names.
const PHRASES: &[&str] = &[
    "none",
    "all",
    "server",
    "all servers",
    "all agents",
    "each server",
    "each agent",
    "each node",
    "each pair of servers",
    "each pair of agents",
    "each pair of nodes",
];

/// All choices of a list of phrases, without duplicates, in the order of the phrases.
pub(super) fn expand(
    cx: &mut Cx<'_>,
    names: &Names<'_>,
    nodes: &[Node],
    list: &[Field<String>],
) -> Vec<Vec<Loss>> {
    let mut choices: Vec<Vec<Loss>> = Vec::new();
    let mut seen = std::collections::BTreeSet::new();
    for phrase in list {
        for choice in one(cx, names, nodes, phrase) {
            if seen.insert(choice.clone()) {
                choices.push(choice);
            }
        }
    }
    choices
}

fn one(cx: &mut Cx<'_>, names: &Names<'_>, nodes: &[Node], phrase: &Field<String>) -> Vec<Vec<Loss>> {
    let of = |wanted: Option<Role>| -> Vec<NodeId> {
        let all =
            nodes.iter().enumerate().filter(|(_, node)| wanted.is_none_or(|role| node.role.value == role));
        all.filter_map(|(i, _)| u16::try_from(i).ok().map(NodeId)).collect()
    };
    let each = |ids: Vec<NodeId>| ids.into_iter().map(|id| vec![vec![id]]).collect::<Vec<_>>();
    // That there is no node at all was reported, or that some stand under another name.
    if cx.unread("nodes") || (nodes.is_empty() && names.broken_nodes.is_empty()) {
        return Vec::new();
    }
    let text = phrase.value.split_whitespace().collect::<Vec<_>>().join(" ");
    let choices = match text.as_str() {
        "none" => return vec![vec![]],
        "all" => together(of(None)),
        "server" => match of(Some(Role::Server)).as_slice() {
            [only] => vec![vec![vec![*only]]],
            _ if !names.broken_nodes.is_empty() => return Vec::new(),
            servers => {
                let message = format!("`server` is the only one, but there are {}", servers.len());
                let help = "write \"each server\" or \"all servers\"";
                cx.report(Cx::finding(codes::BAD_LOSS, message, phrase.span, "which one?").help(help));
                return Vec::new();
            }
        },
        "all servers" => together(of(Some(Role::Server))),
        "all agents" => together(of(Some(Role::Agent))),
        "each server" => each(of(Some(Role::Server))),
        "each agent" => each(of(Some(Role::Agent))),
        "each node" => each(of(None)),
        "each pair of servers" => pairs(&of(Some(Role::Server))),
        "each pair of agents" => pairs(&of(Some(Role::Agent))),
        "each pair of nodes" => pairs(&of(None)),
        _ => return named(cx, names, nodes, phrase, &text).into_iter().collect(),
    };
    if choices.is_empty() && !nodes.is_empty() && names.broken_nodes.is_empty() {
        let message = format!("`{text}`: this cluster has no such nodes, so the claim claims nothing");
        cx.report(
            Cx::finding(codes::BAD_LOSS, message, phrase.span, "nothing to lose").help("take the claim out"),
        );
    }
    choices
}

fn together(ids: Vec<NodeId>) -> Vec<Vec<Loss>> {
    if ids.is_empty() { Vec::new() } else { vec![vec![ids]] }
}

fn pairs(ids: &[NodeId]) -> Vec<Vec<Loss>> {
    let pair = |(i, a): (usize, &NodeId)| ids[i + 1..].iter().map(|b| vec![vec![*a, *b]]).collect::<Vec<_>>();
    ids.iter().enumerate().flat_map(pair).collect()
}

/// `worker-1, worker-2 then master`.
fn named(
    cx: &mut Cx<'_>,
    names: &Names<'_>,
    nodes: &[Node],
    phrase: &Field<String>,
    text: &str,
) -> Option<Vec<Loss>> {
    let mut words = text.split([',', ' ']).filter(|word| !word.is_empty() && *word != "then");
    if !words.all(|word| nodes::find(nodes, word).is_some() || names.broken_nodes.contains(&word))
        && let Some(near) = did_you_mean(text, PHRASES.iter().copied())
    {
        let message = format!("`{text}` is no phrase for a loss");
        let help = format!("did you mean `{near}`?");
        cx.report(Cx::finding(codes::BAD_LOSS, message, phrase.span, "not known").help(help));
        return None;
    }
    let mut steps: Vec<Loss> = vec![Loss::new()];
    let (mut fine, mut unknown_in_step) = (true, false);
    for word in text.split([',', ' ']).filter(|word| !word.is_empty()) {
        if word == "then" {
            steps.push(Loss::new());
            continue;
        }
        let Some(id) = nodes::find(nodes, word) else {
            if !names.broken_nodes.contains(&word) {
                unknown(cx, names, phrase, word);
            }
            fine = false;
            unknown_in_step = true;
            continue;
        };
        if steps.iter().flatten().any(|other| *other == id) {
            let message = format!("`{word}` cannot be lost twice");
            cx.report(Cx::finding(codes::BAD_LOSS, message, phrase.span, "twice").help("name it once"));
            fine = false;
        }
        if let Some(step) = steps.last_mut() {
            step.push(id);
        }
    }
    if steps.iter().any(Vec::is_empty) && !unknown_in_step {
        let message = "a step in which nothing is lost";
        let help = "write names around each `then`, or \"none\"";
        cx.report(Cx::finding(codes::BAD_LOSS, message, phrase.span, "nothing").help(help));
        fine = false;
    }
    steps.iter_mut().for_each(|step| step.sort_unstable());
    fine.then_some(steps)
}

fn unknown(cx: &mut Cx<'_>, names: &Names<'_>, phrase: &Field<String>, name: &str) {
    let help = match did_you_mean(name, names.nodes.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!(
            "the nodes are {}; or write one of {}",
            quoted_list(names.nodes.iter().copied()),
            quoted_list(PHRASES.iter().copied())
        ),
    };
    let message = format!("there is no node `{name}` to lose");
    let mut finding = Cx::finding(codes::BAD_LOSS, message, phrase.span, "not a node").help(help);
    if let Some(span) = names.dropped_nodes.get(name) {
        finding = finding.label(*span, "taken out here");
    }
    cx.report(finding);
}
