#!/bin/sh
# What state the cluster is in, and what a person has to do about it.
# shellcheck disable=SC2016 # kubectl's templates have variables of their own
set -eu
CLUSTER=edge
# One a line: node role lifeboat build, where lifeboat is yes or no and build is the label
# lifeboat.dev/build that K3s sets when it starts with this build's drop-in.
NODES='master server yes 26ae9957dc4d
worker-1 agent no 9bf7733dfc2e
worker-2 agent no 9bf7733dfc2e'
# One a line: node build age, where age is how many drop-ins ago the node's had this label.
OLDER_BUILDS=''
# One a line: kind namespace name tier replicas running place. Green claims that it runs (`runs`) or
# leaves that open (`free`), and that it is on a lifeboat (`on`), on none (`off`) or anywhere (`any`).
WORKLOADS='StatefulSet platform-infrastructure argocd-application-controller critical 1 runs off
Deployment platform-infrastructure argocd-dex-server critical 1 runs off
Deployment platform-infrastructure argocd-redis critical 1 runs off
Deployment platform-infrastructure argocd-server critical 1 runs off
Deployment platform-infrastructure argocd-repo-server critical 1 runs off
Deployment platform-infrastructure argocd-applicationset-controller critical 1 runs off
Deployment platform-infrastructure argocd-notifications-controller critical 1 runs off
StatefulSet platform-observability prometheus-prometheus-kube-prometheus-prometheus critical 1 runs off
StatefulSet platform-observability alertmanager-prometheus-kube-prometheus-alertmanager important 1 runs off
Deployment platform-observability prometheus-kube-prometheus-operator important 1 runs off
Deployment platform-observability prometheus-grafana important 1 runs off
Deployment platform-observability prometheus-kube-state-metrics important 1 runs off
DaemonSet platform-observability prometheus-prometheus-node-exporter important - runs any
StatefulSet platform-observability loki important 1 runs off
Deployment platform-observability loki-gateway important 1 runs off
DaemonSet platform-observability loki-canary important - runs any
Deployment platform-infrastructure argo-events-controller-manager important 1 runs off
Deployment apps app-shop application 2 runs off
Deployment apps app-billing application 2 runs off
Deployment apps app-telemetry application 2 runs off
Deployment apps app-hmi application 2 runs off
Deployment apps app-reports application 1 runs off
Deployment apps app-batch application 1 runs off
Deployment lifeboat lifeboat-lock lock 1 runs any'
# One a line: rule kind namespace name. Green claims that the workloads of a rule share no node.
APART='metrics-logs StatefulSet platform-observability prometheus-prometheus-kube-prometheus-prometheus
metrics-logs StatefulSet platform-observability loki'
# Whether this build has fence.sh and rebalance.sh: yes or no.
FENCES=yes
REBALANCES=yes
ME=${0##*/}
die() { printf '%s: %s\n' "$ME" "$*" >&2; exit 2; }
say() { printf '%s\n' "$*"; }

# kubectl, or the one inside k3s. KUBECTL names another one; it may be two words.
if [ -z "${KUBECTL:-}" ]; then
    if command -v kubectl >/dev/null 2>&1; then KUBECTL=kubectl
    elif command -v k3s >/dev/null 2>&1; then KUBECTL='k3s kubectl'
    else die 'neither kubectl nor k3s is on the PATH'
    fi
fi
CONTEXT=
kube() {
    # shellcheck disable=SC2086
    if [ -n "$CONTEXT" ]; then $KUBECTL --context "$CONTEXT" "$@"; else $KUBECTL "$@"; fi
}
# For reads: a server that does not answer is an error and not a wait.
ask() { kube --request-timeout=15s "$@"; }
# Whether the lines of $1 hold the line $2.
# shellcheck disable=SC2317
has() { printf '%s\n' "$1" | grep -Fqx -- "$2"; }
# A word of a command that is printed: quoted where a shell would take it apart.
word() {
    case $1 in
        *[!A-Za-z0-9_./-]*) printf "'%s'" "$(printf '%s' "$1" | sed "s/'/'\\\\''/g")" ;;
        *) printf '%s' "$1" ;;
    esac
}
# This script's folder as it was called: the commands that it prints run where this one ran.
# shellcheck disable=SC2034
case $0 in */*) HERE=${0%/*}/ ;; *) HERE=./ ;; esac
usage() {
    cat <<EOF
usage: $ME [--context CONTEXT]
Exit 0 green: every node serves, and what the policy claims about green is so: what runs, what stands on a
lifeboat, what keeps apart; the lock is in its place.
Exit 1 anything else, with what to do. Exit 2 usage, or the API server cannot be read.
EOF
}
while [ $# -gt 0 ]; do
    case $1 in
        --context) [ $# -gt 1 ] || die '--context needs a name'; CONTEXT=$2; shift ;;
        --context=*) CONTEXT=${1#*=} ;;
        -h | --help) usage; exit 0 ;;
        *) usage >&2; die "unknown argument: $1" ;;
    esac
    shift
done

STATE=$(ask get nodes -o go-template='{{range .items}}{{$node := .metadata.name}}{{range .status.conditions}}{{if eq .type "Ready"}}{{$node}} ready {{.status}}
{{end}}{{end}}{{range .spec.taints}}{{if eq .key "node.kubernetes.io/out-of-service"}}{{$node}} fenced yes
{{end}}{{end}}{{if .spec.unschedulable}}{{$node}} cordoned yes
{{end}}{{$node}} build {{range $key, $value := .metadata.labels}}{{if eq $key "lifeboat.dev/build"}}{{$value}}{{end}}{{end}}
{{end}}') || die 'cannot read the nodes'
# One a line: namespace pod node live|terminating kind workload phase.
PODS=$(ask get pods --all-namespaces -o go-template='{{range .items}}{{$owner := "- -"}}{{range .metadata.ownerReferences}}{{if .controller}}{{$owner = printf "%s %s" .kind .name}}{{end}}{{end}}{{.metadata.namespace}} {{.metadata.name}} {{with .spec.nodeName}}{{.}}{{else}}-{{end}} {{if .metadata.deletionTimestamp}}terminating{{else}}live{{end}} {{$owner}} {{.status.phase}}
{{end}}') || die 'cannot read the pods'
# What has ended holds no place. A Deployment's pods belong to its ReplicaSet, which has a suffix of its own.
PODS=$(printf '%s\n' "$PODS" | awk '$7 == "Succeeded" || $7 == "Failed" { next } $5 == "ReplicaSet" { sub(/-[^-]*$/, "", $6); $5 = "Deployment" } NF { print }')
SETS=$(ask get deployments,statefulsets,daemonsets --all-namespaces -o go-template='{{range .items}}{{.kind}} {{.metadata.namespace}} {{.metadata.name}} {{if eq .kind "DaemonSet"}}{{.status.desiredNumberScheduled}} {{with .status.numberReady}}{{.}}{{else}}0{{end}}{{else}}{{.spec.replicas}} {{with .status.readyReplicas}}{{.}}{{else}}0{{end}}{{end}}
{{end}}') || die 'cannot read the workloads'

FENCE=$(word "${HERE}fence.sh") REBALANCE=$(word "${HERE}rebalance.sh")
# install.sh lies in the folder above.
case $HERE in
    recovery/) INSTALL=./install.sh ;;
    */recovery/) INSTALL=${HERE%recovery/}install.sh ;;
    *) INSTALL=${HERE}../install.sh ;;
