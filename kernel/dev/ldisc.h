// The line discipline: what termios(3) says happens to bytes between a keyboard and a reader. Pure:
// no locks, no sleeping, no device; the tests run it on the host. dev/tty.c supplies the rest and
// holds its lock around every call.
#pragma once

#include "abi/termios.h"
#include "lib/compiler.h"

#define LDISC_SIZE 4096 // unread input; Linux's limit for a line being edited

struct ldisc {
    struct termios termios;
    // Upcall: bytes to show, after output processing.
    void (*echo)(struct ldisc *ld, const char *s, size_t n);
    uint8_t buf[LDISC_SIZE];
    uint64_t marks[LDISC_SIZE / 64]; // bit: this byte ends a line
    uint32_t tail, line, head;       // free-running: tail <= line <= head
    uint32_t column;                 // of the cursor
    uint32_t line_column;            // where the line being edited began
    bool literal;                    // the next byte is taken as it is (VLNEXT)
    bool stopped;                    // output stopped by VSTOP
};

void ldisc_init(struct ldisc *ld, void (*echo)(struct ldisc *, const char *, size_t));
// One byte came. Returns the signal that it asks for, or 0.
int ldisc_input(struct ldisc *ld, uint8_t c);
// Bytes that a read would return now. *ready says whether a read has something to return: also
// true for an end of file (then 0 bytes).
size_t ldisc_available(const struct ldisc *ld, bool *ready);
// In canonical mode: up to the end of one line; 0 at an end of file. Call it only when ready.
size_t ldisc_read(struct ldisc *ld, char *buf, size_t n);
// Input should stop until somebody reads.
bool ldisc_full(const struct ldisc *ld);
// Output processing: translates from in[0..n) into out[0..size), stops when the next byte would
// not fit. Returns bytes written; *used how many bytes of `in` they stand for.
// size must be at least LDISC_OUT_MAX.
#define LDISC_OUT_MAX 8 // one byte becomes at most a tab's worth of spaces
size_t ldisc_output(struct ldisc *ld, const char *in, size_t n, char *out, size_t size,
                    size_t *used);
void ldisc_set_termios(struct ldisc *ld, const struct termios *new);
void ldisc_flush_input(struct ldisc *ld);
// Asserts the invariants; for the tests.
void ldisc_check(const struct ldisc *ld);
