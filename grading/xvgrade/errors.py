"""Whose fault it is. A result must never blame a student for what the grader or the host did.

    Failure     the kernel did not do what the test wants: costs points
    Broken      the submission cannot be graded as it is: bad archive, forbidden file
    LabError    the lab's own files are wrong: for its author
    Infra       the host, QEMU or the grader failed: no verdict at all, never a zero
    Suspect     the machine ended in a way that a host can bring about, and a kernel as well: run.py finds out
"""


class GradeError(Exception):
    """Base of all that follow."""


class Broken(GradeError):
    pass


class LabError(GradeError):
    pass


class Infra(GradeError):
    pass


class Failure(GradeError):
    """kind: the word of the verdict: fail, panic, hang, loop, halt, time, flood.

    expected and found are words for people; facts are (title, lines) pairs that explain them.
    """

    def __init__(self, kind, message, expected=None, found=None, va=None):
        super().__init__(message)
        self.kind, self.message = kind, message
        self.expected, self.found = expected, found
        self.va = va
        self.facts = []


class Suspect(Infra):
    """failure: the verdict if it was the kernel. rate: guest seconds for each second of the host's, or None."""

    def __init__(self, failure, rate=None):
        super().__init__(failure.message)
        self.failure, self.rate = failure, rate
