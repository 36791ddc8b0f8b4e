// Memory and strings. Purpose: the C library's names, made for counting instructions.
//
// memcpy moves the head byte by byte until dst is aligned, then 64 bytes a turn:
//
//     dst  |..hhhhhh|wwwwwwww|wwwwwwww| ... |tttt....|      h head, w words, t tail
//
// When src has another phase than dst, each stored word is put together from two loaded ones, so no
// load is ever misaligned (a trap into firmware on many harts, undefined behaviour in C).
//
// 1. Loads touch only aligned words that hold at least one byte of the source. That may read a few
//    bytes beside it, never another page: these functions are not instrumented by sanitizers.
// 2. No byte outside [dst, dst + n) is stored to.
// 3. Loops hide their pointer from the optimiser (KEEP_LOOP): GCC would turn them into calls of the
//    very function that they implement.
//
// Rejected: misaligned words (fast in QEMU only); rep-like assembly (the compiler does as well).

#include "lib/string.h"

#define WORD 8
#define BLOCK 64
#define KEEP_LOOP(p) asm("" : "+r"(p))
#define __no_sanitize __attribute__((no_sanitize("address", "undefined")))

static inline bool same_phase(const void *a, const void *b) {
    return (((uintptr_t)a ^ (uintptr_t)b) & (WORD - 1)) == 0;
}

static inline size_t to_boundary(const void *p) { return -(uintptr_t)p & (WORD - 1); }

// Copies n bytes upwards, one by one.
static inline __no_sanitize void copy_bytes(uint8_t *d, const uint8_t *s, size_t n) {
    for (const uint8_t *end = s + n; s != end; s++, d++) {
        *d = *s;
        KEEP_LOOP(d);
    }
}

// Copies n bytes (a multiple of 8) between aligned addresses, upwards.
static inline __no_sanitize void copy_words(uint64_t *d, const uint64_t *s, size_t n) {
    const uint64_t *end = s + n / WORD;
    for (const uint64_t *stop = s + n / BLOCK * (BLOCK / WORD); s != stop; s += 8, d += 8) {
        uint64_t a = s[0], b = s[1], c = s[2], e = s[3];
        uint64_t f = s[4], g = s[5], h = s[6], i = s[7];
        d[0] = a, d[1] = b, d[2] = c, d[3] = e;
        d[4] = f, d[5] = g, d[6] = h, d[7] = i;
        KEEP_LOOP(d);
    }
    for (; s != end; s++, d++) {
        *d = *s;
        KEEP_LOOP(d);
    }
}

// The same from a source that lies `off` (1..7) bytes into an aligned word:
//
//     src words   |xxxAAAAA|BBBCCCCC|DDD.....|        off = 3
//     dst words   |AAAAABBB|CCCCCDDD|
static __no_sanitize void copy_shifted(uint64_t *d, const uint8_t *src, size_t n) {
    size_t off = (uintptr_t)src & (WORD - 1);
    const uint64_t *s = (const uint64_t *)(src - off);
    int right = 8 * (int)off, left = 64 - right;
    uint64_t low = *s++;

    for (uint64_t *end = d + n / WORD; d != end; d++, s++) {
        uint64_t high = *s;
        *d = low >> right | high << left;
        low = high;
        KEEP_LOOP(d);
    }
}

// The body of memcpy. Also right for overlapping ranges with d below s: every source byte is loaded
// before the store that overwrites it, as stores stay behind loads.
static inline __no_sanitize void copy_up(uint8_t *d, const uint8_t *s, size_t n) {
    if (n >= 2 * WORD) {
        size_t head = to_boundary(d);
        copy_bytes(d, s, head);
        d += head, s += head, n -= head;
        size_t bulk = n & ~(size_t)(WORD - 1);
        if (same_phase(d, s))
            copy_words((uint64_t *)d, (const uint64_t *)s, bulk);
        else
            copy_shifted((uint64_t *)d, s, bulk);
        d += bulk, s += bulk, n -= bulk;
    } else if (n >= WORD && to_boundary(d) == 0 && to_boundary(s) == 0) {
        *(uint64_t *)d = *(const uint64_t *)s;
        d += WORD, s += WORD, n -= WORD;
    }
    copy_bytes(d, s, n);
}

