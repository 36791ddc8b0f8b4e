/*
 * Shell patterns: * ? [a-z] [!a-z] [[:alpha:]] and backslash.
 *
 * A star is tried with ever longer matches; only the last star needs to be returned to, since an
 * earlier one that matched more could do no better.  With FNM_PATHNAME a star ends at a slash.
 */
#include <ctype.h>
#include <fnmatch.h>
#include <stddef.h>
#include <string.h>

static int in_class(const char *name, size_t len, int c)
{
    static const struct {
        char name[8];
        int (*test)(int);
    } classes[] = {
        {"alnum", isalnum}, {"alpha", isalpha}, {"blank", isblank}, {"cntrl", iscntrl},
        {"digit", isdigit}, {"graph", isgraph}, {"lower", islower}, {"print", isprint},
        {"punct", ispunct}, {"space", isspace}, {"upper", isupper}, {"xdigit", isxdigit},
    };

    for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++) {
        if (strlen(classes[i].name) == len && memcmp(classes[i].name, name, len) == 0)
            return classes[i].test(c) != 0;
    }
    return 0;
}

/* One character of a bracket; *p moves behind it. */
static int bracket_char(const char **p, int flags)
{
    if (**p == '\\' && (*p)[1] && !(flags & FNM_NOESCAPE))
        ++*p;
    return (unsigned char)*(*p)++;
}

/*
 * p is behind '['.  Returns the end behind ']' and sets *matched; NULL when the bracket has no end
 * and so is an ordinary character.
 */
static const char *match_bracket(const char *p, int c, int flags, int *matched)
{
    int negated = *p == '!' || *p == '^';
    int hit = 0;
    int other = flags & FNM_CASEFOLD ? (islower(c) ? toupper(c) : tolower(c)) : c;

    p += negated;
    for (const char *first = p; *p != ']' || p == first;) {
        if (!*p || (*p == '/' && (flags & FNM_PATHNAME)))
            return NULL;
        const char *end = p[0] == '[' && p[1] == ':' ? strstr(p + 2, ":]") : NULL;
        if (end) {
            hit |= in_class(p + 2, end - p - 2, c) | in_class(p + 2, end - p - 2, other);
            p = end + 2;
            continue;
        }
        int low = bracket_char(&p, flags), high = low;
        if (*p == '-' && p[1] && p[1] != ']') {
            p++;
            high = bracket_char(&p, flags);
        }
        hit |= (c >= low && c <= high) | (other >= low && other <= high);
    }
    *matched = hit != negated;
    return p + 1;
}

static int same(int a, int b, int flags)
{
    return flags & FNM_CASEFOLD ? tolower(a) == tolower(b) : a == b;
}

/* Matches one pattern element other than a star with c; returns the pattern behind it, or NULL. */
static const char *match_one(const char *p, int c, int flags)
{
    int matched;

    if (*p == '?')
        return c == '/' && (flags & FNM_PATHNAME) ? NULL : p + 1;
    if (*p == '[' && !(c == '/' && (flags & FNM_PATHNAME))) {
        const char *end = match_bracket(p + 1, c, flags, &matched);
        if (end)
            return matched ? end : NULL;
    }
    if (*p == '\\' && p[1] && !(flags & FNM_NOESCAPE))
        p++;
    return same((unsigned char)*p, c, flags) ? p + 1 : NULL;
}

static int hidden(const char *s, const char *start, int flags)
{
    return (flags & FNM_PERIOD) && *s == '.' &&
           (s == start || ((flags & FNM_PATHNAME) && s[-1] == '/'));
}

int fnmatch(const char *pattern, const char *string, int flags)
{
    const char *p = pattern, *s = string;
    const char *star = NULL, *resume = NULL; /* behind the last star; where its match ends */

    for (;;) {
        if (*p == '*' && !hidden(s, string, flags)) {
            star = ++p;
            resume = s;
            continue;
        }
        if (!*p && (!*s || (*s == '/' && (flags & FNM_LEADING_DIR))))
            return 0;
        const char *next = NULL;
        if (*p && *s && !((*p == '?' || *p == '[' || *p == '*') && hidden(s, string, flags)))
            next = match_one(p, (unsigned char)*s, flags);
        if (next) {
            p = next;
            s++;
            continue;
        }
        if (!star || !*resume || (*resume == '/' && (flags & FNM_PATHNAME)))
            return FNM_NOMATCH;
        p = star;
        s = ++resume;
    }
}
