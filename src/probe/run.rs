//! The experiment: baseline, switches, one trial per path and kind of value, templates in values, and
//! who wins.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::candidates::{Candidate, candidates, switches};
use super::effects::{Tried, entry, own_field};
use super::order::{Chain, rank};
use super::package::Package;
use super::shot::{FIELDS, Shot};
use super::switches::{self as switch, Whens};
use super::trials::{join, templates, trials};
use super::{Answer, Ask, RELEASE, Render};
use crate::catalogue::{ValuePath, merge_files};

/// What to probe with.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// Values that the chart needs, or that its users set.
    pub values: Value,
    /// Paths that somebody claims to matter, with the field that they are said to reach.
    pub paths: Vec<(ValuePath, String)>,
    /// Values that leave out what is long and has nothing to do with pods.
    pub quiet: Value,
    /// Names and values, over those above, with which more of the chart is rendered.
    pub profiles: Vec<(String, Value)>,
}

/// What was learned.
#[derive(Clone, Debug)]
pub struct Learned {
    /// The facts, as `tests/data/charts-data` keeps them.
    pub facts: Value,
    /// When carriers, containers (`id#name`) and claims (`id@name`) exist.
    pub(super) whens: Whens,
    /// Names of charts under which objects are called: key, base, and how it is cut.
    pub(super) names: Vec<Name>,
    /// Renders that were asked for.
    pub renders: usize,
}

/// A `fullname` of the chart or a sub-chart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Name {
    pub(super) base: String,
    pub(super) under: Vec<String>,
    pub(super) cut: usize,
    pub(super) always_long: bool,
}

/// Asks for renders and counts them.
pub(super) struct Lab<'r> {
    render: Render<'r>,
    renders: usize,
}

impl Lab<'_> {
    pub(super) fn ask(&mut self, values: Vec<Value>) -> Vec<Answer> {
        let release = RELEASE.0.to_owned();
        let asks: Vec<Ask> =
            values.into_iter().map(|values| Ask { release: release.clone(), values }).collect();
        self.ask_all(&asks)
    }

    fn ask_all(&mut self, asks: &[Ask]) -> Vec<Answer> {
        self.renders += asks.len();
        (self.render)(asks)
    }
}

/// A set of values and what is rendered with it.
pub(super) struct Profile {
    name: String,
    layer: Value,
    pub(super) values: Value,
    pub(super) shot: Shot,
}

/// Learns a chart.
///
/// # Errors
/// The chart's refusal to render with the values given; a chart without any pod.
pub fn learn(package: &Package, request: &Request, render: Render<'_>) -> Result<Learned, String> {
    let mut lab = Lab { render, renders: 0 };
    let given = if request.values.is_object() { request.values.clone() } else { json!({}) };
    let quiet = if request.quiet.is_object() { request.quiet.clone() } else { json!({}) };
    let quiet_given = merge_files(&given, &quiet);
    let base = lab.ask(vec![quiet_given]).pop().unwrap_or_else(|| Err("nothing was rendered".into()))?;
    let Seen { profiles, whens, quiet } = profiles(&mut lab, package, request, (&given, quiet), base)?;
    if profiles.iter().all(|profile| profile.shot.carriers.is_empty()) {
        return Err(
            "the chart renders no object with a pod, with these values and all that its switches add".into(),
        );
    }
    let candidates = candidates(package, &request.paths);
    let mut tried: Vec<Vec<Tried>> = vec![Vec::new(); candidates.len()];
    let mut seen = BTreeSet::new();
    for profile in tested(&profiles) {
        let more = trials(&mut lab, profile, &candidates, &tried, &seen);
        seen.extend(switch::things(&profile.shot));
        tried.iter_mut().zip(more).for_each(|(known, more)| join(known, more));
    }
    let tpl = templates(&mut lab, &profiles, &candidates, &tried);
    let names = names(&mut lab, package, &profiles[0].values, &profiles[0].shot);
    let order = order(&mut lab, &profiles, &candidates, &tried);
    let facts = facts(package, (&given, &quiet), &profiles, &candidates, &tried, &tpl, &order);
    Ok(Learned { facts, whens, names, renders: lab.renders })
}

