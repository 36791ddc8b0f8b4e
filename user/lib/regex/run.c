/*
 * The matcher that follows all ways in step, and regexec.
 *
 * A thread is a place in the program with the offsets it has saved.  For each character all threads
 * that take it move on; of two threads at one place only the first, the preferred one, is kept, so
 * there are never more threads than instructions.  Threads are ordered by where they started: once
 * one has matched, later starters are dropped, and the others run on in case they match more.
 */
#include "program.h"
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

struct thread {
    int pc;
    regoff_t *caps;
};

struct list {
    struct thread *thread;
    int count;
};

struct machine {
    const struct program *p;
    const char *text;
    size_t end;
    int flags;
    int ncaps;
    int *mark; /* step in which an instruction was last added */
    int step;
    regoff_t *work; /* offsets of the thread being added */
};

static int is_word(int c)
{
    return isalnum(c) || c == '_';
}

int __regex_takes(const struct program *p, const struct inst *in, unsigned char c)
{
    switch (in->op) {
    case OP_CHAR:
        return in->c == (p->flags & REG_ICASE ? tolower(c) : c);
    case OP_ANY:
        return c != '\n' || !(p->flags & REG_NEWLINE);
    case OP_SET:
        return charset_has(&p->set[in->a], c);
    default:
        return 0;
    }
}

int __regex_holds(const struct program *p, const struct inst *in, const char *text, size_t at,
                  size_t end, int flags)
{
    int lines = p->flags & REG_NEWLINE;
    int before = at > 0 && is_word((unsigned char)text[at - 1]);
    int after = at < end && is_word((unsigned char)text[at]);

    switch (in->op) {
    case OP_BOL:
        return (at == 0 && !(flags & REG_NOTBOL)) || (at > 0 && lines && text[at - 1] == '\n');
    case OP_EOL:
        return (at == end && !(flags & REG_NOTEOL)) || (at < end && lines && text[at] == '\n');
    case OP_WORD_START:
        return !before && after;
    case OP_WORD_END:
        return before && !after;
    case OP_WORD_EDGE:
        return before != after;
    default:
        return before == after;
    }
}

/* Adds the threads that are reached from pc without taking a character, in order of preference. */
static void add(struct machine *m, struct list *l, int pc, size_t at)
{
    for (;;) {
        const struct inst *in = &m->p->inst[pc];
        if (m->mark[pc] == m->step)
            return;
        m->mark[pc] = m->step;
        if (in->op == OP_JUMP) {
            pc += in->a;
        } else if (in->op == OP_SPLIT) {
            add(m, l, pc + in->a, at);
            pc += in->b;
        } else if (in->op == OP_SAVE && in->a < m->ncaps) {
            regoff_t old = m->work[in->a];
            m->work[in->a] = at;
            add(m, l, pc + 1, at);
            m->work[in->a] = old;
            return;
        } else if (in->op == OP_SAVE) {
            pc++;
        } else if (in->op >= OP_BOL && in->op <= OP_NOT_WORD_EDGE) {
            if (!__regex_holds(m->p, in, m->text, at, m->end, m->flags))
                return;
            pc++;
        } else {
            struct thread *t = &l->thread[l->count++];
            t->pc = pc;
            memcpy(t->caps, m->work, m->ncaps * sizeof(*m->work));
            return;
        }
    }
}

/* Moves all threads over the character at `at`; a match replaces the best one found. */
static int advance(struct machine *m, const struct list *now, struct list *then, size_t at,
                   regoff_t *best, int matched)
{
    m->step++;
    then->count = 0;
    for (int i = 0; i < now->count; i++) {
        const struct thread *t = &now->thread[i];
        const struct inst *in = &m->p->inst[t->pc];
        if (matched && t->caps[0] > best[0])
            break;
        if (in->op == OP_MATCH) {
            if (!matched || (regoff_t)at > best[1]) {
                memcpy(best, t->caps, m->ncaps * sizeof(*best));
                matched = 1;
            }
        } else if (at < m->end && __regex_takes(m->p, in, (unsigned char)m->text[at])) {
            memcpy(m->work, t->caps, m->ncaps * sizeof(*m->work));
            add(m, then, t->pc + 1, at + 1);
        }
    }
    return matched;
}

