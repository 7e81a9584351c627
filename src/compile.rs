//! The compilation: a checked policy in, files out. `build` and `check` share everything but the last
//! call.

use crate::catalogue::Catalogue;
use crate::diag::{Diagnostic, Severity, codes};
use crate::emit::{self, Artifact, record::Record};
use crate::overlay::{self, Lowered};
use crate::plan::{self, Inputs, Plan};
use crate::policy::{Policy, apply_allowances};
use crate::prove::{self, Model, Options, Proof};
use crate::scheduler::CompileError;
use crate::source::SourceMap;
use crate::source::extends::Loader;
use crate::values;

/// Decisions that a build spends on a claim which no bound decides; `lifeboat prove` spends more.
const BUDGET: u64 = 4_000;

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
    /// What is proved and refuted; `None` for a cluster that the prover cannot take.
    pub proof: Option<Proof>,
    /// Findings of the proof: claims that are refuted, or not proved.
    pub claims: Vec<Diagnostic>,
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
    let (plan, mut findings) = decided(policy, catalogue, loader, sources)?;
    let mut lowered = overlay::lower(&plan);
    findings.append(&mut lowered.diagnostics);
    let mut findings = judged(&plan.policy, findings)?;
    let mut artifacts = match emit::artifacts(&plan, &lowered) {
        Ok(artifacts) => artifacts,
        Err(errors) => {
            findings.extend(errors);
            return Err(findings);
        }
    };
    let (proof, claims) = proved(&plan);
    if let Some(proof) = &proof {
        artifacts.push(survival(&plan, proof));
        artifacts.sort_by(|a, b| a.path.cmp(&b.path));
    }
    let record = Record::of(&plan, &artifacts);
    artifacts.push(Artifact::text(emit::record::FILE, record.text()));
    Ok(Compilation { plan, lowered, artifacts, record, proof, claims, warnings: findings })
}

/// Plans a policy, for those who need no files.
///
/// # Errors
/// All findings, at least one of which is an error.
pub fn plan(
    policy: Policy,
    catalogue: &Catalogue,
    loader: &dyn Loader,
    sources: &mut SourceMap,
) -> Result<(Plan, Vec<Diagnostic>), Vec<Diagnostic>> {
    let (plan, findings) = decided(policy, catalogue, loader, sources)?;
    let findings = judged(&plan.policy, findings)?;
    Ok((plan, findings))
}

fn decided(
    policy: Policy,
    catalogue: &Catalogue,
    loader: &dyn Loader,
    sources: &mut SourceMap,
) -> Result<(Plan, Vec<Diagnostic>), Vec<Diagnostic>> {
    let (team, mut findings) = values::read(loader, sources, &policy);
    let outcome = plan::make(policy, Inputs { sources, catalogue, team });
    findings.extend(outcome.diagnostics);
    match outcome.plan {
        Some(plan) => Ok((plan, findings)),
        None => Err(findings),
    }
}

/// The findings less those that the policy allows; an error among them ends the run.
fn judged(policy: &Policy, mut findings: Vec<Diagnostic>) -> Result<Vec<Diagnostic>, Vec<Diagnostic>> {
    let judged = [codes::build::ALL, codes::catalogue::ALL].concat();
    apply_allowances(policy, &mut findings, &judged);
    let broken = findings.iter().any(|finding| finding.severity == Severity::Error);
    if broken { Err(findings) } else { Ok(findings) }
}

/// The proof of a plan's claims and its findings.
fn proved(plan: &Plan) -> (Option<Proof>, Vec<Diagnostic>) {
    match Model::of_plan(plan) {
        Ok(model) => {
            let proof = prove::prove(&model, Options { budget: BUDGET, ..Options::default() });
            let findings = prove::findings::of(&model, &proof, Some(plan));
            (Some(proof), findings)
        }
        Err(error) => (None, vec![not_modelled(&error)]),
    }
}

/// A cluster that the prover cannot take.
#[must_use]
pub fn not_modelled(error: &CompileError) -> Diagnostic {
    let message = format!("nothing is proved of this cluster: {error}");
    let finding = Diagnostic::new(codes::proof::NOT_MODELLED, message);
    finding.help("split the cluster, or prove it with `--rendered` in parts")
}

/// `SURVIVAL.md`: the table as it is reviewed.
fn survival(plan: &Plan, proof: &Proof) -> Artifact {
    let heading = format!(
        "# What survives: cluster {}\n\nWritten by lifeboat from the policy's scenarios and every set of lost nodes.\n\n",
        plan.policy.cluster.name.value
    );
    Artifact::text("SURVIVAL.md", heading + &prove::render::markdown(proof))
}
