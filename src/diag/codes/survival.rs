//! Codes of what Kubernetes does where a policy's reader expects something else.

super::codes! {
    EVICTIONS_STOP = "evictions-stop", Warning,
        "After some losses Kubernetes evicts nothing any more.",
        "With more than two nodes not ready and at least 55 % of them, a zone is in partial disruption: in a cluster of up to 50 nodes the eviction rate is then zero. Pods of the lost nodes are neither evicted nor replaced, Deployments included, although other nodes are healthy. If all nodes of the control plane's view are lost, evictions stop as well.",
        "Fence the lost nodes: the out-of-service taint evicts at once, whatever the rate. The runbook says how.";
    EVICTIONS_ONE_BY_ONE = "evictions-one-by-one", Note,
        "Of several nodes lost at once, one after the other is evicted.",
        "The controller taints one node per 10 seconds (`node-eviction-rate` 0.1), so that the last node's pods wait longer. The seconds of the table count it.",
        "Nothing; a fence does not wait for the rate.";
    WAITS_FOR_FENCE = "waits-for-fence", Note,
        "StatefulSets wait on a lost node until somebody says that it is dead.",
        "Their pods stay Terminating, and a StatefulSet never runs two pods of one name. With `recovery.fencing = \"none\"` they wait until the node is back.",
        "`recovery.fencing = \"manual\"` writes the script and the runbook, `\"automatic\"` a timer with its conditions.";
    PINNED_DATA = "pinned-data", Warning,
        "A volume ties a pod to its node.",
        "A local volume has node affinity. When the node is lost, the pod is Pending on every other one, fenced or not, until the node returns.",
        "`storage = \"ephemeral\"` if the data can be lost, `\"replicated\"` if a class for it exists.";
    LOSS_WITHOUT_CLAIM = "loss-without-claim", Warning,
        "No scenario says what is true when this node is lost.",
        "Every single node will be lost one day. What nobody claims nobody reviews; most often it is the only server that is forgotten, after whose loss nothing is rescheduled.",
        "Add a scenario; the table says what happens.";
    PASSENGERS = "passengers", Note,
        "Others than the lifeboat's tiers may board.",
        "Pods with a blanket toleration, K3s's packaged pods and DaemonSets take room on the lifeboat that the tiers cannot have. The proof counts them.",
        "Nothing while the claims hold; K3s components can be switched off with `cluster.disable`.";
    NEED_IS_DOWN = "need-is-down", Warning,
        "A service runs after a loss without something that it needs.",
        "A pod that runs is not yet a service that works: Argo CD needs its repo-server and Redis, and everything needs names resolved.",
        "Give what is needed the tier of what needs it, or more replicas.";
    NAMES_AWAY = "names-away", Note,
        "The cluster's DNS has one pod.",
        "When its node is lost, no name is resolved in the whole cluster until the pod was evicted and replaced, so that nothing works whose own pods were spared.",
        "`kubectl -n kube-system scale deployment coredns --replicas=2`: K3s leaves the count alone.";
    ALARM_UNHEARD = "alarm-unheard", Note,
        "Prometheus may board the lifeboat, Alertmanager may not.",
        "On the lifeboat Prometheus goes on evaluating its rules, and nobody receives what they say.",
        "Give Alertmanager the tier of Prometheus; it is small.";
    IMAGES_NOT_THERE = "images-not-there", Note,
        "What boards the lifeboat has to pull its images first.",
        "After the other nodes are lost, only the lifeboat's own image store and the uplink remain. Without either a pod is bound, and never starts. The proof counts scheduling, not pulls; an image that is on one node only also draws pods there by its score.",
        "Import the images on the lifeboat (`/var/lib/rancher/k3s/agent/images`), or set `embedded-registry: true`, and look at `kubectl get node -o yaml` under `status.images`.";
    HELM_JOBS_ASHORE = "helm-jobs-ashore", Note,
        "K3s's Helm jobs do not tolerate the lifeboat's taint.",
        "The jobs that install Traefik (and any other HelmChart without `bootstrap`) stay Pending while only the lifeboat is up. What is installed already runs on.",
        "From the releases of July 2026 on, `helm-controller-arg` takes `job-tolerations`.";
    BUDGET_BEFORE_LOCK = "budget-before-lock", Warning,
        "A disruption budget makes the lock the cheaper victim.",
        "Preemption chooses the node with the fewest violated budgets first, before it looks at priorities. Applications whose budget lets nobody go are dearer than the lock, so that lifeboat pods board although a worker could be freed.",
        "Let the budget allow one disruption, or give the lock a budget as well.";
    LONG_GRACE = "long-grace", Note,
        "A pod may take minutes to stop.",
        "Its grace period delays every drain and every preemption that needs its room, because the room is free only when it is gone.",
        "State `terminationGracePeriodSeconds` deliberately.";
    NODE_EXCLUDED = "node-excluded", Warning,
        "A node does not count for the disruption modes.",
        "With the label `node.kubernetes.io/exclude-disruption` the node controller leaves it out when it counts how many are not ready. The others then look like the whole zone: when they are all lost, evictions stop.",
        "Take the label off.";
}
