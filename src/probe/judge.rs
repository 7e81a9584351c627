//! What a catalogue file needs beyond facts: names of components, which one the chart is named for, when
//! they exist. People judge this better; a probe makes the best of what it saw.

use std::collections::BTreeMap;

use semver::Version;
use serde_json::{Map, Value, json};

use super::RELEASE;
use super::package::Package;
use super::run::{Learned, Name};
use crate::catalogue::compose::{Facts, compose_tree};
use crate::catalogue::{Edition, ValuePath};

/// Who serves the chart, and for which versions the file shall speak.
#[derive(Clone, Debug)]
pub struct Origin {
    /// Short name of the repository, by which a policy may call it.
    pub name: String,
    /// URL of the Helm repository.
    pub url: String,
    /// First version past those that the file speaks for.
    pub until: Version,
    /// Components that have a name already, by the kind and the name of their objects: `{release}` stands for the
    /// release's. Policies know them by it.
    pub known: BTreeMap<(String, String), String>,
}

impl Origin {
    /// A repository called by whom its URL names: `argoproj` for `https://argoproj.github.io/argo-helm`, `example`
    /// for `https://charts.example.org`.
    #[must_use]
    pub fn of(url: &str, until: Version) -> Self {
        let host = url.split_once("://").map_or(url, |(_, rest)| rest);
        let host = host.split(['/', ':']).next().unwrap_or_default();
        let labels: Vec<&str> = host.split('.').collect();
        let name = match labels[..] {
            [.., owner, "github", "io"] => owner,
            [.., owner, _] => owner,
            _ => host,
        };
        let name = if name.is_empty() { "unnamed" } else { name };
        Self {
            name: name.to_owned(),
            url: url.trim_end_matches('/').to_owned(),
            until,
            known: BTreeMap::new(),
        }
    }

    /// With the names of components that another version of the chart has.
    #[must_use]
    pub fn knowing(mut self, edition: &Edition) -> Self {
        let (release, namespace) = RELEASE;
        for (component, found) in &edition.installed(release, namespace, &json!({})).components {
            let object = found.name.replacen(release, "{release}", 1);
            self.known.entry((found.kind.clone(), object)).or_insert_with(|| component.clone());
        }
        self
    }
}

/// Writes the catalogue file of a probed chart.
///
/// # Errors
/// Facts that no file can be made of; a bug of the probe.
pub fn catalogue_file(package: &Package, learned: &Learned, origin: &Origin) -> Result<String, String> {
    let facts = Facts::parse(&learned.facts.to_string())?;
    let judged = judgement(package, learned, origin);
    let heading = format!(
        "# Written by `lifeboat charts probe` from {} renders of {} {}. Check what no render can tell: `main`, `needs`,\n\
         # `suggested` requests, and the repository.\n\n",
        learned.renders, package.name, package.version
    );
    compose_tree(&heading, judged, &[facts])
}

/// The judgement of a machine, in the form of `charts/judgement`.
#[must_use]
pub fn judgement(package: &Package, learned: &Learned, origin: &Origin) -> Map<String, Value> {
    let carriers: Vec<&Map<String, Value>> =
        learned.facts["carriers"].as_array().into_iter().flatten().filter_map(Value::as_object).collect();
    let mut defaults = Map::new();
    for path in learned.whens.values().flat_map(BTreeMap::keys) {
        if let Some(value) = path.get(&package.values) {
            defaults.insert(path.to_string(), value.clone());
        }
    }
    let order: Vec<&String> = package.values.as_object().into_iter().flat_map(Map::keys).collect();
    let names: Map<String, Value> = learned.names.iter().map(|n| (key(n), name_table(n))).collect();
    let mut components = Map::new();
    let main = main_of(package, &carriers);
    for carrier in &carriers {
        let name = component_name(package, learned, origin, carrier, &components);
        components.insert(name, component(learned, carrier, main.as_deref()));
    }
    let mut out = Map::new();
    out.insert("chart".into(), package.name.as_str().into());
    if let Some(about) = &package.about {
        out.insert("about".into(), about.as_str().into());
    }
    let line = json!([{ "name": origin.name, "url": origin.url, "from": package.version.to_string(), "until": origin.until.to_string() }]);
    out.insert("repositories".into(), line);
    out.insert("order".into(), json!(order));
    for (key, table) in
        [("names", names), ("dead", dead(learned)), ("defaults", defaults), ("components", components)]
    {
        if !table.is_empty() {
            out.insert(key.into(), table.into());
        }
    }
    out
}