/// Everything that exists, under which values.
struct Seen {
    profiles: Vec<Profile>,
    whens: Whens,
    /// Values that keep renders short.
    quiet: Value,
}

/// The defaults, the profiles that were asked for, and whatever else switches add.
fn profiles(
    lab: &mut Lab<'_>,
    package: &Package,
    request: &Request,
    (given, mut quiet): (&Value, Value),
    mut base: Shot,
) -> Result<Seen, String> {
    let mut values = merge_files(given, &quiet);
    // What the given values set is theirs; the chart may need it so.
    let mut all = switches(package);
    all.retain(|(path, _)| path.get(&values).is_none());
    let found = switch::find(lab, &values, &base, &all);
    if let Some((more, shot)) = switch::quiet(lab, &values, &base, &found) {
        quiet = merge_files(&quiet, &more);
        values = merge_files(given, &quiet);
        base = shot;
    }
    let default = Profile { name: "default".into(), layer: json!({}), values: values.clone(), shot: base };
    let mut profiles = vec![default];
    for (name, layer) in &request.profiles {
        if layer.as_object().is_none_or(Map::is_empty) {
            profiles[0].name.clone_from(name);
            continue;
        }
        let values = merge_files(&values, layer);
        let shot = lab.ask(vec![values.clone()]).pop().unwrap_or_else(|| Err("nothing was rendered".into()));
        let shot = shot.map_err(|error| format!("with the values of profile {name}: {error}"))?;
        profiles.push(Profile { name: name.clone(), layer: layer.clone(), values, shot });
    }
    let mut found = found.switches;
    let known: BTreeSet<String> = profiles.iter().flat_map(|profile| switch::things(&profile.shot)).collect();
    if !request.profiles.is_empty() {
        // Whoever names profiles knows the containers: what is looked for are carriers that no profile has.
        let new = |thing: &String| !thing.contains(['#', '@']) && !known.contains(thing);
        found.retain(|switch| switch.adds.iter().any(new));
    }
    let idle = |path: &ValuePath| !found.iter().any(|known| known.path == *path);
    let rest: Vec<_> = all.iter().filter(|(path, _)| idle(path)).cloned().collect();
    if let Some((profile, inner)) = on(lab, &profiles[0], &found, &rest, &known) {
        found.extend(inner);
        profiles.push(profile);
    }
    Ok(Seen { profiles, whens: switch::whens(&found), quiet })
}

/// A profile with everything on that nothing else has, and the switches of what was off until then.
fn on(
    lab: &mut Lab<'_>,
    base: &Profile,
    found: &[switch::Switch],
    rest: &[(ValuePath, bool)],
    known: &BTreeSet<String>,
) -> Option<(Profile, Vec<switch::Switch>)> {
    let mut layer = switch::all_on(lab, &base.values, found, known)?;
    let mut values = merge_files(&base.values, &layer);
    let mut shot = lab.ask(vec![values.clone()]).pop()?.ok()?;
    let inner = switch::find(lab, &values, &shot, rest).switches;
    if let Some(more) = switch::all_on(lab, &values, &inner, known) {
        let both = merge_files(&layer, &more);
        let joined = merge_files(&base.values, &both);
        if let Some(Ok(better)) = lab.ask(vec![joined.clone()]).pop() {
            (layer, values, shot) = (both, joined, better);
        }
    }
    Some((Profile { name: "on".into(), layer, values, shot }, inner))
}

/// The profiles in which paths are tried: the fullest first, others only for what it lacks.
pub(super) fn tested(profiles: &[Profile]) -> Vec<&Profile> {
    let mut seen = BTreeSet::new();
    let mut out = Vec::new();
    for profile in profiles.iter().rev() {
        let things = switch::things(&profile.shot);
        if !things.is_subset(&seen) {
            seen.extend(things);
            out.push(profile);
        }
    }
    out
}

/// Candidates by carrier, field and container that they move.
type Wiring = BTreeMap<(String, String, Option<String>), BTreeSet<usize>>;

fn wiring(candidates: &[Candidate], tried: &[Vec<Tried>]) -> Wiring {
    let mut out = Wiring::new();
    for (i, candidate) in candidates.iter().enumerate() {
        for effect in tried[i].iter().flat_map(|t| &t.effects).filter(|effect| effect.moves()) {
            let Some(carrier) = effect.carrier.clone() else { continue };
            let field = effect.field.as_deref().unwrap_or(candidate.field);
            // A path that moves another field than its own by the way is no wire of it.
            if field != own_field(candidate.field) {
                continue;
            }
            out.entry((carrier, field.to_owned(), effect.container.clone())).or_default().insert(i);
        }
    }
    out
}

