"""Drawings for the report page, as SVG: where the frames of RAM are, and which page tables a hart uses.

    frames   a grid, one cell for each frame, in the order of memory; free blocks in shades by order
    tables   a strip of 512 slots for each table, root first, each below the entry that leads to it;
             the address that the failure is about marks its slot on every strip of its walk
"""
from html import escape

COLUMNS = 256
CELLS = 16384  # of the grid; with more frames a cell stands for several
CELL_W, CELL_H = 3, 6
KINDS = {"r": ("reserved (firmware, kernel)", "#8d8d8d"), "f": ("free, darker for larger blocks", "#7fc97f"),
         "p": ("free, in a CPU's stack", "#c6e48b"), "s": ("slab", "#fdae61"), "t": ("page table", "#2b7bba"),
         "k": ("kernel stack", "#a6611a"), "v": ("vmalloc", "#dfc27d"), "a": ("anonymous user memory", "#d53e8f"),
         "u": ("in use otherwise (files, caches)", "#b39ddb"), ".": ("inside a block", "#e4e4e4")}
SLOT, STRIP_W, STRIP_H, GAP, LEFT = 1.5, 768, 14, 12, 190
MAX_STRIPS = 40


def green(order):
    """Light for single frames, dark for whole blocks."""
    part = min(order, 10) / 10
    return "#" + "".join(f"{round(a + (b - a) * part):02x}" for a, b in ((0xd9, 0x00), (0xf0, 0x68), (0xd3, 0x37)))


def color(word):
    if word[:1] == "f":
        return green(int(word[1:] or 0)) if word[1:].isdigit() else green(0)
    return KINDS.get(word, KINDS["u"])[1]


# ---- frames


