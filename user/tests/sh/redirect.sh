# Redirections.
echo one >f; echo two >>f; cat f; cat <f
echo err >&2 2>/dev/null; { echo out; echo err >&2; } 2>&1 | sort
ls /nonexistent/x 2>e; [ -s e ] && echo has error
{ echo a; echo b >&2; } >o 2>&1; cat o
exec 3>g; echo three >&3; exec 3>&-; cat g; (echo x >&3) 2>/dev/null || echo closed
exec 4<f; read l <&4; echo $l; read l <&4; echo $l; exec 4<&-
echo rw 1<>f; cat f
if true; then echo block; fi >b; cat b
for i in 1 2; do echo $i; done >c; cat c
while read l; do echo "-$l"; done <c
(echo sub) >d; cat d
f() { echo func; } >fn; f; cat fn
>empty; [ -f empty ] && [ ! -s empty ] && echo empty
x=old; x=new >z; echo $x
set -C; (echo no >f) 2>/dev/null || echo refused; echo yes >|f; cat f; echo null >/dev/null; set +C
cat </nonexistent/file 2>/dev/null || echo no
echo a 2>&1 >h; cat h
cmd='echo eval'; eval "$cmd" >i; cat i
echo "to >file" '>x'; [ -e x ] || echo no x
echo hi > "with space"; cat "with space"
for fd in 5 6; do eval "exec $fd>q$fd"; done; echo five >&5; echo six >&6; exec 5>&- 6>&-; cat q5 q6
echo 2>j 3; cat j
echo pipe >&1 | cat
