//! Small readers over a resolved catalogue tree. Each reports what it cannot read and goes on.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::path::ValuePath;
use crate::diag::{Diagnostic, codes::catalogue as codes};
use crate::shape::{did_you_mean, quoted_list};
use crate::source::Span;
use crate::source::tree::{Node, Table, Value};

/// The tree as JSON; dates become their text.
pub(super) fn json(node: &Node) -> Json {
    match &node.value {
        Value::String(text) | Value::Datetime(text) => text.as_str().into(),
        Value::Integer(n) => (*n).into(),
        Value::Float(n) => (*n).into(),
        Value::Bool(b) => (*b).into(),
        Value::Array(items) => items.iter().map(json).collect(),
        Value::Table(table) => table.iter().map(|(key, entry)| (key.clone(), json(&entry.node))).collect(),
    }
}

/// A table that is being read: keys are taken out one by one, and what is left is unknown.
pub(super) struct Keys<'n> {
    table: Option<&'n Table>,
    span: Span,
    what: String,
    known: Vec<&'static str>,
}

/// What was wrong so far.
pub(super) type Report = Vec<Diagnostic>;

impl<'n> Keys<'n> {
    /// Starts to read a table, named `what` in messages.
    pub(super) fn of(node: &'n Node, what: impl Into<String>, report: &mut Report) -> Self {
        let what = what.into();
        let table = if let Value::Table(table) = &node.value { Some(table) } else { None };
        if table.is_none() {
            wrong(node, &what, "a table", report);
        }
        Self { table, span: node.span, what, known: Vec::new() }
    }

    /// Where the table stands.
    pub(super) fn span(&self) -> Span {
        self.span
    }

    /// The node under a key.
    pub(super) fn node(&mut self, key: &'static str) -> Option<&'n Node> {
        self.known.push(key);
        self.table?.get(key).map(|entry| &entry.node)
    }

    /// The node under a key that must be there.
    pub(super) fn need(&mut self, key: &'static str, report: &mut Report) -> Option<&'n Node> {
        let node = self.node(key);
        if node.is_none() && self.table.is_some() {
            let message = format!("{} has no `{key}`", self.what);
            report.push(Diagnostic::new(codes::BAD_CATALOGUE, message).at(self.span, "missing here"));
        }
        node
    }

    /// A string.
    pub(super) fn text(&mut self, key: &'static str, report: &mut Report) -> Option<String> {
        let what = format!("`{key}` of {}", self.what);
        self.node(key).and_then(|node| text(node, &what, report))
    }

    /// A boolean; false if it is not there.
    pub(super) fn flag(&mut self, key: &'static str, report: &mut Report) -> bool {
        let Some(node) = self.node(key) else { return false };
        if let Value::Bool(value) = node.value {
            return value;
        }
        wrong(node, &format!("`{key}` of {}", self.what), "`true` or `false`", report);
        false
    }

    /// A list of strings.
    pub(super) fn texts(&mut self, key: &'static str, report: &mut Report) -> Vec<String> {
        let what = format!("`{key}` of {}", self.what);
        let items = self.node(key).map(|node| items(node, &what, report)).unwrap_or_default();
        items.iter().filter_map(|item| text(item, &what, report)).collect()
    }

    /// A list of nodes.
    pub(super) fn list(&mut self, key: &'static str, report: &mut Report) -> &'n [Node] {
        let what = format!("`{key}` of {}", self.what);
        self.node(key).map(|node| items(node, &what, report)).unwrap_or_default()
    }

    /// A table of strings.
    pub(super) fn strings(&mut self, key: &'static str, report: &mut Report) -> BTreeMap<String, String> {
        let what = format!("`{key}` of {}", self.what);
        let entries = self.entries(key, report);
        entries.filter_map(|(key, node)| Some((key.to_owned(), text(node, &what, report)?))).collect()
    }

    /// The entries of a table with free keys.
    pub(super) fn entries(
        &mut self,
        key: &'static str,
        report: &mut Report,
    ) -> impl Iterator<Item = (&'n str, &'n Node)> + use<'n> {
        let node = self.node(key);
        let table = match node.map(|node| (node, &node.value)) {
            Some((_, Value::Table(table))) => Some(table),
            Some((node, _)) => {
                wrong(node, &format!("`{key}` of {}", self.what), "a table", report);
                None
            }
            None => None,
        };
        table.into_iter().flatten().map(|(key, entry)| (key.as_str(), &entry.node))
    }

    /// Reports the keys that nobody asked for.
    pub(super) fn finish(self, report: &mut Report) {
        for (key, entry) in self.table.into_iter().flatten() {
            if self.known.contains(&key.as_str()) {
                continue;
            }
            let help = match did_you_mean(key, self.known.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("the keys here are {}", quoted_list(self.known.iter().copied())),
            };
            let message = format!("{} has no key `{key}`", self.what);
            report.push(
                Diagnostic::new(codes::BAD_CATALOGUE, message).at(entry.key, "not a key here").help(help),
            );
        }
    }
}

/// Reports a value of the wrong type.
pub(super) fn wrong(node: &Node, what: &str, expected: &str, report: &mut Report) {
    let message = format!("{what} must be {expected}, not {}", node.value.kind());
    report.push(Diagnostic::new(codes::BAD_CATALOGUE, message).at(node.span, format!("expected {expected}")));
}

/// A string.
pub(super) fn text(node: &Node, what: &str, report: &mut Report) -> Option<String> {
    if let Value::String(text) = &node.value {
        return Some(text.clone());
    }
    wrong(node, what, "a string", report);
    None
}

/// A list.
pub(super) fn items<'n>(node: &'n Node, what: &str, report: &mut Report) -> &'n [Node] {
    if let Value::Array(items) = &node.value {
        return items;
    }
    wrong(node, what, "a list", report);
    &[]
}

/// A values path.
pub(super) fn path(node: &Node, what: &str, report: &mut Report) -> Option<ValuePath> {
    text(node, what, report).map(|text| ValuePath::parse(&text))
}
