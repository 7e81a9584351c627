#!/bin/sh
# The lifeboat's taints: sets, removes and compares them. Safe to run again; leaves every other taint
# alone, also one of the same key with another effect.
# shellcheck disable=SC2016 # kubectl's templates have variables of their own
set -eu
CLUSTER=edge
# One a line: node key effect value.
TAINTS='master CriticalAddonsOnly NoSchedule true
master CriticalAddonsOnly PreferNoSchedule true'
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
usage() {
    cat <<EOF
usage: $ME apply|remove|status [--dry-run] [--context CONTEXT]
  apply    set the taints that this cluster's policy asks for
  remove   take exactly these taints away
  status   compare; exit 1 if a taint is missing, has another value or stands on another node
Taints of cluster $CLUSTER (node key effect value):
$TAINTS
EOF
}

COMMAND='' DRY_RUN=''
while [ $# -gt 0 ]; do
    case $1 in
        apply | remove | status) [ -z "$COMMAND" ] || die "one command at a time: $COMMAND or $1"; COMMAND=$1 ;;
        --dry-run) DRY_RUN=yes ;;
        --context) [ $# -gt 1 ] || die '--context needs a name'; CONTEXT=$2; shift ;;
        --context=*) CONTEXT=${1#*=} ;;
        -h | --help) usage; exit 0 ;;
        *) usage >&2; die "unknown argument: $1" ;;
    esac
    shift
done
[ -n "$COMMAND" ] || { usage >&2; exit 2; }
[ -n "$TAINTS" ] || { say 'the policy taints no node'; exit 0; }

# What the API server has: "node NAME" and "taint NAME KEY EFFECT VALUE", one a line.
STATE=$(ask get nodes -o go-template='{{range .items}}{{$node := .metadata.name}}node {{$node}}
{{range .spec.taints}}taint {{$node}} {{.key}} {{.effect}} {{with .value}}{{.}}{{end}}
{{end}}{{end}}') || die 'cannot read the nodes; nothing was changed'

UNKNOWN=''
while read -r node _; do
    has "$STATE" "node $node" && continue
    case " $UNKNOWN " in *" $node "*) ;; *) UNKNOWN="$UNKNOWN $node" ;; esac
done <<EOF
$TAINTS
EOF
if [ -n "$UNKNOWN" ]; then
    printf '%s: the cluster has no node%s; nothing was changed\n' "$ME" "$UNKNOWN" >&2
    exit 1
fi

change() { # MESSAGE KUBECTL-ARGUMENT...
    message=$1
    shift
    if [ -n "$DRY_RUN" ]; then say "would: $message"; return; fi
    kube "$@" </dev/null >/dev/null || die "kubectl failed: $message"
    say "$message"
}

DIFFERENT=0
while read -r node key effect value; do
    taint=$key${value:+=$value}:$effect
    if has "$STATE" "taint $node $key $effect $value"; then found=same
    elif printf '%s\n' "$STATE" | grep -Fq -- "taint $node $key $effect "; then found=other
    else found=none
    fi
    case $COMMAND:$found in
        apply:same) say "$node has $taint already" ;;
        apply:none) change "$node gets $taint" taint nodes "$node" "$taint" ;;
        apply:other) change "$node: the value of $key:$effect becomes ${value:-empty}" taint nodes "$node" "$taint" --overwrite ;;
        remove:none) say "$node has no $key:$effect" ;;
        remove:*) change "$node loses $key:$effect" taint nodes "$node" "$key:$effect-" ;;
        status:same) say "$node: $taint is set" ;;
        status:other) say "$node: $key:$effect has another value than ${value:-the empty one}"; DIFFERENT=1 ;;
        status:none) say "$node: $taint is missing"; DIFFERENT=1 ;;
    esac
done <<EOF
$TAINTS
EOF

if [ "$COMMAND" = status ]; then
    # The lifeboat's taints on a node that is none.
    while read -r kind node key effect _; do
        [ "$kind" = taint ] || continue
        printf '%s\n' "$TAINTS" | grep -Fq -- " $key $effect " || continue
        printf '%s\n' "$TAINTS" | grep -Fq -- "$node $key $effect " && continue
        say "$node: $key:$effect is set, but the policy does not ask for it there"
        DIFFERENT=1
    done <<EOF
$STATE
EOF
fi
exit "$DIFFERENT"
