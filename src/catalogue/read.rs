//! From a resolved tree to an [`Edition`].

use std::collections::BTreeMap;
use std::sync::Arc;

use indexmap::IndexMap;
use semver::Version;
use serde_json::Value as Json;

use super::edition::{
    Component, Condition, Container, Edition, Field, Flip, Known, Merge, Place, Preset, Probing, Reach,
    Refusal, Shape, Storage, Suggested, Target, Wire, Wiring,
};
use super::guard::{self, HalfOpen};
use super::names::FullName;
use super::path::ValuePath;
use super::tree::{Keys, Report, items, json, path, text, wrong};
use crate::diag::{Diagnostic, codes::catalogue as codes};
use crate::source::tree::{Node, Value};

/// What is said once of a path and holds wherever it is used.
#[derive(Default)]
struct Paths {
    defaults: IndexMap<ValuePath, Json>,
    tpl: Vec<ValuePath>,
    text: Vec<ValuePath>,
    custom: BTreeMap<ValuePath, String>,
}

/// Reads the edition of a resolved file.
pub(super) fn edition(
    root: &Node,
    chart: &str,
    version: &Version,
    repository: &str,
    known: Known,
    report: &mut Report,
) -> Edition {
    let mut keys = Keys::of(root, format!("the catalogue of {chart}"), report);
    for head in ["chart", "about", "repositories", "tested", "probe"] {
        keys.node(head);
    }
    let order = keys.texts("order", report);
    let required = keys.node("required").map_or_else(|| Json::Object(serde_json::Map::new()), json);
    let names = keys.entries("names", report).map(|(key, node)| (key.to_owned(), full_name(node, report)));
    let names = names.collect::<Vec<_>>().into_iter().collect();
    let dead = keys.strings("dead", report);
    let dead = dead.iter().map(|(from, to)| (ValuePath::parse(from), ValuePath::parse(to))).collect();
    let paths = Paths {
        defaults: keys
            .entries("defaults", report)
            .map(|(key, node)| (ValuePath::parse(key), json(node)))
            .collect(),
        tpl: keys.texts("tpl", report).iter().map(|p| ValuePath::parse(p)).collect(),
        text: keys.texts("text", report).iter().map(|p| ValuePath::parse(p)).collect(),
        custom: keys
            .strings("custom", report)
            .into_iter()
            .map(|(path, form)| (ValuePath::parse(&path), form))
            .collect(),
    };
    let refuses = keys.list("refuses", report).iter().map(|node| refusal(node, report)).collect();
    let mut components = IndexMap::new();
    let entries: Vec<_> = keys.entries("components", report).collect();
    for (name, node) in entries {
        if let Some(read) = component(name, node, &paths, report) {
            components.insert(name.to_owned(), read);
        }
    }
    keys.finish(report);
    join_reaches(&mut components);
    let mut edition = Edition {
        chart: chart.to_owned(),
        version: version.clone(),
        repository: repository.to_owned(),
        known,
        order,
        required,
        defaults: Arc::new(paths.defaults),
        dead: Arc::new(dead),
        components,
        refuses,
        flips: Vec::new(),
        names,
        tree: Arc::default(),
        values: Arc::new(Json::Object(serde_json::Map::new())),
        untouched: Arc::default(),
    };
    check_needs(&mut edition, report);
    edition
}

/// Defaults of an unresolved file that differ, somewhere else in a version's major, from those at that version.
pub(super) fn flips(root: &Node, range: &HalfOpen, version: &Version) -> Vec<Flip> {
    let table = |node: &Node, key: &str| match &node.value {
        Value::Table(table) => table.get(key).map(|entry| entry.node.clone()),
        _ => None,
    };
    let Some(Node { value: Value::Table(defaults), .. }) = table(root, "defaults") else { return Vec::new() };
    let mut out = Vec::new();
    for (path, entry) in &defaults {
        for (range, node) in guard::elsewhere(&entry.node, range, version) {
            out.push(Flip { path: ValuePath::parse(path), range, default: json(node) });
        }
    }
    out
}

