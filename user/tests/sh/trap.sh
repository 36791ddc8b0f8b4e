# Traps.
$SH -c 'trap "echo exit \$?" EXIT; exit 3'; echo $?
$SH -c 'trap "echo bye" EXIT; echo hi'
$SH -c 'trap "echo bye" EXIT; (echo sub); (trap "echo sub bye" EXIT)'
$SH -c 'trap "echo bye" EXIT; trap - EXIT; echo hi'
$SH -c 'trap "echo term" TERM; kill -TERM $$; echo after'
$SH -c 'trap "" TERM; kill -TERM $$; echo survived'
$SH -c 'trap "" TERM; $SH -c "kill -TERM \$\$; echo inherited"'
$SH -c 'trap "echo usr; exit 4" USR1; kill -USR1 $$; echo no'; echo $?
$SH -c 'trap "echo a" EXIT; trap "echo int" INT; trap' | sort
$SH -c 'trap "exit 7" EXIT; exit 2'; echo $?
$SH -c 'trap "echo \$x" EXIT; x=late; exec true'; echo $?
$SH -c 'trap "echo got" USR1; sleep 5 & kill -USR1 $$; wait $!; echo $?; kill $!' | head -1
$SH -c 'f() { trap "echo in f" EXIT; }; f; echo end'
