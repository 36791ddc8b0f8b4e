/*
 * The parser: from characters to the syntax tree of one command.
 *
 * lex.c makes tokens, word.c the parts of a word, parse.c and parse_compound.c the grammar
 * (POSIX shell, section 2.10), one function per rule. They call each other in a circle because
 * the grammar is one: $( ) inside a word holds commands. All work on a struct parser.
 *
 * Errors: the first one prints its message and sets failed; from then on every token is
 * TOKEN_END, so each rule ends by itself and the caller drops the arena.
 */
#pragma once

#include <stdbool.h>

#include "ast.h"
#include "source.h"

enum token_type {
    TOKEN_END,
    TOKEN_NEWLINE,
    TOKEN_WORD,
    TOKEN_NUMBER,    /* digits just before < or > */
    TOKEN_AND_IF,    /* && */
    TOKEN_OR_IF,     /* || */
    TOKEN_SEMI,      /* ; */
    TOKEN_DSEMI,     /* ;; */
    TOKEN_AMP,       /* & */
    TOKEN_PIPE,      /* | */
    TOKEN_LPAREN,
    TOKEN_RPAREN,
    TOKEN_LESS,      /* < */
    TOKEN_GREAT,     /* > */
    TOKEN_DLESS,     /* << */
    TOKEN_DLESSDASH, /* <<- */
    TOKEN_DGREAT,    /* >> */
    TOKEN_LESSAND,   /* <& */
    TOKEN_GREATAND,  /* >& */
    TOKEN_LESSGREAT, /* <> */
    TOKEN_CLOBBER,   /* >| */
};

struct token {
    enum token_type type;
    int line;
    struct word *word;   /* WORD and NUMBER */
    const char *literal; /* the text of a word without any quoting or expansion, else NULL */
};

/* A here-document whose text starts after the next newline. */
struct heredoc {
    struct heredoc *next;
    struct redir *redir;
    const char *delimiter;
    bool quoted;     /* no expansion */
    bool strip_tabs; /* <<- */
};

struct parser {
    struct source *source;
    struct arena *arena;
    struct token token;        /* the one looked at, when have_token */
    bool have_token;
    bool failed;
    int depth;                 /* of nested commands and words: guards the stack */
    struct heredoc *heredocs;  /* waiting for their text */
    struct strbuf record;      /* every character of this command, for node->source */
    size_t token_start;        /* offset of the token in record */
};

enum parse_result { PARSE_END, PARSE_COMMAND, PARSE_ERROR };

/*
 * Reads one complete command: a line, or more when it does not end there. On PARSE_COMMAND
 * *node is NULL for an empty line. The nodes live in a.
 */
enum parse_result parse_command(struct source *source, struct arena *a, struct node **node);
/* text as if between double quotes, where " itself means nothing: prompts, here-documents. */
struct word *parse_quoted_text(struct arena *a, const char *text, size_t len, int line);

/* The rest is between the files of the parser. */

/* The next character with backslash-newline taken out; -1 at the end. */
int lex_peek(struct parser *p);
int lex_get(struct parser *p);
/* A character as it is, inside quotes. */
int lex_get_raw(struct parser *p);
/* The next token, which stays until lex_take(). */
struct token *lex_token(struct parser *p);
void lex_take(struct parser *p);
/* Takes the next token if it is of this type. */
bool lex_accept(struct parser *p, enum token_type type);
void lex_add_heredoc(struct parser *p, struct redir *r, struct token *delimiter, bool strip);

/* Prints the first error and ends the parse. */
void parse_error(struct parser *p, int line, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
void parse_unexpected(struct parser *p);
/* One level deeper; false, with an error, when that is too deep. Undone by p->depth--. */
bool parse_enter(struct parser *p);

/* A word up to a blank or an operator. */
struct word *word_parse(struct parser *p);
/* A word of the given text, which is quoted or not. */
struct word *word_from_text(struct arena *a, const char *text, size_t len, bool quoted);
/* The whole of p's source as in double quotes. */
struct word *word_parse_quoted(struct parser *p);
/* The characters of a word made of text alone, or NULL; *quoted says whether any were. */
const char *word_plain_text(struct arena *a, const struct word *w, bool *quoted);

/* Newlines and commands up to something that cannot start a command. NULL when there is none. */
struct node *parse_list(struct parser *p);
/* The inside of $( ), up to the closing parenthesis. */
struct node *parse_substitution(struct parser *p);
/* The inside of ` `, already unescaped. */
struct node *parse_text(struct parser *p, const char *text, size_t len, int line);
/* A compound command if the next token starts one, else NULL. */
struct node *parse_compound(struct parser *p);
/* Zero or more redirections, appended at tail. */
struct redir **parse_redirs(struct parser *p, struct redir **tail);
struct node *parse_node(struct parser *p, enum node_type type, int line);
bool parse_is_word(struct parser *p, const char *text);
void parse_skip_newlines(struct parser *p);