fn order(
    lab: &mut Lab<'_>,
    profiles: &[Profile],
    candidates: &[Candidate],
    tried: &[Vec<Tried>],
) -> Vec<Chain> {
    let native = |i: &usize| {
        candidates[*i].field != "podAntiAffinity"
            && tried[*i].iter().any(|t| t.kind != "yaml-text" && t.error.is_none() && !t.effects.is_empty())
    };
    let mut chains = Vec::new();
    for ((carrier, field, container), paths) in wiring(candidates, tried) {
        let field = FIELDS.iter().find(|known| **known == field);
        let open: BTreeSet<usize> = paths.into_iter().filter(native).collect();
        if let (Some(&field), None, true) = (field, container, open.len() > 1) {
            chains.push(Chain::new(carrier, field, open));
        }
    }
    let mut out = Vec::new();
    for profile in tested(profiles) {
        let (mut mine, rest): (Vec<_>, Vec<_>) =
            chains.into_iter().partition(|chain: &Chain| profile.shot.carriers.contains_key(&chain.carrier));
        rank(lab, &profile.values, candidates, &mut mine);
        out.extend(mine);
        chains = rest;
    }
    out
}

/// How `fullname`s are made: seen with a release that contains the chart's name, and with the longest.
fn names(lab: &mut Lab<'_>, package: &Package, values: &Value, base: &Shot) -> Vec<Name> {
    let called = |shot: &Shot| -> Vec<String> {
        shot.carriers.values().filter_map(|c| Some(c.get("name")?.as_str()?.to_owned())).collect()
    };
    let known = called(base);
    let long = "z".repeat(53);
    let mut out: Vec<Name> = Vec::new();
    for (under, chart) in &package.charts {
        let mut at = under.clone();
        at.push("nameOverride".into());
        let overridden = ValuePath::of(at).get(&merge_files(&package.values, values)).cloned();
        let overridden = overridden.and_then(|v| v.as_str().filter(|s| !s.is_empty()).map(str::to_owned));
        let name = overridden.unwrap_or_else(|| chart.clone());
        let full = format!("{{release}}-{name}");
        let suffixes: Vec<&str> = known.iter().filter_map(|n| n.strip_prefix(&full)).collect();
        if suffixes.is_empty() || out.iter().any(|other| other.base == name) {
            continue;
        }
        let asks = [format!("q-{name}"), long.clone()];
        let asks = asks.map(|release| Ask { release, values: values.clone() });
        let mut answers =
            lab.ask_all(&asks).into_iter().map(|answer| answer.map(|s| called(&s)).unwrap_or_default());
        let (containing, longest) = (answers.next().unwrap_or_default(), answers.next().unwrap_or_default());
        let doubled = format!("q-{name}-{name}");
        let always_long = suffixes.iter().all(|s| containing.contains(&format!("{doubled}{s}")));
        let untouched = 53 + 1 + name.len();
        let cuts = suffixes.iter().filter_map(|suffix| {
            let cut = longest.iter().filter_map(|n| n.strip_suffix(*suffix));
            cut.filter(|n| n.starts_with("zz") && n.trim_matches('z').len() <= name.len() + 1)
                .map(str::len)
                .max()
        });
        let cut = cuts.min().filter(|&cut| cut < untouched).unwrap_or(63);
        out.push(Name { base: name, under: under.clone(), cut, always_long });
    }
    out
}

