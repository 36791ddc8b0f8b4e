# Scripts, -c, standard input.
echo 'echo from stdin; read x; echo "x=$x"
data line
echo after' | $SH
$SH <<'E'
echo a
cat
rest of the input
E
$SH -s one two <<'E'
echo $1 $2 $#
E
printf 'echo no newline at end' | $SH; echo
printf 'echo in file $0 $1\nexit 4\n' >s; $SH s arg; echo $?; chmod +x s; ./s x; echo $?
$SH -c 'echo a
echo b'
$SH -c ''; echo $?; $SH /nonexistent/script 2>/dev/null; echo $?
printf '#!/bin/sh\necho interpreter $1\n' >i; chmod +x i; ./i yes
mkdir dir; ./dir 2>/dev/null; echo $?; touch noexec; ./noexec 2>/dev/null; echo $?; ./missing 2>/dev/null; echo $?
PATH=$PWD:$PATH; printf 'echo found in path\n' >inpath; chmod +x inpath; inpath
$SH -c 'echo $$' | grep -c '^[0-9][0-9]*$'; a=$$; b=$($SH -c 'echo $PPID'); [ $a = $b ] && echo parent
$SH -ec 'echo $-' | grep -c e
x=5 y=6; echo $x $y; x=$y z=$x; echo $z; $SH -n -c 'echo no'; echo $?
$SH -c 'x=1; export x; exec $SH -c "echo \$x"'; $SH -c 'exec nonexistent_cmd; echo no' 2>/dev/null; echo $?
if :; then :; fi; $SH -c 'echo unterminated "' 2>/dev/null; [ $? -ne 0 ] && echo bad
IFS=x $SH -c 'v=axb; echo $v'
