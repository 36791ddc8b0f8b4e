// A growing text buffer: doubles as it fills, so that appending n bytes costs O(n) in all.
#include "fs/textbuf.h"

#include "lib/format.h"
#include "lib/string.h"
#include "mm/slab.h"

#define FIRST_SIZE 512

// Room for n more bytes and a zero byte. False: out of memory, now and from now on.
static bool reserve(struct textbuf *t, size_t n) {
    if (t->failed)
        return false;
    if (t->len + n < t->cap)
        return true;
    size_t cap = max(t->cap * 2, (size_t)FIRST_SIZE);
    while (cap <= t->len + n)
        cap *= 2;
    char *data = krealloc(t->data, cap, GFP_KERNEL);
    if (!data) {
        t->failed = true;
        return false;
    }
    t->data = data;
    t->cap = cap;
    return true;
}

void text_write(struct textbuf *t, const char *s, size_t n) {
    if (!reserve(t, n))
        return;
    memcpy(t->data + t->len, s, n);
    t->len += n;
    t->data[t->len] = '\0';
}

void text_printf(struct textbuf *t, const char *fmt, ...) {
    va_list args;

    if (!reserve(t, 128))
        return;
    va_start(args, fmt);
    size_t n = (size_t)vsnprintf(t->data + t->len, t->cap - t->len, fmt, args);
    va_end(args);
    if (n >= t->cap - t->len) { // now the length is known
        if (!reserve(t, n))
            return;
        va_start(args, fmt);
        vsnprintf(t->data + t->len, t->cap - t->len, fmt, args);
        va_end(args);
    }
    t->len += n;
}

void text_free(struct textbuf *t) {
    kfree(t->data);
    *t = (struct textbuf){0};
}
