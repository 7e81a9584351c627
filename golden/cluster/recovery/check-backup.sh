#!/bin/sh
# Whether there is a backup of the datastore that is young enough. Run it on a server, as root.
set -eu
CLUSTER=edge
# etcd, sqlite or external.
DATASTORE=etcd
# Where the backups are, and the oldest that will do, in seconds.
FOLDER=/var/lib/rancher/k3s/server/db/snapshots
YOUNGER_THAN=172800
# The servers: K3s names a snapshot after the one that took it.
SERVERS=master
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
# Snapshots of etcd among the files on standard input: NAME-SERVER-SECONDS, as K3s writes them, maybe compressed.
snapshots() {
    while read -r file; do
        name=${file##*/} name=${name%.zip}
        seconds=${name##*-}
        case $name in *-*-*) ;; *) continue ;; esac
        case $seconds in '' | *[!0-9]*) continue ;; esac
        [ "${#seconds}" -ge 10 ] || continue
        for server in $SERVERS; do
            case ${name%-*} in ?*"-$server") printf '%s\n' "$file"; break ;; esac
        done
    done
}
# A backup that failed half-way has no file of these names, or an empty one.
case $DATASTORE in
    etcd)
        young=$(find "$FOLDER" -type f -size +0c -mmin "-$minutes") || die "cannot read $FOLDER"
        young=$(printf '%s\n' "$young" | snapshots)
        ;;
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
