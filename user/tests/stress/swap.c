/*
 * Processes whose memory does not fit: each maps, writes, moves, protects, locks, swaps, forks, and
 * compares every page with what it last wrote there.
 *
 *   arena   [ slot 0        | slot 1        | ...          ]   4 MiB each, at most one block in one
 *   block      [ pages ]                                       at any page of its slot's first half
 *
 * A page's contents are its seed's pattern; seed 0: zeroes.  A child has the same table and pages
 * of its own, but for those of shared blocks, which it only reads.
 *
 * -d AREA, once or twice: swapped on at the start; the second goes off and on again all the time.
 */
#include "stress.h"
#include "../testutil.h"
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/swap.h>
#include <sys/sysinfo.h>
#include <sys/wait.h>
#include <unistd.h>

#define SLOTS   40
#define SLOT    (4 * MIB)
#define ARENA   ((char *)0x1000000000)
#define MOST    512 /* pages of a block */
#define WORDS   (PAGE / 8)
#define RW      (PROT_READ | PROT_WRITE)

static struct block {
    char *p;
    unsigned n; /* pages; 0: there is none */
    int shared, forked; /* the contents are everybody's; others may have it, too */
    uint64_t seed[MOST];
} blocks[SLOTS];
static unsigned pages, budget; /* of all blocks, and how many there may be */
static uint64_t end_ms;
static int on; /* the second area is */

static void count(int kind) { __atomic_fetch_add(&shared->done[kind], 1, __ATOMIC_RELAXED); }

static void write_page(struct block *b, unsigned i, uint64_t seed)
{
    uint64_t *p = (uint64_t *)(b->p + i * PAGE);

    for (unsigned k = 0; k < WORDS; k++)
        p[k] = pattern(seed, k);
    b->seed[i] = seed;
}

static void verify_page(const struct block *b, unsigned i)
{
    const uint64_t *p = (const uint64_t *)(b->p + i * PAGE);

    for (unsigned k = 0; k < WORDS; k++)
        if (p[k] != pattern(b->seed[i], k))
            broken("block %ld at %p, page %u of %u, word %u is %#lx, not %#lx (%s)", b - blocks,
                   (void *)b->p, i, b->n, k, p[k], pattern(b->seed[i], k),
                   b->shared ? "shared" : "private");
}

static void verify(const struct block *b, unsigned from, unsigned n)
{
    for (unsigned i = from; i < from + n; i++)
        verify_page(b, i);
}

static void verify_all(void)
{
    for (int s = 0; s < SLOTS; s++)
        verify(&blocks[s], 0, blocks[s].n);
}

/* A place in the slot: half of the time one at which whole page tables can move. */
static char *place(int slot, uint64_t *r)
{
    return ARENA + slot * SLOT + (below(r, 2) ? below(r, MOST) * PAGE : 0);
}

