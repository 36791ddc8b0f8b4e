#!/usr/bin/env python3
"""The floor checker: every include in kernel/ must go to its own folder or to a lower floor.

kernel/FLOORS names the floors, one line each: number, then the folders on it. Folders on one floor
may not include each other. Subfolders (fs/ext2) belong to their folder's floor. Output: one line for
each break, as file:line, then a summary; the exit status is 1 when there was a break.
"""
import re
import sys
from pathlib import Path

KERNEL = Path(__file__).resolve().parent.parent
INCLUDE = re.compile(r'\s*#\s*include\s+"([^"]+)"')
HOST_ONLY = KERNEL / "test" / "host"  # programs for the host: they include the .c files under test


def read_floors():
    floors = {}
    for line in (KERNEL / "FLOORS").read_text().splitlines():
        words = line.split("#")[0].split()
        for folder in words[1:]:
            floors[folder] = int(words[0])
    return floors


def sources():
    for path in sorted(KERNEL.rglob("*")):
        if path.suffix in (".c", ".h", ".S", ".ld") and HOST_ONLY not in path.parents:
            yield path


def check_include(floors, folder, target):
    """What is wrong with including `target` from `folder`, or None."""
    parts = target.split("/")
    if len(parts) < 2:
        return f'"{target}" does not name its folder'
    if parts[0] not in floors:
        return f'"{target}": folder {parts[0]} is not in FLOORS'
    if not (KERNEL / target).exists():
        return f'"{target}" does not exist'
    if parts[0] == folder or floors[parts[0]] < floors[folder]:
        return None
    return f'"{target}": floor {floors[folder]} ({folder}) includes floor {floors[parts[0]]}'


def check_file(floors, path):
    folder = path.relative_to(KERNEL).parts[0]
    breaks = []
    for number, line in enumerate(path.read_text().splitlines(), 1):
        match = INCLUDE.match(line)
        if not match:
            continue
        if folder not in floors:
            breaks.append((number, f"folder {folder} is not in FLOORS"))
            break
        problem = check_include(floors, folder, match.group(1))
        if problem:
            breaks.append((number, problem))
    return breaks


def main():
    floors = read_floors()
    files = 0
    total = 0
    for path in sources():
        files += 1
        breaks = check_file(floors, path)
        total += len(breaks)
        for number, problem in breaks:
            print(f"{path.relative_to(KERNEL.parent)}:{number}: {problem}")
    print(f"floors: {files} files, {total} breaks")
    return 1 if total else 0


if __name__ == "__main__":
    sys.exit(main())
