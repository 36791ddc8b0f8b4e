"""Runs a command with nothing in reach but the tools and the folders that it is given.

    level     what holds it                                         chosen when
    bwrap     own mounts, no network, own pids, no capabilities     bubblewrap works here
    uid       an own user id without privileges                     we are root (Docker, Gradescope)
    plain     resource limits only                                  otherwise, with a warning

Compilers and QEMU both run in it. As root, bubblewrap's command runs as nobody as well: limits on
processes do not hold root. The level is part of every result.
"""
import functools
import os
import pwd
import re
import select
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

from .errors import Infra

OUTPUT_LIMIT = 4 << 20
STALE_SECONDS = 3600
MEMORY_ROOM = 1 << 30
LEVELS = ("bwrap", "uid", "plain")
WARNING = "warning: no sandbox here (bubblewrap does not work, and this is not root): submissions run as you"


def limits(cpu_seconds, memory, file_size):
    return ["prlimit", f"--cpu={cpu_seconds}", f"--as={memory}", f"--fsize={file_size}", "--nproc=400",
            "--nofile=512", "--core=0", "--"]


def unprivileged():
    """(uid, gid) to run as when we are root."""
    try:
        entry = pwd.getpwnam("nobody")
        return entry.pw_uid, entry.pw_gid
    except KeyError:
        return 65534, 65534


def drop():
    uid, gid = unprivileged()
    return ["setpriv", "--pdeathsig", "KILL", f"--reuid={uid}", f"--regid={gid}", "--clear-groups", "--no-new-privs", "--"]


def bwrap(read, write, cwd):
    args = ["bwrap", "--unshare-all", "--unshare-user", "--disable-userns", "--die-with-parent", "--new-session",
            "--hostname", "grader", "--clearenv", "--setenv", "PATH", "/usr/bin:/bin:/usr/sbin:/sbin",
            "--setenv", "HOME", "/nonexistent", "--setenv", "LC_ALL", "C.UTF-8", "--ro-bind", "/usr", "/usr"]
    for name in ("bin", "lib", "lib64", "sbin"):
        if os.path.islink(f"/{name}"):
            args += ["--symlink", os.readlink(f"/{name}").lstrip("/"), f"/{name}"]
        elif os.path.isdir(f"/{name}"):
            args += ["--ro-bind", f"/{name}", f"/{name}"]
    args += ["--ro-bind-try", "/etc/alternatives", "/etc/alternatives", "--proc", "/proc", "--dev", "/dev",
             "--size", str(256 << 20), "--tmpfs", "/tmp"]
    for path in read:
        args += ["--ro-bind", str(path), str(path)]
    for path in write:
        args += ["--bind", str(path), str(path)]
    return args + ["--chdir", str(cwd), "--cap-drop", "ALL", "--"]


@functools.lru_cache(maxsize=None)
def works(level):
    """Has the level what it needs here? Tried once, with a command that does nothing."""
    if level == "plain":
        return True
    if not shutil.which("setpriv") or not shutil.which("prlimit"):
        return False
    if level == "uid":
        return os.geteuid() == 0
    if not shutil.which("bwrap"):
        return False
    command = (drop() if os.geteuid() == 0 else []) + bwrap([], [], "/") + ["/bin/true"]
    return subprocess.run(command, capture_output=True, timeout=20).returncode == 0


def level():
    """The best that works, or what XV_SANDBOX names."""
    wanted = os.environ.get("XV_SANDBOX")
    if wanted and (wanted not in LEVELS or not works(wanted)):
        raise Infra(f"XV_SANDBOX={wanted} does not work here")
    return wanted or next(x for x in LEVELS if works(x))


def give(path):
    """Makes a folder and all in it the sandboxed user's, when we are root."""
    if os.geteuid() != 0 or level() == "plain":
        return
    uid, gid = unprivileged()
    for folder, _, files in os.walk(path):
        os.chown(folder, uid, gid)
        for name in files:
            os.chown(os.path.join(folder, name), uid, gid, follow_symlinks=False)


def wrap(command, read=(), write=(), cwd="/", cpu_seconds=600, memory=4 << 30, file_size=256 << 20):
    """The command line that runs `command` in the sandbox, with these folders visible."""
    how = level()
    head = limits(cpu_seconds, memory, file_size) if shutil.which("prlimit") else []
    if how != "plain" and os.geteuid() == 0:
        head = drop() + head
    if how == "bwrap":
        head += bwrap(read, write, cwd)
    return head + list(command)


def run(command, timeout, cwd, output_limit=OUTPUT_LIMIT, **kwargs):
    """(status, output in bytes) of a command in the sandbox. Status None: it was ended, because it took more
    than `timeout` seconds or said more than `output_limit` bytes; the output's last line says which."""
    kwargs.setdefault("write", [cwd])
    env = {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "HOME": "/nonexistent", "LC_ALL": "C.UTF-8"}
    try:
        proc = subprocess.Popen(wrap(command, cwd=cwd, **kwargs), cwd=cwd, env=env, stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True)
    except OSError as err:
        raise Infra(f"cannot start {command[0]}: {err}") from None
    output, end, why = bytearray(), time.monotonic() + timeout, None
    with proc.stdout:
        while why is None and select.select([proc.stdout], [], [], max(0, end - time.monotonic()))[0]:
            data = os.read(proc.stdout.fileno(), 1 << 16)
            if not data:
                break
            output += data
            if len(output) > output_limit:
                why = f"more than {output_limit >> 10} KiB of output"
    try:
        proc.wait(0 if why else max(1, end - time.monotonic()))
    except subprocess.TimeoutExpired:
        end_group(proc)
        proc.wait()
        return None, bytes(output[:output_limit]) + f"\nended: {why or f'more than {timeout} s'}\n".encode()
    return proc.returncode, bytes(output)


def end_group(proc):
    """Ends a process that leads its own session, and its children."""
    try:
        os.killpg(proc.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        proc.kill()


def private_folder(prefix):
    """A new folder that only we (and the sandboxed user) can enter, in memory where there is plenty: what lies in
    it is written once and gone soon. The name is short: sockets lie in it."""
    memory = "/dev/shm" if os.path.isdir("/dev/shm") and shutil.disk_usage("/dev/shm").free > MEMORY_ROOM else None
    return Path(tempfile.mkdtemp(prefix=f"{prefix}{os.getpid()}-", dir=memory))


def sweep():
    """Removes private folders of graders that were killed: no such process, and an hour old (the process
    may be one of another container with the same /tmp)."""
    for path in (p for base in {tempfile.gettempdir(), "/dev/shm"} for p in Path(base).glob("xvg-*")):
        found = re.match(r"xvg-(?:[a-z]+-)?(\d+)-", path.name)
        try:
            if found and not alive(int(found[1])) and time.time() - path.lstat().st_mtime > STALE_SECONDS:
                shutil.rmtree(path, ignore_errors=True)
        except OSError:
            continue


def alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True
