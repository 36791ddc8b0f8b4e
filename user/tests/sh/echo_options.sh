# only: sh
# The options of echo, and what it leaves alone.
echo 'a\tb'; echo -e 'a\tb\x41'; echo -ne 'x\cy'; echo; echo -E 'a\n'; echo -x; echo -nx; echo -en '\0101\n'
