// Tests of vm/: page cache over a fake disk, address spaces, faults, fork, unmapping.
//
// The fake disk keeps DISK_PAGES pages of content in memory; reading page i finds i repeated until
// something else was written. Each scenario runs twice; after the second run as many frames are
// free as after the first (which filled the object caches).
#include "abi/errno.h"
#include "abi/mman.h"
#include "lib/string.h"
#include "mm/buddy.h"
#include "mm/lru.h"
#include "mm/slab.h"
#include "mm/stat.h"
#include "sched/limits.h"
#include "test/test.h"
#include "vm/fault.h"
#include "vm/mm.h"
#include "vm/mmap.h"
#include "vm/pagecache.h"
#include "vm/rmap.h"
#include "vm/swap.h"
#include "vm/uaccess.h"

#define DISK_PAGES 64
#define ANY_MAY (VM_MAYREAD | VM_MAYWRITE | VM_MAYEXEC)
#define RW (PROT_READ | PROT_WRITE)

// ---- the fake disk ----

static uint64_t disk[DISK_PAGES]; // the word that page i is filled with
static int reads, writes, prepares, holds;
static uint64_t bad_page;         // reading it fails

static uint64_t *page_words(struct page *p) { return page_to_virt(p); }

static void fake_read(struct mapping *m, struct page **pages, int n) {
    reads++;
    for (int i = 0; i < n; i++) {
        uint64_t index = pages[i]->index;
        for (size_t w = 0; w < PAGE_SIZE / 8; w++)
            page_words(pages[i])[w] = index < DISK_PAGES ? disk[index] : 0;
        page_end_read(pages[i], index == bad_page ? -EIO : 0);
    }
}

static void fake_write(struct mapping *m, struct page **pages, int n) {
    for (int i = 0; i < n; i++) {
        writes++;
        disk[pages[i]->index] = page_words(pages[i])[0];
        page_unlock(pages[i]);
        page_end_write(pages[i], 0);
    }
}

static int fake_prepare(struct mapping *m, struct page *p, uint32_t from, uint32_t to) {
    prepares++;
    return 0;
}

static void fake_hold(void *file) { holds++; }
static void fake_release(void *file) { holds--; }

static const struct mapping_ops fake_ops = {
    fake_read, fake_write, fake_prepare, NULL, fake_hold, fake_release,
};

static void fake_init(struct mapping *m) {
    for (uint64_t i = 0; i < DISK_PAGES; i++)
        disk[i] = i;
    reads = writes = prepares = holds = 0;
    bad_page = UINT64_MAX;
    mapping_init(m, &fake_ops, NULL);
    m->size = DISK_PAGES * PAGE_SIZE;
}

// Runs a scenario twice and compares the free frames.
static int balanced(int (*run)(void)) {
    if (run())
        return 1;
    slab_reap_all();
    uint64_t before = mem_free_pages();
    if (run())
        return 1;
    slab_reap_all();
    lru_check();
    KEXPECT(mem_free_pages() == before, "%lu frames free before, %lu after", before,
            mem_free_pages());
    return 0;
}

// ---- page cache ----

static int run_cache_get(void) {
    struct mapping m;
    struct page *p;
    fake_init(&m);
    bad_page = 9;
    KEXPECT(page_cache_get(&m, 7, NULL, &p) == 0 && page_words(p)[5] == 7, "page 7");
    page_put(p);
    KEXPECT(page_cache_get(&m, 7, NULL, &p) == 0 && reads == 1, "%d reads", reads);
    page_put(p);
    KEXPECT(page_cache_get(&m, 9, NULL, &p) == -EIO, "a bad page was read");
    bad_page = UINT64_MAX;
    KEXPECT(page_cache_get(&m, 9, NULL, &p) == 0 && page_words(p)[0] == 9, "no second try");
    page_put(p);
    KEXPECT(page_cache_find(&m, 8) == NULL && m.nrpages == 2, "%lu pages", m.nrpages);
    page_cache_check(&m);
    mapping_destroy(&m);
    return 0;
}

static int test_cache_get(void) { return balanced(run_cache_get); }

