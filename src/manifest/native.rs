//! Carriers as native workloads. What operators make of their custom resources is written down here, so
//! that everything behind this file sees Deployments, StatefulSets and DaemonSets only.
//!
//! Sources: prometheus-operator v0.93 `pkg/prometheus/server/statefulset.go`,
//! `pkg/alertmanager/statefulset.go`; argo-events v1.9 `pkg/reconciler/eventbus/installer`,
//! `pkg/reconciler/{sensor,eventsource}`; grafana-agent-operator v0.28.

use serde_json::{Map, Value, json};

use super::Object;

/// The path of the pod's spec fields within an object of a kind, for places of findings. Custom resources
/// keep `tolerations`, `affinity`, `priorityClassName` at this path too.
#[must_use]
pub fn pod_spec_path(object: &Object) -> Vec<&'static str> {
    match object.kind.as_str() {
        "Pod" | "Prometheus" | "PrometheusAgent" | "Alertmanager" | "ThanosRuler" | "GrafanaAgent" => {
            vec!["spec"]
        }
        "CronJob" => vec!["spec", "jobTemplate", "spec", "template", "spec"],
        "EventBus" if object.tree.find(&["spec", "jetstream"]).is_some() => vec!["spec", "jetstream"],
        "EventBus" => vec!["spec", "nats", "native"],
        "Sensor" | "EventSource" => vec!["spec", "template"],
        _ => vec!["spec", "template", "spec"],
    }
}

/// The path within the object of what stands at a path within the pod's spec of its native workload, or
/// (`of_controller`) within that workload's own spec. An operator reads many of them at other places.
#[must_use]
pub fn path_of(object: &Object, path: &[String], of_controller: bool) -> Vec<String> {
    let known = custom_path(object, path, of_controller);
    let (from, rest): (Vec<&str>, &[String]) = match (&known, of_controller) {
        (Some((known, taken)), _) => (known.clone(), path.get(*taken..).unwrap_or_default()),
        (None, true) => (vec!["spec"], path),
        (None, false) => (pod_spec_path(object), path),
    };
    from.into_iter().map(str::to_owned).chain(rest.iter().cloned()).collect()
}

/// The place of a native field that a custom resource has elsewhere, and how many steps of the path it stands
/// for.
fn custom_path(object: &Object, path: &[String], of_controller: bool) -> Option<(Vec<&'static str>, usize)> {
    let steps: Vec<&str> = path.iter().map(String::as_str).collect();
    let operated =
        matches!(object.kind.as_str(), "Prometheus" | "PrometheusAgent" | "Alertmanager" | "ThanosRuler");
    let bus = pod_spec_path(object);
    let within = |field: &'static str| bus.iter().copied().chain([field]).collect::<Vec<_>>();
    let found = match (object.kind.as_str(), of_controller, steps.as_slice()) {
        (_, true, ["volumeClaimTemplates", "0", ..]) if operated => {
            let old = object.tree.find(&["spec", "storageSpec"]).is_some();
            (vec!["spec", if old { "storageSpec" } else { "storage" }, "volumeClaimTemplate"], 2)
        }
        (_, false, ["containers", "0", "resources", ..]) if operated => (vec!["spec", "resources"], 3),
        ("GrafanaAgent", false, ["containers", "0", "resources", ..]) => (vec!["spec", "resources"], 3),
        ("EventBus", true, ["replicas", ..]) => (within("replicas"), 1),
        ("EventBus", true, ["volumeClaimTemplates", "0", ..]) => (within("persistence"), 2),
        ("EventBus", false, ["containers", "0", ..]) => (within("containerTemplate"), 2),
        ("EventBus", false, ["containers", "1", ..]) => (within("reloaderContainerTemplate"), 2),
        ("EventBus", false, ["containers", "2", ..]) => (within("metricsContainerTemplate"), 2),
        ("Sensor" | "EventSource", false, ["containers", "0", ..]) => {
            (vec!["spec", "template", "container"], 2)
        }
        _ => return None,
    };
    Some(found)
}

/// The object as native JSON: itself, or the workloads that its operator makes of it. Empty if it makes no
/// pods (an EventBus that points to a foreign one).
#[must_use]
pub fn native(object: &Object) -> Vec<Value> {
    match object.kind.as_str() {
        "Prometheus" | "PrometheusAgent" => prometheus(object),
        "Alertmanager" => vec![operated(object, "alertmanager", &object.name, "alertmanager", 120, 1)],
        "ThanosRuler" => vec![operated(object, "thanos-ruler", &object.name, "thanos-ruler", 120, 1)],
        "GrafanaAgent" => vec![grafana_agent(object)],
        "EventBus" => event_bus(object).into_iter().collect(),
        "Sensor" => vec![event_pods(object, "sensor", "sensor-controller", "sensor-name")],
        "EventSource" => {
            vec![event_pods(object, "eventsource", "eventsource-controller", "eventsource-name")]
        }
        _ => vec![object.tree.to_json()],
    }
}

