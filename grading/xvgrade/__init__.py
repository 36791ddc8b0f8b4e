"""The grader of xv39: judges a kernel from outside. docs/grading.md draws the whole.

Standard library only. Floors, each file uses those above it:

    errors edits elf rsp           words for what went wrong; forms and protocols
    sandbox machine source         one QEMU and what can be read of it
    unpack                         a program of its own, in the sandbox: archives and repositories
    lab submission tree build      what is graded, and how it becomes a kernel
    explain guest run              a test, its verdict, and the reasons
    result console emit/ forms     the native result and its other forms
    grade batch handout checklabs  the commands; autograder: what Gradescope takes
"""
