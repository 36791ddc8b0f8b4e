"""Processes that do what a judge says (guest/puppet.c), one load, store or system call at a time.

    p = Puppets(g)                        process 1 stands at its mark
    a = p.first
    at = a.syscall("mmap", 0, 8 * 4096, RW, PRIVATE | ANONYMOUS, -1, 0)
    a.store(at, 77)
    b = a.fork()                          another Actor
    b.load(at)                            77; a fault is solved by the kernel on the way
    a.signal_of("store", 16, 1)           the signal that came (SIGSEGV), or 0
    a.frame(at), a.pte(at), a.data(at, 8) what its page table says, in guest memory; nothing runs
    a.check_counts(at, 1, 1, "...")       a failure unless it says so
    a.exit(3); a.wait(b)

Orders and answers are in registers: an order touches no user memory but the one that it names, so a judge
can say exactly which page faults, frames and copies it must cost. Those are counted by breakpoints:

    calls = g.tally("vm_fault", "page_alloc")
    a.store(at, 78)
    calls["vm_fault"]                     entries of that kernel function since then

Who is who: register s11 holds an actor's number, which the judge gave it. A child comes with its parent's
registers, 0 in a0, and gets a number of its own. An actor that is not asked for anything yields the CPU; its t3
says that it did so by no order. With several harts it sleeps: QEMU goes on with the hart that stopped last, and
one that stops again and again would leave no turn to the others.
"""
from .guest import MASK
from .source import access, walk

PAGE = 4096
SP, T0, A0, S11, T3 = 2, 5, 10, 27, 28
SYSCALL, LOAD, STORE, FILL, SUM = range(5)
SYSCALLS = {"dup3": 24, "mknodat": 33, "unlinkat": 35, "ftruncate": 46, "fallocate": 47, "openat": 56, "close": 57,
            "pipe2": 59, "read": 63, "write": 64, "pread64": 67, "pwrite64": 68, "fsync": 82, "sync": 81, "exit": 93,
            "exit_group": 94, "nanosleep": 101, "sched_yield": 124, "kill": 129, "getpid": 172, "brk": 214,
            "munmap": 215, "mremap": 216, "clone": 220, "mmap": 222, "swapon": 224, "swapoff": 225, "mprotect": 226,
            "msync": 227, "mincore": 232, "madvise": 233, "wait4": 260, "prlimit64": 261}
MADV_PAGEOUT = 21
SIGKILL, SIGBUS, SIGSEGV, SIGCHLD = 9, 7, 11, 17
CLONE_THREAD = 0x10f00  # VM, FS, FILES, SIGHAND, THREAD
PROT_READ, PROT_WRITE, PROT_EXEC, RW = 1, 2, 4, 3
MAP_SHARED, MAP_PRIVATE, MAP_FIXED, MAP_ANONYMOUS = 1, 2, 16, 32
O_RDWR, O_CREAT, AT_FDCWD, WNOHANG = 2, 64, -100, 1
TURNS = 400  # stops of others before an actor must have answered


def signed(value):
    return value - (1 << 64) if value >> 63 else value


