"""What a test holds in its hands: a machine that it runs, stops, reads, and whose kernel it calls.

    g.park()                       runs until process 1 is in getppid(): a place to call from
    g.call("page_alloc", 0, 3)     the kernel's function, with these arguments; its result as a number
    g.mark(1)                      runs until the test program stands in lab_mark(1, ...)
    g.k                            the kernel's data: g.k.var("zones")[0].free_pages
    g.tally("page_alloc")          counts from now on how often kernel functions are entered
    g.watch("sys_getpid")          a list that grows by (a0, a1, a2) each time that function is entered
    g.rng                          random numbers of this run's seed: what is asked cannot be known before

How call() works. The hart stands at the first instruction of a pristine kernel function, in a thread that
may sleep and holds no lock. Its registers are put aside; pc, ra and a0-a7 are set; ra leads back to
the breakpoint where it stands. When it comes back there, on the same stack, a0 is the result, and the
registers are put back. So there is no test code in the guest that a kernel could recognise.

How mark() knows that it sees the program and not a picture of it: the hart is in user mode, and all
text pages that its page table gives hold byte for byte what the pristine program's file says.
"""
import random

from . import explain
from .errors import Failure, Infra, LabError
from .machine import WORDS
from .source import Source, access, walk

PRIV_USER, PRIV_SUPERVISOR = 0, 1
A0 = 10
MASK = (1 << 64) - 1
COUNT_LIMIT = 20_000
STOP_LIMIT = 20_000
SMP_FACTOR = 4  # QEMU 7.2 gives a second hart its turn only every 100 ms when the first one spins
COST_FACTOR = 1.5  # how much dearer than the reference a submission may be
CALL_FRAME = 256  # bytes of stack left alone below the interrupted function's


class Mark:
    """Where a test program stands: lab_mark(id, a, b, c)."""

    def __init__(self, hart, values, root):
        self.hart, self.root = hart, root
        self.id, self.a, self.b, self.c = values[A0:A0 + 4]


