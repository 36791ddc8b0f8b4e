#!/usr/bin/env python3
"""The header checker: every header of kernel/ must compile alone.

usage: headers.py COMPILER [FLAGS...]     (make headers passes the kernel's own)

Each header is compiled twice over in one empty file, so that a missing include or a missing
`#pragma once` shows. Lists that are included with different meanings on purpose (their first comment
says "no #pragma once") are left out. Exit status 1 when one failed.
"""
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

KERNEL = Path(__file__).resolve().parent.parent


def headers():
    for path in sorted(KERNEL.rglob("*.h")):
        relative = path.relative_to(KERNEL)
        if relative.parts[:2] == ("test", "host") or "no #pragma once" in path.read_text():
            continue
        yield relative.as_posix()


def compiles(command, header):
    """The compiler's complaint, or an empty string."""
    source = f'#include "{header}"\n#include "{header}"\n'
    result = subprocess.run(command + ["-x", "c", "-fsyntax-only", "-"], input=source, text=True,
                            capture_output=True, cwd=KERNEL.parent)
    return result.stderr if result.returncode or result.stderr else ""


def main():
    if len(sys.argv) < 2:
        print(__doc__)
        return 2
    names = list(headers())
    with ThreadPoolExecutor(2) as pool:
        complaints = list(pool.map(lambda h: compiles(sys.argv[1:], h), names))
    failed = [(name, text) for name, text in zip(names, complaints) if text]
    for name, text in failed:
        print(f"kernel/{name}: does not compile alone\n{text}")
    print(f"headers: {len(names)} headers, {len(failed)} fail alone")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
