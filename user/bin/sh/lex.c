/*
 * Tokens and here-documents.
 *
 * One token is looked at, at most, and it is only made when asked for: so when a here-document's
 * delimiter has been read, the newline that starts its text has not.
 */
#include <ctype.h>
#include <string.h>

#include "parse.h"
#include "shell.h"

int lex_peek(struct parser *p)
{
    struct source *s = p->source;
    for (;;) {
        int c = source_peek(s);
        if (c == 0) {
            s->pos++;
        } else if (c == '\\' && source_peek_second(s) == '\n') {
            s->pos += 2;
            s->line++;
            s->continued = true;
        } else {
            return c;
        }
    }
}

int lex_get_raw(struct parser *p)
{
    int c = source_get(p->source);
    if (c >= 0)
        sb_add(&p->record, c);
    return c;
}

int lex_get(struct parser *p)
{
    lex_peek(p);
    return lex_get_raw(p);
}

static void skip_blanks(struct parser *p)
{
    int c;
    while ((c = lex_peek(p)) == ' ' || c == '\t' || c == '\r')
        lex_get(p);
    if (c != '#')
        return;
    while ((c = source_peek(p->source)) >= 0 && c != '\n')
        lex_get_raw(p);
}

/* Takes c if it comes next. */
static bool take_char(struct parser *p, int c)
{
    if (lex_peek(p) != c)
        return false;
    lex_get(p);
    return true;
}

static enum token_type less_token(struct parser *p)
{
    if (take_char(p, '<'))
        return take_char(p, '-') ? TOKEN_DLESSDASH : TOKEN_DLESS;
    if (take_char(p, '&'))
        return TOKEN_LESSAND;
    return take_char(p, '>') ? TOKEN_LESSGREAT : TOKEN_LESS;
}

static enum token_type great_token(struct parser *p)
{
    if (take_char(p, '>'))
        return TOKEN_DGREAT;
    if (take_char(p, '&'))
        return TOKEN_GREATAND;
    return take_char(p, '|') ? TOKEN_CLOBBER : TOKEN_GREAT;
}

/* The operator that starts with c, or TOKEN_WORD when none does. */
static enum token_type operator_token(struct parser *p, int c)
{
    if (c < 0)
        return TOKEN_END;
    if (!strchr("\n;&|()<>", c))
        return TOKEN_WORD;
    lex_get(p);
    switch (c) {
    case '\n':
        return TOKEN_NEWLINE;
    case ';':
        return take_char(p, ';') ? TOKEN_DSEMI : TOKEN_SEMI;
    case '&':
        return take_char(p, '&') ? TOKEN_AND_IF : TOKEN_AMP;
    case '|':
        return take_char(p, '|') ? TOKEN_OR_IF : TOKEN_PIPE;
    case '(':
        return TOKEN_LPAREN;
    case ')':
        return TOKEN_RPAREN;
    case '<':
        return less_token(p);
    default:
        return great_token(p);
    }
}

/* Reads a line of a here-document into sb, without its newline; false at the end. */
static bool heredoc_line(struct parser *p, struct heredoc *h, struct strbuf *sb)
{
    int c;
    sb_clear(sb);
    p->source->continued = true;
    while (h->strip_tabs && source_peek(p->source) == '\t')
        lex_get_raw(p);
    while ((c = lex_get_raw(p)) >= 0 && c != '\n')
        sb_add(sb, c);
    return c >= 0 || sb->len;
}

static void heredoc_read(struct parser *p, struct heredoc *h)
{
    struct strbuf line = {0}, text = {0};
    int first = p->source->line;
    while (heredoc_line(p, h, &line) && strcmp(sb_str(&line), h->delimiter) != 0) {
        sb_add_str(&text, sb_str(&line));
        sb_add(&text, '\n');
    }
    if (h->quoted) {
        h->redir->target = word_from_text(p->arena, sb_str(&text), text.len, true);
    } else {
        h->redir->target = parse_quoted_text(p->arena, sb_str(&text), text.len, first);
        if (!h->redir->target)
            p->failed = true;
    }
    sb_free(&line);
    sb_free(&text);
}

static void heredocs_read(struct parser *p)
{
    while (p->heredocs && !p->failed) {
        struct heredoc *h = p->heredocs;
        p->heredocs = h->next;
        heredoc_read(p, h);
    }
}

void lex_add_heredoc(struct parser *p, struct redir *r, struct token *delimiter, bool strip)
{
    struct heredoc *h = arena_alloc(p->arena, sizeof *h);
    h->redir = r;
    h->strip_tabs = strip;
    h->delimiter = word_plain_text(p->arena, delimiter->word, &h->quoted);
    if (!h->delimiter) {
        parse_error(p, delimiter->line, "a here-document's delimiter cannot be an expansion");
        return;
    }
    struct heredoc **tail = &p->heredocs;
    while (*tail)
        tail = &(*tail)->next;
    *tail = h;
}

static bool all_digits(const char *s)
{
    while (isdigit((unsigned char)*s))
        s++;
    return *s == '\0';
}

static void word_token(struct parser *p, struct token *t)
{
    bool quoted = false;
    t->word = word_parse(p);
    const char *text = word_plain_text(p->arena, t->word, &quoted);
    if (!text || quoted)
        return;
    t->literal = text;
    int c = lex_peek(p);
    if ((c == '<' || c == '>') && all_digits(text))
        t->type = TOKEN_NUMBER;
}

struct token *lex_token(struct parser *p)
{
    struct token *t = &p->token;
    if (p->failed)
        *t = (struct token){.type = TOKEN_END, .line = t->line};
    if (p->have_token || p->failed)
        return t;
    skip_blanks(p);
    int c = lex_peek(p);
    p->token_start = p->record.len;
    *t = (struct token){.line = p->source->line};
    t->type = operator_token(p, c);
    if (t->type == TOKEN_WORD)
        word_token(p, t);
    if (t->type == TOKEN_NEWLINE || t->type == TOKEN_END)
        heredocs_read(p);
    p->have_token = !p->failed;
    if (p->failed)
        t->type = TOKEN_END;
    return t;
}

/* What follows is part of the same command, until a newline says otherwise. */
void lex_take(struct parser *p)
{
    p->source->continued = true;
    p->have_token = false;
}

bool lex_accept(struct parser *p, enum token_type type)
{
    if (lex_token(p)->type != type || p->failed)
        return false;
    lex_take(p);
    return true;
}