class Guest:
    def __init__(self, machine, base, elf, test, seed):
        self.machine, self.base, self.elf, self.test = machine, base, elf, test
        self.rsp = machine.rsp
        self.rng = random.Random(f"{seed}:{test.id}")
        self.program = base.program(test.program or "park")
        self.source = Source(base.layout, elf, machine.ram, 0x80000000, machine.rsp)
        self.k = access.Kernel(self.source)
        self.events, self.pictures, self.costs = [], {}, {}
        self.hart, self.pc, self.stops = 1, 0, 0
        self.tallies = {}  # address of a kernel function: [(counter, its name)]
        self.watched = {}  # address of a kernel function: [(a0, a1, a2)]
        machine.function_at, machine.kernel_word, machine.switches = elf.function_at, self.kernel_word, self.switches
        machine.limit = test.limit_ms * 1_000_000 * (1 if test.cpus == 1 else SMP_FACTOR)
        self.traps = {self.address(name): name for name in ("panic", "panic_trap", "power_off")}
        for va in self.traps:
            self.rsp.breakpoint(va)

    def kernel_word(self, va):
        """For the machine's watcher: the instruction at a kernel address, None elsewhere."""
        pa = va if va < access.USER_END else va - access.PAGE_OFFSET + self.source.ram_base
        try:
            return int.from_bytes(self.source.phys_read(pa, 4), "little")
        except access.AccessError:
            return None

    def switches(self):
        """For the watcher: how often the scheduler has switched. It stands still in a machine that hangs."""
        self.k.forget()
        try:
            return sum(queue.switches for queue in self.k.var("runqs"))
        except access.AccessError:
            return None

    def address(self, name):
        symbol = self.elf.find(name)
        if symbol is None:
            raise Failure("fail", f"the kernel has no function or variable {name}")
        return symbol.value

    def number(self):
        """64 random bits."""
        return self.rng.getrandbits(64)

    def note(self, text):
        """One line of "the last events"."""
        self.events.append(f"{self.machine.guest_ns() / 1e6:9.3f} ms  {text}")

    # ---- running

    def run_to(self, addresses, accept=lambda hart: True):
        """Until a hart stands at one of these addresses and is accepted. Returns it."""
        self.stops += 1
        if self.stops > STOP_LIMIT:
            raise Failure("time", f"{WORDS['time']}: the judge has stopped the machine {STOP_LIMIT} times")
        if self.rsp.register("pc", self.hart) in addresses:
            self.rsp.step(self.hart)
        for va in addresses:
            self.rsp.breakpoint(va)
        while True:
            hart = self.machine.run()
            self.hart, self.pc = hart, self.rsp.register("pc", hart)
            self.k.forget()
            if self.pc in self.traps:
                self.trapped(self.traps[self.pc])
            for counter, name in self.tallies.get(self.pc, ()):
                counter[name] += 1
            if self.pc in self.watched:
                self.watched[self.pc].append(tuple(self.rsp.general(hart)[A0:A0 + 3]))
            if self.pc in addresses and accept(hart):
                break
            self.rsp.step(hart)
        for va in addresses:
            self.rsp.breakpoint(va, False)
        return hart

    def trapped(self, name):
        """The kernel stands at its end: looks at it, then lets it say its last words."""
        kind = "halt" if name == "power_off" else "panic"
        failure = Failure(kind, WORDS[kind])
        explain.add_state(self, failure)
        if kind == "panic":
            for va, other in self.traps.items():
                self.rsp.breakpoint(va, other == "power_off")
            try:
                self.machine.run()
            except (Failure, Infra):
                pass
            words = explain.panic_words(self.machine.console())
            failure.message += f": {words}" if words else ""
        raise failure

    def goto(self, name):
        """Until a hart enters the kernel's function."""
        self.run_to([self.address(name)], self.in_kernel)
        return self.hart

    def in_kernel(self, hart):
        return self.rsp.register("priv", hart) == PRIV_SUPERVISOR

    def park(self):
        self.goto("sys_getppid")
        self.note("process 1 runs")

    def tally(self, *names):
        """{name: entries since now} of kernel functions, of all harts. Seen by breakpoints: only functions of
        pristine files say something. Ends with untally()."""
        counter = dict.fromkeys(names, 0)
        for name in names:
            va = self.address(name)
            if not self.tallies.get(va):
                self.rsp.breakpoint(va)
            self.tallies.setdefault(va, []).append((counter, name))
        return counter

    def untally(self):
        for va in self.tallies:
            self.rsp.breakpoint(va, False)
        self.tallies = {}

    def watch(self, name):
        """With what arguments a kernel function is entered: a harmless one can be the function pointer that
        another function wants. Until unwatch()."""
        va = self.address(name)
        self.rsp.breakpoint(va)
        return self.watched.setdefault(va, [])

    def unwatch(self):
        for va in self.watched:
            self.rsp.breakpoint(va, False)
        self.watched = {}

    # ---- calls of the kernel

    def call(self, name, *args):
        """The function's result, unsigned."""
        return self.enter(name, args, self.run_to)

    def count(self, name, *args, most=COUNT_LIMIT):
        """(result, instructions): as call(), one instruction at a time. No interrupt falls into it. What takes more
        than `most` has failed, and is not followed any further."""
        steps = [0]

        def one_by_one(addresses, accept):
            while steps[0] == 0 or self.rsp.register("pc", self.hart) not in addresses or not accept(self.hart):
                self.rsp.step(self.hart)
                steps[0] += 1
                if steps[0] > most:
                    self.fail(f"{name}() takes more than {most} instructions",
                              kind="loop" if most == COUNT_LIMIT else "fail")
            self.k.forget()

        return self.enter(name, args, one_by_one), steps[0]

    def clock(self, name, *args):
        """(result, nanoseconds of guest time = instructions): as call(), at full speed. Each stop may move the
        clock on to the next pulse, so this is for what takes much longer than PULSE_US."""
        started = self.machine.guest_ns()
        return self.enter(name, args, self.run_to), self.machine.guest_ns() - started

    def enter(self, name, args, run):
        target, back, saved = self.address(name), self.pc, self.rsp.general(self.hart)
        values = list(saved)
        stack = (saved[2] - CALL_FRAME) & -16
        values[1], values[2], values[32] = back, stack, target
        for i, arg in enumerate(args):
            values[A0 + i] = arg & MASK
        self.rsp.set_general(values, self.hart)
        shown = ", ".join(f"{a:#x}" if a > 9 else str(a) for a in args)
        self.events.append(f"{'':9}     {name}({shown}) ...")
        run([back], lambda hart: self.rsp.register("sp", hart) == stack)
        result = self.rsp.register("a0", self.hart)
        self.rsp.set_general(saved, self.hart)
        self.pc = back
        self.events.pop()
        self.note(f"{name}({shown}) = {result:#x}")
        return result

    # ---- the test program

    def mark(self, wanted=None):
        """Until the program stands in lab_mark(wanted, ...), or in any."""
        place = self.program.find("lab_mark").value
        self.run_to([place], self.in_program)
        values = self.rsp.general(self.hart)
        mark = Mark(self.hart, values, self.root())
        self.note(f"the program is at mark {mark.id}: {mark.a:#x}, {mark.b:#x}, {mark.c:#x}")
        if wanted is not None and mark.id != wanted:
            self.fail(f"the program came to mark {mark.id}", expected=f"mark {wanted}", found=f"mark {mark.id}")
        return mark

    def answer(self, value):
        """Lets lab_mark() return this value."""
        self.rsp.set_register("a0", value, self.hart)
        self.rsp.set_register("pc", self.rsp.register("ra", self.hart), self.hart)

    def root(self, hart=None):
        """Physical address of the page table that a hart uses."""
        return (self.rsp.register("satp", hart or self.hart) & (1 << 44) - 1) << 12

    def in_program(self, hart):
        if self.rsp.register("priv", hart) != PRIV_USER:
            return False
        """All of the program's text that is mapped must be as its file says, and the page of pc be among it."""
        pc, root = self.rsp.register("pc", hart), self.root(hart)
        here = False
        for start, text in self.program.text_pages():
            found = self.read(start, len(text), root)
            if found is not None and found != text:
                return False
            here |= found is not None and start <= pc < start + len(text)
        if here:
            self.check_vector(hart)
        return here

    def read(self, va, n, root=None):
        """User memory through the page table; None where nothing is mapped."""
        try:
            return self.k.read(va, n, root if root is not None else self.root())
        except access.AccessError:
            return None

    def write(self, va, data, root=None):
        """Into user memory that is mapped, from outside."""
        root = root if root is not None else self.root()
        while data:
            part = min(len(data), 4096 - va % 4096)
            self.source.phys_write(self.k.translate(va, root), data[:part])
            va, data = va + part, data[part:]
        self.k.forget()

    def read_kernel(self, name, n):
        """n bytes of a variable of the kernel."""
        return self.source.phys_read(self.k.linear_to_phys(self.address(name)), n)

    def pte(self, va, root=None):
        """(level, entry) where the walk for a user address ends."""
        steps = list(walk.pt_walk(self.k, root if root is not None else self.root(), va))
        level, _, _, pte = steps[-1]
        return level, pte

    # ---- judging

    def check_code(self):
        """The kernel's code and constants in memory are still what was linked, and traps go to the pristine
        handler: what is counted by breakpoints in pristine functions has not been led around them."""
        self.check_vector(self.hart)
        for va, pa, data, _, flags in self.elf.segments():
            if not flags & 2:
                at = pa - self.source.ram_base
                found = self.machine.ram[at:at + len(data)]
                if found != data:
                    first = next(i for i in range(len(data)) if found[i] != data[i])
                    place = self.source.place(va + first)
                    self.fail(f"the kernel's code was changed while it ran, at {place}", "what was linked", "other bytes")

    def check_vector(self, hart):
        found, wanted = self.rsp.register("stvec", hart), self.address("trap_vector")
        if found != wanted:
            self.fail("traps do not go to the kernel's trap_vector", f"stvec {wanted:#x}", f"stvec {found:#x}")

    def fail(self, message, expected=None, found=None, va=None, kind="fail"):
        failure = Failure(kind, message, expected, found, va)
        explain.add_state(self, failure)
        raise failure

    def check(self, truth, message, expected=None, found=None, va=None):
        if not truth:
            self.fail(message, expected, found, va)

    def equal(self, what, found, expected, va=None):
        if found != expected:
            self.fail(f"{what} is wrong", show(expected), show(found), va)

    def dearest(self, name, factor=COST_FACTOR):
        """The most that cost() lets pass."""
        if name not in self.test.costs:
            raise LabError(f"{self.test.id} asks for the cost of {name}, and lab.toml has no figure for it")
        return int(self.test.costs[name] * factor)

    def cost(self, name, took, factor=COST_FACTOR):
        """took against the reference's figure, which lab.toml holds, so that handouts know it too;
        check-labs sees to it that the reference still takes that much."""
        most = self.dearest(name, factor)
        self.costs[name] = took
        self.check(took <= most, f"too dear: {name}", f"at most {most}: the reference takes {self.test.costs[name]}", took)

    def expect_panic(self, action, message):
        """The action must end in a panic: the kernel has to notice what was done."""
        try:
            action()
        except Failure as failure:
            if failure.kind == "panic":
                return
            raise
        self.fail(message, "a panic that names the crime", "the kernel went on")


def show(value):
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value} ({value:#x})" if value > 9 else str(value)
    return str(value)
