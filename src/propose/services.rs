//! Helm releases of charts that the catalogue knows, as services; and what K3s packages, which nobody writes down.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use semver::Version;
use serde_json::{Map, Value, json};

use super::draft::{Draft, Section, key, quoted, table};
use super::nodes::Cluster;
use super::seen::{ObjectId, Seen, amount, containers, label, namespace, text};
use super::tiers::Tiers;
use super::{Unique, workloads};
use crate::catalogue::{Catalogue, Component, Edition, Field, Place, Reach, Release as Installed, Target};
use crate::diag::{Diagnostic, codes::catalogue as codes};
use crate::source::SourceMap;

/// The catalogue's name for what K3s packages.
const PACKAGED: &str = "k3s";

/// What of the dump K3s brings by itself, and what of it is switched off.
#[derive(Default)]
pub(super) struct Packaged {
    pub(super) objects: BTreeSet<ObjectId>,
    pub(super) disabled: Vec<String>,
}

/// Finds the packaged pods of this version. A dump without any of them was made without their namespace, and says
/// nothing about what is switched off.
pub(super) fn packaged(catalogue: &Catalogue, seen: &Seen, cluster: &Cluster) -> Packaged {
    let mut found = Packaged::default();
    if !cluster.k3s {
        return found;
    }
    let mut sources = SourceMap::default();
    let Ok(chart) = catalogue.chart(&mut sources, PACKAGED) else { return found };
    let version = Version::new(1, u64::from(cluster.minor), 0);
    let values = Value::Object(Map::new());
    let release = Installed { name: PACKAGED, namespace: "kube-system", values: &values };
    let Ok(edition) = catalogue.installed(&chart, (&version, None), release) else { return found };
    let mut switches: BTreeMap<String, bool> = BTreeMap::new();
    for component in edition.components.values().filter(|component| lasting(component)) {
        let is = |object: &Value| {
            let (kind, name) = (text(object, "/kind"), text(object, "/metadata/name"));
            // A name may end in the hash of what it serves.
            let hashed = name.strip_prefix(&component.name).is_some_and(|rest| rest.starts_with('-'));
            kind == component.makes.0 && (name == component.makes.1 || hashed)
        };
        let system = seen.all().filter(|(_, object)| namespace(object) == "kube-system");
        let own: Vec<ObjectId> = system.filter(|(_, object)| is(object)).map(|(id, _)| id).collect();
        for condition in &component.when {
            if let [_, switch] = condition.path.keys() {
                *switches.entry(switch.clone()).or_default() |=
                    !own.is_empty() || !seen.has(&component.makes.0);
            }
        }
        found.objects.extend(own);
    }
    if !found.objects.is_empty() {
        found.disabled = switches.into_iter().filter(|(_, there)| !there).map(|(name, _)| name).collect();
    }
    found
}

/// Whether its pods stay: neither a hook nor a job.
fn lasting(component: &Component) -> bool {
    component.hook.is_none() && matches!(&*component.makes.0, "Deployment" | "StatefulSet" | "DaemonSet")
}

/// A release of a chart that the catalogue knows.
pub(super) struct Release {
    name: String,
    namespace: String,
    version: Version,
    /// Its repository, where two serve this version.
    repository: Option<String>,
    edition: Arc<Edition>,
    /// Its components that are there, each with its objects: what the chart renders, what an operator makes of it.
    there: BTreeMap<String, Vec<ObjectId>>,
}

impl Release {
    pub(super) fn objects(&self) -> impl Iterator<Item = ObjectId> {
        self.there.values().flatten().copied()
    }
}

/// All releases whose chart and version the catalogue knows.
pub(super) fn releases(catalogue: &Catalogue, seen: &Seen) -> Vec<Release> {
    let names = catalogue.names();
    let mut named: BTreeMap<(&str, &str, &str), Version> = BTreeMap::new();
    for (_, object) in seen.all() {
        let charts = ["helm.sh/chart", "chart"].into_iter().filter_map(|name| label(object, name));
        for (chart, version) in charts.filter_map(|text| chart_of(text, &names)) {
            named.entry((namespace(object), release_of(object).unwrap_or(chart), chart)).or_insert(version);
        }
    }
    let release = |((namespace, name, chart), version): ((&str, &str, &str), Version)| {
        release(catalogue, seen, (namespace, name), (chart, version))
    };
    named.into_iter().filter_map(release).collect()
}

/// `argo-cd-10.1.1` as chart and version; Helm writes a `+` of the version as `_`.
fn chart_of<'n>(text: &str, names: &[&'n str]) -> Option<(&'n str, Version)> {
    let known = names.iter().filter_map(|name| Some((*name, text.strip_prefix(name)?.strip_prefix('-')?)));
    let versions = known.filter_map(|(name, version)| {
        let version = version.trim_start_matches('v').replace('_', "+");
        Some((name, Version::parse(&version).ok()?))
    });
    versions.max_by_key(|(name, _)| name.len())
}

