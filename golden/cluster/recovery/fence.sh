#!/bin/sh
# Tells Kubernetes that a node is dead, so that StatefulSets get new pods elsewhere.
#
# RISK. Kubernetes then starts second copies of pods that may still run. If NODE is not dead but only
# cut off, both copies run at once until it is reached again. That is why this script refuses a node
# whose pods use shared or network storage, where two writers destroy data. Pods that write to an
# outside system (a database, a bucket, a machine) are not visible here: annotate them with
# lifeboat.dev/never-fence=true. Make sure that the machine is off.
# shellcheck disable=SC2016 # kubectl's templates have variables of their own
set -eu
CLUSTER=edge
# Seconds that a node must be NotReady.
AFTER=300
# manual or automatic; the rest is for automatic only.
FENCING=manual
MAX_NODES=1
# A host that this server must still reach; `gateway` is the default route's.
WITNESS=gateway
# A program that exits 0 if, and only if, the node given to it is without power; may be empty.
CONFIRM=''
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
# Seconds since 1970 of a UTC time such as 2026-01-31T23:59:59Z, fractions cut off. Written out,
# because `date -d` is no part of POSIX. The days are counted from 1 March, so that a leap day ends a year.
epoch() {
    t=${1%Z}
    t=${t%%.*}
    case $t in
        [0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]T[0-9][0-9]:[0-9][0-9]:[0-9][0-9]) ;;
        *) return 1 ;;
    esac
    y=${t%%-*}; t=${t#*-}
    m=${t%%-*}; t=${t#*-}
    d=${t%%T*}; t=${t#*T}
    H=${t%%:*}; t=${t#*:}
    M=${t%%:*}; S=${t#*:}
    m=${m#0} d=${d#0} H=${H#0} M=${M#0} S=${S#0}
    if [ "$m" -le 2 ]; then y=$((y - 1)) m=$((m + 12)); fi
    days=$((y * 365 + y / 4 - y / 100 + y / 400 + (153 * (m - 3) + 2) / 5 + d - 719469))
    printf '%s\n' "$((days * 86400 + H * 3600 + M * 60 + S))"
}
now() { epoch "$(date -u +%Y-%m-%dT%H:%M:%SZ)"; }
API_UP=900      # seconds that the API server must be up: before, every node looks old
READY_FOR=60    # seconds of Ready before an automatic fence is lifted
TWICE=3600      # two automatic fences of a node within these seconds switch the automation off
SKEW=60         # seconds that clocks may differ
TAINT=node.kubernetes.io/out-of-service
SELF=$(word "$0")
LEASE=lifeboat-fence

usage() {
    cat <<EOF
usage: $ME fence NODE | unfence NODE | status | automatic SELF | reset  [--dry-run] [--context CONTEXT]
  fence      after checks, mark NODE as out of service: its pods are deleted and start elsewhere
  unfence    take the mark away, once NODE is Ready again and nothing on it is Terminating
  status     nodes, marks, and whether the automation is on
  automatic  one round of the automation on the server SELF; the timer calls it
  reset      switch the automation on again after it switched itself off
Cluster $CLUSTER: NotReady for ${AFTER}s, fencing $FENCING. Exit 0 done, 1 refused, 2 usage or a read error.
EOF
}

COMMAND='' NODE='' DRY_RUN=''
while [ $# -gt 0 ]; do
    case $1 in
        --dry-run) DRY_RUN=yes ;;
        --context) [ $# -gt 1 ] || die '--context needs a name'; CONTEXT=$2; shift ;;
        --context=*) CONTEXT=${1#*=} ;;
        -h | --help) usage; exit 0 ;;
        -*) usage >&2; die "unknown option: $1" ;;
        *) if [ -z "$COMMAND" ]; then COMMAND=$1; elif [ -z "$NODE" ]; then NODE=$1; else die "unexpected argument: $1"; fi ;;
    esac
    shift
done
case $COMMAND in
    fence | unfence | automatic) [ -n "$NODE" ] || die "$COMMAND needs a node" ;;
    status | reset) [ -z "$NODE" ] || die "unexpected argument: $NODE" ;;
    *) usage >&2; exit 2 ;;
