"""Walks over the kernel's structures: what is there, as plain values. Knows nothing of GDB or of output.

k is always an access.Kernel. Threads, processes, pages are access.Obj.
"""
from access import (PAGE_OFFSET, PAGE_SHIFT, PAGE_SIZE, PTE_COW, PTE_PROTNONE, PTE_R, PTE_SPECIAL, PTE_V,
                    PTE_W, PTE_X, USER_END, VMALLOC_END, AccessError, addr_of, pointer,
                    text)

# ---- slabs -----------------------------------------------------------------------------------------


def slab_caches(k):
    return list(k.list(k.var("mm/slab.c:caches"), "slab_cache", "all"))


def slab_cache(k, name):
    for cache in slab_caches(k):
        if text(cache, "name") == name:
            return cache
    raise AccessError(f"no slab cache {name}")


def magazine_objects(k, cache):
    """Addresses of the free objects in CPUs' magazines and in the depot."""
    found = set()

    def collect(magazine, rounds):
        found.update(magazine.obj[i] for i in range(rounds))

    for cpu in range(k.var("machine").cpu_count):
        at = addr_of(cache, "cpu") + cpu * k.sizeof("slab_cpu")
        front = k.struct_at("slab_cpu", at)
        if front.loaded:
            collect(front.loaded, front.rounds)
        if front.previous:
            collect(front.previous, front.previous_rounds)
    magazine = cache.full_mags
    while magazine:
        collect(magazine, cache.magazine_size)
        magazine = magazine.next
    return found


def slab_free_list(k, cache, slab):
    found, at = set(), pointer(slab, "private_ptr")
    while at and at not in found:
        found.add(at)
        at = k.u64(at + cache.link_offset)
    return found


def slab_objects(k, cache):
    """Addresses of the objects that callers have."""
    in_magazines = magazine_objects(k, cache)
    for name in ("partial", "full"):
        for slab in k.list(getattr(cache, name), "page", "link"):
            free = slab_free_list(k, cache, slab)
            first = page_virt(k, slab) + slab.index
            for i in range(cache.objs_per_slab):
                at = first + i * cache.stride
                if at not in free and at not in in_magazines:
                    yield at


def slab_figures(k, cache):
    """As /proc/slabinfo: (objects with callers, all objects, size, objects a slab, pages a slab, slabs)."""
    active = cache.inuse - len(magazine_objects(k, cache))
    return (active, cache.slabs * cache.objs_per_slab, cache.size, cache.objs_per_slab, 1 << cache.order,
            cache.slabs)


# ---- pages -----------------------------------------------------------------------------------------


def page_pfn(k, page):
    return (addr_of(page) - k.var("page_of_pfn_zero") & (1 << 64) - 1) >> 6


def page_virt(k, page):
    return k.phys_to_linear(page_pfn(k, page) << PAGE_SHIFT)


def page_of_pfn(k, pfn):
    base, count = k.var("mem_map_base_pfn"), k.var("mem_map_pages")
    if not base <= pfn < base + count:
        raise AccessError(f"frame {pfn:#x} is no RAM: frames are {base:#x} to {base + count - 1:#x}")
    return k.struct_at("page", pointer_variable(k, "mem_map") + (pfn - base) * k.sizeof("page"))


def pointer_variable(k, name):
    at, _ = k.source.variable(name)
    return k.u64(at)


def find_page(k, number, root=None):
    """The page of a struct page's address, a kernel address, a frame number, or a physical address; of a
    user address when the root of its process is given."""
    base, count = k.var("mem_map_base_pfn"), k.var("mem_map_pages")
    mem_map, size = pointer_variable(k, "mem_map"), k.sizeof("page")
    if mem_map <= number < mem_map + count * size:
        return k.struct_at("page", number - (number - mem_map) % size)
    if number >= PAGE_OFFSET:
        return page_of_pfn(k, k.translate(number) >> PAGE_SHIFT)
    if base <= number < base + count:
        return page_of_pfn(k, number)
    if base <= number >> PAGE_SHIFT < base + count:
        return page_of_pfn(k, number >> PAGE_SHIFT)
    if root is not None and number < USER_END:
        return page_of_pfn(k, k.translate(number, root) >> PAGE_SHIFT)
    raise AccessError(f"{number:#x} is neither a frame, nor RAM, nor an address that is mapped here")


def page_flags(k, page):
    names = k.source.enum("page_flag")
    return [name.removeprefix("PG_") for bit, name in sorted(names.items()) if page.flags >> bit & 1]


def page_state(k, page):
    flags = page_flags(k, page)
    for flag, words in (("RESERVED", "reserved"), ("BUDDY", f"free, block of order {page.order}"),
                        ("PCP", "free, in a CPU's list"), ("SLAB", "slab"), ("TABLE", "page table"),
                        ("KSTACK", "kernel stack"), ("VMALLOC", "vmalloc"), ("ANON", "anonymous")):
        if flag in flags:
            return words
    if page.refcount == 0:
        return "free, inside a larger block"
    return "page cache" if pointer(page, "owner") else "in use"


