//! `-D CODE` and `-A CODE`: severities by the user's wish.

use super::{Code, Diagnostic, Severity};

/// Which findings are raised or silenced. Errors can be neither.
#[derive(Clone, Debug, Default)]
pub struct Levels {
    /// Warnings that fail the run.
    pub deny: Vec<Code>,
    /// Whether all warnings fail the run, those of [`Levels::allow`] aside.
    pub deny_warnings: bool,
    /// Warnings and notes that are not shown.
    pub allow: Vec<Code>,
}

impl Levels {
    /// Applies the wishes: allowed findings go, denied ones become errors.
    pub fn apply(&self, findings: &mut Vec<Diagnostic>) {
        findings.retain(|finding| finding.severity == Severity::Error || !self.allow.contains(&finding.code));
        for finding in findings.iter_mut() {
            let denied = self.deny.contains(&finding.code)
                || (self.deny_warnings && finding.severity == Severity::Warning);
            if denied && finding.severity != Severity::Error {
                finding.severity = Severity::Error;
                finding.notes.push(format!("`-D {}` makes this an error", finding.code.name()));
            }
        }
    }
}
