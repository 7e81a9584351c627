//! Values of the wrong type for the API. Helm passes `value: true` through as it is, and the API server
//! refuses the object; the team sees a failed sync, or a silent one if the field is pruned.

use crate::yaml::{Node, Value};

/// A value of the wrong type: its path within the object, what it is, what it must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrongType {
    /// Path within the object.
    pub path: Vec<String>,
    /// What it is.
    pub is: &'static str,
    /// What the API wants.
    pub wants: &'static str,
}

#[derive(Clone, Copy)]
enum Want {
    Text,
    Int,
    Bool,
    Quantity,
    IntOrText,
    Texts,
    TextMap,
    Quantities,
    List(&'static [(&'static str, Want)]),
    Map(&'static [(&'static str, Want)]),
}

const LABEL_REQUIREMENT: &[(&str, Want)] =
    &[("key", Want::Text), ("operator", Want::Text), ("values", Want::Texts)];
const LABEL_SELECTOR: &[(&str, Want)] =
    &[("matchLabels", Want::TextMap), ("matchExpressions", Want::List(LABEL_REQUIREMENT))];
const NODE_TERM: &[(&str, Want)] =
    &[("matchExpressions", Want::List(LABEL_REQUIREMENT)), ("matchFields", Want::List(LABEL_REQUIREMENT))];
const POD_TERM: &[(&str, Want)] = &[
    ("labelSelector", Want::Map(LABEL_SELECTOR)),
    ("namespaceSelector", Want::Map(LABEL_SELECTOR)),
    ("namespaces", Want::Texts),
    ("topologyKey", Want::Text),
];
const POD_AFFINITY: &[(&str, Want)] = &[
    ("requiredDuringSchedulingIgnoredDuringExecution", Want::List(POD_TERM)),
    (
        "preferredDuringSchedulingIgnoredDuringExecution",
        Want::List(&[("weight", Want::Int), ("podAffinityTerm", Want::Map(POD_TERM))]),
    ),
];
const AFFINITY: &[(&str, Want)] = &[
    (
        "nodeAffinity",
        Want::Map(&[
            (
                "requiredDuringSchedulingIgnoredDuringExecution",
                Want::Map(&[("nodeSelectorTerms", Want::List(NODE_TERM))]),
            ),
            (
                "preferredDuringSchedulingIgnoredDuringExecution",
                Want::List(&[("weight", Want::Int), ("preference", Want::Map(NODE_TERM))]),
            ),
        ]),
    ),
    ("podAffinity", Want::Map(POD_AFFINITY)),
    ("podAntiAffinity", Want::Map(POD_AFFINITY)),
];
const CONTAINER: &[(&str, Want)] = &[
    ("name", Want::Text),
    ("resources", Want::Map(&[("requests", Want::Quantities), ("limits", Want::Quantities)])),
];
/// Fields of a pod's spec; `replicas` stands here for custom resources that keep it beside them.
const POD: &[(&str, Want)] = &[
    (
        "tolerations",
        Want::List(&[
            ("key", Want::Text),
            ("operator", Want::Text),
            ("value", Want::Text),
            ("effect", Want::Text),
            ("tolerationSeconds", Want::Int),
        ]),
    ),
    ("affinity", Want::Map(AFFINITY)),
    ("nodeSelector", Want::TextMap),
    ("priorityClassName", Want::Text),
    (
        "topologySpreadConstraints",
        Want::List(&[
            ("maxSkew", Want::Int),
            ("topologyKey", Want::Text),
            ("whenUnsatisfiable", Want::Text),
            ("labelSelector", Want::Map(LABEL_SELECTOR)),
        ]),
    ),
    ("terminationGracePeriodSeconds", Want::Int),
    ("hostNetwork", Want::Bool),
    ("containers", Want::List(CONTAINER)),
    ("initContainers", Want::List(CONTAINER)),
    ("resources", Want::Map(&[("requests", Want::Quantities), ("limits", Want::Quantities)])),
];
const META: &[(&str, Want)] = &[
    ("name", Want::Text),
    ("namespace", Want::Text),
    ("labels", Want::TextMap),
    ("annotations", Want::TextMap),
];
const CONTROLLER: &[(&str, Want)] = &[
    ("replicas", Want::Int),
    ("selector", Want::Map(LABEL_SELECTOR)),
    ("minAvailable", Want::IntOrText),
    ("maxUnavailable", Want::IntOrText),
];

/// All values of the wrong type in an object whose pod spec stands at `pod`.
#[must_use]
pub fn check(tree: &Node, pod: &[&str]) -> Vec<WrongType> {
    let mut wrong = Vec::new();
    walk(tree, &[("metadata", Want::Map(META))], &mut Vec::new(), &mut wrong);
    if let Some(spec) = tree.get("spec")
        && !matches!(tree.get("kind").and_then(Node::as_str), Some("Service"))
    {
        walk(spec, CONTROLLER, &mut vec!["spec".to_owned()], &mut wrong);
    }
    let mut path: Vec<String> = pod.iter().map(|&step| step.to_owned()).collect();
    if let Some(spec) = tree.find(pod) {
        walk(spec, POD, &mut path, &mut wrong);
    }
    if let Some((_, template)) = pod.split_last()
        && !template.is_empty()
        && let Some(node) = tree.find(template)
    {
        let mut path: Vec<String> = template.iter().map(|&step| step.to_owned()).collect();
        walk(node, &[("metadata", Want::Map(META))], &mut path, &mut wrong);
    }
    wrong
}

fn walk(node: &Node, fields: &[(&str, Want)], path: &mut Vec<String>, wrong: &mut Vec<WrongType>) {
    for (key, want) in fields {
        if let Some(value) = node.get(key) {
            path.push((*key).to_owned());
            value_fits(value, *want, path, wrong);
            path.pop();
        }
    }
}

fn value_fits(node: &Node, want: Want, path: &mut Vec<String>, wrong: &mut Vec<WrongType>) {
    let integer = matches!(&node.value, Value::Number(n) if !n.is_f64());
    let number = matches!(node.value, Value::Number(_));
    let text = matches!(node.value, Value::String(_));
    // Null is an absent field to the API, except as an element of a list of texts.
    if matches!(node.value, Value::Null) {
        return;
    }
    let (fits, wants) = match want {
        Want::Text => (text, "a text"),
        Want::Int => (integer, "a whole number"),
        Want::Bool => (matches!(node.value, Value::Bool(_)), "a boolean"),
        Want::Quantity => (text || number, "a quantity"),
        Want::IntOrText => (text || integer, "a whole number or a percentage"),
        Want::Texts | Want::List(_) => (matches!(node.value, Value::Seq(_)), "a list"),
        Want::TextMap | Want::Quantities | Want::Map(_) => (matches!(node.value, Value::Map(_)), "a map"),
    };
    if !fits {
        wrong.push(WrongType { path: path.clone(), is: kind(&node.value), wants });
        return;
    }
    let inner = match want {
        Want::Texts | Want::TextMap => Want::Text,
        Want::Quantities => Want::Quantity,
        Want::Map(fields) => return walk(node, fields, path, wrong),
        Want::List(fields) => Want::Map(fields),
        _ => return,
    };
    for (n, item) in node.items().iter().enumerate() {
        path.push(n.to_string());
        value_fits(item, inner, path, wrong);
        path.pop();
    }
    for entry in node.entries() {
        path.push(entry.key.clone());
        value_fits(&entry.value, inner, path, wrong);
        path.pop();
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Seq(_) => "a list",
        Value::Map(_) => "a map",
    }
}
