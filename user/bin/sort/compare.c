/* sort: keys, and the order of two lines. */
#include "sort.h"
#include <ctype.h>
#include <err.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct rule general;
struct key *keys;
int separator = -1, stable, unique;

/* A piece of a line. */
struct piece {
    const char *text;
    size_t len;
};

static size_t key_number(const char **p, const char *whole)
{
    char *end;
    size_t n = strtoul(*p, &end, 10);

    if (end == *p || !isdigit((unsigned char)**p))
        errx(2, "invalid number at field start: invalid count at start of '%s'", whole);
    *p = end;
    return n;
}

/* The letters behind a field. Returns whether there were any but b. */
static int key_letters(const char **p, struct rule *rule, int *blanks)
{
    int any = 0;

    for (; isalpha((unsigned char)**p); (*p)++) {
        any |= **p != 'b';
        switch (**p) {
        case 'b': *blanks = 1; break;
        case 'n': rule->order = NUMBER; break;
        case 'h': rule->order = HUMAN; break;
        case 'r': rule->reverse = 1; break;
        case 'f': rule->fold = 1; break;
        default: errx(2, "stray character in field spec: invalid field specification '%s'", *p);
        }
    }
    return any;
}

void add_key(const char *text)
{
    struct key *key = calloc(1, sizeof(*key)), **end = &keys;
    const char *p = text;

    if (!key)
        err(2, NULL);
    key->first = key_number(&p, text);
    key->first_char = 1;
    if (*p == '.') {
        p++;
        key->first_char = key_number(&p, text);
    }
    if (!key->first || !key->first_char)
        errx(2, "field number is zero: invalid field specification '%s'", text);
    int own = key_letters(&p, &key->rule, &key->rule.blanks);
    if (*p == ',') {
        p++;
        key->last = key_number(&p, text);
        if (*p == '.') {
            p++;
            key->last_char = key_number(&p, text);
        }
        own |= key_letters(&p, &key->rule, &key->skip_end);
    }
    if (*p)
        errx(2, "stray character in field spec: invalid field specification '%s'", text);
    if (!own && !key->rule.blanks && !key->skip_end)
        key->rule.order = (enum order)-1; /* takes the general options when they are known */
    while (*end)
        end = &(*end)->next;
    *end = key;
}

/* Start of field n (from 1), or the end of the line. */
static const char *field_start(const char *p, const char *end, size_t n)
{
    for (; n > 1 && p < end; n--) {
        if (separator >= 0) {
            p = memchr(p, separator, end - p);
            p = p ? p + 1 : end;
            continue;
        }
        while (p < end && isblank((unsigned char)*p))
            p++;
        while (p < end && !isblank((unsigned char)*p))
            p++;
    }
    return p;
}

static const char *field_end(const char *p, const char *end, size_t n)
{
    p = field_start(p, end, n);
    if (separator >= 0) {
        const char *hit = memchr(p, separator, end - p);
        return hit ? hit : end;
    }
    return field_start(p, end, 2);
}

static const char *skip_blanks(const char *p, const char *end)
{
    while (p < end && isblank((unsigned char)*p))
        p++;
    return p;
}

static struct piece key_piece(const struct key *key, const struct rule *rule,
                              const struct line *line)
{
    const char *end = line->text + line->len;
    const char *from = field_start(line->text, end, key->first), *to = end;

    if (rule->blanks)
        from = skip_blanks(from, end);
    from = (size_t)(end - from) < key->first_char - 1 ? end : from + key->first_char - 1;
    if (key->last && !key->last_char) {
        to = field_end(line->text, end, key->last);
    } else if (key->last) {
        to = field_start(line->text, end, key->last);
        if (key->skip_end)
            to = skip_blanks(to, end);
        to = (size_t)(end - to) < key->last_char ? end : to + key->last_char;
    }
    return (struct piece){from, to > from ? (size_t)(to - from) : 0};
}

static int compare_text(struct piece a, struct piece b, int fold)
{
    size_t len = a.len < b.len ? a.len : b.len;
    int order = 0;

    if (!fold)
        order = memcmp(a.text, b.text, len);
    for (size_t i = 0; fold && i < len && !order; i++)
        order = toupper((unsigned char)a.text[i]) - toupper((unsigned char)b.text[i]);
    return order ? order : (a.len > b.len) - (a.len < b.len);
}

/* A decimal number of any length: digits before and behind the point, without needless zeros. */
struct decimal {
    int negative;
    const char *whole, *fraction;
    size_t whole_len, fraction_len;
    int unit; /* power of 1024, with -h */
};

static struct decimal parse_decimal(struct piece p)
{
    const char *s = skip_blanks(p.text, p.text + p.len), *end = p.text + p.len;
    struct decimal d = {.negative = s < end && *s == '-'};

    s += d.negative;
    while (s < end && *s == '0')
        s++;
    d.whole = s;
    while (s < end && isdigit((unsigned char)*s))
        s++;
    d.whole_len = s - d.whole;
    if (s < end && *s == '.') {
        d.fraction = ++s;
        while (s < end && isdigit((unsigned char)*s))
            s++;
        d.fraction_len = s - d.fraction;
        while (d.fraction_len && d.fraction[d.fraction_len - 1] == '0')
            d.fraction_len--;
    }
    const char *unit = s < end && *s ? strchr("KMGTPE", *s == 'k' ? 'K' : *s) : NULL;
    d.unit = unit ? (int)(unit - "KMGTPE") + 1 : 0;
    if (!d.whole_len && !d.fraction_len)
        d.negative = d.unit = 0; /* zero has neither */
    return d;
}

static int sign(long n)
{
    return (n > 0) - (n < 0);
}

static int compare_numbers(struct piece x, struct piece y, int human)
{
    struct decimal a = parse_decimal(x), b = parse_decimal(y);
    int order = 0;

    if (a.negative != b.negative)
        return b.negative - a.negative;
    if (human)
        order = a.unit - b.unit;
    if (!order)
        order = sign((long)a.whole_len - (long)b.whole_len);
    if (!order)
        order = memcmp(a.whole, b.whole, a.whole_len);
    if (!order)
        order = compare_text((struct piece){a.fraction, a.fraction_len},
                             (struct piece){b.fraction, b.fraction_len}, 0);
    return a.negative ? -order : order;
}

static int compare_pieces(struct piece a, struct piece b, const struct rule *rule)
{
    int order = rule->order == TEXT ? compare_text(a, b, rule->fold)
                                    : compare_numbers(a, b, rule->order == HUMAN);

    return rule->reverse ? -order : order;
}

static struct piece whole_line(const struct line *line)
{
    const char *end = line->text + line->len;
    const char *from = general.blanks ? skip_blanks(line->text, end) : line->text;

    return (struct piece){from, end - from};
}

int compare_keys(const struct line *a, const struct line *b)
{
    if (!keys)
        return compare_pieces(whole_line(a), whole_line(b), &general);
    for (const struct key *key = keys; key; key = key->next) {
        const struct rule *rule = key->rule.order == (enum order)-1 ? &general : &key->rule;
        int order = compare_pieces(key_piece(key, rule, a), key_piece(key, rule, b), rule);
        if (order)
            return order;
    }
    return 0;
}

int compare_lines(const struct line *a, const struct line *b)
{
    int order = compare_keys(a, b);

    if (!order && !stable && !unique) {
        struct piece x = {a->text, a->len}, y = {b->text, b->len};
        order = compare_text(x, y, 0);
        order = general.reverse ? -order : order;
    }
    return order ? order : (a->number > b->number) - (a->number < b->number);
}
