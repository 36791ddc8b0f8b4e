// lib/string.c, parse.c, hash.c against the C library, at every alignment.
#include "host.h"

#define memcpy xv_memcpy
#define memmove xv_memmove
#define memset xv_memset
#define memcmp xv_memcmp
#define memchr xv_memchr
#define strlen xv_strlen
#define strnlen xv_strnlen
#define strcmp xv_strcmp
#define strncmp xv_strncmp
#define strchr xv_strchr
#define strrchr xv_strrchr
#define strstr xv_strstr
#define strlcpy xv_strlcpy
#include "lib/hash.c"
#include "lib/parse.c"
#include "lib/string.c"
#undef memcpy
#undef memmove
#undef memset
#undef memcmp
#undef memchr
#undef strlen
#undef strnlen
#undef strcmp
#undef strncmp
#undef strchr
#undef strrchr
#undef strstr
#undef strlcpy

#define SPACE 700
static uint8_t a[SPACE], b[SPACE], want[SPACE];

static void fill(void) {
    for (size_t i = 0; i < SPACE; i++) {
        a[i] = want[i] = (uint8_t)host_random();
        b[i] = (uint8_t)host_random();
    }
}

// Short lengths all, longer ones at random; every pair of alignments.
static size_t some_length(int i) { return i < 64 ? (size_t)i : host_below(600); }

static void test_copy(void) {
    for (int i = 0; i < 64 * 64 + 1000; i++) {
        size_t d = host_below(32), s = host_below(32), n = some_length(i % 200);
        fill();
        memcpy(want + d, b + s, n);
        CHECK(xv_memcpy(a + d, b + s, n) == a + d, "result");
        CHECK(memcmp(a, want, SPACE) == 0, "memcpy to %zu from %zu, %zu bytes", d, s, n);
    }
}

static void test_move(void) {
    for (int i = 0; i < 5000; i++) {
        size_t d = host_below(64), s = host_below(64), n = some_length(i % 200);
        fill();
        memmove(want + d, want + s, n);
        CHECK(xv_memmove(a + d, a + s, n) == a + d, "result");
        CHECK(memcmp(a, want, SPACE) == 0, "memmove to %zu from %zu, %zu bytes", d, s, n);
    }
}

static void test_set(void) {
    for (int i = 0; i < 3000; i++) {
        size_t d = host_below(32), n = some_length(i % 200);
        int c = (int)host_random();
        fill();
        memset(want + d, c, n);
        CHECK(xv_memset(a + d, c, n) == a + d, "result");
        CHECK(memcmp(a, want, SPACE) == 0, "memset at %zu, %zu bytes", d, n);
    }
}

// Exactly sized heap blocks: a store outside is caught by ASan.
static void test_bounds(void) {
    for (size_t n = 1; n < 80; n++) {
        uint8_t *x = malloc(n), *y = malloc(n);
        xv_memset(x, 7, n);
        xv_memcpy(y, x, n);
        xv_memmove(y + n / 2, y, n - n / 2);
        CHECK(xv_memcmp(x, y, n) == 0 && !xv_memchr(y, 8, n), "%zu bytes", n);
        free(x);
        free(y);
    }
}

static int sign(int x) { return (x > 0) - (x < 0); }

static void test_compare(void) {
    for (int i = 0; i < 5000; i++) {
        size_t x = host_below(8), y = host_below(2) ? x : host_below(8), n = host_below(100);
        fill();
        memcpy(b + y, a + x, n);
        if (n && host_below(2))
            b[y + host_below(n)] ^= 0x80;
        CHECK(sign(xv_memcmp(a + x, b + y, n)) == sign(memcmp(a + x, b + y, n)), "n %zu", n);
        int c = a[x + host_below(50)];
        CHECK(xv_memchr(a + x, c, n) == memchr(a + x, c, n), "memchr n %zu", n);
    }
}

static void random_text(char *s, size_t max) {
    size_t n = host_below(max);
    for (size_t i = 0; i < n; i++)
        s[i] = "ab\xff"[host_below(3)];
    s[n] = 0;
}

