"""results.json of a Gradescope autograder.

A result without a verdict has no score in it: Gradescope then says "the autograder failed", and nobody
gets a zero. Hidden tests are shown to staff only.
"""
import json

from ..console import WORDS, explanation, score_line
from . import clean


def test(number, row):
    lines = [f"{WORDS[row['status']]}: {row['title']}", *explanation(row)]
    return {"number": str(number), "name": row["id"], "score": row["points"], "max_score": row["max"],
            "status": "passed" if row["status"] == "pass" else "failed", "output": clean("\n".join(lines)),
            "output_format": "text", "tags": row["tags"],
            "visibility": "hidden" if row["visibility"] == "hidden" else "visible"}


def make(result):
    lines = [*result["submission"]["notes"], result["message"]]
    if result["status"] == "graded":
        lines.append(score_line(result))
        if not result["build"]["ok"]:
            lines += ["the compiler says:", result["build"]["log"]]
    form = {"output": clean("\n".join(filter(None, lines))), "output_format": "text", "stdout_visibility": "hidden",
            "execution_time": round(result["wall_s"]),
            "extra_data": {"status": result["status"], "suite": result["suite"], "sandbox": result["env"]["sandbox"],
                           "submission": result["submission"]["sha256"]}}
    if result["status"] != "infra":
        form["score"] = result["score"]
        form["tests"] = [test(i, row) for i, row in enumerate(result["tests"], 1)]
    return json.dumps(form, indent=1) + "\n"
