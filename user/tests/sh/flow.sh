# if, loops, case, break, continue.
if false; then echo 1; elif true; then echo 2; else echo 3; fi
if false; then :; else echo else; fi
if false; then :; fi; echo $?
i=0; until [ $i = 3 ]; do i=$((i+1)); echo $i; done
while :; do echo once; break; done
for i in 1 2 3; do for j in a b c; do [ $j = b ] && continue 2; [ $i = 3 ] && break 2; echo $i$j; done; done
for i in; do echo never; done; echo $?
for i
do echo never; done
set -- p q; for i do echo $i; done
for i in a b
do
    echo $i
done
case abc in a) echo no;; a*|b*) echo yes;; *) echo default;; esac
case x in (x) echo paren;; esac
case '*' in '*') echo star;; esac; case a in '*') echo bad;; esac
case "a b" in "a b") echo spaces;; esac
case - in [a-c]) echo bad;; [!a-c]) echo negated;; esac
case x in y) ;; esac; echo $?
case "" in "") echo empty;; esac
v='a*'; case abc in $v) echo pattern;; esac; case abc in "$v") echo bad;; *) echo literal;; esac
case ] in []]) echo bracket;; esac
case a.c in *.[ch]) echo source;; esac
case x in x)
    echo newline
    ;;
esac
case in in in) echo in;; esac
true && echo and; false || echo or; true && false || echo mixed; false && echo no || echo yes
! false && echo not; ! true || echo not2
{ echo g1; echo g2; }; (echo s1; exit 3); echo $?
x=outer; (x=inner; echo $x); echo $x
true; while false; do :; done; echo $?
false; for i in 1; do :; done; echo $?
while read x; do echo "got $x"; [ $x = b ] && break; done <<E
a
b
c
E
echo if then else fi do done
if ! false; then echo negated; fi
i=5; while [ $((i-=1)) -gt 0 ]; do [ $i = 2 ] && continue; echo $i; done
