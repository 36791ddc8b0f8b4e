// Numbers from text: what the command line and /proc files are made of. Strict: overflow is an
// error, not a wrong number; nothing is skipped silently. Decimal, octal and hexadecimal as C
// writes them.

#include "lib/string.h"

static int digit_value(char c) {
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return 99;
}

uint64_t parse_u64(const char *s, const char **end, int base) {
    const char *p = s;
    uint64_t value = 0;

    // "0x" counts as a prefix only when a hexadecimal digit follows: else it is the number 0.
    bool hex = p[0] == '0' && (p[1] == 'x' || p[1] == 'X') && digit_value(p[2]) < 16;
    if (hex && (base == 0 || base == 16)) {
        p += 2;
        base = 16;
    } else if (base == 0) {
        base = p[0] == '0' ? 8 : 10;
    }
    for (; digit_value(*p) < base; p++) {
        uint64_t next;
        if (__builtin_mul_overflow(value, (uint64_t)base, &next) ||
            __builtin_add_overflow(next, (uint64_t)digit_value(*p), &next)) {
            value = 0;
            p = s; // nothing was parsed
            break;
        }
        value = next;
    }
    if (end)
        *end = p;
    return value;
}

bool parse_size(const char *s, uint64_t *out) {
    const char *end;
    uint64_t n = parse_u64(s, &end, 0);
    int shift = 0;

    *out = 0;
    if (end == s)
        return false;
    switch (*end) {
    case 'G': case 'g': shift = 30; break;
    case 'M': case 'm': shift = 20; break;
    case 'K': case 'k': shift = 10; break;
    }
    if (shift)
        end++;
    if (*end || n << shift >> shift != n)
        return false;
    *out = n << shift;
    return true;
}
