//! Codes of the verify area: what rendered manifests and live objects do, held against the plan.

super::codes! {
    TOLERATION_MISSING = "toleration-missing", Error,
        "A pod of a lifeboat tier does not tolerate the lifeboat's taint.",
        "Without the toleration the pod can never board, so that it is pending when all other nodes are lost. Most often a values file never reached the pod: Helm ignores keys that a chart does not know, in silence.",
        "Build the overlay again and pass it as the last values file; `lifeboat explain` says which values path reaches the pod.";
    TOLERATION_WRONG = "toleration-wrong", Error,
        "A pod of a lifeboat tier tolerates something else than the lifeboat's taint, or more than it.",
        "A toleration fits if key, value and effect fit. One without an effect fits every effect: it also tolerates the `PreferNoSchedule` twin and so undoes the last resort.",
        "Write key, operator and effect exactly as the overlay does.";
    TOLERATION_UNEXPECTED = "toleration-unexpected", Error,
        "A pod outside the lifeboat tiers tolerates the lifeboat's taint.",
        "Only lifeboat tiers may board. Whoever else tolerates the taint takes the room that they need, most of all pods with a blanket `operator: Exists`.",
        "Take the toleration out of the values, put the workload into a lifeboat tier, or accept it with `[allow.*]` and a reason.";
    PASSENGER = "passenger", Note,
        "A pod boards the lifeboat that nobody decided about.",
        "K3s's packaged pods and a chart's own DaemonSets tolerate the taint by default. They are listed because their requests are subtracted from the lifeboat's room.",
        "Nothing, unless the lifeboat gets too small; K3s components can be disabled in the policy.";
    CLASS_MISSING = "class-missing", Error,
        "A pod names no priority class.",
        "Without a class the pod has the cluster's default priority: it evicts nobody and is evicted by everybody above. Some carriers are reached by no value of their chart; the finding then says so.",
        "Pass the overlay as the last values file; where no value reaches the pod, use the patch that the build writes.";
    CLASS_WRONG = "class-wrong", Error,
        "A pod names another priority class than the plan.",
        "Which value wins when a chart has several (`global.priorityClassName` and the component's own) differs from one major version to the next.",
        "Take the other class out of the team's values; the overlay must be the last file.";
    CLASS_UNKNOWN = "class-unknown", Error,
        "A pod names a priority class that does not exist.",
        "The API server refuses to create such pods, so that their controller shows none at all, not even pending ones.",
        "Deliver the class before its users (`cluster/priority-classes.yaml`), or name one that exists.";
    CLASS_ORDER = "class-order", Error,
        "The cluster's classes put the tiers into another order than the policy.",
        "Who is evicted for whom follows the values of the classes in the cluster, whatever the policy says.",
        "Make the values of policy and cluster equal.";
    CLASS_VALUE_CHANGED = "class-value-changed", Error,
        "A priority class in the cluster differs from the plan in something that cannot be changed.",
        "`value` and `preemptionPolicy` of a class are immutable. An apply of the planned class would be refused, and pods keep the priority that they were admitted with.",
        "Take the cluster's value into the policy, or delete and create the class and restart its pods.";
    AFFINITY_SURVIVES = "affinity-survives", Error,
        "A pod has an affinity term that the plan does not have.",
        "Helm merges maps, so that a chart's default term stays beside the planned one unless a null erases it. A surviving *required* anti-affinity leaves pods pending when nodes are lost.",
        "Pass the overlay as the last values file with `-f`: nulls in a parent chart's own values are not always honoured.";
    AFFINITY_MISSING = "affinity-missing", Error,
        "A pod lacks an affinity term that the plan has.",
        "What keeps pods apart, or off the locked lifeboat, is only as real as the rendered term.",
        "Pass the overlay as the last values file, and look for a duplicate key that replaces the term.";
    FIELD_DIFFERS = "field-differs", Error,
        "Something that decides where pods run differs from the plan's.",
        "The proof rests on how many pods there are and where they may stand: replicas, node selector, spread, host ports, tolerations of the nodes' taints, and who places them.",
        "Pass the overlay as the last values file, or take the real value into the policy.";
    ANTI_AFFINITY_UNSATISFIABLE = "anti-affinity-unsatisfiable", Error,
        "Required anti-affinity cannot be met by the nodes that there are.",
        "Each pod needs a node of its own. Pods beyond that number stay pending; a Deployment whose update starts a pod before it stops one needs one node more.",
        "Prefer the anti-affinity, run fewer replicas, or let the update stop a pod first.";
    SELECTOR_MATCHES_NOTHING = "selector-matches-nothing", Warning,
        "An affinity term matches no pod.",
        "A term without `namespaces` sees its pod's own namespace only. A selector that matches nothing is a rule that does nothing.",
        "Name the namespaces, and select by labels that the pods have.";
    SELECTOR_MATCHES_DAEMONSET = "selector-matches-daemonset", Error,
        "An anti-affinity term matches the pods of a DaemonSet.",
        "A DaemonSet stands on every node, so the term drives the pod off all of them, most of all off the workers. Loki's `app.kubernetes.io/name: loki` matches its canary too.",
        "Select by the component's own label.";
    AWAY_PREFERENCE_MISSING = "away-preference-missing", Error,
        "A pod that may board does not prefer other nodes.",
        "A toleration carries no reluctance: to the scheduler an empty lifeboat is the best node of all.",
        "Pass the overlay as the last values file.";
    REQUESTS_MISSING = "requests-missing", Error,
        "A container requests no CPU or no memory.",
        "Preemption frees requests, and a pod without any never lacks room, so it evicts nobody. Under memory pressure the kernel kills it first.",
        "State requests in the policy.";
    REQUESTS_DIFFER = "requests-differ", Error,
        "A container's requests differ from the plan's.",
        "The proof rests on the plan's figures. With others it says nothing about this cluster.",
        "Take the real figure into the policy, or remove the value that overrides the overlay.";
    EVICTION_DELAY = "eviction-delay", Error,
        "A pod stays on a lost node for another time than planned.",
        "`tolerationSeconds` of `not-ready` and `unreachable` decide when a pod is evicted; without them it is 300 seconds. A toleration without seconds stays for ever.",
        "Pass the overlay as the last values file.";
    STORAGE_PINS = "storage-pins", Error,
        "A volume pins a pod that should be able to move.",
        "A local volume lives on one node. When that node is lost, the pod is pending until the node is back, whatever its priority and tolerations.",
        "Switch the chart's persistence off, or use a storage class that every node can reach, and say so in the policy.";
    STATEFUL_SET_HANGS = "stateful-set-hangs", Warning,
        "A StatefulSet's pod waits on a dead node.",
        "A StatefulSet runs at most one pod of a name. As long as the API server cannot know that the old one is dead, it makes no new one: not after the eviction either.",
        "Fence the dead node (`cluster/recovery/fence.sh`), or let the policy do it.";
    PDB_BLOCKS_DRAIN = "pdb-blocks-drain", Warning,
        "A disruption budget lets no pod go.",
        "`kubectl drain` and K3s upgrades ask the budget before each eviction, and wait as long as it says no.",
        "Allow one pod to be away, or run more replicas.";
    DUPLICATE_KEY = "duplicate-key", Error,
        "An object has a key twice.",
        "Helm and kubectl keep the last one without a word; stricter readers refuse the object. kube-prometheus-stack writes its own `podAntiAffinity` after the user's this way.",
        "Switch the chart's own block off (`podAntiAffinity: \"\"`), or take one of the keys out.";
    WRONG_API_TYPE = "wrong-api-type", Error,
        "A value has a type that the API refuses.",
        "Charts pass values through unchecked: `value: true` renders as a boolean where the API wants a text, and the whole object is refused.",
        "Quote the value in the values file.";
    COMPONENT_NOT_RENDERED = "component-not-rendered", Error,
        "A planned component of a service is not among what was rendered.",
        "The plan counts on it: the proof has pods that do not exist. Values switch it off, or the chart's version renamed it.",
        "Enable it in the values, or say `enabled = false` in the policy.";
    SERVICE_ELSEWHERE = "service-elsewhere", Error,
        "What looks like a service of the policy has another namespace or another release name.",
        "Objects are held against the plan by namespace and name. A render without `--namespace`, or under another release name, is a service that the policy does not know: nothing of it would be checked.",
        "Render it with the policy's release name and namespace, or correct the policy.";
    COMPONENT_UNWANTED = "component-unwanted", Error,
        "A component is rendered that the plan has switched off.",
        "It takes room that the proof does not count, and no class or toleration was planned for it.",
        "Pass the overlay as the last values file, or enable the component in the policy.";
    CARRIER_UNKNOWN = "carrier-unknown", Warning,
        "A service renders a workload that the catalogue does not know.",
        "No tier, class or request is planned for it, so it runs with the chart's defaults, and the proof does not count it.",
        "Probe the chart (`lifeboat charts probe`), or accept the workload with `[allow.*]`.";
    OBJECT_TWICE = "object-twice", Warning,
        "The input has one object twice.",
        "Whichever is applied last wins. Two renders of one chart, or two charts that own the same object, are usually a mistake.",
        "Leave one of them out.";
    NODE_UNKNOWN = "node-unknown", Error,
        "The cluster has a node that the policy does not know.",
        "Pods run on it, and evictions are counted with it. Nothing about it was proved.",
        "Add it under `[nodes]`.";
    NODE_MISSING = "node-missing", Error,
        "The policy has a node that the cluster does not have.",
        "The proof counts on its room.",
        "Join the node, or take it out of the policy.";
    NODE_ALLOCATABLE = "node-allocatable", Error,
        "A node has less room for pods than the proof rests on.",
        "Allocatable is capacity less the reserves and the eviction threshold that the kubelet really runs with.",
        "Correct `capacity` and `reserve` in the policy, or the node's configuration.";
    NODE_UNREADY = "node-unready", Warning,
        "A node takes no pods at the moment.",
        "The proof starts from nodes that are ready and not cordoned. On a cluster in which one is not, a node less has to be lost for the same end.",
        "Uncordon or mend the node, and verify again.";
    NODE_TAINT = "node-taint", Error,
        "A node's taints differ from the policy's.",
        "The lifeboat is what its taints make it. Taints in K3s's configuration work at registration only.",
        "Run `cluster/taints.sh apply`; `status` shows the difference.";
    NODE_ROLE = "node-role", Error,
        "A node's role differs from the policy's.",
        "Servers run the control plane and the datastore: their loss means something else than an agent's.",
        "Correct `role` in the policy.";
    NODE_LABEL = "node-label", Error,
        "A node's labels differ from the policy's where that matters.",
        "Zones decide how Kubernetes counts lost nodes, and `exclude-disruption` takes a node out of the count; either can stop all evictions.",
        "Set the label, or state it in the policy.";
    NODE_VERSION = "node-version", Error,
        "The cluster runs another minor version than the policy says.",
        "Scheduler and node lifecycle differ between minors, and the proof follows the one in the policy.",
        "Correct `kubernetes` in the policy and prove again.";
    APPLICATION_OVERRIDES = "application-overrides", Error,
        "An Argo CD Application has inline values that can beat the overlay.",
        "Argo CD's precedence is parameters, then `valuesObject`, then `values`, then `valueFiles`. Whatever stands inline wins over every file, the overlay included; and a null in `valuesObject` is lost.",
        "Move the values into a file that comes before the overlay in `valueFiles`.";
    APPLICATION_DIFFERS = "application-differs", Error,
        "An Argo CD Application installs a service under another name, at another version or elsewhere.",
        "The overlay is made for one version of the chart, one release name and one namespace: terms select by the release's labels, and paths move from one version to the next. A range of versions installs something else tomorrow.",
        "Make the Application and the policy say the same.";
    OVERLAY_NOT_LAST = "overlay-not-last", Error,
        "An Argo CD Application does not read the overlay as its last values file.",
        "Helm merges values files in their order and the last one wins. An Application that leaves the overlay out, or reads another file after it, deploys something else than what was planned and proved.",
        "Put the overlay at the end of `valueFiles`.";
    INPUT_FORGOTTEN = "input-forgotten", Warning,
        "The input is larger than what `verify` remembers of it.",
        "Each object is looked at while it is read, but some rules need all of them: whether a workload is there twice, what a disruption budget guards, what an affinity term matches. Of workloads that the policy does not name the first twenty thousand are remembered for these, of the others only namespace and class.",
        "Verify the input in parts, such as one namespace at a time.";
    ALLOWANCE_UNUSED = "allowance-unused", Warning,
        "An allowance matches no finding.",
        "What was accepted is no longer there, or was never called that. A waiver that waits for nothing hides the next finding of that name.",
        "Remove it, or correct its code or target.";
}
