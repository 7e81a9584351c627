#!/bin/sh
# After a lost node is back, nothing moves on its own. This restarts the workloads that bring the
# cluster back to green, one at a time, in the order that the proof found, and waits for each.
# shellcheck disable=SC2016 # kubectl's templates have variables of their own
set -eu
CLUSTER={{ cluster }}
# One a line: kind namespace name seconds-to-wait data, where data is `keeps` or `loses`.
ROLLOUTS={{ rollouts|table('kind', 'namespace', 'name', 'timeout', 'data') }}
# Nodes of this cluster, all of which must be Ready first.
NODES={{ nodes|lines }}
# The lock of the lifeboat, which comes back on its own once nothing is aboard: namespace name.
LOCKS={{ locks|table('namespace', 'name') }}
{% include "lib/common.sh" %}
{% include "lib/paths.sh" %}
{% raw -%}
usage() {
    cat <<EOF
usage: $ME [--dry-run] [--lose-data] [--context CONTEXT]
  --lose-data   also restart what loses the data of an ephemeral volume; skipped otherwise
  --dry-run     say what would be restarted
Rollouts of cluster $CLUSTER (kind namespace name timeout data):
$ROLLOUTS
EOF
}

DRY_RUN='' LOSE_DATA=''
while [ $# -gt 0 ]; do
    case $1 in
        --dry-run) DRY_RUN=yes ;;
        --lose-data) LOSE_DATA=yes ;;
        --context) [ $# -gt 1 ] || die '--context needs a name'; CONTEXT=$2; shift ;;
        --context=*) CONTEXT=${1#*=} ;;
        -h | --help) usage; exit 0 ;;
        *) usage >&2; die "unknown argument: $1" ;;
    esac
    shift
done
[ -n "$ROLLOUTS" ] || { say 'nothing has to be restarted'; exit 0; }

STATE=$(ask get nodes -o go-template='{{range .items}}{{$node := .metadata.name}}{{range .status.conditions}}{{if eq .type "Ready"}}{{$node}} {{.status}}
{{end}}{{end}}{{range .spec.taints}}{{if eq .key "node.kubernetes.io/out-of-service"}}{{$node}} fenced
{{end}}{{end}}{{if .spec.unschedulable}}{{$node}} cordoned
{{end}}{{end}}') || die 'cannot read the nodes; nothing was restarted'
WRONG=$(printf '%s\n' "$NODES" | while read -r node; do
    if ! has "$STATE" "$node True"; then say "$node is not Ready"
    elif has "$STATE" "$node fenced"; then
        if [ -f "${HERE}fence.sh" ]; then say "$node is still fenced: $(word "${HERE}fence.sh") unfence $node"
        else say "$node is still fenced: kubectl taint node $node node.kubernetes.io/out-of-service-"
        fi
    elif has "$STATE" "$node cordoned"; then say "$node is cordoned: kubectl uncordon $node"
    fi
done)
if [ -n "$WRONG" ]; then
    printf '%s: nothing was restarted\n%s\n' "$ME" "$WRONG" >&2
    exit 1
fi

SKIPPED=0
while read -r kind namespace name timeout data; do
    if [ "$data" = loses ] && [ -z "$LOSE_DATA" ]; then
        say "skipped $namespace/$name: a restart loses the data of its ephemeral volume (--lose-data)"
        SKIPPED=1
        continue
    fi
    if [ -n "$DRY_RUN" ]; then say "would restart $kind $namespace/$name"; continue; fi
    kube rollout restart "$kind/$name" --namespace "$namespace" </dev/null >/dev/null || die "cannot restart $namespace/$name"
    kube rollout status "$kind/$name" --namespace "$namespace" --timeout "${timeout}s" </dev/null >/dev/null ||
        die "$namespace/$name is not ready after ${timeout}s; the rollouts after it were not started"
    say "restarted $kind $namespace/$name"
done <<EOF
$ROLLOUTS
EOF
[ -z "$DRY_RUN" ] || exit 0
if [ "$SKIPPED" = 0 ]; then
    while read -r namespace name; do
        [ -n "$name" ] || continue
        kube rollout status "deployment/$name" --namespace "$namespace" --timeout 120s </dev/null >/dev/null || say "$namespace/$name is not ready after 120s"
    done <<EOF
$LOCKS
EOF
else say 'some rollouts were skipped; whether the cluster is green without them:'
fi
# What brought back green is what the API server shows, not what was done.
STATUS=${HERE}status.sh
if [ -x "$STATUS" ]; then
    if [ -n "$CONTEXT" ]; then exec "$STATUS" --context "$CONTEXT"; else exec "$STATUS"; fi
fi
{%- endraw %}
