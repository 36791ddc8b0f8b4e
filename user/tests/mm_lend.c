/*
 * Fork that lends page tables: tables of 2 MiB, shared until one side comes to use them. What is
 * shared must never show, whatever either side, its children or the kernel do.
 */
#include "lendutil.h"
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>

static long tables(void)
{
    return proc_value("/proc/meminfo", "PageTables") / 4;
}

/* No table is copied at fork, each one at its first use by either side, and only by the first. */
static void test_shares_tables(void)
{
    char *p = lendable(0, 1);
    int to_child[2], to_parent[2];

    check_ok(pipe(to_child));
    check_ok(pipe(to_parent));
    long before = tables();
    pid_t pid = xfork();
    if (pid == 0) {
        await(to_child);
        for (int i = 0; i < TABLES; i++)
            check_pages(p + i * TABLE, PAGE, 1, i * TABLE);
        tell(to_parent);
        await(to_child);
        _exit(0);
    }
    long lent = tables();
    tell(to_child);
    await(to_parent);
    long copied = tables();
    for (int i = 0; i < TABLES; i++)
        p[i * TABLE]++;
    check_int(tables(), copied);
    tell(to_child);
    check_exit(pid, 0);
    check_int(copied - lent, TABLES);
    check(lent - before < 8); /* those of stack, data and upper levels */
}

static void half(char *p, uint64_t seed)
{
    for (size_t at = 0; at < SIZE; at += 2 * PAGE)
        fill_pages(p + at, PAGE, seed, at);
}

static void check_half(const char *p, uint64_t first, uint64_t second)
{
    for (size_t at = 0; at < SIZE; at += PAGE)
        check_pages(p + at, PAGE, at / PAGE & 1 ? second : first, at);
}

static void test_values(void)
{
    for (size_t off = 0; off < TABLE; off += TABLE / 4 + PAGE) {
        char *p = lendable(off, 1);
        pid_t pid = xfork();
        if (pid == 0) {
            half(p, 2);
            check_half(p, 2, 1);
            _exit(0);
        }
        half(p, 3);
        check_half(p, 3, 1);
        check_exit(pid, 0);
        check_half(p, 3, 1);
        pid = xfork(); /* now the parent has used it, and lends it again */
        if (pid == 0) {
            check_half(p, 3, 1);
            _exit(0);
        }
        check_exit(pid, 0);
        half(p, 4);
        check_half(p, 4, 1);
        check_ok(munmap(p, SIZE));
    }
}

/* A chain of processes: each changes a page in each table and forks the next; the first die first.
 */
static _Noreturn void generations(char *p, int max, const int *done)
{
    for (int depth = 0; depth < max; depth++) {
        for (int t = 0; t < TABLES; t++)
            p[t * TABLE + depth * PAGE] = depth + 1;
        if (xfork() > 0)
            _exit(0);
        p[depth * PAGE + 1] = 'x';
        sleep_ms(1); /* so that some are orphans when they look */
        for (int g = 0; g <= depth; g++)
            for (int t = 0; t < TABLES; t++)
                check_int(p[t * TABLE + g * PAGE], g + 1);
        check_pages(p + max * PAGE, TABLE - max * PAGE, 1, max * PAGE);
    }
    tell(done);
    _exit(0);
}

static void test_generations(void)
{
    char *p = lendable(0, 1);
    int done[2];

    check_ok(pipe(done));
    for (int max = 1; max <= 9; max += 4) {
        pid_t pid = xfork();
        if (pid == 0)
            generations(p, max, done);
        await(done);
        check_exit(pid, 0);
    }
    check_pages(p, SIZE, 1, 0);
}

