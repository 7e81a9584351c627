//! The compilation: a checked policy in, files out. `build` and `check` share everything but the last
//! call.

use std::collections::BTreeMap;

use crate::advise::budget;
use crate::advise::rebalance::{self, Rebalance};
use crate::catalogue::Catalogue;
use crate::diag::{Diagnostic, Severity, codes};
use crate::emit::{self, Artifact, Emitted, Known, delivery::Member, record::Record};
use crate::lifecycle::NodeId;
use crate::overlay::{self, Lowered};
use crate::plan::{self, Inputs, Plan};
use crate::policy::{Phase, Policy, apply_allowances};
use crate::prove::play::Played;
use crate::prove::{self, Model, Options, Proof, Proven};
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
    /// The site's part in its fleet's ApplicationSets.
    pub member: Option<Member>,
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
    compile_after(&Record::default(), policy, catalogue, loader, sources)
}

/// Compiles a policy whose outputs are there already: `earlier` is the record of the build that wrote them.
///
/// # Errors
/// All findings, at least one of which is an error.
pub fn compile_after(
    earlier: &Record,
    policy: Policy,
    catalogue: &Catalogue,
    loader: &dyn Loader,
    sources: &mut SourceMap,
) -> Result<Compilation, Vec<Diagnostic>> {
    let Prepared { plan, lowered, warnings: mut findings } = prepare(policy, catalogue, loader, sources)?;
    let Proved { proof, claims, rebalance } = proved(&plan);
    let known = Known {
        earlier,
        verdicts: proof.as_ref().map(verdicts).unwrap_or_default(),
        rebalance: rebalance.as_ref(),
    };
    let Emitted { files: mut artifacts, builds } = match emit::artifacts(&plan, &lowered, &known) {
        Ok(emitted) => emitted,
        Err(errors) => {
            findings.extend(errors);
            return Err(findings);
        }
    };
    if let Some(proof) = &proof {
        artifacts.push(survival(&plan, proof));
        artifacts.sort_by(|a, b| a.path.cmp(&b.path));
    }
    let record = Record::of(&plan, &artifacts, builds);
    artifacts.push(Artifact::text(emit::record::FILE, record.text()));
    let member = emit::delivery::member(&plan, &lowered);
    Ok(Compilation { plan, lowered, artifacts, record, proof, claims, warnings: findings, member })
}

/// The files of a policy but for what is proved of it: no `SURVIVAL.md`, no verdicts, no record.
///
/// # Errors
/// All findings, at least one of which is an error.
pub fn unproved(
    policy: Policy,
    catalogue: &Catalogue,
    loader: &dyn Loader,
    sources: &mut SourceMap,
) -> Result<Vec<Artifact>, Vec<Diagnostic>> {
    let Prepared { plan, lowered, .. } = prepare(policy, catalogue, loader, sources)?;
    let known = Known { earlier: &Record::default(), verdicts: BTreeMap::new(), rebalance: None };
    emit::artifacts(&plan, &lowered, &known).map(|emitted| emitted.files)
}

/// A policy with its decisions and overlays, of which nothing is written or proved yet.
#[derive(Debug)]
pub struct Prepared {
    /// Every decision.
    pub plan: Plan,
    /// The overlays.
    pub lowered: Lowered,
    /// Warnings and notes.
    pub warnings: Vec<Diagnostic>,
}

/// Plans a policy and lowers it to overlays.
///
/// # Errors
/// All findings, at least one of which is an error.
pub fn prepare(
    policy: Policy,
    catalogue: &Catalogue,
    loader: &dyn Loader,
    sources: &mut SourceMap,
) -> Result<Prepared, Vec<Diagnostic>> {
    let (plan, mut findings) = decided(policy, catalogue, loader, sources);
    let mut lowered = overlay::lower(&plan);
    if broken(&findings) {
        // Whether an overlay is honoured says nothing if it was planned with mistakes.
        lowered.diagnostics.retain(|finding| finding.code != codes::build::OVERLAY_NOT_HONOURED);
    }
    findings.append(&mut lowered.diagnostics);
    if broken(&findings) {
        let nothing = Known { earlier: &Record::default(), verdicts: BTreeMap::new(), rebalance: None };
        findings.extend(emit::artifacts(&plan, &lowered, &nothing).err().unwrap_or_default());
    }
    let warnings = judged(&plan.policy, findings)?;
    Ok(Prepared { plan, lowered, warnings })
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
    let (plan, findings) = decided(policy, catalogue, loader, sources);
    let findings = judged(&plan.policy, findings)?;
    Ok((plan, findings))
}

