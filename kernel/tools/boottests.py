"""Firmware that is harder on the kernel than usual, played with a debugger at QEMU's stub.

The function gets the build folder and a private folder, and returns None or words that say what went
wrong; runtests.py has the row.
"""
import os
import re
import shutil
import subprocess

import qemu

# The device tree lies at an odd place in the midst of RAM, over the end of a page. And each further hart is
# let go to the boot hart's address: OpenSBI's sbi_hsm_hart_start() marks a hart as starting before it writes
# where, so a hart that looks in between enters there. Without the debugger that is one boot of thousands.
SCRIPT = """set confirm off
set pagination off
target remote {folder}/gdb
hbreak *0x80200000
continue
dump binary memory {folder}/tree $a1 $a1+0x4000
restore {folder}/tree binary 0x82000f04
set $a1 = 0x82000f04
delete
hbreak sbi_hart_start
commands
set $a1 = 0x80200000
set $a2 = 0x82000f04
continue
end
continue
"""


def firmware(build, folder):
    gdb = shutil.which("gdb-multiarch") or shutil.which("riscv64-unknown-elf-gdb")
    if not gdb:
        return "gdb-multiarch is missing: make setup"
    with open(f"{folder}/script", "w") as f:
        f.write(SCRIPT.format(folder=folder))
    m = qemu.Machine(kernel=os.path.abspath(f"{build}/kernel.elf"), image=f"{build}/root.img", snapshot=True, cpus=4)
    m.append = qemu.command_append("grep -c ^processor /proc/cpuinfo; dmesg; usertests fork.many", "test-start")
    # QEMU waits until GDB has come.
    m.extra = ["-S", "-chardev", f"socket,path={folder}/gdb,server=on,wait=off,id=g", "-gdb", "chardev:g"]
    debugger = subprocess.Popen(
        ["sh", "-c", 'until [ -S "$1/gdb" ]; do sleep 0.1; done; exec "$2" -nx -batch -x "$1/script" "$3"', "sh",
         folder, gdb, m.kernel], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        status, text = qemu.boot(m, 240)
    finally:
        debugger.kill()
        said = debugger.communicate()[0].decode(errors="replace")
    started = said.count("hit Breakpoint 2")
    if status or started != 3 or not re.search(r"^4$", text, re.M) or not re.search(r"^[1-9]\d* passed, 0", text, re.M):
        return f"status {status}, {started} harts started\n{text[-1500:]}\n{said[-1500:]}"
    return None
