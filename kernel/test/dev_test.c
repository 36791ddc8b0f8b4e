// Tests of the small devices: interrupt lines, random numbers, clock, UART and terminal.
#include "abi/errno.h"
#include "dev/irq.h"
#include "dev/random.h"
#include "dev/rtc.h"
#include "dev/tty.h"
#include "dev/uart.h"
#include "lib/string.h"
#include "riscv/machine.h"
#include "sched/timer.h"
#include "test/test.h"

static void no_handler(void *arg) {}

// Finds the line of a handler by its name; 0 when there is none.
static uint32_t line_of(const char *wanted, uint64_t *total) {
    uint64_t counts[CPU_MAX];
    const char *name;
    for (uint32_t line = 0; irq_get_info(line, &name, counts); line++) {
        if (!name || strcmp(name, wanted) != 0)
            continue;
        *total = 0;
        for (int cpu = 0; cpu < machine.cpu_count; cpu++)
            *total += counts[cpu];
        return line;
    }
    return 0;
}

static int test_irq_lines(void) {
    uint64_t total;
    uint32_t uart = line_of("uart", &total);
    KEXPECT(uart != 0, "the UART has no line");
    KEXPECT(irq_register(uart, "test", no_handler, NULL) == -EBUSY, "line %u", uart);
    KEXPECT(irq_register(0, "test", no_handler, NULL) == -EINVAL, "line 0");
    KEXPECT(irq_register(1u << 20, "test", no_handler, NULL) == -EINVAL, "line 2^20");
    return 0;
}

// RFC 8439, 2.3.2.
static int test_chacha20(void) {
    static const uint8_t want[64] = {
        0x10, 0xf1, 0xe7, 0xe4, 0xd1, 0x3b, 0x59, 0x15, 0x50, 0x0f, 0xdd, 0x1f, 0xa3,
        0x20, 0x71, 0xc4, 0xc7, 0xd1, 0xf4, 0xc7, 0x33, 0xc0, 0x68, 0x03, 0x04, 0x22,
        0xaa, 0x9a, 0xc3, 0xd4, 0x6c, 0x4e, 0xd2, 0x82, 0x64, 0x46, 0x07, 0x9f, 0xaa,
        0x09, 0x14, 0xc2, 0xd7, 0x05, 0xd9, 0x8b, 0x02, 0xa2, 0xb5, 0x12, 0x9c, 0xd1,
        0xde, 0x16, 0x4e, 0xb9, 0xcb, 0xd0, 0x83, 0xe8, 0xa2, 0x50, 0x3c, 0x4e};
    uint32_t state[16] = {0x61707865, 0x3320646e, 0x79622d32, 0x6b206574};
    uint8_t *bytes = (uint8_t *)state, got[64];
    for (uint8_t i = 0; i < 32; i++)
        bytes[16 + i] = i;
    state[12] = 1;
    state[13] = 0x09000000;
    state[14] = 0x4a000000;
    random_chacha20_block(state, got);
    KEXPECT(memcmp(got, want, sizeof(want)) == 0, "begins with %02x %02x", got[0], got[1]);
    return 0;
}

static int test_random(void) {
    uint8_t a[64] = {0}, b[64] = {0};
    random_bytes(a, 33);
    random_bytes(b, 33);
    int ones = 0;
    for (int i = 0; i < 33; i++)
        ones += __builtin_popcount(a[i]);
    KEXPECT(memcmp(a, b, 33) != 0, "the same bytes twice");
    KEXPECT(a[33] == 0 && b[33] == 0, "written behind the end");
    KEXPECT(ones > 80 && ones < 184, "%d of 264 bits are set", ones);
    return 0;
}

static int test_rtc(void) {
    uint64_t first = rtc_read_ns(), later;
    uint64_t year = first / 1000000000 / 31556952 + 1970;
    KEXPECT(year >= 2020 && year < 2200, "year %lu", year);
    KEXPECT(sleep_until(ktime_ns() + 5000000) == 0, "no sleep");
    later = rtc_read_ns();
    KEXPECT(later > first && later - first < 60000000000, "%lu ns passed", later - first);
    int64_t off = (int64_t)(later - ktime_ns()) - realtime_offset_ns();
    KEXPECT(off > -5000000000 && off < 5000000000, "the clocks are %ld ns apart", off);
    return 0;
}

// ---- terminal, through the UART's loopback

static void set_raw(struct tty *t, struct termios *saved) {
    tty_drain(t);
    tty_get_termios(t, saved);
    struct termios raw = *saved;
    raw.c_iflag = 0;
    raw.c_oflag = 0;
    raw.c_lflag = 0;
    raw.c_cc[VMIN] = 0;
    raw.c_cc[VTIME] = 5;
    tty_set_termios(t, &raw, true, true);
}

// Sends n bytes and reads them back; how many came back right before the first wrong one.
static size_t echo_through(struct tty *t, const char *s, size_t n) {
    char got[16];
    size_t have = 0, same = 0;
    tty_write(t, s, n, false);
    while (have < n) {
        ssize_t part = tty_read(t, got + have, n - have, false);
        if (part <= 0)
            break;
        have += (size_t)part;
    }
    while (same < have && got[same] == s[same])
        same++;
    return same;
}

static int test_tty_loopback(void) {
    struct tty *t = tty_console();
    struct termios saved;
    uint64_t before = 0, after = 0;
    size_t same = 0;
    char text[16];
    line_of("uart", &before);
    set_raw(t, &saved);
    uart_set_loopback(true);
    for (int i = 0; i < 256; i++) {
        for (size_t j = 0; j < sizeof(text); j++)
            text[j] = (char)(i * 7 + (int)j);
        same += echo_through(t, text, sizeof(text));
    }
    uart_set_loopback(false);
    tty_set_termios(t, &saved, false, true);
    line_of("uart", &after);
    KEXPECT(same == 256 * sizeof(text), "%zu bytes came back", same);
    KEXPECT(after > before, "by %lu interrupts", after - before);
    return 0;
}

static int test_tty_timeout(void) {
    struct tty *t = tty_console();
    struct termios saved;
    char c;
    set_raw(t, &saved);
    uint64_t start = ktime_ns();
    ssize_t got = tty_read(t, &c, 1, false);
    uint64_t took = ktime_ns() - start;
    ssize_t nothing = tty_read(t, &c, 1, true);
    tty_set_termios(t, &saved, false, false);
    KEXPECT(got == 0 && took >= 500000000, "read gave %ld after %lu ns", got, took);
    KEXPECT(nothing == -EAGAIN, "a read that must not wait gave %ld", nothing);
    return 0;
}

const struct ktest dev_tests[] = {
    {"dev: interrupt lines are taken once", test_irq_lines},
    {"dev: ChaCha20 is that of RFC 8439", test_chacha20},
    {"dev: random bytes", test_random},
    {"dev: real-time clock", test_rtc},
    {"dev: terminal through the UART and back", test_tty_loopback},
    {"dev: terminal reads time out", test_tty_timeout},
    {NULL, NULL},
};
