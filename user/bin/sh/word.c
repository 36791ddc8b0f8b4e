/*
 * Words: quoting and expansions become a list of parts.
 *
 * One loop, word_scan(), reads characters until the end that its mode knows; what differs between
 * modes is where a word ends and whether quotes mean something. Text collects in a builder and
 * becomes a part whenever quoting changes or an expansion comes.
 */
#include <ctype.h>
#include <string.h>

#include "escape.h"
#include "parse.h"
#include "shell.h"

enum word_mode {
    WORD_NORMAL,       /* to a blank or an operator */
    WORD_QUOTES,       /* "..." */
    WORD_BRACE,        /* the word in ${x-word}, to the brace */
    WORD_BRACE_QUOTED, /* the same inside "..." */
    WORD_ARITH,        /* $((...)) */
    WORD_TEXT,         /* all there is: here-documents and prompts */
};

struct builder {
    struct arena *arena;
    struct part *first;
    struct part **tail;
    struct strbuf text;
    bool open;   /* text is a part in the making, even when empty */
    bool quoted;
};

static void word_scan(struct parser *p, struct builder *b, enum word_mode mode);

static struct part *builder_part(struct builder *b, enum part_type type, bool quoted)
{
    struct part *part = arena_alloc(b->arena, sizeof *part);
    part->type = type;
    part->quoted = quoted;
    *b->tail = part;
    b->tail = &part->next;
    return part;
}

static void builder_flush(struct builder *b)
{
    if (!b->open)
        return;
    struct part *part = builder_part(b, PART_TEXT, b->quoted);
    part->text = arena_strndup(b->arena, sb_str(&b->text), b->text.len);
    sb_clear(&b->text);
    b->open = false;
}

/* Text of this kind comes next; by itself it makes "" a word. */
static void builder_open(struct builder *b, bool quoted)
{
    if (b->open && b->quoted != quoted)
        builder_flush(b);
    b->open = true;
    b->quoted = quoted;
}

static void builder_add(struct builder *b, int c, bool quoted)
{
    builder_open(b, quoted);
    sb_add(&b->text, c);
}

static struct word *word_parse_mode(struct parser *p, enum word_mode mode)
{
    struct word *w = arena_alloc(p->arena, sizeof *w);
    struct builder b = {.arena = p->arena};
    b.tail = &b.first;
    if (parse_enter(p)) {
        word_scan(p, &b, mode);
        p->depth--;
    }
    builder_flush(&b);
    sb_free(&b.text);
    w->parts = b.first;
    return w;
}

static bool mode_quoted(enum word_mode mode)
{
    return mode != WORD_NORMAL && mode != WORD_BRACE;
}

static void scan_single_quotes(struct parser *p, struct builder *b)
{
    int line = p->source->line;
    int c;
    builder_open(b, true);
    p->source->continued = true;
    while ((c = lex_get_raw(p)) != '\'') {
        if (c < 0) {
            parse_error(p, line, "syntax error: unterminated '");
            return;
        }
        builder_add(b, c, true);
    }
}

/* $'...': the inside is taken as it is, then its C escapes are resolved. */
static void scan_c_quotes(struct parser *p, struct builder *b)
{
    int line = p->source->line;
    struct strbuf raw = {0};
    int c;
    builder_open(b, true);
    p->source->continued = true;
    while ((c = lex_get_raw(p)) != '\'' && c >= 0) {
        sb_add(&raw, c);
        if (c == '\\' && (c = lex_get_raw(p)) >= 0)
            sb_add(&raw, c);
    }
    if (c < 0)
        parse_error(p, line, "syntax error: unterminated $'");
    for (const char *s = sb_str(&raw); *s;) {
        char out[ESCAPE_MAX];
        int len = escape_next(&s, ESCAPE_C, out);
        for (int i = 0; i < len && out[i]; i++)
            builder_add(b, out[i], true);
    }
    sb_free(&raw);
}

static void scan_double_quotes(struct parser *p, struct builder *b)
{
    int line = p->source->line;
    struct part **before = b->tail;
    p->source->continued = true;
    word_scan(p, b, WORD_QUOTES);
    /* "" is an empty word, but "$@" must be able to be none at all. */
    if (b->tail == before)
        builder_open(b, true);
    if (lex_get(p) < 0)
        parse_error(p, line, "syntax error: unterminated \"");
}

