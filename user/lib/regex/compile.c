/*
 * Regular expressions to programs: a recursive descent over tokens that emits code as it goes.
 *
 *   alternatives = branch { | branch }      branch = { piece }      piece = atom { * + ? {m,n} }
 *
 * The scanner hides the difference between basic and extended syntax.  GNU's additions are known in
 * both: \+ \? \| in basic ones, \w \W \s \S \b \B \< \>, and back references.
 */
#include "compiler.h"
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define MAX_INSTS  65536
#define MAX_REPEAT 255
#define MAX_DEPTH  200

void __regex_fail(struct compiler *k, int error)
{
    if (!k->error)
        k->error = error;
    k->token = T_END;
}

static int is_extended(const struct compiler *k)
{
    return k->prog->flags & REG_EXTENDED;
}

static void next(struct compiler *k, int at_start)
{
    k->at_start = at_start;
    if (!k->error)
        k->token = __regex_scan(k);
}

struct inst *__regex_emit(struct compiler *k, enum opcode op, int a, int b)
{
    static struct inst nowhere;
    struct program *prog = k->prog;

    if (prog->count == prog->room) {
        int room = prog->room ? prog->room * 2 : 32;
        struct inst *grown = room > MAX_INSTS ? NULL : realloc(prog->inst, room * sizeof(*grown));
        if (!grown) {
            __regex_fail(k, REG_ESPACE);
            return &nowhere;
        }
        prog->inst = grown;
        prog->room = room;
    }
    struct inst *in = &prog->inst[prog->count++];
    *in = (struct inst){.op = op, .a = a, .b = b};
    return in;
}

/* An instruction in front of the piece that begins at `at`. */
static void insert(struct compiler *k, int at, enum opcode op, int a, int b)
{
    __regex_emit(k, op, 0, 0);
    if (k->error)
        return;
    struct inst *in = k->prog->inst + at;
    memmove(in + 1, in, (k->prog->count - 1 - at) * sizeof(*in));
    *in = (struct inst){.op = op, .a = a, .b = b};
}

static void parse_alternatives(struct compiler *k);

static void parse_group(struct compiler *k)
{
    int group = ++k->prog->groups;

    if (++k->depth > MAX_DEPTH) {
        __regex_fail(k, REG_ESPACE);
        return;
    }
    __regex_emit(k, OP_SAVE, 2 * group, 0);
    next(k, 1);
    parse_alternatives(k);
    if (k->token != T_CLOSE)
        __regex_fail(k, REG_EPAREN);
    __regex_emit(k, OP_SAVE, 2 * group + 1, 0);
    k->depth--;
    if (group <= 9)
        k->closed |= 1U << group;
}

static void parse_backref(struct compiler *k)
{
    int group = k->c - '0';

    if (!(k->closed & (1U << group)))
        __regex_fail(k, REG_ESUBREG);
    k->prog->has_backref = 1;
    __regex_emit(k, OP_BACKREF, group, 0);
}

static enum opcode place_op(char c)
{
    return c == '<' ? OP_WORD_START : c == '>' ? OP_WORD_END : c == 'b' ? OP_WORD_EDGE
                                                                        : OP_NOT_WORD_EDGE;
}

/* Emits the current token's code and moves on. */
static void parse_atom(struct compiler *k)
{
    int start_follows = k->token == T_BOL;

    switch (k->token) {
    case T_CHAR:
        __regex_emit(k, OP_CHAR, 0, 0)->c = k->prog->flags & REG_ICASE ? tolower(k->c) : k->c;
        break;
    case T_ANY:
        __regex_emit(k, OP_ANY, 0, 0);
        break;
    case T_BRACKET:
        __regex_bracket(k);
        break;
    case T_CLASS:
        __regex_class(k);
        break;
    case T_PLACE:
        __regex_emit(k, place_op(k->c), 0, 0);
        break;
    case T_BOL:
        __regex_emit(k, OP_BOL, 0, 0);
        break;
    case T_EOL:
        __regex_emit(k, OP_EOL, 0, 0);
        break;
    case T_BACKREF:
        parse_backref(k);
        break;
    case T_OPEN:
        parse_group(k);
        break;
    case T_BRACE:
    case T_STAR:
    case T_PLUS:
    case T_QUEST:
        __regex_fail(k, REG_BADRPT);
        break;
    default:
        __regex_fail(k, REG_EPAREN); /* a closing parenthesis too many */
    }
    next(k, start_follows);
}

static void repeat_star(struct compiler *k, int start)
{
    int len = k->prog->count - start;

    insert(k, start, OP_SPLIT, 1, len + 2);
    __regex_emit(k, OP_JUMP, -(len + 1), 0);
}

