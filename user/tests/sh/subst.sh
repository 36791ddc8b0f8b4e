# Command substitution.
echo $(echo a; echo b) "$(echo a; echo b)"
echo "$(printf 'x\n\n\n')" end
echo $(echo $(echo $(echo deep)))
echo `echo \`echo nested\`` "`echo "q q"`" `printf %s '\\\\'`
x=$(echo "a)b" ')' \)); echo "$x"
x=$(case a in a) echo one;; (b) echo two;; esac); echo $x
x=$(cat <<END
in a here-document )
END
); echo "$x"
echo $(: # comment with )
echo after)
echo "$(false)" x
x=$(exit 3); echo $?
f() { echo "f:$1"; }; echo $(f $(f x))
echo a$( )b "$()" `true`c
echo $(<&- cat 2>/dev/null) ok
y=$(x=inner; echo $x); echo $y
echo $( (echo sub) ) $({ echo group; })
n=$(printf '%5000s' x); echo ${#n}
