//! Codes of the proof: claims that do not hold, and what a policy forgets.

super::codes! {
    CLAIM_REFUTED = "claim-refuted", Error,
        "A claim of a scenario does not hold.",
        "The prover plays the loss as Kubernetes decides it: detection, taints, controllers, the scheduler's filters, scores and preemption. It found a run in which the claim fails, or an argument that it fails in every run.",
        "`lifeboat prove --trace` tells the run; `lifeboat prove --remedies` lists the changes of the policy that make the claim true.";
    CLAIM_NOT_PROVED = "claim-not-proved", Warning,
        "A claim held in every run that was tried, but no argument covers all orders and ties.",
        "Kubernetes leaves the order of arrivals and ties between nodes open. A bound covers them all; where none applies, runs with random answers are tried, which can refute a claim but never prove it.",
        "Give the claim more room (smaller requests, larger nodes) or a stronger lever, or raise `--budget` to look longer for a run that breaks it.";
    NOT_MODELLED = "not-modelled", Warning,
        "The prover cannot take this cluster.",
        "The model follows kube-scheduler where it looks at every node. In larger clusters it samples nodes, and a proof about all orders would be about something else.",
        "Split the policy into sites that are proved one by one.";
}
