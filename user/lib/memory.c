/*
 * memcpy and its like, eight bytes at a time.
 *
 * Words are read only at aligned addresses, so nothing depends on misaligned access, and no word
 * crosses into a page that the block does not touch.  When source and destination are misaligned to
 * each other, each destination word is put together from two source words.
 *
 * Built with -fno-builtin and without loop-to-memcpy conversion, or these would call themselves.
 */
#include <stdint.h>
#include <string.h>

typedef uint64_t __attribute__((may_alias)) word_t;

#define WORD sizeof(word_t)

static inline int misaligned(const void *p)
{
    return (uintptr_t)p % WORD;
}

/* d is aligned, s is not; copies whole words and returns how many bytes */
static size_t copy_shifted(unsigned char *d, const unsigned char *s, size_t n)
{
    unsigned shift = misaligned(s) * 8;
    const word_t *from = (const word_t *)(s - misaligned(s));
    word_t low = *from++;
    size_t done = 0;

    for (; n - done >= WORD; done += WORD) {
        word_t high = *from++;
        *(word_t *)(d + done) = low >> shift | high << (64 - shift);
        low = high;
    }
    return done;
}

static size_t copy_words(unsigned char *d, const unsigned char *s, size_t n)
{
    size_t done = 0;

    for (; n - done >= 4 * WORD; done += 4 * WORD) {
        const word_t *from = (const word_t *)(s + done);
        word_t a = from[0], b = from[1], c = from[2], e = from[3];
        word_t *to = (word_t *)(d + done);
        to[0] = a;
        to[1] = b;
        to[2] = c;
        to[3] = e;
    }
    for (; n - done >= WORD; done += WORD)
        *(word_t *)(d + done) = *(const word_t *)(s + done);
    return done;
}

void *memcpy(void *restrict dst, const void *restrict src, size_t n)
{
    unsigned char *d = dst;
    const unsigned char *s = src;

    if (n >= 2 * WORD) {
        for (; misaligned(d); n--)
            *d++ = *s++;
        size_t done = misaligned(s) ? copy_shifted(d, s, n) : copy_words(d, s, n);
        d += done;
        s += done;
        n -= done;
    }
    for (; n; n--)
        *d++ = *s++;
    return dst;
}

void *mempcpy(void *restrict dst, const void *restrict src, size_t n)
{
    return (char *)memcpy(dst, src, n) + n;
}

static void copy_backwards(unsigned char *d, const unsigned char *s, size_t n)
{
    if (misaligned(d) == misaligned(s)) {
        for (; n && misaligned(d + n); n--)
            d[n - 1] = s[n - 1];
        for (; n >= WORD; n -= WORD)
            *(word_t *)(d + n - WORD) = *(const word_t *)(s + n - WORD);
    }
    for (; n; n--)
        d[n - 1] = s[n - 1];
}

/* Forwards, a word is read before a lower or equal address is written: safe for d below s. */
void *memmove(void *dst, const void *src, size_t n)
{
    unsigned char *d = dst;
    const unsigned char *s = src;

    if ((uintptr_t)d - (uintptr_t)s >= n) {
        if (d + n <= s || s + n <= d)
            return memcpy(dst, src, n);
        if (misaligned(d) == misaligned(s)) {
            for (; n && misaligned(d); n--)
                *d++ = *s++;
            for (; n >= WORD; n -= WORD, d += WORD, s += WORD)
                *(word_t *)d = *(const word_t *)s;
        }
        for (; n; n--)
            *d++ = *s++;
    } else {
        copy_backwards(d, s, n);
    }
    return dst;
}

void *memset(void *dst, int c, size_t n)
{
    unsigned char *d = dst;
    word_t word = 0x0101010101010101UL * (unsigned char)c;

    if (n >= 2 * WORD) {
        for (; misaligned(d); n--)
            *d++ = c;
        for (; n >= 4 * WORD; n -= 4 * WORD, d += 4 * WORD) {
            word_t *to = (word_t *)d;
            to[0] = word;
            to[1] = word;
            to[2] = word;
            to[3] = word;
        }
        for (; n >= WORD; n -= WORD, d += WORD)
            *(word_t *)d = word;
    }
    for (; n; n--)
        *d++ = c;
    return dst;
}

int memcmp(const void *a, const void *b, size_t n)
{
    const unsigned char *p = a, *q = b;

    if (misaligned(p) == misaligned(q)) {
        for (; n && misaligned(p) && *p == *q; n--, p++, q++)
            ;
        if (!misaligned(p)) {
            for (; n >= WORD && *(const word_t *)p == *(const word_t *)q; n -= WORD)
                p += WORD, q += WORD;
        }
    }
    for (; n; n--, p++, q++) {
        if (*p != *q)
            return *p - *q;
    }
    return 0;
}

void *memchr(const void *s, int c, size_t n)
{
    for (const unsigned char *p = s; n; n--, p++) {
        if (*p == (unsigned char)c)
            return (void *)p;
    }
    return NULL;
}

void *memrchr(const void *s, int c, size_t n)
{
    const unsigned char *p = s;

    while (n--) {
        if (p[n] == (unsigned char)c)
            return (void *)(p + n);
    }
    return NULL;
}

void *memmem(const void *hay, size_t hay_len, const void *needle, size_t needle_len)
{
    const char *p = hay;

    if (!needle_len)
        return (void *)hay;
    for (; hay_len >= needle_len; p++, hay_len--) {
        if (*p == *(const char *)needle && memcmp(p, needle, needle_len) == 0)
            return (void *)p;
    }
    return NULL;
}
