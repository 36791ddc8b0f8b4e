"""make gradescope-zip: an autograder as Gradescope takes it.

    setup.sh          when the image is built: tools, the pristine kernel; then only root may read the files
    run_autograder    for each submission: grades, writes results/results.json
    the tree, with the reference and the lab's hidden tests; without mutants, cheats and other labs

run_autograder finds everything from its own place, so any folder can play /autograder.
There bubblewrap cannot start: the sandbox is an own user id, which cannot read the autograder's files.
"""
import zipfile

from .errors import LabError

SETUP = """#!/bin/sh
# Builds the image of the lab {lab}: tools, then the pristine kernel. Needs QEMU 7.2 (Debian 12, Ubuntu 24.04).
set -eu
cd "$(dirname "$0")"
sh kernel/tools/setup.sh
python3 kernel/tools/doctor.py --for run
python3 -B grading/grade {lab} --prepare
chmod -R go-rwx .
"""
RUN = """#!/bin/sh
# Without a verdict there is no score in results.json: Gradescope then reports that the autograder failed.
# Nothing is written before the end: an autograder that is cut off must not leave a low score behind.
cd "$(dirname "$0")" || exit 1
mkdir -p results
status=0
python3 -B source/grading/grade {lab} -s submission -j 1 --json source/native.json || status=$?
if [ "$status" -gt 1 ] && [ "$status" -ne 3 ]; then
    echo "the autograder failed with status $status"
    exit 1
fi
python3 -B source/grading/emit gradescope source/native.json -o results/results.json
"""


def files(tree_files, lab):
    """{name: bytes} of the archive, of the project's files that staff may use for the lab."""
    kept = {n: d for n, d in tree_files.items() if not n.startswith(("docs/", "grading/tests/", ".github/"))}
    for name, text in (("setup.sh", SETUP), ("run_autograder", RUN)):
        kept[name] = text.format(lab=lab.id).encode()
    return kept


def write(tree_files, lab, out):
    """The same bytes for the same tree."""
    if not str(out).endswith(".zip"):
        raise LabError(f"OUT={out}: the name must end with .zip")
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as z:
        for name, data in sorted(files(tree_files, lab).items()):
            info = zipfile.ZipInfo(name)
            info.compress_type = zipfile.ZIP_DEFLATED
            executable = name in ("setup.sh", "run_autograder") or data[:2] == b"#!"
            info.external_attr = (0o100755 if executable else 0o100644) << 16
            z.writestr(info, data)
    return out
