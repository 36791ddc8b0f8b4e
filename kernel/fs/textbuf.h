// A growing text buffer, for /proc files. Running out of memory sets `failed`.
#pragma once

#include "lib/compiler.h"

struct textbuf {
    char *data;
    size_t len, cap;
    bool failed;
};

void text_printf(struct textbuf *t, const char *fmt, ...) __printf(2, 3);
void text_write(struct textbuf *t, const char *s, size_t n);
void text_free(struct textbuf *t);
