/*
 * Growing strings, string vectors and arenas; mem.h says who uses which.
 */
#include "mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shell.h"

/* One piece of an arena. The first is small: most commands are a line. */
struct chunk {
    struct chunk *next;
    size_t used;
    size_t size;
    _Alignas(max_align_t) char data[];
};

struct arena {
    struct chunk *chunks; /* the one being filled is first */
    unsigned users;
};

#define CHUNK_FIRST 1000
#define CHUNK_MAX 16000

static void mem_exhausted(void)
{
    static const char text[] = "sh: out of memory\n";
    if (write(2, text, sizeof text - 1) < 0)
        _exit(2);
    _exit(2);
}

void *mem_resize(void *old, size_t size)
{
    void *p = realloc(old, size ? size : 1);
    if (!p)
        mem_exhausted();
    return p;
}

void *mem_alloc(size_t size)
{
    return memset(mem_resize(NULL, size), 0, size);
}

char *mem_strndup(const char *s, size_t len)
{
    char *copy = mem_resize(NULL, len + 1);
    memcpy(copy, s, len);
    copy[len] = '\0';
    return copy;
}

char *mem_strdup(const char *s)
{
    return mem_strndup(s, strlen(s));
}

/* Room for extra more characters and the final NUL. */
static void sb_reserve(struct strbuf *sb, size_t extra)
{
    if (sb->len + extra < sb->cap)
        return;
    size_t cap = sb->cap ? sb->cap : 16;
    while (cap <= sb->len + extra)
        cap *= 2;
    sb->data = mem_resize(sb->data, cap);
    sb->cap = cap;
}

void sb_add_mem(struct strbuf *sb, const char *s, size_t len)
{
    sb_reserve(sb, len);
    if (len)
        memcpy(sb->data + sb->len, s, len);
    sb->len += len;
    sb->data[sb->len] = '\0';
}

void sb_add(struct strbuf *sb, char c)
{
    sb_add_mem(sb, &c, 1);
}

void sb_add_str(struct strbuf *sb, const char *s)
{
    sb_add_mem(sb, s, strlen(s));
}

void sb_vprintf(struct strbuf *sb, const char *fmt, va_list ap)
{
    va_list again;
    va_copy(again, ap);
    int len = vsnprintf(NULL, 0, fmt, ap);
    if (len > 0) {
        sb_reserve(sb, len);
        vsnprintf(sb->data + sb->len, len + 1, fmt, again);
        sb->len += len;
    }
    va_end(again);
}

void sb_printf(struct strbuf *sb, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    sb_vprintf(sb, fmt, ap);
    va_end(ap);
}

void sb_clear(struct strbuf *sb)
{
    sb->len = 0;
    if (sb->data)
        sb->data[0] = '\0';
}

void sb_free(struct strbuf *sb)
{
    free(sb->data);
    *sb = (struct strbuf){0};
}

const char *sb_str(const struct strbuf *sb)
{
    return sb->data ? sb->data : "";
}

char *sb_take(struct strbuf *sb)
{
    char *s = sb->data ? sb->data : mem_strdup("");
    *sb = (struct strbuf){0};
    return s;
}

void sv_push(struct strvec *sv, char *s)
{
    if (sv->n + 1 >= sv->cap) {
        sv->cap = sv->cap ? sv->cap * 2 : 8;
        sv->v = mem_resize(sv->v, sv->cap * sizeof *sv->v);
    }
    sv->v[sv->n++] = s;
    sv->v[sv->n] = NULL;
}

void sv_free(struct strvec *sv)
{
    for (size_t i = 0; i < sv->n; i++)
        free(sv->v[i]);
    free(sv->v);
    *sv = (struct strvec){0};
}

void sv_shift(struct strvec *sv, size_t count)
{
    if (count == 0)
        return;
    for (size_t i = 0; i < count; i++)
        free(sv->v[i]);
    sv->n -= count;
    memmove(sv->v, sv->v + count, (sv->n + 1) * sizeof *sv->v);
}

struct arena *arena_new(void)
{
    struct arena *a = mem_alloc(sizeof *a);
    a->users = 1;
    return a;
}

void arena_get(struct arena *a)
{
    a->users++;
}

void arena_put(struct arena *a)
{
    if (!a || --a->users)
        return;
    while (a->chunks) {
        struct chunk *next = a->chunks->next;
        free(a->chunks);
        a->chunks = next;
    }
    free(a);
}

static void arena_grow(struct arena *a, size_t need)
{
    size_t size = a->chunks ? a->chunks->size * 2 : CHUNK_FIRST;
    if (size > CHUNK_MAX)
        size = CHUNK_MAX;
    if (size < need)
        size = need;
    struct chunk *c = mem_resize(NULL, sizeof *c + size);
    *c = (struct chunk){.next = a->chunks, .size = size};
    a->chunks = c;
}

void *arena_alloc(struct arena *a, size_t size)
{
    size = (size + sizeof(void *) - 1) & ~(sizeof(void *) - 1);
    if (!a->chunks || a->chunks->size - a->chunks->used < size)
        arena_grow(a, size);
    char *p = a->chunks->data + a->chunks->used;
    a->chunks->used += size;
    return memset(p, 0, size);
}

char *arena_strndup(struct arena *a, const char *s, size_t len)
{
    char *copy = arena_alloc(a, len + 1);
    memcpy(copy, s, len);
    return copy;
}
