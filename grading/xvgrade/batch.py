"""grade-batch: grades a class. Each submission in a process of its own; the roster says whose is where.

    roster.csv     id,path[,lab]      path from the roster's folder; empty: nothing was handed in
    OUT/results/ID.json               the native result, written whole or not at all: it is there = it is done
    OUT/pages/ID.html                 the report page
    OUT/scores.csv  OUT/index.html    the class
    OUT/batch.json  OUT/log           the seed that all share; who was begun and finished when

The same command again goes on where it was ended. A result is kept when its key still fits: the same
submission, lab, pristine kernel, choice of tests and seed. What has no verdict ("infra") is graded again.
Graders inherit the lock on OUT: a batch that was killed leaves at most JOBS of them, which finish
their submission, and the next batch waits for them. So nothing is graded twice and nothing is lost.
"""
import argparse
import csv
import fcntl
import hashlib
import json
import multiprocessing
import os
import re
import signal
import sys
import time
import traceback
from dataclasses import dataclass
from multiprocessing import connection
from pathlib import Path

from . import lab as labs
from . import result as results
from . import sandbox, submission, tree
from .build import Base
from .console import Printer, number
from .emit import first_failing, html, overview, table
from .errors import GradeError, Infra, LabError
from .grade import grade, new_seed

SUBMISSION_SECONDS = 1800  # then its grader is ended: infra
END_SECONDS = 15
NOTHING = "nothing was handed in"


@dataclass
class Entry:
    id: str
    path: Path


def read_roster(path):
    """([Entry], lab's id or None)"""
    try:
        with open(path, newline="", encoding="utf-8-sig") as f:
            rows = list(csv.DictReader(f))
    except (OSError, UnicodeDecodeError, csv.Error) as err:
        raise LabError(f"{path}: {err}") from None
    entries, seen, wanted = [], set(), set()
    for number_, row in enumerate(rows, 2):
        name, where = (row.get("id") or "").strip(), (row.get("path") or "").strip()
        if "id" not in row or "path" not in row:
            raise LabError(f"{path}: the first line must name the columns id and path")
        if not re.fullmatch(r"[A-Za-z0-9_][\w.@+-]{0,99}", name, re.A):
            raise LabError(f"{path}:{number_}: {name!r} is no id: letters, digits and _.@+- only")
        if name.casefold() in seen:
            raise LabError(f"{path}:{number_}: {name} is there already")
        seen.add(name.casefold())
        entries.append(Entry(name, Path(path).parent / where if where else None))
        if row.get("lab"):
            wanted.add(row["lab"].strip())
    if not entries:
        raise LabError(f"{path}: no submissions")
    if len(wanted) > 1:
        raise LabError(f"{path}: one batch grades one lab, not {', '.join(sorted(wanted))}")
    return entries, wanted.pop() if wanted else None


def fingerprint(path, patterns):
    """Changes when the submission does."""
    try:
        if path is None or not path.exists():
            return NOTHING
        if path.is_file() and path.stat().st_size <= submission.MAX_ARCHIVE:
            return hashlib.sha256(path.read_bytes()).hexdigest()
        if path.is_dir() and not submission.is_bare(path):
            return submission.read(path, patterns).digest
        names = submission.list_directory(path) if path.is_dir() else [""]
        stats = [(n, os.lstat(path / n).st_size, os.lstat(path / n).st_mtime_ns) for n in sorted(names)]
        return hashlib.sha256(repr(stats).encode()).hexdigest()
    except (GradeError, OSError) as err:
        return f"unreadable: {err}"


