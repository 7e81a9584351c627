//! What few clusters have, and what bounds may therefore forget: one oddity of where pods may stand, one of how they live.

use serde_json::{Value, json};

use super::soundness::Numbers;

const PREFERRED: &str = "preferredDuringSchedulingIgnoredDuringExecution";
const REQUIRED: &str = "requiredDuringSchedulingIgnoredDuringExecution";

fn nodes(documents: &[Value]) -> Vec<usize> {
    (0..documents.len()).filter(|&i| documents[i]["kind"] == "Node").collect()
}

fn workloads(documents: &[Value]) -> Vec<usize> {
    (0..documents.len()).filter(|&i| documents[i]["spec"]["template"].is_object()).collect()
}

/// A cordoned node and a pod that does not mind, a host port that a sidecar wants too, requests of
/// a whole pod, two nodes with one host name, terms over zones, a spread that counts others.
pub(super) fn placed(n: &mut Numbers, documents: &mut [Value]) {
    let (nodes, workloads) = (nodes(documents), workloads(documents));
    let node = nodes[n.below(nodes.len())];
    let (one, other) = (workloads[n.below(workloads.len())], workloads[n.below(workloads.len())]);
    let apps = json!([format!("w{}", n.below(4)), format!("w{}", n.below(4))]);
    let selector = json!({"matchExpressions": [{"key": "app", "operator": "In", "values": apps}]});
    let zone = "topology.kubernetes.io/zone";
    match n.below(6) {
        0 => {
            documents[node]["spec"]["unschedulable"] = true.into();
            let spec = &mut documents[one]["spec"]["template"]["spec"];
            spec["tolerations"] = json!([{"operator": "Exists"}]);
        }
        1 => {
            let port = json!([{"containerPort": 80, "hostPort": 80}]);
            documents[one]["spec"]["template"]["spec"]["containers"][0]["ports"] = port.clone();
            documents[other]["spec"]["template"]["spec"]["initContainers"] =
                json!([{"name": "s", "image": "i", "restartPolicy": "Always", "ports": port}]);
        }
        2 => {
            let requests = json!({"cpu": format!("{}m", 200 * n.below(8)), "memory": "300Mi"});
            documents[one]["spec"]["template"]["spec"]["resources"] = json!({"requests": requests});
        }
        3 => {
            let term = json!({"topologyKey": zone, "labelSelector": selector});
            let side = ["podAntiAffinity", "podAffinity"][n.below(2)];
            documents[one]["spec"]["template"]["spec"]["affinity"][side] = if n.chance(60) {
                json!({REQUIRED: [term]})
            } else {
                json!({PREFERRED: [{"weight": 100, "podAffinityTerm": term}]})
            };
            for &i in &nodes {
                documents[i]["metadata"]["labels"][zone] = ["east", "west"][n.below(2)].into();
            }
        }
        4 => {
            let key = ["kubernetes.io/hostname", zone][n.below(2)];
            documents[one]["spec"]["template"]["spec"]["topologySpreadConstraints"] = json!([{"maxSkew": 1, "topologyKey": key, "whenUnsatisfiable": "DoNotSchedule", "labelSelector": selector}]);
            documents[node]["metadata"]["labels"][zone] = "east".into();
        }
        _ => {
            let same = ["master", "nowhere"][n.below(2)];
            documents[node]["metadata"]["labels"]["kubernetes.io/hostname"] = same.into();
        }
    }
}

