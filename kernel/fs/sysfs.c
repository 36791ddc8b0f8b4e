// sysfs: /sys, a tree of files like procfs without processes, and made of the same nodes. In it is
// kernel/mm/transparent_hugepage (Linux's admin-guide, mm/transhuge).
#include "abi/errno.h"
#include "fs/mount.h"
#include "fs/procfs_internal.h"
#include "lib/string.h"
#include "vm/huge.h"

static struct proc_node sys_root = {.name = "/", .len = 1};

// All choices, the present one in brackets.
static int show_enabled(struct textbuf *t, void *arg) {
    for (int i = 0; i < 3; i++)
        text_printf(t, i == (int)huge_setting ? "[%s]%s" : "%s%s", huge_setting_names[i],
                    i < 2 ? " " : "\n");
    return 0;
}

static int store_enabled(const char *text, size_t n, void *arg) {
    if (n && text[n - 1] == '\n')
        n--;
    for (int i = 0; i < 3; i++)
        if (n == strlen(huge_setting_names[i]) && !memcmp(text, huge_setting_names[i], n)) {
            WRITE_ONCE(huge_setting, (enum huge_setting)i);
            return 0;
        }
    return -EINVAL;
}

static int show_size(struct textbuf *t, void *arg) {
    text_printf(t, "%lu\n", HUGE_SIZE);
    return 0;
}

static const struct procfs_file files[] = {
    {.path = "kernel/mm/transparent_hugepage/enabled", .mode = 0644, .show = show_enabled,
     .store = store_enabled},
    {.path = "kernel/mm/transparent_hugepage/hpage_pmd_size", .mode = 0444, .show = show_size},
};

static int sysfs_statfs(struct super *s, struct statfs *out) {
    out->f_type = SYSFS_MAGIC;
    return 0;
}

static const struct super_ops sysfs_super_ops = {
    .read_inode = proc_read_inode,
    .statfs = sysfs_statfs,
};

static int sysfs_mount(struct super *s, const char *options) {
    s->ops = &sysfs_super_ops;
    s->drop_inodes = true;
    return inode_get(s, sys_root.ino, &s->root);
}

static struct fs_type sysfs_type = {.name = "sysfs", .single = true, .mount = sysfs_mount};

void sysfs_init(void) {
    for (size_t i = 0; i < ARRAY_SIZE(files); i++)
        proc_add_below(&sys_root, &files[i]);
    fs_register(&sysfs_type);
}
