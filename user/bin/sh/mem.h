/*
 * Memory for the shell: growing strings, vectors of strings, and arenas.
 *
 * A parsed command lives in one arena and goes away with it, so no error path of the parser
 * has anything to free. An arena counts its users, because a function body outlives the
 * command that defined it. Everything shorter lived is a strbuf or a strvec.
 * Running out of memory ends the shell with status 2: nothing here returns NULL.
 */
#pragma once

#include <stdarg.h>
#include <stddef.h>

/* A string that grows. data is NUL-terminated once anything was added, NULL before. */
struct strbuf {
    char *data;
    size_t len;
    size_t cap;
};

/* A vector of owned strings; v[n] is always NULL once something was pushed. */
struct strvec {
    char **v;
    size_t n;
    size_t cap;
};

struct arena;

void *mem_alloc(size_t size);
void *mem_resize(void *old, size_t size);
char *mem_strdup(const char *s);
char *mem_strndup(const char *s, size_t len);

void sb_add(struct strbuf *sb, char c);
void sb_add_mem(struct strbuf *sb, const char *s, size_t len);
void sb_add_str(struct strbuf *sb, const char *s);
void sb_vprintf(struct strbuf *sb, const char *fmt, va_list ap);
void sb_printf(struct strbuf *sb, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Makes the string empty and keeps its memory. */
void sb_clear(struct strbuf *sb);
void sb_free(struct strbuf *sb);
/* The string, "" when empty; valid until the next change. */
const char *sb_str(const struct strbuf *sb);
/* Hands the string over to the caller, who frees it; the strbuf is empty after. */
char *sb_take(struct strbuf *sb);

/* Takes ownership of s. */
void sv_push(struct strvec *sv, char *s);
void sv_free(struct strvec *sv);
/* Drops the first count strings. */
void sv_shift(struct strvec *sv, size_t count);

/* A new arena with one user. */
struct arena *arena_new(void);
void arena_get(struct arena *a);
/* Drops a user; the last one frees everything in it. NULL is allowed. */
void arena_put(struct arena *a);
/* Zeroed memory that lives as long as the arena. */
void *arena_alloc(struct arena *a, size_t size);
char *arena_strndup(struct arena *a, const char *s, size_t len);
