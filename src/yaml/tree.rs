//! The tree that a reading returns: values with the places where they were written.

use crate::source::{FileId, SourceFile, Span};

/// Where something stands in its file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
    /// Length in characters of what stands there, as far as it is on this line; 0 if it is not known.
    pub length: u32,
}

impl Place {
    /// A place without a length.
    #[must_use]
    pub fn new(line: u32, column: u32) -> Self {
        Self { line, column, length: 0 }
    }

    /// The byte span of this place in a registered file; the file's start if there is no such line.
    #[must_use]
    pub fn span(self, file: FileId, source: &SourceFile) -> Span {
        let Some(range) = source.line_range(self.line as usize) else { return Span::new(file, 0, 0) };
        let line = source.text.get(range.clone()).unwrap_or("");
        let byte = |chars: u32| line.char_indices().nth(chars as usize).map_or(line.len(), |(i, _)| i);
        let start = self.column.saturating_sub(1);
        let end = start.saturating_add(self.length);
        Span::new(file, range.start + byte(start), range.start + byte(end))
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

/// A value and its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// Where it starts.
    pub at: Place,
    /// What it is.
    pub value: Value,
}

/// What a cluster makes of a node: JSON's kinds, nothing else.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Nothing, `~` or `null`.
    Null,
    /// A boolean, also one written as `yes` or `off`.
    Bool(bool),
    /// A finite number.
    Number(serde_json::Number),
    /// A text.
    String(String),
    /// A list.
    Seq(Vec<Node>),
    /// A map in the order of writing; keys are unique (the last of several wins, as in Go).
    Map(Vec<Entry>),
}

/// One key of a map.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// The key as the cluster sees it: always a text.
    pub key: String,
    /// Where the key stands; of several equal ones, the last.
    pub key_at: Place,
    /// Its value.
    pub value: Node,
}

impl Node {
    /// The value under a key, if this is a map that has it.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entry(key).map(|entry| &entry.value)
    }

    /// Key and value, if this is a map that has the key.
    #[must_use]
    pub fn entry(&self, key: &str) -> Option<&Entry> {
        match &self.value {
            Value::Map(entries) => entries.iter().find(|entry| entry.key == key),
            _ => None,
        }
    }

    /// The node under a path of keys; list elements are named by their index.
    #[must_use]
    pub fn find<S: AsRef<str>>(&self, path: &[S]) -> Option<&Node> {
        path.iter().try_fold(self, |node, step| match &node.value {
            Value::Seq(items) => items.get(step.as_ref().parse::<usize>().ok()?),
            _ => node.get(step.as_ref()),
        })
    }

    /// The text, if it is one.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match &self.value {
            Value::String(text) => Some(text),
            _ => None,
        }
    }

    /// The list's elements; empty if this is no list.
    #[must_use]
    pub fn items(&self) -> &[Node] {
        match &self.value {
            Value::Seq(items) => items,
            _ => &[],
        }
    }

    /// The map's entries; empty if this is no map.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        match &self.value {
            Value::Map(entries) => entries,
            _ => &[],
        }
    }

    /// The tree without its places. Recursion is as deep as [`Budget::depth`](super::Budget) allowed.
    #[must_use]
    pub fn to_json(&self) -> serde_json::Value {
        match &self.value {
            Value::Null => serde_json::Value::Null,
            Value::Bool(b) => (*b).into(),
            Value::Number(n) => n.clone().into(),
            Value::String(s) => s.as_str().into(),
            Value::Seq(items) => items.iter().map(Node::to_json).collect(),
            Value::Map(entries) => entries.iter().map(|e| (e.key.clone(), e.value.to_json())).collect(),
        }
    }

    /// As [`Node::to_json`], without copying the texts.
    #[must_use]
    pub fn into_json(self) -> serde_json::Value {
        match self.value {
            Value::Null => serde_json::Value::Null,
            Value::Bool(b) => b.into(),
            Value::Number(n) => n.into(),
            Value::String(s) => s.into(),
            Value::Seq(items) => items.into_iter().map(Node::into_json).collect(),
            Value::Map(entries) => entries.into_iter().map(|e| (e.key, e.value.into_json())).collect(),
        }
    }
}
