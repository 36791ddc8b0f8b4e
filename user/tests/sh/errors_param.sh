# ${x?} and set -u end a script; in a subshell only that.
(echo ${nope?}; echo not reached) 2>/dev/null || echo failed
(echo ${nope:?gone}; echo not reached) 2>/dev/null && echo bad
(set -u; echo $nope; echo not reached) 2>/dev/null && echo bad
(set -u; echo ${nope-fine} "$@" $#)
(readonly r=1; r=2; echo not reached) 2>/dev/null && echo bad
(readonly r=1; echo $r)
x=$( (echo ${nope?}) 2>/dev/null ); echo survived
