//! The containers that prometheus-operator adds to the pods of its resources, and that no render shows. What
//! they request is an argument of the operator.
//!
//! Source: prometheus-operator v0.93 `pkg/operator/config_reloader.go`, `cmd/operator/main.go`.

use serde_json::{Map, Value, json};

use super::Object;

/// The container that tells a Prometheus or an Alertmanager of a new configuration.
pub const RELOADER: &str = "config-reloader";
/// The same before the first start.
const INIT_RELOADER: &str = "init-config-reloader";

/// What an operator makes its reloaders request.
#[derive(Clone, Debug, PartialEq)]
pub struct Reloader {
    /// As the `resources` of a container.
    pub resources: Value,
    /// Path of the container within the operator's object.
    pub path: Vec<String>,
}

impl Reloader {
    /// What an operator's Deployment says; `None` for any other object.
    #[must_use]
    pub fn of(object: &Object) -> Option<Self> {
        let mut path: Vec<String> = super::pod_spec_path(object).into_iter().map(str::to_owned).collect();
        path.push("containers".to_owned());
        let containers = object.tree.find(&path)?.items().iter().enumerate();
        for (n, container) in containers {
            let args = container.get("args").map_or(&[][..], |args| args.items());
            let mut resources = Map::new();
            let mut says = false;
            for arg in args.iter().filter_map(|arg| arg.as_str()) {
                let Some((flag, value)) =
                    arg.strip_prefix("--config-reloader-").and_then(|f| f.split_once('='))
                else {
                    continue;
                };
                let Some((resource, list)) = flag.rsplit_once('-') else { continue };
                says = true;
                // 0 leaves it out.
                if value != "0" && !value.is_empty() {
                    resources.entry(format!("{list}s")).or_insert_with(|| json!({}))[resource] = value.into();
                }
            }
            if says {
                path.extend([n.to_string(), "args".to_owned()]);
                return Some(Self { resources: resources.into(), path });
            }
        }
        None
    }

    /// Adds the reloaders to a native workload that was made of a resource of that kind.
    pub fn add(&self, kind: &str, native: &mut Value) {
        let init = match kind {
            "Prometheus" | "PrometheusAgent" | "Alertmanager" => true,
            "ThanosRuler" => false,
            _ => return,
        };
        let Some(Value::Object(spec)) = native.pointer_mut("/spec/template/spec") else { return };
        let lists = [("containers", RELOADER, true), ("initContainers", INIT_RELOADER, init)];
        for (list, name, there) in lists {
            let Some(containers) = spec.entry(list).or_insert_with(|| json!([])).as_array_mut() else {
                continue;
            };
            if there && !containers.iter().any(|container| container["name"] == name) {
                containers.push(json!({ "name": name, "resources": self.resources }));
            }
        }
    }
}
