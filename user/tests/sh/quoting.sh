# Quotes and backslashes.
x='a  b'
echo 'single $x \n' "double $x \$x \" \` \\ \z" back\ slash\$x
echo "a'b" 'a"b' "" '' x
printf '<%s>\n' "$x" $x '' "" a"$x"b a''b
echo line\
continued "in\
side" 'not\
here'
echo \' \" '\' \\
printf '<%s>\n' $'a\tb\x41\101\'q' "$'x'"
echo a#b #comment
echo "#" '#' \#
echo $ "$" '$' $% "a$"
printf '<%s>\n' "*" \* '[a]'
echo "a`echo "b c"`d" "$(echo "e  f")"
