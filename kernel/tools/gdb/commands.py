"""The `xv` commands of GDB: arguments in, tables out. What is shown comes from walk.py."""
import os

import gdb

import walk
from access import PAGE_OFFSET, PAGE_SHIFT, USER_END, AccessError, Kernel, addr_of, pointer, text
from gdbsource import Source

SOURCE = Source()
KERNEL = Kernel(SOURCE)
PREFIX = []  # the commands, for `xv` alone


def out(line=""):
    gdb.write(line + "\n")


def table(rows, head, right=()):
    """Columns as wide as they need to be; those whose number is in `right` are flushed right."""
    rows = [head] + [[str(cell) for cell in row] for row in rows]
    widths = [max(len(row[i]) for row in rows) for i in range(len(head))]
    for row in rows:
        cells = (cell.rjust(w) if i in right else cell.ljust(w) for i, (cell, w) in enumerate(zip(row, widths)))
        out("  ".join(cells).rstrip())


def number(word):
    return int(gdb.parse_and_eval(f"(unsigned long)({word})")) & (1 << 64) - 1


def running():
    """{address of a thread: registers of the hart that runs it}"""
    found = {}
    for regs in SOURCE.harts():
        try:
            found[addr_of(walk.current_thread(KERNEL, regs))] = regs
        except AccessError:
            pass
    return found


def selected_current():
    """The thread on the hart that GDB looks at."""
    wanted = SOURCE.register("mhartid")
    for regs in SOURCE.harts():
        if regs["hart"] == wanted or wanted is None:
            return walk.current_thread(KERNEL, regs)
    raise AccessError("no hart is selected")


def mm_of(word):
    """The address space of a process, or of what runs on the selected hart."""
    thread = None
    process = walk.find_process(KERNEL, number(word)) if word else None
    if process is None:
        thread = selected_current()
        process = thread.proc
    mm = process.mm if process else None
    if mm is None:
        who = f"process {word}" if word else f"the current thread, {text(thread, 'name')},"
        raise AccessError(f"{who} has no address space")
    return process, mm


class Command(gdb.Command):
    def __init__(self, words, action, usage):
        self.action, self.__doc__ = action, f"{usage}\n\n{action.__doc__}"
        super().__init__(words, gdb.COMMAND_DATA)
        PREFIX.append((usage, action.__doc__.split(".")[0]))

    def invoke(self, argument, from_tty):
        KERNEL.forget()
        try:
            self.action(*gdb.string_to_argv(argument))
        except AccessError as e:
            raise gdb.GdbError(f"xv: {e}") from None
        except TypeError as e:
            if "argument" in str(e):
                raise gdb.GdbError(f"usage: {self.__doc__.splitlines()[0]}") from None
            raise


class Prefix(gdb.Command):
    """xv39's structures: `xv` alone lists the commands."""

    def __init__(self):
        super().__init__("xv", gdb.COMMAND_DATA, prefix=True)

    def invoke(self, argument, from_tty):
        if argument:
            raise gdb.GdbError(f"xv: no command {argument.split()[0]}; `xv` lists them")
        for usage, words in PREFIX:
            out(f"{usage:24} {words}")
        out("$xv_current()            The struct thread * of the selected hart")
        out('$xv_in("name")           For conditions: does that process (or pid) run on the selected hart?')


class In(gdb.Function):
    """$xv_in("name") or $xv_in(pid): does that process run on the selected hart? For conditions of breakpoints in
user programs, as several programs have code at one address: break main if $xv_in("cat")"""

    def __init__(self):
        super().__init__("xv_in")

    def invoke(self, wanted):
        KERNEL.forget()
        try:
            thread = selected_current()
            if wanted.type.strip_typedefs().code == gdb.TYPE_CODE_ARRAY:
                return text(thread, "name") == wanted.string()
            return thread.proc is not None and thread.proc.pid.nr == int(wanted)
        except AccessError as e:
            raise gdb.GdbError(f"xv: {e}") from None


class Current(gdb.Function):
    """$xv_current(): the struct thread * that runs on the selected hart. GDB itself can follow it only while that
hart is in the kernel."""

    def __init__(self):
        super().__init__("xv_current")

    def invoke(self):
        KERNEL.forget()
        try:
            at = addr_of(selected_current())
        except AccessError as e:
            raise gdb.GdbError(f"xv: {e}") from None
        symbol = SOURCE.objfile().lookup_static_symbol("thread", gdb.SYMBOL_STRUCT_DOMAIN)
        return gdb.Value(at).cast(symbol.type.pointer())


