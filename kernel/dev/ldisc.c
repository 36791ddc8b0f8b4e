#include "dev/ldisc.h"

#include "abi/signal.h"
#include "lib/assert.h"
#include "lib/bitmap.h"
#include "lib/string.h"

// Input is one ring with three indices:
//
//        tail            line            head
//   ------|---------------|---------------|------
//         | lines to read | being edited  |
//
// Canonical mode: bytes enter at head, where they can still be erased; an end of line moves `line`
// up to head and leaves a mark on its last byte. Readers take from tail up to a mark. An end of
// file (^D) is a marked NUL byte that readers do not get: after "ab^D" a read returns "ab", after a
// lone ^D it returns nothing. (VEOL cannot be NUL: that value means "no character".)
// Raw mode: `line` follows head, so everything that came can be read.
//
// Invariants: 1. tail <= line <= head, head - tail <= LDISC_SIZE.
//             2. marks are set only on bytes of [tail, line).
//             3. canonical mode: if line != tail, the byte before `line` is marked.
//             4. raw mode: line == head.
//             5. canonical mode keeps one byte free for an end of line, so that a line that is too
//                long can always be ended.
//
// Sources: POSIX.1-2017, chapter 11 (General Terminal Interface); termios(3). Where they leave a
// choice, as on Linux. UTF-8: with IUTF8 an erase takes a whole character.

#define MASK (LDISC_SIZE - 1)
#define ROOM_KEPT 128 // while there is more, a chunk of the receiver (64) and an end of line fit

static bool has(const struct ldisc *ld, tcflag_t lflag) { return ld->termios.c_lflag & lflag; }
static bool has_all(const struct ldisc *ld, tcflag_t lflags) {
    return (ld->termios.c_lflag & lflags) == lflags;
}
static bool is_cc(const struct ldisc *ld, int which, uint8_t c) {
    return c != 0 && c == ld->termios.c_cc[which]; // 0 switches a character off
}
static bool is_control(uint8_t c) { return c < 32 || c == 127; }
static bool is_continuation(const struct ldisc *ld, uint8_t c) {
    return ld->termios.c_iflag & IUTF8 && (c & 0xc0) == 0x80;
}
static uint32_t tab_width(uint32_t column) { return 8 - column % 8; }

// ---- output ----

static size_t put_newline(struct ldisc *ld, char *out) {
    tcflag_t oflag = ld->termios.c_oflag;
    size_t n = 0;
    if (oflag & ONLCR)
        out[n++] = '\r';
    if (oflag & (ONLCR | ONLRET))
        ld->column = 0;
    out[n++] = '\n';
    return n;
}

static size_t put_return(struct ldisc *ld, char *out) {
    tcflag_t oflag = ld->termios.c_oflag;
    if (oflag & ONOCR && ld->column == 0)
        return 0;
    if (oflag & OCRNL)
        return put_newline(ld, out);
    ld->column = 0;
    out[0] = '\r';
    return 1;
}

static size_t put_tab(struct ldisc *ld, char *out) {
    uint32_t width = tab_width(ld->column);
    ld->column += width;
    if ((ld->termios.c_oflag & TABDLY) == XTABS) {
        memset(out, ' ', width);
        return width;
    }
    out[0] = '\t';
    return 1;
}

// Translates one byte; at most LDISC_OUT_MAX bytes come out.
static size_t put_byte(struct ldisc *ld, uint8_t c, char *out) {
    switch (c) {
    case '\n':
        return put_newline(ld, out);
    case '\r':
        return put_return(ld, out);
    case '\t':
        return put_tab(ld, out);
    case '\b':
        ld->column -= ld->column > 0;
        break;
    default:
        if (ld->termios.c_oflag & OLCUC && c >= 'a' && c <= 'z')
            c -= 'a' - 'A';
        ld->column += !is_control(c) && !is_continuation(ld, c);
    }
    out[0] = (char)c;
    return 1;
}

size_t ldisc_output(struct ldisc *ld, const char *in, size_t n, char *out, size_t size,
                    size_t *used) {
    size_t i = 0, len = 0;
    if (!(ld->termios.c_oflag & OPOST)) {
        i = len = min(n, size);
        memcpy(out, in, len);
    }
    while (i < n && len + LDISC_OUT_MAX <= size)
        len += put_byte(ld, (uint8_t)in[i++], out + len);
    *used = i;
    return len;
}

