# Pipelines and background jobs.
echo a | cat | cat | tr a b; false | true; echo $?; true | false; echo $?; ! true | false; echo $?
x=1; echo 2 | read x; echo $x; echo hi | { read y; echo "y=$y"; }
echo a |
cat &&
echo b
{ echo 1; sleep 0.1; echo 2; } | while read n; do echo "n$n"; done
i=0; while [ $i -lt 1000 ]; do echo $i; i=$((i+1)); done | wc -l | tr -d ' '
(exit 5) & p=$!; wait $p; echo $?; sleep 0 & wait; echo $?
for i in 1 2 3; do echo $i; done | sort -r | head -2
yes 2>/dev/null | head -1
set -- $(echo a & echo b >/dev/null; wait); echo $1
{ sleep 0.2; echo late; } & echo first; wait
cat /dev/null | echo none; : | : | :; echo $?
(sleep 0; exit 3) | cat; echo $?
f() { echo f$1; }; f 1 | f 2; f 3 | cat
wait 99999 2>/dev/null; echo $?