/// Fields that a custom resource hands to its pods unchanged.
const POD_FIELDS: &[&str] = &[
    "tolerations",
    "affinity",
    "nodeSelector",
    "priorityClassName",
    "topologySpreadConstraints",
    "schedulerName",
    "hostNetwork",
];

fn pod_fields(from: Option<&crate::yaml::Node>) -> Map<String, Value> {
    let Some(from) = from else { return Map::new() };
    POD_FIELDS.iter().filter_map(|&field| Some((field.to_owned(), from.get(field)?.to_json()))).collect()
}

fn at(object: &Object, path: &[&str]) -> Value {
    object.tree.find(path).map_or(Value::Null, crate::yaml::Node::to_json)
}

/// Shards are StatefulSets of their own, the first without a suffix; an agent may be a DaemonSet.
fn prometheus(object: &Object) -> Vec<Value> {
    let agent = object.kind == "PrometheusAgent";
    let prefix = if agent { "prom-agent" } else { "prometheus" };
    if agent && object.text(&["spec", "mode"]) == Some("DaemonSet") {
        let mut set = operated(object, prefix, &object.name, "prometheus-agent", 600, 1);
        set["kind"] = "DaemonSet".into();
        return vec![set];
    }
    let shards = at(object, &["spec", "shards"]).as_u64().unwrap_or(1).clamp(1, 1_000);
    let name = if agent { "prometheus-agent" } else { "prometheus" };
    (0..shards)
        .map(|shard| {
            let suffix =
                if shard == 0 { object.name.clone() } else { format!("{}-shard-{shard}", object.name) };
            let mut set = operated(object, prefix, &suffix, name, 600, 1);
            let labels = set.pointer_mut("/spec/template/metadata/labels").and_then(Value::as_object_mut);
            if let Some(labels) = labels {
                labels.insert("operator.prometheus.io/name".to_owned(), object.name.as_str().into());
                labels.insert("operator.prometheus.io/shard".to_owned(), shard.to_string().into());
                labels.insert("prometheus".to_owned(), object.name.as_str().into());
            }
            set
        })
        .collect()
}

/// A StatefulSet `<prefix>-<name>` as prometheus-operator makes it.
fn operated(object: &Object, prefix: &str, name: &str, app: &str, grace: i64, replicas: i64) -> Value {
    let mut labels = at(object, &["spec", "podMetadata", "labels"]).as_object().cloned().unwrap_or_default();
    // The operator's own labels win over those of `podMetadata`.
    for (key, value) in [
        ("app.kubernetes.io/name", app),
        ("app.kubernetes.io/managed-by", "prometheus-operator"),
        ("app.kubernetes.io/instance", &object.name),
        (app, &object.name),
    ] {
        labels.insert(key.to_owned(), value.into());
    }
    let mut spec = pod_fields(object.tree.get("spec"));
    let stated = at(object, &["spec", "terminationGracePeriodSeconds"]);
    spec.insert(
        "terminationGracePeriodSeconds".to_owned(),
        if stated.is_null() { grace.into() } else { stated },
    );
    let mut containers = vec![json!({ "name": app, "resources": at(object, &["spec", "resources"]) })];
    if let Value::Array(extra) = at(object, &["spec", "containers"]) {
        // Containers of the same name are merged over the operator's own.
        for container in extra {
            match containers.iter_mut().find(|own| own["name"] == container["name"]) {
                Some(own) if !container["resources"].is_null() => {
                    own["resources"] = container["resources"].clone()
                }
                Some(_) => {}
                None => containers.push(container),
            }
        }
    }
    spec.insert("containers".to_owned(), containers.into());
    let claim =
        ["storage", "storageSpec"].iter().map(|key| at(object, &["spec", key, "volumeClaimTemplate"]));
    let claims: Vec<Value> = claim
        .filter(|claim| claim.is_object())
        .map(|mut claim| {
            if claim.pointer("/metadata/name").is_none() {
                claim["metadata"]["name"] = format!("{prefix}-{}-db", object.name).into();
            }
            claim
        })
        .collect();
    let stated = at(object, &["spec", "replicas"]);
    json!({
        "apiVersion": "apps/v1", "kind": "StatefulSet",
        "metadata": { "name": format!("{prefix}-{name}"), "namespace": object.namespace, "labels": at(object, &["metadata", "labels"]) },
        "spec": {
            "replicas": if stated.is_null() { replicas.into() } else { stated },
            "podManagementPolicy": "Parallel",
            "template": { "metadata": { "labels": labels }, "spec": spec },
            "volumeClaimTemplates": claims,
        },
    })
}

