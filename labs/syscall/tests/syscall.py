"""Judges of the system call lab.

A process is a puppet (xvgrade/puppet.py): the judge puts number and arguments into its registers, lets it
execute `ecall`, and sees what is in a0 and in its memory. Numbers, arguments, masks, addresses that are no
good: drawn anew in each run. Nothing that the kernel prints counts.
"""
import struct

from xvgrade.puppet import PAGE, RW, SYSCALLS, Puppets, free_frames
from xvgrade.source import access, walk

SYSTRACE, SYSTRACE_READ = 500, 501
EVENTS, EVENT, WORDS = 112, 72, 8
EPERM, ENOENT, EBADF, EFAULT, EINVAL, ENAMETOOLONG, ENOSYS, ESRCH = 1, 2, 9, 14, 22, 36, 38, 3
USER_END = 1 << 38
PRIV_USER, PRIV_KERNEL = 0, 1
PATH_MAX = 4096
# Calls that do no harm whatever they are asked, without pointers
HARMLESS = {"getpid": 172, "getppid": 173, "getuid": 174, "geteuid": 175, "getgid": 176, "gettid": 178, "getsid": 156,
            "getpgid": 155, "close": 57, "dup": 23, "lseek": 62, "umask": 166, "sched_get_priority_max": 125,
            "fsync": 82, "nothing": 470, "setpgid": 154}


