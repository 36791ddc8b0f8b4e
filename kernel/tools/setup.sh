#!/bin/sh
# Installs what xv39 needs and this machine lacks: through apt on Debian and Ubuntu; elsewhere it
# prints the packages. Run by `make setup`.
set -eu

# command it provides (or a file) : Debian package
NEEDS="
qemu-system-riscv64:qemu-system-misc
/usr/share/qemu/opensbi-riscv64-generic-fw_dynamic.bin:opensbi
riscv64-unknown-elf-gcc:gcc-riscv64-unknown-elf
riscv64-linux-gnu-gcc:gcc-riscv64-linux-gnu
/usr/riscv64-linux-gnu/lib/libc.a:libc6-dev-riscv64-cross
gdb-multiarch:gdb-multiarch
gcc:gcc
/usr/include/stdio.h:libc6-dev
python3:python3
pkg-config:pkg-config
e2fsck:e2fsprogs
/usr/include/ext2fs/ext2fs.h:libext2fs-dev
/usr/include/et/com_err.h:comerr-dev
clang:clang
ld.lld:lld
llvm-objcopy:llvm
clang-format:clang-format
cppcheck:cppcheck
bwrap:bubblewrap
zstd:zstd
prlimit:util-linux
git:git
"

have() {
    case $1 in
    /*) [ -e "$1" ] ;;
    *) command -v "$1" >/dev/null 2>&1 || [ -x "/sbin/$1" ] || [ -x "/usr/sbin/$1" ] ;;
    esac
}

missing=
for need in $NEEDS; do
    have "${need%%:*}" || missing="$missing ${need#*:}"
done
if [ -z "$missing" ]; then
    echo "setup: everything is here"
    exit 0
fi

if ! command -v apt-get >/dev/null 2>&1; then
    cat <<EOF
setup: this system has no apt. xv39 needs (Debian's names):
  $missing
On Fedora:   dnf install qemu-system-riscv gcc-riscv64-linux-gnu gdb gcc python3 e2fsprogs-devel clang lld llvm cppcheck bubblewrap git
On Arch:     pacman -S qemu-system-riscv riscv64-elf-gcc riscv64-elf-gdb riscv64-linux-gnu-gcc python e2fsprogs clang lld llvm cppcheck bubblewrap git
On macOS:    brew install qemu riscv64-elf-gcc riscv64-elf-gdb python e2fsprogs llvm cppcheck
EOF
    exit 1
fi

root=
if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null 2>&1 || {
        echo "setup: run as root: apt-get install --no-install-recommends$missing"
        exit 1
    }
    root=sudo
fi
echo "setup: installing$missing"
export DEBIAN_FRONTEND=noninteractive
$root apt-get update -q
# shellcheck disable=SC2086
$root apt-get install -y -q --no-install-recommends $missing
for need in $NEEDS; do
    have "${need%%:*}" || {
        echo "setup: ${need%%:*} is still missing after installing ${need#*:}"
        exit 1
    }
done
echo "setup: done"
