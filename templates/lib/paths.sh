{% raw -%}
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
{%- endraw %}