def cells(runs, per_cell):
    """[[word, cells]]: in a cell of several frames the first one's word stands for all."""
    out, at = [], 0
    for word, count in runs:
        first, at = -(-at // per_cell), at + count
        n = -(-at // per_cell) - first
        if n:
            out.append((word, n))
    return out


def frame_paths(runs):
    """{color: path data}, runs cut at the grid's right edge. And the number of cells."""
    paths, at = {}, 0
    for word, count in runs:
        parts = paths.setdefault(color(word), [])
        while count:
            x, y = at % COLUMNS, at // COLUMNS
            n = min(count, COLUMNS - x)
            parts.append(f"M{x * CELL_W} {y * CELL_H}h{n * CELL_W}v{CELL_H - 1}h-{n * CELL_W}z")
            at, count = at + n, count - n
    return paths, at


def legend(runs):
    used = {word[:1] for word, _ in runs}
    return "".join(f'<span class="key"><i style="background:{green(5) if k == "f" else c}"></i>{escape(words)}</span>'
                   for k, (words, c) in KINDS.items() if k in used)


def frames(picture):
    runs = [(str(word), int(count)) for word, count in picture["runs"]]
    total = sum(count for _, count in runs)
    per_cell = -(-total // CELLS) or 1
    paths, at = frame_paths(cells(runs, per_cell))
    height = -(-at // COLUMNS) * CELL_H
    body = "".join(f'<path fill="{c}" d="{"".join(parts)}"/>' for c, parts in paths.items() if parts)
    each = f"{per_cell} frames a cell, " if per_cell > 1 else ""
    return (f'<figure><figcaption>{total} frames from {int(picture["base"]):#x}; {each}{COLUMNS * per_cell} a row'
            f'</figcaption><svg role="img" aria-label="map of the frames" viewBox="0 0 {COLUMNS * CELL_W} {height}" '
            f'width="{COLUMNS * CELL_W}">{body}</svg><div>{legend(runs)}</div></figure>')


# ---- page tables


def entry_color(kind, flags):
    if kind == "table":
        return "#2b7bba"
    if not kind.startswith("leaf"):
        return "#8e44ad"
    if "W" in flags and "X" in flags:
        return "#d7191c"
    return "#f28e2b" if "W" in flags else "#59a14f" if "X" in flags else "#4db6ac"


TABLE_KEYS = (("table", "leads to a table"), ("leaf VR-X", "read, execute"), ("leaf VR", "read"), ("leaf VRW", "read, write"),
              ("leaf VRWX", "write and execute"), ("other", "not present: swapped out, or kept under PROT_NONE"))


class Strip:
    """One table: level 2 is the root."""

    def __init__(self, level, base, where, parent):
        self.level, self.base, self.where, self.parent = level, base, where, parent
        self.entries = []

    @property
    def span(self):
        return 1 << (12 + 9 * self.level)


def strips(rows):
    """The tables in the order of the walk, each with its entries. rows are in that order already."""
    stack, found = {2: Strip(2, 0, None, None)}, []
    found.append(stack[2])
    for level, va, pte, kind, flags in rows:
        strip = stack.get(level)
        if strip is None:
            continue
        index = (va - strip.base) // strip.span
        strip.entries.append((index, va, pte, kind, flags))
        if kind == "table" and level:
            stack[level - 1] = Strip(level - 1, va, (pte >> 10 & (1 << 44) - 1) << 12, (strip, index))
            found.append(stack[level - 1])
    return found


def draw_strip(strip, y, ys, mark):
    out = []
    if strip.parent:
        parent, index = strip.parent
        x = LEFT + (index + 0.5) * SLOT
        out.append(f'<path class="link" d="M{x} {ys[parent] + STRIP_H}V{y - 4}H{LEFT}V{y}"/>')
    where = f" at {strip.where:#x}" if strip.where is not None else ", the root"
    out.append(f'<text x="0" y="{y + 11}">level {strip.level}{escape(where)}</text>'
               f'<rect class="strip" x="{LEFT}" y="{y}" width="{STRIP_W}" height="{STRIP_H}"/>')
    for index, va, pte, kind, flags in strip.entries:
        out.append(f'<rect fill="{entry_color(kind, flags)}" x="{LEFT + index * SLOT}" y="{y}" width="{SLOT}" '
                   f'height="{STRIP_H}"><title>{escape(f"{va:#x}: {pte:#x} {flags} ({kind})")}</title></rect>')
    if mark is not None and strip.base <= mark < strip.base + 512 * strip.span:
        x = LEFT + ((mark - strip.base) // strip.span + 0.5) * SLOT
        out.append(f'<path class="mark" d="M{x} {y + STRIP_H}l-4 8h8z"><title>{mark:#x}</title></path>')
    return "".join(out)


def ranges(rows):
    """Neighbouring leaves with the same rights, in words."""
    out = []
    for level, va, pte, kind, flags in rows:
        if kind == "table":
            continue
        size, frame = 1 << (12 + 9 * level), pte >> 10 & (1 << 44) - 1
        words = flags if kind.startswith("leaf") else kind
        if out and out[-1][1] == va and out[-1][2] == words and out[-1][5] == kind:
            out[-1][1] += size
            out[-1][3] += 1
            continue
        out.append([va, va + size, words, 1, frame, kind])
    return [f"{start:#014x}-{end:#014x}  {words:12} {n:4} x {kind.removeprefix('leaf, ')}"
            + (f"  frame {frame:#x}{' ...' if n > 1 else ''}" if kind.startswith("leaf") else "")
            for start, end, words, n, frame, kind in out]


def tables(rows, mark=None):
    rows = [(int(level), int(va), int(pte), str(kind), str(flags)) for level, va, pte, kind, flags in rows]
    found = strips(rows)
    shown, ys, body = found[:MAX_STRIPS], {}, []
    for i, strip in enumerate(shown):
        ys[strip] = 4 + i * (STRIP_H + GAP)
        body.append(draw_strip(strip, ys[strip], ys, mark))
    height = 8 + len(shown) * (STRIP_H + GAP)
    more = f", {len(found) - len(shown)} more tables" if len(found) > len(shown) else ""
    keys = "".join(f'<span class="key"><i style="background:{entry_color(*(k + " ").split(" ", 1))}"></i>{w}</span>'
                   for k, w in TABLE_KEYS)
    return (f'<figure><figcaption>page tables of user space, {len(rows)} entries{more}</figcaption>'
            f'<svg role="img" aria-label="page tables" viewBox="0 0 {LEFT + STRIP_W + 4} {height}" '
            f'width="{LEFT + STRIP_W + 4}">{"".join(body)}</svg><div>{keys}</div>'
            f'<pre>{escape(chr(10).join(ranges(rows)[:80]))}</pre></figure>')
