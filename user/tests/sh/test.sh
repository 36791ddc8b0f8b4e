# test and [.
t() { "$@" && echo -n 'y ' || echo -n 'n '; }
n() { echo; }
t [ a ]; t [ "" ]; t [ ]; t test; t [ -n a ]; t [ -z "" ]; t [ a = a ]; t [ a != a ]; n
t [ 1 -eq 01 ]; t [ 2 -gt 1 ]; t [ 2 -lt 1 ]; t [ 1 -ge 1 ]; t [ 1 -le 0 ]; t [ 1 -ne 1 ]; t [ -5 -lt 3 ]; n
t [ ! a ]; t [ ! "" ]; t [ ! a = b ]; t [ a -a b ]; t [ a -a "" ]; t [ "" -o b ]; t [ "" -o "" ]; n
t [ ! = x ]; t [ ! = ! ]; t [ "(" = "(" ]; t [ -n = -n ]; t [ -f ]; t [ = ]; t [ ! ]; t [ "(" a ")" ]; n
touch f; mkdir d; ln -s f l; echo x >g
t [ -e f ]; t [ -f f ]; t [ -d d ]; t [ -f d ]; t [ -L l ]; t [ -h f ]; t [ -s f ]; t [ -s g ]; t [ -r f ]; t [ -x f ]; t [ -e no ]; n
t [ "(" a = b ")" -o c ]; t [ "(" a = a -o b = c ")" -a d ]; t [ ! "(" a = a ")" ]; n
t [ f -ef l ]; t [ -c /dev/null ]; t [ -p f ]; t [ -t 0 ]; n
[ a = ] 2>/dev/null; echo $?; [ x -eq 1 ] 2>/dev/null; echo $?; [ a 2>/dev/null; echo $?
