# only: sh
# local, and a function that never returns.
x=global
f() { local x=inner y; y=1; echo $x; g; }
g() { echo "g sees $x"; x=changed; }
f; echo $x ${y-unset}
local z=1
h() { local x; echo "[$x]"; unset x; echo "[${x-none}]"; }; h; echo $x
deep() { deep; }; deep
