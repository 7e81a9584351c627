//! What Helm rendered, or what a live cluster holds, as the cluster under proof; and where it differs from
//! the plan.
//!
//! ```text
//! streams ─ intake ─▶ entries ─ assemble ─▶ Cluster ─▶ Model, Proof
//!             │                    │           └─ differences (against the plan's cluster)
//!             └────── findings ◀───┘
//! ```
//!
//! Input with Node objects is a dump: it alone is the truth about workloads. Input without is a render: the
//! services that it holds are taken from it, everything else from the plan. What is taken from where is said
//! in [`Observed::assumed`]; what could not be used is a finding with its place, or counted by kind.

mod affinity;
mod assemble;
mod controllers;
mod differences;
mod intake;
mod placement;
pub(crate) mod problems;
mod reach;
pub mod render;
pub mod usage;

use crate::cluster::Cluster;
use crate::diag::{Diagnostic, Severity};
use crate::manifest::{Counts, Origin};
use crate::plan::Plan;
use crate::verify::Input;
use crate::yaml::Budget;

pub use differences::{Difference, What};

/// More workloads than this are not proved: the relations among them are a square.
pub const MOST_WORKLOADS: usize = 2_000;
/// More pods than this are not proved.
pub const MOST_PODS: u64 = 20_000;

/// What was observed.
#[derive(Debug, Default)]
pub struct Observed {
    /// The cluster to prove.
    pub cluster: Cluster,
    /// Where it differs from the plan, nodes first, then workloads by name.
    pub differences: Vec<Difference>,
    /// What is wrong with the input, in its order.
    pub findings: Vec<Diagnostic>,
    /// What became of the documents.
    pub counts: Counts,
    /// Objects that are understood but take no room: by words, how many.
    pub left_out: Vec<(&'static str, usize)>,
    /// What was taken from where, one line each.
    pub assumed: Vec<String>,
    /// Requests that rest on guesses of the plan.
    pub guessed: u32,
    /// Whether the input is too broken to be proved.
    pub broken: bool,
}

/// Reads everything and makes one cluster of it.
#[must_use]
pub fn observe(plan: &Plan, inputs: impl IntoIterator<Item = Input>, budget: &Budget) -> Observed {
    let mut observed = Observed::default();
    let intake = intake::read(plan, inputs, budget, &mut observed);
    assemble::assemble(plan, intake, &mut observed);
    affinity::check(&mut observed);
    let errors = observed.findings.iter().any(|f| BROKEN.contains(&f.code) && f.severity == Severity::Error);
    observed.broken |= errors;
    observed
}

/// Errors after which a proof would be about something else than the input.
const BROKEN: &[crate::diag::Code] = &[
    crate::diag::codes::manifest::UNREADABLE_DOCUMENT,
    crate::diag::codes::manifest::UNREADABLE_INPUT,
    crate::diag::codes::manifest::NO_OBJECTS,
    crate::diag::codes::verify::WRONG_API_TYPE,
    crate::diag::codes::observed::INVALID_VALUE,
    crate::diag::codes::observed::TOO_LARGE,
    crate::diag::codes::observed::NO_NODES,
];

/// A finding about a place of the input.
fn found(code: crate::diag::Code, message: impl AsRef<str>, origin: Option<&Origin>) -> Diagnostic {
    let at = origin.map_or_else(String::new, |origin| {
        let path = if origin.path.is_empty() { String::new() } else { format!(", {}", origin.path) };
        let document = if origin.document > 0 {
            format!(" (document {}{path})", origin.document)
        } else {
            String::new()
        };
        format!(", at {origin}{document}")
    });
    Diagnostic::new(code, format!("{}{at}", message.as_ref()))
}
