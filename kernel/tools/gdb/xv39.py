"""Loaded by .gdbinit: defines the `xv` commands and $xv_current() (commands.py)."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import commands  # noqa: E402

commands.define()

if "XV39_KEYS" in os.environ:  # make debug
    from console import Console
    Console(os.environ["XV39_KEYS"])
