"""JUnit XML: the form that every CI server reads. Lost points are failures; no verdict is an error."""
import xml.etree.ElementTree as ET

from ..console import WORDS, explanation
from . import clean


def case(suite, lab, name, seconds=0):
    return ET.SubElement(suite, "testcase", classname=lab, name=name, time=f"{seconds or 0:.3f}")


def test(suite, lab, row):
    node = case(suite, lab, row["id"], row["wall_s"])
    if row["status"] == "pass":
        return
    kind = "error" if row["status"] == "infra" else "failure"
    said = ET.SubElement(node, kind, type=row["status"], message=clean(f"{WORDS[row['status']]}: {row['message']}"))
    said.text = clean("\n".join(explanation(row)))


def make(result):
    lab = result["lab"]["id"]
    rows = result["tests"]
    suite = ET.Element("testsuite", name=lab, time=f"{result['wall_s']:.3f}")
    for row in rows:
        test(suite, lab, row)
    if result["status"] == "broken":
        ET.SubElement(case(suite, lab, "submission"), "failure", type="broken", message=clean(result["message"]))
    elif result["status"] == "infra" and not rows:
        ET.SubElement(case(suite, lab, "submission"), "error", type="infra", message=clean(result["message"]))
    if rows and not result["build"]["ok"]:
        ET.SubElement(suite, "system-out").text = clean(result["build"]["log"])
    for kind, key in (("testcase", "tests"), ("failure", "failures"), ("error", "errors")):
        suite.set(key, str(len(suite.findall(f".//{kind}"))))
    root = ET.Element("testsuites")
    root.append(suite)
    ET.indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"
