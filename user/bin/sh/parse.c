/*
 * The grammar from complete commands down to simple commands; parse_compound.c has the rest.
 */
#include "parse.h"

#include <string.h>

#include "shell.h"

/* Deep enough for any script, shallow enough for the stack. */
#define DEPTH_MAX 500

void parse_error(struct parser *p, int line, const char *fmt, ...)
{
    if (p->failed)
        return;
    p->failed = true;
    if (p->source->interrupted)
        return;
    va_list ap;
    va_start(ap, fmt);
    shell_verror(line, fmt, ap);
    va_end(ap);
}

void parse_unexpected(struct parser *p)
{
    struct token *t = lex_token(p);
    if (t->type == TOKEN_END)
        parse_error(p, t->line, "syntax error: unexpected end of file");
    else if (t->type == TOKEN_NEWLINE)
        parse_error(p, t->line, "syntax error near the end of the line");
    else
        parse_error(p, t->line, "syntax error near '%s'", sb_str(&p->record) + p->token_start);
}

bool parse_enter(struct parser *p)
{
    if (p->depth >= DEPTH_MAX) {
        parse_error(p, p->source->line, "syntax error: nested too deeply");
        return false;
    }
    p->depth++;
    return true;
}

struct node *parse_node(struct parser *p, enum node_type type, int line)
{
    struct node *n = arena_alloc(p->arena, sizeof *n);
    n->type = type;
    n->line = line;
    return n;
}

bool parse_is_word(struct parser *p, const char *text)
{
    struct token *t = lex_token(p);
    return t->literal && strcmp(t->literal, text) == 0;
}

void parse_skip_newlines(struct parser *p)
{
    while (lex_accept(p, TOKEN_NEWLINE))
        continue;
}

/* What was typed from offset start up to the token that comes next. */
static const char *recorded(struct parser *p, size_t start)
{
    lex_token(p);
    size_t end = p->token_start;
    const char *text = sb_str(&p->record);
    while (end > start && strchr(" \t\n", text[end - 1]))
        end--;
    return start < end ? arena_strndup(p->arena, text + start, end - start) : NULL;
}

static bool token_is_redir(enum token_type type)
{
    return type == TOKEN_NUMBER || type >= TOKEN_LESS;
}

static enum redir_type redir_type(enum token_type type)
{
    switch (type) {
    case TOKEN_LESS:
        return REDIR_READ;
    case TOKEN_GREAT:
        return REDIR_WRITE;
    case TOKEN_DGREAT:
        return REDIR_APPEND;
    case TOKEN_CLOBBER:
        return REDIR_CLOBBER;
    case TOKEN_LESSGREAT:
        return REDIR_READ_WRITE;
    case TOKEN_LESSAND:
    case TOKEN_GREATAND:
        return REDIR_DUP;
    default:
        return REDIR_HERE;
    }
}

static void parse_redir(struct parser *p, struct redir *r)
{
    struct token *t = lex_token(p);
    long fd = -1;
    if (t->type == TOKEN_NUMBER) {
        fd = number_parse(t->literal);
        if (fd < 0)
            parse_error(p, t->line, "%s: bad file descriptor", t->literal);
        lex_take(p);
        t = lex_token(p);
    }
    enum token_type type = t->type;
    bool reads = type == TOKEN_LESS || type == TOKEN_LESSAND || type == TOKEN_LESSGREAT ||
                 type == TOKEN_DLESS || type == TOKEN_DLESSDASH;
    r->type = redir_type(type);
    r->fd = fd >= 0 ? fd : reads ? 0 : 1;
    lex_take(p);
    t = lex_token(p);
    if (t->type != TOKEN_WORD && t->type != TOKEN_NUMBER) {
        parse_unexpected(p);
        return;
    }
    r->target = t->word;
    if (r->type == REDIR_HERE)
        lex_add_heredoc(p, r, t, type == TOKEN_DLESSDASH);
    lex_take(p);
}

struct redir **parse_redirs(struct parser *p, struct redir **tail)
{
    while (token_is_redir(lex_token(p)->type)) {
        *tail = arena_alloc(p->arena, sizeof **tail);
        parse_redir(p, *tail);
        tail = &(*tail)->next;
    }
    return tail;
}

