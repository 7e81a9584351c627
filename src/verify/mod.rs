//! The rendered truth: what Helm really made, or what really runs, held against the plan, workload by
//! workload.
//!
//! ```text
//! stream ─ chunks ─▶ objects ─ examine (any thread) ─▶ records ─ take (in order) ─ finish ─▶ Report
//! ```
//!
//! Rules about one workload run while its document is at hand, and only what they found is kept, with a
//! few words about the workload. Rules about the whole (selectors, classes, budgets, what is missing) run
//! at the end. Both are kept within [`Limits`], so memory does not grow with the input; what is beyond them
//! is counted and told as that.

mod allow;
mod application;
mod crowd;
mod elsewhere;
mod engine;
mod examine;
mod finish;
mod inline;
mod limits;
pub(crate) mod matching;
mod operator;
mod record;
pub mod render;
mod told;
mod whole;

pub use engine::{Input, verify, verify_within};
pub use limits::Limits;

use std::collections::BTreeMap;

use crate::diag::{Diagnostic, Severity};
use crate::manifest::{Counts, Origin};

/// What is said about one workload.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Answer {
    /// It is in the policy, and no error was found on it.
    Holds,
    /// An error was found on it, and nobody allowed it.
    Violates,
    /// The policy does not name it, and no error was found on it.
    NotInPolicy,
    /// The API would refuse it, so that no rule can say what it would do.
    CouldNotRead,
}

impl Answer {
    /// Stable word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Holds => "holds",
            Self::Violates => "violates",
            Self::NotInPolicy => "not in the policy",
            Self::CouldNotRead => "could not read",
        }
    }
}

/// One workload and the answer.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// `Kind namespace/name`.
    pub title: String,
    /// `service/component` of the policy, if it is planned.
    pub component: Option<String>,
    /// Where it was read.
    pub origin: Origin,
    /// The answer.
    pub answer: Answer,
}

/// One finding.
#[derive(Clone, Debug)]
pub struct Finding {
    /// Code, wording, and the policy's place.
    pub diagnostic: Diagnostic,
    /// What it was found on: an object's title, or a component of the policy.
    pub target: String,
    /// The same in the policy's words, if it has any for it.
    pub component: Option<String>,
    /// Where in the input, if it is about something that is there.
    pub origin: Option<Origin>,
    /// The policy path that it breaks; empty if there is none.
    pub policy_path: String,
    /// Name and reason of the allowance that accepts it.
    pub allowed: Option<(String, String)>,
}

impl Finding {
    /// Whether it fails the run.
    #[must_use]
    pub fn fails(&self) -> bool {
        self.diagnostic.severity == Severity::Error && self.allowed.is_none()
    }
}

/// Everything that was found.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// The workloads of the input, in order.
    pub verdicts: Vec<Verdict>,
    /// Answers about workloads beyond [`Limits`], which are counted instead.
    pub unlisted: BTreeMap<Answer, usize>,
    /// All findings: those on objects in the order of the input, then those about the whole.
    pub findings: Vec<Finding>,
    /// What became of the documents.
    pub counts: Counts,
    /// Whether some input could not be read.
    pub broken: bool,
}

impl Report {
    /// How many workloads have an answer.
    #[must_use]
    pub fn count(&self, answer: Answer) -> usize {
        let listed = self.verdicts.iter().filter(|verdict| verdict.answer == answer).count();
        listed + self.unlisted.get(&answer).copied().unwrap_or_default()
    }

    /// How many workloads the input has.
    #[must_use]
    pub fn workloads(&self) -> usize {
        self.verdicts.len() + self.unlisted.values().sum::<usize>()
    }

    /// 0 fine, 1 findings, 2 broken input.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        if self.broken { 2 } else { u8::from(self.findings.iter().any(Finding::fails)) }
    }
}
