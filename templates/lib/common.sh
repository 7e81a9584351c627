{% raw -%}
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
{%- endraw %}