/* name=value as an assignment, or NULL when the word is none. */
static struct assign *word_to_assign(struct parser *p, const struct word *w)
{
    const struct part *first = w->parts;
    const char *end;
    if (!first || first->type != PART_TEXT || first->quoted || !name_prefix(first->text, &end) ||
        *end != '=')
        return NULL;
    struct assign *a = arena_alloc(p->arena, sizeof *a);
    a->name = arena_strndup(p->arena, first->text, end - first->text);
    a->value = arena_alloc(p->arena, sizeof *a->value);
    a->value->parts = first->next;
    if (end[1]) {
        struct part *rest = arena_alloc(p->arena, sizeof *rest);
        *rest = *first;
        rest->text = end + 1;
        a->value->parts = rest;
    }
    return a;
}

static struct node *parse_function(struct parser *p, const char *name, int line)
{
    struct node *n = parse_node(p, NODE_FUNCTION, line);
    n->name = name;
    lex_take(p);
    if (!lex_accept(p, TOKEN_RPAREN))
        parse_unexpected(p);
    parse_skip_newlines(p);
    n->body = parse_compound(p);
    if (!n->body)
        parse_unexpected(p);
    return n;
}

static struct node *parse_simple(struct parser *p)
{
    struct node *n = parse_node(p, NODE_SIMPLE, lex_token(p)->line);
    struct assign **assigns = &n->assigns;
    struct word **words = &n->words;
    struct redir **redirs = parse_redirs(p, &n->redirs);
    while (lex_token(p)->type == TOKEN_WORD) {
        struct token t = *lex_token(p);
        struct assign *a = n->words ? NULL : word_to_assign(p, t.word);
        lex_take(p);
        if (a) {
            *assigns = a;
            assigns = &a->next;
        } else {
            *words = t.word;
            words = &t.word->next;
        }
        if (t.word == n->words && lex_token(p)->type == TOKEN_LPAREN && t.literal &&
            name_valid(t.literal) && !n->assigns && !n->redirs)
            return parse_function(p, t.literal, n->line);
        redirs = parse_redirs(p, redirs);
    }
    return n;
}

