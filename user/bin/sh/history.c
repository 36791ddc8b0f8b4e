/*
 * History: a vector of lines, the oldest dropped in lots so that dropping stays cheap.
 */
#include "history.h"

#include <string.h>

#include "builtin.h"
#include "mem.h"
#include "shell.h"

#define HISTORY_MAX 500
#define HISTORY_LOT 100

static struct strvec lines;
static size_t dropped;

void history_add(const char *line)
{
    if (!*line || (lines.n && strcmp(lines.v[lines.n - 1], line) == 0))
        return;
    if (lines.n >= HISTORY_MAX) {
        sv_shift(&lines, HISTORY_LOT);
        dropped += HISTORY_LOT;
    }
    sv_push(&lines, mem_strdup(line));
}

size_t history_count(void)
{
    return lines.n;
}

const char *history_get(size_t index)
{
    return index < lines.n ? lines.v[index] : NULL;
}

int builtin_history(int argc, char **argv)
{
    long count = argc > 1 ? number_parse(argv[1]) : (long)lines.n;
    if (argc > 1 && strcmp(argv[1], "-c") == 0) {
        sv_free(&lines);
        dropped = 0;
        return 0;
    }
    if (count < 0)
        return builtin_usage("history", "[-c] [count]");
    size_t first = (size_t)count < lines.n ? lines.n - count : 0;
    for (size_t i = first; i < lines.n; i++)
        out_printf("%5zu  %s\n", dropped + i + 1, lines.v[i]);
    return 0;
}