esac
INSTALL=$(word "$INSTALL")
GREEN=yes BOATS=''
note() { GREEN=''; say "$@"; }
# The value of NODE KEY in the nodes' state.
of() { printf '%s\n' "$STATE" | while read -r node key value; do if [ "$node $key" = "$1 $2" ]; then say "$value"; break; fi; done; }

say "cluster $CLUSTER"
while read -r node role lifeboat build; do
    [ -n "$node" ] || continue
    ready=$(of "$node" ready)
    if [ -z "$ready" ]; then note "  $node ($role): the cluster has no such node"; continue; fi
    if [ "$ready" != True ]; then
        left=$(printf '%s\n' "$PODS" | awk -v node="$node" '$3 == node && $4 == "terminating" { n++ } END { print n + 0 }')
        if [ -n "$(of "$node" fenced)" ]; then note "  $node ($role): lost, fenced"
        elif [ "$FENCES" = yes ]; then note "  $node ($role): lost; $left pods hang on it; if it has no power: $FENCE fence $node"
        else note "  $node ($role): lost; $left pods hang on it until it is back: this policy fences nothing"
        fi
    elif [ -n "$(of "$node" fenced)" ]; then
        lift="kubectl taint node $node node.kubernetes.io/out-of-service-"
        [ "$FENCES" = no ] || lift="$FENCE unfence $node"
        note "  $node ($role): back, but still fenced: $lift"
    elif [ -n "$(of "$node" cordoned)" ]; then note "  $node ($role): cordoned: kubectl uncordon $node"
    else say "  $node ($role): ready"
    fi
    running=$(of "$node" build)
    if [ "$running" != "$build" ] && [ "$build" != - ]; then
        behind='of a build that is not known here'
        if [ -z "$running" ]; then behind='not installed, or K3s was not restarted since'
        else
            age=$(printf '%s\n' "$OLDER_BUILDS" | awk -v node="$node" -v build="$running" '$1 == node && $2 == build { print $3; exit }')
            case $age in '') ;; 1) behind='one build old' ;; *) behind="$age builds old" ;; esac
        fi
        note "    host files: $behind; on $node, as root: $INSTALL $node --check"
    fi
    if [ "$lifeboat" = yes ]; then BOATS="$BOATS $node"; fi
