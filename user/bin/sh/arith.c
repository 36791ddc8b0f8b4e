/*
 * $(( )): precedence climbing over the text, no tree.
 *
 * What && || and ?: skip is still parsed, with skip above 0: then variables are not assigned and
 * a division by zero is no error. The value of a variable is itself an expression, as in other
 * shells; depth ends a variable that refers to itself.
 */
#include "arith.h"

#include <ctype.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "shell.h"
#include "var.h"

struct arith {
    const char *text; /* whole, for messages */
    const char *at;
    int skip;
    int depth;
    bool failed;
};

#define DEPTH_MAX 200

struct operator {
    const char *text;
    int level; /* higher binds tighter */
};

/* A longer operator stands before its own beginning. */
static const struct operator operators[] = {
    {"||", 1}, {"&&", 2}, {"|", 3},  {"^", 4},  {"&", 5},  {"==", 6}, {"!=", 6}, {"<<", 8},
    {">>", 8}, {"<=", 7}, {">=", 7}, {"<", 7},  {">", 7},  {"+", 9},  {"-", 9},  {"*", 10},
    {"/", 10}, {"%", 10},
};

static long long parse_assignment(struct arith *a);
static long long parse_unary(struct arith *a);

static void fail(struct arith *a, const char *why)
{
    if (!a->failed)
        shell_fail(STATUS_MISUSE, "arithmetic: %s in '%s'", why, a->text);
    a->failed = true;
    a->at += strlen(a->at);
}

static void skip_space(struct arith *a)
{
    while (isspace((unsigned char)*a->at))
        a->at++;
}

static bool accept(struct arith *a, const char *text)
{
    skip_space(a);
    size_t len = strlen(text);
    if (strncmp(a->at, text, len) != 0)
        return false;
    a->at += len;
    return true;
}

static long long parse_number(struct arith *a)
{
    char *end;
    unsigned long long value = strtoull(a->at, &end, 0);
    if (end == a->at || isalnum((unsigned char)*end) || *end == '_') {
        fail(a, "bad number");
        return 0;
    }
    a->at = end;
    return value;
}

static long long divide(struct arith *a, long long x, long long y, bool remainder)
{
    if (y == 0) {
        if (!a->skip)
            fail(a, "division by zero");
        return 0;
    }
    if (y == -1)
        return remainder ? 0 : (long long)(0 - (unsigned long long)x);
    return remainder ? x % y : x / y;
}

/* One binary operation; two-character operators are told apart by their second character. */
static long long apply(struct arith *a, const char *op, long long x, long long y)
{
    unsigned long long ux = x, uy = y;
    switch (op[0]) {
    case '|':
        return op[1] == '|' ? x || y : x | y;
    case '^':
        return x ^ y;
    case '&':
        return op[1] == '&' ? x && y : x & y;
    case '=':
        return x == y;
    case '!':
        return x != y;
    case '<':
        return op[1] == '<' ? (long long)(ux << (y & 63)) : op[1] == '=' ? x <= y : x < y;
    case '>':
        return op[1] == '>' ? x >> (y & 63) : op[1] == '=' ? x >= y : x > y;
    case '+':
        return ux + uy;
    case '-':
        return ux - uy;
    case '*':
        return ux * uy;
    default:
        return divide(a, x, y, op[0] == '%');
    }
}

static long long variable_value(struct arith *a, const char *name)
{
    const char *text = var_get(name);
    if (!text && shell_option(OPT_NOUNSET) && !a->skip) {
        shell_fail(STATUS_MISUSE, "%s: parameter not set", name);
        a->failed = true;
    }
    if (!text || a->skip || a->failed)
        return 0;
    if (a->depth >= DEPTH_MAX) {
        fail(a, "variable that refers to itself");
        return 0;
    }
    char *copy = mem_strdup(text);
    struct arith inner = {.text = copy, .at = copy, .depth = a->depth + 1};
    long long value = 0;
    skip_space(&inner);
    if (*inner.at)
        value = parse_assignment(&inner);
    skip_space(&inner);
    if (*inner.at)
        fail(&inner, "syntax error");
    a->failed |= inner.failed;
    free(copy);
    return value;
}

static long long assign(struct arith *a, const char *name, long long value)
{
    if (!a->skip && !a->failed && var_set_number(name, value) < 0) {
        a->failed = true;
        sh.status = STATUS_MISUSE;
        sh.flow = FLOW_ABORT;
    }
    return value;
}

