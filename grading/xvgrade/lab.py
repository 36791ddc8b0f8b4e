"""Reads labs/<lab>/lab.toml and says exactly what is wrong with it.

    id = "buddy"                    the folder's name
    title = "..."                   one line
    submit = ["kernel/mm/buddy.c"]  what students hand in; only these files are taken
    starter_score = 20              what the starter must get, checked by `make check-labs`
    cpus = 1  mem = "64M"           of the machine (a test may say otherwise)
    limit_ms = 1000                 guest time that a test may take
    programs = ["park"]             user programs: labs/<lab>/tests/NAME.c or grading/guest/NAME.c

    [cost]
    free = 27                       what the reference takes for what judges call g.cost("free", n)

    [[test]]
    id = "buddy.split"              <lab>.<function in file>
    title = "..."                   one line
    points = 10
    file = "tests/buddy.py"
    hint = "..."                    shown with a failure
    visibility = "visible"          or "hidden": never in a handout
    tags = []  cpus = 2  mem = "16M"  limit_ms = 9000
    swap = "4M"                     a second disk, /dev/vdb: a swap area that nobody has switched on
"""
import importlib.util
import re
import sys
import threading
import tomllib
from dataclasses import dataclass, field
from pathlib import Path

from .errors import LabError

VISIBILITY = ("visible", "hidden")


@dataclass
class Test:
    id: str
    title: str
    points: float
    file: str
    hint: str = ""
    visibility: str = "visible"
    tags: list = field(default_factory=list)
    cpus: int = 1
    mem: str = "64M"
    limit_ms: int = 5000
    program: str = ""
    swap: str = ""
    costs: dict = field(default_factory=dict)

    @property
    def function(self):
        return self.id.rpartition(".")[2]


@dataclass
class Lab:
    id: str
    title: str
    folder: Path
    submit: list
    tests: list
    starter_score: float = 0
    programs: list = field(default_factory=list)

    @property
    def points(self):
        return sum(t.points for t in self.tests)

    @property
    def costs(self):
        return self.tests[0].costs if self.tests else {}

    def chosen(self, words):
        """Tests whose id contains one of the words; all when there are none."""
        return [t for t in self.tests if not words or any(w in t.id for w in words)]

    def function(self, test):
        """The Python function that judges."""
        path = self.folder / test.file
        with LOADING:
            module = load_module(f"xvlab_{self.id}_{path.stem}", path)
        fn = getattr(module, test.function, None)
        if not callable(fn):
            raise LabError(f"{path} has no function {test.function}() for test {test.id}")
        return fn


LOADING = threading.Lock()  # gradings run side by side, and a module is seen before it is complete


def load_module(name, path):
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, path)
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        try:
            spec.loader.exec_module(module)
        except Exception as err:
            del sys.modules[name]
            raise LabError(f"{path}: {type(err).__name__}: {err}") from err
    return sys.modules[name]


TOP = {"id": str, "title": str, "submit": list, "starter_score": (int, float), "cpus": int, "mem": str,
       "limit_ms": int, "programs": list, "test": list, "cost": dict}
ROW = {"id": str, "title": str, "points": (int, float), "file": str, "hint": str, "visibility": str, "tags": list,
       "cpus": int, "mem": str, "limit_ms": int, "program": str, "swap": str}


def check_keys(table, known, needed, where):
    for key, value in table.items():
        if key not in known:
            raise LabError(f"{where}: unknown word {key!r}; known are {', '.join(known)}")
        if not isinstance(value, known[key]) or isinstance(value, bool):
            raise LabError(f"{where}: {key} = {value!r} has the wrong type")
    for key in needed:
        if key not in table:
            raise LabError(f"{where}: {key} is missing")


def check_path(name, where):
    if name.startswith("/") or ".." in name.split("/") or not re.fullmatch(r"[\w./*+-]+", name):
        raise LabError(f"{where}: {name!r} is no path inside the tree")


def read_test(row, data, lab_id, where):
    check_keys(row, ROW, ("id", "title", "points", "file"), where)
    where = f"{where} {row['id']}"
    if not re.fullmatch(rf"{lab_id}\.[a-z][a-z0-9_]*", row["id"]):
        raise LabError(f"{where}: the id must be {lab_id}.<name>, in small letters")
    if row["points"] < 0:
        raise LabError(f"{where}: points = {row['points']}")
    if row.get("visibility", "visible") not in VISIBILITY:
        raise LabError(f"{where}: visibility is one of {', '.join(VISIBILITY)}")
    for key in ("cpus", "mem", "limit_ms"):
        if key in data and key not in row:
            row[key] = data[key]
    test = Test(**row, costs=data.get("cost", {}))
    if not 1 <= test.cpus <= 8 or not re.fullmatch(r"\d+[MG]", test.mem):
        raise LabError(f"{where}: cpus = {test.cpus}, mem = {test.mem!r}")
    if not re.fullmatch(r"([1-9]\d?M)?", test.swap):
        raise LabError(f"{where}: swap = {test.swap!r}, not \"1M\" to \"99M\"")
    return test


def load(folder):
    folder = Path(folder)
    path = folder / "lab.toml"
    try:
        data = tomllib.loads(path.read_text())
    except FileNotFoundError:
        raise LabError(f"there is no lab {folder.name}: {path} is missing") from None
    except tomllib.TOMLDecodeError as err:
        raise LabError(f"{path}: {err}") from None
    check_keys(data, TOP, ("id", "title", "submit", "test"), str(path))
    if data["id"] != folder.name:
        raise LabError(f"{path}: id = {data['id']!r}, but the folder is {folder.name}")
    for name in data["submit"]:
        check_path(name, str(path))
    for name, figure in data.get("cost", {}).items():
        if type(figure) is not int or figure <= 0:
            raise LabError(f"{path}: cost: {name} = {figure!r} is no count")
    tests = [read_test(row, data, data["id"], f"{path}: test {i}") for i, row in enumerate(data["test"], 1)]
    ids = [t.id for t in tests]
    if len(set(ids)) != len(ids):
        raise LabError(f"{path}: two tests have one id")
    return Lab(data["id"], data["title"], folder, data["submit"], tests, data.get("starter_score", 0),
               data.get("programs", []))


def find(root, name):
    """The lab of that name in the tree at root."""
    if not name:
        raise LabError("which lab? LAB=x is one of " + ", ".join(names(root)))
    return load(Path(root) / "labs" / name)


def names(root):
    return sorted(p.parent.name for p in (Path(root) / "labs").glob("*/lab.toml"))
