{% raw -%}
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
{%- endraw %}
