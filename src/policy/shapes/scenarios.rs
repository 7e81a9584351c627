//! `[scenarios.*]`, `[recovery]`, `[budget]` and `[argocd]`.

use super::{Auto, Cpu, Duration, Memory, TomlWho};
use crate::shape::{Field, Name, OneOrMany, choice, table};

choice! {
    /// The moment that a claim speaks of.
    pub enum Phase {
        /// Every eviction that happens by itself is over and its pods are placed; no node was fenced.
        Eviction = "eviction",
        /// Every lost node was fenced and its pods are placed.
        Fencing = "fencing",
        /// The lost nodes are back.
        Return = "return",
    }
}

choice! {
    /// Planned work, with or without a loss before it.
    pub enum EventKind {
        /// The nodes are drained one after the other.
        Drain = "drain",
        /// The nodes restart one after the other, each for the given time.
        Reboot = "reboot",
        /// The nodes are drained, restarted and uncordoned, one after the other.
        Upgrade = "upgrade",
        /// All nodes are off and come back one after the other.
        ColdStart = "cold-start",
        /// The pods are replaced, a rolling update each.
        RollingUpdate = "rolling-update",
    }
}

table! {
    /// A claim: what is lost or done, and what is then true.
    pub struct TomlScenario: named Label {
        /// What is lost: `none`, `all`, `server` (the only one), `all servers`, `all agents`,
        /// `each server`, `each agent`, `each node`, `each pair of agents`, `each pair of nodes`, names as
        /// `worker-1, worker-2` (at once) or `worker-1 then worker-2` (in that order), or a list of such
        /// choices. `each` claims it of every choice.
        lose: OneOrMany<String> { example: "\"each agent\"", about_default: "none, of planned work" },
        /// Planned work that the claim is about, after what is lost.
        event: TomlEvent,
        /// The moment that the claim speaks of.
        after: Phase { about_default: "`fencing`, or `eviction` where `recovery.fencing` is `none`" },
        /// A deadline, counted from the first loss.
        within: Duration { example: "\"6m\"" },
        /// What is then true.
        expect: TomlExpect,
        /// `false` takes a scenario of a base out.
        enabled: bool { default: "true" },
    }
}

table! {
    /// Planned work.
    pub struct TomlEvent {
        /// What is done.
        kind: EventKind { example: "\"reboot\"" },
        /// The nodes that it is done to, as in `lose`; of a cold start, the order of arrival.
        nodes: OneOrMany<String> { about_default: "`each node`; of a cold start, the order of the policy" },
        /// The pods of a rolling update.
        pods: Vec<Field<String>>,
        /// How long a node is away.
        lasts: Duration { default: "\"120s\"" },
    }
}

table! {
    /// What is true then. Who: tiers, services, `service/component`, workloads, `tier:NAME`, `all` or `none`.
    pub struct TomlExpect {
        /// They run, wherever.
        running: TomlWho { example: "[\"critical\", \"important\"]" },
        /// Exactly these run on a lifeboat, DaemonSets and packaged pods aside.
        lifeboat: TomlWho { example: "\"none\"" },
        /// They wait for a node.
        pending: TomlWho,
        /// They hang on a lost node until it is back or fenced.
        stuck: TomlWho,
        /// Nothing is scheduled any more; what runs on living nodes goes on.
        frozen: TomlWho { example: "\"all\"" },
        /// They are evicted to make room.
        evicted: TomlWho,
        /// They are not running.
        down: TomlWho { example: "\"all\"" },
        /// These `apart` rules hold, preferred ones included.
        apart: TomlWho { example: "[\"metrics-logs\"]" },
    }
}

choice! {
    /// Who says that a dead node is dead, so that its StatefulSets may start elsewhere.
    pub enum Fencing {
        /// A person, with `cluster/recovery/fence.sh`.
        Manual = "manual",
        /// A timer on the server, under the conditions below.
        Automatic = "automatic",
        /// Nobody: StatefulSets wait for their node.
        None = "none",
    }
}

