/*
 * Regular expressions to programs: a recursive descent over tokens that emits code as it goes.
 *
 *   alternatives = branch { | branch }      branch = { piece }      piece = atom { * + ? {m,n} }
 *
 * The scanner hides the difference between basic and extended syntax.  GNU's additions are known in
 * both: \+ \? \| in basic ones, \w \W \s \S \b \B \< \>, and back references.
 */
#include "program.h"
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define MAX_INSTS  65536
#define MAX_REPEAT 255
#define MAX_DEPTH  200

enum token {
    T_END,
    T_CHAR,
    T_ANY,
    T_BRACKET,
    T_STAR,
    T_PLUS,
    T_QUEST,
    T_BRACE,
    T_OPEN,
    T_CLOSE,
    T_OR,
    T_BOL,
    T_EOL,
    T_BACKREF,
    T_CLASS, /* \w and its like */
    T_PLACE, /* \b and its like */
};

struct compiler {
    struct program *prog;
    const char *p; /* behind the current token */
    enum token token;
    unsigned char c;  /* of T_CHAR, T_BACKREF, T_CLASS, T_PLACE */
    int at_start;     /* of the pattern, a group or an alternative: * is a character, ^ an anchor */
    int error;
    int depth;
    unsigned closed;  /* groups 1..9 that are complete, as bits */
};

static void fail(struct compiler *k, int error)
{
    if (!k->error)
        k->error = error;
    k->token = T_END;
}

/* --- scanner --- */

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
        fail(k, REG_EESCAPE);
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

static enum token scan(struct compiler *k)
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

static void next(struct compiler *k, int at_start)
{
    k->at_start = at_start;
    if (!k->error)
        k->token = scan(k);
}

/* --- code --- */

static struct inst *emit(struct compiler *k, enum opcode op, int a, int b)
{
    static struct inst nowhere;
    struct program *prog = k->prog;

    if (prog->count == prog->room) {
        int room = prog->room ? prog->room * 2 : 32;
        struct inst *grown = room > MAX_INSTS ? NULL : realloc(prog->inst, room * sizeof(*grown));
        if (!grown) {
            fail(k, REG_ESPACE);
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
    emit(k, op, 0, 0);
    if (k->error)
        return;
    struct inst *in = k->prog->inst + at;
    memmove(in + 1, in, (k->prog->count - 1 - at) * sizeof(*in));
    *in = (struct inst){.op = op, .a = a, .b = b};
}

static struct charset *new_set(struct compiler *k)
{
    struct program *prog = k->prog;
    struct charset *grown = realloc(prog->set, (prog->set_count + 1) * sizeof(*grown));

    if (!grown) {
        fail(k, REG_ESPACE);
        return NULL;
    }
    prog->set = grown;
    emit(k, OP_SET, prog->set_count, 0);
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

/* --- brackets --- */

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
        fail(k, end ? REG_ECTYPE : REG_EBRACK);
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

static void parse_bracket(struct compiler *k)
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
            fail(k, REG_EBRACK);
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
            fail(k, REG_ERANGE);
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

static void parse_class(struct compiler *k)
{
    struct charset *set = new_set(k);

    if (!set)
        return;
    add_class(k, set, tolower(k->c) == 'w' ? is_word : isspace);
    if (isupper(k->c))
        negate(k, set);
}

/* --- grammar --- */

static void parse_alternatives(struct compiler *k);

static void parse_group(struct compiler *k)
{
    int group = ++k->prog->groups;

    if (++k->depth > MAX_DEPTH) {
        fail(k, REG_ESPACE);
        return;
    }
    emit(k, OP_SAVE, 2 * group, 0);
    next(k, 1);
    parse_alternatives(k);
    if (k->token != T_CLOSE)
        fail(k, REG_EPAREN);
    emit(k, OP_SAVE, 2 * group + 1, 0);
    k->depth--;
    if (group <= 9)
        k->closed |= 1U << group;
}

static void parse_backref(struct compiler *k)
{
    int group = k->c - '0';

    if (!(k->closed & (1U << group)))
        fail(k, REG_ESUBREG);
    k->prog->has_backref = 1;
    emit(k, OP_BACKREF, group, 0);
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
        emit(k, OP_CHAR, 0, 0)->c = k->prog->flags & REG_ICASE ? tolower(k->c) : k->c;
        break;
    case T_ANY:
        emit(k, OP_ANY, 0, 0);
        break;
    case T_BRACKET:
        parse_bracket(k);
        break;
    case T_CLASS:
        parse_class(k);
        break;
    case T_PLACE:
        emit(k, place_op(k->c), 0, 0);
        break;
    case T_BOL:
        emit(k, OP_BOL, 0, 0);
        break;
    case T_EOL:
        emit(k, OP_EOL, 0, 0);
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
        fail(k, REG_BADRPT);
        break;
    default:
        fail(k, REG_EPAREN); /* a closing parenthesis too many */
    }
    next(k, start_follows);
}

static void repeat_star(struct compiler *k, int start)
{
    int len = k->prog->count - start;

    insert(k, start, OP_SPLIT, 1, len + 2);
    emit(k, OP_JUMP, -(len + 1), 0);
}

static void append_copy(struct compiler *k, const struct inst *piece, int len)
{
    for (int i = 0; i < len && !k->error; i++)
        *emit(k, OP_MATCH, 0, 0) = piece[i];
}

/* The piece `min` times, then up to max - min times more; max < 0: without end. */
static void repeat_counted(struct compiler *k, int start, int min, int max)
{
    int len = k->prog->count - start;
    struct inst *piece = malloc(len * sizeof(*piece) + 1);

    if (!piece) {
        fail(k, REG_ESPACE);
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
        emit(k, OP_SPLIT, 1, (max - i) * (len + 1)); /* or leave out all that is left */
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
        fail(k, *k->p ? REG_BADBR : REG_EBRACE);
    else if (min > MAX_REPEAT || max > MAX_REPEAT || (max >= 0 && max < min))
        fail(k, REG_BADBR);
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
            emit(k, OP_SPLIT, -len, 1);
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
    emit(k, OP_JUMP, 0, 0);
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
    emit(&k, OP_SAVE, 0, 0);
    next(&k, 1);
    parse_alternatives(&k);
    if (!k.error && k.token != T_END)
        k.error = REG_EPAREN;
    emit(&k, OP_SAVE, 1, 0);
    emit(&k, OP_MATCH, 0, 0);
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
