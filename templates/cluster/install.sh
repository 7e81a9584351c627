#!/bin/sh
# Installs this host's files: K3s drop-in, add-on manifests, recovery scripts and timers. It restarts
# nothing; it says what a change needs. Run it on the host, as root, from this folder of the build.
set -eu
CLUSTER={{ cluster }}
# One a line: node file target mode.
FILES={{ files|table('node', 'source', 'target', 'mode') }}
{% raw -%}
ME=${0##*/}
HERE=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
die() { printf '%s: %s\n' "$ME" "$*" >&2; exit 2; }
say() { printf '%s\n' "$*"; }
usage() {
    cat <<EOF
usage: $ME NODE [--check] [--rename] [--root DIR]
  --check   compare only; exit 1 if a file is missing, different or left over
  --rename  this host was installed as another node and is NODE from now on
  --root    install below DIR instead of / (for images and tests)
Nodes of cluster $CLUSTER: $(printf '%s\n' "$FILES" | sed 's/ .*//' | sort -u | tr '\n' ' ')
EOF
}
NODE='' CHECK='' RENAME='' ROOT=''
while [ $# -gt 0 ]; do
    case $1 in
        --check) CHECK=yes ;;
        --rename) RENAME=yes ;;
        --root) [ $# -gt 1 ] || die '--root needs a folder'; ROOT=$2; shift ;;
        -h | --help) usage; exit 0 ;;
        -*) usage >&2; die "unknown option: $1" ;;
        *) [ -z "$NODE" ] || die "one node at a time"; NODE=$1 ;;
    esac
    shift
done
[ -n "$NODE" ] || { usage >&2; exit 2; }
MINE=$(printf '%s\n' "$FILES" | while read -r node rest; do if [ "$node" = "$NODE" ]; then say "$rest"; fi; done)
[ -n "$MINE" ] || { usage >&2; die "the policy has no node $NODE"; }
INSTALLED=$ROOT/var/lib/lifeboat/installed
# Another node's files would take this one's away: a slip of the pen must not.
WAS=$(sed -n 's/^NODE=//p' "$ROOT/etc/lifeboat/node" 2>/dev/null | head -n 1) || true
if [ -n "$WAS" ] && [ "$WAS" != "$NODE" ] && [ -z "$RENAME" ]; then
    printf '%s: this host is %s (%s/etc/lifeboat/node), not %s; nothing was changed. If it is %s from now on: --rename\n' "$ME" "$WAS" "$ROOT" "$NODE" "$NODE" >&2
    exit 1
fi

digest() { sha256sum <"$1" | cut -c 1-12; }
# Lines of kubelet arguments that decide how much room pods have.
room() { grep -E 'reserved=|eviction-hard=' "$1" 2>/dev/null | sort || true; }

# The build label in a drop-in, which is for status.sh only, and all that it says besides.
label() { sed -n 's|.*lifeboat\.dev/build=\([0-9a-z]*\).*|\1|p' "$1" | head -n 1; }
body() { grep -Ev '^#|lifeboat\.dev/build=' "$1" || true; }

RESTART='' DRAIN='' UNITS='' CHANGED='' LABEL='' BEFORE=''
while read -r source target mode; do
    new=$HERE/$source old=$ROOT$target
    [ -f "$new" ] || die "the build has no $source; nothing was changed"
    if [ ! -f "$old" ]; then state=missing
    elif cmp -s "$new" "$old"; then state=same
    else state="differs, $(digest "$old") is installed"
    fi
    say "$(digest "$new") $target: $state"
    [ "$state" != same ] || continue
    CHANGED=yes
    case $target in
        */config.yaml.d/*)
            if [ ! -f "$old" ]; then RESTART=yes
            elif [ "$(body "$new")" = "$(body "$old")" ]; then LABEL=$(label "$new") BEFORE=$(label "$old")
            else
                RESTART=yes
                [ "$(room "$new")" = "$(room "$old")" ] || DRAIN=yes
            fi
            ;;
        */systemd/system/*) UNITS=yes ;;
    esac
done <<EOF
$MINE
EOF
LEFT=''
if [ -f "$INSTALLED" ]; then
    while read -r target; do
        printf '%s\n' "$MINE" | grep -Fq -- " $target " && continue
        [ -f "$ROOT$target" ] || continue
        LEFT="$LEFT $target"
        CHANGED=yes
        say "$(digest "$ROOT$target") $target: no longer part of the build"
        case $target in */config.yaml.d/*) RESTART=yes ;; */systemd/system/*) UNITS=yes ;; esac
    done <"$INSTALLED"
fi
[ -n "$CHANGED" ] || { say 'nothing has changed'; exit 0; }
# Where only scripts or add-ons change, the label changes without a restart: unless K3s was not restarted since the
# drop-in that is installed, or nobody can tell.
if [ -n "$LABEL" ] && [ -z "$ROOT" ]; then
    is=$(k3s kubectl get node "$NODE" -o 'jsonpath={.metadata.labels.lifeboat\.dev/build}' 2>/dev/null) || is=''
    [ -n "$is" ] && [ "$is" = "$BEFORE" ] || RESTART=yes
fi

needs() {
    unit=k3s
    printf '%s\n' "$MINE" | grep -q '/k3s/server/' || unit=k3s-agent
    if [ -n "$DRAIN" ]; then
        say "needs: a drain first, because the room for pods changes:"
        say "  kubectl drain $NODE --ignore-daemonsets --delete-emptydir-data; systemctl restart $unit; kubectl uncordon $NODE"
    elif [ -n "$RESTART" ]; then say "needs: a restart of K3s (running pods go on): systemctl restart $unit"
    else say 'needs: nothing further'
    fi
    if [ -n "$RESTART" ]; then say 'taints reach a node that is already registered by taints.sh apply only; labels are set each time K3s starts'; fi
}
if [ -n "$CHECK" ]; then needs; exit 1; fi

for target in $LEFT; do
    case $target in
        */systemd/system/*.timer) [ -n "$ROOT" ] || systemctl disable --now "${target##*/}" ;;
    esac
    rm -f "$ROOT$target"
done
# Each file appears in one step under its name.
while read -r source target mode; do
    old=$ROOT$target
    mkdir -p "$(dirname "$old")"
    cp "$HERE/$source" "$old.lifeboat-new"
    chmod "$mode" "$old.lifeboat-new"
    mv "$old.lifeboat-new" "$old"
done <<EOF
$MINE
EOF
mkdir -p "$ROOT/etc/lifeboat" "$(dirname "$INSTALLED")"
printf 'NODE=%s\n' "$NODE" >"$ROOT/etc/lifeboat/node"
printf '%s\n' "$MINE" | while read -r source target mode; do say "$target"; done >"$INSTALLED"
if [ -n "$UNITS" ] && [ -z "$ROOT" ]; then
    systemctl daemon-reload
    printf '%s\n' "$MINE" | while read -r source target mode; do
        case $target in */systemd/system/*.timer) systemctl enable --now "${target##*/}" </dev/null ;; esac
    done
fi
if [ -n "$LABEL" ] && [ -z "$RESTART" ] && [ -z "$ROOT" ]; then
    k3s kubectl label node "$NODE" "lifeboat.dev/build=$LABEL" --overwrite >/dev/null ||
        say "for status.sh: kubectl label node $NODE lifeboat.dev/build=$LABEL --overwrite"
fi
say 'installed'
needs
{%- endraw %}