static int run_readahead(void) {
    struct mapping m;
    struct readahead ra = {0};
    fake_init(&m);
    for (uint64_t i = 0; i < DISK_PAGES; i++) {
        struct page *p;
        KEXPECT(page_cache_get(&m, i, &ra, &p) == 0 && page_words(p)[0] == i, "page %lu", i);
        page_put(p);
    }
    KEXPECT(reads <= 6 && m.nrpages == DISK_PAGES, "%d reads, %lu pages", reads, m.nrpages);
    mapping_destroy(&m);
    return 0;
}

static int test_readahead(void) { return balanced(run_readahead); }

static ssize_t do_write(struct mapping *m, off_t pos, const void *buf, size_t n) {
    struct iovec iov;
    struct uio u;
    uio_init_kernel(&u, &iov, (void *)buf, n);
    return page_cache_write(m, &u, pos);
}

static ssize_t do_read(struct mapping *m, off_t pos, void *buf, size_t n) {
    struct iovec iov;
    struct uio u;
    uio_init_kernel(&u, &iov, buf, n);
    return page_cache_read(m, &u, pos, NULL);
}

static int run_file_io(void) {
    struct mapping m;
    uint64_t words[4] = {111, 222, 333, 444}, back[4];
    fake_init(&m);
    KEXPECT(do_write(&m, 3 * PAGE_SIZE - 16, words, 32) == 32 && prepares == 2, "%d", prepares);
    KEXPECT(do_read(&m, 3 * PAGE_SIZE - 24, back, 32) == 32, "short");
    KEXPECT(back[0] == 2 && back[1] == 111 && back[3] == 333, "%lu %lu", back[0], back[1]);
    KEXPECT(mm_stat_read(NR_DIRTY) >= 2, "%ld dirty", mm_stat_read(NR_DIRTY));
    KEXPECT(page_cache_sync(&m, 0, UINT64_MAX, true) == 0 && writes == 2, "%d writes", writes);
    KEXPECT(disk[3] == 333, "disk has %lu", disk[3]);
    KEXPECT(do_read(&m, DISK_PAGES * PAGE_SIZE - 8, back, 32) == 8, "read past the end");
    KEXPECT(do_write(&m, DISK_PAGES * PAGE_SIZE + 100, words, 8) == 8, "append");
    KEXPECT(m.size == DISK_PAGES * PAGE_SIZE + 108, "size %lu", m.size);
    KEXPECT(do_read(&m, DISK_PAGES * PAGE_SIZE + 96, back, 32) == 12, "read the tail");
    KEXPECT((back[0] & 0xffffffff) == 0 && back[0] >> 32 == 111, "%#lx", back[0]);
    page_cache_check(&m);
    mapping_destroy(&m);
    return 0;
}

static int test_file_io(void) { return balanced(run_file_io); }

static int run_truncate(void) {
    struct mapping m;
    uint64_t word = 5;
    fake_init(&m);
    KEXPECT(do_read(&m, 10 * PAGE_SIZE, &word, 8) == 8 && do_read(&m, 4 * PAGE_SIZE, &word, 8) == 8,
            "read");
    KEXPECT(page_cache_truncate(&m, 4 * PAGE_SIZE + 16) == 0, "truncate");
    KEXPECT(m.nrpages == 1 && m.size == 4 * PAGE_SIZE + 16, "%lu pages", m.nrpages);
    KEXPECT(page_cache_truncate(&m, 8 * PAGE_SIZE) == 0, "grow");
    KEXPECT(do_read(&m, 4 * PAGE_SIZE + 8, &word, 8) == 8 && word == 4, "%lu", word);
    KEXPECT(do_read(&m, 4 * PAGE_SIZE + 16, &word, 8) == 8 && word == 0, "tail %lu", word);
    page_cache_check(&m);
    mapping_destroy(&m);
    return 0;
}

static int test_truncate(void) { return balanced(run_truncate); }

// ---- address spaces ----

static uint64_t peek(struct mm *mm, uaddr_t addr) {
    uint64_t word = ~0UL;
    (void)mm_access(mm, addr, &word, 8, false);
    return word;
}

static bool poke(struct mm *mm, uaddr_t addr, uint64_t word) {
    return mm_access(mm, addr, &word, 8, true) == 8;
}

static int64_t map_anon(struct mm *mm, uaddr_t addr, uint64_t len, int prot, int flags) {
    return vm_mmap(mm, addr, len, prot, flags | MAP_ANONYMOUS, NULL, NULL, 0, ANY_MAY, 0);
}

