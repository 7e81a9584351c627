//! Version guards. Wherever a catalogue has a value it may have one that depends on the chart's version:
//!
//! ```toml
//! name = { versions = [
//!     { until = "18.0.0", is = "loki-canary" },
//!     { from = "18.0.0", is = "{loki}-canary" },
//! ] }
//! ```
//! Ranges are half-open and cover the chart's whole range without gap or overlap; `none = true` says
//! that the key is absent there. [`resolve`] turns a guarded tree into a plain one for one version, so
//! that no reader ever sees a guard.

use semver::Version;

use crate::diag::{Diagnostic, codes::catalogue as codes};
use crate::source::Span;
use crate::source::tree::{Entry, Node, Table, Value};

/// A half-open range of versions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HalfOpen {
    /// First version inside.
    pub from: Version,
    /// First version past it.
    pub until: Version,
}

impl HalfOpen {
    /// Whether a version lies inside. A pre-release of the upper bound does not.
    #[must_use]
    pub fn contains(&self, version: &Version) -> bool {
        let release = Version::new(version.major, version.minor, version.patch);
        *version >= self.from && release < self.until
    }
}

impl std::fmt::Display for HalfOpen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} up to and without {}", self.from, self.until)
    }
}

/// Reads a version, or reports it.
pub(super) fn version(node: &Node, report: &mut Vec<Diagnostic>) -> Option<Version> {
    let text = if let Value::String(text) = &node.value { text.as_str() } else { "" };
    Version::parse(text)
        .map_err(|error| {
            let message = format!("`{text}` is no version");
            report.push(
                Diagnostic::new(codes::BAD_CATALOGUE, message)
                    .at(node.span, error.to_string())
                    .help("write three numbers in quotes, such as \"10.1.1\""),
            );
        })
        .ok()
}

/// One alternative of a guarded value.
struct Case<'n> {
    range: HalfOpen,
    span: Span,
    is: Option<&'n Node>,
}

/// The cases of a guarded value, or `None` if the value is not guarded.
fn cases<'n>(node: &'n Node, range: &HalfOpen, report: &mut Vec<Diagnostic>) -> Option<Vec<Case<'n>>> {
    let Value::Table(table) = &node.value else { return None };
    let Value::Array(items) = &table.get("versions").filter(|_| table.len() == 1)?.node.value else {
        return None;
    };
    Some(items.iter().filter_map(|item| case(item, range, report)).collect())
}

fn case<'n>(item: &'n Node, range: &HalfOpen, report: &mut Vec<Diagnostic>) -> Option<Case<'n>> {
    let Value::Table(table) = &item.value else {
        let message = "an alternative of `versions` must be a table";
        report.push(Diagnostic::new(codes::BAD_CATALOGUE, message).at(item.span, "not a table"));
        return None;
    };
    let mut bound = |key: &str, default: &Version| match table.get(key) {
        Some(entry) => version(&entry.node, report),
        None => Some(default.clone()),
    };
    let range = HalfOpen { from: bound("from", &range.from)?, until: bound("until", &range.until)? };
    for (key, entry) in table {
        if !matches!(key.as_str(), "from" | "until" | "is" | "none") {
            let message = format!("an alternative of `versions` has no key `{key}`");
            let help = "the keys are `from`, `until`, `is` and `none`";
            report.push(Diagnostic::new(codes::BAD_CATALOGUE, message).at(entry.key, "unknown").help(help));
        }
    }
    let is = table.get("is").map(|entry| &entry.node);
    if is.is_some() == table.contains_key("none") {
        let message = "an alternative of `versions` needs either `is` or `none = true`";
        report.push(Diagnostic::new(codes::BAD_CATALOGUE, message).at(item.span, "here"));
    }
    Some(Case { range, span: item.span, is })
}

