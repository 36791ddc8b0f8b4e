/* errno, and the meeting point of all system call results. */
#include "libc.h"
#include "sys.h"
#include <errno.h>

static int the_errno;

int *__errno_location(void)
{
    return &the_errno;
}

int __fail(int err)
{
    errno = err;
    return -1;
}

long __sysret(long r)
{
    if ((unsigned long)r <= -1UL - MAX_ERRNO)
        return r;
    errno = (int)-r;
    return -1;
}