/// Reads what a probe of a resolved file needs.
pub(super) fn probing(root: &Node, report: &mut Report) -> Probing {
    let mut keys = Keys::of(root, "the catalogue", report);
    let Some(node) = keys.node("probe") else { return Probing::default() };
    let mut keys = Keys::of(node, "`probe`", report);
    let quiet = keys.node("quiet").map(json).unwrap_or_default();
    let profiles = keys.entries("profiles", report).map(|(name, node)| (name.to_owned(), json(node)));
    let probing = Probing { quiet, profiles: profiles.collect() };
    keys.finish(report);
    probing
}

fn full_name(node: &Node, report: &mut Report) -> FullName {
    let mut keys = Keys::of(node, "a name", report);
    let base = keys.text("base", report).unwrap_or_default();
    let cut = match keys.node("cut").map(|node| &node.value) {
        Some(Value::Integer(n)) => usize::try_from(*n).unwrap_or(63),
        _ => 63,
    };
    let under = keys.node("under").and_then(|node| path(node, "`under` of a name", report));
    let name = FullName { base, cut, under, shortens: !keys.flag("always-long", report) };
    keys.finish(report);
    name
}

fn component(name: &str, node: &Node, paths: &Paths, report: &mut Report) -> Option<Component> {
    let mut keys = Keys::of(node, format!("component `{name}`"), report);
    let kind = keys.need("kind", report).and_then(|node| text(node, "`kind`", report));
    let object = keys.need("name", report).and_then(|node| text(node, "`name`", report));
    let makes = keys.node("makes").map(|node| makes(node, report));
    let hook = keys.text("hook", report);
    let main = keys.flag("main", report);
    let about = keys.text("about", report);
    let selector = keys.strings("selector", report);
    let mut labels = keys.strings("labels", report);
    labels.extend(selector.clone());
    let when = conditions(&mut keys, report);
    let place = keys.node("custom-resource").map_or(Place::Chart, |node| place(node, report));
    let needs = keys.texts("needs", report);
    let pod = keys.node("pod").map(json).and_then(object_of).unwrap_or_default();
    let controller = keys.node("controller").map(json).and_then(object_of).unwrap_or_default();
    let storage = keys.list("storage", report).iter().map(|node| storage(node, report)).collect();
    let mut fields = BTreeMap::new();
    for field in Field::ALL {
        if let Some(node) = keys.node(field.key()) {
            fields.insert(field, reach(node, field.key(), paths, report));
        }
    }
    let containers: Vec<_> = keys.entries("containers", report).collect();
    let containers =
        containers.into_iter().map(|(name, node)| container(name, node, paths, report)).collect();
    let span = keys.span();
    keys.finish(report);
    let (kind, object) = (kind?, object?);
    let makes = makes.unwrap_or_else(|| (kind.clone(), object.clone()));
    Some(Component {
        kind,
        name: object,
        makes,
        hook,
        main,
        about,
        selector: Arc::new(selector),
        labels: Arc::new(labels),
        when,
        place,
        fields,
        containers,
        needs: needs.into(),
        pod: Arc::new(pod),
        controller: Arc::new(controller),
        storage,
        span,
    })
}

fn object_of(value: serde_json::Value) -> Option<serde_json::Map<String, serde_json::Value>> {
    if let serde_json::Value::Object(map) = value { Some(map) } else { None }
}

fn makes(node: &Node, report: &mut Report) -> (String, String) {
    let mut keys = Keys::of(node, "`makes`", report);
    let kind = keys.text("kind", report).unwrap_or_default();
    let name = keys.text("name", report).unwrap_or_default();
    keys.finish(report);
    (kind, name)
}

