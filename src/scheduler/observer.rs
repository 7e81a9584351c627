//! Who wants to know how a decision came about.

use super::decide::Cycle;
use super::{Candidate, NodeId, NodeSet, Plugin, PreFilterReason, Reason, Rejected};

/// Why preemption on a node would not help.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoHelp {
    /// No pod of lower priority runs there.
    NoVictims,
    /// A plugin rejects the node even without all pods of lower priority.
    Rejected(Plugin, Rejected, Vec<Reason>),
}

/// Is told of every step of a decision. All methods default to nothing; `()` observes nothing and
/// costs nothing.
pub trait Observer {
    /// Whether reasons are wanted; without, [`Observer::rejected`] is not called.
    const TRACE: bool = true;

    /// The pod was rejected before any node was looked at.
    fn pre_filter(&mut self, _reason: &PreFilterReason) {}
    /// PreFilter is through; `cycle` answers for plugins alone and tells which are skipped.
    fn cycle(&mut self, _cycle: &Cycle<'_>) {}
    /// `plugin` is the first to reject the nodes in `rejected`; `reasons` tells why, per node.
    fn rejected(&mut self, _plugin: Plugin, _rejected: Rejected, _reasons: &dyn Fn(NodeId) -> Vec<Reason>) {}
    /// Nodes that PreFilter left out, because the pod names its possible nodes by field.
    fn not_named(&mut self, _nodes: NodeSet) {}
    /// Nodes that passed every filter.
    fn feasible(&mut self, _nodes: NodeSet) {}
    /// The scores of one plugin, indexed by node and valid for the feasible ones. Without a call the
    /// plugin was skipped.
    fn score(&mut self, _plugin: Plugin, _raw: &[i64], _normalised: &[i64]) {}
    /// The weighted sums, indexed by node, and the nodes with the highest.
    fn total(&mut self, _total: &[i64], _best: NodeSet) {}
    /// The pod may not preempt.
    fn not_eligible(&mut self, _message: &'static str) {}
    /// Nodes on which preemption is tried.
    fn potential(&mut self, _nodes: NodeSet) {}
    /// Preemption on a node would help.
    fn candidate(&mut self, _candidate: &Candidate) {}
    /// Preemption on a node would not help.
    fn no_help(&mut self, _node: NodeId, _why: &NoHelp) {}
}

impl Observer for () {
    const TRACE: bool = false;
}
