# File names.
mkdir -p d/sub e; touch a.c b.c c.h .hid d/x.c d/sub/y.c 'sp ace' '[x]' e/z
echo *.c; echo *; echo .h*; echo */*.c; echo */*/*.c; echo d/*; echo ?.[ch]; echo [!a].c; echo [a-b].c
echo *.none; echo "*.c" '*.c' \*.c; echo *"."c; x='*.c'; echo $x; echo "$x"
echo */; echo d/sub/; echo ./*.h; echo */.; for f in sp*; do echo "<$f>"; done
echo \[x\] '['x']' [[]x]; set -f; echo *.c; set +f; echo *.c
y=*.h; echo "$y" $y; echo a.c*; echo /nonexist*/x; echo "d"/*.c; cd d; echo ../*.c
echo [ab; echo a]; echo [; case a.c in *.c) echo match;; esac
