//! Which findings are told one by one. Of each kind the first are, the others are counted; what is
//! counted fails the run as if it had been told.

use std::collections::{BTreeMap, BTreeSet};

use super::{Finding, allow};
use crate::diag::{Code, Diagnostic, Severity};
use crate::policy::Policy;

/// Counts of findings.
pub(super) struct Told<'p> {
    policy: &'p Policy,
    limit: usize,
    /// By code, severity and component.
    seen: BTreeMap<(&'static str, Severity, Box<str>), usize>,
    /// Those that are not told and that nobody allowed.
    over: BTreeMap<(&'static str, Severity), usize>,
    /// Allowances that cover something that is not told.
    used: BTreeSet<usize>,
}

/// What becomes of a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// It is told.
    Told,
    /// It is counted; if it fails, so does what it was found on.
    Counted { fails: bool },
}

impl<'p> Told<'p> {
    pub(super) fn new(policy: &'p Policy, limit: usize) -> Self {
        Self { policy, limit, seen: BTreeMap::new(), over: BTreeMap::new(), used: BTreeSet::new() }
    }

    /// Counts a finding.
    pub(super) fn admit(&mut self, finding: &Finding) -> Fate {
        let (code, severity) = (finding.diagnostic.code.name(), finding.diagnostic.severity);
        let component = finding.component.as_deref().unwrap_or_default();
        let count = self.seen.entry((code, severity, component.into())).or_default();
        *count += 1;
        if *count <= self.limit {
            return Fate::Told;
        }
        let allowed = allow::covering(self.policy, finding);
        match allowed {
            Some(allowance) => _ = self.used.insert(allowance),
            None => *self.over.entry((code, severity)).or_default() += 1,
        }
        Fate::Counted { fails: severity == Severity::Error && allowed.is_none() }
    }

    /// Leaves the findings that are told; whether one that is not told fails.
    pub(super) fn retain(&mut self, findings: &mut Vec<Finding>) -> bool {
        let mut fails = false;
        findings.retain(|finding| match self.admit(finding) {
            Fate::Told => true,
            Fate::Counted { fails: this } => {
                fails |= this;
                false
            }
        });
        findings.shrink_to_fit();
        fails
    }

    /// Indices of allowances that cover something that is not told.
    pub(super) fn used(&self) -> &BTreeSet<usize> {
        &self.used
    }

    /// One finding for all of a kind that are not told.
    pub(super) fn rest(&self) -> Vec<Finding> {
        let rest = |(&(name, severity), n): (&(&'static str, Severity), &usize)| {
            let message = format!("{n} more findings of this kind are counted, not told");
            let mut diagnostic = Diagnostic::new(Code::find(name)?, message);
            diagnostic.severity = severity;
            Some(super::finish::whole("input", diagnostic))
        };
        self.over.iter().filter_map(rest).collect()
    }
}
