# only: sh
# (Not for a build under AddressSanitizer, which keeps freed memory.) Nothing piles up in a loop: memory in use is the same after many rounds.
size() { while read name value unit; do [ "$name" = VmRSS: ] && echo $value; done </proc/$$/status; }
f() { local a="$1"; case $a in *[13579]) b=${a%?}x;; *) b=$(( a * 2 ));; esac; }
round() { i=0; while [ $i -lt 2000 ]; do f $i; eval "c=\"$i $b\""; set -- $c; i=$((i+1)); { :; } </dev/null; done; }
round; before=$(size); round; round; round; after=$(size)
[ "$after" -le $((before + 256)) ] || echo "grew from $before to $after KiB"