table! {
    /// What is done about a node that is gone, and how to come back.
    pub struct TomlRecovery {
        /// Who fences.
        fencing: Fencing { default: "\"manual\"" },
        /// How long a node must be not ready before it is fenced. Below 2m only with `confirm`.
        after: Duration { default: "\"5m\"" },
        /// Most dead nodes at which anything is fenced automatically; with more, a person decides.
        max_nodes: u32 { default: "1" },
        /// What the server must still reach, because an isolated server looks like a cluster of dead
        /// agents.
        witness: String { default: "\"gateway\"", example: "\"192.0.2.1\"" },
        /// A program on the server that proves that the node has no power: called with the node's name, exit 0
        /// means dead.
        confirm: String { example: "\"/usr/local/bin/power-is-off\"" },
        /// How old the newest backup may be; checked by `cluster/recovery/check-backup.sh`.
        backup_younger_than: Duration { example: "\"24h\"" },
        /// Snapshots of the datastore.
        snapshots: TomlSnapshots,
        /// Whether the scripts that bring back green after the return of nodes are written.
        rebalance: bool { default: "true" },
    }
}

table! {
    /// Snapshots of the datastore.
    pub struct TomlSnapshots {
        /// When, as a cron line.
        schedule: String { default: "\"0 */6 * * *\"" },
        /// How many are kept.
        retention: u32 { default: "5", min: "1" },
        /// Where they are kept on the server.
        folder: String { about_default: "K3s's own", example: "\"/mnt/usb/snapshots\"" },
    }
}

table! {
    /// A limit on the workloads of the default tier.
    pub struct TomlBudget {
        /// CPU that they may request together.
        cpu: Auto<Cpu> { default: "\"auto\"" },
        /// Memory that they may request together.
        memory: Auto<Memory> { default: "\"auto\"" },
        /// The namespaces that share it.
        namespaces: Vec<Field<Name>> { example: "[\"apps\"]" },
        /// Whether ResourceQuotas are written that enforce it.
        enforce: bool { default: "false" },
    }
}

choice! {
    /// Whether Argo CD applies changes by itself.
    pub enum Sync {
        /// A person syncs.
        Manual = "manual",
        /// Argo CD syncs.
        Automated = "automated",
    }
}

choice! {
    /// How the priority classes, the lock and the application budget, which must be there before the services, get to
    /// the cluster.
    pub enum ClassDelivery {
        /// As K3s add-on files on every server.
        Addon = "addon",
        /// As an Application of their own.
        Application = "application",
    }
}

choice! {
    /// What is written for Argo CD.
    pub enum ArgoCdForm {
        /// One Application per service.
        Applications = "applications",
        /// One ApplicationSet over the sites of a fleet.
        ApplicationSet = "application-set",
    }
}

table! {
    /// How Argo CD gets the outputs. Without a repository nothing is written for it.
    pub struct TomlArgoCd {
        /// The Git repository that the outputs are committed to.
        repository: String { example: "\"https://git.example.com/edge/cluster.git\"" },
        /// Its branch, tag or commit.
        revision: String { default: "\"main\"" },
        /// The folder of the policy in the repository.
        path: String { default: "\"\"" , example: "\"sites/plant-7\"" },
        /// The AppProject.
        project: Name { default: "\"default\"" },
        /// The namespace in which the Applications live: that of the policy's own argo-cd service if it deploys to its
        /// own cluster, else `argocd`.
        namespace: Name { default: "\"argocd\"" },
        /// The cluster that they are deployed to: an API server's URL or a cluster's name.
        destination: String { default: "\"https://kubernetes.default.svc\"" },
        /// Whether Argo CD applies changes by itself.
        sync: Sync { default: "\"manual\"" },
        /// Whether an automated sync deletes what Git no longer has.
        prune: bool { default: "false" },
        /// Whether an automated sync reverts changes made in the cluster.
        self_heal: bool { default: "false" },
        /// How the priority classes, the lock and the application budget get to the cluster.
        priority_classes: ClassDelivery { default: "\"addon\"" },
        /// What is written.
        form: ArgoCdForm { default: "\"applications\"" },
        /// The folder, relative to the policy, in which a build of the whole fleet writes its ApplicationSets. Belongs
        /// to `form = "application-set"`; without it each site writes a set of its own.
        fleet: String { example: "\"../fleet\"" },
    }
}