fn key(name: &Name) -> String {
    name.base.clone()
}

fn name_table(name: &Name) -> Value {
    let mut out = json!({ "base": name.base });
    if name.cut != 63 {
        out["cut"] = name.cut.into();
    }
    if !name.under.is_empty() {
        out["under"] = ValuePath::of(name.under.clone()).to_string().into();
    }
    if name.always_long {
        out["always-long"] = true.into();
    }
    out
}

fn text<'c>(carrier: &'c Map<String, Value>, key: &str) -> &'c str {
    carrier.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// Whether it stays: hooks, jobs and single pods come and go.
fn lasts(carrier: &Map<String, Value>) -> bool {
    !carrier.contains_key("hook") && !matches!(text(carrier, "kind"), "Job" | "CronJob" | "Pod")
}

/// The carrier that people mean by the chart's name: the one called so, or the only one, or the first
/// with replicas.
fn main_of(package: &Package, carriers: &[&Map<String, Value>]) -> Option<String> {
    let lasting: Vec<_> = carriers.iter().filter(|carrier| lasts(carrier)).collect();
    let named = |name: String| lasting.iter().find(|c| text(c, "name") == name);
    let found = named(format!("{{release}}-{}", package.name))
        .or_else(|| named(package.name.clone()))
        .or_else(|| lasting.iter().find(|c| text(c, "kind") != "DaemonSet"))
        .or_else(|| lasting.first());
    found.map(|carrier| text(carrier, "id").to_owned())
}

/// `{release}-<chart>-<component>` is the component; what is left of nothing is the chart.
fn component_name(
    package: &Package,
    learned: &Learned,
    origin: &Origin,
    carrier: &Map<String, Value>,
    taken: &Map<String, Value>,
) -> String {
    let name = text(carrier, "name");
    let known = origin.known.get(&(text(carrier, "kind").to_owned(), name.to_owned()));
    if let Some(known) = known.filter(|known| !taken.contains_key(*known)) {
        return known.clone();
    }
    let own = format!("{{release}}-{}", package.name);
    let after =
        |prefix: &str| name.strip_prefix(prefix).filter(|rest| rest.is_empty() || rest.starts_with('-'));
    let short = match after(&own) {
        Some("") => package.name.clone(),
        Some(rest) => rest.trim_start_matches('-').to_owned(),
        None => {
            let sub = learned.names.iter().find(|n| after(&format!("{{release}}-{}", n.base)).is_some());
            let rest = sub.and_then(|n| {
                after(&format!("{{release}}-{}", n.base)).map(|rest| format!("{}{rest}", n.base))
            });
            rest.unwrap_or_else(|| name.trim_start_matches("{release}").trim_start_matches('-').to_owned())
        }
    };
    let clean: String =
        short.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' }).collect();
    let clean = clean.trim_matches('-');
    let clean = if clean.is_empty() { package.name.clone() } else { clean.to_owned() };
    if !taken.contains_key(&clean) {
        return clean;
    }
    let kind = text(carrier, "kind").to_lowercase();
    let more = (2..).map(|n| format!("{clean}-{kind}-{n}"));
    std::iter::once(format!("{clean}-{kind}"))
        .chain(more)
        .find(|name| !taken.contains_key(name))
        .unwrap_or(clean)
}

