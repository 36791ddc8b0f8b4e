/*
 * The grammar of compound commands: groups, if, loops, case.
 */
#include <string.h>

#include "parse.h"
#include "shell.h"

static void expect_word(struct parser *p, const char *text)
{
    if (parse_is_word(p, text))
        lex_take(p);
    else
        parse_unexpected(p);
}

/* A list that must not be empty. */
static struct node *parse_body(struct parser *p)
{
    struct node *n = parse_list(p);
    if (!n)
        parse_unexpected(p);
    return n;
}

static struct node *parse_subshell(struct parser *p, int line)
{
    struct node *n = parse_node(p, NODE_SUBSHELL, line);
    n->body = parse_body(p);
    if (!lex_accept(p, TOKEN_RPAREN))
        parse_unexpected(p);
    return n;
}

static struct node *parse_group(struct parser *p, int line)
{
    struct node *n = parse_node(p, NODE_GROUP, line);
    n->body = parse_body(p);
    expect_word(p, "}");
    return n;
}

/* After if or elif; an elif is an if of its own in the else branch, and the fi is theirs both. */
static struct node *parse_if(struct parser *p, int line)
{
    struct node *first = parse_node(p, NODE_IF, line);
    struct node *n = first;
    for (;;) {
        n->test = parse_body(p);
        expect_word(p, "then");
        n->body = parse_body(p);
        if (!parse_is_word(p, "elif"))
            break;
        n->otherwise = parse_node(p, NODE_IF, lex_token(p)->line);
        n = n->otherwise;
        lex_take(p);
    }
    if (parse_is_word(p, "else")) {
        lex_take(p);
        n->otherwise = parse_body(p);
    }
    expect_word(p, "fi");
    return first;
}

static struct node *parse_do(struct parser *p)
{
    expect_word(p, "do");
    struct node *body = parse_body(p);
    expect_word(p, "done");
    return body;
}

static struct node *parse_while(struct parser *p, int line)
{
    struct node *n = parse_node(p, NODE_WHILE, line);
    n->test = parse_body(p);
    n->body = parse_do(p);
    return n;
}

static struct node *parse_until(struct parser *p, int line)
{
    struct node *n = parse_while(p, line);
    n->type = NODE_UNTIL;
    return n;
}

static struct node *parse_for(struct parser *p, int line)
{
    struct node *n = parse_node(p, NODE_FOR, line);
    struct token *t = lex_token(p);
    if (t->type != TOKEN_WORD || !t->literal || !name_valid(t->literal)) {
        parse_unexpected(p);
        return n;
    }
    n->name = t->literal;
    lex_take(p);
    bool separated = lex_accept(p, TOKEN_SEMI);
    parse_skip_newlines(p);
    n->all_params = separated || !parse_is_word(p, "in");
    if (!n->all_params) {
        lex_take(p);
        struct word **tail = &n->subject;
        while (lex_token(p)->type == TOKEN_WORD) {
            *tail = lex_token(p)->word;
            tail = &(*tail)->next;
            lex_take(p);
        }
        if (!lex_accept(p, TOKEN_SEMI) && lex_token(p)->type != TOKEN_NEWLINE)
            parse_unexpected(p);
        parse_skip_newlines(p);
    }
    n->body = parse_do(p);
    return n;
}

/* pattern | pattern ) list */
static void parse_arm(struct parser *p, struct case_arm *arm)
{
    struct word **tail = &arm->patterns;
    lex_accept(p, TOKEN_LPAREN);
    do {
        struct token *t = lex_token(p);
        if (t->type != TOKEN_WORD) {
            parse_unexpected(p);
            return;
        }
        *tail = t->word;
        tail = &t->word->next;
        lex_take(p);
    } while (lex_accept(p, TOKEN_PIPE));
    if (!lex_accept(p, TOKEN_RPAREN))
        parse_unexpected(p);
    arm->body = parse_list(p);
}

static struct node *parse_case(struct parser *p, int line)
{
    struct node *n = parse_node(p, NODE_CASE, line);
    struct token *t = lex_token(p);
    if (t->type != TOKEN_WORD) {
        parse_unexpected(p);
        return n;
    }
    n->subject = t->word;
    lex_take(p);
    parse_skip_newlines(p);
    expect_word(p, "in");
    parse_skip_newlines(p);
    struct case_arm **tail = &n->arms;
    while (!parse_is_word(p, "esac") && !p->failed) {
        *tail = arena_alloc(p->arena, sizeof **tail);
        parse_arm(p, *tail);
        tail = &(*tail)->next;
        if (!lex_accept(p, TOKEN_DSEMI))
            break;
        parse_skip_newlines(p);
    }
    expect_word(p, "esac");
    return n;
}

struct node *parse_compound(struct parser *p)
{
    static const struct {
        const char *word;
        struct node *(*parse)(struct parser *p, int line);
    } starts[] = {
        {"{", parse_group},     {"if", parse_if},   {"while", parse_while},
        {"until", parse_until}, {"for", parse_for}, {"case", parse_case},
    };
    struct node *n = NULL;
    int line = lex_token(p)->line;
    if (lex_accept(p, TOKEN_LPAREN)) {
        n = parse_subshell(p, line);
    } else {
        for (size_t i = 0; i < sizeof starts / sizeof *starts && !n; i++) {
            if (parse_is_word(p, starts[i].word)) {
                lex_take(p);
                n = starts[i].parse(p, line);
            }
        }
    }
    if (n)
        parse_redirs(p, &n->redirs);
    return n;
}
