//! Chunks of text to objects.

use std::collections::BTreeMap;
use std::io::BufRead;
use std::sync::Arc;

use super::kinds::{is_confidential, role};
use super::object::join;
use super::{Object, Origin, Role};
use crate::yaml::stream::{Chunk, Chunks, Part};
use crate::yaml::{self, Budget, Document, Duplicate, Entry, Node, Place, Value};

/// Lists may hold lists, but not for ever.
const MAX_LIST_DEPTH: usize = 8;

const HELM_WORDS: &str = "this is what Helm says when it fails, not what it renders";
const HELM_HELP: &str = "look at Helm's standard error; `lifeboat render` shows it";

/// Whether a text that is no YAML is an error message of Helm's (`Error: INSTALLATION FAILED: …`).
fn words_of_helm(text: &str) -> Option<&'static str> {
    text.trim_start().starts_with("Error: ").then_some(HELM_WORDS)
}

/// A document, or an object in one, that could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Where.
    pub origin: Origin,
    /// Why, one line.
    pub message: String,
    /// What to do, if that is known.
    pub help: Option<String>,
}

/// What became of the documents.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Documents, empty ones included.
    pub documents: usize,
    /// Documents with nothing in them.
    pub empty: usize,
    /// Objects that matter here.
    pub objects: usize,
    /// Objects of other kinds, by kind (with group, if it is no built-in one).
    pub skipped: BTreeMap<String, usize>,
    /// Documents and objects that could not be read.
    pub refused: usize,
}

/// Kinds that are counted one by one; no cluster has half as many.
const MOST_KINDS: usize = 1_000;
const OTHER_KINDS: &str = "of further kinds";

impl Counts {
    /// Adds other counts to these.
    pub fn add(&mut self, other: &Counts) {
        self.documents += other.documents;
        self.empty += other.empty;
        self.objects += other.objects;
        self.refused += other.refused;
        for (kind, n) in &other.skipped {
            let known = self.skipped.len() < MOST_KINDS || self.skipped.contains_key(kind);
            let kind = if known { kind.clone() } else { OTHER_KINDS.to_owned() };
            *self.skipped.entry(kind).or_default() += n;
        }
    }
}

/// What was read.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// Objects that matter, in order.
    pub objects: Vec<Object>,
    /// What could not be read, in order.
    pub refused: Vec<Refusal>,
    /// Keys that objects of skipped kinds have twice, as origin (of the winning key) and title.
    pub duplicates: Vec<(Origin, String, Duplicate)>,
    /// Everything, counted.
    pub counts: Counts,
}

impl Outcome {
    /// Appends what was read next.
    pub fn append(&mut self, mut next: Outcome) {
        self.objects.append(&mut next.objects);
        self.refused.append(&mut next.refused);
        self.duplicates.append(&mut next.duplicates);
        self.counts.add(&next.counts);
    }

    fn refuse(&mut self, origin: Origin, message: impl Into<String>, help: Option<String>) {
        self.counts.refused += 1;
        self.refused.push(Refusal { origin, message: message.into(), help });
    }
}

/// Reads a whole stream. Memory grows with the objects that matter, not with the input.
pub fn read_all<R: BufRead>(file: &str, input: R, budget: &Budget) -> Outcome {
    let file: Arc<str> = file.into();
    let mut all = Outcome::default();
    for chunk in Chunks::new(input, *budget) {
        all.append(read_chunk(&file, chunk, budget));
    }
    all
}

/// Reads one chunk, or says why there is none.
#[must_use]
pub fn read_chunk(file: &Arc<str>, chunk: Result<Chunk, yaml::Error>, budget: &Budget) -> Outcome {
    let mut out = Outcome::default();
    let chunk = match chunk {
        Ok(chunk) => chunk,
        Err(error) => {
            out.counts.documents += 1;
            let origin = Origin { file: file.clone(), document: 0, at: error.at, path: String::new() };
            out.refuse(origin, error.message, error.help);
            return out;
        }
    };
    // The elements of a list that is cut into chunks are one document with the lines behind them.
    if !matches!(chunk.part, Part::Item(_)) {
        out.counts.documents += 1;
    }
    let origin = |at: Place| Origin { file: file.clone(), document: chunk.document, at, path: String::new() };
    match yaml::read(&chunk.text, chunk.first_line, budget) {
        Err(error) => match words_of_helm(&chunk.text) {
            Some(words) => out.refuse(origin(error.at), words, Some(HELM_HELP.to_owned())),
            None => out.refuse(origin(error.at), error.message, error.help),
        },
        Ok(Document { root: None, .. }) => out.counts.empty += 1,
        Ok(Document { root: Some(root), duplicates }) => {
            let origin = origin(root.at);
            match chunk.part {
                Part::Whole => top(&mut out, origin, root, duplicates),
                Part::Item(n) => item(&mut out, origin, root, &duplicates, n),
                Part::Rest => rest(&mut out, &origin, &root),
            }
        }
    }
    out
}

