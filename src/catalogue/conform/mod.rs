//! Is the catalogue true? Compares an [`Edition`] with the facts that a probe recorded of the same
//! version: every carrier, field, path, order and default must agree in both directions.

mod carriers;
mod paths;
mod planned;
mod rendered;
mod site;

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::Value;

pub use planned::{Verdict, against_plan};
pub use rendered::{Object, Rendered, against_render};
pub use site::{Site, compile, everything};

use super::compose::Facts;
use super::{Chart, Edition, ValuePath, merge_files};

/// What was compared and what disagreed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Agreement {
    /// Chart versions.
    pub versions: usize,
    /// Carriers, over all versions.
    pub carriers: usize,
    /// Fields, containers' resources included.
    pub fields: usize,
    /// Values paths.
    pub paths: usize,
    /// Components, `chart/component`, that no profile of some version's facts switches on: of them it says nothing.
    pub unseen: BTreeSet<String>,
    /// What disagreed, one line each.
    pub mismatches: Vec<String>,
}

impl Agreement {
    /// Adds another comparison.
    pub fn add(&mut self, other: Self) {
        self.versions += other.versions;
        self.carriers += other.carriers;
        self.fields += other.fields;
        self.paths += other.paths;
        self.unseen.extend(other.unseen);
        self.mismatches.extend(other.mismatches);
    }
}

/// Release and namespace that stand in for those of the facts: short, and no part of a chart's name.
pub(crate) const RELEASE: (&str, &str) = ("zzr", "zzns");

/// Compares a chart with facts (JSON text) of one version, served by any of its repositories. What sub-charts bring
/// that the probed package lacked is left out.
///
/// # Errors
/// Facts that cannot be read.
pub fn against_facts(chart: &Chart, json: &str) -> Result<Agreement, String> {
    let facts = Facts::parse_for(json, RELEASE.0, RELEASE.1)?;
    let mut agreement = Agreement { versions: 1, ..Agreement::default() };
    let line = chart.lines.iter().find(|line| line.range.contains(&facts.version));
    match chart.at(&facts.version, line.map(|line| line.url.as_str())) {
        Ok(edition) => {
            let mut edition = edition.installed(RELEASE.0, RELEASE.1, &Value::Null);
            let inside = |path: &ValuePath| facts.knows_nothing_of(path);
            edition.components.retain(|_, component| !component.when.iter().any(|c| inside(&c.path)));
            edition.tree = Arc::default();
            Arc::make_mut(&mut edition.defaults).retain(|path, _| !inside(path));
            Arc::make_mut(&mut edition.dead).retain(|path, living| !inside(path) && !inside(living));
            let mut compare = Compare { edition: &edition, facts: &facts, agreement: &mut agreement };
            compare.carriers();
            compare.paths();
        }
        Err(diagnostic) => {
            let line = format!("{} {}: {}", facts.chart, facts.version, diagnostic.message);
            agreement.mismatches.push(line);
        }
    }
    Ok(agreement)
}

struct Compare<'a> {
    edition: &'a Edition,
    facts: &'a Facts,
    agreement: &'a mut Agreement,
}

impl Compare<'_> {
    fn differs(&mut self, text: impl AsRef<str>) {
        let line = format!("{} {}: {}", self.facts.chart, self.facts.version, text.as_ref());
        self.agreement.mismatches.push(line);
    }
}

/// The values with which a profile was rendered.
#[must_use]
pub fn profile_values(facts: &Facts, profile: &str) -> Value {
    let layers = [&facts.required_values, &facts.probe_only_values];
    let layers = layers.into_iter().chain(facts.profiles.get(profile));
    layers
        .filter(|layer| layer.is_object())
        .fold(Value::Object(serde_json::Map::new()), |low, high| merge_files(&low, high))
}

/// Holds two policies against facts (JSON text): `policy` with its own choice of components, and one under
/// which everything is critical, once for each profile of the facts.
///
/// # Errors
/// Facts that cannot be read.
pub fn policies_against_facts(
    catalogue: &super::Catalogue,
    policy: &str,
    json: &str,
) -> Result<Verdict, String> {
    let facts = Facts::parse_for(json, RELEASE.0, RELEASE.1)?;
    let mut sources = crate::source::SourceMap::default();
    let chart = catalogue.chart(&mut sources, &facts.chart).map_err(|d| d.message.clone())?;
    let line = chart.lines.iter().find(|line| line.range.contains(&facts.version));
    let repository = line.map(|line| line.name.as_str());
    let first = facts.profiles.keys().next().cloned().unwrap_or_default();
    let edition = chart.at(&facts.version, repository).map_err(|d| d.message.clone())?;
    let mut runs = vec![(policy.to_owned(), "shipped policy".to_owned(), profile_values(&facts, &first))];
    for profile in facts.profiles.keys() {
        let team = profile_values(&facts, profile);
        runs.push((everything(&edition, &team), format!("everything, profile {profile}"), team));
    }
    let mut verdict = Verdict::default();
    for (text, what, team) in runs {
        match compile(catalogue, &text, &facts.chart, &facts.version, repository, &team) {
            Ok(site) => verdict.add(against_plan(&site, &facts, &what)),
            Err(lines) => {
                let at = format!("{} {} ({what})", facts.chart, facts.version);
                verdict.mismatches.extend(lines.iter().map(|line| format!("{at}: {line}")));
            }
        }
    }
    Ok(verdict)
}
