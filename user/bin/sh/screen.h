/*
 * A prompt and a line on the terminal, over as many rows as they need.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct screen {
    const char *prompt;   /* its last line */
    size_t prompt_width;
    size_t columns;
    size_t row;           /* of the cursor, below the prompt's */
};

/* Writes what the prompt has above its last line, and looks at the terminal's width. */
void screen_start(struct screen *s, const char *prompt);
/* Draws prompt and line anew, the cursor before byte at. */
void screen_draw(struct screen *s, const char *line, size_t len, size_t at);
/* A character was added at the end of the line: draws no more than that if it can. */
void screen_append(struct screen *s, const char *line, size_t len, char c);
/* To the row below the line, where other output can go. */
void screen_leave(struct screen *s, const char *line, size_t len);
void screen_clear(struct screen *s);
/* Columns that text takes: UTF-8 characters, without escape sequences. */
size_t screen_width(const char *text, size_t len);
