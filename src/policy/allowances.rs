//! Allowances: warnings and notes that the policy accepts, each for one target and with a reason.

use super::Policy;
use crate::diag::{Code, Diagnostic, Severity, codes};

/// Takes out the findings that the policy allows. An allowance of one of the `judged` codes that allows nothing becomes a
/// finding itself; those of other codes are for others to judge. Errors cannot be allowed.
pub fn apply_allowances(policy: &Policy, findings: &mut Vec<Diagnostic>, judged: &[Code]) {
    let mut unused = Vec::new();
    for allowance in &policy.allowances {
        let (code, target) = (allowance.code.value, &allowance.target.value);
        let before = findings.len();
        findings.retain(|finding| {
            finding.code != code
                || finding.severity == Severity::Error
                || !covers(target, finding.target.as_deref())
        });
        if findings.len() < before || !judged.contains(&code) {
            continue;
        }
        let message = format!(
            "allowance `{}` matches no finding `{}` on `{target}`",
            allowance.name.value,
            code.name()
        );
        let mut diagnostic = Diagnostic::new(codes::verify::ALLOWANCE_UNUSED, message);
        if let Some(span) = allowance.target.span.or(allowance.name.span) {
            diagnostic = diagnostic.at(span, "allows nothing");
        }
        unused.push(diagnostic.help("remove it, or correct its code or target"));
    }
    findings.append(&mut unused);
}

/// A target covers itself, and a service its components.
fn covers(target: &str, found: Option<&str>) -> bool {
    found.is_some_and(|found| {
        found == target || found.split_once('/').is_some_and(|(service, _)| service == target)
    })
}
