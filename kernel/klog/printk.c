// The kernel log.
//
//   printk -> one line on the stack -> ring (always) -> sink (if level < klog_level())
//
// The ring keeps the newest KLOG_SIZE bytes; head counts all bytes ever written.
//
// Locks: a lock of our own, because spinlock.c (one floor up) reports its errors through printk. It
// spins with interrupts off and is the last of the order: the sink runs inside it and may take only
// what no caller of printk holds, which for the UART is nothing. In panic mode there is no lock and
// the sink is the firmware's console, which needs nothing of ours to be intact.
//
// Lines longer than LINE_MAX are cut; a line that its caller left open is continued by the next
// call.
#include "klog/printk.h"

#include "lib/format.h"
#include "lib/string.h"
#include "riscv/atomic.h"
#include "riscv/csr.h"
#include "riscv/machine.h"
#include "riscv/sbi.h"

#define KLOG_SIZE (64 << 10)
#define LINE_MAX 256

static void sbi_write(const char *text, size_t n);

static char ring[KLOG_SIZE];
static uint64_t head;          // [lock]
static bool line_open;         // [lock] the last line has no end yet
static uint32_t lock;          // [a]
static bool panic_mode;
static int console_level = LOG_DEBUG; // messages below it reach the sink
static void (*sink)(const char *text, size_t n) = sbi_write;

static void sbi_write(const char *text, size_t n) {
    for (size_t i = 0; i < n; i++) {
        if (text[i] == '\n')
            sbi_putchar('\r');
        sbi_putchar(text[i]);
    }
}

static uint64_t log_lock(void) {
    uint64_t irq = irq_save();
    while (!panic_mode && atomic_swap(&lock, 1))
        while (READ_ONCE(lock))
            cpu_relax();
    return irq;
}

static void log_unlock(uint64_t irq) {
    atomic_store(&lock, 0);
    irq_restore(irq);
}

static void ring_write(const char *text, size_t n) {
    while (n > 0) {
        size_t at = head % KLOG_SIZE;
        size_t part = min(n, KLOG_SIZE - at);
        memcpy(ring + at, text, part);
        text += part;
        head += part;
        n -= part;
    }
}

static size_t format_time(char *buf, size_t size) {
    uint64_t us = ticks_to_ns(time_read() - machine.boot_ticks) / 1000;
    return (size_t)scnprintf(buf, size, "[%5lu.%06lu] ", us / 1000000, us % 1000000);
}

void vprintk(enum loglevel level, const char *fmt, va_list args) {
    char line[LINE_MAX];
    uint64_t irq = log_lock();
    size_t n = line_open || !machine.timebase ? 0 : format_time(line, sizeof(line));
    int wanted = vsnprintf(line + n, sizeof(line) - n, fmt, args);
    if (wanted < (int)(sizeof(line) - n)) {
        n += (size_t)wanted;
    } else {
        n = sizeof(line) - 1;
        line[n - 1] = '\n';
    }
    line_open = n > 0 && line[n - 1] != '\n';
    ring_write(line, n);
    if ((int)level < console_level || panic_mode)
        sink(line, n);
    log_unlock(irq);
}

void printk(enum loglevel level, const char *fmt, ...) {
    va_list args;
    va_start(args, fmt);
    vprintk(level, fmt, args);
    va_end(args);
}

void klog_set_sink(void (*write)(const char *text, size_t n)) { sink = write; }

void klog_set_level(int level) { console_level = level; }

int klog_level(void) { return console_level; }

size_t klog_length(void) { return min(READ_ONCE(head), (uint64_t)KLOG_SIZE); }

size_t klog_read(char *buf, size_t n) {
    uint64_t irq = log_lock();
    n = min(n, klog_length());
    for (size_t done = 0; done < n;) {
        size_t at = (head - n + done) % KLOG_SIZE;
        size_t part = min(n - done, KLOG_SIZE - at);
        memcpy(buf + done, ring + at, part);
        done += part;
    }
    log_unlock(irq);
    return n;
}

void klog_panic_mode(void) {
    panic_mode = true;
    sink = sbi_write;
}
