"""Overlays: how a starter, a mutant or a cheat differs from the reference, in a form that cannot rot unseen.

A folder is an overlay. Its files replace files of the tree; a file named NAME.edit changes one instead:

    <<<< function buddy_take          the function's definition, with the comment right above it
    struct page *buddy_take(...) { ... }
    >>>>

    <<<<                              a text that must occur exactly once
        order < MAX_ORDER
    ====
        order <= MAX_ORDER
    >>>>

What no longer fits is an error that names the overlay and the text, and never a silent skip. So a
change of the reference breaks the check of the labs, and not a student's evening.
Lines before the first <<<< are remarks.
"""
import re
from pathlib import Path

from .errors import LabError

META = ("mutant.toml", "cheat.toml")


def parse(text, where):
    """[(function name or None, old text, new text)]"""
    changes, old, new, name, state = [], [], [], None, "out"
    for number, line in enumerate(text.split("\n"), 1):
        opening = re.fullmatch(r"<<<<(?: function (\w+))?", line)
        if state == "out" and opening:
            name, old, new = opening[1], [], []
            state = "new" if name else "old"
        elif state == "old" and line == "====":
            state = "new"
        elif state == "new" and line == ">>>>":
            changes.append((name, "\n".join(old), "\n".join(new)))
            state = "out"
        elif state == "old":
            old.append(line)
        elif state == "new":
            new.append(line)
        elif line.startswith(("<<<<", "====", ">>>>")):
            raise LabError(f"{where}:{number}: {line!r} has no place here")
    if state != "out":
        raise LabError(f"{where}: the last change does not end with >>>>")
    if not changes:
        raise LabError(f"{where}: no change in it")
    return changes


def function_span(text, name, where):
    """(start, end) of a function's definition with the // lines above it."""
    found = list(re.finditer(rf"^(?:\w[^\n;={{}}]*[ *])?{name}\([^;{{}}]*\) \{{(?:[^\n]*\}}\n|.*?^\}}\n)", text,
                             re.M | re.S))
    if len(found) != 1:
        raise LabError(f"{where}: the file defines {name}() {len(found)} times, not once")
    start = found[0].start()
    while True:
        line = text.rfind("\n", 0, max(start - 1, 0)) + 1
        if start == 0 or not text[line:start].startswith("//"):
            return start, found[0].end()
        start = line


def apply_edit(text, edit, where):
    for name, old, new in parse(edit, where):
        if name:
            start, end = function_span(text, name, where)
            text = text[:start] + new.rstrip("\n") + "\n" + text[end:]
            continue
        if text.count(old) != 1:
            shown = old.strip().split("\n")[0][:60]
            raise LabError(f"{where}: the text that begins with {shown!r} occurs {text.count(old)} times, not once")
        text = text.replace(old, new)
    return text


def overlay(folder, tree):
    """tree, a {path: bytes}, with the overlay in `folder` laid over it."""
    folder, files = Path(folder), dict(tree)
    if not folder.is_dir():
        raise LabError(f"{folder} is missing")
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        name = str(path.relative_to(folder))
        if name in META:
            continue
        if path.suffix != ".edit":
            files[name] = path.read_bytes()
            continue
        target = name.removesuffix(".edit")
        if target not in files:
            raise LabError(f"{path}: the tree has no {target} any more")
        files[target] = apply_edit(files[target].decode(), path.read_text(), str(path)).encode()
    return files