static int run_anon(void) {
    struct mm *mm = mm_create();
    KEXPECT(mm, "no memory");
    int64_t a = map_anon(mm, 0, 64 * PAGE_SIZE, RW, MAP_PRIVATE);
    KEXPECT(a > 0 && mm->map_count == 1, "mmap %ld", a);
    KEXPECT(peek(mm, a + PAGE_SIZE) == 0 && mm->rss_anon == 0, "reading cost %lu", mm->rss_anon);
    for (int i = 0; i < 64; i++)
        KEXPECT(poke(mm, a + i * PAGE_SIZE, i + 1), "store %d", i);
    KEXPECT(mm->rss_anon == 64, "rss %lu", mm->rss_anon);
    mm_check(mm);
    KEXPECT(vm_munmap(mm, a + 16 * PAGE_SIZE, 16 * PAGE_SIZE) == 0, "munmap");
    KEXPECT(mm->map_count == 2 && mm->rss_anon == 48, "%lu VMAs", mm->map_count);
    KEXPECT(vm_fault(mm, a + 16 * PAGE_SIZE, FAULT_READ) == -EFAULT, "the hole is mapped");
    KEXPECT(peek(mm, a + 32 * PAGE_SIZE) == 33 && peek(mm, a + 15 * PAGE_SIZE) == 16, "contents");
    KEXPECT(map_anon(mm, a + 16 * PAGE_SIZE, 16 * PAGE_SIZE, RW, MAP_PRIVATE | MAP_FIXED) ==
                a + 16 * (int64_t)PAGE_SIZE && mm->map_count == 1, "%lu VMAs", mm->map_count);
    KEXPECT(vm_madvise(mm, a, PAGE_SIZE, MADV_DONTNEED) == 0 && peek(mm, a) == 0, "dontneed");
    mm_check(mm);
    mm_put(mm);
    return 0;
}

static int test_anon(void) { return balanced(run_anon); }

static int run_fork(void) {
    struct mm *parent = mm_create();
    int64_t a = map_anon(parent, 0, 8 * PAGE_SIZE, RW, MAP_PRIVATE);
    int64_t s = map_anon(parent, 0, PAGE_SIZE, RW, MAP_SHARED);
    KEXPECT(a > 0 && s > 0, "mmap %ld %ld", a, s);
    for (int i = 0; i < 8; i++)
        KEXPECT(poke(parent, a + i * PAGE_SIZE, 100 + i), "store %d", i);
    KEXPECT(poke(parent, s, 7), "store");
    struct mm *child = mm_fork(parent);
    KEXPECT(child && child->rss_anon == 8, "fork");
    mm_check(parent);
    mm_check(child);
    uint64_t free = mem_free_pages();
    KEXPECT(poke(child, a, 1) && poke(parent, a + PAGE_SIZE, 2), "store");
    KEXPECT(mem_free_pages() == free - 2, "%ld frames", (long)(free - mem_free_pages()));
    KEXPECT(peek(parent, a) == 100 && peek(child, a) == 1, "%lu", peek(parent, a));
    KEXPECT(peek(parent, a + PAGE_SIZE) == 2 && peek(child, a + PAGE_SIZE) == 101, "child");
    KEXPECT(poke(child, s, 8) && peek(parent, s) == 8, "shared memory %lu", peek(parent, s));
    mm_check(parent);
    mm_check(child);
    mm_put(child);
    free = mem_free_pages();
    KEXPECT(poke(parent, a + 2 * PAGE_SIZE, 3) && mem_free_pages() == free,
            "the last owner copied");
    mm_check(parent);
    mm_put(parent);
    return 0;
}

static int test_fork(void) { return balanced(run_fork); }

