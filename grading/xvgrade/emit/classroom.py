"""GitHub Classroom: the result of an autograding step, and the workflow with the step.

The reporter adds up the scores of the tests, so partial credit works with one step. Without a verdict the
result is an "error" without tests; the step fails then, and nothing is reported.
Students own their repository and can change all of this: it is for feedback. Staff grade again (grade-batch).
"""
import base64
import json

from ..console import explanation
from . import clean


def test(row):
    return {"name": row["id"], "status": "pass" if row["status"] == "pass" else "fail", "score": row["points"],
            "message": clean("\n".join(explanation(row))), "test_code": row["command"], "filename": "", "line_no": 0,
            "duration": round(1000 * (row["wall_s"] or 0))}


def make(result):
    status = {"infra": "error", "broken": "fail"}.get(result["status"])
    if status is None:
        status = "pass" if result["score"] == result["max"] else "fail"
    tests = [] if result["status"] == "infra" else [test(row) for row in result["tests"]]
    return json.dumps({"version": 1, "status": status, "max_score": result["max"], "tests": tests}) + "\n"


def output_line(result):
    """What the step appends to $GITHUB_OUTPUT."""
    return "result=" + base64.b64encode(make(result).encode()).decode() + "\n"


def workflow(lab_id):
    """.github/workflows/classroom.yml. grade ends with 1 when points are lost, which is no error of the step."""
    return f"""name: Autograding
on: [push, workflow_dispatch]
permissions:
  checks: write
  actions: read
  contents: read
jobs:
  grade:
    if: github.actor != 'github-classroom[bot]'
    runs-on: ubuntu-latest
    container: debian:bookworm
    timeout-minutes: 30
    steps:
      - name: Tools
        run: apt-get update && apt-get install -y --no-install-recommends git make ca-certificates
      - uses: actions/checkout@v4
      - name: Setup
        run: make setup
      - name: Grade
        id: grade
        shell: sh
        run: |
          git config --global --add safe.directory "$PWD"
          status=0
          python3 -B grading/grade {lab_id} --json result.json || status=$?
          python3 -B grading/emit classroom-output result.json >>"$GITHUB_OUTPUT"
          test "$status" -le 1
      - name: Report
        uses: classroom-resources/autograding-grading-reporter@v1
        env:
          GRADE_RESULTS: "${{{{steps.grade.outputs.result}}}}"
        with:
          runners: grade
"""
