#!/bin/sh
# A backup of K3s's SQLite datastore while K3s runs. A plain copy of state.db would miss what is still
# in its write-ahead log, so SQLite's own backup makes it. Needs the program sqlite3; run it as root.
set -eu
FOLDER={{ folder }}
RETENTION={{ retention }}
{% raw -%}
ME=${0##*/}
SERVER=${K3S_DATA_DIR:-/var/lib/rancher/k3s}/server
die() { printf '%s: %s\n' "$ME" "$*" >&2; exit 1; }
command -v sqlite3 >/dev/null 2>&1 || die 'the program sqlite3 is missing: install it (package sqlite3); nothing was saved'
[ -f "$SERVER/db/state.db" ] || die "no $SERVER/db/state.db: is this the server, and is its datastore SQLite?"
[ -s "$SERVER/token" ] || die "no $SERVER/token: a backup without it is of no use"
umask 077
mkdir -p "$FOLDER"
name=$(date -u +%Y%m%dT%H%M%SZ)
part=$FOLDER/.$name.part
rm -rf "$part"
mkdir "$part"
trap 'rm -rf "$part"' EXIT
# In the folder, so that its path needs no quoting in SQLite's own language.
(cd "$part" && sqlite3 -bail "$SERVER/db/state.db" '.timeout 30000' '.backup state.db') || die 'SQLite cannot make the backup'
[ "$(sqlite3 "$part/state.db" 'PRAGMA integrity_check')" = ok ] || die 'the backup is damaged'
cp -p "$SERVER/token" "$part/token"
mv "$part" "$FOLDER/$name"
printf '%s: saved %s\n' "$ME" "$FOLDER/$name"
# The names sort by time; the newest stay.
count=0
for old in "$FOLDER"/[0-9]*T[0-9]*Z; do count=$((count + 1)); done
for old in "$FOLDER"/[0-9]*T[0-9]*Z; do
    [ "$count" -gt "$RETENTION" ] || break
    rm -rf "$old"
    count=$((count - 1))
done
{%- endraw %}
