/* malloc: what is said about a damaged heap.  Written without stdio, which allocates. */
#include "malloc/chunk.h"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char *put_number(char *out, size_t n, unsigned base)
{
    char digits[24], *p = digits + sizeof(digits);

    do {
        *--p = "0123456789abcdef"[n % base];
        n /= base;
    } while (n);
    return mempcpy(out, p, digits + sizeof(digits) - p);
}

static char *put_block(char *out, const char *caller, const struct chunk *c)
{
    out = stpcpy(out, "malloc: ");
    out = stpcpy(out, caller);
    out = stpcpy(out, ": block 0x");
    return put_number(out, (uintptr_t)c + HEADER, 16);
}

static _Noreturn void stop(const char *text, char *end)
{
    *end++ = '\n';
    write(STDERR_FILENO, text, end - text);
    abort();
}

_Noreturn void __malloc_error(const char *caller, const struct chunk *c, const char *crime)
{
    char text[160], *out = put_block(text, caller, c);

    if (chunk_is_sealed(c)) {
        out = stpcpy(out, " of ");
        out = put_number(out, chunk_capacity(c), 10);
        out = stpcpy(out, " bytes");
    }
    *out++ = ' ';
    stop(text, stpcpy(out, crime));
}

_Noreturn void __malloc_wild(const char *caller, const struct chunk *c)
{
    char text[160];

    stop(text, stpcpy(put_block(text, caller, c),
                      " is none of ours, was freed before, or its head is overwritten"));
}