/// A document of its own; a JSON array of objects counts as a list.
fn top(out: &mut Outcome, origin: Origin, root: Node, duplicates: Vec<Duplicate>) {
    match root.value {
        Value::Seq(items) if items.iter().all(|item| item.get("kind").is_some()) => {
            open(out, &origin, items, duplicates, &[], "", 0);
        }
        _ => object(out, origin, root, duplicates, "", 0),
    }
}

/// One element of a cut list: a list of one.
fn item(out: &mut Outcome, mut origin: Origin, root: Node, duplicates: &[Duplicate], n: u32) {
    let Value::Seq(items) = root.value else {
        return out.refuse(origin, "an element of `items` is no list element", None);
    };
    origin.path = format!("items[{n}]");
    for element in items {
        // The duplicates' paths start with the element's index within its chunk: 0.
        let duplicates = duplicates
            .iter()
            .map(|d| Duplicate { path: d.path.get(1..).unwrap_or_default().to_vec(), ..d.clone() });
        let duplicates = duplicates.collect();
        let origin = Origin { at: element.at, ..origin.clone() };
        object(out, origin, element, duplicates, "", 1);
    }
}

/// What stands behind the `items`.
fn rest(out: &mut Outcome, origin: &Origin, root: &Node) {
    match root.get("kind").and_then(Node::as_str) {
        Some(kind) if kind.ends_with("List") => {}
        Some(kind) => {
            out.refuse(
                origin.clone(),
                format!("`items` at the top of an object of kind {kind}, which is no list"),
                None,
            );
        }
        None => out.refuse(origin.clone(), "a list without `kind`", None),
    }
}

/// The elements of a list.
fn open(
    out: &mut Outcome,
    origin: &Origin,
    items: Vec<Node>,
    duplicates: Vec<Duplicate>,
    prefix: &[&str],
    kind: &str,
    depth: usize,
) {
    let mut by_item: BTreeMap<String, Vec<Duplicate>> = BTreeMap::new();
    for duplicate in duplicates {
        let inner = duplicate.path.get(prefix.len() + 1..).unwrap_or_default().to_vec();
        let index = duplicate.path.get(prefix.len()).cloned().unwrap_or_default();
        by_item.entry(index).or_default().push(Duplicate { path: inner, ..duplicate });
    }
    for (n, item) in items.into_iter().enumerate() {
        let index = n.to_string();
        let mut path: Vec<&str> = prefix.to_vec();
        path.push(&index);
        let origin = Origin { at: item.at, path: join(&origin.path, &path), ..origin.clone() };
        object(out, origin, item, by_item.remove(&index).unwrap_or_default(), kind, depth + 1);
    }
}

