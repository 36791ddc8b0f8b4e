// The kernel log: a ring of text that keeps the last KLOG_SIZE bytes, and the console sinks.
// printk may be called from any context, interrupts and panics included: it takes only the log
// lock, the last of the lock order.
#pragma once

#include <stdarg.h>

#include "lib/compiler.h"

enum loglevel {
    LOG_EMERG,
    LOG_ALERT,
    LOG_CRIT,
    LOG_ERR,
    LOG_WARNING,
    LOG_NOTICE,
    LOG_INFO,
    LOG_DEBUG,
};

// A line is "<module>: text\n"; "[ssssss.uuuuuu] " is put before it.
void printk(enum loglevel level, const char *fmt, ...) __printf(2, 3);
void vprintk(enum loglevel level, const char *fmt, va_list args);
#define pr_err(...) printk(LOG_ERR, __VA_ARGS__)
#define pr_warn(...) printk(LOG_WARNING, __VA_ARGS__)
#define pr_info(...) printk(LOG_INFO, __VA_ARGS__)
#define pr_debug(...) printk(LOG_DEBUG, __VA_ARGS__)

// Upcall (docs/floors.md): where console output goes; before the UART is up, SBI's console.
void klog_set_sink(void (*write)(const char *text, size_t n));
// Messages below this level reach the sink (default 7: all but debug; "quiet" is 4).
void klog_set_level(int level);
int klog_level(void);
// Copies the newest n bytes of the log; returns how many. For dmesg.
size_t klog_read(char *buf, size_t n);
size_t klog_length(void);
// Ends the rule of locks and levels: from now on everything goes straight out (panic).
void klog_panic_mode(void);
