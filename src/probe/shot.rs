//! A render reduced to what is compared: every object with a pod spec, by kind and name.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::RELEASE;
use super::sentinel::tokens;
use crate::manifest::{self, Object, Role, pod_spec_path, role};
use crate::yaml::Budget;

/// Fields of a pod spec that are compared; `replicas` stands in the controller's spec.
pub(super) const FIELDS: [&str; 5] =
    ["priorityClassName", "nodeSelector", "affinity", "tolerations", "topologySpreadConstraints"];

/// What one render made.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Shot {
    /// `Kind/name` → the carrier in the form of the facts.
    pub carriers: BTreeMap<String, Map<String, Value>>,
    /// Sentinels that appear anywhere in the text.
    pub tokens: BTreeSet<String>,
    /// Length of the text.
    pub bytes: usize,
}

impl Shot {
    /// Reduces the output of `helm template` for a release. Names become `{release}` and `{namespace}` if
    /// the release is the usual one.
    ///
    /// # Errors
    /// Output that is not YAML, with the place.
    pub fn of(text: &str, release: &str) -> Result<Self, String> {
        let outcome = manifest::read_all("the render", text.as_bytes(), &Budget::default());
        if let Some(refusal) = outcome.refused.first() {
            return Err(format!("what Helm made cannot be read, {}: {}", refusal.origin.at, refusal.message));
        }
        let mut shot = Self { tokens: tokens(text), bytes: text.len(), ..Self::default() };
        for object in &outcome.objects {
            if !matches!(role(&object.api_version, &object.kind), Some(Role::Carrier | Role::OperatorCarrier))
            {
                continue;
            }
            let carrier = Value::Object(carrier(object));
            let carrier = if release == RELEASE.0 { general(&carrier) } else { carrier };
            let Value::Object(carrier) = carrier else { continue };
            let id = carrier.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
            shot.carriers.insert(id, carrier);
        }
        Ok(shot)
    }
}

/// Puts `{release}` and `{namespace}` for the names of the render.
fn general(value: &Value) -> Value {
    let text = |text: &str| text.replace(RELEASE.1, "{namespace}").replace(RELEASE.0, "{release}");
    match value {
        Value::String(s) => text(s).into(),
        Value::Array(items) => items.iter().map(general).collect(),
        Value::Object(map) => map.iter().map(|(k, v)| (text(k), general(v))).collect(),
        other => other.clone(),
    }
}

fn carrier(object: &Object) -> Map<String, Value> {
    let at = |path: &[&str]| object.tree.find(path).map(crate::yaml::Node::to_json);
    let pod_path = pod_spec_path(object);
    let pod = |key: &str| {
        let mut path = pod_path.clone();
        path.push(key);
        at(&path)
    };
    let custom = role(&object.api_version, &object.kind) == Some(Role::OperatorCarrier);
    let labels = if custom {
        at(&["spec", "podMetadata", "labels"])
    } else if object.kind == "Pod" {
        at(&["metadata", "labels"])
    } else {
        // Beside the pod's spec stands its metadata.
        let mut path = pod_path.clone();
        path.pop();
        path.extend(["metadata", "labels"]);
        at(&path)
    };
    let mut out = Map::new();
    let mut put = |key: &str, value: Option<Value>| {
        if let Some(value) = value.filter(|value| !value.is_null()) {
            out.insert(key.to_owned(), value);
        }
    };
    put("id", Some(format!("{}/{}", object.kind, object.name).into()));
    put("kind", Some(object.kind.as_str().into()));
    put("name", Some(object.name.as_str().into()));
    put("hook", object.text(&["metadata", "annotations", "helm.sh/hook"]).map(Into::into));
    put("replicas", at(&["spec", "replicas"]));
    if !matches!(object.kind.as_str(), "Job" | "CronJob") {
        put("selector", at(&["spec", "selector", "matchLabels"]));
    }
    put("podLabels", labels);
    put("containers", Some(containers(&pod, custom, &object.kind)));
    for field in FIELDS {
        put(field, pod(field));
    }
    for (key, path) in [
        ("podManagementPolicy", "podManagementPolicy"),
        ("strategy", "strategy"),
        ("updateStrategy", "updateStrategy"),
    ] {
        put(key, at(&["spec", path]));
    }
    for key in ["hostNetwork", "terminationGracePeriodSeconds"] {
        put(key, pod(key));
    }
    put("claims", claims(object));
    let twice: Vec<String> = object.duplicates.iter().map(|d| d.path.join(".")).collect();
    put("duplicates", Some(json!(twice)).filter(|_| !twice.is_empty()));
    out
}

fn containers(pod: &impl Fn(&str) -> Option<Value>, custom: bool, kind: &str) -> Value {
    if custom {
        let resources = pod("resources").unwrap_or_else(|| json!({}));
        let name = match kind {
            "Prometheus" | "PrometheusAgent" => "prometheus",
            "Alertmanager" => "alertmanager",
            "ThanosRuler" => "thanos-ruler",
            "GrafanaAgent" => "grafana-agent",
            _ => "main",
        };
        return json!([{ "name": name, "resources": resources }]);
    }
    let list = |key: &str, init: bool| {
        let items = pod(key).and_then(|v| v.as_array().cloned()).unwrap_or_default();
        items.into_iter().map(move |container| {
            let name = container.get("name").cloned().unwrap_or_default();
            let resources = container.get("resources").cloned().filter(|v| !v.is_null());
            let resources = resources.unwrap_or_else(|| json!({}));
            let mut out = json!({ "name": name, "resources": resources });
            if init {
                out["init"] = true.into();
            }
            let ports: Vec<Value> = container
                .get("ports")
                .and_then(Value::as_array)
                .into_iter()
                .flatten()
                .filter_map(|port| port.get("hostPort").cloned())
                .collect();
            if !ports.is_empty() {
                out["hostPorts"] = ports.into();
            }
            out
        })
    };
    list("initContainers", true).chain(list("containers", false)).collect::<Vec<_>>().into()
}

fn claims(object: &Object) -> Option<Value> {
    let templates = object.tree.find(&["spec", "volumeClaimTemplates"])?;
    let claims = templates.items().iter().map(|claim| {
        let text = |path: &[&str]| claim.find(path).map(crate::yaml::Node::to_json).unwrap_or_default();
        json!({
            "template": text(&["metadata", "name"]),
            "size": text(&["spec", "resources", "requests", "storage"]),
            "storageClassName": text(&["spec", "storageClassName"]),
        })
    });
    Some(claims.collect())
}
