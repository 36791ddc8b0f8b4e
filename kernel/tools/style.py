#!/usr/bin/env python3
"""Counts what STYLE promises: lengths of files and functions, comments, assertions, #if, nesting.

Prints a table per folder and each breach of a rule of thumb; breaches listed in ALLOWED (with the
reason) are fine. Exits 1 for any other breach.
"""
import re
import statistics
import sys
from pathlib import Path

MAX_FILE, MAX_FUNCTION, MAX_COLUMN, MAX_NESTING = 450, 70, 100, 4
# "file" or "file:function": why it may be longer than the rule.
ALLOWED = {
    "kernel/test/fs_test.c": "scenarios that share one small tmpfs and its helpers",
}


def strip_comments(text):
    """Code without comments and string contents, same line numbers; and the count of comment lines."""
    comment_lines = set()
    out = []
    pattern = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])+\'', re.S)
    last = 0
    for m in pattern.finditer(text):
        out.append(text[last:m.start()])
        piece = m.group()
        if piece.startswith("/"):
            first = text.count("\n", 0, m.start())
            comment_lines.update(range(first, first + piece.count("\n") + 1))
            out.append("\n" * piece.count("\n"))
        else:
            out.append('""')
        last = m.end()
    out.append(text[last:])
    return "".join(out), len(comment_lines)


def functions(code):
    """(name, first line, lines, nesting) of each function body: a '{' at depth 0 after ')'."""
    depth, start, deepest, name = 0, 0, 0, ""
    lines = code.split("\n")
    for number, line in enumerate(lines, 1):
        for i, c in enumerate(line):
            if c == "{":
                if depth == 0:
                    head = "\n".join(lines[max(0, number - 6):number - 1]) + "\n" + line[:i]
                    found = re.search(r"(\w+)\s*\([^;{}=]*\)\s*$", head)
                    name = found[1] if found else ""
                    start, deepest = number, 0
                depth += 1
                deepest = max(deepest, depth)
            elif c == "}":
                depth -= 1
                if depth == 0 and name:
                    yield name, start, number - start + 1, deepest - 1


def examine(path, breaches):
    """Numbers of one file; breaches grows."""
    text = path.read_text()
    code, comments = strip_comments(text)
    lines = text.count("\n")
    found = list(functions(code))
    if lines > MAX_FILE:
        breaches.append((str(path), f"{lines} lines (at most {MAX_FILE})"))
    for number, line in enumerate(text.split("\n"), 1):
        if len(line) > MAX_COLUMN:
            breaches.append((f"{path}:{number}", f"{len(line)} columns (at most {MAX_COLUMN})"))
    for name, start, length, nesting in found:
        if length > MAX_FUNCTION:
            breaches.append((f"{path}:{name}", f"{length} lines (at most {MAX_FUNCTION})"))
        if nesting > MAX_NESTING:
            breaches.append((f"{path}:{name}", f"nesting {nesting} (at most {MAX_NESTING})"))
    conditionals = 0
    if path.suffix == ".c":
        conditionals = len(re.findall(r"^\s*#\s*if", code, re.M))
    return {"lines": lines, "comments": comments, "functions": [f[2] for f in found],
            "asserts": len(re.findall(r"\bassertf?\(", code)), "ifs": conditionals}


def show(folder, rows):
    lines = sum(r["lines"] for r in rows)
    lengths = sorted(n for r in rows for n in r["functions"]) or [0]
    p90 = lengths[int(len(lengths) * 0.9)] if len(lengths) > 1 else lengths[0]
    print(f"{folder:22}{len(rows):6}{lines:8}{max(r['lines'] for r in rows):6}"
          f"{statistics.median(lengths):8.0f}{p90:5}{lengths[-1]:5}"
          f"{100 * sum(r['comments'] for r in rows) / max(lines, 1):7.0f} %"
          f"{1000 * sum(r['asserts'] for r in rows) / max(lines, 1):9.1f}"
          f"{sum(r['ifs'] for r in rows):6}")


def main():
    breaches = []
    folders = {}
    for top in ("kernel", "user", "mkfs"):
        for path in sorted(Path(top).rglob("*.[chS]")):
            folder = "/".join(path.parts[:2]) if len(path.parts) > 2 else path.parts[0]
            folders.setdefault(folder, []).append(examine(path, breaches))
    print(f"{'folder':22}{'files':>6}{'lines':>8}{'max':>6}{'median':>8}{'p90':>5}{'max':>5}"
          f"{'comments':>9}{'asserts/k':>9}{'#if':>6}")
    for folder, rows in folders.items():
        show(folder, rows)
    kernel = [r for f, rows in folders.items() if f.startswith("kernel") and f != "kernel/test" for r in rows]
    show("kernel without tests", kernel)
    bad = [b for b in breaches if b[0] not in ALLOWED]
    for where, what in bad:
        print(f"style: {where}: {what}")
    print(f"style: {len(bad)} breaches")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
