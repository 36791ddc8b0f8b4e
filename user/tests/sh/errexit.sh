# set -e.
$SH -ec 'false; echo no'; echo $?
$SH -ec 'if false; then :; fi; false || true; ! true; false && true; echo yes'; echo $?
$SH -ec 'f() { false; echo in f; }; f || echo caught; f && :; echo end'; echo $?
$SH -ec '(false; echo no); echo no'; echo $?
$SH -ec 'true | false; echo no'; echo $?
$SH -ec 'false | true; echo yes'; echo $?
$SH -ec 'x=$(false); echo no'; echo $?
$SH -ec 'echo $(false) yes'; echo $?
$SH -ec 'while false; do :; done; until true; do :; done; echo yes'; echo $?
$SH -ec 'set +e; false; echo yes'; echo $?
$SH -ec 'trap "echo bye" EXIT; false'; echo $?
$SH -ec 'f() { false; }; f; echo no'; echo $?
$SH -ec '{ false; } || echo caught; if { false; true; }; then echo yes; fi'; echo $?
$SH -ec 'eval false; echo no'; echo $?
$SH -ec 'eval "false; echo in" || echo no; echo end'; echo $?