static void test_text(void) {
    char s[40], t[40], out[40], sub[4];

    for (int i = 0; i < 20000; i++) {
        size_t n = host_below(12);
        random_text(s, 12);
        random_text(t, 12);
        random_text(sub, 4);
        CHECK(xv_strlen(s) == strlen(s) && xv_strnlen(s, n) == strnlen(s, n), "length of %s", s);
        CHECK(sign(xv_strcmp(s, t)) == sign(strcmp(s, t)), "strcmp %s %s", s, t);
        CHECK(sign(xv_strncmp(s, t, n)) == sign(strncmp(s, t, n)), "strncmp %s %s %zu", s, t, n);
        CHECK(xv_strchr(s, 'b') == strchr(s, 'b') && xv_strchr(s, 0) == strchr(s, 0), "in %s", s);
        CHECK(xv_strrchr(s, 'b') == strrchr(s, 'b') && xv_strrchr(s, 0) == strrchr(s, 0), "in %s",
              s);
        CHECK(xv_strstr(s, sub) == strstr(s, sub), "strstr %s in %s", sub, s);
        memset(out, 'x', sizeof(out));
        CHECK(xv_strlcpy(out, s, n) == strlen(s), "length");
        CHECK(n == 0 || (strlen(out) == min(strlen(s), n - 1) && !strncmp(out, s, n - 1)),
              "strlcpy %s %zu", s, n);
        CHECK(out[n] == 'x', "strlcpy wrote past %zu", n);
    }
}

static void test_parse(void) {
    static const struct {
        const char *text;
        int base;
        uint64_t value;
        size_t used;
    } rows[] = {
        {"0", 0, 0, 1},          {"42x", 10, 42, 2},   {"0x1F", 0, 31, 4},  {"0x", 0, 0, 1},
        {"0xg", 16, 0, 1},       {"017", 0, 15, 3},    {"08", 0, 0, 1},     {"", 10, 0, 0},
        {"-1", 10, 0, 0},        {"ff", 16, 255, 2},   {"12", 2, 1, 1},     {"017", 10, 17, 3},
        {"18446744073709551615", 10, UINT64_MAX, 20},  {"18446744073709551616", 10, 0, 0},
        {"0xffffffffffffffff", 0, UINT64_MAX, 18},     {"0x10000000000000000", 0, 0, 0},
    };
    uint64_t n;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        const char *end;
        uint64_t v = parse_u64(rows[i].text, &end, rows[i].base);
        CHECK(v == rows[i].value && (size_t)(end - rows[i].text) == rows[i].used,
              "\"%s\" base %d: %lu, %zu characters", rows[i].text, rows[i].base, v,
              (size_t)(end - rows[i].text));
    }
    CHECK(parse_size("128M", &n) && n == 128UL << 20, "128M");
    CHECK(parse_size("4k", &n) && n == 4096, "4k");
    CHECK(parse_size("0x10G", &n) && n == 16UL << 30, "0x10G");
    CHECK(parse_size("7", &n) && n == 7, "7");
    CHECK(!parse_size("", &n) && n == 0, "empty");
    CHECK(!parse_size("M", &n) && !parse_size("5X", &n) && !parse_size("5MB", &n), "nonsense");
    CHECK(!parse_size("17179869184G", &n), "too large");
    CHECK(parse_size("17179869183G", &n), "just fits");
}

static void test_hash(void) { // values of the FNV reference
    CHECK(hash_bytes("", 0) == 0xcbf29ce484222325UL, "empty");
    CHECK(hash_bytes("a", 1) == 0xaf63dc4c8601ec8cUL, "a");
    CHECK(hash_bytes("foobar", 6) == 0x85944171f73967e8UL, "foobar");
}

static const struct host_case cases[] = {
    {"memcpy", test_copy},       {"memmove", test_move}, {"memset", test_set},
    {"bounds", test_bounds},     {"memcmp, memchr", test_compare},
    {"strings", test_text},      {"numbers", test_parse}, {"FNV-1a", test_hash},
};

HOST_MAIN("string_test", cases)
