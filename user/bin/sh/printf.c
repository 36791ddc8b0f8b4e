/*
 * echo and printf.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "builtin.h"
#include "escape.h"
#include "shell.h"

/* Writes s with its escapes resolved; true when \c ended all output. */
static bool out_escaped(const char *s)
{
    char bytes[ESCAPE_MAX];
    while (*s) {
        int n = escape_next(&s, ESCAPE_PERCENT_B, bytes);
        if (n == ESCAPE_STOP)
            return true;
        out_mem(bytes, n);
    }
    return false;
}

int builtin_echo(int argc, char **argv)
{
    bool newline = true, escapes = false;
    int i = 1;
    /* A word is an option only when all of its letters are. */
    for (; i < argc && argv[i][0] == '-' && argv[i][1]; i++) {
        if (argv[i][1 + strspn(argv[i] + 1, "neE")])
            break;
        for (const char *s = argv[i] + 1; *s; s++) {
            if (*s == 'n')
                newline = false;
            else
                escapes = *s == 'e';
        }
    }
    for (int first = i; i < argc; i++) {
        if (i > first)
            out_mem(" ", 1);
        if (!escapes)
            out_str(argv[i]);
        else if (out_escaped(argv[i]))
            return 0;
    }
    if (newline)
        out_mem("\n", 1);
    return 0;
}

/* The arguments of one printf, and what went wrong with them. */
struct printf_args {
    char **next;
    bool used;   /* a conversion took one, so the format may be used again */
    bool stop;   /* \c */
    int status;
};

static const char *take_string(struct printf_args *a)
{
    a->used = true;
    return *a->next ? *a->next++ : "";
}

/* A number in C notation, or 'c for the code of a character. */
static long long take_number(struct printf_args *a)
{
    const char *s = take_string(a);
    char *end;
    if (*s == '\'' || *s == '"')
        return (unsigned char)s[1];
    errno = 0;
    long long value = strtoll(s, &end, 0);
    if (errno == ERANGE && *s != '-') {
        errno = 0;
        value = strtoull(s, &end, 0);
    }
    if (*end || (end == s && *s) || errno) {
        shell_error("printf: %s: bad number", s);
        a->status = 1;
    }
    return value;
}

/* Flags, width and precision into spec, with * replaced by arguments. The rest of the format. */
static const char *scan_spec(const char *f, struct printf_args *a, struct strbuf *spec)
{
    sb_add(spec, '%');
    for (; *f && strchr("-+ #0123456789.*", *f); f++) {
        if (*f == '*')
            sb_printf(spec, "%d", (int)take_number(a));
        else
            sb_add(spec, *f);
    }
    return f;
}

/* Out of line, so that a format made at run time is in one place. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
static void out_number(struct strbuf *spec, char conversion, long long value)
{
    sb_add_str(spec, "ll");
    sb_add(spec, conversion);
    out_printf(spec->data, value);
}

static void out_string(struct strbuf *spec, const char *s)
{
    sb_add(spec, 's');
    out_printf(spec->data, s);
}
#pragma GCC diagnostic pop

static void convert(char conversion, struct strbuf *spec, struct printf_args *a)
{
    char one[2] = {0};
    switch (conversion) {
    case 'd':
    case 'i':
    case 'o':
    case 'u':
    case 'x':
    case 'X':
        out_number(spec, conversion, take_number(a));
        break;
    case 'c':
        one[0] = *take_string(a);
        out_string(spec, one);
        break;
    case 's':
        out_string(spec, take_string(a));
        break;
    case 'b':
        a->stop = out_escaped(take_string(a));
        break;
    default:
        shell_error("printf: %%%c: unknown conversion", conversion);
        a->status = 1;
        a->stop = true;
    }
}

/* The format once, from its beginning to its end. */
static void format_once(const char *f, struct printf_args *a)
{
    char bytes[ESCAPE_MAX];
    while (*f && !a->stop) {
        if (*f == '\\') {
            int n = escape_next(&f, ESCAPE_C, bytes);
            out_mem(bytes, n);
        } else if (*f != '%') {
            size_t len = strcspn(f, "\\%");
            out_mem(f, len);
            f += len;
        } else if (f[1] == '%') {
            out_mem("%", 1);
            f += 2;
        } else {
            struct strbuf spec = {0};
            f = scan_spec(f + 1, a, &spec);
            convert(*f, &spec, a);
            f += *f != '\0';
            sb_free(&spec);
        }
    }
}

int builtin_printf(int argc, char **argv)
{
    int first = argc > 1 && strcmp(argv[1], "--") == 0 ? 2 : 1;
    if (first >= argc)
        return builtin_usage("printf", "format [argument...]");
    struct printf_args a = {.next = argv + first + 1};
    do {
        a.used = false;
        format_once(argv[first], &a);
    } while (*a.next && a.used && !a.stop);
    return a.status;
}