class Actor:
    def __init__(self, puppets, number, pid, root, sp):
        self.p, self.g = puppets, puppets.g
        self.number, self.pid, self.root, self.sp = number, pid, root, sp
        self.process = pid
        self.result = self.signal = self.asked = None

    def __repr__(self):
        return f"process {self.pid}"

    # ---- orders

    def order(self, op, regs, words):
        """regs: {register number: value}. (result, signal)"""
        self.p.send(self, op, regs)
        self.p.wait_for(self)
        self.g.note(f"process {self.pid}: {words} = {signed(self.result)}"
                    + (f", signal {self.signal}" if self.signal else ""))
        return self.result, self.signal

    def syscall(self, name, *args):
        """The result, below 0 for -errno."""
        self.start(name, *args)
        return self.finish()

    def start(self, name, *args):
        """A call that may block: it is on its way when others run. finish() waits for it."""
        regs = {A0 + i: arg for i, arg in enumerate(args)}
        regs[17] = SYSCALLS.get(name, name)  # by name, or by number
        self.asked = f"{name}({', '.join(hex(a) if a > 9 else str(a) for a in args)})"
        self.p.send(self, SYSCALL, regs)

    def start_fill(self, va, value, pages):
        """fill() that is on its way when others run."""
        self.asked = f"fill of {pages} pages from {va:#x}"
        self.p.send(self, FILL, {11: va, 12: value, 13: pages})

    def start_load(self, va):
        """load() that may wait for a disk; finish() gives the value, self.signal what came instead."""
        self.asked = f"load of {va:#x}"
        self.p.send(self, LOAD, {11: va})

    def finish(self):
        self.p.wait_for(self)
        self.g.note(f"process {self.pid}: {self.asked} = {signed(self.result)}")
        return signed(self.result)

    def must(self, name, *args):
        """As syscall(), for one that cannot fail here."""
        result = self.syscall(name, *args)
        self.g.check(result >= 0, f"{self.asked} of process {self.pid} failed", "0 or more", f"errno {-result}")
        return result

    def access(self, op, regs, words, va):
        result, signal = self.order(op, regs, words)
        self.g.check(not signal, f"{words} of process {self.pid} ended with signal {signal}", "no signal",
                     f"signal {signal}", va=va)
        return result

    def load(self, va):
        return self.access(LOAD, {11: va}, f"load of {va:#x}", va)

    def store(self, va, value):
        self.access(STORE, {11: va, 12: value}, f"store to {va:#x}", va)

    def fill(self, va, value, pages):
        """value, value + 1, ... into the first word of each page, in one go."""
        self.access(FILL, {11: va, 12: value, 13: pages}, f"fill of {pages} pages from {va:#x}", va)

    def sum(self, va, pages):
        return self.access(SUM, {11: va, 13: pages}, f"sum over {pages} pages from {va:#x}", va)

    def signal_of(self, what, va, value=0):
        """The signal that a "load" or a "store" ends with; 0: none."""
        op = LOAD if what == "load" else STORE
        return self.order(op, {11: va, 12: value}, f"{what} at {va:#x}")[1]

    def map(self, pages, prot=RW, flags=MAP_PRIVATE | MAP_ANONYMOUS, fd=-1, offset=0, at=0):
        return self.must("mmap", at, pages * PAGE, prot, flags, fd, offset)

    def open(self, path, scratch, flags=O_RDWR | O_CREAT):
        """scratch: an address of memory that it may write, for the name."""
        self.put(scratch, path.encode() + b"\0")
        return self.must("openat", AT_FDCWD, scratch, flags, 0o644)

    def put(self, va, data):
        """Bytes into a page that it may write."""
        self.store(va, 0)
        self.g.write(va, data, self.root)

    def pipe(self, scratch):
        """Its descriptors: (to read, to write)."""
        self.must("pipe2", scratch, 0)
        both = self.word(scratch)
        return both & 0xffffffff, both >> 32

    def swapon(self, scratch):
        self.put(scratch, b"/dev/vdb\0")
        self.must("swapon", scratch, 0)

    def heap(self, pages=0):
        """The heap's end, moved up to the start of a page; so many pages are added there."""
        start = self.must("brk", 0) + PAGE - 1 & -PAGE
        self.must("brk", start + pages * PAGE)
        return start

    def filled(self, pages):
        """A private mapping with a random number in each page: (address, [numbers])."""
        at, values = self.map(pages), [self.g.number() for _ in range(pages)]
        for i, value in enumerate(values):
            self.store(at + i * PAGE, value)
        return at, values

    def fork(self, must=True):
        """The child, at its mark; without must None when clone() failed."""
        return self.clone(SIGCHLD, 0, must)

    def thread(self):
        """Another actor with the same memory."""
        actor = self.clone(CLONE_THREAD, self.sp - (64 << 10), True)
        actor.process = self.process
        return actor

    def clone(self, flags, stack, must):
        self.p.parent, self.p.child = self, None
        pid = self.syscall("clone", flags, stack, 0, 0, 0)
        self.g.check(pid > 0 or not must, "fork() failed", "a process", f"errno {-pid}")
        if pid <= 0:
            return None
        self.p.wait_child(pid)
        return self.p.child

    def exit(self, status=0):
        """It has left its address space when somebody has waited for it."""
        self.p.send(self, SYSCALL, {A0: status, 17: SYSCALLS["exit_group"]})
        self.p.actors.pop(self.number)

    def end_thread(self):
        self.p.send(self, SYSCALL, {A0: 0, 17: SYSCALLS["exit"]})
        self.p.actors.pop(self.number)

    def kernel(self, name, *args):
        """Calls a function of the kernel, in this process's getpid()."""
        self.start("getpid")
        self.g.goto("sys_getpid")
        result = self.g.call(name, *args)
        self.finish()
        return result

    def outlives(self, child):
        """Waits for a child whose order must kill it. False: it came back from it alive."""
        for _ in range(TURNS):
            if child not in self.p.waiting:
                return False
            if self.syscall("wait4", child.pid, 0, WNOHANG, 0) == child.pid:
                self.p.waiting.discard(child)
                self.p.actors.pop(child.number)
                return True
        self.g.fail(f"{child} neither comes back nor dies", kind="hang")

    def wait(self, child):
        """Reaps it."""
        got = self.syscall("wait4", child.pid, 0, 0, 0)
        self.g.equal("the process that wait4() returned", got, child.pid)
        self.p.actors.pop(child.number, None)

    def end(self, child):
        """The child exits and is reaped by this process."""
        child.exit()
        self.wait(child)

    # ---- seen from outside

    def pte(self, va):
        return self.g.pte(va, self.root)

    def frame(self, va):
        """The number of the frame that its page table gives for the address, or None."""
        try:
            return self.g.k.translate(va, self.root) >> 12
        except access.AccessError:
            return None

    def page(self, va):
        """The struct page of that frame; a failure where nothing is mapped."""
        frame = self.frame(va)
        self.g.check(frame is not None, f"nothing is mapped at {va:#x} of {self}", "a page", "no page", va=va)
        return walk.page_of_pfn(self.g.k, frame)

    def writable(self, va):
        level, pte = self.pte(va)
        return bool(pte & access.PTE_V and pte & access.PTE_W) and walk.pte_kind(pte, level) != "table"

    def data(self, va, n=8):
        return self.g.read(va, n, self.root)

    def word(self, va):
        data = self.data(va)
        return None if data is None else int.from_bytes(data, "little")

    def mm(self):
        return walk.find_process(self.g.k, self.process).mm

    def table(self, va):
        """Physical address of the last-level table of va, or None."""
        for level, slot, _, _ in walk.pt_walk(self.g.k, self.root, va):
            if level == 0:
                return slot & -PAGE
        return None

    def anon_pages(self):
        """How many anonymous pages its page table has: what rss_anon must say."""
        found = 0
        for vma in walk.vmas(self.g.k, self.mm()):
            for va in range(vma.start, vma.end, PAGE):
                _, pte = self.pte(va)
                if pte & access.PTE_V and not pte & access.PTE_SPECIAL:
                    found += "ANON" in walk.page_flags(self.g.k, self.page(va))
        return found

    def check_counts(self, va, refcount, mapcount, words):
        page = self.page(va)
        self.g.check((page.refcount, page.mapcount) == (refcount, mapcount), f"the counts of {words}",
                     f"refcount {refcount}, mapcount {mapcount}", f"refcount {page.refcount}, mapcount {page.mapcount}",
                     va=va)

    def check_unmapped(self, va, pages, words):
        found = [i for i in range(pages) if self.frame(va + i * PAGE) is not None]
        self.g.check(not found, f"pages are in the page table {words}", "none", f"{len(found)} of {pages}",
                     va=va + found[0] * PAGE if found else None)