class Batch:
    def __init__(self, lab, entries, out, seed, words, jobs, printer):
        self.lab, self.entries, self.out, self.words = lab, entries, Path(out), words
        self.jobs, self.printer, self.seed = jobs, printer, seed
        for name in ("results", "pages"):
            (self.out / name).mkdir(parents=True, exist_ok=True)
        self.running = {}  # sentinel: (process, entry, since)
        self.took, self.done = [], 0

    def lock(self):
        """Held until the last grader has ended, because each inherits it."""
        self.lock_file = open(self.out / ".lock", "w")
        try:
            fcntl.flock(self.lock_file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self.printer.line(f"waiting for the graders of another batch in {self.out}")
            fcntl.flock(self.lock_file, fcntl.LOCK_EX)

    def prepare(self):
        self.base = Base().prepare(self.printer.progress)
        for test in self.lab.chosen(self.words):
            self.lab.function(test)
        state = self.out / "batch.json"
        old = json.loads(state.read_text()) if state.is_file() else {}
        if old and old["lab"] != self.lab.id:
            raise LabError(f"{self.out} has results of the lab {old['lab']}")
        if self.seed is None:
            self.seed = old.get("seed", new_seed())
        results.write({"lab": self.lab.id, "seed": self.seed}, state)
        h = hashlib.sha256(self.base.kernel.read_bytes() + self.base.image.read_bytes())
        h.update(repr((results.suite_digest(self.lab), self.seed, sorted(self.words))).encode())
        self.common = h.hexdigest()

    def key(self, entry):
        text = self.common + fingerprint(entry.path, self.lab.submit)
        return hashlib.sha256(text.encode()).hexdigest()

    def result_file(self, entry):
        return self.out / "results" / f"{entry.id}.json"

    def load(self, entry):
        try:
            return results.load(self.result_file(entry))
        except (OSError, ValueError):
            return None

    def is_done(self, entry):
        found = self.load(entry)
        return bool(found) and found["status"] != "infra" and found.get("key") == self.key(entry)

    def note(self, text):
        with open(self.out / "log", "a") as f:
            f.write(f"{time.strftime('%Y-%m-%d %H:%M:%S')} {text}\n")

    # ---- in the grader's own process

    def work(self, entry, key):
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends us
        try:
            if entry.path is None:
                found = results.broken(results.new(self.lab, entry.id), NOTHING)
            else:
                found = grade(self.base, self.lab, entry.path, self.seed, self.words, 1, None, entry.id)
        except Exception:
            found = results.infra(results.new(self.lab, entry.id), "the grader failed:\n" + traceback.format_exc(limit=-6))
        self.keep(entry, {**found, "key": key})

    def keep(self, entry, found):
        (self.out / "pages" / f"{entry.id}.html").write_text(html.make(found))
        results.write(found, self.result_file(entry))
        self.note(f"done {entry.id} {found['status']}")

    # ---- here

    def start(self, entry):
        self.result_file(entry).unlink(missing_ok=True)
        self.note(f"begin {entry.id}")
        process = multiprocessing.get_context("fork").Process(target=self.work, args=(entry, self.key(entry)))
        process.start()
        self.running[process.sentinel] = (process, entry, time.monotonic())

    def wait(self):
        """For one that ends; then what it left."""
        ready = connection.wait(list(self.running), timeout=5)
        for sentinel, (process, entry, since) in list(self.running.items()):
            if sentinel not in ready and time.monotonic() - since > SUBMISSION_SECONDS:
                process.kill()
                ready.append(sentinel)
        for sentinel in ready:
            process, entry, since = self.running.pop(sentinel)
            process.join()
            found = self.load(entry)
            if found is None:
                found = results.infra(results.new(self.lab, entry.id), f"its grader ended with {process.exitcode}")
                self.keep(entry, found)
            self.took.append(time.monotonic() - since)
            self.done += 1
            self.printer.line(f"[{self.done}/{len(self.entries)}] {entry.id}: {words_of(found)}"
                              f" ({self.took[-1]:.1f} s){self.left()}")
        self.printer.progress(", ".join(entry.id for _, entry, _ in self.running.values()) + " ...")

    def left(self):
        rest = len(self.entries) - self.done
        seconds = rest * sum(self.took) / len(self.took) / self.jobs
        if not rest:
            return ""
        return f", {rest} left, about {seconds:.0f} s" if seconds < 100 else f", {rest} left, about {seconds / 60:.0f} min"

    def run(self):
        waiting = [e for e in self.entries if not self.is_done(e)]
        self.done = len(self.entries) - len(waiting)
        if self.done:
            self.printer.line(f"{self.done} of {len(self.entries)} were graded before")
        try:
            while waiting or self.running:
                while waiting and len(self.running) < self.jobs:
                    self.start(waiting.pop(0))
                self.wait()
        finally:
            self.end_all()
            self.write()

    def end_all(self):
        for process, _, _ in self.running.values():
            process.terminate()
        end = time.monotonic() + END_SECONDS
        for process, entry, _ in self.running.values():
            process.join(max(0, end - time.monotonic()))
            if process.is_alive():
                process.kill()
                process.join()
            self.note(f"ended {entry.id}")

    def write(self):
        """The class's files, of what is there."""
        found = list(filter(None, map(self.load, self.entries)))
        (self.out / "scores.csv").write_text(table.scores(found))
        (self.out / "index.html").write_text(overview.make(found, lambda name: f"pages/{name}.html"))
        return found


def words_of(found):
    if found["status"] != "graded":
        return f"{found['status']}: {found['message'].splitlines()[0][:100] if found['message'] else ''}"
    first = first_failing(found)
    return f"{number(found['score'])}/{number(found['max'])}" + (f", first: {first}" if first else "")


def arguments():
    parser = argparse.ArgumentParser(prog="grade-batch", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("roster")
    parser.add_argument("--lab", help="when the roster has no column lab")
    parser.add_argument("-j", "--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("-o", "--out", help="folder of the results (default: beside the roster, ROSTER-LAB)")
    parser.add_argument("-t", "--test", action="append", default=[], help="only tests whose name has this in it")
    parser.add_argument("--seed", type=int, help="of the random challenges (default: drawn once for the batch)")
    return parser.parse_args()


def main():
    args = arguments()
    signal.signal(signal.SIGTERM, lambda *unused: sys.exit(4))
    printer = Printer()
    try:
        entries, named = read_roster(args.roster)
        lab = labs.find(tree.ROOT, args.lab or named)
        if not lab.chosen(args.test):
            raise LabError(f"no test of {lab.id} has {' or '.join(args.test)} in its name")
        if sandbox.level() == "plain":
            printer.line(sandbox.WARNING)
        out = args.out or str(Path(args.roster).with_suffix("")) + f"-{lab.id}"
        batch = Batch(lab, entries, out, args.seed, args.test, max(1, args.jobs), printer)
        batch.lock()
        batch.prepare()
        batch.run()
        found = batch.write()
    except GradeError as err:
        print(f"grade-batch: {err}", file=sys.stderr)
        return 3 if isinstance(err, Infra) else 2
    except KeyboardInterrupt:
        printer.line("ended; the same command goes on from here")
        return 4
    printer.line(overview.figures(found))
    printer.line(f"{out}/index.html, {out}/scores.csv")
    return 3 if any(r["status"] == "infra" for r in found) else 0
