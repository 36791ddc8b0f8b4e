# Parameters and their operators.
p() { printf '<%s>' "$@"; echo; }
unset u; e=; x=value
p "${u-def}" "${u:-def}" "${e-def}" "${e:-def}" "${x-def}"
p "${u+alt}" "${e+alt}" "${e:+alt}" "${x:+alt}"
p "${u=set}" "$u"; unset u; p "${e:=set2}" "$e"
p ${#x} ${#} ${#u}
path=/usr/lib/x.tar.gz
p ${path%.*} ${path%%.*} ${path#*/} ${path##*/} "${path#*.}" "${path%/*}"
q='*'; y='a*b*c'
p "${y#*"$q"}" "${y##*$q}" "${y%\**}" "${y%%'*'*}"
p ${x:-"a b"} "${u:-"a b"}" ${u:-a b} ${u:-'c d'} "${u:-'c d'}"
p ${u:-${e:-nest "${x}"}}
p "${x:-}" "a${u}b" ${u} "$u"
set -- one 'two three' four
p "$@"; p "$*"; p $@; p $*; p "a$@b"; p "$1$2" "${2}" $#
p "${@:-none}" ${1:+yes}
set --; p "$@"; p "a$@"; p "$*"; p "${@:-none}"
set -- 1 2 3 4 5 6 7 8 9 ten eleven; echo ${10} ${11} $10
shift 9; echo $1 $#
IFS=-; set -- a b c; echo "$*"; IFS=; echo "$*"; unset IFS; echo "$*"
z=abc; p "${z%"${z#?}"}" "${z#"${z%?}"}"
p "${x}$x-$x"x