/// An object; `implied` is the kind that an element of a typed list may leave out.
fn object(
    out: &mut Outcome,
    origin: Origin,
    mut tree: Node,
    duplicates: Vec<Duplicate>,
    implied: &str,
    depth: usize,
) {
    imply(&mut tree, implied);
    if !matches!(tree.value, Value::Map(_)) {
        if matches!(tree.value, Value::Null) {
            out.counts.empty += 1;
            return;
        }
        return out.refuse(origin, "this is no object: no map at the top", None);
    }
    let text = |path: &[&str]| tree.find(path).and_then(Node::as_str).unwrap_or_default().to_owned();
    let (kind, api_version) = (text(&["kind"]), text(&["apiVersion"]));
    if kind.is_empty() || api_version.is_empty() {
        if tree.entries().len() == 1 && tree.get("Error").is_some() {
            return out.refuse(origin, HELM_WORDS, Some(HELM_HELP.to_owned()));
        }
        let missing = if kind.is_empty() { "kind" } else { "apiVersion" };
        let help = "every Kubernetes object has `apiVersion` and `kind`; is this a values file?".to_owned();
        for duplicate in duplicates {
            let at =
                Origin { at: duplicate.second, path: join(&origin.path, &duplicate.path), ..origin.clone() };
            out.duplicates.push((at, "this document".to_owned(), duplicate));
        }
        return out.refuse(
            origin,
            format!("this is no Kubernetes object: it has no `{missing}`"),
            Some(help),
        );
    }
    let role = role(&api_version, &kind);
    if role == Some(Role::List) {
        if depth >= MAX_LIST_DEPTH {
            return out.refuse(origin, format!("lists nested deeper than {MAX_LIST_DEPTH}"), None);
        }
        let implied = match kind.strip_suffix("List") {
            Some("") | None => String::new(),
            Some(kind) => format!("{api_version} {kind}"),
        };
        let Value::Map(entries) = tree.value else { return };
        let items = entries.into_iter().find(|entry| entry.key == "items").map(|entry| entry.value.value);
        if let Some(Value::Seq(items)) = items {
            open(out, &origin, items, duplicates, &["items"], &implied, depth);
        }
        return;
    }
    let (namespace, name) = (text(&["metadata", "namespace"]), text(&["metadata", "name"]));
    let mut object = Object { origin, api_version, kind, namespace, name, tree, duplicates };
    withhold(&mut object);
    if role.is_none() {
        for duplicate in std::mem::take(&mut object.duplicates) {
            let at = object.at(&duplicate.path);
            out.duplicates.push((Origin { at: duplicate.second, ..at }, object.title(), duplicate));
        }
        *out.counts.skipped.entry(skipped_name(&object)).or_default() += 1;
        return;
    }
    if object.name.is_empty() {
        let generated = object.text(&["metadata", "generateName"]).is_some();
        if !generated {
            return out.refuse(
                object.origin.clone(),
                format!("a {} without `metadata.name`", object.kind),
                None,
            );
        }
    }
    out.counts.objects += 1;
    out.objects.push(object);
}

/// Writes down what an element of a typed list leaves out, for everybody who reads the tree.
fn imply(tree: &mut Node, implied: &str) {
    let at = tree.at;
    let stated = tree.get("kind").and_then(Node::as_str).is_some_and(|kind| !kind.is_empty());
    let (Value::Map(entries), Some((api_version, kind)), false) =
        (&mut tree.value, implied.split_once(' '), stated)
    else {
        return;
    };
    entries.retain(|entry| !matches!(entry.key.as_str(), "kind" | "apiVersion"));
    let entry = |key: &str, text: &str| Entry {
        key: key.to_owned(),
        key_at: at,
        value: Node { at, value: Value::String(text.to_owned()) },
    };
    entries.splice(0..0, [entry("apiVersion", api_version), entry("kind", kind)]);
}

fn skipped_name(object: &Object) -> String {
    match object.api_version.rsplit_once('/') {
        Some((group, _)) if group.contains('.') && !group.ends_with(".k8s.io") => {
            format!("{}.{group}", object.kind)
        }
        _ => object.kind.clone(),
    }
}

/// Drops what may be a secret: the payload of Secrets and ConfigMaps, and the copy of the whole object
/// that `kubectl apply` leaves in an annotation.
fn withhold(object: &mut Object) {
    let confidential = is_confidential(&object.kind);
    let Value::Map(entries) = &mut object.tree.value else { return };
    if confidential {
        entries.retain(|entry| matches!(entry.key.as_str(), "apiVersion" | "kind" | "metadata"));
        // That a key of the payload stands there twice is told; which one is not.
        for duplicate in &mut object.duplicates {
            let first = duplicate.path.first().map(String::as_str);
            if matches!(first, Some("data" | "stringData" | "binaryData")) && duplicate.path.len() > 1 {
                duplicate.path.truncate(1);
                duplicate.path.push(String::new());
            }
        }
    }
    let annotations = entries.iter_mut().find(|entry| entry.key == "metadata").and_then(|entry| {
        match &mut entry.value.value {
            Value::Map(entries) => entries.iter_mut().find(|entry| entry.key == "annotations"),
            _ => None,
        }
    });
    if let Some(annotations) = annotations
        && let Value::Map(entries) = &mut annotations.value.value
    {
        entries.retain(|entry| entry.key != "kubectl.kubernetes.io/last-applied-configuration");
    }
}
