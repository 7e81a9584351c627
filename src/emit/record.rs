//! The record of a build: which files it wrote, by which version, and what Kubernetes cannot change in
//! place. The next build reads it to know its own files from foreign ones.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::Artifact;
use crate::plan::Plan;

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
}

impl Record {
    /// The record of a build.
    #[must_use]
    pub fn of(plan: &Plan, artifacts: &[Artifact]) -> Self {
        Self {
            lifeboat: env!("CARGO_PKG_VERSION").to_owned(),
            files: artifacts.iter().map(|a| (a.path.clone(), digest(&a.text))).collect(),
            immutable: immutable(plan),
        }
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

    /// What changed that Kubernetes cannot change in place: what, from, to.
    #[must_use]
    pub fn conflicts(&self, earlier: &Self) -> Vec<(String, String, String)> {
        let changed = self.immutable.iter().filter_map(|(what, now)| {
            let before = earlier.immutable.get(what)?;
            (before != now).then(|| (what.clone(), before.clone(), now.clone()))
        });
        changed.collect()
    }
}

/// SHA-256 in hexadecimal.
#[must_use]
pub fn digest(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn immutable(plan: &Plan) -> BTreeMap<String, String> {
    let mut out = BTreeMap::new();
    for class in plan.classes.iter().filter(|class| !class.adopted) {
        let value = format!("{} {}", class.value, class.preemption.word());
        out.insert(format!("PriorityClass {}", class.name), value);
    }
    for carrier in plan.carriers.iter().filter(|c| c.lasting() && c.runs_as == "StatefulSet") {
        if let Some(storage) = &carrier.storage {
            let what = format!("StatefulSet {}/{}", carrier.namespace, carrier.workload);
            let template = if storage.value == crate::policy::Storage::Ephemeral {
                "no claim"
            } else {
                "claim template"
            };
            out.insert(what, template.to_owned());
        }
    }
    out
}
