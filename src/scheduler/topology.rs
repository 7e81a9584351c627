//! Domains of nodes by the value of a label.

use super::{NodeId, NodeSet};

/// Index of a topology key in a world.
pub(super) type TopologyId = usize;

/// The nodes' values of one label key.
#[derive(Clone, Debug)]
pub(super) struct Topology {
    /// Label key.
    pub(super) key: String,
    /// Domain of each node; nodes without the label share the domain after the last.
    pub(super) domain: Vec<u8>,
    /// Nodes of each domain; the last entry holds the nodes without the label.
    pub(super) members: Vec<NodeSet>,
    /// Nodes with the label.
    pub(super) labelled: NodeSet,
    /// Whether the key is `kubernetes.io/hostname`, which spread counts per node.
    pub(super) hostname: bool,
    /// Whether every domain is a single node, so that a set of nodes is its own expansion.
    single: bool,
}

impl Topology {
    /// Builds the domains of `key` from each node's value.
    pub(super) fn new<'a>(key: &str, values: impl Iterator<Item = Option<&'a String>>) -> Topology {
        let mut names: Vec<&String> = Vec::new();
        let mut members: Vec<NodeSet> = Vec::new();
        let mut domain: Vec<Option<u8>> = Vec::new();
        for (index, value) in values.enumerate() {
            let node = NodeId(u8::try_from(index).unwrap_or(u8::MAX));
            let Some(value) = value else {
                domain.push(None);
                continue;
            };
            let at = names.iter().position(|n| *n == value).unwrap_or_else(|| {
                names.push(value);
                members.push(NodeSet::EMPTY);
                names.len() - 1
            });
            members[at].insert(node);
            domain.push(u8::try_from(at).ok());
        }
        let none = u8::try_from(members.len()).unwrap_or(u8::MAX);
        let labelled = members.iter().fold(NodeSet::EMPTY, |all, m| all | *m);
        let single = members.iter().all(|m| m.len() == 1);
        members.push(NodeSet::first_n(domain.len()) - labelled);
        Topology {
            key: key.to_owned(),
            domain: domain.into_iter().map(|d| d.unwrap_or(none)).collect(),
            members,
            labelled,
            hostname: key == crate::cluster::HOSTNAME_LABEL,
            single,
        }
    }

    /// All nodes that share a value with one of `nodes`.
    pub(super) fn expand(&self, nodes: NodeSet) -> NodeSet {
        let nodes = nodes & self.labelled;
        if self.single || nodes.is_empty() {
            return nodes;
        }
        nodes.iter().fold(NodeSet::EMPTY, |all, n| all | self.members[self.domain_of(n)])
    }

    /// Domain of a node, as an index.
    pub(super) fn domain_of(&self, node: NodeId) -> usize {
        usize::from(self.domain[node.index()])
    }
}
