//! Which kinds matter, by API group and kind. Everything else is skipped and counted.

/// What an object is to lifeboat.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// It makes pods, or is one.
    Carrier,
    /// A custom resource whose operator makes pods of it.
    OperatorCarrier,
    /// It decides where pods run, or is compared with the policy: nodes, classes, budgets, storage.
    Cluster,
    /// An Argo CD Application, or an ApplicationSet that makes some.
    Application,
    /// A list of objects.
    List,
}

/// The role of a kind; `None` if it decides nothing here.
#[must_use]
pub fn role(api_version: &str, kind: &str) -> Option<Role> {
    let group = api_version.rsplit_once('/').map_or("", |(group, _)| group);
    match (group, kind) {
        ("", "List") => Some(Role::List),
        ("" | "apps" | "batch" | "policy" | "scheduling.k8s.io" | "storage.k8s.io", list)
            if list.ends_with("List") && list.len() > 4 =>
        {
            Some(Role::List)
        }
        ("monitoring.coreos.com" | "monitoring.grafana.com" | "argoproj.io", list)
            if list.ends_with("List") =>
        {
            Some(Role::List)
        }
        // `extensions` held the workloads until Kubernetes 1.16; old charts still render it.
        ("apps" | "extensions", "Deployment" | "DaemonSet" | "ReplicaSet" | "StatefulSet")
        | ("batch", "Job" | "CronJob")
        | ("", "Pod" | "ReplicationController") => Some(Role::Carrier),
        ("monitoring.coreos.com", "Prometheus" | "PrometheusAgent" | "Alertmanager" | "ThanosRuler")
        | ("argoproj.io", "EventBus" | "Sensor" | "EventSource")
        | ("monitoring.grafana.com", "GrafanaAgent") => Some(Role::OperatorCarrier),
        (
            "",
            "Node" | "Namespace" | "Service" | "PersistentVolume" | "PersistentVolumeClaim" | "ResourceQuota",
        )
        | ("scheduling.k8s.io", "PriorityClass")
        | ("policy", "PodDisruptionBudget")
        | ("storage.k8s.io", "StorageClass") => Some(Role::Cluster),
        ("argoproj.io", "Application" | "ApplicationSet") => Some(Role::Application),
        _ => None,
    }
}

/// Kinds whose payload is nobody's business.
pub(super) fn is_confidential(kind: &str) -> bool {
    matches!(kind, "Secret" | "ConfigMap" | "SealedSecret" | "ExternalSecret")
}