// ---- echo ----

static void echo_bytes(struct ldisc *ld, const char *s, size_t n) {
    char out[4 * LDISC_OUT_MAX];
    for (size_t used; n > 0; s += used, n -= used) {
        size_t len = ldisc_output(ld, s, n, out, sizeof(out), &used);
        ld->echo(ld, out, len);
    }
}

// Shows a control character as ^X where ECHOCTL asks for it.
static void echo_char(struct ldisc *ld, uint8_t c) {
    char s[2] = {(char)c, 0};
    size_t n = 1;
    if (has(ld, ECHOCTL) && is_control(c) && c != '\t' && c != '\n') {
        s[0] = '^';
        s[1] = (char)(c ^ 0x40);
        n = 2;
    }
    echo_bytes(ld, s, n);
}

static void echo_if(struct ldisc *ld, uint8_t c) {
    if (has(ld, ECHO))
        echo_char(ld, c);
}

// Columns that byte c, echoed at `column`, takes.
static uint32_t echo_width(const struct ldisc *ld, uint8_t c, uint32_t column) {
    if (c == '\t')
        return tab_width(column);
    if (c == '\n')
        return 0; // a literal one: the cursor has left the row
    if (is_control(c))
        return has(ld, ECHOCTL) ? 2 : 0;
    return is_continuation(ld, c) ? 0 : 1;
}

// ---- editing ----

static uint8_t byte_at(const struct ldisc *ld, uint32_t i) { return ld->buf[i & MASK]; }

static uint32_t used_bytes(const struct ldisc *ld) { return ld->head - ld->tail; }

static void erase_shown(struct ldisc *ld, uint8_t c) {
    uint32_t column = ld->line_column;
    for (uint32_t i = ld->line; c == '\t' && i != ld->head; i++)
        column += echo_width(ld, byte_at(ld, i), column);
    for (uint32_t width = echo_width(ld, c, column); width > 0; width--)
        echo_bytes(ld, c == '\t' ? "\b" : "\b \b", c == '\t' ? 1 : 3);
}

// Takes the last character of the line being edited away (all bytes of it). The line is not empty.
static void erase_last(struct ldisc *ld, bool show) {
    uint8_t c;
    do {
        c = byte_at(ld, --ld->head);
    } while (is_continuation(ld, c) && ld->head != ld->line);
    if (show)
        erase_shown(ld, c);
}

static void erase_char(struct ldisc *ld) {
    if (ld->head == ld->line)
        return;
    bool visual = has_all(ld, ECHO | ECHOE);
    erase_last(ld, visual);
    if (!visual)
        echo_if(ld, ld->termios.c_cc[VERASE]);
}

static bool is_word_byte(uint8_t c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_' ||
           c >= 0x80;
}

// Blanks and signs before the cursor, then the word before them.
static void erase_word(struct ldisc *ld) {
    bool show = has_all(ld, ECHO | ECHOE), in_word = false;
    while (ld->head != ld->line) {
        bool word = is_word_byte(byte_at(ld, ld->head - 1));
        if (in_word && !word)
            break;
        in_word = word;
        erase_last(ld, show);
    }
}

static void erase_line(struct ldisc *ld) {
    bool visual = has_all(ld, ECHO | ECHOE | ECHOK | ECHOKE);
    while (visual && ld->head != ld->line)
        erase_last(ld, true);
    ld->head = ld->line;
    if (visual)
        return;
    echo_if(ld, ld->termios.c_cc[VKILL]);
    if (has_all(ld, ECHO | ECHOK))
        echo_char(ld, '\n');
}

static void reprint_line(struct ldisc *ld) {
    echo_char(ld, ld->termios.c_cc[VREPRINT]);
    echo_char(ld, '\n');
    ld->line_column = ld->column;
    for (uint32_t i = ld->line; i != ld->head; i++)
        echo_char(ld, byte_at(ld, i));
}

// ---- input ----

static void append(struct ldisc *ld, uint8_t c) { ld->buf[ld->head++ & MASK] = c; }

