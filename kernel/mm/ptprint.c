// A page table as text, a line for each run of neighbours that are mapped alike:
//
//   0x0000000000010000-0x0000000000016000 4K 0x0000000080a31000 VR-XU-A-
//   0x0000003fffc00000-0x0000003fffe00000 2M 0x0000000081200000 VRW-U-AD
//   0x0000003fffe00000-0x0000003fffe01000 4K entry 0x5200
//
// 1. A run: leaves of one level with the same ten low bits, addresses and frames without a gap.
// 2. An entry that is not valid (a swap slot and its like) has a line of its own.
//
// Locks: the caller's page-table lock. The debug command takes none: on a machine that hangs it
// shows what is there, and a table that changes meanwhile shows as it is in between.

#include "klog/debugcmd.h"
#include "klog/printk.h"
#include "lib/format.h"
#include "mm/pgtable.h"
#include "riscv/mmu.h"

#define LINE_MAX 96 // longer than any
#define FLAGS 0x3ffUL

struct run {
    vaddr_t start, end;
    int level;
    pte_t first;
};

typedef void (*line_fn)(void *arg, const char *line, size_t length);

static size_t run_line(const struct run *r, char *line) {
    static const char units[PT_LEVELS][3] = {"4K", "2M", "1G"}, names[] = "VRWXUGAD";
    char flags[sizeof(names)];
    int n = snprintf(line, LINE_MAX, "0x%016lx-0x%016lx %s ", r->start, r->end, units[r->level]);

    if (!pte_present(r->first))
        return (size_t)(n + snprintf(line + n, LINE_MAX - (size_t)n, "entry %#lx\n", r->first.v));
    for (size_t i = 0; i < sizeof(names); i++)
        flags[i] = r->first.v >> i & 1 || !names[i] ? names[i] : '-';
    flags[sizeof(names) - 1] = '\0';
    return (size_t)(n + snprintf(line + n, LINE_MAX - (size_t)n, "0x%016lx %s\n",
                                 pte_paddr(r->first), flags));
}

static bool run_continues(const struct run *r, const struct pt_cursor *c) {
    pte_t pte = *c->slot;
    return pte_present(pte) && pte_present(r->first) && c->va == r->end && c->level == r->level &&
           ((pte.v ^ r->first.v) & FLAGS) == 0 &&
           pte_paddr(pte) == pte_paddr(r->first) + (c->va - r->start);
}

static void walk(pte_t *root, vaddr_t start, vaddr_t end, line_fn fn, void *arg) {
    struct run r = {.level = -1};
    struct pt_cursor c;
    char line[LINE_MAX];

    for (bool more = pt_first(&c, root, start, end); more; more = pt_next(&c)) {
        if (r.level < 0 || !run_continues(&r, &c)) {
            if (r.level >= 0)
                fn(arg, line, run_line(&r, line));
            r = (struct run){.start = c.va, .level = c.level, .first = *c.slot};
        }
        r.end = c.va + pt_level_size(c.level);
    }
    if (r.level >= 0)
        fn(arg, line, run_line(&r, line));
}

struct text {
    char *buf;
    size_t size, length;
};

static void add_line(void *arg, const char *line, size_t length) {
    struct text *t = arg;
    if (t->length < t->size)
        snprintf(t->buf + t->length, t->size - t->length, "%s", line);
    t->length += length;
}

size_t pt_print(pte_t *root, vaddr_t start, vaddr_t end, char *buf, size_t size) {
    struct text t = {buf, size, 0};
    if (size)
        buf[0] = '\0';
    walk(root, start, end, add_line, &t);
    return t.length;
}

static void print_line(void *arg, const char *line, size_t length) { pr_info("%s", line); }

static void print_loaded(void) {
    paddr_t root = (mmu_loaded() & SATP_PPN_MASK) << PAGE_SHIFT;
    if (root == virt_to_phys(kernel_root))
        pr_info("the kernel's own: no process runs on this hart\n");
    walk(phys_to_virt(root), 0, USER_END, print_line, NULL);
}

static struct debugcmd command = {'p', "page table that is loaded here", print_loaded, NULL};

void pt_print_init(void) { debugcmd_register(&command); }