/// The DaemonSet that reads a node's logs, which is what an agent has a chart's instances for.
fn grafana_agent(object: &Object) -> Value {
    let name = object.name.as_str();
    let labels = json!({
        "app.kubernetes.io/instance": name,
        "app.kubernetes.io/managed-by": "grafana-agent-operator",
        "app.kubernetes.io/name": "grafana-agent",
        "grafana-agent": name,
        "operator.agent.grafana.com/name": name,
        "operator.agent.grafana.com/type": "logs",
    });
    let mut spec = pod_fields(object.tree.get("spec"));
    let resources = at(object, &["spec", "resources"]);
    spec.insert("containers".to_owned(), json!([{ "name": "grafana-agent", "resources": resources }]));
    json!({
        "apiVersion": "apps/v1", "kind": "DaemonSet",
        "metadata": { "name": format!("{name}-logs"), "namespace": object.namespace, "labels": at(object, &["metadata", "labels"]) },
        "spec": { "template": { "metadata": { "labels": labels }, "spec": spec } },
    })
}

/// A JetStream or STAN bus is a StatefulSet; an exotic one (a bus elsewhere) makes no pods.
fn event_bus(object: &Object) -> Option<Value> {
    let (path, suffix) = if object.tree.find(&["spec", "jetstream"]).is_some() {
        (vec!["spec", "jetstream"], "js")
    } else if object.tree.find(&["spec", "nats", "native"]).is_some() {
        (vec!["spec", "nats", "native"], "stan")
    } else {
        return None;
    };
    let bus = object.tree.find(&path);
    let get =
        |path: &[&str]| bus.and_then(|bus| bus.find(path)).map_or(Value::Null, crate::yaml::Node::to_json);
    let mut labels = get(&["metadata", "labels"]).as_object().cloned().unwrap_or_default();
    for (key, value) in
        [("controller", "eventbus-controller"), ("eventbus-name", &object.name), ("owner-name", &object.name)]
    {
        labels.insert(key.to_owned(), value.into());
    }
    let mut spec = pod_fields(bus);
    spec.insert("terminationGracePeriodSeconds".to_owned(), 60.into());
    spec.insert(
        "containers".to_owned(),
        json!([
            { "name": "main", "resources": get(&["containerTemplate", "resources"]) },
            { "name": "reloader", "resources": get(&["reloaderContainerTemplate", "resources"]) },
            { "name": "metrics", "resources": get(&["metricsContainerTemplate", "resources"]) },
        ]),
    );
    let claims = match get(&["persistence"]) {
        Value::Object(persistence) => vec![json!({
            "metadata": { "name": format!("eventbus-{}-{suffix}-vol", object.name) },
            "spec": { "storageClassName": persistence.get("storageClassName").cloned().unwrap_or_default(),
                      "accessModes": [persistence.get("accessMode").cloned().unwrap_or_else(|| "ReadWriteOnce".into())] },
        })],
        _ => Vec::new(),
    };
    let replicas = match get(&["replicas"]) {
        Value::Null => 3.into(),
        stated => stated,
    };
    Some(json!({
        "apiVersion": "apps/v1", "kind": "StatefulSet",
        "metadata": { "name": format!("eventbus-{}-{suffix}", object.name), "namespace": object.namespace, "labels": at(object, &["metadata", "labels"]) },
        "spec": {
            "replicas": replicas, "podManagementPolicy": "Parallel",
            "template": { "metadata": { "labels": labels }, "spec": spec },
            "volumeClaimTemplates": claims,
        },
    }))
}

/// Sensors and EventSources are Deployments named after the resource with a random suffix.
fn event_pods(object: &Object, word: &str, controller: &str, name_label: &str) -> Value {
    let mut labels =
        at(object, &["spec", "template", "metadata", "labels"]).as_object().cloned().unwrap_or_default();
    for (key, value) in [("controller", controller), (name_label, &object.name), ("owner-name", &object.name)]
    {
        labels.insert(key.to_owned(), value.into());
    }
    let mut spec = pod_fields(object.tree.find(&["spec", "template"]));
    let resources = at(object, &["spec", "template", "container", "resources"]);
    spec.insert("containers".to_owned(), json!([{ "name": "main", "resources": resources }]));
    let stated = at(object, &["spec", "replicas"]);
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": { "name": format!("{}-{word}", object.name), "namespace": object.namespace, "labels": at(object, &["metadata", "labels"]) },
        "spec": {
            "replicas": if stated.is_null() { 1.into() } else { stated },
            "template": { "metadata": { "labels": labels }, "spec": spec },
        },
    })
}