def command(usage):
    def register(action):
        words = [w for w in usage.split() if w[0] not in "[<"]
        Command(" ".join(words), action, usage)
        return action
    return register


def define():
    Prefix()
    Current()
    In()

    @command("xv ps")
    def ps():
        """Processes and threads. Kernel threads have no process (PPID -); a star marks the selected hart."""
        on_hart, rows = running(), []
        selected = SOURCE.register("mhartid")
        for t in walk.threads(KERNEL):
            regs = on_hart.get(addr_of(t))
            star = "*" if regs and regs["hart"] == selected else ""
            proc = t.proc
            parent = proc.parent.pid.nr if proc and proc.parent else "-" if not proc else 0
            state = "running" if regs else walk.state_name(KERNEL, t)
            if regs:
                state += " (user)" if regs["priv"] == 0 else ""
            rows.append((star, t.tid, proc.pid.nr if proc else "-", parent, state,
                         t.last_cpu if t.state else "-", f"{addr_of(t):#x}", text(t, "name")))
        for p in walk.processes(KERNEL):
            if p.zombie:
                rows.append(("", "-", p.pid.nr, p.parent.pid.nr if p.parent else 0, "zombie", "-", "-",
                             walk.process_name(KERNEL, p)))
        table(rows, ("", "TID", "PID", "PPID", "STATE", "CPU", "THREAD", "NAME"), right=(1, 2, 3, 5))

    @command("xv vmas [pid]")
    def vmas(pid=None):
        """The VMAs of a process (the current one), as /proc/PID/maps, with the pages in memory."""
        process, mm = mm_of(pid)
        root = walk.mm_root(KERNEL, mm)
        out(f"process {process.pid.nr} ({walk.process_name(KERNEL, process)}): mm {addr_of(mm):#x}, "
            f"brk {mm.start_brk:#x}-{mm.brk:#x}, {mm.rss_anon} anonymous and {mm.rss_file} file pages")
        rows = []
        for v in walk.vmas(KERNEL, mm):
            inside = walk.resident(KERNEL, root, v.start, v.end)
            rows.append((f"{v.start:#x}-{v.end:#x}", walk.vma_flag_text(v), f"{v.pgoff:#x}",
                         f"{inside} of {(v.end - v.start) >> PAGE_SHIFT}", walk.vma_name(KERNEL, mm, v)))
        table(rows, ("RANGE", "PROT", "PGOFF", "PAGES", "WHAT"), right=(2, 3))

    @command("xv pt <address> [pid]")
    def pt(address, pid=None):
        """The walk of the page tables for an address, entry by entry."""
        va = number(address)
        if USER_END <= va < PAGE_OFFSET:
            raise AccessError(f"{va:#x} is non-canonical: no Sv39 address")
        if va < USER_END:
            process, mm = mm_of(pid)
            root = walk.mm_root(KERNEL, mm)
            out(f"{va:#x} of process {process.pid.nr} ({walk.process_name(KERNEL, process)}), root {root:#x}")
        else:
            root = KERNEL.kernel_root()
            out(f"{va:#x} of the kernel, root {root:#x}")
        for level, slot, index, pte in walk.pt_walk(KERNEL, root, va):
            kind = walk.pte_kind(pte, level)
            target = f" -> {walk.pte_paddr(pte):#x}" if pte else ""
            out(f"  level {level}  [{index:3}] at {slot:#x}: {pte:#018x} {walk.pte_flags(pte)}  {kind}{target}")
            if kind.startswith("leaf"):
                out(f"  physical {walk.pte_paddr(pte) + (va & (1 << (12 + 9 * level)) - 1):#x}")

    @command("xv page <frame|address>")
    def page(what):
        """The struct page of a frame number, a physical, kernel or user address, or a struct page *."""
        value = number(what)
        try:
            root = walk.mm_root(KERNEL, mm_of(None)[1])
        except AccessError:
            root = None
        p = walk.find_page(KERNEL, value, root)
        pfn = walk.page_pfn(KERNEL, p)
        out(f"frame {pfn:#x}: physical {pfn << PAGE_SHIFT:#x}, kernel address {walk.page_virt(KERNEL, p):#x}, "
            f"struct page {addr_of(p):#x}")
        out(f"  {walk.page_state(KERNEL, p)}; flags {p.flags:#x} {' '.join(walk.page_flags(KERNEL, p))}".rstrip())
        out(f"  refcount {p.refcount}, mapcount {p.mapcount}, order {p.order}, zone {p.zone}")
        out(f"  index {p.index:#x}, owner {pointer(p, 'owner'):#x}, private {p.private:#x}, "
            f"private_ptr {pointer(p, 'private_ptr'):#x}")

    @command("xv buddy")
    def buddy():
        """Free blocks by order in each zone, pages in CPUs' lists, watermarks."""
        rows = []
        for zone, pcp in walk.zones(KERNEL):
            blocks = [zone.free_blocks[order] for order in range(len(zone.free_blocks))]
            rows.append((text(zone, "name"), *blocks, zone.free_pages, pcp, zone.managed,
                         f"{zone.min}/{zone.low}/{zone.high}"))
        if not rows:
            raise AccessError("the page allocator has nothing yet (mem_init has not run)")
        orders = [str(i) for i in range(len(rows[0]) - 5)]
        head = ("ZONE", *orders, "FREE", "PCP", "MANAGED", "MIN/LOW/HIGH")
        table(rows, head, right=range(1, len(head)))

    @command("xv slab [cache]")
    def slab(name=None):
        """The object caches; with a name, the addresses of that cache's objects in use."""
        if name:
            for at in walk.slab_objects(KERNEL, walk.slab_cache(KERNEL, name)):
                out(f"{at:#x}")
            return
        rows = [(text(c, "name"), *walk.slab_figures(KERNEL, c)) for c in walk.slab_caches(KERNEL)]
        table(rows, ("CACHE", "ACTIVE", "OBJECTS", "SIZE", "PER SLAB", "PAGES", "SLABS"), right=range(1, 7))

    @command("xv locks")
    def locks():
        """The locks that CPUs (spinning) and threads (sleeping) hold or wait for, and who took them."""
        rows = []
        for cpu in KERNEL.var("cpus"):
            for rank, lock, at, caller in walk.spin_locks(KERNEL, cpu):
                rows.append((f"cpu {cpu.id}", "holds", lock, rank, f"{at:#x}", SOURCE.place(caller, True)))
        for t in walk.threads(KERNEL):
            for rank, lock, at, caller, wanted in walk.sleeping_locks(KERNEL, t):
                rows.append((f"{t.tid} ({text(t, 'name')})", "wants" if wanted else "holds", lock, rank,
                             f"{at:#x}", SOURCE.place(caller, True)))
        if rows:
            table(rows, ("WHO", "", "LOCK", "RANK", "ADDRESS", "SINCE"))
        else:
            out("no locks are held")

    @command("xv bt [tid]")
    def bt(tid=None):
        """Kernel backtraces of every thread, or of one."""
        on_hart, shown = running(), 0
        for t in walk.threads(KERNEL):
            if tid is not None and t.tid != number(tid):
                continue
            regs, shown = on_hart.get(addr_of(t)), shown + 1
            state = f"running on hart {regs['hart']}" if regs else walk.state_name(KERNEL, t)
            out(f"thread {t.tid} ({text(t, 'name')}), {state}")
            if not regs and t.state in (0, 6):
                continue
            for depth, (pc, is_return) in enumerate(walk.backtrace(KERNEL, t, regs)):
                out(f"  #{depth:<2} {SOURCE.place(pc, is_return)}")
        if not shown:
            raise AccessError(f"no thread {tid}")

    @command("xv user [program]")
    def user(program=None):
        """Loads the symbols of a program of ours (of the current process), in place of the last one's."""
        name = program or walk.process_name(KERNEL, mm_of(None)[0]).lstrip("-")
        folder = os.path.dirname(SOURCE.objfile().filename)
        places = [os.path.join(folder, "user/sym", name), os.path.join("build/user/sym", name), name]
        found = [p for p in places if os.path.isfile(p)]
        if not found:
            raise AccessError(f"no symbols of {name}: tried {', '.join(places)}")
        for objfile in gdb.objfiles():
            if objfile != SOURCE.objfile() and "/user/sym/" in (objfile.filename or ""):
                gdb.execute(f"with confirm off -- remove-symbol-file \"{objfile.filename}\"", to_string=True)
        gdb.execute(f"with confirm off -- add-symbol-file \"{found[0]}\"", to_string=True)
        out(f"symbols of {found[0]}")
