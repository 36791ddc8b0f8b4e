#include "dev/tty.h"

#include "abi/errno.h"
#include "abi/poll.h"
#include "dev/ldisc.h"
#include "dev/uart.h"
#include "klog/debugcmd.h"
#include "klog/printk.h"
#include "lib/assert.h"
#include "riscv/atomic.h"
#include "sched/sched.h"
#include "sched/timer.h"
#include "sched/waitq.h"
#include "sync/spinlock.h"

// The console terminal: joins the UART, the line discipline (dev/ldisc.c) and the threads that
// sleep for input or for room.
//
//   UART interrupt -> tty_receive -> ldisc_input -> [lines] -> tty_read
//                                       | echo, signal
//   UART queue <------------------------+-- ldisc_output <---- tty_write
//
// When the input buffer is nearly full the UART is throttled: bytes stay in the chip and the sender
// stops, so that a script piped into the console loses nothing; reading releases it. (A single line
// that is too long to be read is cut instead: nobody could ever release that.)
//
// Ctrl-T and a letter in canonical mode run a debug command (klog/debugcmd.h).
//
// Invariants: 1. only this file calls uart_write(), under the lock: the room seen is the room had.
//             2. the signal upcall and debug commands run without the lock.
//             3. throttled == (the UART's input is switched off).
// Locks: tty->lock (RANK_TTY) for all of it; session, pgrp and winsize are single words.

#define CTRL_T 0x14
#define ROOM_ENOUGH 256 // poll and sleeping writers want this much of the UART's queue
#define TENTH_NS 100000000UL
#define DRAIN_POLL_NS 1000000UL

struct tty {
    struct ldisc ldisc; // [lock]
    struct spinlock lock;
    bool throttled;  // [lock]
    bool debug_next; // [lock] Ctrl-T came
    struct waitq waitq; // readers, writers, pollers
    struct winsize winsize; // [lock]
    int session, pgrp;      // [a]
};

static struct tty console;
static void (*send_signal)(int pgid, int sig); // [a] set once

struct tty *tty_console(void) { return &console; }

// ---- from the UART ----

static void tty_echo(struct ldisc *ld, const char *s, size_t n) {
    (void)ld;
    uart_write(s, n); // what does not fit is not shown: the line itself is kept
}

// Lock held on entry and exit; dropped around the upcalls.
static void receive_byte(struct tty *t, uint8_t c) {
    bool canonical = t->ldisc.termios.c_lflag & ICANON;
    if (t->debug_next) {
        t->debug_next = false;
        spin_unlock(&t->lock);
        debugcmd_run((char)c);
        spin_lock(&t->lock);
        return;
    }
    if (c == CTRL_T && canonical && !t->ldisc.literal) {
        t->debug_next = true;
        return;
    }
    int sig = ldisc_input(&t->ldisc, c);
    int pgrp = tty_pgrp(t);
    if (!sig || pgrp <= 0 || !send_signal)
        return;
    spin_unlock(&t->lock);
    send_signal(pgrp, sig);
    spin_lock(&t->lock);
}

// Lock held.
static void update_throttle(struct tty *t) {
    bool full = ldisc_full(&t->ldisc);
    if (full == t->throttled)
        return;
    t->throttled = full;
    uart_throttle(full);
}

static void tty_receive(const char *s, size_t n) {
    struct tty *t = &console;
    spin_lock(&t->lock);
    for (size_t i = 0; i < n; i++)
        receive_byte(t, (uint8_t)s[i]);
    update_throttle(t);
    spin_unlock(&t->lock);
    waitq_wake_all(&t->waitq);
}

static void tty_has_room(void) { waitq_wake_all(&console.waitq); }

static const struct uart_client tty_client = {.receive = tty_receive, .room = tty_has_room};

// ---- reading ----

