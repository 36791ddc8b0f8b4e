// /proc/sys/vm: how memory is managed, as numbers that can be read and set (Linux's admin-guide,
// sysctl/vm). What is no number in range changes nothing: -EINVAL. What needs processes
// (oom_kill_allocating_task) is added from above.
#include "abi/errno.h"
#include "fs/mount.h"
#include "fs/procfs_system.h"
#include "klog/printk.h"
#include "mm/buddy.h"
#include "mm/shrink.h"
#include "mm/stat.h"
#include "vm/commit.h"
#include "vm/swap.h"
#include "vm/writeback.h"

#define KIB_PER_PAGE (PAGE_SIZE / 1024)

// 1: clean pages of files; 2: names, inodes and other objects; 3: both. proc(5).
static int drop_caches(const char *text, size_t n, void *arg) {
    uint64_t what;
    int err = procfs_parse_number(text, n, 1, 4, &what);

    if (err)
        return err;
    if (what & 1)
        mm_stat_add(DROP_PAGECACHE, 1);
    if (what & 2)
        mm_stat_add(DROP_SLAB, 1);
    while (what & 2 && dentry_shrink(UINT64_MAX / 8) + inode_shrink(UINT64_MAX / 8) > 0)
        ;
    if (what & 1)
        page_cache_drop_all();
    if (what & 2) { // inodes whose pages went just now
        inode_shrink(UINT64_MAX / 8);
        mm_drain_all(); // on every CPU
    }
    pr_debug("drop_caches: %lu\n", what);
    return 0;
}

static int no_text(struct textbuf *t, void *arg) { return 0; }

static uint64_t get_min_free(void) { return mem_min_free_pages() * KIB_PER_PAGE; }

// At most half of memory: what is left must hold something.
static int store_min_free(const char *text, size_t n, void *arg) {
    uint64_t kib;
    int err = procfs_parse_number(text, n, 0, mem_total_pages() / 2 * KIB_PER_PAGE, &kib);
    if (!err)
        mem_set_min_free(kib / KIB_PER_PAGE);
    return err;
}

// Either kbytes or ratio says the limit; setting one clears the other (sysctl/vm).
static void set_ratio(uint64_t ratio) {
    overcommit_kbytes = 0;
    overcommit_ratio = ratio;
}
static void set_kbytes(uint64_t kib) {
    overcommit_kbytes = kib;
    overcommit_ratio = 0;
}
static uint64_t get_ratio(void) { return overcommit_ratio; }
static uint64_t get_kbytes(void) { return overcommit_kbytes; }

static struct procfs_number commit_ratio = {.max = INT32_MAX, .get = get_ratio, .set = set_ratio};
static struct procfs_number commit_kib = {.max = INT64_MAX, .get = get_kbytes, .set = set_kbytes};
static struct procfs_number min_free = {.get = get_min_free};
static struct procfs_number commit_mode = {&overcommit_memory, .max = OVERCOMMIT_NEVER};
static struct procfs_number dirty_fore = {&dirty_ratio, .max = 100};
static struct procfs_number dirty_back = {&dirty_background_ratio, .max = 100};
static struct procfs_number cluster = {&swap_page_cluster, .max = 5};
static struct procfs_number swap_wish = {&swappiness, .max = 200};
static struct procfs_number pressure = {&vfs_cache_pressure, .max = 1000};

#define NUMBER(file, number)                                                                       \
    {.path = "sys/vm/" file, .mode = 0644, .show = procfs_show_number,                             \
     .store = procfs_store_number, .arg = &(number)}

static const struct procfs_file files[] = {
    {.path = "sys/vm/drop_caches", .mode = 0200, .show = no_text, .store = drop_caches},
    {.path = "sys/vm/min_free_kbytes", .mode = 0644, .show = procfs_show_number,
     .store = store_min_free, .arg = &min_free},
    NUMBER("overcommit_memory", commit_mode),
    NUMBER("overcommit_ratio", commit_ratio),
    NUMBER("overcommit_kbytes", commit_kib),
    NUMBER("dirty_ratio", dirty_fore),
    NUMBER("dirty_background_ratio", dirty_back),
    NUMBER("vfs_cache_pressure", pressure),
    NUMBER("page-cluster", cluster),
    NUMBER("swappiness", swap_wish),
};

void procfs_add_sysctl(void) {
    for (size_t i = 0; i < ARRAY_SIZE(files); i++)
        procfs_add(&files[i]);
}