class Traced:
    """Process 1 with a few pages of memory to write to."""

    def __init__(self, g):
        self.g, self.p = g, Puppets(g)
        self.a = self.p.first
        self.at = self.a.map(24)
        self.a.fill(self.at, 0, 24)
        self.buf = self.at + 4 * PAGE

    def put(self, data, at=None):
        at = self.at if at is None else at
        self.g.write(at, data, self.a.root)
        return at

    def mask(self, numbers):
        words = [0] * WORDS
        for n in numbers:
            words[n // 64] |= 1 << n % 64
        return struct.pack("<8Q", *words)

    def trace(self, numbers, actor=None):
        self.put(self.mask(numbers))
        got = (actor or self.a).syscall(SYSTRACE, self.at, WORDS)
        self.g.equal("systrace() of a mask", got, 0)

    def stop(self):
        self.g.equal("systrace(NULL, 0)", self.a.syscall(SYSTRACE, 0, 0), 0)

    def read(self, n=200, actor=None):
        """[(seq, result, args, tid, nr)]"""
        actor = actor or self.a
        got = actor.syscall(SYSTRACE_READ, self.buf, n)
        self.g.check(0 <= got <= min(n, EVENTS), f"systrace_read() of {n} events", "how many came", got)
        data = self.g.read(self.buf, got * EVENT, actor.root) if got else b""
        rows = []
        for i in range(got):
            seq, result, *rest = struct.unpack_from("<Qq6QiI", data, i * EVENT)
            rows.append((seq, result, tuple(rest[:6]), rest[6], rest[7]))
        return rows

    def call(self, actor=None, names=None):
        """A random harmless call: (number, args, result, tid)."""
        g, actor = self.g, actor or self.a
        name = g.rng.choice(names or list(HARMLESS))
        args = tuple(g.rng.choice((g.rng.getrandbits(64), g.rng.randrange(1000, 5000))) for _ in range(6))
        return HARMLESS[name], args, actor.syscall(HARMLESS[name], *args), actor.pid


def same(g, rows, calls, first, words):
    """The events are these calls, in this order, numbered from first on."""
    for i, (nr, args, result, tid) in enumerate(calls):
        g.check(i < len(rows), f"event {i + 1} of {len(calls)} {words}", f"call {nr} of thread {tid}", "no event")
        seq, got, seen, who, what = rows[i]
        g.check((what, who) == (nr, tid), f"event {i + 1} of {len(calls)} {words}", f"call {nr} of thread {tid}",
                f"call {what} of thread {who}")
        g.check(seen == args, f"arguments of event {i + 1}, call {nr}", [hex(a) for a in args], [hex(a) for a in seen])
        g.equal(f"result of event {i + 1}, call {nr}", got, result)
        g.equal(f"seq of event {i + 1}", seq, first + i)
    g.equal(f"events {words}", len(rows), len(calls))


# ---- the tests


def boot(g):
    t = Traced(g)
    for _ in range(3):
        child = t.a.fork()
        child.store(t.at, g.rng.getrandbits(64))
        t.a.end(child)


def registered(g):
    t = Traced(g)
    g.equal("systrace_read() without systrace() before it", t.a.syscall(SYSTRACE_READ, t.buf, 5), -EINVAL)
    t.trace([HARMLESS["getpid"]])
    g.equal("systrace_read() when nothing has happened", t.a.syscall(SYSTRACE_READ, t.buf, 5), 0)
    for words in (0, WORDS + 1, g.rng.getrandbits(60) | 1 << 61):
        g.equal(f"systrace() with a mask of {words} words", t.a.syscall(SYSTRACE, t.at, words), -EINVAL)
    g.equal("a call that there is not", t.a.syscall(499), -ENOSYS)
    t.stop()
    g.equal("systrace_read() after systrace(NULL, 0)", t.a.syscall(SYSTRACE_READ, t.buf, 5), -EINVAL)


def events(g):
    t = Traced(g)
    for _ in range(2):
        numbers = g.rng.sample(sorted(HARMLESS.values()), 6)
        t.trace(numbers)
        calls = [c for c in (t.call() for _ in range(30)) if c[0] in numbers]
        same(g, t.read(), calls, 0, f"with the mask {sorted(numbers)}")
        more = [c for c in (t.call() for _ in range(6)) if c[0] in numbers]
        same(g, t.read(), more, len(calls), "after a first systrace_read()")


def words(g):
    """A short mask; and calls that fail, that are unknown, that trace themselves."""
    t = Traced(g)
    t.put(struct.pack("<Q", 1 << HARMLESS["dup"] % 64))
    g.equal("systrace() with one word", t.a.syscall(SYSTRACE, t.at, 1), 0)
    calls = [c for c in (t.call() for _ in range(12)) if c[0] == HARMLESS["dup"]]
    same(g, t.read(), calls, 0, "with a mask of one word, for calls 0 to 63")
    nr = g.rng.choice((463, 475, 490, 511))
    t.trace([nr, SYSTRACE_READ])
    args = tuple(g.rng.getrandbits(64) for _ in range(6))
    g.equal("an unknown call", t.a.syscall(nr, *args), -ENOSYS)
    t.a.syscall(1 << 40 | nr, *args)  # no number of any call: not an event, and nothing breaks
    rows = t.read(5)
    same(g, rows[:1], [(nr, args, -ENOSYS, t.a.pid)], 0, "of an unknown call")
    rows = t.read(5)
    g.check(rows and rows[0][4] == SYSTRACE_READ and rows[0][1] == 1, "systrace_read() traces itself, when it has ended",
            "an event of call 501 with result 1", rows[:1])


def children(g):
    t = Traced(g)
    numbers = [HARMLESS[n] for n in ("getpid", "getppid", "lseek", "close")]
    t.trace(numbers)
    child = t.a.fork()
    calls = [t.call(g.rng.choice((t.a, child)), ("getpid", "lseek", "close", "dup")) for _ in range(16)]
    calls = [c for c in calls if c[0] in numbers]
    same(g, t.read(), calls, 0, "of a process and its child")
    again = t.call(child, ("getpid",))
    rows = t.read(actor=child)
    same(g, rows, [again], len(calls), "that the child reads")
    t.trace([HARMLESS["getuid"]], child)  # a session of its own: the mask is in the child's memory, too
    own = t.call(child, ("getuid",))
    theirs = t.call(t.a, ("getppid",))
    same(g, t.read(), [theirs], len(calls) + 1, "of the parent, after the child began a session of its own")
    same(g, t.read(actor=child), [own], 0, "of the child's own session")
    t.a.end(child)
    thread = walk.process_threads(g.k, walk.find_process(g.k, t.a.pid))[0]
    page = walk.find_page(g.k, access.pointer(thread, "systrace"))
    g.check(page.refcount > 0, "the session's memory, after a child that took part in it has ended",
            "the parent still has it", "the page is free")
    last = t.call(names=("close",))
    same(g, t.read(), [last], len(calls) + 2, "after the child's end")


def ring(g):
    t = Traced(g)
    t.trace([HARMLESS["lseek"]])
    more = g.rng.randint(3, 40)
    calls = [t.call(names=("lseek",)) for _ in range(EVENTS + more)]
    part = g.rng.randint(5, 30)
    same(g, t.read(part), calls[more:more + part], more, f"when {more} did not find room, and {part} are asked for")
    same(g, t.read(), calls[more + part:], more + part, "that are left")
    g.equal("events after all were read", len(t.read()), 0)


def off(g):
    t = Traced(g)
    t.trace(HARMLESS.values())
    t.call()
    t.stop()
    t.call()
    t.trace([HARMLESS["getpid"]])
    g.equal("events of a new session", len(t.read()), 0)
    calls = [t.call(names=("getpid",))]
    same(g, t.read(), calls, 0, "of a new session")


def steps(g, actor, nr):
    """Instructions in the kernel of one call, from trap entry to the way back."""
    actor.start(nr)
    place = g.address("trap_vector")
    g.run_to([place], lambda hart: g.rsp.register("scause", hart) == 8)
    count = 0
    while g.rsp.register("priv", g.hart) == PRIV_KERNEL and count < 3000:
        g.rsp.step(g.hart)
        count += 1
    g.k.forget()
    actor.finish()
    return count


def cost(g):
    t = Traced(g)
    t.a.syscall(HARMLESS["getpid"])
    g.cost("plain", steps(g, t.a, HARMLESS["getpid"]), 1.05)
    t.trace([HARMLESS["getpid"]])
    t.a.syscall(HARMLESS["getpid"])
    g.cost("traced", steps(g, t.a, HARMLESS["getpid"]))
    g.equal("events of two calls", len(t.read()), 2)
    t.stop()
    g.cost("plain_again", steps(g, t.a, HARMLESS["getpid"]), 1.05)


def leaks(g):
    t = Traced(g)
    t.a.end(t.a.fork())
    t.trace([172])
    t.stop()
    before = settle(g)
    for _ in range(12):
        t.trace([HARMLESS["close"]])
        child = t.a.fork()
        call = t.call(child, ("close",))
        g.equal("events of a child's call", [row[4] for row in t.read()].count(call[0]), 1)
        if g.rng.random() < 0.5:
            t.trace([HARMLESS["getuid"]], child)
        t.a.end(child)
        t.trace([HARMLESS["getuid"]])
        t.stop()
    lost = before - settle(g)
    g.check(lost < 12, "sessions stay behind when nobody takes part in them any more", "the frames are free again",
            f"{lost} frames fewer after 36 sessions")


def settle(g):
    g.k.forget()
    return free_frames(g)


def bad_addresses(g, t, size):
    """[(address, words)]: no good for `size` bytes, each in another way."""
    hole = t.at + 24 * PAGE + (g.rng.randrange(3, 9) << 30)
    return [(g.address("uts"), "the kernel's memory"), (access.PAGE_OFFSET + g.rng.randrange(1 << 20) * 8, "the kernel's memory"),
            (hole & USER_END - 1 & ~7 if hole >= USER_END else hole, "where nothing is mapped"), (0, "address 0"),
            (USER_END - 8, "up to the end of the user half and beyond"), (USER_END + g.rng.randrange(1 << 30), "between the halves"),
            ((1 << 64) - size + 8, "wrapping around to 0"), (1 << 63, "between the halves")]


def buffers(g):
    """systrace() and systrace_read() with pointers that are no good."""
    t = Traced(g)
    end = t.at + 20 * PAGE
    t.a.must("munmap", end, PAGE)
    for at, where in bad_addresses(g, t, 64) + [(end - 24, "into a page that is not mapped")]:
        g.equal(f"systrace() of a mask at {at:#x}, {where},", t.a.syscall(SYSTRACE, at, WORDS), -EFAULT)
    t.trace([HARMLESS["lseek"]])
    calls = [t.call(names=("lseek",)) for _ in range(5)]
    secret = g.read_kernel("uts", 256)
    for at, where in bad_addresses(g, t, EVENT):
        g.equal(f"systrace_read() to {at:#x}, {where},", t.a.syscall(SYSTRACE_READ, at, 3), -EFAULT)
    g.check(g.read_kernel("uts", 256) == secret, "systrace_read() wrote into the kernel's memory")
    got = t.a.syscall(SYSTRACE_READ, end - 2 * EVENT - 16, 5)
    g.check(got == 2, "systrace_read() of five events to a buffer whose third has no memory", "2: those that arrived", got)
    same(g, t.read(), calls[2:], 2, "after a read that came to the end of its memory")


def pointers(g):
    """Other calls with the same addresses: they use the same copies."""
    t = Traced(g)
    secret = g.read_kernel("uts", 384)
    for at, where in bad_addresses(g, t, 390):
        if (1 << 64) - at < 16:
            continue
        for name, nr, args in (("uname", 160, (at,)), ("sysinfo", 179, (at,)), ("getrandom", 278, (at, 64, 0)),
                               ("pipe2", 59, (at, 0)), ("openat", 56, (-100, at, 0, 0)), ("times", 153, (at,)),
                               ("writev", 66, (1, at, 2)), ("clock_gettime", 113, (0, at))):
            if name in ("times", "clock_gettime") and at == 0 or name == "openat" and at == USER_END - 8:
                continue  # a null pointer is allowed; a string may end where the stack does
            g.equal(f"{name}() with a pointer to {at:#x}, {where},", t.a.syscall(nr, *args), -EFAULT)
    g.check(g.read_kernel("uts", 384) == secret, "a call wrote into the kernel's memory")
    g.equal("uname() to good memory", t.a.syscall(160, t.buf), 0)


def names(g):
    t = Traced(g)
    end = t.at + 20 * PAGE
    t.a.must("munmap", end, PAGE)

    def openat(path, at):
        t.put(path, at)
        return t.a.syscall("openat", -100, at, 0, 0)

    letters = "".join(g.rng.choice("abcdefgh") for _ in range(90))
    for n in (127, 128, 129, g.rng.randint(200, 2000), PATH_MAX - 1):
        path = ("/" + "./" * n)[:n].encode()
        g.check(openat(path + b"\0", t.at) >= 0, f"openat() of the root by a name of {n} bytes", "a descriptor", "an error")
        t.a.syscall("close", 3)
    for n in (PATH_MAX, PATH_MAX + g.rng.randrange(1000)):
        g.equal(f"openat() of a name of {n} bytes", openat(b"/" * n + b"\0", t.at), -ENAMETOOLONG)
    g.equal("openat() of a name that there is not", openat(letters.encode() + b"\0", end - len(letters) - 1), -ENOENT)
    for n in (g.rng.randrange(1, 120), g.rng.randrange(200, 3000)):
        g.equal(f"openat() of a name without an end: {n} bytes before unmapped memory", openat(b"/" * n, end - n), -EFAULT)
    g.equal("openat() of an empty name", openat(b"\0", t.at), -ENOENT)


def vectors(g):
    t = Traced(g)
    fds = t.at + 2 * PAGE
    t.a.must("pipe2", fds, 0)
    r, w = struct.unpack("<2i", g.read(fds, 8, t.a.root))
    data = g.rng.randbytes(3000)
    t.put(data, t.buf)

    def call(nr, fd, vector, count=None):
        t.put(b"".join(struct.pack("<2Q", *v) for v in vector), t.at + 3 * PAGE)
        return t.a.syscall(nr, fd, t.at + 3 * PAGE, len(vector) if count is None else count)

    for count in (1, 8, 9, g.rng.randint(20, 200)):
        cuts = sorted(g.rng.randrange(len(data)) for _ in range(2 * count))
        vector = [(t.buf + a, b - a) for a, b in zip(cuts[::2], cuts[1::2])]
        want = b"".join(data[a:b] for a, b in zip(cuts[::2], cuts[1::2]))
        g.equal(f"writev() of {count} pieces", call(66, w, vector), len(want))
        if not want:
            continue
        room = t.at + 12 * PAGE
        half = len(want) // 2
        g.equal("readv() of two pieces", call(65, r, [(room, half), (room + PAGE, 4000)]), len(want))
        got = g.read(room, half, t.a.root) + g.read(room + PAGE, len(want) - half, t.a.root)
        g.check(got == want, f"bytes through a pipe, written in {count} pieces", "those of the pieces, in order", "others")
    one = [(t.buf, 1)]
    for count in (-1, 1025, 1 << 31, g.rng.randrange(2000, 1 << 30)):
        g.equal(f"writev() with {count} pieces", call(66, w, one, count), -EINVAL)
    g.equal("writev() with no pieces", call(66, w, [], 0), 0)
    g.equal("writev() of more bytes than a result can tell", call(66, w, [(t.buf, (1 << 63) - 1), (t.buf, 1)]), -EINVAL)
    g.equal("writev() of a length below 0", call(66, w, [(t.buf, (1 << 64) - 1)]), -EINVAL)
    g.equal("writev() whose second piece is in the kernel", call(66, w, [(t.buf, 10), (g.address("uts"), 10)]), 10)


def info(g):
    """sysinfo() against what guest memory says at that moment."""
    t = Traced(g)
    seen = []
    for pages in (0, g.rng.randint(300, 900)):
        if pages:
            at = t.a.map(pages)
            t.a.fill(at, 1, pages)
            child = t.a.fork()
        g.equal("sysinfo()", t.a.syscall(179, t.buf), 0)
        data = g.read(t.buf, 112, t.a.root)
        uptime, *loads = struct.unpack_from("<q3Q", data)
        total, free, shared, buffers_, swap, swapfree = struct.unpack_from("<6Q", data, 32)
        procs, = struct.unpack_from("<H", data, 80)
        unit, = struct.unpack_from("<I", data, 104)
        g.k.forget()
        managed = sum(z.managed for z in g.k.var("zones"))
        g.equal("totalram, in bytes", total * unit, managed * PAGE)
        now = free_frames(g) * PAGE
        g.check(abs(free * unit - now) <= 16 * PAGE, "freeram", f"about {now}", free * unit)
        g.equal("totalswap and freeswap of a machine without swap", (swap, swapfree), (0, 0))
        g.equal("procs", procs, len(walk.processes(g.k)))
        g.check(abs(uptime - g.machine.guest_ns() // 10**9) <= 1, "uptime", f"{g.machine.guest_ns() // 10**9} seconds", uptime)
        index = {n: i for i, n in g.k.source.enum("mm_stat").items()}
        for name, value, what in (("NR_BUFFERS", buffers_, "bufferram"), ("NR_SHMEM", shared, "sharedram")):
            count = sum(g.k.var("mm_stats")[cpu].n[index[name]] for cpu in range(g.test.cpus))
            g.equal(what, value * unit, count * PAGE)
        seen.append(free * unit)
    g.check(seen[0] - seen[1] >= pages * PAGE, "freeram after a process has filled memory", f"{pages * PAGE} bytes less or more",
            seen[0] - seen[1])
    t.a.end(child)
