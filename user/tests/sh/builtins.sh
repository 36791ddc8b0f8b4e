# Small builtins.
cd /; pwd; cd tmp; pwd; cd ..; pwd; cd /var/tmp; cd -; echo $OLDPWD; cd /nonexistent 2>/dev/null || echo no
cd; [ "$PWD" = "$HOME" ] && echo home; cd /; (cd tmp; pwd); pwd
eval 'a=1;' 'echo $a'; eval; echo $?
set -- -x a; echo $1; set a b; echo $2; set --; echo $#
export E1=exported; $SH -c 'echo $E1'; E2=temp $SH -c 'echo $E2'; echo ${E2-unset}; unset E1; $SH -c 'echo ${E1-unset}'
export E3; E3=later; $SH -c 'echo $E3'
umask 022; umask; umask 77; umask; (umask 0); umask
read x y <<E
a b  c  
E
echo "[$x][$y]"
printf "a\\\\b\\n" >f; read x <f; echo "$x"; read -r x <f; echo "$x"
printf 'no newline' >f; read x <f; echo $? "$x"; read x </dev/null; echo $? "[$x]"
echo ' x : y : z ' >f; IFS=: read a b <f; echo "[$a][$b]"; echo 'a:b:' >f; IFS=: read a b <f; echo "[$a][$b]"
printf '%s\n' one two >f; { read a; read b; echo $b $a; } <f
printf 'a\nb\nc\n' | { read x; echo $x; cat; }
type cd | grep -c builtin; command -v cd; command -v nonesuch || echo none; command echo hi
cat >prog <<'E'
echo "script $0 $1"
E
chmod +x prog; ./prog arg
. ./prog | grep -c script; echo 'return 3; echo no' >r; . ./r; echo $?; (. ./nonexistent) 2>/dev/null || echo no
wait; true & wait $!; echo $?; (exit 3) & wait $!; echo $?; false; :; echo $?
$SH -c 'exit 9'; echo $?; $SH -c 'echo $0 $1 $#' name one; (exit 300); echo $?
x=1; exec >log; echo logged; exec >&2; cat log
times >/dev/null; echo $?
. /dev/null; echo $?
kill -l 9; kill -0 $$; echo $?
{ $SH -c "kill -TERM \$\$"; } 2>/dev/null; echo $?
readonly ro=5; echo $ro; unset nothing; echo $?