/// Grace periods and patience, strategies, volumes, resources and images that not every node has, zones of failure.
pub(super) fn lived(n: &mut Numbers, documents: &mut Vec<Value>) {
    let (nodes, workloads) = (nodes(documents), workloads(documents));
    let node = nodes[n.below(nodes.len())];
    let (one, other) = (workloads[n.below(workloads.len())], workloads[n.below(workloads.len())]);
    let kind = documents[one]["kind"].as_str().unwrap_or_default().to_owned();
    let number = n.below(3);
    match n.below(9) {
        0 => {
            let grace = [0, 5, 600][number];
            documents[one]["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] = grace.into();
        }
        1 => {
            let mut patience = json!({"key": "node.kubernetes.io/unreachable", "operator": "Exists"});
            match number {
                0 => {}
                1 => patience["effect"] = "NoExecute".into(),
                _ => {
                    patience["effect"] = "NoExecute".into();
                    patience["tolerationSeconds"] = [0, 20, 900][n.below(3)].into();
                }
            }
            tolerate(&mut documents[one], patience);
        }
        2 => match kind.as_str() {
            "Deployment" if number == 0 => documents[one]["spec"]["strategy"] = json!({"type": "Recreate"}),
            "Deployment" => {
                documents[one]["spec"]["strategy"] =
                    json!({"rollingUpdate": {"maxSurge": 0, "maxUnavailable": 1}});
            }
            "StatefulSet" => documents[one]["spec"]["podManagementPolicy"] = "Parallel".into(),
            _ => {}
        },
        3 => claims(n, documents, one),
        4 => {
            let (name, amount) = [("example.com/gpu", "1"), ("ephemeral-storage", "1Gi")][n.below(2)];
            let all = n.chance(50);
            for &i in nodes.iter().filter(|&&i| all || i == node) {
                documents[i]["status"]["allocatable"][name] = amount.into();
            }
            for i in [one, other] {
                documents[i]["spec"]["template"]["spec"]["containers"][0]["resources"]["requests"][name] =
                    amount.into();
            }
        }
        5 => {
            let size = [30_000_000_u64, 400_000_000, 4_000_000_000][number];
            documents[node]["status"]["images"] =
                json!([{"names": ["docker.io/library/i:latest"], "sizeBytes": size}]);
        }
        6 => {
            for &i in &nodes {
                documents[i]["metadata"]["labels"]["topology.kubernetes.io/zone"] =
                    ["east", "west"][n.below(2)].into();
            }
            if number == 0 {
                documents[node]["metadata"]["labels"]["node.kubernetes.io/exclude-disruption"] =
                    "true".into();
            }
        }
        7 => tolerate(
            &mut documents[one],
            json!({"key": "node.kubernetes.io/out-of-service", "operator": "Exists", "effect": "NoExecute"}),
        ),
        _ => {
            for i in [one, other] {
                documents[i]["metadata"]["namespace"] = "b".into();
            }
        }
    }
}

fn tolerate(workload: &mut Value, toleration: Value) {
    let list = &mut workload["spec"]["template"]["spec"]["tolerations"];
    match list {
        Value::Array(list) => list.push(toleration),
        other => *other = json!([toleration]),
    }
}

/// A network volume for a StatefulSet, made at once or for its pod; for others a claim that one pod has at a time.
fn claims(n: &mut Numbers, documents: &mut Vec<Value>, one: usize) {
    let mode = ["Immediate", "WaitForFirstConsumer"][n.below(2)];
    documents.push(
        json!({"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "metadata": {"name": "network"},
        "provisioner": "example.com/disks", "volumeBindingMode": mode}),
    );
    let access = ["ReadWriteOnce", "ReadWriteOncePod"][n.below(2)];
    let spec = json!({"storageClassName": "network", "accessModes": [access], "resources": {"requests": {"storage": "1Gi"}}});
    if documents[one]["kind"] == "StatefulSet" {
        documents[one]["spec"]["volumeClaimTemplates"] =
            json!([{"metadata": {"name": "data"}, "spec": spec}]);
    } else if documents[one]["kind"] == "Deployment" {
        let namespace = documents[one]["metadata"]["namespace"].clone();
        documents.push(json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim",
            "metadata": {"name": "shared", "namespace": namespace}, "spec": spec}));
        documents[one]["spec"]["template"]["spec"]["volumes"] =
            json!([{"name": "data", "persistentVolumeClaim": {"claimName": "shared"}}]);
    }
}
