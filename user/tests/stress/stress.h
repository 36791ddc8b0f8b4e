/*
 * stress: tries to break the kernel, and checks every byte it was promised.
 *
 *   stress [-s SEED] [-n PROCESSES] [-t SECONDS] [-d DIR]... [KIND]
 *
 *   mix     processes that map, write, fork, exec, pipe, use files and kill each other (default)
 *   race    the same memory or file used from several sides at once
 *   fuzz    system calls with wild arguments        elf     damaged programs
 *   bomb    forks until it fails, over and over     hog     touches more memory than there is
 *   fill    writes files larger than memory         many    -n processes that live at once
 *   deep    directories in directories              open    -n open files
 *   tree    everything in -d DIR is read, then written: for damaged file systems
 *   image   mounts damaged copies (disk -d WORK) of an image (disk -d GOOD)
 *   swap    memory that does not fit: moved, forked, swapped, on areas -d A and -d B (on and off)
 *   fail    scripts with every 2nd, 3rd, 5th, 9th ... -n-th allocation refused
 *
 * The last line is `stress KIND: ok` or the first thing that was wrong; the status says so. What
 * the kernel holds is compared before and after (leak.h). The seed is printed; on one hart it
 * repeats the run nearly.
 *
 * Running out of memory or space is an answer: every operation may fail with ENOMEM, EAGAIN or
 * ENOSPC, and then must have changed nothing.
 */
#ifndef XV_STRESS_H
#define XV_STRESS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define PAGE 4096UL

struct options {
    uint64_t seed;
    int processes, seconds;
    const char *dirs[4];
    int dir_count;
};
extern struct options options;

/* of the whole run, in memory that all processes share */
struct shared {
    pid_t pid[64];
    uint64_t beats[64];   /* operations of each worker */
    int failed;
    uint64_t done[16], refused; /* operations by kind; those that memory refused */
};
extern struct shared *shared;

/* A random number from *state; one below n. */
uint64_t rnd(uint64_t *state);
static inline uint64_t below(uint64_t *state, uint64_t n) { return rnd(state) % n; }

/* Prints, remembers that the run has failed, and ends this process. */
_Noreturn void broken(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* Whether errno says that there was no room; counts it. Anything else is a failure. */
int refused(const char *what);
uint64_t now_ms(void);
/* Waits for pid, which may exit with 0 or die by SIGKILL. */
void reap(pid_t pid, const char *what);
/* The eight bytes that belong at byte 8*i of something filled with this seed. */
static inline uint64_t pattern(uint64_t seed, uint64_t i)
{
    uint64_t z = (seed + i + 1) * 0xd1342543de82ef95;

    return seed ? z ^ z >> 29 : 0;
}

/* One operation of a worker each. */
void memory_start(uint64_t seed);
void memory_step(uint64_t *r);
void memory_verify(void);
void files_start(int worker, uint64_t seed);
void files_step(uint64_t *r);
void procs_step(uint64_t *r);
/* All that is in the first directory is read, changed, moved and partly removed. */
void use_tree(void);

/* The kinds: 0 or 1, as an exit status. */
int run_mix(void);
int run_race(void);
int run_fuzz(void);
int run_elf(void);
int run_bomb(void);
int run_hog(void);
int run_fill(void);
int run_many(void);
int run_deep(void);
int run_open(void);
int run_tree(void);
int run_image(void);
int run_fail(void);
int run_swap(void);

#endif