def free_frames(g):
    """Frames in the zones and in the CPUs' lists."""
    return sum(zone.free_pages + in_lists for zone, in_lists in walk.zones(g.k))


def check_lives(g, life):
    """What a life() of processes took is free in the end: the third one leaves as much as the second one."""
    free = None
    for _ in range(3):
        life()
        last, free = free, free_frames(g)
    g.check(free >= last, "memory of processes that ended is not free again", f"{last} free frames", free)


def check_lost(g, before, most, words="frames are lost"):
    lost = before - free_frames(g)
    g.check(lost <= most, words, f"as many free frames as before, or {most} fewer", f"{lost} fewer")


class Puppets:
    def __init__(self, g):
        self.g = g
        self.actors, self.numbers = {}, 0
        self.parent = self.child = self.current = None
        self.waiting = set()  # actors that have an order and have not answered
        g.mark()
        self.rest = {17: SYSCALLS["sched_yield"]} if g.test.cpus == 1 else \
            {17: SYSCALLS["nanosleep"], A0: g.program.find("puppet_nap").value, A0 + 1: 0}
        self.first = self.add(1)
        self.current = self.first
        g.rsp.set_register("s11", self.first.number, g.hart)

    def add(self, pid):
        self.numbers += 1
        values = self.g.rsp.general(self.g.hart)
        actor = Actor(self, 0x5eed0000 + self.numbers, pid, self.g.root(), values[SP])
        self.actors[actor.number] = actor
        return actor

    def send(self, actor, op, regs):
        """The actor gets an order; it begins when the machine runs next."""
        if actor in self.waiting:
            raise ValueError(f"{actor} has an order already")
        self.bring(actor)
        self.command(actor, op, regs)
        self.waiting.add(actor)

    def bring(self, actor):
        """Until the actor stands at its mark."""
        for _ in range(TURNS):
            if self.current is actor:
                return
            self.next_stop()
        self.g.fail(f"{actor} gets no turn: the others yield, and it does not run", kind="hang")

    def command(self, actor, op, regs):
        values = self.g.rsp.general(self.g.hart)
        values[T0], values[T3], values[SP], values[S11] = op, 0, actor.sp, actor.number
        for number, value in regs.items():
            values[number] = value & MASK
        self.g.rsp.set_general(values, self.g.hart)
        self.current = None

    def next_stop(self):
        """Some actor comes to its mark; whoever stands there without an order yields first."""
        if self.current is not None:
            self.command(self.current, SYSCALL, {**self.rest, T3: 1})
        self.g.run_to([self.g.program.find("lab_mark").value], self.g.in_program)
        values = self.g.rsp.general(self.g.hart)
        actor = self.actors.get(values[S11])
        if actor and actor is self.parent and self.child is None and values[T3] == values[A0] == 0:
            actor = self.child = self.add(0)  # fork() tells its pid
            self.g.rsp.set_register("s11", actor.number, self.g.hart)
        elif actor is None:
            self.g.fail("a process came to the mark whose registers nobody gave it", "the registers that it had",
                        f"s11 = {values[S11]:#x}")
        elif actor in self.waiting:
            actor.result, actor.signal = values[A0], values[A0 + 1]
            self.waiting.remove(actor)
        self.current = actor
        return actor

    def wait_for(self, actor):
        for _ in range(TURNS):
            if actor not in self.waiting:
                return
            self.next_stop()
        self.g.fail(f"{actor} does not come back from what it does", "an answer", "it waits", kind="hang")

    def wait_child(self, pid):
        for _ in range(TURNS):
            if self.child is not None:
                break
            self.next_stop()
        else:
            self.g.fail(f"the child {pid} never runs", kind="hang")
        self.child.pid = self.child.process = pid
        self.parent = None
