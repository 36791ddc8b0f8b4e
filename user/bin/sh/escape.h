/*
 * Backslash escapes, for $'...', printf and echo -e.
 */
#pragma once

enum escape_style {
    ESCAPE_C,      /* $'...' and printf's format: \123 */
    ESCAPE_PERCENT_B, /* printf %b and echo -e: \0123, and \c */
};

#define ESCAPE_MAX 4

/* What escape_next() answers for \c: no more output. */
#define ESCAPE_STOP (-1)

/*
 * Moves *s over one character or one escape and stores what it stands for in out: up to
 * ESCAPE_MAX bytes. Their number, or ESCAPE_STOP. An escape nobody knows stands for itself.
 */
int escape_next(const char **s, enum escape_style style, char *out);