esac
case $NODE in *[!a-z0-9.-]* | -*) die "not a node name: $NODE" ;; esac

refuse() { say "refused: $*"; return 1; }
# What cannot be read is refused too, with the code of a read error.
unread() { say "refused: $*"; return 2; }
# Seconds since a time of the API server; fails on anything that is no time.
since() { then=$(epoch "$1") && printf '%s\n' "$(($(now) - then))"; }
# The words after the key $2 in the lines of $1; nothing if there is no such line.
field() { printf '%s\n' "$1" | sed -n "s/^$2 //p" | head -n 1; }

# One node: version, ready STATUS SINCE, cordoned, taint KEY EFFECT VALUE, and our annotations.
read_node() { # NODE
    ask get node "$1" -o go-template='version {{.metadata.resourceVersion}}
{{range .status.conditions}}{{if eq .type "Ready"}}ready {{.status}} {{.lastTransitionTime}}
{{end}}{{end}}{{if .spec.unschedulable}}cordoned yes
{{end}}{{range .spec.taints}}taint {{.key}} {{.effect}} {{with .value}}{{.}}{{end}}
{{end}}{{range $key, $value := .metadata.annotations}}{{if eq $key "lifeboat.dev/never-fence"}}never-fence {{printf "%q" $value}}
{{else if eq $key "lifeboat.dev/maintenance"}}maintenance {{printf "%q" $value}}
{{else if eq $key "lifeboat.dev/fenced-at"}}fenced-at {{printf "%q" $value}}
{{end}}{{end}}'
}

# The pods of a node: terminating NS NAME, volume NS NAME KIND, claim NS CLAIM POD, never-fence NS NAME.
read_pods() { # NODE
    ask get pods --all-namespaces --field-selector "spec.nodeName=$1" -o go-template='{{range .items}}{{if not (or (eq .status.phase "Succeeded") (eq .status.phase "Failed"))}}{{$ns := .metadata.namespace}}{{$pod := .metadata.name}}pod {{$ns}} {{$pod}}
{{if .metadata.deletionTimestamp}}terminating {{$ns}} {{$pod}}
{{end}}{{range $key, $value := .metadata.annotations}}{{if eq $key "lifeboat.dev/never-fence"}}{{if ne $value "false"}}never-fence {{$ns}} {{$pod}}
{{end}}{{end}}{{end}}{{range .spec.volumes}}{{$name := .name}}{{range $kind, $source := .}}{{if eq $kind "name"}}{{else if eq $kind "persistentVolumeClaim"}}claim {{$ns}} {{$source.claimName}} {{$pod}}
{{else if eq $kind "ephemeral"}}claim {{$ns}} {{$pod}}-{{$name}} {{$pod}}
{{else}}volume {{$ns}} {{$pod}} {{$kind}}
{{end}}{{end}}{{end}}{{end}}{{end}}'
}

