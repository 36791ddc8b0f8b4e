// The line discipline on the host: scripted cases (what is typed, what is shown, what is read) and
// random ones against a slow and simple model.
#define sigset_t host_sigset_t // the C library's is another type than the kernel's
#include "host.h"
#undef sigset_t

#include "abi/signal.h"
#include "dev/ldisc.h"

static char shown[1 << 16];
static size_t shown_len;

static void fake_uart(struct ldisc *ld, const char *s, size_t n) {
    (void)ld;
    for (size_t i = 0; i < n && shown_len < sizeof(shown) - 1; i++)
        shown[shown_len++] = s[i];
    shown[shown_len] = 0;
}

static struct ldisc *new_ldisc(void) {
    struct ldisc *ld = malloc(sizeof(*ld));
    ldisc_init(ld, fake_uart);
    shown_len = 0;
    shown[0] = 0;
    return ld;
}

static int type(struct ldisc *ld, const char *s, size_t n) {
    int sig = 0;
    for (size_t i = 0; i < n; i++) {
        int got = ldisc_input(ld, (uint8_t)s[i]);
        sig = got ? got : sig;
        ldisc_check(ld);
    }
    return sig;
}

// Reads as a process would: reads of `piece` bytes until none is ready, joined by '|'; an end of
// file shows as "<eof>".
static void read_all(struct ldisc *ld, char *out, size_t piece) {
    bool ready;
    char *p = out;
    while (ldisc_available(ld, &ready), ready) {
        if (p != out)
            *p++ = '|';
        size_t n = ldisc_read(ld, p, piece);
        p += n;
        if (n == 0)
            p += sprintf(p, "<eof>");
        ldisc_check(ld);
    }
    *p = 0;
}

static void print_escaped(const char *what, const char *s) {
    printf("  %s: \"", what);
    for (; *s; s++)
        printf(*s >= 32 && *s < 127 ? "%c" : "\\x%02x", (unsigned char)*s);
    printf("\"\n");
}

struct script {
    const char *name, *typed, *read, *shown;
    tcflag_t iflag_off, iflag_on, oflag_off, oflag_on, lflag_off, lflag_on;
    size_t piece; // bytes a read asks for; 0: 1000
    int sig;
};

