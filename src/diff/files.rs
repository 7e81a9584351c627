//! Outputs that changed: YAML as data, everything else as text.

use std::collections::BTreeMap;

use serde::Serialize;
use similar::TextDiff;

use super::data::{self, DataChange};
use crate::emit::Artifact;

/// Lines of context in a text diff.
const AROUND: usize = 2;

/// A file that changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FileChange {
    /// Path below the output folder.
    pub path: String,
    /// `added`, `removed` or `changed`.
    pub how: &'static str,
    /// Of YAML: what changed as data. Empty if only comments or the order of keys differ.
    pub data: Option<Vec<DataChange>>,
    /// Of other files: a unified diff.
    pub text: Option<String>,
}

/// The outputs of two compilations.
pub(super) fn of_artifacts(before: &[Artifact], after: &[Artifact]) -> Vec<FileChange> {
    let texts = |all: &[Artifact]| all.iter().map(|a| (a.path.clone(), a.text.clone())).collect();
    files(&texts(before), &texts(after))
}

/// Files by path and text. The record of a build is left out: it follows from the rest.
#[must_use]
pub fn files(before: &BTreeMap<String, String>, after: &BTreeMap<String, String>) -> Vec<FileChange> {
    let mut found = Vec::new();
    let mut paths: Vec<&String> = before.keys().chain(after.keys()).collect();
    paths.sort();
    paths.dedup();
    for path in paths.into_iter().filter(|p| *p != crate::emit::record::FILE) {
        let how = match (before.get(path), after.get(path)) {
            (Some(old), Some(new)) if old == new => continue,
            (Some(_), Some(_)) => "changed",
            (Some(_), None) => "removed",
            _ => "added",
        };
        let mut change = FileChange { path: path.clone(), how, data: None, text: None };
        if let (Some(old), Some(new)) = (before.get(path), after.get(path)) {
            if path.ends_with(".yaml") {
                change.data = data::changes(old, new);
            }
            // The survival table was told cell by cell already.
            if change.data.is_none() && path != "SURVIVAL.md" {
                change.text = Some(unified(path, old, new));
            }
            // Moved keys and comments are no changes.
            if change.data.as_ref().is_some_and(Vec::is_empty) {
                continue;
            }
        }
        found.push(change);
    }
    found
}

fn unified(path: &str, old: &str, new: &str) -> String {
    TextDiff::from_lines(old, new)
        .unified_diff()
        .context_radius(AROUND)
        .header(&format!("before/{path}"), &format!("after/{path}"))
        .to_string()
}
