# Field splitting.
p() { echo $#; printf '<%s>' "$@"; echo; }
x='  a  b	c
d  '
p $x; p "$x"; p a${x}b
IFS=:; y=a:b::c:; p $y; y=:a; p $y; y=::; p $y
IFS=' :'; y='a : b  c:d'; p $y; y=' : a'; p $y
IFS=; y='a b'; p $y
IFS=x; p axbx"c"; z=axbx; p $z; p $z"c" $z''
unset IFS; p $x
IFS=,; p $(echo a,b c,d); p `echo 1,2`; p $((1000))
a=1,2; p ${a} ${b:-3,4} "${b:-5,6}"
v=$a; echo "$v"; case $a in 1,2) echo whole;; esac
for i in $a; do echo "i=$i"; done
