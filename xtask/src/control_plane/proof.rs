//! What `lifeboat prove --format json` says, as far as a run can be held against it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use serde_json::Value;

use super::Word;
use super::cluster::Outcome;

/// The proof; empty without one.
pub(super) struct Proof(Value);

impl Proof {
    /// Reads the command's output.
    pub(super) fn read(path: Option<&Path>) -> Outcome<Self> {
        let Some(path) = path else { return Ok(Self(Value::Null)) };
        let text = fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
        let value: Value = serde_json::from_str(&text)?;
        if !value["claims"].is_array() || !value["columns"].is_array() {
            return Err(format!("{}: no claims or no columns: is this a proof?", path.display()).into());
        }
        Ok(Self(value))
    }

    /// The word on each scenario: that of its claims together.
    pub(super) fn words(&self) -> BTreeMap<String, Word> {
        let mut words = BTreeMap::new();
        for claim in self.0["claims"].as_array().into_iter().flatten() {
            let Some(scenario) = claim["scenario"].as_str() else { continue };
            let word = match claim["verdict"].as_str() {
                Some("proved") => Word::Proved,
                Some("refuted") if claim["detail"]["how"]["every"] == true => Word::RefutedAlways,
                _ => Word::Open,
            };
            let entry = words.entry(scenario.to_owned()).or_insert(word);
            *entry = match (*entry, word) {
                (Word::RefutedAlways, _) | (_, Word::RefutedAlways) => Word::RefutedAlways,
                (Word::Open, _) | (_, Word::Open) => Word::Open,
                _ => Word::Proved,
            };
        }
        words
    }

    /// State and certainty of each workload after the loss of these nodes, in a phase (of no loss: in
    /// any). A column of the proof stands for every set of nodes that is like another.
    pub(super) fn cells(&self, lost: &BTreeSet<String>, phase: Option<&str>) -> Vec<(&str, &str, bool)> {
        let is_set = |set: &Value| {
            let names: BTreeSet<&str> =
                set.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
            names.len() == lost.len() && lost.iter().all(|name| names.contains(name.as_str()))
        };
        let mut columns = self.0["columns"].as_array().into_iter().flatten();
        let Some(column) =
            columns.find(|column| column["lost"].as_array().is_some_and(|sets| sets.iter().any(is_set)))
        else {
            return Vec::new();
        };
        let mut phases = column["phases"].as_array().into_iter().flatten();
        let found = phases.find(|p| phase.is_none_or(|phase| p["phase"] == phase));
        let cells = found.and_then(|p| p["cells"].as_array()).into_iter().flatten();
        cells
            .filter_map(|cell| {
                Some((cell["name"].as_str()?, cell["state"].as_str()?, cell["certain"] == true))
            })
            .collect()
    }
}
