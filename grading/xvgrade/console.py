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
COLORS = {"OK": "32", "FLAKY": "33", "NO VERDICT (infra)": "33"}


def number(points):
    return f"{points:g}"


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
        if row["status"] not in ("pass", "build"):
            self.explain(row)
        elif self.verbose and row["console"]:
            self.section("console", row["console"])

    def explain(self, row):
        for line in row["message"].split("\n"):
            self.line(f"     {line}")
        for key in ("expected", "found"):
            if row[key] is not None:
                self.line(f"       {key:9} {row[key]}")
        for title, lines in row["facts"]:
            shown = lines if self.verbose or title.startswith("address") else lines[-6:]
            self.section(title, shown)
        if self.verbose or row["status"] == "panic":
            self.section("console (the kernel's words, never a verdict)", row["console"])
        if row["hint"]:
            self.line(f"       hint      {row['hint']}")
        if row["status"] != "infra":
            self.line(f"       repeat    {row['command']}")
            self.line(f"       debug     {row['gdb']}")

    def section(self, title, lines):
        self.line(f"       {title}:")
        for line in lines:
            self.line(f"         | {line}")

    def end(self, result):
        if not result["build"]["ok"] and result["status"] == "graded":
            self.section("the compiler says", result["build"]["log"].split("\n"))
        for note in result["submission"]["notes"]:
            self.line(f"note: {note}")
        if result["message"]:
            self.line(result["message"])
        if result["score"] is None:
            self.line(f"Score: none/{number(result['max'])}")
        else:
            self.line(f"Score: {number(result['score'])}/{number(result['max'])}")
