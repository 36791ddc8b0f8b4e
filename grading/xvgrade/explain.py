"""Why a test failed, for people: what the machine looked like when the judgement fell.

Everything is best effort: a kernel whose structures are broken gives fewer lines, never an error of the
grader's own. Texts that come from the guest are cleaned: no escapes, no endless lines.
"""
import itertools
import re
import shutil
import struct

from . import sandbox
from .errors import Infra
from .rsp import Gone
from .source import access, walk

LAST_EVENTS = 12
CONSOLE_LINES = 20
FRAME_LETTERS = {"RESERVED": "r", "BUDDY": "f", "PCP": "p", "SLAB": "s", "TABLE": "t", "KSTACK": "k", "VMALLOC": "v",
                 "ANON": "a"}


def clean_console(data):
    """The guest's text without control characters, long lines cut."""
    text = data.decode(errors="replace").replace("\r\n", "\n").replace("\r", "\n")
    text = "".join(c if c == "\n" or c.isprintable() else "?" for c in text)
    return [line[:200] for line in text.split("\n")]


def panic_words(data):
    """The last line that a panic printed; words of the guest, for display only."""
    found = [line for line in clean_console(data[-65536:]) if "PANIC" in line]
    return found[0].partition("PANIC")[2].lstrip(": ")[:300] if found else ""


def add_state(guest, failure):
    """Fills failure.facts from the stopped machine, and guest.pictures for the report page."""
    steps = [("the last events", lambda: guest.events[-LAST_EVENTS:]),
             ("backtrace", lambda: backtrace(guest))]
    if failure.va is not None:
        steps.insert(0, (f"address {failure.va:#x}", lambda: address_facts(guest, failure.va)))
    for title, make in steps:
        lines = attempt(make)
        if lines:
            failure.facts.append((title, lines))
    guest.pictures["va"] = failure.va
    attempt(lambda: guest.pictures.update(frames=frame_map(guest)))
    attempt(lambda: guest.pictures.update(tables=page_tables(guest)))


def attempt(make):
    """What make() gives; one line of apology when the guest's data cannot be read."""
    try:
        return make()
    except access.AccessError as err:
        return [f"cannot be told: {err}"]
    except (Infra, Gone, KeyError, IndexError, ValueError, TypeError, AttributeError, RecursionError):
        return None


def backtrace(guest):
    regs = guest.source.hart(guest.hart)
    if regs["priv"] == 0:
        return [f"in user mode at {regs['pc']:#x} {user_place(guest, regs['pc'])}"]
    thread = walk.current_thread(guest.k, regs)
    rows = list(itertools.islice(walk.backtrace(guest.k, thread, regs), 24))
    lines = source_lines(guest.machine.kernel, [pc - is_return for pc, is_return in rows])
    return [f"#{i:<2} {guest.source.place(pc, is_return):32} {where}"
            for i, ((pc, is_return), where) in enumerate(zip(rows, lines))]


def user_place(guest, pc):
    symbol = guest.program.function_at(pc)
    return f"in {symbol.name}()" if symbol else ""


def source_lines(kernel, pcs):
    """file:line for each address; the tool reads a file that a stranger's sources made, so: sandboxed."""
    tool = next((t for p in ("riscv64-unknown-elf-", "riscv64-elf-", "riscv64-linux-gnu-", "llvm-")
                 if (t := shutil.which(p + "addr2line"))), None)
    if not tool or not pcs:
        return [""] * len(pcs)
    status, text = sandbox.run([tool, "-e", str(kernel), *map(hex, pcs)], 20, kernel.parent,
                               read=[kernel.parent], write=[])
    found = text.decode(errors="replace").strip().split("\n")
    if status != 0 or len(found) != len(pcs):
        return [""] * len(pcs)
    return [re.sub(r"^.*?(?=(?:kernel|user)/)", "", line).split(" ")[0] for line in found]


def address_facts(guest, va):
    k, lines = guest.k, []
    if va < access.USER_END:
        root = guest.root()
        lines.append("VMA   " + vma_text(guest, va))
        for level, slot, index, pte in walk.pt_walk(k, root, va):
            lines.append(f"PTE   level {level} entry {index:3} at {slot:#x}: {pte:#018x} {walk.pte_flags(pte)} "
                         f"({walk.pte_kind(pte, level)})")
        pa = k.translate(va, root)
    elif va >= access.PAGE_OFFSET:
        pa = k.translate(va)
    else:
        return [f"{va:#x} is no address of this machine"]
    lines.append("page  " + page_text(k, walk.page_of_pfn(k, pa >> 12)))
    return lines


def vma_text(guest, va):
    k = guest.k
    regs = guest.source.hart(guest.hart)
    mm = walk.current_thread(k, regs).proc.mm
    for vma in walk.vmas(k, mm):
        if vma.start <= va < vma.end:
            return (f"{vma.start:#x}-{vma.end:#x} {walk.vma_flag_text(vma)} {walk.vma_name(k, mm, vma)}").rstrip()
    return "none: the address belongs to no mapping"


def page_text(k, page):
    flags = " ".join(walk.page_flags(k, page)) or "none"
    return (f"frame {walk.page_pfn(k, page):#x}: {walk.page_state(k, page)}, refcount {page.refcount}, "
            f"mapcount {page.mapcount}, order {page.order}, flags {flags}")


# ---- pictures


def frame_map(guest):
    """One letter for each frame of RAM (FRAME_LETTERS; f with its order after it: f3). Run lengths."""
    k = guest.k
    base, count, at = k.var("mem_map_base_pfn"), k.var("mem_map_pages"), walk.pointer_variable(k, "mem_map")
    if not 0 < count < 1 << 20:
        return None
    kind = k.source.struct("page")
    data = k.source.phys_read(k.linear_to_phys(at), count * kind.size)
    bits = [(bit, FRAME_LETTERS[name[3:]]) for bit, name in k.source.enum("page_flag").items()
            if name[3:] in FRAME_LETTERS]
    where = {name: kind.fields[name][0] for name in ("flags", "refcount", "order")}
    runs, i = [], 0
    while i < count:
        entry = i * kind.size
        flags, = struct.unpack_from("<I", data, entry + where["flags"])
        refs, = struct.unpack_from("<i", data, entry + where["refcount"])
        order = data[entry + where["order"]]
        letter = next((c for bit, c in bits if flags >> bit & 1), "u" if refs > 0 else ".")
        step = 1 << order if letter == "f" and order <= 10 else 1
        word = f"f{order}" if letter == "f" else letter
        if runs and runs[-1][0] == word:
            runs[-1][1] += step
        else:
            runs.append([word, step])
        i += step
    return {"base": base, "runs": runs}


def page_tables(guest, limit=400):
    """Rows [level, va, entry, kind] of the user half that the stopped hart uses."""
    rows, k = [], guest.k

    def visit(table, level, base):
        size = 1 << (12 + 9 * level)
        data = k.phys(table, 4096)
        for index in range(512 if level < 2 else 256):
            pte = int.from_bytes(data[index * 8:index * 8 + 8], "little")
            if not pte or len(rows) >= limit:
                continue
            kind = walk.pte_kind(pte, level)
            rows.append([level, base + index * size, pte, kind, walk.pte_flags(pte)])
            if kind == "table" and level > 0:
                visit(walk.pte_paddr(pte), level - 1, base + index * size)

    visit(guest.root(), 2, 0)
    return rows
