/*
 * tr [-cds] set1 [set2]: replaces, deletes (-d) or squeezes (-s) characters.
 *
 * A set is characters, ranges a-z, escapes \n \t \\ \012 and classes [:upper:]; -c takes all
 * others.
 */
#include <ctype.h>
#include <err.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct set {
    unsigned char list[4096];
    size_t count;
    unsigned char has[256];
};

static const struct {
    const char *name;
    int (*is)(int);
} classes[] = {
    {"alpha", isalpha}, {"digit", isdigit}, {"alnum", isalnum}, {"upper", isupper},
    {"lower", islower}, {"space", isspace}, {"blank", isblank}, {"punct", ispunct},
    {"print", isprint}, {"graph", isgraph}, {"cntrl", iscntrl}, {"xdigit", isxdigit},
};

static void add(struct set *s, int c)
{
    if (s->count == sizeof(s->list))
        errx(1, "set too long");
    s->list[s->count++] = c;
    s->has[c] = 1;
}

static int add_class(struct set *s, const char **p)
{
    const char *end = strstr(*p, ":]");

    if (strncmp(*p, "[:", 2) != 0 || !end)
        return 0;
    size_t len = end - *p - 2;
    for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++) {
        if (strlen(classes[i].name) != len || strncmp(classes[i].name, *p + 2, len) != 0)
            continue;
        for (int c = 0; c < 256; c++) {
            if (classes[i].is(c))
                add(s, c);
        }
        *p = end + 2;
        return 1;
    }
    errx(1, "invalid character class '%.*s'", (int)len, *p + 2);
}

static int one(const char **p)
{
    static const char letters[] = "abfnrtv\\", values[] = "\a\b\f\n\r\t\v\\";
    int c = (unsigned char)*(*p)++;

    if (c != '\\' || !**p)
        return c;
    if (**p >= '0' && **p <= '7') {
        c = 0;
        for (int i = 0; i < 3 && **p >= '0' && **p <= '7'; i++)
            c = c * 8 + *(*p)++ - '0';
        return c & 255;
    }
    const char *hit = strchr(letters, **p);
    c = hit ? values[hit - letters] : (unsigned char)**p;
    (*p)++;
    return c;
}

static void parse(struct set *s, const char *p)
{
    while (*p) {
        if (*p == '[' && add_class(s, &p))
            continue;
        int from = one(&p), to = from;
        if (p[0] == '-' && p[1]) {
            p++;
            to = one(&p);
            if (to < from)
                errx(1, "range-endpoints of '%c-%c' are in reverse collating sequence order", from,
                     to);
        }
        for (; from <= to; from++)
            add(s, from);
    }
}

static void complement(struct set *s)
{
    struct set others = {.count = 0};

    for (int c = 0; c < 256; c++) {
        if (!s->has[c])
            add(&others, c);
    }
    *s = others;
}

int main(int argc, char **argv)
{
    static struct set one_set, two;
    int c, inverse = 0, delete = 0, squeeze = 0, last = -1;
    unsigned char map[256];

    while ((c = getopt(argc, argv, "+cCds")) != -1) {
        switch (c) {
        case 'c': case 'C': inverse = 1; break;
        case 'd': delete = 1; break;
        case 's': squeeze = 1; break;
        default: return 1;
        }
    }
    int sets = argc - optind, replace = sets == 2 && !delete;
    if (sets < 1 || (sets == 1 && !delete && !squeeze) || (delete && squeeze && sets == 1))
        errx(1, "missing operand%s%s", sets < 1 ? "" : " after ", sets < 1 ? "" : argv[optind]);
    if (sets > 2 || (delete && !squeeze && sets > 1))
        errx(1, "extra operand '%s'", argv[optind + (delete ? 1 : 2)]);
    parse(&one_set, argv[optind]);
    if (inverse)
        complement(&one_set);
    if (sets == 2)
        parse(&two, argv[optind + 1]);
    if (replace && !two.count)
        errx(1, "when not truncating set1, string2 must be non-empty");
    for (int i = 0; i < 256; i++)
        map[i] = i;
    for (size_t i = 0; replace && i < one_set.count; i++)
        map[one_set.list[i]] = two.list[i < two.count ? i : two.count - 1];
    const struct set *squeezed = sets == 2 ? &two : &one_set;
    while ((c = getchar()) != EOF) {
        if (delete && one_set.has[c])
            continue;
        c = map[c];
        if (squeeze && c == last && squeezed->has[c])
            continue;
        putchar(c);
        last = c;
    }
    return ferror(stdin) || fflush(stdout) == EOF;
}