fn place(node: &Node, report: &mut Report) -> Place {
    let mut keys = Keys::of(node, "`custom-resource`", report);
    let api_version = keys.text("api-version", report).unwrap_or_default();
    let carried_by = keys.node("carried-by").and_then(|node| path(node, "`carried-by`", report));
    let spec = keys.node("spec").map(json);
    keys.finish(report);
    Place::CustomResource { api_version, carried_by, spec }
}

fn conditions(keys: &mut Keys<'_>, report: &mut Report) -> Vec<Condition> {
    let entries = keys.entries("when", report);
    entries.map(|(path, node)| Condition { path: ValuePath::parse(path), is: json(node) }).collect()
}

fn refusal(node: &Node, report: &mut Report) -> Refusal {
    let mut keys = Keys::of(node, "an entry of `refuses`", report);
    let says = keys.need("says", report).and_then(|node| text(node, "`says`", report)).unwrap_or_default();
    let when = conditions(&mut keys, report);
    keys.finish(report);
    Refusal { when, says }
}

fn storage(node: &Node, report: &mut Report) -> Storage {
    let mut keys = Keys::of(node, "`storage`", report);
    let claim = keys.text("claim", report).unwrap_or_default();
    let when = conditions(&mut keys, report);
    let size = keys.node("size").and_then(|node| path(node, "`size`", report));
    let size = (size, keys.text("default", report));
    let class = keys.node("class").and_then(|node| path(node, "`class`", report));
    let template = keys.flag("template", report);
    keys.finish(report);
    Storage { claim, when, size, class, template }
}

fn container(name: &str, node: &Node, paths: &Paths, report: &mut Report) -> Container {
    let mut keys = Keys::of(node, format!("container `{name}`"), report);
    let init = keys.flag("init", report);
    let operated = keys.flag("operated", report);
    let when = conditions(&mut keys, report);
    let resources = match keys.need("resources", report) {
        Some(node) => reach(node, "resources", paths, report),
        None => Reach::Unreachable(String::new()),
    };
    let suggested = keys.node("suggested").map(|node| {
        let mut keys = Keys::of(node, "`suggested`", report);
        let source = keys.text("source", report).unwrap_or_default();
        let requests = keys.strings("requests", report);
        keys.finish(report);
        Suggested { requests, source }
    });
    keys.finish(report);
    Container { name: name.to_owned(), init, operated, when, resources, suggested }
}

/// A reach: a list is a chain of paths, a string is why nothing reaches the field, a table says more.
fn reach(node: &Node, what: &str, paths: &Paths, report: &mut Report) -> Reach {
    match &node.value {
        Value::String(why) => Reach::Unreachable(why.clone()),
        Value::Array(chain) => {
            let chain = chain.iter().filter_map(|node| wire(node, what, paths, report)).collect();
            Reach::Wired(Wiring { chain, base: None, preset: None })
        }
        Value::Table(_) => {
            let mut keys = Keys::of(node, format!("`{what}`"), report);
            let fixed = keys.node("fixed").map(json);
            let base = keys.node("base").map(json);
            let chain = keys.list("paths", report).iter().filter_map(|node| wire(node, what, paths, report));
            let chain = chain.collect::<Vec<_>>();
            let preset = keys.node("preset").and_then(|node| preset(node, report));
            keys.finish(report);
            match fixed {
                Some(value) => Reach::Fixed(value),
                None => Reach::Wired(Wiring { chain, base, preset }),
            }
        }
        _ => {
            wrong(node, &format!("`{what}`"), "a list of paths, a reason or a table", report);
            Reach::Unreachable(String::new())
        }
    }
}