static void append_copy(struct compiler *k, const struct inst *piece, int len)
{
    for (int i = 0; i < len && !k->error; i++)
        *__regex_emit(k, OP_MATCH, 0, 0) = piece[i];
}

/* The piece `min` times, then up to max - min times more; max < 0: without end. */
static void repeat_counted(struct compiler *k, int start, int min, int max)
{
    int len = k->prog->count - start;
    struct inst *piece = malloc(len * sizeof(*piece) + 1);

    if (!piece) {
        __regex_fail(k, REG_ESPACE);
        return;
    }
    memcpy(piece, k->prog->inst + start, len * sizeof(*piece));
    k->prog->count = start;
    for (int i = 0; i < min; i++)
        append_copy(k, piece, len);
    if (max < 0) {
        int last = k->prog->count;
        append_copy(k, piece, len);
        repeat_star(k, last);
    }
    for (int i = min; i < max; i++) {
        __regex_emit(k, OP_SPLIT, 1, (max - i) * (len + 1)); /* or leave out all that is left */
        append_copy(k, piece, len);
    }
    free(piece);
}

static int parse_count(struct compiler *k, int missing)
{
    int n = 0;

    if (!isdigit((unsigned char)*k->p))
        return missing;
    for (; isdigit((unsigned char)*k->p); k->p++) {
        if (n <= MAX_REPEAT)
            n = n * 10 + *k->p - '0';
    }
    return n;
}

static void parse_braces(struct compiler *k, int start)
{
    int min = parse_count(k, 0);
    int max = min;

    if (*k->p == ',') {
        k->p++;
        max = parse_count(k, -1);
    }
    if (!is_extended(k) && *k->p == '\\')
        k->p++;
    if (*k->p != '}')
        __regex_fail(k, *k->p ? REG_BADBR : REG_EBRACE);
    else if (min > MAX_REPEAT || max > MAX_REPEAT || (max >= 0 && max < min))
        __regex_fail(k, REG_BADBR);
    else
        k->p++;
    if (!k->error)
        repeat_counted(k, start, min, max);
}

static void parse_piece(struct compiler *k)
{
    int start = k->prog->count;

    parse_atom(k);
    for (; !k->error; next(k, 0)) {
        int len = k->prog->count - start;
        if (k->token == T_STAR)
            repeat_star(k, start);
        else if (k->token == T_PLUS)
            __regex_emit(k, OP_SPLIT, -len, 1);
        else if (k->token == T_QUEST)
            insert(k, start, OP_SPLIT, 1, len + 1);
        else if (k->token == T_BRACE)
            parse_braces(k, start);
        else
            break;
    }
}

static void parse_alternatives(struct compiler *k)
{
    int start = k->prog->count;

    while (!k->error && k->token != T_END && k->token != T_OR && k->token != T_CLOSE)
        parse_piece(k);
    if (k->token != T_OR)
        return;
    insert(k, start, OP_SPLIT, 1, k->prog->count - start + 2);
    int jump = k->prog->count;
    __regex_emit(k, OP_JUMP, 0, 0);
    next(k, 1);
    parse_alternatives(k);
    if (!k->error)
        k->prog->inst[jump].a = k->prog->count - jump;
}

/* The byte that every match starts with, when the program begins with one. */
static int first_byte(const struct program *prog)
{
    const struct inst *in = prog->inst;

    while (in->op == OP_SAVE)
        in++;
    return in->op == OP_CHAR && !(prog->flags & REG_ICASE) ? in->c : -1;
}

int regcomp(regex_t *re, const char *pattern, int flags)
{
    struct program *prog = calloc(1, sizeof(*prog));
    struct compiler k = {.prog = prog, .p = pattern};

    re->re_program = prog;
    if (!prog)
        return REG_ESPACE;
    prog->flags = flags;
    __regex_emit(&k, OP_SAVE, 0, 0);
    next(&k, 1);
    parse_alternatives(&k);
    if (!k.error && k.token != T_END)
        k.error = REG_EPAREN;
    __regex_emit(&k, OP_SAVE, 1, 0);
    __regex_emit(&k, OP_MATCH, 0, 0);
    if (k.error) {
        regfree(re);
        return k.error;
    }
    prog->first = first_byte(prog);
    re->re_nsub = prog->groups;
    return 0;
}

void regfree(regex_t *re)
{
    struct program *prog = re->re_program;

    if (prog) {
        free(prog->inst);
        free(prog->set);
        free(prog);
    }
    re->re_program = NULL;
}
