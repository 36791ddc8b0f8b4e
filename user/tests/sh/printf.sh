# echo and printf.
echo -n a; echo b; echo; echo a  b "c  d"; echo -- -x; echo - -
printf 'a\tb\n'; printf '%s %s\n' a b c; printf '%d %i %o %x %X %u %c\n' 10 -5 8 255 255 7 xyz
printf '[%5s][%-5s][%05d][%.2s][%+d]\n' ab ab 42 abcdef 7; printf '%%\n'; printf '%b\n' 'a\tb\0101'
printf '%s\n'; printf '%d\n'; printf 'no args\n' ; printf '%s-' 1 2 3; echo; printf "%d\n" "'A" 0x10 010
printf '%*s|\n' 5 a; printf 'x%bz' 'y\c'; echo; printf '\101\n'; printf '%d\n' abc 2>/dev/null; echo $?
printf -- '-%s\n' a; printf '%s' ''; printf '%5c|%-3c|\n' a b