/* Children that look only, while more are born, die in another order, and one writes. */
static void test_many_sharers(void)
{
    enum { KIDS = 12 };
    char *p = lendable(0, 1);
    int go[KIDS][2];
    pid_t pids[KIDS];

    for (int i = 0; i < KIDS; i++) {
        check_ok(pipe(go[i]));
        pids[i] = xfork();
        if (pids[i] == 0) {
            if (i % 3 == 0)
                half(p, (uint64_t)i + 10);
            await(go[i]);
            check_half(p, i % 3 ? 1 : (uint64_t)i + 10, 1);
            _exit(0);
        }
    }
    for (int i = 0; i < KIDS; i++) {
        tell(go[i * 5 % KIDS]);
        check_exit(pids[i * 5 % KIDS], 0);
    }
    check_pages(p, SIZE, 1, 0);
}

static void store(void *p) { *(volatile char *)p = 1; }

/* All that one side may do to a part of a shared table. */
static void edits(char *p)
{
    size_t at = TABLE / 2;
    char *there = map_anon(TABLE);

    check_ok(munmap(p + PAGE, 3 * PAGE));
    check(!readable(p + PAGE) && !readable(p + 3 * PAGE));
    check(mmap(p + PAGE, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
               0) == p + PAGE);
    check(all_bytes(p + PAGE, 0, PAGE));
    check_pages(p, PAGE, 1, 0);
    check_pages(p + 4 * PAGE, PAGE, 1, 4 * PAGE);
    check_ok(mprotect(p + at, PAGE, PROT_READ));
    check_killed(store, p + at, SIGSEGV);
    check_pages(p + at, PAGE, 1, at);
    check_ok(madvise(p + TABLE + at, PAGE, MADV_DONTNEED));
    check(all_bytes(p + TABLE + at, 0, PAGE));
    check_ok(mprotect(p + TABLE, 2 * PAGE, PROT_NONE));
    check(!readable(p + TABLE) && readable(p + TABLE + 2 * PAGE));
    check_pages(p + TABLE + at + PAGE, PAGE, 1, TABLE + at + PAGE);
    check(mremap(p + 2 * TABLE + at, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, there) == there);
    check_pages(there, PAGE, 1, 2 * TABLE + at);
    check(!readable(p + 2 * TABLE + at));
    check(mremap(p + 3 * TABLE, TABLE, TABLE, MREMAP_MAYMOVE | MREMAP_FIXED, p) == p);
    check_pages(p, TABLE, 1, 3 * TABLE);
    memset(p, 'm', TABLE);
    check_ok(madvise(p + TABLE, TABLE, MADV_DONTNEED)); /* a whole one, partly without rights */
    check(all_bytes(p + TABLE + 2 * PAGE, 0, TABLE - 2 * PAGE));
}

static void test_edits(void)
{
    char *p = lendable(0, 1);

    pid_t pid = xfork();
    if (pid == 0)
        _exit(0);
    check_exit(pid, 0); /* now the tables are shared with nobody, and yet not taken back */
    check_ok(mprotect(p, PAGE, PROT_READ));
    check(readable(p) && !writable(p));
    check_ok(mprotect(p, PAGE, PROT_READ | PROT_WRITE));
    pid = xfork();
    if (pid == 0) {
        edits(p);
        _exit(0);
    }
    check_exit(pid, 0);
    check_pages(p, SIZE, 1, 0);
    int go[2];
    check_ok(pipe(go));
    pid = xfork();
    if (pid == 0) {
        await(go);
        check_pages(p, SIZE, 1, 0);
        fill_pages(p, SIZE, 2, 0);
        check_pages(p, SIZE, 2, 0);
        _exit(0);
    }
    edits(p);
    tell(go);
    check_exit(pid, 0);
    check(all_bytes(p, 'm', TABLE));
}

