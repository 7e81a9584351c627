//! One site of a fleet.

use std::collections::BTreeSet;
use std::path::Path;

use lifeboat::compile;
use lifeboat::diag::{Diagnostic, Severity, render};
use lifeboat::emit::delivery::Member;
use lifeboat::fleet::site::{Claimed, claims, standing};
use lifeboat::fleet::{Share, Site, Standing};
use lifeboat::policy::{self, Checked};
use lifeboat::prove::{self, Model, Options};
use lifeboat::source::SourceMap;
use lifeboat::source::extends::relative;
use lifeboat::source::tree::{Table, Value};
use lifeboat::values;

use super::super::context::{Context, Files, Format, name_of};
use super::super::outputs::{self, Compiled};
use super::super::{build, check};
use super::CLASH;

/// What is done with each site.
#[derive(Clone, Debug)]
pub(crate) enum Verb {
    /// Write the outputs.
    Build {
        /// Whether changes that need a migration are accepted.
        accept: bool,
    },
    /// Compare the outputs.
    Check,
    /// Prove the claims.
    Prove {
        /// Decisions for a claim that no bound decides.
        budget: u64,
    },
}

impl Verb {
    pub(super) fn has_folder(&self) -> bool {
        !matches!(self, Verb::Prove { .. })
    }

    /// Whether a site that stands like this fails the run. A build writes what the policy says, refuted or not.
    pub(super) fn fails(&self, standing: Standing) -> bool {
        match (self, standing) {
            (Verb::Build { .. }, Standing::Refuted) => false,
            _ => standing < Standing::Open,
        }
    }
}

/// What came of a site.
#[derive(Clone, Debug)]
pub(crate) struct Told {
    pub(super) site: Site,
    /// Findings as they are printed.
    pub(super) findings: Vec<Said>,
    /// The broken bases for which it was not compiled.
    pub(super) bases: BTreeSet<String>,
    /// One line.
    pub(super) said: String,
    /// Its part in the fleet's ApplicationSets.
    pub(super) member: Option<Member>,
}

/// A finding as it is printed.
#[derive(Clone, Debug)]
pub(crate) struct Said {
    /// The file that it is about, if that is a base: it is told once for all sites.
    pub(super) base: Option<String>,
    pub(super) severity: Severity,
    /// As people read it; empty where programs do.
    pub(super) text: String,
    /// Whether it is about a claim: then no other site's says the same.
    pub(super) verdict: bool,
    /// As programs read it; null where people do.
    pub(super) object: serde_json::Value,
}

/// What is the same for all sites.
#[derive(Clone, Copy)]
pub(super) struct Job<'a> {
    pub(super) context: &'a Context,
    pub(super) share: &'a Share,
    pub(super) verb: &'a Verb,
    pub(super) out: Option<&'a Path>,
}

impl Job<'_> {
    /// Does what is to be done with a site.
    pub(super) fn tell(self, path: &Path, clash: Option<&String>) -> Told {
        let mut sources = self.share.sources();
        let outcome = self.run(path, clash, &mut sources);
        told(self, path, outcome, &sources)
    }
}

