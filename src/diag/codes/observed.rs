//! Codes of what is observed: dumps and renders that are proved instead of the plan, and figures of use.

super::codes! {
    INVALID_VALUE = "invalid-value", Error,
        "A value in the input is one that the API server refuses.",
        "A negative request, a request above its limit, an unknown operator of a selector, `In` without values: the object could not exist in a cluster, so a proof about it would prove nothing.",
        "Mend the object where the finding points.";
    NO_NODES = "no-nodes", Error,
        "No node of the input can take a pod.",
        "A Node without allocatable CPU, memory or pods takes none; a cluster of such nodes runs nothing in any order.",
        "Dump the nodes with their status (`kubectl get nodes -o yaml`), or leave them out: then the policy's nodes are used.";
    TOO_LARGE = "too-large", Error,
        "The input asks for more workloads or pods than the prover takes.",
        "The prover relates every workload with every other and plays every pod. A count this large is a mistake in `replicas` more often than a cluster at the edge.",
        "Correct the count, or prove the namespaces in parts.";
    KIND_MISSING = "kind-missing", Warning,
        "A dump lacks a kind of object that decides where pods run.",
        "Without it the policy's objects are used, or none, and the proof says which. A class, a budget or a volume that the cluster has and the dump has not can turn a verdict.",
        "Dump it too: `kubectl get nodes,pods,deploy,sts,ds,jobs,priorityclasses,pdb,pv,pvc,sc,quota -A -o yaml`.";
    NODE_NOT_READY = "node-not-ready", Warning,
        "A node of the dump is not Ready.",
        "The proof starts with every node up, so that losses are counted from a whole cluster.",
        "Read the table's column for the loss of this node: that is where the cluster stands now.";
    REQUEST_FITS_NOWHERE = "request-fits-nowhere", Warning,
        "A pod requests more than any node that admits it has.",
        "It is Pending in every order, before anything is lost, and with a priority it evicts nobody, because evictions would not help.",
        "Lower the request, or look for a unit that is wrong: `1E` is 10^18, `400m` of memory is less than a byte.";
    AFFINITY_CYCLE = "affinity-cycle", Warning,
        "Required pod affinity can never be fulfilled from a cold start.",
        "Each of these pods waits for another one to run first. They may run today, because they were created before the rule, but no restart of the cluster brings them back.",
        "Prefer the affinity, or take one term out.";
    LEFT_TO_PODS = "left-to-pods", Note,
        "Pods stand in the dump without their controller.",
        "What replaces them is read from their owner references: the ReplicaSet of a Deployment, a StatefulSet, a DaemonSet. Surge and claims of the controller are not known.",
        "Dump the controllers too.";
    PRIORITY_FROM_PODS = "priority-from-pods", Note,
        "A priority class is known from pods only.",
        "The class is not in the dump, but its pods carry the value that they were admitted with.",
        "Dump the classes too.";
    USE_UNREADABLE = "use-unreadable", Error,
        "A line of the figures of use cannot be read.",
        "The text of `kubectl top pods -A`, with or without `--containers`, has a heading and a line per pod or container: namespace, name, CPU, memory.",
        "Write the file with `kubectl top pods -A > FILE`; do not edit it.";
    REQUEST_BELOW_USE = "request-below-use", Warning,
        "Pods use far more than they request.",
        "The scheduler counts requests, never use. On the surviving node such pods fit on paper and not in memory, and the kernel then kills by overuse: priorities decide nothing there.",
        "Set the request near what is used at the busiest time.";
    NO_REQUEST_BUT_USE = "no-request-but-use", Warning,
        "Pods without a memory request use memory.",
        "For the scheduler they take no room, and under memory pressure they are the first to be killed.",
        "State a request.";
}