/* Reserved words that end a list rather than start a command. */
static bool is_closing_word(struct parser *p)
{
    static const char *const words[] = {"then", "else", "elif", "fi", "do", "done", "esac", "}"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (parse_is_word(p, words[i]))
            return true;
    return false;
}

static bool starts_command(struct parser *p)
{
    enum token_type type = lex_token(p)->type;
    if (type == TOKEN_WORD)
        return !is_closing_word(p);
    return type == TOKEN_LPAREN || token_is_redir(type);
}

/* A command; an error when there is none. */
static struct node *parse_element(struct parser *p)
{
    struct node *n = NULL;
    if (!starts_command(p)) {
        parse_unexpected(p);
    } else if (parse_enter(p)) {
        n = parse_compound(p);
        if (!n)
            n = parse_simple(p);
        p->depth--;
    }
    return n;
}

static struct item **item_append(struct parser *p, struct item **tail, enum item_op op,
                                 struct node *n)
{
    struct item *item = arena_alloc(p->arena, sizeof *item);
    item->op = op;
    item->node = n;
    *tail = item;
    return &item->next;
}

static struct node *parse_pipeline(struct parser *p)
{
    struct token *t = lex_token(p);
    int line = t->line;
    bool negate = false;
    for (; parse_is_word(p, "!"); lex_take(p))
        negate = !negate;
    lex_token(p);
    size_t start = p->token_start;
    struct node *n = parse_element(p);
    if (lex_token(p)->type == TOKEN_PIPE) {
        struct node *pipeline = parse_node(p, NODE_PIPELINE, line);
        struct item **tail = item_append(p, &pipeline->items, ITEM_PIPE, n);
        while (lex_accept(p, TOKEN_PIPE)) {
            parse_skip_newlines(p);
            tail = item_append(p, tail, ITEM_PIPE, parse_element(p));
        }
        n = pipeline;
    }
    if (n && shell_option(OPT_MONITOR))
        n->source = recorded(p, start);
    if (negate) {
        struct node *not = parse_node(p, NODE_NOT, line);
        not->body = n;
        n = not;
    }
    return n;
}

static struct node *parse_and_or(struct parser *p)
{
    struct node *first = parse_pipeline(p);
    enum token_type type = lex_token(p)->type;
    if (type != TOKEN_AND_IF && type != TOKEN_OR_IF)
        return first;
    struct node *n = parse_node(p, NODE_AND_OR, lex_token(p)->line);
    struct item **tail = item_append(p, &n->items, ITEM_THEN, first);
    while (type == TOKEN_AND_IF || type == TOKEN_OR_IF) {
        lex_take(p);
        parse_skip_newlines(p);
        struct node *next = parse_pipeline(p);
        tail = item_append(p, tail, type == TOKEN_AND_IF ? ITEM_AND : ITEM_OR, next);
        type = lex_token(p)->type;
    }
    return n;
}

/* Commands separated by ; and &, and by newlines too when lines says so. */
static struct node *parse_items(struct parser *p, bool lines)
{
    struct node *list = parse_node(p, NODE_LIST, lex_token(p)->line);
    struct item **tail = &list->items;
    for (;;) {
        if (lines)
            parse_skip_newlines(p);
        if (!starts_command(p))
            break;
        size_t start = p->token_start;
        struct node *n = parse_and_or(p);
        enum token_type type = lex_token(p)->type;
        enum item_op op = type == TOKEN_AMP ? ITEM_ASYNC : ITEM_THEN;
        if (op == ITEM_ASYNC && n)
            n->source = recorded(p, start);
        tail = item_append(p, tail, op, n);
        if (type == TOKEN_AMP || type == TOKEN_SEMI)
            lex_take(p);
        else if (type != TOKEN_NEWLINE || !lines)
            break;
    }
    if (!list->items)
        return NULL;
    bool single = !list->items->next && list->items->op == ITEM_THEN;
    return single ? list->items->node : list;
}

struct node *parse_list(struct parser *p)
{
    return parse_items(p, true);
}

struct node *parse_substitution(struct parser *p)
{
    struct token outer = p->token;
    size_t outer_start = p->token_start;
    if (!parse_enter(p))
        return NULL;
    lex_take(p);
    struct node *n = parse_list(p);
    if (lex_token(p)->type != TOKEN_RPAREN)
        parse_unexpected(p);
    p->depth--;
    p->token = outer;
    p->token_start = outer_start;
    p->have_token = false;
    return n;
}

struct node *parse_text(struct parser *p, const char *text, size_t len, int line)
{
    struct source source;
    struct parser inner = {.source = &source, .arena = p->arena, .depth = p->depth};
    struct node *n = NULL;
    source_init_string(&source, text, len, line);
    if (parse_enter(&inner)) {
        n = parse_list(&inner);
        if (lex_token(&inner)->type != TOKEN_END)
            parse_unexpected(&inner);
    }
    p->failed |= inner.failed;
    sb_free(&inner.record);
    return n;
}

struct word *parse_quoted_text(struct arena *a, const char *text, size_t len, int line)
{
    struct source source;
    struct parser p = {.source = &source, .arena = a};
    source_init_string(&source, text, len, line);
    struct word *w = word_parse_quoted(&p);
    sb_free(&p.record);
    return p.failed ? NULL : w;
}

static enum parse_result parse_complete(struct parser *p, struct node **node)
{
    enum token_type type = lex_token(p)->type;
    if (type == TOKEN_END)
        return PARSE_END;
    if (type != TOKEN_NEWLINE)
        *node = parse_items(p, false);
    type = lex_token(p)->type;
    if (type != TOKEN_NEWLINE && type != TOKEN_END)
        parse_unexpected(p);
    return PARSE_COMMAND;
}

enum parse_result parse_command(struct source *source, struct arena *a, struct node **node)
{
    struct parser p = {.source = source, .arena = a};
    *node = NULL;
    source->continued = source->interrupted = false;
    enum parse_result result = parse_complete(&p, node);
    sb_free(&p.record);
    return p.failed || source->interrupted ? PARSE_ERROR : result;
}
