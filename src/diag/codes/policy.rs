//! Codes of the policy area.

super::codes! {
    UNKNOWN_KEY = "unknown-key", Error,
        "A table has a key that lifeboat does not know.",
        "An ignored key is a wish that nobody hears, so lifeboat ignores none. Most are slips of the pen; the message names the nearest key.",
        "Use the key that the message suggests, or one of `docs/policy.md`; an editor with the JSON Schema completes them.";
    WRONG_TYPE = "wrong-type", Error,
        "A value has another TOML type than its key wants.",
        "TOML tells strings, integers, booleans, lists and tables apart, and so does lifeboat: `\"4\"` and `4` are not the same.",
        "Write the type that the message names.";
    UNKNOWN_WORD = "unknown-word", Error,
        "A value is none of the words that its key allows.",
        "Keys with few meanings take one of a few words, spelt exactly.",
        "Use one of the words that the message lists.";
    BAD_VALUE = "bad-value", Error,
        "A value has the right type but cannot be.",
        "Quantities, durations, taints, labels and numbers have a syntax and a range, mostly those of Kubernetes.",
        "Write it in the form that the message shows.";
    BAD_NAME = "bad-name", Error,
        "A name is not one that Kubernetes accepts.",
        "Names of nodes, services, tiers and namespaces end up as names of Kubernetes objects, as file names and as arguments of commands, so they must be RFC 1123 labels (nodes: subdomains).",
        "Use lower-case letters, digits and `-`, with a letter or digit at both ends.";
    UNREADABLE_FILE = "unreadable-file", Error,
        "A policy or a base of it cannot be read.",
        "It is not there, is a folder, is larger than a policy can be (1 MiB), or is not UTF-8. Nothing is written.",
        "Name the right file; `lifeboat init` writes one to start from.";
    MANIFESTS_UNREADABLE = "manifests-unreadable", Error,
        "Manifests that `workloads.from` names cannot be counted.",
        "Their workloads are part of the proof, so what cannot be read, or cannot be made again after a loss (a Pod without a controller), is not left out in silence. Hooks, Jobs and CronJobs end by themselves and are left out; what is of a service of the policy or in kube-system is counted by way of that.",
        "Mend the file, or the glob; paths are relative to the policy file that names them.";
    EMPTY_FILE = "empty-file", Error,
        "A policy says nothing.",
        "An empty file is more often a failed download or a forgotten save than a wish for an empty cluster.",
        "Write the policy, or take the `extends` that names it out.";
    NOT_TOML = "not-toml", Error,
        "A file is not TOML.",
        "Where the text itself cannot be read, the checks of the policy are not run: what follows would be guesses.",
        "Mend the place that the message names.";
    EXTENDS_CYCLE = "extends-cycle", Error,
        "A policy extends itself.",
        "`extends` names the files that a policy builds on; a circle of them has no beginning. The message lists the way round.",
        "Take one `extends` of the circle out.";
    EXTENDS_TOO_LONG = "extends-too-long", Error,
        "Too many files extend each other.",
        "At most 16 files deep and 64 in all, so that no site can make the tool read without end.",
        "Extend fewer files.";
    APPEND_TO_NON_LIST = "append-to-non-list", Error,
        "A key that ends in `+` does not append a list to a list.",
        "`\"values+\" = [...]` adds to what the bases gave. Only lists can be added to.",
        "Leave the `+` out to replace the value.";
    MISSING_KEY = "missing-key", Error,
        "A key without a default is not written.",
        "What is unsafe to guess has no default: roles and capacities, the datastore, versions, namespaces, priorities.",
        "Write the key; the message shows how.";
    UNKNOWN_NAME = "unknown-name", Error,
        "A name stands for nothing.",
        "Tiers, services, components, workloads, nodes and rules are named by the keys of their tables. A base may have taken one out with `enabled = false`.",
        "Use the name that the message suggests, or write the table that it should stand for.";
    DUPLICATE_NAME = "duplicate-name", Error,
        "Two things share one name.",
        "Tiers, services and workloads share one space of names, because expectations name all three; classes, releases and rules each have their own.",
        "Rename one of them.";
    CONTRADICTION = "contradiction", Error,
        "Two lines of the policy cannot both be meant.",
        "One of them would have no effect, or Kubernetes would refuse the object made of both.",
        "Take one of the two lines out.";
    TOO_MANY = "too-many", Error,
        "There is more of something than lifeboat reads.",
        "Limits far above any edge site keep hostile input from taking memory without end.",
        "Split the policy, or correct the number.";
    UNUSED_KEY = "unused-key", Warning,
        "A key has no effect here.",
        "It speaks of something that another line switches off.",
        "Take the line out, or switch on what it speaks of.";
    UNSAFE_PATH = "unsafe-path", Error,
        "A path leads where lifeboat must not write or run.",
        "`build` owns its output folder and removes stale files in it; programs and folders of a server end up in scripts.",
        "Write a path of the form that the message shows.";
    BAD_VERSION = "bad-version", Error,
        "A version is not an exact semantic version.",
        "Which values paths are alive depends on the exact chart version, so a range would make outputs depend on the day.",
        "Write the three parts, such as `10.1.1`.";
    UNKNOWN_KUBERNETES = "unknown-kubernetes", Error,
        "The Kubernetes version is not one that lifeboat models.",
        "Scheduler and node lifecycle differ between minor versions; a proof for another one would be a guess.",
        "Write one of the versions that the message lists, or use a newer lifeboat.";
    LIKE_CYCLE = "like-cycle", Error,
        "A node is like itself.",
        "`like` takes what a node does not say from another one.",
        "Give one of the circle its own role and capacity.";
    NO_SERVER = "no-server", Error,
        "No node is a server.",
        "Without one nothing runs the control plane, and nothing is ever scheduled.",
        "Give one node `role = \"server\"`.";
    NOTHING_ALLOCATABLE = "nothing-allocatable", Error,
        "A node keeps all of its CPU or memory for itself.",
        "Allocatable is the capacity without the reserve and, for memory, the eviction threshold.",
        "Lower the reserve or raise the capacity.";
    UNPROTECTED_SERVER = "unprotected-server", Warning,
        "A K3s server reserves no memory for its control plane.",
        "In K3s the control plane is one host process: no priority class and no taint protects it, only what the kubelet keeps from pods. K3s reserves nothing by itself.",
        "Write `reserve = { cpu = \"500m\", memory = \"1Gi\" }` at the server.";
    SQLITE_SERVERS = "sqlite-servers", Error,
        "SQLite with more than one server.",
        "K3s's SQLite lives on one server; several servers need embedded etcd or an external database.",
        "Write `datastore = \"etcd\"`, or make the others agents.";
    EVEN_SERVERS = "even-servers", Warning,
        "An even number of etcd servers.",
        "etcd needs a majority: four servers survive one loss like three do, and two survive none.",
        "Use an odd number of servers.";
    PRIORITY_OUT_OF_RANGE = "priority-out-of-range", Error,
        "A priority is out of Kubernetes' range.",
        "User classes go from −2147483648 to 1000000000; what is above belongs to the system's own classes.",
        "Write a number in that range.";
    EQUAL_PRIORITIES = "equal-priorities", Error,
        "Two tiers have one priority.",
        "Preemption evicts strictly lower priorities only, so two equal tiers never make room for each other and are one tier in all but name.",
        "Give them different priorities, or make them one tier.";
    RESERVED_CLASS = "reserved-class", Error,
        "A class's name starts with `system-`.",
        "Kubernetes keeps that prefix for its own classes and refuses others.",
        "Choose another name, or adopt an existing class with `existing-class`.";
    AMBIGUOUS_CLASS = "ambiguous-class", Error,
        "A class's name is a number, a boolean or null to some reader of YAML.",
        "YAML 1.1 readers turn `on`, `no`, `10` and `1e3` into other types. lifeboat quotes them, but the next tool that writes the name may not.",
        "Choose a name with letters that is no such word.";
    TWO_DEFAULTS = "two-defaults", Error,
        "Two tiers are the default.",
        "A pod without a tier can be in one only, and Kubernetes accepts one global default class.",
        "Leave one.";
    NO_DEFAULT_TIER = "no-default-tier", Error,
        "No tier is the default.",
        "Pods that the policy does not name must count as somebody's: as the ones that give way.",
        "Write `default = true` in the lowest tier.";
    UNUSED_TIER = "unused-tier", Warning,
        "Nobody is in a tier.",
        "A class is written that no pod has, and claims about the tier claim nothing.",
        "Name it as somebody's tier, or take it out.";
    NO_LIFEBOAT = "no-lifeboat", Error,
        "A tier may board a lifeboat that the policy does not have.",
        "`lifeboat = true` in a tier means a toleration of the lifeboat's taint.",
        "Write a `[lifeboat]` table, or take the line out.";
    UNUSED_LIFEBOAT = "unused-lifeboat", Warning,
        "No tier may board the lifeboat.",
        "Its nodes are tainted and stay empty whatever happens.",
        "Write `lifeboat = true` in the tier that must survive, or take `[lifeboat]` out.";
    LIFEBOAT_ON_ONE_NODE = "lifeboat-on-one-node", Error,
        "A lifeboat on a one-node site.",
        "A lifeboat answers the loss of other nodes. On one node there are none, and its taint would keep the applications from running at all. What works there: tiers with requests, so that the critical ones preempt; a reserve for K3s; an eviction threshold, so that memory pressure follows priorities.",
        "Take `[lifeboat]` and the tiers' `lifeboat = true` out.";
    NOBODY_ASHORE = "nobody-ashore", Error,
        "Every node is tainted.",
        "Ordinary pods would have no node to run on. Three servers without agents are the usual case: taint one of them, or none. With three servers and embedded etcd the loss of one is survivable without a lifeboat, and of two is not survivable with one, because the quorum is gone.",
        "Add agents, or make one server the lifeboat, or take the lifeboat out.";
    WEAK_TAINT = "weak-taint", Error,
        "The lifeboat's taint is only a preference.",
        "A PreferNoSchedule taint keeps nobody off: pods without the toleration fill the lifeboat when the other nodes are full.",
        "Write the effect `NoSchedule`.";
    FIRST_RESORT = "first-resort", Warning,
        "Nothing makes the lifeboat a last resort.",
        "A toleration attracts nobody but forbids nothing. The lifeboat is the emptiest node, so the scheduler prefers it: on a real control plane 2 to 6 of 8 critical pods ran there with all nodes healthy.",
        "Use the levers of `lifeboat.last-resort`.";
    LOCK_PRIORITY = "lock-priority", Error,
        "The lock's priority does not let it do its work.",
        "Boarding must cost an eviction that is dearer than evicting an application and possible for every tier that may board: the lock lies above the applications and below the lifeboat tiers, and these may preempt.",
        "Put the lock between them, or leave `lock.priority` out.";
    LOCK_GRACE = "lock-grace", Warning,
        "The lock ends without a grace period.",
        "With a grace period of 0 two pods that preempt the lock together can hinder each other: one finds it already deleted and sleeps until the next event. Seen in 1 of 7 runs on kube-scheduler 1.34; with 1 s in none of 29.",
        "Write `grace-period = \"1s\"` or more.";
    REQUESTS_UNSTATED = "requests-unstated", Warning,
        "A workload requests nothing.",
        "The scheduler counts requests, not use. A pod without them fits everywhere, preempts nobody, and is the first that the kernel kills.",
        "Write what it really uses.";
    LIMIT_BELOW_REQUEST = "limit-below-request", Error,
        "A limit is below the request.",
        "The API server refuses such a pod.",
        "Raise the limit or lower the request.";
    STORAGE_UNSTATED = "storage-unstated", Error,
        "A StatefulSet does not say where its data live.",
        "Storage decides whether a pod can ever move: on a node's disk it cannot, in the pod it can and loses everything. Neither may be guessed.",
        "Write `storage = \"ephemeral\"`, `\"local\"` or `\"replicated\"`.";
    DATA_UNSTATED = "data-unstated", Error,
        "A StatefulSet loses its data on every move and does not say what that costs.",
        "The runbook repeats the sentence to whoever fences a node at night.",
        "Write it in your own words: `data = \"…\"`.";
    FITS_NO_NODE = "fits-no-node", Warning,
        "A pod is larger than every node.",
        "It stays Pending whatever happens.",
        "Lower the request, or correct the nodes.";
    UNTOLERATED_TAINT = "untolerated-taint", Warning,
        "Nothing in the policy tolerates a node's taint.",
        "The node is empty in every proof. Workloads that do tolerate it are not in the policy.",
        "Write those workloads, or take the taint out.";
    UNMATCHED_SELECTOR = "unmatched-selector", Warning,
        "A node selector matches no node.",
        "The workload stays Pending in every proof.",
        "Write the label at a node, or correct the selector.";
    FENCING_UNSUPPORTED = "fencing-unsupported", Error,
        "Automatic fencing on a distribution that lifeboat cannot automate.",
        "It is a timer on K3s servers which uses the server's own kubectl.",
        "Write `fencing = \"manual\"`.";
    FENCING_TOO_EARLY = "fencing-too-early", Error,
        "Automatic fencing would hit nodes that only restart.",
        "A fence tells Kubernetes that a node is dead. If it is not, two copies of a StatefulSet's pod run.",
        "Wait for 2 minutes or more, or name a program in `confirm` that proves power-off.";
    PHASE_WITHOUT_FENCING = "phase-without-fencing", Warning,
        "A claim speaks of the moment after fencing, but nobody fences.",
        "`recovery.fencing = \"none\"` means that StatefulSets wait for their node.",
        "Write `after = \"eviction\"`, or let somebody fence.";
    BAD_LOSS = "bad-loss", Error,
        "What a scenario loses is not in the cluster or cannot be read.",
        "Losses are phrases such as `each agent`, or names of nodes, with `then` between losses in order.",
        "Write one of the forms that the message lists.";
    ARGOCD_ELSEWHERE = "argocd-elsewhere", Warning,
        "The Applications lie in a namespace in which no Argo CD looks for them.",
        "Argo CD reads Applications in its own namespace and in those that `application.namespaces` names. Elsewhere they are objects that nobody acts on, or the namespace is not there at all.",
        "Leave `argocd.namespace` out, or write the namespace of the policy's argo-cd service.";
    UNKNOWN_CODE = "unknown-code", Error,
        "An allowance names a finding that does not exist.",
        "An allowance that can match nothing is a mistake, not a precaution.",
        "Use the code that stands in brackets in the finding.";
}
