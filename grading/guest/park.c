/*
 * park: the first process of a machine whose kernel is tested from outside. It asks for its parent's
 * number for ever; the grader stops in that call, where a thread may sleep and holds no lock, and
 * calls the kernel's functions from there.
 */
#include <lab.h>
#include <unistd.h>

LAB_MARK

int main(void)
{
    lab_mark(1, 0, 0, 0);
    for (;;)
        getppid();
}