#define CASE(name_, typed_, read_, shown_, ...)                                                    \
    {.name = (name_), .typed = (typed_), .read = (read_), .shown = (shown_), ##__VA_ARGS__}

static const struct script scripts[] = {
    CASE("a line", "ls\r", "ls\n", "ls\r\n"),
    CASE("two lines are two reads", "a\rb\r", "a\n|b\n", "a\r\nb\r\n"),
    CASE("an unfinished line is not readable", "abc", "", "abc"),
    CASE("a line in pieces", "abcde\r", "abc|de\n", "abcde\r\n", .piece = 3),
    CASE("erase", "ab\177c\r", "ac\n", "ab\b \bc\r\n"),
    CASE("erase at the start does nothing", "\177\177a\r", "a\n", "a\r\n"),
    CASE("erase does not reach the line before", "a\r\177b\r", "a\n|b\n", "a\r\nb\r\n"),
    CASE("erase a control character", "a\001\177\r", "a\n", "a^A\b \b\b \b\r\n"),
    CASE("erase a tab", "ab\t\177c\r", "abc\n", "ab\t\b\b\b\b\b\bc\r\n"),
    CASE("erase a UTF-8 character", "a\xc3\xa4\177b\r", "ab\n", "a\xc3\xa4\b \bb\r\n"),
    CASE("erase a byte without IUTF8", "\xc3\xa4\177\r", "\xc3\n", "\xc3\xa4\b \b\r\n",
         .iflag_off = IUTF8),
    CASE("erase without ECHOE shows the key", "ab\177\r", "a\n", "ab^?\r\n", .lflag_off = ECHOE),
    CASE("word erase", "foo bar  \027x\r", "foo x\n",
     "foo bar  \b \b\b \b\b \b\b \b\b \bx\r\n"),
    CASE("word erase takes signs, then a word", "a-b!!\027\r", "a-\n", "a-b!!\b \b\b \b\b \b\r\n"),
    CASE("kill", "abc\025d\r", "d\n", "abc\b \b\b \b\b \bd\r\n"),
    CASE("kill without ECHOKE", "ab\025c\r", "c\n", "ab^U\r\nc\r\n", .lflag_off = ECHOKE),
    CASE("end of file", "\004", "<eof>", ""),
    CASE("end of file after text hands it over", "ab\004", "ab", "ab"),
    CASE("... and a read that fits exactly is no end of file", "abc\004", "abc", "abc", .piece = 3),
    CASE("two ends of file", "\004\004", "<eof>|<eof>", ""),
    CASE("line, end of file", "a\r\004", "a\n|<eof>", "a\r\n"),
    CASE("literal next", "\026\003\r", "\003\n", "^\b^C\r\n"),
    CASE("literal next of literal next", "\026\026\r", "\026\n", "^\b^V\r\n"),
    CASE("literal end of line", "a\026\nb\r", "a\nb\n", "a^\b\r\nb\r\n"),
    CASE("reprint", "ab\022c\r", "abc\n", "ab^R\r\nabc\r\n"),
    CASE("interrupt drops the line", "ab\003c\r", "c\n", "ab^Cc\r\n", .sig = SIGINT),
    CASE("interrupt with NOFLSH keeps it", "ab\003c\r", "abc\n", "ab^Cc\r\n", .lflag_on = NOFLSH,
     .sig = SIGINT),
    CASE("quit", "\034", "", "^\\", .sig = SIGQUIT),
    CASE("suspend", "\032", "", "^Z", .sig = SIGTSTP),
    CASE("no ISIG: bytes", "\003\r", "\003\n", "^C\r\n", .lflag_off = ISIG),
    CASE("no echo", "secret\r", "secret\n", "", .lflag_off = ECHO),
    CASE("no echo but ECHONL", "secret\r", "secret\n", "\r\n", .lflag_off = ECHO,
         .lflag_on = ECHONL),
    CASE("no ECHOCTL", "\001\r", "\001\n", "\001\r\n", .lflag_off = ECHOCTL),
    CASE("IGNCR", "a\r\n", "a\n", "a\r\n", .iflag_off = ICRNL, .iflag_on = IGNCR),
    CASE("CR stays without ICRNL", "a\r\n", "a\r\n", "a^M\r\n", .iflag_off = ICRNL),
    CASE("INLCR", "a\n\r", "a\r\n", "a^M\r\n", .iflag_on = INLCR),
    CASE("ISTRIP", "\xe1\r", "a\n", "a\r\n", .iflag_on = ISTRIP),
    CASE("no OPOST", "a\r", "a\n", "a\n", .oflag_off = OPOST),
    CASE("tabs as spaces", "ab\tc\r", "ab\tc\n", "ab      c\r\n", .oflag_on = XTABS),
    CASE("flow control is eaten", "a\023b\021c\r", "abc\n", "abc\r\n"),
    CASE("no IXON: bytes", "\023\r", "\023\n", "^S\r\n", .iflag_off = IXON),
    CASE("raw: every byte at once", "a\003\r\177\004", "a\003\r\177\004", "",
         .iflag_off = ICRNL | IXON,
     .lflag_off = ICANON | ISIG | ECHO),
    CASE("raw with echo and ICRNL", "ab\r", "ab\n", "ab\r\n", .lflag_off = ICANON),
    CASE("IEXTEN off: no word erase", "a\027\r", "a\027\n", "a^W\r\n", .lflag_off = IEXTEN),
};

static bool run_script(const struct script *s) {
    char got[4096];
    struct ldisc *ld = new_ldisc();
    struct termios t = ld->termios;
    t.c_iflag = (t.c_iflag & ~s->iflag_off) | s->iflag_on;
    t.c_oflag = (t.c_oflag & ~s->oflag_off) | s->oflag_on;
    t.c_lflag = (t.c_lflag & ~s->lflag_off) | s->lflag_on;
    ldisc_set_termios(ld, &t);
    int sig = type(ld, s->typed, strlen(s->typed));
    read_all(ld, got, s->piece ? s->piece : 1000);
    bool ok = sig == s->sig && !strcmp(got, s->read) && !strcmp(shown, s->shown);
    if (!ok) {
        printf("tty_test: %s:\n", s->name);
        print_escaped("read ", got);
        print_escaped("want ", s->read);
        print_escaped("shown", shown);
        print_escaped("want ", s->shown);
        printf("  signal %d, want %d\n", sig, s->sig);
    }
    free(ld);
    return ok;
}

static void test_scripts(void) {
    int wrong = 0;
    for (size_t i = 0; i < ARRAY_SIZE(scripts); i++)
        wrong += !run_script(&scripts[i]);
    CHECK(wrong == 0, "%d of %zu scripts", wrong, ARRAY_SIZE(scripts));
}

// ---- cases that a script cannot tell ----

static void test_long_line(void) {
    struct ldisc *ld = new_ldisc();
    char *buf = malloc(2 * LDISC_SIZE);
    for (int i = 0; i < 2 * LDISC_SIZE; i++)
        type(ld, "x", 1);
    type(ld, "\n", 1);
    size_t n = ldisc_read(ld, buf, 2 * LDISC_SIZE);
    CHECK(n == LDISC_SIZE && buf[n - 1] == '\n', "a line that is too long is cut, not lost");
    free(buf);
    free(ld);
}

static void test_full_by_lines(void) {
    struct ldisc *ld = new_ldisc();
    int lines = 0;
    while (!ldisc_full(ld) && lines < LDISC_SIZE) {
        type(ld, "abcdefg\n", 8);
        lines++;
    }
    CHECK(lines < LDISC_SIZE / 8 && lines > LDISC_SIZE / 8 - 20, "throttled, but not too early");
    char line[16];
    bool all = true;
    for (int i = 0; i < lines; i++)
        all = all && ldisc_read(ld, line, sizeof(line)) == 8 && !memcmp(line, "abcdefg\n", 8);
    CHECK(all && !ldisc_full(ld), "every line comes back");
    free(ld);
}

// Chunks as large as the UART's, lines of every length: what arrives before ldisc_full() is kept.
static void test_full_by_chunks(void) {
    bool ok = true;
    for (size_t length = 2; length < 200; length++) {
        struct ldisc *ld = new_ldisc();
        char line[256];
        size_t typed = 0, got = 0, n;
        bool ready;
        while (!ldisc_full(ld))
            for (int i = 0; i < 64; i++, typed++)
                ldisc_input(ld, typed % length == length - 1 ? '\n' : 'x');
        while (ldisc_available(ld, &ready), ready) {
            n = ldisc_read(ld, line, sizeof(line));
            ok = ok && n == length;
            got += n;
        }
        ok = ok && !ready && got == typed / length * length;
        ldisc_input(ld, '\n'); // the rest: an unfinished line
        ok = ok && ldisc_read(ld, line, sizeof(line)) == typed % length + 1;
        free(ld);
    }
    CHECK(ok, "nothing is lost before throttling");
}

static void test_mode_change(void) {
    struct ldisc *ld = new_ldisc();
    struct termios raw = ld->termios, cooked = ld->termios;
    char got[100];
    raw.c_lflag &= ~(tcflag_t)ICANON;
    type(ld, "abc", 3);
    ldisc_set_termios(ld, &raw);
    ldisc_check(ld);
    read_all(ld, got, 10);
    CHECK(!strcmp(got, "abc"), "to raw: what was being edited can be read");
    type(ld, "xy", 2);
    ldisc_set_termios(ld, &cooked);
    ldisc_check(ld);
    read_all(ld, got, 10);
    CHECK(!strcmp(got, "xy"), "to canonical: what came raw can be read");
    free(ld);
}

static void test_output_limit(void) {
    struct ldisc *ld = new_ldisc();
    char out[LDISC_OUT_MAX + 3], all[100] = "";
    const char *in = "a\nb\tc\n\nd";
    size_t used, len = strlen(in), total = 0;
    for (const char *p = in; *p; p += used, len -= used) {
        size_t n = ldisc_output(ld, p, len, out, sizeof(out), &used);
        memcpy(all + total, out, n);
        total += n;
    }
    CHECK(!strcmp(all, "a\r\nb\tc\r\n\r\nd"), "output in small pieces");
    free(ld);
}

// ---- random input against a model ----

// The model: the lines that can be read as strings in an array, and the line being edited.
struct model {
    uint8_t edit[1024];
    size_t edit_len, lines, first;
    struct {
        uint8_t bytes[1024];
        size_t len;
    } line[64];
    bool literal;
};

static bool model_word(uint8_t c) {
    static const char word[] = "0123456789abcdefghijklmnopqrstuvwxyz_ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    return (c && strchr(word, c)) || c > 127;
}

static void model_end(struct model *m, int c) {
    if (c >= 0)
        m->edit[m->edit_len++] = (uint8_t)c;
    memcpy(m->line[m->lines].bytes, m->edit, m->edit_len);
    m->line[m->lines++].len = m->edit_len;
    m->edit_len = 0;
}

static void model_pop(struct model *m) {
    while (m->edit_len > 0 && (m->edit[--m->edit_len] & 0xc0) == 0x80)
        ;
}

static void model_word_erase(struct model *m) {
    while (m->edit_len > 0 && !model_word(m->edit[m->edit_len - 1]))
        model_pop(m);
    while (m->edit_len > 0 && model_word(m->edit[m->edit_len - 1]))
        model_pop(m);
}

static void model_type(struct model *m, uint8_t c) {
    if (m->literal) {
        m->literal = false;
        m->edit[m->edit_len++] = c;
    } else if (c == '\n' || c == '\r') {
        model_end(m, '\n');
    } else if (c == 4) {
        model_end(m, -1);
    } else if (c == 127) {
        model_pop(m);
    } else if (c == 23) {
        model_word_erase(m);
    } else if (c == 21) {
        m->edit_len = 0;
    } else if (c == 22) {
        m->literal = true;
    } else if (c == 3 || c == 28 || c == 26) {
        *m = (struct model){0};
    } else if (c != 17 && c != 18 && c != 19) {
        m->edit[m->edit_len++] = c;
    }
}

static uint32_t rnd(void) { return (uint32_t)(host_random() >> 32); }

// The keys that matter come often.
static uint8_t random_key(void) {
    static const uint8_t keys[] = {'\n', '\r', 4, 127, 127, 23, 21, 22, 3, 28, 26, 17, 18, 19, ' ',
                                   '\t', 'a', 'b', '_', 0xc3, 0xa4, 0, '-'};
    return rnd() % 4 ? (uint8_t)('a' + rnd() % 26) : rnd() % 8 ? keys[rnd() % sizeof(keys)]
                                                               : (uint8_t)rnd();
}

static bool compare_lines(struct ldisc *ld, struct model *m) {
    bool ready, ok = true;
    char got[2048];
    while (ldisc_available(ld, &ready), ready && ok && m->first < m->lines) {
        size_t n = ldisc_read(ld, got, sizeof(got));
        ok = n == m->line[m->first].len && !memcmp(got, m->line[m->first].bytes, n);
        m->first++;
    }
    ok = ok && ready == (m->first < m->lines);
    m->first = m->lines = 0;
    return ok;
}

static bool random_round(void) {
    struct ldisc *ld = new_ldisc();
    struct model *m = calloc(1, sizeof(*m));
    bool ok = true;
    for (int i = 0; i < 400 && ok; i++) {
        uint8_t c = random_key();
        shown_len = 0;
        type(ld, (char *)&c, 1);
        model_type(m, c);
        if (m->lines == 60 || rnd() % 50 == 0)
            ok = compare_lines(ld, m);
    }
    ok = ok && compare_lines(ld, m);
    free(m);
    free(ld);
    return ok;
}

// No model here: any flags, any mode changes, any reads; the invariants and the sanitizers judge.
static void wild_round(void) {
    struct ldisc *ld = new_ldisc();
    char buf[300];
    bool ready;
    for (int i = 0; i < 3000; i++) {
        uint8_t c = random_key();
        shown_len = 0;
        type(ld, (char *)&c, 1);
        if (rnd() % 40 == 0) {
            struct termios t = ld->termios;
            t.c_iflag ^= 1u << rnd() % 15;
            t.c_oflag ^= rnd() % 8 ? 1u << rnd() % 6 : XTABS;
            t.c_lflag ^= 1u << rnd() % 16;
            t.c_cc[rnd() % NCCS] = (cc_t)rnd();
            ldisc_set_termios(ld, &t);
        }
        size_t used;
        if (rnd() % 10 == 0)
            ldisc_output(ld, (char *)&host_state, 8, buf, LDISC_OUT_MAX + rnd() % 30, &used);
        if (rnd() % 300 == 0)
            ldisc_flush_input(ld);
        if (rnd() % 60 == 0 && (ldisc_available(ld, &ready), ready))
            ldisc_read(ld, buf, rnd() % sizeof(buf));
        ldisc_check(ld);
    }
    free(ld);
}

static void test_random(void) {
    for (int i = 0; i < 200; i++)
        CHECK(random_round(), "round %d: the model differs", i);
}

static void test_wild(void) {
    for (int i = 0; i < 100; i++)
        wild_round();
}

static const struct host_case cases[] = {
    {"scripts", test_scripts},
    {"a line that is too long", test_long_line},
    {"throttling by lines", test_full_by_lines},
    {"throttling by chunks", test_full_by_chunks},
    {"mode changes keep input", test_mode_change},
    {"output in small pieces", test_output_limit},
    {"random input agrees with the model", test_random},
    {"random input, flags, modes and reads", test_wild},
};
HOST_MAIN("tty_test", cases)
