#!/usr/bin/env python3
"""Makes an image with an empty swap area, for `make qemu SWAP=64M`.

    swapimage.py FILE SIZE     SIZE in bytes, or with K, M, G
"""
import sys

import qemu

UNITS = {"K": 10, "M": 20, "G": 30}


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    path, text = sys.argv[1:]
    shift = UNITS.get(text[-1:].upper(), 0)
    digits = text[:-1] if shift else text
    if not digits.isdigit() or int(digits) << shift < 40960:
        sys.exit(f"swapimage: {text}: at least 40K is needed")
    qemu.make_swap(path, int(digits) << shift)


if __name__ == "__main__":
    main()