/* Which characters a backslash takes their meaning from. */
static const char *escapable(enum word_mode mode)
{
    switch (mode) {
    case WORD_QUOTES:
        return "$`\"\\";
    case WORD_BRACE_QUOTED:
        return "$`\"\\}";
    default:
        return "$`\\";
    }
}

static void scan_backslash(struct parser *p, struct builder *b, enum word_mode mode)
{
    lex_get_raw(p);
    int c = source_peek(p->source);
    if (mode_quoted(mode) && (c <= 0 || !strchr(escapable(mode), c))) {
        builder_add(b, '\\', true);
        return;
    }
    c = lex_get_raw(p);
    builder_add(b, c < 0 ? '\\' : c, true);
}

/* Collects up to the closing backquote, then parses what was inside. */
static void scan_backquote(struct parser *p, struct builder *b, bool quoted)
{
    int line = p->source->line;
    struct strbuf text = {0};
    int c;
    p->source->continued = true;
    while ((c = lex_get_raw(p)) != '`' && c >= 0) {
        int next = source_peek(p->source);
        if (c == '\\' && next > 0 && strchr(quoted ? "$`\\\"" : "$`\\", next))
            c = lex_get_raw(p);
        sb_add(&text, c);
    }
    if (c < 0)
        parse_error(p, line, "syntax error: unterminated `");
    builder_flush(b);
    struct part *part = builder_part(b, PART_COMMAND, quoted);
    if (!p->failed)
        part->body = parse_text(p, sb_str(&text), text.len, line);
    sb_free(&text);
}

static void scan_arith(struct parser *p, struct builder *b, bool quoted)
{
    int line = p->source->line;
    builder_flush(b);
    struct part *part = builder_part(b, PART_ARITH, quoted);
    p->source->continued = true;
    part->arg = word_parse_mode(p, WORD_ARITH);
    if (lex_get(p) != ')' || lex_get(p) != ')')
        parse_error(p, line, "syntax error: missing '))'");
}

static void scan_parenthesis(struct parser *p, struct builder *b, bool quoted)
{
    lex_get(p);
    if (lex_peek(p) == '(') {
        lex_get(p);
        scan_arith(p, b, quoted);
        return;
    }
    builder_flush(b);
    struct part *part = builder_part(b, PART_COMMAND, quoted);
    part->body = parse_substitution(p);
}

/* The name of a parameter into sb; in braces, numbers may have several digits. */
static void scan_name(struct parser *p, struct strbuf *sb, bool braces)
{
    int c = lex_peek(p);
    if (c == '_' || isalpha(c)) {
        for (; c == '_' || (c >= 0 && isalnum(c)); c = lex_peek(p))
            sb_add(sb, lex_get(p));
    } else if (c >= 0 && isdigit(c)) {
        do {
            sb_add(sb, lex_get(p));
            c = lex_peek(p);
        } while (braces && c >= 0 && isdigit(c));
    } else if (c > 0 && strchr("@*#?-$!", c)) {
        sb_add(sb, lex_get(p));
    }
}

/* The operator in ${x op word}; PARAM_PLAIN when the brace comes at once. */
static bool scan_operator(struct parser *p, struct part *part)
{
    static const char letters[] = "-=+?";
    static const enum param_op ops[] = {PARAM_DEFAULT, PARAM_ASSIGN, PARAM_ALTERNATE, PARAM_ERROR};
    int c = lex_peek(p);
    if (c == '}')
        return true;
    lex_get(p);
    if (c == '#' || c == '%') {
        bool twice = lex_peek(p) == c;
        if (twice)
            lex_get(p);
        part->op = c == '#' ? PARAM_PREFIX + twice : PARAM_SUFFIX + twice;
        return true;
    }
    if (c == ':') {
        part->colon = true;
        c = lex_get(p);
    }
    const char *found = c > 0 ? strchr(letters, c) : NULL;
    if (found)
        part->op = ops[found - letters];
    return found;
}

/* After ${# : the length of a parameter, or the parameter # itself. */
static void scan_length(struct parser *p, struct part *part, struct strbuf *name)
{
    int c = lex_peek(p);
    if (c == '}' || c == ':' || c == '%' || c == '=' || c == '+')
        return;
    sb_clear(name);
    scan_name(p, name, true);
    part->op = PARAM_LENGTH;
    if (lex_peek(p) != '}' && name->len == 1 && strchr("#-?", name->data[0])) {
        parse_error(p, p->source->line, "syntax error: bad substitution");
    }
}

