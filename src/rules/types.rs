//! Values of the wrong type for the API. Helm passes `value: true` through as it is, and the API server
//! refuses the object; the team sees a failed sync, or a silent one if the field is pruned.

use crate::yaml::{Node, Value};

/// A value of the wrong type: its path within the object, what it is, what it must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrongType {
    /// Path within the object.
    pub path: Vec<String>,
    /// What it is: `a number`, or in backticks a word that the API does not know there.
    pub is: String,
    /// What the API wants.
    pub wants: String,
}

impl WrongType {
    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> &'static str {
        // A word that the API does not know is no better for quotes.
        if self.is.starts_with('`') {
            "write it as the API does"
        } else {
            "quote texts in the values file; write lists and maps as such"
        }
    }
}

#[derive(Clone, Copy)]
enum Want {
    Text,
    /// One of the API's words.
    Word(&'static [&'static str]),
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
    &[("key", Want::Text), ("operator", Want::Word(LABEL_OPERATORS)), ("values", Want::Texts)];
const LABEL_OPERATORS: &[&str] = &["In", "NotIn", "Exists", "DoesNotExist"];
const LABEL_SELECTOR: &[(&str, Want)] =
    &[("matchLabels", Want::TextMap), ("matchExpressions", Want::List(LABEL_REQUIREMENT))];
const NODE_REQUIREMENT: &[(&str, Want)] =
    &[("key", Want::Text), ("operator", Want::Word(NODE_OPERATORS)), ("values", Want::Texts)];
const NODE_OPERATORS: &[&str] = &["In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt"];
const NODE_TERM: &[(&str, Want)] =
    &[("matchExpressions", Want::List(NODE_REQUIREMENT)), ("matchFields", Want::List(NODE_REQUIREMENT))];
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
    ("image", Want::Text),
    ("imagePullPolicy", Want::Word(&["Always", "IfNotPresent", "Never"])),
    ("command", Want::Texts),
    ("args", Want::Texts),
    ("env", Want::List(&[("name", Want::Text), ("value", Want::Text), ("valueFrom", Want::Map(&[]))])),
    (
        "ports",
        Want::List(&[
            ("name", Want::Text),
            ("containerPort", Want::Int),
            ("hostPort", Want::Int),
            ("hostIP", Want::Text),
            ("protocol", Want::Word(&["TCP", "UDP", "SCTP"])),
        ]),
    ),
    ("resources", Want::Map(&[("requests", Want::Quantities), ("limits", Want::Quantities)])),
];
/// Fields of a pod's spec; `replicas` stands here for custom resources that keep it beside them.
const POD: &[(&str, Want)] = &[
    (
        "tolerations",
        Want::List(&[
            ("key", Want::Text),
            ("operator", Want::Word(&["Exists", "Equal", "Lt", "Gt"])),
            ("value", Want::Text),
            ("effect", Want::Word(&["NoSchedule", "PreferNoSchedule", "NoExecute"])),
            ("tolerationSeconds", Want::Int),
        ]),
    ),
    ("affinity", Want::Map(AFFINITY)),
    ("nodeSelector", Want::TextMap),
    ("priorityClassName", Want::Text),
    ("priority", Want::Int),
    ("preemptionPolicy", Want::Word(&["PreemptLowerPriority", "Never"])),
    ("nodeName", Want::Text),
    ("schedulerName", Want::Text),
    (
        "topologySpreadConstraints",
        Want::List(&[
            ("maxSkew", Want::Int),
            ("topologyKey", Want::Text),
            ("whenUnsatisfiable", Want::Word(&["DoNotSchedule", "ScheduleAnyway"])),
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
    maps_above(tree, pod, &mut wrong);
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

/// Everything on the way to the pod's spec is a map.
fn maps_above(tree: &Node, pod: &[&str], wrong: &mut Vec<WrongType>) {
    for depth in 1..=pod.len() {
        let Some(node) = tree.find(&pod[..depth]) else { return };
        let path = &mut pod[..depth].iter().map(|&step| step.to_owned()).collect();
        value_fits(node, Want::Map(&[]), path, wrong);
    }
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
        Want::Word(words) if text => {
            let word = node.as_str().unwrap_or_default();
            if !word.is_empty() && !words.contains(&word) {
                let wants = format!("one of {}", crate::shape::quoted_list(words.iter().copied()));
                wrong.push(WrongType { path: path.clone(), is: format!("`{word}`"), wants });
            }
            return;
        }
        Want::Word(_) => (false, "a text"),
        Want::Int => (integer, "a whole number"),
        Want::Bool => (matches!(node.value, Value::Bool(_)), "a boolean"),
        Want::Quantity => (text || number, "a quantity"),
        Want::IntOrText => (text || integer, "a whole number or a percentage"),
        Want::Texts | Want::List(_) => (matches!(node.value, Value::Seq(_)), "a list"),
        Want::TextMap | Want::Quantities | Want::Map(_) => (matches!(node.value, Value::Map(_)), "a map"),
    };
    if !fits {
        wrong.push(WrongType {
            path: path.clone(),
            is: kind(&node.value).to_owned(),
            wants: wants.to_owned(),
        });
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
