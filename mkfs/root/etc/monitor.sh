# Writes one line about memory, swap and each disk, and a warning for each that is used beyond its
# limit. For cron, see /etc/crontab; by hand: sh /etc/monitor.sh
#
# Limits in percent, from the environment: MEM_LIMIT (80), SWAP_LIMIT (50), DISK_LIMIT (90).
# The status is the number of warnings.

warnings=0

# warn WHAT PERCENT LIMIT
warn() {
    if [ "$2" -gt "$3" ]; then
        echo "$now WARNING: $1 $2% used, limit $3%"
        warnings=$((warnings + 1))
    fi
}

# column N, of lines whose columns are separated by blanks
column() {
    tr -s ' ' | cut -d ' ' -f "$1"
}

now=$(date '+%Y-%m-%d %H:%M:%S')

line=$(free -k | grep '^Mem:')
total=$(echo "$line" | column 2)
available=$(echo "$line" | column 7)
memory=$(((total - available) * 100 / total))

line=$(free -k | grep '^Swap:')
total=$(echo "$line" | column 2)
swap=0
[ "$total" -gt 0 ] && swap=$(($(echo "$line" | column 3) * 100 / total))

echo "$now memory $memory% swap $swap%$(df -P | grep '^/dev/' | column 5,6 |
    while read -r used mount; do echo -n " $mount $used"; done)"

warn memory "$memory" "${MEM_LIMIT:-80}"
warn swap "$swap" "${SWAP_LIMIT:-50}"
for disk in $(df -P | grep '^/dev/' | column 6,5 | tr -d '%' | tr ' ' ':'); do
    warn "disk ${disk#*:}" "${disk%%:*}" "${DISK_LIMIT:-90}"
done
exit $warnings