/// The release that an object says it is of.
fn release_of(object: &Value) -> Option<&str> {
    let annotations = object.pointer("/metadata/annotations");
    let helm = annotations.and_then(|a| a.get("meta.helm.sh/release-name")?.as_str());
    helm.or_else(|| label(object, "app.kubernetes.io/instance")).or_else(|| label(object, "release"))
}

fn release(
    catalogue: &Catalogue,
    seen: &Seen,
    (namespace, name): (&str, &str),
    (chart, version): (&str, Version),
) -> Option<Release> {
    let mut sources = SourceMap::default();
    let chart = catalogue.chart(&mut sources, chart).ok()?;
    let values = Value::Object(Map::new());
    let installed = Installed { name, namespace, values: &values };
    let of = |repository: Option<&str>| -> Result<_, Box<Diagnostic>> {
        let edition = catalogue.installed(&chart, (&version, repository), installed)?;
        let there = there(seen, &edition, namespace, name);
        Ok((repository.map(str::to_owned), edition, there))
    };
    let (repository, edition, there) = match of(None) {
        Ok(found) => found,
        // Two charts of one name and version: the one of which more is there.
        Err(finding) if finding.code == codes::AMBIGUOUS_CHART_REPOSITORY => {
            let lines = chart.lines.iter().filter(|line| line.range.contains(&version));
            lines.filter_map(|line| of(Some(&line.name)).ok()).max_by_key(|(_, _, there)| there.len())?
        }
        Err(_) => return None,
    };
    if there.is_empty() {
        return None;
    }
    Some(Release {
        name: name.to_owned(),
        namespace: namespace.to_owned(),
        version,
        repository,
        edition,
        there,
    })
}

/// The components of which the dump has an object: by kind and name, or by the labels that it selects its pods by.
fn there(seen: &Seen, edition: &Edition, own: &str, release: &str) -> BTreeMap<String, Vec<ObjectId>> {
    let mut found: BTreeMap<String, Vec<ObjectId>> = BTreeMap::new();
    let mut taken = BTreeSet::new();
    let components = || edition.components.iter().filter(|(_, c)| lasting(c) && c.place == Place::Chart);
    let here = || seen.all().filter(|(_, object)| namespace(object) == own);
    for (name, component) in components() {
        for (id, object) in here() {
            let is = (text(object, "/kind"), text(object, "/metadata/name"));
            let makes = (component.makes.0.as_str(), component.makes.1.as_str());
            if (is == (component.kind.as_str(), component.name.as_str()) || is == makes) && taken.insert(id) {
                found.entry(name.clone()).or_default().push(id);
            }
        }
    }
    for (name, component) in components().filter(|(_, c)| !c.selector.is_empty()) {
        if found.contains_key(name) {
            continue;
        }
        let fits = |object: &Value| {
            let labels = object.pointer("/spec/template/metadata/labels");
            let has = |(key, value): (&String, &String)| {
                labels.and_then(|labels| labels.get(key)?.as_str()) == Some(value)
            };
            text(object, "/kind") == component.makes.0
                && release_of(object) == Some(release)
                && component.selector.iter().all(has)
        };
        let free = here().find(|(id, object)| !taken.contains(id) && fits(object));
        if let Some((id, _)) = free {
            taken.insert(id);
            found.entry(name.clone()).or_default().push(id);
        }
    }
    found
}

/// Releases that the catalogue cannot take, told in a comment: their workloads stand below it.
pub(super) fn strangers<'v>(workloads: impl Iterator<Item = &'v Value>) -> Option<Section> {
    let of = |workload: &Value| {
        let chart = label(workload, "helm.sh/chart")?;
        let release = release_of(workload).unwrap_or("?");
        Some(format!("  {release}: {chart} in {}", namespace(workload)))
    };
    let found: BTreeSet<String> = workloads.filter_map(of).collect();
    let mut section = Section::default();
    section.note("Helm releases whose charts lifeboat does not know in this version, as workloads; `lifeboat charts probe` learns a chart:");
    found.iter().for_each(|line| section.note(line));
    if found.is_empty() { None } else { Some(section) }
}

