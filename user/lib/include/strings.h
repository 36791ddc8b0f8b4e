/* Comparison without regard to case, and old names. */
#ifndef XV_STRINGS_H
#define XV_STRINGS_H

#include <stddef.h>

int strcasecmp(const char *a, const char *b);
int strncasecmp(const char *a, const char *b, size_t n);
static inline void bzero(void *dst, size_t n) { __builtin_memset(dst, 0, n); }
static inline int ffs(int n) { return __builtin_ffs(n); }

#endif