fn wire(node: &Node, what: &str, paths: &Paths, report: &mut Report) -> Option<Wire> {
    let (path, merge, share, when) = match &node.value {
        Value::Table(_) => {
            let mut keys = Keys::of(node, format!("a path of `{what}`"), report);
            let at = keys.need("at", report).and_then(|node| path(node, "`at`", report));
            let word = keys.node("merge");
            let merge = word.map_or(Merge::Replace, |node| merge(node, report));
            let share = keys.node("share").and_then(|node| parts(node, report));
            let when = conditions(&mut keys, report);
            keys.finish(report);
            (at?, merge, share, when)
        }
        _ => (path(node, &format!("a path of `{what}`"), report)?, Merge::Replace, None, Vec::new()),
    };
    let shape = if let Some(of) = share {
        Shape::Share(of)
    } else if paths.text.contains(&path) {
        Shape::YamlText
    } else {
        paths.custom.get(&path).map_or(Shape::Native, |form| Shape::Custom(form.clone()))
    };
    let default = paths.defaults.get(&path).cloned();
    let tpl = paths.tpl.contains(&path);
    Some(Wire { path, when, shape, merge, default, tpl, reaches: Vec::new(), span: node.span })
}

/// Among how many workloads a number is divided.
fn parts(node: &Node, report: &mut Report) -> Option<u32> {
    let found = match node.value {
        Value::Integer(of) => u32::try_from(of).ok().filter(|of| *of > 0),
        _ => None,
    };
    if found.is_none() {
        wrong(node, "`share`", "a number above 0", report);
    }
    found
}

fn merge(node: &Node, report: &mut Report) -> Merge {
    match &node.value {
        Value::String(word) if word == "replace" => Merge::Replace,
        Value::String(word) if word == "deep" => Merge::Deep,
        Value::String(word) if word == "append" => Merge::Append,
        Value::String(word) if word == "duplicates" => Merge::Duplicates,
        _ => {
            wrong(node, "`merge`", "`replace`, `deep`, `append` or `duplicates`", report);
            Merge::Replace
        }
    }
}

fn preset(node: &Node, report: &mut Report) -> Option<Preset> {
    let mut keys = Keys::of(node, "`preset`", report);
    let at = keys.need("at", report).and_then(|node| path(node, "`at`", report));
    let off = keys.node("off").map(json);
    let cases = keys.need("cases", report).map(|node| items(node, "`cases`", report)).unwrap_or_default();
    let cases = cases.iter().map(|node| {
        let mut keys = Keys::of(node, "a case", report);
        let is = keys.node("is").map_or(Json::Null, json);
        let gives = keys.node("gives").map(json);
        keys.finish(report);
        (is, gives)
    });
    let cases = cases.collect();
    keys.finish(report);
    Some(Preset { path: at?, off, cases })
}

/// Tells each wire all that its path reaches.
fn join_reaches(components: &mut IndexMap<String, Component>) {
    let mut reaches: BTreeMap<ValuePath, Vec<(String, Target)>> = BTreeMap::new();
    for (name, component) in &*components {
        for (target, reach) in component.targets() {
            for wire in reach.wiring().into_iter().flat_map(|wiring| &wiring.chain) {
                reaches.entry(wire.path.clone()).or_default().push((name.clone(), target.clone()));
            }
        }
    }
    for component in components.values_mut() {
        let fields = component.fields.values_mut();
        let containers = component.containers.iter_mut().map(|c| &mut c.resources);
        for reach in fields.chain(containers) {
            let Reach::Wired(wiring) = reach else { continue };
            for wire in &mut wiring.chain {
                wire.reaches = reaches.get(&wire.path).cloned().unwrap_or_default();
            }
        }
    }
}

/// Whom a component needs must exist; who is not in this version is left out.
fn check_needs(edition: &mut Edition, report: &mut Report) {
    let known: Vec<String> = edition.components.keys().cloned().collect();
    for component in edition.components.values_mut() {
        for need in component.needs.iter().filter(|need| !need.contains('/') && !known.contains(need)) {
            let message = format!("no component is named `{need}` in this version");
            report.push(Diagnostic::new(codes::BAD_CATALOGUE, message).at(component.span, "needed here"));
        }
    }
}
