# Here-documents.
x=val
cat <<A; cat <<'B'; cat <<"C D"
$x ${x} $(echo cmd) `echo bq` \$x \\ \x "q" 'q' $((1+1))
A
$x $(echo) \n
B
${x}
C D
	cat <<-E
		tabs $x
	  kept
	E
cat <<A <<B
first
A
second
B
cat <<A | tr a-z A-Z && echo after
piped
A
while read line; do echo "[$line]"; done <<END
one
  two \
three
END
cat <<END
line\
joined ${u:-"a b"} "${x}"
END
f() { cat <<END
f $1
END
}
f arg
cat 3<<A <&3
fd three
A
if true; then cat <<A; fi
inside
A
cat <<\E
raw $x
E
cat <<E

E
big=$(i=0; while [ $i -lt 2000 ]; do echo 0123456789abcdef; i=$((i+1)); done)
cat <<E | wc -l | tr -d ' '
$big
E
read a b <<E
1 2
E
echo $a $b