/* Where the next match could start, from `at` on. */
static size_t skip_to_first(const struct machine *m, size_t at)
{
    if (m->p->first < 0)
        return at;
    const char *hit = memchr(m->text + at, m->p->first, m->end - at);
    return hit ? (size_t)(hit - m->text) : m->end + 1;
}

static int run(struct machine *m, struct list *now, struct list *then, size_t at, regoff_t *best)
{
    int matched = 0;

    for (;; at++) {
        if (!now->count) {
            if (matched)
                break;
            at = skip_to_first(m, at);
            if (at > m->end)
                break;
            m->step++;
        }
        if (!matched) { /* a new start, behind all others */
            for (int i = 0; i < m->ncaps; i++)
                m->work[i] = -1;
            add(m, now, 0, at);
        }
        matched = advance(m, now, then, at, best, matched);
        struct list swap = *now;
        *now = *then;
        *then = swap;
        if (at >= m->end)
            break;
    }
    return matched ? 0 : REG_NOMATCH;
}

static void carve(struct list *l, struct thread *threads, regoff_t *caps, int count, int ncaps)
{
    l->thread = threads;
    l->count = 0;
    for (int i = 0; i < count; i++)
        threads[i].caps = caps + (size_t)i * ncaps;
}

int __regex_run(const struct program *p, const char *text, size_t start, size_t end, int flags,
                regoff_t *caps)
{
    struct list now, then;
    size_t n = p->count;
    int ncaps = p->flags & REG_NOSUB ? 2 : 2 * (p->groups + 1);
    struct thread *threads = malloc(2 * n * sizeof(*threads));
    regoff_t *memory = malloc((2 * n + 1) * ncaps * sizeof(*memory));
    int *mark = calloc(n, sizeof(*mark));
    int r = REG_ESPACE;

    if (threads && memory && mark) {
        struct machine m = {.p = p, .text = text, .end = end, .flags = flags, .ncaps = ncaps,
                            .mark = mark, .work = memory + 2 * n * ncaps};
        carve(&now, threads, memory, (int)n, ncaps);
        carve(&then, threads + n, memory + n * ncaps, (int)n, ncaps);
        r = run(&m, &now, &then, start, caps);
    }
    free(threads);
    free(memory);
    free(mark);
    return r;
}

int regexec(const regex_t *re, const char *text, size_t nmatch, regmatch_t match[], int flags)
{
    const struct program *p = re->re_program;
    size_t start = 0, end;
    size_t ncaps = 2 * (p->groups + 1);
    regoff_t *caps = malloc(ncaps * sizeof(*caps));

    if (!caps)
        return REG_ESPACE;
    if (flags & REG_STARTEND) {
        start = match[0].rm_so;
        end = match[0].rm_eo;
    } else {
        end = strlen(text);
    }
    int r = p->has_backref ? __regex_backtrack(p, text, start, end, flags, caps)
                           : __regex_run(p, text, start, end, flags, caps);
    int wanted = !(p->flags & REG_NOSUB) || (flags & REG_STARTEND);
    for (size_t i = 0; r == 0 && wanted && i < nmatch; i++) {
        int known = 2 * i < ncaps && (i == 0 || !(p->flags & REG_NOSUB));
        match[i].rm_so = known ? caps[2 * i] : -1;
        match[i].rm_eo = known ? caps[2 * i + 1] : -1;
    }
    free(caps);
    return r;
}

size_t regerror(int code, const regex_t *re, char *buf, size_t size)
{
    static const char *const texts[] = {
        [0] = "Success",
        [REG_NOMATCH] = "No match",
        [REG_BADPAT] = "Invalid regular expression",
        [REG_ECOLLATE] = "Invalid collation character",
        [REG_ECTYPE] = "Invalid character class name",
        [REG_EESCAPE] = "Trailing backslash",
        [REG_ESUBREG] = "Invalid back reference",
        [REG_EBRACK] = "Unmatched [, [^, [:, [., or [=",
        [REG_EPAREN] = "Unmatched ( or \\(",
        [REG_EBRACE] = "Unmatched { or \\{",
        [REG_BADBR] = "Invalid content of \\{\\}",
        [REG_ERANGE] = "Invalid range end",
        [REG_ESPACE] = "Memory exhausted",
        [REG_BADRPT] = "Invalid preceding regular expression",
    };

    (void)re;
    const char *text = code >= 0 && code <= REG_BADRPT ? texts[code] : "Unknown error";
    return strlcpy(buf, text, size) + 1;
}