void *memcpy(void *dst, const void *src, size_t n) {
    copy_up(dst, src, n);
    return dst;
}

// Copies downwards, for overlapping ranges with dst above src.
static __no_sanitize void copy_down(uint8_t *d, const uint8_t *s, size_t n) {
    d += n, s += n;
    if (same_phase(d, s)) {
        for (; n && ((uintptr_t)d & (WORD - 1)); n--) {
            *--d = *--s;
            KEEP_LOOP(d);
        }
        for (; n >= WORD; n -= WORD) {
            d -= WORD, s -= WORD;
            *(uint64_t *)d = *(const uint64_t *)s;
            KEEP_LOOP(d);
        }
    }
    for (; n; n--) {
        *--d = *--s;
        KEEP_LOOP(d);
    }
}

void *memmove(void *dst, const void *src, size_t n) {
    uintptr_t gap = (uintptr_t)dst - (uintptr_t)src;

    if (gap >= n) // dst is below src (the gap wraps around) or beyond its end
        copy_up(dst, src, n);
    else if (gap)
        copy_down(dst, src, n);
    return dst;
}

__no_sanitize void *memset(void *dst, int c, size_t n) {
    uint8_t *d = dst;

    if (n >= 2 * WORD) {
        uint64_t word = (uint8_t)c * 0x0101010101010101UL;
        size_t head = to_boundary(d);
        n -= head;
        for (; head; head--) {
            *d++ = (uint8_t)c;
            KEEP_LOOP(d);
        }
        uint64_t *w = (uint64_t *)d;
        for (uint64_t *stop = w + n / BLOCK * (BLOCK / WORD); w != stop; w += 8) {
            w[0] = word, w[1] = word, w[2] = word, w[3] = word;
            w[4] = word, w[5] = word, w[6] = word, w[7] = word;
            KEEP_LOOP(w);
        }
        for (uint64_t *end = w + n % BLOCK / WORD; w != end; w++) {
            *w = word;
            KEEP_LOOP(w);
        }
        d = (uint8_t *)w;
        n %= WORD;
    }
    for (; n; n--) {
        *d++ = (uint8_t)c;
        KEEP_LOOP(d);
    }
    return dst;
}

int memcmp(const void *a, const void *b, size_t n) {
    const uint8_t *x = a, *y = b;

    if (to_boundary(x) == 0 && same_phase(x, y))
        for (; n >= WORD && *(const uint64_t *)x == *(const uint64_t *)y; n -= WORD)
            x += WORD, y += WORD;
    for (; n; n--, x++, y++)
        if (*x != *y)
            return *x - *y;
    return 0;
}

void *memchr(const void *s, int c, size_t n) {
    for (const uint8_t *p = s, *end = p + n; p != end; p++)
        if (*p == (uint8_t)c)
            return (void *)p;
    return NULL;
}

size_t strlen(const char *s) {
    const char *p = s;
    while (*p) {
        p++;
        KEEP_LOOP(p);
    }
    return (size_t)(p - s);
}

size_t strnlen(const char *s, size_t max) {
    size_t n = 0;
    while (n < max && s[n])
        n++;
    return n;
}

int strcmp(const char *a, const char *b) {
    for (; *a && *a == *b; a++)
        b++;
    return (uint8_t)*a - (uint8_t)*b;
}

int strncmp(const char *a, const char *b, size_t n) {
    for (; n && *a && *a == *b; n--)
        a++, b++;
    return n ? (uint8_t)*a - (uint8_t)*b : 0;
}

char *strchr(const char *s, int c) {
    for (; *s != (char)c; s++)
        if (!*s)
            return NULL;
    return (char *)s;
}

char *strrchr(const char *s, int c) {
    const char *last = NULL;
    do {
        if (*s == (char)c)
            last = s;
    } while (*s++);
    return (char *)last;
}

char *strstr(const char *s, const char *sub) {
    size_t n = strlen(sub);
    for (;; s++) {
        if (strncmp(s, sub, n) == 0)
            return (char *)s;
        if (!*s)
            return NULL;
    }
}

size_t strlcpy(char *dst, const char *src, size_t size) {
    size_t n = strlen(src);
    if (size) {
        size_t part = n < size ? n : size - 1;
        memcpy(dst, src, part);
        dst[part] = '\0';
    }
    return n;
}
