//! Facts about one chart version, as a probe writes them: what moved when each values path was set.
//! `tests/data/charts-data/README.md` describes the format.

use std::collections::BTreeMap;

use semver::Version;
use serde::{Deserialize, Deserializer, de::Error as _};
use serde_json::{Map, Value};

use crate::catalogue::ValuePath;

/// A chart version's facts.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Facts {
    /// Chart name.
    pub chart: String,
    /// Chart version.
    #[serde(deserialize_with = "version")]
    pub version: Version,
    /// Sets of values that switch components on, laid over `required_values` and `probe_only_values`.
    pub profiles: Map<String, Value>,
    /// Values without which the chart refuses to render.
    #[serde(default)]
    pub required_values: Value,
    /// Values that keep renders small.
    #[serde(default)]
    pub probe_only_values: Value,
    /// Keys of sub-charts that the package lacked: of what they bring, these facts know nothing.
    #[serde(default)]
    pub lacks: Vec<String>,
    /// Every object with a pod spec.
    pub carriers: Vec<Carrier>,
    /// Carrier → field → paths that reach it; for resources → container → paths.
    pub wiring: BTreeMap<String, Map<String, Value>>,
    /// Carrier → field → paths in winning order.
    #[serde(default)]
    pub precedence: BTreeMap<String, BTreeMap<String, Vec<String>>>,
    /// Carrier → fields that nothing reaches.
    #[serde(default)]
    pub unreachable: Vec<Unreachable>,
    /// Every path that was tried.
    pub paths: Vec<PathFact>,
}

/// An object with a pod spec, as rendered with the profile's values.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Carrier {
    /// `Kind/name`, names with `{release}`.
    pub id: String,
    /// Kind.
    pub kind: String,
    /// Name.
    pub name: String,
    /// Helm hook events.
    pub hook: Option<String>,
    /// Labels that the controller selects by.
    #[serde(default)]
    pub selector: BTreeMap<String, Value>,
    /// Labels of the pods.
    #[serde(default)]
    pub pod_labels: BTreeMap<String, Value>,
    /// Containers in order.
    #[serde(default)]
    pub containers: Vec<ContainerFact>,
    /// Profiles in which it exists.
    pub profiles: Vec<String>,
    /// Profile → fields that differ from the first profile's.
    #[serde(default)]
    pub differs_in: Map<String, Value>,
    /// The pod's fields and replicas, under their own keys.
    #[serde(flatten)]
    pub fields: Map<String, Value>,
}

/// A container of a carrier.
#[derive(Clone, Debug, Deserialize)]
pub struct ContainerFact {
    /// Name.
    pub name: String,
    /// Resources as rendered.
    #[serde(default)]
    pub resources: Value,
    /// Whether it is an init container.
    #[serde(default)]
    pub init: bool,
}

/// Fields that nothing reaches.
#[derive(Clone, Debug, Deserialize)]
pub struct Unreachable {
    /// Carrier id.
    pub carrier: String,
    /// Field names.
    #[serde(default)]
    pub fields: Vec<String>,
    /// Containers whose resources nothing reaches.
    #[serde(default, alias = "containers")]
    pub resources: Vec<String>,
}

/// What one path did.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PathFact {
    /// The path.
    pub path: String,
    /// The field that its name suggests.
    pub field: String,
    /// What `values.yaml` has there.
    #[serde(default)]
    pub default: Value,
    /// Whether `values.yaml` has the key.
    #[serde(default = "yes")]
    pub in_values: bool,
    /// Whether the value passes through `tpl`.
    #[serde(default)]
    pub tpl: bool,
    /// Whether anything moved.
    pub alive: bool,
    /// Whether every value tried was refused.
    #[serde(default)]
    pub refused: bool,
    /// What moved.
    #[serde(default)]
    pub effect: Vec<Effect>,
    /// What moved for each kind of value, where they differ.
    #[serde(default)]
    pub probes: Vec<Probe>,
}

impl Facts {
    /// Whether a path belongs to a sub-chart that the package lacked.
    #[must_use]
    pub fn knows_nothing_of(&self, path: &ValuePath) -> bool {
        self.lacks.iter().any(|key| ValuePath::parse(key).contains(path))
    }

    /// Reads facts; `{release}` and `{namespace}` stay as they are.
    ///
    /// # Errors
    /// What is wrong with the JSON.
    pub fn parse(json: &str) -> Result<Self, String> {
        serde_json::from_str(json).map_err(|error| error.to_string())
    }

    /// Reads facts as they are for a release, whose name must be short and contain no chart's name.
    ///
    /// # Errors
    /// What is wrong with the JSON.
    pub fn parse_for(json: &str, release: &str, namespace: &str) -> Result<Self, String> {
        Self::parse(&json.replace("{release}", release).replace("{namespace}", namespace))
    }
}

fn version<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Version, D::Error> {
    String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
}

fn yes() -> bool {
    true
}

/// One kind of value that was tried.
#[derive(Clone, Debug, Deserialize)]
pub struct Probe {
    /// Which kind.
    #[serde(default)]
    pub probe: String,
    /// The chart's refusal.
    pub error: Option<String>,
    /// What moved.
    #[serde(default)]
    pub effect: Vec<Effect>,
}

/// What moved.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Effect {
    /// Carrier id.
    pub carrier: Option<String>,
    /// Container, for resources.
    pub container: Option<String>,
    /// The field, where it is not the path's own.
    pub field: Option<String>,
    /// How it moved.
    pub how: String,
    /// What the field became.
    pub now: Option<Value>,
}

impl PathFact {
    /// All effects of all kinds of values.
    pub fn effects(&self) -> impl Iterator<Item = &Effect> {
        self.effect.iter().chain(self.probes.iter().flat_map(|probe| &probe.effect))
    }

    /// Whether a value of that kind did something.
    #[must_use]
    pub fn took(&self, kind: &str) -> bool {
        self.probes
            .iter()
            .any(|probe| probe.probe == kind && probe.error.is_none() && !probe.effect.is_empty())
    }
}
