//! What a dump shows: every object with a kind and a name, lists opened, twice the same once.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::kube::Quantity;
use crate::yaml;

/// Lists within lists that are opened.
const DEEPEST: usize = 8;

/// An object of the dump, by its place in it.
pub(super) type ObjectId = usize;

/// The objects of a dump.
pub(super) struct Seen {
    objects: Vec<Value>,
}

impl Seen {
    /// Reads YAML or JSON.
    pub(super) fn read(dump: &str) -> Result<Self, String> {
        let documents = yaml::read_all(dump, &yaml::Budget::default()).map_err(|error| error.to_string())?;
        let mut found = Vec::new();
        for root in documents.into_iter().filter_map(|d| d.root).map(yaml::Node::into_json) {
            open(root, DEEPEST, &mut found);
        }
        // Of an object twice, the last counts; the order is that of the first.
        let mut places: BTreeMap<[String; 3], usize> = BTreeMap::new();
        let mut objects: Vec<Value> = Vec::new();
        for object in found {
            let name = text(&object, "/metadata/name").to_owned();
            let id = [text(&object, "/kind").to_owned(), namespace(&object).to_owned(), name];
            match places.get(&id) {
                Some(&place) => objects[place] = object,
                None => {
                    places.insert(id, objects.len());
                    objects.push(object);
                }
            }
        }
        let seen = Self { objects };
        if seen.of("Node").next().is_none() { Err("the dump names no node".to_owned()) } else { Ok(seen) }
    }

    /// All objects of a kind.
    pub(super) fn of<'s>(&'s self, kind: &'s str) -> impl Iterator<Item = &'s Value> {
        self.objects.iter().filter(move |object| text(object, "/kind") == kind)
    }

    /// All objects.
    pub(super) fn all(&self) -> impl Iterator<Item = (ObjectId, &Value)> {
        self.objects.iter().enumerate()
    }

    pub(super) fn get(&self, id: ObjectId) -> &Value {
        &self.objects[id]
    }

    /// Everything that keeps pods running.
    pub(super) fn workloads(&self) -> impl Iterator<Item = (ObjectId, &Value)> {
        let lasting = |kind: &str| matches!(kind, "Deployment" | "StatefulSet" | "DaemonSet");
        self.all().filter(move |(_, object)| lasting(text(object, "/kind")))
    }

    /// Whether the dump has any object of a kind: what it was not asked for, it cannot show.
    pub(super) fn has(&self, kind: &str) -> bool {
        self.of(kind).next().is_some()
    }
}

fn open(value: Value, deeper: usize, found: &mut Vec<Value>) {
    match value {
        Value::Object(mut map) if map.get("items").is_some_and(Value::is_array) && deeper > 0 => {
            if let Some(Value::Array(items)) = map.remove("items") {
                items.into_iter().for_each(|item| open(item, deeper - 1, found));
            }
        }
        object if !text(&object, "/kind").is_empty() && !text(&object, "/metadata/name").is_empty() => {
            found.push(object);
        }
        _ => {}
    }
}

/// A text at a pointer, empty where there is none.
pub(super) fn text<'v>(value: &'v Value, pointer: &str) -> &'v str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// The namespace of an object; Helm renders none where the chart leaves it to `-n`.
pub(super) fn namespace(object: &Value) -> &str {
    match text(object, "/metadata/namespace") {
        "" => "default",
        own => own,
    }
}

/// A label of an object, or else of its pods.
pub(super) fn label<'v>(object: &'v Value, name: &str) -> Option<&'v str> {
    let at = |pointer: &str| object.pointer(pointer).and_then(|labels| labels.get(name)?.as_str());
    at("/metadata/labels").or_else(|| at("/spec/template/metadata/labels"))
}

/// The containers of a workload's pods.
pub(super) fn containers(workload: &Value) -> &[Value] {
    let found = workload.pointer("/spec/template/spec/containers").and_then(Value::as_array);
    found.map_or(&[], Vec::as_slice)
}

/// An amount as the dump writes it, if it is one and above zero.
pub(super) fn amount(value: Option<&Value>) -> Option<(String, Quantity)> {
    let text = match value? {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    let quantity = text.parse::<Quantity>().ok().filter(|quantity| quantity.milli() > 0)?;
    Some((text, quantity))
}