static int run_file_map(void) {
    struct mapping m;
    struct mm *mm = mm_create();
    fake_init(&m);
    int64_t p = vm_mmap(mm, 0, 32 * PAGE_SIZE, RW, MAP_PRIVATE, &m, &m, PAGE_SIZE, ANY_MAY, 0);
    int64_t s = vm_mmap(mm, 0, 32 * PAGE_SIZE, RW, MAP_SHARED, &m, &m, 0, ANY_MAY, 0);
    KEXPECT(p > 0 && s > 0 && holds == 2, "mmap %ld %ld", p, s);
    KEXPECT(peek(mm, p) == 1 && peek(mm, s) == 0, "contents %lu %lu", peek(mm, p), peek(mm, s));
    KEXPECT(mm->rss_file > 10 && reads <= 3, "rss %lu after %d reads", mm->rss_file, reads);
    KEXPECT(poke(mm, p, 77) && peek(mm, s + PAGE_SIZE) == 1, "a private store got out");
    KEXPECT(poke(mm, s + 2 * PAGE_SIZE, 88) && peek(mm, p + PAGE_SIZE) == 88, "shared store");
    mm_check(mm);
    KEXPECT(page_cache_sync(&m, 0, UINT64_MAX, true) == 0 && disk[2] == 88 && writes == 1, "%d",
            writes);
    KEXPECT(poke(mm, s + 2 * PAGE_SIZE, 99), "second store");
    KEXPECT(page_cache_sync(&m, 0, UINT64_MAX, true) == 0 && disk[2] == 99, "a store was missed");
    mm_check(mm);
    KEXPECT(page_cache_truncate(&m, 2 * PAGE_SIZE) == 0, "truncate");
    KEXPECT(vm_fault(mm, s + 2 * PAGE_SIZE, FAULT_READ) == -EIO, "beyond the end");
    KEXPECT(peek(mm, s + PAGE_SIZE) == 1 && peek(mm, p) == 77, "below the end");
    mm_check(mm);
    page_cache_check(&m);
    struct mm *child = mm_fork(mm);
    KEXPECT(child && holds == 4 && peek(child, p) == 77, "child");
    mm_check(child);
    mm_put(mm);
    mm_put(child);
    KEXPECT(holds == 0, "%d holds", holds);
    mapping_destroy(&m);
    return 0;
}

static int test_file_map(void) { return balanced(run_file_map); }

static int run_protect(void) {
    struct mm *mm = mm_create();
    int64_t a = map_anon(mm, 0, 8 * PAGE_SIZE, RW, MAP_PRIVATE);
    KEXPECT(a > 0 && poke(mm, a + PAGE_SIZE, 1), "store");
    KEXPECT(vm_mprotect(mm, a + PAGE_SIZE, PAGE_SIZE, PROT_NONE) == 0 && mm->map_count == 3,
            "none");
    KEXPECT(vm_fault(mm, a + PAGE_SIZE, FAULT_READ) == -EACCES, "PROT_NONE is readable");
    mm_check(mm);
    struct mm *child = mm_fork(mm);
    KEXPECT(vm_mprotect(mm, a + PAGE_SIZE, PAGE_SIZE, PROT_READ) == 0 &&
                peek(mm, a + PAGE_SIZE) == 1,
            "read %lu", peek(mm, a + PAGE_SIZE));
    KEXPECT(vm_fault(mm, a + PAGE_SIZE, FAULT_WRITE) == -EACCES, "PROT_READ is writable");
    KEXPECT(vm_mprotect(mm, a, 8 * PAGE_SIZE, RW) == 0 && mm->map_count == 1, "%lu", mm->map_count);
    KEXPECT(poke(mm, a + PAGE_SIZE, 2), "store");
    KEXPECT(vm_mprotect(child, a, 2 * PAGE_SIZE, RW) == 0 && peek(child, a + PAGE_SIZE) == 1,
            "child");
    KEXPECT(vm_mprotect(mm, a, 9 * PAGE_SIZE, PROT_READ) == -ENOMEM, "a hole");
    mm_check(mm);
    mm_put(child);
    mm_put(mm);
    return 0;
}

static int test_protect(void) { return balanced(run_protect); }