static void scan_brace(struct parser *p, struct builder *b, bool quoted)
{
    int line = p->source->line;
    struct strbuf name = {0};
    builder_flush(b);
    struct part *part = builder_part(b, PART_PARAM, quoted);
    lex_get(p);
    p->source->continued = true;
    scan_name(p, &name, true);
    if (strcmp(sb_str(&name), "#") == 0)
        scan_length(p, part, &name);
    part->text = arena_strndup(p->arena, sb_str(&name), name.len);
    if (name.len == 0 || (part->op == PARAM_PLAIN && !scan_operator(p, part)))
        parse_error(p, line, "syntax error: bad substitution");
    sb_free(&name);
    if (part->op > PARAM_LENGTH && !p->failed) {
        bool is_pattern = part->op >= PARAM_PREFIX;
        part->arg = word_parse_mode(p, quoted && !is_pattern ? WORD_BRACE_QUOTED : WORD_BRACE);
    }
    if (lex_get(p) != '}')
        parse_error(p, line, "syntax error: missing '}'");
}

static void scan_dollar(struct parser *p, struct builder *b, bool quoted)
{
    lex_get(p);
    int c = lex_peek(p);
    if (c == '(') {
        scan_parenthesis(p, b, quoted);
    } else if (c == '{') {
        scan_brace(p, b, quoted);
    } else if (c == '\'' && !quoted) {
        lex_get(p);
        scan_c_quotes(p, b);
    } else {
        struct strbuf name = {0};
        scan_name(p, &name, false);
        if (name.len) {
            builder_flush(b);
            struct part *part = builder_part(b, PART_PARAM, quoted);
            part->text = arena_strndup(p->arena, name.data, name.len);
        } else {
            builder_add(b, '$', quoted);
        }
        sb_free(&name);
    }
}

/* Whether c ends a word of this mode. parens counts what is open inside $(( )). */
static bool word_ends(enum word_mode mode, int c, int *parens)
{
    if (c < 0)
        return true;
    switch (mode) {
    case WORD_NORMAL:
        return strchr(" \t\r\n;&|()<>", c);
    case WORD_QUOTES:
        return c == '"';
    case WORD_BRACE:
    case WORD_BRACE_QUOTED:
        return c == '}';
    case WORD_ARITH:
        *parens += (c == '(') - (c == ')');
        return *parens < 0;
    default:
        return false;
    }
}

static void word_scan(struct parser *p, struct builder *b, enum word_mode mode)
{
    bool quoted = mode_quoted(mode);
    int parens = 0;
    int c;
    while (!p->failed && !word_ends(mode, c = lex_peek(p), &parens)) {
        if (c == '\\') {
            scan_backslash(p, b, mode);
        } else if (c == '\'' && !quoted) {
            lex_get(p);
            scan_single_quotes(p, b);
        } else if (c == '"' && mode != WORD_TEXT && mode != WORD_ARITH) {
            lex_get(p);
            scan_double_quotes(p, b);
        } else if (c == '$') {
            scan_dollar(p, b, quoted);
        } else if (c == '`') {
            lex_get(p);
            scan_backquote(p, b, quoted);
        } else {
            builder_add(b, lex_get(p), quoted);
        }
    }
}

struct word *word_parse(struct parser *p)
{
    return word_parse_mode(p, WORD_NORMAL);
}

struct word *word_parse_quoted(struct parser *p)
{
    return word_parse_mode(p, WORD_TEXT);
}

struct word *word_from_text(struct arena *a, const char *text, size_t len, bool quoted)
{
    struct word *w = arena_alloc(a, sizeof *w);
    w->parts = arena_alloc(a, sizeof *w->parts);
    w->parts->quoted = quoted;
    w->parts->text = arena_strndup(a, text, len);
    return w;
}

const char *word_plain_text(struct arena *a, const struct word *w, bool *quoted)
{
    if (w->parts && !w->parts->next && w->parts->type == PART_TEXT) {
        *quoted = w->parts->quoted;
        return w->parts->text;
    }
    struct strbuf sb = {0};
    for (const struct part *part = w->parts; part; part = part->next) {
        if (part->type != PART_TEXT) {
            sb_free(&sb);
            return NULL;
        }
        *quoted |= part->quoted;
        sb_add_str(&sb, part->text);
    }
    const char *text = arena_strndup(a, sb_str(&sb), sb.len);
    sb_free(&sb);
    return text;
}
