/* Sets of characters: bracket expressions and \w \W \s \S. */
#include "compiler.h"
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static struct charset *new_set(struct compiler *k)
{
    struct program *prog = k->prog;
    struct charset *grown = realloc(prog->set, (prog->set_count + 1) * sizeof(*grown));

    if (!grown) {
        __regex_fail(k, REG_ESPACE);
        return NULL;
    }
    prog->set = grown;
    __regex_emit(k, OP_SET, prog->set_count, 0);
    struct charset *set = &grown[prog->set_count++];
    memset(set, 0, sizeof(*set));
    return set;
}

static void negate(const struct compiler *k, struct charset *set)
{
    for (int i = 0; i < 4; i++)
        set->bits[i] = ~set->bits[i];
    if (k->prog->flags & REG_NEWLINE)
        set->bits[0] &= ~(1UL << '\n');
}

typedef int (*class_test)(int);

static class_test find_class(const char *name, size_t len)
{
    static const struct {
        const char *name;
        class_test test;
    } classes[] = {
        {"alnum", isalnum}, {"alpha", isalpha}, {"blank", isblank}, {"cntrl", iscntrl},
        {"digit", isdigit}, {"graph", isgraph}, {"lower", islower}, {"print", isprint},
        {"punct", ispunct}, {"space", isspace}, {"upper", isupper}, {"xdigit", isxdigit},
    };

    for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++) {
        if (strlen(classes[i].name) == len && memcmp(classes[i].name, name, len) == 0)
            return classes[i].test;
    }
    return NULL;
}

static void add_range(const struct compiler *k, struct charset *set, int low, int high)
{
    for (int c = low; c <= high; c++) {
        charset_add(set, c);
        if (k->prog->flags & REG_ICASE) {
            charset_add(set, tolower(c));
            charset_add(set, toupper(c));
        }
    }
}

static void add_class(struct compiler *k, struct charset *set, class_test test)
{
    for (int c = 0; c < 256; c++) {
        if (test(c))
            add_range(k, set, c, c);
    }
}

/* "[:name:]" at p, which points behind "[:"; returns the end, or NULL. */
static const char *bracket_class(struct compiler *k, struct charset *set, const char *p)
{
    const char *end = strstr(p, ":]");
    class_test test = end ? find_class(p, end - p) : NULL;

    if (!test) {
        __regex_fail(k, end ? REG_ECTYPE : REG_EBRACK);
        return NULL;
    }
    add_class(k, set, test);
    return end + 2;
}

/* One end of a range: a character, or "[.c.]" or "[=c=]". */
static const char *bracket_char(const char *p, int *c)
{
    if (p[0] == '[' && (p[1] == '.' || p[1] == '=') && p[2] && p[3] == p[1] && p[4] == ']') {
        *c = (unsigned char)p[2];
        return p + 5;
    }
    *c = (unsigned char)*p;
    return p + 1;
}

void __regex_bracket(struct compiler *k)
{
    struct charset *set = new_set(k);
    const char *p = k->p;
    int negated = *p == '^';
    int low, high;

    if (!set)
        return;
    p += negated;
    for (const char *first = p; *p != ']' || p == first;) {
        if (!*p) {
            __regex_fail(k, REG_EBRACK);
            return;
        }
        if (p[0] == '[' && p[1] == ':') {
            p = bracket_class(k, set, p + 2);
            if (!p)
                return;
            continue;
        }
        p = bracket_char(p, &low);
        high = low;
        if (p[0] == '-' && p[1] && p[1] != ']')
            p = bracket_char(p + 1, &high);
        if (high < low) {
            __regex_fail(k, REG_ERANGE);
            return;
        }
        add_range(k, set, low, high);
    }
    if (negated)
        negate(k, set);
    k->p = p + 1;
}

static int is_word(int c)
{
    return isalnum(c) || c == '_';
}

void __regex_class(struct compiler *k)
{
    struct charset *set = new_set(k);

    if (!set)
        return;
    add_class(k, set, tolower(k->c) == 'w' ? is_word : isspace);
    if (isupper(k->c))
        negate(k, set);
}
