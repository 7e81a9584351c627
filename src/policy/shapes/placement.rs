//! `[apart.*]`, `[together.*]`, `[spread.*]` and `[allow.*]`.

use crate::shape::{Field, Text, table};

table! {
    /// Pods that keep to different nodes.
    pub struct TomlApart: named Label {
        /// Who: `service/component`, a service's main component, a workload, or `tier:NAME`. With one
        /// entry, its own pods keep apart from each other. DaemonSets, which are on every node, are left out.
        pods: Vec<Field<String>> { example: "[\"prometheus/prometheus\", \"loki/single-binary\"]" },
        /// Whether they never share a node. A required rule leaves pods Pending where nodes are few.
        required: bool { default: "false" },
        /// How much the preference weighs, 1 to 100.
        weight: i64 { default: "100", min: "1", max: "100" },
        /// The node label whose values tell places apart.
        across: String { default: "\"kubernetes.io/hostname\"" },
        /// `false` takes a rule of a base out.
        enabled: bool { default: "true" },
    }
}

table! {
    /// Pods that keep to one node.
    pub struct TomlTogether: named Label {
        /// Who follows, and last whom.
        pods: Vec<Field<String>> { example: "[\"shop\", \"shop-cache\"]" },
        /// Whether they never part. A required rule leaves pods Pending while the other is down.
        required: bool { default: "false" },
        /// How much the preference weighs, 1 to 100.
        weight: i64 { default: "100", min: "1", max: "100" },
        /// The node label whose values tell places apart.
        across: String { default: "\"kubernetes.io/hostname\"" },
        /// `false` takes a rule of a base out.
        enabled: bool { default: "true" },
    }
}

table! {
    /// Pods that spread evenly over the nodes (a topology spread constraint on each).
    pub struct TomlSpread: named Label {
        /// Who, counted together.
        pods: Vec<Field<String>> { example: "[\"tier:application\"]" },
        /// Whether a pod that would lean the balance stays Pending (`DoNotSchedule`).
        required: bool { default: "false" },
        /// How far places may differ.
        max_skew: u32 { default: "1", min: "1" },
        /// How many places there must be; only of a required rule.
        min_domains: u32 { min: "1", example: "2" },
        /// The node label whose values tell places apart.
        across: String { default: "\"kubernetes.io/hostname\"" },
        /// `false` takes a rule of a base out.
        enabled: bool { default: "true" },
    }
}

table! {
    /// A finding that is accepted for one target.
    pub struct TomlAllow: named Label {
        /// The finding's code.
        code: String { example: "\"passenger\"" },
        /// What it was found on: a service, component, workload, node, scenario, or an object as
        /// `Kind/namespace/name`.
        target: String { example: "\"prometheus/node-exporter\"" },
        /// Why it is accepted.
        reason: Text { example: "\"node metrics of the server are wanted\"" },
        /// `false` takes an allowance of a base out.
        enabled: bool { default: "true" },
    }
}