/// The alternatives of a guarded value that hold elsewhere in a version's major, where that version has a value too.
pub(super) fn elsewhere<'n>(
    node: &'n Node,
    range: &HalfOpen,
    version: &Version,
) -> Vec<(HalfOpen, &'n Node)> {
    let Some(cases) = cases(node, range, &mut Vec::new()) else { return Vec::new() };
    if !cases.iter().any(|case| case.range.contains(version) && case.is.is_some()) {
        return Vec::new();
    }
    let first = Version::new(version.major, 0, 0);
    let past = Version::new(version.major.saturating_add(1), 0, 0);
    let near =
        |case: &Case<'_>| !case.range.contains(version) && case.range.from < past && case.range.until > first;
    cases.into_iter().filter(near).filter_map(|case| Some((case.range, case.is?))).collect()
}

/// The tree as it is for one version.
#[must_use]
pub(super) fn resolve(node: &Node, range: &HalfOpen, version: &Version) -> Option<Node> {
    let mut quiet = Vec::new();
    if let Some(cases) = cases(node, range, &mut quiet) {
        let found = cases.into_iter().find(|case| case.range.contains(version))?;
        return resolve(found.is?, &found.range, version);
    }
    let value = match &node.value {
        Value::Table(table) => Value::Table(
            table
                .iter()
                .filter_map(|(key, entry)| {
                    let node = resolve(&entry.node, range, version)?;
                    Some((key.clone(), Entry { key: entry.key, node }))
                })
                .collect::<Table>(),
        ),
        Value::Array(items) => {
            Value::Array(items.iter().filter_map(|item| resolve(item, range, version)).collect())
        }
        other => other.clone(),
    };
    Some(Node { span: node.span, value })
}

/// Checks all guards of a tree: each covers its range exactly once. Collects the versions at which
/// anything changes.
pub(super) fn check(node: &Node, range: &HalfOpen, edges: &mut Vec<Version>, report: &mut Vec<Diagnostic>) {
    if let Some(mut cases) = cases(node, range, report) {
        cases.sort_by(|a, b| a.range.from.cmp(&b.range.from));
        cover(node, range, &cases, report);
        for case in cases {
            edges.push(case.range.from.clone());
            if let Some(is) = case.is {
                check(is, &case.range, edges, report);
            }
        }
        return;
    }
    match &node.value {
        Value::Table(table) => table.values().for_each(|entry| check(&entry.node, range, edges, report)),
        Value::Array(items) => items.iter().for_each(|item| check(item, range, edges, report)),
        _ => {}
    }
}

fn cover(node: &Node, range: &HalfOpen, cases: &[Case<'_>], report: &mut Vec<Diagnostic>) {
    let mut reached = range.from.clone();
    let mut last = node.span;
    for case in cases {
        let HalfOpen { from, until } = &case.range;
        if from >= until {
            let message = format!("the range from {from} until {until} is empty");
            report
                .push(Diagnostic::new(codes::BAD_CATALOGUE, message).at(case.span, "no version lies in it"));
        } else if *from > reached {
            report.push(gap(&reached, from, case.span));
        } else if *from < reached {
            let message = format!("two ranges claim the versions from {from} until {reached}");
            report.push(
                Diagnostic::new(codes::CATALOGUE_OVERLAP, message)
                    .at(case.span, "this one begins before the other ends")
                    .label(last, "the other one")
                    .help("let each version have exactly one value"),
            );
        }
        if *until > reached {
            reached = until.clone();
        }
        last = case.span;
    }
    if reached < range.until {
        report.push(gap(&reached, &range.until, last));
    } else if reached > range.until {
        let message = format!("a range ends at {reached}, after the chart's own at {}", range.until);
        report.push(Diagnostic::new(codes::BAD_CATALOGUE, message).at(last, "reaches too far"));
    }
}

fn gap(from: &Version, until: &Version, span: Span) -> Diagnostic {
    Diagnostic::new(codes::CATALOGUE_GAP, format!("no value for the versions from {from} until {until}"))
        .at(span, "the gap is beside this range")
        .help("write a value for these versions, or `none = true` if there is none")
}
