/* What several files of tests need. */
#ifndef XV_TESTUTIL_H
#define XV_TESTUTIL_H

#include "testlib.h"
#include <sys/mman.h>

#define PAGE 4096UL
#define KIB  1024UL
#define MIB  (1024UL * KIB)
#define GIB  (1024UL * MIB)

/* Addresses that no user may use: the kernel's linear map, and the hole of Sv39. */
#define KERNEL_ADDRESS    0xffffffc000000000UL
#define NON_CANONICAL     0x0000800000000000UL
#define USER_END          0x0000004000000000UL

extern uint64_t test_seed; /* of this run */
extern int test_emulated;  /* by QEMU's user mode on some Linux */

/* A random number from *state: any start value will do. */
uint64_t rnd(uint64_t *state);
/* One below n. */
static inline uint64_t rnd_below(uint64_t *state, uint64_t n) { return rnd(state) % n; }

/* Runs fn(arg) in a child: what wait4 says of it. */
int status_of(void (*fn)(void *arg), void *arg);
/* Fails unless the signal ends a child that runs fn(arg). */
#define check_killed(fn, arg, sig) check_killed_at(__FILE__, __LINE__, #fn, fn, arg, sig)
void check_killed_at(const char *file, int line, const char *what, void (*fn)(void *), void *arg,
                     int sig);
/* Waits for pid, which must exit with this status. */
#define check_exit(pid, status) check_exit_at(__FILE__, __LINE__, pid, status)
void check_exit_at(const char *file, int line, pid_t pid, int status);

/* fork(), which must succeed. */
pid_t xfork(void);
/* A private anonymous mapping for reading and writing. */
void *map_anon(size_t len);
/* Has the pages that are touched and no more, whatever transparent_hugepage/enabled says. */
void keep_small(void *p, size_t len);
/* Whether a read (or write) of one byte there faults, tried by a system call. */
int readable(const void *p);
int writable(void *p);

/* A new file of these bytes; len bytes that depend on seed and offset; the first that differs or
 * -1. */
void make_file(const char *path, const void *data, size_t len);
void fill_pattern(void *buf, size_t len, uint64_t seed, uint64_t off);
long check_pattern(const void *buf, size_t len, uint64_t seed, uint64_t off);
/* All of a small file as text. */
char *read_text(const char *path, char *buf, size_t size);
/* One write to a file that is there: 0 or the error. */
int put_text(const char *path, const char *text);
int all_bytes(const void *buf, int byte, size_t len);

uint64_t now_us(void);
void sleep_ms(int ms);
/* Physical memory in bytes. */
uint64_t ram_bytes(void);
/* A number behind NAME in /proc/meminfo, vmstat, self/status ...: -1 when there is none. */
long proc_value(const char *path, const char *name);

#endif
