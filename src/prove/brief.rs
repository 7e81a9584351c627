//! Why no node takes a pod, in one line: per living node the reasons of the filter that rejects it first, in
//! Kubernetes' own words.

use crate::scheduler::{NodeId, NodeSet, Observer, Plugin, PreFilterReason, Reason, Rejected, World};

/// So many nodes with one reason are named.
const NAMED: usize = 3;

/// Listens to a decision.
pub(super) struct Brief<'a> {
    world: &'a World,
    /// Nodes that are not worth a word, because everybody knows that they are dead.
    dead: &'a dyn Fn(NodeId) -> bool,
    reasons: Vec<(String, Vec<&'a str>)>,
    before: Option<String>,
    never: Option<&'static str>,
}

impl<'a> Brief<'a> {
    pub(super) fn new(world: &'a World, dead: &'a dyn Fn(NodeId) -> bool) -> Self {
        Self { world, dead, reasons: Vec::new(), before: None, never: None }
    }

    /// The line.
    pub(super) fn line(self) -> String {
        let mut parts: Vec<String> = self.before.into_iter().collect();
        for (reason, nodes) in self.reasons {
            let more = nodes.len().saturating_sub(NAMED);
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            parts.push(format!("{}{more}: {reason}", nodes[..nodes.len().min(NAMED)].join(", ")));
        }
        if parts.is_empty() {
            parts.push("no other node lives".to_owned());
        }
        // Why evictions did not help either, where its tier forbids them.
        parts.extend(self.never.map(|never| never.trim_end_matches('.').to_owned()));
        parts.join("; ")
    }
}

impl Observer for Brief<'_> {
    fn pre_filter(&mut self, reason: &PreFilterReason) {
        self.before = Some(reason.text());
    }
    fn rejected(&mut self, _: Plugin, rejected: Rejected, reasons: &dyn Fn(NodeId) -> Vec<Reason>) {
        let nodes: NodeSet = rejected.nodes();
        for node in nodes.iter().filter(|n| !(self.dead)(*n)) {
            let texts: Vec<String> = reasons(node).iter().map(|r| r.text(self.world)).collect();
            let text = texts.join(", ").replace("node(s) ", "");
            let name = self.world.nodes[node.index()].name.as_str();
            match self.reasons.iter_mut().find(|(t, _)| *t == text) {
                Some((_, names)) => names.push(name),
                None => self.reasons.push((text, vec![name])),
            }
        }
    }
    fn not_eligible(&mut self, message: &'static str) {
        self.never = Some(message);
    }
}
