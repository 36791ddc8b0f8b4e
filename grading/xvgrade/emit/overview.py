"""The page of a class: how scores are distributed, where each student fails first, which tests are slow."""
import statistics

from ..console import number
from . import first_failing
from .html import esc, page_of

BINS = 10
BAR_W, BAR_H = 70, 120


def distribution(results):
    """A bar for each tenth of the points; full score is in the last one."""
    bins = [0] * BINS
    for r in results:
        if r["score"] is not None and r["max"]:
            bins[min(BINS - 1, int(BINS * r["score"] / r["max"]))] += 1
    top = max(bins) or 1
    bars = "".join(
        f'<rect fill="#2b7bba" x="{i * BAR_W + 4}" y="{20 + BAR_H - BAR_H * n / top:.1f}" width="{BAR_W - 8}" '
        f'height="{BAR_H * n / top:.1f}"/><text x="{i * BAR_W + BAR_W // 2 - 4}" y="{14 + BAR_H - BAR_H * n / top:.1f}">'
        f'{n or ""}</text><text x="{i * BAR_W + 6}" y="{36 + BAR_H}">{i * 10}-{i * 10 + (10 if i == BINS - 1 else 9)} %</text>'
        for i, n in enumerate(bins))
    return f'<svg role="img" aria-label="scores" viewBox="0 0 {BINS * BAR_W} {BAR_H + 44}" width="{BINS * BAR_W}">{bars}</svg>'


def table(heads, rows):
    """heads: ("name", "n" for numbers or ""). Cells are escaped here, but for ("html", text)."""
    def cell(value):
        return value[1] if isinstance(value, tuple) else esc(value)
    body = "".join("<tr>" + "".join(f'<td class="{c}">{cell(v)}</td>' for (_, c), v in zip(heads, row)) + "</tr>\n"
                   for row in rows)
    return "<table><tr>" + "".join(f'<th class="{c}">{n}</th>' for n, c in heads) + f"</tr>\n{body}</table>"


def students(results, link):
    rows = []
    for r in sorted(results, key=lambda r: r["submission"]["id"]):
        name = r["submission"]["id"]
        shown = ("html", f'<a href="{esc(link(name))}">{esc(name)}</a>') if link else name
        score = "none" if r["score"] is None else number(r["score"])
        lost = sum(t["status"] not in ("pass", "infra") for t in r["tests"])
        rows.append((shown, f"{score}/{number(r['max'])}", r["status"], first_failing(r), lost or "",
                     r["message"].split("\n")[0][:160]))
    return table((("student", ""), ("score", "n"), ("status", ""), ("first failing test", ""), ("lost", "n"), ("", "")), rows)


def tests(results):
    """Rows of the lab's tests: passed by how many, first failure of how many, and what they cost; slow ones first."""
    found = {}
    for r in results:
        for t in r["tests"]:
            found.setdefault(t["id"], []).append((r, t))
    rows = []
    for name, got in found.items():
        walls = [t["wall_s"] for _, t in got if t["wall_s"] is not None] or [0]
        guests = [t["guest_ms"] for _, t in got if t["guest_ms"] is not None] or [0]
        rows.append((name, f"{sum(t['status'] == 'pass' for _, t in got)}/{len(got)}",
                     sum(first_failing(r) == name for r, _ in got) or "",
                     f"{statistics.median(walls):.1f}", f"{max(walls):.1f}", f"{max(guests):.0f}"))
    rows.sort(key=lambda row: -float(row[3]))
    return table((("test", ""), ("passed", "n"), ("first failure of", "n"), ("median s", "n"), ("longest s", "n"),
                  ("longest guest ms", "n")), rows)


def figures(results):
    scores = [r["score"] for r in results if r["score"] is not None]
    words = [f"{len(results)} submissions"]
    if scores:
        words.append(f"median {number(statistics.median(scores))}, mean {statistics.mean(scores):.1f}")
    for status, text in (("broken", "could not be graded"), ("infra", "have no verdict: run the batch again")):
        n = sum(r["status"] == status for r in results)
        if n:
            words.append(f"{n} {text}")
    flaky = sum(t["status"] == "flaky" for r in results for t in r["tests"])
    if flaky:
        words.append(f"{flaky} tests were flaky: look at them")
    return "; ".join(words)


def make(results, link=None):
    """link(id): where a student's page lies, beside this one."""
    title = results[0]["lab"]["title"] if results else "no submissions"
    return page_of(f"Class: {title}", f"<h1>{esc(title)}</h1><p>{esc(figures(results))}</p>{distribution(results)}"
                   f"<h2>Students</h2>{students(results, link)}<h2>Tests, slow ones first</h2>{tests(results)}")
