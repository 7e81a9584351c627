//! The record of a build: which files it wrote, by which version, and what Kubernetes cannot change in
//! place. The next build reads it to know its own files from foreign ones.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{Artifact, releases};
use crate::plan::Plan;

/// Build labels that a node's history keeps; a host that is older is of an unknown build.
const MOST_BUILDS: usize = 8;

/// Name of the record in the output folder.
pub const FILE: &str = ".lifeboat.json";

/// What a build leaves behind about itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// The version of lifeboat that wrote the folder.
    pub lifeboat: String,
    /// Every file with the SHA-256 of its contents.
    pub files: BTreeMap<String, String>,
    /// What cannot be changed in place: what it is, and its value.
    pub immutable: BTreeMap<String, String>,
    /// Build labels of each node, newest first: the first is this build's.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub builds: BTreeMap<String, Vec<String>>,
    /// Helm releases, `namespace/release`, with their services.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub releases: BTreeMap<String, String>,
    /// Policies of a fleet's sites; empty for a site.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sites: Vec<String>,
    /// Output folders of a fleet's sites, by their policies; both as seen from the fleet's folder.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub outputs: BTreeMap<String, String>,
}

impl Record {
    /// The record of a build.
    #[must_use]
    pub fn of(plan: &Plan, artifacts: &[Artifact], builds: BTreeMap<String, Vec<String>>) -> Self {
        Self {
            builds,
            lifeboat: env!("CARGO_PKG_VERSION").to_owned(),
            files: artifacts.iter().map(|a| (a.path.clone(), digest(&a.text))).collect(),
            immutable: super::immutable::of(plan),
            releases: releases::of(plan),
            ..Self::default()
        }
    }

    /// The record of a fleet's folder, with the policies of its sites and their output folders.
    #[must_use]
    pub fn of_fleet(artifacts: &[Artifact], outputs: BTreeMap<String, String>) -> Self {
        Self {
            lifeboat: env!("CARGO_PKG_VERSION").to_owned(),
            files: artifacts.iter().map(|a| (a.path.clone(), digest(&a.text))).collect(),
            sites: outputs.keys().cloned().collect(),
            outputs,
            ..Self::default()
        }
    }

    /// The build labels of a plan's nodes, before those that an earlier build left here.
    #[must_use]
    pub fn builds_after(&self, now: &BTreeMap<String, String>) -> BTreeMap<String, Vec<String>> {
        let history = |(node, label): (&String, &String)| {
            let before = self.builds.get(node).map_or(&[][..], Vec::as_slice);
            let older = before.iter().filter(|old| *old != label).cloned();
            (node.clone(), std::iter::once(label.clone()).chain(older).take(MOST_BUILDS).collect())
        };
        now.iter().map(history).collect()
    }

    /// Reads a record.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        serde_json::from_str(text).map_err(|error| error.to_string())
    }

    /// The record as it is written.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).unwrap_or_default();
        text.push('\n');
        text
    }

    /// What changed that Kubernetes cannot change in place, and what goes with its data: what, from, to.
    #[must_use]
    pub fn conflicts(&self, earlier: &Self) -> Vec<(String, String, String)> {
        let changed = self.immutable.iter().filter_map(|(what, now)| {
            let before = earlier.immutable.get(what)?;
            (before != now).then(|| (what.clone(), before.clone(), now.clone()))
        });
        let gone = earlier.immutable.iter().filter(|(what, _)| {
            super::immutable::goes_with_its_data(what) && !self.immutable.contains_key(*what)
        });
        let gone =
            gone.map(|(what, before)| (what.clone(), before.clone(), super::immutable::NONE.to_owned()));
        changed.chain(gone).collect()
    }
}

/// SHA-256 in hexadecimal.
#[must_use]
pub fn digest(text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    let digits = digest.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.map(|digit| char::from(b"0123456789abcdef"[usize::from(digit)])).collect()
}