# Refuses unless the machine's clock and the cluster's agree: some lease must be fresh.
check_clock() {
    times=$(ask get leases --namespace kube-node-lease -o go-template='{{range .items}}{{.spec.renewTime}}
{{end}}') || { unread 'cannot read the node leases'; return 2; }
    newest=''
    for time in $times; do
        at=$(epoch "$time") || { unread "a node lease has no time: $time"; return 2; }
        if [ -z "$newest" ] || [ "$at" -gt "$newest" ]; then newest=$at; fi
    done
    [ -n "$newest" ] || { refuse 'no node renews a lease: this may be no cluster that lives'; return 1; }
    age=$(($(now) - newest))
    [ "$age" -le "$SKEW" ] || { refuse "no node has renewed its lease for ${age}s: every node is lost, or this clock is wrong"; return 1; }
    [ "$age" -ge "-$SKEW" ] || { refuse "this clock is ${age#-}s behind the cluster's"; return 1; }
}

# The volumes of the pods in $2 must live and die with the node $1.
check_storage() { # NODE PODS
    attached=$(ask get volumeattachments.storage.k8s.io -o go-template='{{range .items}}{{.spec.nodeName}} {{.metadata.name}} {{.spec.attacher}}
{{end}}') || { unread 'cannot read the VolumeAttachments'; return 2; }
    found=$(printf '%s\n' "$attached" | while read -r node name attacher; do
        [ "$node" != "$1" ] || say "$name of $attacher"
    done)
    [ -z "$found" ] || { refuse "$1 has a volume attached: $found"; return 1; }

    found=$(printf '%s\n' "$2" | while read -r what ns pod kind; do
        [ "$what" = volume ] || continue
        case $kind in
            emptyDir | configMap | secret | projected | downwardAPI | image | hostPath) ;;
            *) say "$ns/$pod ($kind)" ;;
        esac
    done)
    [ -z "$found" ] || { refuse "shared or network volumes, or of a kind that is not known to be local: $found"; return 1; }

    printf '%s\n' "$2" | grep -q '^claim ' || return 0
    claims=$(ask get persistentvolumeclaims --all-namespaces -o go-template='{{range .items}}{{.metadata.namespace}} {{.metadata.name}} {{with .spec.volumeName}}{{.}}{{end}}
{{end}}') || { unread 'cannot read the PersistentVolumeClaims'; return 2; }
    # A local volume has a node affinity; a path without one may be shared.
    volumes=$(ask get persistentvolumes -o go-template='{{range .items}}{{.metadata.name}} {{if and (or .spec.local .spec.hostPath) .spec.nodeAffinity}}local{{else}}other{{end}}{{range .spec.accessModes}} {{.}}{{end}}
{{end}}') || { unread 'cannot read the PersistentVolumes'; return 2; }
    found=$(printf '%s\n' "$2" | while read -r what ns claim pod; do
        [ "$what" = claim ] || continue
        volume=$(printf '%s\n' "$claims" | while read -r a b c; do
            if [ "$a/$b" = "$ns/$claim" ]; then say "$c"; fi
        done)
        [ -n "$volume" ] || { say "$ns/$pod (claim $claim is bound to no volume)"; continue; }
        kind=$(printf '%s\n' "$volumes" | while read -r name rest; do
            if [ "$name" = "$volume" ]; then say "$rest"; fi
        done)
        case $kind in
            *ReadWriteMany* | *ReadOnlyMany*) say "$ns/$pod (volume $volume is shared)" ;;
            local*) ;;
            *) say "$ns/$pod (volume $volume is not local)" ;;
        esac
    done)
    [ -z "$found" ] || { refuse "shared or network volumes: $found"; return 1; }
}

# Whether the node may be fenced; sets STATE to what it read of the node. Any read error refuses.
check_dead() { # NODE
    STATE=$(read_node "$1") || { unread "cannot read node $1"; return 2; }
    set -- "$1" "$(field "$STATE" ready)"
    case $2 in
        'False '* | 'Unknown '*) ;;
        'True '*) refuse "$1 is Ready"; return 1 ;;
        *) refuse "$1 shows no Ready condition"; return 1 ;;
    esac
    for_seconds=$(since "${2#* }") || { unread "$1: cannot read since when it is NotReady"; return 2; }
    [ "$for_seconds" -ge "$AFTER" ] || { refuse "$1 is NotReady for ${for_seconds}s only, ${AFTER}s are asked for"; return 1; }
    annotation=$(field "$STATE" never-fence)
    [ -z "$annotation" ] || [ "$annotation" = '"false"' ] || { refuse "$1 is annotated lifeboat.dev/never-fence"; return 1; }
    check_clock || return
    pods=$(read_pods "$1") || { unread "cannot read the pods of $1"; return 2; }
    never=$(printf '%s\n' "$pods" | sed -n 's/^never-fence //p')
    [ -z "$never" ] || { refuse "pods on $1 are annotated lifeboat.dev/never-fence: $never"; return 1; }
    check_storage "$1" "$pods"
}

