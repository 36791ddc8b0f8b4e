"""Run by GDB on the pristine kernel: writes its types, as source.py reads them, to $XV_LAYOUT.

    gdb-multiarch -nx -batch -x layout_gdb.py kernel.elf

Every data symbol of the kernel, every struct that can be reached from one, and the structs and enums
of the headers named by pointers only through void (XV_TAGS).
"""
import json
import os
import sys

import gdb

sys.path.insert(0, os.environ["XV_TOOLS"])
sys.path.insert(0, os.environ["XV_GRADING"])
from gdbsource import Source  # noqa: E402

from xvgrade.elf import STT_OBJECT, Elf  # noqa: E402


class Export:
    def __init__(self, source):
        self.source = source
        self.structs, self.enums, self.variables = {}, {}, {}
        self.todo = []

    def form(self, t):
        if t.kind == "int":
            return ["int", t.size, int(t.signed)]
        if t.kind == "ptr":
            return ["ptr", self.form(t.target)]
        if t.kind == "array":
            return ["array", t.count, self.form(t.target)]
        if t.kind != "struct":
            return ["void"]
        tag = t.name if t.name and t.name != "pte_t" else f"{t.name}@{len(self.structs)}"
        if t.name == "pte_t":
            tag = "pte_t"
        if tag not in self.structs:
            self.structs[tag] = None
            self.todo.append((tag, t))
        return ["struct", tag]

    def finish(self):
        while self.todo:
            tag, t = self.todo.pop()
            self.structs[tag] = [t.size, {n: [at, self.form(f)] for n, (at, f) in t.fields.items()}]

    def variable(self, symbol):
        """Globals by name, statics as "dir/file.c:name" and, for short, "file.c:name"."""
        if symbol.is_global:
            found = gdb.lookup_global_symbol(symbol.name)
            if found:
                self.variables[symbol.name] = self.form(self.source.convert(found.type))
            return
        for found in gdb.lookup_static_symbols(symbol.name):
            file = found.symtab.filename
            if file.rpartition("/")[2] == symbol.file and found.is_variable:
                form = self.form(self.source.convert(found.type))
                short = "/".join(file.split("/")[-2:])
                self.variables[f"{short}:{symbol.name}"] = form
                self.variables[f"{symbol.file}:{symbol.name}"] = form


def main():
    source = Source()
    kernel = source.objfile()
    export = Export(source)
    for symbol in Elf(kernel.filename).symbols:
        if symbol.kind == STT_OBJECT:
            export.variable(symbol)
    for tag in os.environ["XV_TAGS"].split():
        if tag.startswith("enum:"):
            export.enums[tag[5:]] = {str(v): n for v, n in source.enum(tag[5:]).items()}
        elif kernel.lookup_static_symbol(tag, gdb.SYMBOL_STRUCT_DOMAIN):
            export.form(source.struct(tag))
    export.finish()
    with open(os.environ["XV_LAYOUT"], "w") as f:
        json.dump({"structs": export.structs, "enums": export.enums, "variables": export.variables}, f)


main()
