//! The compilation: a checked policy in, files out. `build` and `check` share everything but the last
//! call.

use crate::catalogue::Catalogue;
use crate::diag::{Diagnostic, Severity, codes};
use crate::emit::{self, Artifact, record::Record};
use crate::overlay::{self, Lowered};
use crate::plan::{self, Inputs, Plan};
use crate::policy::{Policy, apply_allowances};
use crate::source::SourceMap;
use crate::source::extends::Loader;
use crate::values;

/// What a policy compiles to.
#[derive(Debug)]
pub struct Compilation {
    /// Every decision.
    pub plan: Plan,
    /// The overlays.
    pub lowered: Lowered,
    /// Every file of the output folder, the record last.
    pub artifacts: Vec<Artifact>,
    /// The record that is the last artifact.
    pub record: Record,
    /// Warnings and notes.
    pub warnings: Vec<Diagnostic>,
}

/// Compiles a policy.
///
/// # Errors
/// All findings, at least one of which is an error.
pub fn compile(
    policy: Policy,
    catalogue: &Catalogue,
    loader: &dyn Loader,
    sources: &mut SourceMap,
) -> Result<Compilation, Vec<Diagnostic>> {
    let (team, mut findings) = values::read(loader, sources, &policy);
    let outcome = plan::make(policy, Inputs { sources, catalogue, team });
    findings.extend(outcome.diagnostics);
    let Some(plan) = outcome.plan else { return Err(findings) };
    let mut lowered = overlay::lower(&plan);
    findings.append(&mut lowered.diagnostics);
    let judged = [codes::build::ALL, codes::catalogue::ALL].concat();
    apply_allowances(&plan.policy, &mut findings, &judged);
    if findings.iter().any(|finding| finding.severity == Severity::Error) {
        return Err(findings);
    }
    let mut artifacts = match emit::artifacts(&plan, &lowered) {
        Ok(artifacts) => artifacts,
        Err(errors) => {
            findings.extend(errors);
            return Err(findings);
        }
    };
    let record = Record::of(&plan, &artifacts);
    artifacts.push(Artifact::text(emit::record::FILE, record.text()));
    Ok(Compilation { plan, lowered, artifacts, record, warnings: findings })
}
