/* Ending a program: exit, abort, atexit. */
#include "libc.h"
#include "sys.h"
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

void (*__exit_handlers)(void);
void (*__exit_flush)(void);

_Noreturn void _exit(int status)
{
    for (;;)
        sys1(SYS_exit_group, status);
}

_Noreturn void _Exit(int status)
{
    _exit(status);
}

_Noreturn void exit(int status)
{
    if (__exit_handlers)
        __exit_handlers();
    if (__exit_flush)
        __exit_flush();
    _exit(status);
}

_Noreturn void abort(void)
{
    raise(SIGABRT);
    signal(SIGABRT, SIG_DFL);
    sigset_t abrt = 1UL << (SIGABRT - 1);
    sigprocmask(SIG_UNBLOCK, &abrt, NULL);
    raise(SIGABRT);
    _exit(127);
}
