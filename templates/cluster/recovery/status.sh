#!/bin/sh
# What state the cluster is in, and what a person has to do about it.
# shellcheck disable=SC2016 # kubectl's templates have variables of their own
set -eu
CLUSTER={{ cluster }}
# One a line: node role lifeboat build, where lifeboat is yes or no and build is the label
# lifeboat.dev/build that K3s sets when it starts with this build's drop-in.
NODES={{ nodes|table('name', 'role', 'lifeboat', 'build') }}
# One a line: node build age, where age is how many drop-ins ago the node's had this label.
OLDER_BUILDS={{ older_builds|table('node', 'build', 'age') }}
# One a line: kind namespace name tier lifeboat.
WORKLOADS={{ workloads|table('kind', 'namespace', 'name', 'tier', 'lifeboat') }}
# Whether this build has fence.sh and rebalance.sh: yes or no.
FENCES={{ fences }}
REBALANCES={{ rebalances }}
{% include "lib/common.sh" %}
{% raw -%}
usage() {
    cat <<EOF
usage: $ME [--context CONTEXT]
Exit 0 green: every node serves, every workload is ready, no workload stands on a lifeboat.
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
PODS=$(ask get pods --all-namespaces -o go-template='{{range .items}}{{$ready := "no"}}{{range .status.conditions}}{{if and (eq .type "Ready") (eq .status "True")}}{{$ready = "yes"}}{{end}}{{end}}{{.metadata.namespace}} {{.metadata.name}} {{with .spec.nodeName}}{{.}}{{else}}-{{end}} {{$ready}} {{if .metadata.deletionTimestamp}}terminating{{else}}live{{end}} {{with .spec.priorityClassName}}{{.}}{{else}}-{{end}}
{{end}}') || die 'cannot read the pods'
SETS=$(ask get deployments,statefulsets,daemonsets --all-namespaces -o go-template='{{range .items}}{{.kind}} {{.metadata.namespace}} {{.metadata.name}} {{if eq .kind "DaemonSet"}}{{.status.desiredNumberScheduled}} {{with .status.numberReady}}{{.}}{{else}}0{{end}}{{else}}{{.spec.replicas}} {{with .status.readyReplicas}}{{.}}{{else}}0{{end}}{{end}}
{{end}}') || die 'cannot read the workloads'

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
        left=$(printf '%s\n' "$PODS" | awk -v node="$node" '$3 == node && $5 == "terminating" { n++ } END { print n + 0 }')
        if [ -n "$(of "$node" fenced)" ]; then note "  $node ($role): lost, fenced"
        elif [ "$FENCES" = yes ]; then note "  $node ($role): lost; $left pods hang on it; if it has no power: recovery/fence.sh fence $node"
        else note "  $node ($role): lost; $left pods hang on it until it is back: this policy fences nothing"
        fi
    elif [ -n "$(of "$node" fenced)" ]; then
        lift="kubectl taint node $node node.kubernetes.io/out-of-service-"
        [ "$FENCES" = no ] || lift="recovery/fence.sh unfence $node"
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
        note "    host files: $behind; on $node: install.sh $node --check"
    fi
    if [ "$lifeboat" = yes ]; then BOATS="$BOATS $node"; fi
done <<EOF
$NODES
EOF

while read -r kind namespace name tier lifeboat; do
    [ -n "$kind" ] || continue
    line=$(printf '%s\n' "$SETS" | awk -v k="$kind" -v ns="$namespace" -v n="$name" '$1 == k && $2 == ns && $3 == n { print $4, $5; exit }')
    if [ -z "$line" ]; then note "  $namespace/$name ($tier): there is no such $kind"; continue; fi
    wanted=${line%% *} up=${line#* }
    [ "$up" -ge "$wanted" ] || note "  $namespace/$name ($tier): $up of $wanted ready"
    for boat in $BOATS; do
        [ "$lifeboat" = yes ] || continue
        aboard=$(printf '%s\n' "$PODS" | awk -v ns="$namespace" -v boat="$boat" -v prefix="$name-" '$1 == ns && $3 == boat && $5 == "live" && index($2, prefix) == 1 { rest = substr($2, length(prefix) + 1); if (split(rest, part, "-") <= 2) print $2 }')
        home="kubectl -n $namespace rollout restart $kind/$name"
        [ "$REBALANCES" = no ] || home=recovery/rebalance.sh
        [ -z "$aboard" ] || note "  $namespace/$name ($tier): on the lifeboat $boat; when the other nodes are back: $home"
    done
done <<EOF
$WORKLOADS
EOF

if [ -n "$GREEN" ]; then say 'green'; exit 0; fi
say 'not green'
exit 1
{%- endraw %}