def zones(k):
    """Rows (zone, pages in CPUs' lists) for each zone that has RAM."""
    pcps, cpus = k.var("pcps"), k.var("machine").cpu_count
    for i, zone in enumerate(k.var("zones")):
        if zone.managed:
            yield zone, sum(pcps[cpu][i].count + pcps[cpu][i].zeroed for cpu in range(cpus))


# ---- threads and processes ----------------------------------------------------------------------------


def threads(k):
    """Every thread: those in the slab cache, and the idle threads of CPUs that run."""
    idle = [t for t in k.var("sched/sched.c:idle_threads") if pointer(t, "ref") and t.weight]
    cache = pointer_variable(k, "sched/thread.c:thread_cache")
    found = slab_objects(k, k.struct_at("slab_cache", cache)) if cache else ()
    return idle + sorted((k.struct_at("thread", at) for at in found), key=lambda t: t.tid)


def processes(k):
    return list(k.list(k.var("all_processes"), "process", "all_link"))


def process_threads(k, process):
    return list(k.list(process.threads, "thread", "group_link"))


def find_process(k, pid):
    for process in processes(k):
        if process.pid.nr == pid:
            return process
    raise AccessError(f"no process {pid}")


def state_name(k, thread):
    """Of a thread that runs on no hart. An idle thread's state never changes."""
    if thread in [queue.idle for queue in k.var("runqs")]:
        return "idle"
    return k.source.enum("thread_state")[thread.state].removeprefix("THREAD_").lower()


def process_name(k, process):
    return text(process.leader, "name") if process.leader else text(process, "name")


def hart_cpu(k, hart):
    machine = k.var("machine")
    for cpu in range(machine.cpu_count):
        if machine.hartid[cpu] == hart:
            return cpu
    raise AccessError(f"hart {hart} has no CPU number (yet)")


def current_thread(k, regs):
    """The thread of a hart with these registers: tp in the kernel, sscratch in user mode (riscv/tcb.h)."""
    boot, boot_type = k.source.variable("boot_tcb")
    for value in (regs["sscratch"] or 0, regs["tp"]):
        if boot <= value < boot + boot_type.size:
            break
        if PAGE_OFFSET <= value < VMALLOC_END:
            return k.struct_at("thread", value)
    thread = k.var("runqs")[hart_cpu(k, regs["hart"])].curr
    if thread is None:
        raise AccessError("no thread runs here yet: the hart is in its boot code")
    return thread


# ---- address spaces -----------------------------------------------------------------------------------


def mm_root(k, mm):
    return k.linear_to_phys(pointer(mm, "root"))


def vmas(k, mm):
    return list(k.list(mm.vma_list, "vma", "link"))


def vma_flag_text(vma):
    f = vma.flags
    return "".join(c if f & bit else "-" for c, bit in (("r", 1), ("w", 2), ("x", 4))) + ("s" if f & 8 else "p")


def vma_name(k, mm, vma):
    """As /proc/PID/maps names it."""
    if pointer(vma, "file"):
        return file_path(k.struct_at("file", pointer(vma, "file")))
    if vma.start < mm.brk and vma.end > mm.start_brk:
        return "[heap]"
    return "[stack]" if vma.start <= mm.start_stack < vma.end else ""


def file_path(file):
    """Up to the root of its file system, over mounts."""
    mount, dentry, parts = file.path.mount, file.path.dentry, []
    while dentry and len(parts) < 128:
        if dentry.parent == dentry:
            above = mount.parent if mount else None
            if not above:
                break
            dentry, mount = mount.point, above
            continue
        parts.append(text(dentry, "name"))
        dentry = dentry.parent
    return "/" + "/".join(reversed(parts))


def pte_paddr(pte):
    return (pte << 10 & (1 << 64) - 1) >> 20 << 12


def pte_flags(pte):
    names = "VRWXUGAD"
    words = "".join(c if pte >> i & 1 else "-" for i, c in enumerate(names))
    return words + (" COW" if pte >> 8 & 1 else "") + (" SPECIAL" if pte & PTE_SPECIAL else "")


def pte_kind(pte, level):
    if pte == 0:
        return "empty"
    if pte & PTE_V and not pte & (PTE_R | PTE_W | PTE_X):
        return "table"
    if pte & PTE_V:
        return f"leaf, {('4 KiB', '2 MiB', '1 GiB')[level]}"
    if pte & PTE_PROTNONE:
        return "page kept under PROT_NONE"
    if level == 1 and pte & PTE_COW and not pte & PTE_SPECIAL:
        return "lent table"
    return f"swap slot {pte >> 10}" if pte & PTE_SPECIAL else "not present"