/// What else is wrong with a policy that was rejected: what its charts and values files say to it.
#[must_use]
pub fn survey(
    policy: &Policy,
    catalogue: &Catalogue,
    loader: &dyn Loader,
    sources: &mut SourceMap,
) -> Vec<Diagnostic> {
    let (team, mut findings) = values::read(loader, sources, policy);
    findings.extend(plan::survey(policy, Inputs { sources, catalogue, team }));
    findings
}

/// Plans a policy. If a finding is an error, the plan is good only to look for more of them.
fn decided(
    policy: Policy,
    catalogue: &Catalogue,
    loader: &dyn Loader,
    sources: &mut SourceMap,
) -> (Plan, Vec<Diagnostic>) {
    let (team, mut findings) = values::read(loader, sources, &policy);
    let outcome = plan::make(policy, Inputs { sources, catalogue, team });
    findings.extend(outcome.diagnostics);
    let mut plan = outcome.plan;
    // What a plan with mistakes needs is not what the policy will need.
    if !broken(&findings) {
        match budget::quotas(&plan) {
            Ok(quotas) => plan.quotas = quotas,
            Err(errors) => findings.extend(errors),
        }
    }
    (plan, findings)
}

fn broken(findings: &[Diagnostic]) -> bool {
    findings.iter().any(|finding| finding.severity == Severity::Error)
}

/// The findings less those that the policy allows; an error among them ends the run.
fn judged(policy: &Policy, mut findings: Vec<Diagnostic>) -> Result<Vec<Diagnostic>, Vec<Diagnostic>> {
    let judged = [codes::build::ALL, codes::catalogue::ALL].concat();
    apply_allowances(policy, &mut findings, &judged);
    if broken(&findings) { Err(findings) } else { Ok(findings) }
}

/// What proving a plan gives.
struct Proved {
    proof: Option<Proof>,
    claims: Vec<Diagnostic>,
    rebalance: Option<Rebalance>,
}

fn proved(plan: &Plan) -> Proved {
    match Model::of_plan(plan) {
        Ok(model) => {
            let wanted = plan.policy.recovery.rebalance.value;
            let ordinary = rebalance::ordinary(&model);
            // The table plays the worst loss anyway, unless there are too many nodes for all sets.
            let mut home = None;
            let mut see = |set: &[NodeId], phase: Phase, played: &Played<'_>| {
                if wanted && phase == Phase::Return && set == ordinary && !set.is_empty() {
                    home = Some(rebalance::after(plan, &model, &played.run));
                }
            };
            let options = Options { budget: BUDGET, ..Options::default() };
            let proof = prove::prove_and_show(&model, options, &mut see);
            // What is for information only is told by `prove`.
            let mut claims = prove::promises::of(&model, &proof, plan);
            claims.retain(|finding| finding.severity != Severity::Note);
            apply_allowances(&plan.policy, &mut claims, codes::survival::ALL);
            claims.extend(prove::findings::of(&proof, &[]));
            let rebalance = match home {
                Some(found) => found,
                None if wanted => rebalance::rebalance(plan, &model),
                None => None,
            };
            Proved { proof: Some(proof), claims, rebalance }
        }
        Err(error) => Proved { proof: None, claims: vec![not_modelled(&error)], rebalance: None },
    }
}

/// The proof's verdict on each scenario, in words.
fn verdicts(proof: &Proof) -> BTreeMap<String, String> {
    let mut claims: BTreeMap<&str, Vec<&Proven>> = BTreeMap::new();
    for proven in &proof.claims {
        claims.entry(&proven.claim.scenario).or_default().push(proven);
    }
    let verdict = |(scenario, claims): (&str, Vec<&Proven>)| {
        let open: Vec<String> = claims
            .iter()
            .filter(|proven| !proven.verdict.is_proved())
            .map(|proven| {
                let word = if proven.verdict.is_refuted() { "REFUTED" } else { "not proved" };
                format!("{word}: {}", prove::render::claim_text(&proven.claim))
            })
            .collect();
        (scenario.to_owned(), if open.is_empty() { "proved".to_owned() } else { open.join("; ") })
    };
    claims.into_iter().map(verdict).collect()
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
