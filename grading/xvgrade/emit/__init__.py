"""Other forms of the native result: pure functions of it, and of nothing else.

    gradescope   results.json of a Gradescope autograder
    classroom    result of a GitHub Classroom step, and the workflow that has the step
    junit        JUnit XML, which every CI server reads
    table        CSV: a line for each test, or for each student of a class
    html         the report page of one submission; picture draws its page tables and its frames
    overview     the page of a class

The native result has words of the guest in it: each form cleans and escapes them itself. In none of them is
a result without a verdict (status "infra") a zero.
"""


def clean(text):
    """No control characters, no direction marks: what a terminal or a page would obey."""
    return "".join(c if c == "\n" or c.isprintable() else "?" for c in str(text))


def failing(result):
    """Rows of the tests that lost points."""
    return [t for t in result["tests"] if t["status"] not in ("pass", "infra")]


def first_failing(result):
    """What a student should look at first."""
    if result["status"] == "broken":
        return "(not gradable)"
    if result["status"] == "infra":
        return ""
    rows = failing(result)
    return "(does not build)" if rows and rows[0]["status"] == "build" else rows[0]["id"] if rows else ""