// Ends the line being edited with byte c. There is room: invariant 5, unless lines wait unread.
static void end_line(struct ldisc *ld, uint8_t c) {
    if (used_bytes(ld) == LDISC_SIZE)
        return;
    bit_set(ld->marks, ld->head & MASK);
    append(ld, c);
    ld->line = ld->head;
}

static void store(struct ldisc *ld, uint8_t c) {
    bool canonical = has(ld, ICANON);
    if (used_bytes(ld) >= LDISC_SIZE - (canonical ? 1 : 0)) {
        if (ld->termios.c_iflag & IMAXBEL)
            ld->echo(ld, "\a", 1);
        return;
    }
    if (ld->head == ld->line)
        ld->line_column = ld->column; // the prompt may have been printed since
    append(ld, c);
    if (!canonical)
        ld->line = ld->head;
    echo_if(ld, c);
}

// Flow control. True: c was start or stop and is gone.
static bool input_flow(struct ldisc *ld, uint8_t c) {
    tcflag_t iflag = ld->termios.c_iflag;
    if (!(iflag & IXON))
        return false;
    if (is_cc(ld, VSTOP, c) || is_cc(ld, VSTART, c)) {
        ld->stopped = !is_cc(ld, VSTART, c);
        return true;
    }
    if (iflag & IXANY)
        ld->stopped = false;
    return false;
}

static int signal_of(const struct ldisc *ld, uint8_t c) {
    if (!has(ld, ISIG))
        return 0;
    if (is_cc(ld, VINTR, c))
        return SIGINT;
    if (is_cc(ld, VQUIT, c))
        return SIGQUIT;
    return is_cc(ld, VSUSP, c) ? SIGTSTP : 0;
}

// The editing characters of canonical mode. True: c was one and is gone.
static bool input_edit(struct ldisc *ld, uint8_t c) {
    bool extended = has(ld, IEXTEN);
    if (is_cc(ld, VERASE, c)) {
        erase_char(ld);
    } else if (is_cc(ld, VKILL, c)) {
        erase_line(ld);
    } else if (extended && is_cc(ld, VWERASE, c)) {
        erase_word(ld);
    } else if (extended && has(ld, ECHO) && is_cc(ld, VREPRINT, c)) {
        reprint_line(ld);
    } else if (extended && is_cc(ld, VLNEXT, c)) {
        ld->literal = true;
        if (has_all(ld, ECHO | ECHOCTL))
            echo_bytes(ld, "^\b", 2);
    } else {
        return false;
    }
    return true;
}

// The characters that end a line. True: c was one.
static bool input_end(struct ldisc *ld, uint8_t c) {
    if (is_cc(ld, VEOF, c)) {
        end_line(ld, 0);
        return true;
    }
    bool eol = is_cc(ld, VEOL, c) || (has(ld, IEXTEN) && is_cc(ld, VEOL2, c));
    if (c != '\n' && !eol)
        return false;
    if (has(ld, ECHO) || (c == '\n' && has(ld, ECHONL)))
        echo_char(ld, c);
    end_line(ld, c);
    return true;
}

int ldisc_input(struct ldisc *ld, uint8_t c) {
    tcflag_t iflag = ld->termios.c_iflag;
    if (iflag & ISTRIP)
        c &= 0x7f;
    if (ld->literal) {
        ld->literal = false;
        store(ld, c);
        return 0;
    }
    if (input_flow(ld, c))
        return 0;
    int sig = signal_of(ld, c);
    if (sig) {
        if (!has(ld, NOFLSH))
            ldisc_flush_input(ld);
        ld->stopped = false;
        echo_if(ld, c);
        return sig;
    }
    if (c == '\r' && iflag & IGNCR)
        return 0;
    if (c == '\r' && iflag & ICRNL)
        c = '\n';
    else if (c == '\n' && iflag & INLCR)
        c = '\r';
    if (!has(ld, ICANON) || (!input_edit(ld, c) && !input_end(ld, c)))
        store(ld, c);
    return 0;
}

// ---- readers ----

static bool is_marked(const struct ldisc *ld, uint32_t i) { return bit_test(ld->marks, i & MASK); }
static bool is_eof(const struct ldisc *ld, uint32_t i) {
    return is_marked(ld, i) && byte_at(ld, i) == 0;
}

