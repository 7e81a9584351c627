//! From the plan to files: each a path, a text, whether it may run, and for each line its reason.
//! What a file needs to know stands in a plain context; templates and writers decide nothing.

pub mod argocd;
mod artifact;
pub mod cluster;
pub mod delivery;
pub mod fleet;
pub mod history;
pub mod immutable;
pub mod k3s;
mod manifests;
pub mod record;
pub mod recovery;
pub mod runbook;
pub mod scripts;
pub mod template;

pub use artifact::{Artifact, Line};

use std::collections::BTreeMap;

use crate::advise::rebalance::Rebalance;
use crate::diag::{Diagnostic, codes::build as codes};
use crate::overlay::{self, Lowered};
use crate::plan::Plan;
use template::RenderError;

/// What the files say that the plan alone does not.
#[derive(Clone, Debug, Default)]
pub struct Known<'a> {
    /// Build labels of each node, newest first, the first of this build.
    pub builds: BTreeMap<String, Vec<String>>,
    /// The proof's verdict on each scenario, in words.
    pub verdicts: BTreeMap<String, String>,
    /// Rollouts that bring back green, in the proof's order; `None` if there is no proof.
    pub rebalance: Option<&'a Rebalance>,
}

/// Every file of a build except the record of what was written, sorted by path.
///
/// # Errors
/// A value that has no safe form in the file where it belongs.
pub fn artifacts(
    plan: &Plan,
    lowered: &Lowered,
    inputs: &Known<'_>,
) -> Result<Vec<Artifact>, Vec<Diagnostic>> {
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
    let groups =
        [manifests::files(plan, inputs), delivery::files(plan, lowered), pages(plan, lowered, inputs)];
    for group in groups {
        match group {
            Ok(more) => files.extend(more),
            Err(error) => errors.push(unrenderable(&error)),
        }
    }
    if !errors.is_empty() {
        return Err(errors);
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(files)
}

/// The pages for people.
fn pages(plan: &Plan, lowered: &Lowered, inputs: &Known<'_>) -> Result<Vec<Artifact>, RenderError> {
    let name = |overlay: &overlay::Overlay| {
        plan.policy.services[plan.services[overlay.service].index].name.value.as_str()
    };
    let overlays: Vec<&str> = lowered.overlays.iter().map(name).collect();
    let context = runbook::context(plan, inputs, &overlays);
    Ok(vec![Artifact::text("RUNBOOK.md", runbook::runbook(&context)?)])
}

fn unrenderable(error: &RenderError) -> Diagnostic {
    Diagnostic::new(codes::UNRENDERABLE, format!("`{}` cannot be written: {}", error.template, error.message))
        .help("use a value without control characters; if it has none, this is a bug of lifeboat")
}
