// Strings and memory, with the C library's names and meanings (C11 section 7.24), plus the bounded
// copies of BSD. memcpy and memset are hot: they work in 8-byte words, unrolled.
#pragma once

#include "lib/compiler.h"

void *memcpy(void *dst, const void *src, size_t n);
void *memmove(void *dst, const void *src, size_t n);
void *memset(void *dst, int c, size_t n);
int memcmp(const void *a, const void *b, size_t n);
void *memchr(const void *s, int c, size_t n);
size_t strlen(const char *s);
size_t strnlen(const char *s, size_t max);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t n);
char *strchr(const char *s, int c);
char *strrchr(const char *s, int c);
char *strstr(const char *s, const char *sub);
// Copy, always terminated; returns strlen(src): >= size means it was cut (strlcpy(3)).
size_t strlcpy(char *dst, const char *src, size_t size);

// Parses an unsigned number (base 10, or 0x, or 0 octal when base is 0) and sets *end after it.
uint64_t parse_u64(const char *s, const char **end, int base);
// Parses "128M": a number and an optional K, M, G (powers of 1024). 0 and false on nonsense.
bool parse_size(const char *s, uint64_t *out);

// 64-bit FNV-1a over n bytes, for hash tables.
uint64_t hash_bytes(const void *p, size_t n);