static int run_brk_stack(void) {
    struct mm *mm = mm_create();
    const uaddr_t heap = 0x100000, top = 0x3ff0000000;
    const uint64_t much = min(64UL << 20, mem_total_pages() * PAGE_SIZE / 2 & PAGE_MASK);
    mm->start_brk = mm->brk = heap;
    KEXPECT(vm_brk(mm, 0) == heap, "query");
    KEXPECT(vm_brk(mm, heap + 100) == heap + 100 && poke(mm, heap + 8, 4), "grow");
    KEXPECT(vm_brk(mm, heap + much) == heap + much && mm->map_count == 1, "grow more");
    KEXPECT(poke(mm, heap + much - PAGE_SIZE, 5) && mm->rss_anon == 2, "rss %lu", mm->rss_anon);
    KEXPECT(vm_brk(mm, heap + 50) == heap + 50 && mm->rss_anon == 1, "shrink: rss %lu",
            mm->rss_anon);
    struct limits limits = {.r[RLIMIT_DATA] = {1 << 20, 0}, .r[RLIMIT_STACK] = {8 << 20, 0}};
    limits.r[RLIMIT_AS] = limits.r[RLIMIT_MEMLOCK] = (struct rlimit){RLIM_INFINITY, 0};
    current()->limits = &limits;
    KEXPECT(vm_brk(mm, heap + (2UL << 20)) == heap + 50, "past RLIMIT_DATA");
    KEXPECT(vm_map_stack(mm, top, 8 * PAGE_SIZE) == 0, "stack");
    KEXPECT(poke(mm, top - (1UL << 20), 6), "the stack does not grow");
    KEXPECT(vm_fault(mm, top - (9UL << 20), FAULT_WRITE) == -EFAULT, "past RLIMIT_STACK");
    KEXPECT(map_anon(mm, top - (4UL << 20), PAGE_SIZE, RW, MAP_PRIVATE | MAP_FIXED) > 0, "fixed");
    KEXPECT(vm_fault(mm, top - (3UL << 20), FAULT_WRITE) == -EFAULT, "into the guard gap");
    current()->limits = NULL;
    mm_check(mm);
    mm_put(mm);
    return 0;
}

static int test_brk_stack(void) { return balanced(run_brk_stack); }

static int test_mmap_errors(void) {
    struct mm *mm = mm_create();
    int64_t a = map_anon(mm, 0, PAGE_SIZE, RW, MAP_PRIVATE), b;
    KEXPECT(a > 0, "%ld", a);
    KEXPECT((b = map_anon(mm, 0, 0, RW, MAP_PRIVATE)) == -EINVAL, "length 0: %ld", b);
    KEXPECT((b = map_anon(mm, 0, PAGE_SIZE, RW, 0)) == -EINVAL, "no type: %ld", b);
    KEXPECT((b = map_anon(mm, a + 1, PAGE_SIZE, RW, MAP_PRIVATE | MAP_FIXED)) == -EINVAL, "%ld", b);
    KEXPECT((b = map_anon(mm, 0, PAGE_SIZE, RW, MAP_PRIVATE | MAP_FIXED)) == -EPERM, "page 0: %ld",
            b);
    KEXPECT((b = map_anon(mm, USER_END, PAGE_SIZE, RW, MAP_PRIVATE | MAP_FIXED)) == -ENOMEM, "%ld",
            b);
    KEXPECT((b = map_anon(mm, a, PAGE_SIZE, RW, MAP_PRIVATE | MAP_FIXED_NOREPLACE)) == -EEXIST,
            "%ld", b);
    KEXPECT((b = map_anon(mm, 0, UINT64_MAX, RW, MAP_PRIVATE)) == -ENOMEM, "too long: %ld", b);
    KEXPECT((b = map_anon(mm, 0, (mem_total_pages() + swap_total_pages() + 1) * PAGE_SIZE, RW,
                          MAP_PRIVATE)) == -ENOMEM, "more than could ever be had: %ld", b);
    KEXPECT(vm_munmap(mm, a + 1, PAGE_SIZE) == -EINVAL && vm_munmap(mm, a, 0) == -EINVAL, "munmap");
    KEXPECT(vm_munmap(mm, USER_END - PAGE_SIZE, PAGE_SIZE) == 0, "munmap of nothing");
    KEXPECT((b = map_anon(mm, PAGE_SIZE, a - PAGE_SIZE, PROT_NONE, MAP_PRIVATE | MAP_FIXED)) ==
                (int64_t)PAGE_SIZE, "below: %ld", b);
    KEXPECT((b = map_anon(mm, 0, USER_END - a - PAGE_SIZE, PROT_NONE, MAP_PRIVATE)) ==
                a + (int64_t)PAGE_SIZE,
            "above: %ld", b);
    KEXPECT((b = map_anon(mm, 0, PAGE_SIZE, RW, MAP_PRIVATE)) == -ENOMEM, "full: %ld", b);
    mm_check(mm);
    mm_put(mm);
    return 0;
}

