//! A policy compiled for another version of one chart.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::catalogue::{Catalogue, Component, Edition, Place, ValuePath};
use crate::diag::{Diagnostic, Severity};
use crate::overlay::{Lowered, lower};
use crate::plan::{Inputs, Plan, TeamValues, make};
use crate::policy;
use crate::source::SourceMap;
use crate::source::tree::{self, Node, Table};

/// The policy under which everything is critical.
const EVERYTHING: &str = include_str!("everything.toml");

/// A compiled policy, and the service whose chart is under test.
#[derive(Debug)]
pub struct Site {
    /// The plan.
    pub plan: Plan,
    /// Its overlays.
    pub lowered: Lowered,
    /// Index into the plan's services.
    pub service: usize,
}

impl Site {
    /// Name of the release under test.
    #[must_use]
    pub fn release(&self) -> &str {
        &self.plan.policy.services[self.plan.services[self.service].index].release.value
    }

    /// Namespace of the release under test.
    #[must_use]
    pub fn namespace(&self) -> &str {
        &self.plan.policy.services[self.plan.services[self.service].index].namespace.value
    }

    /// The overlay of the service under test, as a values tree.
    #[must_use]
    pub fn overlay(&self) -> Value {
        let mine = self.lowered.overlays.iter().find(|overlay| overlay.service == self.service);
        mine.map_or_else(|| Value::Object(Map::new()), crate::overlay::Overlay::values)
    }
}

impl Site {
    /// The leaves of the overlay that switch components and claims and set no field of a pod, as a values
    /// tree: what they do to the chart's other objects is theirs to do.
    #[must_use]
    pub fn switches(&self) -> Value {
        let edition = &self.plan.services[self.service].edition;
        let wirings =
            || edition.components.values().flat_map(Component::targets).filter_map(|(_, r)| r.wiring());
        let wired = |path: &ValuePath| {
            wirings().any(|wiring| {
                wiring.chain.iter().any(|wire| wire.path == *path)
                    || wiring.preset.as_ref().is_some_and(|preset| preset.path == *path)
            })
        };
        let mut values = Value::Object(Map::new());
        let mine = self.lowered.overlays.iter().find(|overlay| overlay.service == self.service);
        for leaf in mine.into_iter().flat_map(|overlay| &overlay.leaves).filter(|leaf| !wired(&leaf.path)) {
            leaf.path.set(&mut values, leaf.value.clone());
        }
        values
    }
}

/// The policy under which all that an edition makes is critical, as a text. Where data live is said as
/// the chart has it, so that storage is left alone.
#[must_use]
pub fn everything(edition: &Edition, values: &Value) -> String {
    let mut text = EVERYTHING.replace("CHART", &edition.chart);
    for (name, component) in &edition.components {
        let claims = component.storage.iter().any(|storage| edition.holds(&storage.when, values));
        let storage = match component.makes.0.as_str() {
            "StatefulSet" if claims => "local",
            "StatefulSet" => "ephemeral",
            _ => continue,
        };
        if component.place == Place::Chart && edition.holds(&component.when, values) {
            text +=
                &format!("\n[services.zzr.components.{name}]\nstorage = \"{storage}\"\ndata = \"test\"\n");
        }
    }
    text
}

/// Compiles a policy as if its service of that chart were of another version, with these team values.
///
/// # Errors
/// What the policy, the plan or the overlays are refused for, one line each.
pub fn compile(
    catalogue: &Catalogue,
    policy: &str,
    chart: &str,
    version: &semver::Version,
    repository: Option<&str>,
    team: &Value,
) -> Result<Site, Vec<String>> {
    let text = with_version(policy, chart, version, repository)?;
    let mut sources = SourceMap::default();
    let loader = BTreeMap::from([("policy.toml".to_owned(), text)]);
    let checked = policy::load(&loader, &mut sources, "policy.toml").map_err(|report| lines(&report))?;
    let values = checked.policy.services.iter().map(|service| {
        let mine = service.chart.value.as_str() == chart;
        TeamValues { merged: if mine { team.clone() } else { Value::Object(Map::new()) } }
    });
    let team = values.collect();
    let outcome = make(checked.policy, Inputs { sources: &mut sources, catalogue, team });
    let plan = outcome.usable().map_err(|findings| lines(&findings))?;
    let of_chart = |s: &crate::plan::ServicePlan| s.edition.chart == chart;
    let Some(service) = plan.services.iter().position(of_chart) else {
        return Err(vec![format!("the policy has no service of chart {chart}")]);
    };
    let lowered = lower(&plan);
    if lowered.diagnostics.iter().any(|d| d.severity == Severity::Error) {
        return Err(lines(&lowered.diagnostics));
    }
    Ok(Site { plan, lowered, service })
}

fn lines(report: &[Diagnostic]) -> Vec<String> {
    let errors = report.iter().filter(|d| d.severity == Severity::Error);
    errors.map(|d| format!("{}: {} {}", d.code.name(), d.message, d.notes.join("; "))).collect()
}

/// The policy's text with the service's version, and its repository, replaced where they are written.
fn with_version(
    policy: &str,
    chart: &str,
    version: &semver::Version,
    repository: Option<&str>,
) -> Result<String, Vec<String>> {
    let mut sources = SourceMap::default();
    let file = sources.add("policy.toml", policy.to_owned());
    let (root, _) = tree::parse(file, policy);
    let services = table(&root).and_then(|root| table(&root.get("services")?.node));
    let of_chart = |node: &&Node| {
        let stated = table(node).and_then(|service| service.get("chart"));
        stated.is_some_and(|entry| matches!(&entry.node.value, tree::Value::String(name) if name == chart))
    };
    let service = services.into_iter().flat_map(|s| s.values()).map(|entry| &entry.node).find(of_chart);
    let Some(service) = service.and_then(table) else {
        return Err(vec![format!("the policy has no service of chart {chart}")]);
    };
    let mut edits = Vec::new();
    if let Some(entry) = service.get("version") {
        edits.push((entry.node.span, version.to_string()));
    }
    if let (Some(entry), Some(name)) = (service.get("repository"), repository) {
        edits.push((entry.node.span, name.to_owned()));
    }
    edits.sort_by_key(|(span, _)| std::cmp::Reverse(span.start));
    let mut text = policy.to_owned();
    for (span, value) in edits {
        text.replace_range(span.start as usize..span.end as usize, &format!("\"{value}\""));
    }
    Ok(text)
}

fn table(node: &Node) -> Option<&Table> {
    if let tree::Value::Table(table) = &node.value { Some(table) } else { None }
}
