//! Rules about one workload, and rules about the whole: the same for what the plan says and what was
//! rendered. One rule, one file. A rule reports facts; who it is told to, and where it stands in a file,
//! is the business of [`crate::verify`].

mod affinity;
mod antiaffinity;
pub mod classes;
mod eviction;
mod fields;
pub mod nodes;
pub mod pdb;
mod placement;
mod pod_requests;
mod priority;
mod requests;
mod room;
mod scheduling;
pub mod selectors;
mod stateful_set;
mod storage;
pub mod strangers;
mod tolerations;
pub mod types;

pub use placement::{eligible_nodes, taint, tolerates};

use crate::cluster::Workload;
use crate::diag::{Code, Severity};
use crate::kube::PodSpec;
use crate::plan::{Carrier, Plan};
use crate::source::Span;
use crate::why::Why;

/// A workload under examination.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// The plan that it is held against.
    pub plan: &'a Plan,
    /// The planned carrier that it is, if it is one.
    pub carrier: Option<&'a Carrier>,
    /// The pod that the proof counts for that carrier.
    pub proved: Option<&'a PodSpec>,
    /// The workload as it is.
    pub workload: &'a Workload,
}

impl<'a> Subject<'a> {
    /// The pod spec, not yet admitted.
    #[must_use]
    pub fn pod(&self) -> &'a PodSpec {
        &self.workload.template.spec
    }

    /// The carrier and the pod that stands for it in the proof, if the proof counts it.
    #[must_use]
    pub fn counted(&self) -> Option<(&'a Carrier, &'a PodSpec)> {
        Some((self.carrier.filter(|carrier| carrier.lasting())?, self.proved?))
    }

    /// Whether the plan gives it a tier, and it runs for good.
    #[must_use]
    pub fn ranked(&self) -> Option<&'a Carrier> {
        self.carrier.filter(|carrier| carrier.tier.is_some() && carrier.lasting())
    }

    /// Whether its pods may board the lifeboat.
    #[must_use]
    pub fn boards(&self) -> bool {
        let Some(carrier) = self.ranked() else { return false };
        let lifeboat = carrier.tier.is_some_and(|tier| self.plan.policy.tier(tier.value).lifeboat.value);
        lifeboat && carrier.runs_as != "DaemonSet"
    }
}

/// What a rule found.
#[derive(Clone, Debug)]
pub struct Found {
    /// Code.
    pub code: Code,
    /// Severity; the code's own unless the rule knows better.
    pub severity: Severity,
    /// Path within the pod's spec.
    pub path: Vec<String>,
    /// Whether the path is within the controller's spec instead.
    pub of_controller: bool,
    /// One line, lower case, no full stop; speaks of the workload without naming it.
    pub message: String,
    /// The reason of the plan that is broken.
    pub why: Option<Why>,
    /// A place in the policy, where no reason of the plan has one.
    pub policy: Option<Span>,
    /// Further facts.
    pub notes: Vec<String>,
    /// What to do.
    pub help: Option<String>,
}

impl Found {
    pub(crate) fn new<S: AsRef<str>>(code: Code, path: &[S], message: impl Into<String>) -> Self {
        Self {
            code,
            severity: code.severity(),
            path: path.iter().map(|step| step.as_ref().to_owned()).collect(),
            of_controller: false,
            message: message.into(),
            why: None,
            policy: None,
            notes: Vec::new(),
            help: None,
        }
    }

    pub(crate) fn of_controller(mut self) -> Self {
        self.of_controller = true;
        self
    }

    pub(crate) fn why(mut self, why: Why) -> Self {
        self.why = Some(why);
        self
    }

    pub(crate) fn policy(mut self, span: Option<Span>) -> Self {
        self.policy = span;
        self
    }

    pub(crate) fn severity(mut self, severity: Severity) -> Self {
        self.severity = severity;
        self
    }

    pub(crate) fn note(mut self, text: impl Into<String>) -> Self {
        self.notes.push(text.into());
        self
    }

    pub(crate) fn help(mut self, text: impl Into<String>) -> Self {
        self.help = Some(text.into());
        self
    }
}

/// All rules about one workload, in the order in which people read a pod spec.
const RULES: &[fn(Subject<'_>, &mut Vec<Found>)] = &[
    priority::check,
    tolerations::check,
    affinity::check,
    antiaffinity::check,
    fields::check,
    requests::check,
    pod_requests::check,
    room::check,
    scheduling::check,
    eviction::check,
    storage::check,
    stateful_set::check,
];

/// Runs every rule over one workload.
#[must_use]
pub fn workload(subject: Subject<'_>) -> Vec<Found> {
    let mut found = Vec::new();
    for rule in RULES {
        rule(subject, &mut found);
    }
    found
}
