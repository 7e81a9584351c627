//! Allowances: findings that the policy accepts, with a reason. One that accepts nothing is a finding.

use std::collections::BTreeSet;

use super::Finding;
use crate::diag::{Diagnostic, codes};
use crate::policy::Policy;

/// Index of an allowance that covers a finding.
pub(super) fn covering(policy: &Policy, finding: &Finding) -> Option<usize> {
    policy.allowances.iter().position(|allowance| {
        allowance.code.value == finding.diagnostic.code && covers(&allowance.target.value, finding)
    })
}

/// Marks what is allowed, and reports allowances of this area that match nothing; those in `used` cover something
/// that is not told.
pub(super) fn apply(policy: &Policy, findings: &mut Vec<Finding>, used: &BTreeSet<usize>) {
    let mut unused = Vec::new();
    for (index, allowance) in policy.allowances.iter().enumerate() {
        let code = allowance.code.value;
        let mut used = used.contains(&index);
        for finding in findings.iter_mut().filter(|f| f.diagnostic.code == code) {
            if covers(&allowance.target.value, finding) {
                used = true;
                let reason = allowance.reason.value.0.clone();
                finding.allowed.get_or_insert_with(|| (allowance.name.value.clone(), reason));
            }
        }
        // Allowances for findings of build and proof are theirs to judge.
        let ours = codes::verify::ALL.contains(&code) || codes::manifest::ALL.contains(&code);
        if !used && ours {
            let message = format!(
                "allowance `{}` matches no finding `{}` on `{}`",
                allowance.name.value,
                code.name(),
                allowance.target.value
            );
            let mut diagnostic = Diagnostic::new(codes::verify::ALLOWANCE_UNUSED, message);
            if let Some(span) = allowance.target.span.or(allowance.name.span) {
                diagnostic = diagnostic.at(span, "allows nothing");
            }
            unused.push(Finding {
                diagnostic: diagnostic.help("remove it, or correct its code or target"),
                target: format!("allow.{}", allowance.name.value),
                component: None,
                origin: None,
                policy_path: allowance.target.path.clone(),
                allowed: None,
            });
        }
    }
    findings.append(&mut unused);
}

/// A target is the policy's name (`service`, `service/component`, a workload, a node), an object
/// (`Kind/namespace/name`), `namespace/name`, or a bare name.
fn covers(target: &str, finding: &Finding) -> bool {
    let object = finding.target.as_str();
    let (kind, key) = object.split_once(' ').unwrap_or(("", object));
    let name = key.rsplit_once('/').map_or(key, |(_, name)| name);
    let component = finding.component.as_deref().unwrap_or_default();
    let service = component.split_once('/').map_or(component, |(service, _)| service);
    target == format!("{kind}/{key}")
        || [key, name].contains(&target)
        || (!component.is_empty() && [component, service].contains(&target))
}
