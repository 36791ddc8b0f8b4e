"""The report page of one submission: one file, no script, nothing loaded from anywhere.

All that comes from the result goes through esc(): the guest's words are in there, and a student can make
them say anything. The page also forbids itself scripts and loads, should something slip through.
"""
from html import escape

from ..console import WORDS, number
from . import clean, failing, picture

STYLE = """
:root{color-scheme:light dark;--line:#8886;--soft:#8881;--good:#1a7f37;--bad:#cf222e;--odd:#9a6700}
body{font:15px/1.45 system-ui,sans-serif;max-width:1040px;margin:1.5em auto;padding:0 1em}
h1{font-size:1.5em;margin:0}h2{font-size:1.15em;margin:1.6em 0 .4em}h3{font-size:1em;margin:1em 0 .2em}
pre,code{font:12.5px/1.4 ui-monospace,monospace}pre{background:var(--soft);padding:.6em;overflow-x:auto;margin:.2em 0}
table{border-collapse:collapse;width:100%}td,th{text-align:left;padding:.25em .6em;border-bottom:1px solid var(--line)}
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}.good{color:var(--good)}.bad{color:var(--bad)}
.odd{color:var(--odd)}.score{font-size:2em;font-weight:600}.soft{opacity:.7}dl{display:grid;
grid-template-columns:max-content 1fr;gap:.15em .8em;margin:.4em 0}dt{opacity:.7}dd{margin:0;overflow-wrap:anywhere}
section{border:1px solid var(--line);border-radius:6px;padding:.2em 1em 1em;margin:1em 0}figure{margin:1em 0}
figcaption{opacity:.7;font-size:.9em}svg{max-width:100%;height:auto}.key{margin-right:1em;font-size:.85em;white-space:nowrap}
.key i{display:inline-block;width:.9em;height:.9em;margin-right:.35em;vertical-align:-.1em;border:1px solid var(--line)}
svg text{font:11px ui-monospace,monospace;fill:currentColor}.strip{fill:none;stroke:var(--line)}
.link{fill:none;stroke:#2b7bba}.mark{fill:var(--bad)}a{color:inherit}
"""
POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"


def esc(text):
    return escape(clean(text))


def page_of(title, body):
    return (f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8">\n'
            f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
            f'<meta name="viewport" content="width=device-width,initial-scale=1">\n'
            f'<title>{esc(title)}</title>\n<style>{STYLE}</style></head>\n<body>\n{body}\n</body></html>\n')


def tone(status):
    return {"pass": "good", "infra": "odd", "flaky": "odd"}.get(status, "bad")


def pre(lines):
    return f"<pre>{esc(chr(10).join(map(str, lines)))}</pre>"


def section(title, lines):
    return f"<h3>{esc(title)}</h3>{pre(lines)}" if lines else ""


def anchor(row):
    return "t-" + "".join(c if c.isalnum() else "-" for c in row["id"])


def summary(rows):
    lines = ['<table><tr><th>test</th><th></th><th class="n">points</th><th class="n">guest</th><th class="n">took</th></tr>']
    for t in rows:
        name = esc(t["id"])
        if t["status"] != "pass":
            name = f'<a href="#{anchor(t)}">{name}</a>'
        guest = "" if t["guest_ms"] is None else f"{t['guest_ms']:.0f} ms"
        took = "" if t["wall_s"] is None else f"{t['wall_s']:.1f} s"
        points = "-" if t["status"] == "infra" else number(t["points"])
        lines.append(f'<tr><td>{name}<br><span class="soft">{esc(t["title"])}</span></td>'
                     f'<td class="{tone(t["status"])}">{WORDS[t["status"]]}</td>'
                     f'<td class="n">{points}/{number(t["max"])}</td><td class="n">{guest}</td><td class="n">{took}</td></tr>')
    return "\n".join(lines) + "</table>"


def pictures(row):
    """A drawing that cannot be made is left out: the result may come from a kernel whose tables are nonsense."""
    out = []
    for key, draw in (("tables", lambda p: picture.tables(p["tables"], p.get("va"))),
                      ("frames", lambda p: picture.frames(p["frames"]))):
        try:
            out.append(draw(row["pictures"]) if row["pictures"].get(key) else "")
        except (ValueError, TypeError, KeyError, IndexError):
            out.append(f'<p class="soft">no picture of the {key}</p>')
    return "".join(out)


def test(row):
    pairs = [(key, row[key]) for key in ("expected", "found", "hint") if row[key]]
    if row["status"] not in ("infra", "build"):
        pairs += [("repeat", row["command"]), ("debug", row["gdb"])]
    words = "".join(f"<dt>{key}</dt><dd>{esc(value) if key not in ('repeat', 'debug') else f'<code>{esc(value)}</code>'}</dd>"
                    for key, value in pairs)
    facts = "".join(section(title, lines) for title, lines in row["facts"])
    console = section("console (the kernel's words, never a verdict)", row["console"])
    return (f'<section id="{anchor(row)}"><h2>{esc(row["id"])} '
            f'<span class="{tone(row["status"])}">{WORDS[row["status"]]}</span></h2>'
            f'{pre(row["message"].split(chr(10)))}<dl>{words}</dl>{facts}{pictures(row)}{console}</section>')


def head(result):
    score = "none" if result["score"] is None else number(result["score"])
    about = [("submission", f'{result["submission"]["id"]} ({result["submission"]["kind"] or "not read"})'),
             ("sha256", result["submission"]["sha256"] or "-"), ("tests", result["suite"][:16]),
             *((key, result["env"][key]) for key in ("sandbox", "qemu", "gcc"))]
    notes = "".join(f"<p>{esc(n)}</p>" for n in [*result["submission"]["notes"], result["message"]] if n)
    return (f'<h1>{esc(result["lab"]["title"])}</h1><p class="score">{score}/{number(result["max"])}</p>{notes}'
            f'<dl>{"".join(f"<dt>{esc(k)}</dt><dd>{esc(v)}</dd>" for k, v in about)}</dl>')


def make(result):
    body = [head(result)]
    if result["tests"]:
        body.append(summary(result["tests"]))
    if result["status"] == "graded" and not result["build"]["ok"]:
        body.append(section("the compiler says", result["build"]["log"].split("\n")))
    else:
        rows = failing(result) + [t for t in result["tests"] if t["status"] == "infra"]
        body += [test(row) for row in rows]
    return page_of(f'{result["lab"]["id"]}: {result["submission"]["id"]}', "\n".join(body))