fn told(job: Job<'_>, path: &Path, outcome: Outcome, sources: &SourceMap) -> Told {
    let Job { context, share, verb, .. } = job;
    let mut findings = context.judged(outcome.findings, sources);
    // What follows from a broken base is not the site's: it comes to light once the base is mended.
    let bases: BTreeSet<String> =
        findings.iter().filter_map(|finding| share.base_to_blame(finding, sources)).collect();
    if !bases.is_empty() {
        findings.retain(|finding| share.base_to_blame(finding, sources).is_some());
    }
    let errors = findings.iter().filter(|f| f.severity == Severity::Error);
    let mut codes: Vec<&'static str> = errors.map(|finding| finding.code.name()).collect();
    codes.sort_unstable();
    codes.dedup();
    // A refuted claim is a finding too; it says more in the words of the claim.
    codes.retain(|code| outcome.broken || !VERDICTS.contains(code));
    let by_claims = standing(&outcome.claims);
    let standing = match () {
        () if outcome.broken => Standing::Broken,
        // A build writes what the policy says, whatever comes of it; being refused is worse.
        () if outcome.drifted && matches!(verb, Verb::Build { .. }) => Standing::Drifted,
        () if by_claims == Standing::Refuted => Standing::Refuted,
        () if outcome.drifted => Standing::Drifted,
        () if !codes.is_empty() => Standing::Denied,
        () => by_claims,
    };
    let said = match standing {
        Standing::Broken if !bases.is_empty() => {
            let bases: Vec<_> = bases.iter().map(String::as_str).collect();
            format!("not compiled because its base is broken: {}", bases.join(", "))
        }
        Standing::Broken => format!("broken: {}", codes.join(", ")),
        _ => outcome.said,
    };
    let json = context.format == Format::Json;
    let one = |finding: &Diagnostic| Said {
        // A verdict is the site's, and so is an error where the base as such is sound: it is told under its name.
        base: share
            .base_of(finding, sources)
            .filter(|_| !bases.is_empty() || (finding.severity != Severity::Error && !is_verdict(finding))),
        severity: finding.severity,
        verdict: is_verdict(finding),
        text: if json { String::new() } else { context.rendered(finding, sources) },
        object: if json { render::json(finding, sources) } else { serde_json::Value::Null },
    };
    let findings: Vec<Said> = findings.iter().map(one).collect();
    Told {
        findings,
        bases,
        site: Site {
            policy: name_of(path),
            cluster: outcome.cluster,
            standing,
            claims: outcome.claims.into(),
            errors: codes,
        },
        said,
        member: outcome.member,
    }
}

/// Whether a finding is about a claim of the site.
fn is_verdict(finding: &Diagnostic) -> bool {
    VERDICTS.contains(&finding.code.name())
}

/// Codes that say what became of a claim.
const VERDICTS: [&str; 2] = ["claim-refuted", "claim-not-proved"];

#[derive(Default)]
struct Outcome {
    cluster: String,
    claims: Vec<Claimed>,
    findings: Vec<Diagnostic>,
    broken: bool,
    drifted: bool,
    said: String,
    member: Option<Member>,
}

impl Job<'_> {
    fn run(self, path: &Path, clash: Option<&String>, sources: &mut SourceMap) -> Outcome {
        let Job { share, verb, out, .. } = self;
        let broken = |findings| Outcome { findings, broken: true, ..Outcome::default() };
        let loader = share.loader(&Files);
        let Checked { policy, mut warnings } = match policy::read(&loader, sources, &name_of(path)) {
            Ok(checked) => checked,
            Err(rejected) => {
                return broken(outputs::all_findings(rejected, share.catalogue(), &loader, sources));
            }
        };
        if let Some(clash) = clash {
            let help = "give each its own: output = \"../golden/{cluster}\" in the base";
            return broken(vec![Diagnostic::new(CLASH, clash.clone()).help(help)]);
        }
        let cluster = policy.cluster.name.value.clone();
        let out = out.map(|out| out.join(&cluster));
        let folder = outputs::folder_of(&policy, path, out.as_deref());
        let catalogue = match outputs::with_charts(share.catalogue(), &policy, sources) {
            Ok(catalogue) => catalogue,
            Err(mut findings) => {
                findings.extend(values::read(&loader, sources, &policy).1);
                return broken(findings);
            }
        };
        let mut outcome = if let Verb::Prove { budget } = verb {
            match compile::plan(policy, &catalogue, &loader, sources) {
                Ok((plan, findings)) => {
                    warnings.extend(findings);
                    proved(&plan, *budget)
                }
                Err(findings) => broken(findings),
            }
        } else {
            match compile::compile_after(&outputs::before(&folder), policy, &catalogue, &loader, sources) {
                Ok(mut compilation) => {
                    warnings.append(&mut compilation.warnings);
                    let compiled = Compiled { compilation, sources: SourceMap::default(), folder };
                    written(verb, &check::repair(path, out.as_deref()), &compiled)
                }
                Err(findings) => broken(findings),
            }
        };
        outcome.cluster = cluster;
        outcome.findings.splice(0..0, warnings);
        outcome
    }
}

