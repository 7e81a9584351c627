//! From the plan to files: each a path, a text, whether it may run, and for each line its reason.
//! What a file needs to know stands in a plain context; templates and writers decide nothing.

pub mod argocd;
mod artifact;
pub mod cluster;
pub mod delivery;
pub mod fleet;
pub mod green;
pub mod history;
pub mod immutable;
pub mod k3s;
pub mod kubelet;
mod manifests;
pub mod record;
pub mod recovery;
pub mod releases;
pub mod runbook;
pub mod scripts;
pub mod template;

pub use artifact::{Artifact, Line};

use std::collections::BTreeMap;

use crate::advise::rebalance::Rebalance;
use crate::diag::{Diagnostic, codes::build as codes};
use crate::overlay::{self, Lowered};
use crate::plan::Plan;
use cluster::Builds;
use record::Record;
use template::RenderError;

/// What the files say that the plan alone does not.
#[derive(Clone, Debug)]
pub struct Known<'a> {
    /// What the build before left in the folder.
    pub earlier: &'a Record,
    /// The proof's verdict on each scenario, in words.
    pub verdicts: BTreeMap<String, String>,
    /// Rollouts that bring back green, in the proof's order; `None` if there is no proof.
    pub rebalance: Option<&'a Rebalance>,
}

/// The files of a build.
#[derive(Clone, Debug, Default)]
pub struct Emitted {
    /// Every file except the record of what was written, sorted by path.
    pub files: Vec<Artifact>,
    /// Build labels of each node, newest first, the first of this build.
    pub builds: Builds,
}

/// Every file of a build except the record.
///
/// # Errors
/// A value that has no safe form in the file where it belongs.
pub fn artifacts(plan: &Plan, lowered: &Lowered, inputs: &Known<'_>) -> Result<Emitted, Vec<Diagnostic>> {
    let mut builds = Builds::new();
    let mut files = Vec::new();
    let mut errors = Vec::new();
    for overlay in &lowered.overlays {
        let service = &plan.services[overlay.service];
        let name = &plan.policy.services[service.index].name.value;
        let written = overlay::write(plan, overlay);
        let mut file = Artifact::text(format!("{name}/values.yaml"), written.text);
        file.lines = written
            .lines
            .into_iter()
            .map(|line| Line { line: line.line, path: line.path, why: line.why })
            .collect();
        files.push(file);
    }
    errors.extend(delivery::outside(plan, lowered));
    errors.extend(delivery::clash(plan));
    match manifests::files(plan, inputs) {
        Ok((more, labels)) => {
            files.extend(more);
            builds = labels;
        }
        Err(error) => errors.push(unrenderable(&error)),
    }
    let applications = delivery::files(plan, lowered);
    match pages(plan, lowered, inputs, &applications) {
        Ok(more) => files.extend(more),
        Err(error) => errors.push(unrenderable(&error)),
    }
    files.extend(applications);
    files.sort_by(|a, b| a.path.cmp(&b.path));
    errors.extend(clashes(plan, &files));
    if errors.is_empty() { Ok(Emitted { files, builds }) } else { Err(errors) }
}

/// `cluster/` of a plan that nothing is proved of, as a first build writes it.
///
/// # Errors
/// A value that has no safe form in the file where it belongs.
pub fn cluster_folder(plan: &Plan) -> Result<Vec<Artifact>, RenderError> {
    let known = Known { earlier: &Record::default(), verdicts: BTreeMap::new(), rebalance: None };
    Ok(manifests::files(plan, &known)?.0)
}

/// Files with one path: of two only one would be written, and nobody would know which.
fn clashes(plan: &Plan, files: &[Artifact]) -> Vec<Diagnostic> {
    let twice = files.iter().zip(files.iter().skip(1)).filter(|(one, next)| one.path == next.path);
    let finding = |path: &str| {
        let message = format!("two files of the build are `{path}`");
        let finding = Diagnostic::new(codes::OUTPUT_CLASH, message).help("give the service another name");
        let stem = path.rsplit('/').next().and_then(|file| file.split('.').next()).unwrap_or_default();
        let named = |name: &str| path.starts_with(&format!("{name}/")) || stem == name;
        match plan.policy.services.iter().find(|service| named(&service.name.value)) {
            Some(service) => {
                let finding = finding.about(&service.name.value);
                match service.name.span {
                    Some(span) => finding.at(span, "this service's"),
                    None => finding,
                }
            }
            None => finding,
        }
    };
    twice.map(|(one, _)| finding(&one.path)).collect()
}

/// The pages for people.
fn pages(
    plan: &Plan,
    lowered: &Lowered,
    inputs: &Known<'_>,
    applications: &[Artifact],
) -> Result<Vec<Artifact>, RenderError> {
    let name = |overlay: &overlay::Overlay| {
        plan.policy.services[plan.services[overlay.service].index].name.value.as_str()
    };
    let overlays: Vec<&str> = lowered.overlays.iter().map(name).collect();
    let applications: Vec<&str> = applications.iter().map(|file| file.path.as_str()).collect();
    let context = runbook::context(plan, inputs, &overlays, &applications);
    Ok(vec![Artifact::text("RUNBOOK.md", runbook::runbook(&context)?)])
}

fn unrenderable(error: &RenderError) -> Diagnostic {
    Diagnostic::new(codes::UNRENDERABLE, format!("`{}` cannot be written: {}", error.template, error.message))
        .help("use a value without control characters; if it has none, this is a bug of lifeboat")
}
