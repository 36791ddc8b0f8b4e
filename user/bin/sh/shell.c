/*
 * The shell's state, its messages and its output.
 */
#include "shell.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "trap.h"

struct shell sh = {.script = "sh", .name = "sh"};

static struct strbuf output;

int write_all(int fd, const char *data, size_t len)
{
    while (len) {
        ssize_t n = write(fd, data, len);
        if (n < 0 && errno != EINTR)
            return -1;
        if (n > 0) {
            data += n;
            len -= n;
        }
    }
    return 0;
}

/* One write for a whole message: lines of several processes do not mix. */
void shell_verror(int line, const char *fmt, va_list ap)
{
    struct strbuf sb = {0};
    sb_printf(&sb, "%s: ", sh.script);
    if (line > 0 && !(shell_option(OPT_INTERACTIVE)))
        sb_printf(&sb, "line %d: ", line);
    sb_vprintf(&sb, fmt, ap);
    sb_add(&sb, '\n');
    write_all(2, sb.data, sb.len);
    sb_free(&sb);
}

void shell_error(const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    shell_verror(sh.line, fmt, ap);
    va_end(ap);
}

void shell_fail(int status, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    shell_verror(sh.line, fmt, ap);
    va_end(ap);
    sh.status = status;
    sh.flow = FLOW_ABORT;
}

void shell_exit(int status)
{
    sh.status = status;
    trap_run_exit();
    exit(sh.status & 0xff);
}

void out_mem(const char *s, size_t len)
{
    sb_add_mem(&output, s, len);
}

void out_str(const char *s)
{
    sb_add_str(&output, s);
}

void out_printf(const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    sb_vprintf(&output, fmt, ap);
    va_end(ap);
}

int out_flush(void)
{
    if (output.len == 0)
        return 0;
    int failed = write_all(1, output.data, output.len);
    if (failed)
        shell_error("write error: %s", strerror(errno));
    if (output.cap > 4096)
        sb_free(&output);
    else
        sb_clear(&output);
    return failed ? 1 : 0;
}

bool name_prefix(const char *s, const char **end)
{
    if (!isalpha((unsigned char)*s) && *s != '_')
        return false;
    while (isalnum((unsigned char)*s) || *s == '_')
        s++;
    *end = s;
    return true;
}

bool name_valid(const char *s)
{
    const char *end;
    return name_prefix(s, &end) && *end == '\0';
}

long number_parse(const char *s)
{
    long n = 0;
    if (*s == '\0')
        return -1;
    for (; *s; s++) {
        if (!isdigit((unsigned char)*s) || n > (INT_MAX - 9) / 10)
            return -1;
        n = n * 10 + (*s - '0');
    }
    return n;
}

void quote_append(struct strbuf *sb, const char *s)
{
    static const char plain[] = "%+,-./:=@_^";
    const char *p = s;
    while (isalnum((unsigned char)*p) || (*p && strchr(plain, *p)))
        p++;
    if (*p == '\0' && p != s) {
        sb_add_str(sb, s);
        return;
    }
    sb_add(sb, '\'');
    for (p = s; *p; p++) {
        if (*p == '\'')
            sb_add_str(sb, "'\\''");
        else
            sb_add(sb, *p);
    }
    sb_add(sb, '\'');
}