done <<EOF
$NODES
EOF

# Nodes of a workload's pods, one a line.
places() { # KIND NAMESPACE NAME
    printf '%s\n' "$PODS" | awk -v k="$1" -v ns="$2" -v n="$3" '$5 == k && $1 == ns && $6 == n && $4 == "live" && $3 != "-" { print $3 }' | sort -u
}
# What brings a workload home.
home() { # KIND NAMESPACE NAME
    if [ "$REBALANCES" = yes ]; then say "$REBALANCE"; else say "kubectl -n $2 rollout restart $1/$3"; fi
}
while read -r kind namespace name tier replicas running place; do
    [ -n "$kind" ] || continue
    who="$namespace/$name ($tier)"
    line=$(printf '%s\n' "$SETS" | awk -v k="$kind" -v ns="$namespace" -v n="$name" '$1 == k && $2 == ns && $3 == n { print $4, $5; exit }')
    wanted=${line%% *} up=${line#* }
    if [ "$running" = free ]; then
        if [ -n "$line" ] && [ "$up" -lt "$wanted" ]; then say "  $who: $up of $wanted ready, which green leaves open"; fi
    elif [ -z "$line" ]; then note "  $who: there is no such $kind"; continue
    elif [ "$replicas" != - ] && [ "$wanted" -lt "$replicas" ]; then note "  $who: scaled to $wanted, the policy has $replicas"
    elif [ "$up" -lt "$wanted" ]; then note "  $who: $up of $wanted ready"
    fi
    [ "$place" != any ] || continue
    aboard=''
    for node in $(places "$kind" "$namespace" "$name"); do
        case " $BOATS " in *" $node "*) aboard="$aboard $node" ;; esac
    done
    if [ "$place" = off ] && [ -n "$aboard" ]; then note "  $who: on the lifeboat$aboard; when the other nodes are back: $(home "$kind" "$namespace" "$name")"
    elif [ "$place" = on ] && [ -z "$aboard" ]; then note "  $who: not on a lifeboat, where green has it"
    fi
done <<EOF
$WORKLOADS
EOF

TOGETHER=$(printf '%s\n' "$APART" | while read -r rule kind namespace name; do
    [ -n "$rule" ] || continue
    for node in $(places "$kind" "$namespace" "$name"); do say "$rule $node $namespace/$name"; done
done | sort | awk '{ key = $1 " " $2; n[key]++; who[key] = who[key] (n[key] > 1 ? ", " : "") $3 } END { for (key in n) if (n[key] > 1) print key, who[key] }' | sort)
part='restart one of them'
[ "$REBALANCES" = no ] || part="$REBALANCE, or $part"
while read -r rule node who; do
    [ -n "$rule" ] || continue
    note "  $who: together on $node, against apart.$rule; when the other nodes are back: $part"
done <<EOF
$TOGETHER
EOF

if [ -n "$GREEN" ]; then say 'green'; exit 0; fi
say 'not green'
exit 1