/// Writes a release as a service; if that does not compile, its workloads stand there instead.
pub(super) fn write(draft: &mut Draft, seen: &Seen, tiers: &Tiers, release: &Release, names: &mut Unique) {
    let Release { edition, .. } = release;
    let name = names.claim(&[&release.name, &format!("{}-{}", release.namespace, release.name)]);
    let mut section = Section::new(format!("services.{}", key(&name)));
    section.note("? Name your own values files, so that the overlay comes on top of them: values = [\"values/….yaml\"]");
    section.line(format!("chart = {}", quoted(&edition.chart)));
    section.line(format!("version = {}", quoted(&release.version.to_string())));
    if let Some(repository) = &release.repository {
        section.line(format!("repository = {}   # ? two serve this version", quoted(repository)));
    }
    if name != release.name {
        section.line(format!("release = {}", quoted(&release.name)));
    }
    section.line(format!("namespace = {}", quoted(&release.namespace)));
    let objects = || release.objects().map(|id| seen.get(id));
    let tier = tiers.most(objects());
    match tier {
        Some(tier) => section.line(format!("tier = {}", quoted(tier))),
        None => section
            .line(format!("tier = {}   # ? a guess: no pod of it names a class", quoted(tiers.guess()))),
    }
    let tier = tier.unwrap_or_else(|| tiers.guess());
    let values = json!({});
    for (component, known) in edition.components.iter().filter(|(_, c)| lasting(c) && c.place == Place::Chart)
    {
        let wanted = edition.holds(&known.when, &values);
        let entries = match release.there.get(component) {
            Some(ids) => {
                let objects: Vec<&Value> = ids.iter().map(|id| seen.get(*id)).collect();
                entries(edition, known, &objects, (tiers, tier), wanted)
            }
            // What the dump was not asked for, it cannot lack.
            None if wanted && seen.has(&known.makes.0) => vec![("enabled".to_owned(), "false".to_owned())],
            None => continue,
        };
        if !entries.is_empty() {
            section.optional(format!("components.{} = {}", key(component), table(&entries)));
        }
    }
    let lasting =
        |object: &&Value| matches!(text(object, "/kind"), "Deployment" | "StatefulSet" | "DaemonSet");
    section.instead =
        objects().filter(lasting).map(|object| workloads::section(object, tiers, names)).collect();
    draft.sections.push(section);
}

/// What the dump says of a component beyond its chart's defaults.
fn entries(
    edition: &Edition,
    component: &Component,
    objects: &[&Value],
    (tiers, tier): (&Tiers, &str),
    wanted: bool,
) -> Vec<(String, String)> {
    let mut entries = Vec::new();
    let mut add = |key: &str, value: String| entries.push((key.to_owned(), value));
    if !wanted {
        add("enabled", "true".to_owned());
    }
    if let Some(own) = tiers.most(objects.iter().copied()).filter(|own| *own != tier) {
        add("tier", quoted(own));
    }
    let target = Target::Field(Field::Replicas);
    let default = edition.apply(component, &target, &json!({})).ok().flatten().and_then(|v| v.as_u64());
    let replicas = objects.iter().find_map(|object| object.pointer("/spec/replicas")?.as_u64());
    if let (Some(replicas), Some(Reach::Wired(_))) = (replicas, component.reach(&target))
        && replicas != default.unwrap_or(1)
    {
        add("replicas", replicas.to_string());
    }
    let main = component.containers.first().map(|container| container.name.as_str());
    let requests: Vec<_> = ["cpu", "memory"]
        .into_iter()
        .filter_map(|resource| {
            let of = |object: &&Value| requested(object, main?, resource);
            Some((resource.to_owned(), quoted(&objects.iter().find_map(of)?)))
        })
        .collect();
    if !requests.is_empty() {
        add("requests", table(&requests));
    }
    if component.makes.0 == "StatefulSet" {
        let claim = objects.iter().find_map(|object| claim(object)).filter(|_| !component.storage.is_empty());
        add("storage", quoted(if claim.is_some() { "local" } else { "ephemeral" }));
        if let Some((size, _)) =
            claim.and_then(|claim| amount(claim.pointer("/spec/resources/requests/storage")))
        {
            add("storage-size", quoted(&size));
        }
        add("data", quoted("? what losing it costs"));
    }
    entries
}

/// What the main container asks for; an operator's resource says so in its own spec.
fn requested(object: &Value, main: &str, resource: &str) -> Option<String> {
    let path = format!("/resources/requests/{resource}");
    let found = match containers(object) {
        [] => object.pointer(&format!("/spec{path}")),
        all => all.iter().find(|container| text(container, "/name") == main)?.pointer(&path),
    };
    amount(found).map(|(text, _)| text)
}

/// The claim template of a StatefulSet, or of the resource that an operator makes one of.
fn claim(object: &Value) -> Option<&Value> {
    let own = object.pointer("/spec/volumeClaimTemplates/0");
    own.or_else(|| object.pointer("/spec/storage/volumeClaimTemplate"))
}
