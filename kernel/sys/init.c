// Process 1: finds the root file system, opens the console, becomes the init program.
//
// The command line is Linux's: root= rootfstype= ro rw init= are ours; a word that nobody knows
// goes to init, as environment when it has a "=", else as an argument; so does all behind "--".
#include "sys/init.h"

#include "abi/errno.h"
#include "dev/blk.h"
#include "fs/devfs.h"
#include "fs/fdtable.h"
#include "fs/mount.h"
#include "klog/panic.h"
#include "klog/printk.h"
#include "lib/string.h"
#include "mm/buddy.h"
#include "mm/slab.h"
#include "proc/exec.h"
#include "proc/process.h"

static const char *const known_words[] = {
    "root",     "rootfstype", "ro",       "rw",        "init",                 "console", "quiet",
    "loglevel", "crash",      "selftest", "failalloc", "transparent_hugepage", "lend", NULL};

static bool is_known(const char *word) {
    const char *eq = strchr(word, '=');
    size_t n = eq ? (size_t)(eq - word) : strlen(word);
    for (int i = 0; known_words[i]; i++)
        if (strlen(known_words[i]) == n && strncmp(known_words[i], word, n) == 0)
            return true;
    return false;
}

static bool has_word(const char *key) {
    char value[8];
    return cmdline_get(key, value, sizeof(value)) != NULL;
}

static __noreturn void no_root(const char *source, int err) {
    for (struct blkdev *b = blkdev_next(NULL); b; b = blkdev_next(b))
        pr_err("init: there is block device /dev/%s, %lu MiB\n", b->name, b->sectors >> 11);
    panic("cannot mount the root file system %s: error %d", source, -err);
}

static void mount_root_device(void) {
    char source[64] = "/dev/vda", type[16];
    cmdline_get("root", source, sizeof(source));
    int err = mount_root(source, cmdline_get("rootfstype", type, sizeof(type)),
                         has_word("ro") && !has_word("rw"), current_fs());
    if (err)
        no_root(source, err);
    err = vfs_mount(current_fs(), "devtmpfs", "/dev", "devtmpfs", 0, "");
    if (err && err != -ENOENT)
        pr_warn("init: /dev is not mounted: error %d\n", -err);
}

// Descriptors 0, 1 and 2: /dev/console, or the device itself where the root has no /dev.
static void open_console(void) {
    struct file *f;
    int err = file_open(current_fs(), NULL, "/dev/console", O_RDWR, 0, &f);
    if (err)
        err = devfs_open(current_fs(), "console", O_RDWR, &f);
    if (err) {
        pr_warn("init: no console: error %d\n", -err);
        return;
    }
    for (int fd = 0; fd < 3; fd++) {
        file_get(f);
        if (fd_install(current_files(), f, fd, false) != fd)
            panic("no memory for descriptor %d of init", fd);
    }
    file_put(f);
}

// word is room for the longest word there can be.
static int add_words(struct exec_strings *argv, struct exec_strings *envp, char *word,
                     size_t size) {
    bool after;
    int err = exec_strings_add(envp, "HOME=/");
    if (!err)
        err = exec_strings_add(envp, "TERM=linux");
    for (int i = 0; !err && cmdline_word(i, word, size, &after); i++) {
        if (!after && is_known(word))
            continue;
        if (!after)
            pr_info("init: unknown word '%s' is passed to init\n", word);
        err = exec_strings_add(!after && strchr(word, '=') ? envp : argv, word);
    }
    return err;
}

static int try_program(const char *name) {
    struct exec_strings argv = {0}, envp = {0};
    struct trapframe *tf = tcb_user_frame(current_tcb);
    size_t size = strlen(machine.cmdline) + 1;
    char *word = kmalloc(size, GFP_KERNEL);
    int err = word ? exec_strings_add(&argv, name) : -ENOMEM;
    if (!err)
        err = add_words(&argv, &envp, word, size);
    kfree(word);
    if (!err)
        err = process_exec(NULL, name, &argv, &envp, tf);
    exec_strings_free(&argv);
    exec_strings_free(&envp);
    return err;
}

static void start_program(void) {
    static const char *const programs[] = {"/bin/init", "/sbin/init", "/etc/init", "/bin/sh"};
    char name[128];
    if (cmdline_get("init", name, sizeof(name))) {
        int err = try_program(name);
        if (err)
            panic("cannot run init=%s: error %d", name, -err);
        return;
    }
    for (size_t i = 0; i < ARRAY_SIZE(programs); i++) {
        int err = try_program(programs[i]);
        if (err == 0)
            return;
        if (err != -ENOENT)
            pr_err("init: cannot run %s: error %d\n", programs[i], -err);
    }
    panic("no init program: tried /bin/init, /sbin/init, /etc/init and /bin/sh; see init=");
}

static void set_failalloc(void) {
    char value[24];
    if (cmdline_get("failalloc", value, sizeof(value)))
        failalloc_set(parse_u64(value, NULL, 0));
}

void init_process_main(void *unused) {
    mount_root_device();
    open_console();
    start_program();
    set_failalloc();
}
