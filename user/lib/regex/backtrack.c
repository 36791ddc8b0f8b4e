/*
 * The matcher for programs with back references: it tries one way after the other.
 *
 * What a reference may match depends on the way taken, so threads cannot be merged as run.c does;
 * the time can grow exponentially with the number of loops.  All ways from one start are tried, and
 * the longest match is kept.
 */
#include "program.h"
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define MAX_DEPTH 10000

struct search {
    const struct program *p;
    const char *text;
    size_t end;
    int flags;
    int ncaps;
    int depth;
    int too_deep;
    regoff_t *caps;
    regoff_t *best;
    regoff_t *last; /* where a loop's way back was last taken: an empty round ends the loop */
};

static void follow(struct search *s, int pc, size_t at);

/* The length of group n's text when it stands again at `at`, else -1. */
static long backref_length(const struct search *s, int group, size_t at)
{
    regoff_t from = s->caps[2 * group], to = s->caps[2 * group + 1];

    if (from < 0 || to < 0 || (size_t)(to - from) > s->end - at)
        return -1;
    size_t len = to - from;
    int differ = s->p->flags & REG_ICASE ? strncasecmp(s->text + from, s->text + at, len)
                                         : memcmp(s->text + from, s->text + at, len);
    return differ ? -1 : (long)len;
}

static void follow_save(struct search *s, int pc, size_t at)
{
    regoff_t *slot = &s->caps[s->p->inst[pc].a];
    regoff_t old = *slot;

    *slot = at;
    follow(s, pc + 1, at);
    *slot = old;
}

/* A way back, of JUMP or SPLIT: not twice at the same place of the text. */
static void follow_back(struct search *s, int pc, size_t at)
{
    regoff_t old = s->last[pc];

    if (old == (regoff_t)at)
        return;
    s->last[pc] = at;
    follow(s, pc + s->p->inst[pc].a, at);
    s->last[pc] = old;
}

static void found(struct search *s)
{
    if (s->best[1] < s->caps[1])
        memcpy(s->best, s->caps, s->ncaps * sizeof(*s->best));
}

static void follow_from(struct search *s, int pc, size_t at)
{
    for (;;) {
        const struct inst *in = &s->p->inst[pc];
        long len;
        switch (in->op) {
        case OP_MATCH:
            found(s);
            return;
        case OP_JUMP:
            if (in->a < 0) {
                follow_back(s, pc, at);
                return;
            }
            pc += in->a;
            break;
        case OP_SPLIT:
            if (in->a < 0)
                follow_back(s, pc, at);
            else
                follow(s, pc + in->a, at);
            pc += in->b;
            break;
        case OP_SAVE:
            follow_save(s, pc, at);
            return;
        case OP_BACKREF:
            len = backref_length(s, in->a, at);
            if (len < 0)
                return;
            at += len;
            pc++;
            break;
        case OP_CHAR:
        case OP_ANY:
        case OP_SET:
            if (at >= s->end || !__regex_takes(s->p, in, (unsigned char)s->text[at]))
                return;
            at++;
            pc++;
            break;
        default:
            if (!__regex_holds(s->p, in, s->text, at, s->end, s->flags))
                return;
            pc++;
        }
    }
}

static void follow(struct search *s, int pc, size_t at)
{
    if (s->depth == MAX_DEPTH) {
        s->too_deep = 1;
        return;
    }
    s->depth++;
    follow_from(s, pc, at);
    s->depth--;
}

int __regex_backtrack(const struct program *p, const char *text, size_t start, size_t end,
                      int flags, regoff_t *caps)
{
    int ncaps = 2 * (p->groups + 1);
    regoff_t *memory = malloc((ncaps + p->count) * sizeof(*memory));
    struct search s = {.p = p, .text = text, .end = end, .flags = flags, .ncaps = ncaps,
                       .best = caps};

    if (!memory)
        return REG_ESPACE;
    s.caps = memory;
    s.last = memory + ncaps;
    memset(memory, -1, (ncaps + p->count) * sizeof(*memory));
    caps[1] = -1;
    for (size_t at = start; at <= end && caps[1] < 0; at++)
        follow(&s, 0, at);
    free(memory);
    if (caps[1] >= 0)
        return 0;
    return s.too_deep ? REG_ESPACE : REG_NOMATCH;
}