/* A file is mapped into the hole beside lent pages, and another area is locked. */
static void test_neighbours(void)
{
    char *p = lendable(0, 1);

    check_ok(munmap(p + TABLE, TABLE / 2));
    pid_t pid = xfork();
    if (pid == 0) {
        int fd = check_ok(open("/proc/self/exe", O_RDONLY));
        char *file = mmap(p + TABLE, PAGE, PROT_READ, MAP_PRIVATE | MAP_FIXED, fd, 0);
        check(file == p + TABLE && memcmp(file, "\177ELF", 4) == 0);
        check_ok(mlock(p + 2 * TABLE, PAGE));
        pid_t grandchild = xfork();
        if (grandchild == 0) {
            check(memcmp(file, "\177ELF", 4) == 0);
            check_pages(p + 2 * TABLE, TABLE, 1, 2 * TABLE);
            check_pages(p + 3 * TABLE / 2, TABLE / 2, 1, 3 * TABLE / 2);
            _exit(0);
        }
        check_exit(grandchild, 0);
        check_pages(p, TABLE, 1, 0);
        _exit(0);
    }
    check_exit(pid, 0);
    check_pages(p, TABLE, 1, 0);
    check(!readable(p + TABLE));
}

/* The kernel reads and writes memory of lent tables for system calls. */
static void test_kernel_uses(void)
{
    char *p = lendable(0, 1), buf[64];
    int fds[2];

    fill_pattern(p + TABLE - 8, 16, 2, 0);
    check_ok(pipe(fds));
    pid_t pid = xfork();
    if (pid == 0) {
        check_int(write(fds[1], p + TABLE - 8, 16), 16);
        check_int(read(fds[0], buf, 16), 16);
        check_int(check_pattern(buf, 16, 2, 0), -1);
        check_int(write(fds[1], "child", 5), 5);
        check_int(read(fds[0], p + 2 * TABLE - 2, 5), 5); /* over two tables */
        check(memcmp(p + 2 * TABLE - 2, "child", 5) == 0);
        _exit(0);
    }
    check_exit(pid, 0);
    check_int(check_pattern(p + TABLE - 8, 16, 2, 0), -1);
    check(all_bytes(p + 2 * TABLE - 2, 0, 2));
}

static unsigned char vec[SIZE / PAGE];

static void test_counts(void)
{
    char *p = lendable(0, 1);
    long rss, pss;

    memset(vec, 0, sizeof(vec));
    fill_pages(p, SIZE, 1, 0); /* and all that the counting itself needs */
    check_int(mincore(p, SIZE, vec), 0);
    check_ok(madvise(p + TABLE + PAGE, PAGE, MADV_DONTNEED));
    rss = proc_value("/proc/self/status", "RssAnon");
    pss = proc_value("/proc/self/smaps_rollup", "Pss_Anon");
    pid_t pid = xfork();
    if (pid == 0) {
        check_int(proc_value("/proc/self/status", "RssAnon"), rss);
        check(proc_value("/proc/self/smaps_rollup", "Pss_Anon") < pss / 2 + 64);
        check(proc_value("/proc/self/smaps_rollup", "Rss") >= (long)(SIZE / KIB) - 4);
        check_int(mincore(p, SIZE, vec), 0);
        check_int(vec[(TABLE + PAGE) / PAGE], 0);
        vec[(TABLE + PAGE) / PAGE] = 1;
        check(all_bytes(vec, 1, sizeof(vec)));
        p[0]++; /* the first table is copied, the rest stays lent */
        check_int(proc_value("/proc/self/status", "RssAnon"), rss);
        check(proc_value("/proc/self/smaps_rollup", "Pss_Anon") < pss / 2 + 68);
        check_ok(munmap(p, SIZE));
        check_int(proc_value("/proc/self/status", "RssAnon"), rss - (long)(SIZE / KIB) + 4);
        _exit(0);
    }
    check_exit(pid, 0);
    check_int(proc_value("/proc/self/smaps_rollup", "Pss_Anon"), pss);
}

const struct test lend_tests[] = {
    {"lend.shares_tables", test_shares_tables, T_NATIVE},
    {"lend.values", test_values},
    {"lend.generations", test_generations},
    {"lend.many_sharers", test_many_sharers},
    {"lend.edits", test_edits},
    {"lend.neighbours", test_neighbours},
    {"lend.kernel_uses", test_kernel_uses},
    {"lend.counts", test_counts, T_NATIVE},
    {NULL, NULL},
};
