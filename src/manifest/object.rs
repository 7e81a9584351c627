//! One object and where it stands.

use std::sync::Arc;

use crate::yaml::{Duplicate, Node, Place};

/// Where an object, or something in it, was read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Origin {
    /// File as the user named it, or `<stdin>`.
    pub file: Arc<str>,
    /// Document within the file, from 1, empty ones counted.
    pub document: u32,
    /// Line and column in the file.
    pub at: Place,
    /// Path within the document (`items[3].spec.template.spec.tolerations[0]`); empty for the whole.
    pub path: String,
}

impl std::fmt::Display for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.at.line, self.at.column)
    }
}

/// An object as it was read. Its tree keeps the places of all keys.
#[derive(Clone, Debug)]
pub struct Object {
    /// Where the object starts; the path is that of the object within its document.
    pub origin: Origin,
    /// `apiVersion`.
    pub api_version: String,
    /// `kind`.
    pub kind: String,
    /// `metadata.namespace`; empty if it states none.
    pub namespace: String,
    /// `metadata.name`.
    pub name: String,
    /// The whole object.
    pub tree: Node,
    /// Keys that it has twice, with paths within the object.
    pub duplicates: Vec<Duplicate>,
}

impl Object {
    /// `Kind namespace/name`, for people.
    #[must_use]
    pub fn title(&self) -> String {
        let slash = if self.namespace.is_empty() { "" } else { "/" };
        format!("{} {}{slash}{}", self.kind, self.namespace, self.name)
    }

    /// A text under a path, if there is one.
    #[must_use]
    pub fn text(&self, path: &[&str]) -> Option<&str> {
        self.tree.find(path)?.as_str()
    }

    /// The place of a path within the object, or of its nearest ancestor that exists. The full path is
    /// kept, so that a missing key is named where it is missing.
    #[must_use]
    pub fn at<S: AsRef<str>>(&self, path: &[S]) -> Origin {
        // A key whose name is withheld: the map that it is in.
        let path = path.split_last().filter(|(key, _)| key.as_ref().is_empty()).map_or(path, |(_, map)| map);
        let mut node = &self.tree;
        let mut at = self.origin.at;
        for step in path {
            let step = step.as_ref();
            let next = match node.entry(step) {
                Some(entry) => {
                    at = entry.key_at;
                    Some(&entry.value)
                }
                None => step.parse::<usize>().ok().and_then(|n| node.items().get(n)).inspect(|n| at = n.at),
            };
            let Some(next) = next else { break };
            node = next;
        }
        Origin { at, path: join(&self.origin.path, path), ..self.origin.clone() }
    }
}

/// `a.b[0].c`; keys that are no plain words are quoted, so that the path can be typed back.
pub(super) fn join<S: AsRef<str>>(prefix: &str, path: &[S]) -> String {
    let mut out = prefix.to_owned();
    for step in path {
        let step = step.as_ref();
        if !step.is_empty() && step.bytes().all(|b| b.is_ascii_digit()) {
            out.push('[');
            out.push_str(step);
            out.push(']');
            continue;
        }
        if !out.is_empty() {
            out.push('.');
        }
        if !step.is_empty() && step.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_')) {
            out.push_str(step);
        } else {
            out.push_str(&crate::yaml::write::quoted(step));
        }
    }
    out
}