size_t ldisc_available(const struct ldisc *ld, bool *ready) {
    *ready = ld->line != ld->tail;
    size_t n = ld->line - ld->tail;
    if (!has(ld, ICANON) || n == 0)
        return n;
    return n - is_eof(ld, ld->line - 1);
}

// Takes the byte at tail away; true when it was marked.
static bool advance(struct ldisc *ld) {
    bool marked = is_marked(ld, ld->tail);
    bit_clear(ld->marks, ld->tail & MASK);
    ld->tail++;
    return marked;
}

size_t ldisc_read(struct ldisc *ld, char *buf, size_t n) {
    size_t i = 0;
    bool ended = false;
    while (i < n && ld->tail != ld->line && !ended) {
        if (is_eof(ld, ld->tail)) {
            ended = advance(ld);
        } else {
            buf[i++] = (char)byte_at(ld, ld->tail);
            ended = advance(ld);
        }
    }
    // "abc^D" read in pieces of 3 is three bytes, not three bytes and an end of file.
    if (i == n && !ended && n > 0 && ld->tail != ld->line && is_eof(ld, ld->tail))
        advance(ld);
    return i;
}

bool ldisc_full(const struct ldisc *ld) {
    return ld->line != ld->tail && LDISC_SIZE - used_bytes(ld) < ROOM_KEPT;
}

// ---- set-up ----

static void clear_marks(struct ldisc *ld) { memset(ld->marks, 0, sizeof(ld->marks)); }

void ldisc_flush_input(struct ldisc *ld) {
    ld->tail = ld->line = ld->head;
    ld->literal = false;
    clear_marks(ld);
}

// Changing between canonical and raw keeps unread bytes: all of them become readable, as one line
// (whose end is the last byte) or as raw bytes.
void ldisc_set_termios(struct ldisc *ld, const struct termios *new) {
    tcflag_t changed = ld->termios.c_lflag ^ new->c_lflag;
    ld->termios = *new;
    if (!(new->c_iflag & IXON))
        ld->stopped = false;
    if (!(changed & ICANON))
        return;
    ld->literal = false;
    ld->line = ld->head;
    clear_marks(ld);
    if (has(ld, ICANON) && ld->head != ld->tail)
        bit_set(ld->marks, (ld->head - 1) & MASK);
}

void ldisc_init(struct ldisc *ld, void (*echo)(struct ldisc *, const char *, size_t)) {
    memset(ld, 0, sizeof(*ld));
    ld->echo = echo;
    ld->termios = (struct termios){
        .c_iflag = ICRNL | IXON | IUTF8 | IMAXBEL,
        .c_oflag = OPOST | ONLCR,
        .c_cflag = B115200 | CS8 | CREAD | HUPCL | CLOCAL,
        .c_lflag = ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHOCTL | ECHOKE | IEXTEN,
        .c_cc = {[VINTR] = 3, [VQUIT] = 28, [VERASE] = 127, [VKILL] = 21, [VEOF] = 4, [VMIN] = 1,
                 [VSTART] = 17, [VSTOP] = 19, [VSUSP] = 26, [VREPRINT] = 18, [VDISCARD] = 15,
                 [VWERASE] = 23, [VLNEXT] = 22},
    };
}

void ldisc_check(const struct ldisc *ld) {
    uint32_t readable = ld->line - ld->tail, used = used_bytes(ld);
    assertf(readable <= used && used <= LDISC_SIZE, "tail %u line %u head %u", ld->tail, ld->line,
            ld->head);
    uint32_t inside = 0;
    for (uint32_t i = ld->tail; i != ld->line; i++)
        inside += is_marked(ld, i);
    size_t marks = bitmap_weight(ld->marks, LDISC_SIZE);
    assertf(inside == marks, "%u marks in lines, %zu in all", inside, marks);
    if (!has(ld, ICANON))
        assertf(ld->line == ld->head && marks == 0, "raw: %u %u", ld->line, ld->head);
    else
        assertf(readable == 0 || is_marked(ld, ld->line - 1), "line of %u has no end", readable);
}
