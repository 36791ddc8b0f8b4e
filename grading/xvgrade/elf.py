"""What an ELF file says: segments, symbols, and the text that a program must still have when it runs."""
import bisect
import collections
import struct

from .errors import Broken

STT_OBJECT, STT_FUNC, STT_FILE = 1, 2, 4


class Symbol:
    __slots__ = ("name", "value", "size", "kind", "is_global", "file")

    def __init__(self, name, value, size, kind, is_global, file):
        self.name, self.value, self.size = name, value, size
        self.kind, self.is_global, self.file = kind, is_global, file


class Elf:
    """A 64-bit little-endian file. Symbols of one name in several files are told apart by "file.c:name"."""

    def __init__(self, path):
        self.path = str(path)
        with open(path, "rb") as f:
            self.data = f.read()
        if self.data[:6] != b"\x7fELF\x02\x01":
            raise Broken(f"{path} is no 64-bit ELF file")
        self.symbols, self.pages = [], None
        self.globals, self.by_file = {}, {}
        self.read_symbols()
        code = [s for s in self.symbols if s.kind == STT_FUNC or (s.is_global and s.kind == 0)]
        self.functions = sorted(code, key=lambda s: (s.value, s.size))
        self.starts = [s.value for s in self.functions]

    def segments(self):
        """Rows (vaddr, paddr, file bytes, memory size, flags) of what is loaded."""
        offset, = struct.unpack_from("<Q", self.data, 32)
        size, count = struct.unpack_from("<HH", self.data, 54)
        for i in range(count):
            kind, flags, at, va, pa, filesz, memsz, _ = struct.unpack_from("<IIQQQQQQ", self.data, offset + i * size)
            if kind == 1:
                yield va, pa, self.data[at:at + filesz], memsz, flags

    def sections(self):
        offset, = struct.unpack_from("<Q", self.data, 40)
        size, count, _ = struct.unpack_from("<HHH", self.data, 58)
        return [struct.unpack_from("<IIQQQQIIQQ", self.data, offset + i * size) for i in range(count)]

    def read_symbols(self):
        sections = self.sections()
        table = next((s for s in sections if s[1] == 2), None)
        if table is None:
            return
        at, size = table[4], table[5]
        names = sections[table[6]][4]
        file = ""
        for i in range(at, at + size, 24):
            name, info, _, section, value, length = struct.unpack_from("<IBBHQQ", self.data, i)
            text = self.data[names + name:self.data.index(b"\0", names + name)].decode(errors="replace")
            kind, is_global = info & 15, info >> 4 != 0
            if kind == STT_FILE:
                file = text.rpartition("/")[2]
            if not text or not section or kind == STT_FILE:
                continue
            symbol = Symbol(text, value, length, kind, is_global, "" if is_global else file)
            self.symbols.append(symbol)
            if is_global:
                self.globals[text] = symbol
            else:
                self.by_file.setdefault((file, text), symbol)

    def find(self, name):
        """The Symbol of "name", "file.c:name" or "dir/file.c:name"; None: there is none, or several."""
        file, _, short = name.rpartition(":")
        if file:
            return self.by_file.get((file.rpartition("/")[2], short))
        if short in self.globals:
            return self.globals[short]
        found = [s for (_, n), s in self.by_file.items() if n == short]
        return found[0] if len(found) == 1 else None

    def function_at(self, pc):
        """The Symbol whose code pc lies in, or None."""
        i = bisect.bisect_right(self.starts, pc) - 1
        if i < 0 or pc >= self.functions[i].value + max(self.functions[i].size, 4096):
            return None
        return self.functions[i]

    def text_pages(self):
        """[(address, bytes)]: what each page must hold where the file has executable contents."""
        if self.pages is None:
            self.pages = [(max(page, va), data[max(page - va, 0):page + 4096 - va])
                          for va, _, data, _, flags in self.segments() if flags & 1
                          for page in range(va & -4096, va + len(data), 4096)]
        return self.pages

    def ambiguous(self, pristine, own):
        """"file.c:name" of variables and functions that are there more often than in the pristine kernel, in
        a file that is not among `own`: an object can say that it comes from any file."""
        count = collections.Counter((s.file, s.name) for s in self.symbols if not s.is_global)
        known = collections.Counter((s.file, s.name) for s in pristine.symbols if not s.is_global)
        return [f"{file}:{name}" for (file, name), n in count.items()
                if n > known[file, name] > 0 and file not in own and not name.startswith((".", "$"))]