fn component(learned: &Learned, carrier: &Map<String, Value>, main: Option<&str>) -> Value {
    let id = text(carrier, "id");
    let mut out = json!({ "carrier": id });
    if main == Some(id) {
        out["main"] = true.into();
    }
    if let Some(when) = conditions(learned, id) {
        out["when"] = when;
    }
    let containers =
        learned.whens.keys().filter_map(|thing| Some((thing, thing.strip_prefix(id)?.strip_prefix('#')?)));
    for (thing, container) in containers {
        // A container that comes and goes with its pod has no condition of its own.
        let own = without(conditions(learned, thing), out.get("when"));
        if let Some(when) = own {
            out["container-when"][container] = when;
        }
    }
    let claims: Vec<Value> = all_claims(carrier)
        .into_iter()
        .map(|(claim, size)| {
            let mut entry = json!({ "claim": claim, "template": true });
            if let Some(size) = size {
                entry["default"] = size.into();
            }
            if let Some(when) = without(conditions(learned, &format!("{id}@{claim}")), out.get("when")) {
                entry["when"] = when;
            }
            entry
        })
        .collect();
    if !claims.is_empty() {
        out["storage"] = claims.into();
    }
    let pod = picked(carrier, &["hostNetwork", "terminationGracePeriodSeconds"]);
    if !pod.is_empty() {
        out["pod"] = pod.into();
    }
    let mut controller = picked(carrier, &["podManagementPolicy", "strategy"]);
    if let Some(strategy) = carrier.get("updateStrategy") {
        controller.insert("updateStrategy".into(), strategy.clone());
    }
    if !controller.is_empty() {
        out["controller"] = controller.into();
    }
    out
}

fn picked(carrier: &Map<String, Value>, keys: &[&str]) -> Map<String, Value> {
    keys.iter().filter_map(|key| Some(((*key).to_owned(), carrier.get(*key)?.clone()))).collect()
}

fn conditions(learned: &Learned, thing: &str) -> Option<Value> {
    let when = learned.whens.get(thing)?;
    let when: Map<String, Value> = when.iter().map(|(path, is)| (path.to_string(), (*is).into())).collect();
    Some(when.into())
}

/// Conditions beyond others.
fn without(conditions: Option<Value>, others: Option<&Value>) -> Option<Value> {
    let Some(Value::Object(mut map)) = conditions else { return None };
    map.retain(|path, is| others.and_then(|others| others.get(path)) != Some(is));
    (!map.is_empty()).then_some(Value::Object(map))
}

/// Claim templates of all profiles, with their size.
fn all_claims(carrier: &Map<String, Value>) -> Vec<(String, Option<String>)> {
    let lists = carrier.get("claims").into_iter().chain(
        carrier["differsIn"].as_object().into_iter().flat_map(Map::values).filter_map(|d| d.get("claims")),
    );
    let mut out: Vec<(String, Option<String>)> = Vec::new();
    for claim in lists.filter_map(Value::as_array).flatten() {
        let Some(name) = claim["template"].as_str() else { continue };
        if !out.iter().any(|(known, _)| known == name) {
            out.push((name.to_owned(), claim["size"].as_str().map(str::to_owned)));
        }
    }
    out
}

/// Dead paths with the nearest living one of their field.
fn dead(learned: &Learned) -> Map<String, Value> {
    let paths: Vec<&Value> = learned.facts["paths"].as_array().into_iter().flatten().collect();
    let moves = |path: &Value| {
        let effects = path["effect"].as_array().into_iter().flatten();
        let probes = path["probes"].as_array().into_iter().flatten();
        let probed = probes.filter_map(|probe| probe["effect"].as_array()).flatten();
        effects.chain(probed).any(|effect| effect["carrier"].is_string())
    };
    let mut out = Map::new();
    for path in paths.iter().filter(|path| path["alive"] == false && path["refused"] != true) {
        let Some(name) = path["path"].as_str() else { continue };
        let at = ValuePath::parse(name);
        let near = |other: &ValuePath| at.keys().iter().zip(other.keys()).take_while(|(a, b)| a == b).count();
        let living = paths
            .iter()
            .filter(|other| other["field"] == path["field"] && moves(other))
            .filter_map(|other| other["path"].as_str())
            .max_by_key(|other| {
                let other = ValuePath::parse(other);
                (near(&other), std::cmp::Reverse(other.keys().len()))
            });
        if let Some(living) = living {
            out.insert(name.to_owned(), living.into());
        }
    }
    out
}
