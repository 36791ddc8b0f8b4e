# Functions.
f() { echo "$# $1"; return 5; echo no; }
f a b; echo $?
set -- outer; f inner >/dev/null; echo $1
g() ( x=sub; exit 7 ); x=top; g; echo $? $x
h() { h2() { echo defined inside; }; }; h; h2
fact() { if [ $1 -le 1 ]; then echo 1; else echo $(($1 * $(fact $(($1-1))))); fi; }; fact 6
k() { for i in 1 2 3; do [ $i = 2 ] && return; echo $i; done; }; k; echo $?
loop() { while :; do return 4; done; }; loop; echo $?
v=1; t() { echo "v=$v"; }; v=2 t; echo $v
r() { false; return; }; r; echo $?
unset -f t; (t) 2>/dev/null; echo $?
echo() { printf 'mine: %s\n' "$*"; }; echo hi; unset -f echo; echo hi
a() { b; }; b() { echo b called; }; a
redef() { redef() { echo second; }; echo first; }; redef; redef
args() { shift; echo "$*"; set -- new; echo $1; }; args 1 2 3
n() { if [ $1 -gt 0 ]; then n $(($1-1)); else echo bottom; fi; }; n 50
f2()
{
    echo newline before brace
}
f2
p() { cat; }; echo piped | p