static int run_many_vmas(void) {
    struct mm *mm = mm_create();
    const uaddr_t base = 1UL << 30;
    for (uaddr_t i = 0; i < 10000; i++) // every other page, so that none merge
        KEXPECT(map_anon(mm, base + i * 2 * PAGE_SIZE, PAGE_SIZE, RW, MAP_PRIVATE | MAP_FIXED) > 0,
                "VMA %lu", i);
    KEXPECT(mm->map_count == 10000, "%lu", mm->map_count);
    for (uaddr_t i = 0; i < 10000; i += 999)
        KEXPECT(poke(mm, base + i * 2 * PAGE_SIZE, i), "store %lu", i);
    mm_check(mm);
    KEXPECT(vm_munmap(mm, base, 20000 * PAGE_SIZE) == 0 && mm->map_count == 0, "munmap");
    mm_check(mm);
    mm_put(mm);
    return 0;
}

static int test_many_vmas(void) { return balanced(run_many_vmas); }

// ---- user copies, in a thread that borrows an address space ----

static int run_uaccess(void) {
    struct mm *mm = mm_create();
    char text[16] = "hello, user", back[16];
    int64_t a = map_anon(mm, 0, 2 * PAGE_SIZE, RW, MAP_PRIVATE);
    uaddr_t end = a + 2 * PAGE_SIZE;
    mm_switch(mm);
    KEXPECT(copy_to_user(a + PAGE_SIZE - 4, text, 12) == 0, "copy_to_user");
    KEXPECT(copy_from_user(back, a + PAGE_SIZE - 4, 12) == 0 && !strcmp(back, text), "%s", back);
    KEXPECT(strncpy_from_user(back, a + PAGE_SIZE - 4, sizeof back) == 11, "strncpy_from_user");
    KEXPECT(strncpy_from_user(back, a + PAGE_SIZE - 4, 5) == -ENAMETOOLONG, "too long");
    KEXPECT(copy_to_user(end - 4, text, 8) == -EFAULT, "across the end");
    KEXPECT(copy_to_user(USER_END - 4, text, 8) == -EFAULT, "across USER_END");
    KEXPECT(copy_from_user(back, PAGE_OFFSET, 8) == -EFAULT, "kernel memory");
    KEXPECT(clear_user(a, 2 * PAGE_SIZE) == 0 && clear_user(end, 1) == -EFAULT, "clear_user");
    KEXPECT(vm_madvise(mm, a, 2 * PAGE_SIZE, MADV_DONTNEED) == 0, "madvise");
    pagefault_disable();
    int err = copy_to_user(a, text, 8);
    pagefault_enable();
    KEXPECT(err == -EFAULT && fault_in_user(a, 8, true) == 8, "faults off: %d", err);
    pagefault_disable();
    err = copy_to_user(a, text, 8);
    pagefault_enable();
    KEXPECT(err == 0, "faulted in, yet %d", err);
    KEXPECT(fault_in_user(end - 8, 16, true) == 8 && fault_in_user(end, 1, false) == -EFAULT,
            "part");
    mm_check(mm);
    mm_switch(NULL);
    mm_put(mm);
    return 0;
}

static int test_uaccess(void) { return balanced(run_uaccess); }

const struct ktest vm_tests[] = {
    {"vm: page cache: get, error, second try", test_cache_get},
    {"vm: page cache: sequential reading reads ahead", test_readahead},
    {"vm: page cache: read, write, sync, append", test_file_io},
    {"vm: page cache: truncation and regrowth", test_truncate},
    {"vm: anonymous memory: touch, unmap, refill, DONTNEED", test_anon},
    {"vm: fork: copy on write, shared memory, last owner", test_fork},
    {"vm: mapped file: private, shared, writeback, truncation, fork", test_file_map},
    {"vm: mprotect: split, PROT_NONE keeps pages, merge", test_protect},
    {"vm: brk and stack growth within their limits", test_brk_stack},
    {"vm: mmap and munmap errors, the whole user half", test_mmap_errors},
    {"vm: 10,000 VMAs", test_many_vmas},
    {"vm: user copies", test_uaccess},
    {NULL, NULL},
};
