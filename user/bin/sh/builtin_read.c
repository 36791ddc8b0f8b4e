/*
 * read: one line into variables.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "builtin.h"
#include "field.h"
#include "shell.h"
#include "source.h"
#include "trap.h"
#include "var.h"

/* A line, with a mark for each character that a backslash protects from being split. */
struct line {
    struct strbuf text;
    struct strbuf marks; /* same length; 1: protected */
};

/* Takes backslashes out of raw and appends to l; true when the line goes on after a newline. */
static bool unescape(struct line *l, const struct strbuf *raw)
{
    for (size_t i = 0; i < raw->len; i++) {
        bool escaped = raw->data[i] == '\\';
        if (escaped && ++i >= raw->len)
            return false;
        if (escaped && raw->data[i] == '\n')
            return true;
        sb_add(&l->text, raw->data[i]);
        sb_add(&l->marks, escaped);
    }
    return false;
}

/* 0, or 1 at the end of the file, also when that cut the last line short. */
static int read_logical_line(struct line *l, bool raw_mode)
{
    struct strbuf raw = {0};
    bool more = true;
    int result = 1;
    while (more) {
        sb_clear(&raw);
        result = fd_read_line(0, &raw);
        if (result < 0 && errno == EINTR && !trap_pending_signal())
            continue;
        if (raw_mode) {
            more = false;
            sb_add_mem(&l->text, sb_str(&raw), raw.len);
            for (size_t i = 0; i < raw.len; i++)
                sb_add(&l->marks, 0);
        } else {
            more = unescape(l, &raw) && result > 0;
        }
    }
    if (result < 0 && errno != EINTR)
        shell_error("read: %s", strerror(errno));
    sb_free(&raw);
    return result > 0 ? 0 : 1;
}

static bool is_separator(const struct line *l, size_t i, const char *ifs, bool space)
{
    if (i >= l->text.len || l->marks.data[i] || !strchr(ifs, l->text.data[i]))
        return false;
    return !space || strchr(" \t\n", l->text.data[i]);
}

static size_t skip_spaces(const struct line *l, size_t i, const char *ifs)
{
    while (is_separator(l, i, ifs, true))
        i++;
    return i;
}

/* Past the separator at i: spaces, one other character, spaces. */
static size_t skip_separator(const struct line *l, size_t i, const char *ifs)
{
    i = skip_spaces(l, i, ifs);
    if (is_separator(l, i, ifs, false))
        i = skip_spaces(l, i + 1, ifs);
    return i;
}

/* The last variable takes the rest, without white space at its end or one lone separator. */
static size_t end_of_rest(const struct line *l, size_t start, const char *ifs)
{
    size_t end = start;
    while (end < l->text.len && !is_separator(l, end, ifs, false))
        end++;
    if (skip_separator(l, end, ifs) == l->text.len)
        return end;
    end = l->text.len;
    while (end > start && is_separator(l, end - 1, ifs, true))
        end--;
    return end;
}

static int assign_fields(const struct line *l, char **names)
{
    char *ifs = mem_strdup(fields_ifs());
    size_t at = skip_spaces(l, 0, ifs);
    int status = 0;
    for (; *names && status == 0; names++) {
        size_t end = at;
        if (names[1])
            while (end < l->text.len && !is_separator(l, end, ifs, false))
                end++;
        else
            end = end_of_rest(l, at, ifs);
        char *value = mem_strndup(sb_str(&l->text) + at, end - at);
        status = var_set(*names, value) < 0;
        free(value);
        at = skip_separator(l, end, ifs);
    }
    free(ifs);
    return status;
}

static int read_into(char **names, bool raw)
{
    struct line l = {0};
    int status = read_logical_line(&l, raw);
    if (l.text.len && l.text.data[l.text.len - 1] == '\n' && !l.marks.data[l.text.len - 1])
        l.text.data[--l.text.len] = '\0';
    int failed = assign_fields(&l, names);
    sb_free(&l.text);
    sb_free(&l.marks);
    return failed ? failed : status;
}

int builtin_read(int argc, char **argv)
{
    static char reply[] = "REPLY";
    char *default_names[] = {reply, NULL};
    bool raw = false;
    int i = 1;
    for (; i < argc && argv[i][0] == '-'; i++) {
        if (strcmp(argv[i], "-r") == 0) {
            raw = true;
        } else if (strcmp(argv[i], "-p") == 0 && i + 1 < argc) {
            const char *prompt = argv[++i];
            if (isatty(0))
                write_all(2, prompt, strlen(prompt));
        } else {
            return builtin_usage("read", "[-r] [-p prompt] name...");
        }
    }
    for (int n = i; n < argc; n++) {
        if (!name_valid(argv[n])) {
            shell_error("read: %s: bad variable name", argv[n]);
            return STATUS_MISUSE;
        }
    }
    return read_into(i < argc ? argv + i : default_names, raw);
}
