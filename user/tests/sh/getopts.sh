# getopts.
g() { OPTIND=1; while getopts ab:c o "$@"; do echo "$o ${OPTARG-}"; done; shift $((OPTIND-1)); echo "rest: $*"; }
g -a -b val -c x y; g -abval z; g -ac -- -b; g -bval; g; g x -a
q() { OPTIND=1; while getopts :ab: o "$@"; do echo "$o ${OPTARG-}"; done; }
q -x -b; q -a -z
OPTIND=1; set -- -a -c arg; while getopts ac o; do echo $o; done; shift $((OPTIND-1)); echo $1
