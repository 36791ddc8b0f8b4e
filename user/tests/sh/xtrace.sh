# only: sh
# set -x and set -v.
$SH -c 'set -x; : a "b c"; x=1 y="p q"; f() { echo $1; }; f "in side"; for i in 1; do true; done'
$SH -c 'PS4="[\$x] "; x=5; set -x; : a; set +x; : b'
echo 'set -v
echo v' | $SH
set | grep '^PS4='; set -o | grep xtrace; export -p | grep -c "^export PATH="
