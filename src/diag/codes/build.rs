//! Codes of the build: what the plan cannot decide, what no value reaches, and what is in the way of
//! writing.

super::codes! {
    UNKNOWN_COMPONENT = "unknown-component", Error,
        "The policy names a component that the chart does not have.",
        "A component is one pod carrier of a chart, by its name in the catalogue. A misspelt one would be left on the chart's defaults in silence.",
        "`lifeboat charts show CHART --version V` lists the components of a version.";
    UNKNOWN_CONTAINER = "unknown-container", Error,
        "The policy names a container that the component does not have.",
        "Requests are set per container. Those of a container that is not there would change nothing.",
        "Use one of the containers that the message lists.";
    NO_SWITCH = "no-switch", Error,
        "No value of the chart switches this component alone.",
        "Some components come with others: their templates ask the same value. Switching that value would take the others along.",
        "Switch all of them, or leave this one as it is.";
    STORAGE_UNREACHABLE = "storage-unreachable", Error,
        "No value that the catalogue knows makes the chart's volume agree with the policy.",
        "The plan and the proof rest on the storage that is stated. If the chart renders something else, the proof is about another cluster.",
        "The message says what to write instead: the storage that the chart renders, a size, or a team's values file without the claim.";
    RULE_WITHOUT_PODS = "rule-without-pods", Warning,
        "A placement rule names pods that are not there.",
        "The rule has nothing to keep apart: the component is switched off, or the service has none of that name.",
        "Name an enabled component, or drop the rule.";
    SELECTOR_MATCHES_OTHERS = "selector-matches-others", Error,
        "No label selector matches these pods alone.",
        "A selector that also matches a DaemonSet repels a pod from every node: in the strategy's own rule `app.kubernetes.io/name: loki` matches the canary on each worker and drives Prometheus into the lifeboat.",
        "Name components whose labels differ from the others', as `service/component`.";
    SPREAD_OVER_NAMESPACES = "spread-over-namespaces", Warning,
        "A spread rule names pods of several namespaces.",
        "A topology spread constraint counts the pods of its own namespace only, so the pods of each namespace are spread by themselves and never against the others'.",
        "Write a rule for each namespace, or keep the pods apart.";
    RULE_OF_MANIFESTS = "rule-of-manifests", Warning,
        "A rule is about pods that are deployed as a manifest has them.",
        "Nothing is written into the manifests that `workloads.from` names. A term of the other side counts for both; where there is no other side, or a constraint on each pod is asked for, the rule does nothing for these pods.",
        "Write the affinity or the constraint into the manifest.";
    APART_FROM_DAEMONSET = "apart-from-daemonset", Warning,
        "A rule keeps pods apart from a DaemonSet.",
        "A DaemonSet has a pod on every node that lets it in. A term against it repels alike from all of them, or, where a taint keeps the DaemonSet off the lifeboat, from all but the lifeboat. So DaemonSets are left out of `apart` rules and of claims about them.",
        "Take it out of the rule. To keep pods off some nodes, taint these or label them.";
    SPREAD_SELECTOR_AMBIGUOUS = "spread-selector-ambiguous", Note,
        "A service's own pods are not spread, because no label is theirs alone.",
        "A spread constraint counts the pods that its selector matches. One that also counts other pods would spread something else.",
        "Nothing need be done; `spread = false` says that it is meant.";
    LOCK_SELECTOR_AMBIGUOUS = "lock-selector-ambiguous", Error,
        "The lock cannot name the pods that may board the lifeboat by one label.",
        "The lock's anti-affinity must be one term: the scheduler wakes a waiting lock only if all its terms match the pod that left. So one label has to tell all boarding pods from all others.",
        "Take \"lock\" out of `lifeboat.last-resort`, or let the pods in question share a label.";
    FIELD_UNREACHABLE = "field-unreachable", Warning,
        "The plan wants a field that no value of the chart reaches.",
        "Some templates leave a field out altogether, so no overlay can set it. The pod keeps the chart's behaviour there, and the proof counts with that. Pods that end by themselves (jobs, hooks) are not told here; `lifeboat charts show` names their fields.",
        "Accept it with `[allow.NAME]` and a reason, or use a chart version in which a value reaches the field.";
    TEAM_OVERRIDDEN = "team-overridden", Note,
        "The policy states another request or limit than the team's values.",
        "The overlay is the last values file, so the policy's figure is the one that is deployed. Whoever reads the team's file alone sees another.",
        "Take the figure out of the team's values or out of the policy.";
    OBJECT_ELSEWHERE = "object-elsewhere", Warning,
        "A custom resource that the policy names is not in the team's values.",
        "An operator makes pods of a Sensor or an EventSource, and what it does (its triggers, its events) only its author can write. Without the object the overlay has nothing to complete, so the plan's class, requests and tolerations reach these pods only if the object says them itself.",
        "Put the whole object where the chart takes such objects, or write the planned fields into it where it is kept, and let `lifeboat verify` read it.";
    OVERLAY_CONFLICT = "overlay-conflict", Error,
        "No set of values gives every component what the plan wants.",
        "Some values reach several components at once. Where two of them want different things and neither has a value of its own, the chart cannot express the plan.",
        "Give the components in question the same tier, or accept the difference in the policy.";
    OVERLAY_NOT_HONOURED = "overlay-not-honoured", Error,
        "The overlay would not do what the plan says.",
        "After lowering, the overlay is applied to the catalogue's model of the chart and compared with the plan, field by field. A difference means that the team's values, or a default of the chart, win over the overlay.",
        "Take the value that the message names out of the team's values file.";
    TEMPLATE_IN_VALUE = "template-in-value", Error,
        "A planned value contains `{{` and its path is executed as a template.",
        "The chart passes this value through Helm's `tpl`. What stands between the braces would run.",
        "Use a name without braces.";
    NEEDS_ON_THE_LIFEBOAT = "needs-cannot-follow", Warning,
        "A lifeboat component needs another one that cannot follow it onto the lifeboat.",
        "On the lifeboat a component is only as alive as what it needs. What lacks the lifeboat tier stays Pending when the last worker is gone.",
        "Give the needed component a tier with `lifeboat = true`. K3s's own pods have no tier: for them it is the taint's key that decides, and the message names the keys that they tolerate. Or accept it with `[allow.NAME]` and a reason.";
    TOLERATION_UNPLANNED = "toleration-unplanned", Warning,
        "A pod tolerates a taint of the lifeboat that the policy did not plan for it.",
        "Overlays join their tolerations to the team's, so what a team tolerates stays. A toleration without an effect fits every effect of its key, and one with `operator: Exists` and no key fits every taint: with either a pod of any tier may board the lifeboat, and a pod that boards as a last resort tolerates the twin taint as well and boards first. The proof counts with it.",
        "Write key and effect of the taint that is meant, give the pod a tier with `lifeboat = true`, or accept it with `[allow.NAME]` and a reason.";
    VALUES_UNREADABLE = "values-unreadable", Error,
        "A values file of the team's cannot be read.",
        "The overlay is computed on top of the team's own values, so the plan needs to know them.",
        "Mend the file, or the path in `values`: it is relative to the policy file that names it.";
    VALUES_DUPLICATE_KEY = "values-duplicate-key", Warning,
        "A values file has a key twice.",
        "Helm keeps the last of two equal keys and says nothing; whoever wrote the first is ignored.",
        "Delete one of them.";
    CHARTS_UNREADABLE = "charts-unreadable", Error,
        "The folder with further catalogue files cannot be read.",
        "`cluster.charts` names a folder beside the policy whose catalogue files extend or replace the built-in ones.",
        "Mend the path: it is relative to the policy.";
    UNRENDERABLE = "unrenderable", Error,
        "A value has no safe form in the file where it belongs.",
        "Names from the policy never reach a shell or YAML unquoted. A control character has no safe form in either.",
        "Use a value without control characters.";
    OUTSIDE_REPOSITORY = "outside-repository", Error,
        "An Application would look for a values file outside its Git repository.",
        "`$values` is the root of the repository, and a path cannot leave it. Paths are built from `argocd.path`, the policy's folder in the repository.",
        "Write `argocd.path` as the policy's folder from the repository's root, and keep the values files in the repository.";
    STRAY_FILE = "stray-file", Error,
        "The output folder has a file that this build would not write and that an earlier build did.",
        "Argo CD consumes the folder. A file of a service that left the policy would go on being applied.",
        "`lifeboat build` removes it.";
    FOREIGN_FILE = "foreign-file", Warning,
        "The output folder has a file that no build wrote.",
        "The folder belongs to lifeboat; what others put there is never touched, and easily taken for reviewed output.",
        "Move the file elsewhere.";
    MISSING_FILE = "missing-file", Error,
        "A file that the build writes is not there.",
        "The committed outputs are what the cluster gets; one is missing.",
        "`lifeboat build` writes it.";
    CHANGED_FILE = "changed-file", Error,
        "A committed output differs from what the policy compiles to.",
        "Either the policy changed without a build, or the output was edited by hand. An edit by hand is lost at the next build.",
        "`lifeboat build` writes what the policy says; put wishes into the policy.";
    OTHER_VERSION = "other-lifeboat-version", Error,
        "The committed outputs were written by another version of lifeboat, or the policy pins another.",
        "Versions may compile the same policy to different outputs, so a comparison would blame the policy for what the tool changed.",
        "Use the pinned version, or run `lifeboat build` with this one and review what it writes differently.";
    UNWRITABLE = "unwritable", Error,
        "An output cannot be written.",
        "Nothing is written by halves: files are replaced one by one, each whole, and a build that fails leaves old or new files.",
        "Mend what the message names (rights, space, a symbolic link) and run the build again.";
    BUDGET_TOO_SMALL = "budget-too-small", Error,
        "The application budget cannot be enforced without getting in the way of recovery.",
        "A ResourceQuota counts pods, not places. After a node loss the lost pods are still there, Terminating, while their replacements are made, and a rolling update makes a new pod before it deletes the old one. A limit without room for both refuses the replacements: measured, 4 of 10 applications stayed away until the node was fenced.",
        "Raise the limit, make the applications smaller, or leave the budget to people: `enforce = false`.";
    BUDGET_MISSES = "budget-misses", Error,
        "A workload of the default tier is in none of the budget's namespaces.",
        "The claims rest on what all applications request together. One that no quota counts could grow past the limit unseen.",
        "Add its namespace to `budget.namespaces`.";
    FILE_IN_THE_WAY = "file-in-the-way", Error,
        "A file that no build wrote stands where this build would write.",
        "Whoever wrote it would lose it. What is lifeboat's own stands in `.lifeboat.json` of the folder; a file that already has the very bytes of this build is no conflict, so that a lost record comes back by itself.",
        "Move the file away. Values of the team's belong into a file that the service's `values` names: the overlay comes on top of it. If an older build wrote it and the record is lost, restore the record or delete the file.";
    OUTPUT_CLASH = "output-clash", Error,
        "Two files of the build have the same path.",
        "Only one of them would be there, and nobody would know which: a service is named like something that lifeboat writes beside it.",
        "Give the service another name.";
    FOLDER_BUSY = "folder-busy", Error,
        "Another build is writing the same folder.",
        "Two builds of one folder at the same time would mix their files. The second waits some seconds, which is far longer than a build takes.",
        "Run it again. If no other build is running, something else holds a lock on the folder.";
    IMMUTABLE_CHANGE = "immutable-change", Error,
        "Kubernetes cannot change this in place.",
        "A priority class's value and preemption policy, a StatefulSet's claim templates, a claim and a selector are immutable: the API server refuses the change, and Argo CD shows a sync error for ever. A claim of a chart that leaves is deleted with the data in it.",
        "Carry out the migration that the message writes out, then record the decision with `lifeboat build --accept`.";
    RELEASE_LEFT = "release-left", Warning,
        "A Helm release of the last build is no longer in the policy, and nothing removes it.",
        "A release is known by its name and namespace. One that is renamed, moved or taken out goes on running beside the new one, with requests that no proof counts, until a person removes it. Its data do not follow.",
        "Run the command that the message names, before the new one is installed.";
    NEWER_LIFEBOAT = "newer-lifeboat", Warning,
        "The outputs were written by a newer version of lifeboat than this one.",
        "This version does not know what the newer one writes differently, so a build takes its improvements and corrections back.",
        "Use the newer version, and pin it with `cluster.lifeboat-version` so that everybody does. If the way back is meant, build with this one and review what changes.";
}
