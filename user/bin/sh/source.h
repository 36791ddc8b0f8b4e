/*
 * Where the lexer's characters come from: a string, a script file, standard input, a terminal.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "mem.h"

struct source {
    const char *text;      /* what has been read, one or more whole lines */
    size_t len;
    size_t pos;
    int line;              /* of the character at pos */
    int fd;                /* -1: a string, there is nothing after text */
    bool shared;           /* commands read the same descriptor: take one line, never more */
    bool terminal;         /* prompt, and edit the line */
    bool continued;        /* inside a command: the second prompt */
    bool ended;
    bool interrupted;      /* ^C: nothing more until the next command */
    struct strbuf buffer;  /* owns text unless it came from a string */
};

void source_init_string(struct source *s, const char *text, size_t len, int line);
void source_init_fd(struct source *s, int fd, bool shared, bool terminal);
void source_free(struct source *s);

/* Reads more text. The next character, -1 at the end. */
int source_fill(struct source *s);

/* The next character without taking it; -1 at the end. */
static inline int source_peek(struct source *s)
{
    return s->pos < s->len ? (unsigned char)s->text[s->pos] : source_fill(s);
}

/* The one after it; only asked when source_peek() was no newline. */
static inline int source_peek_second(const struct source *s)
{
    return s->pos + 1 < s->len ? (unsigned char)s->text[s->pos + 1] : -1;
}

int source_get(struct source *s);
/* Forgets the rest of the line, after an error at the terminal. */
void source_drop_line(struct source *s);
/* Nothing but white space is left of a string. */
bool source_exhausted(const struct source *s);

/*
 * Appends a line with its newline to sb, and takes not one byte more from fd.
 * 1 for a line, 0 at the end of the file (sb may hold a last line without newline), -1 with errno.
 */
int fd_read_line(int fd, struct strbuf *sb);

/* Appends everything up to the end of the file, without NUL bytes. */
void fd_read_all(int fd, struct strbuf *sb);
