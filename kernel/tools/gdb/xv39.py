"""Loaded by .gdbinit: defines the `xv` commands and $xv_current(). See commands.py."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import commands  # noqa: E402

commands.define()
