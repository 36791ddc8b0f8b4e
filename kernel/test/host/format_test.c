// lib/format.c against the C library's snprintf, over random formats, values and buffer sizes.
#include "host.h"

#define vsnprintf xv_vsnprintf
#define snprintf xv_snprintf
#define scnprintf xv_scnprintf
#include "lib/format.c"
#undef vsnprintf
#undef snprintf

#pragma GCC diagnostic ignored "-Wformat-nonliteral"
#pragma GCC diagnostic ignored "-Wformat-security"
#pragma GCC diagnostic ignored "-Wformat-overflow"

// A random specification for a conversion; stars says how many ints it takes first.
static void make_format(char *out, const char *flags, const char *length, char conversion,
                        int *stars) {
    char *p = out;

    *stars = 0;
    *p++ = '<';
    *p++ = '%';
    for (int i = 0; i < 3; i++)
        if (host_below(3) == 0)
            *p++ = flags[host_below(strlen(flags))];
    if (host_below(6) == 0) {
        *p++ = '*';
        ++*stars;
    } else if (host_below(2)) {
        p += sprintf(p, "%lu", host_below(30) + 1);
    }
    if (host_below(8) == 0) {
        p += sprintf(p, ".*");
        ++*stars;
    } else if (host_below(3) == 0) {
        p += sprintf(p, ".%lu", host_below(25));
    }
    p += sprintf(p, "%s%c>", length, conversion);
}

#define BUFFER 80
static char ours[BUFFER], theirs[BUFFER];

#define COMPARE(format, stars, s1, s2, value, size)                                                \
    do {                                                                                           \
        int n1, n2;                                                                                \
        memset(ours, '~', BUFFER);                                                                 \
        memset(theirs, '~', BUFFER);                                                               \
        if (stars == 0) {                                                                          \
            n1 = xv_snprintf(ours, size, format, value);                                           \
            n2 = snprintf(theirs, size, format, value);                                            \
        } else if (stars == 1) {                                                                   \
            n1 = xv_snprintf(ours, size, format, s1, value);                                       \
            n2 = snprintf(theirs, size, format, s1, value);                                        \
        } else {                                                                                   \
            n1 = xv_snprintf(ours, size, format, s1, s2, value);                                   \
            n2 = snprintf(theirs, size, format, s1, s2, value);                                    \
        }                                                                                          \
        CHECK(n1 == n2 && memcmp(ours, theirs, BUFFER) == 0,                                       \
              "\"%s\" size %zu: ours %d \"%.40s\", theirs %d \"%.40s\"", format, (size_t)(size),   \
              n1, ours, n2, theirs);                                                               \
    } while (0)

static uint64_t some_number(void) {
    switch (host_below(5)) {
    case 0: return 0;
    case 1: return host_below(200) - 100;
    case 2: return 1UL << host_below(64);
    case 3: return UINT64_MAX - host_below(3);
    default: return host_random() >> host_below(64);
    }
}

static void test_numbers(void) {
    static const char *const lengths[] = {"hh", "h", "", "l", "ll", "z"};
    char format[60];
    int stars;

    for (int i = 0; i < 60000; i++) {
        const char *length = lengths[host_below(ARRAY_SIZE(lengths))];
        char conversion = "diuxXo"[host_below(6)];
        uint64_t v = some_number();
        size_t size = host_below(4) ? BUFFER : host_below(20);
        int s1 = (int)host_below(40) - 15, s2 = (int)host_below(20) - 4;
        bool is_signed = conversion == 'd' || conversion == 'i';
        bool is_hex = conversion == 'x' || conversion == 'X' || conversion == 'o';
        make_format(format, is_signed ? "-0+ " : is_hex ? "-0#" : "-0", length, conversion, &stars);
        if (length[0] == 'l' || length[0] == 'z')
            COMPARE(format, stars, s1, s2, v, size);
        else
            COMPARE(format, stars, s1, s2, (int)v, size);
    }
}

static void test_text(void) {
    static const char *const texts[] = {"", "a", "hello", "a longer text than the others"};
    char format[60];
    int stars;

    for (int i = 0; i < 20000; i++) {
        const char *text = texts[host_below(4)];
        size_t size = host_below(4) ? BUFFER : host_below(20);
        make_format(format, "-", "", 's', &stars);
        int s1 = (int)host_below(40) - 15, s2 = (int)host_below(20) - 4;
        COMPARE(format, stars, s1, s2, text, size);
        sprintf(format, "%%%s%luc|", host_below(2) ? "-" : "", host_below(9) + 1);
        COMPARE(format, 0, 0, 0, 'q', size);
        strcpy(format, host_below(2) ? "%p" : "%20p");
        void *address = (void *)(host_random() | 1);
        COMPARE(format, 0, 0, 0, address, size);
    }
}

static void test_edges(void) {
    char small[8];

    CHECK(xv_snprintf(NULL, 0, "%d", 12345) == 5, "length only");
    CHECK(xv_scnprintf(small, sizeof(small), "%s", "abc") == 3, "fits");
    CHECK(xv_scnprintf(small, sizeof(small), "%s", "abcdefghij") == 7, "cut");
    CHECK(strcmp(small, "abcdefg") == 0, "%s", small);
    CHECK(xv_scnprintf(small, 0, "x") == 0, "no room at all");
    const char *volatile none = NULL;
    CHECK(xv_snprintf(small, 8, "%s", none) == 6 && !strcmp(small, "(null)"), "%s", small);
    CHECK(xv_snprintf(small, 8, "100%%") == 4 && !strcmp(small, "100%"), "%s", small);
    const char *volatile odd = "a%"; // a % at the end; an unknown conversion is shown
    CHECK(xv_snprintf(small, 8, odd) == 1 && !strcmp(small, "a"), "%s", small);
    odd = "%y";
    CHECK(xv_snprintf(small, 8, odd) == 2 && !strcmp(small, "%y"), "%s", small);
}

static const struct host_case cases[] = {
    {"numbers", test_numbers},
    {"texts, characters, pointers", test_text},
    {"edges", test_edges},
};

HOST_MAIN("format_test", cases)
