"""The result on a terminal, in the shape that MIT's students know.

    == Test buddy.split: OK (0.3s)
    == Test buddy.merge: FAIL (0.4s)
         two free buddies were not joined
           expected  one block of order 1
           found     two blocks of order 0
    Score: 85/100
"""
import sys

WORDS = {"pass": "OK", "fail": "FAIL", "panic": "PANIC", "hang": "HANG", "loop": "ENDLESS LOOP", "halt": "SILENT HALT",
         "time": "OUT OF TIME", "flood": "ENDLESS OUTPUT", "flaky": "FLAKY", "infra": "NO VERDICT (infra)",
         "build": "NOT BUILT"}
SHOWN = 6  # lines of events and backtrace; all with V=1
COLORS = {"OK": "32", "FLAKY": "33", "NO VERDICT (infra)": "33"}


def number(points):
    return f"{points:g}"


def section(title, lines):
    return [f"  {title}:"] + [f"    | {line}" for line in lines]


def explanation(row, verbose=False):
    """Lines that say why a test failed; of one that passed, its console when asked for."""
    console = section("console (the kernel's words, never a verdict)", row["console"]) if row["console"] else []
    if row["status"] in ("pass", "build"):
        return console if verbose else []
    lines = row["message"].split("\n")
    lines += [f"  {key:9} {row[key]}" for key in ("expected", "found") if row[key] is not None]
    for title, facts in row["facts"]:
        lines += section(title, facts if verbose or title.startswith("address") else facts[-SHOWN:])
    if verbose or row["status"] == "panic":
        lines += console
    if row["hint"]:
        lines.append(f"  hint      {row['hint']}")
    if row["status"] != "infra":
        lines += [f"  repeat    {row['command']}", f"  debug     {row['gdb']}"]
    return lines


def score_line(result):
    score = "none" if result["score"] is None else number(result["score"])
    return f"Score: {score}/{number(result['max'])}"


class Printer:
    def __init__(self, verbose=False, out=sys.stdout):
        self.verbose, self.out = verbose, out
        self.live = out.isatty()

    def line(self, text=""):
        if self.live:
            self.out.write("\r\033[K")
        self.out.write(text + "\n")
        self.out.flush()

    def progress(self, text):
        """A line that the next one replaces; nothing when the output is no terminal."""
        if self.live:
            self.out.write(f"\r\033[K{text[:100]}")
            self.out.flush()

    def test(self, row):
        word = WORDS[row["status"]]
        if self.live:
            word = f"\033[{COLORS.get(word, '31')}m{word}\033[0m"
        time = f" ({row['wall_s']:.1f}s)" if row["wall_s"] is not None else ""
        self.line(f"== Test {row['id']}: {word}{time}")
        for line in explanation(row, self.verbose):
            self.line("     " + line)

    def section(self, title, lines):
        for line in section(title, lines):
            self.line("     " + line)

    def end(self, result):
        if not result["build"]["ok"] and result["status"] == "graded":
            self.section("the compiler says", result["build"]["log"].split("\n"))
        for note in result["submission"]["notes"]:
            self.line(f"note: {note}")
        if result["message"]:
            self.line(result["message"])
        self.line(score_line(result))
