//! A file to be written.

use serde_json::Value;

use crate::plan::Plan;
use crate::why::Why;
use crate::yaml::write::{Node, write_all};

/// A file of a build.
#[derive(Clone, Debug)]
pub struct Artifact {
    /// Path below the output folder, with `/`.
    pub path: String,
    /// Contents.
    pub text: String,
    /// Whether it may run.
    pub executable: bool,
    /// The reason of each line that has one.
    pub lines: Vec<Line>,
}

/// A line with a reason.
#[derive(Clone, Debug)]
pub struct Line {
    /// From 1.
    pub line: u32,
    /// The path of the value on it.
    pub path: Vec<String>,
    /// Why it is there.
    pub why: Why,
}

impl Artifact {
    /// A file without reasons of its own.
    #[must_use]
    pub fn text(path: impl Into<String>, text: String) -> Self {
        Self { path: path.into(), text, executable: false, lines: Vec::new() }
    }

    /// A script.
    #[must_use]
    pub fn script(path: impl Into<String>, text: String) -> Self {
        Self { executable: true, ..Self::text(path, text) }
    }

    /// Objects as YAML documents under a heading, each with the reason that it is there.
    #[must_use]
    pub(super) fn objects(plan: &Plan, path: &str, about: &str, objects: Vec<(Value, Why)>) -> Self {
        let heading =
            format!("# Written by lifeboat for cluster {}: {about}\n", plan.policy.cluster.name.value);
        let above = 1;
        let nodes: Vec<Node> =
            objects.into_iter().map(|(object, why)| mark(Node::from(object), why.0)).collect();
        let written = write_all(&nodes);
        let lines = written
            .leaves
            .into_iter()
            .filter_map(|leaf| Some(Line { line: leaf.line + above, path: leaf.path, why: Why(leaf.tag?) }))
            .collect();
        Self { lines, ..Self::text(path, heading + &written.text) }
    }
}

/// Marks every leaf of a tree.
fn mark(mut node: Node, tag: u32) -> Node {
    use crate::yaml::write::Kind;
    match &mut node.kind {
        Kind::Map(entries) if !entries.is_empty() => {
            for entry in entries {
                entry.value = mark(std::mem::replace(&mut entry.value, Node::leaf(Value::Null)), tag);
            }
            node
        }
        Kind::Seq(items) if !items.is_empty() => {
            for item in items {
                item.value = mark(std::mem::replace(&mut item.value, Node::leaf(Value::Null)), tag);
            }
            node
        }
        _ => node.tagged(tag),
    }
}
