//! An overlay as a YAML document: each block with the policy paths that made it, each line with its
//! reason.

use serde_json::Value;

use super::{Leaf, Overlay};
use crate::plan::Plan;
use crate::why::{Ledger, Rule, Why};
use crate::yaml::write::{Node, write as write_yaml};

/// A written overlay.
#[derive(Clone, Debug)]
pub struct Written {
    /// The text.
    pub text: String,
    /// What stands on which line.
    pub lines: Vec<Line>,
}

/// A line of a written overlay.
#[derive(Clone, Debug)]
pub struct Line {
    /// From 1.
    pub line: u32,
    /// The values path, list indices included.
    pub path: Vec<String>,
    /// Why it is there.
    pub why: Why,
    /// Which leaf of the overlay it belongs to.
    pub leaf: usize,
}

/// Writes an overlay with its heading and comments.
#[must_use]
pub fn write(plan: &Plan, overlay: &Overlay) -> Written {
    let mut root = Node::map::<String>([]);
    for leaf in &overlay.leaves {
        let node = node(leaf, &leaf.value, &mut Vec::new());
        root.set(leaf.path.keys(), node);
        comment(&mut root, &plan.ledger, leaf);
    }
    let service = &plan.services[overlay.service];
    let name = &plan.policy.services[service.index].name.value;
    let heading = format!(
        "# Written by lifeboat for chart {} {}: {name} of cluster {}.\n# Pass it as the last values file. Changes belong into the policy.\n\n",
        service.edition.chart, service.edition.version, plan.policy.cluster.name.value
    );
    let above = u32::try_from(heading.lines().count()).unwrap_or(u32::MAX);
    let written = write_yaml(&root);
    let lines = written
        .leaves
        .into_iter()
        .filter_map(|line| {
            let why = Why(line.tag?);
            let leaf = overlay.leaves.iter().position(|leaf| line.path.starts_with(leaf.path.keys()))?;
            Some(Line { line: line.line + above, path: line.path, why, leaf })
        })
        .collect();
    Written { text: heading + &written.text, lines }
}

/// A value with each leaf marked by the reason of the part that it belongs to.
fn node(leaf: &Leaf, value: &Value, at: &mut Vec<String>) -> Node {
    let mut child = |key: String, value: &Value| {
        at.push(key.clone());
        let node = node(leaf, value, at);
        at.pop();
        (key, node)
    };
    match value {
        Value::Object(map) if !map.is_empty() => {
            Node::map(map.iter().map(|(key, value)| child(key.clone(), value)).collect::<Vec<_>>())
        }
        Value::Array(list) if !list.is_empty() => Node::seq(
            list.iter().enumerate().map(|(i, value)| child(i.to_string(), value).1).collect::<Vec<_>>(),
        ),
        _ => Node::from(value.clone()).tagged(reason(leaf, at).0),
    }
}

fn reason(leaf: &Leaf, at: &[String]) -> Why {
    let part = leaf.parts.iter().filter(|(path, _)| at.starts_with(path)).max_by_key(|(path, _)| path.len());
    part.map_or(leaf.why, |(_, why)| *why)
}

/// Puts the policy paths of a leaf's reasons before its key, each path once with its rules. Paths of one
/// parent that are all there is (`requests.cpu`, `requests.memory`) are named by the parent.
fn comment(root: &mut Node, ledger: &Ledger, leaf: &Leaf) {
    let mut whys: Vec<Why> = leaf.parts.iter().map(|(_, why)| *why).collect();
    if whys.is_empty() {
        whys.push(leaf.why);
    }
    let mut paths: Vec<(String, Vec<&str>)> = Vec::new();
    for why in whys {
        let reason = ledger.get(why);
        let path = match reason.rule {
            Rule::Catalogue => format!("suggested by the catalogue: {}", reason.path),
            Rule::Request => reason.path.rsplit_once('.').map_or(reason.path.as_str(), |(p, _)| p).to_owned(),
            _ => reason.path.clone(),
        };
        let rule = if reason.rule == Rule::Catalogue { "request" } else { reason.rule.name() };
        match paths.iter_mut().find(|(known, _)| *known == path) {
            Some((_, rules)) if rules.contains(&rule) => {}
            Some((_, rules)) => rules.push(rule),
            None => paths.push((path, vec![rule])),
        }
    }
    let texts = paths.into_iter().map(|(path, rules)| match path.as_str() {
        "" => rules.join(", "),
        path => format!("{path} ({})", rules.join(", ")),
    });
    let Some((last, parents)) = leaf.path.keys().split_last() else { return };
    let mut at = root;
    for key in parents {
        at = &mut at.entry(key).value;
    }
    let pin = leaf.pin.as_ref().map(super::Pin::reason);
    at.entry(last).comments = texts.chain(pin).collect();
}
