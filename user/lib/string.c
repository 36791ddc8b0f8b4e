/* Strings. */
#include <ctype.h>
#include <libgen.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

typedef uint64_t __attribute__((may_alias)) word_t;

#define ONES  0x0101010101010101UL
#define HIGHS 0x8080808080808080UL

/* nonzero when a byte of w is zero: the subtraction then sets a high bit that w has clear */
static inline word_t has_zero(word_t w)
{
    return (w - ONES) & ~w & HIGHS;
}

size_t strlen(const char *s)
{
    const char *p = s;

    for (; (uintptr_t)p % sizeof(word_t); p++) {
        if (!*p)
            return p - s;
    }
    /* an aligned word lies within one page: reading past the end of the string is harmless */
    while (!has_zero(*(const word_t *)p))
        p += sizeof(word_t);
    while (*p)
        p++;
    return p - s;
}

size_t strnlen(const char *s, size_t max)
{
    const char *end = memchr(s, 0, max);

    return end ? (size_t)(end - s) : max;
}

char *stpcpy(char *restrict dst, const char *restrict src)
{
    size_t n = strlen(src);

    memcpy(dst, src, n + 1);
    return dst + n;
}

char *strcpy(char *restrict dst, const char *restrict src)
{
    stpcpy(dst, src);
    return dst;
}

char *strncpy(char *restrict dst, const char *restrict src, size_t n)
{
    size_t len = strnlen(src, n);

    memcpy(dst, src, len);
    memset(dst + len, 0, n - len);
    return dst;
}

size_t strlcpy(char *restrict dst, const char *restrict src, size_t size)
{
    size_t len = strlen(src);

    if (size) {
        size_t n = len < size ? len : size - 1;
        memcpy(dst, src, n);
        dst[n] = 0;
    }
    return len;
}

char *strcat(char *restrict dst, const char *restrict src)
{
    strcpy(dst + strlen(dst), src);
    return dst;
}

char *strncat(char *restrict dst, const char *restrict src, size_t n)
{
    char *end = dst + strlen(dst);
    size_t len = strnlen(src, n);

    memcpy(end, src, len);
    end[len] = 0;
    return dst;
}

size_t strlcat(char *restrict dst, const char *restrict src, size_t size)
{
    size_t len = strnlen(dst, size);

    if (len == size)
        return size + strlen(src);
    return len + strlcpy(dst + len, src, size - len);
}

int strcmp(const char *a, const char *b)
{
    while (*a && *a == *b)
        a++, b++;
    return (unsigned char)*a - (unsigned char)*b;
}

int strncmp(const char *a, const char *b, size_t n)
{
    for (; n && *a && *a == *b; n--)
        a++, b++;
    return n ? (unsigned char)*a - (unsigned char)*b : 0;
}

int strcoll(const char *a, const char *b)
{
    return strcmp(a, b);
}

int strcasecmp(const char *a, const char *b)
{
    while (*a && tolower((unsigned char)*a) == tolower((unsigned char)*b))
        a++, b++;
    return tolower((unsigned char)*a) - tolower((unsigned char)*b);
}

int strncasecmp(const char *a, const char *b, size_t n)
{
    for (; n && *a && tolower((unsigned char)*a) == tolower((unsigned char)*b); n--)
        a++, b++;
    return n ? tolower((unsigned char)*a) - tolower((unsigned char)*b) : 0;
}

char *strchrnul(const char *s, int c)
{
    while (*s && *s != (char)c)
        s++;
    return (char *)s;
}

char *strchr(const char *s, int c)
{
    s = strchrnul(s, c);
    return *s == (char)c ? (char *)s : NULL;
}

char *strrchr(const char *s, int c)
{
    return memrchr(s, c, strlen(s) + 1);
}

char *strstr(const char *hay, const char *needle)
{
    size_t n = strlen(needle);

    if (!n)
        return (char *)hay;
    for (; (hay = strchr(hay, *needle)); hay++) {
        if (strncmp(hay, needle, n) == 0)
            return (char *)hay;
    }
    return NULL;
}

char *strcasestr(const char *hay, const char *needle)
{
    size_t n = strlen(needle);

    do {
        if (strncasecmp(hay, needle, n) == 0)
            return (char *)hay;
    } while (*hay++);
    return NULL;
}

/* One bit per character, so that a span costs one test per byte. */
struct charset {
    uint64_t bits[4];
};

static struct charset charset_of(const char *s)
{
    struct charset set = {{0}};

    for (; *s; s++)
        set.bits[(unsigned char)*s / 64] |= 1UL << ((unsigned char)*s % 64);
    return set;
}

static int charset_has(const struct charset *set, char c)
{
    return (set->bits[(unsigned char)c / 64] >> ((unsigned char)c % 64)) & 1;
}

size_t strspn(const char *s, const char *accept)
{
    struct charset set = charset_of(accept);
    size_t n = 0;

    while (s[n] && charset_has(&set, s[n]))
        n++;
    return n;
}

size_t strcspn(const char *s, const char *reject)
{
    struct charset set = charset_of(reject);
    size_t n = 0;

    while (s[n] && !charset_has(&set, s[n]))
        n++;
    return n;
}

char *strpbrk(const char *s, const char *accept)
{
    s += strcspn(s, accept);
    return *s ? (char *)s : NULL;
}

char *strsep(char **s, const char *delims)
{
    char *start = *s;

    if (!start)
        return NULL;
    char *end = start + strcspn(start, delims);
    *s = *end ? end + 1 : NULL;
    *end = 0;
    return start;
}

char *strtok_r(char *restrict s, const char *restrict delims, char **restrict save)
{
    if (!s)
        s = *save;
    if (!s)
        return NULL;
    s += strspn(s, delims);
    if (!*s) {
        *save = NULL;
        return NULL;
    }
    *save = s;
    return strsep(save, delims);
}

char *strtok(char *restrict s, const char *restrict delims)
{
    static char *save;

    return strtok_r(s, delims, &save);
}

char *strndup(const char *s, size_t n)
{
    size_t len = strnlen(s, n);
    char *copy = malloc(len + 1);

    if (copy) {
        memcpy(copy, s, len);
        copy[len] = 0;
    }
    return copy;
}

char *strdup(const char *s)
{
    return strndup(s, SIZE_MAX - 1);
}

char *basename(const char *path)
{
    char *slash = strrchr(path, '/');

    return slash ? slash + 1 : (char *)path;
}

/* Changes path, as POSIX allows. */
char *dirname(char *path)
{
    size_t n = path ? strlen(path) : 0;

    while (n > 1 && path[n - 1] == '/')
        n--;
    while (n && path[n - 1] != '/')
        n--;
    while (n > 1 && path[n - 1] == '/')
        n--;
    if (!n)
        return (char *)".";
    path[n] = 0;
    return path;
}