# Sets the taint on exactly the node that was checked: a node that has changed since is left alone.
put_taint() { # NODE VALUE [FURTHER-PATCH]
    version=$(field "$STATE" version)
    [ -n "$version" ] || { refuse "$1 shows no version"; return 1; }
    if [ -n "$DRY_RUN" ]; then say "would fence $1"; return 0; fi
    kube patch node "$1" --type=json --patch "[
        {\"op\": \"test\", \"path\": \"/metadata/resourceVersion\", \"value\": \"$version\"},${3:-}
        {\"op\": \"add\", \"path\": \"/spec/taints/-\", \"value\": {\"key\": \"$TAINT\", \"value\": \"$2\", \"effect\": \"NoExecute\"}}]" >/dev/null ||
        { refuse "$1 has changed while it was checked, or cannot be written; try again"; return 1; }
    say "fenced $1: its pods are deleted within about 20s and start elsewhere where they fit"
    say "if $1 still has power, cut it now; after it is back: $SELF unfence $1"
}

drop_taint() { # NODE
    if [ -n "$DRY_RUN" ]; then say "would unfence $1"; return 0; fi
    kube taint nodes "$1" "$TAINT:NoExecute-" >/dev/null || { refuse "cannot write node $1"; return 1; }
    say "unfenced $1: pods are scheduled there again"
}

# The value of the fence of the node in $1, preceded by =; nothing if it has none.
fence_of() { printf '%s\n' "$1" | sed -n "s|^taint $TAINT NoExecute|=|p" | sed 's/^= /=/' | head -n 1; }

fence() {
    check_dead "$NODE" || exit
    mark=$(fence_of "$STATE")
    [ -z "$mark" ] || { say "$NODE is fenced already"; exit 0; }
    put_taint "$NODE" nodeshutdown || exit 1
}

# Whether the node in $2 may serve again.
check_back() { # NODE STATE SECONDS-OF-READY
    ready=$(field "$2" ready)
    case $ready in 'True '*) ;; *) refuse "$1 is not Ready"; return 1 ;; esac
    for_seconds=$(since "${ready#* }") || { unread "$1: cannot read since when it is Ready"; return 2; }
    [ "$for_seconds" -ge "$3" ] || { refuse "$1 is Ready for ${for_seconds}s only, ${3}s are asked for"; return 1; }
    pods=$(read_pods "$1") || { unread "cannot read the pods of $1"; return 2; }
    left=$(printf '%s\n' "$pods" | sed -n 's/^terminating //p')
    [ -z "$left" ] || { refuse "pods on $1 are still Terminating: $left"; return 1; }
}

unfence() {
    STATE=$(read_node "$NODE") || { unread "cannot read node $NODE"; exit 2; }
    mark=$(fence_of "$STATE")
    [ -n "$mark" ] || { say "$NODE is not fenced"; exit 0; }
    check_back "$NODE" "$STATE" 0 || exit
    drop_taint "$NODE" || exit 1
}

# All nodes: NAME READY VALUE-OF-FENCE, with - for what is missing.
read_nodes() {
    ask get nodes -o go-template='{{range .items}}{{$ready := "-"}}{{range .status.conditions}}{{if eq .type "Ready"}}{{$ready = .status}}{{end}}{{end}}{{$fence := "-"}}{{range .spec.taints}}{{if and (eq .key "node.kubernetes.io/out-of-service") (eq .effect "NoExecute")}}{{$fence = "other"}}{{with .value}}{{$fence = .}}{{end}}{{end}}{{end}}{{.metadata.name}} {{$ready}} {{$fence}}
{{end}}'
}