fn proved(plan: &lifeboat::plan::Plan, budget: u64) -> Outcome {
    let model = match Model::of_plan(plan) {
        Ok(model) => model,
        Err(error) => {
            let finding = compile::not_modelled(&error);
            return Outcome { findings: vec![finding], broken: true, ..Outcome::default() };
        }
    };
    let proof = prove::prove(&model, Options { budget, table: false, ..Options::default() });
    let findings = prove::findings::of(&proof, &[]);
    let claims = claims(&proof);
    Outcome { said: tally(&claims), claims, findings, ..Outcome::default() }
}

/// What a changed tree comes to: for the search for the line that sets a group apart.
pub(super) fn judge(share: &Share, name: &str, tree: &Table) -> Vec<String> {
    let plan = match share.plan(&Files, name, tree) {
        Ok(plan) => plan,
        Err(findings) => {
            let errors = findings.iter().filter(|f| f.severity == Severity::Error);
            let mut codes: Vec<&str> = errors.map(|f| f.code.name()).collect();
            codes.sort_unstable();
            codes.dedup();
            return lifeboat::fleet::site::signature(&[], &codes);
        }
    };
    let Ok(model) = Model::of_plan(&plan) else { return vec!["not modelled".to_owned()] };
    let proof = prove::prove(&model, Options { table: false, minimise: false, ..Options::default() });
    lifeboat::fleet::site::signature(&claims(&proof), &[])
}

fn written(verb: &Verb, repair: &str, compiled: &Compiled) -> Outcome {
    let mut outcome = Outcome::default();
    if let Some(proof) = &compiled.compilation.proof {
        outcome.claims = claims(proof);
    }
    outcome.findings.clone_from(&compiled.compilation.claims);
    outcome.member.clone_from(&compiled.compilation.member);
    let folder = name_of(&compiled.folder);
    match verb {
        Verb::Build { accept } => {
            let earlier = outputs::before(&compiled.folder);
            outcome.findings.extend(build::noted(compiled, &earlier));
            match build::write(compiled, *accept) {
                Ok(changes) => {
                    let on_hosts: String =
                        changes.on_hosts().iter().map(|line| format!("; host files: {line}")).collect();
                    let line = changes.line(&compiled.folder);
                    outcome.said = format!("{line}, {}{on_hosts}", tally(&outcome.claims));
                }
                Err((code, findings)) => {
                    outcome.broken = code == super::BROKEN;
                    outcome.drifted = !outcome.broken;
                    outcome.said = "refused, nothing was written".to_owned();
                    outcome.findings.extend(findings);
                }
            }
        }
        _ => match check::compare(&compiled.folder, &compiled.compilation.artifacts, repair) {
            Ok(findings) => {
                outcome.drifted = findings.iter().any(|f| f.severity == Severity::Error);
                let drift = match findings.len() {
                    0 => "as the policy says".to_owned(),
                    1 => "1 difference".to_owned(),
                    n => format!("{n} differences"),
                };
                outcome.said = format!("{folder}: {drift}, {}", tally(&outcome.claims));
                outcome.findings.extend(findings);
            }
            Err(finding) => {
                outcome.broken = true;
                outcome.findings.push(*finding);
            }
        },
    }
    outcome
}

fn tally(claims: &[Claimed]) -> String {
    let count = |word: &str| claims.iter().filter(|claim| claim.verdict == word).count();
    let (refuted, sampled) = (count("refuted"), count("sampled"));
    let mut text = format!("{} of {} claims proved", count("proved"), claims.len());
    if refuted > 0 {
        text.push_str(&format!(", {refuted} refuted"));
    }
    if sampled > 0 {
        text.push_str(&format!(", {sampled} not proved"));
    }
    text
}

/// The output folder of a site, as far as its tree tells.
pub(super) fn folder(share: &Share, path: &Path, out: Option<&Path>) -> Option<String> {
    let tree = share.tree(&Files, &name_of(path))?;
    let cluster = match &tree.get("cluster")?.node.value {
        Value::Table(cluster) => cluster,
        _ => return None,
    };
    let text = |key: &str| match cluster.get(key).map(|entry| &entry.node.value) {
        Some(Value::String(text)) => Some(text.as_str()),
        _ => None,
    };
    let name = text("name").unwrap_or_default();
    if let Some(out) = out {
        return Some(name_of(&out.join(name)));
    }
    let output = text("output").unwrap_or("golden").replace("{cluster}", name);
    Some(relative(&name_of(path), output.trim_end_matches('/')))
}
