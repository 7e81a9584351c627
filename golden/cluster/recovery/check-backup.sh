#!/bin/sh
# Whether there is a backup of the datastore that is young enough. Run it on a server, as root.
set -eu
CLUSTER=edge
# etcd, sqlite or external.
DATASTORE=etcd
# Where the backups are, and the oldest that will do, in seconds.
FOLDER=/var/lib/rancher/k3s/server/db/snapshots
YOUNGER_THAN=172800
ME=${0##*/}
die() { printf '%s: %s\n' "$ME" "$*" >&2; exit 2; }
case ${1:-} in
    '') ;;
    *)
        printf 'usage: %s\nCluster %s, datastore %s. Exit 0 young enough, 1 too old or none, 2 cannot say.\n' "$ME" "$CLUSTER" "$DATASTORE"
        case $1 in -h | --help) exit 0 ;; *) exit 2 ;; esac
        ;;
esac
if [ "$DATASTORE" = external ]; then
    die "K3s takes no backup of an external datastore: ask the database's own tool, and keep the server token beside its dump"
fi
[ -d "$FOLDER" ] || { printf '%s: no folder %s: there is no backup here\n' "$ME" "$FOLDER"; exit 1; }
minutes=$(((YOUNGER_THAN + 59) / 60))
# A backup that failed half-way has no file of these names, or an empty one.
case $DATASTORE in
    etcd) young=$(find "$FOLDER" -type f -size +0c -mmin "-$minutes" ! -name '.*' ! -name '*.part') || die "cannot read $FOLDER" ;;
    sqlite) young=$(find "$FOLDER" -type f -name state.db -size +0c -mmin "-$minutes") || die "cannot read $FOLDER" ;;
    *) die "unknown datastore $DATASTORE" ;;
esac
if [ -z "$young" ]; then
    printf '%s: no backup in %s is younger than %s minutes\n' "$ME" "$FOLDER" "$minutes"
    exit 1
fi
token=/var/lib/rancher/k3s/server/token
[ "$DATASTORE" != sqlite ] || token=$(printf '%s\n' "$young" | head -n 1 | sed 's|/state.db$|/token|')
[ -s "$token" ] || { printf '%s: the backup is young enough, but %s is missing: without the token it is of no use\n' "$ME" "$token"; exit 1; }
printf '%s: young enough: %s\n' "$ME" "$(printf '%s\n' "$young" | head -n 1)"