// Bytes that can be read; in canonical mode at least 1 when an end of file is waiting.
static size_t readable(struct tty *t) {
    bool ready;
    spin_lock(&t->lock);
    size_t n = ldisc_available(&t->ldisc, &ready);
    spin_unlock(&t->lock);
    return ready && n == 0 ? 1 : n;
}

// Sleeps until `want` bytes are there, but no longer than gap_ns after the first one and between
// any two. 0 (something is there) or -EINTR (nothing is).
static int wait_bytes(struct tty *t, size_t want, uint64_t gap_ns) {
    if (gap_ns == 0)
        return wait_event_interruptible(&t->waitq, readable(t) >= want);
    int err = wait_event_interruptible(&t->waitq, readable(t) >= 1);
    size_t have;
    while (!err && (have = readable(t)) < want)
        if (wait_event_interruptible_until(&t->waitq, readable(t) != have, ktime_ns() + gap_ns))
            break;
    return err;
}

// Once, when the keyboard is first waited for: the prompt is there. `make bench` reads this line.
static void report_prompt(struct tty *t) {
    static uint32_t reported; // [a]
    struct sched_stats stats;
    if (atomic_load_relaxed(&reported) || readable(t) || atomic_swap(&reported, 1))
        return;
    sched_get_stats(&stats);
    pr_debug("tty: first waits after %lu ns, %lu idle\n", ktime_ns(), stats.idle_ns);
}

// Raw mode's four cases by VMIN and VTIME. 0: read what is there, may be nothing. Or -EINTR.
static int wait_raw(struct tty *t, size_t n, size_t vmin, uint64_t time_ns) {
    if (vmin > 0)
        return wait_bytes(t, min(vmin, n), time_ns);
    if (time_ns == 0)
        return 0;
    int err = wait_event_interruptible_until(&t->waitq, readable(t) >= 1, ktime_ns() + time_ns);
    return err == -ETIME ? 0 : err;
}

// Takes what is there. False: nothing, not even an end of file.
static bool take_input(struct tty *t, char *buf, size_t n, ssize_t *got) {
    bool ready;
    spin_lock(&t->lock);
    ldisc_available(&t->ldisc, &ready);
    if (ready)
        *got = (ssize_t)ldisc_read(&t->ldisc, buf, n);
    update_throttle(t);
    spin_unlock(&t->lock);
    return ready;
}

ssize_t tty_read(struct tty *t, char *buf, size_t n, bool nonblock) {
    if (n == 0)
        return 0;
    for (;;) { // again when another reader was faster, or the mode was changed meanwhile
        struct termios now;
        ssize_t got;
        tty_get_termios(t, &now);
        bool canonical = now.c_lflag & ICANON;
        size_t vmin = canonical ? 1 : now.c_cc[VMIN];
        uint64_t time_ns = canonical ? 0 : now.c_cc[VTIME] * TENTH_NS;
        if (!nonblock) {
            report_prompt(t);
            int err = wait_raw(t, n, vmin, time_ns);
            if (err)
                return err;
        }
        if (take_input(t, buf, n, &got))
            return got;
        if (vmin == 0 && (!nonblock || time_ns == 0))
            return 0;
        if (nonblock)
            return -EAGAIN;
    }
}

size_t tty_input_available(struct tty *t) {
    bool ready;
    spin_lock(&t->lock);
    size_t n = ldisc_available(&t->ldisc, &ready);
    spin_unlock(&t->lock);
    return n;
}

// ---- writing ----

static bool can_write(struct tty *t) {
    return !READ_ONCE(t->ldisc.stopped) && uart_room() >= ROOM_ENOUGH;
}

// Sends as much as fits now; returns how many bytes of s that was.
static size_t write_some(struct tty *t, const char *s, size_t n) {
    char out[ROOM_ENOUGH];
    size_t used = 0;
    spin_lock(&t->lock);
    size_t room = min(uart_room(), sizeof(out));
    if (!t->ldisc.stopped && room >= LDISC_OUT_MAX) {
        size_t len = ldisc_output(&t->ldisc, s, n, out, room, &used);
        size_t sent = uart_write(out, len);
        assertf(sent == len, "room %zu, %zu of %zu sent", room, sent, len);
    }
    spin_unlock(&t->lock);
    return used;
}

