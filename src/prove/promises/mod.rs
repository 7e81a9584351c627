//! What a policy's reader expects and Kubernetes does not do, whether or not a scenario claims it. Every finding is
//! worked out for this cluster; none is said for its own sake.

mod closure;
mod fence;
mod losses;
mod passengers;

use std::collections::BTreeMap;

use crate::diag::{Code, Diagnostic};
use crate::plan::{Carrier, Plan};
use crate::source::Span;

use super::Proof;
use super::model::{Model, Row};

/// What the findings are made from.
struct Case<'a> {
    model: &'a Model,
    proof: &'a Proof,
    plan: &'a Plan,
    /// The carrier behind each row, if the plan has it.
    carriers: Vec<Option<&'a Carrier>>,
}

/// Everything that there is to say, losses first.
#[must_use]
pub fn of(model: &Model, proof: &Proof, plan: &Plan) -> Vec<Diagnostic> {
    if proof.columns.is_empty() {
        return Vec::new();
    }
    let named: BTreeMap<(&str, &str), &Carrier> =
        plan.carriers.iter().rev().map(|c| ((c.namespace.as_str(), c.workload.as_str()), c)).collect();
    let carrier = |row: &Row| {
        let name = &model.facts.workloads[usize::from(row.id.0)].name;
        named.get(&name.split_once('/')?).copied()
    };
    let case = Case { model, proof, plan, carriers: model.rows.iter().map(carrier).collect() };
    let mut found = losses::check(&case);
    found.extend(fence::check(&case));
    found.extend(closure::check(&case));
    found.extend(passengers::check(&case));
    found
}

impl Case<'_> {
    /// The carrier behind a row, if the plan has it.
    fn carrier(&self, row: &Row) -> Option<&Carrier> {
        self.carriers[usize::from(row.id.0)]
    }

    /// The policy's line that brings a row in.
    fn span(&self, row: &Row) -> Option<Span> {
        self.carrier(row).and_then(|c| c.span)
    }

    /// Rows that claims are about and that are made by no DaemonSet.
    fn claimed(&self) -> impl Iterator<Item = &Row> {
        self.model.rows.iter().filter(|r| r.claimed && !r.daemon)
    }

    /// Whether a row's pods may board a lifeboat.
    fn boards(&self, row: &Row) -> bool {
        let class = self.model.world.class(row.id);
        class.allowed.iter().zip(&self.model.nodes).any(|(allowed, node)| *allowed && node.lifeboat)
    }

    /// Whether a row's tier is one that may board.
    fn lifeboat_tier(&self, row: &Row) -> bool {
        self.plan.policy.tiers.iter().any(|t| t.lifeboat.value && Some(&t.name.value) == row.tier.as_ref())
    }
}

/// A finding, at a line of the policy if there is one.
fn found(code: Code, message: String, at: Option<Span>, label: &str) -> Diagnostic {
    let finding = Diagnostic::new(code, message);
    match at {
        Some(span) => finding.at(span, label),
        None => finding,
    }
}

/// At most six names.
fn some(names: &[&str]) -> String {
    let shown = names.iter().take(6).copied().collect::<Vec<_>>().join(", ");
    if names.len() > 6 { format!("{shown} and {} more", names.len() - 6) } else { shown }
}
