/* syscall(): a call by number. */
#include "sys.h"
#include <stdarg.h>
#include <unistd.h>

long syscall(long number, ...)
{
    va_list ap;
    long a[6];

    va_start(ap, number);
    for (int i = 0; i < 6; i++)
        a[i] = va_arg(ap, long);
    va_end(ap);
    return sysret(sys6(number, a[0], a[1], a[2], a[3], a[4], a[5]));
}
