/* Messages with the program's name, and assert. */
#include "libc.h"
#include <assert.h>
#include <err.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *program_name(void)
{
    const char *argv0 = (const char *)__initial_stack[1];

    return __initial_stack[0] > 0 ? basename(argv0) : "?";
}

/* err < 0: no error text.  One write, so that messages of several processes do not mix. */
static void message(int err, const char *fmt, va_list ap)
{
    char text[1024];

    fflush(stdout);
    vsnprintf(text, sizeof(text), fmt, ap);
    if (err < 0)
        fprintf(stderr, "%s: %s\n", program_name(), text);
    else
        fprintf(stderr, "%s: %s: %s\n", program_name(), text, strerror(err));
}

void warn(const char *fmt, ...)
{
    int saved = errno;
    va_list ap;

    va_start(ap, fmt);
    message(saved, fmt, ap);
    va_end(ap);
}

void warnx(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    message(-1, fmt, ap);
    va_end(ap);
}

_Noreturn void err(int status, const char *fmt, ...)
{
    int saved = errno;
    va_list ap;

    va_start(ap, fmt);
    message(saved, fmt, ap);
    va_end(ap);
    exit(status);
}

_Noreturn void errx(int status, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    message(-1, fmt, ap);
    va_end(ap);
    exit(status);
}

_Noreturn void __assert_fail(const char *expr, const char *file, int line, const char *func)
{
    fprintf(stderr, "%s: %s:%d: %s: assertion failed: %s\n", program_name(), file, line, func,
            expr);
    abort();
}