static char *map_shared(char *at, unsigned n, uint64_t *r)
{
    if (below(r, 2))
        return mmap(at, n * PAGE, RW, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    int id = shmget(IPC_PRIVATE, n * PAGE, 0600);
    if (id < 0)
        return MAP_FAILED;
    char *p = shmat(id, at, 0);
    shmctl(id, IPC_RMID, NULL);
    return p;
}

static void map_block(int slot, uint64_t *r)
{
    struct block *b = &blocks[slot];
    unsigned n = 1 + below(r, below(r, 3) ? 64 : MOST);
    char *at = place(slot, r), *p;

    if (below(r, 4) == 0)
        n = MOST; /* what a large page maps */

    if (pages + n > budget)
        return;
    b->shared = below(r, 4) == 0;
    p = b->shared ? map_shared(at, n, r)
                  : mmap(at, n * PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    if (p == MAP_FAILED) {
        refused("map");
        return;
    }
    if (!b->shared && below(r, 3) == 0)
        madvise(p, n * PAGE, MADV_HUGEPAGE);
    b->p = p;
    b->n = n;
    b->forked = 0;
    memset(b->seed, 0, sizeof b->seed);
    pages += n;
}

static void unmap_block(struct block *b)
{
    if (munmap(b->p, b->n * PAGE)) {
        refused("munmap");
        return;
    }
    pages -= b->n;
    b->n = 0;
}

/* Another length, another place, or both. */
static void remap_block(struct block *b, uint64_t *r)
{
    unsigned n = b->shared ? 1 + below(r, b->n) : 1 + below(r, MOST), to = below(r, SLOTS);
    char *p;

    if (n > b->n && pages + n - b->n > budget)
        n = b->n;
    if (blocks[to].n)
        p = mremap(b->p, b->n * PAGE, (n < b->n ? n : b->n) * PAGE, 0), to = b - blocks;
    else
        p = mremap(b->p, b->n * PAGE, n * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, place(to, r));
    if (p == MAP_FAILED) {
        refused("mremap");
        return;
    }
    if (blocks[to].n)
        n = n < b->n ? n : b->n;
    pages += n - b->n;
    for (unsigned i = b->n; i < n; i++)
        b->seed[i] = 0;
    b->p = p;
    b->n = n;
    if (&blocks[to] == b)
        return;
    blocks[to] = *b;
    b->n = 0;
}

static void advise_part(struct block *b, unsigned from, unsigned n, uint64_t *r)
{
    static const int advice[] = {MADV_PAGEOUT, MADV_PAGEOUT, MADV_COLD, MADV_DONTNEED};
    int what = advice[below(r, 4)];

    if (madvise(b->p + from * PAGE, n * PAGE, what)) {
        refused("madvise");
        return;
    }
    if (what == MADV_DONTNEED && !b->shared)
        memset(b->seed + from, 0, n * sizeof b->seed[0]);
}

static void protect_part(struct block *b, unsigned from, unsigned n)
{
    if (mprotect(b->p + from * PAGE, n * PAGE, PROT_READ)) {
        refused("mprotect");
        return;
    }
    verify(b, from, n);
    if (mprotect(b->p + from * PAGE, n * PAGE, RW))
        refused("mprotect back"), _exit(0); /* not to be written now: nothing is known */
}

static void lock_part(struct block *b, unsigned from, unsigned n)
{
    n = n < 16 ? n : 16;
    if (mlock(b->p + from * PAGE, n * PAGE)) {
        refused("mlock");
        return;
    }
    verify(b, from, n);
    if (munlock(b->p + from * PAGE, n * PAGE))
        refused("munlock");
}

static void use_part(struct block *b, int writes, uint64_t *r)
{
    unsigned from = below(r, b->n), n = 1 + below(r, b->n - from), kind = below(r, 20);

    if (kind < 8) {
        for (unsigned i = from; writes && i < from + n; i++)
            write_page(b, i, rnd(r) | 1);
    } else if (kind < 14) {
        verify(b, from, n);
    } else if (kind < 17) {
        advise_part(b, from, n, r);
    } else if (kind < 19) {
        protect_part(b, from, n);
    } else {
        lock_part(b, from, n);
    }
}

static void step(uint64_t *r, int depth);

/* The child finds all as it was, changes what is its own for a while, and compares again. */
static void child(uint64_t *r, int depth)
{
    for (int s = 0; s < SLOTS; s++)
        blocks[s].forked = 1;
    if (below(r, 2))
        verify_all();
    for (unsigned i = below(r, 30); i; i--)
        step(r, depth);
    verify_all();
    _exit(0);
}

static void fork_child(uint64_t *r, int depth)
{
    uint64_t seed = rnd(r);
    pid_t pid = fork();

    if (pid == 0)
        child(&seed, depth + 1);
    if (pid < 0) {
        refused("fork");
        return;
    }
    for (int s = 0; s < SLOTS; s++)
        blocks[s].forked = 1;
    for (int i = below(r, 5); i; i--) /* beside it */
        step(r, 2);
    reap(pid, "swap");
}

static void step(uint64_t *r, int depth)
{
    int slot = below(r, SLOTS), kind = below(r, 100);
    struct block *b = &blocks[slot];

    if (kind < 3 && depth < 2)
        count(2), fork_child(r, depth);
    else if (!b->n)
        map_block(slot, r);
    else if (kind < 12)
        count(1), remap_block(b, r);
    else if (kind < 16)
        unmap_block(b);
    else
        count(0), use_part(b, !(b->shared && b->forked), r);
}

/* Most of what it may have, at once: memory is full from the start. */
static void fill(uint64_t *r)
{
    for (int s = 0; s < SLOTS && pages < budget / 4 * 3; s++) {
        map_block(s, r);
        for (unsigned i = 0; i < blocks[s].n; i++)
            write_page(&blocks[s], i, rnd(r) | 1);
    }
}

static void work(int me, uint64_t seed)
{
    fill(&seed);
    while (now_ms() < end_ms && !shared->failed) {
        step(&seed, 0);
        shared->beats[me]++;
    }
    verify_all();
    _exit(0);
}

/* Half of memory and half of swap; forks take of the rest. */
static unsigned budget_of(int processes)
{
    struct sysinfo info;

    sysinfo(&info);
    return (info.totalram / 2 + info.totalswap / 2) / PAGE / processes;
}

static void switch_areas(int areas)
{
    if (areas < 2)
        return;
    if (on ? swapoff(options.dirs[1]) : swapon(options.dirs[1], SWAP_FLAG_PREFER | 5)) {
        refused(on ? "swapoff" : "swapon");
        return;
    }
    on = !on;
    count(3);
}

static int look_after(int running, int *killed)
{
    int status;
    pid_t pid;

    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        running--;
        if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
            ++*killed;
        else if (status)
            broken("worker %d has status %#x", pid, status);
    }
    return running;
}

int run_swap(void)
{
    uint64_t r = options.seed;
    int running = 0, killed = 0, areas = 0;
    struct stat st;

    if (stat(options.dirs[0], &st) == 0 && !S_ISDIR(st.st_mode))
        areas = options.dir_count; /* else those are the defaults */
    on = 1;
    for (int i = 0; i < areas; i++)
        if (swapon(options.dirs[i], i ? SWAP_FLAG_PREFER | 5 : 0))
            broken("swapon %s: %s", options.dirs[i], strerror(errno));
    if (options.processes <= 0 || options.processes > 64)
        options.processes = 8;
    budget = budget_of(options.processes);
    long out = proc_value("/proc/vmstat", "pswpout"), in = proc_value("/proc/vmstat", "pswpin");
    end_ms = now_ms() + options.seconds * 1000UL;
    for (int i = 0; i < options.processes; i++) {
        uint64_t seed = rnd(&r);
        pid_t pid = fork();
        if (pid == 0)
            work(i, seed);
        running += pid > 0 ? 1 : !refused("fork of a worker");
    }
    while (running) {
        usleep(200000);
        running = look_after(running, &killed);
        switch_areas(areas);
    }
    printf("stress swap: uses %lu, moves %lu, forks %lu, areas %lu, refused %lu, killed %d\n",
           shared->done[0], shared->done[1], shared->done[2], shared->done[3], shared->refused,
           killed);
    printf("stress swap: %ld pages out, %ld in\n", proc_value("/proc/vmstat", "pswpout") - out,
           proc_value("/proc/vmstat", "pswpin") - in);
    for (int i = 0; i < areas; i++)
        if ((i == 0 || on) && swapoff(options.dirs[i]))
            broken("swapoff %s: %s", options.dirs[i], strerror(errno));
    return shared->failed;
}