def pt_walk(k, root, va):
    """Steps of the hardware's walk: (level, physical address of the slot, index, entry). root: physical."""
    table = root
    for level in (2, 1, 0):
        index = va >> (12 + 9 * level) & 511
        slot = table + index * 8
        pte = k.phys_u64(slot)
        yield level, slot, index, pte
        if pte_kind(pte, level) != "table":
            return
        table = pte_paddr(pte)


def resident(k, root, start, end, level=2):
    """Number of user pages that [start, end) has in memory."""
    size = 1 << (12 + 9 * level)
    table, count = root, 0
    base = start & -(size * 512)
    for index in range((start - base) // size, min(512, (end - base + size - 1) // size)):
        pte = k.phys_u64(table + index * 8)
        at = base + index * size
        if pte_kind(pte, level) in ("table", "lent table"):
            count += resident(k, pte_paddr(pte), max(start, at), min(end, at + size), level - 1)
        elif pte & (PTE_V | PTE_PROTNONE):
            count += 1 << (9 * level)
    return count


# ---- locks --------------------------------------------------------------------------------------------


def spin_locks(k, cpu):
    """Rows (rank name, lock name, address, caller) that a CPU holds, the first taken first."""
    ranks = k.source.enum("lockrank")
    for i in range(cpu.spin_depth):
        lock = cpu.held[i]
        yield ranks.get(lock.rank, str(lock.rank)), text(lock, "name"), addr_of(lock), lock.caller


def sleeping_locks(k, thread):
    """Rows (rank name, lock name, address, caller, wanted): a lock is noted before the wait for it ends."""
    ranks = k.source.enum("lockrank")
    for i in range(thread.held.count):
        entry = thread.held.entry[i]
        rank, lock = ranks.get(entry.rank, str(entry.rank)), pointer(entry, "lock")
        if rank == "RANK_MM":
            wanted = i == thread.held.count - 1 and rwsem_waits(k, lock, thread)
        else:
            wanted = pointer(k.struct_at("mutex", lock), "owner") != addr_of(thread)
        yield rank, text(entry, "name"), lock, entry.caller, wanted


def rwsem_waits(k, at, thread):
    waiters = k.list(k.struct_at("rwsem", at).waiters, "rwsem_waiter", "link")
    return any(w.thread == thread for w in waiters)


# ---- backtraces ----------------------------------------------------------------------------------------


class Stack:
    """Frame pointers on one kernel stack, as klog/backtrace.c follows them."""

    def __init__(self, k, top):
        self.k, self.top = k, top
        # boot.S has two stacks side by side, each with its guard: the size differs in KASAN builds.
        self.size = (k.source.address("boot_emergency_top") - k.source.address("boot_stack_top")) // 2
        self.text = (k.source.address("__text_start"), k.source.address("__text_end"))
        self.asm = (k.source.address("__asm_text_start"), k.source.address("__asm_text_end"))
        self.trap_return = k.source.address("kernel_trap_return")

    def holds(self, fp):
        return self.top - self.size + 16 < fp <= self.top and fp % 16 == 0

    def is_text(self, pc):
        return self.text[0] <= pc < self.text[1]

    def past(self, pc, ra, fp):
        """Where an interrupted (or stopped) function goes on: (return address or 0, frame pointer)."""
        if self.asm[0] <= pc < self.asm[1] or not self.is_text(pc):
            return ra, fp
        if self.holds(fp) and self.holds(self.k.u64(fp - 8)):  # a leaf: its ra is not saved
            return ra, self.k.u64(fp - 8)
        return 0, fp

    def walk(self, pc, fp):
        """Rows (pc, is it a return address)."""
        while True:
            if pc:
                yield pc, True
            if not self.holds(fp):
                return
            pc, following = self.k.u64(fp - 8), self.k.u64(fp - 16)
            if pc == self.trap_return:
                frame = self.k.struct_at("trapframe", fp)
                yield frame.sepc, False
                pc, following = self.past(frame.sepc, frame.ra, frame.s0)
            elif not self.is_text(pc):
                return
            fp = following


def backtrace(k, thread, regs=None):
    """Rows (pc, is it a return address), the innermost first. regs: of the hart that runs the thread."""
    top = thread.tcb.kstack_top
    stack = Stack(k, top)
    if regs is None:
        context = thread.tcb.ctx
        yield from stack.walk(context.ra, context.s[0])
        return
    yield regs["pc"], False
    if regs["priv"] == 0 or regs["pc"] < PAGE_OFFSET:
        return
    pc, fp = stack.past(regs["pc"], regs["ra"], regs["fp"])
    yield from stack.walk(pc, fp)


def user_registers(k, thread):
    """The trap frame at the top of a user thread's kernel stack (valid while it is in the kernel)."""
    return k.struct_at("trapframe", thread.tcb.kstack_top - k.sizeof("trapframe"))
