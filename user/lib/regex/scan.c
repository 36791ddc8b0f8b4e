/*
 * Tokens of regular expressions.  The difference between basic and extended syntax ends here: which
 * of them need a backslash, and where ^ * $ are ordinary characters.
 */
#include "compiler.h"
#include <ctype.h>
#include <string.h>

static int is_extended(const struct compiler *k)
{
    return k->prog->flags & REG_EXTENDED;
}

/* In basic syntax $ is an anchor only where an alternative can end. */
static int basic_end_follows(const char *p)
{
    return !*p || (p[0] == '\\' && (p[1] == ')' || p[1] == '|'));
}

static enum token scan_escape(struct compiler *k)
{
    char c = *k->p;

    if (!c) {
        __regex_fail(k, REG_EESCAPE);
        return T_END;
    }
    k->p++;
    k->c = c;
    if (c >= '1' && c <= '9')
        return T_BACKREF;
    if (strchr("wWsS", c))
        return T_CLASS;
    if (strchr("bB<>", c))
        return T_PLACE;
    if (is_extended(k))
        return T_CHAR;
    switch (c) {
    case '(':
        return T_OPEN;
    case ')':
        return T_CLOSE;
    case '{':
        return T_BRACE;
    case '|':
        return T_OR;
    case '+':
        return k->at_start ? T_CHAR : T_PLUS;
    case '?':
        return k->at_start ? T_CHAR : T_QUEST;
    default:
        return T_CHAR;
    }
}

static enum token scan_extended(const struct compiler *k, char c)
{
    switch (c) {
    case '(':
        return T_OPEN;
    case ')':
        return k->depth ? T_CLOSE : T_CHAR;
    case '{':
        return isdigit((unsigned char)*k->p) || *k->p == ',' ? T_BRACE : T_CHAR;
    case '|':
        return T_OR;
    case '+':
        return T_PLUS;
    case '?':
        return T_QUEST;
    case '^':
        return T_BOL;
    case '$':
        return T_EOL;
    default:
        return T_CHAR;
    }
}

enum token __regex_scan(struct compiler *k)
{
    char c = *k->p;

    k->c = c;
    if (!c)
        return T_END;
    k->p++;
    if (c == '\\')
        return scan_escape(k);
    if (c == '[')
        return T_BRACKET;
    if (c == '.')
        return T_ANY;
    if (c == '*')
        return k->at_start && !is_extended(k) ? T_CHAR : T_STAR;
    if (is_extended(k))
        return scan_extended(k, c);
    if (c == '^' && k->at_start)
        return T_BOL;
    if (c == '$' && basic_end_follows(k->p))
        return T_EOL;
    return T_CHAR;
}
