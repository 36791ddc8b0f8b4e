/*
 * Completion of commands and file names.
 */
#pragma once

#include <stddef.h>

#include "mem.h"

struct completion {
    size_t start;          /* of the word, in the line */
    struct strvec words;   /* what it can become, sorted, quoted as it would be typed */
    struct strvec labels;  /* the same as shown in a list */
};

/* Looks at the word that ends before byte at. */
void complete_find(const char *line, size_t at, struct completion *c);
void complete_free(struct completion *c);
/* How many bytes all words have in common. */
size_t complete_common(const struct completion *c);
