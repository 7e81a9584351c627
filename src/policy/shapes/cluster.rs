//! `[cluster]`, `[nodes.*]` and `[lifeboat]`.

use super::{Cpu, Duration, Labels, Memory, Taint};
use crate::shape::{Field, Name, OneOrMany, choice, table};

choice! {
    /// Who packages Kubernetes.
    pub enum Distribution {
        /// K3s: the control plane is one host process per server.
        K3s = "k3s",
        /// Another distribution: no K3s drop-ins, no packaged pods, no automatic fencing.
        Kubernetes = "kubernetes",
    }
}

choice! {
    /// Where the cluster's state lives. It decides what a quorum is and what a backup is.
    pub enum Datastore {
        /// Embedded etcd on the servers: needs a majority of them, has snapshots.
        Etcd = "etcd",
        /// SQLite on the only server: no quorum, no snapshots of K3s's own.
        Sqlite = "sqlite",
        /// A database outside the cluster.
        External = "external",
    }
}

choice! {
    /// Components that K3s installs by itself.
    pub enum Packaged {
        /// The cluster's DNS.
        Coredns = "coredns",
        /// The service load balancer (`svclb-*` DaemonSets).
        Servicelb = "servicelb",
        /// The ingress controller.
        Traefik = "traefik",
        /// The local-path provisioner.
        LocalStorage = "local-storage",
        /// The metrics server.
        MetricsServer = "metrics-server",
        /// Runtime classes; no pods.
        Runtimes = "runtimes",
    }
}

choice! {
    /// What runs on a node.
    pub enum Role {
        /// Control plane and workloads.
        Server = "server",
        /// Workloads only.
        Agent = "agent",
    }
}

choice! {
    /// What makes the lifeboat a last resort instead of the emptiest node.
    pub enum Lever {
        /// A second taint of the same key, `PreferNoSchedule`, which nobody tolerates.
        TwinTaint = "twin-taint",
        /// A preference of lifeboat pods for nodes that are no lifeboat.
        NodeAffinity = "node-affinity",
        /// A tiny pod on the lifeboat that must be preempted before anyone boards, so that
        /// applications on other nodes are evicted first.
        Lock = "lock",
    }
}

table! {
    /// The cluster as a whole.
    pub struct TomlCluster {
        /// Its name, in outputs and the runbook.
        name: Name { example: "\"edge\"" },
        /// Who packages Kubernetes.
        distribution: Distribution { default: "\"k3s\"" },
        /// The Kubernetes minor version; it selects scheduler and node-lifecycle behaviour.
        kubernetes: String { example: "\"1.34\"" },
        /// Where the cluster's state lives. Has no default: a wrong guess is a wrong backup.
        datastore: Datastore { example: "\"etcd\"" },
        /// The folder that `build` writes, relative to the policy. `{cluster}` in it stands for the cluster's name, so
        /// that a base gives each of its sites a folder of its own.
        output: String { default: "\"golden\"" },
        /// The version of lifeboat that the outputs are made with; another one says so instead of
        /// reporting drift.
        lifeboat_version: String { example: "\"0.1.0\"" },
        /// A folder with further chart catalogue files, relative to this file.
        charts: String { example: "\"charts\"" },
        /// Packaged K3s components that are switched off.
        disable: Vec<Field<Packaged>> { default: "[]", example: "[\"traefik\"]" },
        /// Clocks of node failure. What is not set is Kubernetes' own and is not emitted.
        timings: TomlTimings,
    }
}

table! {
    /// Clocks of node failure.
    pub struct TomlTimings {
        /// How long a node may be silent before it counts as not ready
        /// (`--node-monitor-grace-period`).
        node_monitor_grace_period: Duration { about_default: "Kubernetes' own: 40s, from 1.32 on 50s" },
        /// How long pods without a delay of their own stay bound to a node that is not ready or
        /// unreachable (`--default-unreachable-toleration-seconds` and its twin).
        default_eviction_delay: Duration { default: "\"300s\"" },
    }
}

table! {
    /// CPU, memory and pods of a node.
    pub struct TomlCapacity {
        /// CPU.
        cpu: Cpu { example: "\"4\"" },
        /// Memory.
        memory: Memory { example: "\"7900Mi\"" },
        /// How many pods the kubelet runs.
        pods: u32 { default: "110" },
    }
}

table! {
    /// CPU and memory.
    pub struct TomlResources {
        /// CPU.
        cpu: Cpu { example: "\"500m\"" },
        /// Memory.
        memory: Memory { example: "\"512Mi\"" },
    }
}

table! {
    /// A node. What is allocatable is its capacity without its reserve and eviction threshold.
    pub struct TomlNode: named Subdomain {
        /// Takes everything that is not written here from another node.
        like: String { example: "\"worker-1\"" },
        /// What runs on it.
        role: Role { example: "\"agent\"" },
        /// What the machine has. Has no default.
        capacity: TomlCapacity { example: "{ cpu = \"4\", memory = \"7900Mi\" }" },
        /// What is kept from pods for the host: on a server this is what protects the control plane,
        /// which in K3s is a host process (`--kube-reserved`).
        reserve: TomlResources { about_default: "nothing, with a warning on servers" },
        /// Free memory below which the kubelet evicts pods (`memory.available`). K3s sets none, so that
        /// without it the kernel decides who dies, not priorities.
        eviction_threshold: Memory { default: "\"100Mi\"" },
        /// Further labels.
        labels: Labels { example: "{ \"example.com/disk\" = \"nvme\" }" },
        /// Further taints, in kubectl's syntax. The lifeboat's are not written here.
        taints: Vec<Field<Taint>> { default: "[]", example: "[\"example.com/gpu=true:NoSchedule\"]" },
        /// Its failure zone (`topology.kubernetes.io/zone`).
        zone: String { example: "\"hall-a\"" },
        /// `false` takes a node of a base out.
        enabled: bool { default: "true" },
    }
}

table! {
    /// The nodes that critical pods may board when no other node is left.
    pub struct TomlLifeboat {
        /// Which nodes: `server` for all servers, or names.
        nodes: OneOrMany<String> { default: "\"server\"" },
        /// The taint that keeps everybody else off.
        taint: Taint { default: "\"CriticalAddonsOnly=true:NoSchedule\"" },
        /// What makes it a last resort. Without a lever, pods that may board prefer the lifeboat,
        /// because it is the emptiest node.
        last_resort: Vec<Field<Lever>> { default: "[\"twin-taint\", \"node-affinity\", \"lock\"]" },
        /// The lock.
        lock: TomlLock,
        /// `false` takes the lifeboat of a base out.
        enabled: bool { default: "true" },
    }
}

table! {
    /// The pod that holds the lifeboat closed until it is preempted.
    pub struct TomlLock {
        /// Name of its Deployment and of its priority class.
        name: Name { default: "\"lifeboat-lock\"" },
        /// Its namespace.
        namespace: Name { default: "\"lifeboat\"" },
        /// Its priority: above every tier that may be evicted for a lifeboat pod, below all others.
        priority: i64 { about_default: "1000 above the default tier, or half way to the next tier where that is nearer", example: "1000" },
        /// Its image. It only sleeps.
        image: String { default: "\"registry.k8s.io/pause:3.10\"" },
        /// Its requests.
        requests: TomlResources { default: "{ cpu = \"1m\", memory = \"4Mi\" }" },
        /// How long it takes to end. 0 opens a race in which a waiting pod is not woken.
        grace_period: Duration { default: "\"1s\"" },
    }
}