ssize_t tty_write(struct tty *t, const char *buf, size_t n, bool nonblock) {
    size_t done = 0;
    while (done < n) {
        size_t used = write_some(t, buf + done, n - done);
        done += used;
        if (used > 0) {
            cond_resched();
            continue;
        }
        int err = nonblock ? -EAGAIN : wait_event_interruptible(&t->waitq, can_write(t));
        if (err)
            return done ? (ssize_t)done : err;
    }
    return (ssize_t)done;
}

int tty_drain(struct tty *t) {
    int err = wait_event_interruptible(&t->waitq, !READ_ONCE(t->ldisc.stopped));
    while (!err && !uart_idle())
        err = sleep_until(ktime_ns() + DRAIN_POLL_NS);
    return err;
}

void tty_flush(struct tty *t, bool input, bool output) {
    spin_lock(&t->lock);
    if (input)
        ldisc_flush_input(&t->ldisc);
    if (output)
        uart_discard();
    update_throttle(t);
    spin_unlock(&t->lock);
    waitq_wake_all(&t->waitq);
}

// ---- state ----

uint32_t tty_poll(struct tty *t) {
    bool ready;
    spin_lock(&t->lock);
    const struct termios *now = &t->ldisc.termios;
    size_t want = 1, n = ldisc_available(&t->ldisc, &ready);
    if (!(now->c_lflag & ICANON) && now->c_cc[VTIME] == 0 && now->c_cc[VMIN] > 0)
        want = now->c_cc[VMIN];
    spin_unlock(&t->lock);
    uint32_t events = can_write(t) ? POLLOUT : 0;
    return events | (ready && (n >= want || want == 1) ? POLLIN : 0);
}

struct waitq *tty_waitq(struct tty *t) { return &t->waitq; }

void tty_get_termios(struct tty *t, struct termios *out) {
    spin_lock(&t->lock);
    *out = t->ldisc.termios;
    spin_unlock(&t->lock);
}

int tty_set_termios(struct tty *t, const struct termios *in, bool drain, bool flush) {
    int err = drain ? tty_drain(t) : 0;
    if (err)
        return err;
    spin_lock(&t->lock);
    if (flush)
        ldisc_flush_input(&t->ldisc);
    ldisc_set_termios(&t->ldisc, in);
    t->debug_next = false;
    update_throttle(t);
    spin_unlock(&t->lock);
    waitq_wake_all(&t->waitq);
    return 0;
}

void tty_get_winsize(struct tty *t, struct winsize *out) {
    spin_lock(&t->lock);
    *out = t->winsize;
    spin_unlock(&t->lock);
}

void tty_set_winsize(struct tty *t, const struct winsize *in) {
    spin_lock(&t->lock);
    t->winsize = *in;
    spin_unlock(&t->lock);
}

int tty_session(struct tty *t) { return READ_ONCE(t->session); }
void tty_set_session(struct tty *t, int sid) { WRITE_ONCE(t->session, sid); }
int tty_pgrp(struct tty *t) { return READ_ONCE(t->pgrp); }
void tty_set_pgrp(struct tty *t, int pgid) { WRITE_ONCE(t->pgrp, pgid); }

void tty_set_signal(void (*signal_group)(int pgid, int sig)) {
    atomic_store(&send_signal, signal_group);
}

void tty_init(void) {
    ldisc_init(&console.ldisc, tty_echo);
    spin_init(&console.lock, "tty", RANK_TTY);
    waitq_init(&console.waitq);
    console.winsize = (struct winsize){.ws_row = 24, .ws_col = 80};
    uart_set_client(&tty_client);
}