/* The operator of "op=" into op; false when the text does not go on with an assignment. */
static bool accept_assignment(struct arith *a, char op[3])
{
    skip_space(a);
    const char *s = a->at;
    size_t len = (s[0] == '<' || s[0] == '>') && s[1] == s[0] ? 2 : 1;
    if (s[0] == '=' && s[1] != '=') {
        op[0] = '\0';
        a->at++;
        return true;
    }
    if (!s[0] || !strchr("+-*/%&|^<>", s[0]) || s[len] != '=' || (len == 1 && strchr("<>", s[0])))
        return false;
    memcpy(op, s, len);
    op[len] = '\0';
    a->at += len + 1;
    return true;
}

static long long parse_variable(struct arith *a)
{
    const char *end = a->at;
    char op[3];
    name_prefix(a->at, &end);
    char *name = mem_strndup(a->at, end - a->at);
    long long value;
    a->at = end;
    if (accept_assignment(a, op)) {
        long long old = *op ? variable_value(a, name) : 0;
        value = parse_assignment(a);
        value = assign(a, name, *op ? apply(a, op, old, value) : value);
    } else {
        value = variable_value(a, name);
        if (accept(a, "++"))
            assign(a, name, (unsigned long long)value + 1);
        else if (accept(a, "--"))
            assign(a, name, (unsigned long long)value - 1);
    }
    free(name);
    return value;
}

/* ++x or --x, once the sign is taken; without a variable it is two signs, which do nothing. */
static long long parse_step(struct arith *a, int step)
{
    const char *end;
    skip_space(a);
    if (!name_prefix(a->at, &end))
        return parse_unary(a);
    char *name = mem_strndup(a->at, end - a->at);
    a->at = end;
    unsigned long long value = variable_value(a, name);
    assign(a, name, value + step);
    free(name);
    return value + step;
}

static long long parse_primary(struct arith *a)
{
    const char *end;
    skip_space(a);
    if (name_prefix(a->at, &end))
        return parse_variable(a);
    if (isdigit((unsigned char)*a->at))
        return parse_number(a);
    if (!accept(a, "(")) {
        fail(a, "syntax error");
        return 0;
    }
    long long value = parse_assignment(a);
    while (accept(a, ","))
        value = parse_assignment(a);
    if (!accept(a, ")"))
        fail(a, "missing ')'");
    return value;
}

static long long parse_unary(struct arith *a)
{
    long long value;
    if (a->depth >= DEPTH_MAX) {
        fail(a, "nesting too deep");
        return 0;
    }
    a->depth++;
    if (accept(a, "++"))
        value = parse_step(a, 1);
    else if (accept(a, "--"))
        value = parse_step(a, -1);
    else if (accept(a, "+"))
        value = parse_unary(a);
    else if (accept(a, "-"))
        value = 0 - (unsigned long long)parse_unary(a);
    else if (accept(a, "!"))
        value = !parse_unary(a);
    else if (accept(a, "~"))
        value = ~parse_unary(a);
    else
        value = parse_primary(a);
    a->depth--;
    return value;
}

static const struct operator *peek_operator(struct arith *a)
{
    skip_space(a);
    for (size_t i = 0; i < sizeof operators / sizeof *operators; i++)
        if (strncmp(a->at, operators[i].text, strlen(operators[i].text)) == 0)
            return &operators[i];
    return NULL;
}

/* Operands joined by operators of at least this level. */
static long long parse_binary(struct arith *a, int level)
{
    long long left = parse_unary(a);
    const struct operator *op;
    while ((op = peek_operator(a)) && op->level >= level) {
        bool skips = (op->level == 1 && left) || (op->level == 2 && !left);
        a->at += strlen(op->text);
        a->skip += skips;
        long long right = parse_binary(a, op->level + 1);
        a->skip -= skips;
        left = apply(a, op->text, left, right);
    }
    return left;
}

/* Assignments are seen at their variable, so this is the conditional expression. */
static long long parse_assignment(struct arith *a)
{
    long long test = parse_binary(a, 1);
    if (!accept(a, "?"))
        return test;
    a->skip += !test;
    long long yes = parse_assignment(a);
    a->skip -= !test;
    if (!accept(a, ":"))
        fail(a, "missing ':'");
    a->skip += test != 0;
    long long no = parse_assignment(a);
    a->skip -= test != 0;
    return test ? yes : no;
}

bool arith_eval(const char *text, long long *value)
{
    struct arith a = {.text = text, .at = text};
    *value = 0;
    skip_space(&a);
    if (*a.at == '\0')
        return true;
    do {
        *value = parse_assignment(&a);
    } while (accept(&a, ","));
    skip_space(&a);
    if (*a.at)
        fail(&a, "syntax error");
    return !a.failed;
}