# The shared Lease: version, holder, renewed, off REASON.
read_lease() {
    ask get lease "$LEASE" --namespace kube-system --ignore-not-found -o go-template='version {{.metadata.resourceVersion}}
holder {{with .spec.holderIdentity}}{{.}}{{end}}
renewed {{with .spec.renewTime}}{{.}}{{end}}
{{range $key, $value := .metadata.annotations}}{{if eq $key "lifeboat.dev/fencing-off"}}off {{printf "%q" $value}}
{{end}}{{end}}'
}

# One server at a time decides: takes or renews the Lease, or says who has it.
take_lease() {
    stamp=$(date -u +%Y-%m-%dT%H:%M:%S.000000Z)
    lease=$(read_lease) || { unread 'cannot read the Lease'; return 2; }
    if [ -z "$lease" ]; then
        [ -z "$DRY_RUN" ] || return 0
        kube create -f - >/dev/null <<EOF || { refuse 'another server was faster to take the Lease'; return 1; }
{"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": "$LEASE", "namespace": "kube-system"},
 "spec": {"holderIdentity": "$NODE", "leaseDurationSeconds": 60, "renewTime": "$stamp"}}
EOF
        return 0
    fi
    off=$(field "$lease" off)
    [ -z "$off" ] || { refuse "the automation is off: $off; mend the node, then: $SELF reset"; return 1; }
    holder=$(field "$lease" holder)
    renewed=$(field "$lease" renewed)
    if [ -n "$holder" ] && [ "$holder" != "$NODE" ]; then
        age=$(since "$renewed") || { unread "cannot read the Lease of $holder"; return 2; }
        [ "$age" -gt 60 ] || { say "$holder has the Lease"; return 1; }
    fi
    [ -z "$DRY_RUN" ] || return 0
    kube patch lease "$LEASE" --namespace kube-system --type=json --patch "[
        {\"op\": \"test\", \"path\": \"/metadata/resourceVersion\", \"value\": \"$(field "$lease" version)\"},
        {\"op\": \"add\", \"path\": \"/spec/holderIdentity\", \"value\": \"$NODE\"},
        {\"op\": \"add\", \"path\": \"/spec/renewTime\", \"value\": \"$stamp\"}]" >/dev/null ||
        { refuse 'another server was faster to take the Lease'; return 1; }
}

# Whether this server may judge others at all.
check_self() {
    started=$(ask get --raw /metrics) || { unread 'cannot read when the API server started'; return 2; }
    started=$(printf '%s\n' "$started" | awk '$1 == "process_start_time_seconds" { printf "%.0f", $2; exit }')
    [ -n "$started" ] || { unread 'the API server does not say when it started'; return 2; }
    up=$(($(now) - started))
    [ "$up" -ge "$API_UP" ] || { refuse "the API server is up for ${up}s only, ${API_UP}s are asked for"; return 1; }
    host=$WITNESS
    if [ "$host" = gateway ]; then
        host=$( { ip -4 route show default; ip -6 route show default; } 2>/dev/null |
            awk '{ for (i = 1; i < NF; i++) if ($i == "via") { print $(i + 1); exit } }')
        [ -n "$host" ] || { refuse 'this server has no default route, so no gateway to be its witness'; return 1; }
    fi
    ping -c 1 -W 2 "$host" >/dev/null 2>&1 || { refuse "the witness $host does not answer: this server may be the one that is cut off"; return 1; }
}

# Fences one dead node, if it meets the automation's own conditions as well.
fence_automatically() { # NODE
    check_dead "$1" || return
    [ -z "$(field "$STATE" cordoned)" ] || { refuse "$1 is cordoned: somebody works on it"; return 1; }
    annotation=$(field "$STATE" maintenance)
    [ -z "$annotation" ] || [ "$annotation" = '"false"' ] || { refuse "$1 is marked for maintenance"; return 1; }
    if [ -n "$CONFIRM" ]; then
        "$CONFIRM" "$1" </dev/null || { refuse "$CONFIRM does not confirm that $1 is without power"; return 1; }
    elif [ "$AFTER" -lt 120 ]; then
        refuse "fencing after ${AFTER}s, below 120s, needs a program that confirms that the power is off"
        return 1
    fi
    last=$(field "$STATE" fenced-at | tr -d '"')
    again=''
    if [ -n "$last" ]; then
        age=$(since "$last") || { unread "$1: cannot read when it was fenced before"; return 2; }
        [ "$age" -ge "$TWICE" ] || again=yes
    fi
    put_taint "$1" lifeboat "
        {\"op\": \"add\", \"path\": \"/metadata/annotations/lifeboat.dev~1fenced-at\", \"value\": \"$(date -u +%Y-%m-%dT%H:%M:%SZ)\"}," || return 1
    if [ -n "$again" ] && [ -z "$DRY_RUN" ]; then
        kube annotate lease "$LEASE" --namespace kube-system --overwrite "lifeboat.dev/fencing-off=$1 was fenced twice within ${TWICE}s" >/dev/null ||
            die 'cannot switch the automation off'
        say "the automation is off: $1 was fenced twice within ${TWICE}s; mend it, then: $SELF reset"
    fi
}

# Lifts the automation's own fence of a node that is back.
lift() { # NODE
    STATE=$(read_node "$1") || { unread "cannot read node $1"; return 2; }
    check_back "$1" "$STATE" "$READY_FOR" || return
    drop_taint "$1"
}

# A read error counts for more than a refusal.
worst() { [ "$1" -le "$result" ] || result=$1; }

automatic() {
    [ "$FENCING" = automatic ] || die "the policy's fencing is $FENCING"
    nodes=$(read_nodes) || { unread 'cannot read the nodes'; exit 2; }
    has "$(printf '%s\n' "$nodes" | sed 's/ .*//')" "$NODE" || die "the cluster has no node $NODE; is this its server?"
    take_lease || exit
    result=0
    dead='' count=0
    while read -r node ready mark; do
        [ -n "$node" ] || continue
        if [ "$ready" = True ]; then
            [ "$mark" = lifeboat ] || continue
            lift "$node" || worst "$?"
            continue
        fi
        count=$((count + 1))
        [ "$mark" != - ] || [ "$node" = "$NODE" ] || dead="$dead $node"
    done <<EOF
$nodes
EOF
    [ -n "$dead" ] || exit "$result"
    [ "$count" -le "$MAX_NODES" ] || { refuse "$count nodes are dead, more than max-nodes = $MAX_NODES: none is fenced"; exit 1; }
    check_self || exit
    for node in $dead; do
        fence_automatically "$node" || worst "$?"
    done
    exit "$result"
}

status() {
    nodes=$(read_nodes) || die 'cannot read the nodes'
    printf '%s\n' "$nodes" | while read -r node ready mark; do
        case $mark in
            -) say "$node: Ready=$ready" ;;
            lifeboat) say "$node: Ready=$ready, fenced by the automation" ;;
            *) say "$node: Ready=$ready, fenced by hand" ;;
        esac
    done
    [ "$FENCING" = automatic ] || { say 'automation: none, fencing is manual'; return; }
    lease=$(read_lease) || die 'cannot read the Lease'
    off=$(field "$lease" off)
    if [ -n "$off" ]; then say "automation: off: $off"
    elif [ -z "$lease" ]; then say 'automation: has never run'
    else say "automation: on, last run by $(field "$lease" holder) at $(field "$lease" renewed)"
    fi
}

reset() {
    if [ -n "$DRY_RUN" ]; then say 'would switch the automation on'; return; fi
    kube annotate lease "$LEASE" --namespace kube-system lifeboat.dev/fencing-off- >/dev/null || die 'cannot write the Lease'
    say 'the automation is on'
}

case $COMMAND in
    fence) fence ;;
    unfence) unfence ;;
    automatic) automatic ;;
    status) status ;;
    reset) reset ;;
esac
