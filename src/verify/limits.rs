//! How much of the input is remembered. A stream has no end that anybody knows: what is beyond these
//! numbers is looked at like the rest, and then counted instead of kept.

/// Most of each that a run remembers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Workloads that the policy does not name.
    pub workloads: usize,
    /// Workloads that are one planned carrier, or look like one service: more are copies.
    pub copies: usize,
    /// Findings of one code on one component, or on all that is of none.
    pub findings: usize,
    /// Priority classes, disruption budgets, and pairs of namespace and class: of each.
    pub objects: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { workloads: 20_000, copies: 1_000, findings: 1_000, objects: 5_000 }
    }
}
