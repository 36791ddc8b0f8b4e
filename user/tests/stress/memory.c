/*
 * Anonymous memory: an arena of pages, each with what it should hold.
 *
 * Per page: whether it is mapped, its protection, the seed of its pattern (0: zeros). Each call on
 * a range of the arena is repeated on this table; a page's bytes are compared when it is met.
 */
#include "stress.h"
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define ARENA   ((char *)0x2000000000)
#define PAGES   512
#define WORDS   (PAGE / 8)
#define RANGE   48
#define HEAP    (1UL << 20)

static struct {
    uint8_t mapped, prot;
    uint64_t seed;
} page[PAGES];
static char *heap_base;
static size_t heap_size;
static uint64_t heap_seed;

static void count(void) { __atomic_fetch_add(&shared->done[0], 1, __ATOMIC_RELAXED); }

void memory_start(uint64_t seed)
{
    munmap(ARENA, PAGES * PAGE);
    memset(page, 0, sizeof(page));
    heap_base = sbrk(0);
    heap_base += -(uintptr_t)heap_base & (PAGE - 1);
    if (brk(heap_base) != 0)
        refused("brk");
    heap_size = 0;
    heap_seed = seed | 1;
}

static void verify_page(unsigned i)
{
    const uint64_t *p = (const uint64_t *)(ARENA + i * PAGE);

    for (unsigned k = 0; k < WORDS; k++) {
        if (p[k] != pattern(page[i].seed, k))
            broken("page %u, word %u is %#lx, not %#lx (seed %#lx)", i, k, p[k],
                   pattern(page[i].seed, k), page[i].seed);
    }
}

static void write_page(unsigned i, uint64_t seed)
{
    uint64_t *p = (uint64_t *)(ARENA + i * PAGE);

    for (unsigned k = 0; k < WORDS; k++)
        p[k] = pattern(seed, k);
    page[i].seed = seed;
}

void memory_verify(void)
{
    for (unsigned i = 0; i < PAGES; i++) {
        if (page[i].mapped && (page[i].prot & PROT_READ))
            verify_page(i);
    }
}

static void map_range(unsigned from, unsigned n, uint64_t *r)
{
    int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | (below(r, 4) ? 0 : MAP_POPULATE);

    if (mmap(ARENA + from * PAGE, n * PAGE, PROT_READ | PROT_WRITE, flags, -1, 0) == MAP_FAILED) {
        refused("mmap");
        /* Linux unmaps what was there before it finds that memory has run out: so may we */
        if (munmap(ARENA + from * PAGE, n * PAGE) != 0)
            refused("munmap after mmap"), _exit(0);
        memset(page + from, 0, n * sizeof(page[0]));
        return;
    }
    for (unsigned i = from; i < from + n; i++)
        page[i].mapped = 1, page[i].prot = PROT_READ | PROT_WRITE, page[i].seed = 0;
}

static void unmap_range(unsigned from, unsigned n)
{
    if (munmap(ARENA + from * PAGE, n * PAGE) != 0) {
        refused("munmap");
        return;
    }
    memset(page + from, 0, n * sizeof(page[0]));
}

/* mprotect may stop half way when memory runs out: then this process knows no more, and ends. */
static void protect_range(unsigned from, unsigned n, uint64_t *r)
{
    static const uint8_t prots[] = {PROT_READ, PROT_READ | PROT_WRITE, PROT_READ | PROT_WRITE,
                                    PROT_NONE, PROT_READ | PROT_EXEC};
    uint8_t prot = prots[below(r, sizeof(prots))];
    int all = 1;

    for (unsigned i = from; i < from + n; i++)
        all &= page[i].mapped;
    if (!all)
        return;
    if (mprotect(ARENA + from * PAGE, n * PAGE, prot) != 0) {
        refused("mprotect");
        memory_verify();
        _exit(0);
    }
    for (unsigned i = from; i < from + n; i++)
        page[i].prot = prot;
}

static void discard_range(unsigned from, unsigned n)
{
    for (unsigned i = from; i < from + n; i++) {
        if (!page[i].mapped)
            return;
    }
    if (madvise(ARENA + from * PAGE, n * PAGE, MADV_DONTNEED) != 0) {
        refused("madvise");
        return;
    }
    for (unsigned i = from; i < from + n; i++)
        page[i].seed = 0;
}

static void touch_range(unsigned from, unsigned n, uint64_t *r)
{
    for (unsigned i = from; i < from + n; i++) {
        if (!page[i].mapped || !(page[i].prot & PROT_READ))
            continue;
        verify_page(i);
        if ((page[i].prot & PROT_WRITE) && below(r, 3))
            write_page(i, rnd(r) | 1);
    }
}

/* Through the kernel's copies as well: a pipe takes from the page or fills it. */
static void copy_page(unsigned i)
{
    uint64_t buf[WORDS];
    int fds[2], can = page[i].mapped && (page[i].prot & PROT_READ);

    if (pipe(fds) != 0) {
        refused("pipe");
        return;
    }
    ssize_t n = write(fds[1], ARENA + i * PAGE, PAGE);
    if (!can && (n != -1 || errno != EFAULT) && !(n == -1 && errno == ENOMEM))
        broken("write from page %u, not readable: %ld, %s", i, n, strerror(errno));
    if (can && n == -1)
        refused("write from a page");
    if (can && n > 0) {
        ssize_t got = read(fds[0], buf, n);
        if (got != n && !(got == -1 && refused("read from a pipe")))
            broken("pipe gave %ld of %ld bytes", got, n);
        for (unsigned k = 0; got == n && k < (size_t)n / 8; k++) {
            if (buf[k] != pattern(page[i].seed, k))
                broken("page %u by pipe, word %u is %#lx", i, k, buf[k]);
        }
    }
    close(fds[0]);
    close(fds[1]);
}

static void check_heap(size_t size)
{
    uint64_t *h = (uint64_t *)heap_base;

    for (size_t k = 0; k < size / 8; k += 61) {
        if (h[k] != pattern(heap_seed, k))
            broken("heap at %#lx is %#lx", k * 8, h[k]);
    }
}

static void move_brk(uint64_t *r)
{
    size_t size = below(r, HEAP) & ~7UL, old = heap_size;
    uint64_t *h = (uint64_t *)heap_base;

    check_heap(old);
    if (brk(heap_base + size) != 0) {
        refused("brk");
        return;
    }
    heap_size = size;
    for (size_t k = old / 8; k < size / 8; k++) {
        if (k % 61 == 0 && (k * 8 >= (old | (PAGE - 1)) && h[k] != 0))
            broken("new heap at %#lx is %#lx", k * 8, h[k]);
        h[k] = pattern(heap_seed, k);
    }
}

void memory_step(uint64_t *r)
{
    unsigned from = below(r, PAGES - 1), n = 1 + below(r, RANGE), kind = below(r, 100);

    n = n < PAGES - from ? n : PAGES - from;
    count();
    if (kind < 12)
        map_range(from, n, r);
    else if (kind < 20)
        unmap_range(from, n);
    else if (kind < 35)
        protect_range(from, n < 8 ? n : 8, r);
    else if (kind < 40)
        discard_range(from, n);
    else if (kind < 80)
        touch_range(from, n, r);
    else if (kind < 92)
        copy_page(from);
    else
        move_brk(r);
}