fn facts(
    package: &Package,
    (given, quiet): (&Value, &Value),
    profiles: &[Profile],
    candidates: &[Candidate],
    tried: &[Vec<Tried>],
    tpl: &BTreeSet<usize>,
    order: &[Chain],
) -> Value {
    let wiring = wiring(candidates, tried);
    let path = |i: &usize| candidates[*i].path.to_string();
    let mut wired: Map<String, Value> = Map::new();
    for ((carrier, field, container), paths) in &wiring {
        let list: Value = paths.iter().map(path).collect();
        let fields = wired.entry(carrier.clone()).or_insert_with(|| json!({}));
        match container {
            Some(container) => fields[field.as_str()][container.as_str()] = list,
            None => fields[field.as_str()] = list,
        }
    }
    let mut precedence: BTreeMap<&str, Map<String, Value>> = BTreeMap::new();
    for chain in order.iter().filter(|chain| chain.order.len() > 1) {
        let entry = |together: &Vec<usize>| together.iter().map(path).collect::<Vec<_>>().join("+");
        let list: Value = chain.order.iter().map(entry).collect();
        precedence.entry(&chain.carrier).or_default().insert(chain.field.to_owned(), list);
    }
    let worth = |i: usize| {
        let candidate = &candidates[i];
        let general = matches!(candidate.path.keys(), [_]) || candidate.path.keys()[0] == "global";
        let alive = tried[i].iter().any(|t| !t.effects.is_empty());
        alive || general || candidate.found != "synthetic"
    };
    let paths: Vec<Value> = (0..candidates.len())
        .filter(|&i| worth(i))
        .map(|i| entry(&candidates[i], &tried[i], tpl.contains(&i)))
        .collect();
    let layers: Map<String, Value> = profiles.iter().map(|p| (p.name.clone(), p.layer.clone())).collect();
    json!({
        "chart": package.name,
        "version": package.version.to_string(),
        "requiredValues": given,
        "probeOnlyValues": quiet,
        "lacks": package.hollow.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "profiles": layers,
        "carriers": carriers(profiles),
        "wiring": wired,
        "precedence": precedence,
        "unreachable": unreachable(profiles, &wiring),
        "paths": paths,
    })
}

/// Every carrier as the first profile that has it renders it, with what differs in later ones.
fn carriers(profiles: &[Profile]) -> Value {
    let mut out: BTreeMap<&String, Map<String, Value>> = BTreeMap::new();
    for profile in profiles {
        for (id, carrier) in &profile.shot.carriers {
            let known = out.entry(id).or_insert_with(|| {
                let mut first = carrier.clone();
                first.insert("profiles".into(), json!([]));
                first.insert("differsIn".into(), json!({}));
                first
            });
            let differs: Map<String, Value> = carrier
                .iter()
                .filter(|(key, value)| known.get(*key) != Some(value))
                .map(|(key, value)| (key.clone(), value.clone()))
                .collect();
            if !differs.is_empty() {
                known["differsIn"][&profile.name] = differs.into();
            }
            if let Some(list) = known.get_mut("profiles").and_then(Value::as_array_mut) {
                list.push(profile.name.as_str().into());
            }
        }
    }
    out.into_values().map(Value::Object).collect()
}

fn unreachable(profiles: &[Profile], wiring: &Wiring) -> Value {
    let mut carriers: BTreeMap<&String, (bool, BTreeSet<String>)> = BTreeMap::new();
    for (id, carrier) in profiles.iter().flat_map(|profile| &profile.shot.carriers) {
        let list = carrier.get("containers").and_then(Value::as_array).into_iter().flatten();
        let names = list.filter_map(|c| c["name"].as_str().map(str::to_owned));
        let scaled = matches!(
            carrier["kind"].as_str(),
            Some(
                "Deployment"
                    | "StatefulSet"
                    | "Prometheus"
                    | "Alertmanager"
                    | "ThanosRuler"
                    | "PrometheusAgent"
            )
        );
        let entry = carriers.entry(id).or_default();
        entry.0 = scaled;
        entry.1.extend(names);
    }
    let missing = carriers.into_iter().filter_map(|(id, (scaled, containers))| {
        let reached = |field: &str, container: Option<String>| {
            wiring.contains_key(&(id.clone(), field.to_owned(), container))
        };
        let fields = FIELDS.into_iter().chain(["replicas"].into_iter().filter(|_| scaled));
        let fields = fields.filter(|field| !reached(field, None)).map(str::to_owned);
        let containers = containers.into_iter().filter(|name| !reached("resources", Some(name.clone())));
        let fields: Vec<String> = fields.chain(containers.map(|name| format!("resources[{name}]"))).collect();
        (!fields.is_empty()).then(|| json!({ "carrier": id, "fields": fields }))
    });
    missing.collect()
}
